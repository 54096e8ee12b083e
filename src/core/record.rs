//! The schema's messages once they are checked: what an agency sent, one entry, and a family's entries together.
//!
//! The fields are private. Nothing here hands out a message's contents: what leaves goes through
//! [`release`](crate::release::release), and what is stored leaves this crate sealed.

mod absence;
mod asked;
mod authors;
mod check;
mod concerns;
mod native;
mod reports;
mod shared;
mod stays;
mod submission;
mod update;

#[cfg(any(test, feature = "testing"))]
pub(crate) use absence::attribute as attribute_absences;
pub use asked::{Asked, Stepped};
pub use check::check_entry;
pub use reports::{LINKS_MAX, Reported, is_report};
pub(crate) use shared::moment;
pub use shared::{SearchTerm, SharedEntry, SharedRecord, UnreadableEntry};
pub use stays::joined;
pub use submission::{Attribution, PersonKey, Submission, SubmissionHeader};

use musubi_proto::v1 as proto;
use proto::entry::Body;
use serde::{Deserialize, Serialize};

/// Role of a person in an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectRole {
    /// Mother.
    Mother,
    /// Child.
    Child,
    /// Guardian.
    Guardian,
    /// Somebody else.
    Other,
}

impl SubjectRole {
    fn of(role: proto::SubjectRole) -> Self {
        match role {
            proto::SubjectRole::Mother => SubjectRole::Mother,
            proto::SubjectRole::Child => SubjectRole::Child,
            proto::SubjectRole::Guardian => SubjectRole::Guardian,
            proto::SubjectRole::OtherPerson | proto::SubjectRole::Unspecified => SubjectRole::Other,
        }
    }
}

macro_rules! kinds {
    ($($variant:ident = $word:literal),+ $(,)?) => {
        /// The kind of a body, as the schema's field is named.
        pub const fn kind_of(body: &Body) -> &'static str {
            match body { $(Body::$variant(_) => $word),+ }
        }
        /// Every kind of body.
        pub const KINDS: &[&str] = &[$($word),+];
    };
}

kinds! {
    PersonDetails = "person_details", Family = "family", ParentChild = "parent_child", Coverage = "coverage",
    Encounter = "encounter", Condition = "condition", Observation = "observation",
    PregnancyNotification = "pregnancy_notification", Handbook = "handbook", PrenatalCheck = "prenatal_check",
    Delivery = "delivery", Newborn = "newborn", DischargeNotice = "discharge_notice",
    PostpartumCheck = "postpartum_check", Screening = "screening", HomeVisit = "home_visit",
    InfantCheck = "infant_check", Consultation = "consultation", ContactAttempt = "contact_attempt",
    Signal = "signal", WelfareCase = "welfare_case", CouncilCase = "council_case", Concern = "concern",
    SupportPlan = "support_plan", CareApplication = "care_application", CareApproval = "care_approval",
    CareDelivery = "care_delivery", Claim = "claim", Incident = "incident", Referral = "referral",
    ReferralStep = "referral_step", Document = "document", Withdrawal = "withdrawal",
}

/// The kind of a body by its number in [`KINDS`]; empty for none of them.
pub fn kind_word(number: u8) -> &'static str {
    KINDS.get(usize::from(number)).copied().unwrap_or_default()
}

/// The number of a kind of body in [`KINDS`]; 255 for none of them.
pub fn kind_number(word: &str) -> u8 {
    KINDS.iter().position(|kind| *kind == word).and_then(|number| u8::try_from(number).ok()).unwrap_or(u8::MAX)
}

/// The kind of a number that [`kind_number`] gave. `None` for the number of none.
pub fn kind_of_number(number: u8) -> Option<&'static str> {
    KINDS.get(usize::from(number)).copied()
}

/// The entries for whose sake something is delivered: those that are more than subject data; all, when none is. A concern does not
/// travel with the report beside which it stands: it has readers of its own.
pub fn of_substance(entries: &[(crate::id::EntryId, &str)]) -> Vec<crate::id::EntryId> {
    let some = |wanted: &dyn Fn(&str) -> bool| -> Vec<crate::id::EntryId> {
        entries.iter().filter(|(_, kind)| wanted(kind)).map(|(id, _)| *id).collect()
    };
    let reported = some(&|kind| !is_subject_data(kind) && kind != CONCERN);
    let more = if reported.is_empty() { some(&|kind| !is_subject_data(kind)) } else { reported };
    if more.is_empty() { some(&|_| true) } else { more }
}

/// Kind of a concern (心配な様子).
pub const CONCERN: &str = "concern";

/// Subject data travel only with a visible entry of another kind (`consent.md` section 2).
pub fn is_subject_data(kind: &str) -> bool {
    matches!(kind, "person_details" | "family" | "parent_child" | "coverage")
}

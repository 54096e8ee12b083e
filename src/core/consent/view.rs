//! From the facts on file to what one recipient may see of one item.

use super::grantor::Custody;
use super::listing::Visible;
use super::policy::Policy;
use super::records::{
    BreakGlass, Consent, CouncilCase, Ground, PerpetratorLink, Relation, Seal, Shield, StandingApproval,
};
use super::weighing::Weighing;
use super::words::{Decision, Label, Originator, Rule};
use crate::agency::{Actor, AgencyId, AgencyKind, Category, CategorySet, Purpose, Role};
use crate::id::{EntryId, FactId, MessageId, Municipality, PersonId};
use crate::time::{Day, Time};
use std::collections::BTreeMap;

/// What is to be shown: one version of one entry.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// The entry; `None` for none that is on file.
    pub entry: Option<EntryId>,
    /// Every category that its leaves have, and those that were raised.
    pub categories: CategorySet,
    /// One or more persons.
    pub subjects: &'a [PersonId],
    /// Who wrote it.
    pub author: &'a AgencyId,
    /// Result of work that the municipality commissioned.
    pub commissioned: bool,
    /// The item as a whole would reveal where a subject is.
    pub whereabouts: bool,
    /// Sensitivity label.
    pub label: Label,
    /// Restriction on onward release.
    pub originator: Originator,
    /// The message that brought it.
    pub message: Option<MessageId>,
    /// A report of the recipient's own care, though another agency may have written this version.
    pub is_own_report: bool,
    /// Parties of the referral; only of a referral and its steps.
    pub referral_parties: &'a [AgencyId],
}

/// Who asks, and what for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The recipient, from its certificate.
    pub recipient: AgencyId,
    /// Its kind, from the registry.
    pub kind: AgencyKind,
    /// The purpose, always the recipient's.
    pub purpose: Purpose,
    /// Who acts.
    pub actor: Actor,
    /// The recipient's municipality, when it is one's office.
    pub municipality: Option<Municipality>,
    /// The ground that is cited: then no other ground counts.
    pub cited_ground: Option<FactId>,
}

/// What is on file about the recipient and the subjects.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The recipient is neither revoked nor suspended.
    pub recipient_active: bool,
    /// By person. A person with nothing on file has an empty entry; what concerns a person without one is not shown.
    pub subjects: BTreeMap<PersonId, SubjectFacts>,
    /// Grounds that name any of the subjects.
    pub grounds: Vec<Ground>,
    /// Standing approvals for this recipient.
    pub standing: Vec<StandingApproval>,
    /// What persons answered where a release was held.
    pub weighings: Vec<Weighing>,
}

/// What is on file about one subject. Records that were not yet recorded at the moment of the decision do not count.
#[derive(Clone, Debug, Default)]
pub struct SubjectFacts {
    /// Consents, withdrawals, objections, in any order.
    pub consents: Vec<Consent>,
    /// Address shields.
    pub shields: Vec<Shield>,
    /// Seals.
    pub seals: Vec<Seal>,
    /// Agencies linked to the perpetrator.
    pub perpetrator_links: Vec<PerpetratorLink>,
    /// Ties to agencies.
    pub relations: Vec<Relation>,
    /// Council cases.
    pub council_cases: Vec<CouncilCase>,
    /// Break-glass records.
    pub break_glass: Vec<BreakGlass>,
    /// Municipalities of residence and of stay.
    pub homes: Vec<Municipality>,
    /// Date of birth.
    pub birth_date: Option<Day>,
    /// When the subject died.
    pub died_at: Option<Time>,
    /// Who holds authority over a child.
    pub custody: Custody,
    /// Grantors in a conflict of interest, such as the alleged abuser.
    pub conflicts: Vec<PersonId>,
}

/// What a recipient may see of one item, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Visible in full.
    pub full: CategorySet,
    /// Visible in the general form only.
    pub general: CategorySet,
    /// No bar of T0.7 or T0.8: leaves that tell the whereabouts may be shown.
    pub whereabouts: bool,
    /// What waits for a person.
    pub held: Vec<(Category, Rule)>,
    /// The decision on each category of the item, in order.
    pub decisions: Vec<(Category, Decision)>,
    /// Records that the decisions rest on, by category.
    pub evidence: Vec<(Category, FactId)>,
}

impl View {
    /// Shows only what the words of a listing show as well. They never differ; if they ever did, the closed one would count.
    pub(crate) fn shown_by_both(&mut self, words: Visible) {
        self.full = self.full.and(words.full);
        self.general = self.general.and(words.general);
        self.whereabouts &= words.whereabouts;
    }

    /// Is every one of these categories visible in full?
    pub fn shows(&self, categories: CategorySet) -> bool {
        categories.minus(self.full).is_empty()
    }
}

/// May a member of staff of this role ask for this purpose (`security.md` S-12)?
pub fn role_may_use(role: Role, purpose: Purpose) -> bool {
    role != Role::System || !matches!(purpose, Purpose::P5 | Purpose::P6 | Purpose::P10 | Purpose::P11)
}

/// Decides every category of an item for one recipient at one moment.
pub fn view(policy: &Policy, request: &Request, facts: &Facts, item: &Item<'_>, now: Time) -> View {
    super::gather::gather(policy, request, facts, item, now)
}

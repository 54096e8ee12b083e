//! Break-glass (緊急閲覧, `consent.md` section 7): two steps, one subject, one member of staff, four hours, one review.
//!
//! The first step records who and why, and answers with what would be shown. The second opens it, in the change that
//! tells the center of residence and the authors and puts the one review before a person. That it is over after four hours
//! is no task of a clock: each release asks whether the record still lives.

mod review;
mod tell;

pub use review::EmergencyRecord;
pub(super) use review::{INFORM, inform_subject, not_an_answer};
pub(super) use tell::REVIEW;

use super::caller::{Caller, Operation};
use super::consents::{Fact, Recorded};
use super::family::Family;
use super::persons::Named;
use super::{DECIDE_AGAIN_MAX, Hub, Refusal};
use crate::store::{Change, Expect, FactKind, FactRow, Row};
use musubi_core::agency::{CategorySet, Purpose};
use musubi_core::consent::records::{BreakGlass, Status};
use musubi_core::id::{FactId, PersonId};
use musubi_core::time::Time;
use std::collections::BTreeMap;

/// Minutes between the two steps: who is called away in between begins again.
const CONFIRM_MINUTES: i64 = 15;
/// What may be the reason; the words say more.
const REASONS: [&str; 6] = ["abuse", "violence", "medical", "missing", "suicide", "other"];
/// Required evidence of the registry (L08), besides the reason and the second step.
const THREATENED: &str = "threatened_person";
const NO_CONSENT: &str = "why_consent_impossible";

/// The first step, as a member of staff states it.
#[derive(Clone)]
pub struct EmergencyTerms {
    /// The one subject.
    pub subject: Named,
    /// Code of the reason: abuse, violence, medical, missing, suicide, other.
    pub reason_code: String,
    /// The reason in words, 20 characters at least.
    pub reason: String,
    /// Who is threatened.
    pub threatened: String,
    /// Why consent cannot be had.
    pub no_consent: String,
}

/// What the second step would open. The same for everybody of a kind, whatever is on file.
pub struct Offer {
    /// The record of the first step.
    pub fact: FactId,
    /// The emergency mask of the caller's kind.
    pub categories: CategorySet,
    /// Until when it may be confirmed.
    pub confirm_by: Time,
}

/// What was opened.
pub struct Access {
    /// The record, with its receipt.
    pub recorded: Recorded,
    /// When it ends by itself.
    pub until: Time,
    /// Until when it is reviewed.
    pub review_by: Time,
}

impl Hub {
    /// First step: who asks for whom, and why. Nothing is open yet.
    ///
    /// # Errors
    /// When the caller is not a member of staff whose role may, one of its reviews is overdue, or the reason is wanting.
    pub async fn ask_emergency(&self, caller: &Caller, terms: &EmergencyTerms) -> Result<Offer, Refusal> {
        self.may_break_glass(caller).await?;
        if !REASONS.contains(&terms.reason_code.as_str()) {
            return Err(no_such_reason());
        }
        for (place, text) in [(THREATENED, &terms.threatened), (NO_CONSENT, &terms.no_consent)] {
            if text.trim().is_empty() {
                return Err(unstated(place));
            }
        }
        for _ in 0..DECIDE_AGAIN_MAX {
            let now = self.now();
            let mut change = Change::default();
            let subject = std::slice::from_ref(&terms.subject);
            let (family, persons) = self.persons_meant(subject, caller, &mut change).await?;
            let [subject] = persons.as_slice() else { return Err(unknown()) };
            let glass = self.glass(caller, terms, *subject, now);
            glass.check().map_err(Refusal::of_faults)?;
            let put = self.put_fact(caller, "ask break-glass", &family, change, glass_fact(&glass)).await?;
            if put.is_some() {
                return Ok(Offer {
                    fact: glass.id,
                    categories: self.policy.emergency(caller.agency.kind),
                    confirm_by: now.plus_minutes(CONFIRM_MINUTES),
                });
            }
        }
        Err(Refusal::kept_changing())
    }

    fn glass(&self, caller: &Caller, terms: &EmergencyTerms, subject: PersonId, now: Time) -> BreakGlass {
        let stated = [(THREATENED, &terms.threatened), (NO_CONSENT, &terms.no_consent)];
        let evidence: BTreeMap<String, String> =
            stated.into_iter().map(|(key, text)| (key.to_owned(), text.clone())).collect();
        BreakGlass {
            id: FactId(self.id(now)),
            subject,
            agency: caller.id().clone(),
            staff_id: caller.actor.staff_id.clone(),
            reason_code: terms.reason_code.clone(),
            reason: terms.reason.clone(),
            evidence,
            asked_at: now,
            confirmed_at: None,
            ended_at: None,
        }
    }

    /// Second step: the same member of staff confirms what will be shown. From now on it may be read under P11.
    ///
    /// # Errors
    /// When it is not the caller's own first step, comes too late, or confirms something else than was offered.
    pub async fn confirm_emergency(
        &self,
        caller: &Caller,
        fact: FactId,
        shown: CategorySet,
    ) -> Result<Access, Refusal> {
        self.may_break_glass(caller).await?;
        for _ in 0..DECIDE_AGAIN_MAX {
            let (family, mut glass) = self.own_glass(caller, fact).await?;
            let now = family.at;
            if glass.staff_id != caller.actor.staff_id || glass.confirmed_at.is_some() {
                return Err(unknown());
            }
            if now > glass.asked_at.plus_minutes(CONFIRM_MINUTES) {
                return Err(too_late());
            }
            if shown != self.policy.emergency(caller.agency.kind) {
                return Err(not_what_was_offered());
            }
            (glass.id, glass.confirmed_at) = (FactId(self.id(now)), Some(now));
            let mut change = replacing(&family, fact, glass.id, now);
            let review_by = self.tell_of_emergency(caller, &family, &glass, &mut change).await?;
            let put = self.put_fact(caller, "break the glass", &family, change, glass_fact(&glass)).await?;
            if let Some(receipt) = put {
                let recorded = Recorded { fact: glass.id, status: Status::Active, receipt };
                return Ok(Access { recorded, until: now.plus_minutes(BreakGlass::MINUTES_MAX), review_by });
            }
        }
        Err(Refusal::kept_changing())
    }

    /// Ends it before its time; `None` when the fact is no break-glass of the caller's agency.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn end_emergency(&self, caller: &Caller, fact: FactId) -> Result<Option<FactId>, Refusal> {
        if self.store.fact(fact).await?.is_none_or(|row| row.kind != FactKind::BreakGlass) {
            return Ok(None);
        }
        for _ in 0..DECIDE_AGAIN_MAX {
            let (family, mut glass) = self.own_glass(caller, fact).await?;
            let now = family.at;
            (glass.id, glass.ended_at) = (FactId(self.id(now)), Some(now));
            let change = replacing(&family, fact, glass.id, now);
            if self.put_fact(caller, "end break-glass", &family, change, glass_fact(&glass)).await?.is_some() {
                return Ok(Some(glass.id));
            }
        }
        Err(Refusal::kept_changing())
    }

    async fn may_break_glass(&self, caller: &Caller) -> Result<(), Refusal> {
        caller.check(Operation::Read(Purpose::P11))?;
        if self.has_overdue_review(caller).await? { Err(barred()) } else { Ok(()) }
    }

    /// A break-glass of the caller's agency that holds.
    async fn own_glass(&self, caller: &Caller, fact: FactId) -> Result<(Family, BreakGlass), Refusal> {
        let own = |row: &FactRow| {
            row.kind == FactKind::BreakGlass
                && row.recipient.as_ref() == Some(caller.id())
                && row.superseded_at.is_none()
        };
        let row = self.store.fact(fact).await?.filter(own).ok_or_else(unknown)?;
        self.open_glass(&row).await?.ok_or_else(unknown)
    }

    async fn open_glass(&self, row: &FactRow) -> Result<Option<(Family, BreakGlass)>, Refusal> {
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        let family = self.family(&persons, self.now()).await?;
        let glass = self.opened(&family, row);
        Ok(glass.map(|glass| (family, glass)))
    }
}

/// A newer record takes the place of one that must still hold.
fn replacing(family: &Family, old: FactId, new: FactId, now: Time) -> Change {
    let mut change = Change { expect: family.epochs(), ..Change::default() };
    change.expect.push(Expect::FactHolds { id: old });
    change.rows.push(Row::Superseded { fact: old, at: now, by: Some(new) });
    change
}

fn glass_fact(glass: &BreakGlass) -> Fact<'_, BreakGlass> {
    Fact {
        id: glass.id,
        kind: FactKind::BreakGlass,
        recipient: Some(glass.agency.clone()),
        persons: vec![glass.subject],
        value: glass,
    }
}

fn unknown() -> Refusal {
    Refusal::invalid(
        "M631",
        "fact_id",
        "この番号の緊急閲覧の申出は見つかりません。申し出た職員本人が、受け取った番号で確認してください。",
        "No such break-glass of yours waits. The one who asked confirms it, by the id that was given.",
    )
}

fn too_late() -> Refusal {
    Refusal::invalid(
        "M632",
        "fact_id",
        "申出から15分を過ぎました。もう一度、理由から入力してください。",
        "More than 15 minutes have passed. Begin again with the reason.",
    )
}

fn not_what_was_offered() -> Refusal {
    Refusal::invalid(
        "M633",
        "categories",
        "示された区分の一覧と一致しません。一覧を読み、そのまま確認してください。",
        "Not the list that was offered. Read it, and confirm it as it stands.",
    )
}

fn no_such_reason() -> Refusal {
    Refusal::invalid(
        "M634",
        "reason_code",
        "理由は abuse, violence, medical, missing, suicide, other のいずれかです。",
        "A reason is abuse, violence, medical, missing, suicide or other.",
    )
}

fn unstated(place: &'static str) -> Refusal {
    Refusal::invalid(
        "M635",
        place,
        "危険にさらされている人と、同意を得られない事情を書いてください。",
        "State who is threatened, and why consent cannot be had.",
    )
}

fn barred() -> Refusal {
    Refusal::forbidden(
        "M808",
        "staff_id",
        "期限を過ぎた緊急閲覧の事後確認が残っているため、新たな緊急閲覧はできません。確認を済ませるか、他の職員に依頼してください。",
        "A review of an earlier break-glass is overdue. Have it answered, or ask a colleague.",
    )
}

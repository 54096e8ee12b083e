//! What becomes of a break-glass afterwards: a reviewer reads its record and answers; then the subject is informed, unless
//! an officer writes down why that would endanger somebody.

use super::tell::REVIEW;
use super::unknown;
use crate::hub::caller::Caller;
use crate::hub::family::Family;
use crate::hub::ledger::act;
use crate::hub::release_detail::ReleaseDetail;
use crate::hub::work::{Question, WorkBody, WorkItem};
use crate::hub::{Hub, Refusal};
use crate::store::{Change, FactKind};
use musubi_core::adapter::Text;
use musubi_core::agency::{CategorySet, Role};
use musubi_core::consent::records::BreakGlass;
use musubi_core::id::{FactId, PersonId};
use musubi_core::time::Time;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Kind of the work item by which the subject is informed.
pub(in crate::hub) const INFORM: &str = "inform_subject";
/// Days in which the subject is informed.
const INFORM_DAYS: i64 = 14;
/// Shortest reason for not informing the subject, in characters.
const REASON_MIN: usize = 20;
/// Who may read why the glass was broken, and review it.
const REVIEWERS: [Role; 4] = [Role::ChildWelfareOfficer, Role::LegalOfficer, Role::PrivacyOfficer, Role::Auditor];

/// A break-glass as its reviewer reads it.
pub struct EmergencyRecord {
    /// The record.
    pub glass: BreakGlass,
    /// What was shown under it, and when.
    pub shown: Vec<(Time, CategorySet)>,
}

impl Hub {
    /// A break-glass with what was shown under it, for the agency that reviews it and the agency that asked.
    ///
    /// # Errors
    /// When it is neither's, or the role of the caller may not read it: answered as unknown.
    pub async fn emergency_record(&self, caller: &Caller, fact: FactId) -> Result<EmergencyRecord, Refusal> {
        // As it stands by now: ended early, where it was.
        let row = self.latest_fact(fact).await?.filter(|row| row.kind == FactKind::BreakGlass).ok_or_else(unknown)?;
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        let (family, glass) = self.open_glass(&row).await?.ok_or_else(unknown)?;
        let own = glass.agency == *caller.id();
        let reviews = self.store.work_items_of(&persons).await?;
        let mut reviews = reviews.iter().filter(|item| item.kind == REVIEW && item.owner == *caller.id());
        let role = caller.actor.role;
        let may = REVIEWERS.contains(&role) && (own || reviews.next().is_some())
            || own && glass.staff_id == caller.actor.staff_id;
        if !may {
            return Err(unknown());
        }
        let now = family.at;
        let mut entry = act(now, "read break-glass", caller.id(), &caller.actor);
        entry.evidence = vec![glass.id.0.as_bytes().to_vec()];
        let municipality = self.municipality_of(&family, caller);
        let leaf = self.leaf(now, &municipality, &family, &persons, entry);
        self.store.commit("read break-glass", Change { leaves: vec![leaf], ..Change::default() }).await?;
        let shown = self.shown_under(&family, &glass).await?;
        Ok(EmergencyRecord { glass, shown })
    }

    async fn shown_under(&self, family: &Family, glass: &BreakGlass) -> Result<Vec<(Time, CategorySet)>, Refusal> {
        let ids = family.ids_of(glass.subject);
        let of_it = self.versions(family, glass, &ids).await?;
        let mut shown = Vec::new();
        for row in self.store.releases_of(&ids).await? {
            let detail: Option<ReleaseDetail> = self.opened(family, &row);
            let items = detail.into_iter().flat_map(|detail| detail.items);
            let under = items.filter(|item| item.evidence.iter().any(|id| of_it.contains(id)));
            let categories = under.fold(CategorySet::EMPTY, |all, item| all.union(item.full));
            if !categories.is_empty() {
                shown.push((row.decided_at, categories));
            }
        }
        Ok(shown)
    }

    /// The ids under which it was ever on file.
    async fn versions(
        &self,
        family: &Family,
        glass: &BreakGlass,
        persons: &[PersonId],
    ) -> Result<BTreeSet<Uuid>, Refusal> {
        let same = |other: &BreakGlass| {
            (&other.agency, &other.staff_id, other.asked_at) == (&glass.agency, &glass.staff_id, glass.asked_at)
        };
        let rows = self.store.fact_history(persons).await?;
        let rows = rows.into_iter().filter(|row| row.kind == FactKind::BreakGlass);
        let opened = rows.filter_map(|row| self.opened::<BreakGlass>(family, &row));
        Ok(opened.filter(same).map(|glass| glass.id.0).collect())
    }

    /// The answer to a review: then the subject is to be informed.
    pub(in crate::hub) async fn review_emergency(
        &self,
        caller: &Caller,
        item: &WorkItem,
        answer: &str,
        family: &Family,
        change: &mut Change,
    ) -> Result<(), Refusal> {
        let glass = self.reviewed(&item.row).await?.map(|(_, glass)| glass).ok_or_else(unknown)?;
        let own = glass.agency == *caller.id() && glass.staff_id == caller.actor.staff_id;
        if own || !REVIEWERS.contains(&caller.actor.role) {
            return Err(not_yours_to_review());
        }
        if !matches!(answer, "justified" | "not_justified") {
            return Err(not_an_answer("justified, not_justified"));
        }
        let text = Text::new(
            "緊急閲覧があったことを本人に知らせてください(informed)。知らせると誰かが危険になる場合は、理由を20文字以上で書いて withheld と回答してください。",
            "Inform the subject of the break-glass (informed); or answer withheld, with the reason why that would endanger somebody.",
        );
        let body = WorkBody::new("INFORM_SUBJECT", text, glass.id.to_string());
        let (owner, municipality, now) = (&item.row.owner, &item.row.municipality, self.now());
        let persons: Vec<PersonId> = item.row.persons.iter().map(|c| c.person).collect();
        let due = now.plus_days(INFORM_DAYS);
        let question = Question { owner, kind: INFORM, due, municipality, family, persons: &persons };
        change.rows.push(self.ask(now, &question, &body)?);
        Ok(())
    }

    /// The break-glass records of which the subject was informed.
    pub(in crate::hub) async fn emergencies_told(&self, persons: &[PersonId]) -> Result<BTreeSet<Uuid>, Refusal> {
        let mut told = BTreeSet::new();
        for item in self.store.work_items_of(persons).await?.iter().filter(|item| item.kind == INFORM && !item.open) {
            let body = self.open_item(item).await?.filter(|body| body.answer.as_deref() == Some("informed"));
            told.extend(body.and_then(|body| FactId::parse(&body.about)).map(|fact| fact.0));
        }
        Ok(told)
    }
}

/// The subject was informed, or it is written down why not.
pub(in crate::hub) fn inform_subject(caller: &Caller, answer: &str, note: &str) -> Result<(), Refusal> {
    match answer {
        "informed" => Ok(()),
        "withheld" if !REVIEWERS.contains(&caller.actor.role) => Err(not_yours_to_review()),
        "withheld" if note.trim().chars().count() < REASON_MIN => Err(Refusal::invalid(
            "M637",
            "note",
            "本人に知らせない場合は、知らせると誰がどう危険になるかを20文字以上で書いてください。",
            "Who is not informed needs a reason: in 20 characters or more, whom it would endanger, and how.",
        )),
        "withheld" => Ok(()),
        _ => Err(not_an_answer("informed, withheld")),
    }
}

fn not_yours_to_review() -> Refusal {
    Refusal::forbidden(
        "M809",
        "staff_id",
        "緊急閲覧の事後確認は、閲覧した本人以外の、児童福祉・法務・個人情報保護・監査の担当者が行います。",
        "It is reviewed by an officer of child welfare, law, privacy or audit, and never by the one who asked.",
    )
}

pub(in crate::hub) fn not_an_answer(words: &str) -> Refusal {
    use musubi_core::adapter::Diagnostic;
    let (ja, en) = (format!("この用件への回答は {words} のいずれかです。"), format!("The answer is one of {words}."));
    Refusal::new(crate::hub::RefusalKind::Invalid, Diagnostic::error("M636", "answer", ja, en))
}

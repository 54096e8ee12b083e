//! A question under a live ground that nothing answered (`consent.md` section 5, flow 2). It notifies nobody, and is kept: who asked
//! is told once when something may be seen under that ground after all, as of that moment, and never once the ground has ended.
//!
//! The empty answer is the same with it and without it. What is told is decided as a new question would be, so that it tells nothing
//! that asking again would not.

use super::caller::{Caller, Operation, may};
use super::consents::Fact;
use super::family::Family;
use super::ledger::act;
use super::query::Question;
use super::register::Agency;
use super::work::{self, WorkBody};
use super::{Hub, Refusal};
use crate::store::{Change, Expect, FactKind, FactRow, Row, StoreError};
use musubi_core::adapter::Text;
use musubi_core::agency::{AgencyKind, Purpose, Role};
use musubi_core::cases::{self, CaseQuery};
use musubi_core::consent::records::Level;
use musubi_core::id::{FactId, PersonId};
use musubi_core::release::Released;
use musubi_core::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Kind of the work item by which who asked is told.
pub(super) const LATE_MATCH: &str = "late_match";
/// Days in which somebody there has looked at it.
const LOOKED_AT_DAYS: i64 = 3;
/// Most questions of one agency that are kept.
const KEPT_MAX: usize = 500;

/// A question that nothing answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unanswered {
    /// Number of the ground that was cited.
    number: String,
    purpose: Purpose,
    /// Who asked, nobody for a machine: it is decided for the same one again.
    staff_id: String,
    /// It was asked for cases, and not for whatever may be seen.
    cases: bool,
    /// Whom it named; everybody of the ground where it named nobody.
    persons: BTreeSet<PersonId>,
}

/// Who may list that there is a match: whoever may ask for protection, or as a member of a council. It tells of a case.
pub(super) fn may_be_told(kind: AgencyKind, role: Role) -> bool {
    [Purpose::P5, Purpose::P6].into_iter().any(|purpose| may(kind, role, Operation::Read(purpose)))
}

impl Hub {
    /// Keeps a question that nothing answered, where its ground lives and names those who were asked for.
    pub(super) async fn keep_question(
        &self,
        question: &Question<'_>,
        number: &str,
        persons: &[PersonId],
        cases: bool,
    ) -> Result<(), Refusal> {
        let (caller, cited) = (question.caller, question.cited);
        if !cited.lives() || persons.iter().any(|person| !cited.names(*person)) {
            return Ok(());
        }
        let asked = Unanswered {
            number: number.to_owned(),
            purpose: question.purpose,
            staff_id: if caller.is_person() { caller.actor.staff_id.clone() } else { String::new() },
            cases,
            persons: persons.iter().copied().collect(),
        };
        let kept = self.kept_questions(caller).await?;
        if kept.len() >= KEPT_MAX || kept.iter().any(|(_, known)| *known == asked) {
            return Ok(());
        }
        let (now, id) = (self.now(), FactId(self.id(self.now())));
        // About nobody: whom it names, the ground tells as long as it lives.
        let fact = Fact {
            id,
            kind: FactKind::Question,
            recipient: Some(caller.id().clone()),
            persons: Vec::new(),
            value: &asked,
        };
        let rows = vec![self.fact_row(now, &caller.agency.municipality, &Family::default(), &fact)?];
        self.store.commit("keep a question", Change { rows, ..Change::default() }).await?;
        Ok(())
    }

    /// A question under this number was answered: there is nothing more to tell.
    pub(super) async fn question_answered(&self, caller: &Caller, number: &str) -> Result<(), Refusal> {
        let now = self.now();
        for (row, _) in self.kept_questions(caller).await?.iter().filter(|(_, asked)| asked.number == number) {
            self.let_go(row, now, Change::default()).await?;
        }
        Ok(())
    }

    async fn kept_questions(&self, caller: &Caller) -> Result<Vec<(FactRow, Unanswered)>, Refusal> {
        let rows = self.store.facts_for(caller.id(), FactKind::Question, self.now()).await?;
        let opened = |row: FactRow| {
            let asked = self.open_json(&Family::default(), &row.body, "fact", row.id.0, 0)?;
            Some((row, asked))
        };
        Ok(rows.into_iter().filter_map(opened).collect())
    }

    /// Looks at every question that is kept, for every agency.
    ///
    /// # Errors
    /// When the store cannot be read at all.
    pub async fn look_after_questions(&self) -> Result<(), Refusal> {
        for agency in self.register.all().into_iter().filter(|agency| agency.active) {
            for row in self.store.facts_for(&agency.id, FactKind::Question, self.now()).await? {
                if let Err(refusal) = self.look_at_question(&agency, &row).await {
                    tracing::error!(fact = %row.id, %refusal, "a question is not looked at");
                }
            }
        }
        Ok(())
    }

    async fn look_at_question(&self, agency: &Agency, row: &FactRow) -> Result<(), Refusal> {
        let asked: Option<Unanswered> = self.open_json(&Family::default(), &row.body, "fact", row.id.0, 0);
        let Some(asked) = asked else { return Ok(()) };
        let now = self.now();
        // Somebody who has left, or may not ask any more, is told nothing.
        let caller = self.caller(&agency.id, &asked.staff_id);
        let Ok(caller) = caller.and_then(|caller| caller.request(asked.purpose, None).map(|_| caller)) else {
            return Ok(());
        };
        let cited = self.cited(&caller, &asked.number).await?;
        if !cited.lives() {
            return self.let_go(row, now, Change::default()).await;
        }
        let query = CaseQuery::new(asked.number.clone(), asked.purpose, Level::L3);
        let query = query.limited_to(cited.level());
        let wanted = |released: &Released, now: Time| !asked.cases || cases::matches(&query, released, now);
        let categories = if asked.cases { query.level.categories() } else { Level::L3.categories() };
        let question = Question { caller: &caller, purpose: asked.purpose, cited: &cited, wanted: &wanted, categories };
        let persons: Vec<PersonId> =
            if asked.persons.is_empty() { cited.persons().to_vec() } else { asked.persons.iter().copied().collect() };
        for family in self.families(&persons, now).await? {
            if self.decide(&question, &family, family.at)?.is_some_and(|decided| decided.shows) {
                return self.tell_of_match(&caller, &asked, (row, &family)).await;
            }
        }
        Ok(())
    }

    /// Once, and only if nothing has changed since it was decided: the ground neither.
    async fn tell_of_match(
        &self,
        caller: &Caller,
        asked: &Unanswered,
        (row, family): (&FactRow, &Family),
    ) -> Result<(), Refusal> {
        let (number, now) = (&asked.number, family.at);
        let text = Text::new(
            format!("以前は該当のなかった照会({number})に、いま見られる記録があります。もう一度照会してください。"),
            format!("Your question under {number} found nothing. Something may be seen under it by now: ask again."),
        );
        let body = WorkBody::new("LATE_MATCH", text, number.clone());
        let (nobody, due) = (Family::default(), now.plus_days(LOOKED_AT_DAYS));
        let item = work::Question {
            owner: caller.id(),
            kind: LATE_MATCH,
            due,
            municipality: &row.municipality,
            family: &nobody,
            persons: &[],
        };
        let leaf = self.hub_leaf(now, &act(now, "late match", caller.id(), &caller.actor));
        let rows = vec![self.ask(now, &item, &body)?];
        self.let_go(row, now, Change { expect: family.epochs(), rows, leaves: vec![leaf], ..Change::default() }).await
    }

    /// The question is kept no longer. Somebody else's change at the same time stands, and is looked at anew.
    async fn let_go(&self, row: &FactRow, at: Time, mut change: Change) -> Result<(), Refusal> {
        change.expect.push(Expect::FactHolds { id: row.id });
        change.rows.push(Row::Superseded { fact: row.id, at, by: None });
        match self.store.commit("let go of a question", change).await {
            Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }
}

//! A question under a live ground that nothing answered (`consent.md` section 5, flow 2). It notifies nobody, and is kept: who asked
//! is told once when something may be seen under that ground after all, as of that moment, and never once the ground has ended.
//!
//! The empty answer is the same with it and without it. What is told is decided as a new question would be, with its filters and its
//! level, so that it tells nothing that asking again would not. What a filter says of a person is sealed for those whom the ground
//! names: it goes when their keys go.

mod notice;

pub(super) use notice::Told;

use super::caller::{Caller, Operation, may};
use super::family::Family;
use super::ledger::act;
use super::query::{Cited, Decided, Question};
use super::register::Agency;
use super::work::{self, WorkBody};
use super::{Hub, Refusal};
use crate::entropy;
use crate::store::{Change, Expect, FactKind, FactRow, Row, StoreError};
use musubi_core::adapter::Text;
use musubi_core::agency::{AgencyId, AgencyKind, Purpose, Role};
use musubi_core::cases::{self, CaseQuery};
use musubi_core::consent::records::Level;
use musubi_core::id::{FactId, PersonId};
use musubi_core::release::Released;
use musubi_core::sealing::{Aad, seal_naming};
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
    /// Which cases, as they were asked for. A question that was kept without its filters has none, and means any case.
    #[serde(default)]
    query: Option<CaseQuery>,
    /// The id of its message, where the answer to it can come in a message of its own.
    #[serde(default)]
    message_id: Option<String>,
    /// Whom it named; everybody of the ground where it named nobody.
    persons: BTreeSet<PersonId>,
}

impl Unanswered {
    /// Is it the same question, in whatever message it was asked?
    fn is(&self, other: &Unanswered) -> bool {
        *self == Unanswered { message_id: self.message_id.clone(), ..other.clone() }
    }

    /// The cases that are asked for, of which the ground tells no more than its level.
    fn cases(&self, limit: Level) -> Option<CaseQuery> {
        let any = || CaseQuery::new(self.number.clone(), self.purpose, Level::L3);
        self.cases.then(|| self.query.clone().unwrap_or_else(any).limited_to(limit))
    }
}

/// What a look at a question came to.
enum Look {
    /// Nothing may be seen, or who asked may not ask any more.
    Nothing,
    /// Its ground has ended.
    Over,
    /// Something may be seen.
    Match(Box<Found>),
}

/// A family of which something may be seen of what a question asked for.
struct Found {
    caller: Caller,
    asked: Unanswered,
    family: Family,
    decided: Decided,
}

/// What a question asks for under a number.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The number of the ground that it cites.
    pub number: &'a str,
    /// Whom it names; nobody, where it means everybody of the ground.
    pub persons: &'a [PersonId],
    /// The cases that it asks for; without them, whatever may be seen.
    pub cases: Option<&'a CaseQuery>,
    /// The id of its message, where the answer to it can come in a message of its own.
    pub message_id: Option<&'a str>,
}

/// Who may list that there is a match: whoever may ask for protection, or as a member of a council. It tells of a case.
pub(super) fn may_be_told(kind: AgencyKind, role: Role) -> bool {
    [Purpose::P5, Purpose::P6].into_iter().any(|purpose| may(kind, role, Operation::Read(purpose)))
}

impl Hub {
    /// A question was asked and shows something, or nothing. Where nothing answered it, its ground lives and names those who were
    /// asked for, it is kept; where something did, there is nothing more to tell of it.
    pub(super) async fn remember_question(
        &self,
        question: &Question<'_>,
        asked: Asked<'_>,
        answered: bool,
    ) -> Result<(), Refusal> {
        let (caller, cited) = (question.caller, question.cited);
        if !cited.lives() || asked.persons.iter().any(|person| !cited.names(*person)) {
            return Ok(());
        }
        let asked = Unanswered {
            number: asked.number.to_owned(),
            purpose: question.purpose,
            staff_id: if caller.is_person() { caller.actor.staff_id.clone() } else { String::new() },
            cases: asked.cases.is_some(),
            query: asked.cases.cloned(),
            message_id: asked.message_id.map(str::to_owned),
            persons: asked.persons.iter().copied().collect(),
        };
        let kept = self.kept_questions(caller).await?;
        if answered {
            // Also where it was kept without its filters: whoever asked has seen a case.
            let without = Unanswered { query: None, ..asked.clone() };
            for (row, _) in kept.iter().filter(|(_, known)| known.is(&asked) || known.is(&without)) {
                self.let_go(row, self.now(), Change::default()).await?;
            }
        } else if kept.len() < KEPT_MAX && !kept.iter().any(|(_, known)| known.is(&asked)) {
            self.keep_question(caller, cited, &asked).await?;
        }
        Ok(())
    }

    /// About nobody: whom it names, the ground tells as long as it lives.
    async fn keep_question(&self, caller: &Caller, cited: &Cited, asked: &Unanswered) -> Result<(), Refusal> {
        let (now, id) = (self.now(), FactId(self.id(self.now())));
        let named = cited.persons();
        let keys = self.keys_of(&named.iter().copied().collect()).await?;
        let (aad, plain) = (Aad::row("fact", id.0), serde_json::to_vec(asked).map_err(|_| Refusal::kept_changing())?);
        let row = FactRow {
            municipality: caller.agency.municipality.clone(),
            id,
            kind: FactKind::Question,
            recipient: Some(caller.id().clone()),
            recorded_at: now,
            superseded_at: None,
            superseded_by: None,
            persons: Vec::new(),
            body: seal_naming(&keys.holders(named), &self.keyring.hub, &mut |bytes| entropy::fill(bytes), &aad, &plain),
        };
        self.store.commit("keep a question", Change { rows: vec![Row::Fact(row)], ..Change::default() }).await?;
        Ok(())
    }

    async fn kept_questions(&self, caller: &Caller) -> Result<Vec<(FactRow, Unanswered)>, Refusal> {
        let rows = self.store.facts_for(caller.id(), FactKind::Question, self.now()).await?;
        let keys = self.keys_of(&rows.iter().flat_map(|row| row.body.holders()).collect()).await?;
        let opened = |row: FactRow| self.opened(&keys, &row).map(|asked| (row, asked));
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
        let Some(asked) = self.open_question(row).await? else { return Ok(()) };
        match self.look(&agency.id, asked).await? {
            Look::Nothing => Ok(()),
            Look::Over => self.let_go(row, self.now(), Change::default()).await,
            Look::Match(found) => self.tell_of_match(row, &found).await,
        }
    }

    async fn open_question(&self, row: &FactRow) -> Result<Option<Unanswered>, Refusal> {
        let keys = self.keys_of(&row.body.holders().into_iter().collect()).await?;
        Ok(self.opened(&keys, row))
    }

    /// Asks a question that was kept once more, as of this moment, and puts nothing on record.
    async fn look(&self, agency: &AgencyId, asked: Unanswered) -> Result<Look, Refusal> {
        let now = self.now();
        // Somebody who has left, or may not ask any more, is told nothing.
        let caller = self.caller(agency, &asked.staff_id);
        let Ok(caller) = caller.and_then(|caller| caller.request(asked.purpose, None).map(|_| caller)) else {
            return Ok(Look::Nothing);
        };
        let cited = self.cited(&caller, &asked.number).await?;
        if !cited.lives() {
            return Ok(Look::Over);
        }
        let cases = asked.cases(cited.level());
        let wanted =
            |released: &Released, now: Time| cases.as_ref().is_none_or(|query| cases::matches(query, released, now));
        let categories = cases.as_ref().map_or(Level::L3, |query| query.level).categories();
        let question = Question { caller: &caller, purpose: asked.purpose, cited: &cited, wanted: &wanted, categories };
        let persons: Vec<PersonId> =
            if asked.persons.is_empty() { cited.persons().to_vec() } else { asked.persons.iter().copied().collect() };
        for family in self.families(&persons, now).await? {
            if let Some(decided) = self.decide(&question, &family, family.at)?.filter(|decided| decided.shows) {
                return Ok(Look::Match(Box::new(Found { caller, asked, family, decided })));
            }
        }
        Ok(Look::Nothing)
    }

    /// Once, and only if nothing has changed since it was decided: the ground neither.
    async fn tell_of_match(&self, row: &FactRow, found: &Found) -> Result<(), Refusal> {
        let Found { caller, asked, family, .. } = found;
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
        let mut rows = vec![self.ask(now, &item, &body)?];
        rows.extend(self.notices(row, found));
        let change = Change { expect: family.epochs(), rows, leaves: vec![leaf], ..Change::default() };
        self.let_go(row, now, change).await?;
        self.deliveries.notify_waiters();
        Ok(())
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use musubi_core::cases::CaseSeverity;

    const WITHOUT_FILTERS: &str = r#"{"number":"K-1","purpose":"P6","staff_id":"w-0412","cases":CASES,"persons":[]}"#;

    fn kept(cases: &str) -> Unanswered {
        serde_json::from_str(&WITHOUT_FILTERS.replace("CASES", cases)).unwrap()
    }

    #[test]
    fn a_question_that_was_kept_without_its_filters_means_any_case_of_its_ground() {
        let any = CaseQuery::new("K-1", Purpose::P6, Level::L1);
        assert!(kept("true").cases(Level::L1) == Some(any));
        assert!(kept("false").cases(Level::L1).is_none(), "not cases, but whatever may be seen");
    }

    #[test]
    fn a_question_is_kept_as_it_was_asked_and_limited_by_what_its_ground_tells_by_then() {
        let query = CaseQuery {
            severity_at_least: Some(CaseSeverity::Severe),
            ..CaseQuery::new("K-1", Purpose::P6, Level::L2)
        };
        let asked = Unanswered { query: Some(query.clone()), ..kept("true") };
        let read: Unanswered = serde_json::from_str(&serde_json::to_string(&asked).unwrap()).unwrap();
        assert!(read.cases(Level::L3) == Some(query.clone()));
        assert!(read.cases(Level::L1) == Some(query.limited_to(Level::L1)));
    }
}

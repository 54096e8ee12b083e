//! A member leaves a case of the council by its own act (`consent.md` section 1, row 5): from the day that it names it sees
//! nothing of the case any more, and stays bound to secrecy (CWA 25-5). The center that coordinates the case is told.

use super::caller::Caller;
use super::consents::Fact;
use super::grounds::{ground_fact, no_such_ground, person_acts};
use super::work::{Question, WorkBody};
use super::{DECIDE_AGAIN_MAX, Hub, Refusal};
use crate::store::{Change, Expect, FactKind, FactRow, Row};
use musubi_core::adapter::Text;
use musubi_core::agency::AgencyId;
use musubi_core::consent::GroundCode;
use musubi_core::consent::records::{CouncilCase, Ground, Member};
use musubi_core::id::{FactId, PersonId};
use musubi_core::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// Kind and code of the work item by which the coordinating center is told.
const LEAVES: (&str, &str) = ("council", "MEMBER_LEAVES");
/// Days in which somebody there has looked at it.
const LOOKED_AT_DAYS: i64 = 3;

/// A case of the council in which an agency takes part.
pub struct Membership {
    /// Number of the case.
    pub number: String,
    /// The center that coordinates it.
    pub coordinator: AgencyId,
    /// Until when the agency takes part, where that has an end.
    pub until: Option<Time>,
}

impl Hub {
    /// The cases in which the caller takes part now, by number. The one that coordinates a case is no member of it.
    ///
    /// # Errors
    /// When the caller is no member of staff who may act for a person, or the store fails.
    pub async fn memberships(&self, caller: &Caller) -> Result<Vec<Membership>, Refusal> {
        person_acts(caller)?;
        let now = self.now();
        let mut cases: BTreeMap<String, Membership> = BTreeMap::new();
        let takes_part = |ground: &Ground| {
            ground.code == GroundCode::L05 && ground.live(now) && ground.asserting_agency != *caller.id()
        };
        let grounds = self.grounds_for(caller, now).await?.into_iter().map(|(ground, _)| ground);
        for ground in grounds.filter(takes_part) {
            let Some(number) = ground.number else { continue };
            let until = ground.ended_at.into_iter().chain(ground.until).min();
            let membership = Membership { number: number.clone(), coordinator: ground.asserting_agency, until };
            cases.entry(number).or_insert(membership);
        }
        Ok(cases.into_values().collect())
    }

    /// The caller leaves the case of this number, at a moment to come or now. The grounds that it read under, as they stand now.
    ///
    /// # Errors
    /// When the caller is no member of such a case, which is answered like a number that nobody knows, or coordinates it.
    pub async fn leave_case(&self, caller: &Caller, number: &str, at: Option<Time>) -> Result<Vec<FactId>, Refusal> {
        person_acts(caller)?;
        let mut left = Vec::new();
        for row in self.store.facts_for(caller.id(), FactKind::Ground, self.now()).await? {
            left.extend(self.leave(caller, &row, number, at).await?);
        }
        if left.is_empty() { Err(no_such_ground()) } else { Ok(left) }
    }

    /// Leaves the case that a ground of the caller's belongs to. `None` when that has another number, or is none.
    async fn leave(
        &self,
        caller: &Caller,
        row: &FactRow,
        number: &str,
        at: Option<Time>,
    ) -> Result<Option<FactId>, Refusal> {
        let persons: Vec<PersonId> = row.persons.iter().map(|concerned| concerned.person).collect();
        for _ in 0..DECIDE_AGAIN_MAX {
            let family = self.family(&persons, self.now()).await?;
            let now = family.at;
            let of_case = |ground: &Ground| {
                ground.code == GroundCode::L05 && ground.number.as_deref() == Some(number) && ground.live(now)
            };
            let Some(ground) = self.opened::<Ground>(&family, row).filter(of_case) else { return Ok(None) };
            let coordinator = ground.asserting_agency.clone();
            if coordinator == *caller.id() {
                return Err(coordinates());
            }
            let at = at.unwrap_or(now).max(now);
            let mut change = Change { expect: vec![Expect::FactHolds { id: row.id }], ..Change::default() };
            change.expect.extend(family.epochs());
            for (list, case) in self.case_on_file(&coordinator, &family, &persons, number).await?.lists {
                let id = FactId(self.id(now));
                let case = CouncilCase { id, supersedes: vec![list.id], recorded_at: now, ..without(case, caller, at) };
                let (recipient, persons) = (list.recipient.clone(), case.subjects.clone());
                let fact = Fact { id, kind: FactKind::CouncilCase, recipient, persons, value: &case };
                change.rows.push(self.fact_row(now, &list.municipality, &family, &fact)?);
                change.expect.push(Expect::FactHolds { id: list.id });
                change.rows.push(Row::Superseded { fact: list.id, at: now, by: Some(id) });
            }
            let id = FactId(self.id(now));
            let ended = Ground { id, supersedes: Some(row.id), recorded_at: now, ended_at: Some(at), ..ground };
            change.rows.push(Row::Superseded { fact: row.id, at: now, by: Some(id) });
            self.nothing_to_answer(&family, &BTreeSet::from([row.id]), &mut change).await?;
            let (owner, kind, due) = (&coordinator, LEAVES.0, now.plus_days(LOOKED_AT_DAYS));
            let question =
                Question { owner, kind, due, municipality: &row.municipality, family: &family, persons: &persons };
            change.rows.push(self.ask(now, &question, &leaves_body(caller, at))?);
            if self.put_fact(caller, "leave council case", &family, change, ground_fact(&ended)).await?.is_some() {
                self.recall(&persons, &BTreeSet::new()).await;
                return Ok(Some(id));
            }
        }
        Err(Refusal::kept_changing())
    }
}

/// The list with the end of one membership.
fn without(mut case: CouncilCase, caller: &Caller, at: Time) -> CouncilCase {
    let of_caller = |member: &&mut Member| member.agency == *caller.id();
    for member in case.members.iter_mut().filter(of_caller) {
        member.until = Some(member.until.map_or(at, |until| until.min(at)));
    }
    case
}

fn leaves_body(caller: &Caller, at: Time) -> WorkBody {
    let text = Text::new(
        format!(
            "{} が {} をもってケースの構成員から外れます。構成員の名簿を改めてください。",
            caller.id(),
            at.rfc3339()
        ),
        format!("{} leaves the case at {}. Put the list of members on file anew.", caller.id(), at.rfc3339()),
    );
    WorkBody::new(LEAVES.1, text, caller.id().as_str())
}

fn coordinates() -> Refusal {
    Refusal::forbidden(
        "M508",
        "number",
        "調整機関はケースを離れることができません。ケースを終了するか、構成員の名簿を登録し直してください。",
        "The center that coordinates a case cannot leave it: close it, or put another list of members on file.",
    )
}

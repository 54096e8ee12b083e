//! A case of the local council (要保護児童対策地域協議会, CWA 25-2): who is listed on it, from when to when. The center that
//! coordinates it puts it on file under its number, for each member the ground (L05) and the list. Recorded anew it ends the
//! list before: who is no longer a member sees nothing from that moment on, and is told so. Closed, it ends for everybody. A
//! member that leaves by itself: `leaving.rs`.

use super::Refusal;
use super::caller::Caller;
use super::consents::Fact;
use super::family::Family;
use super::grounds::{GroundParts, GroundTerms, ground_fact};
use super::{DECIDE_AGAIN_MAX, Hub};
use crate::store::{Change, Expect, FactKind, FactRow, Row};
use musubi_core::agency::AgencyId;
use musubi_core::consent::GroundCode;
use musubi_core::consent::records::{CouncilCase, Ground, Member};
use musubi_core::id::{FactId, Municipality, PersonId};
use musubi_core::time::Time;
use std::collections::BTreeSet;

/// What is on file of a case, by its number.
#[derive(Default)]
pub(super) struct OnFile {
    /// The list of members, one record for each of them.
    pub(super) lists: Vec<(FactRow, CouncilCase)>,
    /// The ground of each member.
    grounds: Vec<(FactRow, Ground)>,
}

impl OnFile {
    /// The facts that a new list, or the end of the case, takes the place of.
    pub(super) fn ids(&self) -> BTreeSet<FactId> {
        self.lists.iter().map(|(row, _)| row.id).chain(self.grounds.iter().map(|(row, _)| row.id)).collect()
    }

    /// What holders said of a member's earlier ground still stands, where the new one names nobody else.
    pub(super) fn carry_over(&self, new: &mut Ground) {
        let earlier = self.grounds.iter().find(|(_, old)| old.recipient == new.recipient);
        let Some((row, old)) = earlier else { return };
        new.supersedes = Some(row.id);
        if new.subjects.iter().all(|person| old.subjects.contains(person)) {
            new.approvals.extend(old.approvals.iter().cloned());
            new.provisos.extend(old.provisos.iter().cloned());
            new.refusals.extend(old.refusals.iter().cloned());
        }
    }

    /// The rows that end what was on file: each by what takes its place, or by the first of the new records.
    fn ended_by(&self, now: Time, new: &[(FactId, Option<FactId>)], change: &mut Change) {
        let first = new.first().map(|(id, _)| *id);
        for fact in self.ids() {
            let by = new.iter().find(|(_, old)| *old == Some(fact)).map(|(id, _)| *id).or(first);
            change.expect.push(Expect::FactHolds { id: fact });
            change.rows.push(Row::Superseded { fact, at: now, by });
        }
    }
}

impl Hub {
    /// What its coordinator put on file of a case about these persons.
    pub(super) async fn case_on_file(
        &self,
        coordinator: &AgencyId,
        family: &Family,
        persons: &[PersonId],
        number: &str,
    ) -> Result<OnFile, Refusal> {
        let ids: Vec<PersonId> = persons.iter().flat_map(|person| family.ids_of(*person)).collect();
        let mut found = OnFile::default();
        for row in self.store.fact_history(&ids).await?.into_iter().filter(|row| row.superseded_at.is_none()) {
            match row.kind {
                FactKind::CouncilCase if self.is_center_of_row(coordinator, &row) => {
                    let case: Option<CouncilCase> = self.opened(family, &row);
                    found.lists.extend(case.filter(|case| case.number == number).map(|case| (row, case)));
                }
                FactKind::Ground => {
                    let ground: Option<Ground> = self.opened(family, &row);
                    let ground = ground.filter(|ground| {
                        ground.code == GroundCode::L05
                            && ground.number.as_deref() == Some(number)
                            && ground.asserting_agency == *coordinator
                            && ground.ended_at.is_none()
                    });
                    found.grounds.extend(ground.map(|ground| (row, ground)));
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn is_center_of_row(&self, agency: &AgencyId, row: &FactRow) -> bool {
        self.register.center(&row.municipality).is_some_and(|center| center.id == *agency)
    }

    /// The rows of a list of members, in place of the list before; `grounds` are the new ones, with what each takes the place of.
    pub(super) fn council_rows(
        &self,
        terms: &GroundTerms,
        persons: &[PersonId],
        family: &Family,
        (municipality, now): (&Municipality, Time),
        (before, grounds): (&OnFile, &[(FactId, Option<FactId>)]),
        change: &mut Change,
    ) -> Result<(), Refusal> {
        let supersedes: Vec<FactId> = before.lists.iter().map(|(row, _)| row.id).collect();
        let mut new = grounds.to_vec();
        for member in &terms.members {
            let id = FactId(self.id(now));
            let members = terms.members.iter().map(|agency| Member { agency: agency.clone(), from: now, until: None });
            let case = CouncilCase {
                id,
                supersedes: supersedes.clone(),
                number: terms.number.clone(),
                subjects: persons.to_vec(),
                members: members.collect(),
                recorded_at: now,
                closed_at: None,
            };
            case.check().map_err(Refusal::of_faults)?;
            let of_member = before.lists.iter().find(|(row, _)| row.recipient.as_ref() == Some(member));
            new.push((id, of_member.map(|(row, _)| row.id)));
            let kind = FactKind::CouncilCase;
            let fact = Fact { id, kind, recipient: Some(member.clone()), persons: persons.to_vec(), value: &case };
            change.rows.push(self.fact_row(now, municipality, family, &fact)?);
        }
        before.ended_by(now, &new, change);
        Ok(())
    }

    /// Closes the case that a ground of the caller's own belongs to, for every member. `None` when it is no such ground.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn close_case(&self, caller: &Caller, fact: FactId) -> Result<Option<GroundParts>, Refusal> {
        for _ in 0..DECIDE_AGAIN_MAX {
            let row = self.store.fact(fact).await?.filter(|row| row.kind == FactKind::Ground);
            let Some(row) = row.filter(|row| row.superseded_at.is_none()) else { return Ok(None) };
            let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
            let family = self.family(&persons, self.now()).await?;
            let ground = self.opened::<Ground>(&family, &row).filter(|ground| {
                ground.code == GroundCode::L05 && ground.asserting_agency == *caller.id() && ground.ended_at.is_none()
            });
            let Some(number) = ground.and_then(|ground| ground.number) else { return Ok(None) };
            let before = self.case_on_file(caller.id(), &family, &persons, &number).await?;
            if let Some(last) = self.try_close(caller, &family, &row.municipality, &before).await? {
                self.recall(&persons, &before.ids()).await;
                return Ok(Some(GroundParts { fact: last, number, parts: Vec::new(), answer_by: family.at }));
            }
        }
        Err(Refusal::kept_changing())
    }

    /// Writes the end of every record; the id of the last ground. `None` when something changed meanwhile.
    async fn try_close(
        &self,
        caller: &Caller,
        family: &Family,
        municipality: &Municipality,
        before: &OnFile,
    ) -> Result<Option<FactId>, Refusal> {
        let now = family.at;
        let mut change = Change { expect: family.epochs(), ..Change::default() };
        let mut new = Vec::new();
        for (row, case) in &before.lists {
            let id = FactId(self.id(now));
            new.push((id, Some(row.id)));
            let case =
                CouncilCase { id, supersedes: vec![row.id], recorded_at: now, closed_at: Some(now), ..case.clone() };
            let (kind, persons) = (FactKind::CouncilCase, case.subjects.clone());
            let fact = Fact { id, kind, recipient: row.recipient.clone(), persons, value: &case };
            change.rows.push(self.fact_row(now, municipality, family, &fact)?);
        }
        let mut grounds = Vec::new();
        for (row, ground) in &before.grounds {
            let id = FactId(self.id(now));
            new.push((id, Some(row.id)));
            grounds.push(Ground {
                id,
                supersedes: Some(row.id),
                recorded_at: now,
                ended_at: Some(now),
                ..ground.clone()
            });
        }
        let Some(last) = grounds.pop() else { return Ok(None) };
        for ground in &grounds {
            change.rows.push(self.fact_row(now, municipality, family, &ground_fact(ground))?);
        }
        before.ended_by(now, &new, &mut change);
        self.nothing_to_answer(family, &before.ids(), &mut change).await?;
        let put = self.put_fact(caller, "close council case", family, change, ground_fact(&last)).await?;
        Ok(put.map(|_| last.id))
    }
}

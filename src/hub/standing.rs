//! Who holds authority over a child, and whose word about it counts only after a person looked (`consent.md` section 3.2,
//! E07 to E12): recorded by the center where the child is kept.

use super::caller::Caller;
use super::consents::{Fact, Recorded};
use super::family::PersonStanding;
use super::persons::{Named, PERSONS_MAX, at_most, only_center_staff};
use super::{DECIDE_AGAIN_MAX, Hub, Refusal};
use crate::store::{Change, Expect, FactKind, Row};
use musubi_core::consent::Custody;
use musubi_core::consent::records::Status;
use musubi_core::id::{FactId, PersonId};

impl Hub {
    /// Records who holds authority over a child, and who stands in a conflict of interest. It takes the place of what was on
    /// file about the same child.
    ///
    /// # Errors
    /// When the caller is no officer of the center where the child is kept: answered as unknown.
    pub async fn record_standing(
        &self,
        caller: &Caller,
        subject: &Named,
        custody: Custody,
        conflicts: &[Named],
    ) -> Result<Recorded, Refusal> {
        only_center_staff(caller)?;
        at_most(conflicts.len(), PERSONS_MAX - 1, "conflicts")?;
        let named: Vec<Named> = std::iter::once(subject).chain(conflicts).cloned().collect();
        for _ in 0..DECIDE_AGAIN_MAX {
            let now = self.now();
            let mut change = Change::default();
            let (family, persons) = self.persons_meant(&named, caller, &mut change).await?;
            let [subject, conflicts @ ..] = persons.as_slice() else { return Err(super::persons::unknown_person()) };
            self.own_persons(caller, &family, [*subject])?;
            let id = FactId(self.id(now));
            for row in self.store.fact_history(&family.ids_of(*subject)).await? {
                if row.kind == FactKind::Standing && row.superseded_at.is_none() {
                    change.expect.push(Expect::FactHolds { id: row.id });
                    change.rows.push(Row::Superseded { fact: row.id, at: now, by: Some(id) });
                }
            }
            let standing: (PersonId, PersonStanding) =
                (*subject, PersonStanding { custody, conflicts: conflicts.to_vec() });
            let (kind, persons) = (FactKind::Standing, vec![*subject]);
            let fact = Fact { id, kind, recipient: None, persons: persons.clone(), value: &standing };
            if let Some(receipt) = self.put_fact(caller, "record custody", &family, change, fact).await? {
                self.recall(&persons, &std::collections::BTreeSet::new()).await;
                return Ok(Recorded { fact: id, status: Status::Active, receipt });
            }
        }
        Err(Refusal::kept_changing())
    }
}

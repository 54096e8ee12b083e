//! What a decision was taken from, kept in its row. It is read again by what it names and not by the clock: a fact that was
//! recorded in the very moment of the decision was in it, or was not, and two persons who are one by now were two.

use super::family::Family;
use super::{Hub, Refusal};
use crate::store::{EntriesRow, FactRow, PersonRow};
use musubi_core::id::{FactId, MessageId, PersonId};
use musubi_core::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Persons, facts and entries as a decision found them. The writer let the decision stand only while the epochs were these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Footing {
    /// Everybody who was read, with the epoch.
    pub persons: Vec<(PersonId, u64)>,
    /// Who of them was somebody else, and whom.
    #[serde(default)]
    pub joined: Vec<(PersonId, PersonId)>,
    /// The facts that held.
    #[serde(default)]
    pub facts: Vec<FactId>,
    /// The last entries that had come, in order of receipt.
    #[serde(default)]
    pub received: i64,
    /// The message that was stored together with the decision.
    #[serde(default)]
    pub arriving: Option<MessageId>,
}

impl Hub {
    /// The family that a decision found, as it was then (F04).
    ///
    /// # Errors
    /// When the store cannot be read, or a fact that counted then is not to be read any more.
    pub(super) async fn family_then(&self, footing: &Footing, at: Time) -> Result<Family, Refusal> {
        let mut family = Family::new(at);
        let read: BTreeSet<PersonId> = footing.persons.iter().map(|(person, _)| *person).collect();
        self.add_persons(&mut family, &read).await?;
        family.persons = footing.persons_of(std::mem::take(&mut family.persons));
        let persons: Vec<PersonId> = family.persons.keys().copied().collect();
        let had_come = |row: &EntriesRow| row.sequence <= footing.received || Some(row.message) == footing.arriving;
        self.read_entries(&mut family, &persons, &had_come).await?;
        let mut facts = self.store.fact_history(&persons).await?;
        facts.retain(|row: &FactRow| footing.facts.contains(&row.id));
        family.read_facts(&facts, &self.keyring.hub)?;
        Ok(family)
    }
}

impl Footing {
    /// Its persons, as they were joined then.
    fn persons_of(&self, mut now: BTreeMap<PersonId, PersonRow>) -> BTreeMap<PersonId, PersonRow> {
        let joined: BTreeMap<PersonId, PersonId> = self.joined.iter().copied().collect();
        let then = |(person, epoch): &(PersonId, u64)| {
            let row = now.remove(person)?;
            Some((*person, PersonRow { epoch: *epoch, joined_into: joined.get(person).copied(), ..row }))
        };
        self.persons.iter().filter_map(then).collect()
    }
}

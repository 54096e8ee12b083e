//! On what the last look at each held delivery rested, so that the clock has only those decided for which something has changed.

use crate::hub::family::Family;
use crate::store::{Change, Concerned, DeliveryRow, DeliveryState, PersonRow, Row};
use musubi_core::id::{DeliveryId, PersonId};
use musubi_core::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Persons with their epochs, by the id that each is known by now.
pub(in crate::hub) struct Epochs {
    known_as: BTreeMap<PersonId, PersonId>,
    of: BTreeMap<PersonId, Vec<(PersonId, u64)>>,
}

impl Epochs {
    pub(in crate::hub) fn of(family: &Family) -> Self {
        let mut epochs = Epochs { known_as: BTreeMap::new(), of: BTreeMap::new() };
        for PersonRow { id, epoch, .. } in family.persons.values() {
            let known = family.known_as(*id);
            epochs.known_as.insert(*id, known);
            epochs.of.entry(known).or_default().push((*id, *epoch));
        }
        epochs
    }

    /// Of those whom a row concerns, and whoever they turned out to be.
    pub(super) fn about(&self, persons: &[Concerned]) -> Vec<(PersonId, u64)> {
        let known = persons.iter().filter_map(|one| self.known_as.get(&one.person));
        let known: BTreeSet<&PersonId> = known.collect();
        known.into_iter().filter_map(|person| self.of.get(person)).flatten().copied().collect()
    }
}

/// On what a look rested.
pub(in crate::hub) struct Looked {
    pub(super) epochs: Vec<(PersonId, u64)>,
    /// When something begins that is on file already.
    pub(super) begins: Option<Time>,
}

/// The last look at each held delivery.
#[derive(Default)]
pub struct Looks(Mutex<BTreeMap<DeliveryId, Looked>>);

impl Looks {
    pub(super) fn all(&self) -> BTreeSet<DeliveryId> {
        self.lock().keys().copied().collect()
    }

    /// Does everything stand as it stood at the last look?
    pub(super) fn stands(&self, id: DeliveryId, epochs: &[(PersonId, u64)], now: Time) -> bool {
        let unchanged = |last: &Looked| last.epochs == epochs && last.begins.is_none_or(|begins| now < begins);
        self.lock().get(&id).is_some_and(unchanged)
    }

    pub(in crate::hub) fn note(&self, looked: impl IntoIterator<Item = (DeliveryId, Looked)>) {
        self.lock().extend(looked);
    }

    pub(super) fn forget(&self, gone: &BTreeSet<DeliveryId>) {
        self.lock().retain(|id, _| !gone.contains(id));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DeliveryId, Looked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The held deliveries of a change that was decided over a family: that decision was their first look. A change that
/// brings facts too has changed what it rested on, and is looked at again.
pub(in crate::hub) fn looked_at(change: &Change, epochs: &Epochs, begins: Option<Time>) -> Vec<(DeliveryId, Looked)> {
    let counts_up = |row: &Row| {
        matches!(row, Row::Fact(_) | Row::Superseded { .. } | Row::Epoch(_) | Row::Join { .. } | Row::Part { .. })
    };
    if change.rows.iter().any(counts_up) {
        return Vec::new();
    }
    let held = |row: &DeliveryRow| row.state == DeliveryState::Held;
    let rows = change.rows.iter().filter_map(|row| if let Row::Delivery(row) = row { Some(row) } else { None });
    rows.filter(|row| held(row)).map(|row| (row.id, Looked { epochs: epochs.about(&row.persons), begins })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_core::agency::{AgencyId, Purpose};
    use musubi_core::id::Municipality;
    use uuid::Uuid;

    const NOW: Time = Time::from_micros(1_800_000_000_000_000);

    fn person(number: u128) -> PersonId {
        PersonId(Uuid::from_u128(number))
    }

    fn family(epoch: u64) -> Family {
        let municipality = Municipality::unassigned();
        let row = |number, joined_into: Option<u128>| PersonRow {
            id: person(number),
            municipality: municipality.clone(),
            epoch,
            key: None,
            joined_into: joined_into.map(person),
        };
        let mut family = Family::new(NOW);
        family.persons = [row(1, None), row(2, Some(1)), row(3, None)].map(|row| (row.id, row)).into();
        family
    }

    fn delivery(number: u128, state: DeliveryState, about: u128) -> Row {
        Row::Delivery(DeliveryRow {
            municipality: Municipality::unassigned(),
            id: DeliveryId(Uuid::from_u128(number)),
            recipient: AgencyId::new("OSC-482072").expect("an agency"),
            purpose: Purpose::P3,
            format: "receive:notice-html".to_owned(),
            message: None,
            entries: Vec::new(),
            question: None,
            state,
            attempts: 0,
            created_at: NOW,
            next_at: NOW,
            reason: String::new(),
            released_at: None,
            sent_at: None,
            sequence: 0,
            persons: vec![person(about).into()],
        })
    }

    fn change(more: Option<Row>) -> Change {
        let rows = [delivery(7, DeliveryState::Held, 2), delivery(8, DeliveryState::Waiting, 2)];
        Change { rows: rows.into_iter().chain(more).collect(), ..Change::default() }
    }

    #[test]
    fn what_was_decided_when_it_came_is_looked_at_again_when_an_epoch_of_anybody_it_concerns_has_moved() {
        let (looks, begins) = (Looks::default(), Some(NOW.plus_days(2)));
        let about = |epoch| Epochs::of(&family(epoch)).about(&[person(2).into()]);
        assert_eq!(about(4), [(person(1), 4), (person(2), 4)], "whoever they turned out to be, and nobody else");
        looks.note(looked_at(&change(None), &Epochs::of(&family(4)), begins));
        let (held, waiting) = (DeliveryId(Uuid::from_u128(7)), DeliveryId(Uuid::from_u128(8)));
        assert_eq!(looks.all(), [held].into());
        assert!(looks.stands(held, &about(4), NOW) && !looks.stands(waiting, &about(4), NOW));
        assert!(!looks.stands(held, &about(5), NOW), "something was put on file");
        assert!(!looks.stands(held, &about(4), NOW.plus_days(2)), "something begins");
        looks.forget(&[held].into());
        assert!(!looks.stands(held, &about(4), NOW));
    }

    #[test]
    fn a_message_that_changes_what_its_own_decision_rested_on_is_looked_at_again() {
        assert!(looked_at(&change(Some(Row::Epoch(person(1)))), &Epochs::of(&family(0)), None).is_empty());
    }
}

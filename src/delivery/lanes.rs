//! Who is being told about whom at this moment: one delivery at a time about a person, several at a time to a destination.

use crate::store::DeliveryRow;
use musubi_core::agency::AgencyId;
use musubi_core::id::{DeliveryId, PersonId};
use std::collections::{BTreeMap, BTreeSet};

/// Deliveries at work for one destination. Few, so that a slow one is not overrun.
const LANES: usize = 4;

/// A recipient on one channel.
pub(super) type Destination = (AgencyId, String);

/// The deliveries at work.
#[derive(Default)]
pub(super) struct Lanes(BTreeMap<Destination, BTreeMap<DeliveryId, BTreeSet<PersonId>>>);

impl Lanes {
    /// Takes a lane for each of these that may begin now: of those about the same person the first alone, and no more than a
    /// destination has lanes.
    pub(super) fn take(&mut self, due: Vec<DeliveryRow>) -> Vec<DeliveryRow> {
        let mut behind: BTreeSet<(Destination, PersonId)> = BTreeSet::new();
        let mut begun = Vec::new();
        for row in due {
            let destination = (row.recipient.clone(), row.format.clone());
            let persons: BTreeSet<PersonId> = row.persons.iter().map(|one| one.person).collect();
            let at_work = self.0.entry(destination.clone()).or_default();
            let waits = persons.iter().any(|person| behind.contains(&(destination.clone(), *person)));
            let told = at_work.contains_key(&row.id) || at_work.values().any(|other| !other.is_disjoint(&persons));
            if waits || told || at_work.len() >= LANES {
                behind.extend(persons.into_iter().map(|person| (destination.clone(), person)));
                continue;
            }
            at_work.insert(row.id, persons);
            begun.push(row);
        }
        begun
    }

    /// Destinations for which no more may begin now.
    pub(super) fn full(&self) -> BTreeSet<Destination> {
        self.0
            .iter()
            .filter(|(_, at_work)| at_work.len() >= LANES)
            .map(|(destination, _)| destination.clone())
            .collect()
    }

    /// Every delivery at work.
    pub(super) fn at_work(&self) -> impl Iterator<Item = DeliveryId> {
        self.0.values().flat_map(BTreeMap::keys).copied()
    }

    /// A delivery has ended, well or not.
    pub(super) fn leave(&mut self, row: &DeliveryRow) {
        if let Some(at_work) = self.0.get_mut(&(row.recipient.clone(), row.format.clone())) {
            at_work.remove(&row.id);
        }
        self.0.retain(|_, at_work| !at_work.is_empty());
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::store::DeliveryState;
    use musubi_core::agency::Purpose;
    use musubi_core::id::Municipality;
    use musubi_core::time::Time;
    use uuid::Uuid;

    fn row(number: u128, recipient: &str, persons: &[u128]) -> DeliveryRow {
        DeliveryRow {
            municipality: Municipality::new("482072").unwrap(),
            id: DeliveryId(Uuid::from_u128(number)),
            recipient: AgencyId::new(recipient).unwrap(),
            purpose: Purpose::P3,
            format: "folder:notice-csv".to_owned(),
            message: None,
            entries: Vec::new(),
            question: None,
            state: DeliveryState::Waiting,
            attempts: 0,
            created_at: Time::MIN,
            next_at: Time::MIN,
            reason: String::new(),
            released_at: None,
            sent_at: None,
            sequence: i64::try_from(number).unwrap(),
            persons: persons.iter().map(|person| PersonId(Uuid::from_u128(*person)).into()).collect(),
        }
    }

    fn ids(rows: &[DeliveryRow]) -> Vec<u128> {
        rows.iter().map(|row| row.id.0.as_u128()).collect()
    }

    #[test]
    fn families_go_side_by_side_and_one_family_in_its_order() {
        let mut lanes = Lanes::default();
        // Mother 1 with her child 2, another mother 3, and a merge of 1 and 3 that nobody overtakes.
        let due = || {
            vec![row(1, "A", &[1, 2]), row(2, "A", &[2]), row(3, "A", &[3]), row(4, "A", &[1, 3]), row(5, "A", &[3])]
        };
        assert_eq!(ids(&lanes.take(due())), [1, 3]);
        assert!(lanes.take(due()).is_empty());
        lanes.leave(&row(1, "A", &[1, 2]));
        assert_eq!(ids(&lanes.take(due().split_off(1))), [2]);
        lanes.leave(&row(2, "A", &[2]));
        lanes.leave(&row(3, "A", &[3]));
        assert_eq!(ids(&lanes.take(due().split_off(3))), [4]);
        lanes.leave(&row(4, "A", &[1, 3]));
        assert_eq!(ids(&lanes.take(due().split_off(4))), [5]);
    }

    #[test]
    fn a_destination_has_few_lanes_and_takes_none_of_another() {
        let mut lanes = Lanes::default();
        let slow: Vec<DeliveryRow> = (0..50).map(|number| row(number, "A", &[number])).collect();
        assert!(lanes.full().is_empty());
        assert_eq!(lanes.take(slow.clone()).len(), LANES);
        assert!(lanes.take(slow.clone()).is_empty());
        assert_eq!(lanes.full().into_iter().map(|(agency, _)| agency).collect::<Vec<_>>(), [slow[0].recipient.clone()]);
        assert_eq!(ids(&lanes.take(vec![row(90, "B", &[1])])), [90]);
    }
}

//! Families that were read together, each by itself again: as if it had been read alone.

use super::{Family, WIDENINGS_MAX};
use crate::store::FactRow;
use musubi_core::id::PersonId;
use musubi_core::record::SharedEntry;
use std::collections::{BTreeMap, BTreeSet};

/// Facts that were read together, by whom they concern.
pub(super) struct FactsOfPersons<'r> {
    rows: &'r [FactRow],
    places: BTreeMap<PersonId, Vec<usize>>,
}

impl<'r> FactsOfPersons<'r> {
    pub(super) fn new(rows: &'r [FactRow]) -> Self {
        let mut places = BTreeMap::<_, Vec<_>>::new();
        for (place, row) in rows.iter().enumerate() {
            for concerned in &row.persons {
                places.entry(concerned.person).or_default().push(place);
            }
        }
        FactsOfPersons { rows, places }
    }

    /// What concerns any of these persons, each fact once, in the order in which they were read.
    pub(super) fn of<'p>(&self, persons: impl Iterator<Item = &'p PersonId>) -> Vec<&'r FactRow> {
        let places: BTreeSet<usize> = persons.filter_map(|person| self.places.get(person)).flatten().copied().collect();
        places.into_iter().filter_map(|place| self.rows.get(place)).collect()
    }
}

/// Who is who, and which entries are about whom, so that nobody is looked for twice.
struct Links {
    /// Every id of a person, by the one that the person is known by now.
    ids: BTreeMap<PersonId, Vec<PersonId>>,
    /// Places of the entries about a person.
    entries: BTreeMap<PersonId, Vec<usize>>,
}

impl Links {
    fn of(all: &Family) -> Self {
        let (mut ids, mut entries) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        for person in all.persons.keys() {
            ids.entry(all.known_as(*person)).or_default().push(*person);
        }
        for (place, entry) in all.entries.iter().enumerate() {
            for (person, _) in entry.persons() {
                entries.entry(person).or_default().push(place);
            }
        }
        Links { ids, entries }
    }

    fn entries_of(&self, persons: &BTreeSet<PersonId>) -> BTreeSet<usize> {
        persons.iter().filter_map(|person| self.entries.get(person)).flatten().copied().collect()
    }
}

impl Family {
    /// The family of each of these persons, each once, without facts.
    pub(super) fn parts(&self, persons: &[PersonId]) -> Vec<Family> {
        let (links, mut seen) = (Links::of(self), BTreeSet::new());
        let parts = persons.iter().map(|person| self.part(&links, *person));
        parts.filter(|part| part.known().first().is_some_and(|first| seen.insert(*first))).collect()
    }

    /// As far as it is read alone: entries as often as a family is widened, and whom the last of them name.
    fn part(&self, links: &Links, person: PersonId) -> Family {
        let (mut known, mut entries) = (BTreeSet::from([self.known_as(person)]), BTreeSet::new());
        for _ in 0..WIDENINGS_MAX {
            entries = links.entries_of(&known);
            let before = known.len();
            let about = entries.iter().filter_map(|place| self.entries.get(*place));
            known.extend(about.flat_map(SharedEntry::persons).map(|(person, _)| person));
            if known.len() == before {
                break;
            }
        }
        let mut part = Family::new(self.at);
        for id in known.iter().filter_map(|person| links.ids.get(person)).flatten() {
            part.persons.extend(self.persons.get(id).map(|row| (*id, row.clone())));
            part.keys.extend(self.keys.get(id).map(|key| (*id, key.clone())));
        }
        part.received = entries.iter().filter_map(|place| self.received.get(*place).copied()).collect();
        part.entries = entries.into_iter().filter_map(|place| self.entries.get(place).cloned()).collect();
        part
    }
}

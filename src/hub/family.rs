//! Some persons with everything that a decision about them rests on, read in the order that the store asks for:
//! persons with their epochs first, then facts and entries.

mod parts;

use super::footing::Footing;
use super::{Hub, Refusal};
use crate::entropy;
use crate::store::{Concerned, EntriesRow, Expect, FactKind, FactRow, PersonRow, SealedRow, StoreError};
use musubi_core::consent::records::{
    BreakGlass, Consent, CouncilCase, Ground, PerpetratorLink, Relation, Seal, Shield, StandingApproval,
};
use musubi_core::consent::weighing::Weighing;
use musubi_core::consent::{Facts, SubjectFacts};
use musubi_core::id::{EntryId, FactId, MessageId, PersonId};
use musubi_core::record::{SharedEntry, SharedRecord, SubjectRole};
use musubi_core::retention::LegalHold;
use musubi_core::sealing::{Aad, DataKey, Sealed, seal_for};
use musubi_core::time::{Day, Time};
use parts::FactsOfPersons;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// How often a family is widened by the links in its entries: mother, children, and no further.
const WIDENINGS_MAX: usize = 3;

/// Persons, their keys, facts and entries at one moment.
pub struct Family {
    /// Everybody, also those who turned out to be somebody else.
    pub persons: BTreeMap<PersonId, PersonRow>,
    keys: BTreeMap<PersonId, DataKey>,
    /// What is on file about them, by the id that each is known by now.
    pub facts: BTreeMap<PersonId, SubjectFacts>,
    /// Grounds that name any of them.
    pub grounds: Vec<Ground>,
    /// Standing approvals.
    pub standing: Vec<StandingApproval>,
    /// What persons answered where a release was held.
    pub weighings: Vec<Weighing>,
    /// Orders that nothing be destroyed.
    pub holds: Vec<LegalHold>,
    /// When the last of it was read: the moment for a decision about it, after everything that it rests on.
    pub at: Time,
    entries: Vec<SharedEntry>,
    /// Order of receipt of each.
    received: Vec<i64>,
    /// Which facts were read.
    read: Vec<FactId>,
}

impl Default for Family {
    /// Nobody.
    fn default() -> Self {
        Family::new(Time::MIN)
    }
}

impl Family {
    pub(super) fn new(at: Time) -> Self {
        Family {
            persons: BTreeMap::new(),
            keys: BTreeMap::new(),
            facts: BTreeMap::new(),
            grounds: Vec::new(),
            standing: Vec::new(),
            weighings: Vec::new(),
            holds: Vec::new(),
            at,
            entries: Vec::new(),
            received: Vec::new(),
            read: Vec::new(),
        }
    }

    /// The id that a person is known by now.
    pub fn known_as(&self, person: PersonId) -> PersonId {
        let mut person = person;
        for _ in 0..WIDENINGS_MAX {
            match self.persons.get(&person).and_then(|row| row.joined_into) {
                Some(into) => person = into,
                None => break,
            }
        }
        person
    }

    /// The persons, each once, by the id that they are known by now.
    pub fn known(&self) -> BTreeSet<PersonId> {
        self.persons.keys().map(|person| self.known_as(*person)).collect()
    }

    /// Every id of the same person.
    pub fn ids_of(&self, person: PersonId) -> Vec<PersonId> {
        let known = self.known_as(person);
        self.persons.keys().copied().filter(|id| self.known_as(*id) == known).collect()
    }

    /// That nothing which decisions rest on has changed since it was read.
    pub fn epochs(&self) -> Vec<Expect> {
        self.persons.values().map(|row| Expect::Epoch { person: row.id, epoch: row.epoch }).collect()
    }

    /// What a decision about them rests on, with the message that is stored together with it, where there is one.
    pub(super) fn footing(&self, arriving: Option<MessageId>) -> Footing {
        let joined = |row: &PersonRow| Some((row.id, row.joined_into?));
        Footing {
            persons: self.persons.values().map(|row| (row.id, row.epoch)).collect(),
            joined: self.persons.values().filter_map(joined).collect(),
            facts: self.read.clone(),
            received: self.last_received(),
            arriving,
        }
    }

    /// Order of receipt of the last of its entries.
    pub(super) fn last_received(&self) -> i64 {
        self.received.iter().copied().max().unwrap_or_default()
    }

    /// Adds a person who is about to be made.
    pub fn add(&mut self, row: PersonRow, key: DataKey) {
        self.keys.insert(row.id, key);
        self.persons.insert(row.id, row);
    }

    /// Adds entries that are about to be stored, and gathers all.
    pub fn record_with(&self, more: &[SharedEntry]) -> SharedRecord {
        let known = |person| self.known_as(person);
        let more = more.iter().cloned().map(|entry| entry.with_persons(&known));
        SharedRecord::gather(self.entries.iter().cloned().chain(more).collect())
    }

    /// The current entries.
    pub fn record(&self) -> SharedRecord {
        self.record_with(&[])
    }

    /// The entries that were current at the end of a day, by what had been recorded.
    pub fn record_on(&self, day: Day) -> SharedRecord {
        let end = Time::end_of(day);
        SharedRecord::gather(self.entries.iter().filter(|entry| entry.recorded_at() < end).cloned().collect())
    }

    /// What stands in the place of each entry by now; nothing where its author took it back.
    pub fn standing(&self) -> BTreeMap<EntryId, Option<EntryId>> {
        SharedRecord::standing(&self.entries)
    }

    /// Every entry on file, also those that were replaced or taken back.
    pub fn entries(&self) -> &[SharedEntry] {
        &self.entries
    }

    /// Were the keys of all these persons destroyed? A row about them is as if it had never been.
    pub fn forgot(&self, concerned: &[Concerned]) -> bool {
        let gone = |one: &Concerned| self.persons.get(&one.person).is_some_and(|row| row.key.is_none());
        !concerned.is_empty() && concerned.iter().all(gone)
    }

    /// Is a case of child protection among the entries, open or not?
    pub fn has_case(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry.kind(), "welfare_case" | "council_case"))
    }

    /// The entries that came with a message, as they were.
    pub fn came_with(&self, message: MessageId) -> impl Iterator<Item = &SharedEntry> {
        self.entries.iter().filter(move |entry| entry.source_message() == Some(message))
    }

    /// Is any of these entries current: not replaced, and not taken back?
    pub fn stands(&self, entries: &[EntryId]) -> bool {
        self.record().entries().iter().filter_map(SharedEntry::id).any(|id| entries.contains(&id))
    }

    /// Which of these entries change a series that is on file? Not those that say again what stands there.
    pub fn changed_by<'e>(&self, entries: &'e [SharedEntry]) -> Vec<&'e SharedEntry> {
        if self.entries.is_empty() {
            return Vec::new();
        }
        let known = |person| self.known_as(person);
        let new: BTreeSet<String> = entries.iter().map(|entry| entry.series_as(&known)).collect();
        let before: Vec<SharedEntry> =
            self.entries.iter().filter(|entry| new.contains(&entry.series())).cloned().collect();
        let on_file: BTreeSet<String> = before.iter().map(SharedEntry::series).collect();
        let stands = SharedRecord::gather(before);
        let repeats = |entry: &SharedEntry| {
            let entry = entry.clone().with_persons(&known);
            stands.entries().iter().any(|standing| standing.series() == entry.series() && entry.repeats(standing))
        };
        entries.iter().filter(|entry| on_file.contains(&entry.series_as(&known)) && !repeats(entry)).collect()
    }

    /// Is anything of the series of this entry on file?
    pub fn has_series_of(&self, entry: &SharedEntry) -> bool {
        let series = entry.series_as(&|person| self.known_as(person));
        self.entries.iter().any(|known| known.series() == series)
    }

    /// Have a person's details been on file before?
    pub fn describes(&self, person: PersonId) -> bool {
        let known = self.known_as(person);
        let own = |entry: &&SharedEntry| entry.persons().first().is_some_and(|(subject, _)| *subject == known);
        self.entries.iter().filter(own).any(|entry| entry.kind() == "person_details")
    }

    /// As what a person stands in the entries; a mother, where they do not say.
    pub fn role_of(&self, person: PersonId) -> SubjectRole {
        let known = self.known_as(person);
        let mut roles =
            self.entries.iter().flat_map(SharedEntry::persons).filter(|(one, _)| self.known_as(*one) == known);
        roles.next().map_or(SubjectRole::Mother, |(_, role)| role)
    }

    /// The birth date of a person, as the entries say.
    pub fn born(&self, person: PersonId) -> Option<Day> {
        let known = self.known_as(person);
        self.record().entries().iter().filter_map(|entry| entry.birth_date_of(known)).max()
    }

    /// Everything that is on file, and the facts of a decision about it or a part of it.
    pub fn whole(&self) -> (SharedRecord, Facts) {
        let record = self.record();
        let facts = self.facts_of(&record, None);
        (record, facts)
    }

    /// What is on file with entries that are about to be stored, and the facts of a decision about that.
    pub fn whole_with(&self, more: &[SharedEntry]) -> (SharedRecord, Facts) {
        let record = self.record_with(more);
        let facts = self.facts_of(&record, Some(&self.record()));
        (record, facts)
    }

    /// The facts of a decision about a record, for a recipient that is on the register and active. They are those of every
    /// subject of the record, and rest on what it says and, where there is something, on what stood there before.
    fn facts_of(&self, record: &SharedRecord, before: Option<&SharedRecord>) -> Facts {
        let mut subjects = self.facts.clone();
        let named = record.entries().iter().flat_map(SharedEntry::persons).map(|(person, _)| self.known_as(person));
        let everybody: BTreeSet<PersonId> = self.known().into_iter().chain(named).collect();
        for person in everybody {
            let subject = subjects.entry(person).or_default();
            // Where entries contradict each other the person counts as the youngest that they say.
            let said = before.into_iter().chain([record]).flat_map(SharedRecord::entries);
            subject.birth_date = said.clone().filter_map(|entry| entry.birth_date_of(person)).max();
            // Whoever says it: a permit ends with the life of the subject, and in doubt it is closed (E14).
            subject.died_at = said.filter_map(|entry| entry.died_at_of(person)).min();
            let rows = self.ids_of(person).into_iter().filter_map(|id| self.persons.get(&id));
            for municipality in rows.map(|row| row.municipality.clone()) {
                if !subject.homes.contains(&municipality) {
                    subject.homes.push(municipality);
                }
            }
        }
        Facts {
            recipient_active: true,
            subjects,
            grounds: self.grounds.clone(),
            standing: self.standing.clone(),
            weighings: self.weighings.clone(),
        }
    }

    /// The hash of the facts of a decision about the whole record.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.whole().1.fingerprint()
    }

    /// The keys of some persons, for sealing a row that concerns them.
    pub fn holders(&self, persons: &[PersonId]) -> Vec<(PersonId, &DataKey)> {
        let unique: BTreeSet<PersonId> = persons.iter().copied().collect();
        unique.into_iter().filter_map(|person| Some((person, self.keys.get(&person)?))).collect()
    }

    /// Opens what is sealed for those whom it concerns. What one key seals does not say whose: it is tried with theirs alone, or among
    /// many it would be tried with the key of each.
    pub(super) fn open(
        &self,
        concerned: impl IntoIterator<Item = PersonId>,
        sealed: &Sealed,
        hub: &DataKey,
        place: &Aad<'_>,
    ) -> Option<Vec<u8>> {
        let named = sealed.holders();
        let holders = if named.is_empty() { concerned.into_iter().collect() } else { named };
        let opened = holders.into_iter().find_map(|one| self.keys.get(&one)?.open_for(one, place, sealed).ok());
        opened.or_else(|| hub.open(place, sealed).ok()).map(|plain| plain.to_vec())
    }

    fn open_row(&self, row: &impl SealedRow, hub: &DataKey) -> Option<Vec<u8>> {
        self.open(row.concerned().iter().map(|one| one.person), row.sealed(), hub, &row.place())
    }
}

impl Hub {
    /// Reads a family: these persons, whoever they turned out to be, and whom their entries link them with. A decision about
    /// it is made at [`Family::at`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn family(&self, persons: &[PersonId], now: Time) -> Result<Family, Refusal> {
        let (mut family, facts) = self.read_rows(persons, now).await?;
        family.read_facts(&facts, &self.keyring.hub)?;
        Ok(family)
    }

    /// The families of several persons, read together: each family once, in the order in which its first person is named.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn families(&self, persons: &[PersonId], now: Time) -> Result<Vec<Family>, Refusal> {
        let (all, facts) = self.read_rows(persons, now).await?;
        let (facts, mut families) = (FactsOfPersons::new(&facts), all.parts(persons));
        for family in &mut families {
            let own = facts.of(family.persons.keys());
            family.read_facts(own, &self.keyring.hub)?;
        }
        Ok(families)
    }

    /// Some persons and whoever they turned out to be, with their keys and nothing else: what is sealed for them can be opened,
    /// and nothing can be decided about them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn keys_of(&self, persons: &BTreeSet<PersonId>) -> Result<Family, Refusal> {
        let mut keys = Family::new(self.now());
        self.add_persons(&mut keys, persons).await?;
        Ok(keys)
    }

    /// Persons and entries, and the facts as they are stored.
    async fn read_rows(&self, persons: &[PersonId], now: Time) -> Result<(Family, Vec<FactRow>), Refusal> {
        let mut family = Family::new(now);
        let mut wanted: BTreeSet<PersonId> = persons.iter().copied().collect();
        for _ in 0..WIDENINGS_MAX {
            self.add_persons(&mut family, &wanted).await?;
            let all: Vec<PersonId> = family.persons.keys().copied().collect();
            self.read_entries(&mut family, &all, &|_| true).await?;
            let linked = family.entries.iter().flat_map(SharedEntry::persons).map(|(person, _)| person);
            let before = wanted.len();
            wanted.extend(all);
            wanted.extend(linked);
            if wanted.len() == before || wanted.iter().all(|person| family.persons.contains_key(person)) {
                break;
            }
        }
        self.add_named(&mut family).await?;
        let all: Vec<PersonId> = family.persons.keys().copied().collect();
        let rows = self.store.fact_history(&all).await?;
        // A fact that was recorded meanwhile is among the rows, also one of a hub whose clock is ahead. The moment of the
        // decision is after it, not before.
        let last = rows.iter().map(|row| row.superseded_at.unwrap_or(row.recorded_at)).max();
        family.at = self.now().max(now).max(last.unwrap_or(now));
        let holds = |row: &FactRow| row.superseded_at.is_none() && !family.forgot(&row.persons);
        let rows = rows.into_iter().filter(holds).collect();
        Ok((family, rows))
    }

    /// Adds whom the last entries name, without widening further: nobody in the record is without facts and epoch.
    async fn add_named(&self, family: &mut Family) -> Result<(), Refusal> {
        let named = family.entries.iter().flat_map(SharedEntry::persons).map(|(person, _)| person);
        let missing: BTreeSet<PersonId> = named.filter(|person| !family.persons.contains_key(person)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        self.add_persons(family, &missing).await?;
        let entries = std::mem::take(&mut family.entries);
        let known = |person| family.known_as(person);
        family.entries = entries.into_iter().map(|entry| entry.with_persons(&known)).collect();
        Ok(())
    }

    pub(super) async fn add_persons(&self, family: &mut Family, persons: &BTreeSet<PersonId>) -> Result<(), Refusal> {
        let ids: Vec<PersonId> = persons.iter().copied().collect();
        for row in self.store.joined_with(&ids).await? {
            if let Some(key) = row.key.as_ref().and_then(|k| self.keyring.key_encryption.unwrap(row.id.0, k).ok()) {
                family.keys.insert(row.id, key);
            }
            family.persons.insert(row.id, row);
        }
        Ok(())
    }

    /// Reads those entries of some persons that are wanted.
    pub(super) async fn read_entries(
        &self,
        family: &mut Family,
        persons: &[PersonId],
        wanted: &(dyn Fn(&EntriesRow) -> bool + Sync),
    ) -> Result<(), Refusal> {
        (family.entries, family.received) = Default::default();
        for row in self.store.entries_of(persons).await?.into_iter().filter(wanted) {
            let aad = Aad::row(EntriesRow::TABLE, row.id.0);
            let keys = row.persons.iter().filter_map(|c| Some((c.person, family.keys.get(&c.person)?)));
            let opened =
                keys.into_iter().find_map(|(person, key)| SharedEntry::open(&row.body, person, key, &aad).ok());
            match opened {
                Some(some) => {
                    let known = some.into_iter().map(|entry| entry.with_persons(&|person| family.known_as(person)));
                    let known: Vec<SharedEntry> = known.collect();
                    family.received.extend(known.iter().map(|_| row.sequence));
                    family.entries.extend(known);
                }
                // Of a person outside the family, or one whose key was destroyed.
                None => tracing::debug!(first = %row.id, "entries stay closed"),
            }
        }
        Ok(())
    }

    /// Seals a row's body for everyone whom it concerns.
    pub(crate) fn seal(
        &self,
        family: &Family,
        persons: &[PersonId],
        table: &'static str,
        row: Uuid,
        version: u64,
        plain: &[u8],
    ) -> Sealed {
        let aad = Aad::version(table, row, version);
        seal_for(&family.holders(persons), &self.keyring.hub, &mut |bytes| entropy::fill(bytes), &aad, plain)
    }

    /// Seals something that is kept as JSON.
    pub(crate) fn seal_json<T: Serialize>(
        &self,
        family: &Family,
        persons: &[PersonId],
        table: &'static str,
        row: Uuid,
        version: u64,
        value: &T,
    ) -> Result<Sealed, Refusal> {
        let plain = serde_json::to_vec(value).map_err(|_| unreadable())?;
        Ok(self.seal(family, persons, table, row, version, &plain))
    }

    /// What a row says, which is kept as JSON. `None` when the keys are gone or the row is not what was written.
    pub(crate) fn opened<T: DeserializeOwned>(&self, family: &Family, row: &impl SealedRow) -> Option<T> {
        serde_json::from_slice(&family.open_row(row, &self.keyring.hub)?).ok()
    }
}

fn unreadable() -> Refusal {
    Refusal::from(StoreError::Corrupt { table: "fact", column: "body", key: Uuid::nil() })
}

impl Family {
    /// Takes in the facts about its persons. A fact that cannot be read refuses the decision: it may be the shield or the
    /// objection that bars it (P8).
    pub(super) fn read_facts<'r>(
        &mut self,
        rows: impl IntoIterator<Item = &'r FactRow>,
        hub: &DataKey,
    ) -> Result<(), Refusal> {
        for row in rows {
            self.read.push(row.id);
            let plain = self.open_row(row, hub);
            plain
                .and_then(|plain| self.read_fact(row.kind, &plain))
                .ok_or_else(|| Refusal::from(StoreError::Corrupt { table: "fact", column: "body", key: row.id.0 }))?;
        }
        Ok(())
    }

    /// Puts one fact where the decision looks for it. `None` when it is not the JSON of its kind.
    fn read_fact(&mut self, kind: FactKind, plain: &[u8]) -> Option<()> {
        fn json<T: DeserializeOwned>(plain: &[u8]) -> Option<T> {
            serde_json::from_slice(plain).ok()
        }
        // A fact about one person, filed under the id that the person is known by now.
        macro_rules! of_one_person {
            ($kind:ty, $place:ident) => {{
                let mut fact: $kind = json(plain)?;
                fact.subject = self.known_as(fact.subject);
                self.facts.entry(fact.subject).or_default().$place.push(fact);
            }};
        }
        match kind {
            FactKind::Consent | FactKind::Objection => of_one_person!(Consent, consents),
            FactKind::Shield => of_one_person!(Shield, shields),
            FactKind::Seal => of_one_person!(Seal, seals),
            FactKind::PerpetratorLink => of_one_person!(PerpetratorLink, perpetrator_links),
            FactKind::Relation => of_one_person!(Relation, relations),
            FactKind::BreakGlass => of_one_person!(BreakGlass, break_glass),
            FactKind::CouncilCase => {
                let mut fact: CouncilCase = json(plain)?;
                fact.subjects = fact.subjects.iter().map(|person| self.known_as(*person)).collect();
                for person in fact.subjects.clone() {
                    self.facts.entry(person).or_default().council_cases.push(fact.clone());
                }
            }
            FactKind::Ground => {
                let mut fact: Ground = json(plain)?;
                fact.subjects = fact.subjects.iter().map(|person| self.known_as(*person)).collect();
                self.grounds.push(fact);
            }
            FactKind::Weighing => {
                let mut fact: Weighing = json(plain)?;
                fact.subjects = fact.subjects.iter().map(|person| self.known_as(*person)).collect();
                self.weighings.push(fact);
            }
            FactKind::LegalHold => self.holds.push(json(plain)?),
            // It names nobody, and bears on no decision.
            FactKind::Question => {}
            FactKind::Approval => self.standing.push(json(plain)?),
            FactKind::Standing => {
                let (person, standing): (PersonId, PersonStanding) = json(plain)?;
                let known = self.known_as(person);
                let subject = self.facts.entry(known).or_default();
                subject.custody = standing.custody;
                subject.conflicts = standing.conflicts;
            }
        }
        Some(())
    }
}

/// Custody of a child, and who stands in a conflict of interest.
#[derive(Clone, Debug, Default, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PersonStanding {
    /// Who holds authority.
    pub custody: musubi_core::consent::Custody,
    /// Grantors in a conflict of interest.
    pub conflicts: Vec<PersonId>,
}

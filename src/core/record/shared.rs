//! One stored entry, and the entries of a family together.

use super::{SubjectRole, kind_of, update};
use crate::agency::{AgencyId, CategorySet};
use crate::id::{EntryId, MessageId, PersonId};
use crate::sealing::{Aad, DataKey, DoesNotOpen, Sealed, seal_for};
use crate::time::{Day, Time};
use musubi_proto::Labelled;
use musubi_proto::v1 as proto;
use prost::Message;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// One immutable fact, attributed (記録). Its contents stay in this crate; as they never change, copies share them.
#[derive(Clone)]
pub struct SharedEntry {
    entry: Arc<proto::Entry>,
}

impl fmt::Debug for SharedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedEntry({})", self.entry.id)
    }
}

/// A stored entry that cannot be read: the key is wrong, or the row was exchanged or damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored entry cannot be read")]
pub struct UnreadableEntry;

impl From<DoesNotOpen> for UnreadableEntry {
    fn from(_: DoesNotOpen) -> Self {
        UnreadableEntry
    }
}

/// Something that a person can be found by: stored only as a keyed blind index.
pub struct SearchTerm {
    /// Which index.
    pub field: &'static str,
    /// The normalised text.
    pub text: String,
    /// Whom it finds.
    pub person: PersonId,
}

impl SharedEntry {
    pub(crate) fn new(entry: proto::Entry) -> Self {
        SharedEntry { entry: Arc::new(entry) }
    }

    pub(crate) fn message(&self) -> &proto::Entry {
        &self.entry
    }

    pub(crate) fn into_message(self) -> proto::Entry {
        Arc::unwrap_or_clone(self.entry)
    }

    /// Musubi's id of it.
    pub fn id(&self) -> Option<EntryId> {
        EntryId::parse(&self.entry.id)
    }

    /// The kind of its body.
    pub fn kind(&self) -> &'static str {
        self.entry.body.as_ref().map_or("", kind_of)
    }

    /// Its subjects with their roles. Nobody is left out because a role is missing or none that the schema knows: each
    /// subject's own consents and shields weigh in a decision.
    pub fn persons(&self) -> Vec<(PersonId, SubjectRole)> {
        let known = |number: &i32| SubjectRole::of(proto::SubjectRole::try_from(*number).unwrap_or_default());
        let roles = self.entry.roles.iter().map(known).chain(std::iter::repeat(SubjectRole::Other));
        let ids = self.entry.person_ids.iter().map(|id| PersonId::parse(id));
        ids.zip(roles).filter_map(|(id, role)| Some((id?, role))).collect()
    }

    /// Every category that something of it needs, those that were raised included.
    pub(crate) fn categories(&self) -> CategorySet {
        CategorySet::from_bits(self.entry.told())
    }

    /// Its subjects, when every one of them can be read. Without one of them it cannot be judged.
    pub(crate) fn every_person(&self) -> Option<Vec<PersonId>> {
        self.entry.person_ids.iter().map(|id| PersonId::parse(id)).collect()
    }

    /// The agency that wrote it.
    pub fn author(&self) -> Option<AgencyId> {
        AgencyId::new(self.author_text()).ok()
    }

    fn author_text(&self) -> &str {
        if self.entry.author.is_empty() { &self.entry.author_of_protection } else { &self.entry.author }
    }

    /// The message that it was read from.
    pub fn source_message(&self) -> Option<MessageId> {
        MessageId::parse(&self.entry.source_message)
    }

    /// What names its series: author, kind of body, source key, and the persons: one key of a source may stand for mother
    /// and child, or for two twins.
    pub fn series(&self) -> String {
        self.series_with(&self.entry.person_ids.join(" "))
    }

    /// As [`SharedEntry::series`], with its persons as they are known now.
    pub fn series_as(&self, known_as: &dyn Fn(PersonId) -> PersonId) -> String {
        let ids = self.entry.person_ids.iter();
        let known = ids.map(|id| PersonId::parse(id).map_or_else(|| id.clone(), |person| known_as(person).to_string()));
        self.series_with(&known.collect::<Vec<_>>().join(" "))
    }

    fn series_with(&self, persons: &str) -> String {
        let author = self.author_text();
        let kind = match &self.entry.body {
            Some(proto::entry::Body::Withdrawal(withdrawal)) => withdrawal.body_kind.as_str(),
            _ => self.kind(),
        };
        format!("{author}\u{1f}{kind}\u{1f}{}\u{1f}{persons}", self.entry.source_key)
    }

    /// When it was recorded.
    pub fn recorded_at(&self) -> Time {
        Time::from_micros(self.entry.recorded_at_micros)
    }

    /// When it happened, as far as the source says; else when it was recorded.
    pub fn occurred_at(&self) -> Time {
        self.entry.occurred_at.as_ref().and_then(moment).unwrap_or_else(|| self.recorded_at())
    }

    /// Does it take an earlier entry of its series back?
    pub fn is_withdrawal(&self) -> bool {
        matches!(self.entry.body, Some(proto::entry::Body::Withdrawal(_)))
    }

    /// Does it say of its series just what stands there already? A table says who somebody is in every row.
    pub fn repeats(&self, standing: &SharedEntry) -> bool {
        self.clone().upon(standing).said() == standing.clone().said()
    }

    /// What it says, whoever handed it in how often. Who somebody is does not hang on when it was said, a death may.
    fn said(self) -> proto::Entry {
        let entry = self.into_message();
        let timeless = match &entry.body {
            Some(proto::entry::Body::PersonDetails(details)) => details.deceased != Some(true),
            _ => false,
        };
        proto::Entry {
            occurred_at: entry.occurred_at.filter(|_| !timeless),
            id: String::new(),
            subjects: Vec::new(),
            source_message: String::new(),
            source_path: String::new(),
            source_time: None,
            recorded_at_micros: 0,
            update: false,
            cleared: Vec::new(),
            ..entry
        }
    }

    /// Does it concern the same persons, in the same roles? Such entries of one message are sealed together.
    pub fn is_about_those_of(&self, other: &Self) -> bool {
        self.entry.person_ids == other.entry.person_ids && self.entry.roles == other.entry.roles
    }

    /// Sealed for the store as one, for everyone whom these entries concern. The store never sees more than this.
    pub fn seal(
        entries: &[Self],
        holders: &[(PersonId, &DataKey)],
        hub: &DataKey,
        random: &mut dyn FnMut(&mut [u8]),
        aad: &Aad<'_>,
    ) -> Sealed {
        let encoded: Vec<Vec<u8>> = entries.iter().map(|entry| entry.entry.encode_length_delimited_to_vec()).collect();
        seal_for(holders, hub, random, aad, &encoded.concat())
    }

    /// Opened again, in their order, with the key of one of their persons.
    ///
    /// # Errors
    /// When the key or the place is not the one that they were sealed for.
    pub fn open(sealed: &Sealed, person: PersonId, key: &DataKey, aad: &Aad<'_>) -> Result<Vec<Self>, UnreadableEntry> {
        let plain = key.open_for(person, aad, sealed)?;
        let (mut rest, mut entries) = (plain.as_slice(), Vec::new());
        while !rest.is_empty() {
            let entry = proto::Entry::decode_length_delimited(&mut rest).map_err(|_| UnreadableEntry)?;
            entries.push(SharedEntry::new(entry));
        }
        Ok(entries)
    }

    /// The same entry with its persons as they are known now: two that were joined are one.
    #[must_use]
    pub fn with_persons(mut self, known_as: &dyn Fn(PersonId) -> PersonId) -> Self {
        let joined = |id: &String| PersonId::parse(id).is_some_and(|person| known_as(person) != person);
        if !self.entry.person_ids.iter().any(joined) {
            return self;
        }
        for id in &mut Arc::make_mut(&mut self.entry).person_ids {
            if let Some(person) = PersonId::parse(id) {
                *id = known_as(person).to_string();
            }
        }
        self
    }

    /// The birth date of a person, if this entry says it.
    pub fn birth_date_of(&self, person: PersonId) -> Option<Day> {
        let Some(proto::entry::Body::PersonDetails(details)) = &self.entry.body else { return None };
        let own = self.persons().first().is_some_and(|(subject, _)| *subject == person);
        let date = details.birth_date.as_ref().filter(|date| own && date.day.is_some())?;
        moment(&proto::DateTime { date: Some(*date), ..proto::DateTime::default() }).map(Time::day)
    }

    /// When a person died, if this entry says so. Where no time is given, the entry's own counts.
    pub fn died_at_of(&self, person: PersonId) -> Option<Time> {
        let Some(proto::entry::Body::PersonDetails(details)) = &self.entry.body else { return None };
        let own = self.persons().first().is_some_and(|(subject, _)| *subject == person);
        let said = own && (details.deceased == Some(true) || details.deceased_at.is_some());
        said.then(|| details.deceased_at.as_ref().and_then(moment).unwrap_or_else(|| self.occurred_at()))
    }

    /// What its persons can be found by.
    pub fn search_terms(&self) -> Vec<SearchTerm> {
        let Some(proto::entry::Body::PersonDetails(details)) = &self.entry.body else { return Vec::new() };
        let Some((person, _)) = self.persons().into_iter().next() else { return Vec::new() };
        let terms = crate::identity::search_terms(details).into_iter();
        let strong = terms.filter(|(field, _)| crate::identity::BY_NAME.contains(field));
        strong.map(|(field, text)| SearchTerm { field, text, person }).collect()
    }
}

/// A date and time of the schema as a moment; what is imprecise counts from its beginning.
pub(crate) fn moment(value: &proto::DateTime) -> Option<Time> {
    let date = value.date.as_ref()?;
    let part = |part: Option<i32>, least: i32| i8::try_from(part.unwrap_or(least)).ok();
    let year = i16::try_from(date.year).ok()?;
    let day = jiff::civil::Date::new(year, part(date.month, 1)?, part(date.day, 1)?).ok()?;
    let time = jiff::civil::Time::new(part(value.hour, 0)?, part(value.minute, 0)?, part(value.second, 0)?, 0).ok()?;
    Some(Time::from_japan(day.to_datetime(time)))
}

/// The current entries of the people of one family.
#[derive(Debug, Default)]
pub struct SharedRecord {
    entries: Vec<SharedEntry>,
}

impl SharedRecord {
    /// Gathers entries, handed over in order of receipt: of each series the latest (by source time, then by order of receipt,
    /// S-23) stands, what its author took back is gone, as is what a list that came later leaves out, and an update is
    /// completed by what stood before it.
    pub fn gather(entries: Vec<SharedEntry>) -> Self {
        let lists = Lists::of(&entries);
        let mut series: BTreeMap<String, Vec<SharedEntry>> = BTreeMap::new();
        for entry in entries {
            series.entry(entry.series()).or_default().push(entry);
        }
        let current = series.into_values().filter_map(|mut entries| {
            // Stable: of two of one moment the one that was received later stands.
            entries.sort_by_key(SharedEntry::order);
            entries.into_iter().reduce(|before, next| next.upon(&before))
        });
        let stands = |entry: &SharedEntry| !entry.is_withdrawal() && lists.hold(entry);
        let mut entries: Vec<SharedEntry> = current.filter(stands).collect();
        entries.sort_by_cached_key(|entry| (entry.occurred_at(), entry.entry.id.clone()));
        SharedRecord { entries }
    }

    /// What stands in the place of each entry by now: itself, a correction of it, or nothing once its author took it back.
    pub fn standing(entries: &[SharedEntry]) -> BTreeMap<EntryId, Option<EntryId>> {
        let mut series: BTreeMap<String, Vec<&SharedEntry>> = BTreeMap::new();
        for entry in entries {
            series.entry(entry.series()).or_default().push(entry);
        }
        let lists = Lists::of(entries);
        let mut standing = BTreeMap::new();
        for mut versions in series.into_values() {
            versions.sort_by_key(|entry| entry.order());
            let stands = |last: &&&SharedEntry| !last.is_withdrawal() && lists.hold(last);
            let last = versions.last().filter(stands).and_then(|last| last.id());
            standing.extend(versions.iter().filter_map(|entry| Some((entry.id()?, last))));
        }
        standing
    }

    /// Entries as they were sent, nothing replaced and nothing taken back.
    pub(crate) fn as_sent(entries: Vec<SharedEntry>) -> Self {
        SharedRecord { entries }
    }

    /// Its entries.
    pub fn entries(&self) -> &[SharedEntry] {
        &self.entries
    }

    /// Keeps some of them.
    #[must_use]
    pub fn keep(mut self, wanted: impl Fn(&SharedEntry) -> bool) -> Self {
        self.entries.retain(|entry| wanted(entry));
        self
    }

    pub(crate) fn into_entries(self) -> Vec<SharedEntry> {
        self.entries
    }
}

/// The latest message of each list of a source: it replaced the whole list (`formats/hospital.md` 2.5).
struct Lists(BTreeMap<String, (Time, Time)>);

impl Lists {
    fn of(entries: &[SharedEntry]) -> Self {
        let mut latest = BTreeMap::new();
        for entry in entries {
            if let Some(list) = entry.list() {
                let last = latest.entry(list).or_insert_with(|| entry.order());
                *last = entry.order().max(*last);
            }
        }
        Lists(latest)
    }

    /// Is the entry no line of a list that a later message replaced?
    fn hold(&self, entry: &SharedEntry) -> bool {
        let last = entry.list().and_then(|list| self.0.get(&list).copied());
        last.is_none_or(|last| entry.order() == last)
    }
}

impl SharedEntry {
    /// The list of its author and persons that it is a line of.
    fn list(&self) -> Option<String> {
        let entry = &self.entry;
        let name = [self.author_text(), self.kind(), &entry.list, &entry.person_ids.join(" ")].join("\u{1f}");
        Some(name).filter(|_| !entry.list.is_empty())
    }

    /// What stands once this has come after another entry of its series.
    fn upon(self, before: &SharedEntry) -> Self {
        if !self.entry.update {
            return self;
        }
        SharedEntry::new(update::upon(self.into_message(), &before.entry))
    }

    fn order(&self) -> (Time, Time) {
        let source = self.entry.source_time.as_ref().and_then(moment);
        (source.unwrap_or_else(|| self.recorded_at()), self.recorded_at())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use uuid::Uuid;

    #[test]
    fn who_somebody_is_may_be_said_again_on_another_day_and_a_death_may_not() {
        let said = |id: &str, day: i32, deceased| {
            let date = proto::Date { year: 2026, month: Some(11), day: Some(day) };
            SharedEntry::new(proto::Entry {
                id: id.to_owned(),
                occurred_at: Some(proto::DateTime { date: Some(date), ..proto::DateTime::default() }),
                body: Some(proto::entry::Body::PersonDetails(proto::PersonDetails { deceased, ..Default::default() })),
                ..proto::Entry::default()
            })
        };
        assert!(said("b", 9, None).repeats(&said("a", 2, None)));
        assert!(!said("b", 9, Some(true)).repeats(&said("a", 2, None)));
        assert!(!said("b", 9, Some(true)).repeats(&said("a", 2, Some(true))));
        assert!(said("b", 2, Some(true)).repeats(&said("a", 2, Some(true))));
    }

    #[test]
    fn entries_that_are_sealed_together_open_in_their_order_for_each_of_their_persons() {
        let entry = |id: &str| SharedEntry::new(proto::Entry { id: id.to_owned(), ..proto::Entry::default() });
        let keys = [1, 2].map(|byte| DataKey::from_random([byte; 32]));
        let persons = [1, 2].map(|number| PersonId(Uuid::from_u128(number)));
        let holders: Vec<(PersonId, &DataKey)> = persons.into_iter().zip(&keys).collect();
        let aad = Aad::row("entries", Uuid::from_u128(7));
        let sealed =
            SharedEntry::seal(&["b", "", "a"].map(entry), &holders, &keys[0], &mut |bytes| bytes.fill(3), &aad);
        for (person, key) in holders {
            let opened = SharedEntry::open(&sealed, person, key, &aad).unwrap();
            assert_eq!(opened.iter().map(|entry| entry.entry.id.as_str()).collect::<Vec<_>>(), ["b", "", "a"]);
        }
        let stranger = PersonId(Uuid::from_u128(3));
        assert_eq!(SharedEntry::open(&sealed, stranger, &keys[0], &aad).unwrap_err(), UnreadableEntry);
    }
}

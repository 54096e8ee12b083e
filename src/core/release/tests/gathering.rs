//! Which entry of a series stands.

use crate::agency::{AgencyId, AgencyKind};
use crate::id::{EntryId, MessageId, Municipality, PersonId};
use crate::record::{Attribution, SharedEntry, SharedRecord, Submission};
use crate::time::Time;
use musubi_proto::v1 as proto;
use musubi_proto::{Dice, Random};
use proto::entry::Body;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const AUTHORS: [&str; 3] = ["MED-1", "MED-2", "OSC-1"];

/// (author, key, kind) of a few series, source hour, received, is it a withdrawal?
#[derive(Clone)]
struct Sent {
    author: usize,
    key: u64,
    visit: bool,
    hour: Option<u64>,
    received: u64,
    withdrawn: bool,
}

impl Sent {
    fn random(dice: &mut Dice, received: u64) -> Self {
        Sent {
            author: dice.below(3) as usize,
            key: dice.below(2),
            visit: dice.coin(),
            hour: (dice.below(4) > 0).then(|| dice.below(4)),
            received,
            withdrawn: dice.below(4) == 0,
        }
    }

    fn id(&self) -> String {
        Uuid::from_u128(0x5000 + u128::from(self.received)).to_string()
    }

    fn recorded_at(&self) -> Time {
        Time::MIN.plus_days(20_000).plus_minutes(self.received as i64)
    }

    /// As the hub orders: by the source's time, or that of receipt where it says none; then by receipt.
    fn order(&self) -> (Time, Time, String) {
        let source =
            self.hour.map(|hour| Time::parse_rfc3339(&format!("2024-10-0{}T00:00:00+09:00", hour + 1)).unwrap());
        (source.unwrap_or_else(|| self.recorded_at()), self.recorded_at(), self.id())
    }

    fn entry(&self) -> SharedEntry {
        let kind = if self.visit { "home_visit" } else { "consultation" };
        let body = match (self.withdrawn, self.visit) {
            (true, _) => {
                Body::Withdrawal(proto::Withdrawal { body_kind: kind.to_owned(), reason: "deleted".to_owned() })
            }
            (false, true) => Body::HomeVisit(proto::HomeVisit::seeded(self.received)),
            (false, false) => Body::Consultation(proto::Consultation::seeded(self.received)),
        };
        let date = |hour| proto::Date { year: 2024, month: Some(10), day: Some(hour as i32 + 1) };
        SharedEntry::new(proto::Entry {
            id: self.id(),
            author: AUTHORS[self.author].to_owned(),
            source_key: format!("key {}", self.key),
            source_time: self.hour.map(|hour| proto::DateTime { date: Some(date(hour)), ..Default::default() }),
            recorded_at_micros: self.recorded_at().micros(),
            body: Some(body),
            ..proto::Entry::default()
        })
    }
}

fn ids(record: &SharedRecord) -> Vec<String> {
    record.entries().iter().filter_map(SharedEntry::id).map(|id| id.to_string()).collect()
}

#[test]
fn of_a_series_the_latest_by_source_time_then_receipt_stands_and_what_was_taken_back_is_gone() {
    for seed in 0..400 {
        let mut dice = Dice::new(seed);
        let sent: Vec<Sent> = (0..12).map(|received| Sent::random(&mut dice, received)).collect();
        let mut latest: BTreeMap<(usize, u64, bool), &Sent> = BTreeMap::new();
        for one in &sent {
            let held = latest.entry((one.author, one.key, one.visit)).or_insert(one);
            if held.order() < one.order() {
                *held = one;
            }
        }
        let mut expected: Vec<String> = latest.values().filter(|one| !one.withdrawn).map(|one| one.id()).collect();
        let record = SharedRecord::gather(sent.iter().map(Sent::entry).collect());
        let mut found = ids(&record);
        let order = found.clone();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "seed {seed}");
        let mut shuffled = sent.clone();
        for last in (1..shuffled.len()).rev() {
            shuffled.swap(last, dice.below(last as u64 + 1) as usize);
        }
        assert_eq!(ids(&SharedRecord::gather(shuffled.iter().map(Sent::entry).collect())), order, "seed {seed}");
    }
}

fn submission(entries: Vec<proto::Entry>) -> Submission {
    Submission::check(proto::Submission { entries, ..proto::Submission::default() }).unwrap()
}

fn about(role: proto::SubjectRole, identifier: &str, key: &str, body: Body) -> proto::Entry {
    let (issuer, identifier) = ("MED-1".to_owned(), identifier.to_owned());
    let subjects = vec![proto::Subject { role: role.into(), issuer, identifier }];
    proto::Entry { source_key: key.to_owned(), subjects, body: Some(body), ..proto::Entry::default() }
}

fn attributed(submission: Submission, author: &str, author_kind: AgencyKind) -> Vec<SharedEntry> {
    let mut next = 0;
    submission.attribute(Attribution {
        author: &AgencyId::new(author).unwrap(),
        author_kind,
        message: MessageId(Uuid::from_u128(1)),
        municipality: &Municipality::unassigned(),
        recorded_at: Time::MIN.plus_days(20_000),
        person: &|key| Some(PersonId(Uuid::from_u128(key.identifier.bytes().map(u128::from).sum()))),
        entry_id: &mut || {
            next += 1;
            EntryId(Uuid::from_u128(next))
        },
    })
}

#[test]
fn twins_and_their_mother_do_not_replace_each_other_under_one_key() {
    use proto::SubjectRole::{Child, Mother};
    let details = |seed| Body::PersonDetails(proto::PersonDetails::seeded(seed));
    let newborn = |seed| Body::Newborn(proto::Newborn::seeded(seed));
    let entries = attributed(
        submission(vec![
            about(Mother, "1", "person", details(1)),
            about(Child, "2", "person", details(2)),
            about(Child, "3", "person", details(3)),
            about(Child, "2", "birth", newborn(2)),
            about(Child, "3", "birth", newborn(3)),
        ]),
        "MED-1",
        AgencyKind::Med,
    );
    assert_eq!(SharedRecord::gather(entries).entries().len(), 5);
}

#[test]
fn what_a_sender_writes_about_the_author_counts_for_nothing() {
    let forged = |body| {
        let mut entry = about(proto::SubjectRole::Mother, "1", "k", body);
        (entry.author, entry.author_of_protection) = ("MED-9".to_owned(), "CGC-9".to_owned());
        entry
    };
    for (author, kind) in [("CGC-1", AgencyKind::Cgc), ("MED-1", AgencyKind::Med)] {
        let entry = forged(Body::Consultation(proto::Consultation::seeded(1)));
        let entries = attributed(submission(vec![entry]), author, kind);
        assert_eq!(entries[0].author(), Some(AgencyId::new(author).unwrap()));
        let message = entries[0].message();
        assert_eq!([message.author.as_str(), &message.author_of_protection].concat(), author);
    }
}

#[test]
fn a_number_that_the_schema_does_not_know_is_refused() {
    let mut entry = about(proto::SubjectRole::Mother, "1", "k", Body::Consultation(proto::Consultation::seeded(1)));
    entry.subjects[0].role = 99;
    entry.label = 77;
    let refused = Submission::check(proto::Submission { entries: vec![entry], ..Default::default() });
    let places: Vec<String> = refused.err().unwrap().into_iter().map(|fault| fault.to_string()).collect();
    assert_eq!(places.len(), 2, "{places:?}");
    assert!(places.iter().all(|place| place.starts_with("error M107 entries[0].")), "{places:?}");
}

/// A line of a list, of a message that was sent at this hour.
fn line(key: &str, list: &str, hour: u32) -> SharedEntry {
    let date = proto::Date { year: 2026, month: Some(10), day: Some(1) };
    SharedEntry::new(proto::Entry {
        id: Uuid::from_u128(u128::from(hour) << 64 | u128::from(key.as_bytes()[0])).to_string(),
        author: "MED-1".to_owned(),
        source_key: key.to_owned(),
        list: list.to_owned(),
        source_time: Some(proto::DateTime { date: Some(date), hour: Some(hour as i32), ..Default::default() }),
        person_ids: vec![Uuid::from_u128(7).to_string()],
        body: Some(Body::Coverage(proto::Coverage::default())),
        ..proto::Entry::default()
    })
}

#[test]
fn a_list_that_is_sent_again_replaces_the_whole_list_and_nothing_beside_it() {
    let keys = |entries: Vec<SharedEntry>| {
        let standing = SharedRecord::standing(&entries).into_values().flatten().collect::<BTreeSet<_>>();
        let record = SharedRecord::gather(entries);
        let mut keys: Vec<String> = record.entries().iter().map(|entry| entry.message().source_key.clone()).collect();
        assert_eq!(standing.len(), keys.len(), "what stands in the place of each says the same");
        keys.sort();
        keys
    };
    let first = || vec![line("a", "IN1", 1), line("b", "IN1", 1), line("c", "", 1), line("d", "AL1", 1)];
    assert_eq!(keys(first()), ["a", "b", "c", "d"]);
    let later = [first(), vec![line("e", "IN1", 2), line("f", "IN1", 2)]].concat();
    assert_eq!(keys(later), ["c", "d", "e", "f"], "neither a nor b was named again");
    let told_again = [first(), vec![line("e", "IN1", 2), line("e", "", 3)]].concat();
    assert_eq!(keys(told_again), ["c", "d", "e"], "a line that a document tells again brings no older one back");
    let late = [vec![line("e", "IN1", 2)], first()].concat();
    assert_eq!(keys(late), ["c", "d", "e"], "what was sent earlier and came later replaces nothing");
}

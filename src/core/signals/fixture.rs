//! Released records for tests: made by the real `release`, for the author of the entries (T1) or for another.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use crate::agency::{Actor, AgencyId, AgencyKind, CategorySet, Purpose, Role};
use crate::consent::records::Ground;
use crate::consent::{Facts, GroundCode, Policy, Request};
use crate::id::{EntryId, FactId, MessageId, Municipality, PersonId};
use crate::record::{Attribution, PersonKey, SharedEntry, SharedRecord, Submission};
use crate::release::{Released, release};
use crate::time::Time;
use jiff::civil::date;
use musubi_proto::v1 as proto;
use proto::SubjectRole::{Child, Mother};
use proto::entry::Body;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The moment of asking.
pub(crate) fn now() -> Time {
    Time::from_japan(date(2026, 11, 17).at(10, 0, 0, 0))
}

/// A person of the tests.
pub(crate) fn person(number: u128) -> PersonId {
    PersonId(Uuid::from_u128(number))
}

/// The entry that was written first is 1.
pub(crate) fn entry_id(number: u128) -> EntryId {
    EntryId(Uuid::from_u128(0x1000 + number))
}

/// A day of the schema.
pub(crate) fn on(year: i32, month: i32, day: i32) -> proto::Date {
    proto::Date { year, month: Some(month), day: Some(day) }
}

/// An entry about a mother (odd number) or a child (even number).
pub(crate) fn about(number: u32, key: &str, body: Body) -> proto::Entry {
    entry(&[number], key, body)
}

/// An entry about several persons.
pub(crate) fn entry(numbers: &[u32], key: &str, body: Body) -> proto::Entry {
    let subjects = numbers.iter().map(|number| proto::Subject {
        role: if number % 2 == 0 { Child } else { Mother }.into(),
        issuer: "OSC-482072".to_owned(),
        identifier: number.to_string(),
    });
    proto::Entry { source_key: key.to_owned(), subjects: subjects.collect(), body: Some(body), ..Default::default() }
}

/// What the center released to itself.
pub(crate) fn released(entries: Vec<proto::Entry>) -> Released {
    released_to("OSC-482072", AgencyKind::Osc, Purpose::P3, entries)
}

/// What somebody may see of what the center wrote, with nothing on file.
pub(crate) fn released_to(recipient: &str, kind: AgencyKind, purpose: Purpose, entries: Vec<proto::Entry>) -> Released {
    decided(recipient, kind, purpose, Vec::new(), entries)
}

/// What the child guidance center may see under an L04 by which the center gave it these categories.
pub(crate) fn released_under(categories: CategorySet, entries: Vec<proto::Entry>) -> Released {
    let center = "CGC-480002-02";
    let ground = Ground {
        id: FactId(Uuid::from_u128(0x204)),
        supersedes: None,
        code: GroundCode::L04,
        statute_version: "2024-04-01".to_owned(),
        number: Some("汐児8-204".to_owned()),
        recipient: AgencyId::new(center).unwrap(),
        asserting_agency: AgencyId::new("OSC-482072").unwrap(),
        asserting_officer: "oba".to_owned(),
        subjects: (1..=4).map(person).collect(),
        categories,
        necessity: "児の安全確認".to_owned(),
        evidence: BTreeMap::new(),
        from: Time::MIN,
        until: Some(now().plus_days(30)),
        recorded_at: Time::MIN,
        ended_at: None,
        approvals: Vec::new(),
        provisos: Vec::new(),
        refusals: Vec::new(),
        message: None,
        sources: Vec::new(),
        level: Some(crate::consent::records::Level::L3),
    };
    decided(center, AgencyKind::Cgc, Purpose::P5, vec![ground], entries)
}

fn decided(
    recipient: &str,
    kind: AgencyKind,
    purpose: Purpose,
    grounds: Vec<Ground>,
    entries: Vec<proto::Entry>,
) -> Released {
    let request = Request {
        recipient: AgencyId::new(recipient).unwrap(),
        kind,
        purpose,
        actor: Actor { staff_id: "w-0412".to_owned(), role: Role::ChildWelfareOfficer },
        municipality: None,
        cited_ground: None,
    };
    // Everybody's file was read, and nothing is on it.
    let subjects = (1..=4).map(|number| (person(number), Default::default())).collect();
    let facts = Facts { recipient_active: true, grounds, subjects, ..Facts::default() };
    release(SharedRecord::gather(stored(entries)), &request, &facts, &Policy::reviewed(), now())
}

/// These entries as the center's, all of one moment.
pub(crate) fn stored(entries: Vec<proto::Entry>) -> Vec<SharedEntry> {
    stored_by("OSC-482072", AgencyKind::Osc, entries)
}

/// These entries as an agency's.
pub(crate) fn stored_by(author: &str, author_kind: AgencyKind, entries: Vec<proto::Entry>) -> Vec<SharedEntry> {
    let mut count = 0;
    let message = proto::Submission { format: "test".to_owned(), entries, ..Default::default() };
    Submission::check(message).unwrap().attribute(Attribution {
        author: &AgencyId::new(author).unwrap(),
        author_kind,
        message: MessageId(Uuid::from_u128(9)),
        municipality: &Municipality::new("482072").unwrap(),
        recorded_at: Time::from_japan(date(2026, 11, 11).at(17, 15, 0, 0)),
        person: &|key: &PersonKey| key.identifier.parse().ok().map(person),
        entry_id: &mut || {
            count += 1;
            entry_id(count)
        },
    })
}

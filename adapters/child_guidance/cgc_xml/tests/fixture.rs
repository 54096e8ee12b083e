//! Families as a center has them, released to a child guidance center under a ground, or to their author.

use musubi_core::agency::{Actor, AgencyId, AgencyKind, Category, Purpose, Role};
use musubi_core::consent::records::Ground;
use musubi_core::consent::{Facts, GroundCode, Policy, Request};
use musubi_core::id::{EntryId, FactId, MessageId, Municipality, PersonId, uuid_v7};
use musubi_core::record::{Attribution, PersonKey, SharedRecord, Submission};
use musubi_core::release::{Released, release};
use musubi_core::time::Time;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use std::collections::BTreeMap;

/// The moment of the story's thirteenth row.
pub(super) fn now() -> Time {
    Time::parse_rfc3339("2026-11-17T10:00:00+09:00").unwrap()
}

/// Texts that no center may see here: each stands in a field of its category.
pub(super) const CANARIES: &[&str] = &[
    "隠氏名",
    "隠住所",
    "隠電話",
    "隠現在地",
    "隠記録",
    "隠通告者",
    "隠懸念",
    "隠所見",
    "隠計画",
    "隠経路",
    "09000009999",
];

fn on(month: i32, day: i32) -> Option<proto::Date> {
    Some(proto::Date { year: 2026, month: Some(month), day: Some(day) })
}

fn entry(persons: &[u8], key: &str, body: Body) -> proto::Entry {
    let subjects = persons.iter().map(|number| proto::Subject {
        role: if number % 2 == 0 { proto::SubjectRole::Child } else { proto::SubjectRole::Mother }.into(),
        issuer: "OSC-482072".to_owned(),
        identifier: number.to_string(),
    });
    proto::Entry { source_key: key.to_owned(), subjects: subjects.collect(), body: Some(body), ..Default::default() }
}

fn details(name: &str, birth_date: Option<proto::Date>) -> Body {
    Body::PersonDetails(proto::PersonDetails {
        names: vec![proto::HumanName { text: format!("隠氏名{name}"), ..Default::default() }],
        birth_date,
        addresses: vec![proto::Address {
            text: "隠住所".to_owned(),
            municipality: "482072".to_owned(),
            ..Default::default()
        }],
        contacts: vec![proto::Contact {
            system: "phone".to_owned(),
            value: "09000009999".to_owned(),
            ..Default::default()
        }],
        ..Default::default()
    })
}

/// A mother and a child in view of the city, unmet, with a case and a concern.
pub(super) fn family(mother: u8) -> Vec<proto::Entry> {
    let child = mother + 1;
    let visit = |day| proto::HomeVisit {
        visited_on: on(11, day),
        result: "absent".to_owned(),
        child_seen: Some(false),
        note: "隠記録".to_owned(),
        environment: "隠所見".to_owned(),
        ..Default::default()
    };
    let case = proto::WelfareCase {
        case_id: format!("汐8-{mother:04}"),
        category: "ChildInNeedOfSupport".to_owned(),
        severity: "Medium".to_owned(),
        urgency: "B".to_owned(),
        status: "HomeSupport".to_owned(),
        intake_at: Some(proto::DateTime { date: on(11, 11), ..Default::default() }),
        lead_agency: "OSC-482072".to_owned(),
        reporter_route: "隠経路".to_owned(),
        plan_summary: "隠計画".to_owned(),
        ..Default::default()
    };
    let concern = proto::Concern {
        text: "隠懸念".to_owned(),
        notifier: "隠通告者".to_owned(),
        urgency: "B".to_owned(),
        ..Default::default()
    };
    let newborn = proto::Newborn {
        present_location: "隠現在地".to_owned(),
        born_at: Some(proto::DateTime { date: on(10, 19), ..Default::default() }),
        ..Default::default()
    };
    let link = proto::ParentChild { relationship: "MTH".to_owned(), ..Default::default() };
    vec![
        entry(&[mother], "person:mother", details("母", None)),
        entry(&[child], "person:child", details("児", on(10, 19))),
        entry(&[mother, child], "mother", Body::ParentChild(link)),
        entry(&[child], "birth", Body::Newborn(newborn)),
        entry(&[child, mother], "visit:1", Body::HomeVisit(visit(6))),
        entry(&[child, mother], "visit:2", Body::HomeVisit(visit(11))),
        entry(&[child, mother], "case", Body::WelfareCase(case)),
        entry(&[child], "concern", Body::Concern(concern)),
    ]
}

/// To the center that wrote them.
pub(super) fn to_author(entries: Vec<proto::Entry>) -> Released {
    decided("OSC-482072", AgencyKind::Osc, Vec::new(), entries)
}

/// To the child guidance center under 汐児8-204, these categories given by the city.
pub(super) fn under_ground(categories: &[Category], entries: Vec<proto::Entry>) -> Released {
    let ground = Ground {
        id: FactId(uuid_v7(now(), [8; 10])),
        supersedes: None,
        code: GroundCode::L04,
        statute_version: "2024-04-01".to_owned(),
        number: Some("汐児8-204".to_owned()),
        recipient: AgencyId::new("CGC-480002-02").unwrap(),
        asserting_agency: AgencyId::new("OSC-482072").unwrap(),
        asserting_officer: "oba".to_owned(),
        subjects: (1..=8).map(person).collect(),
        categories: categories.iter().copied().collect(),
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
        level: Some(musubi_core::consent::records::Level::L3),
    };
    decided("CGC-480002-02", AgencyKind::Cgc, vec![ground], entries)
}

fn decided(recipient: &str, kind: AgencyKind, grounds: Vec<Ground>, entries: Vec<proto::Entry>) -> Released {
    let recorded_at = Time::parse_rfc3339("2026-11-11T17:15:00+09:00").unwrap();
    let mut number = 0;
    let message = proto::Submission { format: "test".to_owned(), entries, ..Default::default() };
    let stored = Submission::check(message).expect("can be taken").attribute(Attribution {
        author: &AgencyId::new("OSC-482072").unwrap(),
        author_kind: AgencyKind::Osc,
        message: MessageId(uuid_v7(now(), [9; 10])),
        municipality: &Municipality::new("482072").unwrap(),
        recorded_at,
        person: &|key: &PersonKey| key.identifier.parse().ok().map(person),
        entry_id: &mut || {
            number += 1;
            EntryId(uuid_v7(recorded_at, [number; 10]))
        },
    });
    let request = Request {
        recipient: AgencyId::new(recipient).unwrap(),
        kind,
        purpose: if kind == AgencyKind::Cgc { Purpose::P5 } else { Purpose::P3 },
        actor: Actor { staff_id: "w-0412".to_owned(), role: Role::ChildWelfareOfficer },
        municipality: None,
        cited_ground: None,
    };
    let record = SharedRecord::gather(stored);
    // Everybody's file was read, and nothing is on it.
    let persons = record.entries().iter().flat_map(|entry| entry.persons());
    let subjects = persons.map(|(person, _)| (person, Default::default())).collect();
    let facts = Facts { recipient_active: true, grounds, subjects, ..Facts::default() };
    release(record, &request, &facts, &Policy::reviewed(), now())
}

/// The same number is always the same person.
pub(super) fn person(number: u8) -> PersonId {
    PersonId(uuid_v7(Time::MIN, [number; 10]))
}

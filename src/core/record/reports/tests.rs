#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::agency::AgencyKind;
use crate::id::{MessageId, Municipality};
use crate::record::{Attribution, Submission};
use crate::time::Time;
use uuid::Uuid;

fn id(number: u128) -> EntryId {
    EntryId(Uuid::from_u128(number))
}

fn person(number: &str) -> PersonId {
    PersonId(Uuid::from_u128(number.parse().unwrap()))
}

fn about(number: &str, key: &str, body: Body) -> proto::Entry {
    let subject =
        proto::Subject { issuer: "MED-1".to_owned(), identifier: number.to_owned(), ..proto::Subject::default() };
    proto::Entry { source_key: key.to_owned(), subjects: vec![subject], body: Some(body), ..proto::Entry::default() }
}

fn visit(number: &str, key: &str) -> proto::Entry {
    about(number, key, Body::HomeVisit(proto::HomeVisit::default()))
}

fn step(names: &[&str]) -> proto::Entry {
    let report_entries = names.iter().map(ToString::to_string).collect();
    about("1", "step", Body::ReferralStep(proto::ReferralStep { report_entries, ..proto::ReferralStep::default() }))
}

fn submission(entries: Vec<proto::Entry>) -> Result<Submission, Vec<Diagnostic>> {
    Submission::check(proto::Submission { entries, ..proto::Submission::default() })
}

/// As the hub stores them, with the ids 1, 2, 3 …
fn stored(entries: Vec<proto::Entry>) -> Vec<SharedEntry> {
    let mut next = 0;
    submission(entries).unwrap().attribute(Attribution {
        author: &AgencyId::new("MED-1").unwrap(),
        author_kind: AgencyKind::Med,
        message: MessageId(Uuid::from_u128(1)),
        municipality: &Municipality::new("482072").unwrap(),
        recorded_at: Time::MIN,
        person: &|key| Some(person(&key.identifier)),
        entry_id: &mut || {
            next += 1;
            id(next)
        },
    })
}

#[test]
fn a_step_names_entries_that_come_with_it_by_their_keys_and_the_hub_by_their_ids() {
    let earlier = id(99).to_string();
    let stored =
        stored(vec![step(&["visit", &earlier, "visit"]), visit("1", "visit"), visit("2", "visit"), visit("1", "x")]);
    assert_eq!(stored[0].reports(), [id(2), id(3), id(99)], "all of a key, each once");
}

#[test]
fn a_step_that_names_neither_an_id_nor_a_key_that_came_with_it_is_refused() {
    let faults = submission(vec![step(&["visit"]), visit("1", "other")]).unwrap_err();
    assert_eq!(faults.iter().map(|fault| &*fault.code).collect::<Vec<_>>(), ["M115"]);
    assert!(submission(vec![step(&["step"])]).is_err(), "nor does it report itself");
}

#[test]
fn a_report_is_written_by_who_completes_it_about_the_person_and_of_something_done() {
    let details = about("1", "who", Body::PersonDetails(proto::PersonDetails::default()));
    let record = SharedRecord::gather(stored(vec![visit("1", "a"), visit("2", "b"), details]));
    let (writer, other) = (AgencyId::new("MED-1").unwrap(), AgencyId::new("MED-2").unwrap());
    let persons = BTreeSet::from([person("1")]);
    let refused = |by: &AgencyId, number| -> Vec<String> {
        record.reports_among(&[id(number)], by, &persons).1.iter().map(|said| said.code.to_string()).collect()
    };
    let both = record.reports_among(&[id(9), id(1), id(1)], &writer, &persons);
    assert_eq!((both.0, both.1.len()), (vec![id(1)], 1), "each once");
    assert!(refused(&writer, 1).is_empty());
    assert_eq!(refused(&writer, 2), ["M619"]);
    assert_eq!(refused(&writer, 3), ["M620"]);
    assert_eq!(refused(&writer, 9), ["M618"]);
    assert_eq!(refused(&other, 1), refused(&other, 9), "what another wrote is as if it were not there");
}

#[test]
fn a_submission_names_so_many_reports_and_no_more() {
    let many = |steps: usize| -> Vec<proto::Entry> {
        let reports = std::iter::repeat_with(|| visit("1", "visit")).take(100);
        reports.chain(std::iter::repeat_with(|| step(&["visit", "visit"])).take(steps)).collect()
    };
    assert!(submission(many(LINKS_MAX / 100)).is_ok());
    let faults = submission(many(LINKS_MAX / 100 + 1)).unwrap_err();
    assert_eq!(faults.iter().map(|fault| &*fault.code).collect::<Vec<_>>(), ["M116"]);
}

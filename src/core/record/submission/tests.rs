#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::agency::Category;
use crate::consent::RaisedCodes;
use proto::entry::Body;

fn about(number: &str, body: Body) -> proto::Entry {
    let subject = proto::Subject {
        role: proto::SubjectRole::Mother.into(),
        issuer: "MED-1".to_owned(),
        identifier: number.to_owned(),
    };
    proto::Entry { source_key: "one".to_owned(), subjects: vec![subject], body: Some(body), ..proto::Entry::default() }
}

fn submission(entries: Vec<proto::Entry>) -> Submission {
    Submission::check(proto::Submission { entries, ..proto::Submission::default() }).unwrap()
}

fn coded(system: &str, code: &str) -> Option<proto::Coded> {
    Some(proto::Coded { system: system.to_owned(), code: code.to_owned(), text: String::new() })
}

fn observed(code: &str, text: &str) -> Body {
    Body::Observation(proto::Observation {
        code: coded("http://loinc.org", code),
        text: text.to_owned(),
        ..proto::Observation::default()
    })
}

fn given(system: &str, code: &str) -> Body {
    Body::Observation(proto::Observation {
        kind: "medication".to_owned(),
        coded: coded(system, code),
        ..proto::Observation::default()
    })
}

fn result(of: &str, diagnosis: &str) -> Body {
    Body::Observation(proto::Observation {
        code: coded("http://loinc.org", of),
        coded: coded("I10", diagnosis),
        ..proto::Observation::default()
    })
}

fn codes_of(result: Result<Submission, Vec<Diagnostic>>) -> Vec<String> {
    result.unwrap_err().iter().map(|fault| fault.code.to_string()).collect()
}

fn attributed(mut entry: proto::Entry, author_kind: AgencyKind) -> proto::Entry {
    let author = AgencyId::new("AGENCY-1").unwrap();
    entry.author = "OSC-482072".to_owned();
    entry.author_of_protection = "OSC-482072".to_owned();
    entry.id = "x".to_owned();
    entry.source_message = "x".to_owned();
    entry.person_ids = vec!["x".to_owned(), "y".to_owned()];
    let id = uuid::Uuid::from_u128(7);
    let made = submission(vec![entry]).attribute(Attribution {
        author: &author,
        author_kind,
        message: MessageId(id),
        municipality: &Municipality::new("482072").unwrap(),
        recorded_at: Time::from_micros(1),
        person: &|_| Some(PersonId(id)),
        entry_id: &mut || EntryId(id),
    });
    made.first().unwrap().message().clone()
}

#[test]
fn nobody_writes_in_the_name_of_another() {
    let by_guidance = attributed(about("1", observed("8339-4", "")), AgencyKind::Cgc);
    assert_eq!((by_guidance.author.as_str(), by_guidance.author_of_protection.as_str()), ("", "AGENCY-1"));
    let by_hospital = attributed(about("1", observed("8339-4", "")), AgencyKind::Med);
    assert_eq!((by_hospital.author.as_str(), by_hospital.author_of_protection.as_str()), ("AGENCY-1", ""));
    let id = uuid::Uuid::from_u128(7).to_string();
    assert_eq!(
        (by_hospital.id, by_hospital.source_message, by_hospital.person_ids),
        (id.clone(), id.clone(), vec![id])
    );
}

#[test]
fn a_submission_holds_so_many_entries_and_persons_and_no_more() {
    let many = |count: usize, people: usize| {
        let entries = (0..count).map(|n| about(&(n % people).to_string(), observed("8339-4", ""))).collect();
        Submission::check(proto::Submission { entries, ..proto::Submission::default() })
    };
    assert_eq!(many(2_000, 64).unwrap().people().len(), 64);
    assert_eq!(codes_of(many(2_001, 64)), ["M108"]);
    assert_eq!(codes_of(many(65, 65)), ["M109"]);
}

#[test]
fn only_the_center_approves_care_and_only_a_provider_reports_it() {
    let approval = submission(vec![about("1", Body::CareApproval(proto::CareApproval::default()))]);
    let report = submission(vec![
        about("1", observed("8339-4", "")),
        about("1", Body::CareDelivery(proto::CareDelivery::default())),
    ]);
    assert!(approval.not_by(AgencyKind::Osc).is_empty() && report.not_by(AgencyKind::Prv).is_empty());
    let said = approval.not_by(AgencyKind::Prv);
    assert_eq!((said[0].code.as_ref(), said[0].place.as_str()), ("M113", "entries[0].care_approval"));
    assert_eq!(report.not_by(AgencyKind::Osc)[0].place, "entries[1].care_delivery");
}

#[test]
fn an_individual_number_is_found_wherever_it_stands() {
    let number = ["1234", "5678", "9018"].concat();
    let in_text = submission(vec![about("1", observed("8339-4", &number))]);
    assert_eq!(in_text.individual_number().unwrap(), "entries[0].observation.text");
    let content = format!("番号 {number}").into_bytes();
    let document = Body::Document(proto::Document { content, ..proto::Document::default() });
    let in_bytes = submission(vec![about("1", document)]);
    assert_eq!(in_bytes.individual_number().unwrap(), "entries[0].document.content");
    let (head, tail) = number.split_at(5);
    let xhtml = format!("<td>{head}<sup>{tail}</sup></td>");
    let notice = proto::DischargeNotice { course_xhtml: xhtml, ..proto::DischargeNotice::default() };
    let across = submission(vec![about("1", Body::DischargeNotice(notice))]);
    assert_eq!(across.individual_number().unwrap(), "entries[0].dischargeNotice.courseXhtml");
    assert_eq!(submission(vec![about("1", observed("8339-4", ""))]).individual_number(), None);
}

#[test]
fn the_sender_decides_neither_what_was_commissioned_nor_how_little_a_code_tells() {
    let codes = RaisedCodes::reviewed();
    let paid = |entry: proto::Entry| proto::Entry { commissioned: true, ..entry };
    let entries = vec![
        paid(about("1", observed("8339-4", ""))),
        about("1", observed("99046-5", "")),
        about("1", observed("no such code", "")),
        about("1", given("http://loinc.org", "8339-4")),
        about("1", given("I10", "F32.0")),
        about("1", result("82810-3", "F32.0")),
        about("1", result("82810-3", "no such code")),
    ];
    let native = submission(entries).as_native(AgencyKind::Med, &["99046-5".to_owned()], &codes);
    let [weight, scale, unknown, known, given, told, untold] = native.message().entries.as_slice() else {
        panic!("seven entries")
    };
    assert!(!weight.commissioned && scale.commissioned && !unknown.commissioned);
    assert!(weight.raised.is_empty() && weight.label == 0);
    let category = |category: Category| proto::Category::try_from(category as i32 + 1).unwrap() as i32;
    assert_eq!(scale.raised, [category(Category::C08)]);
    assert_eq!((unknown.raised.as_slice(), unknown.label), ([category(Category::C10)].as_slice(), 3));
    assert!(known.raised.is_empty() && known.label == 0, "what is given is known by its own code");
    assert_eq!(given.raised, [category(Category::C08)]);
    assert_eq!(
        (told.raised.as_slice(), told.label),
        ([category(Category::C08)].as_slice(), 0),
        "a result is a code too"
    );
    assert!(untold.raised.is_empty() && untold.label == 0, "the code of the examination is known");
}

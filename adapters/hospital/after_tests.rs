//! What stands when a hospital tells of one birth in several formats, one after the other (`formats/hospital.md` section 5).

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{cda::Cda, fhir::FhirJson, hl7v2::Hl7v2};
use crate::testing::{day, minute, profile, quantity, stands_after};
use musubi_core::adapter::{Adapter, Profile, Severity};
use musubi_core::record::Submission;
use musubi_proto::v1 as proto;
use proto::entry::Body;

fn read(adapter: &dyn Adapter, text: &str) -> Submission {
    let known = Profile { sender_names: vec!["SHIONE-HOSP".to_owned()], ..profile() };
    let mut decoded = adapter.decode(text.as_bytes(), &known);
    let refused = decoded.all_diagnostics().find(|said| said.severity == Severity::Error).map(ToString::to_string);
    decoded.items.remove(0).submission.unwrap_or_else(|| panic!("{refused:?}"))
}

/// A sample of ours with changes.
fn sample(path: &str, changes: &[(&str, &str)]) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/hospital");
    let mut text = std::fs::read_to_string(format!("{folder}/{path}")).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{path} does not hold {from}");
        text = text.replace(from, to);
    }
    text
}

/// The discharge summary, sent an hour after the messages, with the patient numbers that these have.
fn summary(changes: &[(&str, &str)]) -> String {
    let same = [
        ("extension=\"0012345\"", "extension=\"00012345\""),
        ("extension=\"0067890\"", "extension=\"00067890\""),
        ("<effectiveTime value=\"20261030110000+0900\"/>", "<effectiveTime value=\"20261030120500+0900\"/>"),
    ];
    sample("cda/samples/shione_discharge.xml", &[&same, changes].concat())
}

/// The section of the newborn without its weight.
const WITHOUT_WEIGHT: (&str, &str) = ("<code code=\"8339-4\"", "<code code=\"83394\"");

/// The only body of a kind that stands.
fn only<B>(submissions: Vec<Submission>, of: impl Fn(Body) -> Option<B>) -> B {
    let mut found: Vec<B> =
        stands_after(submissions).into_iter().filter_map(|entry| entry.body).filter_map(of).collect();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn newborn(body: Body) -> Option<proto::Newborn> {
    if let Body::Newborn(newborn) = body { Some(newborn) } else { None }
}

fn pregnancy(body: Body) -> Option<proto::PregnancyNotification> {
    if let Body::PregnancyNotification(pregnancy) = body { Some(pregnancy) } else { None }
}

fn delivery(body: Body) -> Option<proto::Delivery> {
    if let Body::Delivery(delivery) = body { Some(delivery) } else { None }
}

#[test]
fn a_cda_document_after_the_a03_of_a_newborn_takes_away_no_weight() {
    let message = sample("hl7v2/samples/shione_a03_newborn.hl7", &[]);
    let later =
        summary(&[WITHOUT_WEIGHT, ("<value xsi:type=\"INT\" value=\"9\"/>", "<value xsi:type=\"INT\" value=\"10\"/>")]);
    let told = only(vec![read(&Hl7v2, &message), read(&Cda, &later)], newborn);
    assert_eq!(told.birth_weight, quantity("2486", "g"), "the document leaves it out");
    assert_eq!(told.birth_length, quantity("46.8", "cm"));
    assert_eq!(told.gestation_days, Some(38 * 7 + 4));
    assert_eq!((told.apgar_1, told.apgar_5), (Some(8), Some(10)), "what it says is new");
}

#[test]
fn a_cda_document_that_gives_the_day_alone_takes_away_no_hour_of_birth() {
    let message = sample("hl7v2/samples/shione_a03_newborn.hl7", &[]);
    let later = summary(&[("<birthTime value=\"202610260412+0900\"/>", "<birthTime value=\"20261026\"/>")]);
    let told = only(vec![read(&Hl7v2, &message), read(&Cda, &later)], newborn);
    assert_eq!(told.born_at, Some(minute(day(2026, 10, 26), 4, 12)));
}

#[test]
fn a_weight_says_when_it_was_taken_and_not_when_the_child_was_born() {
    let weighed = (
        "<statusCode code=\"completed\"/>\n                  <value xsi:type=\"PQ\" value=\"2486\"",
        "<effectiveTime value=\"20261027\"/><value xsi:type=\"PQ\" value=\"2486\"",
    );
    let without = ("<birthTime value=\"202610260412+0900\"/>", "");
    let message = sample("hl7v2/samples/shione_a03_newborn.hl7", &[]);
    let alone = only(vec![read(&Cda, &summary(&[weighed, without]))], newborn);
    assert_eq!(alone.born_at, None);
    let told = only(vec![read(&Hl7v2, &message), read(&Cda, &summary(&[weighed, without]))], newborn);
    assert_eq!(told.born_at, Some(minute(day(2026, 10, 26), 4, 12)));
}

#[test]
fn a_weight_that_a_cda_document_nullifies_is_taken_back_and_nothing_else_of_the_newborn() {
    let message = sample("hl7v2/samples/shione_a03_newborn.hl7", &[]);
    let statement = "displayName=\"出生体重\"/>\n                  <statusCode code=\"completed\"/>";
    let later = summary(&[(statement, "displayName=\"出生体重\"/><statusCode code=\"nullified\"/>")]);
    let told = only(vec![read(&Hl7v2, &message), read(&Cda, &later)], newborn);
    assert_eq!((told.birth_weight, told.birth_length), (None, quantity("46.8", "cm")));
}

/// A section of the mother's delivery with one observation in it, by its name.
fn labour(observations: &[(&str, &str)]) -> String {
    let one = |(name, value): &(&str, &str)| {
        format!(
            "<entry><observation classCode=\"OBS\" moodCode=\"EVN\"><code nullFlavor=\"OTH\"><originalText>{name}</originalText></code>\
             <effectiveTime value=\"20261030\"/>{value}</observation></entry>"
        )
    };
    let inside: String = observations.iter().map(one).collect();
    format!(
        "<component><section><code code=\"57074-7\"/><text>語</text>{inside}</section></component></structuredBody>"
    )
}

const BORN: (&str, &str) = ("分娩日時", "<value xsi:type=\"TS\" value=\"202610260412+0900\"/>");
const VAGINAL: (&str, &str) = ("分娩方法", "<value xsi:type=\"ST\">経腟分娩</value>");
const BREECH: (&str, &str) = ("胎位", "<value xsi:type=\"ST\">骨盤位</value>");

#[test]
fn a_delivery_is_named_by_its_day_in_every_format_and_a_later_word_on_it_takes_nothing_away() {
    let first = read(&Cda, &summary(&[("</structuredBody>", &labour(&[BORN, VAGINAL]))]));
    let fhir = r#"{"resourceType":"Bundle","type":"collection","timestamp":"2026-10-30T13:00:00+09:00","entry":[
        {"resource":{"resourceType":"Patient","id":"p","identifier":[{"value":"00012345"}],"gender":"female",
         "name":[{"text":"榎本 千夏"}],"birthDate":"1996-05-14"}},
        {"resource":{"resourceType":"Observation","status":"final","subject":{"reference":"Patient/p"},
         "code":{"text":"分娩日時"},"effectiveDateTime":"2026-10-30","valueDateTime":"2026-10-26"}},
        {"resource":{"resourceType":"Observation","status":"final","subject":{"reference":"Patient/p"},
         "code":{"text":"児の数"},"effectiveDateTime":"2026-10-30","valueInteger":1}}]}"#;
    let told = only(vec![first, read(&FhirJson, fhir)], delivery);
    assert_eq!((told.method.as_str(), told.child_count), ("vaginal", Some(1)));
    assert_eq!(told.delivered_at, Some(minute(day(2026, 10, 26), 4, 12)));
    let later = summary(&[
        ("</structuredBody>", &labour(&[BORN, BREECH])),
        ("20261030120500", "20261030130500"),
        ("DS-2026-0071", "DS-2026-0072"),
    ]);
    let first = read(&Cda, &summary(&[("</structuredBody>", &labour(&[BORN, VAGINAL]))]));
    let told = only(vec![first, read(&Cda, &later)], delivery);
    assert_eq!((told.method.as_str(), told.presentation.as_str()), ("vaginal", "骨盤位"));
}

/// The expected date and the last period, as each format says them.
fn pregnancies() -> [(&'static str, Submission); 3] {
    let of_cda = |code: &str, day: &str| {
        format!(
            "<entry><observation classCode=\"OBS\" moodCode=\"EVN\"><code code=\"{code}\" codeSystem=\"2.16.840.1.113883.6.1\"/>\
             <effectiveTime value=\"20261026\"/><value xsi:type=\"TS\" value=\"{day}\"/></observation></entry>"
        )
    };
    let section = format!(
        "<component><section><code code=\"29762-2\"/><text>語</text>{}{}</section></component></structuredBody>",
        of_cda("11780-4", "20261105"),
        of_cda("8665-2", "20260129")
    );
    let of_fhir = |code: &str, day: &str| {
        format!(
            r#"{{"resource":{{"resourceType":"Observation","status":"final","subject":{{"reference":"Patient/p"}},
            "code":{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}]}},"effectiveDateTime":"2026-10-26","valueDateTime":"{day}"}}}}"#
        )
    };
    let fhir = format!(
        r#"{{"resourceType":"Bundle","type":"collection","timestamp":"2026-10-30T13:00:00+09:00","entry":[
        {{"resource":{{"resourceType":"Patient","id":"p","identifier":[{{"value":"00012345"}}],"gender":"female",
        "name":[{{"text":"榎本 千夏"}}],"birthDate":"1996-05-14"}}}},{},{}]}}"#,
        of_fhir("11778-8", "2026-11-05"),
        of_fhir("8665-2", "2026-01-29")
    );
    let obx = "\rOBX|1|DT|11779-6^分娩予定日^LN||20261105||||||F|||20261026\rOBX|2|TS|8665-2^最終月経^LN||20260129||||||F|||20261026\rIN1";
    let message = sample("hl7v2/samples/shione_a03_mother.hl7", &[("\rIN1", obx)]);
    [
        ("cda", read(&Cda, &summary(&[("</structuredBody>", &section)]))),
        ("fhir", read(&FhirJson, &fhir)),
        ("hl7v2", read(&Hl7v2, &message)),
    ]
}

#[test]
fn every_format_tells_of_a_pregnancy_in_the_same_body_and_notifies_nobody_of_it() {
    let expected = proto::PregnancyNotification {
        due_date: Some(day(2026, 11, 5)),
        last_menstrual_period: Some(day(2026, 1, 29)),
        ..proto::PregnancyNotification::default()
    };
    for (format, submission) in pregnancies() {
        let stands = stands_after(vec![submission]);
        let told: Vec<_> = stands.iter().filter_map(|entry| pregnancy(entry.body.clone()?)).collect();
        assert_eq!(told, std::slice::from_ref(&expected), "{format}");
        let observed = stands.iter().filter_map(|entry| match &entry.body {
            Some(Body::Observation(observation)) => Some(observation.concept.as_str()),
            _ => None,
        });
        assert!(
            !observed.into_iter().any(|loinc| matches!(loinc, "11778-8" | "11779-6" | "11780-4" | "8665-2")),
            "{format}"
        );
    }
}

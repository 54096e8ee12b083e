//! Why a value is not there: read from each format, written in each, and put into words.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use super::round_trip_tests::{at, read};
use super::{cda::Cda, fhir::FhirJson, fhir::FhirXml, hl7v2::Hl7v2};
use crate::wording::told;
use musubi_core::adapter::Adapter;
use musubi_core::consent::Policy;
use musubi_core::record::Submission;
use musubi_core::release::{Released, release_to_author};
use musubi_core::time::Time;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use serde_json::{Value, json};

const LOINC: &str = "2.16.840.1.113883.6.1";

fn document(birth: &str, value: &str) -> Vec<u8> {
    format!(
        "<ClinicalDocument xmlns=\"urn:hl7-org:v3\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
         <typeId root=\"2.16.840.1.113883.1.3\" extension=\"POCD_HD000040\"/><id root=\"1.2.3\" extension=\"D-1\"/>\
         <code code=\"18842-5\" codeSystem=\"{LOINC}\"/><effectiveTime value=\"20261031103000+0900\"/>\
         <confidentialityCode code=\"N\"/><recordTarget><patientRole>\
         <id root=\"1.2.392.100495.20.3.51.14810700122\" extension=\"0012345\"/><patient><name>汐音 花</name>\
         <administrativeGenderCode code=\"F\"/><birthTime {birth}/></patient></patientRole></recordTarget>\
         <custodian><assignedCustodian><representedCustodianOrganization>\
         <id root=\"1.2.392.100495.20.3.23\" extension=\"4810700122\"/></representedCustodianOrganization>\
         </assignedCustodian></custodian><componentOf><encompassingEncounter><effectiveTime><low value=\"20261026\"/>\
         <high value=\"20261030\"/></effectiveTime></encompassingEncounter></componentOf><component><structuredBody><component><section>\
         <code code=\"30954-2\" codeSystem=\"{LOINC}\"/><entry><observation classCode=\"OBS\" moodCode=\"EVN\">\
         <code code=\"99046-5\" codeSystem=\"{LOINC}\" displayName=\"EPDS\"/><statusCode code=\"completed\"/>\
         {value}\
         </observation></entry></section></component></structuredBody></component></ClinicalDocument>"
    )
    .into_bytes()
}

fn bundle(birth: &str, value: &str) -> Vec<u8> {
    format!(
        "{{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"timestamp\":\"2026-10-31T10:30:00+09:00\",\"entry\":[\
         {{\"fullUrl\":\"urn:uuid:1\",\"resource\":{{\"resourceType\":\"Patient\",\"id\":\"p\",\"gender\":\"female\",\
         \"identifier\":[{{\"system\":\"urn:oid:1.2.392.100495.20.3.51.14810700122\",\"value\":\"0012345\"}}],\
         \"name\":[{{\"text\":\"汐音 花\"}}]{birth}}}}},\
         {{\"fullUrl\":\"urn:uuid:2\",\"resource\":{{\"resourceType\":\"Observation\",\"status\":\"final\",\
         \"code\":{{\"coding\":[{{\"system\":\"http://loinc.org\",\"code\":\"99046-5\",\"display\":\"EPDS\"}}]}},\
         \"subject\":{{\"reference\":\"urn:uuid:1\"}}{value}}}}}]}}"
    )
    .into_bytes()
}

/// What each entry says of values that are not there: kind of body, field, reason.
fn absent(submissions: &[Submission]) -> Vec<[String; 3]> {
    let mut found = Vec::new();
    for submission in submissions {
        let record: Value = serde_json::from_str(&submission.to_author_json()).unwrap();
        for entry in record["entries"].as_array().into_iter().flatten() {
            let kind = ["personDetails", "observation", "newborn", "screening"]
                .into_iter()
                .find(|kind| entry.get(*kind).is_some())
                .unwrap_or_default();
            for absence in entry["absent"].as_array().into_iter().flatten() {
                let text = |name: &str| absence[name].as_str().unwrap_or_default().to_owned();
                found.push([kind.to_owned(), text("field"), text("reason")]);
            }
        }
    }
    found
}

fn released(submissions: Vec<Submission>) -> Released {
    let profile = at(Time::parse_rfc3339("2026-11-20T12:00:00+09:00").unwrap());
    release_to_author(submissions, &profile.agency, &Policy::reviewed(), profile.now)
}

fn written(to: &dyn Adapter, submissions: Vec<Submission>) -> Vec<u8> {
    let profile = at(Time::parse_rfc3339("2026-11-20T12:00:00+09:00").unwrap());
    to.encode(&released(submissions), &profile).unwrap()
}

const UNKNOWN_BIRTH: [&str; 3] = ["personDetails", "birth_date", "unknown"];

#[test]
fn a_flavour_of_cda_comes_back_as_itself_and_is_never_taken_for_a_value() {
    for (kind, field) in [("PQ", "quantity"), ("CD", "coded"), ("ST", "text")] {
        for (flavor, reason) in
            [("UNK", "unknown"), ("ASKU", "asked-unknown"), ("NASK", "not-asked"), ("NI", "no-information")]
        {
            let value = format!("<value xsi:type=\"{kind}\" nullFlavor=\"{flavor}\"/>");
            let first = read(&Cda, &document("nullFlavor=\"UNK\"", &value));
            let expected = [UNKNOWN_BIRTH.map(str::to_owned), ["observation", field, reason].map(str::to_owned)];
            assert_eq!(absent(&first), expected);
            let again = read(&Cda, &written(&Cda, first));
            assert_eq!(absent(&again), expected, "{flavor}");
        }
    }
}

#[test]
fn a_reason_of_fhir_comes_back_as_itself_in_both_serialisations() {
    for code in ["unknown", "asked-declined", "temp-unknown", "not-performed"] {
        let value = format!(
            ",\"dataAbsentReason\":{{\"coding\":[{{\"system\":\"http://terminology.hl7.org/CodeSystem/data-absent-reason\",\"code\":\"{code}\"}}]}}"
        );
        let birth = ",\"_birthDate\":{\"extension\":[{\"url\":\"http://hl7.org/fhir/StructureDefinition/data-absent-reason\",\"valueCode\":\"unknown\"}]}";
        let expected = [UNKNOWN_BIRTH.map(str::to_owned), ["observation", "text", code].map(str::to_owned)];
        let first = read(&FhirJson, &bundle(birth, &value));
        assert_eq!(absent(&first), expected);
        assert_eq!(absent(&read(&FhirJson, &written(&FhirJson, first.clone()))), expected);
        assert_eq!(absent(&read(&FhirXml, &written(&FhirXml, first))), expected);
    }
}

#[test]
fn what_is_masked_leaves_no_trace_of_itself() {
    let masked = read(&Cda, &document("nullFlavor=\"MSK\"", "<value xsi:type=\"PQ\" nullFlavor=\"MSK\"/>"));
    assert!(absent(&masked).is_empty());
    let value = ",\"dataAbsentReason\":{\"coding\":[{\"code\":\"masked\"}]}";
    let masked_in_fhir = read(&FhirJson, &bundle("", value));
    for record in masked.iter().chain(&masked_in_fhir).map(Submission::to_author_json) {
        assert!(!record.contains("\"observation\""), "that there was something to see: {record}");
    }
}

#[test]
fn a_value_that_stands_beside_a_flavour_is_the_value() {
    let value = "<value xsi:type=\"PQ\" value=\"2486\" unit=\"g\" nullFlavor=\"UNK\"/>";
    assert!(absent(&read(&Cda, &document("value=\"19960514\"", value))).is_empty());
}

#[test]
fn what_a_message_did_not_ask_is_told_as_not_asked_and_never_as_none() {
    let text = "MSH|^~\\&|HIS|4810700122|MUSUBI|MUSUBI|20261031103000||ORU^R01^ORU_R01|1|P|2.5||||||UNICODE UTF-8\r\
        PID|1||0012345^^^^PI||汐音^花^^^^^L^I||19960514|F\rOBR|1|||X^検査^99Z|||20261030\r\
        OBX|1|NM|718-7^ヘモグロビン^LN||||||||N\rOBX|2|NM|777-3^血小板^LN||||||||X\r";
    let submissions = read(&Hl7v2, text.as_bytes());
    let expected = ["not-asked", "unknown"].map(|reason| ["observation", "text", reason].map(str::to_owned));
    assert_eq!(absent(&submissions), expected);
    let released = released(submissions.clone());
    let entries = released.record().entries.iter().filter(|entry| matches!(entry.body, Some(Body::Observation(_))));
    let words: Vec<(String, String)> =
        entries.flat_map(|entry| told(entry).unwrap().1).map(|row| (row.label, row.value)).collect();
    assert!(words.contains(&("ヘモグロビン".to_owned(), "尋ねていない".to_owned())), "{words:?}");
    assert!(words.contains(&("血小板".to_owned(), "不明".to_owned())), "{words:?}");
    assert!(words.iter().all(|(_, value)| value != "なし"), "{words:?}");
    let fhir: Value = serde_json::from_slice(&written(&FhirJson, submissions)).unwrap();
    let reasons: Vec<Value> = fhir["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["resource"]["dataAbsentReason"]["coding"][0]["code"].clone())
        .filter(|code| !code.is_null())
        .collect();
    assert_eq!(reasons, [json!("not-asked"), json!("unknown")]);
}

#[test]
fn a_weight_that_nobody_took_stays_one_of_the_child() {
    let subject = "<subject><relatedSubject classCode=\"PRS\"><code code=\"CHILD\"/></relatedSubject></subject>";
    let value = format!("{subject}<value xsi:type=\"PQ\" nullFlavor=\"NASK\"/>");
    let text = String::from_utf8(document("value=\"19960514\"", &value)).unwrap();
    let text = text.replace("99046-5", "8339-4").replace("EPDS", "出生体重").replace("30954-2", "57075-4");
    let expected = [["observation", "quantity", "not-asked"].map(str::to_owned)];
    let first = read(&Cda, text.as_bytes());
    let again = read(&Cda, &written(&Cda, first.clone()));
    for (submissions, which) in [(&first, "first"), (&again, "again")] {
        assert_eq!(absent(submissions), expected, "{which}");
        let record = released(submissions.clone());
        let of_child = |entry: &&proto::Entry| entry.roles == [proto::SubjectRole::Child as i32];
        let told = record.record().entries.iter().filter(|entry| !entry.absent.is_empty());
        assert_eq!(told.filter(of_child).count(), 1);
    }
}

//! The document of family A, its structure, and what it must never hold.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod diagnosis;
mod kept;
mod kin;
mod links;
mod narrative;
mod pregnancy;
mod profile;
mod read;
mod report;
mod retracted;
mod state;
mod treatment;
mod valid;

use super::FhirJson;
use crate::testing::{
    HOSTILE, NEWBORN_WORDS, child_details, coded, day, discharge, family_a, hostile_family, link, matches_snapshot,
    minute, mother_alone, mother_details, newborn, of_child, of_mother, profile, quantity, released, text,
};
use musubi_core::adapter::{Adapter, EncodeError};
use musubi_core::id::ReleaseId;
use musubi_core::release::NOTICE;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use serde_json::Value;
use std::collections::BTreeSet;

fn document(entries: Vec<proto::Entry>) -> String {
    String::from_utf8(FhirJson.encode(&released(entries), &profile()).unwrap()).unwrap()
}

fn bundle(entries: Vec<proto::Entry>) -> Value {
    serde_json::from_str(&document(entries)).unwrap()
}

fn resources<'a>(bundle: &'a Value, kind: &str) -> Vec<&'a Value> {
    let all = bundle["entry"].as_array().unwrap().iter().map(|entry| &entry["resource"]);
    all.filter(|resource| resource["resourceType"] == kind).collect()
}

fn observation<'a>(bundle: &'a Value, code: &str) -> Option<&'a Value> {
    resources(bundle, "Observation").into_iter().find(|one| one["code"]["coding"][0]["code"] == code)
}

/// Every value under a member of this name, however deep.
fn all<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            for (member, inner) in members {
                if member == name {
                    found.push(inner);
                }
                all(inner, name, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| all(item, name, found)),
        _ => {}
    }
}

fn check_structure(bundle: &Value) {
    assert_eq!(bundle["type"], "document");
    let entries = bundle["entry"].as_array().unwrap();
    assert_eq!(entries[0]["resource"]["resourceType"], "Composition");
    let urls: BTreeSet<&str> = entries.iter().map(|entry| entry["fullUrl"].as_str().unwrap()).collect();
    assert_eq!(urls.len(), entries.len(), "a fullUrl stands twice");
    for entry in entries {
        let id = entry["resource"]["id"].as_str().unwrap();
        assert_eq!(entry["fullUrl"], format!("urn:uuid:{id}"));
    }
    let mut references = Vec::new();
    all(bundle, "reference", &mut references);
    for reference in &references {
        assert!(urls.contains(reference.as_str().unwrap()), "{reference} points out of the document");
    }
    let named: BTreeSet<&str> = references.iter().filter_map(|reference| reference.as_str()).collect();
    let unnamed: Vec<_> = urls.iter().filter(|url| !named.contains(*url)).collect();
    assert_eq!(unnamed, [&entries[0]["fullUrl"].as_str().unwrap()], "nothing but the Composition stands alone");
}

#[test]
fn the_document_of_family_a_is_the_one_that_was_looked_at() {
    matches_snapshot("hospital/fhir/snapshots/family_a.json", document(family_a()).as_bytes());
}

#[test]
fn every_reference_stays_inside_and_the_composition_comes_first() {
    check_structure(&bundle(family_a()));
    check_structure(&bundle(mother_alone()));
    check_structure(&bundle(vec![of_child("birth", Body::Newborn(newborn())), link()]));
}

#[test]
fn mother_child_and_link_are_written_as_jp_core_names_them() {
    let bundle = bundle(family_a());
    let patients = resources(&bundle, "Patient");
    let (mother, child) = (patients[0], patients[1]);
    assert_eq!(mother["identifier"][0]["system"], "urn:oid:1.2.392.100495.20.3.51.14810700122");
    assert_eq!(mother["meta"]["profile"][0], "http://jpfhir.jp/fhir/core/StructureDefinition/JP_Patient");
    assert_eq!(mother["name"][0]["extension"][0]["valueCode"], "IDE");
    assert_eq!(mother["name"][0]["text"], "榎本 千夏");
    assert_eq!(mother["name"][1]["extension"][0]["valueCode"], "SYL");
    assert_eq!(mother["birthDate"], "1996-05-14");
    assert_eq!(mother["telecom"][0]["use"], "mobile");
    assert_eq!(child["_birthDate"]["extension"][0]["valueDateTime"], "2026-10-26T04:12:00+09:00");
    let related = resources(&bundle, "RelatedPerson")[0];
    assert_eq!(related["relationship"][0]["coding"][0]["code"], "MTH");
    assert_eq!(related["patient"]["reference"], format!("urn:uuid:{}", child["id"].as_str().unwrap()));
}

#[test]
fn a_newborns_values_belong_to_the_child_alone() {
    let bundle = bundle(family_a());
    let child = format!("urn:uuid:{}", resources(&bundle, "Patient")[1]["id"].as_str().unwrap());
    for (code, value) in [
        ("8339-4", "2486"),
        ("89269-5", "47.0"),
        ("9843-4", "32.5"),
        ("76516-4", "270"),
        ("9272-6", "8"),
        ("9274-2", "9"),
    ] {
        let found = observation(&bundle, code).unwrap();
        assert_eq!(found["subject"]["reference"], child.as_str(), "{code}");
        let number = &found["valueQuantity"]["value"];
        assert_eq!(number.as_f64(), value.parse().ok(), "{code}");
    }
    assert!(observation(&bundle, "9271-8").is_none());
    assert!(document(family_a()).contains("\"value\":47.0,"), "the decimal text is kept");
}

#[test]
fn the_type_of_the_document_follows_from_what_is_in_it() {
    let kind = |entries| bundle(entries)["entry"][0]["resource"]["type"]["coding"][0]["code"].clone();
    assert_eq!(kind(mother_alone()), "18842-5");
    let referral = proto::Referral {
        referral_id: text("R1"),
        kind: text("support"),
        from: text("OSC-482072"),
        ..Default::default()
    };
    assert_eq!(kind(vec![of_mother("referral:R1", Body::Referral(referral))]), "57133-1");
    assert_eq!(kind(vec![of_child("birth", Body::Newborn(newborn()))]), "34133-9");
}

#[test]
fn the_stay_has_destination_and_outcome_apart() {
    let bundle = bundle(family_a());
    let stay = resources(&bundle, "Encounter")[0];
    assert_eq!(stay["status"], "finished");
    assert_eq!(stay["period"]["end"], "2026-10-30T10:30:00+09:00");
    assert_eq!(stay["hospitalization"]["destination"]["display"], "自宅");
    assert_eq!(stay["hospitalization"]["dischargeDisposition"]["coding"][0]["code"], "9");
    let condition = resources(&bundle, "Condition")[0];
    assert_eq!(condition["code"]["coding"][0]["system"], "http://jpfhir.jp/fhir/core/mhlw/CodeSystem/ICD10-2013-full");
    assert_eq!(
        stay["diagnosis"][0]["condition"]["reference"],
        format!("urn:uuid:{}", condition["id"].as_str().unwrap())
    );
}

#[test]
fn an_encounter_and_a_notice_of_one_message_are_one_stay() {
    let encounter = proto::Encounter { class: text("inpatient"), visit_number: text("V7"), ..Default::default() };
    let condition = proto::Condition {
        code: Some(coded("I10", "O800", "自然頭位分娩")),
        kind: text("final"),
        ..Default::default()
    };
    let mut entries = mother_alone();
    entries.push(of_mother("visit:V7", Body::Encounter(encounter)));
    entries.push(of_mother("condition:1", Body::Condition(condition)));
    let bundle = bundle(entries);
    let stays = resources(&bundle, "Encounter");
    assert_eq!(stays.len(), 1);
    assert_eq!(stays[0]["identifier"][0]["value"], "V7");
    assert_eq!(resources(&bundle, "Condition").len(), 1);
}

#[test]
fn what_may_be_done_with_it_stands_in_labels_and_in_words() {
    let mut entries = family_a();
    entries[1].label = proto::Label::R.into();
    let bundle = bundle(entries);
    let codes: Vec<&Value> =
        bundle["meta"]["security"].as_array().unwrap().iter().map(|label| &label["code"]).collect();
    assert_eq!(codes, ["R", "NORDSCLCD", "NOREUSE"]);
    let composition = &bundle["entry"][0]["resource"];
    assert_eq!(composition["confidentiality"], "R");
    assert!(composition["section"][0]["text"]["div"].as_str().unwrap().contains(NOTICE));
}

#[test]
fn without_newborn_facts_no_word_tells_of_a_newborn() {
    let mut entries = mother_alone();
    entries.extend([of_child("person:child", Body::PersonDetails(child_details())), link()]);
    let document = document(entries);
    assert!(document.contains("ミナト"));
    for word in NEWBORN_WORDS {
        assert!(!document.contains(word), "{word}");
    }
}

#[test]
fn nothing_says_that_something_is_missing() {
    for entries in [family_a(), mother_alone(), vec![of_child("birth", Body::Newborn(newborn()))]] {
        let document = document(entries);
        for trace in ["data-absent-reason", "masked", "emptyReason", "null", "\"\"", "[]", "{}", "JP-CLINS", "clins"] {
            assert!(!document.contains(trace), "{trace}");
        }
    }
}

#[test]
fn a_value_that_is_not_there_leaves_the_document_of_the_rest() {
    let with = |notice| vec![of_mother("discharge:1", Body::DischargeNotice(notice))];
    let bare = proto::DischargeNotice { discharged_at: Some(minute(day(2026, 10, 30), 10, 30)), ..Default::default() };
    let document = document(with(bare));
    for absent in ["hospitalization", "diagnosis", "location", "participant", "serviceType", "RelatedPerson", "telecom"]
    {
        assert!(!document.contains(absent), "{absent}");
    }
}

#[test]
fn ids_follow_from_the_view_and_not_from_the_release() {
    let mut release = released(family_a());
    let first = FhirJson.encode(&release, &profile()).unwrap();
    assert_eq!(first, FhirJson.encode(&release, &profile()).unwrap());
    release.set_release_id(ReleaseId::parse("01932f00-0000-7000-8000-000000000001").unwrap());
    let named: Value = serde_json::from_slice(&FhirJson.encode(&release, &profile()).unwrap()).unwrap();
    let unnamed: Value = serde_json::from_slice(&first).unwrap();
    assert_eq!(named["identifier"], unnamed["identifier"]);
    assert_eq!(named["entry"][1], unnamed["entry"][1]);
    assert_eq!(named["entry"][0]["resource"]["identifier"]["value"], "urn:uuid:01932f00-0000-7000-8000-000000000001");
    assert_ne!(bundle(mother_alone())["identifier"], unnamed["identifier"]);
    assert_eq!(unnamed["timestamp"], "2026-10-30T11:05:00+09:00");
}

#[test]
fn a_hostile_text_stays_text() {
    for hostile in HOSTILE {
        let bundle = bundle(hostile_family(hostile));
        check_structure(&bundle);
        let mut narratives = Vec::new();
        all(&bundle, "div", &mut narratives);
        for div in narratives.iter().map(|div| div.as_str().unwrap()) {
            let mut reader = quick_xml::Reader::from_str(div);
            loop {
                match reader.read_event().unwrap() {
                    quick_xml::events::Event::Eof => break,
                    quick_xml::events::Event::Start(tag) => {
                        let name = tag.name();
                        assert!(
                            ["div", "p", "table", "tbody", "tr", "th", "td"].contains(&name.as_ref()),
                            "{hostile:?}"
                        );
                    }
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn a_local_code_system_belongs_to_the_agency_that_wrote() {
    let local =
        proto::Observation { code: Some(coded("99Z", "A 1", "泌乳")), text: text("良好"), ..Default::default() };
    let bundle = bundle(vec![of_mother("observation:1", Body::Observation(local))]);
    let found = resources(&bundle, "Observation")[0];
    assert_eq!(found["code"]["coding"][0]["system"], "urn:musubi:agency:MED-4810700122:code-system:99Z");
    assert_eq!(found["status"], "unknown");
}

#[test]
fn a_date_keeps_its_precision() {
    let mut details = mother_details();
    details.birth_date = Some(proto::Date { year: 1996, month: Some(5), day: None });
    let mut notice = discharge();
    notice.admitted_at = Some(proto::DateTime { date: Some(day(2026, 10, 25)), hour: Some(22), ..Default::default() });
    let entries = vec![
        of_mother("person:mother", Body::PersonDetails(details)),
        of_mother("discharge:1", Body::DischargeNotice(notice)),
    ];
    let bundle = bundle(entries);
    assert_eq!(resources(&bundle, "Patient")[0]["birthDate"], "1996-05");
    assert_eq!(resources(&bundle, "Encounter")[0]["period"]["start"], "2026-10-25");
}

#[test]
fn twins_are_told_apart_by_their_order() {
    let mut details = child_details();
    (details.birth_order, details.multiple_birth) = (Some(2), Some(true));
    let bundle = bundle(vec![
        of_child("person:child", Body::PersonDetails(details)),
        of_child("birth", Body::Newborn(proto::Newborn { birth_weight: quantity("1980", "g"), ..newborn() })),
    ]);
    let child = resources(&bundle, "Patient")[0];
    assert_eq!(child["multipleBirthInteger"], 2);
    assert!(child.get("multipleBirthBoolean").is_none());
}

#[test]
fn an_empty_release_has_nothing_to_say() {
    assert_eq!(FhirJson.encode(&released(vec![link()]), &profile()), Err(EncodeError::NothingToSay));
}

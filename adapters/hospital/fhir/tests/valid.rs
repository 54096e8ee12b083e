//! What is written, and what the edge answers, holds against the definitions that HL7 publishes, and against the rules of the
//! profiles that it claims.

use super::*;
use crate::hospital::fhir::definitions::Definitions;
use crate::hospital::fhir::rest::{self, Disclosed, Form, Page};
use crate::hospital::round_trip_tests::{at, files, read};
use crate::hospital::{cda::Cda, hl7v2::Hl7v2};
use musubi_core::adapter::Diagnostic;
use musubi_core::agency::{AgencyId, CategorySet, Purpose};
use musubi_core::consent::Policy;
use musubi_core::release::release_to_author;
use musubi_core::time::Time;
use serde_json::json;
use std::sync::LazyLock;

/// Read once for all tests.
static DEFINITIONS: LazyLock<Definitions> = LazyLock::new(Definitions::of_the_tables);

fn assert_valid(resource: &Value, what: &str) {
    let faults = DEFINITIONS.faults(resource);
    assert!(faults.is_empty(), "{what}: {faults:#?}");
}

#[test]
fn every_document_holds_against_the_definitions_of_fhir() {
    assert_valid(&bundle(family_a()), "family A");
    for hostile in HOSTILE {
        assert_valid(&bundle(hostile_family(hostile)), hostile);
    }
    let mut documents = 0;
    for from in [&Hl7v2 as &dyn Adapter, &Cda, &FhirJson] {
        for path in files(from.name()) {
            for submission in read(from, &std::fs::read(&path).unwrap()) {
                let profile = at(submission.sent_at().unwrap());
                let released = release_to_author(vec![submission], &profile.agency, &Policy::reviewed(), profile.now);
                let Ok(written) = FhirJson.encode(&released, &profile) else { continue };
                let written = serde_json::from_slice(&written).unwrap();
                assert_valid(&written, &path.display().to_string());
                documents += 1;
            }
        }
    }
    println!("{documents} documents");
    assert!(documents > 40, "few documents were looked at");
}

#[test]
fn every_answer_of_the_edge_holds_against_the_definitions_of_fhir() {
    let said = Diagnostic::error("H004", "Bundle.entry[1].resource", "必要です。", "It is required.");
    let shown = Disclosed {
        recipient: AgencyId::new("OSC-482072").unwrap(),
        purpose: Purpose::P1,
        at: Time::MIN,
        categories: CategorySet::ALL,
        bases: vec!["R-1".to_owned()],
    };
    let answers = [
        rest::statement(Form::Json, "0.1.0"),
        rest::outcome(Form::Json, Some("musubi:1:7:x"), &[said]),
        rest::searchset(Form::Json, &[&released(family_a())], &Page::WHOLE).unwrap().0,
        rest::searchset(Form::Json, &[], &Page::WHOLE).unwrap().0,
        rest::audit_events(Form::Json, &[shown]),
    ];
    for answer in answers {
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_valid(&answer, answer["resourceType"].as_str().unwrap());
    }
}

#[test]
fn what_does_not_hold_against_the_definitions_is_found() {
    let changed = |pointer: &str, value: Value| {
        let mut document = bundle(family_a());
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[name] = value;
        DEFINITIONS.faults(&document)
    };
    let mother = bundle(family_a())["entry"]
        .as_array()
        .unwrap()
        .iter()
        .position(|one| one["resource"]["resourceType"] == "Patient");
    let composition = "/entry/0/resource";
    let patient = format!("/entry/{}/resource", mother.unwrap());
    for (pointer, value) in [
        ("/type".to_owned(), json!("documents")),
        (format!("{composition}/status"), json!("ready")),
        (format!("{composition}/title"), Value::Null),
        (format!("{composition}/title"), json!(["a"])),
        (format!("{composition}/author"), json!([])),
        (format!("{composition}/colour"), json!("red")),
        (format!("{composition}/type"), json!({})),
        (format!("{composition}/author/0/reference"), json!(bundle(family_a())["entry"][0]["fullUrl"])),
        (format!("{patient}/gender"), json!("W")),
        (format!("{patient}/birthDate"), json!(1996)),
        (format!("{patient}/deceasedAge"), json!({"value": 3})),
        (format!("{patient}/name/0/extension/0/valueCode"), json!("KANA")),
        (format!("{patient}/resourceType"), json!("Person of family A")),
    ] {
        assert!(!changed(&pointer, value).is_empty(), "{pointer}");
    }
}

/// What is found in the document of family A once the first Patient of it that claims a profile is changed.
fn claimed(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut document = bundle(family_a());
    let entries = document["entry"].as_array_mut().unwrap().iter_mut();
    let mut patients = entries.map(|entry| &mut entry["resource"]).filter(|one| one["resourceType"] == "Patient");
    change(patients.find(|patient| !patient["meta"]["profile"].is_null()).unwrap());
    DEFINITIONS.faults(&document)
}

#[test]
fn a_resource_keeps_every_rule_of_the_profile_that_it_claims() {
    assert_eq!(claimed(|_| {}), [""; 0]);
    let told = |change: fn(&mut Value), ends: &str| {
        let faults = claimed(change);
        assert!(faults.len() == 1 && faults[0].ends_with(ends), "{ends}: {faults:#?}");
    };
    told(|patient| _ = patient.as_object_mut().unwrap().remove("identifier"), ": 0 of identifier, but 1..*");
    told(
        |patient| _ = patient["identifier"][0].as_object_mut().unwrap().remove("value"),
        ".identifier[0]: 0 of value, but 1..1",
    );
    told(
        |patient| {
            let letters = &mut patient["name"][0]["extension"];
            *letters = json!([letters[0], letters[0]]);
        },
        ": 2 of extension, but 0..1",
    );
    told(
        |patient| patient["meta"]["profile"] = json!(["http://jpfhir.jp/fhir/eCS/StructureDefinition/JP_Patient_eCS"]),
        "claims a profile of which the table has no rules",
    );
    told(|patient| patient["extension"] = json!([{"url": "http://example.jp/x", "valueCode": "a"}]), "has no rules");
}

#[test]
fn an_extension_keeps_its_definition() {
    let told = |extension: Value| claimed(|patient| patient["extension"] = json!([extension])).len();
    let url = "http://jpfhir.jp/fhir/core/Extension/StructureDefinition/JP_Coverage_InsuredPersonSymbol";
    assert_eq!(told(json!({"url": url, "valueString": "12"})), 0);
    assert_eq!(told(json!({"url": url, "valueCode": "12"})), 1);
    let url = "http://hl7.org/fhir/StructureDefinition/patient-birthTime";
    assert_eq!(told(json!({"url": url, "valueDateTime": "2026-10-27T05:30:00+09:00"})), 0);
    assert_eq!(told(json!({"url": url})), 1);
}

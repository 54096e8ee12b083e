//! What is written, and what the edge answers, holds against the definitions that HL7 publishes.

use super::*;
use crate::hospital::fhir::definitions::Definitions;
use crate::hospital::fhir::rest::{self, Form, Page};
use crate::hospital::round_trip_tests::{at, files, read};
use crate::hospital::{cda::Cda, hl7v2::Hl7v2};
use musubi_core::adapter::Diagnostic;
use musubi_core::consent::Policy;
use musubi_core::release::release_to_author;
use serde_json::json;
use std::sync::LazyLock;

/// Read once for all tests; none where they are not here.
static DEFINITIONS: LazyLock<Option<Definitions>> = LazyLock::new(Definitions::load);

fn assert_valid(definitions: &Definitions, resource: &Value, what: &str) {
    let faults = definitions.faults(resource);
    assert!(faults.is_empty(), "{what}: {faults:#?}");
}

#[test]
fn every_document_holds_against_the_definitions_of_fhir() {
    let Some(definitions) = DEFINITIONS.as_ref() else { return };
    assert_valid(definitions, &bundle(family_a()), "family A");
    for hostile in HOSTILE {
        assert_valid(definitions, &bundle(hostile_family(hostile)), hostile);
    }
    let mut documents = 0;
    for from in [&Hl7v2 as &dyn Adapter, &Cda, &FhirJson] {
        for path in files(from.name()) {
            for submission in read(from, &std::fs::read(&path).unwrap()) {
                let profile = at(submission.sent_at().unwrap());
                let released = release_to_author(vec![submission], &profile.agency, &Policy::reviewed(), profile.now);
                let Ok(written) = FhirJson.encode(&released, &profile) else { continue };
                let written = serde_json::from_slice(&written).unwrap();
                assert_valid(definitions, &written, &path.display().to_string());
                documents += 1;
            }
        }
    }
    println!("{documents} documents");
    assert!(documents > 40, "few documents were looked at");
}

#[test]
fn every_answer_of_the_edge_holds_against_the_definitions_of_fhir() {
    let Some(definitions) = DEFINITIONS.as_ref() else { return };
    let said = Diagnostic::error("H004", "Bundle.entry[1].resource", "必要です。", "It is required.");
    let answers = [
        rest::statement(Form::Json, "0.1.0"),
        rest::outcome(Form::Json, Some("musubi:1:7:x"), &[said]),
        rest::searchset(Form::Json, &[&released(family_a())], &Page::WHOLE).unwrap().0,
        rest::searchset(Form::Json, &[], &Page::WHOLE).unwrap().0,
    ];
    for answer in answers {
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_valid(definitions, &answer, answer["resourceType"].as_str().unwrap());
    }
}

#[test]
fn what_does_not_hold_against_the_definitions_is_found() {
    let Some(definitions) = DEFINITIONS.as_ref() else { return };
    let changed = |pointer: &str, value: Value| {
        let mut document = bundle(family_a());
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[name] = value;
        definitions.faults(&document)
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

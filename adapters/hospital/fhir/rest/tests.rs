//! The table, the statement that is made from it, questions and what is wrong with them.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::testing::{family_a, released};
use musubi_core::agency::{AgencyId, Purpose};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn center() -> AgencyId {
    AgencyId::new("OSC-482072-01").unwrap()
}

fn asked(parameters: &Value) -> Result<Question, Vec<Diagnostic>> {
    let body = json!({"resourceType": "Parameters", "parameter": parameters});
    question(Form::Json, body.to_string().as_bytes(), &center())
}

fn codes(refused: Result<Question, Vec<Diagnostic>>) -> Vec<(String, String)> {
    refused.unwrap_err().into_iter().map(|said| (said.code.to_string(), said.place)).collect()
}

#[test]
fn the_statement_lists_the_table_and_nothing_else() {
    let json: Value = serde_json::from_slice(&statement(Form::Json, "0.1.0")).unwrap();
    let resources = json["rest"][0]["resource"].as_array().unwrap();
    let told: Vec<&str> = resources.iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert_eq!(told, TAKEN.map(|taken| taken.kind));
    assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), told.len());
    for (one, taken) in resources.iter().zip(TAKEN) {
        assert_eq!(one["interaction"], json!([{"code": "create"}]), "{}", taken.kind);
        assert_eq!(one["conditionalCreate"].as_bool().unwrap_or_default(), taken.conditional);
        assert_eq!(one["operation"].is_array(), taken.kind == "Patient");
    }
}

#[test]
fn a_question_names_its_purpose_and_whom_it_means() {
    let number = json!({"system": "urn:oid:1.2.392.100495.20.3.51.14810700122", "value": "00012345"});
    let question = asked(&json!([
        {"name": "purpose", "valueCode": "P3"},
        {"name": "identifier", "valueIdentifier": number},
        {"name": "staff", "valueString": "ooba"},
        {"name": "ground", "valueString": "汐児8-204"},
    ]));
    let question = question.unwrap();
    let key = question.key.unwrap();
    assert_eq!(
        (question.purpose, key.issuer.as_str(), key.identifier.as_str()),
        (Purpose::P3, "MED-4810700122", "00012345")
    );
    assert_eq!((question.staff.as_str(), question.ground.as_str()), ("ooba", "汐児8-204"));
    let own = asked(&json!([
        {"name": "purpose", "valueCode": "P3"},
        {"name": "identifier", "valueIdentifier": {"value": "1"}},
    ]));
    assert_eq!(own.unwrap().key.unwrap().issuer, "OSC-482072-01");
}

#[test]
fn a_question_in_xml_is_the_same_question() {
    let xml = "<Parameters xmlns=\"http://hl7.org/fhir\"><parameter><name value=\"purpose\"/><valueCode value=\"P1\"/></parameter>\
        <parameter><name value=\"name\"/><valueString value=\"榎本 千夏\"/></parameter>\
        <parameter><name value=\"birthDate\"/><valueDate value=\"1996-05-14\"/></parameter></Parameters>";
    let one = question(Form::Xml, xml.as_bytes(), &center()).unwrap();
    let other = asked(&json!([
        {"name": "purpose", "valueCode": "P1"},
        {"name": "name", "valueString": "榎本 千夏"},
        {"name": "birthDate", "valueDate": "1996-05-14"},
    ]));
    assert_eq!(one, other.unwrap());
}

#[test]
fn everything_that_is_wrong_with_a_question_is_said_with_its_place() {
    let place = |code: &str, place: &str| (code.to_owned(), place.to_owned());
    assert_eq!(
        codes(asked(&json!([]))),
        [place("H004", "Parameters.parameter"), place("H004", "Parameters.parameter")]
    );
    let wrong = asked(&json!([
        {"name": "_count", "valueInteger": 1},
        {"name": "purpose", "valueCode": "P77"},
        {"name": "identifier", "valueIdentifier": {"value": "1"}},
    ]));
    assert_eq!(codes(wrong), [place("H006", "Parameters.parameter[1]"), place("H003", "Parameters.parameter[0]")]);
    let patient = question(Form::Json, b"{\"resourceType\":\"Patient\"}", &center());
    assert_eq!(codes(patient), [place("H003", "resourceType")]);
    let long = vec![b' '; 64 * 1024 + 1];
    assert_eq!(codes(question(Form::Json, &long, &center())), [place("H007", "Parameters")]);
}

#[test]
fn an_answer_holds_every_resource_once_and_an_empty_one_none() {
    let released = released(family_a());
    let json: Value = serde_json::from_slice(&searchset(Form::Json, &[&released, &released])).unwrap();
    assert_eq!(json["type"], "searchset");
    let entries = json["entry"].as_array().unwrap();
    let urls: BTreeSet<&str> = entries.iter().map(|entry| entry["fullUrl"].as_str().unwrap()).collect();
    assert_eq!(urls.len(), entries.len());
    let of = |mode: &str| entries.iter().filter(|entry| entry["search"]["mode"] == mode).count();
    assert_eq!(of("match") + of("include"), entries.len());
    assert!(of("match") > 0);
    let empty = String::from_utf8(searchset(Form::Json, &[])).unwrap();
    assert_eq!(empty, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\"}\n");
}

#[test]
fn an_outcome_says_each_thing_in_both_languages_with_its_place() {
    let said = Diagnostic::error("H004", "Bundle.entry[1].resource", "必要です。", "It is required.");
    let json: Value = serde_json::from_slice(&outcome(Form::Json, Some("musubi:1:7:x"), &[said])).unwrap();
    assert_eq!(json["issue"][0]["diagnostics"], "musubi:1:7:x");
    let issue = &json["issue"][1];
    assert_eq!((&issue["severity"], &issue["code"]), (&json!("error"), &json!("required")));
    assert_eq!(issue["details"]["text"], "必要です。 / It is required.");
    assert_eq!(issue["expression"], json!(["Bundle.entry[1].resource"]));
}

#[test]
fn a_condition_is_about_the_identifier_alone() {
    let value = |query: &str| identifier_of_condition(query);
    assert_eq!(value("identifier=urn:a|4810700122^2026^7").as_deref(), Some("4810700122^2026^7"));
    assert_eq!(value("identifier=urn%3Aa%7C7").as_deref(), Some("7"));
    assert_eq!(value("identifier=7").as_deref(), Some("7"));
    for other in ["identifier=a|", "identifier=", "name=x", "identifier=7&name=x", ""] {
        assert_eq!(value(other), None, "{other}");
    }
}

proptest! {
    #[test]
    fn no_question_stops_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "\\PC*") {
        for form in [Form::Json, Form::Xml] {
            prop_assert!(question(form, &bytes, &center()).is_err());
            let _ = question(form, text.as_bytes(), &center());
        }
        let _ = identifier_of_condition(&text);
    }
}

//! The end of a referral: a Task, and what of its report stands in the same document.

use super::read::{codes, decode, whole};
use super::*;
use musubi_core::agency::{Category, CategorySet};

fn completed(reports: &[&str]) -> proto::Entry {
    let step = proto::ReferralStep {
        referral_id: text("R26-0031"),
        state: text("completed"),
        by_agency: text("MED-4810700122"),
        to_agency: text("OSC-482072"),
        note: text("11月3日に訪問"),
        report_entries: reports.iter().map(|key| text(key)).collect(),
        ..Default::default()
    };
    of_mother("referral/R26-0031/completed", Body::ReferralStep(step))
}

fn weight(key: &str) -> proto::Entry {
    let observation = proto::Observation {
        code: Some(coded("http://loinc.org", "29463-7", "体重")),
        quantity: quantity("54.2", "kg"),
        ..Default::default()
    };
    of_mother(key, Body::Observation(observation))
}

fn consultation(key: &str) -> proto::Entry {
    let body = proto::Consultation { note: text("授乳の相談"), ..Default::default() };
    of_mother(key, Body::Consultation(body))
}

fn outputs(bundle: &Value) -> Vec<&str> {
    let outputs = resources(bundle, "Task")[0]["output"].as_array();
    outputs.into_iter().flatten().map(|one| one["valueReference"]["reference"].as_str().unwrap()).collect()
}

fn place_of(resource: &Value) -> String {
    format!("urn:uuid:{}", resource["id"].as_str().unwrap())
}

#[test]
fn a_completed_task_names_what_of_its_report_stands_in_the_same_document() {
    let bundle = bundle(vec![completed(&["weight"]), weight("weight"), weight("another")]);
    check_structure(&bundle);
    let task = resources(&bundle, "Task")[0];
    assert_eq!(task["status"], "completed");
    assert_eq!(task["businessStatus"]["coding"][0]["code"], "7.0");
    let observations = resources(&bundle, "Observation");
    assert_eq!(observations.len(), 2);
    assert_eq!(outputs(&bundle), [place_of(observations[0])], "only what reports it");
    assert_eq!(task["output"][0]["type"]["text"], "報告");
}

#[test]
fn one_number_is_the_basis_and_the_focus_of_a_task() {
    let bundle = bundle(vec![completed(&[])]);
    let task = resources(&bundle, "Task")[0];
    for reference in [&task["basedOn"][0], &task["focus"]] {
        assert_eq!(reference["identifier"]["value"], "R26-0031");
        assert_eq!(reference["type"], "ServiceRequest");
    }
    assert!(task.get("output").is_none(), "what was reported in words alone is a note");
    assert_eq!(task["note"][0]["text"], "11月3日に訪問");
}

#[test]
fn a_report_that_is_told_in_words_alone_is_the_document_itself() {
    let bundle = bundle(vec![completed(&["advice"]), consultation("advice")]);
    assert_eq!(outputs(&bundle), [bundle["entry"][0]["fullUrl"].as_str().unwrap()]);
}

#[test]
fn a_report_that_the_reader_may_not_see_leaves_no_trace_in_the_task() {
    let screening = proto::Screening { instrument: text("epds"), total: Some(9), ..Default::default() };
    let hidden = of_mother("epds", Body::Screening(screening));
    let write = |entries| {
        let mut released = released(entries);
        released.narrow(CategorySet::ALL.minus([Category::C08].into_iter().collect()));
        String::from_utf8(FhirJson.encode(&released, &profile()).unwrap()).unwrap()
    };
    let with = write(vec![completed(&["epds"]), hidden]);
    assert!(with.contains("\"resourceType\":\"Task\""), "{with}");
    assert!(!with.contains("\"output\""), "{with}");
    assert_eq!(with, write(vec![completed(&[])]), "as if there were none");
}

/// A Task that completes a referral, beside some resources and with these outputs.
fn sent(outputs: &str, resources: &str) -> String {
    format!(
        r#"{{"resourceType":"Bundle","type":"collection","entry":[
        {{"fullUrl":"urn:uuid:5e0c1c1e-0000-4000-8000-000000000001","resource":{{"resourceType":"Patient",
         "identifier":[{{"value":"00012345"}}],"name":[{{"text":"榎本 千夏"}}],"gender":"female","birthDate":"1996-05-14"}}}},
        {{"fullUrl":"urn:uuid:5e0c1c1e-0000-4000-8000-000000000002","resource":{{"resourceType":"Observation","status":"final",
         "code":{{"coding":[{{"system":"http://loinc.org","code":"29463-7"}}]}},
         "subject":{{"reference":"urn:uuid:5e0c1c1e-0000-4000-8000-000000000001"}},"effectiveDateTime":"2026-11-03",
         "valueQuantity":{{"value":54.2,"system":"http://unitsofmeasure.org","code":"kg"}}}}}},{resources}
        {{"fullUrl":"urn:uuid:5e0c1c1e-0000-4000-8000-000000000003","resource":{{"resourceType":"Task","status":"completed",
         "intent":"order","basedOn":[{{"identifier":{{"value":"R26-0031"}}}}],
         "for":{{"reference":"urn:uuid:5e0c1c1e-0000-4000-8000-000000000001"}},"output":[{outputs}]}}}}]}}"#
    )
}

fn output(reference: &str) -> String {
    format!(r#"{{"type":{{"text":"報告"}},"valueReference":{{"reference":"{reference}"}}}}"#)
}

fn step_of(entries: &[Value]) -> Value {
    entries.iter().find_map(|entry| entry.get("referralStep")).unwrap().clone()
}

#[test]
fn the_output_of_a_task_is_read_as_the_report_of_its_referral() {
    let decoded = decode(&sent(&output("urn:uuid:5e0c1c1e-0000-4000-8000-000000000002"), ""));
    let entries = whole(&decoded);
    let step = step_of(&entries);
    assert_eq!((&step["referralId"], &step["state"]), (&"R26-0031".into(), &"completed".into()));
    let weight = entries.iter().find(|entry| entry.get("observation").is_some()).unwrap();
    assert_eq!(step["reportEntries"], serde_json::json!([weight["sourceKey"]]));
}

#[test]
fn the_words_of_an_output_are_those_of_the_report() {
    let step = step_of(&whole(&decode(&sent(r#"{"type":{"text":"報告"},"valueString":"授乳は良好"}"#, ""))));
    assert_eq!(step["note"], "授乳は良好");
    assert!(step.get("reportEntries").is_none_or(|named| named.as_array().is_some_and(Vec::is_empty)));
}

#[test]
fn an_output_that_leads_to_nothing_is_said_and_completes_all_the_same() {
    for lost in ["urn:uuid:5e0c1c1e-0000-4000-8000-00000000000f", "urn:uuid:5e0c1c1e-0000-4000-8000-000000000001"] {
        let decoded = decode(&sent(&output(lost), ""));
        assert!(codes(&decoded).contains(&text("H104 Bundle.entry[2].resource.output[0].valueReference")));
        assert_eq!(step_of(&whole(&decoded))["state"], "completed");
    }
}

#[test]
fn a_report_is_put_out_with_its_results() {
    let report = r#"{"fullUrl":"urn:uuid:5e0c1c1e-0000-4000-8000-000000000009","resource":{"resourceType":"DiagnosticReport",
        "status":"final","code":{"text":"訪問報告"},"subject":{"reference":"urn:uuid:5e0c1c1e-0000-4000-8000-000000000001"},
        "result":[{"reference":"urn:uuid:5e0c1c1e-0000-4000-8000-000000000002"}],"conclusion":"体重は良好"}},"#;
    let entries = whole(&decode(&sent(&output("urn:uuid:5e0c1c1e-0000-4000-8000-000000000009"), report)));
    assert_eq!(step_of(&entries)["reportEntries"].as_array().unwrap().len(), 2);
}

#[test]
fn a_report_of_ours_is_read_as_the_report_again() {
    let written = document([mother_alone(), vec![completed(&["weight"]), weight("weight")]].concat());
    let entries = whole(&decode(&written));
    let weight = entries.iter().find(|entry| entry["observation"]["code"]["code"] == "29463-7").unwrap();
    assert_eq!(step_of(&entries)["reportEntries"], serde_json::json!([weight["sourceKey"]]));
}

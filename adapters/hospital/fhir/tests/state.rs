//! What somebody had, or was found not to have, is not read or written as something that is there.

use super::super::FhirXml;
use super::read::{PATIENT, codes, collection, decode, entries};
use super::*;

const CONDITION_CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const ALLERGY_CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";

fn status(system: &str, code: &str) -> String {
    format!("\"clinicalStatus\":{{\"coding\":[{{\"system\":\"{system}\",\"code\":\"{code}\"}}]}}")
}

fn condition(more: &str) -> String {
    format!(
        "{{\"resourceType\":\"Condition\",\"subject\":{{\"reference\":\"Patient/p\"}},\"code\":{{\"text\":\"妊娠糖尿病\"}},{more}}}"
    )
}

fn allergy(more: &str) -> String {
    format!(
        "{{\"resourceType\":\"AllergyIntolerance\",\"patient\":{{\"reference\":\"Patient/p\"}},\"code\":{{\"text\":\"卵\"}},{more}}}"
    )
}

/// The one body of a kind that is read of a resource, and what is told of it.
fn read(kind: &str, resource: &str) -> (Value, Vec<String>) {
    let decoded = decode(&collection(&[PATIENT, resource]));
    let told = codes(&decoded).into_iter().filter(|told| told != "H008 Bundle.entry[0].resource.name").collect();
    let body = entries(&decoded).iter().find_map(|entry| entry.get(kind)).cloned().unwrap_or_default();
    (body, told)
}

/// Labels and values under which a screen shows a diagnosis or an allergy.
fn shown(body: Body) -> Vec<(String, String)> {
    let (_, rows) = crate::wording::rows(&body).unwrap();
    rows.into_iter().map(|row| (row.label, row.value)).collect()
}

fn row(label: &str, value: &str) -> (String, String) {
    (text(label), text(value))
}

#[test]
fn every_state_of_a_diagnosis_is_read_and_what_is_over_is_shown_as_past() {
    for (code, label, word) in [
        ("active", "診断名", "現在あり"),
        ("recurrence", "診断名", "再発"),
        ("relapse", "診断名", "再燃"),
        ("inactive", "過去の診断", "現在なし"),
        ("remission", "過去の診断", "寛解"),
        ("resolved", "過去の診断", "治癒"),
    ] {
        let (read, told) = read("condition", &condition(&status(CONDITION_CLINICAL, code)));
        assert_eq!((&read["state"], told.len()), (&code.into(), 0), "{told:?}");
        let condition: proto::Condition = serde_json::from_value(read).unwrap();
        assert_eq!(shown(Body::Condition(condition)), [row(label, "妊娠糖尿病"), row("状態", word)], "{code}");
    }
}

#[test]
fn a_state_is_read_in_xml_as_in_json() {
    let xml = format!(
        "<Condition xmlns='http://hl7.org/fhir'><contained><Patient><id value='p'/><identifier><value value='7'/></identifier>\
         <name><text value='榎本 結衣'/></name></Patient></contained><clinicalStatus><coding><system value='{CONDITION_CLINICAL}'/>\
         <code value='resolved'/></coding></clinicalStatus><code><text value='妊娠糖尿病'/></code>\
         <subject><reference value='#p'/></subject></Condition>"
    );
    let read = entries(&FhirXml.decode(xml.as_bytes(), &profile()));
    assert_eq!(read.iter().find_map(|entry| entry.get("condition")).unwrap()["state"], "resolved");
}

#[test]
fn an_unknown_state_is_told_and_nothing_is_made_of_it() {
    let (read_of, told) = read("condition", &condition(&status("urn:local", "好転")));
    assert_eq!((read_of.get("state"), told), (None, vec![text("H104 Bundle.entry[1].resource.clinicalStatus")]));
    let (read_of, told) = read("observation", &allergy("\"clinicalStatus\":{\"text\":\"以前\"}"));
    assert_eq!((read_of.get("state"), told), (None, vec![text("H104 Bundle.entry[1].resource.clinicalStatus")]));
}

#[test]
fn an_end_in_any_form_is_read_as_an_end() {
    let end = |more: &str| {
        let read = read("condition", &condition(more)).0;
        let condition: proto::Condition = serde_json::from_value(read).unwrap();
        let day = condition.ended.as_ref().and_then(|ended| ended.date).and_then(|date| date.day);
        (shown(Body::Condition(condition.clone())).remove(0).0, day, condition.state)
    };
    let past = |day: Option<i32>, state: &str| (text("過去の診断"), day, text(state));
    assert_eq!(end("\"abatementDateTime\":\"2026-10-26\""), past(Some(26), ""));
    assert_eq!(end("\"abatementPeriod\":{\"start\":\"2026-10-20\",\"end\":\"2026-10-26\"}"), past(Some(26), ""));
    assert_eq!(end("\"abatementString\":\"幼児期\""), past(None, "inactive"));
    assert_eq!(end("\"abatementAge\":{\"value\":6,\"unit\":\"a\"}"), past(None, "inactive"));
    let resolved = status(CONDITION_CLINICAL, "resolved");
    assert_eq!(end(&format!("{resolved},\"abatementString\":\"幼児期\"")), past(None, "resolved"));
}

#[test]
fn what_is_said_to_be_there_and_to_have_ended_is_read_as_there_and_told() {
    let active = status(CONDITION_CLINICAL, "active");
    let (read, told) = read("condition", &condition(&format!("{active},\"abatementDateTime\":\"2026-10-26\"")));
    assert_eq!(told, ["H008 Bundle.entry[1].resource.abatementDateTime"]);
    assert_eq!((&read["state"], read.get("ended")), (&"active".into(), None));
}

#[test]
fn an_allergy_that_is_over_is_shown_as_past_and_a_refuted_one_as_none() {
    let of = |code: &str, verification: &str| {
        let verified = format!(
            "\"verificationStatus\":{{\"coding\":[{{\"system\":\"http://terminology.hl7.org/CodeSystem/allergyintolerance-verification\",\
             \"code\":\"{verification}\"}}]}}"
        );
        let read = read("observation", &allergy(&format!("{},{verified}", status(ALLERGY_CLINICAL, code)))).0;
        shown(Body::Observation(serde_json::from_value(read).unwrap()))
    };
    assert_eq!(of("active", "confirmed"), [row("アレルギー", "卵")]);
    assert_eq!(of("inactive", "confirmed"), [row("過去のアレルギー", "卵"), row("状態", "現在なし")]);
    assert_eq!(of("resolved", "confirmed"), [row("過去のアレルギー", "卵"), row("状態", "治癒")]);
    assert_eq!(of("inactive", "refuted"), [row("アレルギー", "卵"), row("有無", "なし")]);
}

#[test]
fn states_come_back_as_they_were() {
    for resource in ["active", "recurrence", "relapse", "inactive", "remission", "resolved"]
        .map(|code| condition(&status(CONDITION_CLINICAL, code)))
        .into_iter()
        .chain(["active", "inactive", "resolved"].map(|code| allergy(&status(ALLERGY_CLINICAL, code))))
    {
        super::read::assert_stable(&decode(&collection(&[PATIENT, &resource])), &resource);
    }
}

/// The state of a Condition to which the sections of these codes refer.
fn in_sections(codes: &[&str], more: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/hospital/fhir/fhir_json/samples");
    let sample = std::fs::read(format!("{folder}/shione_discharge_summary.fhir")).unwrap();
    let mut document: Value = serde_json::from_slice(&sample).unwrap();
    let url = "urn:uuid:6f0c1a52-0000-4000-8000-0000000000ff";
    for code in codes {
        let section = serde_json::json!({"code": {"coding": [{"code": code}]}, "entry": [{"reference": url}]});
        document["entry"][0]["resource"]["section"].as_array_mut().unwrap().push(section);
    }
    let patient = document["entry"].as_array().unwrap().iter().find(|one| one["resource"]["resourceType"] == "Patient");
    let patient = patient.unwrap()["fullUrl"].as_str().unwrap().to_owned();
    let past = condition(more).replace("Patient/p", &patient).replace("妊娠糖尿病", "虫垂炎");
    let past: Value = serde_json::from_str(&past).unwrap();
    document["entry"].as_array_mut().unwrap().push(serde_json::json!({"fullUrl": url, "resource": past}));
    let read = entries(&decode(&document.to_string()));
    let told = read.iter().find(|entry| entry["condition"]["code"]["text"] == "虫垂炎").unwrap();
    told["condition"].get("state").cloned().unwrap_or_default()
}

#[test]
fn an_illness_of_the_past_is_over_where_nothing_else_is_said() {
    let nothing = "\"id\":\"x\"";
    for code in ["370", "372", "11348-0"] {
        assert_eq!(in_sections(&[code], nothing), "inactive", "{code}");
        assert_eq!(
            in_sections(&[code], &status(CONDITION_CLINICAL, "recurrence")),
            "recurrence",
            "{code}: what is said stands"
        );
        assert_eq!(
            in_sections(&[code], "\"abatementDateTime\":\"2019-04-01\""),
            Value::Null,
            "{code}: its end says it"
        );
    }
    assert_eq!(in_sections(&["340"], nothing), Value::Null, "a list of problems");
    assert_eq!(in_sections(&["372", "344"], nothing), Value::Null, "one of the discharge too");
    assert_eq!(in_sections(&[], nothing), Value::Null);
}

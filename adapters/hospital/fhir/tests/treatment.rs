//! What was given and done, and reports.

use super::read::{PATIENT, assert_stable, codes, collection, decode, entries};
use super::*;
use base64::Engine as _;

const CHILD: &str = r#"{"resourceType":"Patient","id":"c","identifier":[{"value":"0067890"}],"name":[{"text":"榎本 湊"}],"birthDate":"2026-10-26","multipleBirthInteger":1}"#;

/// A resource about the mother, with what its type is known by.
fn about(kind: &str, what: &str, more: &str) -> String {
    let subject = if kind == "Immunization" { "patient" } else { "subject" };
    format!(
        "{{\"resourceType\":\"{kind}\",\"{subject}\":{{\"reference\":\"Patient/p\"}},\"{what}\":{{\"text\":\"名称\"}},{more}}}"
    )
}

/// The observation that comes of one resource beside its Patient.
fn observed(resource: &str) -> Value {
    let decoded = decode(&collection(&[PATIENT, CHILD, resource]));
    assert_stable(&decoded, resource);
    let all = entries(&decoded);
    let found = all.iter().find_map(|entry| entry.get("observation"));
    found.unwrap_or_else(|| panic!("{:?}", codes(&decoded))).clone()
}

#[test]
fn medicines_procedures_and_vaccines_are_observations_of_their_kind() {
    const MEDICINE: &str = "medicationCodeableConcept";
    let dosage = "[{\"text\":\"1日3回 毎食後\"}]";
    for (resource, kind, text) in [
        (
            about(
                "MedicationRequest",
                MEDICINE,
                &format!(
                    "\"status\":\"completed\",\"intent\":\"order\",\"authoredOn\":\"2026-10-30\",\"dosageInstruction\":{dosage}"
                ),
            ),
            "medication",
            "1日3回 毎食後",
        ),
        (
            about(
                "MedicationStatement",
                MEDICINE,
                &format!("\"status\":\"active\",\"effectivePeriod\":{{\"start\":\"2026-10-30\"}},\"dosage\":{dosage}"),
            ),
            "medication",
            "1日3回 毎食後",
        ),
        (
            about(
                "MedicationAdministration",
                MEDICINE,
                "\"status\":\"completed\",\"effectiveDateTime\":\"2026-10-30\"",
            ),
            "medication",
            "",
        ),
        (
            about("MedicationDispense", MEDICINE, "\"status\":\"completed\",\"whenHandedOver\":\"2026-10-30\""),
            "medication",
            "",
        ),
        (
            about(
                "Procedure",
                "code",
                "\"status\":\"completed\",\"performedPeriod\":{\"start\":\"2026-10-30\"},\"outcome\":{\"text\":\"良好\"}",
            ),
            "procedure",
            "良好",
        ),
        (
            about(
                "Immunization",
                "vaccineCode",
                "\"status\":\"completed\",\"occurrenceDateTime\":\"2026-10-30\",\"protocolApplied\":[{\"doseNumberPositiveInt\":2}]",
            ),
            "immunization",
            "2回目",
        ),
    ] {
        let found = observed(&resource);
        assert_eq!((&found["kind"], &found["coded"]["text"]), (&kind.into(), &"名称".into()), "{resource}");
        assert_eq!(found["text"].as_str().unwrap_or_default(), text, "{resource}");
        assert_eq!(
            (&found["observedAt"]["date"]["day"], &found["status"]),
            (&30.into(), &"final".into()),
            "{resource}"
        );
    }
}

#[test]
fn a_medicine_may_stand_in_a_resource_of_its_own() {
    let medicine = "{\"resourceType\":\"Medication\",\"id\":\"m\",\"code\":{\"text\":\"鉄剤\"}}";
    let request = about("MedicationRequest", "medicationReference", "\"status\":\"active\",\"intent\":\"order\"");
    let request = request.replace("{\"text\":\"名称\"}", "{\"reference\":\"Medication/m\"}");
    let read = entries(&decode(&collection(&[PATIENT, medicine, &request])));
    assert_eq!(read[1]["observation"]["coded"]["text"], "鉄剤");
}

#[test]
fn what_was_not_done_is_said_so_and_a_plan_is_no_event() {
    let done = |status: &str| about("Procedure", "code", &format!("\"status\":\"{status}\""));
    assert_eq!(observed(&done("not-done"))["status"], "none");
    assert_eq!(observed(&done("preparation"))["status"], "pending");
    let wrong = entries(&decode(&collection(&[PATIENT, &done("entered-in-error")])));
    assert_eq!(wrong[1]["withdrawal"]["bodyKind"], "observation");
    let plan = about("MedicationRequest", "medicationCodeableConcept", "\"status\":\"active\",\"intent\":\"plan\"");
    let planned = decode(&collection(&[PATIENT, &plan]));
    assert_eq!(planned.items[0].submission.as_ref().unwrap().kinds(), ["person_details"]);
    assert!(codes(&planned).contains(&"H003 Bundle.entry[1].resource".to_owned()));
}

#[test]
fn the_vaccination_of_a_child_is_part_of_its_check_ups() {
    let vaccine = |whose: &str| {
        let given = about("Immunization", "vaccineCode", "\"status\":\"completed\",\"occurrenceString\":\"unknown\"");
        let read = entries(&decode(&collection(&[PATIENT, CHILD, &given.replace("Patient/p", whose)])));
        read.iter().find(|entry| entry.get("observation").is_some()).unwrap()["raised"].to_string()
    };
    assert!(vaccine("Patient/c").contains("C09") && !vaccine("Patient/p").contains("C09"));
}

#[test]
fn a_report_gives_its_conclusion_and_the_report_itself() {
    let text = base64::engine::general_purpose::STANDARD.encode("所見の全文");
    let report = about(
        "DiagnosticReport",
        "code",
        &format!(
            "\"status\":\"final\",\"issued\":\"2026-10-30T09:00:00+09:00\",\"conclusion\":\"異常なし\",\
             \"presentedForm\":[{{\"contentType\":\"text/plain\",\"data\":\"{text}\",\"title\":\"超音波\"}}]"
        ),
    );
    let decoded = decode(&collection(&[PATIENT, &report]));
    assert_stable(&decoded, "a report");
    let read = entries(&decoded);
    let body = |kind: &str| read.iter().find_map(|entry| entry.get(kind)).unwrap();
    assert_eq!((&body("observation")["text"], &body("observation")["status"]), (&"異常なし".into(), &"final".into()));
    assert_eq!((&body("document")["title"], &body("document")["type"]["text"]), (&"超音波".into(), &"名称".into()));
    let bare = decode(&collection(&[PATIENT, &about("DiagnosticReport", "code", "\"status\":\"final\"")]));
    assert!(codes(&bare).contains(&"H003 Bundle.entry[1].resource".to_owned()));
}

fn allergy(verification: &str) -> String {
    let system = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification";
    format!(
        "{{\"resourceType\":\"AllergyIntolerance\",\"patient\":{{\"reference\":\"Patient/p\"}},\"code\":{{\"text\":\"卵\"}},\
         \"verificationStatus\":{{\"text\":\"状態\",\"coding\":[{{\"system\":\"urn:local\",\"code\":\"1\",\"display\":\"状態\"}},\
         {{\"system\":\"{system}\",\"code\":\"{verification}\",\"display\":\"Some words\"}}]}}}}"
    )
}

#[test]
fn an_allergy_holds_only_as_far_as_its_verification_says() {
    for (verification, status) in [("confirmed", "final"), ("unconfirmed", "unverified"), ("refuted", "none")] {
        assert_eq!(observed(&allergy(verification))["status"], status, "{verification}");
    }
    let all = entries(&decode(&collection(&[PATIENT, &allergy("entered-in-error")])));
    assert!(all.iter().any(|entry| entry.get("withdrawal").is_some()), "{all:?}");
    assert!(all.iter().all(|entry| entry.get("observation").is_none()), "{all:?}");
}

/// The one resource of a kind in the document of an observation of the mother.
fn written(kind: &str, found: proto::Observation) -> Value {
    let mut all = mother_alone();
    all.push(of_mother("observation/1", Body::Observation(found)));
    resources(&bundle(all), kind)[0].clone()
}

#[test]
fn what_was_found_not_to_be_is_not_written_as_if_it_were() {
    let found = |kind: &str, status: &str| proto::Observation {
        coded: Some(coded("", "", "卵")),
        kind: text(kind),
        status: text(status),
        ..proto::Observation::default()
    };
    let state = |status: &str| {
        let allergy = written("AllergyIntolerance", found("allergy", status));
        let code = |of: &str| allergy[of]["coding"][0]["code"].clone();
        (code("clinicalStatus"), code("verificationStatus"))
    };
    assert_eq!(state("final"), ("active".into(), Value::Null));
    assert_eq!(state("unverified"), ("active".into(), "unconfirmed".into()));
    assert_eq!(state("none"), ("inactive".into(), "refuted".into()));
    let had = written("FamilyMemberHistory", found("family_history", "final"));
    assert_eq!(had["condition"][0]["code"]["text"], "卵");
    let had_not = written("FamilyMemberHistory", found("family_history", "none"));
    assert_eq!((&had_not["condition"], &had_not["note"][0]["text"]), (&Value::Null, &"卵: なし".into()));
}

//! What has no body of its own: questionnaires, illnesses in the family, pictures, plans and goals.

use super::read::{PATIENT, assert_stable, codes, collection, decode, entries};
use super::*;
use base64::Engine as _;
use musubi_core::adapter::{LocalCode, Profile};

/// What comes of one resource beside its Patient, and is said again as it was read.
fn kept(resource: &str) -> Value {
    let decoded = decode(&collection(&[PATIENT, resource]));
    assert_stable(&decoded, resource);
    entries(&decoded).get(1).cloned().unwrap_or_else(|| panic!("{:?}", codes(&decoded)))
}

fn raised(entry: &Value) -> String {
    entry["raised"].to_string()
}

/// A document's words, from the Base64 of its JSON.
fn words(entry: &Value) -> String {
    let content = entry["document"]["content"].as_str().unwrap();
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(content).unwrap()).unwrap()
}

fn answers(form: &str, items: &[(&str, &str)]) -> String {
    let items: Vec<String> =
        items.iter().map(|(link, answer)| format!(r#"{{"linkId":"{link}","answer":[{answer}]}}"#)).collect();
    format!(
        r#"{{"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":"{form}",
        "subject":{{"reference":"Patient/p"}},"authored":"2026-11-09","item":[{{"linkId":"all","item":[{}]}}]}}"#,
        items.join(",")
    )
}

#[test]
fn the_answers_of_an_epds_are_a_screening() {
    let coded = |score: u8| {
        format!(
            r#"{{"valueCoding":{{"code":"LA{score}","extension":[{{"url":"http://hl7.org/fhir/StructureDefinition/ordinalValue","valueDecimal":{score}}}]}}}}"#
        )
    };
    let scores = [1, 1, 2, 2, 1, 1, 1, 1, 1, 1];
    let links: Vec<String> = (1..=10).map(|item| format!("epds{item:02}")).collect();
    let items: Vec<String> = scores.iter().map(|score| coded(*score)).collect();
    let items: Vec<(&str, &str)> = links.iter().map(String::as_str).zip(items.iter().map(String::as_str)).collect();
    let screening = kept(&answers("http://example.jp/Questionnaire/EPDS", &items));
    assert_eq!(screening["screening"]["total"], 12);
    assert_eq!(screening["screening"]["items"], serde_json::json!(scores));

    let total = kept(&answers("urn:x", &[("99046-5", r#"{"valueInteger":7}"#)]));
    assert_eq!(total["screening"]["total"], 7, "a total is known by its LOINC in any form");

    let mut ours = profile();
    ours.observation_codes =
        vec![LocalCode { system: "99SHI".to_owned(), code: "Q10".to_owned(), loinc: "EPDS-10".to_owned() }];
    let form = answers("urn:x", &[("Q10", r#"{"valueInteger":2}"#)]);
    let read = entries(&FhirJson.decode(collection(&[PATIENT, &form]).as_bytes(), &ours));
    assert_eq!(read[1]["screening"]["selfHarmItem"], 2, "an item is known by the peer's own code");
}

#[test]
fn an_impossible_score_is_refused_and_an_answer_that_counts_nothing_is_kept_in_words() {
    let impossible = answers("urn:EPDS", &[("epds01", r#"{"valueInteger":4}"#)]);
    assert!(codes(&decode(&collection(&[PATIENT, &impossible]))).iter().any(|said| said.starts_with("H006")));
    let unscored = kept(&answers("urn:EPDS", &[("epds10", r#"{"valueCoding":{"code":"3","display":"はい"}}"#)]));
    assert_eq!(words(&unscored), "epds10: はい");
    assert_eq!(unscored["document"]["title"], "質問票の回答");
    assert!(unscored["document"]["categories"].to_string().contains("C08"), "{unscored}");
}

#[test]
fn illnesses_in_the_family_are_none_of_the_patients() {
    let history = |status: &str| {
        format!(
            r#"{{"resourceType":"FamilyMemberHistory","status":"{status}","patient":{{"reference":"Patient/p"}},
            "relationship":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-RoleCode","code":"MTH"}}],"text":"母"}},
            "condition":[{{"code":{{"text":"糖尿病"}},"onsetString":"40代"}},
            {{"code":{{"coding":[{{"system":"http://jpfhir.jp/fhir/core/mhlw/CodeSystem/ICD10-2013-full","code":"F32"}}]}}}}]}}"#
        )
    };
    let decoded = decode(&collection(&[PATIENT, &history("completed")]));
    assert_stable(&decoded, "a family history");
    let read = entries(&decoded);
    assert_eq!(read.len(), 3);
    let first = &read[1]["observation"];
    assert_eq!((&first["kind"], &first["code"]["text"]), (&"family_history".into(), &"母".into()));
    assert_eq!((&first["coded"]["text"], &first["text"]), (&"糖尿病".into(), &"40代".into()));
    assert!(raised(&read[1]).contains("C11") && raised(&read[2]).contains("C11"));
    assert!(raised(&read[2]).contains("C08"), "what the illness tells is raised by its code");
    assert!(read.iter().all(|entry| entry.get("condition").is_none()));
    let wrong = entries(&decode(&collection(&[PATIENT, &history("entered-in-error")])));
    assert_eq!(wrong[1]["withdrawal"]["bodyKind"], "observation");
}

#[test]
fn a_study_that_was_taken_is_a_procedure() {
    let study = kept(
        r#"{"resourceType":"ImagingStudy","status":"available","subject":{"reference":"Patient/p"},"started":"2026-10-20",
        "series":[{"uid":"1.2","modality":{"system":"http://dicom.nema.org/resources/ontology/DCM","code":"US"},"description":"胎児超音波"}]}"#,
    );
    let done = &study["observation"];
    assert_eq!((&done["kind"], &done["coded"]["code"]), (&"procedure".into(), &"US".into()));
    assert_eq!((&done["text"], &done["status"]), (&"胎児超音波".into(), &"final".into()));
}

#[test]
fn a_picture_is_a_document_and_an_address_of_one_is_not_followed() {
    let media = |content: &str| {
        format!(
            r#"{{"resourceType":"Media","status":"completed","subject":{{"reference":"Patient/p"}},"content":{{"contentType":"image/png",{content}}}}}"#
        )
    };
    let png = base64::engine::general_purpose::STANDARD.encode(b"\x89PNG\r\n\x1A\n");
    let kept = kept(&media(&format!(r#""data":"{png}","title":"超音波写真""#)));
    assert_eq!(
        (&kept["document"]["mediaType"], &kept["document"]["title"]),
        (&"image/png".into(), &"超音波写真".into())
    );
    let elsewhere = decode(&collection(&[PATIENT, &media(r#""url":"http://pacs.invalid/1""#)]));
    assert!(codes(&elsewhere).contains(&"H003 Bundle.entry[1].resource".to_owned()));
}

#[test]
fn plans_goals_and_episodes_are_documents_in_words() {
    for (resource, title, said) in [
        (
            r#"{"resourceType":"CarePlan","status":"active","intent":"plan","title":"療養計画","subject":{"reference":"Patient/p"},"description":"内服を続ける","activity":[{"detail":{"status":"scheduled","description":"2週間後に受診"}}]}"#,
            "療養計画",
            "内服を続ける\n2週間後に受診",
        ),
        (
            r#"{"resourceType":"Goal","lifecycleStatus":"active","description":{"text":"夜に眠れる"},"subject":{"reference":"Patient/p"}}"#,
            "目標",
            "夜に眠れる",
        ),
        (
            r#"{"resourceType":"EpisodeOfCare","status":"active","type":[{"text":"妊娠期の支援"}],"patient":{"reference":"Patient/p"}}"#,
            "継続的な支援",
            "妊娠期の支援",
        ),
    ] {
        let kept = kept(resource);
        assert_eq!((&kept["document"]["title"], words(&kept).as_str()), (&title.into(), said), "{resource}");
    }
    let silent = r#"{"resourceType":"Goal","lifecycleStatus":"active","subject":{"reference":"Patient/p"}}"#;
    assert!(codes(&decode(&collection(&[PATIENT, silent]))).contains(&"H003 Bundle.entry[1].resource".to_owned()));
}

#[test]
fn what_goes_nowhere_is_refused_or_kept_as_it_came_where_the_profile_says_so() {
    let nothing = r#"{"resourceType":"Medication","id":"m"}"#;
    let refused = FhirJson.decode(nothing.as_bytes(), &profile());
    assert!(refused.items[0].submission.is_none() && codes(&refused) == ["H003 Medication"]);
    let archives = Profile { archive_unknown: true, ..profile() };
    let kept = FhirJson.decode(nothing.as_bytes(), &archives);
    assert!(kept.items[0].submission.as_ref().unwrap().is_archived() && codes(&kept) == ["H003 Medication"]);
}

#[test]
fn an_observation_carries_what_its_answer_tells() {
    let answered = |codings: &str| {
        let observation = format!(
            "{{\"resourceType\":\"Observation\",\"id\":\"o\",\"status\":\"final\",\"subject\":{{\"reference\":\"Patient/p\"}},\
             \"code\":{{\"coding\":[{{\"system\":\"http://loinc.org\",\"code\":\"82810-3\"}}]}},\
             \"valueCodeableConcept\":{{\"coding\":[{codings}]}}}}"
        );
        let read = entries(&decode(&collection(&[PATIENT, &observation])));
        read.iter().find(|entry| entry.get("observation").is_some()).unwrap().get("raised").cloned()
    };
    let mental = Some(serde_json::json!(["C08_MENTAL"]));
    let code = "{\"system\":\"http://hl7.org/fhir/sid/icd-10\",\"code\":\"F53.0\"}";
    assert_eq!(answered(code), mental);
    assert_eq!(answered(&format!("{{\"system\":\"urn:x\",\"code\":\"1\"}},{code}")), mental);
    assert_eq!(answered("{\"system\":\"http://snomed.info/sct\",\"code\":\"77386006\"}"), None);
}

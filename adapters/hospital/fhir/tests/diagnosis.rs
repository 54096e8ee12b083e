//! Diagnoses with all that is said of them, written and read.

use super::read::{PATIENT, collection, decode, entries};
use super::*;

fn read_of(code: &str) -> Value {
    let condition =
        format!("{{\"resourceType\":\"Condition\",\"subject\":{{\"reference\":\"Patient/p\"}},\"code\":{code}}}");
    let read = entries(&decode(&collection(&[PATIENT, &condition])));
    read.iter().find_map(|entry| entry.get("condition")).unwrap().clone()
}

fn back(condition: &proto::Condition) -> Value {
    let mut all = mother_alone();
    all.push(of_mother("condition/1", Body::Condition(condition.clone())));
    let read = entries(&decode(&bundle(all).to_string()));
    let told = read.iter().filter_map(|entry| entry.get("condition"));
    told.into_iter().find(|told| told["code"]["code"] == "O24.4").unwrap().clone()
}

#[test]
fn a_diagnosis_comes_back_in_every_system_and_in_the_words_of_its_author() {
    let condition = proto::Condition {
        code: Some(coded("I10", "O24.4", "妊娠糖尿病の疑い")),
        kind: text("final"),
        translations: vec![
            coded("I10", "O24.4", "妊娠中に発生した糖尿病"),
            coded("1.2.392.200119.4.101.6", "20056789", ""),
            coded("", "", "GDM"),
        ],
        ..proto::Condition::default()
    };
    assert_eq!(back(&condition), serde_json::to_value(&condition).unwrap());
}

#[test]
fn what_a_coding_displays_is_kept_where_the_author_wrote_something_else() {
    let told = read_of(
        "{\"text\":\"妊娠糖尿病の疑い\",\"coding\":[{\"system\":\"urn:oid:2.16.840.1.113883.6.3.1\",\"code\":\"O24.4\",\
         \"display\":\"妊娠糖尿病\"},{\"display\":\"GDM\"}]}",
    );
    assert_eq!(told["code"]["text"], "妊娠糖尿病の疑い");
    assert_eq!(
        (&told["translations"][0]["text"], &told["translations"][1]["text"]),
        (&"妊娠糖尿病".into(), &"GDM".into())
    );
    let same = read_of("{\"text\":\"妊娠糖尿病\",\"coding\":[{\"code\":\"O24.4\",\"display\":\"妊娠糖尿病\"}]}");
    assert!(same.get("translations").is_none(), "{same}");
}

#[test]
fn the_older_and_the_newer_name_of_a_system_are_one_system() {
    for name in [
        "urn:oid:2.16.840.1.113883.6.3.1",
        "http://jpfhir.jp/fhir/core/mhlw/CodeSystem/ICD10-2013-full",
        "http://hl7.org/fhir/sid/icd-10",
    ] {
        let told = read_of(&format!("{{\"coding\":[{{\"system\":\"{name}\",\"code\":\"O24.4\"}}]}}"));
        assert_eq!(told["code"]["system"], "I10", "{name}");
    }
}

#[test]
fn what_has_ended_is_no_longer_active() {
    let state = |ended| {
        let mut all = mother_alone();
        let code = Some(coded("I10", "O24.4", "妊娠糖尿病"));
        all.push(of_mother(
            "condition/1",
            Body::Condition(proto::Condition { code, ended, ..proto::Condition::default() }),
        ));
        let document = bundle(all);
        let all = resources(&document, "Condition").into_iter();
        let condition = all.clone().find(|one| one["code"]["coding"][0]["code"] == "O24.4").unwrap();
        condition["clinicalStatus"]["coding"][0]["code"].clone()
    };
    assert_eq!(state(Some(minute(day(2026, 10, 26), 4, 12))), "resolved");
    assert_eq!(state(None), Value::Null);
}

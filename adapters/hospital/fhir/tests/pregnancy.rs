//! What observations tell of the mother's pregnancy.

use super::read::{PATIENT, assert_stable, codes, collection, decode, whole};
use super::*;

fn observed(of: &str, code: &str, value: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","status":"final","subject":{{"reference":"Patient/{of}"}},"effectiveDateTime":"2026-09-01",
        "code":{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}]}},{value}}}"#
    )
}

const DUE: &str = r#""valueDateTime":"2026-11-05""#;
const HEIGHT: &str = r#""valueQuantity":{"value":158.0,"unit":"cm","code":"cm"}"#;

fn read(resources: &[String]) -> Vec<Value> {
    let all: Vec<&str> = std::iter::once(PATIENT).chain(resources.iter().map(String::as_str)).collect();
    whole(&decode(&collection(&all)))
}

fn pregnancies(read: &[Value]) -> Vec<&Value> {
    read.iter().filter(|entry| entry.get("pregnancyNotification").is_some()).collect()
}

/// The concepts of what stayed an observation.
fn observations(read: &[Value]) -> Vec<&str> {
    read.iter().filter_map(|entry| entry["observation"]["concept"].as_str()).collect()
}

#[test]
fn the_dates_and_measures_of_a_pregnancy_are_one_entry_of_the_mother_and_come_back() {
    let weight = r#""valueQuantity":{"value":52.0,"unit":"kg","code":"kg"}"#;
    let resources = [
        observed("p", "3137-7", HEIGHT),
        observed("p", "11780-4", DUE),
        observed("p", "8665-2", r#""valueDateTime":"2026-01""#),
        observed("p", "56077-1", weight),
        observed("p", "11636-8", r#""valueInteger":1"#),
    ];
    let all = read(&resources);
    let [told] = pregnancies(&all)[..] else { panic!("{all:?}") };
    let expected = proto::PregnancyNotification {
        due_date: Some(day(2026, 11, 5)),
        last_menstrual_period: Some(proto::Date { year: 2026, month: Some(1), day: None }),
        height: quantity("158.0", "cm"),
        weight_before: quantity("52.0", "kg"),
        ..proto::PregnancyNotification::default()
    };
    assert_eq!(told["pregnancyNotification"], serde_json::to_value(expected).unwrap());
    assert_eq!((&told["update"], &told["sourceKey"]), (&true.into(), &"0012345/pregnancy/20260901".into()));
    assert_eq!(observations(&all), ["11636-8"], "a count of births is an observation");
    let all: Vec<&str> = std::iter::once(PATIENT).chain(resources.iter().map(String::as_str)).collect();
    assert_stable(&decode(&collection(&all)), "a pregnancy");
}

#[test]
fn a_height_alone_and_a_date_in_words_are_observations() {
    for (code, value) in [("3137-7", HEIGHT), ("11778-8", r#""valueString":"十一月の初め""#)] {
        let all = read(&[observed("p", code, value)]);
        assert!(pregnancies(&all).is_empty(), "{code}");
        assert_eq!(observations(&all), [code]);
    }
    let all = read(&[observed("p", "11778-8", DUE), observed("p", "11779-6", r#""valueDateTime":"2026-11-01""#)]);
    assert_eq!(pregnancies(&all)[0]["pregnancyNotification"]["dueDate"]["day"], 5, "the first stands");
    assert_eq!(observations(&all), ["11779-6"]);
}

#[test]
fn a_date_that_was_entered_in_error_takes_back_itself_under_the_key_that_it_had() {
    let wrong = observed("p", "11778-8", DUE).replace("final", "entered-in-error");
    for without in ["", r#""effectiveDateTime":"2026-09-01","#] {
        let key = |resource: &str| {
            let all = read(&[resource.replace(without, "")]);
            let told = pregnancies(&all)[0].clone();
            (told["sourceKey"].clone(), told.get("cleared").cloned(), told["pregnancyNotification"].clone())
        };
        let (first, again) = (key(&observed("p", "11778-8", DUE)), key(&wrong));
        assert_eq!(first.0, again.0, "the same series");
        assert_eq!(again.1, Some(serde_json::json!(["due_date"])));
        assert_eq!(again.2, serde_json::json!({}));
    }
    let cancelled = read(&[observed("p", "11778-8", DUE).replace("final", "cancelled")]);
    assert!(pregnancies(&cancelled).is_empty(), "what was cancelled was never known");
}

#[test]
fn a_mothers_date_among_a_childs_observations_is_not_the_childs() {
    let child = r#"{"resourceType":"Patient","id":"c","identifier":[{"value":"0067890"}],"name":[{"text":"榎本 ベビー"}],"birthDate":"2026-10-26"}"#;
    let decoded = decode(&collection(&[PATIENT, child, &observed("c", "11778-8", DUE)]));
    let all = whole(&decoded);
    assert!(pregnancies(&all).is_empty() && observations(&all).is_empty(), "{all:?}");
    assert!(codes(&decoded).iter().any(|said| said.starts_with("H106 ")), "{:?}", codes(&decoded));
}

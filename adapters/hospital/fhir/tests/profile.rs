//! What the profiles of JP-CLINS demand of a document that claims one.

use super::read::{codes, decode};
use super::*;
use crate::testing::corpus;

fn sample(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/hospital/fhir/fhir_json/samples");
    serde_json::from_slice(&std::fs::read(format!("{folder}/{name}.fhir")).unwrap()).unwrap()
}

/// Places where a rule is broken.
fn broken(document: &Value) -> Vec<String> {
    let all = codes(&decode(&document.to_string()));
    all.iter().filter_map(|said| said.strip_prefix("H008 ")).map(str::to_owned).collect()
}

#[test]
fn a_document_that_keeps_the_rules_is_not_complained_of() {
    for name in ["shione_discharge_summary", "shione_referral"] {
        assert!(broken(&sample(name)).is_empty(), "{name}: {:?}", broken(&sample(name)));
    }
    let mut claiming = 0;
    for path in corpus("hospital/fhir").unwrap_or_default() {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let Some(document) = serde_json::from_str::<Value>(&text).ok() else { continue };
        if document["meta"]["profile"].to_string().contains("JP_Bundle_eReferral") {
            claiming += 1;
            // One of the published examples is older than these two rules.
            let older = ["Bundle.meta.lastUpdated", "Bundle.entry[1].resource.name[0].text"];
            let broken = broken(&document).into_iter().filter(|place| !older.contains(&place.as_str()));
            assert_eq!(broken.collect::<Vec<_>>(), [""; 0], "{}", path.display());
        }
    }
    println!("{claiming} documents of others claim a profile of JP-CLINS");
}

#[test]
fn each_rule_that_a_document_breaks_is_told_with_its_place() {
    let composition = "/entry/0/resource";
    let inside = format!("{composition}/section/0/section");
    let without = |pointer: &str, name: &str| {
        let mut document = sample("shione_discharge_summary");
        document.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(name).unwrap();
        broken(&document)
    };
    let place = "Bundle.entry[0].resource";
    assert_eq!(without("", "identifier"), ["Bundle.identifier"]);
    assert_eq!(without("/meta", "lastUpdated"), ["Bundle.meta.lastUpdated"]);
    assert_eq!(without(composition, "title"), [format!("{place}.title")]);
    assert_eq!(without(composition, "category"), [format!("{place}.category")]);
    assert_eq!(without(&format!("{composition}/event/0/period"), "end"), [format!("{place}.event[0].period.end")]);
    let version = format!("{place}.extension.where(url.endsWith('versionNumber'))");
    assert_eq!(without(composition, "extension"), [version]);
    assert_eq!(
        without(&format!("{inside}/0"), "code"),
        [format!("{place}.section[0].section.where(code.coding.code='322')")]
    );
    let mut document = sample("shione_discharge_summary");
    document["entry"].as_array_mut().unwrap().retain(|entry| entry["resource"]["resourceType"] != "Practitioner");
    assert_eq!(broken(&document), ["Bundle.entry.resource.ofType(Practitioner)"]);
    let mut document = sample("shione_discharge_summary");
    let again = document["entry"][1].clone();
    document["entry"].as_array_mut().unwrap().push(again);
    assert!(broken(&document).iter().any(|place| place.starts_with("Bundle.entry.resource.ofType(")), "{document}");
    let mut document = sample("shione_discharge_summary");
    document["entry"][1]["fullUrl"] = "http://example.jp/Patient/1".into();
    assert!(broken(&document).contains(&text("Bundle.entry[1].fullUrl")));
    let named = |from: &str, to: &str| {
        broken(&serde_json::from_str(&sample("shione_discharge_summary").to_string().replace(from, to)).unwrap())
    };
    let patient = sample("shione_discharge_summary")["entry"]
        .as_array()
        .unwrap()
        .iter()
        .position(|one| one["resource"]["resourceType"] == "Patient");
    let place = format!("Bundle.entry[{}].resource.name", patient.unwrap());
    assert_eq!(named("榎本 千夏", "榎本\u{3000}千夏"), [format!("{place}[0].text")]);
    let pharmacy = named("\"value\":\"4810700122\"", "\"value\":\"4840700122\"");
    assert!(
        !pharmacy.is_empty() && pharmacy.iter().all(|place| place.ends_with(".identifier[0].value")),
        "{pharmacy:?}"
    );
    assert_eq!(named("iso21090-EN-representation", "iso21090-EN-use"), [place]);
}

#[test]
fn an_empty_section_says_why_and_an_address_stands_in_words_without_its_postal_code() {
    let inside = "/entry/0/resource/section/0/section/0";
    let mut document = sample("shione_discharge_summary");
    document.pointer_mut(inside).unwrap().as_object_mut().unwrap().retain(|name, _| name == "code");
    assert!(broken(&document).contains(&text("Bundle.entry[0].resource.section[0].section[0].entry")));
    document.pointer_mut(inside).unwrap()["emptyReason"] = serde_json::json!({"coding": [{"code": "unavailable"}]});
    assert!(!broken(&document).contains(&text("Bundle.entry[0].resource.section[0].section[0].entry")));

    let at = |document: &Value| {
        let all = document["entry"].as_array().unwrap();
        all.iter().position(|one| one["resource"]["resourceType"] == "Patient").unwrap()
    };
    let mut document = sample("shione_discharge_summary");
    let patient = at(&document);
    let mut told = |address: Value| {
        document["entry"][patient]["resource"]["address"] = serde_json::json!([address]);
        broken(&document)
    };
    let place = format!("Bundle.entry[{patient}].resource.address[0].text");
    assert!(told(serde_json::json!({"text": "朝凪県汐音市浜通2丁目3番10号"})).is_empty());
    assert_eq!(told(serde_json::json!({"city": "汐音市"})), std::slice::from_ref(&place));
    for wrong in ["〒781-8125 朝凪県汐音市", "７８１－８１２５　朝凪県汐音市"] {
        assert_eq!(told(serde_json::json!({"text": wrong})), std::slice::from_ref(&place), "{wrong}");
    }
}

#[test]
fn an_instant_without_its_seconds_or_zone_is_told() {
    let told = |instant: &str| {
        let mut document = sample("shione_discharge_summary");
        document["timestamp"] = instant.into();
        codes(&decode(&document.to_string())).contains(&text("H103 Bundle.timestamp"))
    };
    assert!(!told("2026-10-31T10:00:00+09:00") && !told("2026-10-31T01:00:00.123Z"));
    for partial in ["2026-10", "2026-10-31", "2026-10-31T10:00+09:00", "2026-10-31T10:00:00"] {
        assert!(told(partial), "{partial}");
    }
}

#[test]
fn a_modifier_refuses_wherever_it_stands() {
    let mut document = sample("shione_discharge_summary");
    document["entry"][0]["resource"]["section"][0]["modifierExtension"] = serde_json::json!([{"url": "urn:x"}]);
    let decoded = decode(&document.to_string());
    let wanted = text("H008 Bundle.entry[0].resource.section[0].modifierExtension");
    assert_eq!((decoded.taken(), codes(&decoded).contains(&wanted)), (0, true));
}

//! Whom an observation speaks of, and links of which the record has none.

use super::read::{PATIENT, codes, collection, decode, whole};
use super::*;
use musubi_core::adapter::{Decoded, Fate};

const CHILD: &str = r#"{"resourceType":"Patient","id":"c","identifier":[{"value":"0067890"}],"name":[{"text":"榎本 ベビー"}],"birthDate":"2026-10-26"}"#;

fn observed(of: &str, code: &str, more: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","status":"final","subject":{{"reference":"Patient/{of}"}},{more}
        "code":{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}]}},"effectiveDateTime":"2026-10-26",
        "valueQuantity":{{"value":2486,"unit":"g","code":"g"}}}}"#
    )
}

fn read(resources: &[&str]) -> (Vec<Value>, Decoded) {
    let decoded = decode(&collection(&[&[PATIENT, CHILD], resources].concat()));
    (whole(&decoded), decoded)
}

fn fate(decoded: &Decoded, place: &str) -> Option<Fate> {
    decoded.ledger.lines().find(|line| line.place == place).map(|line| line.fate)
}

/// Whose each observation and newborn is.
fn owners(read: &[Value]) -> Vec<&str> {
    let told = read.iter().filter(|entry| entry.get("observation").or(entry.get("newborn")).is_some());
    told.map(|entry| entry["subjects"][0]["identifier"].as_str().unwrap()).collect()
}

#[test]
fn an_observation_with_a_focus_is_of_who_is_spoken_of() {
    for (of, focus, expected) in [
        ("p", r#""focus":[{"reference":"Patient/c"}],"#, "0067890"),
        ("p", r#""focus":[{"type":"Patient","identifier":{"value":"0067890"}}],"#, "0067890"),
        ("c", r#""focus":[{"reference":"Patient/p"}],"#, "0012345"),
        ("p", "", "0012345"),
    ] {
        let (entries, _) = read(&[&observed(of, "29463-7", focus)]);
        assert_eq!(owners(&entries), [expected], "{focus}");
    }
    let (entries, _) = read(&[&observed("p", "8339-4", r#""focus":[{"reference":"Patient/c"}],"#)]);
    assert_eq!(
        entries.iter().filter(|entry| entry.get("newborn").is_some()).count(),
        1,
        "the weight at birth of the child"
    );
    assert_eq!(owners(&entries), ["0067890"]);
}

#[test]
fn what_is_said_of_somebody_who_cannot_be_told_is_nobodys() {
    let father = r#"{"resourceType":"RelatedPerson","id":"f","patient":{"reference":"Patient/c"},"name":[{"text":"榎本 航平"}],
        "relationship":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-RoleCode","code":"FTH"}]}]}"#;
    for focus in ["RelatedPerson/f", "Patient/elsewhere", "http://127.0.0.1/fhir/Patient/9/_history/2"] {
        let told = observed("p", "29463-7", &format!(r#""focus":[{{"reference":"{focus}"}}],"#));
        let (entries, decoded) = read(&[father, &told]);
        assert!(owners(&entries).is_empty(), "{focus}: {entries:?}");
        assert!(codes(&decoded).iter().any(|said| said.starts_with("H106 ") && said.ends_with(".focus")), "{focus}");
        let place = "Bundle.entry[3].resource.focus[0].reference";
        assert_eq!(fate(&decoded, place), Some(Fate::KeptRaw), "{focus}");
    }
}

#[test]
fn a_focus_that_is_no_person_changes_nothing_and_is_named_in_the_ledger() {
    let (entries, decoded) = read(&[&observed("p", "29463-7", r#""focus":[{"reference":"Device/scales"}],"#)]);
    assert_eq!(owners(&entries), ["0012345"]);
    assert_eq!(fate(&decoded, "Bundle.entry[2].resource.focus[0].reference"), Some(Fate::KeptRaw));
    assert!(!codes(&decoded).iter().any(|said| said.starts_with("H106 ") && said.ends_with(".focus")));
}

#[test]
fn a_link_between_observations_is_lost_by_name_and_not_as_if_it_were_an_envelope() {
    let links = r#""derivedFrom":[{"reference":"Observation/1"}],"hasMember":[{"reference":"Observation/2"}],"#;
    let (entries, decoded) = read(&[&observed("p", "29463-7", links)]);
    assert_eq!(owners(&entries), ["0012345"]);
    for link in ["derivedFrom", "hasMember"] {
        let place = format!("Bundle.entry[2].resource.{link}[0].reference");
        assert_eq!(fate(&decoded, &place), Some(Fate::KeptRaw), "{link}");
    }
    let subject = fate(&decoded, "Bundle.entry[2].resource.subject.reference");
    assert_eq!(subject, Some(Fate::Envelope), "what was followed holds the document together");
}

#[test]
fn a_stay_within_another_links_mother_and_child_or_is_named_in_the_ledger() {
    let stay = |id: &str, of: &str, within: &str| {
        format!(
            r#"{{"resourceType":"Encounter","id":"{id}","status":"finished","class":{{"code":"IMP"}},{within}
            "subject":{{"reference":"Patient/{of}"}},"period":{{"start":"2026-10-26","end":"2026-10-30"}}}}"#
        )
    };
    let within = r#""partOf":{"reference":"Encounter/1"},"#;
    for (outer, inner, linked) in [("p", "c", true), ("p", "p", false), ("c", "p", false)] {
        let (entries, decoded) = read(&[&stay("1", outer, ""), &stay("2", inner, within)]);
        let links: Vec<_> = entries.iter().filter(|entry| entry.get("parentChild").is_some()).collect();
        assert_eq!(links.len(), usize::from(linked), "{outer} around {inner}");
        let expected = if linked { Fate::Envelope } else { Fate::KeptRaw };
        assert_eq!(
            fate(&decoded, "Bundle.entry[3].resource.partOf.reference"),
            Some(expected),
            "{outer} around {inner}"
        );
    }
}

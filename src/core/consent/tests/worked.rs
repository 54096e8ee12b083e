//! The worked decisions of `consent.md` section 6, as data: `cases.jsonl`.

use super::super::{DecisionFacts, FactsFault, Policy, Rule, decide};
use serde::Deserialize;

const CASES: &str = include_str!("../cases.jsonl");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    situation: String,
    facts: DecisionFacts,
    expected: String,
}

#[test]
fn the_worked_decisions_of_the_specification_come_out_as_written() {
    let policy = Policy::reviewed();
    let cases: Vec<Case> = CASES.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(cases.len(), 68);
    let wrong: Vec<String> = cases
        .iter()
        .filter(|case| decide(&policy, &case.facts).to_string() != case.expected)
        .map(|case| format!("{} {}: {} not {}", case.id, case.situation, decide(&policy, &case.facts), case.expected))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_rule_is_read_back_as_it_is_written() {
    for line in CASES.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let (_, rule) = case.expected.split_once(' ').unwrap();
        assert_eq!(rule.parse::<Rule>().unwrap().to_string(), rule, "{}", case.id);
    }
}

#[test]
fn a_fault_in_the_facts_names_the_key_and_never_the_value() {
    let fault = |text: &str| DecisionFacts::from_json(text).unwrap_err();
    let full = |rest: &str| format!(r#"{{"kind":"CGC","purpose":"P5","category":"C09",{rest}}}"#);
    assert_eq!(fault("[]"), FactsFault::NotAnObject);
    assert_eq!(fault(r#"{"kind":"CGC","purpose":"P5"}"#), FactsFault::Missing("category"));
    assert_eq!(fault(&full(r#""colour":1"#)), FactsFault::UnknownKey("colour".into()));
    assert_eq!(fault(&full(r#""own_report":true"#)), FactsFault::UnknownKey("own_report".into()));
    for wrong in [
        r#""shield":1"#,
        r#""shield":null"#,
        r#""asserted":"C01""#,
        r#""asserted":["C21"]"#,
        r#""label":"X""#,
        r#""ground":"L11""#,
        r#""ground":"L16""#,
        r#""originator":true"#,
        r#""shield_allowed":"secret""#,
    ] {
        let fault = fault(&full(wrong));
        assert!(matches!(fault, FactsFault::WrongType(_)), "{wrong}: {fault}");
        assert!(!fault.to_string().contains("secret"));
    }
    assert_eq!(fault(&full(r#""home":true,"home":false"#)), FactsFault::Twice("home"));
}

#[test]
fn who_is_on_the_allow_list_of_a_shield_follows_from_the_kind() {
    let allowed = |text: &str| DecisionFacts::from_json(text).unwrap().allowed_by_shield();
    assert!(allowed(r#"{"kind":"CGC","purpose":"P5","category":"C02"}"#));
    assert!(allowed(r#"{"kind":"OSC","purpose":"P3","category":"C02"}"#));
    assert!(!allowed(r#"{"kind":"OSC","purpose":"P3","category":"C02","home":false}"#));
    assert!(!allowed(r#"{"kind":"PHO","purpose":"P1","category":"C02"}"#));
    assert!(allowed(r#"{"kind":"PHO","purpose":"P1","category":"C02","shield_allowed":true}"#));
    assert!(!allowed(r#"{"kind":"CGC","purpose":"P5","category":"C02","shield_allowed":false}"#));
}

//! The worked decisions of `consent.md` section 6, as data: `cases.jsonl`.

use super::super::worked::{changed, check, worked_cases};
use super::super::{DecisionFacts, FactsFault, Policy, Rule};

#[test]
fn the_worked_decisions_of_the_specification_come_out_as_written() {
    assert_eq!(worked_cases().len(), 68);
    let wrong: Vec<String> = check(&Policy::reviewed())
        .into_iter()
        .map(|(case, decision)| format!("{} {}: {decision} not {}", case.id, case.situation, case.expected))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_changed_policy_names_the_worked_decisions_that_it_changes() {
    let matrix = include_str!("../../../../policy/matrix.toml").replacen("C05 = \"CS\"", "C05 = \"D!\"", 1);
    let grounds = include_str!("../../../../policy/grounds.toml");
    let masks = include_str!("../../../../policy/masks.toml");
    let new = Policy::load(&matrix, grounds, masks).unwrap();
    let ids: Vec<String> = changed(&Policy::reviewed(), &new).into_iter().map(|(case, _, _)| case.id).collect();
    assert_eq!(ids, ["D01", "D02", "D03", "D04"]);
}

#[test]
fn every_rule_is_read_back_as_it_is_written() {
    for case in worked_cases() {
        let (_, rule) = case.expected.split_once(' ').unwrap();
        assert_eq!(rule.parse::<Rule>().unwrap().to_string(), rule, "{}", case.id);
    }
    assert!("T2.L11".parse::<Rule>().is_err() && "T12".parse::<Rule>().is_err());
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

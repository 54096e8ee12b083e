//! The worked cases of `consent.md`, as data: `cases/`.

use super::super::worked::{changed, check, worked_cases};
use super::super::{DecisionFacts, FactsFault, Policy, Rule, decide};
use super::people::policy;
use crate::agency::{AgencyKind, Category, Purpose};
use std::collections::BTreeSet;

#[test]
fn the_worked_cases_of_the_specification_come_out_as_written() {
    let cases = worked_cases();
    let ids: BTreeSet<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    let decisions = (1..=68).map(|n| format!("D{n:02}"));
    let grantors = (1..=15).map(|n| format!("E{n:02}"));
    let times = [3, 4, 11, 12].map(|n| format!("F{n:02}"));
    let all: Vec<String> = decisions.chain(grantors).chain(times).collect();
    assert_eq!(Vec::from_iter(ids), all);
    let wrong: Vec<String> = check(policy())
        .into_iter()
        .map(|(case, answer)| format!("{} {}: {answer} not {}", case.id, case.situation, case.expected))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_decision_is_of_the_policy_that_is_in_force_when_it_is_taken() {
    // F06: what waited under the old policy is decided by the new one, and the two are told apart by their hash.
    let (old, new) = (policy(), with_matrix("C05 = \"CS\"", "C05 = \"D!\""));
    let facts = DecisionFacts::new(AgencyKind::Osc, Purpose::P3, Category::C05);
    assert_eq!(decide(old, &facts).to_string(), "DENY T11.default-deny");
    assert_eq!(decide(&new, &facts).to_string(), "PERMIT T6.task");
    assert_ne!(old.hash(), new.hash());
}

fn with_matrix(from: &str, to: &str) -> Policy {
    let matrix = include_str!("../../../../policy/matrix.toml").replacen(from, to, 1);
    let grounds = include_str!("../../../../policy/grounds.toml");
    Policy::load(&matrix, grounds, include_str!("../../../../policy/masks.toml")).unwrap()
}

#[test]
fn a_changed_policy_names_the_worked_cases_that_it_changes_and_those_that_it_opens() {
    let new = with_matrix("C05 = \"CS\"", "C05 = \"D!\"");
    let found: Vec<(String, bool)> =
        changed(policy(), &new).into_iter().map(|changed| (changed.case.id, changed.opens)).collect();
    // Of E13 the delivery and the document about both; the permit and the approvals opened already.
    let expected = [("D01", true), ("D02", false), ("D03", false), ("D04", false), ("E13", false), ("E13", true)];
    assert_eq!(found, expected.map(|(id, opens)| (id.to_owned(), opens)));
    assert!(changed(&new, policy()).iter().all(|changed| !changed.opens));
}

#[test]
fn every_rule_is_read_back_as_it_is_written() {
    for case in worked_cases().into_iter().filter(|case| case.id.starts_with('D')) {
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
        r#""asserted":["C01",2]"#,
        r#""originator":true"#,
        r#""shield_allowed":"secret""#,
    ] {
        let fault = fault(&full(wrong));
        assert!(matches!(fault, FactsFault::WrongType(_)), "{wrong}: {fault}");
        assert!(!fault.to_string().contains("secret"));
    }
    for (wrong, word) in [
        (r#""asserted":["C21"]"#, "C01…C20"),
        (r#""label":"secret""#, "N R V"),
        (r#""ground":"L11""#, "L12…L14"),
        (r#""ground":"L16""#, "L12…L14"),
    ] {
        let fault = fault(&full(wrong));
        assert!(matches!(fault, FactsFault::NotOneOf(_, words) if words.contains(word)), "{wrong}: {fault}");
        assert!(!fault.to_string().contains("secret"));
    }
    assert_eq!(fault(&full(r#""home":true,"home":false"#)), FactsFault::Twice("home"));
    let number = fault(&full(r#""123456789018":true"#));
    assert_eq!(number, FactsFault::UnknownKey("############".into()), "a number may be an individual's");
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

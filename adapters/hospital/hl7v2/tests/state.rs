//! What somebody had, or was found not to have, is not read or written as something that is there.

use super::*;
use crate::testing::{coded, mother_alone, of_mother, profile as ours, released, text};
use musubi_proto::v1 as proto;
use proto::entry::Body;

fn written(entry: proto::Entry) -> String {
    let mut all = mother_alone();
    all.push(entry);
    String::from_utf8(Hl7v2.encode(&released(all), &ours()).unwrap()).unwrap()
}

/// Every body of a kind that is read of what was written.
fn back(written: &str, kind: &str) -> Vec<serde_json::Value> {
    let decoded = Hl7v2.decode(written.as_bytes(), &Profile { any_sender: true, ..ours() });
    let taken = decoded.items.iter().filter_map(|item| item.submission.as_ref());
    let records = taken.map(|one| serde_json::from_str::<serde_json::Value>(&one.to_author_json()).unwrap());
    let of_kind = |record: serde_json::Value| {
        let entries = record["entries"].as_array().unwrap().clone();
        entries.into_iter().filter_map(|entry| entry.get(kind).cloned()).collect::<Vec<_>>()
    };
    records.flat_map(of_kind).collect()
}

fn diagnosis(key: &str, state: &str, ended: bool, negated: bool) -> String {
    let date = proto::Date { year: 2026, month: Some(10), day: Some(26) };
    let condition = proto::Condition {
        code: Some(coded("I10", "O24.4", "妊娠糖尿病")),
        state: text(state),
        ended: ended.then(|| proto::DateTime { date: Some(date), ..proto::DateTime::default() }),
        negated: negated.then_some(true),
        ..proto::Condition::default()
    };
    written(of_mother(key, Body::Condition(condition)))
}

fn segments(message: &str) -> (usize, usize) {
    (message.matches("\rDG1|").count(), message.matches("\rPRB|").count())
}

#[test]
fn a_diagnosis_that_is_over_is_a_problem_with_its_state_and_no_present_diagnosis() {
    let key = "0012345/diagnosis/final/N-1";
    assert_eq!(segments(&diagnosis(key, "active", false, false)), (1, 0));
    for state in ["inactive", "remission", "resolved"] {
        let message = diagnosis(key, state, false, false);
        assert_eq!(segments(&message), (0, 1), "{state}");
        assert_eq!(back(&message, "condition")[0]["state"], state);
    }
    let ended = diagnosis(key, "", true, false);
    assert_eq!(segments(&ended), (0, 1));
    assert_eq!(back(&ended, "condition")[0]["ended"]["date"]["day"], 26);
}

#[test]
fn a_diagnosis_that_was_ruled_out_is_not_written_as_one() {
    for key in ["0012345/diagnosis/final/N-1", "0012345/problem/N-1"] {
        assert_eq!(segments(&diagnosis(key, "", false, true)), (0, 0), "{key}");
    }
}

#[test]
fn a_problem_says_its_state_beside_its_outcome() {
    let outcome = Some(coded("HL70241", "R", "軽快"));
    let condition = proto::Condition {
        code: Some(coded("I10", "O24.4", "妊娠糖尿病")),
        state: text("remission"),
        outcome,
        ..proto::Condition::default()
    };
    let read = back(&written(of_mother("0012345/problem/N-1", Body::Condition(condition))), "condition").remove(0);
    assert_eq!((&read["state"], &read["outcome"]["code"]), (&"remission".into(), &"R".into()));
}

#[test]
fn what_is_known_of_an_allergy_is_read_and_written() {
    let read_with = |code: &str| {
        let message = changed("minami_a60_ssmix2", "|A-1||||20100401", &format!("|A-1||||20100401||||||{code}"));
        read(&message, &minami())
    };
    let first = |code: &str| {
        let entry = read_with(code).record.unwrap()["entries"].as_array().unwrap()[1].clone();
        let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        (word(&entry["observation"]["status"]), word(&entry["observation"]["state"]))
    };
    assert_eq!(first("C"), (text("final"), text("")));
    assert_eq!(first("I"), (text("final"), text("inactive")));
    assert_eq!(first("S"), (text("unverified"), text("")));
    let erroneous = read_with("E").record.unwrap();
    assert_eq!(erroneous["entries"][1]["withdrawal"]["bodyKind"], "observation");
    let unknown = read_with("Z");
    assert!(unknown.diagnostics.iter().any(|told| told.code == "H104" && told.place.contains("IAM")));
    for (state, status, code) in [("inactive", "final", "I"), ("resolved", "final", "I"), ("", "unverified", "U")] {
        let allergy = proto::Observation {
            coded: Some(coded("JC10", "5A1002411023006", "ソバ")),
            kind: text("allergy"),
            status: text(status),
            state: text(state),
            ..proto::Observation::default()
        };
        let message = written(of_mother("0012345/allergy/1", Body::Observation(allergy)));
        let iam = message.split('\r').find(|line| line.starts_with("IAM")).unwrap();
        assert_eq!(iam.split('|').nth(17), Some(code));
    }
}

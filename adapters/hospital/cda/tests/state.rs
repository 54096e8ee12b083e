//! What somebody had is not read or written as something that is there.

use super::*;
use crate::testing::coded;

fn problem(inside: &str) -> Vec<Value> {
    entries(&decode(&with_section(&format!(
        "<code code=\"11450-4\"/><entry><observation classCode=\"OBS\" moodCode=\"EVN\"><code code=\"29308-4\"/>{inside}\
         <value xsi:type=\"CD\" code=\"O24.4\" codeSystem=\"2.16.840.1.113883.6.3\" displayName=\"妊娠糖尿病\"/></observation></entry>"
    ))))
}

fn status(snomed: &str) -> String {
    format!(
        "<entryRelationship typeCode=\"REFR\"><observation classCode=\"OBS\" moodCode=\"EVN\">\
         <code code=\"33999-4\" codeSystem=\"2.16.840.1.113883.6.1\"/><statusCode code=\"completed\"/>\
         <value xsi:type=\"CD\" code=\"{snomed}\" codeSystem=\"2.16.840.1.113883.6.96\"/></observation></entryRelationship>"
    )
}

/// Code and state of each diagnosis of a list.
fn states(read: &[Value]) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of_list = read.iter().filter_map(|entry| entry.get("condition")).filter(|told| told.get("kind").is_none());
    of_list.map(|told| (word(&told["code"]["code"]), word(&told["state"]))).collect()
}

#[test]
fn the_status_of_a_problem_is_its_state_and_no_diagnosis_of_its_own() {
    for (snomed, state) in [
        ("55561003", "active"),
        ("246455001", "recurrence"),
        ("263855007", "relapse"),
        ("73425007", "inactive"),
        ("277022003", "remission"),
        ("413322009", "resolved"),
        ("1", ""),
    ] {
        assert_eq!(states(&problem(&status(snomed))), [(text("O24.4"), text(state))], "{snomed}");
    }
}

#[test]
fn an_end_of_which_nobody_knows_the_day_is_an_end() {
    let high = |flavour: &str| {
        let read = problem(&format!(
            "<effectiveTime><low value=\"20261020\"/><high nullFlavor=\"{flavour}\"/></effectiveTime>"
        ));
        states(&read)
    };
    assert_eq!(high("UNK"), [(text("O24.4"), text("resolved"))]);
    assert_eq!(high("NA"), [(text("O24.4"), text("active"))], "there is no end to know");
}

/// The state that the section gives to a diagnosis.
fn by_section(loinc: &str, around: &str, inside: &str) -> String {
    let (open, shut) = around.split_once('|').unwrap_or_default();
    let read = entries(&decode(&with_section(&format!(
        "<code code=\"{loinc}\"/><entry>{open}<observation classCode=\"OBS\" moodCode=\"EVN\"><code code=\"29308-4\"/>{inside}\
         <value xsi:type=\"CD\" code=\"O24.4\" codeSystem=\"2.16.840.1.113883.6.3\"/></observation>{shut}</entry>"
    ))));
    let told = read.iter().find(|entry| entry["condition"]["code"]["code"] == "O24.4").unwrap();
    told["condition"]["state"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn an_illness_of_the_past_is_no_present_one_and_a_problem_is() {
    let ended = "<effectiveTime><low value=\"20250101\"/><high value=\"20250301\"/></effectiveTime>";
    for (loinc, alone, with_end) in
        [("11348-0", "inactive", ""), ("11450-4", "active", ""), ("11535-2", "", ""), ("51848-0", "", "")]
    {
        assert_eq!(by_section(loinc, "", ""), alone, "{loinc}");
        assert_eq!(by_section(loinc, "", ended), with_end, "{loinc}: the end says it");
        assert_eq!(by_section(loinc, "", &status("413322009")), "resolved", "{loinc}: what is said stands");
        assert_eq!(by_section(loinc, "", &status("1")), "", "{loinc}: of a state that is not known nothing is made");
    }
}

#[test]
fn a_problem_of_a_closed_concern_is_not_said_to_be_there() {
    let within = |status: &str| {
        let act = format!(
            "<act classCode=\"ACT\" moodCode=\"EVN\"><code code=\"CONC\"/><statusCode code=\"{status}\"/>\
             <entryRelationship typeCode=\"SUBJ\">|</entryRelationship></act>"
        );
        by_section("11450-4", &act, "")
    };
    assert_eq!(within("active"), "active");
    for closed in ["completed", "aborted", "suspended"] {
        assert_eq!(within(closed), "", "{closed}");
    }
}

#[test]
fn what_is_denied_has_no_state_and_one_that_nobody_told_comes_back_as_none() {
    let denied = "<entry><observation classCode=\"OBS\" moodCode=\"EVN\" negationInd=\"true\"><code code=\"29308-4\"/>\
                  <value xsi:type=\"CD\" code=\"O24.4\" codeSystem=\"2.16.840.1.113883.6.3\"/></observation></entry>";
    let read = entries(&decode(&with_section(&format!("<code code=\"11450-4\"/>{denied}"))));
    let told = read.iter().find(|entry| entry["condition"]["code"]["code"] == "O24.4").unwrap();
    assert_eq!((&told["condition"]["negated"], told["condition"].get("state")), (&true.into(), None));
    let mut all = mother_alone();
    let unknown =
        proto::Condition { code: Some(coded("I10", "O24.4", "妊娠糖尿病")), ..proto::Condition::default() };
    all.push(of_mother("condition/1", Body::Condition(unknown.clone())));
    let read = entries(&decode(&written(all)));
    let back = read.iter().filter_map(|entry| entry.get("condition")).find(|one| one["code"]["code"] == "O24.4");
    assert_eq!(back, Some(&serde_json::to_value(&unknown).unwrap()));
}

#[test]
fn a_state_comes_back_and_what_is_over_is_said_to_be_past() {
    for state in ["", "active", "relapse", "recurrence", "remission", "inactive", "resolved"] {
        let code = Some(coded("I10", "O24.4", "妊娠糖尿病"));
        let condition =
            proto::Condition { code, state: text(state), kind: text("final"), ..proto::Condition::default() };
        let mut all = mother_alone();
        all.push(of_mother("condition/1", Body::Condition(condition.clone())));
        let document = written(all);
        let back = entry(&entries(&decode(&document)), "condition")["condition"].clone();
        assert_eq!(back, serde_json::to_value(&condition).unwrap(), "{state}");
        assert_eq!(document.contains("過去の診断"), matches!(state, "remission" | "inactive" | "resolved"), "{state}");
    }
}

#[test]
fn an_allergy_that_is_over_comes_back_as_one() {
    for state in ["", "inactive", "resolved"] {
        let allergy = proto::Observation {
            coded: Some(coded("JC10", "5A1002411023006", "ソバ")),
            code: Some(coded("HL70127", "FA", "食品アレルギー")),
            status: text("final"),
            kind: text("allergy"),
            state: text(state),
            ..proto::Observation::default()
        };
        let mut all = mother_alone();
        all.push(of_mother("allergy/1", Body::Observation(allergy)));
        let document = written(all);
        let read = entries(&decode(&document));
        let back = read.iter().filter_map(|entry| entry.get("observation")).find(|one| one["kind"] == "allergy");
        assert_eq!(back.unwrap()["state"].as_str().unwrap_or_default(), state);
        assert_eq!(document.contains("過去のアレルギー"), !state.is_empty(), "{state}");
    }
}

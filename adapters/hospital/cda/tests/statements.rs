//! What a statement says besides its value: that something is not so, was put down by mistake, or lies between two values.

use super::*;

/// A section of entries, each with its own attributes and contents.
fn section(code: &str, statement: &str) -> Vec<Value> {
    let section = format!("<code code=\"{code}\" codeSystem=\"2.16.840.1.113883.6.1\"/><entry>{statement}</entry>");
    entries(&decode(&with_section(&section)))
}

/// An observation of its own id.
fn observation(more: &str, inside: &str) -> String {
    format!(
        "<observation classCode=\"OBS\" moodCode=\"EVN\" {more}><id root=\"1.2.3\" extension=\"S-77\"/>{inside}</observation>"
    )
}

const ILLNESS: &str =
    "<code code=\"29308-4\"/>{status}<value xsi:type=\"CD\" code=\"O14.1\" codeSystem=\"2.16.840.1.113883.6.3\"/>";
const RESULT: &str = "<code code=\"718-7\" codeSystem=\"2.16.840.1.113883.6.1\"/>{status}<value xsi:type=\"PQ\" value=\"11\" unit=\"g/dL\"/>";
const ALLERGY: &str = "<code code=\"ASSERTION\"/>{status}<participant typeCode=\"CSM\"><participantRole><playingEntity>\
    <code code=\"J9FGT10000\" codeSystem=\"1.2.392.200119.4.2.1\" displayName=\"卵\"/></playingEntity></participantRole></participant>";

/// Entries whose key names the statement.
fn of_statement(all: &[Value]) -> Vec<&Value> {
    all.iter().filter(|entry| entry["sourceKey"].as_str().is_some_and(|key| key.contains("S-77"))).collect()
}

#[test]
fn what_was_put_down_by_mistake_is_withdrawn() {
    for (code, inside, kind) in
        [("11450-4", ILLNESS, "condition"), ("30954-2", RESULT, "observation"), ("48765-2", ALLERGY, "observation")]
    {
        let with = |status: &str| {
            let status = format!("<statusCode code=\"{status}\"/>");
            section(code, &observation("", &inside.replace("{status}", &status)))
        };
        let (kept, nullified) = (with("completed"), with("nullified"));
        let (kept, nullified) = (of_statement(&kept), of_statement(&nullified));
        assert!(kept[0].get(kind).is_some(), "{code}: {kept:?}");
        assert_eq!(nullified[0]["withdrawal"]["bodyKind"], kind, "{code}");
        assert_eq!(nullified[0]["sourceKey"], kept[0]["sourceKey"]);
    }
}

#[test]
fn nothing_within_an_act_that_is_negated_or_was_nullified_is_read() {
    let inner = observation("", &RESULT.replace("{status}", ""));
    let act = |more: &str, status: &str| {
        let act = format!(
            "<act classCode=\"ACT\" moodCode=\"EVN\" {more}><statusCode code=\"{status}\"/>\
             <entryRelationship typeCode=\"SUBJ\">{inner}</entryRelationship></act>"
        );
        of_statement(&section("30954-2", &act)).len()
    };
    assert_eq!(act("", "completed"), 1);
    assert_eq!(act("negationInd=\"true\"", "completed"), 0);
    assert_eq!(act("", "nullified"), 0);
}

#[test]
fn a_score_that_is_negated_or_was_nullified_is_none() {
    let score = |more: &str, status: &str| {
        let inside = format!(
            "<code code=\"99046-5\" codeSystem=\"2.16.840.1.113883.6.1\"/><statusCode code=\"{status}\"/>\
             <effectiveTime value=\"20261109\"/><value xsi:type=\"INT\" value=\"12\"/>"
        );
        let all = section("30954-2", &observation(more, &inside));
        all.iter().filter(|entry| entry.get("screening").is_some()).count()
    };
    assert_eq!(score("", "completed"), 1);
    assert_eq!((score("negationInd=\"true\"", "completed"), score("", "nullified")), (0, 0));
}

#[test]
fn a_working_diagnosis_comes_back_as_one() {
    let mut all = mother_alone();
    let code = Some(crate::testing::coded("I10", "O14.1", "重症妊娠高血圧腎症"));
    let working = proto::Condition { code, kind: text("working"), ..proto::Condition::default() };
    all.push(of_mother("condition/1", Body::Condition(working.clone())));
    let written = written(all);
    assert!(written.contains("暫定の病名"));
    let read = entries(&decode(&written));
    assert!(
        read.iter().any(|entry| entry.get("condition") == Some(&serde_json::to_value(&working).unwrap())),
        "{read:?}"
    );
}

#[test]
fn a_value_between_two_or_of_two_is_kept_in_words() {
    let told = |value: &str| {
        let inside = format!("<code code=\"X1\" codeSystem=\"1.2.3\" displayName=\"検査\"/>{value}");
        let all = section("30954-2", &observation("", &inside));
        of_statement(&all)[0]["observation"]["text"].clone()
    };
    let range = "<value xsi:type=\"IVL_PQ\"><low value=\"3\" unit=\"cm\"/><high value=\"5\" unit=\"cm\"/></value>";
    assert_eq!(told(range), "3 cm - 5 cm");
    let ratio = "<value xsi:type=\"RTO\"><numerator value=\"1\"/><denominator value=\"128\"/></value>";
    assert_eq!(told(ratio), "1/128");
    let times = "<value xsi:type=\"IVL_TS\"><low value=\"20261001\"/><high value=\"20261003\"/></value>";
    assert_eq!(told(times), "20261001 - 20261003");
}

#[test]
fn an_observation_carries_what_its_answer_tells() {
    let answered = |value: &str| {
        let inside = format!("<code code=\"82810-3\" codeSystem=\"2.16.840.1.113883.6.1\"/>{value}");
        of_statement(&section("30954-2", &observation("", &inside)))[0].get("raised").cloned()
    };
    let code = "code=\"F53.0\" codeSystem=\"2.16.840.1.113883.6.3\"";
    let mental = Some(serde_json::json!(["C08_MENTAL"]));
    assert_eq!(answered(&format!("<value xsi:type=\"CD\" {code}/>")), mental);
    let translated = format!("<value xsi:type=\"CD\" code=\"1\" codeSystem=\"1.2.3\"><translation {code}/></value>");
    assert_eq!(answered(&translated), mental);
    assert_eq!(answered("<value xsi:type=\"CD\" code=\"77386006\" codeSystem=\"2.16.840.1.113883.6.96\"/>"), None);
}

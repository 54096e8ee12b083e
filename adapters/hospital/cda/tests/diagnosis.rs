//! Diagnoses with all that is said of them, written and read.

use super::*;
use crate::testing::coded;

fn back(condition: &proto::Condition) -> Value {
    let mut all = mother_alone();
    all.push(of_mother("condition/1", Body::Condition(condition.clone())));
    entry(&entries(&decode(&written(all))), "condition")["condition"].clone()
}

#[test]
fn a_diagnosis_comes_back_in_every_system_and_in_the_words_of_its_author() {
    let condition = proto::Condition {
        code: Some(coded("I10", "O24.4", "妊娠中に発生した糖尿病")),
        kind: text("final"),
        translations: vec![
            coded("1.2.392.200119.4.101.6", "20056789", "妊娠糖尿病"),
            coded("", "", "妊娠糖尿病の疑い"),
        ],
        ..proto::Condition::default()
    };
    assert_eq!(back(&condition), serde_json::to_value(&condition).unwrap());
    let in_words = proto::Condition { code: Some(coded("", "", "つわり")), translations: Vec::new(), ..condition };
    assert_eq!(back(&in_words), serde_json::to_value(&in_words).unwrap());
}

#[test]
fn what_the_author_wrote_is_kept_where_it_is_not_what_the_code_displays() {
    let value = |inner: &str| {
        let document = with_section(&format!(
            "<code code=\"11450-4\"/><entry><observation classCode=\"OBS\" moodCode=\"EVN\"><code code=\"29308-4\"/>{inner}\
             </observation></entry>"
        ));
        let read = entries(&decode(&document));
        let of_problem = |entry: &&Value| entry.get("condition").is_some_and(|told| told.get("kind").is_none());
        read.iter().find(of_problem).unwrap()["condition"].clone()
    };
    let told = value(
        "<value xsi:type=\"CD\" code=\"O14.1\" codeSystem=\"2.16.840.1.113883.6.3\" displayName=\"重症妊娠高血圧腎症\">\
         <originalText>重症妊娠高血圧腎症の疑い</originalText></value>",
    );
    assert_eq!(told["translations"][0]["text"], "重症妊娠高血圧腎症の疑い");
    let local = value(
        "<value xsi:type=\"CD\" nullFlavor=\"OTH\"><originalText>前置胎盤</originalText>\
         <translation code=\"O44\" codeSystem=\"2.16.840.1.113883.6.3\"/><translation code=\"8842\" codeSystem=\"1.2.3\"/></value>",
    );
    assert_eq!((&local["code"]["code"], &local["code"]["text"]), (&"O44".into(), &"前置胎盤".into()));
    assert_eq!(local["translations"].as_array().unwrap().len(), 1);
    assert_eq!(local["translations"][0]["code"], "8842");
}

#[test]
fn a_diagnosis_that_was_ruled_out_is_said_to_be() {
    let mut all = mother_alone();
    let code = Some(coded("I10", "O14.1", "重症妊娠高血圧腎症"));
    let ruled_out = proto::Condition { code, negated: Some(true), kind: text("final"), ..proto::Condition::default() };
    all.push(of_mother("condition/1", Body::Condition(ruled_out)));
    assert!(written(all).contains("否定された診断"));
}

//! What is told of the patient's past and family, written and read.

use super::*;
use crate::testing::coded;

fn told(kind: &str, code: Option<proto::Coded>, what: proto::Coded) -> proto::Observation {
    let (kind, status) = (text(kind), text("final"));
    proto::Observation { code, coded: Some(what), kind, status, ..proto::Observation::default() }
}

/// The observations that come back of those written beside a discharge notice.
fn back(observations: Vec<proto::Observation>) -> Vec<Value> {
    let mut all = mother_alone();
    all.extend((1..).zip(observations).map(|(n, one)| of_mother(&format!("told/{n}"), Body::Observation(one))));
    let read = entries(&decode(&written(all)));
    read.into_iter().filter_map(|entry| entry.get("observation").cloned()).collect()
}

#[test]
fn an_allergy_comes_back_with_what_it_does_and_how_severe_it_is() {
    let mut penicillin = told("allergy", Some(coded("HL70127", "DA", "薬剤")), coded("", "", "ペニシリン"));
    penicillin.text = text("全身の発疹\n呼吸苦");
    penicillin.interpretation = text("SV");
    let none = proto::Observation { status: text("none"), ..told("allergy", None, coded("", "", "卵")) };
    let read = back(vec![penicillin.clone(), none.clone()]);
    assert_eq!(read, [penicillin, none].map(|one| serde_json::to_value(one).unwrap()));
}

#[test]
fn the_severity_of_a_reaction_is_that_of_its_allergy() {
    let severe = "<entryRelationship typeCode=\"SUBJ\"><observation classCode=\"OBS\" moodCode=\"EVN\">\
                  <code code=\"SEV\"/><value xsi:type=\"CD\" code=\"24484000\"/></observation></entryRelationship>";
    let document = with_section(&format!(
        "<code code=\"48765-2\"/><entry><observation classCode=\"OBS\" moodCode=\"EVN\"><participant typeCode=\"CSM\">\
         <participantRole><playingEntity><code displayName=\"卵\" code=\"1\"/></playingEntity></participantRole></participant>\
         <entryRelationship typeCode=\"MFST\"><observation classCode=\"OBS\" moodCode=\"EVN\"><value xsi:type=\"CD\" \
         code=\"271807003\" displayName=\"発疹\"/>{severe}</observation></entryRelationship></observation></entry>"
    ));
    let read = entries(&decode(&document));
    let allergy = read.iter().find(|entry| entry["observation"]["kind"] == "allergy").unwrap();
    assert_eq!(allergy["observation"]["text"], "発疹");
    assert_eq!(allergy["observation"]["interpretation"], "24484000");
    assert!(allergy["raised"].to_string().contains("C10"), "words are a narrative: {allergy}");
}

#[test]
fn an_illness_of_the_family_comes_back_and_is_never_the_patients() {
    let of = |code: &str, name: &str| coded("2.16.840.1.113883.5.111", code, name);
    let father = told("family_history", Some(of("FTH", "父")), coded("I10", "E14", "糖尿病"));
    let child = told("family_history", Some(of("SON", "長男")), coded("I10", "J45", "喘息"));
    let somebody = told("family_history", Some(coded("", "", "父方のおじ")), coded("I10", "F20", "統合失調症"));
    let named = proto::Observation { code: Some(of("FAMMEMB", "父方のおじ")), ..somebody.clone() };
    let read = back(vec![father.clone(), child.clone(), somebody]);
    assert_eq!(read, [father, child, named].map(|one| serde_json::to_value(one).unwrap()));
}

#[test]
fn relatives_come_back_as_one_family() {
    let relative = |code: &str, name: &str, contact: &str| proto::Relative {
        relationship: Some(coded("HL70063", code, "")),
        names: vec![proto::HumanName {
            text: text(name),
            representation: proto::NameRepresentation::Ideographic.into(),
            ..proto::HumanName::default()
        }],
        contacts: vec![proto::Contact { system: text("phone"), r#use: text("home"), value: text(contact) }],
        ..proto::Relative::default()
    };
    let relatives = vec![relative("SPO", "榎本 拓", "000-0000-0001"), relative("MTH", "榎本 節", "000-0000-0002")];
    let family = proto::Family { relatives, ..proto::Family::default() };
    let mut all = mother_alone();
    all.push(of_mother("family", Body::Family(family.clone())));
    let read = entries(&decode(&written(all)));
    assert_eq!(entry(&read, "family")["family"], serde_json::to_value(family).unwrap());
}

#[test]
fn what_was_given_is_said_in_words() {
    let mut all = mother_alone();
    let given = told("medication", None, coded("", "", "鉄剤"));
    all.push(of_mother("medication/1", Body::Observation(given)));
    let document = written(all);
    for said in ["code=\"10160-0\"", "鉄剤"] {
        assert!(document.contains(said), "{said}");
    }
    let read = entries(&decode(&document));
    assert!(read.iter().all(|entry| entry.get("observation").is_none()), "words are no finding: {read:?}");
}

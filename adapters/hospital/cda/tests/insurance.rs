//! Insurance, written and read.

use super::*;
use crate::testing::{coded, day, minute};

fn insured() -> proto::Coverage {
    proto::Coverage {
        r#type: Some(coded("", "06", "組合管掌健康保険")),
        insurer: text("06050116"),
        symbol: text("１２－３４"),
        number: text("５６７８"),
        branch: text("01"),
        period: Some(proto::Period { start: Some(minute(day(2025, 4, 1), 9, 0)), end: None }),
        relationship: text("SEL"),
        public_expense_number: String::new(),
    }
}

fn back(coverages: &[proto::Coverage]) -> Vec<Value> {
    let mut all = mother_alone();
    all.extend((1..).zip(coverages).map(|(n, one)| of_mother(&format!("coverage/{n}"), Body::Coverage(one.clone()))));
    entries(&decode(&written(all))).into_iter().filter(|entry| entry.get("coverage").is_some()).collect()
}

#[test]
fn an_insurance_comes_back_with_every_number() {
    let bare = proto::Coverage { number: text("99"), ..proto::Coverage::default() };
    let read = back(&[insured(), bare.clone()]);
    let told: Vec<Value> = read.iter().map(|entry| entry["coverage"].clone()).collect();
    assert_eq!(told, [insured(), bare].map(|one| serde_json::to_value(one).unwrap()));
    assert_eq!(read[0]["sourceKey"], "0012345/coverage/06050116/12-34/5678/01", "the same in either width");
}

#[test]
fn a_public_expense_is_told_by_its_law_and_its_payer_is_in_no_key() {
    let (kind, number) = (Some(coded("", "12", "生活保護")), text("1234567"));
    let public_expense_number = text("12480014");
    let public = proto::Coverage { r#type: kind, number, public_expense_number, ..proto::Coverage::default() };
    let read = back(std::slice::from_ref(&public));
    assert_eq!(read[0]["coverage"], serde_json::to_value(public).unwrap());
    assert!(read[0]["raised"].to_string().contains("C12"), "{}", read[0]);
    assert_eq!(read[0]["sourceKey"], "0012345/coverage/12/1234567");
}

#[test]
fn the_payers_of_a_prescription_and_the_holder_in_a_header_are_read() {
    let policy = |kind: &str, payer: &str, ids: &str| {
        format!(
            "<entryRelationship typeCode=\"COMP\"><act classCode=\"ACT\" moodCode=\"EVN\">\
             <code code=\"{kind}\" codeSystem=\"1.2.392.100495.20.2.61\"/><performer><assignedEntity><id root=\"{payer}\"/>\
             </assignedEntity></performer><participant typeCode=\"COV\"><participantRole>{ids}</participantRole></participant>\
             </act></entryRelationship>"
        )
    };
    let first = policy(
        "1",
        "1.2.392.100495.20.3.61\" extension=\"06050116",
        "<id root=\"1.2.392.100495.20.3.62\" extension=\"12-34\"/><id root=\"1.2.392.100495.20.3.63\" extension=\"5678\"/>\
         <code code=\"2\" codeSystem=\"1.2.392.100495.20.2.62\"/>",
    );
    let second = policy("8", "1.2.392.100495.20.3.71\" extension=\"23480013", "");
    let section = format!(
        "<code code=\"11\" codeSystem=\"1.2.392.100495.20.2.12\"/><title>保険・公費情報</title><text>社保</text><entry>\
         <act classCode=\"ACT\" moodCode=\"EVN\"><code code=\"1\" codeSystem=\"1.2.392.100495.20.2.64\"/>{first}{second}</act></entry>"
    );
    let holder = "<participant typeCode=\"HLD\"><time><high value=\"20270331\"/></time><associatedEntity classCode=\"POLHOLD\">\
                  <id root=\"1.2.392.100495.20.3.63\" extension=\"777\"/><scopingOrganization>\
                  <id root=\"1.2.392.100495.20.3.61\" extension=\"67999991\"/></scopingOrganization></associatedEntity></participant>";
    let document = with_section(&section).replacen("<componentOf>", &format!("{holder}<componentOf>"), 1);
    let read = entries(&decode(&document));
    let told: Vec<&Value> = read.iter().filter_map(|entry| entry.get("coverage")).collect();
    let [held, prescribed, public] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((&prescribed["symbol"], &prescribed["number"]), (&"12-34".into(), &"5678".into()));
    assert_eq!((&prescribed["insurer"], &prescribed["relationship"]), (&"06050116".into(), &"2".into()));
    assert_eq!((&public["publicExpenseNumber"], public.get("insurer")), (&"23480013".into(), None));
    assert_eq!((&held["insurer"], &held["number"]), (&"67999991".into(), &"777".into()));
    assert_eq!(held["period"]["end"]["date"]["year"], 2027);
}

//! The pregnancy and the delivery of the mother.

use super::*;
use crate::testing::{day, minute, quantity};

fn observed(code: &str, value: &str) -> String {
    let time = "<effectiveTime value=\"20261026\"/>";
    format!("<entry><observation classCode=\"OBS\" moodCode=\"EVN\">{code}{time}{value}</observation></entry>")
}

fn loinc(code: &str) -> String {
    format!("<code code=\"{code}\" codeSystem=\"2.16.840.1.113883.6.1\"/>")
}

fn named(name: &str) -> String {
    format!("<code nullFlavor=\"OTH\"><originalText>{name}</originalText></code>")
}

fn section(code: &str, inside: &[String]) -> String {
    with_section(&format!("{}<text>語</text>{}", loinc(code), inside.concat()))
}

const DUE: &str = "<value xsi:type=\"TS\" value=\"20261105\"/>";

#[test]
fn what_the_sections_of_a_pregnancy_tell_is_one_pregnancy_of_the_mother() {
    for code in ["10162-6", "57060-6", "57073-9"] {
        let told = [
            observed(&loinc("11778-8"), DUE),
            observed(&loinc("8665-2"), "<value xsi:type=\"TS\" value=\"20260129\"/>"),
            observed(&loinc("56077-1"), "<value xsi:type=\"PQ\" value=\"52.0\" unit=\"kg\"/>"),
            observed(&loinc("11636-8"), "<value xsi:type=\"INT\" value=\"1\"/>"),
        ];
        let read = entries(&decode(&section(code, &told)));
        let pregnancy = entry(&read, "pregnancyNotification");
        assert_eq!(pregnancy["subjects"][0]["identifier"], "0012345", "{code}");
        let body = &pregnancy["pregnancyNotification"];
        assert_eq!(
            (&body["dueDate"]["month"], &body["lastMenstrualPeriod"]["day"]),
            (&11.into(), &29.into()),
            "{code}"
        );
        assert_eq!(body["weightBefore"]["value"], "52.0");
        assert!(body.get("notifiedOn").is_none(), "a hospital's word is no notification");
        let counted = read.iter().find(|entry| entry["observation"]["concept"] == "11636-8");
        assert!(counted.is_some(), "a count of births is an observation");
        let dates = read.iter().filter(|entry| entry["observation"]["concept"] == "11778-8");
        assert_eq!(dates.count(), 0);
    }
}

#[test]
fn the_expected_date_and_the_last_period_are_of_the_pregnancy_in_any_section() {
    let within = format!(
        "<entryRelationship typeCode=\"REFR\"><observation classCode=\"OBS\" moodCode=\"EVN\">{}{DUE}</observation></entryRelationship>",
        loinc("11778-8")
    );
    let pregnant = format!(
        "<entry><observation classCode=\"OBS\" moodCode=\"EVN\"><templateId root=\"2.16.840.1.113883.10.20.15.3.8\"/>\
         <code code=\"ASSERTION\" codeSystem=\"2.16.840.1.113883.5.4\"/>\
         <value xsi:type=\"CD\" code=\"77386006\" codeSystem=\"2.16.840.1.113883.6.96\"/>{within}</observation></entry>"
    );
    let height = observed(&loinc("3137-7"), "<value xsi:type=\"PQ\" value=\"158\" unit=\"cm\"/>");
    for told in [pregnant, observed(&loinc("11780-4"), DUE)] {
        let read = entries(&decode(&section("29762-2", &[told, height.clone()])));
        let body = &entry(&read, "pregnancyNotification")["pregnancyNotification"];
        assert_eq!((&body["dueDate"]["day"], body.get("height")), (&5.into(), None), "a height is anybody's");
        assert!(read.iter().all(|entry| entry["observation"]["concept"] != "11778-8"));
        assert!(read.iter().any(|entry| entry["observation"]["concept"] == "3137-7"));
    }
}

#[test]
fn a_date_of_a_pregnancy_that_was_put_down_by_mistake_is_taken_back_by_itself() {
    let due = observed(&loinc("11778-8"), &format!("<statusCode code=\"nullified\"/>{DUE}"));
    let period = observed(&loinc("8665-2"), "<value xsi:type=\"TS\" value=\"20260129\"/>");
    let told = entry(&entries(&decode(&section("10162-6", &[due, period]))), "pregnancyNotification");
    assert_eq!((&told["update"], &told["cleared"]), (&true.into(), &serde_json::json!(["due_date"])));
    let body = &told["pregnancyNotification"];
    assert_eq!((body.get("dueDate"), &body["lastMenstrualPeriod"]["day"]), (None, &29.into()));
    let blood = observed(
        &loinc("55103-6"),
        "<statusCode code=\"nullified\"/><value xsi:type=\"PQ\" value=\"310\" unit=\"mL\"/>",
    );
    let told = entry(&entries(&decode(&section("57074-7", &[blood]))), "delivery");
    assert_eq!(told["cleared"], serde_json::json!(["blood_loss"]));
}

#[test]
fn a_second_expected_date_stays_an_observation() {
    let other = "<value xsi:type=\"TS\" value=\"20261101\"/>";
    let told = [observed(&loinc("11778-8"), DUE), observed(&loinc("11779-6"), other)];
    let read = entries(&decode(&section("57060-6", &told)));
    assert_eq!(entry(&read, "pregnancyNotification")["pregnancyNotification"]["dueDate"]["day"], 5);
    assert!(read.iter().any(|entry| entry["observation"]["concept"] == "11779-6"));
}

#[test]
fn what_the_section_of_labour_tells_is_one_delivery_of_the_mother() {
    let told = [
        observed(&named("分娩日時"), "<value xsi:type=\"TS\" value=\"202610260412+0900\"/>"),
        observed(&loinc("11884-4"), "<value xsi:type=\"PQ\" value=\"270\" unit=\"d\"/>"),
        observed(&loinc("55103-6"), "<value xsi:type=\"PQ\" value=\"310\" unit=\"mL\"/>"),
        observed(&named("分娩方法"), "<value xsi:type=\"ST\">経腟分娩</value>"),
        observed(&named("児の数"), "<value xsi:type=\"INT\" value=\"1\"/>"),
        observed(&named("輸血"), "<value xsi:type=\"BL\" value=\"false\"/>"),
        observed(
            &loinc("29308-4"),
            "<value xsi:type=\"CD\" code=\"O72.1\" codeSystem=\"2.16.840.1.113883.6.3\" displayName=\"弛緩出血\"/>",
        ),
        observed(
            "<code code=\"X\" codeSystem=\"1.2.3\" displayName=\"会陰\"/>",
            "<value xsi:type=\"ST\">裂傷なし</value>",
        ),
    ];
    let decoded = decode(&section("57074-7", &told));
    let read = entries(&decoded);
    let found = entry(&read, "delivery");
    assert_eq!(found["subjects"][0]["identifier"], "0012345");
    assert_eq!(found["sourceKey"], "0012345/delivery/20261026", "the key that it has in FHIR");
    let expected = proto::Delivery {
        delivered_at: Some(minute(day(2026, 10, 26), 4, 12)),
        gestation_days: Some(270),
        method: text("vaginal"),
        blood_loss: quantity("310", "mL"),
        transfusion: Some(proto::YesNo::No.into()),
        complications: vec![crate::testing::coded("I10", "O72.1", "弛緩出血")],
        child_count: Some(1),
        ..proto::Delivery::default()
    };
    assert_eq!(found["delivery"], serde_json::to_value(expected).unwrap());
    let by_name =
        codes(&decoded).into_iter().filter(|said| said.starts_with("H104 ") && said.ends_with("/observation"));
    assert_eq!(by_name.count(), 4, "what is known by its name is said to be");
    assert!(read.iter().any(|entry| entry["observation"]["text"] == "裂傷なし"), "anything else is an observation");
}

#[test]
fn what_is_denied_or_impossible_of_a_delivery_is_not_read_as_if_it_were_so() {
    let denied = |inner: String| inner.replace("moodCode=\"EVN\"", "moodCode=\"EVN\" negationInd=\"true\"");
    let blood = observed(&loinc("55103-6"), "<value xsi:type=\"PQ\" value=\"310\" unit=\"mL\"/>");
    let bleeding =
        observed(&loinc("29308-4"), "<value xsi:type=\"CD\" code=\"O72.1\" codeSystem=\"2.16.840.1.113883.6.3\"/>");
    let read = entries(&decode(&section("57074-7", &[denied(blood), denied(bleeding)])));
    assert!(read.iter().all(|entry| entry.get("delivery").is_none()), "{read:?}");
    let finding = read.iter().find(|entry| entry["observation"]["coded"]["code"] == "O72.1").unwrap();
    assert_eq!(finding["observation"]["status"], "none", "a negative finding stays one");
    let weeks = observed(&loinc("11884-4"), "<value xsi:type=\"PQ\" value=\"60\" unit=\"wk\"/>");
    assert!(errors(&section("57074-7", &[weeks]))[0].starts_with("H006 "));
}

#[test]
fn a_mothers_labour_in_a_childs_document_is_not_the_childs() {
    let told = [observed(&loinc("55103-6"), "<value xsi:type=\"PQ\" value=\"310\" unit=\"mL\"/>")];
    let of_child =
        section("57074-7", &told).replace("<birthTime value=\"19960514\"/>", "<birthTime value=\"20261026\"/>");
    let decoded = decode(&of_child);
    let read = entries(&decoded);
    assert!(read.iter().all(|entry| entry.get("delivery").is_none() && entry["observation"]["concept"] != "55103-6"));
    assert!(
        codes(&decoded).iter().any(|said| said.starts_with("H106 ") && said.ends_with("/observation")),
        "{:?}",
        codes(&decoded)
    );
}

#[test]
fn a_pregnancy_and_a_delivery_come_back() {
    let pregnancy = proto::PregnancyNotification {
        due_date: Some(day(2026, 11, 5)),
        last_menstrual_period: Some(day(2026, 1, 29)),
        height: quantity("158.0", "cm"),
        weight_before: quantity("52.0", "kg"),
        ..proto::PregnancyNotification::default()
    };
    let delivery = proto::Delivery {
        delivered_at: Some(minute(day(2026, 10, 26), 4, 12)),
        gestation_days: Some(270),
        method: text("caesarean"),
        presentation: text("骨盤位"),
        blood_loss: quantity("900", "mL"),
        transfusion: Some(proto::YesNo::Yes.into()),
        complications: vec![crate::testing::coded("I10", "O72.1", "弛緩出血")],
        child_count: Some(2),
        outcome: text("live"),
        ..proto::Delivery::default()
    };
    let mut all = mother_alone();
    all.push(of_mother("pregnancy", Body::PregnancyNotification(pregnancy.clone())));
    all.push(of_mother("delivery", Body::Delivery(delivery.clone())));
    let decoded = decode(&written(all));
    let read = entries(&decoded);
    assert_eq!(
        entry(&read, "pregnancyNotification")["pregnancyNotification"],
        serde_json::to_value(pregnancy).unwrap()
    );
    assert_eq!(entry(&read, "delivery")["delivery"], serde_json::to_value(delivery).unwrap());
    assert!(!codes(&decoded).iter().any(|said| said.starts_with("H104 ")), "{:?}", codes(&decoded));
}

#[test]
fn the_visits_of_a_pregnancy_are_a_series_of_observations() {
    let visit = |day: &str, kilograms: &str| {
        observed(&loinc("29463-7"), &format!("<value xsi:type=\"PQ\" value=\"{kilograms}\" unit=\"kg\"/>"))
            .replace("20261026", day)
    };
    let read = entries(&decode(&section("57059-8", &[visit("20260901", "58.0"), visit("20261001", "59.5")])));
    let weights: Vec<&Value> = read.iter().filter(|entry| entry["observation"]["code"]["code"] == "29463-7").collect();
    let days: Vec<&Value> = weights.iter().map(|entry| &entry["observation"]["observedAt"]["date"]["month"]).collect();
    assert_eq!(days, [&Value::from(9), &Value::from(10)]);
    assert_ne!(weights[0]["sourceKey"], weights[1]["sourceKey"]);
}

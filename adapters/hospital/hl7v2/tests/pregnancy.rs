//! What OBX tell of the mother's pregnancy.

use super::encode::{submissions, written};
use super::*;
use serde_json::json;

const MOTHER: &str = "shione_a03_mother";

#[test]
fn the_dates_of_a_pregnancy_are_one_entry_of_the_mother_and_come_back() {
    let obx = "\rOBX|1|DT|11778-8^分娩予定日^LN||20261105||||||F|||20261026\rOBX|2|TS|8665-2^最終月経^LN||202601||||||F|||20261026\
               \rOBX|3|NM|56077-1^妊娠前体重^LN||52.0|kg^kg^ISO+|||||F|||20261026\rOBX|4|NM|3137-7^身長^LN||158.0|cm^cm^ISO+|||||F|||20261026\rIN1";
    let read = super::read(&changed(MOTHER, "\rIN1", obx), &shione());
    let expected = json!({
        "dueDate": {"year": 2026, "month": 11, "day": 5}, "lastMenstrualPeriod": {"year": 2026, "month": 1},
        "weightBefore": {"value": "52.0", "unit": "kg"}, "height": {"value": "158.0", "unit": "cm"},
    });
    assert_eq!(*read.body("pregnancyNotification"), expected);
    assert!(read.bodies("observation").is_empty());
    let profile = Profile { any_sender: true, ..shione() };
    let written = written(submissions(&changed(MOTHER, "\rIN1", obx), &profile), &profile);
    assert_eq!(*super::read(&written, &profile).body("pregnancyNotification"), expected);
}

#[test]
fn what_is_no_date_of_a_pregnancy_stays_an_observation() {
    let observed = |obx: &str| {
        let read = super::read(&changed(MOTHER, "\rIN1", &format!("\r{obx}\rIN1")), &shione());
        assert!(read.bodies("pregnancyNotification").is_empty(), "{obx}");
        read.body("observation")["text"].clone()
    };
    assert_eq!(observed("OBX|1|ST|11778-8^分娩予定日^LN||11月の初め||||||F"), "11月の初め");
    assert_eq!(observed("OBX|1|DT|11778-8^分娩予定日^LN||20261105~20261107||||||F"), "20261105\n20261107");
    let height = super::read(&changed(MOTHER, "\rIN1", "\rOBX|1|NM|3137-7^身長^LN||158.0|cm|||||F\rIN1"), &shione());
    assert_eq!(height.body("observation")["quantity"]["value"], "158.0", "a height alone is anybody's");
    let impossible = changed(MOTHER, "\rIN1", "\rOBX|1|DT|11778-8^分娩予定日^LN||20261131||||||F\rIN1");
    assert!(super::read(&impossible, &shione()).has("H006 OBX[1]-5"));
}

#[test]
fn a_date_of_a_pregnancy_is_taken_back_by_itself_and_a_wrong_persons_pregnancy_as_a_whole() {
    let of = |due: &str, period: &str| {
        let obx = format!(
            "\rOBX|1|DT|11778-8^分娩予定日^LN||20261105||||||{due}\rOBX|2|DT|8665-2^最終月経^LN||20260129||||||{period}\rIN1"
        );
        super::read(&changed(MOTHER, "\rIN1", &obx), &shione())
    };
    let one = of("D", "F");
    let entry = one.entry("pregnancyNotification");
    assert_eq!((&entry["update"], &entry["cleared"]), (&json!(true), &json!(["due_date"])));
    assert_eq!(entry["pregnancyNotification"], json!({"lastMenstrualPeriod": {"year": 2026, "month": 1, "day": 29}}));
    let wrong = of("W", "W");
    let withdrawal = wrong.entry("withdrawal");
    assert_eq!(withdrawal["withdrawal"], json!({"bodyKind": "pregnancy_notification", "reason": "wrong_person"}));
    assert_eq!(withdrawal["sourceKey"], entry["sourceKey"], "of the same series");
    let of_child = changed(
        "shione_a03_newborn",
        "OBX|1|ST|11884-4^在胎週数^LN||38w4d|",
        "OBX|1|DT|11778-8^分娩予定日^LN||20261105|",
    );
    let read = super::read(&of_child, &shione());
    assert!(read.bodies("pregnancyNotification").is_empty() && read.bodies("observation").is_empty());
    assert!(read.has("H106 OBX[1]-5"), "{:?}", read.codes());
}

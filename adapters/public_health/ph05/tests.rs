#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::table::proof;
use musubi_core::agency::AgencyId;
use musubi_core::id::Municipality;
use musubi_core::record::Submission;
use musubi_core::time::Time;
use serde_json::Value;

const FOLDER: &str = "public_health/ph05/samples";
const VISITS: &[u8] = include_bytes!("samples/demo-visits.csv");
const CORRECTIONS: &[u8] = include_bytes!("samples/corrections.csv");

fn profile() -> Profile {
    let now = Time::parse_rfc3339("2026-11-12T10:00:00+09:00").unwrap();
    let mut profile = Profile::plain(AgencyId::new("PHO-482072-01").unwrap(), now);
    profile.default_municipality = Some(Municipality::new("482072").unwrap());
    profile
}

fn codes(decoded: &Decoded, row: usize) -> Vec<String> {
    decoded.items[row - 1].diagnostics.iter().map(|d| format!("{} {}", d.code, d.place)).collect()
}

fn record(decoded: &Decoded, row: usize) -> Value {
    serde_json::from_str(&decoded.items[row - 1].submission.as_ref().unwrap().to_author_json()).unwrap()
}

fn submission(decoded: &Decoded, row: usize) -> &Submission {
    decoded.items[row - 1].submission.as_ref().unwrap()
}

#[test]
fn the_samples_decode_to_their_snapshots() {
    proof::decodes_to_its_snapshot(&Ph05, &profile(), FOLDER, "demo-visits.csv");
    proof::decodes_to_its_snapshot(&Ph05, &profile(), FOLDER, "corrections.csv");
}

#[test]
fn a_file_cut_at_any_byte_gives_an_error_or_a_prefix() {
    proof::a_cut_file_gives_an_error_or_a_prefix(&Ph05, &profile(), VISITS);
    proof::a_cut_file_gives_an_error_or_a_prefix(&Ph05, &profile(), CORRECTIONS);
}

#[test]
fn every_change_of_a_file_gives_an_answer() {
    proof::every_change_gives_an_answer(&Ph05, &profile(), VISITS);
    proof::every_change_gives_an_answer(&Ph05, &profile(), CORRECTIONS);
}

#[test]
fn no_diagnostic_holds_a_value() {
    proof::no_diagnostic_holds_a_value(&Ph05, &profile(), VISITS);
    proof::no_diagnostic_holds_a_value(&Ph05, &profile(), CORRECTIONS);
}

#[test]
fn four_of_the_five_rows_of_the_story_are_taken_and_the_31st_of_november_is_refused() {
    let decoded = Ph05.decode(VISITS, &profile());
    assert_eq!((decoded.taken(), decoded.items.len()), (4, 5));
    assert_eq!(codes(&decoded, 5), ["JP-E602 row 5, 訪問年月日"]);
    for row in 1..=4 {
        assert_eq!(codes(&decoded, row), Vec::<String>::new());
    }
}

#[test]
fn mother_and_child_are_linked_where_the_row_names_the_mother() {
    let decoded = Ph05.decode(VISITS, &profile());
    assert_eq!(submission(&decoded, 1).kinds(), ["person_details", "parent_child", "home_visit"]);
    let people: Vec<String> = submission(&decoded, 1).people().into_iter().map(|(key, _)| key.identifier).collect();
    assert_eq!(people, ["K0300101", "K0100101"]);
    let corrections = Ph05.decode(CORRECTIONS, &profile());
    assert_eq!(submission(&corrections, 2).kinds(), ["withdrawal"]);
}

#[test]
fn a_shielded_family_is_read_without_address_and_asks_for_its_shield() {
    let decoded = Ph05.decode(VISITS, &profile());
    let shields: Vec<String> = submission(&decoded, 4).shields_asked().into_iter().map(|key| key.identifier).collect();
    assert_eq!(shields, ["K0300103"]);
    let details = &record(&decoded, 4)["entries"][0]["personDetails"];
    assert!(details["addresses"].is_null() && details["contacts"].is_null());
    assert!((1..=3).all(|row| submission(&decoded, row).shields_asked().is_empty()));
}

#[test]
fn an_address_beside_the_shield_flag_refuses_the_row() {
    let decoded = Ph05.decode(CORRECTIONS, &profile());
    assert_eq!(
        codes(&decoded, 5),
        ["PH-E013 row 5, 実施自治体コード", "PH-E009 row 5, 訪問種別", "PH-E010 row 5, 住所"]
    );
    assert!(decoded.items[4].submission.is_none());
}

#[test]
fn eras_half_width_kana_and_grouped_digits_are_read_and_names_kept_as_they_came() {
    let decoded = Ph05.decode(VISITS, &profile());
    let second = record(&decoded, 2);
    let details = &second["entries"][0]["personDetails"];
    assert_eq!(details["names"][1]["text"], "ﾀｶﾔﾅｷﾞ ｱｶﾘ");
    assert_eq!(details["names"][0]["text"], "髙柳　灯");
    assert_eq!(details["birthDate"], serde_json::json!({"year": 2026, "month": 10, "day": 19}));
    let visit = &second["entries"][2]["homeVisit"];
    assert_eq!(visit["visitedOn"], serde_json::json!({"year": 2026, "month": 11, "day": 6}));
    assert_eq!(visit["result"], "absent");
    assert_eq!(visit["childSeen"], false);
    assert_eq!(
        record(&decoded, 1)["entries"][2]["homeVisit"]["weight"],
        serde_json::json!({"value": "2760", "unit": "g"})
    );
}

#[test]
fn the_key_of_a_row_is_its_record_and_revision() {
    let first = Ph05.decode(VISITS, &profile());
    let second = Ph05.decode(CORRECTIONS, &profile());
    let (before, after) = (submission(&first, 1).header(), submission(&second, 1).header());
    assert_eq!((before.message_id.as_str(), before.revision), ("V-001101:1", 1));
    assert_eq!((after.message_id.as_str(), after.revision), ("V-001101:2", 2));
    assert_eq!(record(&first, 1)["entries"][2]["sourceKey"], record(&second, 1)["entries"][2]["sourceKey"]);
    assert_eq!(after.municipality, Municipality::new("482072").ok());
}

#[test]
fn a_deleted_row_becomes_a_withdrawal_that_tells_no_more_than_the_visit() {
    let entry = record(&Ph05.decode(CORRECTIONS, &profile()), 2)["entries"][0].clone();
    assert_eq!(entry["withdrawal"], serde_json::json!({"bodyKind": "home_visit", "reason": "deleted"}));
    assert_eq!(entry["raised"], serde_json::json!(["C10_NARRATIVE"]));
    assert_eq!(entry["sourceKey"], "V-001102");
}

#[test]
fn what_is_said_of_the_home_raises_the_label_of_the_visit() {
    let corrections = Ph05.decode(CORRECTIONS, &profile());
    assert_eq!(record(&corrections, 1)["entries"][2]["label"], "V");
    assert_eq!(record(&Ph05.decode(VISITS, &profile()), 1)["entries"][2]["label"], "N");
}

#[test]
fn a_newborn_without_a_name_is_marked_as_such() {
    let decoded = Ph05.decode(CORRECTIONS, &profile());
    assert_eq!(codes(&decoded, 3), ["PH-E011 row 3, カナ氏名"]);
    let filled = String::from_utf8(CORRECTIONS.to_vec()).unwrap().replace(",児,,", ",児,ベビー,");
    let decoded = Ph05.decode(filled.as_bytes(), &profile());
    let details = &record(&decoded, 3)["entries"][0]["personDetails"];
    assert_eq!(details["names"][0]["use"], "PROVISIONAL");
}

#[test]
fn an_unknown_column_is_kept_in_the_raw_file_only() {
    let decoded = Ph05.decode(CORRECTIONS, &profile());
    assert!(decoded.diagnostics.iter().any(|d| d.code == "PH-W003" && d.place == "column 28"));
    let ledger = serde_json::to_value(&decoded.ledger).unwrap();
    let kept: Vec<&Value> = ledger.as_array().unwrap().iter().filter(|line| line["fate"] == "kept_raw").collect();
    assert_eq!(kept.len(), 1);
}

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::table::proof;
use jiff::civil::date;
use musubi_core::agency::AgencyId;
use musubi_core::id::Municipality;
use musubi_core::postnatal::{
    Approval, ApprovedInfant, Capacity, CareContext, CarePolicy, CareUse, Income, Kind, Policies, Subject, check,
    record,
};
use musubi_core::time::Time;
use serde_json::{Value, json};

const FOLDER: &str = "provider/pv02/samples";
const STAY_1: &[u8] = include_bytes!("samples/demo-stay-1.csv");
const STAY_2_1: &[u8] = include_bytes!("samples/demo-stay-2-revision-1.csv");
const STAY_2_2: &[u8] = include_bytes!("samples/demo-stay-2-revision-2.csv");
const DAY_8: &[u8] = include_bytes!("samples/demo-day-8.csv");
const OTHERS: &[u8] = include_bytes!("samples/others.csv");

fn profile() -> Profile {
    let now = Time::parse_rfc3339("2026-12-01T16:00:00+09:00").unwrap();
    Profile::plain(AgencyId::new("PRV-482072-07").unwrap(), now)
}

fn codes(decoded: &Decoded, row: usize) -> Vec<String> {
    decoded.items[row - 1].diagnostics.iter().map(|d| format!("{} {}", d.code, d.place)).collect()
}

fn record_of(decoded: &Decoded, row: usize) -> Value {
    serde_json::from_str(&decoded.items[row - 1].submission.as_ref().unwrap().to_author_json()).unwrap()
}

fn care_use(bytes: &[u8]) -> CareUse {
    let decoded = Pv02.decode(bytes, &profile());
    record::care_use(decoded.items[0].submission.as_ref().unwrap()).unwrap()
}

fn policy() -> CarePolicy {
    let city = Municipality::new("482072").unwrap();
    Policies::shipped().unwrap().at(&city, date(2026, 11, 16)).unwrap().clone()
}

fn context(own_uses: Vec<CareUse>) -> CareContext {
    let birth_date = date(2026, 10, 26);
    let approval = Approval {
        approval_no: "SK08-0041".to_owned(),
        municipality: Municipality::new("482072").unwrap(),
        provider: "PRV-482072-07".to_owned(),
        subject: Subject::MotherInfant,
        kinds: vec![Kind::Stay, Kind::Day],
        from: date(2026, 11, 13),
        to: date(2027, 10, 25),
        birth_date,
        gestation_days: Some(270),
        infants: vec![ApprovedInfant { key: "SK08-0041-c1".to_owned(), birth_date }],
        income: Income::Taxed,
        units_left: 7,
        reductions_left: 5,
        revised_on: date(2026, 11, 12),
        extension: false,
        extension_pending: false,
    };
    CareContext {
        place: "row 1".to_owned(),
        approval: Some(approval),
        own_uses,
        capacity: Some(Capacity { stay: 2, day: 2 }),
        ..CareContext::default()
    }
}

#[test]
fn the_samples_decode_to_their_snapshots() {
    for sample in
        ["demo-stay-1.csv", "demo-stay-2-revision-1.csv", "demo-stay-2-revision-2.csv", "demo-day-8.csv", "others.csv"]
    {
        proof::decodes_to_its_snapshot(&Pv02, &profile(), FOLDER, sample);
    }
}

#[test]
fn a_file_cut_at_any_byte_gives_an_error_or_a_prefix() {
    for sample in [STAY_1, STAY_2_2, DAY_8, OTHERS] {
        proof::a_cut_file_gives_an_error_or_a_prefix(&Pv02, &profile(), sample);
    }
}

#[test]
fn every_change_of_a_file_gives_an_answer() {
    proof::every_change_gives_an_answer(&Pv02, &profile(), STAY_2_2);
    proof::every_change_gives_an_answer(&Pv02, &profile(), OTHERS);
}

#[test]
fn no_diagnostic_holds_a_value() {
    proof::no_diagnostic_holds_a_value(&Pv02, &profile(), STAY_2_2);
    proof::no_diagnostic_holds_a_value(&Pv02, &profile(), OTHERS);
}

#[test]
fn the_rows_of_the_story_are_read_without_a_complaint() {
    for sample in [STAY_1, STAY_2_1, STAY_2_2, DAY_8] {
        let decoded = Pv02.decode(sample, &profile());
        assert_eq!((decoded.taken(), codes(&decoded, 1)), (1, Vec::new()));
    }
}

#[test]
fn the_first_stay_of_the_story_is_taken_and_costs_3000() {
    let stay = care_use(STAY_1);
    assert_eq!((stay.days, stay.nights, stay.user_fee, stay.reduction), (Some(3), Some(2), 3_000, 7_500));
    assert_eq!(check(&policy(), &context(vec![]), &stay), []);
}

#[test]
fn the_second_stay_is_refused_with_the_minutes_and_taken_in_its_second_revision() {
    let before = context(vec![care_use(STAY_1)]);
    let found = check(&policy(), &before, &care_use(STAY_2_1));
    let [only] = found.as_slice() else { panic!("one finding: {found:?}") };
    assert_eq!(only.code, "PV-E201");
    assert!(only.text.ja.contains("27日 01:00〜02:30"));
    let second = care_use(STAY_2_2);
    assert_eq!(check(&policy(), &before, &second), []);
    assert_eq!((second.revision, second.user_fee), (2, 9_000));
}

#[test]
fn the_day_use_of_the_story_is_the_eighth_day() {
    let mut before = context(vec![care_use(STAY_1), care_use(STAY_2_2)]);
    let found = check(&policy(), &before, &care_use(DAY_8));
    assert_eq!(found.iter().map(|d| d.code.as_ref()).collect::<Vec<_>>(), ["PV-E105"]);
    before.approval.as_mut().unwrap().extension = true;
    assert_eq!(check(&policy(), &before, &care_use(DAY_8)), []);
}

#[test]
fn the_mother_is_named_by_her_approval_and_the_care_is_commissioned() {
    let sent = record_of(&Pv02.decode(STAY_1, &profile()), 1);
    let entry = &sent["entries"][0];
    assert_eq!(entry["subjects"], json!([{"role": "MOTHER", "issuer": "482072", "identifier": "SK08-0041"}]));
    assert_eq!(entry["commissioned"], true);
    assert_eq!(entry["label"], "V");
    assert_eq!(entry["careDelivery"]["provider"], "PRV-482072-07");
    assert_eq!(sent["messageId"], "R-2026-1118-01:1");
}

#[test]
fn an_epds_is_a_screening_of_its_own_and_commissioned() {
    let decoded = Pv02.decode(OTHERS, &profile());
    let screening = &record_of(&decoded, 1)["entries"][1];
    assert_eq!(screening["screening"]["items"], json!([1, 0, 2, 2, 1, 1, 1, 1, 0, 0]));
    assert_eq!(screening["screening"]["total"], 9);
    assert_eq!(screening["commissioned"], true);
    let report = record::care_use(decoded.items[0].submission.as_ref().unwrap()).unwrap();
    assert!(report.epds.unwrap().needs_attention());
    assert!(
        !record_of(&decoded, 1)["entries"][0].to_string().contains("涙もろい"),
        "the state of mind is C08, not C17"
    );
}

#[test]
fn twins_have_a_row_each_and_words_are_read_from_their_codes() {
    let delivery = record_of(&Pv02.decode(OTHERS, &profile()), 1)["entries"][0]["careDelivery"].clone();
    assert_eq!(delivery["infants"].as_array().unwrap().len(), 2);
    assert_eq!(delivery["infants"][0]["weight"], json!({"value": "2410", "unit": "g"}));
    assert_eq!(delivery["motherCare"], json!(["breast", "lactation", "mental"]));
    assert_eq!(delivery["guidance"], json!(["1", "2"]));
    assert_eq!(delivery["motherMeasurements"][0]["quantity"], json!({"value": "36.85", "unit": "Cel"}));
    assert_eq!(delivery["motherCondition"], "悪露: 少量\n乳房: 張りあり");
    assert_eq!(delivery["separatedMinutes"], 90);
}

#[test]
fn a_cancelled_use_needs_no_care_and_a_deleted_one_is_withdrawn_with_its_screening() {
    let decoded = Pv02.decode(OTHERS, &profile());
    assert_eq!(codes(&decoded, 2), Vec::<String>::new());
    let withdrawn = decoded.items[2].submission.as_ref().unwrap();
    assert_eq!(withdrawn.kinds(), ["withdrawal", "withdrawal"]);
    let sent = record_of(&decoded, 3);
    assert_eq!(sent["entries"][0]["raised"], json!(["C17_CARE_REPORT"]));
    assert_eq!(sent["entries"][1]["raised"], json!(["C08_MENTAL"]));
}

#[test]
fn all_that_is_wrong_with_a_row_is_told() {
    let decoded = Pv02.decode(OTHERS, &profile());
    assert_eq!(
        codes(&decoded, 4),
        [
            "PV-E101 row 4, 事業者ID",
            "PV-E701 row 4, 本人確認・同意",
            "PH-E011 row 4, 利用日数",
            "PH-E011 row 4, 泊数",
            "PH-E011 row 4, 担当者1_職種",
            "JP-E607 row 4, 開始日時",
            "PH-E009 row 4, 母_ケア内容",
            "PH-E009 row 4, 支援の必要性",
            "PV-E010 row 4, 利用者負担額",
        ]
    );
    assert_eq!(codes(&decoded, 5), ["PV-E303 row 5, EPDS合計"]);
}

/// The file of other reports with more columns, which the first row fills in.
fn with(columns: &str, values: &str) -> Decoded {
    Pv02.decode(others_with(columns, values).as_bytes(), &profile())
}

fn others_with(columns: &str, values: &str) -> String {
    let text = std::str::from_utf8(OTHERS).unwrap();
    let lines = text.lines().enumerate().map(|(number, line)| match number {
        0 => format!("{line},{columns}"),
        1 => format!("{line},{values}"),
        _ => format!("{line}{}", ",".repeat(columns.split(',').count())),
    });
    lines.collect::<Vec<_>>().join("\r\n")
}

#[test]
fn a_row_that_takes_a_report_back_still_offers_the_concern_that_it_holds() {
    let text = others_with("懸念_根拠,懸念_内容", "1,上腕にあざ").replacen("\n1,", "\n2,", 1);
    let record = record_of(&Pv02.decode(text.as_bytes(), &profile()), 1);
    let kinds = |kind: &str| record["entries"].as_array().unwrap().iter().filter(|e| e.get(kind).is_some()).count();
    assert!(kinds("withdrawal") > 0 && kinds("careDelivery") == 0);
    assert_eq!(kinds("concern"), 1);
}

#[test]
fn a_file_refused_whole_says_to_telephone_where_it_may_hold_a_concern() {
    let told = |bytes: &[u8]| {
        let decoded = Pv02.decode(bytes, &profile());
        assert!(decoded.items.is_empty(), "it is refused whole");
        decoded.diagnostics.iter().any(|said| said.code == "M722")
    };
    let headless = |text: &str| text.replacen("record_id,", "x,", 1);
    assert!(told(headless(&others_with("懸念_内容", "上腕にあざ")).as_bytes()));
    assert!(!told(headless(&String::from_utf8_lossy(OTHERS)).as_bytes()), "it has no column for one");
    assert!(told(b"\xff\xfe\x00\xd8\x00\xd8"), "nobody can read what stands in it");
    assert!(!Pv02.decode(OTHERS, &profile()).all_diagnostics().any(|said| said.code == "M722"));
}

#[test]
fn a_concern_is_an_entry_of_its_own_about_whom_the_row_names() {
    let columns = "concern_ground,concern_text,concern_at,concern_infant,concern_notifier,concern_consent";
    let read = record_of(&with(columns, "1,上腕にあざ,R8.11.20 14:30,SK08-0052-c2,野上,3"), 1);
    let concern = read["entries"].as_array().unwrap().last().unwrap();
    assert_eq!(concern["concern"]["ground"], "L01");
    assert_eq!(concern["concern"]["consentSought"], "not_asked");
    assert_eq!(concern["concern"]["observedAt"]["hour"], 14);
    assert_eq!(
        (&concern["subjects"][0]["role"], &concern["subjects"][0]["identifier"]),
        (&"CHILD".into(), &"SK08-0052-c2".into())
    );
    assert_eq!((&concern["label"], concern["commissioned"].as_bool()), (&"V".into(), None));
    let mother = record_of(&with("懸念_内容", "泣き声が続く"), 1);
    let concern = mother["entries"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&concern["subjects"][0]["role"], &concern["concern"]["text"]),
        (&"MOTHER".into(), &"泣き声が続く".into())
    );
    let entries = |decoded: &Decoded| record_of(decoded, 1)["entries"].as_array().unwrap().len();
    assert_eq!(
        entries(&with(columns, ",,,,,")),
        entries(&Pv02.decode(OTHERS, &profile())),
        "none where nothing is filled in"
    );
    let (wrong, before) = (codes(&with(columns, "4,あざ,,,,"), 1), codes(&with(columns, ",,,,,"), 1));
    let new: Vec<&String> = wrong.iter().filter(|said| !before.contains(said)).collect();
    assert!(new.len() == 1 && new[0].ends_with("懸念_根拠"), "an unknown ground is refused by its place: {new:?}");
}

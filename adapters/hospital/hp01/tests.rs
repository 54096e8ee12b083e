//! The layout: its sample against the snapshot, what is refused, and the same file as a workbook.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::table::proof;
use musubi_core::adapter::{Item, RaisedConcern};
use musubi_core::agency::AgencyId;
use musubi_core::time::Time;
use serde_json::{Value, json};

const FOLDER: &str = "hospital/hp01/samples";
const SAMPLE: &str = "minami_discharges.csv";

fn profile() -> Profile {
    let now = Time::parse_rfc3339("2026-11-20T10:00:00+09:00").unwrap();
    let mut profile = Profile::plain(AgencyId::new("MED-4810700452").unwrap(), now);
    profile.area_code = Some("000".to_owned());
    profile
}

fn sample() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER).join(SAMPLE);
    std::fs::read_to_string(path).unwrap()
}

fn records(decoded: &Decoded) -> Vec<Value> {
    let taken = decoded.items.iter().filter_map(|item| item.submission.as_ref());
    taken.map(|submission| serde_json::from_str(&submission.to_author_json()).unwrap()).collect()
}

fn bodies<'a>(record: &'a Value, kind: &str) -> Vec<&'a Value> {
    record["entries"].as_array().unwrap().iter().filter_map(|entry| entry.get(kind)).collect()
}

/// The sample with one cell changed, as the codes that its first row is told.
fn told(from: &str, to: &str) -> Vec<String> {
    let text = sample();
    assert!(text.contains(from), "the sample does not hold {from}");
    let decoded = Hp01.decode(text.replacen(from, to, 1).as_bytes(), &profile());
    decoded.all_diagnostics().map(|found| format!("{} {}", found.code, found.place)).collect()
}

#[test]
fn the_sample_decodes_to_its_snapshot() {
    proof::decodes_to_its_snapshot(&Hp01, &profile(), FOLDER, SAMPLE);
}

#[test]
fn a_damaged_file_is_answered_and_no_value_is_told() {
    let bytes = sample().into_bytes();
    proof::a_cut_file_gives_an_error_or_a_prefix(&Hp01, &profile(), &bytes);
    proof::every_change_gives_an_answer(&Hp01, &profile(), &bytes);
    proof::no_diagnostic_holds_a_value(&Hp01, &profile(), &bytes);
}

#[test]
fn a_mother_may_have_one_child_two_or_none() {
    let decoded = Hp01.decode(sample().as_bytes(), &profile());
    let records = records(&decoded);
    let children = |record: &Value| (bodies(record, "newborn").len(), bodies(record, "parentChild").len());
    assert_eq!(records.iter().map(children).collect::<Vec<_>>(), [(1, 1), (2, 2), (0, 0), (0, 0)]);
    let twins = bodies(&records[1], "newborn");
    assert_eq!((&twins[0]["birthOrder"], &twins[1]["birthOrder"]), (&json!(1), &json!(2)));
    let link = records[0]["entries"].as_array().unwrap().iter().find(|e| e.get("parentChild").is_some()).unwrap();
    assert_eq!(link["subjects"][0]["identifier"], "0004521");
    assert_eq!(link["parentChild"]["basis"], "HP01");
}

#[test]
fn a_row_completes_what_a_message_told_of_the_same_stay() {
    let decoded = Hp01.decode(sample().as_bytes(), &profile());
    let row = records(&decoded).remove(0);
    let message = std::fs::read(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("hospital/hl7v2/samples/minami_a03_ssmix2.hl7"),
    );
    let profile = Profile { any_sender: true, ..profile() };
    let message = records(&crate::hospital::hl7v2::Hl7v2.decode(&message.unwrap(), &profile)).remove(0);
    let key = |record: &Value| {
        let entries = record["entries"].as_array().unwrap();
        entries.iter().find(|entry| entry.get("dischargeNotice").is_some()).unwrap()["sourceKey"].clone()
    };
    assert_eq!(key(&row), key(&message));
}

#[test]
fn the_second_row_cites_a_ground_and_its_reason_is_required() {
    let decoded = Hp01.decode(sample().as_bytes(), &profile());
    let records = records(&decoded);
    assert_eq!((&records[0]["basis"], &records[1]["basis"]), (&json!("K-2026-0311"), &json!("L03")));
    assert!(told("届出が遅く、家に手伝う人がいない", "").contains(&"PH-E011 row 2, 根拠の理由".to_owned()));
    assert!(told("K-2026-0311,", "K-2026-0311,L03").contains(&"PH-E013 row 1, 提供の根拠".to_owned()));
}

#[test]
fn what_cannot_be_is_refused_with_its_column() {
    for (from, to, code) in [
        (",2026-10-27,", ",,", "H004 row 1, 退院年月日"),
        (",8,9,,0,", ",11,9,,0,", "H006 row 1, 児1_アプガー1分"),
        (",7,0,", ",31,0,", "H006 row 1, EPDS合計"),
        (",7,0,", ",7,4,", "H006 row 1, EPDS項目10"),
        ("0004533,", "0004521,", "H005 row 1, 児1_患者ID"),
        ("2026-10-23 14:20,,", "2026-11-21 14:20,,", "H006 row 1, 児1_出生日時"),
    ] {
        let codes = told(from, to);
        assert!(codes.iter().any(|known| known.starts_with(code)), "{to}: {code} is not in {codes:?}");
    }
    assert!(!told(",8,9,,0,", ",10,10,,0,").iter().any(|code| code.starts_with("H006")));
    assert!(!told(",7,0,", ",30,3,").iter().any(|code| code.starts_with("H006")));
}

/// The rows of the sample with more columns, each with its value in the first row.
fn with(columns: &[(&str, &str)]) -> String {
    let text = sample();
    let mut lines = text.lines();
    let names: String = columns.iter().map(|(name, _)| format!(",{name}")).collect();
    let values: String = columns.iter().map(|(_, value)| format!(",{value}")).collect();
    let header = format!("{}{names}\n{}{values}\n", lines.next().unwrap(), lines.next().unwrap());
    let blanks = ",".repeat(columns.len());
    lines.fold(header, |text, line| format!("{text}{line}{blanks}\n"))
}

fn codes_of(text: &str) -> Vec<String> {
    let decoded = Hp01.decode(text.as_bytes(), &profile());
    decoded.all_diagnostics().map(|found| format!("{} {}", found.code, found.place)).collect()
}

#[test]
fn nothing_of_a_delivery_or_a_questionnaire_is_passed_over() {
    let delivered = "2026-10-23 14:20,39週1日,1,320,1,";
    assert!(told(delivered, ",39週1日,1,320,1,").contains(&"PH-E011 row 1, 分娩日時".to_owned()));
    assert!(told(",2026-10-27,7,0,", ",2026-10-27,,,").contains(&"PH-E011 row 1, EPDS合計".to_owned()));
    assert!(told(",7,0,", ",2,3,").contains(&"H006 row 1, EPDS合計".to_owned()));
    assert!(told(",1,320,1,", ",1,32000,1,").contains(&"H006 row 1, 出血量".to_owned()));
    assert!(told(",1,320,1,", ",8,320,1,").contains(&"PH-E009 row 1, 分娩方法".to_owned()));
}

#[test]
fn what_has_not_happened_yet_is_refused() {
    for (from, to, column) in [
        (",2026-10-27,,1,", ",2026-12-27,,1,", "退院年月日"),
        ("2026-10-23 14:20,39週1日", "2027-10-23 14:20,39週1日", "分娩日時"),
        ("2026-10-27,7,0", "2027-10-27,7,0", "EPDS実施日"),
        ("2004-02-20", "2204-02-20", "母_生年月日"),
    ] {
        let found = told(from, to);
        assert!(found.iter().any(|found| found.ends_with(&format!("row 1, {column}"))), "{column}: {found:?}");
    }
}

#[test]
fn of_a_stillbirth_no_child_is_made() {
    let alone = with(&[("分娩の転帰", "2")]);
    assert_eq!(codes_of(&alone).iter().filter(|found| *found == "H006 row 1, 分娩の転帰").count(), 1);
    let cut = alone.replacen(
        "0004533,高柳　灯,タカヤナギ　アカリ,男,2026-10-23 14:20,,39w1d,2980,48.5,33.0,8,9,,0,",
        ",,,,,,,,,,,,,,",
        1,
    );
    let row = &records(&Hp01.decode(cut.as_bytes(), &profile()))[0];
    assert_eq!(bodies(row, "delivery")[0]["outcome"], "stillbirth");
    assert!(["newborn", "parentChild"].iter().all(|kind| bodies(row, kind).is_empty()));
    // Of two the other was born alive.
    let twin = alone.replacen(",1,320,1,", ",1,320,2,", 1);
    assert_eq!(bodies(&records(&Hp01.decode(twin.as_bytes(), &profile()))[0], "newborn").len(), 1);
    assert!(told(",8,9,,0,", ",0,0,,0,").contains(&"H006 row 1, 児1_アプガー1分".to_owned()), "no sign of life");
}

#[test]
fn children_of_a_row_are_told_apart() {
    assert!(
        told("0004612,,,女,2026-10-13 03:07,2", "0004611,,,女,2026-10-13 03:07,2")
            .contains(&"H005 row 2, 児2_患者ID".to_owned())
    );
    assert!(told("2026-10-13 03:07,2,", "2026-10-13 03:07,1,").contains(&"H005 row 2, 児2_出生順位".to_owned()));
    assert!(told(",35+2,2,,2,", ",35+2,2,,1,").contains(&"H006 row 2, 出生児数".to_owned()));
    assert!(
        told("0004610,汐見　真帆,シオミ　マホ", ",,").contains(&"PH-E011 row 2, 母_患者ID".to_owned()),
        "children alone"
    );
}

#[test]
fn a_number_in_full_width_is_the_same_number() {
    let text = sample().replacen("0004521", "０００４５２１", 1).replacen("0004533", "0004533 ", 1);
    let row = &records(&Hp01.decode(text.as_bytes(), &profile()))[0];
    let named: Vec<&Value> = row["entries"].as_array().unwrap().iter().map(|entry| &entry["subjects"]).collect();
    assert!(named.iter().all(|of| {
        of.as_array().unwrap().iter().all(|one| ["0004521", "0004533"].iter().any(|id| one["identifier"] == *id))
    }));
}

#[test]
fn a_value_that_nobody_has_is_refused_and_an_unusual_one_told() {
    assert!(told(",2980,48.5,", ",9980,48.5,").contains(&"H006 row 1, 児1_出生体重".to_owned()));
    assert!(told(",2980,48.5,", ",6980,48.5,").contains(&"H104 row 1, 児1_出生体重".to_owned()));
    assert!(told(",2980,48.5,", ",2980,485,").contains(&"H104 row 1, 児1_身長".to_owned()));
    assert!(told(",2980,48.5,33.0,", ",#REF!,####,33.0,").contains(&"PH-E016 row 1, 児1_出生体重".to_owned()));
}

/// The sample with a fifth row: what its columns hold, by their names; the others are blank.
fn and(columns: &[(&str, &str)]) -> String {
    let text = sample();
    let names: Vec<&str> = text.lines().next().unwrap().trim_start_matches('\u{feff}').split(',').collect();
    let value = |name: &&str| columns.iter().find(|(column, _)| column == name).map_or("", |(_, value)| value);
    assert!(columns.iter().all(|(column, _)| names.contains(column)));
    let cells: Vec<&str> = names.iter().map(value).collect();
    format!("{text}{}\n", cells.join(","))
}

/// A mother whose child is one that the sample's first row names.
const ANOTHER_MOTHER: [(&str, &str); 12] = [
    ("処理区分", "1"),
    ("記録ID", "HP-0005"),
    ("改版番号", "1"),
    ("自治体コード", "482072"),
    ("母_患者ID", "0004800"),
    ("母_氏名", "磯部　渚"),
    ("母_カナ氏名", "イソベ　ナギサ"),
    ("母_生年月日", "1994-05-05"),
    ("不開示フラグ", "0"),
    ("退院年月日", "2026-10-27"),
    ("作成日時", "2026-10-27 16:10"),
    ("児1_患者ID", "０００４５３３"),
];

#[test]
fn a_child_of_two_mothers_refuses_both_rows_and_each_names_the_other() {
    let told = |text: &str| -> Vec<(String, String)> {
        let decoded = Hp01.decode(text.as_bytes(), &profile());
        let clashes = decoded.all_diagnostics().filter(|found| found.code == "H005");
        clashes.map(|found| (found.place.clone(), format!("{} {}", found.text.ja, found.text.en))).collect()
    };
    let born = ("児1_出生日時", "2026-10-23 14:20");
    let both = and(&[&ANOTHER_MOTHER[..], &[born]].concat());
    let found = told(&both);
    assert_eq!(
        found.iter().map(|(place, _)| place.as_str()).collect::<Vec<_>>(),
        ["row 1, 児1_患者ID", "row 5, 児1_患者ID"]
    );
    assert!(found[0].1.contains("5行目") && found[0].1.contains("Row 5 "), "{found:?}");
    assert!(found[1].1.contains("1行目") && found[1].1.contains("Row 1 "), "{found:?}");
    assert_eq!(records(&Hp01.decode(both.as_bytes(), &profile())).len(), 3, "the rows of others are taken");
    let of = |column: &str, value: &'static str| {
        let cells = ANOTHER_MOTHER.map(|(name, was)| (name, if name == column { value } else { was }));
        told(&and(&[&cells[..], &[born]].concat()))
    };
    assert_eq!(of("母_患者ID", "0004521"), [], "the same mother, once more");
    assert_eq!(of("児1_患者ID", "0004534"), [], "a child of her own");
    assert_eq!(of("処理区分", "2"), [], "the row takes back what was told of the wrong mother");
}

#[test]
fn a_file_of_an_older_template_and_one_in_shift_jis_are_read() {
    let text = sample();
    assert!(!text.contains("懸念_内容"), "the sample is older than these columns");
    let (sjis, _, lost) = encoding_rs::SHIFT_JIS.encode(text.trim_start_matches('\u{feff}'));
    assert!(!lost);
    assert_eq!(records(&Hp01.decode(&sjis, &profile())), records(&Hp01.decode(text.as_bytes(), &profile())));
}

#[test]
fn a_concern_is_an_entry_of_its_own_and_outlives_a_fault_of_its_row() {
    let concern = [("懸念_根拠", "1"), ("懸念_内容", "上腕にあざ"), ("懸念_児キー", "0004533")];
    let whole = with(&concern);
    let row = &records(&Hp01.decode(whole.as_bytes(), &profile()))[0];
    let told = row["entries"].as_array().unwrap().iter().find(|entry| entry.get("concern").is_some()).unwrap();
    assert_eq!((&told["label"], &told["concern"]["ground"]), (&json!("V"), &json!("L01")));
    assert_eq!(
        (&told["subjects"][0]["role"], &told["subjects"][0]["identifier"]),
        (&json!("CHILD"), &json!("0004533"))
    );
    let alone = |text: &str| match Hp01.decode(text.as_bytes(), &profile()).items.remove(0) {
        Item { submission: None, concern: RaisedConcern::Alone(alone), .. } => {
            let alone: Value = serde_json::from_str(&alone.to_author_json()).unwrap();
            bodies(&alone, "concern")[0]["text"].clone()
        }
        other => panic!("{other:?}"),
    };
    for (fault, with) in [(",7,0,", ",31,0,"), ("1,HP-0001,", "9,HP-0001,"), (",39w1d,", ",99w9d,")] {
        assert_eq!(alone(&whole.replacen(fault, with, 1)), "上腕にあざ", "{with}");
    }
    let nobody = whole.replacen("0004521,", ",", 1);
    assert!(matches!(Hp01.decode(nobody.as_bytes(), &profile()).items[0].concern, RaisedConcern::Unreadable));
}

#[test]
fn a_row_that_a_merged_cell_reaches_into_is_refused_with_the_range_and_the_mend() {
    let text = sample();
    let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    let decoded = |merged: &[(u32, u16, u32, u16)]| {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        for (row, cells) in (0..).zip(&rows) {
            for (column, cell) in (0..).zip(cells) {
                sheet.write_string(row, column, cell.trim_start_matches('\u{feff}')).unwrap();
            }
        }
        for (top, left, bottom, right) in merged {
            let value = rows[usize::try_from(*top).unwrap()].get(usize::from(*left)).unwrap();
            sheet.merge_range(*top, *left, *bottom, *right, value, &rust_xlsxwriter::Format::new()).unwrap();
        }
        crate::adapter("hp01-xlsx").unwrap().decode(&workbook.save_to_buffer().unwrap(), &profile())
    };
    let told = |decoded: &Decoded| -> Vec<String> {
        let merged = decoded.all_diagnostics().filter(|found| found.code == "PH-E018");
        merged.map(|found| format!("{} {}", found.place, found.text.ja)).collect()
    };
    let whole = decoded(&[]);
    assert_eq!((told(&whole), whole.taken()), (vec![], 4));
    // The columns of a mother over two rows: her number, her name.
    let over = decoded(&[(1, 4, 2, 4), (1, 5, 2, 5)]);
    assert_eq!((told(&over).len(), over.taken()), (2, 2));
    for (row, told) in ["row 1, 母_患者ID", "row 2, 母_患者ID"].iter().zip(told(&over)) {
        assert!(told.starts_with(row) && told.contains("E2:E3") && told.contains("児1_…、児2_…"), "{told}");
    }
    // A column that nobody needs: without a word its value would be lost.
    assert_eq!(told(&decoded(&[(3, 15, 4, 15)])).len(), 2);
    let beside = decoded(&[(2, 16, 2, 17)]);
    assert!(told(&beside)[0].starts_with("row 2, 診療科") && beside.taken() == 3);
}

#[test]
fn a_cancelled_row_takes_back_what_it_told() {
    let decoded = Hp01.decode(sample().as_bytes(), &profile());
    let cancelled = &records(&decoded)[3];
    assert_eq!(bodies(cancelled, "withdrawal"), [&json!({"bodyKind": "discharge_notice", "reason": "deleted"})]);
    let concerned = with(&[("懸念_根拠", "1"), ("懸念_内容", "上腕にあざ")]).replacen("\n1,", "\n2,", 1);
    let row = &records(&Hp01.decode(concerned.as_bytes(), &profile()))[0];
    assert!(!bodies(row, "withdrawal").is_empty() && bodies(row, "dischargeNotice").is_empty());
    assert_eq!(bodies(row, "concern")[0]["text"], "上腕にあざ", "who cancels a sheet has not unseen it");
}

#[test]
fn the_template_is_an_empty_file_of_this_format() {
    let template = Hp01.template().unwrap();
    assert!(Hp01.recognises(&template));
    assert!(Hp01.decode(&template, &profile()).items.is_empty());
}

#[test]
fn the_readme_names_every_column_and_where_it_goes() {
    let readme = include_str!("README.md");
    let members = columns::LAYOUT.groups.iter().flat_map(|group| group.members);
    for column in columns::LAYOUT.columns.iter().chain(members) {
        let row = format!("| {} | {} |", column.name, column.key);
        let line = readme.lines().find(|line| line.starts_with(&row)).unwrap_or_else(|| panic!("{row} is missing"));
        let place = match column.path {
            "" => "envelope".to_owned(),
            table::KEPT_RAW => "raw file only".to_owned(),
            path => format!("`{path}`"),
        };
        assert!(line.contains(&format!("| {place} |")), "{line} does not say {place}");
    }
}

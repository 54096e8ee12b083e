//! The rules that every layout shares, on a layout of the test's own.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::limits::within;
use super::*;
use musubi_core::adapter::{Decoded, Profile};
use musubi_core::agency::AgencyId;
use musubi_core::japan::charset::{Unmappable, encode_cp932};
use musubi_core::time::Time;
use musubi_proto::v1 as proto;
use sha2::{Digest, Sha256};

struct Visits;

static LAYOUT: Layout = Layout {
    name: "test",
    columns: &[
        Column::new("記録ID", "record_id", "").required().identifier(),
        Column::new("日付", "date", "home_visit.visited_on").required(),
        Column::new("体重", "weight", "home_visit.weight"),
        Column::new("備考", "note", "home_visit.note"),
    ],
    groups: &[Group {
        name: "夜間配置",
        key: "night_staff",
        members: &[
            Column::new("職種", "role", "care_delivery.night_staff.role"),
            Column::new("開始", "from", "care_delivery.night_staff.from"),
        ],
    }],
};

impl Rows for Visits {
    fn layout(&self) -> &'static Layout {
        &LAYOUT
    }

    fn read(&self, row: &mut RowReader<'_>, _profile: &Profile) -> Option<proto::Submission> {
        row.date("date")?;
        row.grams("weight");
        for number in row.numbers("night_staff") {
            row.code(At::member("night_staff", number, "role"), &[(1, ()), (2, ())]);
        }
        let subject = proto::Subject { role: 2, issuer: "a".to_owned(), identifier: row.text("record_id") };
        let visit = proto::HomeVisit { note: row.text("note"), ..proto::HomeVisit::default() };
        let entry = proto::Entry {
            source_key: row.text("record_id"),
            subjects: vec![subject],
            body: Some(proto::entry::Body::HomeVisit(visit)),
            ..proto::Entry::default()
        };
        Some(proto::Submission { entries: vec![entry], ..proto::Submission::default() })
    }
}

fn profile() -> Profile {
    Profile::plain(AgencyId::new("PHO-482072-01").unwrap(), Time::MIN)
}

fn read(text: &str) -> Decoded {
    decode(&Visits, text.as_bytes(), None, &profile())
}

fn told(decoded: &Decoded) -> Vec<String> {
    decoded.all_diagnostics().filter(|d| d.code != "PH-W001").map(|d| format!("{} {}", d.code, d.place)).collect()
}

/// A specimen with a right check digit, put together here so that it stands in no file.
fn individual_number() -> String {
    ["1234", "5678", "9018"].concat()
}

#[test]
fn columns_are_found_by_japanese_name_or_key_in_any_order() {
    let decoded = read("体重（ｇ）,date, 記録 ID \n2760g,R8.11.11,V-1\n");
    assert_eq!(told(&decoded), Vec::<String>::new());
    assert_eq!(decoded.taken(), 1);
}

#[test]
fn a_missing_or_doubled_column_refuses_the_file() {
    assert_eq!(told(&read("記録ID,体重\nV-1,1\n")), ["PH-E004 header, 日付"]);
    assert_eq!(told(&read("記録ID,record_id,日付\nV-1,V-1,R8.1.1\n")), ["PH-E004 header, 記録ID"]);
    assert_eq!(told(&read("")), ["PH-E004 header"]);
}

#[test]
fn a_wrong_row_is_refused_by_itself_with_row_and_column() {
    let decoded = read(
        "記録ID,日付,体重\nV-1,R8.11.11,2760\nV-2,令和8年11月31日,2760\nV-3,R8.11.11\nV-4,R8.11.11,abc\n,R8.11.11,2760\n",
    );
    assert_eq!(
        told(&decoded),
        [
            "JP-E602 row 2, 日付",
            "PH-E005 row 3",
            "JP-E740 row 4, 体重",
            "PH-E011 row 5, 記録ID",
            "M103 row 5, entries[0].source_key",
            "M105 row 5, entries[0].subjects[0]"
        ]
    );
    assert_eq!(decoded.taken(), 1);
}

#[test]
fn blank_rows_are_passed_over_and_keep_their_number() {
    let decoded = read("記録ID,日付,体重\n,,\nV-2,R8.11.31,\n　,,\n");
    assert_eq!(told(&decoded), ["JP-E602 row 2, 日付"]);
    assert_eq!(decoded.items.len(), 1);
}

#[test]
fn a_last_row_without_a_line_break_is_refused_since_the_file_may_be_cut() {
    let decoded = read("記録ID,日付,備考\nV-1,R8.11.11,x\nV-2,R8.11.11,x");
    assert_eq!(told(&decoded), ["PH-E005 row 2"]);
    let open = read("記録ID,日付,備考\nV-1,R8.11.11,x\nV-2,R8.11.11,\"x\n");
    assert_eq!(told(&open), ["PH-E005 row 2"]);
}

#[test]
fn spreadsheet_damage_is_mended_or_refused() {
    let decoded = read("記録ID,日付,備考\n\"=\"\"0123\"\"\",46337,'=1+1\n1.23E+11,R8.11.11,=1+1\n");
    assert_eq!(told(&decoded), ["PH-E006 row 2, 記録ID"]);
    let json = decoded.items[0].submission.as_ref().unwrap().to_author_json();
    assert!(json.contains("\"0123\"") && json.contains("\"=1+1\""), "{json}");
}

#[test]
fn a_filled_column_of_individual_numbers_refuses_the_file_and_an_empty_one_does_not() {
    for header in ["個人番号", "マイナンバー", "My Number", "特定個人情報番号"] {
        let text = format!("記録ID,日付,{header}\nV-1,R8.11.11,\nV-2,R8.11.11,1\n");
        assert_eq!(told(&read(&text)), ["JP-E720 column 3"], "{header}");
        let empty = format!("記録ID,日付,{header}\nV-1,R8.11.11,\n");
        assert_eq!(told(&read(&empty)), Vec::<String>::new(), "{header}");
    }
}

#[test]
fn an_individual_number_in_a_cell_refuses_the_row_and_is_repeated_nowhere() {
    let number = individual_number();
    let text =
        format!("記録ID,日付,備考,other\nV-1,R8.11.11,番号は{number}です,\nV-2,R8.11.11,,{number}\nV-3,R8.11.11,x,\n");
    let decoded = read(&text);
    assert_eq!(told(&decoded), ["PH-W003 column 4", "JP-E721 row 1, 備考", "JP-E721 row 2, column 4"]);
    assert_eq!(decoded.taken(), 1);
    let answer = answer_file(text.as_bytes(), &profile(), &Verdict::of(&decoded)).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(!answer.contains(&number) && !format!("{decoded:?}").contains(&number));
    assert!(answer.contains("JP-E721") && !answer.contains("V-1") && answer.contains("V-3"));
    let kept = without_individual_numbers(text.as_bytes(), &profile(), &Verdict::of(&decoded)).unwrap().unwrap();
    assert!(!String::from_utf8(kept.clone()).unwrap().contains(&number));
    let again = decode(&Visits, &kept, None, &profile());
    assert_eq!((again.items.len(), again.items[0].place.as_str(), again.taken()), (1, "row 3", 1));
}

#[test]
fn a_declared_identifier_column_may_hold_twelve_digits() {
    let mut profile = profile();
    let text = format!("記録ID,日付\n{},R8.11.11\n", individual_number());
    assert_eq!(told(&decode(&Visits, text.as_bytes(), None, &profile)), ["JP-E721 row 1, 記録ID"]);
    profile.twelve_digit_columns = vec!["記録ID".to_owned()];
    assert_eq!(decode(&Visits, text.as_bytes(), None, &profile).taken(), 1);
    profile.twelve_digit_columns = vec!["備考".to_owned()];
    let text = format!("記録ID,日付,備考\nV-1,R8.11.11,{}\n", individual_number());
    assert_eq!(told(&decode(&Visits, text.as_bytes(), None, &profile)), ["JP-E721 row 1, 備考"]);
}

#[test]
fn a_weight_in_kilograms_is_taken_as_such_and_an_impossible_one_is_refused() {
    let weight = |cell: &str| {
        let decoded = read(&format!("記録ID,日付,体重\nV-1,R8.11.11,\"{cell}\"\n"));
        (told(&decoded), decoded.taken())
    };
    assert_eq!(weight("2,760g"), (vec![], 1));
    assert_eq!(weight("2.76"), (vec!["PH-W402 row 1, 体重".to_owned()], 1));
    for impossible in ["0", "15", "199", "20001"] {
        assert_eq!(weight(impossible), (vec!["PH-E403 row 1, 体重".to_owned()], 0), "{impossible}");
    }
}

#[test]
fn numbered_groups_are_found() {
    let decoded =
        read("記録ID,日付,夜間配置１_職種,夜間配置1_開始,night_staff2_role,夜間配置0_職種\nV-1,R8.11.11,1,10:00,3,x\n");
    assert_eq!(told(&decoded), ["PH-W003 column 6", "PH-E009 row 1, 夜間配置2_職種"]);
}

#[test]
fn each_limit_holds_on_both_sides() {
    for most in [BYTES_MAX, COLUMNS_MAX, CELL_BYTES_MAX] {
        assert!(within(most - 1, most, "file").is_ok() && within(most, most, "file").is_ok());
        assert_eq!(within(most + 1, most, "file").unwrap_err().code, "PH-E008");
    }
    let columns = |n: usize| {
        let more: String = (3..=n).map(|i| format!(",c{i}")).collect();
        let cells = ",".repeat(n - 2);
        told(&read(&format!("記録ID,日付{more}\nV-1,R8.11.11{cells}\n")))
    };
    assert!(!columns(COLUMNS_MAX - 1).contains(&"PH-E008 file".to_owned()));
    assert!(!columns(COLUMNS_MAX).contains(&"PH-E008 file".to_owned()));
    assert_eq!(columns(COLUMNS_MAX + 1), ["PH-E008 file"]);
    let cell = |n: usize| told(&read(&format!("記録ID,日付,備考\nV-1,R8.11.11,{}\n", "a".repeat(n))));
    assert!(cell(CELL_BYTES_MAX - 1).is_empty() && cell(CELL_BYTES_MAX).is_empty());
    assert_eq!(cell(CELL_BYTES_MAX + 1), ["PH-E008 file"]);
}

#[test]
fn cp932_is_read_and_what_is_neither_is_refused() {
    let text = "記録ID,日付,備考\r\nV-1,令和８年１１月１１日,髙﨑ソ表能～\r\n";
    let bytes = encode_cp932(text, Unmappable::Refuse).unwrap().bytes;
    let decoded = decode(&Visits, &bytes, None, &profile());
    assert_eq!(told(&decoded), Vec::<String>::new());
    assert!(decoded.items[0].submission.as_ref().unwrap().to_author_json().contains("髙﨑ソ表能～"));
    let mut declared = profile();
    declared.charset = Some("EUC-JP".to_owned());
    assert_eq!(told(&decode(&Visits, &bytes, None, &declared)), ["JP-E101 file"]);
    assert_eq!(told(&decode(&Visits, b"\xFF\xFD", None, &profile())), ["JP-E102 file"]);
    assert_eq!(told(&read("記録ID,日付\nV-1\0,R8.11.11\n")), ["JP-E104 file"]);
    assert_eq!(told(&read("記録ID,日付\nV-\u{202E}1,R8.11.11\n")), ["JP-E104 file"]);
}

#[test]
fn a_sidecar_must_fit_its_file() {
    let text = "記録ID,日付\nV-1,R8.11.11\n";
    let hash: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let sidecar = |rows: u32, hash: &str, sender: &str| {
        format!(
            r#"{{"layout":"TEST","version":"1","rows":{rows},"sha256":"{hash}","encoding":"utf-8","sender_agency":"{sender}"}}"#
        )
    };
    let read = |sidecar: String| {
        decode(&Visits, text.as_bytes(), Some(sidecar.as_bytes()), &profile())
            .all_diagnostics()
            .map(|d| format!("{} {}", d.code, d.place))
            .collect::<Vec<_>>()
    };
    assert!(read(sidecar(1, &hash, "PHO-482072-01")).is_empty());
    assert_eq!(read(sidecar(2, &hash, "PHO-482072-01")), ["PH-E002 sidecar, rows"]);
    assert_eq!(read(sidecar(1, &"0".repeat(64), "PHO-482072-01")), ["PH-E002 sidecar, sha256"]);
    assert_eq!(read(sidecar(1, &hash, "PHO-482072-02")), ["PH-E002 sidecar, sender_agency"]);
    assert_eq!(read("{}".to_owned()), ["PH-E002 sidecar, form"]);
    assert_eq!(read(" ".repeat(20_000)), ["PH-E002 sidecar, size"]);
    assert!(decode(&Visits, text.as_bytes(), None, &profile()).all_diagnostics().any(|d| d.code == "PH-W001"));
}

#[test]
fn the_answer_is_the_rows_again_with_their_results_in_the_files_character_set() {
    let text = "記録ID,日付,備考\r\nV-1,R8.11.11,=1+1\r\nV-2,R8.11.31,\"a,b\"\r\n";
    let bytes = encode_cp932(text, Unmappable::Refuse).unwrap().bytes;
    let decoded = decode(&Visits, &bytes, None, &profile());
    let answer = answer_file(&bytes, &profile(), &Verdict::of(&decoded)).unwrap();
    let expected = "記録ID,日付,備考,取込結果\r\nV-1,R8.11.11,'=1+1,受理\r\n\
        V-2,R8.11.31,\"a,b\",不受理 / JP-E602 [日付] 存在しない日付です。月と日を確かめてください。\r\n";
    assert_eq!(answer, encode_cp932(expected, Unmappable::Refuse).unwrap().bytes);

    // Staff may send the corrected answer as it is: the result column is unknown, and is replaced by the next answer.
    let again = decode(&Visits, &answer, None, &profile());
    assert_eq!(told(&again), ["PH-W003 column 4", "JP-E602 row 2, 日付"]);
    assert_eq!(answer_file(&answer, &profile(), &Verdict::of(&again)).unwrap(), answer);
}

#[test]
fn a_file_without_individual_numbers_is_kept_as_it_came() {
    let text = "記録ID,日付\nV-1,R8.11.31\n";
    assert_eq!(without_individual_numbers(text.as_bytes(), &profile(), &Verdict::of(&read(text))).unwrap(), None);
}

#[test]
fn user_defined_characters_come_back_in_the_answer_as_they_were() {
    let mut bytes = encode_cp932("記録ID,日付,備考\r\nV-1,R8.11.31,", Unmappable::Refuse).unwrap().bytes;
    bytes.extend([0xF0, 0x40, b'\r', b'\n']);
    let decoded = decode(&Visits, &bytes, None, &profile());
    assert_eq!(told(&decoded), ["JP-W401 file", "JP-E602 row 1, 日付"]);
    let answer = answer_file(&bytes, &profile(), &Verdict::of(&decoded)).unwrap();
    assert!(String::from_utf8(answer).unwrap().contains("V-1,R8.11.31,\u{E000},"));
}

#[test]
fn what_is_for_the_municipality_alone_is_not_in_the_answer() {
    let text = "記録ID,日付\nV-1,R8.11.11\n";
    let mut verdicts = Verdict::of(&read(text));
    let overlap = musubi_core::adapter::Diagnostic::new(
        musubi_core::adapter::Severity::Hold,
        "PV-Q108",
        "row 1, 開始日時",
        "ほかの事業者",
        "elsewhere",
    );
    verdicts[0].diagnostics.push(overlap);
    let answer = String::from_utf8(answer_file(text.as_bytes(), &profile(), &verdicts).unwrap()).unwrap();
    assert!(answer.contains("V-1,R8.11.11,受理\r\n"), "{answer}");
}

#[test]
fn every_cell_that_holds_something_is_in_the_ledger() {
    let decoded = read("記録ID,日付,備考,other\nV-1,R8.11.11,,x\nV-2,R8.11.31,y,\n");
    let ledger = serde_json::to_string(&decoded.ledger).unwrap();
    assert_eq!(
        ledger,
        r#"[{"item":1,"place":"row 1, 記録ID","fate":"envelope"},{"item":1,"place":"row 1, 日付","fate":{"mapped":"home_visit.visited_on"}},{"item":1,"place":"row 1, column 4","fate":"kept_raw"},{"item":2,"place":"row 2, 記録ID","fate":{"refused":"JP-E602"}},{"item":2,"place":"row 2, 日付","fate":{"refused":"JP-E602"}},{"item":2,"place":"row 2, 備考","fate":{"refused":"JP-E602"}}]"#
    );
}

#[test]
fn a_file_is_recognised_by_its_header_alone() {
    assert!(recognises(&LAYOUT, "記録ID,日付\n".as_bytes()));
    assert!(recognises(&LAYOUT, &encode_cp932("日付,記録ID\r\n\u{FF71}", Unmappable::Refuse).unwrap().bytes));
    assert!(!recognises(&LAYOUT, "記録ID,備考\n".as_bytes()));
    assert!(!recognises(&LAYOUT, b"MSH|^~\\&|"));
}

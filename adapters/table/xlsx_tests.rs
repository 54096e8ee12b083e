#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::super::layout::Column;
use super::super::limits::{INFLATED_BYTES_MAX, INFLATED_RATIO_MAX, PACKAGE_BYTES_MAX};
use super::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use std::io::Write as _;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

static COLUMNS: [Column; 2] = [Column::new("番号", "number", "").required(), Column::new("日付", "day", "").expected()];
static LAYOUT: Layout = Layout { name: "trial", columns: &COLUMNS, groups: &[] };

fn workbook(fill: impl FnOnce(&mut Workbook)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    fill(&mut workbook);
    workbook.save_to_buffer().unwrap()
}

/// One sheet with the header and what is filled in below.
fn sheet(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
    workbook(|workbook| {
        let sheet = workbook.add_worksheet();
        sheet.write_string(0, 0, "番号").unwrap().write_string(0, 1, "日付").unwrap();
        fill(sheet);
    })
}

fn rows(bytes: &[u8]) -> Vec<Vec<String>> {
    read(bytes, Some(&LAYOUT)).unwrap().rows
}

fn code(bytes: &[u8]) -> String {
    read(bytes, Some(&LAYOUT)).map_or_else(|refusal| refusal.code.to_string(), |_| "read".to_owned())
}

#[test]
fn each_kind_of_cell_is_read_as_a_clerk_would_have_typed_it() {
    let day = Format::new().set_num_format("yyyy/mm/dd");
    let bytes = sheet(|sheet| {
        sheet.write_string(1, 0, "0012345").unwrap().write_string(1, 1, "令和8年10月27日").unwrap();
        sheet.write_number(2, 0, 12.5).unwrap();
        sheet.write_datetime_with_format(2, 1, ExcelDateTime::from_ymd(2026, 10, 27).unwrap(), &day).unwrap();
        sheet.write_number(3, 0, 1.234567890123456e17).unwrap();
        let moment = ExcelDateTime::from_ymd(2026, 10, 27).unwrap().and_hms(14, 20, 0).unwrap();
        sheet.write_datetime_with_format(3, 1, moment, &day).unwrap();
        sheet.write_formula(5, 0, Formula::new("=1+1").set_result("7")).unwrap();
        sheet.write_boolean(5, 1, true).unwrap();
    });
    let expected = [
        ["0012345", "令和8年10月27日"],
        ["12.5", "2026-10-27"],
        ["1.234567890123456E+17", "2026-10-27 14:20"],
        ["", ""],
        ["7", "1"],
    ];
    assert_eq!(rows(&bytes), expected, "a formula is its kept value, and a blank row keeps its number");
    assert!(super::super::damage::is_rounded(&rows(&bytes)[2][0]));
}

#[test]
fn the_sheet_that_holds_the_header_is_read_wherever_it_stands() {
    let bytes = workbook(|workbook| {
        workbook.add_worksheet().write_string(0, 0, "説明").unwrap();
        let sheet = workbook.add_worksheet();
        sheet.write_string(3, 0, "番号").unwrap().write_string(3, 1, "日付").unwrap().write_string(4, 0, "A").unwrap();
    });
    assert_eq!(rows(&bytes), [["A", ""]], "rows are counted from the header, wherever that stands");
    assert_eq!(code(b"PK\x03\x04"), "PH-E014");
    assert_eq!(
        code(&workbook(|workbook| {
            workbook.add_worksheet();
        })),
        "PH-E004"
    );
}

#[test]
fn rows_in_a_second_sheet_refuse_the_file_and_any_other_sheet_is_told() {
    let header = |sheet: &mut rust_xlsxwriter::Worksheet, filled: bool| {
        sheet.write_string(0, 0, "番号").unwrap().write_string(0, 1, "日付").unwrap();
        if filled {
            sheet.write_string(1, 0, "A").unwrap();
        }
    };
    let book = |filled: [bool; 2], notes: &str| {
        workbook(|workbook| {
            filled.iter().for_each(|filled| header(workbook.add_worksheet(), *filled));
            workbook.add_worksheet().set_name(notes).unwrap().write_string(0, 0, "x").unwrap();
        })
    };
    let told = |bytes: &[u8]| -> Vec<String> {
        let warnings = read(bytes, Some(&LAYOUT)).unwrap().warnings;
        warnings.iter().map(|told| format!("{} {}", told.code, told.place)).collect()
    };
    assert_eq!(code(&book([true, true], NOTES)), "PH-E017");
    assert_eq!(rows(&book([false, true], NOTES)), [["A", ""]], "an empty one is passed over");
    assert_eq!(told(&book([true, false], NOTES)), ["PH-W004 sheet 2"]);
    assert_eq!(told(&book([true, false], "集計")), ["PH-W004 sheet 2", "PH-W004 sheet 3"]);
}

#[test]
fn what_was_merged_below_the_header_is_known_by_its_range() {
    let bytes = workbook(|workbook| {
        let (sheet, format) = (workbook.add_worksheet(), Format::new());
        sheet.merge_range(0, 0, 1, 3, "退院連絡票", &format).unwrap();
        sheet.merge_range(4, 0, 5, 0, "A", &format).unwrap();
        sheet.merge_range(6, 1, 6, 28, "B", &format).unwrap();
    });
    let merged = read(&bytes, Some(&LAYOUT)).unwrap().merged;
    let told: Vec<_> = merged.iter().map(|one| (one.range.as_str(), one.rows.clone(), one.columns.clone())).collect();
    // The first row that holds something counts as the header here, so the title reaches one row below it.
    assert_eq!(told, [("A1:D2", 0..=0, 0..=3), ("A5:A6", 3..=4, 0..=0), ("B7:AC7", 5..=5, 1..=28)]);
}

#[test]
fn a_formula_that_came_to_nothing_is_seen_as_no_value() {
    let bytes = sheet(|sheet| {
        sheet.write_formula(1, 0, Formula::new("=B9").set_result("#REF!")).unwrap();
    });
    assert!(super::super::damage::is_fault(&rows(&bytes)[0][0]));
}

#[test]
fn an_individual_number_on_another_sheet_or_in_a_comment_refuses_the_file() {
    let number = ["1234", "5678", "9018"].concat();
    let hidden = workbook(|workbook| {
        workbook.add_worksheet().write_string(0, 0, "番号").unwrap().write_string(0, 1, "日付").unwrap();
        workbook.add_worksheet().set_hidden(true).write_string(5, 5, &number).unwrap();
    });
    assert_eq!(code(&hidden), "JP-E721");
    let comment = sheet(|sheet| {
        sheet.insert_note(1, 1, &rust_xlsxwriter::Note::new(&number)).unwrap();
    });
    assert_eq!(code(&comment), "JP-E721");
}

#[test]
fn a_cell_far_away_costs_nothing_and_is_refused_at_the_limit() {
    let at = |row: u32, column: u16| code(&sheet(|sheet| drop(sheet.write_string(row, column, "x"))));
    let last = u16::try_from(COLUMNS_MAX).unwrap();
    assert_eq!([at(1, last - 2), at(1, last - 1), at(1, last)], ["read", "read", "PH-E008"]);
    let most = u32::try_from(SHEET_ROWS_MAX).unwrap();
    assert_eq!([at(most - 1, 0), at(most, 0), at(most + 1, 0)], ["read", "read", "PH-E008"]);
    let sheets = |count: usize| {
        code(&workbook(|workbook| {
            for _ in 0..count {
                workbook.add_worksheet().write_string(0, 0, "番号").unwrap().write_string(0, 1, "日付").unwrap();
            }
        }))
    };
    assert_eq!([sheets(SHEETS_MAX), sheets(SHEETS_MAX + 1)], ["read", "PH-E008"]);
}

/// The parts of a workbook and one more.
fn with_part(name: &str, content: &[u8]) -> Vec<u8> {
    let bytes = sheet(|_| {});
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        writer.raw_copy_file(archive.by_index(index).unwrap()).unwrap();
    }
    writer.start_file(name, SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)).unwrap();
    writer.write_all(content).unwrap();
    writer.finish().unwrap().into_inner()
}

#[test]
fn macros_objects_links_and_packages_inside_are_refused() {
    assert_eq!(code(&with_part("docProps/custom.xml", b"<x/>")), "read");
    for (name, expected) in [
        ("xl/vbaProject.bin", "PH-E015"),
        ("xl/externalLinks/externalLink1.xml", "PH-E015"),
        ("xl/embeddings/oleObject1.bin", "PH-E015"),
        ("xl/media/inner.zip", "PH-E014"),
        ("../outside.xml", "PH-E014"),
        ("/absolute.xml", "PH-E014"),
        ("xl\\back.xml", "PH-E014"),
    ] {
        assert_eq!(code(&with_part(name, b"x")), expected, "{name}");
    }
}

#[test]
fn a_part_that_inflates_without_end_is_refused() {
    let blanks = |megabytes: usize| with_part("docProps/custom.xml", &vec![b' '; megabytes * 1024 * 1024]);
    assert_eq!([code(&blanks(1)), code(&blanks(2))], ["read", "PH-E008"], "a ratio over {INFLATED_RATIO_MAX}");
    let zeros = vec![0; INFLATED_BYTES_MAX + 1];
    assert_eq!(code(&with_part("docProps/custom.xml", &zeros)), "PH-E008");
}

#[test]
fn the_size_of_a_package_is_limited_at_the_byte() {
    let bytes = sheet(|_| {});
    // Bytes before the archive count as well.
    let sized = |size: usize| code(&[vec![0; size - bytes.len()], bytes.clone()].concat());
    let read = [sized(PACKAGE_BYTES_MAX - 1), sized(PACKAGE_BYTES_MAX), sized(PACKAGE_BYTES_MAX + 1)];
    assert_eq!(read, ["read", "read", "PH-E008"]);
}

#[test]
fn a_workbook_cut_anywhere_does_not_open() {
    let bytes = sheet(|sheet| drop(sheet.write_string(1, 0, "A")));
    for end in (0..bytes.len()).step_by(97) {
        assert_ne!(code(&bytes[..end]), "read", "cut at {end}");
    }
}

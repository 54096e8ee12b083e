#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use proptest::prelude::*;

fn read(text: &str) -> Result<(String, Vec<&'static str>), &'static str> {
    date(text, Serials::None)
        .map(|read| (read.value.to_string(), read.warnings.iter().map(|problem| problem.code()).collect()))
        .map_err(Problem::code)
}

#[test]
fn a_date_is_read_in_every_form_that_offices_write() {
    let cases = [
        ("令和元年５月１日", "2019-05-01"),
        ("令和1年5月1日", "2019-05-01"),
        ("R1.5.1", "2019-05-01"),
        ("R01/05/01", "2019-05-01"),
        ("ｒ０１．０５．０１", "2019-05-01"),
        ("R.1.5.1", "2019-05-01"),
        ("H27. 4. 1", "2015-04-01"),
        ("平成16年2月20日", "2004-02-20"),
        ("平成２年８月３日生", "1990-08-03"),
        ("R08/10/19", "2026-10-19"),
        ("R070401", "2025-04-01"),
        ("令7.4.1", "2025-04-01"),
        ("㋿7年4月1日", "2025-04-01"),
        ("㍻元年1月8日", "1989-01-08"),
        ("2025年4月1日", "2025-04-01"),
        ("西暦2025年4月1日（火）", "2025-04-01"),
        ("2025/4/1", "2025-04-01"),
        ("２０２５／０４／０１", "2025-04-01"),
        ("2025-04-01", "2025-04-01"),
        ("2025−04−01", "2025-04-01"),
        ("2025.4.1", "2025-04-01"),
        ("20250401", "2025-04-01"),
        ("5070401", "2025-04-01"),
        ("3640107", "1989-01-07"),
        ("明治45年7月29日", "1912-07-29"),
        ("T15.12.24", "1926-12-24"),
        ("昭和元年12月25日", "1926-12-25"),
        ("2024-02-29", "2024-02-29"),
    ];
    for (text, iso) in cases {
        assert_eq!(read(text), Ok((iso.to_owned(), vec![])), "{text}");
    }
}

#[test]
fn a_day_that_the_month_does_not_have_is_refused() {
    for text in ["令和8年11月31日", "R8.2.29", "2025/13/1", "20250431", "5070230", "2025-04-32"] {
        assert_eq!(read(text), Err("JP-E602"), "{text}");
    }
}

#[test]
fn what_has_no_year_is_no_date() {
    let cases = [
        "4/1",
        "",
        "　",
        "不詳",
        "令和",
        "25/4/1",
        "R0.4.1",
        "0000-00-00",
        "99999999",
        "4月1日",
        "令和7年度",
        "202504",
    ];
    for text in cases {
        assert_eq!(read(text), Err("JP-E601"), "{text}");
    }
}

#[test]
fn a_year_outside_its_era_is_counted_on_with_a_warning() {
    let cases = [
        ("平成31年5月1日", "2019-05-01", vec!["JP-W603"]),
        ("平成35年", "2023", vec!["JP-W603", "JP-W605"]),
        ("昭和64年2月", "1989-02", vec!["JP-W603", "JP-W605"]),
        ("令和元年4月30日", "2019-04-30", vec!["JP-W603"]),
        ("平成31年4月30日", "2019-04-30", vec![]),
        ("昭和64年", "1989", vec!["JP-W605"]),
    ];
    for (text, iso, codes) in cases {
        assert_eq!(read(text), Ok((iso.to_owned(), codes)), "{text}");
    }
}

#[test]
fn an_unknown_part_stays_unknown() {
    let cases = [
        ("昭和63年不詳月不詳日", "1988"),
        ("昭和63年5月不詳", "1988-05"),
        ("2025-04-00", "2025-04"),
        ("20259999", "2025"),
        ("20250499", "2025-04"),
        ("5070400", "2025-04"),
        ("㋿7年", "2025"),
        ("R7", "2025"),
        ("2025/4", "2025-04"),
        ("2025", "2025"),
    ];
    for (text, iso) in cases {
        assert_eq!(read(text), Ok((iso.to_owned(), vec!["JP-W605"])), "{text}");
    }
}

#[test]
fn serial_numbers_count_only_in_a_date_column() {
    let iso = |text, serials| date(text, serials).map(|read| read.value.to_string());
    assert_eq!(iso("45748", Serials::From1900), Ok("2025-04-01".to_owned()));
    assert_eq!(iso("44286", Serials::From1904), Ok("2025-04-01".to_owned()));
    assert_eq!(iso("45748", Serials::None), Err(Problem::NotADate));
    assert_eq!(iso("19999", Serials::From1900), Err(Problem::NotADate));
    assert_eq!(iso("60001", Serials::From1900), Err(Problem::NotADate));
}

#[test]
fn a_birth_date_is_not_after_today() {
    let today = calendar(2026, 10, 19);
    assert!(birth_date("R8.10.19", Serials::None, today).is_ok());
    assert_eq!(birth_date("R8.10.20", Serials::None, today), Err(Problem::FutureBirth));
    assert!(birth_date("2026", Serials::None, today).is_ok());
    assert_eq!(birth_date("2027", Serials::None, today), Err(Problem::FutureBirth));
}

#[test]
fn a_whole_date_has_its_day() {
    assert_eq!(whole_date("2025-04", Serials::None), Err(Problem::NotADate));
    assert_eq!(whole_date("2025-04-01", Serials::None).unwrap().value, calendar(2025, 4, 1));
}

#[test]
fn a_day_is_written_with_its_era_and_read_back() {
    assert_eq!(in_era(calendar(2019, 5, 1)), "令和元年5月1日");
    assert_eq!(in_era(calendar(2004, 2, 20)), "平成16年2月20日");
    for day in [calendar(1989, 1, 7), calendar(1989, 1, 8), calendar(2019, 4, 30), calendar(2026, 11, 30)] {
        assert_eq!(whole_date(&in_era(day), Serials::None), Ok(Read::clean(day)));
    }
}

proptest! {
    #[test]
    fn no_text_stops_the_date_reader(text in "\\PC*") {
        for serials in [Serials::None, Serials::From1900, Serials::From1904] {
            let _ = date(&text, serials);
        }
    }

    #[test]
    fn no_text_made_of_date_pieces_stops_the_date_reader(text in "[令和平成元年月日RHS0-9./\\-()不詳生 　]{0,16}") {
        let _ = date(&text, Serials::From1900);
    }
}

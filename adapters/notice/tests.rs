//! The notice of family A, and what it must never become.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{NoticeCsv, NoticeHtml};
use crate::table::restored;
use crate::testing::{
    HOSTILE, NEWBORN_WORDS, child_details, family_a, hostile_family, link, matches_snapshot, mother_alone,
    mother_details, of_child, of_mother, profile, released, released_to_center,
};
use musubi_core::adapter::{Adapter, Direction, EncodeError};
use musubi_core::release::NOTICE;
use musubi_proto::v1 as proto;
use proto::entry::Body;

fn html(entries: Vec<proto::Entry>) -> String {
    String::from_utf8(NoticeHtml.encode(&released(entries), &profile()).unwrap()).unwrap()
}

fn csv_rows(entries: Vec<proto::Entry>) -> Vec<Vec<String>> {
    let bytes = NoticeCsv.encode(&released(entries), &profile()).unwrap();
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn cell<'a>(rows: &'a [Vec<String>], row: usize, column: &str) -> &'a str {
    let position = rows[1].iter().position(|name| name == column).unwrap();
    &rows[row][position]
}

#[test]
fn the_page_and_the_table_of_family_a_are_those_that_were_looked_at() {
    matches_snapshot("notice/snapshots/family_a.html", html(family_a()).as_bytes());
    let table = NoticeCsv.encode(&released(family_a()), &profile()).unwrap();
    matches_snapshot("notice/snapshots/family_a.csv", &table);
}

#[test]
fn the_page_says_what_a_nurse_needs() {
    let page = html(family_a());
    for words in [
        "退院連絡票",
        "榎本\u{3000}千夏",
        "エノモト\u{3000}ミナト",
        "平成8年(1996年)5月14日",
        "令和8年(2026年)10月26日 4:12",
        "38週4日",
        "2,486 g",
        "8/9(1分/5分)",
        "低出生体重児届の対象",
        "令和8年(2026年)10月30日 10:30",
        "自宅",
        "自然頭位分娩",
        "携帯(自宅) 090-0000-0001",
        NOTICE,
    ] {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn the_page_loads_and_runs_nothing() {
    let page = html(family_a());
    for forbidden in ["<script", "<link", "<img", "url(", "@import", "src=", "href=", "onload"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("@page { size: A4"));
}

#[test]
fn a_missing_value_leaves_no_row() {
    let notice = proto::DischargeNotice {
        discharged_at: Some(crate::testing::minute(crate::testing::day(2026, 10, 30), 10, 30)),
        ..Default::default()
    };
    let page = html(vec![of_mother("discharge:1", Body::DischargeNotice(notice))]);
    assert!(page.contains("退院日"));
    for absent in [
        "入院日",
        "退院先",
        "転帰",
        "診断",
        "依頼事項",
        "病棟",
        "連絡先",
        "住所",
        "生年月日",
        "class=\"who\"",
        "提供番号",
        "<td></td>",
    ] {
        assert!(!page.contains(absent), "{absent}");
    }
}

#[test]
fn a_generalised_address_shows_the_city_and_an_empty_one_nothing() {
    let mut details = mother_details();
    let address = proto::Address {
        r#use: "home".into(),
        city: "汐音市".into(),
        prefecture: "朝凪県".into(),
        ..Default::default()
    };
    details.addresses = vec![address];
    let mut entries = mother_alone();
    entries[0] = of_mother("person:mother", Body::PersonDetails(details.clone()));
    assert!(html(entries.clone()).contains("<td>朝凪県汐音市</td>"));
    details.addresses = vec![proto::Address { r#use: "home".into(), ..Default::default() }];
    entries[0] = of_mother("person:mother", Body::PersonDetails(details));
    assert!(!html(entries).contains("住所"));
}

#[test]
fn without_newborn_facts_no_word_tells_of_a_newborn() {
    let mut entries = mother_alone();
    entries.extend([of_child("person:child", Body::PersonDetails(child_details())), link()]);
    let page = html(entries.clone());
    assert!(page.contains("ミナト"));
    for word in NEWBORN_WORDS {
        assert!(!page.contains(word), "{word}");
    }
    let rows = csv_rows(entries);
    let columns = csv_rows(family_a()).remove(1);
    assert_eq!(rows[1], columns, "the columns are always the same");
    for column in ["在胎週数", "出生体重", "低出生体重児届の対象", "アプガー1分", "身長", "NICU", "その他"]
    {
        assert!(
            rows[2..].iter().enumerate().all(|(n, _)| cell(&rows, n + 2, column).is_empty() || column == "その他"),
            "{column}"
        );
    }
}

#[test]
fn the_notice_stands_first_in_a_column_of_its_own_and_each_person_has_a_row() {
    let rows = csv_rows(family_a());
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0][..2], ["取扱い上の注意", NOTICE]);
    assert!(rows.iter().all(|row| row.len() == rows[1].len()));
    assert_eq!(cell(&rows, 2, "区分"), "母");
    assert_eq!(cell(&rows, 2, "退院日"), "2026-10-30T10:30:00+09:00");
    assert_eq!(cell(&rows, 3, "区分"), "児");
    assert_eq!(cell(&rows, 3, "母の氏名"), "榎本\u{3000}千夏");
    assert_eq!(cell(&rows, 3, "出生体重"), "2,486 g");
    assert_eq!(cell(&rows, 3, "低出生体重児届の対象"), "対象");
    assert!(cell(&rows, 2, "その他").contains("合計 7点"));
}

#[test]
fn a_receiver_of_cp932_gets_cp932() {
    let mut profile = profile();
    profile.charset = Some("Shift_JIS".to_owned());
    let mut details = mother_details();
    details.names[0].text = "髙柳\u{3000}𠮷乃".to_owned();
    let entries = vec![of_mother("person:mother", Body::PersonDetails(details)), mother_alone().remove(1)];
    let bytes = NoticeCsv.encode(&released(entries), &profile).unwrap();
    let (text, _, broken) = encoding_rs::SHIFT_JIS.decode(&bytes);
    assert!(!broken && text.contains("髙柳"), "no character reference, no lost kanji");
    assert!(!text.contains("&#") && !text.contains('𠮷'));
}

#[test]
fn a_hostile_text_never_becomes_markup() {
    for hostile in HOSTILE {
        let page = html(hostile_family(hostile));
        let quiet = html(hostile_family("x"));
        let tags = |page: &str| page.matches('<').count() - page.matches("<br/>").count();
        assert_eq!(tags(&page), tags(&quiet), "{hostile:?}");
        assert!(!page.chars().any(|letter| letter.is_control() && letter != '\n' && letter != '\t'), "{hostile:?}");
        assert!(!page.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}']), "{hostile:?}");
    }
    assert!(html(hostile_family("𠮷野𩸽")).contains("𠮷野𩸽"));
}

#[test]
fn a_hostile_text_never_becomes_a_formula() {
    for hostile in HOSTILE {
        let rows = csv_rows(hostile_family(hostile));
        assert_eq!(rows.len(), 4, "{hostile:?}");
        for text in rows.iter().flatten() {
            assert!(!text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']), "{hostile:?}");
        }
    }
    let rows = csv_rows(hostile_family("=cmd|'/C calc'!A0"));
    assert_eq!(restored(cell(&rows, 2, "氏名")), "=cmd|'/C calc'!A0");
}

#[test]
fn the_same_release_is_written_the_same() {
    assert_eq!(html(family_a()), html(family_a()));
    assert_eq!(csv_rows(family_a()), csv_rows(family_a()));
}

#[test]
fn an_empty_release_has_nothing_to_say() {
    let link_alone = released(vec![link()]);
    for adapter in [&NoticeHtml as &dyn Adapter, &NoticeCsv] {
        assert_eq!(adapter.encode(&link_alone, &profile()), Err(EncodeError::NothingToSay));
    }
}

#[test]
fn the_center_reads_weight_and_weeks_and_no_word_of_an_epds() {
    let release = released_to_center(family_a());
    let mut written_in = Vec::new();
    for adapter in crate::ADAPTERS.iter().filter(|adapter| adapter.direction() != Direction::In) {
        let Ok(written) = adapter.encode(&release, &profile()) else { continue };
        written_in.push(adapter.name());
        let written = String::from_utf8(written).unwrap();
        for word in ["湊", "486", "38"] {
            assert!(written.contains(word), "{}: {word}", adapter.name());
        }
        // HL7 v2 has no place for the ground of a disclosure.
        assert!(adapter.name() == "hl7v2" || written.contains("本人の同意"), "{}", adapter.name());
        for word in ["EPDS", "質問票", "7点", "99046-5", "うつ"] {
            assert!(!written.contains(word), "{}: {word}", adapter.name());
        }
    }
    for name in ["fhir-json", "notice-html", "notice-csv"] {
        assert!(written_in.contains(&name), "{name}");
    }
}

#[test]
fn every_format_says_that_nothing_is_to_be_passed_on() {
    let case = proto::WelfareCase { case_id: "C-1".to_owned(), ..proto::WelfareCase::default() };
    let mut entries = family_a();
    entries.push(of_child("case:1", Body::WelfareCase(case)));
    let release = released(entries);
    let mut written_in = Vec::new();
    for adapter in crate::ADAPTERS.iter().filter(|adapter| adapter.direction() != Direction::In) {
        let written = String::from_utf8(adapter.encode(&release, &profile()).unwrap()).unwrap();
        assert!(written.contains(NOTICE), "{}", adapter.name());
        written_in.push(adapter.name());
    }
    assert_eq!(written_in, ["hl7v2", "fhir-json", "fhir-xml", "cda", "cgc-xml", "notice-html", "notice-csv"]);
    let coded =
        |name: &str| String::from_utf8(crate::adapter(name).unwrap().encode(&release, &profile()).unwrap()).unwrap();
    for name in ["hl7v2", "fhir-json", "fhir-xml"] {
        assert!(coded(name).contains("NORDSCLCD"), "{name}: for machines as well");
    }
    assert!(coded("cda").contains("confidentialityCode"));
}

#[test]
fn what_the_center_may_not_see_changes_no_byte() {
    let without: Vec<proto::Entry> =
        family_a().into_iter().filter(|entry| !matches!(entry.body, Some(Body::Screening(_)))).collect();
    let (with, without) = (released_to_center(family_a()), released_to_center(without));
    for adapter in crate::ADAPTERS.iter().filter(|adapter| adapter.direction() != Direction::In) {
        let with = adapter.encode(&with, &profile());
        assert_eq!(with, adapter.encode(&without, &profile()), "{}", adapter.name());
    }
}

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::super::charset::Charset;
use super::super::message::{Message, parse};
use super::*;
use musubi_core::agency::AgencyId;
use musubi_core::time::Time;

fn message(field: &str) -> String {
    format!("MSH|^~\\&|\rZZZ|{field}")
}

fn first<T>(field: &str, read: impl Fn(Part<'_>) -> T) -> T {
    let text = message(field);
    let message: Message<'_> = parse(&text, Charset::Utf8).unwrap();
    let segment = message.segment(1).unwrap();
    read(segment.field(1).first())
}

fn profile() -> Profile {
    let mut profile = Profile::plain(AgencyId::new("MED-4810700122").unwrap(), Time::MIN);
    profile.sender_names = vec!["SHIONE-HOSP".to_owned()];
    profile
}

#[test]
fn a_bare_identifier_belongs_to_the_sender() {
    for field in ["9999013^^^^PI", "9999013", "9999013^^^SHIONE-HOSP^PI", "9999013^^^MED-4810700122"] {
        let read = first(field, |part| identifier(part, &profile())).unwrap();
        assert_eq!(
            (read.value.as_str(), read.issuer.as_str(), read.own),
            ("9999013", "MED-4810700122", true),
            "{field}"
        );
    }
    assert_eq!(first("^^^^PI", |part| identifier(part, &profile())), None);
}

#[test]
fn nobody_names_a_person_of_another_institution_as_its_own() {
    let read = |field| first(field, |part| identifier(part, &profile())).unwrap();
    assert_eq!(read("7^^^MED-4810700452").issuer, "MED-4810700122/MED-4810700452");
    assert_eq!(read("7^^^SHIONE-HOSP&1.2.3&ISO").issuer, "MED-4810700122/1.2.3");
}

#[test]
fn names_are_read_in_each_representation() {
    let (kanji, unsplit) = first("高柳^沙耶^^^^^L^I", name).unwrap();
    assert_eq!(
        (kanji.text.as_str(), kanji.family.as_str(), kanji.given.as_str(), unsplit),
        ("高柳 沙耶", "高柳", "沙耶", false)
    );
    assert_eq!((kanji.representation(), kanji.r#use()), (NameRepresentation::Ideographic, NameUse::Legal));
    let (kana, _) = first("タカヤナギ^サヤ^^^^^L^P", name).unwrap();
    assert_eq!(kana.representation(), NameRepresentation::Phonetic);
    assert_eq!(first("NGUYEN^THI LAN", name).unwrap().0.representation(), NameRepresentation::Alphabetic);
    assert_eq!(first("サヤ", name).unwrap().0.representation(), NameRepresentation::Phonetic);
}

#[test]
fn a_name_in_one_piece_is_never_split_by_guessing() {
    let (whole, unsplit) = first("医師一郎^^^^^^^^L^^^^^I", name).unwrap();
    assert_eq!((whole.text.as_str(), whole.family.as_str(), unsplit), ("医師一郎", "", true));
}

#[test]
fn provisional_names_are_shown_only() {
    for text in ["山田ベビー", "山田^花子ベビー", "山田^ベビーＡ", "YAMADA^Baby", "山田^男児", "山田^BB", "山田^第１児"]
    {
        assert_eq!(first(text, name).unwrap().0.r#use(), NameUse::Provisional, "{text}");
    }
    for text in ["山田^健児^^^^^L", "山田^龍児^^^^^L", "ABBA^BOBB^^^^^L"] {
        assert_eq!(first(text, name).unwrap().0.r#use(), NameUse::Legal, "{text}");
    }
    assert_eq!(first("■柳^沙耶^^^^^L^I", name).unwrap().0.r#use(), NameUse::Provisional);
}

#[test]
fn an_address_in_one_piece_is_split_below_its_city() {
    let read = |field| first(field, address).unwrap();
    let whole = read("^^^^0000012^JPN^H^朝凪県汐音市浜通２丁目１番");
    assert_eq!((whole.r#use.as_str(), whole.postal_code.as_str()), ("home", "000-0012"));
    assert_eq!(
        (whole.prefecture.as_str(), whole.city.as_str(), whole.line.as_str()),
        ("朝凪県", "汐音市", "浜通２丁目１番")
    );
    for (text, city) in [
        ("東京都港区鹿ノ門６丁目３番３号", "港区"),
        ("静岡県静岡市登呂１−３−５", "静岡市"),
        ("京都府京都市中京区", "京都市"),
        ("三重県四日市市諏訪町1", "四日市市"),
        ("東京都町田市原町田1", "町田市"),
        ("新潟県十日町市千歳町", "十日町市"),
        ("千葉県市川市八幡1", "市川市"),
        ("北海道余市郡余市町朝日町", "余市郡余市町"),
        ("福島県郡山市朝日1", "郡山市"),
        ("奈良県大和郡山市北郡山町", "大和郡山市"),
        ("東京都東村山市本町1", "東村山市"),
    ] {
        assert_eq!(split_address(text).map(|(_, city, _)| city), Some(city));
    }
    assert_eq!(read("^^^^^^H^ハイツ１号").city, "");
    let parts = read("1 Main^^Dover^DE^19901");
    assert_eq!((parts.line.as_str(), parts.city.as_str(), parts.prefecture.as_str()), ("1 Main", "Dover", "DE"));
    assert_eq!(first("^^^^^JPN^H", address), None);
}

#[test]
fn a_phone_number_is_found_wherever_it_stands() {
    let read = |field| first(field, contact).unwrap();
    let home = read("^PRN^PH^^^^^^^^^054-000-0000");
    assert_eq!((home.system.as_str(), home.r#use.as_str(), home.value.as_str()), ("phone", "home", "054-000-0000"));
    assert_eq!(read("090-0000-0001^PRN^CP").system, "mobile");
    assert_eq!(read("^NET^Internet^a@example.jp").value, "a@example.jp");
    assert_eq!(read("^WPN^PH^^^03^12345678").value, "03-12345678");
    assert_eq!(first("^PRN^PH", contact), None);
}

#[test]
fn numbers_and_comparators_are_read() {
    let read = |field, structured| first(field, |part| quantity(part, structured)).map(|q| (q.comparator, q.value));
    let pair = |comparator: &str, value: &str| Some((comparator.to_owned(), value.to_owned()));
    assert_eq!(read(">^100", true), pair(">", "100"));
    assert_eq!(read(">= 10", true), pair(">=", "10"));
    assert_eq!(read(" 1 +", true), None);
    assert_eq!(read("2,486", false), pair("", "2486"));
    assert_eq!(read("８.50", false), pair("", "8.50"), "the decimal text is kept");
    assert_eq!(read("-14", false), pair("", "-14"));
    assert_eq!(read("1e5", false), None);
    assert_eq!(read("", false), None);
}

#[test]
fn units_are_turned_into_ucum() {
    assert_eq!(first("kg^kg^ISO+", unit), "kg");
    assert_eq!(first("mm(hg)^mmHg^ISO+", unit), "mm[Hg]");
    assert_eq!(first("(hb)^回／１分^ISO+", unit), "(hb)");
}

#[test]
fn what_is_settled_is_its_own_normal_form_beside_any_other() {
    let settled: String = ('\0'..=char::MAX).filter(|letter| is_settled(*letter)).collect();
    assert!(settled.nfkc().eq(settled.chars()));
    assert!(!settled.contains(char::is_whitespace));
}

#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use super::*;
use proptest::prelude::*;

fn header(charset: &str) -> Vec<u8> {
    format!("MSH|^~\\&|A|B|||20260401||ADT^A01|1|P|2.5||||||{charset}||\rPID|1||").into_bytes()
}

fn message(charset: &str, tail: &[u8]) -> Vec<u8> {
    [header(charset).as_slice(), tail].concat()
}

fn tail_of(charset: &str, tail: &[u8]) -> (String, Charset, Vec<CharsetWarning>) {
    let bytes = message(charset, tail);
    let decoded = decode(&bytes);
    let start = header(charset).len();
    (decoded.text[start..].to_owned(), decoded.charset, decoded.warnings)
}

fn jis(text: &str) -> Vec<u8> {
    encoding_rs::ISO_2022_JP.encode(text).0.into_owned()
}

#[test]
fn a_kana_whose_byte_is_a_separator_survives() {
    let bytes = jis("ま^山田花子");
    assert!(bytes[3..5].contains(&b'^'));
    assert_eq!(tail_of("~ISO IR87", &bytes), ("ま^山田花子".to_owned(), Charset::Iso2022Jp, vec![]));
}

#[test]
fn the_spellings_of_real_senders_are_known() {
    for name in ["~ISOIR87", "~ISO IR87", "ISO IR6~ISO IR87", "ASCII~ISO IR87", "~ISO IR87~ISO IR159", "~iso_ir-87"] {
        assert_eq!(tail_of(name, &jis("花")).2, [], "{name}");
    }
    for name in ["UNICODE UTF-8", "UTF-8~UNICODE", "UTF-8"] {
        assert_eq!(tail_of(name, "花".as_bytes()), ("花".to_owned(), Charset::Utf8, vec![]), "{name}");
    }
    assert_eq!(tail_of("8859/1", b"\xE9"), ("é".to_owned(), Charset::Latin1, vec![]));
    assert_eq!(tail_of("8859/2", b"\xB1").0, "ą");
}

#[test]
fn an_empty_run_between_two_escapes_leaves_no_trace() {
    let bytes = b"\x1B$B2V\x1B(B\x1B$B;R\x1B(B\x1B(B|x";
    assert_eq!(tail_of("~ISO IR87", bytes), ("花子|x".to_owned(), Charset::Iso2022Jp, vec![]));
}

#[test]
fn supplementary_kanji_are_read() {
    // 丂 (U+4E02) is the first ideograph of JIS X 0212, row 16 cell 1.
    assert_eq!(tail_of("~ISO IR87~ISO IR159", b"\x1B$(D\x30\x21\x1B(B").0, "丂");
    let (text, _, warnings) = tail_of("~ISO IR87~ISO IR159", b"\x1B$(D\x21\x21\x1B(B|x");
    assert_eq!((text.as_str(), warnings), ("\u{FFFD}|x", vec![CharsetWarning::Undecodable]));
}

#[test]
fn half_width_katakana_and_the_roman_set_are_read() {
    assert_eq!(tail_of("~ISO IR14~ISO IR87", b"\x1B(I\x39\x3A\x1B(B").0, "ｹｺ");
    assert_eq!(tail_of("~ISO IR14~ISO IR87", b"\x1B(Ja\x5C\x7E\x1B(Bb").0, "a¥‾b");
}

#[test]
fn a_run_left_open_ends_with_its_segment() {
    let (text, _, warnings) = tail_of("~ISO IR87", b"\x1B$B2V\rOBX|1");
    assert_eq!((text.as_str(), warnings), ("花\rOBX|1", vec![CharsetWarning::RunLeftOpen]));
}

#[test]
fn utf8_under_a_japanese_header_is_read_with_a_warning() {
    let expected = ("花".to_owned(), Charset::Utf8, vec![CharsetWarning::Mismatch]);
    assert_eq!(tail_of("~ISO IR87", "花".as_bytes()), expected);
    assert_eq!(tail_of("", "花".as_bytes()), expected);
}

#[test]
fn shift_jis_without_a_declaration_is_detected() {
    let (sjis, _, _) = SHIFT_JIS.encode("髙柳^表");
    let expected = ("髙柳^表".to_owned(), Charset::Windows31J, vec![CharsetWarning::Mismatch]);
    assert_eq!(tail_of("", &sjis), expected);
    assert_eq!(tail_of("~ISO IR87", &sjis), expected);
    assert_eq!(tail_of("", b"\xF0\x40").2, [CharsetWarning::Mismatch, CharsetWarning::PrivateUse]);
}

#[test]
fn a_kanji_with_the_byte_of_the_separator_before_msh_18_is_no_separator() {
    let shift_jis = |text: &str| SHIFT_JIS.encode(text).0.into_owned();
    let kanji: String = ('一'..='龥').filter(|letter| shift_jis(&letter.to_string()).contains(&b'|')).take(9).collect();
    assert!(!kanji.is_empty());
    let bytes = shift_jis(&format!("MSH|^~\\&|{kanji}|B|||1||ORU^R01|7|P|2.5\rPID|1||9||山田\r"));
    let decoded = decode(&bytes);
    assert_eq!(decoded.charset, Charset::Windows31J);
    assert!(decoded.text.ends_with("|山田\r"), "{}", decoded.text);
}

#[test]
fn escapes_win_over_what_the_header_says() {
    let (text, charset, warnings) = tail_of("UNICODE UTF-8", &jis("花"));
    assert_eq!((text.as_str(), charset, warnings), ("花", Charset::Iso2022Jp, vec![CharsetWarning::Mismatch]));
}

#[test]
fn a_byte_order_mark_is_dropped() {
    let bytes = [b"\xEF\xBB\xBF".as_slice(), &message("", "花".as_bytes())].concat();
    let decoded = decode(&bytes);
    assert!(decoded.text.starts_with("MSH"));
    assert_eq!(decoded.charset, Charset::Utf8);
}

#[test]
fn broken_bytes_become_replacement_characters_and_the_separators_stay() {
    let (text, _, warnings) = tail_of("UNICODE UTF-8", b"a\xFF|b");
    assert_eq!((text.as_str(), warnings), ("a\u{FFFD}|b", vec![CharsetWarning::Undecodable]));
    let (text, _, warnings) = tail_of("~ISO IR87", b"\x1B$B2\x1B(B|b\xFF");
    assert_eq!((text.as_str(), warnings), ("\u{FFFD}|b\u{FFFD}", vec![CharsetWarning::Undecodable]));
}

#[test]
fn an_answer_comes_back_in_the_charset_of_the_question() {
    for charset in [Charset::Iso2022Jp, Charset::Windows31J, Charset::Utf8] {
        let bytes = charset.encode("項目が必要です|x\rERR");
        let back = match charset {
            Charset::Iso2022Jp => iso_2022_jp(&bytes).text.into_owned(),
            _ => charset.decode_escape(&bytes).into_owned(),
        };
        assert_eq!(back, "項目が必要です|x\rERR");
    }
    assert_eq!(Charset::Ascii.encode("aé"), b"a?");
    assert_eq!(Charset::Windows31J.encode("𠮷野"), [b"?".as_slice(), &SHIFT_JIS.encode("野").0].concat());
    assert_eq!(iso_2022_jp(&Charset::Iso2022Jp.encode("花𠮷|野")).text, "花?|野");
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let decoded = decode(&bytes);
        let _ = decoded.charset.encode(&decoded.text);
    }

    #[test]
    fn japanese_text_survives_iso_2022_jp(text in "[ぁ-ん亜-熙a-z|^~&]{0,40}") {
        let bytes = jis(&text);
        let (back, bad) = encoding_rs::ISO_2022_JP.decode_without_bom_handling(&bytes);
        prop_assume!(!bad && back == text);
        prop_assert_eq!(iso_2022_jp(&bytes).text, text);
    }
}

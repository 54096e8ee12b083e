#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use proptest::prelude::*;

fn text(bytes: &[u8]) -> Result<String, Problem> {
    decode(bytes, Some(Charset::Cp932)).map(|read| read.value.text)
}

#[test]
fn cp932_gives_the_code_points_of_windows() {
    let cases: [(&[u8], &str); 8] = [
        (b"\x81\x60", "\u{FF5E}"),
        (b"\x81\x7C", "\u{FF0D}"),
        (b"\x81\x61", "\u{2225}"),
        (b"\x81\x5C", "\u{2015}"),
        (b"\xFB\xFC", "髙"),
        (b"\xEE\xE0", "髙"),
        (b"\xFA\xB1", "﨑"),
        (b"\xED\x95", "﨑"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(text(bytes).as_deref(), Ok(expected), "{bytes:x?}");
    }
}

#[test]
fn user_defined_characters_are_read_and_flagged() {
    for (bytes, expected) in [(b"\xF0\x40", '\u{E000}'), (b"\xF9\xFC", '\u{E757}')] {
        let read = decode(bytes, None).unwrap();
        assert_eq!((read.value.text, read.warnings), (expected.to_string(), vec![Problem::Gaiji]));
    }
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    assert_eq!(text(b"\x80"), Err(Problem::ControlCharacter));
    assert_eq!(text("\u{85}".as_bytes()), Err(Problem::ControlCharacter));
    for bytes in [b"\xA0".as_slice(), b"\xFD", b"\xFE", b"\xFF", b"abc\x81", b"\x81 "] {
        assert_eq!(text(bytes), Err(Problem::NotDecodable), "{bytes:x?}");
    }
}

#[test]
fn the_ladder_is_declaration_mark_utf8_cp932() {
    let cases: [(&[u8], Option<Charset>, Charset, bool); 12] = [
        (b"abc", None, Charset::Utf8, false),
        (b"abc", Some(Charset::Cp932), Charset::Cp932, false),
        ("灯".as_bytes(), None, Charset::Utf8, false),
        ("\u{FEFF}灯".as_bytes(), None, Charset::Utf8, false),
        (b"\x93\x94", None, Charset::Cp932, false),
        (b"\x93\x94", Some(Charset::Cp932), Charset::Cp932, false),
        (b"\x93\x94", Some(Charset::Utf8), Charset::Cp932, true),
        ("灯".as_bytes(), Some(Charset::Cp932), Charset::Utf8, true),
        ("\u{FEFF}灯".as_bytes(), Some(Charset::Cp932), Charset::Utf8, true),
        (b"\xFF\xFE\x6F\x70", None, Charset::Utf16Le, false),
        (b"\xFE\xFF\x70\x6F", None, Charset::Utf16Be, false),
        (b"\x6F\x70", Some(Charset::Utf16Le), Charset::Utf16Le, false),
    ];
    for (bytes, declared, charset, warned) in cases {
        let read = decode(bytes, declared).unwrap();
        assert_eq!(read.value.charset, charset, "{bytes:x?} {declared:?}");
        assert_eq!(read.warnings.contains(&Problem::DeclaredOtherwise), warned, "{bytes:x?} {declared:?}");
        assert!(matches!(read.value.text.as_str(), "灯" | "abc"), "{bytes:x?} {declared:?}");
    }
    assert_eq!(decode(b"\xFF\xFE\x6F", None), Err(Problem::NotDecodable));
}

#[test]
fn a_character_set_is_known_by_its_names() {
    for label in ["CP932", "Shift_JIS", "SJIS", "Windows-31J", "MS932", "shift-jis"] {
        assert_eq!(Charset::from_label(label), Ok(Charset::Cp932), "{label}");
    }
    assert_eq!(Charset::from_label("UTF-8"), Ok(Charset::Utf8));
    for label in ["EUC-JP", "ISO-2022-JP", "", "latin1"] {
        assert_eq!(Charset::from_label(label), Err(Problem::CharsetRefused), "{label}");
    }
}

#[test]
fn encoding_folds_what_cp932_has_under_another_number() {
    let cases: [(&str, &[u8]); 12] = [
        ("\u{301C}", b"\x81\x60"),
        ("\u{2016}", b"\x81\x61"),
        ("\u{2014}", b"\x81\x5C"),
        ("\u{2212}", b"\x81\x7C"),
        ("\u{00A2}", b"\x81\x91"),
        ("\u{00A3}", b"\x81\x92"),
        ("\u{00AC}", b"\x81\xCA"),
        ("\u{00A5}", b"\x81\x8F"),
        ("\u{203E}", b"\x81\x50"),
        ("\u{3094}", b"\x83\x94"),
        ("か\u{3099}", b"\x82\xAA"),
        ("髙\\", b"\xFB\xFC\\"),
    ];
    for (text, bytes) in cases {
        let encoded = encode_cp932(text, Unmappable::Refuse).unwrap();
        assert_eq!(encoded, Encoded { bytes: bytes.to_vec(), ..Encoded::default() }, "{text}");
    }
}

#[test]
fn a_variant_stands_for_what_cp932_lacks_and_is_named() {
    let encoded = encode_cp932("𠮷野", Unmappable::Refuse).unwrap();
    assert_eq!(text(&encoded.bytes).as_deref(), Ok("吉野"));
    assert_eq!(encoded.substituted, [Substitution { position: 0, from: '𠮷', to: '吉' }]);
    let encoded = encode_cp932("葛\u{E0100}", Unmappable::Refuse).unwrap();
    assert_eq!((text(&encoded.bytes).as_deref(), encoded.itaiji_lost), (Ok("葛"), true));
}

#[test]
fn what_nothing_stands_for_becomes_the_geta_mark_or_is_refused() {
    for letter in ["\u{E000}", "😀", "\u{80}"] {
        let encoded = encode_cp932(letter, Unmappable::Geta).unwrap();
        assert_eq!((text(&encoded.bytes).as_deref(), encoded.warnings), (Ok("〓"), vec![Problem::GetaWritten]));
        assert_eq!(encode_cp932(letter, Unmappable::Refuse), Err(Problem::NotEncodable));
    }
}

#[test]
fn a_real_file_of_a_municipality_list_comes_back_byte_for_byte() {
    let Some(bytes) = corpus() else {
        println!("MUSUBI_CORPUS not set: the public CP932 file was not tried");
        return;
    };
    let read = decode(&bytes, None).unwrap();
    assert_eq!((read.value.charset, read.warnings), (Charset::Cp932, vec![]));
    assert_eq!(encode_cp932(&read.value.text, Unmappable::Refuse).unwrap().bytes, bytes);
}

fn corpus() -> Option<Vec<u8>> {
    let folder = std::env::var("MUSUBI_CORPUS").ok()?;
    std::fs::read(std::path::Path::new(&folder).join("common/localgovjp-2019-sjis.csv")).ok()
}

proptest! {
    #[test]
    fn no_bytes_stop_the_decoder(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        for declared in [None, Some(Charset::Utf8), Some(Charset::Cp932), Some(Charset::Utf16Le)] {
            let _ = decode(&bytes, declared);
        }
    }

    #[test]
    fn what_is_encoded_can_be_decoded_and_holds_no_html_reference(text in any::<String>()) {
        let encoded = encode_cp932(&text, Unmappable::Geta).unwrap();
        let read = strict(&encoded.bytes, Charset::Cp932);
        prop_assert!(read.is_some());
        // A letter that is dropped, such as a variation selector, may have stood between the two.
        let is_dropped = |letter: &char| encode_cp932(&letter.to_string(), Unmappable::Geta).unwrap().bytes.is_empty();
        let kept: String = text.chars().filter(|letter| !is_dropped(letter)).collect();
        prop_assert!(kept.contains("&#") || !read.unwrap().text.contains("&#"));
    }
}

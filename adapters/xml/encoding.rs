//! From bytes in the encoding that a document declares to text: Japanese senders declare Shift_JIS, EUC-JP and ISO-2022-JP.

use super::{Fault, Limits, Refusal};
use encoding_rs::Encoding;
use std::borrow::Cow;

/// How far the declaration is looked for.
const DECLARATION_BYTES_MAX: usize = 256;

/// Encodings that are read, by their lower-case names.
const KNOWN: [(&str, &Encoding); 12] = [
    ("utf-8", encoding_rs::UTF_8),
    ("utf8", encoding_rs::UTF_8),
    ("us-ascii", encoding_rs::UTF_8),
    ("shift_jis", encoding_rs::SHIFT_JIS),
    ("sjis", encoding_rs::SHIFT_JIS),
    ("windows-31j", encoding_rs::SHIFT_JIS),
    ("ms932", encoding_rs::SHIFT_JIS),
    ("cp932", encoding_rs::SHIFT_JIS),
    ("euc-jp", encoding_rs::EUC_JP),
    ("iso-2022-jp", encoding_rs::ISO_2022_JP),
    ("iso-8859-1", encoding_rs::WINDOWS_1252),
    ("windows-1252", encoding_rs::WINDOWS_1252),
];

/// Decodes a document by its byte order mark, else by its declaration, else as UTF-8.
///
/// # Errors
/// When it is too large, when mark and declaration contradict each other, when the encoding is none of those that are
/// read, or when a byte has no character in it.
pub fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Cow<'a, str>, Refusal> {
    let refused = |fault| Refusal { fault, place: "/".to_owned() };
    if bytes.len() > limits.bytes {
        return Err(refused(Fault::TooLarge));
    }
    let (marked, rest) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (Some(encoding), bytes.get(length..).unwrap_or_default()),
        None => (None, bytes),
    };
    let declared = match marked {
        Some(encoding) if encoding != encoding_rs::UTF_8 => None,
        _ => declared(rest),
    };
    let encoding = match (marked, declared.as_deref()) {
        (None, None) => encoding_rs::UTF_8,
        (Some(marked), None) => marked,
        (marked, Some(name)) => {
            let found = KNOWN.iter().find(|(known, _)| *known == name).map(|(_, encoding)| *encoding);
            let found = found.ok_or_else(|| refused(Fault::OtherEncoding))?;
            if marked.is_some_and(|marked| marked != found) {
                return Err(refused(Fault::OtherEncoding));
            }
            found
        }
    };
    let text = encoding.decode_without_bom_handling_and_without_replacement(rest);
    text.ok_or_else(|| refused(Fault::NotUtf8))
}

/// The encoding that the declaration names, in lower case.
fn declared(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..DECLARATION_BYTES_MAX).unwrap_or(bytes);
    let head = head.trim_ascii_start().strip_prefix(b"<?xml")?;
    let end = head.windows(2).position(|pair| pair == b"?>")?;
    let head = std::str::from_utf8(head.get(..end)?).ok()?;
    let (_, after) = head.split_once("encoding")?;
    let value = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|mark| matches!(mark, '"' | '\''))?;
    let name = value.get(1..)?.split(quote).next()?;
    Some(name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String, Fault> {
        decode(bytes, &Limits::CLINICAL).map(Cow::into_owned).map_err(|refusal| refusal.fault)
    }

    fn declared_as(name: &str, body: &[u8]) -> Vec<u8> {
        [format!("<?xml version=\"1.0\" encoding=\"{name}\"?><a>").as_bytes(), body, b"</a>"].concat()
    }

    #[test]
    fn a_document_is_read_in_the_encoding_that_it_declares() {
        let ends = |text: Result<String, Fault>| text.map(|text| text.ends_with("<a>能</a>"));
        assert_eq!(ends(read(&declared_as("UTF-8", "能".as_bytes()))), Ok(true));
        assert_eq!(ends(read(&declared_as("Shift_JIS", b"\x94\x5C"))), Ok(true));
        assert_eq!(ends(read(&declared_as("EUC-JP", b"\xC7\xBD"))), Ok(true));
        assert_eq!(ends(read(&declared_as("ISO-2022-JP", b"\x1B$BG=\x1B(B"))), Ok(true));
        let utf16: Vec<u8> = "\u{FEFF}<a>能</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(ends(read(&utf16)), Ok(true));
        assert_eq!(ends(read("\u{FEFF}<a>能</a>".as_bytes())), Ok(true));
    }

    #[test]
    fn what_contradicts_itself_or_has_no_character_is_refused() {
        assert_eq!(read(&declared_as("UTF-7", b"+ADw-")), Err(Fault::OtherEncoding));
        assert_eq!(read(&declared_as("UTF-8", b"\x94\x5C")), Err(Fault::NotUtf8));
        assert_eq!(read(&declared_as("Shift_JIS", b"\xFF")), Err(Fault::NotUtf8));
        let marked = [b"\xEF\xBB\xBF".as_slice(), &declared_as("Shift_JIS", b"x")].concat();
        assert_eq!(read(&marked), Err(Fault::OtherEncoding));
        let small = Limits { bytes: 4, ..Limits::CLINICAL };
        assert_eq!(decode(b"<a />", &small).map_err(|refusal| refusal.fault), Err(Fault::TooLarge));
    }
}

//! Formats of hospitals.

mod absence;
#[cfg(test)]
mod absence_tests;
#[cfg(test)]
mod after_tests;
mod attachment;
pub mod cda;
mod concepts;
#[cfg(test)]
mod corpus_tests;
pub mod fhir;
pub mod hl7v2;
pub mod hp01;
mod keys;
#[cfg(test)]
mod ledger_tests;
#[cfg(test)]
mod limit_tests;
mod narrative;
mod numbers;
mod pregnancy;
mod raise;
mod reading;
mod report;
#[cfg(test)]
mod round_trip_tests;
mod xhtml;

use crate::digest::sha256_hex;
use crate::xml;
use hl7v2::times::Stamp;
use musubi_core::adapter::{Diagnostic, Profile};
use musubi_proto::v1 as proto;

/// The moment of receipt, for what does not say when it was sent.
fn received(profile: &Profile) -> proto::DateTime {
    let at = profile.now.japan();
    let date = proto::Date { year: at.year().into(), month: Some(at.month().into()), day: Some(at.day().into()) };
    let (hour, minute) = (Some(at.hour().into()), Some(at.minute().into()));
    proto::DateTime { date: Some(date), hour, minute, second: Some(at.second().into()) }
}

/// A name for what has none: the beginning of its hash.
fn named_by_hash(bytes: &[u8]) -> String {
    format!("sha256:{}", sha256_hex(bytes).chars().take(32).collect::<String>())
}

/// Visit number, else admission date, else discharge date (`design.md` section 10): the same stay told in HL7 v2, in
/// CDA and in FHIR is one series.
fn stay_key(person: &str, visit: &str, start: Option<Stamp>, end: Option<Stamp>) -> String {
    let day = |stamp: Stamp| stamp.compact().chars().take(8).collect::<String>();
    match (visit.is_empty() || visit.len() > 100, start, end) {
        (false, ..) => format!("{person}/visit/{visit}"),
        (true, Some(start), _) => format!("{person}/admitted/{}", day(start)),
        (true, None, Some(end)) => format!("{person}/discharged/{}", day(end)),
        (true, None, None) => format!("{person}/visit"),
    }
}

/// Does this namespace stand near the beginning of what could be XML?
fn names_namespace(bytes: &[u8], namespace: &[u8]) -> bool {
    const LOOKED_AT: usize = 4096;
    let head = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    // UTF-16 has a zero beside every letter of these.
    let head: Vec<u8> = head.iter().copied().filter(|byte| *byte != 0).collect();
    let start = head.iter().position(|byte| *byte == b'<').unwrap_or(head.len());
    let quoted = |window: &[u8]| window.strip_prefix(namespace).is_some_and(|rest| matches!(rest, [b'"' | b'\'']));
    start < 8 && head.windows(namespace.len() + 1).any(quoted)
}

/// Is the first element, near the beginning, of this name and without a prefix?
fn begins_with_element(bytes: &[u8], name: &[u8]) -> bool {
    const LOOKED_AT: usize = 4096;
    let head = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    let is_tag = |at: &usize| {
        head.get(*at..).is_some_and(|rest| rest.starts_with(b"<") && !matches!(rest.get(1), Some(b'?' | b'!')))
    };
    let first = (0..head.len()).find(is_tag).and_then(|at| head.get(at + 1..)?.strip_prefix(name));
    first.is_some_and(|rest| matches!(rest.first(), Some(b' ' | b'\t' | b'\r' | b'\n' | b'>' | b'/')))
}

/// Why a document in XML cannot be read at all.
fn not_xml(refusal: &xml::Refusal) -> Diagnostic {
    use xml::Fault;
    let (code, ja, en) = match refusal.fault {
        Fault::NotUtf8 => (
            "H001",
            "宣言された文字コードで読めない文字があります。",
            "A byte without a character in the declared encoding.",
        ),
        Fault::OtherEncoding => (
            "H001",
            "文字コードの宣言が実際と違うか、対応していません(UTF-8、Shift_JIS、EUC-JP、ISO-2022-JP)。",
            "The declared encoding is not that of the bytes, or none that is read (UTF-8, Shift_JIS, EUC-JP, ISO-2022-JP).",
        ),
        Fault::Doctype => ("H007", "DOCTYPEのある文書は受け取れません。", "A document with a DOCTYPE is not taken."),
        Fault::Entity => (
            "H007",
            "XMLの5つ以外の実体参照は使えません。文字そのもので書いてください。",
            "Only the five entities of XML are known; write the character itself.",
        ),
        Fault::Instruction => ("H007", "処理命令は使えません。", "A processing instruction may not stand there."),
        Fault::Control => ("H001", "XMLで使えない制御文字があります。", "A control character that XML does not allow."),
        Fault::Truncated => ("H001", "文書が途中で終わっています。", "The document ends too early."),
        Fault::BesideRoot => {
            ("H001", "ルート要素の外に内容があります。", "There is something beside the root element.")
        }
        Fault::IndividualNumber => (
            "H009",
            "コメントに個人番号と思われる12桁の数字があるため、文書を受け取らず、保存もしていません。取り除いて送り直してください。",
            "What looks like an individual number stands in a comment; the document was neither taken nor kept. Remove it and send again.",
        ),
        Fault::IllFormed => (
            "H001",
            "XMLとして正しくありません(閉じタグ、重複した属性、宣言のない接頭辞など)。",
            "The XML is not well-formed: an end tag, an attribute twice, or a prefix that is not declared.",
        ),
        _ => (
            "H007",
            "文書が大きすぎるか、入れ子が深すぎます。分けて送ってください。",
            "The document is too large or nested too deep; send it in parts.",
        ),
    };
    Diagnostic::error(code, refusal.place.clone(), ja, en)
}

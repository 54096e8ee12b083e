//! Case exchange in XML, namespace `urn:musubi:cgc:1.0` (`formats/child_guidance.md` section 6).
//!
//! A query is read by [`decode_query`] and answered by [`encode_response`] or [`encode_statistics`]; one that found nothing may be
//! followed by what [`encode_late_match`] writes. It is no submission, so the [`Adapter`]
//! reads registrations of cases only, and writes what was released of one family as an answer with one hit.

mod acknowledgement;
mod contacts;
mod fields;
mod form;
mod late_match;
mod names;
mod query;
mod registration;
mod response;
mod statistics;

#[cfg(test)]
mod tests;

pub use acknowledgement::{encode_acknowledgement, message_id};
pub use late_match::encode_late_match;
pub use query::{QueryEnvelope, decode_query, outside_area};
pub use response::encode_response;
pub use statistics::encode_statistics;

use musubi_core::adapter::{Adapter, Decoded, Diagnostic, Direction, EncodeError, Profile, Text};
use musubi_core::agency::Purpose;
use musubi_core::cases::{CaseQuery, HITS_MAX, Level, tracking_id};
use musubi_core::release::Released;

/// The namespace.
pub const NAMESPACE: &str = "urn:musubi:cgc:1.0";
/// The version that is written, and of which the first number must be read.
pub const SCHEMA_VERSION: &str = "1.0";
/// How far into a document its namespace is looked for.
const RECOGNISED_WITHIN_BYTES: usize = 1_024;

/// The format.
#[derive(Debug)]
pub struct CgcXml;

impl Adapter for CgcXml {
    fn name(&self) -> &'static str {
        "cgc-xml"
    }

    fn title(&self) -> Text {
        Text::new("児童相談所のケース連携(XML)", "Case exchange of child guidance centers (XML)")
    }

    fn direction(&self) -> Direction {
        Direction::Both
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        let head = bytes.get(..bytes.len().min(RECOGNISED_WITHIN_BYTES)).unwrap_or_default();
        let wanted = NAMESPACE.as_bytes();
        head.trim_ascii_start().starts_with(b"<") && head.windows(wanted.len()).any(|part| part == wanted)
    }

    fn decode(&self, bytes: &[u8], profile: &Profile) -> Decoded {
        let root = match form::read_document(bytes) {
            Ok(root) => root,
            Err(fault) => return Decoded::refused(fault),
        };
        match root.name.as_str() {
            "CaseRegistration" => registration::decode(&root, profile),
            _ => Decoded::refused(Diagnostic::error(
                "CG-E007",
                root.place.clone(),
                "ケースの登録(CaseRegistration)ではありません。照会(CaseQueryRequest)は照会の窓口に送ってください。",
                "Not a registration of a case. Send a query (CaseQueryRequest) where queries are answered.",
            )),
        }
    }

    fn encode(&self, released: &Released, _profile: &Profile) -> Result<Vec<u8>, EncodeError> {
        if tracking_id(released).is_none() {
            return Err(EncodeError::NothingToSay);
        }
        let query = CaseQuery::new("", Purpose::P5, Level::L3);
        let answered = if released.record().release_id.is_empty() { "-" } else { &released.record().release_id };
        Ok(encode_response(answered, &query, Level::L3, &[released], false, released.at()))
    }
}

/// Is the list longer than one answer may be?
fn is_too_long(hits: usize) -> bool {
    hits > HITS_MAX
}

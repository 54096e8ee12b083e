//! FHIR R4 in JSON and XML: document Bundles and resources that hospitals and regional networks send, and what was released about
//! one family as a document Bundle.
//!
//! JP Core is claimed for a resource only where its rules are met, JP-CLINS never: its documents demand sections that a
//! release may not hold, and an emptied section would tell that something is there.

mod clinical;
mod coverage;
mod datatypes;
#[cfg(test)]
mod definitions;
mod document;
mod draft;
mod ids;
mod json;
mod observations;
mod people;
mod permits;
mod read;
mod relatives;
mod requests;
pub mod rest;
mod sections;
mod treatment;
mod xml_in;
mod xml_out;

#[cfg(test)]
mod tests;

use crate::family::Family;
use crate::json as json_in;
use crate::json::Tree;
use crate::xml;
use draft::Draft;
use ids::Ids;
use json::Json;
use musubi_core::adapter::{Adapter, Decoded, Diagnostic, Direction, EncodeError, Profile, Text};
use musubi_core::release::Released;
pub(in crate::hospital) use requests::APPROVAL;

/// A document is about so long, in bytes.
const USUAL_LENGTH: usize = 64 * 1024;

/// A release as one FHIR R4 document Bundle (JSON).
#[derive(Clone, Copy, Debug, Default)]
pub struct FhirJson;

impl Adapter for FhirJson {
    fn name(&self) -> &'static str {
        "fhir-json"
    }

    fn title(&self) -> Text {
        Text::new("FHIR R4(JSON)", "FHIR R4 (JSON)")
    }

    fn direction(&self) -> Direction {
        Direction::Both
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        const LOOKED_AT: usize = 64 * 1024;
        let head = bytes.get(..LOOKED_AT).unwrap_or(bytes);
        let start = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
        let named = b"\"resourceType\"";
        start.starts_with(b"{") && head.windows(named.len()).any(|window| window == named)
    }

    fn decode(&self, bytes: &[u8], profile: &Profile) -> Decoded {
        decoded(read_json(bytes), bytes, self.name(), profile)
    }

    /// Written without ids, which follow from the hash of what was written: the same view gives the same ids, whenever it is
    /// sent.
    fn encode(&self, released: &Released, _profile: &Profile) -> Result<Vec<u8>, EncodeError> {
        let (bundle, resources) = bundle(released)?;
        let draft = Draft::of(&bundle, USUAL_LENGTH);
        let ids = Ids::of(draft.digest(), resources);
        Ok(draft.with(&ids))
    }
}

/// Puts a document together.
fn bundle(released: &Released) -> Result<(Json, usize), EncodeError> {
    document::bundle(released, &Family::of(released)).ok_or(EncodeError::NothingToSay)
}

/// The same in XML.
#[derive(Clone, Copy, Debug, Default)]
pub struct FhirXml;

impl Adapter for FhirXml {
    fn name(&self) -> &'static str {
        "fhir-xml"
    }

    fn title(&self) -> Text {
        Text::new("FHIR R4(XML)", "FHIR R4 (XML)")
    }

    fn direction(&self) -> Direction {
        Direction::Both
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        crate::hospital::names_namespace(bytes, b"http://hl7.org/fhir")
    }

    fn decode(&self, bytes: &[u8], profile: &Profile) -> Decoded {
        decoded(read_xml(bytes), bytes, self.name(), profile)
    }

    /// With the same ids as in JSON: they follow from what the document says.
    fn encode(&self, released: &Released, _profile: &Profile) -> Result<Vec<u8>, EncodeError> {
        let (bundle, resources) = bundle(released)?;
        let ids = Ids::of(Draft::of(&bundle, USUAL_LENGTH).digest(), resources);
        Ok(xml_out::write(&bundle, &ids, USUAL_LENGTH).into_bytes())
    }
}

fn decoded(tree: Result<Tree<'_>, Diagnostic>, bytes: &[u8], format: &'static str, profile: &Profile) -> Decoded {
    tree.map_or_else(Decoded::refused, |tree| read::decode(tree, bytes, format, profile))
}

/// A body in JSON as a tree.
fn read_json(bytes: &[u8]) -> Result<Tree<'_>, Diagnostic> {
    json_in::read(bytes, &json_in::Limits::CLINICAL, read::known).map_err(not_json)
}

/// A body in XML as the tree that its JSON would be.
fn read_xml(bytes: &[u8]) -> Result<Tree<'static>, Diagnostic> {
    let root = xml::decode(bytes, &xml::Limits::FHIR)
        .and_then(|text| xml::read_text(&text, &xml::Limits::FHIR, read::known))
        .map_err(|refusal| crate::hospital::not_xml(&refusal))?;
    let place = root.place.clone();
    xml_in::resource(root).ok_or_else(|| {
        Diagnostic::error(
            "H001",
            place,
            "名前空間がFHIR(http://hl7.org/fhir)ではありません。",
            "The namespace is not that of FHIR (http://hl7.org/fhir).",
        )
    })
}

/// Why a document cannot be read at all, with its line.
fn not_json(refusal: json_in::Refusal) -> Diagnostic {
    let place = format!("line {}", refusal.line);
    match refusal.fault {
        json_in::Fault::Twice => Diagnostic::error(
            "H001",
            place,
            "同じ名前の項目が1つの{ }の中に2つあります。どちらが正しいか決められません。",
            "A member stands twice in one object; which of them holds cannot be told.",
        ),
        json_in::Fault::Truncated => {
            Diagnostic::error("H001", place, "文書が途中で終わっています。", "The document ends too early.")
        }
        json_in::Fault::NotUtf8 | json_in::Fault::Control => Diagnostic::error(
            "H001",
            place,
            "UTF-8として読めない文字、または使えない制御文字があります。",
            "A byte that is not UTF-8, or a control character that may not stand there.",
        ),
        json_in::Fault::IllFormed => {
            Diagnostic::error("H001", place, "JSONとして読めません。", "The document is not JSON.")
        }
        json_in::Fault::TooLarge | json_in::Fault::TooDeep | json_in::Fault::TooMany => Diagnostic::error(
            "H007",
            place,
            "文書が大きすぎるか、入れ子が深すぎます(20 MiB、128段、100万項目まで)。分けて送ってください。",
            "The document is too large or nested too deep (20 MiB, 128 levels, a million values at most); send it in parts.",
        ),
    }
}

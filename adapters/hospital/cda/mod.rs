//! HL7 CDA R2: discharge summaries, referrals and other clinical documents (`formats/hospital.md` 3).
//!
//! The document becomes a tree in which attributes are members with `@` before their names; names are told by namespace,
//! never by prefix. Nothing is fetched: no schema, no style sheet, no reference.

mod allergies;
mod coverage;
mod decode;
mod entries;
mod guide;
mod header;
mod maternity;
mod newborns;
mod people;
mod referral;
mod relatives;
mod screening;
mod sections;
mod state;
mod tree;
mod values;
mod write;

#[cfg(test)]
mod tests;

use super::{begins_with_element, names_namespace, not_xml};
use crate::xml;
use musubi_core::adapter::{Adapter, Decoded, Direction, EncodeError, Profile, Text};
use musubi_core::release::Released;

/// CDA R2, read; discharge summaries and referrals also written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cda;

impl Adapter for Cda {
    fn name(&self) -> &'static str {
        "cda"
    }

    fn title(&self) -> Text {
        Text::new("HL7 CDA R2 文書", "HL7 CDA R2 document")
    }

    fn direction(&self) -> Direction {
        Direction::Both
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        names_namespace(bytes, b"urn:hl7-org:v3") || begins_with_element(bytes, b"ClinicalDocument")
    }

    fn decode(&self, bytes: &[u8], profile: &Profile) -> Decoded {
        let limits = &xml::Limits::CLINICAL;
        let refused = |refusal| Decoded::refused(not_xml(&refusal));
        let text = match xml::decode(bytes, limits) {
            Ok(text) => text,
            Err(refusal) => return refused(refusal),
        };
        let built = xml::build(&text, limits, tree::known, tree::Builder::new(&text, profile.cda_without_namespace));
        built.map_or_else(refused, |built| decode::decode(built.finish(), bytes, profile))
    }

    fn encode(&self, released: &Released, _profile: &Profile) -> Result<Vec<u8>, EncodeError> {
        write::write(released)
    }
}

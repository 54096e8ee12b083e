//! FHIR R4 document Bundles in JSON: what was released about one family, for hospitals and regional networks.
//!
//! JP Core is claimed for a resource only where its rules are met, JP-CLINS never: its documents demand sections that a
//! release may not hold, and an emptied section would tell that something is there.

mod clinical;
mod datatypes;
mod document;
mod ids;
mod json;
mod observations;
mod people;
mod sections;

#[cfg(test)]
mod tests;

use crate::family::Family;
use ids::Ids;
use json::Writing;
use musubi_core::adapter::{Adapter, Direction, EncodeError, Profile, Text};
use musubi_core::release::Released;

/// A document is about so long, in bytes.
const USUAL_LENGTH: usize = 32 * 1024;
/// And so much more when it is stamped.
const STAMPS_LENGTH: usize = 512;

/// A release as one FHIR R4 document Bundle (JSON).
#[derive(Clone, Copy, Debug, Default)]
pub struct FhirJson;

impl Adapter for FhirJson {
    fn name(&self) -> &'static str {
        "fhir-json"
    }

    fn title(&self) -> Text {
        Text::new("FHIR R4 文書 Bundle(JSON)", "FHIR R4 document Bundle (JSON)")
    }

    fn direction(&self) -> Direction {
        Direction::Out
    }

    /// Put together once and written twice: without ids and time, and then with the ids that follow from the hash of the
    /// first writing. The same view gives the same ids, whenever it is sent.
    fn encode(&self, released: &Released, _profile: &Profile) -> Result<Vec<u8>, EncodeError> {
        let family = Family::of(released);
        let (bundle, resources) = document::bundle(released, &family).ok_or(EncodeError::NothingToSay)?;
        let view = bundle.to_text(&Writing { ids: &Ids::blank(), stamped: false }, USUAL_LENGTH);
        let ids = Ids::of(view.as_bytes(), resources);
        Ok(bundle.to_text(&Writing { ids: &ids, stamped: true }, view.len() + STAMPS_LENGTH).into_bytes())
    }
}

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
use musubi_core::adapter::{Adapter, Direction, EncodeError, Profile, Text};
use musubi_core::release::Released;

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

    /// Written twice: once without ids and time, and then with the ids that follow from the hash of the first. The same
    /// view gives the same ids, whenever it is sent.
    fn encode(&self, released: &Released, _profile: &Profile) -> Result<Vec<u8>, EncodeError> {
        let family = Family::of(released);
        let write = |ids: &Ids, stamped| document::bundle(released, &family, ids, stamped);
        let view = write(&Ids::blank(), false).ok_or(EncodeError::NothingToSay)?;
        let document = write(&Ids::of(view.to_text().as_bytes()), true).ok_or(EncodeError::NothingToSay)?;
        Ok(document.to_text().into_bytes())
    }
}

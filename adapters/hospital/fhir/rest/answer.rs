//! The answer to a question: the resources of each document that was released, as one searchset.

use super::Form;
use crate::family::Family;
use crate::hospital::fhir::document::{Document, compose};
use crate::hospital::fhir::ids::Ids;
use crate::hospital::fhir::json::{Writing, object, word};
use musubi_core::release::Released;

/// Everything that was released, as a Bundle of type `searchset`: for each record the Composition, which says what may be
/// done with it, then its resources. There is no total, no time and no next page: nothing is shown, or there is nobody,
/// and the bytes are the same.
pub fn searchset(form: Form, releases: &[&Released]) -> Vec<u8> {
    let mut document = Document::default();
    for released in releases {
        compose(&mut document, released, &Family::of(released));
    }
    let resources = document.len();
    let bundle =
        object([("resourceType", word("Bundle")), ("type", word("searchset")), ("entry", document.into_matches())]);
    let view = bundle.to_text(&Writing { ids: &Ids::blank(), stamped: false }, super::super::USUAL_LENGTH);
    form.write(&bundle, &Ids::of(view.as_bytes(), resources))
}

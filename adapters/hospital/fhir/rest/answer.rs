//! The answer to a question: the resources of each document that was released, as one searchset.

use super::{Form, Page};
use crate::family::Family;
use crate::hospital::fhir::USUAL_LENGTH;
use crate::hospital::fhir::document::{self, Document, compose};
use crate::hospital::fhir::draft::Draft;
use crate::hospital::fhir::ids::Ids;
use crate::hospital::fhir::json::{Json, object, word};
use musubi_core::release::Released;

/// What was released, as a Bundle of type `searchset`: for each record the Composition, which says what may be done with it,
/// then its resources. There is no total and no time: where nothing is shown, or there is nobody, the bytes are the same.
///
/// Beside the bytes stands the hash of what the whole answer says; `None` when it is no longer that of which the page is to be a
/// part.
pub fn searchset(form: Form, releases: &[&Released], page: &Page<'_>) -> Option<(Vec<u8>, [u8; 32])> {
    let mut document = Document::default();
    for released in releases {
        compose(&mut document, released, &Family::of(released));
    }
    let resources = document.len();
    let entries = document.into_matches();
    let whole = Draft::of(&entries, USUAL_LENGTH).digest();
    if page.whole.is_some_and(|before| before != whole) {
        return None;
    }
    let (entries, links) = page.of(entries, whole);
    Some((form.write(&bundle(entries, links), &Ids::of(whole, resources)), whole))
}

/// The hash of what the document of a release says, whenever it is asked for; `None` when it says nothing.
pub fn view(released: &Released) -> Option<[u8; 32]> {
    let (bundle, _) = document::bundle(released, &Family::of(released))?;
    Some(Draft::of(&bundle, USUAL_LENGTH).digest())
}

/// A Bundle of type `searchset`.
pub(super) fn bundle(entries: Json, links: Json) -> Json {
    object([("resourceType", word("Bundle")), ("type", word("searchset")), ("link", links), ("entry", entries)])
}

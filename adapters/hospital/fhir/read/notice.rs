//! The texts of a discharge notice, which stand in resources of their own: its course, its instructions, and what the hospital
//! asks for.

use super::super::datatypes::LOINC;
use super::super::observations::REQUEST;
use super::bundle::Document;
use super::results;
use crate::hospital::attachment;
use crate::hospital::reading::{Reading, Resource};
use crate::json::Node;
use std::borrow::Cow;

const COURSE: &str = "discharge_notice.course";
const INSTRUCTIONS: &str = "discharge_notice.instructions";
const ASKED: &str = "discharge_notice.request";

/// A text of a notice: where it goes, and the value that says it.
struct Told<'t> {
    field: &'static str,
    value: Node<'t>,
    text: Cow<'t, str>,
}

/// Collects the texts, by person.
pub(super) fn collect(reading: &mut Reading<'_>, document: &Document<'_>) {
    for number in 0..reading.resources.len() {
        let Some(told) = text_of(reading, number, document) else { continue };
        let Some(person) = reading.person(number, "subject") else { continue };
        let mut all = document.told.borrow_mut();
        let of_person = all.entry(person).or_default();
        let place = match told.field {
            COURSE => &mut of_person.notice.course,
            INSTRUCTIONS => &mut of_person.notice.instructions,
            _ => &mut of_person.notice.request,
        };
        if place.is_empty() {
            *place = told.text.into_owned();
            of_person.numbers.push(number);
        }
    }
    if let Some(person) = reading.usual.filter(|_| document.is_discharge()) {
        of_sections(document, person);
    }
}

/// What no resource says of the stay of the patient of a discharge summary, the sections for it say in words.
fn of_sections(document: &Document<'_>, person: usize) {
    let mut all = document.told.borrow_mut();
    let notice = &mut all.entry(person).or_default().notice;
    for (text, codes, field) in [
        (&mut notice.course, &["333", "8648-8"][..], COURSE),
        (&mut notice.instructions, &["424", "8653-8"], INSTRUCTIONS),
        (&mut notice.request, &["18776-5"], ASKED),
    ] {
        if text.is_empty() {
            *text = document.words_of(codes, field);
        }
    }
}

/// Notes that the text of a resource went into a notice.
pub(super) fn note(reading: &Reading<'_>, number: usize, document: &Document<'_>) {
    let Some(told) = text_of(reading, number, document) else { return };
    told.value.taken(told.field);
    if let Some(resource) = reading.resources.get(number).filter(|resource| resource.kind == "Observation") {
        results::note_code(resource.node, told.field);
    }
}

/// An Observation of its LOINC or in the words of our own documents, or what the sections for the course (333) and the
/// instructions (424) of a discharge summary refer to.
fn text_of<'t>(reading: &Reading<'t>, number: usize, document: &Document<'_>) -> Option<Told<'t>> {
    let Resource { node, kind, .. } = reading.resources.get(number)?;
    if matches!(node.peek("status"), "entered-in-error" | "revoked") {
        return None;
    }
    let (field, value, text) = match *kind {
        "Observation" => {
            let value = node.get("valueString")?;
            (observed(*node)?, value, Cow::Borrowed(value.text()))
        }
        "CarePlan" if document.in_section("424").contains(&number) => {
            let value = node.get("description")?;
            (INSTRUCTIONS, value, Cow::Borrowed(value.text()))
        }
        "DocumentReference" if document.in_section("333").contains(&number) => {
            let attached = node.first("content")?.first("attachment")?;
            let value = attached.get("data").filter(|_| attached.peek("contentType").starts_with("text/plain"))?;
            (COURSE, value, Cow::Owned(attachment::text(value.text())?))
        }
        _ => return None,
    };
    (!text.is_empty()).then_some(Told { field, value, text })
}

fn observed(node: Node<'_>) -> Option<&'static str> {
    let code = node.first("code")?;
    let loinc =
        |wanted: &str| code.all("coding").any(|coding| coding.peek("system") == LOINC && coding.peek("code") == wanted);
    match results::own_words(node) {
        _ if loinc("8648-8") => Some(COURSE),
        _ if loinc("8653-8") => Some(INSTRUCTIONS),
        REQUEST => Some(ASKED),
        _ => None,
    }
}

//! The Bundle: a Composition first, and every resource with its id and its place.

use super::datatypes::{LOINC, coding, concept, span};
use super::json::{Json, list, object, word};
use super::people::{Agencies, People};
use super::{permits, sections};
use crate::family::{Family, discharge, referral};
use crate::wording::{self, Rows};
use musubi_core::release::Released;
use musubi_proto::v1 as proto;

const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

/// The resources of a document in the making.
#[derive(Default)]
pub(super) struct Document {
    resources: Vec<Json>,
}

/// The place of one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(usize);

impl Document {
    /// A place for a resource that is written later.
    pub(super) fn reserve(&mut self) -> Slot {
        self.resources.push(Json::Nothing);
        Slot(self.resources.len() - 1)
    }

    /// Writes the resource of a place.
    pub(super) fn fill(
        &mut self,
        slot: Slot,
        kind: &'static str,
        members: impl IntoIterator<Item = (&'static str, Json)>,
    ) {
        let head = [("resourceType", word(kind)), ("id", Json::Id(slot.0))];
        if let Some(place) = self.resources.get_mut(slot.0) {
            *place = object(head.into_iter().chain(members));
        }
    }

    /// Writes a resource in the next place.
    pub(super) fn add(&mut self, kind: &'static str, members: impl IntoIterator<Item = (&'static str, Json)>) -> Slot {
        let slot = self.reserve();
        self.fill(slot, kind, members);
        slot
    }

    /// Adds a last member to the resource of a place; none where it holds nothing.
    pub(super) fn append(&mut self, slot: Slot, name: &'static str, value: Json) {
        if let (Some(Json::Object(members)), false) = (self.resources.get_mut(slot.0), value.is_nothing()) {
            members.push((name, value));
        }
    }

    /// A reference to a place.
    pub(super) fn reference(&self, slot: Slot) -> Json {
        Json::Reference(slot.0)
    }

    /// How many places there are.
    pub(super) fn len(&self) -> usize {
        self.resources.len()
    }

    /// The entries of a document.
    fn into_entries(self) -> Json {
        self.entries(|_| Json::Nothing)
    }

    /// The entries of an answer: the people are what was asked for, the rest is what is told of them.
    pub(super) fn into_matches(self) -> Json {
        self.entries(|resource| {
            let mode = if resource.is_of("Patient") { "match" } else { "include" };
            object([("mode", word(mode))])
        })
    }

    fn entries(self, search: fn(&Json) -> Json) -> Json {
        let entries = self.resources.into_iter().enumerate().filter(|(_, resource)| !resource.is_nothing());
        list(entries.map(|(number, resource)| {
            let search = search(&resource);
            object([("fullUrl", Json::Place(number)), ("resource", resource), ("search", search)])
        }))
    }
}

/// The Bundle and how many resources it has; `None` when the release holds nothing that it can say. The time and the id
/// of the release are no part of the view.
pub(super) fn bundle(released: &Released, family: &Family<'_>) -> Option<(Json, usize)> {
    let mut document = Document::default();
    if !compose(&mut document, released, family) {
        return None;
    }
    let resources = document.len();
    let bundle = object([
        ("resourceType", word("Bundle")),
        ("meta", object([("security", security(released))])),
        ("language", word("ja")),
        ("identifier", uri_identifier(Json::BundlePlace)),
        ("type", word("document")),
        ("timestamp", Json::stamp(released.at().rfc3339())),
        ("entry", document.into_entries()),
    ]);
    Some((bundle, resources))
}

/// Adds a Composition and the resources that it rests on; adds nothing and says so when the release holds nothing that
/// it can say.
pub(super) fn compose(document: &mut Document, released: &Released, family: &Family<'_>) -> bool {
    let before = document.len();
    let composition = document.reserve();
    let people = People::write(document, family);
    let mut agencies = Agencies::default();
    let authors = authors(document, &mut agencies, released, family);
    let sections = sections::write(document, family, &people, &mut agencies, composition);
    if sections.is_empty() {
        document.resources.truncate(before);
        return false;
    }
    let told = family.people.iter().enumerate().filter(|(_, one)| !one.entries.is_empty());
    let subject = told.into_iter().find_map(|(position, _)| people.patient(position));
    let subject = subject.map(|slot| document.reference(slot));
    let custodian = authors.first().cloned();
    // FHIR demands an author; where none is visible it is the gateway that put the document together.
    let gateway = || vec![object([("type", word("Device")), ("display", word("Musubi"))])];
    let authors = if authors.is_empty() { gateway() } else { authors };
    let kind = Kind::of(family);
    let permits = permits::write(document, released, family, &people);
    let permits = permits.into_iter().map(|slot| document.reference(slot)).collect();
    let sections = std::iter::once(handling(released, permits)).chain(sections);
    let members = vec![
        ("meta", object([("security", security(released))])),
        ("language", word("ja")),
        ("identifier", Json::stamp(release_id(released))),
        ("status", word("final")),
        ("type", concept(LOINC, kind.code, kind.display)),
        ("subject", subject.into()),
        ("date", Json::stamp(released.at().rfc3339())),
        ("author", list(authors)),
        ("title", kind.title.into()),
        ("confidentiality", confidentiality(released).0.into()),
        ("custodian", custodian.into()),
        ("event", list([stay(family)])),
        ("section", list(sections)),
    ];
    document.fill(composition, "Composition", members);
    true
}

/// What kind of document it is.
struct Kind {
    code: &'static str,
    display: &'static str,
    title: &'static str,
}

impl Kind {
    const fn new(code: &'static str, display: &'static str, title: &'static str) -> Self {
        Kind { code, display, title }
    }

    fn of(family: &Family<'_>) -> Self {
        if !family.bodies(discharge).is_empty() {
            Kind::new("18842-5", "Discharge summary", "退院連絡票")
        } else if !family.bodies(referral).is_empty() {
            Kind::new("57133-1", "Referral note", "連携依頼票")
        } else {
            Kind::new("34133-9", "Summary of episode note", "情報提供票")
        }
    }
}

/// Who wrote: every agency that the release names.
fn authors(document: &mut Document, agencies: &mut Agencies, released: &Released, family: &Family<'_>) -> Vec<Json> {
    let mut authors: Vec<Json> = Vec::new();
    for entry in &released.record().entries {
        let author = agencies.reference(document, author_of(entry), family);
        if !author.is_nothing() && !authors.contains(&author) {
            authors.push(author);
        }
    }
    authors
}

/// The author of an entry, as far as it was released.
pub(super) fn author_of(entry: &proto::Entry) -> &str {
    if entry.author.is_empty() { &entry.author_of_protection } else { &entry.author }
}

/// Admission and discharge, as the event that the document is about.
fn stay(family: &Family<'_>) -> Json {
    let notice = family.bodies(discharge).into_iter().next().map(|(_, notice)| notice);
    let period = notice.map(|notice| span(notice.admitted_at.as_ref(), notice.discharged_at.as_ref()));
    object([("period", period.into())])
}

/// The first section: what may be done with the document, and the permits that it rests on.
fn handling(released: &Released, permits: Vec<Json>) -> Json {
    let mut rows = Rows::default();
    rows.text("取扱い上の注意", &released.record().notice);
    rows.add("利用目的", Some(wording::purpose(released)));
    rows.add("提供の根拠", wording::basis(released));
    let text = sections::narrative(true, None, &rows.into_rows());
    object([("title", word("取扱い上の注意")), ("text", text), ("entry", list(permits))])
}

/// How confidential it is, and what the recipient must not do: use it for something else, or pass it on.
fn security(released: &Released) -> Json {
    let (code, display) = confidentiality(released);
    list([
        coding(CONFIDENTIALITY, code, display),
        coding(ACT_CODE, "NORDSCLCD", "no redisclosure without consent directive"),
        coding(ACT_CODE, "NOREUSE", "no reuse beyond purpose of use"),
    ])
}

/// The highest label of what was released.
fn confidentiality(released: &Released) -> (&'static str, &'static str) {
    match released.record().entries.iter().map(proto::Entry::label).max() {
        Some(proto::Label::V) => ("V", "very restricted"),
        Some(proto::Label::R) => ("R", "restricted"),
        _ => ("N", "normal"),
    }
}

fn release_id(released: &Released) -> Option<Json> {
    let id = &released.record().release_id;
    (!id.is_empty()).then(|| uri_identifier(format!("urn:uuid:{id}").into()))
}

fn uri_identifier(uri: Json) -> Json {
    object([("system", word("urn:ietf:rfc:3986")), ("value", uri)])
}

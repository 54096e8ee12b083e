//! The people of a document: Patient, RelatedPerson, and the Organizations that wrote.

use super::datatypes::{
    PATIENT_NUMBER, ROLE_CODE, address, agency_identifiers, concept, contact, human_name, identifier, moment,
};
use super::document::{Document, Slot};
use super::json::{Json, list, object, word};
use crate::family::{Family, Link, Person};
use crate::hospital::absence::{self, DATA_ABSENT_EXTENSION};
use crate::wording::{dates, iso_date, person};
use musubi_proto::v1 as proto;
use proto::SubjectRole as Role;
use proto::entry::Body;

pub(super) const BIRTH_TIME: &str = "http://hl7.org/fhir/StructureDefinition/patient-birthTime";
const JP_PATIENT: &str = "http://jpfhir.jp/fhir/core/StructureDefinition/JP_Patient";

/// Where each person of the family stands in the document.
pub(super) struct People {
    patients: Vec<Option<Slot>>,
    related: Vec<(usize, Slot)>,
}

impl People {
    /// Gives everybody a place and writes them.
    pub(super) fn write(document: &mut Document, family: &Family<'_>) -> Self {
        let is_patient = |position: usize, one: &Person<'_>| {
            let has_facts = one.entries.iter().any(|entry| !matches!(entry.body, Some(Body::PersonDetails(_))));
            let told = has_facts || (one.role == Role::Mother && !one.entries.is_empty());
            let stands_beside = family.links.iter().any(|link| link.parent == position);
            told || one.role == Role::Child || !stands_beside
        };
        let numbered = || family.people.iter().enumerate();
        let patients = numbered().map(|(at, one)| is_patient(at, one).then(|| document.reserve())).collect();
        let related = family.links.iter().map(|link| (link.parent, document.reserve())).collect();
        let people = People { patients, related };
        for (position, one) in numbered() {
            if let Some(slot) = people.patient(position) {
                let relations = people.related.iter().filter(|(parent, _)| *parent == position).map(|(_, slot)| *slot);
                let members = patient(document, one, relations);
                document.fill(slot, "Patient", members);
            }
        }
        for (link, (_, slot)) in family.links.iter().zip(&people.related) {
            let members = people.related_person(document, family, link);
            document.fill(*slot, "RelatedPerson", members);
        }
        people
    }

    /// The Patient of a person.
    pub(super) fn patient(&self, position: usize) -> Option<Slot> {
        self.patients.get(position).copied().flatten()
    }

    /// Where a person is written: as Patient, for a child with its RelatedPersons; who is no Patient, as RelatedPerson.
    pub(super) fn all_of(&self, family: &Family<'_>, position: usize) -> Vec<Slot> {
        let patient = self.patient(position);
        let links = family.links.iter().zip(&self.related);
        let beside = |link: &Link<'_>| link.child == position || (patient.is_none() && link.parent == position);
        let related = links.filter(|(link, _)| beside(link)).map(|(_, (_, slot))| *slot);
        patient.into_iter().chain(related).collect()
    }

    fn related_person(&self, document: &Document, family: &Family<'_>, link: &Link<'_>) -> Vec<(&'static str, Json)> {
        let child = self.patient(link.child).map(|slot| document.reference(slot));
        let parent = family.people.get(link.parent);
        let mut identifiers = parent.map(identifiers).unwrap_or_default();
        let named = link.named.map(named).filter(|named| !identifiers.iter().any(|known| same_number(known, named)));
        identifiers.extend(named);
        let names = parent.map(names).unwrap_or_default();
        let contacts = parent.map(contacts).unwrap_or_default();
        vec![
            ("identifier", list(identifiers)),
            ("patient", child.into()),
            ("relationship", list([relationship(&link.body.relationship)])),
            ("name", names),
            ("telecom", contacts),
        ]
    }
}

/// The parent's relationship (v3 RoleCode).
fn relationship(code: &str) -> Json {
    match code {
        "MTH" => concept(ROLE_CODE, "MTH", "mother"),
        "NMTH" => concept(ROLE_CODE, "NMTH", "natural mother"),
        "FTH" => concept(ROLE_CODE, "FTH", "father"),
        "ADOPT" => concept(ROLE_CODE, "ADOPTP", "adoptive parent"),
        "FOST" => concept(ROLE_CODE, "PRNFOST", "foster parent"),
        "GUARD" => concept(ROLE_CODE, "GUARD", "guardian"),
        other => object([("text", other.into())]),
    }
}

fn patient(document: &Document, one: &Person<'_>, relations: impl Iterator<Item = Slot>) -> Vec<(&'static str, Json)> {
    let identifiers = identifiers(one);
    let jp_core = !identifiers.is_empty() && identifiers.iter().all(is_patient_number);
    let profile = jp_core.then(|| object([("profile", list([JP_PATIENT.into()]))]));
    let see_also = |slot| object([("other", document.reference(slot)), ("type", word("seealso"))]);
    let details = one.details();
    let order = details.iter().find_map(|details| details.birth_order);
    let multiple = details.iter().find_map(|details| details.multiple_birth).filter(|_| order.is_none());
    let died = details.iter().find_map(|details| details.deceased_at.as_ref());
    let died_at = moment(died);
    let dead = details.iter().find_map(|details| details.deceased).filter(|_| died_at.is_nothing());
    vec![
        ("meta", profile.into()),
        ("identifier", list(identifiers)),
        ("name", names(one)),
        ("telecom", contacts(one)),
        ("gender", gender(person::sex_of(one)).into()),
        ("birthDate", person::birth_date(one).as_ref().and_then(iso_date).into()),
        ("_birthDate", about_birth(one)),
        ("deceasedBoolean", dead.into()),
        ("deceasedDateTime", died_at),
        ("address", list(unique(details.iter().flat_map(|details| &details.addresses).map(address)))),
        ("multipleBirthBoolean", multiple.into()),
        ("multipleBirthInteger", order.into()),
        ("link", list(relations.map(see_also))),
    ]
}

/// The time of birth beside the date, where both are known; or why the date is not.
fn about_birth(one: &Person<'_>) -> Json {
    let known = person::birth_time(one).filter(dates::has_time);
    let at = known.filter(|_| person::birth_date(one).as_ref().and_then(iso_date).is_some());
    let time = at.map(|at| object([("url", BIRTH_TIME.into()), ("valueDateTime", moment(Some(&at)))]));
    let absent = person::why_no_birth_date(one).and_then(absence::fhir);
    let absent = absent.map(|code| object([("url", DATA_ABSENT_EXTENSION.into()), ("valueCode", word(code))]));
    object([("extension", list([Json::from(time), absent.into()]))])
}

/// From the details, else as the entries name the person.
fn identifiers(one: &Person<'_>) -> Vec<Json> {
    let told = one.details().into_iter().flat_map(|details| &details.identifiers).map(identifier);
    let mut subjects: Vec<&proto::Subject> = Vec::new();
    for subject in one.entries.iter().filter_map(|entry| entry.subjects.first()) {
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    }
    let mut all = unique(told);
    for extra in unique(subjects.into_iter().map(named)) {
        if !all.iter().any(|known| same_number(known, &extra)) {
            all.push(extra);
        }
    }
    all
}

/// The identifier by which an entry names a person.
fn named(subject: &proto::Subject) -> Json {
    let (issuer, value) = (subject.issuer.clone(), subject.identifier.clone());
    identifier(&proto::Identifier { issuer, value, kind: String::new() })
}

fn member<'a>(of: &'a Json, wanted: &str) -> Option<&'a Json> {
    let Json::Object(members) = of else { return None };
    members.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

fn same_number(one: &Json, other: &Json) -> bool {
    ["system", "value"].iter().all(|name| member(one, name) == member(other, name))
}

fn is_patient_number(id: &Json) -> bool {
    matches!(member(id, "system"), Some(Json::Text(system)) if system.starts_with(PATIENT_NUMBER))
}

fn names(one: &Person<'_>) -> Json {
    list(unique(one.details().into_iter().flat_map(|details| &details.names).map(human_name)))
}

fn contacts(one: &Person<'_>) -> Json {
    list(unique(one.details().into_iter().flat_map(|details| &details.contacts).map(contact)))
}

fn gender(sex: Option<i32>) -> Option<&'static str> {
    match proto::Sex::try_from(sex?).ok()? {
        proto::Sex::Male => Some("male"),
        proto::Sex::Female => Some("female"),
        proto::Sex::Other => Some("other"),
        proto::Sex::Unknown => Some("unknown"),
        proto::Sex::Unspecified => None,
    }
}

fn unique(all: impl Iterator<Item = Json>) -> Vec<Json> {
    let mut kept: Vec<Json> = Vec::new();
    for one in all {
        if !one.is_nothing() && !kept.contains(&one) {
            kept.push(one);
        }
    }
    kept
}

/// The agencies that a document names, each once.
#[derive(Default)]
pub(super) struct Agencies {
    known: Vec<(String, Slot)>,
}

impl Agencies {
    /// The Organization of an agency; written when it is first named.
    pub(super) fn reference(&mut self, document: &mut Document, agency: &str, family: &Family<'_>) -> Json {
        if agency.is_empty() {
            return Json::Nothing;
        }
        let known = self.known.iter().find(|(name, _)| name == agency).map(|(_, slot)| *slot);
        let slot = known.unwrap_or_else(|| {
            let members = vec![("identifier", agency_identifiers(agency)), ("name", institution_name(family, agency))];
            let slot = document.add("Organization", members);
            self.known.push((agency.to_owned(), slot));
            slot
        });
        document.reference(slot)
    }
}

/// What an agency calls itself in a notice of its own.
fn institution_name(family: &Family<'_>, agency: &str) -> Json {
    let notices = family.bodies(crate::family::discharge).into_iter();
    notices
        .filter(|(entry, _)| entry.author == agency)
        .map(|(_, notice)| Json::from(notice.institution.as_str()))
        .find(|n| !n.is_nothing())
        .unwrap_or_default()
}

//! The people of a case: subjects, related persons, and how they belong together.

use super::{date_of, fault};
use crate::child_guidance::cgc_xml::fields;
use crate::child_guidance::cgc_xml::form::{Faults, Form, leaf};
use crate::child_guidance::cgc_xml::query::full_name;
use crate::xml::Element;
use musubi_core::japan::contact::{self, Sex};
use musubi_core::time::Day;
use musubi_proto::v1 as proto;
use proto::SubjectRole as Role;
use proto::entry::Body;

/// Everyone whom a case names.
pub(super) struct People<'a> {
    issuer: &'a str,
    persons: Vec<Person<'a>>,
}

struct Person<'a> {
    id: &'a str,
    place: &'a str,
    role: Role,
    /// The word of the format, which tells more than the role: `Father`.
    word: &'a str,
    is_subject: bool,
    details: proto::PersonDetails,
    expected: Option<Day>,
}

const PERSON: &[&str] = &[
    "PersonID",
    "RoleCode",
    "PersonName",
    "PersonKanaName",
    "PersonBirthDate",
    "ExpectedBirthDate",
    "PersonSexCode",
    "BirthOrderNumeric",
    "Address",
    "TelephoneNumberFullID",
    "ShieldedIndicator",
];

impl<'a> People<'a> {
    pub(super) fn read(case: &Form<'a>, issuer: &'a str, faults: &mut Faults) -> Self {
        let mut persons = Vec::new();
        for element in case.element.all("SubjectPerson") {
            persons.extend(Person::read(element, true, faults));
        }
        if persons.is_empty() {
            case.required("SubjectPerson", "CG-E004", faults);
        }
        for element in case.element.all("RelatedPerson") {
            persons.extend(Person::read(element, false, faults));
        }
        let twice = persons
            .iter()
            .enumerate()
            .find(|(n, person)| persons.iter().take(*n).any(|other| other.id == person.id))
            .map(|(_, person)| format!("{}/PersonID", person.place));
        if let Some(place) = twice {
            faults.push(fault(
                "CG-E004",
                place,
                "同じPersonIDの人物が2人以上います。",
                "Two persons have the same PersonID.",
            ));
        }
        People { issuer, persons }
    }

    fn subject(&self, person: &Person<'_>) -> proto::Subject {
        proto::Subject { role: person.role.into(), issuer: self.issuer.to_owned(), identifier: person.id.to_owned() }
    }

    /// An entry about the subjects of the case, children first.
    pub(super) fn about_subjects(&self, source_key: String, at: &Element, body: Body) -> proto::Entry {
        let mut subjects: Vec<proto::Subject> =
            self.persons.iter().filter(|person| person.is_subject).map(|person| self.subject(person)).collect();
        subjects.sort_by_key(|subject| subject.role() != Role::Child);
        proto::Entry { source_key, subjects, source_path: at.place.clone(), body: Some(body), ..Default::default() }
    }

    /// One entry for each link that the record has a word for, and a check that the persons exist and twins are told apart.
    pub(super) fn links(&self, case: &Form<'a>, faults: &mut Faults) -> Vec<proto::Entry> {
        let mut entries = Vec::new();
        let mut parents: Vec<(&str, &str)> = Vec::new();
        for element in case.element.all("ParentChildAssociation") {
            let form = Form::open(element, &["ParentPersonID", "ChildPersonID", "KinshipCode"], &[], faults);
            let parent = self.named(&form, "ParentPersonID", faults);
            let child = self.named(&form, "ChildPersonID", faults);
            let kinship = form.text("KinshipCode", "CG-E004", faults);
            let place = element.place_of("KinshipCode");
            let kinship = kinship.and_then(|text| fields::one_of(text, KINSHIP, &place, faults));
            let (Some(parent), Some(child), Some(kinship)) = (parent, child, kinship) else { continue };
            parents.push((child.id, parent.id));
            if let Some(relationship) = relationship(kinship, parent.word) {
                let body = proto::ParentChild {
                    relationship: relationship.to_owned(),
                    basis: "ParentChildAssociation".to_owned(),
                    parental_authority: None,
                };
                let of_child = proto::Subject { role: Role::Child.into(), ..self.subject(child) };
                let of_parent = proto::Subject { role: parent.parent_role().into(), ..self.subject(parent) };
                entries.push(proto::Entry {
                    source_key: format!("mother:{}:{}", child.id, parent.id),
                    subjects: vec![of_parent, of_child],
                    source_path: element.place.clone(),
                    body: Some(Body::ParentChild(body)),
                    ..Default::default()
                });
            }
        }
        self.tell_twins_apart(&parents, faults);
        entries
    }

    fn named(&self, form: &Form<'a>, name: &'a str, faults: &mut Faults) -> Option<&Person<'a>> {
        let id = form.text(name, "CG-E004", faults)?;
        let person = self.persons.iter().find(|person| person.id == id);
        if person.is_none() {
            faults.push(fault(
                "CG-E004",
                form.element.place_of(name),
                "このPersonIDの人物がケースにいません。",
                "The case has no person of this PersonID.",
            ));
        }
        person
    }

    /// Children of one mother and one date need their order of birth (`CG-E402`). Without a link the mother counts as the same.
    fn tell_twins_apart(&self, parents: &[(&str, &str)], faults: &mut Faults) {
        let of = |child: &Person<'_>| parents.iter().find(|(id, _)| *id == child.id).map(|(_, parent)| *parent);
        let children: Vec<&Person<'_>> =
            self.persons.iter().filter(|person| person.is_subject && person.role == Role::Child).collect();
        for (n, one) in children.iter().enumerate() {
            let twin = children.iter().enumerate().any(|(m, other)| {
                let same_mother = of(one).is_none() || of(other).is_none() || of(one) == of(other);
                m != n && same_mother && one.date() == other.date()
            });
            if twin && one.details.birth_order.is_none() {
                faults.push(fault(
                    "CG-E402",
                    format!("{}/BirthOrderNumeric", one.place),
                    "同じ母・同じ日の児が複数います。出生順位を書いてください。",
                    "Several children of one mother and one date: give the order of birth.",
                ));
            }
        }
    }

    /// One entry for each person of whom something is told, and the expected date of a pregnant woman.
    pub(super) fn into_details(self) -> Vec<proto::Entry> {
        let mut entries = Vec::new();
        for person in &self.persons {
            let entry = |key: String, body: Body| proto::Entry {
                source_key: key,
                subjects: vec![self.subject(person)],
                source_path: person.place.to_owned(),
                body: Some(body),
                ..Default::default()
            };
            entries.push(entry(format!("person:{}", person.id), Body::PersonDetails(person.details.clone())));
            if let Some(expected) = person.expected {
                let due_date = Some(date_of(expected));
                let body = proto::PregnancyNotification { due_date, ..Default::default() };
                entries.push(entry(format!("pregnancy:{}", person.id), Body::PregnancyNotification(body)));
            }
        }
        entries
    }
}

impl<'a> Person<'a> {
    fn read(element: &'a Element, is_subject: bool, faults: &mut Faults) -> Option<Self> {
        let form = Form::open(element, PERSON, &[], faults);
        let id = form.text("PersonID", "CG-E004", faults);
        let id = id.and_then(|id| fields::id(id, &element.place_of("PersonID"), faults));
        let words: &[&str] = if is_subject {
            &["Child", "PregnantWoman"]
        } else {
            &["Mother", "Father", "Guardian", "Sibling", "Other"]
        };
        let word = form.text("RoleCode", "CG-E004", faults);
        let word = word.and_then(|word| fields::one_of(word, words, &element.place_of("RoleCode"), faults));
        let mut details = proto::PersonDetails::default();
        let expected = dates(&form, is_subject, &mut details, faults);
        names(&form, &mut details, faults);
        sex(&form, is_subject, &mut details, faults);
        if let Some(order) = form.text_if("BirthOrderNumeric", faults) {
            let order = fields::count(order, &element.place_of("BirthOrderNumeric"), faults);
            details.birth_order = order.and_then(|order| i32::try_from(order).ok());
            details.multiple_birth = details.birth_order.map(|_| true);
        }
        for address in element.all("Address") {
            details.addresses.extend(read_address(address, faults));
        }
        for phone in element.all("TelephoneNumberFullID") {
            let value = leaf(phone, &[], faults).unwrap_or_default().to_owned();
            details.contacts.push(proto::Contact { system: "phone".to_owned(), value, ..Default::default() });
        }
        let shielded = if is_subject {
            form.text("ShieldedIndicator", "CG-E004", faults)
        } else {
            form.text_if("ShieldedIndicator", faults)
        };
        let shielded = shielded.and_then(|text| fields::yes_no(text, &element.place_of("ShieldedIndicator"), faults));
        details.not_disclosed = shielded.filter(|shielded| *shielded);
        let word = word?;
        let role = match word {
            "Child" | "Sibling" => Role::Child,
            "PregnantWoman" | "Mother" => Role::Mother,
            "Guardian" | "Father" => Role::Guardian,
            _ => Role::OtherPerson,
        };
        Some(Person { id: id?, place: &element.place, role, word, is_subject, details, expected })
    }

    /// In a link with a child: the mother, else a guardian.
    fn parent_role(&self) -> Role {
        if self.role == Role::Mother { Role::Mother } else { Role::Guardian }
    }

    fn date(&self) -> (Option<proto::Date>, Option<Day>) {
        (self.details.birth_date, self.expected)
    }
}

/// A subject has a date of birth or an expected one, and not both (`CG-E401`).
fn dates(form: &Form<'_>, is_subject: bool, details: &mut proto::PersonDetails, faults: &mut Faults) -> Option<Day> {
    let place = |name: &str| form.element.place_of(name);
    let born = form.text_if("PersonBirthDate", faults);
    let expected = form.text_if("ExpectedBirthDate", faults);
    if (is_subject && born.is_some() == expected.is_some()) || (!is_subject && expected.is_some()) {
        faults.push(fault(
            "CG-E401",
            form.element.place.clone(),
            "生年月日と出産予定日のどちらか一方だけを書いてください。",
            "Give a date of birth or an expected one, exactly one of them.",
        ));
    }
    let born = born.and_then(|text| fields::birth_date(text, &place("PersonBirthDate"), faults));
    details.birth_date = born.map(date_of);
    expected.and_then(|text| fields::date(text, &place("ExpectedBirthDate"), faults))
}

fn names(form: &Form<'_>, details: &mut proto::PersonDetails, faults: &mut Faults) {
    let name = |representation: proto::NameRepresentation, text: String| proto::HumanName {
        representation: representation.into(),
        r#use: proto::NameUse::Legal.into(),
        text,
        ..Default::default()
    };
    if let Some(written) = form.optional("PersonName", faults).and_then(|element| full_name(element, faults)) {
        details.names.push(name(proto::NameRepresentation::Ideographic, written));
    }
    if let Some(kana) = form.text_if("PersonKanaName", faults) {
        details.names.push(name(proto::NameRepresentation::Phonetic, kana.to_owned()));
    }
}

fn sex(form: &Form<'_>, is_subject: bool, details: &mut proto::PersonDetails, faults: &mut Faults) {
    let text =
        if is_subject { form.text("PersonSexCode", "CG-E004", faults) } else { form.text_if("PersonSexCode", faults) };
    let Some(text) = text else { return };
    match contact::sex(text) {
        Ok(Sex::Male) => details.sex = Some(proto::Sex::Male.into()),
        Ok(Sex::Female) => details.sex = Some(proto::Sex::Female.into()),
        Ok(_) => details.sex = Some(proto::Sex::Unknown.into()),
        Err(_) if text == "0" => details.sex = Some(proto::Sex::Unknown.into()),
        Err(problem) => faults.push(problem.at(form.element.place_of("PersonSexCode"))),
    }
}

fn read_address(element: &Element, faults: &mut Faults) -> Option<proto::Address> {
    let form = Form::open(element, &["AddressFullText", "AddressPostalCode", "JurisdictionCode"], &[], faults);
    let text = form.text("AddressFullText", "CG-E004", faults)?.to_owned();
    let postal_code = form.text_if("AddressPostalCode", faults).unwrap_or_default().to_owned();
    let municipality = form.text_if("JurisdictionCode", faults);
    let municipality =
        municipality.and_then(|code| fields::municipality(code, &element.place_of("JurisdictionCode"), faults));
    let municipality = municipality.map(String::from).unwrap_or_default();
    Some(proto::Address { text, postal_code, municipality, ..Default::default() })
}

const KINSHIP: &[&str] =
    &["Biological", "Adoption", "Foster", "Guardianship", "Marriage", "Putative", "Surrogate", "Cohabitant"];

/// The record's word for a link; what it has no word for stays with the raw bytes.
fn relationship(kinship: &str, parent: &str) -> Option<&'static str> {
    match (kinship, parent) {
        ("Biological", "Mother" | "PregnantWoman") => Some("MTH"),
        ("Biological", "Father") => Some("FTH"),
        ("Adoption", _) => Some("ADOPT"),
        ("Foster", _) => Some("FOST"),
        ("Guardianship", _) => Some("GUARD"),
        _ => None,
    }
}

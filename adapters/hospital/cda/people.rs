//! Who the people are: recordTarget, and participants that are relatives.

use super::tree::Words;
use super::values;
use crate::hospital::absence;
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::hl7v2::types;
use crate::hospital::reading::{Person, Reading};
use crate::json::{Node, Tree};
use musubi_proto::v1 as proto;
use proto::entry::Body;
use proto::{Label, Sex, SubjectRole};

/// Below this age a patient is a child here, and above the other nobody's mother of a newborn.
const AGES_OF_MOTHERS: std::ops::RangeInclusive<i16> = 10..=65;

/// Most roots of the keeper that are looked at.
const OWN_ROOTS_MAX: usize = 16;

/// Roots under which the keeper of the document gives its own numbers.
pub(super) fn own_roots<'n>(root: Node<'n>) -> Vec<&'n str> {
    let keeper = root.all("custodian").flat_map(|one| one.all("assignedCustodian"));
    let keeper = keeper.flat_map(|one| one.all("representedCustodianOrganization")).flat_map(|one| one.all("id"));
    let roots = keeper.map(|id| id.peek("@root")).filter(|root| !root.is_empty() && *root != values::INSTITUTION);
    roots.take(OWN_ROOTS_MAX).collect()
}

/// The one patient of the document. `None` refuses it, and the reason is noted.
pub(super) fn patient(reading: &mut Reading<'_>, words: &Words) -> Option<usize> {
    let root = reading.tree.root();
    if root.all("recordTarget").nth(1).is_some() {
        reading.error_at(
            "H008",
            root,
            "recordTarget",
            "1つの文書に複数の患者があります。患者ごとに分けて送ってください。",
            "Several patients in one document; send one document for each.",
        );
        return None;
    }
    let Some(role) = root.first("recordTarget").and_then(|target| target.first("patientRole")) else {
        reading.error_at(
            "H004",
            root,
            "recordTarget",
            "患者(recordTarget)が必要です。",
            "A patient (recordTarget) is required.",
        );
        return None;
    };
    let own = own_roots(root);
    let read = |id| values::identifier(id, "person_details.identifiers", reading.profile, &own);
    let identifiers: Vec<_> = role.all("id").filter_map(read).collect();
    let Some(chosen) = identifiers.iter().find(|id| id.own).or_else(|| identifiers.first()) else {
        reading.error_at(
            "H005",
            role,
            "id",
            "患者番号(patientRole/id)が必要です。",
            "A patient identifier (patientRole/id) is required.",
        );
        return None;
    };
    let (issuer, identifier) = (chosen.issuer.clone(), chosen.value.clone());
    let identifiers =
        identifiers.into_iter().map(|id| proto::Identifier { issuer: id.issuer, value: id.value, kind: String::new() });
    let identifiers: Vec<_> = identifiers.collect();
    let nobody = Tree::nothing();
    let patient = role.first("patient").unwrap_or(nobody.root());
    let born = birth(reading, patient, "person_details.birth_date");
    let person = Person {
        subject: proto::Subject { role: role_of(reading, patient, born).into(), issuer, identifier },
        patient: None,
        resource: None,
        born,
    };
    reading.people.push(person);
    let number = reading.people.len() - 1;
    details(reading, number, role, patient, identifiers);
    guardians(reading, number, patient, words);
    Some(number)
}

fn birth(reading: &mut Reading<'_>, patient: Node<'_>, path: &'static str) -> Option<Stamp> {
    let time = patient.first("birthTime").filter(|time| !values::is_null(*time))?;
    let born = reading.stamp(time, "@value", path);
    if let (Some(born), Some(sent)) = (born, reading.sent)
        && born.certainly_after(sent)
    {
        reading.error("H006", time, "生年月日が文書の日時より後です。", "The birth date is later than the document.");
    }
    born
}

fn role_of(reading: &Reading<'_>, patient: Node<'_>, born: Option<Stamp>) -> SubjectRole {
    let now = reading.sent.map_or(reading.profile.now, Stamp::earliest);
    let years = born.map(|born| now.japan().year() - born.earliest().japan().year());
    let sex = patient.first("administrativeGenderCode").map_or("", |code| code.peek("@code"));
    match years {
        Some(years) if years < *AGES_OF_MOTHERS.start() => SubjectRole::Child,
        Some(years) if years > *AGES_OF_MOTHERS.end() => SubjectRole::OtherPerson,
        None if sex.is_empty() => SubjectRole::OtherPerson,
        _ if sex == "M" => SubjectRole::OtherPerson,
        _ => SubjectRole::Mother,
    }
}

fn details(
    reading: &mut Reading<'_>,
    person: usize,
    role: Node<'_>,
    patient: Node<'_>,
    identifiers: Vec<proto::Identifier>,
) {
    const NAMES: &str = "person_details.names";
    let born = reading.people.get(person).and_then(|person| person.born);
    let names: Vec<_> = patient.all("name").filter_map(|name| values::name(name, NAMES)).collect();
    if names.is_empty() {
        reading.warning_at("H008", role, "patient", "氏名がありません。", "A name is missing.");
    }
    if names.iter().any(|name| types::has_placeholder(&name.text)) {
        reading.warning_at(
            "H102",
            patient,
            "name",
            "氏名に外字または代替文字(■)があります。照合には使いません。",
            "The name holds a placeholder for a letter; it is never used for matching.",
        );
    }
    let died = patient.first("sdtc:deceasedTime");
    let deceased_at = died.and_then(|time| reading.stamp(time, "@value", "person_details.deceased_at"));
    let deceased = patient.first("sdtc:deceasedInd").and_then(|flag| is_true(flag, "person_details.deceased"));
    let multiple =
        patient.first("sdtc:multipleBirthInd").and_then(|flag| is_true(flag, "person_details.multiple_birth"));
    let order = patient.first("sdtc:multipleBirthOrderNumber");
    let order = order.and_then(|order| order.take("@value", "person_details.birth_order").parse().ok());
    let details = proto::PersonDetails {
        identifiers,
        names,
        birth_date: born.map(Stamp::date),
        birth_time: born.filter(|born| born.hour.is_some()).map(Stamp::date_time),
        sex: sex(patient, "person_details.sex"),
        addresses: role.all("addr").filter_map(values::address).collect(),
        contacts: role.all("telecom").filter_map(|one| values::contact(one, "person_details.contacts")).collect(),
        deceased: deceased.or(deceased_at.map(|_| true)),
        deceased_at: deceased_at.map(Stamp::date_time),
        birth_order: order.filter(|order| (1..=9).contains(order)),
        multiple_birth: multiple,
        ..proto::PersonDetails::default()
    };
    let restricted = details.deceased == Some(true);
    let absent = patient.first("birthTime").and_then(|time| Some((time, values::absent(time)?)));
    let mut entry = reading.entry(person, reading.key(person).to_owned(), role, None, Body::PersonDetails(details));
    if restricted {
        entry.label = Label::R.into();
    }
    if let Some((time, reason)) = absent {
        time.take("@nullFlavor", "absent");
        entry.absent.push(absence::of("birth_date", reason));
    }
    reading.update("person_details", entry);
}

fn is_true(node: Node<'_>, path: &'static str) -> Option<bool> {
    match node.take("@value", path) {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Administrative sex.
pub(super) fn sex(patient: Node<'_>, path: &'static str) -> Option<i32> {
    let code = patient.first("administrativeGenderCode")?;
    code.take("@codeSystem", path);
    code.take("@displayName", path);
    let sex = match code.take("@code", path) {
        "M" => Sex::Male,
        "F" => Sex::Female,
        "UN" => Sex::Other,
        "U" | "UNK" => Sex::Unknown,
        _ => return None,
    };
    Some(sex.into())
}

fn guardians(reading: &mut Reading<'_>, person: usize, patient: Node<'_>, words: &Words) {
    for guardian in patient.all("guardian") {
        let named = guardian.first("guardianPerson").unwrap_or(guardian);
        relative(reading, person, guardian, named, words);
    }
}

/// A relative who is not linked.
fn relative(reading: &mut Reading<'_>, person: usize, node: Node<'_>, named: Node<'_>, words: &Words) {
    let names: Vec<_> = named.all("name").filter_map(|name| values::name(name, "family.relatives.names")).collect();
    let contacts: Vec<_> =
        node.all("telecom").filter_map(|one| values::contact(one, "family.relatives.contacts")).collect();
    let relationship = values::coded(node.first("code"), "family.relatives.relationship", words);
    let addresses: Vec<_> = node.all("addr").filter_map(values::address).collect();
    if names.is_empty() && contacts.is_empty() && addresses.is_empty() && relationship.is_none() {
        return;
    }
    let relative = proto::Relative { relationship, names, contacts, addresses, ..proto::Relative::default() };
    reading.relatives(person, node, vec![relative]);
}

/// Participants that are relatives: the mother of a child, the child of a mother, others.
pub(super) fn participants(reading: &mut Reading<'_>, patient: usize, words: &Words) {
    let root = reading.tree.root();
    let own = own_roots(root);
    for participant in root.all("participant").filter(|one| one.peek("@typeCode") == "IND") {
        let Some(entity) = participant.first("associatedEntity") else { continue };
        if !matches!(entity.peek("@classCode"), "PRS" | "NOK" | "ECON" | "CAREGIVER") {
            continue;
        }
        let code = entity.first("code").map_or("", |code| code.peek("@code")).to_owned();
        let id = entity.all("id").find_map(|id| values::identifier(id, "parent_child", reading.profile, &own));
        let is_child = reading.people.get(patient).is_some_and(|person| person.role() == SubjectRole::Child);
        let other = match code.as_str() {
            "MTH" | "NMTH" if is_child => Some(SubjectRole::Mother),
            "CHILD" | "NCHILD" | "DAU" | "SON" | "DAUC" | "SONC" if !is_child => Some(SubjectRole::Child),
            _ => None,
        };
        match (other, id) {
            (Some(role), Some(id)) => {
                entity.first("code").map(|code| code.take("@code", "parent_child.relationship"));
                let relationship = if code == "NMTH" { "NMTH" } else { "MTH" };
                if role == SubjectRole::Child {
                    add(reading, patient, (id.issuer, id.value), None);
                } else {
                    let mother = proto::Subject { role: role.into(), issuer: id.issuer, identifier: id.value };
                    link(reading, mother, patient, entity, relationship);
                }
            }
            _ => {
                let named = entity.first("associatedPerson").unwrap_or(entity);
                relative(reading, patient, entity, named, words);
            }
        }
    }
}

/// A child of the patient, linked to her where she is its mother; the same child is added once.
pub(super) fn add(
    reading: &mut Reading<'_>,
    mother: usize,
    (issuer, identifier): (String, String),
    born: Option<Stamp>,
) -> usize {
    let subject = proto::Subject { role: SubjectRole::Child.into(), issuer, identifier };
    if let Some(known) = reading.people.iter().position(|person| person.subject == subject) {
        if let Some(person) = reading.people.get_mut(known) {
            person.born = person.born.or(born);
        }
        return known;
    }
    reading.people.push(Person { subject, patient: None, resource: None, born });
    let child = reading.people.len() - 1;
    let of = reading.people.get(mother).map(|person| person.subject.clone());
    if let Some(of) = of.filter(|of| of.role() == SubjectRole::Mother) {
        let root = reading.tree.root();
        link(reading, of, child, root, "MTH");
    }
    child
}

/// The link of a mother and a child.
fn link(reading: &mut Reading<'_>, mother: proto::Subject, child: usize, node: Node<'_>, relationship: &str) {
    let key = format!("{}/mother", reading.key(child));
    let body = proto::ParentChild {
        relationship: relationship.to_owned(),
        basis: "CDA participant".to_owned(),
        parental_authority: None,
    };
    let mut entry = reading.entry(child, key, node, None, Body::ParentChild(body));
    entry.subjects.insert(0, mother);
    reading.push("parent_child", entry);
}

/// Warns when the patient is a child whom nothing links to its mother.
pub(super) fn warn_of_unlinked(reading: &mut Reading<'_>, patient: usize) {
    let is_child = reading.people.get(patient).is_some_and(|person| person.role() == SubjectRole::Child);
    let linked = reading.entries.iter().any(|entry| matches!(entry.body, Some(Body::ParentChild(_))));
    if is_child && !linked {
        let root = reading.tree.root();
        reading.warning_at(
            "H106",
            root,
            "participant",
            "母の患者番号がないため、児と母を結び付けていません。",
            "Without the mother's identifier the child was not linked to her.",
        );
    }
}

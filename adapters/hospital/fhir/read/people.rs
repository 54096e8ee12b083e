//! Who the people are: Patient, RelatedPerson.

use super::super::datatypes::ROLE_CODE;
use super::super::people::BIRTH_TIME;
use super::{coverage, values};
use crate::hospital::absence::{self, DATA_ABSENT_EXTENSION};
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::hl7v2::types;
use crate::hospital::reading::{Person, Reading};
use crate::json::Node;
use musubi_core::adapter::Profile;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use proto::{Label, Sex, SubjectRole};

/// Below this age a patient is a child here, and above the other nobody's mother of a newborn.
const AGES_OF_MOTHERS: std::ops::RangeInclusive<i16> = 10..=65;

/// Finds everybody who is described, before anything is read about them.
pub(super) fn find(reading: &mut Reading<'_>) {
    for number in 0..reading.resources.len() {
        let Some(resource) = reading.resources.get(number).filter(|resource| resource.kind == "Patient") else {
            continue;
        };
        let node = resource.node;
        let identifiers = identifiers(node, reading.profile);
        let usual = |id: &&values::Identifier| matches!(id.kind.as_str(), "PI" | "MR" | "PT" | "");
        let own = || identifiers.iter().filter(|id| id.own);
        let chosen = own().find(usual).or_else(|| own().next()).or_else(|| identifiers.iter().find(usual));
        let Some(chosen) = chosen.or_else(|| identifiers.first()) else {
            reading.error_at(
                "H005",
                node,
                "identifier",
                "患者番号(identifier)が必要です。Bundleの中だけのidでは本人を特定できません。",
                "A patient identifier is required; an id of the Bundle does not tell who it is.",
            );
            continue;
        };
        let born = values::stamp(node, "birthDate");
        let role = role(reading, node, born);
        let subject =
            proto::Subject { role: role.into(), issuer: chosen.issuer.clone(), identifier: chosen.value.clone() };
        let person = reading.people.len();
        for id in &identifiers {
            reading.numbers.entry((id.issuer.clone(), id.value.clone())).or_insert(person);
        }
        for link in node.all("link") {
            if let Some(other) = reading.target(link.first("other"), number) {
                reading.linked.entry(other).or_insert(person);
            }
        }
        reading.people.push(Person { subject, patient: Some(node), resource: Some(number), born });
    }
}

/// The numbers of a Patient. One of its insurance is told as that, and names the person only where nothing else does.
fn identifiers(node: Node<'_>, profile: &Profile) -> Vec<values::Identifier> {
    const PATH: &str = "person_details.identifiers";
    let own = node.all("identifier").filter(|id| !coverage::is_of_insurance(*id));
    let own: Vec<_> = own.filter_map(|id| values::identifier(id, PATH, profile)).collect();
    let all = || node.all("identifier").filter_map(|id| values::identifier(id, PATH, profile)).collect();
    if own.is_empty() { all() } else { own }
}

fn role(reading: &Reading<'_>, node: Node<'_>, born: Option<Stamp>) -> SubjectRole {
    let now = reading.sent.map_or(reading.profile.now, Stamp::earliest);
    let years = born.map(|born| now.japan().year() - born.earliest().japan().year());
    let has_mother =
        || node.all("extension").any(|extension| extension.peek("url").ends_with("/patient-mothersMaidenName"));
    match years {
        Some(years) if years < *AGES_OF_MOTHERS.start() => SubjectRole::Child,
        None if has_mother() || node.peek("multipleBirthInteger").parse::<u8>().is_ok() => SubjectRole::Child,
        Some(years) if years > *AGES_OF_MOTHERS.end() => SubjectRole::OtherPerson,
        None if node.peek("gender").is_empty() => SubjectRole::OtherPerson,
        _ if node.peek("gender") == "male" => SubjectRole::OtherPerson,
        _ => SubjectRole::Mother,
    }
}

/// A Patient as `person_details`, its contacts as `family`.
pub(super) fn patient(reading: &mut Reading<'_>, number: usize) {
    let Some(person) = reading.people.iter().position(|person| person.resource == Some(number)) else { return };
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    let born = dated(node).then(|| reading.stamp(node, "birthDate", "person_details.birth_date")).flatten();
    let late = |born: Stamp| match reading.sent {
        Some(sent) => born.certainly_after(sent),
        None => born.earliest() > reading.profile.now,
    };
    if born.is_some_and(late) {
        reading.error_at(
            "H006",
            node,
            "birthDate",
            "生年月日が送信日時より後です。",
            "The birth date is later than the document.",
        );
    }
    let why_not_born = why_no_birth_date(node).filter(|_| born.is_none());
    if born.is_none() && node.get("birthDate").is_none() && why_not_born.is_none() {
        reading.warning_at("H008", node, "birthDate", "生年月日がありません。", "The birth date is missing.");
    }
    let identifiers = identifiers(node, reading.profile).into_iter();
    let identifiers =
        identifiers.map(|id| proto::Identifier { issuer: id.issuer, value: id.value, kind: id.kind }).collect();
    let deceased_at = reading.stamp(node, "deceasedDateTime", "person_details.deceased_at");
    let deceased = flag(node, "deceasedBoolean", "person_details.deceased").or(deceased_at.map(|_| true));
    let birth_order = node.take("multipleBirthInteger", "person_details.birth_order").parse().ok();
    let birth_order = birth_order.filter(|order| (1..=9).contains(order));
    let multiple = flag(node, "multipleBirthBoolean", "person_details.multiple_birth");
    let details = proto::PersonDetails {
        identifiers,
        names: names(reading, node),
        birth_date: born.map(Stamp::date),
        birth_time: birth_time(reading, node).map(Stamp::date_time),
        sex: sex(reading, node),
        addresses: node.all("address").filter_map(values::address).collect(),
        contacts: node
            .all("telecom")
            .filter_map(|telecom| values::contact(telecom, "person_details.contacts"))
            .collect(),
        deceased,
        deceased_at: deceased_at.map(Stamp::date_time),
        not_disclosed: None,
        birth_order,
        multiple_birth: multiple.or(birth_order.map(|_| true)),
        former_identifiers: former(reading, node, number),
    };
    contacts(reading, person, node);
    let identifiers = details.identifiers.clone();
    if details == (proto::PersonDetails { identifiers, ..proto::PersonDetails::default() }) {
        // Nothing but a number is no description: it would replace one that says more.
        return;
    }
    let mut entry = reading.entry(person, reading.key(person).to_owned(), node, None, Body::PersonDetails(details));
    if deceased == Some(true) {
        entry.label = Label::R.into();
    }
    entry.absent.extend(why_not_born.map(|reason| absence::of("birth_date", reason)));
    reading.update("person_details", entry);
}

/// Numbers of a Patient that this one replaces.
fn former(reading: &Reading<'_>, node: Node<'_>, number: usize) -> Vec<proto::Identifier> {
    const PATH: &str = "person_details.former_identifiers";
    let replaced = node.all("link").filter(|link| link.peek("type") == "replaces");
    let others = replaced.filter_map(|link| {
        link.take("type", PATH);
        let other = link.first("other")?;
        Some(reading.follow(Some(other), number).unwrap_or(other))
    });
    let numbers = others.flat_map(|other| other.all("identifier"));
    let read = numbers.filter_map(|id| values::identifier(id, PATH, reading.profile));
    read.map(|id| proto::Identifier { issuer: id.issuer, value: id.value, kind: id.kind }).collect()
}

pub(super) fn flag(node: Node<'_>, name: &str, path: &'static str) -> Option<bool> {
    match node.take(name, path) {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// The time of birth that stands beside the date.
pub(super) fn birth_time(reading: &mut Reading<'_>, node: Node<'_>) -> Option<Stamp> {
    let extension = node.get("_birthDate")?.all("extension").find(|extension| extension.peek("url") == BIRTH_TIME)?;
    extension.envelope("url");
    reading.stamp(extension, "valueDateTime", "person_details.birth_time")
}

/// Has the element of the birth date a value? In XML it may have nothing but extensions.
fn dated(node: Node<'_>) -> bool {
    node.get("birthDate").is_some_and(|date| date.first("extension").is_none())
}

/// Why there is no birth date, where the Patient says so.
fn why_no_birth_date(node: Node<'_>) -> Option<&'static str> {
    let mut beside = node.get("_birthDate").or_else(|| node.get("birthDate"))?.all("extension");
    let extension = beside.find(|extension| extension.peek("url") == DATA_ABSENT_EXTENSION)?;
    let reason = absence::of_fhir(extension.peek("valueCode"))?;
    extension.envelope("url");
    extension.take("valueCode", "absent");
    Some(reason)
}

fn names(reading: &mut Reading<'_>, node: Node<'_>) -> Vec<proto::HumanName> {
    let read: Vec<_> = node.all("name").filter_map(values::name).collect();
    if read.is_empty() {
        reading.warning_at("H008", node, "name", "氏名がありません。", "A name is missing.");
    }
    if read.iter().any(|(name, _)| types::has_placeholder(&name.text)) {
        reading.warning_at(
            "H102",
            node,
            "name",
            "氏名に外字または代替文字(■)があります。照合には使いません。",
            "The name holds a placeholder for a letter; it is never used for matching.",
        );
    }
    if read.iter().any(|(_, unsplit)| *unsplit) {
        reading.warning_at(
            "H008",
            node,
            "name",
            "姓と名が分かれていません。分けずに読みました。",
            "The name is not split; it was kept whole.",
        );
    }
    read.into_iter().map(|(name, _)| name).collect()
}

fn sex(reading: &mut Reading<'_>, node: Node<'_>) -> Option<i32> {
    let sex = match node.take("gender", "person_details.sex") {
        "" => return None,
        "male" => Sex::Male,
        "female" => Sex::Female,
        "other" => Sex::Other,
        "unknown" => Sex::Unknown,
        _ => {
            reading.warning_at(
                "H104",
                node,
                "gender",
                "性別のコードが表にありません。不明としました。",
                "This gender is not in the table; taken as unknown.",
            );
            Sex::Unknown
        }
    };
    Some(sex.into())
}

/// Patient.contact as `family`: a contact has no identifier, so it never links mother and child.
fn contacts(reading: &mut Reading<'_>, person: usize, node: Node<'_>) {
    let relatives: Vec<_> =
        node.all("contact").filter_map(|contact| relative(contact, contact.first("relationship"))).collect();
    if !relatives.is_empty() {
        reading.relatives(person, node, relatives);
    }
}

fn relative(node: Node<'_>, relationship: Option<Node<'_>>) -> Option<proto::Relative> {
    let names: Vec<_> = node.all("name").filter_map(values::name).map(|(name, _)| name).collect();
    let contacts: Vec<_> =
        node.all("telecom").filter_map(|telecom| values::contact(telecom, "family.relatives.contacts")).collect();
    let relationship = values::coding(relationship, "family.relatives.relationship");
    let addresses: Vec<_> = node.all("address").filter_map(values::address).collect();
    let told = !names.is_empty() || !contacts.is_empty() || !addresses.is_empty() || relationship.is_some();
    told.then_some(proto::Relative { relationship, names, contacts, addresses, ..proto::Relative::default() })
}

/// The relationship of a parent (v3 RoleCode) as the record has it.
fn parent(code: &str) -> Option<&'static str> {
    Some(match code {
        "MTH" | "GESTM" => "MTH",
        "NMTH" => "NMTH",
        "FTH" | "NFTH" => "FTH",
        "ADOPTP" | "ADOPTM" | "ADOPTF" | "ADOPT" => "ADOPT",
        "PRNFOST" | "MTHFOST" | "FTHFOST" => "FOST",
        "GUARD" => "GUARD",
        _ => return None,
    })
}

/// RelatedPerson as `parent_child` where the parent is identified, else as `family`.
pub(super) fn related(reading: &mut Reading<'_>, number: usize) {
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    let Some(child) = reading.person(number, "patient") else { return };
    if node.peek("active") == "false" {
        return super::unread(reading, number);
    }
    let roles = node.all("relationship").flat_map(|concept| concept.all("coding"));
    let code = roles.filter(|coding| coding.peek("system") == ROLE_CODE).find_map(|coding| parent(coding.peek("code")));
    let is_child = reading.people.get(child).is_some_and(|person| person.role() == SubjectRole::Child);
    let Some(code) = code.filter(|_| is_child) else {
        let relative = relative(node, node.first("relationship"));
        relative.into_iter().for_each(|relative| reading.relatives(child, node, vec![relative]));
        return;
    };
    let Some(parent) = identified(reading, number, node, code) else {
        reading.warning(
            "H106",
            node,
            "親の患者番号がないため、児と親を結び付けていません。RelatedPerson.identifierに書いてください。",
            "Without the parent's identifier the child was not linked; write it in RelatedPerson.identifier.",
        );
        let relative = relative(node, node.first("relationship"));
        relative.into_iter().for_each(|relative| reading.relatives(child, node, vec![relative]));
        return;
    };
    values::coding(node.first("relationship"), "parent_child.relationship");
    link(reading, parent, child, node, code, "RelatedPerson");
}

/// The parent: the Patient that refers to this RelatedPerson, or whose number it bears.
fn identified(reading: &mut Reading<'_>, number: usize, node: Node<'_>, code: &str) -> Option<usize> {
    if let Some(known) = reading.linked.get(&number) {
        return Some(*known);
    }
    let read = |id| values::identifier(id, "parent_child", reading.profile);
    let identifiers: Vec<_> = node.all("identifier").filter_map(read).collect();
    let own = identifiers.iter().position(|id| id.own).unwrap_or(0);
    let chosen = identifiers.into_iter().nth(own)?;
    let known = reading.people.len();
    let parent = reading.named(chosen);
    if parent == known
        && let Some(person) = reading.people.get_mut(parent)
    {
        let mother = matches!(code, "MTH" | "NMTH");
        person.subject.role = if mother { SubjectRole::Mother } else { SubjectRole::Guardian }.into();
    }
    Some(parent)
}

/// The link of a parent and a child; the first that is told.
pub(super) fn link(
    reading: &mut Reading<'_>,
    parent: usize,
    child: usize,
    node: Node<'_>,
    code: &str,
    basis: &'static str,
) {
    let Some(mut subject) = reading.people.get(parent).map(|person| person.subject.clone()) else { return };
    if parent == child || subject.role() == SubjectRole::Child {
        reading.warning("H106", node, "親と児が区別できません。", "Parent and child cannot be told apart.");
        return;
    }
    if !matches!(code, "MTH" | "NMTH") && subject.role() == SubjectRole::OtherPerson {
        subject.role = SubjectRole::Guardian.into();
    }
    let word =
        if matches!(code, "MTH" | "NMTH") { "mother".to_owned() } else { format!("parent/{}", subject.identifier) };
    let key = format!("{}/{word}", reading.key(child));
    if reading.entries.iter().any(|entry| entry.source_key == key && matches!(entry.body, Some(Body::ParentChild(_)))) {
        return;
    }
    let body = proto::ParentChild { relationship: code.to_owned(), basis: basis.to_owned(), parental_authority: None };
    let mut entry = reading.entry(child, key, node, None, Body::ParentChild(body));
    entry.subjects.insert(0, subject);
    reading.push("parent_child", entry);
}

/// Warns of every newborn that nothing links to its mother.
pub(super) fn warn_of_unlinked(reading: &mut Reading<'_>) {
    let linked = |person: &Person<'_>| {
        let of_child = |entry: &&proto::Entry| matches!(entry.body, Some(Body::ParentChild(_)));
        reading.entries.iter().filter(of_child).any(|entry| entry.subjects.contains(&person.subject))
    };
    let children = reading.people.iter().filter(|person| person.role() == SubjectRole::Child);
    let unlinked: Vec<_> = children.filter(|person| !linked(person)).filter_map(|person| person.patient).collect();
    for patient in unlinked {
        reading.warning(
            "H106",
            patient,
            "母の患者番号がないため、児と母を結び付けていません。",
            "Without the mother's identifier the child was not linked to her.",
        );
    }
}

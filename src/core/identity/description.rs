//! What is known of a person for comparing, and the terms by which one can be found.

use crate::days;
use crate::id::PersonId;
use crate::japan::contact::{self, Sex};
use crate::japan::{PartialDate, kanji, names, text};
use crate::time::Day;
use musubi_proto::v1 as proto;
use serde::{Deserialize, Serialize};

/// A name in one representation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// The whole name.
    pub text: String,
    /// Family and given name, where the source splits it or one space does.
    pub parts: Option<names::Parts>,
}

impl Name {
    /// From the whole name, split at its one space.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Name { parts: names::split(&text), text }
    }
}

/// Insurance card (被保険者証). Without its branch it names a family, not a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Insurance {
    /// Insurer number (保険者番号).
    pub insurer: String,
    /// Symbol (記号); may be empty.
    pub symbol: String,
    /// Number (番号).
    pub number: String,
    /// Branch (枝番), two digits.
    pub branch: Option<String>,
}

/// What is known of a person for comparing. What is empty counts for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Description {
    /// Names in kanji or Latin letters: every reading of the register entry and every alias. No provisional names.
    pub written: Vec<Name>,
    /// Names in kana.
    pub kana: Vec<Name>,
    /// Family names of earlier times, written or in kana.
    pub former_families: Vec<String>,
    /// Birth date.
    pub birth_date: Option<PartialDate>,
    /// Sex; unknown is not known.
    pub sex: Option<Sex>,
    /// The sex stands in an official register.
    pub sex_from_register: bool,
    /// Telephone numbers as digits.
    pub phones: Vec<String>,
    /// Keys of addresses ([`contact::address_key`]), registered and stay alike.
    pub addresses: Vec<String>,
    /// Municipality codes of those addresses.
    pub municipalities: Vec<String>,
    /// Insurance card.
    pub insurance: Option<Insurance>,
    /// The mother, where she is linked.
    pub mother: Option<PersonId>,
    /// Linked children.
    pub children: Vec<PersonId>,
    /// Place among the children of one birth.
    pub birth_order: Option<u8>,
    /// Was it a multiple birth?
    pub multiple_birth: Option<bool>,
    /// Day of death.
    #[serde(with = "days::optional")]
    pub deceased_on: Option<Day>,
    /// Day of what this description was taken from.
    #[serde(with = "days::optional")]
    pub event_on: Option<Day>,
    /// A shield is in force.
    pub shielded: bool,
}

impl Description {
    /// From the details that an agency sent. Links, insurance, register and shield facts are the caller's to add; a
    /// source's wish not to disclose counts as a shield.
    pub fn of(details: &proto::PersonDetails) -> Self {
        let mut description = Description {
            birth_date: details.birth_date.as_ref().and_then(partial_date),
            sex: sex_of(details),
            birth_order: details.birth_order.and_then(|order| u8::try_from(order).ok()).filter(|order| *order > 0),
            multiple_birth: details.multiple_birth,
            deceased_on: details
                .deceased_at
                .as_ref()
                .and_then(|at| at.date.as_ref())
                .and_then(partial_date)
                .and_then(PartialDate::day),
            shielded: details.not_disclosed == Some(true),
            ..Description::default()
        };
        for name in &details.names {
            description.add_name(name);
        }
        for address in &details.addresses {
            let whole = if address.text.is_empty() {
                [address.prefecture.as_str(), &address.city, &address.line].concat()
            } else {
                address.text.clone()
            };
            let key = contact::address_key(&whole);
            description.addresses.extend(Some(key).filter(|key| !key.is_empty()));
            description.municipalities.extend(Some(address.municipality.clone()).filter(|code| !code.is_empty()));
        }
        for number in details.contacts.iter().filter(|contact| matches!(contact.system.as_str(), "phone" | "mobile")) {
            description.phones.extend(contact::phones(&number.value, None).value);
        }
        description
    }

    fn add_name(&mut self, name: &proto::HumanName) {
        let split = !name.family.is_empty() && !name.given.is_empty();
        let parts = split.then(|| names::Parts { family: name.family.clone(), given: name.given.clone() });
        match name.r#use() {
            proto::NameUse::Provisional => return,
            proto::NameUse::Maiden => {
                let family = parts.or_else(|| names::split(&name.text)).map(|parts| parts.family);
                self.former_families
                    .extend(family.or_else(|| Some(name.family.clone()).filter(|text| !text.is_empty())));
                return;
            }
            _ => {}
        }
        let readings = names::readings(&name.text).into_iter();
        let read = readings.map(|text| Name { parts: names::split(&text).or_else(|| parts.clone()), text });
        if name.representation() == proto::NameRepresentation::Phonetic {
            self.kana.extend(read)
        } else {
            self.written.extend(read)
        }
    }
}

/// The terms under which a person can be suggested, to be stored only as keyed blind indexes: field and normalised text.
///
/// No term holds an address, so that no search by address finds a shielded person (8.6); one who must not be disclosed
/// has no telephone term either.
pub fn search_terms(details: &proto::PersonDetails) -> Vec<(&'static str, String)> {
    let described = Description::of(details);
    let mut terms: Vec<(&'static str, String)> = Vec::new();
    let birth = described.birth_date.filter(|date| date.day().is_some()).map(|date| date.to_string());
    for name in &described.kana {
        let key = text::kana_loose(&name.text);
        terms.extend(birth.iter().map(|birth| ("kana_birth", format!("{key}\u{1f}{birth}"))));
        terms.push(("kana", key));
        if let (Some(parts), Some(birth)) = (&name.parts, &birth) {
            terms.push(("given_kana_birth", format!("{}\u{1f}{birth}", text::kana_loose(&parts.given))));
        }
    }
    for name in &described.written {
        let key = kanji::narrow_key(&name.text);
        terms.extend(birth.iter().map(|birth| ("name_birth", format!("{key}\u{1f}{birth}"))));
        terms.push(("name", key));
    }
    if let (Some(birth), Some(sex)) = (&birth, described.sex) {
        terms.push(("birth_sex", format!("{birth}\u{1f}{}", if sex == Sex::Male { 1 } else { 2 })));
    }
    if !described.shielded {
        terms.extend(described.phones.into_iter().map(|phone| ("phone", phone)));
    }
    terms.retain(|(_, term)| !term.is_empty() && !term.starts_with('\u{1f}'));
    terms.sort();
    terms.dedup();
    terms
}

/// The terms by which a name with a birth date is found: strong enough to suggest that two are one.
pub const BY_NAME: [&str; 2] = ["kana_birth", "name_birth"];

/// The terms of a question: a name in either script, and a birth date `YYYY-MM-DD`.
pub fn terms_of_question(name: &str, birth_date: &str) -> Vec<(&'static str, String)> {
    let [kana, written] = BY_NAME;
    vec![
        (kana, format!("{}\u{1f}{birth_date}", text::kana_loose(name))),
        (written, format!("{}\u{1f}{birth_date}", kanji::narrow_key(name))),
    ]
}

fn sex_of(details: &proto::PersonDetails) -> Option<Sex> {
    match details.sex() {
        proto::Sex::Male => Some(Sex::Male),
        proto::Sex::Female => Some(Sex::Female),
        _ => None,
    }
}

fn partial_date(date: &proto::Date) -> Option<PartialDate> {
    let part = |part: Option<i32>| part.and_then(|part| u8::try_from(part).ok());
    Some(PartialDate { year: i16::try_from(date.year).ok()?, month: part(date.month), day: part(date.day) })
}

//! Rows about who somebody is and how to reach them.

use super::absences;
use super::codes::{self, word};
use super::dates::{has_time, japanese_date, japanese_moment};
use super::{Rows, joined, sex};
use crate::family::Person;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use proto::{NameRepresentation as In, NameUse};

/// The heading of a person: 母, 児, 第1子 …
pub fn heading(person: &Person<'_>) -> String {
    match person.role {
        proto::SubjectRole::Mother => "母".to_owned(),
        proto::SubjectRole::Child => {
            person.birth_order().map_or_else(|| "児".to_owned(), |order| format!("児(第{order}子)"))
        }
        proto::SubjectRole::Guardian => "保護者".to_owned(),
        proto::SubjectRole::OtherPerson | proto::SubjectRole::Unspecified => "関係者".to_owned(),
    }
}

/// The name that a document is headed with: kanji, else letters, else kana.
pub fn name(person: &Person<'_>) -> Option<String> {
    let first = |representation| person.name(representation).map(str::to_owned);
    let any =
        || person.details().into_iter().flat_map(|d| &d.names).map(|name| name.text.clone()).find(|n| !n.is_empty());
    first(In::Ideographic).or_else(|| first(In::Alphabetic)).or_else(|| first(In::Phonetic)).or_else(any)
}

/// The reading of the name, where it is not the name itself.
pub fn kana(person: &Person<'_>) -> Option<String> {
    let kana = person.name(In::Phonetic).map(str::to_owned)?;
    (name(person).as_ref() != Some(&kana)).then_some(kana)
}

/// A name that stands only until there is a right one.
pub fn is_provisional(person: &Person<'_>) -> bool {
    let shown = name(person);
    let mut names = person.details().into_iter().flat_map(|details| &details.names);
    names.any(|name| name.r#use() == NameUse::Provisional && Some(&name.text) == shown.as_ref())
}

/// Birth date, else the day of the birth as the newborn's entry has it.
pub fn birth_date(person: &Person<'_>) -> Option<proto::Date> {
    let dates = person.details().into_iter().find_map(|details| details.birth_date);
    dates.or_else(|| birth_time(person).and_then(|at| at.date))
}

/// Why there is no birth date, where the source says so.
pub fn why_no_birth_date<'a>(person: &Person<'a>) -> Option<&'a str> {
    let details = person.entries.iter().filter(|entry| matches!(entry.body, Some(Body::PersonDetails(_))));
    let absent = details.flat_map(|entry| &entry.absent).find(|absence| absence.field == "birth_date");
    absent.map(|absence| absence.reason.as_str()).filter(|_| birth_date(person).is_none())
}

/// Time of birth.
pub fn birth_time(person: &Person<'_>) -> Option<proto::DateTime> {
    let told = person.details().into_iter().find_map(|details| details.birth_time);
    told.or_else(|| person.newborns().into_iter().find_map(|newborn| newborn.born_at))
}

/// Sex, from the details or the newborn's entry.
pub fn sex_of(person: &Person<'_>) -> Option<i32> {
    let told = person.details().into_iter().find_map(|details| details.sex);
    told.or_else(|| person.newborns().into_iter().find_map(|newborn| newborn.sex))
}

/// Every address that says more than what it is for.
pub fn addresses(person: &Person<'_>) -> Option<String> {
    let all = person.details().into_iter().flat_map(|details| &details.addresses);
    joined(unique(all.filter_map(address)), "\n")
}

/// Every way to reach somebody: `携帯 090-0000-0001`.
pub fn contacts(person: &Person<'_>) -> Option<String> {
    let all = person.details().into_iter().flat_map(|details| &details.contacts);
    joined(unique(all.filter_map(contact)), "\n")
}

/// Identifiers with who issued them.
pub fn identifiers(person: &Person<'_>) -> Option<String> {
    let all = person.details().into_iter().flat_map(|details| &details.identifiers);
    let shown = all.filter(|id| !id.value.is_empty()).map(|id| match id.issuer.as_str() {
        "" => id.value.clone(),
        issuer => format!("{} ({issuer})", id.value),
    });
    joined(unique(shown), "\n")
}

/// Everything about a person but the name.
pub fn rows(person: &Person<'_>) -> Vec<super::Row> {
    let mut rows = Rows::default();
    rows.add("氏名の状態", is_provisional(person).then(|| "仮の氏名".to_owned()));
    let born = birth_time(person).filter(has_time);
    let date = birth_date(person).filter(|date| born.and_then(|at| at.date) != Some(*date));
    rows.add("生年月日", date.as_ref().and_then(japanese_date));
    rows.add("生年月日", why_no_birth_date(person).map(absences::reason));
    rows.add("出生日時", born.as_ref().and_then(japanese_moment));
    rows.add("性別", sex(sex_of(person)));
    let details = person.details();
    let multiple = details.iter().any(|details| details.multiple_birth == Some(true));
    rows.add("多胎", multiple.then(|| "はい".to_owned()));
    let died = details.iter().find_map(|details| details.deceased_at.as_ref()).and_then(japanese_moment);
    let dead = details.iter().any(|details| details.deceased == Some(true));
    rows.marked("死亡", died.or_else(|| dead.then(|| "死亡".to_owned())));
    rows.add("連絡先", contacts(person));
    rows.add("番号", identifiers(person));
    rows.add("住所", addresses(person));
    rows.into_rows()
}

fn address(address: &proto::Address) -> Option<String> {
    let parts = [&address.prefecture, &address.city, &address.line];
    let whole = if address.text.is_empty() { parts.map(String::as_str).concat() } else { address.text.clone() };
    if whole.is_empty() && address.postal_code.is_empty() {
        return None;
    }
    let code = if address.postal_code.is_empty() { String::new() } else { format!("〒{}", address.postal_code) };
    let use_word = match address.r#use.as_str() {
        "" | "home" => String::new(),
        other => format!("[{}]", word(codes::ADDRESS_USE, other)),
    };
    joined([use_word, code, whole], " ")
}

fn contact(contact: &proto::Contact) -> Option<String> {
    if contact.value.is_empty() {
        return None;
    }
    let system =
        if contact.system.is_empty() { "電話".to_owned() } else { word(codes::CONTACT_SYSTEM, &contact.system) };
    let usage = match contact.r#use.as_str() {
        "" | "other" => String::new(),
        other => format!("({})", word(codes::CONTACT_USE, other)),
    };
    Some(format!("{system}{usage} {}", contact.value))
}

fn unique(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for text in texts {
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen
}

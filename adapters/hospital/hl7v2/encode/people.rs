//! PID and what stands beside it: relatives, results without an order, insurance.

use super::super::types;
use super::Message;
use super::line::{Line, coded, components, contact, day, escaped, moment, name, repeated, required};
use crate::family::{Family, Person};
use musubi_core::adapter::{InsuredIn, Profile};
use musubi_core::release::Released;
use musubi_proto::v1 as proto;
use proto::Sex;
use proto::entry::Body;
use std::collections::BTreeMap;

/// The patient; `None` where what was released tells no identifier or no name.
pub(super) fn pid(family: &Family<'_>, at: usize, released: &Released) -> Option<Line> {
    let person = family.people.get(at)?;
    let (entry, details) = person.bodies(crate::family::details).into_iter().next()?;
    if details.names.is_empty() || details.identifiers.is_empty() {
        return None;
    }
    let own = if entry.author == released.recipient().as_str() { entry.author.as_str() } else { "" };
    let identifiers = details.identifiers.iter().map(|id| identifier(id, own));
    let born = details.birth_time.as_ref().map(moment).or_else(|| details.birth_date.as_ref().map(day));
    let flag = |said: Option<bool>| said.map_or(String::new(), |yes| if yes { "Y" } else { "N" }.to_owned());
    let order = details.birth_order.filter(|_| details.multiple_birth == Some(true));
    Some(
        Line::new("PID")
            .with(1, "1".to_owned())
            .with(3, repeated(identifiers))
            .with(5, repeated(details.names.iter().map(name)))
            .with(7, born.unwrap_or_default())
            .with(8, details.sex.map(|_| sex(details.sex()).to_owned()).unwrap_or_default())
            .with(11, repeated(details.addresses.iter().map(address)))
            .with(13, contacts(&details.contacts, false))
            .with(14, contacts(&details.contacts, true))
            .with(21, mother(family, at, released).unwrap_or_default())
            .with(24, flag(details.multiple_birth))
            .with(25, order.map(|order| order.to_string()).unwrap_or_default())
            .at(29, details.deceased_at.as_ref())
            .with(30, flag(details.deceased)),
    )
}

/// CX: the receiver's own identifiers stand bare, all others below their issuer.
fn identifier(id: &proto::Identifier, own: &str) -> String {
    let authority = match id.issuer.strip_prefix(own).filter(|_| !own.is_empty()) {
        Some("") => "",
        Some(below) => below.strip_prefix('/').unwrap_or(&id.issuer),
        None => &id.issuer,
    };
    let is_oid = authority.contains('.') && authority.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_oid {
        // HD: an OID is no name of a sender.
        let parts =
            [components(&[&id.value]), String::new(), String::new(), format!("&{authority}&ISO"), escaped(&id.kind)];
        return parts.join("^").trim_end_matches('^').to_owned();
    }
    components(&[&id.value, "", "", authority, &id.kind])
}

/// PID-21 of a child whose mother was released with it.
fn mother(family: &Family<'_>, at: usize, released: &Released) -> Option<String> {
    let link = family.parents_of(at).find(|link| link.body.relationship == "MTH")?;
    let mother = family.people.get(link.parent)?;
    let named = mother.entries.iter().find_map(|entry| entry.subjects.first());
    let linked = released.record().entries.iter().filter(|entry| matches!(entry.body, Some(Body::ParentChild(_))));
    let subject = named.or_else(|| {
        let mut both = linked.filter(|entry| entry.person_ids.iter().any(|id| id == mother.id));
        both.find_map(|entry| entry.subjects.iter().find(|subject| subject.role() == proto::SubjectRole::Mother))
    })?;
    let (issuer, value) = (subject.issuer.clone(), subject.identifier.clone());
    let own = if issuer.starts_with(released.recipient().as_str()) { released.recipient().as_str() } else { "" };
    Some(identifier(&proto::Identifier { issuer, value, kind: "PI".to_owned() }, own))
}

fn sex(sex: Sex) -> &'static str {
    match sex {
        Sex::Male => "M",
        Sex::Female => "F",
        Sex::Other => "O",
        Sex::Unknown | Sex::Unspecified => "U",
    }
}

/// XAD: the whole address in its eighth component, as Japanese systems write it; in its parts, where they cannot be told from
/// the whole.
fn address(address: &proto::Address) -> String {
    let r#use = match address.r#use.as_str() {
        "home" => "H",
        "work" => "B",
        "birthplace" => "BR",
        "registered" => "L",
        "temporary" | "stay" => "C",
        _ => "",
    };
    let whole = if address.text.is_empty() {
        [address.prefecture.as_str(), &address.city, &address.line].concat()
    } else {
        address.text.clone()
    };
    let parts = (address.prefecture.as_str(), address.city.as_str(), address.line.as_str());
    let told = types::split_address(&whole) == Some(parts) || [parts.0, parts.1, parts.2].concat() != whole;
    if told || whole.is_empty() {
        return components(&["", "", "", "", &address.postal_code, "JPN", r#use, &whole]);
    }
    components(&[parts.2, "", parts.1, parts.0, &address.postal_code, "", r#use])
}

/// EVN: when it was recorded is not known here, only when it happened.
pub(super) fn evn(person: &Person<'_>, occurred: Option<&proto::DateTime>, else_day: &str) -> Line {
    let at = occurred.map_or_else(|| else_day.to_owned(), moment);
    let told = if at.is_empty() { told_at(person) } else { at.clone() };
    Line::new("EVN").with(2, told).with(6, at)
}

/// EVN-2 is required: what is said of the person without a time of its own was told when the last of it was. What takes
/// something back has the time of its message only.
fn told_at(person: &Person<'_>) -> String {
    let says = |entry: &&&proto::Entry| !matches!(entry.body, Some(Body::Withdrawal(_)));
    let told = person.entries.iter().filter(says).filter_map(|entry| entry.occurred_at.as_ref());
    let all = || person.entries.iter().filter_map(|entry| entry.occurred_at.as_ref());
    told.map(moment).max().or_else(|| all().map(moment).max()).unwrap_or_default()
}

/// ADT^A40 where identifiers of the person were retired.
pub(super) fn merge(person: &Person<'_>, pid: &Line) -> Option<Message> {
    let (entry, details) = person.bodies(crate::family::details).into_iter().next()?;
    let retired = repeated(details.former_identifiers.iter().map(|id| identifier(id, &entry.author)));
    let lines = vec![evn(person, None, ""), pid.clone(), Line::new("MRG").with(1, retired.clone())];
    (!retired.is_empty()).then_some(Message { kind: "ADT^A40^ADT_A39", lines })
}

/// What is said of the person besides stays and orders.
pub(super) fn beside(person: &Person<'_>, profile: &Profile) -> Vec<Line> {
    let mut lines = Vec::new();
    for (number, one) in (1..).zip(relatives(person)) {
        lines.push(relative(number, one));
    }
    lines.extend(super::results::without_order(person));
    lines.extend(procedures(person));
    for (number, (_, coverage)) in (1..).zip(person.bodies(coverage)) {
        lines.push(in1(number, coverage, profile.insured_in.as_ref()));
    }
    lines
}

fn relatives<'a>(person: &Person<'a>) -> Vec<&'a proto::Relative> {
    let families = person.bodies(|body| if let Body::Family(family) = body { Some(family) } else { None });
    families.into_iter().flat_map(|(_, family)| &family.relatives).collect()
}

fn relative(number: usize, relative: &proto::Relative) -> Line {
    Line::new("NK1")
        .with(1, number.to_string())
        .with(2, repeated(relative.names.iter().map(name)))
        .coded(3, relative.relationship.as_ref())
        .with(4, repeated(relative.addresses.iter().map(address)))
        .with(5, contacts(&relative.contacts, false))
        .with(6, contacts(&relative.contacts, true))
}

/// What reaches somebody at work, or everywhere else.
fn contacts(all: &[proto::Contact], at_work: bool) -> String {
    repeated(all.iter().filter(|one| (one.r#use == "work") == at_work).map(contact))
}

/// PR1 of what was done: its words stand in PR1-3 too, and PR1-4 is left.
fn procedures(person: &Person<'_>) -> Vec<Line> {
    let observed = person.bodies(|body| if let Body::Observation(observed) = body { Some(observed) } else { None });
    let done = observed.into_iter().filter(|(_, observed)| observed.kind == "procedure" && observed.status == "final");
    let line = |(number, (_, done)): (usize, (&proto::Entry, &proto::Observation))| {
        let line = Line::new("PR1").with(1, number.to_string()).coded(3, done.coded.as_ref());
        line.at(5, done.observed_at.as_ref())
    };
    (1..).zip(done).map(line).collect()
}

const fn coverage(body: &Body) -> Option<&proto::Coverage> {
    if let Body::Coverage(coverage) = body { Some(coverage) } else { None }
}

fn in1(number: usize, coverage: &proto::Coverage, insured_in: Option<&InsuredIn>) -> Line {
    let insurer = if coverage.insurer.is_empty() { &coverage.public_expense_number } else { &coverage.insurer };
    let period = coverage.period.unwrap_or_default();
    insured(coverage, insured_in)
        .with(1, number.to_string())
        .with(2, required(coverage.r#type.as_ref().map(coded).unwrap_or_default()))
        .with(3, required(escaped(insurer)))
        .at(12, period.start.as_ref())
        .at(13, period.end.as_ref())
        .say(17, &coverage.relationship)
}

/// 記号, 番号 and 枝番 where the receiver's profile says that they stand; else 記号 in IN1-10 and 番号 in IN1-11.
fn insured(coverage: &proto::Coverage, insured_in: Option<&InsuredIn>) -> Line {
    let line = Line::new("IN1");
    let Some(InsuredIn { symbol, number, branch }) = insured_in else {
        return line.say(10, &coverage.symbol).say(11, &coverage.number);
    };
    let told =
        [(Some(symbol), &coverage.symbol), (Some(number), &coverage.number), (branch.as_ref(), &coverage.branch)];
    let told = told.into_iter().filter_map(|(part, text)| Some((part?, text)));
    // By field, repetition and component.
    let mut fields: BTreeMap<u8, BTreeMap<u8, BTreeMap<u8, &str>>> = BTreeMap::new();
    for (part, text) in told.filter(|(_, text)| !text.is_empty()) {
        fields.entry(part.field).or_default().entry(part.repetition).or_default().insert(part.component, text);
    }
    fields.into_iter().fold(line, |line, (field, repetitions)| {
        let last = repetitions.last_key_value().map_or(0, |(last, _)| *last);
        let written = (1..=last).map(|at| repetitions.get(&at).map(one_repetition).unwrap_or_default());
        line.with(field.into(), written.collect::<Vec<_>>().join("~"))
    })
}

/// One repetition of a field, of which some components are known.
fn one_repetition(known: &BTreeMap<u8, &str>) -> String {
    let last = known.last_key_value().map_or(0, |(last, _)| *last);
    components(&(1..=last).map(|at| known.get(&at).copied().unwrap_or_default()).collect::<Vec<_>>())
}

//! Data types of FHIR as values of the record (`formats/hospital.md` 4.2 and 4.3); the way back from `datatypes.rs`.

use super::super::datatypes::{self as written, PATIENT_NUMBER, UCUM};
use super::coverage;
use crate::hospital::hl7v2::times::{self, NotADate, Stamp};
use crate::hospital::hl7v2::types;
use crate::hospital::named_by_hash;
use crate::json::Node;
use musubi_core::adapter::Profile;
use musubi_core::agency::AgencyId;
use musubi_core::japan;
use musubi_proto::v1 as proto;
use proto::{NameRepresentation, NameUse};

/// An identifier, and whether the sender itself issues it.
pub(super) struct Identifier {
    pub(super) value: String,
    pub(super) issuer: String,
    pub(super) kind: String,
    pub(super) own: bool,
}

/// Reads an identifier. One without a system is the sender's own; one of another authority stays below the sender's id:
/// nobody may name a person of another institution as if it were that.
pub(super) fn identifier(node: Node<'_>, path: &'static str, profile: &Profile) -> Option<Identifier> {
    let value = node.take("value", path).trim().to_owned();
    if value.is_empty() {
        return None;
    }
    // Where the number of an insurance is all that names somebody, it names by its hash: who may see who she is may not see
    // how she is insured.
    let value = if coverage::is_of_insurance(node) { named_by_hash(value.as_bytes()) } else { value };
    let system = node.take("system", path);
    let kind = coding(node.first("type"), path).map(|coding| coding.code).unwrap_or_default();
    let (issuer, own) = issuer(system, profile);
    Some(Identifier { value, issuer, kind, own })
}

fn issuer(system: &str, profile: &Profile) -> (String, bool) {
    let agency = profile.agency.as_str();
    if system.is_empty() {
        return (agency.to_owned(), true);
    }
    if let Some(digits) = system.strip_prefix(PATIENT_NUMBER) {
        let same = agency.strip_prefix("MED-") == Some(digits);
        if same || profile.knows_sender(digits) || profile.knows_sender(&format!("MED-{digits}")) {
            return (agency.to_owned(), true);
        }
    }
    let named = system.strip_prefix("urn:musubi:agency:").and_then(|rest| rest.strip_suffix(":person"));
    match named.map(unescaped) {
        Some(issuer) if issuer == agency => (issuer, true),
        Some(issuer) if issuer.strip_prefix(agency).is_some_and(|below| below.starts_with('/')) => (issuer, false),
        _ => (format!("{agency}/{}", bare(system)), false),
    }
}

/// Whom a system of patient numbers belongs to, in a question about somebody: any agency may be meant. The way back from
/// `number_system`.
pub(in super::super) fn issuer_named(system: &str, asker: &AgencyId) -> String {
    if system.is_empty() {
        return asker.as_str().to_owned();
    }
    if let Some(digits) = system.strip_prefix(PATIENT_NUMBER) {
        return format!("MED-{digits}");
    }
    let named = system.strip_prefix("urn:musubi:agency:").and_then(|rest| rest.strip_suffix(":person"));
    named.map_or_else(|| bare(system).to_owned(), unescaped)
}

/// The agency that an Organization's identifiers name.
pub(in super::super) fn agency(organization: Node<'_>, path: &'static str) -> Option<String> {
    let named = |node: Node<'_>| {
        let value = node.peek("value");
        let urn = value.strip_prefix("urn:musubi:agency:").map(unescaped);
        let number = (node.peek("system") == written::INSTITUTION).then(|| format!("MED-{value}"));
        let found = urn.or(number)?;
        node.take("system", path);
        node.take("value", path);
        Some(found)
    };
    let own = |node: &Node<'_>| node.peek("value").starts_with("urn:musubi:agency:");
    let first = organization.all("identifier").find(own).and_then(named);
    first.or_else(|| organization.all("identifier").find_map(named))
}

/// The last part of `urn:musubi:agency:<id>:<what>:<name>`, undone.
pub(in super::super) fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = |at: usize| after.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        match (byte, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high << 4 | low).unwrap_or(b'%'));
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// An OID without its scheme, as HL7 v2 and CDA write it.
fn bare(system: &str) -> &str {
    system.strip_prefix("urn:oid:").unwrap_or(system)
}

/// A code system as the record names it: its older name (OID) and its newer one are the same system.
pub(super) fn system(uri: &str) -> String {
    let table = uri.strip_prefix("http://terminology.hl7.org/CodeSystem/v2-").filter(|table| table.len() == 4);
    if let Some(table) = table {
        return format!("HL7{table}");
    }
    if let Some((_, name)) = uri.strip_prefix("urn:musubi:agency:").and_then(|rest| rest.split_once(":code-system:")) {
        return unescaped(name);
    }
    match uri {
        written::ICD10 | "urn:oid:2.16.840.1.113883.6.3.1" | "http://hl7.org/fhir/sid/icd-10" => "I10".to_owned(),
        written::JLAC10 => "JC10".to_owned(),
        "urn:oid:2.16.840.1.113883.6.1" => types::LOINC.to_owned(),
        other => bare(other).to_owned(),
    }
}

/// The coding that a concept is shown by: the first with words, else the first.
pub(super) fn coding(concept: Option<Node<'_>>, path: &'static str) -> Option<proto::Coded> {
    let concept = concept?;
    let worded = concept.all("coding").find(|coding| !coding.peek("display").is_empty());
    let chosen = worded.or_else(|| concept.first("coding")).map(|coding| one_coding(coding, path));
    let text = concept.take("text", path);
    match chosen {
        Some(mut coded) if !coded.code.is_empty() || !coded.text.is_empty() => {
            if !text.is_empty() && text != coded.code {
                text.clone_into(&mut coded.text);
            }
            Some(coded)
        }
        _ if text.is_empty() => None,
        _ => Some(proto::Coded { text: text.to_owned(), ..proto::Coded::default() }),
    }
}

/// What the codings of a concept say besides what it is shown by: the same in other systems, and what the coding that it is
/// shown by displays, where its author wrote something else.
pub(super) fn translations(concept: Option<Node<'_>>, path: &'static str) -> Vec<proto::Coded> {
    let Some(concept) = concept else { return Vec::new() };
    let worded = concept.all("coding").position(|coding| !coding.peek("display").is_empty()).unwrap_or(0);
    let text = concept.peek("text");
    let says_more = |(at, coding): &(usize, Node<'_>)| {
        let (code, display) = (coding.peek("code"), coding.peek("display"));
        match *at == worded {
            true => ![text, code].contains(&"") && !["", text].contains(&display) && text != code,
            false => !code.is_empty() || !["", text].contains(&display),
        }
    };
    let others = concept.all("coding").enumerate().filter(says_more);
    others.map(|(_, coding)| one_coding(coding, path)).collect()
}

/// Every coding of a concept as (system, code), for what it tells beyond its field.
pub(super) fn codes(concept: Option<Node<'_>>) -> Vec<(String, String)> {
    let Some(concept) = concept else { return Vec::new() };
    concept.all("coding").map(one_code).collect()
}

/// A coding that stands alone.
pub(super) fn one_coding(coding: Node<'_>, path: &'static str) -> proto::Coded {
    proto::Coded {
        system: system(coding.take("system", path)),
        code: coding.take("code", path).to_owned(),
        text: coding.take("display", path).to_owned(),
    }
}

/// System and code of a coding.
pub(super) fn one_code(coding: Node<'_>) -> (String, String) {
    (system(coding.peek("system")), coding.peek("code").to_owned())
}

/// Words of a concept: its text, else what its coding displays, else the code.
pub(super) fn words(concept: Option<Node<'_>>, path: &'static str) -> String {
    let coded = coding(concept, path).unwrap_or_default();
    if coded.text.is_empty() { coded.code } else { coded.text }
}

/// The code of a state that FHIR itself defines; what stands beside it and how it is displayed is of no account.
pub(super) fn state<'t>(concept: Option<Node<'t>>, path: &'static str) -> &'t str {
    let codings = || concept.into_iter().flat_map(|concept| concept.all("coding"));
    let of_fhir = codings().find(|coding| coding.peek("system").starts_with("http://terminology.hl7.org/"));
    of_fhir.or_else(|| codings().next()).map_or("", |coding| coding.take("code", path))
}

/// A name, and whether it could not be split into family and given name.
pub(super) fn name(node: Node<'_>) -> Option<(proto::HumanName, bool)> {
    const PATH: &str = "person_details.names";
    let family = node.take("family", PATH).to_owned();
    let given: Vec<&str> = node.all("given").map(|given| given.taken(PATH)).filter(|given| !given.is_empty()).collect();
    let given = given.join(" ");
    let unsplit = family.is_empty() || given.is_empty();
    let whole = node.take("text", PATH);
    let text = match (whole.is_empty(), unsplit) {
        (false, _) => whole.to_owned(),
        (true, true) => format!("{family}{given}"),
        (true, false) => format!("{family} {given}"),
    };
    if text.is_empty() {
        return None;
    }
    let mut extensions = node.all("extension").filter(|extension| extension.peek("url") == written::REPRESENTATION);
    let code = extensions.next().map_or("", |extension| {
        extension.envelope("url");
        extension.take("valueCode", PATH)
    });
    let representation = match code {
        "IDE" => NameRepresentation::Ideographic,
        "SYL" => NameRepresentation::Phonetic,
        "ABC" => NameRepresentation::Alphabetic,
        _ => types::representation("", &text),
    };
    let usage = match node.take("use", PATH) {
        _ if japan::names::is_provisional(&text) || types::has_placeholder(&text) => NameUse::Provisional,
        "temp" => NameUse::Provisional,
        "official" => NameUse::Legal,
        "usual" => NameUse::Display,
        "maiden" => NameUse::Maiden,
        "nickname" => NameUse::Nickname,
        _ => NameUse::Unspecified,
    };
    let (family, given) = if unsplit { (String::new(), String::new()) } else { (family, given) };
    let name = proto::HumanName { representation: representation.into(), r#use: usage.into(), text, family, given };
    Some((name, unsplit))
}

/// An address.
pub(super) fn address(node: Node<'_>) -> Option<proto::Address> {
    const PATH: &str = "person_details.addresses";
    let usage = match node.take("use", PATH) {
        "home" => "home",
        "work" => "work",
        "temp" => "stay",
        _ => "",
    };
    let lines: Vec<&str> = node.all("line").map(|line| line.taken(PATH)).filter(|line| !line.is_empty()).collect();
    let (mut line, mut text) = (lines.join(" "), node.take("text", PATH).to_owned());
    let (mut prefecture, mut city) = (node.take("state", PATH).to_owned(), node.take("city", PATH).to_owned());
    let postal_code = types::postal_code(node.take("postalCode", PATH));
    if text.is_empty() {
        text = [&*prefecture, &*city, &*line].concat();
    } else if prefecture.is_empty() && city.is_empty() && line.is_empty() {
        let parts = types::split_address(&text).unwrap_or(("", "", ""));
        (prefecture, city, line) = (parts.0.to_owned(), parts.1.to_owned(), parts.2.to_owned());
    }
    if text.is_empty() && postal_code.is_empty() {
        return None;
    }
    Some(proto::Address {
        r#use: usage.to_owned(),
        postal_code,
        prefecture,
        city,
        municipality: String::new(),
        line,
        text,
        period: node.first("period").map(|period| span(period, PATH)),
    })
}

/// A telephone number or another way to reach somebody.
pub(super) fn contact(node: Node<'_>, path: &'static str) -> Option<proto::Contact> {
    let value = node.take("value", path).to_owned();
    if value.is_empty() {
        return None;
    }
    let (system, usage) = (node.take("system", path), node.take("use", path));
    let system = match (system, usage) {
        ("fax", _) => "fax",
        ("email", _) => "email",
        (_, "mobile") => "mobile",
        _ => "phone",
    };
    let usage = match usage {
        "home" => "home",
        "work" => "work",
        _ => "other",
    };
    Some(proto::Contact { system: system.to_owned(), r#use: usage.to_owned(), value })
}

/// Reads a FHIR `date`, `dateTime` or `instant`; the flag tells that a time stands there without a zone.
///
/// # Errors
/// When the text is not of that form, or names a day or time that does not exist.
pub(super) fn moment(text: &str) -> Result<(Stamp, bool), NotADate> {
    let (day, clock) = text.split_once('T').map_or((text, None), |(day, clock)| (day, Some(clock)));
    let dashes = day.bytes().filter(|byte| *byte == b'-').count();
    if !matches!((day.len(), dashes), (4, 0) | (7, 1) | (10, 2)) {
        return Err(NotADate::OtherForm);
    }
    let mut written = String::with_capacity(text.len());
    written.extend(day.split('-'));
    let Some(clock) = clock else { return times::read(&written).map(|read| (read.0, false)) };
    let (time, zone) = match clock.find(['Z', '+', '-']).and_then(|at| clock.split_at_checked(at)) {
        Some((time, "Z")) => (time, "+00:00"),
        Some((time, zone)) => (time, zone),
        None => (clock, ""),
    };
    written.extend(time.split(':').chain(zone.split(':')));
    let mut stamp = times::read(&written)?.0;
    // FHIR has no time to the minute: its seconds are zero where nobody knows them.
    stamp.second = stamp.second.filter(|second| *second != 0);
    Ok((stamp, zone.is_empty()))
}

/// The stamp of a member that may be any date; nothing when it is none. For what the reading itself needs to know.
pub(super) fn stamp(node: Node<'_>, name: &str) -> Option<Stamp> {
    moment(node.peek(name)).ok().map(|read| read.0)
}

/// From and until.
pub(super) fn span(period: Node<'_>, path: &'static str) -> proto::Period {
    let end = |name| moment(period.take(name, path)).ok().map(|read| read.0.date_time());
    proto::Period { start: end("start"), end: end("end") }
}

/// A value with its unit: UCUM where the source says so, else as written.
pub(super) fn quantity(node: Node<'_>, path: &'static str) -> Option<proto::Quantity> {
    let value = types::number(node.take("value", path))?;
    let (unit, code) = (node.take("unit", path), node.take("code", path));
    let ucum = node.take("system", path) == UCUM && !code.is_empty();
    let unit = types::unit_named(if ucum || unit.is_empty() { code } else { unit });
    Some(proto::Quantity { value, unit, comparator: node.take("comparator", path).to_owned() })
}

//! Data types of FHIR, from the record's values (`formats/hospital.md` 4.2 and 4.3).

use super::json::{Json, list, object, word};
use crate::wording::{iso_moment, quantity as quantity_text};
use musubi_proto::v1 as proto;
use proto::{NameRepresentation, NameUse};

pub(super) const LOINC: &str = "http://loinc.org";
pub(super) const UCUM: &str = "http://unitsofmeasure.org";
/// Patient numbers of a hospital: this and `1` and its ten digits.
pub(super) const PATIENT_NUMBER: &str = "urn:oid:1.2.392.100495.20.3.51.1";
pub(super) const INSTITUTION: &str = "http://jpfhir.jp/fhir/core/IdSystem/insurance-medical-institution-no";
pub(super) const ICD10: &str = "http://jpfhir.jp/fhir/core/mhlw/CodeSystem/ICD10-2013-full";
pub(super) const JLAC10: &str = "urn:oid:1.2.392.200119.4.504";
pub(super) const REPRESENTATION: &str = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation";

/// Categories of data (`C01` …), purposes (`P1` …), and kinds of agency (`OSC` …) of whom every one is meant.
pub(super) const CATEGORY: &str = "urn:musubi:category";
pub(super) const PURPOSE: &str = "urn:musubi:purpose";
pub(super) const KIND: &str = "urn:musubi:agency-kind";

pub(super) const ROLE_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";
pub(super) const DIAGNOSIS_ROLE: &str = "http://terminology.hl7.org/CodeSystem/diagnosis-role";

/// A coding of a known system.
pub(super) fn coding(system: &'static str, code: &str, display: &'static str) -> Json {
    object([("system", word(system)), ("code", code.into()), ("display", word(display))])
}

/// A concept that is one coding.
pub(super) fn concept(system: &'static str, code: &str, display: &'static str) -> Json {
    object([("coding", list([coding(system, code, display)]))])
}

/// A concept that is only words.
pub(super) fn words(text: &str) -> Json {
    object([("text", text.into())])
}

/// A code as its source wrote it. A local system belongs to the agency that wrote it.
pub(super) fn codeable(coded: &proto::Coded, author: &str) -> Json {
    codeable_with(coded, &[], author)
}

/// A code, and the same in other systems.
pub(super) fn codeable_with(coded: &proto::Coded, others: &[proto::Coded], author: &str) -> Json {
    let text = if coded.text.is_empty() { &coded.code } else { &coded.text };
    let worded = |one: &proto::Coded| match one.code.as_str() {
        "" => object([("display", one.text.as_str().into())]),
        _ => source_coding(one, author),
    };
    let codings = std::iter::once(source_coding(coded, author)).chain(others.iter().map(worded));
    object([("coding", list(codings)), ("text", text.as_str().into())])
}

/// The coding of a source, where its code can stand in one.
pub(super) fn source_coding(coded: &proto::Coded, author: &str) -> Json {
    if !is_code(&coded.code) {
        return Json::Nothing;
    }
    let system = code_system(&coded.system, author);
    object([("system", system), ("code", coded.code.as_str().into()), ("display", coded.text.as_str().into())])
}

/// Is it a FHIR `code`: no blanks at the ends, none doubled, no control characters.
pub(super) fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text.split(' ').all(|part| !part.is_empty())
        && !text.chars().any(|letter| letter.is_control() || (letter.is_whitespace() && letter != ' '))
}

/// The system of a code, as a URI.
pub(super) fn code_system(system: &str, author: &str) -> Json {
    let table = system.strip_prefix("HL7").filter(|table| table.len() == 4 && is_digits(table));
    match system {
        "" => Json::Nothing,
        "LN" | LOINC => word(LOINC),
        "I10" | "ICD10" | "ICD-10" => word(ICD10),
        "JC10" => word(JLAC10),
        _ if table.is_some() => {
            Json::from(format!("http://terminology.hl7.org/CodeSystem/v2-{}", table.unwrap_or_default()))
        }
        other => {
            let local = || format!("{}:code-system:{}", agency_urn(author), escaped(other));
            uri(other).unwrap_or_else(local).into()
        }
    }
}

/// The text as a URI, if it is an absolute one or an OID.
fn uri(text: &str) -> Option<String> {
    let legal = |byte: u8| byte.is_ascii_graphic() && !b"<>\"{}|\\^`'".contains(&byte);
    let absolute = ["http://", "https://", "urn:"].iter().any(|scheme| text.starts_with(scheme));
    if absolute && text.bytes().all(legal) {
        return Some(text.to_owned());
    }
    let parts = || text.split('.');
    let is_oid = matches!(parts().next(), Some("0" | "1" | "2")) && parts().nth(2).is_some() && parts().all(is_digits);
    is_oid.then(|| format!("urn:oid:{text}"))
}

/// The name of an agency as a URI (S-03).
pub(super) fn agency_urn(agency: &str) -> String {
    format!("urn:musubi:agency:{}", escaped(agency))
}

/// Everything but letters, digits and `-._~` as `%XX`.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The ten digits of a medical institution: its agency id is `MED-` and these.
fn institution(agency: &str) -> Option<&str> {
    let digits = agency.strip_prefix("MED-").unwrap_or(agency);
    (digits.len() == 10 && is_digits(digits)).then_some(digits)
}

/// The identifiers of an agency.
pub(super) fn agency_identifiers(agency: &str) -> Json {
    let number = institution(agency).map(|digits| object([("system", INSTITUTION.into()), ("value", digits.into())]));
    let own = object([("system", word("urn:ietf:rfc:3986")), ("value", agency_urn(agency).into())]);
    list([Json::from(number), own])
}

/// The system of the numbers that an issuer gives.
pub(super) fn number_system(issuer: &str, what: &str) -> Option<String> {
    if issuer.is_empty() {
        return None;
    }
    if let (Some(digits), "person") = (institution(issuer), what) {
        return Some(format!("{PATIENT_NUMBER}{digits}"));
    }
    Some(uri(issuer).unwrap_or_else(|| format!("{}:{what}", agency_urn(issuer))))
}

/// A number that somebody gave to something.
pub(super) fn number(system: impl Into<Json>, value: &str) -> Json {
    let value = Json::from(value);
    if value.is_nothing() { value } else { object([("system", system.into()), ("value", value)]) }
}

/// An identifier of a person.
pub(super) fn identifier(id: &proto::Identifier) -> Json {
    if id.value.trim().is_empty() {
        return Json::Nothing;
    }
    let table_0203 = |kind: &str| (2..=6).contains(&kind.len()) && kind.bytes().all(|byte| byte.is_ascii_uppercase());
    let kind = Some(id.kind.as_str()).filter(|kind| table_0203(kind));
    let kind = kind.map(|kind| concept("http://terminology.hl7.org/CodeSystem/v2-0203", kind, ""));
    object([
        ("type", kind.into()),
        ("system", number_system(&id.issuer, "person").into()),
        ("value", id.value.as_str().into()),
    ])
}

/// A name with its representation. Blanks between its parts are half-width, since eCS refuses full-width ones (R1113).
pub(super) fn human_name(name: &proto::HumanName) -> Json {
    let representation = match name.representation() {
        NameRepresentation::Ideographic => Some("IDE"),
        NameRepresentation::Phonetic => Some("SYL"),
        NameRepresentation::Alphabetic => Some("ABC"),
        NameRepresentation::Unspecified => None,
    };
    let extension = representation.map(|code| object([("url", REPRESENTATION.into()), ("valueCode", code.into())]));
    let usage = match name.r#use() {
        NameUse::Legal => Some("official"),
        NameUse::Display => Some("usual"),
        NameUse::Maiden => Some("maiden"),
        NameUse::Nickname => Some("nickname"),
        NameUse::Provisional => Some("temp"),
        NameUse::Unspecified => None,
    };
    let text = Json::from(name.text.replace('\u{3000}', " "));
    if text.is_nothing() {
        return Json::Nothing;
    }
    object([
        ("extension", list([Json::from(extension)])),
        ("use", usage.into()),
        ("text", text),
        ("family", name.family.as_str().into()),
        ("given", list([name.given.as_str().into()])),
    ])
}

/// An address. One that would only say what it is for does not exist.
pub(super) fn address(address: &proto::Address) -> Json {
    let usage = match address.r#use.as_str() {
        "home" => Some("home"),
        "work" => Some("work"),
        "stay" | "temporary" => Some("temp"),
        _ => None,
    };
    let place = [
        ("text", Json::from(address.text.as_str())),
        ("line", list([address.line.as_str().into()])),
        ("city", address.city.as_str().into()),
        ("state", address.prefecture.as_str().into()),
        ("postalCode", address.postal_code.as_str().into()),
    ];
    if place.iter().all(|(_, value)| value.is_nothing()) {
        return Json::Nothing;
    }
    let around = [("country", word("JP")), ("period", period(address.period.as_ref()))];
    object([("use", usage.into())].into_iter().chain(place).chain(around))
}

/// A telephone number or another way to reach somebody.
pub(super) fn contact(contact: &proto::Contact) -> Json {
    if contact.value.trim().is_empty() {
        return Json::Nothing;
    }
    let system = match contact.system.as_str() {
        "fax" => "fax",
        "email" => "email",
        _ => "phone",
    };
    let usage = match (contact.system.as_str(), contact.r#use.as_str()) {
        ("mobile", _) => Some("mobile"),
        (_, "home") => Some("home"),
        (_, "work") => Some("work"),
        _ => None,
    };
    object([("system", system.into()), ("value", contact.value.as_str().into()), ("use", usage.into())])
}

/// From and until, each as precise as it was given.
pub(super) fn period(period: Option<&proto::Period>) -> Json {
    span(period.and_then(|period| period.start.as_ref()), period.and_then(|period| period.end.as_ref()))
}

/// From and until.
pub(super) fn span(start: Option<&proto::DateTime>, end: Option<&proto::DateTime>) -> Json {
    object([("start", moment(start)), ("end", moment(end))])
}

/// A `dateTime`.
pub(super) fn moment(at: Option<&proto::DateTime>) -> Json {
    at.and_then(iso_moment).into()
}

/// The value of an observation: a Quantity where the number is one, else the text.
pub(super) fn quantity(value: Option<&proto::Quantity>) -> (&'static str, Json) {
    let Some(given) = value else { return ("valueQuantity", Json::Nothing) };
    let Some(number) = Json::decimal(&given.value) else { return ("valueString", quantity_text(value).into()) };
    let comparator = Some(given.comparator.as_str()).filter(|sign| matches!(*sign, "<" | "<=" | ">=" | ">"));
    let known = is_ucum(&given.unit);
    let members = [
        ("value", number),
        ("comparator", comparator.into()),
        ("unit", given.unit.as_str().into()),
        ("system", known.then_some(UCUM).into()),
        ("code", known.then_some(given.unit.as_str()).into()),
    ];
    ("valueQuantity", object(members))
}

/// A number of something.
pub(super) fn count(number: i32, unit: &str, ucum: &str) -> (&'static str, Json) {
    let members = [("value", number.into()), ("unit", unit.into()), ("system", UCUM.into()), ("code", ucum.into())];
    ("valueQuantity", object(members))
}

fn is_ucum(unit: &str) -> bool {
    const KNOWN: [&str; 14] = ["g", "kg", "mg", "cm", "mm", "mL", "L", "d", "wk", "min", "/min", "%", "mm[Hg]", "Cel"];
    KNOWN.contains(&unit) || matches!(unit, "{score}" | "g/dL" | "mg/dL")
}

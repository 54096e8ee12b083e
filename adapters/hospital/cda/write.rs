//! A release as a discharge summary, a referral or the answer to one: the header. The body is in `body.rs`.
//!
//! No profile is claimed: C-CDA and the Japanese profiles demand sections that a release may not hold, and an emptied
//! section would tell that something is there.

mod body;
mod coverage;
mod history;
mod maternity;
mod referral;
mod report;
mod screening;
mod stay;
mod values;

use super::tree::V3;
use super::values::{INSTITUTION, PATIENT_NUMBER};
use crate::family::{self, Family, Person};
use crate::hospital::absence;
use crate::wording::dates;
use crate::wording::person as words;
use crate::xml::Writer;
use musubi_core::adapter::EncodeError;
use musubi_core::release::Released;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use proto::{NameRepresentation, NameUse};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

pub(super) const LOINC: &str = "2.16.840.1.113883.6.1";
const CONFIDENTIALITY: &str = "2.16.840.1.113883.5.25";
const ROLE: &str = "2.16.840.1.113883.5.111";
const SEX: &str = "2.16.840.1.113883.5.1";
const ACT: &str = "2.16.840.1.113883.5.4";
/// Names of agencies are URNs (RFC 3986).
const URI: &str = "2.16.840.1.113883.4.873";

/// What the document is about.
struct Subject<'f> {
    family: &'f Family<'f>,
    /// Position of the patient in the family.
    patient: usize,
    one: &'f Person<'f>,
    notice: Option<(&'f proto::Entry, &'f proto::DischargeNotice)>,
    referral: Option<(&'f proto::Entry, &'f proto::Referral)>,
    /// The step that completed a referral: then the document is the answer to it.
    answer: Option<(&'f proto::Entry, &'f proto::ReferralStep)>,
}

impl<'f> Subject<'f> {
    /// The notice, where the document is the summary of a discharge.
    fn summary(&self) -> Option<(&'f proto::Entry, &'f proto::DischargeNotice)> {
        self.notice.filter(|_| self.answer.is_none())
    }

    /// The referral, where the document is one.
    fn request(&self) -> Option<(&'f proto::Entry, &'f proto::Referral)> {
        self.referral.filter(|_| self.answer.is_none() && self.notice.is_none())
    }
}

/// Writes a release: the id follows from what it says, so that the same view has the same id whenever it is sent.
pub(super) fn write(released: &Released) -> Result<Vec<u8>, EncodeError> {
    let family = Family::of(released);
    let answered = |one: &Person<'_>| report::answer(one).is_some();
    let told = |one: &Person<'_>| !one.bodies(family::discharge).is_empty() || !one.bodies(family::referral).is_empty();
    let patient = family.people.iter().position(answered).or_else(|| family.people.iter().position(told));
    let patient = patient.ok_or(EncodeError::NothingToSay)?;
    let one = family.people.get(patient).ok_or(EncodeError::NothingToSay)?;
    let notice = one.bodies(family::discharge).into_iter().next();
    let referral = one.bodies(family::referral).into_iter().next();
    let answer = report::answer(one);
    let subject = Subject { family: &family, patient, one, notice, referral, answer };
    let view = document(released, &subject, None);
    let digest: [u8; 32] = Sha256::digest(&view).into();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(byte, from)| *byte = from);
    Ok(document(released, &subject, Some(Builder::from_custom_bytes(bytes).into_uuid())))
}

/// The document; without its id and time when there is no id yet.
fn document(released: &Released, subject: &Subject<'_>, id: Option<Uuid>) -> Vec<u8> {
    let spaces = [("xmlns:sdtc", "urn:hl7-org:sdtc"), ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")];
    let mut writer = Writer::new("cda", V3, "ClinicalDocument", &spaces);
    let out = &mut writer;
    let (code, display, title) = match (subject.answer, subject.notice) {
        (Some(_), _) => (report::CONSULTATION, "Consult note", "連携報告書"),
        (None, Some(_)) => ("18842-5", "Discharge summary", "退院時サマリー"),
        (None, None) => ("57133-1", "Referral note", "連携依頼票"),
    };
    out.empty("realmCode", &[("code", "JP")]);
    out.empty("typeId", &[("root", "2.16.840.1.113883.1.3"), ("extension", "POCD_HD000040")]);
    let id = id.map(|id| id.to_string());
    out.empty("id", &[("root", id.as_deref().unwrap_or_default())]);
    out.empty("code", &[("code", code), ("codeSystem", LOINC), ("displayName", display)]);
    out.leaf("title", title);
    let at = if id.is_some() { compact(&released.at().rfc3339()) } else { String::new() };
    out.empty("effectiveTime", &[("value", &at)]);
    out.empty("confidentialityCode", &[("code", label(released)), ("codeSystem", CONFIDENTIALITY)]);
    out.empty("languageCode", &[("code", "ja-JP")]);
    record_target(out, subject.one);
    let author = author_of(subject);
    let asked = subject.request().and_then(|(_, referral)| ts(referral.requested_at.as_ref()));
    let written = subject.answer.map_or(asked, |(_, step)| ts(step.at.as_ref()));
    authors(out, author, written.as_deref().unwrap_or(&at));
    custodian(out, author, subject);
    if let Some((_, referral)) = subject.request() {
        recipient(out, &referral.to);
    }
    if let Some((_, step)) = subject.answer {
        recipient(out, &step.to_agency);
    }
    children(out, subject);
    relatives(out, subject.one);
    if let Some((_, referral)) = subject.request() {
        referral::order(out, referral);
    }
    report::orders(out, subject.one);
    stay::write(out, subject);
    body::write(out, released, subject);
    writer.finish()
}

/// `2026-10-30T11:05:00+09:00` as a TS.
fn compact(rfc3339: &str) -> String {
    let text: String = rfc3339.chars().filter(|letter| !matches!(letter, '-' | ':' | 'T')).collect();
    text.split('.').next().unwrap_or(&text).to_owned()
}

/// A date and time as a TS, as precise as it was given.
fn ts(at: Option<&proto::DateTime>) -> Option<String> {
    let at = at?;
    let mut text = date(at.date.as_ref()?)?;
    if let (Some(hour), Some(minute), 8) = (at.hour, at.minute, text.len()) {
        text.push_str(&format!("{hour:02}{minute:02}"));
        if let Some(second) = at.second {
            text.push_str(&format!("{second:02}"));
        }
        text.push_str("+0900");
    }
    Some(text)
}

fn date(date: &proto::Date) -> Option<String> {
    dates::iso_date(date).map(|text| text.replace('-', ""))
}

fn label(released: &Released) -> &'static str {
    match released.record().entries.iter().map(proto::Entry::label).max() {
        Some(proto::Label::V) => "V",
        Some(proto::Label::R) => "R",
        _ => "N",
    }
}

/// Who wrote the answer, the notice or the referral, as far as it was released.
fn author_of<'f>(subject: &Subject<'f>) -> &'f str {
    let of_notice = subject.summary().map(|notice| notice.0);
    let entry = subject.answer.map(|step| step.0).or(of_notice).or(subject.referral.map(|referral| referral.0));
    entry.map_or("", |entry| if entry.author.is_empty() { &entry.author_of_protection } else { &entry.author })
}

/// Ten digits of the medical institution that an agency is.
fn institution(agency: &str) -> Option<&str> {
    agency.strip_prefix("MED-").filter(|digits| digits.len() == 10 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The ids of an agency. Where none is visible it is the gateway.
fn agency_ids(out: &mut Writer, agency: &str) {
    if let Some(digits) = institution(agency) {
        out.empty("id", &[("root", INSTITUTION), ("extension", digits)]);
    }
    let name = if agency.is_empty() { "urn:musubi:gateway".to_owned() } else { format!("urn:musubi:agency:{agency}") };
    out.empty("id", &[("root", URI), ("extension", &name)]);
}

fn record_target(out: &mut Writer, one: &Person<'_>) {
    out.open("recordTarget");
    out.open("patientRole");
    person_ids(out, "id", one);
    for address in one.details().into_iter().flat_map(|details| &details.addresses) {
        write_address(out, address);
    }
    for contact in one.details().into_iter().flat_map(|details| &details.contacts) {
        telecom(out, contact);
    }
    out.open("patient");
    describe(out, one);
    let dead = one.details().into_iter().find_map(|details| details.deceased);
    if let Some(dead) = dead {
        out.empty("sdtc:deceasedInd", &[("value", if dead { "true" } else { "false" })]);
    }
    if let Some(at) = ts(one.details().into_iter().find_map(|details| details.deceased_at.as_ref())) {
        out.empty("sdtc:deceasedTime", &[("value", &at)]);
    }
    for _ in 0..3 {
        out.close();
    }
}

/// Names, sex and time of birth, in the order in which CDA wants them.
fn describe(out: &mut Writer, one: &Person<'_>) {
    for name in one.details().into_iter().flat_map(|details| &details.names) {
        write_name(out, name);
    }
    let sex = words::sex_of(one).and_then(|sex| proto::Sex::try_from(sex).ok());
    let sex = match sex {
        Some(proto::Sex::Male) => "M",
        Some(proto::Sex::Female) => "F",
        Some(proto::Sex::Other) => "UN",
        _ => "",
    };
    if !sex.is_empty() {
        out.empty("administrativeGenderCode", &[("code", sex), ("codeSystem", SEX)]);
    }
    let time = words::birth_time(one).filter(dates::has_time).and_then(|at| ts(Some(&at)));
    if let Some(born) = time.or_else(|| words::birth_date(one).as_ref().and_then(date)) {
        out.empty("birthTime", &[("value", &born)]);
    } else if let Some(flavor) = words::why_no_birth_date(one).and_then(absence::flavor) {
        out.empty("birthTime", &[("nullFlavor", flavor)]);
    }
}

/// The numbers of a person: from the details, else as its entries name it.
fn person_ids(out: &mut Writer, name: &'static str, one: &Person<'_>) {
    let told = one.details().into_iter().flat_map(|details| &details.identifiers);
    let mut all: Vec<(&str, &str)> = told.map(|id| (id.issuer.as_str(), id.value.as_str())).collect();
    let named = one.entries.iter().filter_map(|entry| entry.subjects.first());
    for subject in named.filter(|subject| !subject.identifier.is_empty()) {
        let id = (subject.issuer.as_str(), subject.identifier.as_str());
        if !all.contains(&id) {
            all.push(id);
        }
    }
    for (issuer, value) in all {
        write_id(out, name, issuer, value);
    }
}

fn write_id(out: &mut Writer, name: &'static str, issuer: &str, value: &str) {
    if let Some(digits) = institution(issuer) {
        let root = format!("{PATIENT_NUMBER}{digits}");
        return out.empty(name, &[("root", &root), ("extension", value)]);
    }
    let below = issuer.split_once('/').map_or("", |(_, below)| below);
    let is_oid = below.contains('.') && below.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_oid {
        return out.empty(name, &[("root", below), ("extension", value)]);
    }
    out.empty(name, &[("extension", value), ("assigningAuthorityName", issuer)]);
}

fn write_name(out: &mut Writer, name: &proto::HumanName) {
    let representation = match name.representation() {
        NameRepresentation::Ideographic => "IDE",
        NameRepresentation::Phonetic => "SYL",
        NameRepresentation::Alphabetic => "ABC",
        NameRepresentation::Unspecified => "",
    };
    let usage = match name.r#use() {
        NameUse::Legal => "L",
        NameUse::Nickname => "P",
        _ => "",
    };
    let uses = [usage, representation].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let uses = if uses.is_empty() { Vec::new() } else { vec![("use", uses.as_str())] };
    if name.family.is_empty() || name.given.is_empty() {
        return out.leaf_with("name", &uses, &name.text);
    }
    out.open_with("name", &uses);
    out.leaf("family", &name.family);
    out.leaf("given", &name.given);
    out.close();
}

fn write_address(out: &mut Writer, address: &proto::Address) {
    let usage = match address.r#use.as_str() {
        "home" => "HP",
        "work" => "WP",
        "stay" | "temporary" => "TMP",
        _ => "",
    };
    let uses = if usage.is_empty() { Vec::new() } else { vec![("use", usage)] };
    let parts = [
        ("streetAddressLine", &address.line),
        ("city", &address.city),
        ("state", &address.prefecture),
        ("postalCode", &address.postal_code),
    ];
    if address.line.is_empty()
        && address.city.is_empty()
        && address.prefecture.is_empty()
        && address.postal_code.is_empty()
    {
        if !address.text.is_empty() {
            out.leaf_with("addr", &uses, &address.text);
        }
        return;
    }
    out.open_with("addr", &uses);
    parts.into_iter().for_each(|(name, text)| out.leaf_if(name, text));
    out.close();
}

fn telecom(out: &mut Writer, contact: &proto::Contact) {
    let scheme = match contact.system.as_str() {
        "email" => "mailto",
        "fax" => "fax",
        _ => "tel",
    };
    let usage = match (contact.system.as_str(), contact.r#use.as_str()) {
        ("mobile", _) => "MC",
        (_, "work") => "WP",
        (_, "emergency") => "EC",
        (_, "home") => "HP",
        _ => "",
    };
    let value = format!("{scheme}:{}", contact.value);
    let mut attributes = vec![("value", value.as_str())];
    if !usage.is_empty() {
        attributes.push(("use", usage));
    }
    out.empty("telecom", &attributes);
}

fn authors(out: &mut Writer, agency: &str, at: &str) {
    out.open("author");
    out.empty("time", &[("value", at)]);
    out.open("assignedAuthor");
    agency_ids(out, agency);
    out.open("assignedAuthoringDevice");
    out.leaf("softwareName", "Musubi");
    for _ in 0..3 {
        out.close();
    }
}

fn custodian(out: &mut Writer, agency: &str, subject: &Subject<'_>) {
    out.open("custodian");
    out.open("assignedCustodian");
    out.open("representedCustodianOrganization");
    agency_ids(out, agency);
    out.leaf_if("name", subject.summary().map_or("", |(_, notice)| &notice.institution));
    for _ in 0..3 {
        out.close();
    }
}

fn recipient(out: &mut Writer, agency: &str) {
    if agency.is_empty() {
        return;
    }
    out.open("informationRecipient");
    out.open("intendedRecipient");
    out.open("receivedOrganization");
    agency_ids(out, agency);
    for _ in 0..3 {
        out.close();
    }
}

/// The children of the patient, and for a child its mother, as participants.
fn children(out: &mut Writer, subject: &Subject<'_>) {
    for link in &subject.family.links {
        let (other, code) = match subject.patient {
            patient if patient == link.parent => (link.child, "CHILD"),
            patient if patient == link.child => (link.parent, link.body.relationship.as_str()),
            _ => continue,
        };
        let Some(other) = subject.family.people.get(other) else { continue };
        out.open_with("participant", &[("typeCode", "IND")]);
        out.open_with("associatedEntity", &[("classCode", "PRS")]);
        person_ids(out, "id", other);
        if let Some(named) = link.named.filter(|_| code != "CHILD" && other.entries.is_empty()) {
            write_id(out, "id", &named.issuer, &named.identifier);
        }
        let (code, system) = (code.to_owned(), ROLE.to_owned());
        values::coded(out, "code", &proto::Coded { code, system, text: String::new() }, "");
        out.close();
        out.close();
    }
}

/// Relatives who are not linked, as participants.
fn relatives(out: &mut Writer, one: &Person<'_>) {
    let families = one.bodies(|body| if let Body::Family(family) = body { Some(family) } else { None });
    for relative in families.into_iter().flat_map(|(_, family)| &family.relatives) {
        if *relative == (proto::Relative { lives_together: relative.lives_together, ..proto::Relative::default() }) {
            continue;
        }
        out.open_with("participant", &[("typeCode", "IND")]);
        out.open_with("associatedEntity", &[("classCode", "PRS")]);
        relative.relationship.iter().for_each(|role| values::coded(out, "code", role, ""));
        relative.addresses.iter().for_each(|address| write_address(out, address));
        relative.contacts.iter().for_each(|contact| telecom(out, contact));
        if !relative.names.is_empty() {
            out.open("associatedPerson");
            relative.names.iter().for_each(|name| write_name(out, name));
            out.close();
        }
        out.close();
        out.close();
    }
}

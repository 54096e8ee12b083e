//! `CaseQueryRequest`: who asks, on which ground, for what.

use super::fields;
use super::form::{Faults, Form, leaf, read_document};
use crate::xml::Element;
use musubi_core::adapter::{Diagnostic, Profile};
use musubi_core::agency::Purpose;
use musubi_core::cases::{
    CaseQuery, CaseSeverity, LegalBasis, Level, QueryPurpose, SignalCriterion, UnresponsiveVisits,
};
use musubi_core::consent::GroundCode;
use musubi_core::id::Municipality;
use musubi_core::identity::{Description, Name};
use musubi_core::japan::{PartialDate, contact};
use musubi_core::time::Time;

/// What stands around the criteria of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryEnvelope {
    /// The sender's id of the message.
    pub message_id: String,
    /// When it was made.
    pub created_at: Time,
    /// The sender as it names itself.
    pub sender: String,
    /// Staff id of the person who asks (S-12); the role comes from the hub's register.
    pub worker_id: String,
}

/// Reads a query.
///
/// # Errors
/// Every fault with its place; nothing of the text.
pub fn decode_query(bytes: &[u8], profile: &Profile) -> Result<(QueryEnvelope, CaseQuery), Vec<Diagnostic>> {
    let root = read_document(bytes).map_err(|fault| vec![fault])?;
    let mut faults = Vec::new();
    if root.name != "CaseQueryRequest" {
        faults.push(Diagnostic::error(
            "CG-E004",
            root.place.clone(),
            "照会(CaseQueryRequest)ではありません。",
            "Not a query (CaseQueryRequest).",
        ));
        return Err(faults);
    }
    let children = ["Sender", "PurposeCode", "LegalBasisCode", "RelatedCaseID", "RequestedLevel", "Criteria"];
    let form = Form::open(&root, &children, &["schemaVersion", "messageID", "createdAt"], &mut faults);
    let envelope = envelope(&form, profile, &mut faults);
    let query = query(&form, &mut faults);
    match (envelope, query) {
        (Some(envelope), Some(query)) if faults.is_empty() => Ok((envelope, query)),
        _ => Err(faults),
    }
}

/// Jurisdictions that do not lie in the center's area (`CG-E301`). The area comes from the hub's registry, and so does
/// the id of a transfer or notification that lifts this.
pub fn outside_area(query: &CaseQuery, area: &[Municipality]) -> Vec<Diagnostic> {
    let outside = query.municipalities.iter().any(|code| !area.contains(code));
    let fault = || {
        Diagnostic::error(
            "CG-E301",
            "/CaseQueryRequest/Criteria/JurisdictionCode",
            "管轄区域外の市区町村です。移管または通告の番号を示してください。",
            "A municipality outside the center's area. Give the id of a transfer or notification.",
        )
    };
    outside.then(fault).into_iter().collect()
}

/// Message id, moment, sender and worker of any message.
pub(super) fn envelope(form: &Form<'_>, profile: &Profile, faults: &mut Faults) -> Option<QueryEnvelope> {
    let root = form.element;
    let attribute = |name: &str| root.attribute(name).unwrap_or_default();
    let message_id = fields::id(attribute("messageID"), &root.place_of("@messageID"), faults);
    let created_at = fields::moment(attribute("createdAt"), &root.place_of("@createdAt"), faults);
    let sender = form.required("Sender", "CG-E004", faults)?;
    let sender = Form::open(sender, &["OrganizationIdentification", "WorkerID"], &[], faults);
    let organization = sender.text("OrganizationIdentification", "CG-E004", faults);
    if organization.is_some_and(|name| !profile.knows_sender(name)) {
        faults.push(Diagnostic::error(
            "CG-E304",
            sender.element.place_of("OrganizationIdentification"),
            "差出人が接続中の機関と一致しません。",
            "The sender is not the agency of the connection.",
        ));
    }
    let worker = sender.text("WorkerID", "CG-E302", faults);
    let worker = worker.and_then(|id| fields::id(id, &sender.element.place_of("WorkerID"), faults));
    Some(QueryEnvelope {
        message_id: message_id?.to_owned(),
        created_at: created_at?,
        sender: organization?.to_owned(),
        worker_id: worker?.to_owned(),
    })
}

fn query(form: &Form<'_>, faults: &mut Faults) -> Option<CaseQuery> {
    let root = form.element;
    let purpose = form.text("PurposeCode", "CG-E004", faults);
    let purpose: Option<QueryPurpose> =
        purpose.and_then(|text| fields::word(text, &root.place_of("PurposeCode"), faults));
    let counts_only = purpose == Some(QueryPurpose::Statistics);
    let basis = basis(form, counts_only, faults);
    let ground =
        if counts_only { form.text_if("RelatedCaseID", faults) } else { form.text("RelatedCaseID", "CG-E305", faults) };
    let ground = ground.and_then(|text| fields::number(text, &root.place_of("RelatedCaseID"), faults));
    let level = form.text_if("RequestedLevel", faults);
    let level = level.map_or(Some(Level::L0), |text| level_of(text, &root.place_of("RequestedLevel"), faults));
    let criteria = form.required("Criteria", "CG-E004", faults);
    // What could not be read is a fault already; the rest is read all the same, so that every fault is told at once.
    let purpose = purpose.map_or(Purpose::P5, |purpose| purpose.purpose(basis));
    let mut query = CaseQuery::new(ground.unwrap_or_default(), purpose, level.unwrap_or(Level::L0));
    query.basis = basis.and_then(LegalBasis::ground);
    read_criteria(&mut query, criteria?, faults);
    Some(query)
}

/// Only a basis that can open cases to a child guidance center: not CAPTA 5(4), which lifts secrecy and grants nothing,
/// and not CWA 21-10-5, which is for one-stop centers.
fn basis(form: &Form<'_>, counts_only: bool, faults: &mut Faults) -> Option<LegalBasis> {
    let text = if counts_only {
        form.text_if("LegalBasisCode", faults)?
    } else {
        form.text("LegalBasisCode", "CG-E303", faults)?
    };
    let basis = text.parse::<LegalBasis>().ok().filter(|basis| basis.ground() != Some(GroundCode::L03));
    if basis.is_none() {
        faults.push(Diagnostic::error(
            "CG-E303",
            form.element.place_of("LegalBasisCode"),
            "この法的根拠では照会できません。児童虐待防止法第13条の4、児童福祉法第25条の3などを示してください。",
            "This legal basis opens no query. Cite CAPTA 13-4, CWA 25-3 or a notification.",
        ));
    }
    basis
}

pub(super) fn level_of(text: &str, place: &str, faults: &mut Faults) -> Option<Level> {
    match fields::one_of(text, &["L0", "L1", "L2", "L3"], place, faults)? {
        "L0" => Some(Level::L0),
        "L1" => Some(Level::L1),
        "L2" => Some(Level::L2),
        _ => Some(Level::L3),
    }
}

const CRITERIA: &[&str] = &[
    "PersonCriterion",
    "JurisdictionCode",
    "CategoryCode",
    "SeverityAtLeast",
    "UrgencyCode",
    "AgeMonthsFrom",
    "AgeMonthsTo",
    "IncludeUnborn",
    "SignalCode",
    "UnresponsiveVisitCount",
    "PreviousNotificationCount",
    "MovedSince",
];

fn read_criteria(query: &mut CaseQuery, element: &Element, faults: &mut Faults) {
    let form = Form::open(element, CRITERIA, &[], faults);
    let place = |name: &str| element.place_of(name);
    query.municipalities = each(element, "JurisdictionCode", faults, fields::municipality);
    query.categories = each(element, "CategoryCode", faults, fields::word);
    query.urgencies = each(element, "UrgencyCode", faults, fields::word);
    query.signals = each(element, "SignalCode", faults, fields::word::<SignalCriterion>);
    query.severity_at_least = form.optional("SeverityAtLeast", faults).and_then(|found| severity(found, faults));
    let from = form.text_if("AgeMonthsFrom", faults);
    query.age_months_from = from.and_then(|text| fields::count(text, &place("AgeMonthsFrom"), faults));
    let to = form.text_if("AgeMonthsTo", faults);
    query.age_months_to = to.and_then(|text| fields::count(text, &place("AgeMonthsTo"), faults));
    let unborn = form.text_if("IncludeUnborn", faults);
    query.include_unborn =
        unborn.and_then(|text| fields::yes_no(text, &place("IncludeUnborn"), faults)).unwrap_or(false);
    if let Some(visits) = form.optional("UnresponsiveVisitCount", faults) {
        leaf(visits, &["atLeast", "withinDays"], faults);
        let at_least = attribute_count(visits, "atLeast", faults);
        let within_days = attribute_count(visits, "withinDays", faults);
        query.unresponsive_visits =
            at_least.zip(within_days).map(|(at_least, within_days)| UnresponsiveVisits { at_least, within_days });
    }
    if let Some(notifications) = form.optional("PreviousNotificationCount", faults) {
        leaf(notifications, &["atLeast"], faults);
        query.previous_notifications_at_least = attribute_count(notifications, "atLeast", faults);
    }
    let moved = form.text_if("MovedSince", faults);
    query.moved_since = moved.and_then(|text| fields::date(text, &place("MovedSince"), faults));
    query.person = form.optional("PersonCriterion", faults).and_then(|person| description(person, faults));
}

fn each<T>(
    element: &Element,
    name: &str,
    faults: &mut Faults,
    read: fn(&str, &str, &mut Faults) -> Option<T>,
) -> Vec<T> {
    let mut values = Vec::new();
    for found in element.all(name) {
        if let Some(text) = leaf(found, &[], faults) {
            values.extend(read(text, &found.place, faults));
        }
    }
    values
}

fn attribute_count(element: &Element, name: &str, faults: &mut Faults) -> Option<u32> {
    fields::count(element.attribute(name).unwrap_or_default(), &element.place_of(&format!("@{name}")), faults)
}

/// Only with its scale: the code values of NIEM mean something else.
fn severity(element: &Element, faults: &mut Faults) -> Option<CaseSeverity> {
    let text = leaf(element, &["scale"], faults)?;
    let scale = element.attribute("scale").unwrap_or_default();
    fields::one_of(scale, &["JP5"], &element.place_of("@scale"), faults)?;
    fields::word(text, &element.place, faults)
}

fn description(element: &Element, faults: &mut Faults) -> Option<Description> {
    let children = ["PersonName", "PersonKanaName", "PersonBirthDate", "PersonSexCode", "AddressFullText"];
    let form = Form::open(element, &children, &[], faults);
    let mut person = Description::default();
    if let Some(name) = form.optional("PersonName", faults).and_then(|name| full_name(name, faults)) {
        person.written.push(Name::new(name));
    }
    person.kana.extend(form.text_if("PersonKanaName", faults).map(Name::new));
    let born = form.text_if("PersonBirthDate", faults);
    let born = born.and_then(|text| fields::birth_date(text, &element.place_of("PersonBirthDate"), faults));
    person.birth_date = born.map(PartialDate::whole);
    if let Some(text) = form.text_if("PersonSexCode", faults) {
        match contact::sex(text) {
            Ok(sex) => person.sex = Some(sex).filter(|sex| *sex != contact::Sex::Unknown),
            Err(problem) => faults.push(problem.at(element.place_of("PersonSexCode"))),
        }
    }
    person.addresses.extend(form.text_if("AddressFullText", faults).map(contact::address_key));
    if person == Description::default() {
        faults.push(Diagnostic::error(
            "CG-E004",
            element.place.clone(),
            "対象者の条件が空です。",
            "The criterion names nothing of a person.",
        ));
        return None;
    }
    Some(person)
}

/// `PersonFullName`, or family and given name.
pub(super) fn full_name(element: &Element, faults: &mut Faults) -> Option<String> {
    let form = Form::open(element, &["PersonFullName", "PersonSurName", "PersonGivenName"], &[], faults);
    let full = form.text_if("PersonFullName", faults).map(str::to_owned);
    let family = form.text_if("PersonSurName", faults);
    let given = form.text_if("PersonGivenName", faults);
    full.or_else(|| Some(format!("{}\u{3000}{}", family?, given?)))
}

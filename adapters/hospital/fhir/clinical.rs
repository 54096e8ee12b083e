//! What was done: Encounter, Condition, and documents that are attached.

use super::coverage;
use super::datatypes::{
    CATEGORY, DIAGNOSIS_ROLE, code_system, codeable, codeable_with, coding, concept, is_code, moment, number,
    number_system, period, span, words,
};
use super::document::{Document, Slot, author_of};
use super::json::{Json, list, object, word};
use super::observations;
use super::people::Agencies;
use super::relatives;
use super::requests;
use super::sections;
use crate::family::{Family, Person, condition, discharge, encounter};
use crate::hospital::xhtml::{self, Form};
use crate::wording::rows::destination;
use crate::wording::state;
use base64::Engine as _;
use musubi_proto::v1 as proto;
use proto::entry::Body;

const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

/// What the resources of one entry share.
pub(super) struct Context<'c, 'f> {
    pub(super) document: &'c mut Document,
    pub(super) agencies: &'c mut Agencies,
    pub(super) family: &'c Family<'f>,
    pub(super) one: &'c Person<'f>,
    pub(super) subject: Json,
    pub(super) author: Json,
}

/// The resources of one entry, in the order of its fields.
pub(super) fn write(context: &mut Context<'_, '_>, entry: &proto::Entry) -> Vec<Slot> {
    let Some(body) = &entry.body else { return Vec::new() };
    match body {
        Body::DischargeNotice(notice) => stay(context, entry, notice),
        Body::Encounter(encounter) => visit(context, entry, encounter),
        Body::Condition(condition) => diagnosis(context, entry, condition).into_iter().collect(),
        Body::Observation(observation) => observations::finding(context, entry, observation).into_iter().collect(),
        Body::Newborn(newborn) => observations::birth(context, newborn),
        Body::Delivery(delivery) => observations::labour(context, entry, delivery),
        Body::Screening(screening) => observations::questionnaire(context, screening).into_iter().collect(),
        Body::PregnancyNotification(notification) => observations::pregnancy(context, notification),
        Body::PostpartumCheck(check) => {
            observations::measured(context, entry, &check.measurements, check.visited_on.as_ref())
        }
        Body::InfantCheck(check) => observations::infant_check(context, entry, check),
        Body::HomeVisit(visit) => observations::home_visit(context, visit),
        Body::Document(document) => vec![attached(context, entry, document)],
        Body::ReferralStep(step) => requests::step(context, step).into_iter().collect(),
        Body::Referral(referral) => vec![requests::request(context, referral)],
        Body::Coverage(coverage) => vec![coverage::write(context, entry, coverage)],
        Body::Family(family) => relatives::write(context, entry, family),
        _ => Vec::new(),
    }
}

/// The stay that a notice reports, with its diagnoses. What the same message says in an encounter belongs to it.
fn stay(context: &mut Context<'_, '_>, entry: &proto::Entry, notice: &proto::DischargeNotice) -> Vec<Slot> {
    let author = author_of(entry);
    let mut slots = vec![context.document.reserve()];
    let this = slots.first().map(|slot| context.document.reference(*slot)).unwrap_or_default();
    let stated = context.one.bodies(condition);
    let diagnoses: Vec<Slot> = notice
        .diagnoses
        .iter()
        .filter(|code| !stated.iter().any(|(of, one)| author_of(of) == author && one.code.as_ref() == Some(code)))
        .filter_map(|code| {
            condition_of(context, codeable(code, author), Said { encounter: this.clone(), ..Said::default() })
        })
        .collect();
    let same_stay = |other: &proto::Entry| other.source_message == entry.source_message && author_of(other) == author;
    let visits = context.one.bodies(encounter);
    let visit = visits.into_iter().find(|(other, _)| same_stay(other)).map(|(_, visit)| visit);
    let within = visit.and_then(|visit| visit.period.as_ref());
    let start = notice.admitted_at.as_ref().or(within.and_then(|period| period.start.as_ref()));
    let end = notice.discharged_at.as_ref().or(within.and_then(|period| period.end.as_ref()));
    let uses = concept(DIAGNOSIS_ROLE, "DD", "Discharge diagnosis");
    let diagnosis = |slot: &Slot| object([("condition", context.document.reference(*slot)), ("use", uses.clone())]);
    let diagnosis = list(diagnoses.iter().map(diagnosis));
    let none = proto::Encounter::default();
    let members = vec![
        ("identifier", visit_number(visit.unwrap_or(&none), author)),
        ("status", if end.is_some() { "finished" } else { "in-progress" }.into()),
        ("class", class(visit.map_or("inpatient", |visit| &visit.class))),
        ("serviceType", words(first(&notice.department, visit.map(|visit| &visit.department)))),
        ("subject", context.subject.clone()),
        ("participant", attending(first(&notice.attending, visit.map(|visit| &visit.attending)))),
        ("period", span(start, end)),
        ("diagnosis", diagnosis),
        ("hospitalization", hospitalization(notice, visit, author)),
        ("location", location(first(&notice.ward, visit.map(|visit| &visit.ward)))),
        ("serviceProvider", context.author.clone()),
    ];
    if let Some(slot) = slots.first() {
        context.document.fill(*slot, "Encounter", members);
    }
    slots.extend(diagnoses);
    slots.extend(observations::texts(context, notice));
    slots
}

fn first<'a>(one: &'a str, other: Option<&'a String>) -> &'a str {
    if one.is_empty() { other.map_or("", String::as_str) } else { one }
}

/// Where from, where to, and how it ended: three different things.
fn hospitalization(notice: &proto::DischargeNotice, visit: Option<&proto::Encounter>, author: &str) -> Json {
    let to = notice.destination.as_ref();
    let code = to.filter(|to| is_code(&to.code));
    let identifier = code.map(|code| number(code_system(&code.system, author), &code.code));
    let source = visit.map(|visit| words(&visit.admit_source));
    let outcome = notice.outcome.as_ref().map(|outcome| codeable(outcome, author));
    object([
        ("admitSource", source.into()),
        ("destination", object([("identifier", identifier.into()), ("display", destination(to).into())])),
        ("dischargeDisposition", outcome.into()),
    ])
}

/// A visit of its own, unless a notice of the same message speaks of the same stay.
fn visit(context: &mut Context<'_, '_>, entry: &proto::Entry, visit: &proto::Encounter) -> Vec<Slot> {
    let notices = context.one.bodies(discharge);
    let author = author_of(entry);
    if notices.iter().any(|(other, _)| other.source_message == entry.source_message && author_of(other) == author) {
        return Vec::new();
    }
    let ended = visit.period.as_ref().is_some_and(|period| period.end.is_some());
    let status = match visit.status.as_str() {
        "planned" => "planned",
        "in_progress" => "in-progress",
        "finished" => "finished",
        _ if ended => "finished",
        _ => "unknown",
    };
    let members = vec![
        ("identifier", visit_number(visit, author)),
        ("status", status.into()),
        ("class", class(&visit.class)),
        ("serviceType", words(&visit.department)),
        ("subject", context.subject.clone()),
        ("participant", attending(&visit.attending)),
        ("period", period(visit.period.as_ref())),
        ("hospitalization", object([("admitSource", words(&visit.admit_source))])),
        ("location", location(&visit.ward)),
        ("serviceProvider", context.author.clone()),
    ];
    vec![context.document.add("Encounter", members)]
}

fn visit_number(visit: &proto::Encounter, author: &str) -> Json {
    list([number(number_system(author, "visit"), &visit.visit_number)])
}

/// The class is required: where the source says none that FHIR knows, it is unknown (always said the same way).
fn class(class: &str) -> Json {
    match class {
        "inpatient" | "obstetrics" => coding(ACT_CODE, "IMP", "inpatient encounter"),
        "outpatient" => coding(ACT_CODE, "AMB", "ambulatory"),
        "emergency" => coding(ACT_CODE, "EMER", "emergency"),
        _ => coding("http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "UNK", "unknown"),
    }
}

fn attending(name: &str) -> Json {
    let who = object([("display", name.into())]);
    if who.is_nothing() {
        return Json::Nothing;
    }
    let role = concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "ATND", "attender");
    list([object([("type", list([role])), ("individual", who)])])
}

fn location(ward: &str) -> Json {
    list([object([("location", object([("display", ward.into())]))])])
}

/// What is said of a diagnosis besides its code.
#[derive(Default)]
pub(super) struct Said {
    verification: Json,
    role: Json,
    encounter: Json,
    onset: Json,
    clinical: Json,
    abated: Json,
    recorded: Json,
}

/// A Condition of the person; none for a code that says nothing.
pub(super) fn condition_of(context: &mut Context<'_, '_>, code: Json, said: Said) -> Option<Slot> {
    if code.is_nothing() {
        return None;
    }
    let category = "http://terminology.hl7.org/CodeSystem/condition-category";
    let members = vec![
        ("clinicalStatus", said.clinical),
        ("verificationStatus", said.verification),
        ("category", list([concept(category, "encounter-diagnosis", "Encounter Diagnosis"), said.role])),
        ("code", code),
        ("subject", context.subject.clone()),
        ("encounter", said.encounter),
        ("onsetDateTime", said.onset),
        ("abatementDateTime", said.abated),
        ("recordedDate", said.recorded),
    ];
    Some(context.document.add("Condition", members))
}

fn diagnosis(context: &mut Context<'_, '_>, entry: &proto::Entry, condition: &proto::Condition) -> Option<Slot> {
    let status = "http://terminology.hl7.org/CodeSystem/condition-ver-status";
    let verification = match (condition.negated, condition.kind.as_str()) {
        (Some(true), _) => concept(status, "refuted", "Refuted"),
        (_, "final") => concept(status, "confirmed", "Confirmed"),
        (_, "working") => concept(status, "provisional", "Provisional"),
        _ => Json::Nothing,
    };
    let admission = (condition.kind == "admission").then(|| concept(DIAGNOSIS_ROLE, "AD", "Admission diagnosis"));
    let author = author_of(entry);
    let code = condition.code.as_ref().map(|code| codeable_with(code, &condition.translations, author));
    let code = code.unwrap_or_default();
    // What is said to be there has no end (con-4).
    let ended = condition.ended.as_ref().filter(|_| state::is_over(condition));
    let said = Said {
        verification,
        clinical: clinical(state::of(condition)),
        role: admission.into(),
        encounter: Json::Nothing,
        onset: moment(condition.onset.as_ref()),
        abated: moment(ended),
        recorded: moment(condition.recorded_at.as_ref()),
    };
    condition_of(context, code, said)
}

/// Whether it is so now.
fn clinical(state: &str) -> Json {
    let system = "http://terminology.hl7.org/CodeSystem/condition-clinical";
    match state {
        "active" => concept(system, "active", "Active"),
        "recurrence" => concept(system, "recurrence", "Recurrence"),
        "relapse" => concept(system, "relapse", "Relapse"),
        "inactive" => concept(system, "inactive", "Inactive"),
        "remission" => concept(system, "remission", "Remission"),
        "resolved" => concept(system, "resolved", "Resolved"),
        _ => Json::Nothing,
    }
}

/// A document that is shown whole, as an attachment.
fn attached(context: &mut Context<'_, '_>, entry: &proto::Entry, paper: &proto::Document) -> Slot {
    let data = base64::engine::general_purpose::STANDARD.encode(&paper.content);
    let attachment = object([
        ("contentType", paper.media_type.as_str().into()),
        ("data", data.into()),
        ("title", paper.title.as_str().into()),
    ]);
    // What it may tell stays known wherever it is read again.
    let tells = paper.categories().map(|told| told.as_str_name().split('_').next().unwrap_or_default().to_owned());
    let tells = tells.map(|code| object([("system", word(CATEGORY)), ("code", code.into())]));
    let text = xhtml::markup(&paper.xhtml, Form::Xhtml).map(|marked| sections::narrative_of(false, &marked));
    let members = vec![
        ("text", text.into()),
        ("status", word("current")),
        ("type", paper.r#type.as_ref().map(|kind| codeable(kind, author_of(entry))).into()),
        ("subject", context.subject.clone()),
        ("author", list([context.author.clone()])),
        ("securityLabel", list([object([("coding", list(tells))])])),
        ("content", list([object([("attachment", attachment)])])),
    ];
    context.document.add("DocumentReference", members)
}

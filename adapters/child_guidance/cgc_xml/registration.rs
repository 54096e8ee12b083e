//! `CaseRegistration`: a case of a child guidance center becomes entries of the shared record.
//!
//! One entry for the case, one for each person, for each link of parent and child, and for each contact. Allegations and
//! assessments are parts of the case. Signals are kept with the raw bytes only: the hub finds its own.

mod case;
mod people;

use super::fields;
use super::form::{Faults, Form};
use super::query::envelope;
use crate::xml::Element;
use musubi_core::adapter::{Decoded, Diagnostic, Fate, Item, Ledger, Profile};
use musubi_core::record::Submission;
use musubi_core::time::{Day, Time};
use musubi_proto::v1 as proto;
use people::People;
use proto::entry::Body;

/// Reads a registration.
pub(super) fn decode(root: &Element, profile: &Profile) -> Decoded {
    let mut faults = Vec::new();
    let message = message(root, profile, &mut faults);
    let mut ledger = Ledger::default();
    let submission = match message {
        Some(message) if faults.is_empty() => match Submission::check(message) {
            Ok(submission) => {
                account(root, &mut ledger);
                Some(submission)
            }
            Err(found) => {
                faults.extend(found);
                None
            }
        },
        _ => None,
    };
    let item = Item::new("message 1", submission, faults);
    Decoded { items: vec![item], diagnostics: Vec::new(), ledger }
}

fn message(root: &Element, profile: &Profile, faults: &mut Faults) -> Option<proto::Submission> {
    let attributes = ["schemaVersion", "messageID", "createdAt"];
    let form = Form::open(root, &["Sender", "ChildWelfareCase"], &attributes, faults);
    let envelope = envelope(&form, profile, faults);
    let element = form.required("ChildWelfareCase", "CG-E004", faults)?;
    let entries = entries(element, profile.agency.as_str(), faults);
    let envelope = envelope?;
    Some(proto::Submission {
        format: "cgc-xml".to_owned(),
        message_id: envelope.message_id,
        sent_at: Some(moment_of(envelope.created_at)),
        entries,
        municipality: profile.default_municipality.clone().map(String::from).unwrap_or_default(),
        ..Default::default()
    })
}

const CASE: &[&str] = &[
    "ChildWelfareAgencyCaseID",
    "CaseTrackingID",
    "CategoryCode",
    "CaseInitiationReasonCode",
    "CaseStatus",
    "IntakeDateTime",
    "ReporterRouteCode",
    "LeadAgency",
    "OtherAgency",
    "SubjectPerson",
    "RelatedPerson",
    "ParentChildAssociation",
    "Allegation",
    "RiskAssessment",
    "ContactActivity",
    "Signal",
    "PlanSummary",
    "NextReviewDate",
    "DataPrivacy",
];

fn entries(element: &Element, issuer: &str, faults: &mut Faults) -> Vec<proto::Entry> {
    let form = Form::open(element, CASE, &[], faults);
    let people = People::read(&form, issuer, faults);
    let label = sensitivity(&form, faults);
    let mut entries = Vec::new();
    if let Some((key, case)) = case::read(&form, faults) {
        entries.push(people.about_subjects(format!("case:{key}"), element, Body::WelfareCase(case)));
    }
    for contact in element.all("ContactActivity") {
        if let Some((key, attempt)) = case::contact(contact, faults) {
            let occurred_at = attempt.at;
            let body = Body::ContactAttempt(attempt);
            let entry = people.about_subjects(format!("contact:{key}"), contact, body);
            entries.push(proto::Entry { occurred_at, ..entry });
        }
    }
    entries.extend(people.links(&form, faults));
    entries.extend(people.into_details());
    for entry in &mut entries {
        entry.label = label.into();
    }
    entries
}

/// `DataPrivacy` says how sensitive the whole case is: N, R or V.
fn sensitivity(form: &Form<'_>, faults: &mut Faults) -> proto::Label {
    let Some(element) = form.required("DataPrivacy", "CG-E004", faults) else { return proto::Label::Unspecified };
    let privacy = Form::open(element, &["SensitivityText"], &[], faults);
    let text = privacy.text_if("SensitivityText", faults);
    match text.and_then(|text| fields::one_of(text, &["N", "R", "V"], &element.place_of("SensitivityText"), faults)) {
        Some("R") => proto::Label::R,
        Some("V") => proto::Label::V,
        Some(_) => proto::Label::N,
        None => proto::Label::Unspecified,
    }
}

fn date_of(day: Day) -> proto::Date {
    proto::Date { year: day.year().into(), month: Some(day.month().into()), day: Some(day.day().into()) }
}

fn moment_of(time: Time) -> proto::DateTime {
    let at = time.japan();
    proto::DateTime {
        date: Some(date_of(at.date())),
        hour: Some(at.hour().into()),
        minute: Some(at.minute().into()),
        second: Some(at.second().into()),
    }
}

/// What became of every element and attribute that held something.
fn account(element: &Element, ledger: &mut Ledger) {
    for attribute in &element.attributes {
        let fate = if element.name == "CaseRegistration" { Fate::Envelope } else { fate(&element.place) };
        ledger.note(1, &element.place_of(&format!("@{}", attribute.name)), fate);
    }
    if !element.value().is_empty() {
        ledger.note(1, &element.place, fate(&element.place));
    }
    for child in &element.children {
        account(child, ledger);
    }
}

fn fate(place: &str) -> Fate {
    let within = place.trim_start_matches("/CaseRegistration/").trim_start_matches("ChildWelfareCase/");
    let (first, rest) = within.split_once('/').unwrap_or((within, ""));
    let path = match (first, rest) {
        ("Sender", _) => return Fate::Envelope,
        ("SubjectPerson" | "RelatedPerson", "PersonID" | "RoleCode") => "subjects",
        ("SubjectPerson", "ExpectedBirthDate") => "pregnancy_notification.due_date",
        ("SubjectPerson" | "RelatedPerson", _) => "person_details",
        ("ParentChildAssociation", _) => "parent_child",
        ("ContactActivity", "PerformedBy") => return Fate::KeptRaw,
        ("ContactActivity", _) => "contact_attempt",
        ("Allegation", _) => "welfare_case.allegations",
        ("RiskAssessment", _) => "welfare_case.assessments",
        ("DataPrivacy", _) => "label",
        ("Signal" | "CaseTrackingID" | "Extension", _) => return Fate::KeptRaw,
        _ => "welfare_case",
    };
    Fate::Mapped(path.into())
}

/// A fault of a case as a whole.
fn fault(code: &'static str, place: String, ja: &'static str, en: &'static str) -> Diagnostic {
    Diagnostic::error(code, place, ja, en)
}

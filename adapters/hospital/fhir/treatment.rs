//! What was given and done, and what relatives had: MedicationStatement, Procedure, Immunization, FamilyMemberHistory.

use super::clinical::Context;
use super::datatypes::{codeable, moment, words};
use super::document::Slot;
use super::json::{Json, list, object, word};
use musubi_proto::v1 as proto;

/// The resource of an observation of one of these kinds; `None` for another kind.
pub(super) fn write(context: &mut Context<'_, '_>, author: &str, found: &proto::Observation) -> Option<Slot> {
    let kind = match found.kind.as_str() {
        "medication" => "MedicationStatement",
        "procedure" => "Procedure",
        "immunization" => "Immunization",
        "family_history" => "FamilyMemberHistory",
        _ => return None,
    };
    let what = found.coded.as_ref().map(|what| codeable(what, author)).unwrap_or_default();
    let at = moment(found.observed_at.as_ref());
    let text = object([("text", found.text.as_str().into())]);
    let (status, subject) = (found.status.as_str(), context.subject.clone());
    let members = match kind {
        "MedicationStatement" => medicine(status, what, subject, at, text),
        "Procedure" => procedure(status, what, subject, at, text),
        "Immunization" => vaccine(status, what, subject, at, text),
        _ => {
            let relative = found.code.as_ref().map_or_else(|| words("家族"), |code| codeable(code, author));
            let text = if status == "none" { object([("text", not_found(found).into())]) } else { text };
            relatives(status, relative, subject, at, (what, text))
        }
    };
    Some(context.document.add(kind, members))
}

/// That an illness was not found, and what else is told of it.
fn not_found(found: &proto::Observation) -> String {
    let illness =
        found.coded.as_ref().map_or("", |illness| if illness.text.is_empty() { &illness.code } else { &illness.text });
    let lines = [format!("{illness}: なし"), found.text.clone()];
    lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

type Members = Vec<(&'static str, Json)>;

fn medicine(status: &str, what: Json, subject: Json, at: Json, text: Json) -> Members {
    let status = match status {
        "final" => "completed",
        "none" => "not-taken",
        "pending" => "intended",
        _ => "unknown",
    };
    vec![
        ("status", status.into()),
        ("medicationCodeableConcept", what),
        ("subject", subject),
        ("effectiveDateTime", at),
        ("dosage", list([text])),
    ]
}

fn procedure(status: &str, what: Json, subject: Json, at: Json, text: Json) -> Members {
    let status = match status {
        "final" => "completed",
        "none" => "not-done",
        "pending" => "preparation",
        _ => "unknown",
    };
    vec![
        ("status", status.into()),
        ("code", what),
        ("subject", subject),
        ("performedDateTime", at),
        ("note", list([text])),
    ]
}

/// When it was given is required: where nobody knows, that is said.
fn vaccine(status: &str, what: Json, subject: Json, at: Json, text: Json) -> Members {
    let unknown = if at.is_nothing() { word("unknown") } else { Json::Nothing };
    vec![
        ("status", word(if status == "none" { "not-done" } else { "completed" })),
        ("vaccineCode", what),
        ("patient", subject),
        ("occurrenceDateTime", at),
        ("occurrenceString", unknown),
        ("note", list([text])),
    ]
}

/// FHIR cannot say that a relative did not have an illness: then no illness is named, and a note says it.
fn relatives(status: &str, relative: Json, subject: Json, at: Json, (what, text): (Json, Json)) -> Members {
    let (condition, note) = match status {
        "none" => (Json::Nothing, text),
        _ => (object([("code", what), ("note", list([text]))]), Json::Nothing),
    };
    vec![
        ("status", word(if status == "partial" { "partial" } else { "completed" })),
        ("patient", subject),
        ("date", at),
        ("relationship", relative),
        ("note", list([note])),
        ("condition", list([condition])),
    ]
}

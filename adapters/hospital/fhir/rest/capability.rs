//! The CapabilityStatement: what is there and nothing else, from the table that the router asks.

use super::{Form, TAKEN, Taken};
use super::{audit, question};
use crate::hospital::fhir::ids::Ids;
use crate::hospital::fhir::json::{Json, list, object, word};

/// The day on which the table last changed.
const CHANGED: &str = "2026-11-29";
/// Name of the operation that reads what the caller may see of one person. Not that of FHIR: a purpose must be given.
const EVERYTHING: &str = "urn:musubi:fhir:OperationDefinition:patient-everything";

/// The statement of a hub of this version.
pub fn statement(form: Form, version: &str) -> Vec<u8> {
    let security = object([("cors", false.into()), ("description", word("TLS with certificates on both sides."))]);
    let rest = object([
        ("mode", word("server")),
        (
            "documentation",
            word(
                "The shared record, not a general FHIR server: what is sent goes into the record, and is read through a decision.",
            ),
        ),
        ("security", security),
        ("resource", list(TAKEN.iter().map(resource).chain([audit_event()]))),
    ]);
    let statement = object([
        ("resourceType", word("CapabilityStatement")),
        ("name", word("Musubi")),
        ("status", word("active")),
        ("date", word(CHANGED)),
        ("kind", word("instance")),
        ("software", object([("name", word("Musubi")), ("version", version.into())])),
        ("implementation", object([("description", word("Musubi FHIR R4"))])),
        ("fhirVersion", word("4.0.1")),
        ("format", list([word("application/fhir+json"), word("application/fhir+xml")])),
        ("rest", list([rest])),
    ]);
    form.write(&statement, &Ids::blank())
}

fn resource(taken: &Taken) -> Json {
    let conditional = taken.conditional.then_some(true);
    // A document can be read back by who sent it, and has one version.
    let document = taken.kind == "Bundle";
    let interactions = if document { 3 } else { 1 };
    let operations = (taken.kind == "Patient").then(everything);
    object([
        ("type", word(taken.kind)),
        ("documentation", word(taken.documentation)),
        (
            "interaction",
            list(["create", "read", "vread"].into_iter().take(interactions).map(|code| object([("code", word(code))]))),
        ),
        ("conditionalCreate", conditional.into()),
        ("conditionalRead", document.then_some("not-match").into()),
        ("operation", list(operations)),
    ])
}

/// AuditEvents are not sent and are found by one person alone.
fn audit_event() -> Json {
    let parameters = audit::PARAMETERS
        .iter()
        .map(|(name, kind, what)| object([("name", word(name)), ("type", word(kind)), ("documentation", word(what))]));
    object([
        ("type", word("AuditEvent")),
        ("documentation", word("Who was shown a person's data: POST AuditEvent/_search, with the person in the body.")),
        ("interaction", list([object([("code", word("search-type"))])])),
        ("searchParam", list(parameters)),
    ])
}

fn everything() -> Json {
    let parameters: Vec<String> = question::PARAMETERS.iter().map(|(name, what)| format!("{name} ({what})")).collect();
    object([
        ("name", word("everything")),
        ("definition", word(EVERYTHING)),
        (
            "documentation",
            format!(
                "POST [base]/Patient/$everything with Parameters: {}. The answer is a searchset; the link `next` of a page is for the \
                 one who asked, and for a quarter of an hour.",
                parameters.join(", ")
            )
            .into(),
        ),
    ])
}

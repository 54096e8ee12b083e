//! The CapabilityStatement: what is there and nothing else, from the table that the router asks.

use super::question::PARAMETERS;
use super::{Form, TAKEN, Taken};
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
        ("resource", list(TAKEN.iter().map(resource))),
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
    let operations = (taken.kind == "Patient").then(everything);
    object([
        ("type", word(taken.kind)),
        ("documentation", word(taken.documentation)),
        ("interaction", list([object([("code", word("create"))])])),
        ("conditionalCreate", conditional.into()),
        ("operation", list(operations)),
    ])
}

fn everything() -> Json {
    let parameters: Vec<String> = PARAMETERS.iter().map(|(name, what)| format!("{name} ({what})")).collect();
    object([
        ("name", word("everything")),
        ("definition", word(EVERYTHING)),
        (
            "documentation",
            format!(
                "POST [base]/Patient/$everything with Parameters: {}. The answer is one searchset, whole.",
                parameters.join(", ")
            )
            .into(),
        ),
    ])
}

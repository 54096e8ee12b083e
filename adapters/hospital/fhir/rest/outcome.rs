//! OperationOutcome: what is wrong, where, and how to mend it, in Japanese and English.

use super::Form;
use crate::hospital::fhir::ids::Ids;
use crate::hospital::fhir::json::{Json, list, object, word};
use musubi_core::adapter::{Diagnostic, Severity};

/// System of Musubi's own codes.
const CODES: &str = "urn:musubi:diagnostic";

/// What is said as one resource. `receipt` is the proof of custody of what was taken.
pub fn outcome(form: Form, receipt: Option<&str>, said: &[Diagnostic]) -> Vec<u8> {
    let taken = receipt.map(|receipt| {
        object([
            ("severity", word("information")),
            ("code", word("informational")),
            ("details", object([("text", word("受領し、保管しました。 / Taken into custody."))])),
            ("diagnostics", receipt.into()),
        ])
    });
    let none = (receipt.is_none() && said.is_empty())
        .then(|| object([("severity", word("information")), ("code", word("informational"))]));
    let issues = taken.into_iter().chain(said.iter().map(issue)).chain(none);
    form.write(&object([("resourceType", word("OperationOutcome")), ("issue", list(issues))]), &Ids::blank())
}

fn issue(said: &Diagnostic) -> Json {
    let coding = object([("system", word(CODES)), ("code", (&*said.code).into())]);
    object([
        ("severity", word(severity(said.severity))),
        ("code", word(code(said))),
        (
            "details",
            object([("coding", list([coding])), ("text", format!("{} / {}", said.text.ja, said.text.en).into())]),
        ),
        ("expression", list([said.place.as_str().into()])),
    ])
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Information => "information",
        Severity::Warning | Severity::Hold => "warning",
        Severity::Error => "error",
    }
}

/// The kind of issue, by the catalogue of `formats/hospital.md` 6; `M8` is about who asks, `M9` about the moment.
fn code(said: &Diagnostic) -> &'static str {
    match &*said.code {
        "H001" => "structure",
        "H002" => "forbidden",
        "H003" => "not-supported",
        "H004" => "required",
        "H005" => "not-found",
        "H006" | "H009" => "value",
        "H007" => "too-costly",
        "H008" => "invariant",
        "H101" | "H102" | "H103" | "H105" | "H109" | "H110" => "informational",
        "H104" => "code-invalid",
        "H106" => "incomplete",
        "H107" | "H205" | "PH-E007" => "duplicate",
        "H108" => "business-rule",
        other if other.starts_with("M8") => "forbidden",
        other if other.starts_with("M9") => "transient",
        _ if said.severity == Severity::Error => "invalid",
        _ => "informational",
    }
}

//! `Acknowledgement`: that a message was taken, or why not. Codes and places, no text from records.

use super::form::read_document;
use super::{NAMESPACE, SCHEMA_VERSION, fields};
use crate::xml::Writer;
use musubi_core::adapter::{Diagnostic, Severity};
use musubi_core::time::Time;

/// Writes what became of a message. It was taken unless a diagnostic is an error.
pub fn encode_acknowledgement(in_response_to: Option<&str>, diagnostics: &[Diagnostic], now: Time) -> Vec<u8> {
    let refused = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    let attributes = [("schemaVersion", SCHEMA_VERSION), ("createdAt", &now.rfc3339())];
    let mut writer = Writer::new("cg", NAMESPACE, "Acknowledgement", &attributes);
    writer.leaf_if("InResponseTo", in_response_to.unwrap_or_default());
    writer.leaf("Accepted", if refused { "false" } else { "true" });
    for diagnostic in diagnostics {
        let severity = match diagnostic.severity {
            Severity::Information => "Information",
            Severity::Warning => "Warning",
            Severity::Hold => "Hold",
            Severity::Error => "Error",
        };
        writer.open("Diagnostic");
        writer.leaf("DiagnosticCode", &diagnostic.code);
        writer.leaf("SeverityText", severity);
        writer.leaf("PlaceText", &diagnostic.place);
        writer.leaf_with("DescriptionText", &[("lang", "ja")], &diagnostic.text.ja);
        writer.leaf_with("DescriptionText", &[("lang", "en")], &diagnostic.text.en);
        writer.close();
    }
    writer.finish()
}

/// The id of a message, as far as it can be read: for the answer to a message that is refused.
pub fn message_id(bytes: &[u8]) -> Option<String> {
    let root = read_document(bytes).ok()?;
    root.attribute("messageID").filter(|id| fields::is_id(id)).map(str::to_owned)
}

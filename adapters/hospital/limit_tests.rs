//! The limits of the formats of hospitals, one below, at and one above (S-70).

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::attachment::{self, BYTES_MAX, Fault};
use super::fhir::FhirJson;
use super::hl7v2::Hl7v2;
use super::hl7v2::limits::MESSAGES_MAX;
use crate::testing::profile;
use base64::Engine as _;
use musubi_core::adapter::{Adapter, Severity};
use std::fmt::Write;

/// Depth of a JSON document, and entries of a Bundle.
const DEPTH_MAX: usize = 128;
const ENTRIES_MAX: usize = 2_000;

/// The code that refuses it; `None` when it is taken.
fn refusal(adapter: &dyn Adapter, bytes: &[u8]) -> Option<String> {
    let decoded = adapter.decode(bytes, &profile());
    let mut errors = decoded.all_diagnostics().filter(|said| said.severity == Severity::Error);
    errors.next().map(|said| said.code.to_string())
}

const PATIENT: &str = r#""resourceType":"Patient","identifier":[{"value":"00012345"}],"name":[{"text":"榎本 千夏"}]"#;

#[test]
fn a_document_is_nested_128_deep_and_no_deeper() {
    for (depth, expected) in [(DEPTH_MAX - 1, None), (DEPTH_MAX, None), (DEPTH_MAX + 1, Some("H007".to_owned()))] {
        let (open, shut) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        let text = format!("{{{PATIENT},\"extension\":{open}{shut}}}");
        assert_eq!(refusal(&FhirJson, text.as_bytes()), expected, "{depth}");
    }
}

#[test]
fn a_bundle_has_2000_entries_and_no_more() {
    for (entries, expected) in
        [(ENTRIES_MAX - 1, None), (ENTRIES_MAX, None), (ENTRIES_MAX + 1, Some("H007".to_owned()))]
    {
        let mut text =
            format!("{{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{{\"resource\":{{{PATIENT}}}}}");
        for number in 1..entries {
            write!(text, ",{{\"resource\":{{\"resourceType\":\"Organization\",\"id\":\"o{number}\"}}}}").unwrap();
        }
        text.push_str("]}");
        assert_eq!(refusal(&FhirJson, text.as_bytes()), expected, "{entries}");
    }
}

#[test]
fn an_attachment_has_ten_mebibytes_and_no_more() {
    for (bytes, fits) in [(BYTES_MAX - 1, true), (BYTES_MAX, true), (BYTES_MAX + 1, false)] {
        let packed = base64::engine::general_purpose::STANDARD.encode(vec![b'a'; bytes]);
        let read = attachment::attachment("text/plain", &packed, BYTES_MAX);
        assert_eq!(read.map(|(_, content)| content.len()), if fits { Ok(bytes) } else { Err(Fault::TooLarge) });
    }
}

#[test]
fn a_file_holds_ten_thousand_messages_and_no_more() {
    let one = "MSH|^~\\&|||||||ACK|1|P|2.5\r";
    for (messages, refused) in [(MESSAGES_MAX - 1, false), (MESSAGES_MAX, false), (MESSAGES_MAX + 1, true)] {
        let decoded = Hl7v2.decode(one.repeat(messages).as_bytes(), &profile());
        let whole = decoded.diagnostics.iter().any(|said| said.severity == Severity::Error && said.code == "H007");
        assert_eq!(whole, refused, "{messages}");
        assert_eq!(decoded.items.len(), if refused { 0 } else { messages });
    }
}

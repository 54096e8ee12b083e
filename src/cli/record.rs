//! The format `record`: a submission as JSON of the schema. It is the schema itself, so no adapter stands behind it.

use musubi_core::adapter::{Decoded, Diagnostic, Item, Text};
use musubi_core::record::Submission;
use musubi_core::wire::agency_side::Draft;
use serde_json::Value;

/// Its name on the command line.
pub(super) const NAME: &str = "record";

/// What it is.
pub(super) fn title() -> Text {
    Text::new("共有記録(スキーマのJSON)", "The shared record, as JSON of the schema")
}

/// A JSON object with entries, or a list.
pub(super) fn recognises(bytes: &[u8]) -> bool {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let entries = b"\"entries\"";
    matches!(first, Some(b'{' | b'[')) && bytes.windows(entries.len()).any(|window| window == entries)
}

/// Reads one submission, or a list of them.
pub(super) fn decode(bytes: &[u8]) -> Decoded {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Decoded::refused(Diagnostic::error("M001", NAME, "UTF-8ではありません。", "Not UTF-8."));
    };
    let drafts: Vec<Result<Draft, String>> = match serde_json::from_str::<Vec<Value>>(text) {
        Ok(list) => list.iter().map(|value| draft(&value.to_string())).collect(),
        Err(_) => vec![draft(text)],
    };
    let items = drafts.into_iter().enumerate().map(|(n, draft)| item(n + 1, draft)).collect();
    Decoded { items, ..Decoded::default() }
}

fn draft(text: &str) -> Result<Draft, String> {
    Draft::from_json(text).map_err(|fault| fault.to_string())
}

fn item(number: usize, draft: Result<Draft, String>) -> Item {
    let place = format!("submission {number}");
    let checked: Result<Submission, Vec<Diagnostic>> = draft
        .map_err(|fault| {
            let ja = "スキーマの Submission ではありません。";
            vec![Diagnostic::error("M001", place.clone(), ja, format!("Not a Submission of the schema ({fault})."))]
        })
        .and_then(Draft::check);
    match checked {
        Ok(submission) => Item::new(place, Some(submission), Vec::new()),
        Err(diagnostics) => Item::new(place, None, diagnostics),
    }
}

//! What every layout must hold, proved on its samples: snapshots, cuts at every byte, no value in any diagnostic.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::write::{Formulas, write_csv};
use musubi_core::adapter::{Adapter, Decoded, Profile, Severity};
use musubi_core::japan::charset::{self, Charset, Unmappable, encode_cp932};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::path::Path;

/// What stands in no sentence of ours.
const CANARY: &str = "囮七七";

/// The records and what was said about them, as the snapshot holds them.
fn told(decoded: &Decoded) -> Value {
    let lines = |found: &[musubi_core::adapter::Diagnostic]| -> Vec<String> {
        found.iter().map(|d| format!("{} {}", d.code, d.place)).collect()
    };
    let items: Vec<Value> = decoded
        .items
        .iter()
        .map(|item| {
            let record = item.submission.as_ref().map(|s| serde_json::from_str::<Value>(&s.to_author_json()).unwrap());
            json!({ "place": item.place, "diagnostics": lines(&item.diagnostics), "record": record })
        })
        .collect();
    json!({ "file": lines(&decoded.diagnostics), "rows": items })
}

/// The sample decodes to its snapshot, twice the same. `MUSUBI_BLESS=1` writes the snapshot anew.
pub(crate) fn decodes_to_its_snapshot(adapter: &dyn Adapter, profile: &Profile, folder: &str, sample: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let bytes = std::fs::read(folder.join(sample)).unwrap();
    let first = told(&adapter.decode(&bytes, profile));
    assert_eq!(first, told(&adapter.decode(&bytes, profile)), "two readings of one file differ");
    assert!(adapter.recognises(&bytes));
    let snapshot = folder.join(sample).with_extension("snapshot.json");
    if std::env::var_os("MUSUBI_BLESS").is_some() {
        std::fs::write(&snapshot, serde_json::to_string_pretty(&first).unwrap() + "\n").unwrap();
    }
    let expected: Value = serde_json::from_slice(&std::fs::read(&snapshot).unwrap()).unwrap();
    assert_eq!(first, expected, "{sample} no longer decodes to its snapshot");
}

/// A file cut anywhere gives an error, or the rows that are whole.
pub(crate) fn a_cut_file_gives_an_error_or_a_prefix(adapter: &dyn Adapter, profile: &Profile, bytes: &[u8]) {
    let whole = told(&adapter.decode(bytes, profile));
    let rows = whole["rows"].as_array().unwrap();
    for end in 0..bytes.len() {
        let cut = adapter.decode(&bytes[..end], profile);
        let cut_rows = told(&cut)["rows"].as_array().unwrap().clone();
        for (index, row) in cut_rows.iter().enumerate() {
            let refused = row["record"].is_null() && !row["diagnostics"].as_array().unwrap().is_empty();
            assert!(Some(row) == rows.get(index) || refused, "cut at {end}: row {index} was read as something else");
        }
    }
}

/// Whatever bytes stand in the file, there is an answer, and a row without a record has an error.
pub(crate) fn every_change_gives_an_answer(adapter: &dyn Adapter, profile: &Profile, bytes: &[u8]) {
    let change = (0..bytes.len(), prop::collection::vec(any::<u8>(), 0..6));
    let changes = prop::collection::vec(change, 1..8);
    TestRunner::new(ProptestConfig::with_cases(64))
        .run(&changes, |changes| {
            let mut changed = bytes.to_vec();
            for (position, with) in changes {
                let end = (position + with.len()).min(changed.len());
                changed.splice(position.min(end)..end, with);
            }
            let decoded = adapter.decode(&changed, profile);
            for item in &decoded.items {
                let refused = item.diagnostics.iter().any(|found| found.severity == Severity::Error);
                prop_assert_eq!(item.submission.is_none(), refused);
            }
            Ok(())
        })
        .unwrap();
}

/// No diagnostic and no place repeats what a cell holds, whichever cell is wrong.
pub(crate) fn no_diagnostic_holds_a_value(adapter: &dyn Adapter, profile: &Profile, bytes: &[u8]) {
    let read = charset::decode(bytes, None).unwrap().value;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(read.text.as_bytes());
    let rows: Vec<Vec<String>> = reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect();
    let columns = rows[0].len();
    for column in 0..columns {
        for row in 0..2 {
            let mut changed = rows.clone();
            changed[row][column] = CANARY.to_owned();
            let text = write_csv(&changed, Formulas::Raw);
            let bytes = match read.charset {
                Charset::Cp932 => encode_cp932(&text, Unmappable::Refuse).unwrap().bytes,
                _ => text.into_bytes(),
            };
            let decoded = adapter.decode(&bytes, profile);
            let ledger = serde_json::to_string(&decoded.ledger).unwrap();
            assert!(!ledger.contains(CANARY), "the ledger repeats column {column}");
            for found in decoded.all_diagnostics() {
                assert!(!found.to_string().contains(CANARY), "{} repeats column {column}", found.code);
            }
        }
    }
}

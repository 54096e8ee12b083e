//! What holds for every format of the list, whoever adds one: samples are recognised and read, damaged ones are answered,
//! and no diagnostic repeats a value.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use musubi_adapters::{ADAPTERS, adapter, recognise};
use musubi_core::adapter::{Adapter, Decoded, Direction, Profile, Severity};
use musubi_core::agency::AgencyId;
use musubi_core::japan::charset;
use musubi_core::time::Time;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

struct Sample {
    path: PathBuf,
    bytes: Vec<u8>,
    format: &'static dyn Adapter,
}

/// Every file of a `samples` folder that is no snapshot.
fn samples() -> Vec<Sample> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let beside = name.starts_with('.') || name.ends_with(".json") || name.ends_with(".md");
            if path.is_dir() {
                folders.push(path);
            } else if path.parent().is_some_and(|parent| parent.ends_with("samples")) && !beside {
                let bytes = std::fs::read(&path).unwrap();
                let format = recognise(&bytes);
                let format = format.unwrap_or_else(|| panic!("{}: no format recognises it", path.display()));
                found.push(Sample { path, bytes, format });
            }
        }
    }
    let workbooks: Vec<Sample> = found.iter().filter_map(as_workbook).collect();
    found.extend(workbooks);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty());
    found
}

/// A table as a workbook, where its layout is read from one too.
fn as_workbook(table: &Sample) -> Option<Sample> {
    let format = adapter(&format!("{}-xlsx", table.format.name()))?;
    let text = charset::decode(&table.bytes, None).unwrap().value.text;
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    for (row, record) in (0..).zip(rows.records()) {
        for (column, cell) in (0..).zip(&record.unwrap()) {
            sheet.write_string(row, column, cell).unwrap();
        }
    }
    Some(Sample { path: table.path.with_extension("xlsx"), bytes: workbook.save_to_buffer().unwrap(), format })
}

fn profile() -> Profile {
    Profile::offline(AgencyId::new("OFFLINE").unwrap(), Time::parse_rfc3339("2026-11-20T12:00:00+09:00").unwrap())
}

/// Each item was taken, or says why not.
fn assert_answered(decoded: &Decoded, what: &str) {
    let is_error = |severity: Severity| severity == Severity::Error;
    for item in &decoded.items {
        let refused = item.diagnostics.iter().any(|diagnostic| is_error(diagnostic.severity));
        assert!(item.submission.is_some() || refused, "{what}: {} is refused without a reason", item.place);
    }
    let whole = decoded.diagnostics.iter().any(|diagnostic| is_error(diagnostic.severity));
    assert!(!decoded.items.is_empty() || whole || decoded.ledger.is_empty(), "{what}: an answer to nothing");
}

/// Where to cut or damage: everywhere in a short sample, at most this often in a long one.
const PLACES_MAX: usize = 700;

fn places(bytes: &[u8]) -> impl Iterator<Item = usize> {
    (0..bytes.len()).step_by(1 + bytes.len() / PLACES_MAX)
}

#[test]
fn names_are_unique_and_every_sample_belongs_to_the_format_of_its_folder() {
    let names: BTreeSet<&str> = ADAPTERS.iter().map(|adapter| adapter.name()).collect();
    assert_eq!(names.len(), ADAPTERS.len());
    for sample in samples() {
        let folder = sample.path.parent().and_then(Path::parent).and_then(Path::file_name).unwrap().to_string_lossy();
        let name = sample.format.name();
        let name = name.strip_suffix("-xlsx").unwrap_or(name);
        assert_eq!(folder.replace('_', "-"), name, "{}", sample.path.display());
        assert_answered(&sample.format.decode(&sample.bytes, &profile()), &sample.path.display().to_string());
    }
}

#[test]
fn every_seed_of_a_decoder_is_recognised_and_something_of_it_is_taken() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds");
    for (target, format) in [("cda", "cda"), ("hl7v2_decode", "hl7v2"), ("tables", "hp01-xlsx")] {
        for entry in std::fs::read_dir(seeds.join(target)).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            assert_eq!(recognise(&bytes).map(|read| read.name()), Some(format), "{}", path.display());
            assert!(adapter(format).unwrap().decode(&bytes, &profile()).taken() > 0, "{}", path.display());
        }
    }
}

#[test]
fn every_format_that_is_read_has_a_sample() {
    let read: BTreeSet<&str> = samples().iter().map(|sample| sample.format.name()).collect();
    for adapter in ADAPTERS.iter().filter(|adapter| adapter.direction() != Direction::Out) {
        assert!(read.contains(adapter.name()), "{} has no sample", adapter.name());
    }
}

#[test]
fn a_workbook_gives_the_records_of_its_table() {
    let records = |sample: &Sample| -> Vec<Value> {
        let decoded = sample.format.decode(&sample.bytes, &profile());
        let taken = decoded.items.iter().filter_map(|item| item.submission.as_ref());
        taken.map(|submission| serde_json::from_str(&submission.to_author_json()).unwrap()).collect()
    };
    let mut compared = 0;
    for table in samples() {
        let Some(workbook) = as_workbook(&table) else { continue };
        assert_eq!(records(&workbook), records(&table), "{}", table.path.display());
        compared += 1;
    }
    assert!(compared > 3, "{compared} tables have a workbook");
}

#[test]
fn a_sample_cut_anywhere_is_answered() {
    for sample in samples() {
        let end = sample.bytes.trim_ascii_end().len();
        for place in places(&sample.bytes) {
            let cut = &sample.bytes[..place];
            let what = format!("{} cut at {place}", sample.path.display());
            let decoded = sample.format.decode(cut, &profile());
            assert_answered(&decoded, &what);
            let knows_its_end = sample.format.name().ends_with("-xml") || sample.format.name().ends_with("-json");
            assert!(!knows_its_end || place >= end || decoded.taken() == 0, "{what}: taken");
        }
    }
}

#[test]
fn a_sample_damaged_anywhere_is_answered() {
    const DAMAGE: [u8; 8] = [0x00, 0x1B, b'"', b'&', b'\\', b'\r', 0x80, 0xFF];
    for sample in samples() {
        for (n, place) in places(&sample.bytes).enumerate() {
            let damage = DAMAGE[n % DAMAGE.len()];
            let mut replaced = sample.bytes.clone();
            replaced[place] = damage;
            let mut doubled = sample.bytes.clone();
            doubled.insert(place, damage);
            for bytes in [replaced, doubled] {
                let what = format!("{} with {damage:#04x} at {place}", sample.path.display());
                assert_answered(&sample.format.decode(&bytes, &profile()), &what);
            }
        }
    }
}

/// Values of persons in a record: names, addresses, contacts.
fn personal(record: &Value, found: &mut BTreeSet<String>) {
    match record {
        Value::Array(all) => all.iter().for_each(|one| personal(one, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                let told = matches!(name.as_str(), "family" | "given" | "line" | "lines" | "city" | "value" | "text");
                match value.as_str() {
                    Some(text) if told && text.chars().count() >= 2 && text.parse::<f64>().is_err() => {
                        found.insert(text.to_owned());
                    }
                    Some(_) => {}
                    None => personal(value, found),
                }
            }
        }
        _ => {}
    }
}

fn assert_silent(decoded: &Decoded, values: &BTreeSet<String>, what: &str) {
    for diagnostic in decoded.all_diagnostics() {
        let said = format!("{} {} {}", diagnostic.place, diagnostic.text.ja, diagnostic.text.en);
        let told: Vec<&String> = values.iter().filter(|value| said.contains(*value)).collect();
        assert!(told.is_empty(), "{what}: {} repeats {told:?}", diagnostic.code);
    }
    for line in decoded.ledger.lines() {
        assert!(!values.iter().any(|value| line.place.contains(value)), "{what}: the ledger repeats a value");
    }
}

#[test]
fn no_diagnostic_repeats_a_name_an_address_or_a_number() {
    let mut told_apart = 0;
    for sample in samples() {
        let decoded = sample.format.decode(&sample.bytes, &profile());
        let mut values = BTreeSet::new();
        for submission in decoded.items.iter().filter_map(|item| item.submission.as_ref()) {
            let record: Value = serde_json::from_str(&submission.to_author_json()).unwrap();
            for entry in record["entries"].as_array().unwrap() {
                for part in ["names", "addresses", "contacts", "identifiers"] {
                    personal(&entry["personDetails"][part], &mut values);
                }
            }
        }
        told_apart += values.len();
        assert_silent(&decoded, &values, &sample.path.display().to_string());
        for place in places(&sample.bytes).step_by(3) {
            let mut damaged = sample.bytes.clone();
            damaged[place] = b'?';
            let what = format!("{} damaged at {place}", sample.path.display());
            assert_silent(&sample.format.decode(&damaged, &profile()), &values, &what);
        }
    }
    assert!(told_apart > 50, "the samples hold {told_apart} values to look for");
}

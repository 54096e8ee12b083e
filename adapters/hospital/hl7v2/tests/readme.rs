//! The field table of the README says what the samples show.

use super::*;
use musubi_core::adapter::Fate;
use std::collections::BTreeSet;

const README: &str = include_str!("../README.md");

/// A segment and one of its fields; 0 stands for all of them.
type Field = (String, usize);

/// Rows of the field table: the fields of the source, and the samples that are named.
fn rows() -> Vec<(BTreeSet<Field>, Vec<String>)> {
    let table = README.split("## Fields").nth(1).unwrap().split("\n\n").nth(1).unwrap();
    let cells = table.lines().skip(2).map(|line| line.split(" | ").collect::<Vec<_>>());
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    cells.map(|cells| (fields(cells[0]), quoted(cells.last().unwrap()))).collect()
}

/// `PID-24, 25`, `IN1-2, 10–13`, `RF1-1, NTE-3`, `other OBX`.
fn fields(cell: &str) -> BTreeSet<Field> {
    let mut found = BTreeSet::new();
    let mut segment = String::new();
    for part in cell.trim_start_matches("| ").split([',', ' ', '(', ')']).filter(|part| !part.is_empty()) {
        let (name, number) = part.split_once('-').unwrap_or((part, part));
        let named = name.len() == 3 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        if named && name.chars().any(|c| c.is_ascii_uppercase()) {
            name.clone_into(&mut segment);
        }
        match number.split_once('–').map_or((number, number), |range| range) {
            (first, last) if first.parse::<usize>().is_ok() => {
                let (first, last) = (first.parse().unwrap(), last.parse().unwrap());
                found.extend((first..=last).map(|number: usize| (segment.clone(), number)));
            }
            _ if named && number == part => _ = found.insert((segment.clone(), 0)),
            _ => {}
        }
    }
    found
}

/// What a sample of the folder mapped.
fn mapped(name: &str) -> BTreeSet<Field> {
    let profile = if name.starts_with("minami") { minami() } else { shione() };
    let ledger = Hl7v2.decode(&sample(name), &profile).ledger;
    let mapped = ledger.lines().filter(|line| matches!(line.fate, Fate::Mapped(_)));
    let field = |place: String| {
        let (segment, field) = place.split_once('-')?;
        Some((segment.split('[').next()?.to_owned(), field.split('.').next()?.parse().ok()?))
    };
    mapped.filter_map(|line| field(line.place)).collect()
}

fn sample_names() -> Vec<String> {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/hospital/hl7v2/samples")).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| Some(name.strip_suffix(".hl7")?.to_owned())).collect()
}

#[test]
fn every_field_that_a_sample_maps_stands_in_the_table() {
    let listed: BTreeSet<Field> = rows().into_iter().flat_map(|(fields, _)| fields).collect();
    for name in sample_names() {
        for (segment, number) in mapped(&name) {
            let known = listed.contains(&(segment.clone(), number)) || listed.contains(&(segment.clone(), 0));
            assert!(known, "{name}: {segment}-{number} is mapped, and the README does not say so");
        }
    }
}

#[test]
fn every_row_that_names_a_sample_is_seen_in_it() {
    for (fields, samples) in rows() {
        for name in samples {
            let mapped = mapped(&name);
            let seen = |(segment, number): &Field| {
                mapped.iter().any(|(known, field)| known == segment && (*number == 0 || field == number))
            };
            let enveloped = fields.iter().all(|(segment, _)| segment == "MSH");
            assert!(enveloped || fields.iter().any(seen), "{name}: nothing of {fields:?} is mapped");
        }
    }
}

//! What follows from the schema of the record besides the projection, and what is frozen about it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[expect(dead_code, reason = "the projection is tested elsewhere")]
mod oracle;

use std::fmt::Write;
use std::{env, fs};

use musubi_proto::v1::{self, Entry, PersonDetails, entry::Body};
use musubi_proto::{FILE_DESCRIPTOR_SET, Random, dictionary, strangers, unknown_enums};
use prost::Message;
use prost_reflect::DescriptorPool;

const DICTIONARY: &str = "../docs/data-dictionary.md";

fn person(details: PersonDetails) -> Entry {
    Entry { body: Some(Body::PersonDetails(details)), ..Default::default() }
}

/// The dictionary as a page, a table for the entry and one for each body.
fn dictionary_page() -> String {
    let mut page = "# Data dictionary\n\n\
        Every leaf of an entry, from the labels and comments in `proto/musubi/v1`. Made by the build; to make it again:\n\
        `UPDATE_DICTIONARY=1 cargo test -p musubi-proto --test schema`.\n\n\
        A leaf is shown where all its categories may be seen (`consent.md` section 2), and those that a code raised for its\n\
        entry. `general`: also where only the generalised form may be seen. `whereabouts`: not where a shield hides the\n\
        place. `structural`: tells nothing by itself, and stays only beside a fact that stays. `opaque`: shown whole or not\n\
        at all, by the set that travels with it. `[]`: may repeat.\n"
        .to_owned();
    let mut section = None;
    for row in dictionary() {
        let body = row.path.split_once('.').map_or("", |(first, _)| if first.ends_with("[]") { "" } else { first });
        if section != Some(body) {
            section = Some(body);
            let title = if body.is_empty() { "entry" } else { body };
            write!(page, "\n## {title}\n\n| path | type | categories | flags | says |\n|---|---|---|---|---|\n")
                .unwrap();
        }
        let comment = row.comment.replace('|', "\\|");
        writeln!(page, "| `{}` | {} | {} | {} | {comment} |", row.path, row.kind, row.categories(), row.flags).unwrap();
    }
    page
}

#[test]
fn the_dictionary_in_docs_is_that_of_the_schema() {
    let page = dictionary_page();
    if env::var_os("UPDATE_DICTIONARY").is_some() {
        fs::write(DICTIONARY, &page).unwrap();
    }
    let kept = fs::read_to_string(DICTIONARY).unwrap_or_default();
    assert!(kept == page, "run UPDATE_DICTIONARY=1 cargo test -p musubi-proto --test schema, and read what changed");
}

#[test]
fn every_leaf_of_the_dictionary_needs_something_or_is_structural() {
    for row in dictionary() {
        let is_said = row.bits != 0 || row.flags.contains("structural") || row.flags.contains("opaque");
        assert!(is_said, "{}", row.path);
    }
}

#[test]
fn the_structural_fields_are_those_that_were_reviewed() {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let messages = pool.all_messages().filter(|m| m.package_name() == "musubi.v1" && !oracle::is_value(&pool, m));
    let fields = messages.flat_map(|message| message.fields().collect::<Vec<_>>());
    let structural = fields.filter(|field| oracle::is_structural(&pool, field));
    let mut found: Vec<String> = structural.map(|field| field.full_name().replace("musubi.v1.", "")).collect();
    found.sort();
    let reviewed: Vec<&str> = include_str!("structural.txt").lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        found, reviewed,
        "a structural field is released beside any fact: review it, then mend tests/structural.txt"
    );
}

#[test]
fn a_tag_that_the_schema_does_not_know_is_found_at_its_place() {
    let mut bytes = person(PersonDetails::default()).encode_to_vec();
    assert_eq!(strangers(&bytes), Vec::<String>::new());
    // Entry.99 as a number; Entry.20.99 as a text; Entry.98 as a group; Entry.20.3.97 inside a value.
    bytes.extend([0x98, 0x06, 0x01]);
    bytes.extend([0xa2, 0x01, 0x04, 0x9a, 0x06, 0x01, b'x']);
    bytes.extend([0x93, 0x06, 0x08, 0x01, 0x94, 0x06]);
    bytes.extend([0xa2, 0x01, 0x05, 0x1a, 0x03, 0x88, 0x06, 0x01]);
    assert_eq!(strangers(&bytes), ["20.3.97", "20.99", "98", "99"]);
    Entry::decode(bytes.as_slice()).unwrap();
}

#[test]
fn what_the_schema_writes_has_no_stranger() {
    for seed in 0..2_000 {
        let entry = Entry::seeded(seed);
        assert_eq!(strangers(&entry.encode_to_vec()), Vec::<String>::new(), "seed {seed}");
        assert_eq!(unknown_enums(&entry), Vec::<String>::new(), "seed {seed}");
    }
}

#[test]
fn broken_bytes_neither_stop_nor_hang_the_search_for_strangers() {
    for seed in 0..200 {
        let bytes = Entry::seeded(seed).encode_to_vec();
        for end in 0..bytes.len().min(400) {
            let mut cut = bytes.get(..end).unwrap().to_vec();
            assert!(strangers(&cut).len() <= cut.len());
            cut.extend([0xff; 12]);
            assert!(strangers(&cut).len() <= cut.len());
        }
    }
    assert!(strangers(&[0x0b; 100_000]).is_empty());
}

#[test]
fn a_number_outside_its_enum_is_found_as_json_could_not_be_written() {
    let mut entry = person(PersonDetails { sex: Some(77), ..Default::default() });
    entry.raised = vec![1, 21];
    assert_eq!(unknown_enums(&entry), ["person_details.sex", "raised"]);
    serde_json::to_string(&entry).unwrap_err();
    let name = |number| v1::HumanName { r#use: number, ..Default::default() };
    let named = person(PersonDetails { names: vec![name(77), name(1), name(-1)], ..Default::default() });
    assert_eq!(unknown_enums(&named), ["person_details.names.use"]);
}

#[test]
fn json_carries_what_binary_carries() {
    for seed in 0..2_000 {
        let entry = Entry::seeded(seed);
        let text = serde_json::to_string(&entry).unwrap();
        assert!(serde_json::from_str::<Entry>(&text).unwrap() == entry, "seed {seed}");
    }
}

#[test]
fn a_second_body_wins_in_binary_and_is_refused_in_json() {
    let mut bytes = person(PersonDetails::default()).encode_to_vec();
    bytes.extend(Entry { body: Some(Body::Claim(v1::Claim::default())), ..Default::default() }.encode_to_vec());
    assert!(matches!(Entry::decode(bytes.as_slice()).unwrap().body, Some(Body::Claim(_))));
    serde_json::from_str::<Entry>(r#"{"personDetails":{},"claim":{}}"#).unwrap_err();
    assert_eq!(serde_json::from_str::<Entry>(r#"{"claim":null}"#).unwrap(), Entry::default());
}

#[test]
fn debug_prints_the_name_of_a_message_and_nothing_in_it() {
    let entry = Entry { id: "canary".to_owned(), ..person(PersonDetails::default()) };
    assert_eq!(format!("{entry:?} {:?}", entry.body), "Entry Some(body)");
    let date = v1::Date { year: 1990, ..Default::default() };
    assert_eq!(format!("{date:?} {:?}", v1::Sex::Female), "Date Female");
    let submission = v1::Submission { entries: vec![entry], ..Default::default() };
    assert_eq!(format!("{submission:?}"), "Submission");
}

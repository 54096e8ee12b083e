//! How fast a v2 discharge notice is read: against another parser, against a bare scan, and on to FHIR.

mod measure;

use measure::{Subject, figure, measure};
use musubi_adapters::adapter;
use musubi_core::adapter::{Adapter, Item, Profile};
use musubi_core::agency::AgencyId;
use musubi_core::consent::Policy;
use musubi_core::record::Submission;
use musubi_core::release::{Outgoing, release_to_author};
use musubi_core::time::Time;

/// A discharge notice (ADT^A03) with results, in ASCII alone: `hl7-parser` panics on Japanese text.
const MESSAGE: &str = include_str!("discharge_a03.hl7");

fn main() {
    let author = AgencyId::new("MED-4810700122").expect("an agency id");
    let received = Time::parse_rfc3339("2026-10-30T11:05:30+09:00").expect("a time");
    let profile = Profile::offline(author, received);
    let v2 = adapter("hl7v2").expect("the format is listed");
    let entries = decode(v2, &profile).len();
    assert_eq!(entries, 1, "the message is read and nothing of it is refused");
    println!("message: {} bytes, {} segments, ASCII", MESSAGE.len(), MESSAGE.matches('\r').count());
    reading(v2, &profile);
    match adapter("fhir-json") {
        Some(fhir) => to_fhir(v2, fhir, &profile),
        None => println!("not measured: v2_to_fhir (the format fhir-json is not listed)"),
    }
}

fn decode(v2: &dyn Adapter, profile: &Profile) -> Vec<Submission> {
    let items = v2.decode(MESSAGE.as_bytes(), profile).items;
    items.into_iter().filter_map(|Item { submission, .. }| submission).collect()
}

const DECODE: &str = "decode_v2";
const OTHER: &str = "hl7_parser";
const SCAN: &str = "scan";

fn reading(v2: &dyn Adapter, profile: &Profile) {
    let mut places: Vec<u32> = Vec::new();
    let rounds = measure(vec![
        Subject::new(DECODE, || decode(v2, profile).len()),
        Subject::new(OTHER, || hl7_parser::parse_message(MESSAGE).map_or(0, |message| message.segments().count())),
        Subject::new(SCAN, || scan(MESSAGE.as_bytes(), &mut places)),
    ]);
    let rate = |name: &str| 1.0 / rounds.seconds(name);
    figure(
        "decode_v2_to_record",
        rate(DECODE),
        "messages/s",
        "the checked shared record with its loss ledger, one core",
    );
    figure(
        "hl7_parser_bare_parse",
        rate(OTHER),
        "messages/s",
        "hl7-parser 0.3.0, its own tree of the message and no record, same message",
    );
    figure("separator_scan", rate(SCAN), "messages/s", "noting the place of each separator, same message");
    let faster = rounds.ratio(OTHER, DECODE);
    let said = goal(faster >= 10.0, "at least 10");
    figure("decode_v2_speed_ratio", faster, "times", &format!("hl7-parser 0.3.0 bare parse = 1; {said}"));
    figure("decode_v2_scan_ratio", rounds.ratio(DECODE, SCAN), "times the duration", "separator scan = 1");
}

/// Met or missed, in words that stand in the line itself.
fn goal(met: bool, goal: &str) -> String {
    format!("goal {goal}: {}", if met { "met" } else { "MISSED" })
}

/// Notes where each separator stands: the least that any reader of v2 must do.
fn scan(bytes: &[u8], places: &mut Vec<u32>) -> usize {
    places.clear();
    for (place, byte) in (0_u32..).zip(bytes) {
        if matches!(byte, b'|' | b'^' | b'~' | b'&' | b'\\' | b'\r') {
            places.push(place);
        }
    }
    places.len()
}

const TRANSLATE: &str = "v2_to_fhir";

fn to_fhir(v2: &dyn Adapter, fhir: &dyn Adapter, profile: &Profile) {
    let policy = Policy::reviewed();
    let translate = || {
        let released = release_to_author(decode(v2, profile), &profile.agency, &policy, profile.now);
        Outgoing::render(fhir, &released, profile).map_or(0, |outgoing| outgoing.bytes().len())
    };
    let bytes = translate();
    if bytes == 0 {
        println!("not measured: v2_to_fhir (fhir-json says nothing of this message)");
        return;
    }
    let rounds = measure(vec![Subject::new(TRANSLATE, translate), Subject::new(DECODE, || decode(v2, profile).len())]);
    let rate = 1.0 / rounds.seconds(TRANSLATE);
    let said = goal(rate >= 10_000.0, "at least 10000");
    let against = format!("decode, release to the author, Bundle of {bytes} bytes; one core; {said}");
    figure("v2_to_fhir_bundle", rate, "messages/s", &against);
    figure("v2_to_fhir_ratio", rounds.ratio(TRANSLATE, DECODE), "times the duration", "decode alone = 1");
}

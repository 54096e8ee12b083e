//! How fast the formats of hospitals are read and written, by size: against bare readers of the same bytes, which make no
//! record, no ledger and no check.

mod measure;

use measure::{Subject, figure, measure};
use musubi_adapters::adapter;
use musubi_core::adapter::{Adapter, Item, Profile};
use musubi_core::agency::AgencyId;
use musubi_core::consent::Policy;
use musubi_core::record::Submission;
use musubi_core::release::{Outgoing, release_to_author};
use musubi_core::time::Time;

const A03: &str = include_str!("../adapters/hospital/hl7v2/samples/shione_a03_newborn.hl7");
const ORU: &str = include_str!("../adapters/hospital/hl7v2/samples/shione_r01_two_week_check.hl7");
const CDA: &str = include_str!("../adapters/hospital/cda/samples/shione_discharge.xml");
const BUNDLE: &str = include_str!("../adapters/hospital/fhir/fhir_json/samples/shione_birth.fhir");

/// One message or document, and something that only reads its bytes.
struct Case {
    name: &'static str,
    format: &'static str,
    text: String,
    bare: fn(&str) -> usize,
    against: &'static str,
    goal: f64,
}

fn main() {
    let author = AgencyId::new("MED-4810700122").expect("an agency id");
    let received = Time::parse_rfc3339("2026-11-09T15:12:30+09:00").expect("a time");
    let profile = Profile::offline(author, received);
    for case in cases() {
        let format = adapter(case.format).expect("the format is listed");
        match decode(format, &case.text, &profile) {
            read if read.is_empty() => println!("not measured: {} (it is refused)", case.name),
            read => both_ways(&case, format, read, &profile),
        }
    }
}

fn cases() -> [Case; 4] {
    let hl7 = |name, text| Case { name, format: "hl7v2", text, bare: fields, against: "hl7 separators", goal: 0.0 };
    [
        hl7("a03_2_kb", with_results(A03, 2 * 1024)),
        hl7("oru_100_kb", with_results(ORU, 100 * 1024)),
        Case {
            name: "cda_1_mb",
            format: "cda",
            text: large_document(),
            bare: events,
            against: "quick-xml events",
            goal: 0.4,
        },
        Case {
            name: "bundle_1_mb",
            format: "fhir-json",
            text: large_bundle(),
            bare: values,
            against: "serde_json to Value",
            goal: 1.0,
        },
    ]
}

fn decode(format: &dyn Adapter, text: &str, profile: &Profile) -> Vec<Submission> {
    let items = format.decode(text.as_bytes(), profile).items;
    items.into_iter().filter_map(|Item { submission, .. }| submission).collect()
}

fn both_ways(case: &Case, format: &dyn Adapter, read: Vec<Submission>, profile: &Profile) {
    let released = release_to_author(read, &profile.agency, &Policy::reviewed(), profile.now);
    let write = || Outgoing::render(format, &released, profile).map_or(0, |outgoing| outgoing.bytes().len());
    let written = write();
    let rounds = measure(vec![
        Subject::new("decode", || decode(format, &case.text, profile).len()),
        Subject::new("encode", write),
        Subject::new("bare", || (case.bare)(&case.text)),
    ]);
    for (way, bytes) in [("decode", case.text.len()), ("encode", written)] {
        let rate = 1.0 / rounds.seconds(way);
        let megabytes = rate * bytes as f64 / 1e6;
        figure(&format!("{}_{way}", case.name), rate, "messages/s", &format!("{bytes} bytes, {megabytes:.1} MB/s"));
    }
    let ratio = rounds.ratio("bare", "decode");
    let goal = if case.goal > 0.0 { format!("; goal at least {}", case.goal) } else { String::new() };
    figure(&format!("{}_ratio", case.name), ratio, "times", &format!("{} = 1{goal}", case.against));
}

/// A message with as many more results as fill it up to a size.
fn with_results(message: &str, bytes: usize) -> String {
    let mut text = message.to_owned();
    for number in 100.. {
        let result =
            format!("OBX|{number}|NM|8480-6^収縮期血圧^LN|{number}|118|mm(hg)^mmHg^ISO+|||||F|||202611091430\r");
        if text.len() + result.len() > bytes {
            break;
        }
        text.push_str(&result);
    }
    text
}

/// A discharge summary with blood pressures up to a megabyte.
fn large_document() -> String {
    let (before, after) = CDA.split_once("<effectiveTime value=\"20261030\"/>\n").expect("the vital signs");
    let mut text = format!("{before}<effectiveTime value=\"20261030\"/>\n");
    let mut number = 0;
    while text.len() + after.len() < 1_000_000 {
        number += 1;
        text.push_str(&format!(
            "<component><observation classCode=\"OBS\" moodCode=\"EVN\"><id root=\"1.2.392.100495.20.3.51.14810700122.9\" \
             extension=\"{number}\"/><code code=\"8480-6\" codeSystem=\"2.16.840.1.113883.6.1\" displayName=\"収縮期血圧\"/>\
             <statusCode code=\"completed\"/><effectiveTime value=\"20261030\"/>\
             <value xsi:type=\"PQ\" value=\"118\" unit=\"mm[Hg]\"/></observation></component>"
        ));
        if number == 1_900 {
            break;
        }
    }
    pad(text + after, "</structuredBody>", "<component><section><text>経過は良好。</text></section></component>")
}

/// A document of a birth with blood pressures up to a megabyte.
fn large_bundle() -> String {
    let (before, after) = BUNDLE.rsplit_once(']').expect("the entries");
    let mut text = before.to_owned();
    for number in 0..1_900 {
        if text.len() + after.len() > 1_000_000 {
            break;
        }
        text.push_str(&format!(
            ",{{\"resource\":{{\"resourceType\":\"Observation\",\"id\":\"bp-{number}\",\"status\":\"final\",\
             \"subject\":{{\"identifier\":{{\"value\":\"0012345\"}}}},\"code\":{{\"coding\":[{{\
             \"system\":\"http://loinc.org\",\"code\":\"8480-6\",\"display\":\"収縮期血圧\"}}],\"text\":\"収縮期血圧\"}},\
             \"effectiveDateTime\":\"2026-10-30T09:00:00+09:00\",\"valueQuantity\":{{\"value\":118,\"unit\":\"mmHg\",\
             \"system\":\"http://unitsofmeasure.org\",\"code\":\"mm[Hg]\"}},\"note\":[{{\"text\":\"{}\"}}]}}}}",
            "座位で測定。".repeat(10)
        ));
    }
    text + "]" + after
}

/// Adds a piece before an end tag until the text is a megabyte long.
fn pad(text: String, before: &str, piece: &str) -> String {
    let Some((head, tail)) = text.split_once(before) else { return text };
    let missing = 1_000_000_usize.saturating_sub(text.len()) / piece.len();
    [head, &piece.repeat(missing), before, tail].concat()
}

fn fields(text: &str) -> usize {
    text.bytes().filter(|byte| matches!(byte, b'|' | b'^' | b'~' | b'&' | b'\\' | b'\r')).count()
}

fn events(text: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut seen = 0;
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) | Err(_) => return seen,
            Ok(_) => seen += 1,
        }
    }
}

fn values(text: &str) -> usize {
    serde_json::from_str::<serde_json::Value>(text).map_or(0, |value| value.as_object().map_or(0, serde_json::Map::len))
}

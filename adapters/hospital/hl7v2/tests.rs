//! The format as a whole: samples against snapshots, every cut, the corpus, and what must be refused.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod beside;
mod corpus;
mod encode;
mod events;
mod ledger;
mod pregnancy;
mod readme;
mod referrals;
mod refusals;
mod samples;
mod ssmix2;
mod state;
mod transactions;

use super::*;
use musubi_core::adapter::{Diagnostic, LocalCode};
use musubi_core::agency::AgencyId;
use musubi_core::time::Time;

/// The demo story's hospital 1, whose table names its own EPDS items.
fn shione() -> Profile {
    let mut profile = Profile::plain(AgencyId::new("MED-4810700122").unwrap(), now());
    profile.sender_names = vec!["SHIONE-HOSP".to_owned()];
    profile.commissioned_codes = vec!["PPC2W".to_owned()];
    let local =
        |item| LocalCode { system: "99SHI".into(), code: format!("EPDS{item:02}"), loinc: format!("EPDS-{item}") };
    profile.observation_codes = (1..=10).map(local).collect();
    profile
}

fn minami() -> Profile {
    let mut profile = Profile::plain(AgencyId::new("MED-4810700452").unwrap(), now());
    profile.sender_names = vec!["MINAMI".to_owned()];
    profile
}

fn now() -> Time {
    Time::parse_rfc3339("2026-11-20T10:05:00+09:00").unwrap()
}

/// What a message gave: the record as JSON, and the diagnostics.
struct Read {
    record: Option<serde_json::Value>,
    diagnostics: Vec<Diagnostic>,
}

impl Read {
    fn codes(&self) -> Vec<String> {
        self.diagnostics.iter().map(|d| format!("{} {}", d.code, d.place)).collect()
    }

    fn has(&self, code: &str) -> bool {
        self.codes().iter().any(|known| known == code)
    }

    /// Bodies of a kind.
    fn bodies(&self, kind: &str) -> Vec<&serde_json::Value> {
        self.entries().iter().filter_map(|entry| entry.get(kind)).collect()
    }

    fn body(&self, kind: &str) -> &serde_json::Value {
        self.bodies(kind).into_iter().next().unwrap()
    }

    fn entries(&self) -> &[serde_json::Value] {
        self.record.as_ref().unwrap()["entries"].as_array().unwrap()
    }

    fn entry(&self, kind: &str) -> &serde_json::Value {
        self.entries().iter().find(|entry| entry.get(kind).is_some()).unwrap()
    }
}

fn read(bytes: &[u8], profile: &Profile) -> Read {
    let decoded = Hl7v2.decode(bytes, profile);
    let record = decoded.items.first().and_then(|item| item.submission.as_ref());
    let record = record.map(|submission| serde_json::from_str(&submission.to_author_json()).unwrap());
    Read { record, diagnostics: decoded.all_diagnostics().cloned().collect() }
}

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/hospital/hl7v2/samples/{name}.hl7", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A sample with one change.
fn changed(name: &str, from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(sample(name)).unwrap();
    assert!(text.contains(from), "the sample does not hold {from}");
    text.replacen(from, to, 1).into_bytes()
}

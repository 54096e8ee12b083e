//! Any bytes in a format of hospitals or in HP01; what is taken of them, written in every format of hospitals and read again: never a
//! panic, and what was written is of its format.
#![no_main]

use libfuzzer_sys::fuzz_target;
use musubi_adapters::{ADAPTERS, adapter};
use musubi_core::adapter::Profile;
use musubi_core::agency::AgencyId;
use musubi_core::consent::Policy;
use musubi_core::release::release_to_author;
use musubi_core::time::Time;
use std::sync::LazyLock;

const READ: [&str; 6] = ["hl7v2", "cda", "fhir-json", "fhir-xml", "hp01", "hp01-xlsx"];
const WRITTEN: [&str; 4] = ["hl7v2", "cda", "fhir-json", "fhir-xml"];

static POLICY: LazyLock<Policy> = LazyLock::new(Policy::reviewed);

fuzz_target!(|bytes: &[u8]| {
    let Ok(agency) = AgencyId::new("MED-4810700122") else { return };
    let Some(now) = Time::parse_rfc3339("2026-11-20T12:00:00+09:00") else { return };
    let profile = Profile::offline(agency, now);
    for from in ADAPTERS.iter().filter(|format| READ.contains(&format.name()) && format.recognises(bytes)) {
        for submission in from.decode(bytes, &profile).items.into_iter().filter_map(|item| item.submission) {
            let released = release_to_author(vec![submission], &profile.agency, &POLICY, profile.now);
            for to in WRITTEN.into_iter().filter_map(adapter) {
                let Ok(written) = to.encode(&released, &profile) else { continue };
                assert!(to.recognises(&written), "{} is not of its format", to.name());
                let _ = to.decode(&written, &profile);
            }
        }
    }
});

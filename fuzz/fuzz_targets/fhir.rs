//! Any bytes as FHIR, in JSON and in XML.
#![no_main]

#[path = "../answered.rs"]
mod answered;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for format in ["fhir-json", "fhir-xml"] {
        answered::answered(format, bytes);
    }
});

//! Any bytes as a CDA document.
#![no_main]

#[path = "../answered.rs"]
mod answered;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| answered::answered("cda", bytes));

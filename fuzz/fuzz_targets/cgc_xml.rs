//! Any bytes as the case exchange of child guidance centers.
#![no_main]

#[path = "../answered.rs"]
mod answered;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| answered::answered("cgc-xml", bytes));

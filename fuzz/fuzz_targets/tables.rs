//! Any bytes as a table, in CSV and as a workbook.
#![no_main]

#[path = "../answered.rs"]
mod answered;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for format in ["hp01", "hp01-xlsx", "ph05", "ph05-xlsx", "pv02", "pv02-xlsx"] {
        answered::answered(format, bytes);
    }
});

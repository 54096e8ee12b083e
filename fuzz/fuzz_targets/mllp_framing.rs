//! The same bytes, cut in two ways, give the same frames.
#![no_main]

use libfuzzer_sys::fuzz_target;
use musubi_adapters::hospital::hl7v2::framing::Framer;

const LIMIT: usize = 4096;

fuzz_target!(|input: (Vec<u8>, usize, bool)| {
    let (bytes, size, lenient) = input;
    let mut whole = Framer::with_limit(lenient, LIMIT);
    let mut expected = whole.push(&bytes);
    expected.extend(whole.end());
    let mut pieces = Framer::with_limit(lenient, LIMIT);
    let mut seen = Vec::new();
    for piece in bytes.chunks(size % 64 + 1) {
        seen.extend(pieces.push(piece));
    }
    seen.extend(pieces.end());
    assert_eq!(seen, expected);
});

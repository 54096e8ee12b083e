//! Any text as what proves the log: notes, checkpoints, receipts, proofs and keys. Never a panic; what is read says itself again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use musubi_verify::{Checkpoint, Growth, Inclusion, LogVerifier, Receipt, SignedNote};

fuzz_target!(|text: &str| {
    let _ = Receipt::from_msa3("musubi/482072", text).map(|receipt| assert_eq!(receipt.msa3(), text));
    let _ = (Checkpoint::parse(text), SignedNote::parse(text), LogVerifier::parse(text));
    let _ = (Inclusion::parse(text), Growth::parse(text));
});

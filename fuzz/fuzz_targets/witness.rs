//! Any text as what lies between a hub and a witness: notes with cosignatures, questions, refusals, heads and keys. Never a panic; what
//! is read says itself again, whoever is named leads to no file outside, and nothing that was not signed is taken for signed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use musubi_verify::exchange::folder_name;
use musubi_verify::witness::{Head, Heads, Refused, cosign, witnessed};
use musubi_verify::{Growth, LogKey, LogVerifier, SignedNote, WitnessKey, WitnessVerifier};
use std::sync::LazyLock;

/// The keys of the seeds.
static WITNESS: LazyLock<WitnessKey> =
    LazyLock::new(|| WitnessKey::from_bytes("witness.example/w1", &[9; 32]).expect("a name"));
static LOG: LazyLock<LogVerifier> = LazyLock::new(|| LogKey::from_bytes("musubi.example", &[7; 32]).verifier());

fuzz_target!(|text: &str| {
    if let Some(head) = Head::parse(text) {
        assert_eq!(head.to_string(), text);
    }
    if let Some(refused) = Refused::parse(text) {
        assert_eq!(refused.to_string(), text);
    }
    if let Ok(key) = WitnessVerifier::parse(text) {
        assert_eq!(WitnessVerifier::parse(&key.to_string()).as_ref(), Ok(&key));
        assert!(LogVerifier::parse(text).is_err(), "a witness is no log");
    }
    let name = folder_name(text);
    assert!(!name.starts_with('.') && !name.contains(['/', '\0']), "{name}");
    if let Ok(note) = SignedNote::parse(text) {
        let key = WITNESS.verifier();
        let told = witnessed(std::slice::from_ref(&note), &key);
        assert!(!matches!(told, Ok(Some(_))) || key.check(&note).is_ok());
    }
    if let Ok(question) = Growth::parse(text) {
        // Who remembers nothing signs what the log's key signed, and signs it under the note as it came.
        if let Ok((note, heads)) = cosign(&Heads::new(), &question, &[LOG.clone()], &WITNESS, 1_796_000_000) {
            assert!(note.verify(&LOG).is_ok() && WITNESS.verifier().check(&note).is_ok());
            assert_eq!((note.text.as_str(), heads.len()), (question.note().text.as_str(), 1));
        }
    }
});

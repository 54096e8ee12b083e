//! What a witness (証人) says of a log: the head that it saw last, and when, signed under the checkpoint (C2SP tlog-cosignature,
//! Ed25519; S-35).

use super::checkpoint::{NotANote, NoteSignature, SignedNote};
use super::vkey::{Vkey, is_name};
use ed25519_dalek::{Signer, SigningKey};
use std::fmt;

const COSIGNATURE: u8 = 4;
/// The time before the signature, in seconds since 1970, big-endian.
const TIME_BYTES: usize = 8;

/// What a cosignature signs.
fn message(seconds: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

/// The signing key of a witness, with the name under which others know it.
#[derive(Clone)]
pub struct WitnessKey {
    name: String,
    key: SigningKey,
}

impl WitnessKey {
    /// From a name and 32 secret bytes.
    ///
    /// # Errors
    /// When the name is empty, or has blanks or a plus sign.
    pub fn from_bytes(name: &str, secret: &[u8; 32]) -> Result<Self, NotANote> {
        let named = WitnessKey { name: name.to_owned(), key: SigningKey::from_bytes(secret) };
        if is_name(name) { Ok(named) } else { Err(NotANote("name of a key")) }
    }

    /// The secret bytes, to be kept.
    pub fn secret(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// What others check cosignatures with.
    pub fn verifier(&self) -> WitnessVerifier {
        WitnessVerifier(Vkey { kind: COSIGNATURE, name: self.name.clone(), key: self.key.verifying_key() })
    }

    /// Signs the text of a checkpoint at this time, in seconds since 1970. Whether it may is for [`crate::witness::cosign`].
    pub(super) fn sign(&self, text: &str, seconds: u64) -> NoteSignature {
        let signature = self.key.sign(message(seconds, text).as_bytes()).to_bytes();
        let signature = [seconds.to_be_bytes().as_slice(), &signature].concat();
        NoteSignature { name: self.name.clone(), key_id: self.verifier().0.id(), signature }
    }
}

/// The public key of a witness and its name: `name+hex(key id)+base64(4 ‖ key)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessVerifier(Vkey);

impl WitnessVerifier {
    /// Reads the printed form.
    ///
    /// # Errors
    /// When it is not of that form, or its key id is not that of its name and key.
    pub fn parse(text: &str) -> Result<Self, NotANote> {
        Vkey::parse(COSIGNATURE, text).map(WitnessVerifier)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Name and key id: a witness that has another key is another.
    pub fn handle(&self) -> String {
        self.0.handle()
    }

    /// Does a line under a note bear its name and key id?
    pub fn is_under(&self, note: &SignedNote) -> bool {
        self.0.of(note).is_ok()
    }

    /// Its cosignature under a note, with the time of it in seconds since 1970.
    ///
    /// # Errors
    /// When there is none, or it does not hold.
    pub fn check<'n>(&self, note: &'n SignedNote) -> Result<(&'n NoteSignature, u64), NotANote> {
        let line = self.0.of(note)?;
        let wrong = NotANote("cosignature does not hold");
        let (time, signature) = line.signature.split_first_chunk::<TIME_BYTES>().ok_or(wrong)?;
        let seconds = u64::from_be_bytes(*time);
        self.0.check(&message(seconds, &note.text), signature).map_err(|_| wrong)?;
        Ok((line, seconds))
    }
}

impl fmt::Display for WitnessVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::super::checkpoint::{Checkpoint, LogKey, LogVerifier};
    use super::*;

    /// A checkpoint of a public log with the cosignature of a public witness, as they stood on the day of its time.
    const REMORA: &str = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";
    const PUBLIC: &str = "arche2025h1.staging.ct.transparency.dev\n1432088532\nU7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\n\
        \u{2014} remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==\n";
    /// The line over [`checkpoint`] as another implementation of Ed25519 and SHA-256 made it from the description of the form.
    const LINE: &str = "\u{2014} witness.example/w1 \
        JLXZ/gAAAABrDMkA6s3y9rO+S+zbC/rIwYD1FBAsajVQaAN/F4CoT9T+oy0oH/talqzozc7RNnRRGhfL3guxzhXgur/QNEerEgnWDw==";
    const VKEY: &str = "witness.example/w1+24b5d9fe+BP0XJDhaoMdbZPt4zWAvodmR/ev3axPFjtcC6sg16fYY";
    const SECONDS: u64 = 1_796_000_000;

    fn witness() -> WitnessKey {
        WitnessKey::from_bytes("witness.example/w1", &[9; 32]).unwrap()
    }

    fn checkpoint() -> SignedNote {
        let head =
            Checkpoint { origin: "musubi.example/482072".to_owned(), size: 9, root: [9; 32], extensions: Vec::new() };
        head.sign(&LogKey::from_bytes("musubi.example", &[7; 32]))
    }

    fn cosigned() -> SignedNote {
        let mut note = checkpoint();
        note.signatures.push(witness().sign(&note.text, SECONDS));
        note
    }

    #[test]
    fn s35_a_cosignature_of_another_witness_is_verified() {
        let note = SignedNote::parse(PUBLIC).unwrap();
        let key = WitnessVerifier::parse(REMORA).unwrap();
        assert_eq!(key.to_string(), REMORA);
        assert_eq!((key.name(), key.handle().as_str()), ("remora.n621.de", "remora.n621.de+da77ade7"));
        assert_eq!(key.check(&note).unwrap().1, 1_779_573_024);
    }

    #[test]
    fn s35_a_cosignature_is_frozen_byte_for_byte() {
        assert_eq!(witness().verifier().to_string(), VKEY);
        assert_eq!(WitnessVerifier::parse(VKEY).unwrap(), witness().verifier());
        let note = cosigned();
        assert_eq!(note.signatures[1].to_string(), LINE);
        assert_eq!(NoteSignature::parse(LINE).unwrap(), note.signatures[1]);
        assert_eq!(note.to_string(), format!("{}{LINE}\n", checkpoint()));
        assert_eq!(witness().verifier().check(&note).unwrap(), (&note.signatures[1], SECONDS));
    }

    #[test]
    fn s35_no_bit_of_a_cosigned_note_can_be_changed_but_the_logs_own_signature() {
        let (text, key) = (cosigned().to_string(), witness().verifier());
        let own = cosigned().signatures[0].to_string();
        let logs = text.find(&own).unwrap()..text.find(&own).unwrap() + own.len();
        let holds = |bytes: &[u8]| {
            let note = std::str::from_utf8(bytes).ok().and_then(|text| SignedNote::parse(text).ok());
            note.is_some_and(|note| key.check(&note).is_ok())
        };
        assert!(holds(text.as_bytes()));
        for bit in (0..text.len() * 8).filter(|bit| !logs.contains(&(bit / 8))) {
            let mut changed = text.clone().into_bytes();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!holds(&changed), "bit {bit}");
        }
    }

    #[test]
    fn s35_a_witness_and_a_log_are_never_taken_for_one_another() {
        let log = LogKey::from_bytes("witness.example/w1", &[9; 32]);
        let as_log = log.verifier();
        assert!(WitnessVerifier::parse(&as_log.to_string()).is_err() && LogVerifier::parse(VKEY).is_err());
        assert!(cosigned().verify(&as_log).is_err(), "a cosignature is no signature of a log");
        let mut signed = checkpoint();
        signed.signatures.push(log.sign(&signed.text));
        assert!(witness().verifier().check(&signed).is_err(), "a signature of a log is no cosignature");
    }

    #[test]
    fn s35_a_name_has_no_blanks_and_no_plus_sign() {
        for wrong in ["", "a b", "a\u{3000}b", "a+b", "a\nb"] {
            assert!(WitnessKey::from_bytes(wrong, &[9; 32]).is_err(), "{wrong:?}");
        }
    }
}

//! Public keys as signed notes name them (C2SP signed-note, verifier keys).

use super::checkpoint::{KEY_ID_BYTES, NotANote, NoteSignature, SignedNote};
use super::sha256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use std::fmt;

/// An Ed25519 key, its name, and the type byte of the signatures it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Vkey {
    pub(super) kind: u8,
    pub(super) name: String,
    pub(super) key: VerifyingKey,
}

/// May a key have this name? Not empty, without blanks, control characters and plus signs.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

impl Vkey {
    /// Reads `name+hex(key id)+base64(type ‖ key)`.
    pub(super) fn parse(kind: u8, text: &str) -> Result<Self, NotANote> {
        let wrong = NotANote("verifier key");
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else { return Err(wrong) };
        let bytes = STANDARD.decode(key).map_err(|_| wrong)?;
        let (of, key) = bytes.split_first().filter(|(of, _)| **of == kind).ok_or(wrong)?;
        let key = VerifyingKey::from_bytes(key.try_into().map_err(|_| wrong)?).map_err(|_| wrong)?;
        let read = Vkey { kind: *of, name: name.to_owned(), key };
        if hex(&read.id()) == id && is_name(name) { Ok(read) } else { Err(wrong) }
    }

    /// First four bytes of SHA-256(name ‖ newline ‖ type ‖ key).
    pub(super) fn id(&self) -> [u8; KEY_ID_BYTES] {
        let [a, b, c, d, ..] = sha256(&[self.name.as_bytes(), b"\n", &[self.kind], self.key.as_bytes()]);
        [a, b, c, d]
    }

    /// Name and key id, which tell keys apart.
    pub(super) fn handle(&self) -> String {
        format!("{}+{}", self.name, hex(&self.id()))
    }

    /// The signature of this key under a note.
    pub(super) fn of<'n>(&self, note: &'n SignedNote) -> Result<&'n NoteSignature, NotANote> {
        let own = note.signatures.iter().find(|line| line.name == self.name && line.key_id == self.id());
        own.ok_or(NotANote("no signature of this key"))
    }

    pub(super) fn check(&self, message: &str, signature: &[u8]) -> Result<(), NotANote> {
        let wrong = NotANote("signature does not hold");
        let signature = Signature::from_slice(signature).map_err(|_| wrong)?;
        self.key.verify_strict(message.as_bytes(), &signature).map_err(|_| wrong)
    }
}

impl fmt::Display for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}", self.handle(), STANDARD.encode(key))
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

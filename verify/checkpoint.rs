//! The head of a log as a C2SP signed note (S-33).

use super::tree::Hash;
use super::vkey::Vkey;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use std::fmt;

const ED25519: u8 = 1;
pub(super) const KEY_ID_BYTES: usize = 4;

/// Not a signed note or checkpoint of the C2SP form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a signed checkpoint: {0} (S-33)")]
pub struct NotANote(pub &'static str);

/// Size and root of a log at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// Lines after the root that this program gives no meaning; kept as they are.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// Reads the text of a note.
    ///
    /// # Errors
    /// When a line is missing, the size is not a plain decimal number, or the root is not 32 bytes of base64.
    pub fn parse(text: &str) -> Result<Self, NotANote> {
        let text = text.strip_suffix('\n').ok_or(NotANote("text does not end its last line"))?;
        let mut lines = text.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty()).ok_or(NotANote("origin"))?;
        let size = lines.next().ok_or(NotANote("size"))?;
        let number: u64 = size.parse().map_err(|_| NotANote("size"))?;
        if number.to_string() != size {
            return Err(NotANote("size"));
        }
        let root = lines.next().and_then(|line| STANDARD.decode(line).ok()).ok_or(NotANote("root"))?;
        let root = root.try_into().map_err(|_| NotANote("root"))?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(NotANote("empty extension line"));
        }
        Ok(Checkpoint { origin: origin.to_owned(), size: number, root, extensions })
    }

    /// Signs it.
    pub fn sign(&self, key: &LogKey) -> SignedNote {
        let text = self.to_string();
        let signature = key.sign(&text);
        SignedNote { text, signatures: vec![signature] }
    }
}

/// The text of the note, each line ended.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, STANDARD.encode(self.root))?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A text and the signatures under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    /// The text, its last line ended.
    pub text: String,
    /// The signatures, at least one; those of unknown keys are kept.
    pub signatures: Vec<NoteSignature>,
}

/// One signature line: `— name base64(key id ‖ signature)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// First four bytes of the hash of name and key.
    pub key_id: [u8; KEY_ID_BYTES],
    /// The signature.
    pub signature: Vec<u8>,
}

impl SignedNote {
    /// Reads a note.
    ///
    /// # Errors
    /// When there is no blank line before the signatures, or a signature line is not of the form.
    pub fn parse(note: &str) -> Result<Self, NotANote> {
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NotANote("no blank line"))?;
        let lines = signatures.strip_suffix('\n').ok_or(NotANote("last line not ended"))?;
        let signatures = lines.split('\n').map(NoteSignature::parse).collect::<Result<_, _>>()?;
        Ok(SignedNote { text: format!("{text}\n"), signatures })
    }

    /// Checks that a key signed this text.
    ///
    /// # Errors
    /// When there is no signature of that key, or one that does not hold.
    pub fn verify(&self, key: &LogVerifier) -> Result<(), NotANote> {
        key.check(&self.text, &key.0.of(self)?.signature)
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// The line, without its end.
impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.key_id.as_slice(), &self.signature].concat();
        write!(f, "\u{2014} {} {}", self.name, STANDARD.encode(bytes))
    }
}

impl NoteSignature {
    /// Reads one line, without its end.
    ///
    /// # Errors
    /// When it is not of the form.
    pub fn parse(line: &str) -> Result<Self, NotANote> {
        let wrong = NotANote("signature line");
        let (name, encoded) = line.strip_prefix("\u{2014} ").and_then(|l| l.split_once(' ')).ok_or(wrong)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| wrong)?;
        let (key_id, signature) = bytes.split_first_chunk().ok_or(wrong)?;
        if name.is_empty() || signature.is_empty() {
            return Err(wrong);
        }
        Ok(NoteSignature { name: name.to_owned(), key_id: *key_id, signature: signature.to_vec() })
    }
}

/// The hub's signing key, with the name under which others know it.
#[derive(Clone)]
pub struct LogKey {
    name: String,
    key: SigningKey,
}

impl LogKey {
    /// From the 32 secret bytes of the key file.
    pub fn from_bytes(name: impl Into<String>, secret: &[u8; 32]) -> Self {
        LogKey { name: name.into(), key: SigningKey::from_bytes(secret) }
    }

    /// What others check signatures with.
    pub fn verifier(&self) -> LogVerifier {
        LogVerifier(Vkey { kind: ED25519, name: self.name.clone(), key: self.key.verifying_key() })
    }

    /// Signs a text.
    pub fn sign(&self, text: &str) -> NoteSignature {
        let signature = self.key.sign(text.as_bytes()).to_bytes().to_vec();
        NoteSignature { name: self.name.clone(), key_id: self.verifier().key_id(), signature }
    }
}

/// A public key and its name: `name+hex(key id)+base64(1 ‖ key)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogVerifier(Vkey);

impl LogVerifier {
    /// Reads the printed form.
    ///
    /// # Errors
    /// When it is not of that form, or its key id is not that of its name and key.
    pub fn parse(text: &str) -> Result<Self, NotANote> {
        Vkey::parse(ED25519, text).map(LogVerifier)
    }

    /// The key itself.
    pub fn key_bytes(&self) -> [u8; 32] {
        self.0.key.to_bytes()
    }

    /// Is it known under this name?
    pub fn is_of(&self, name: &str) -> bool {
        self.0.name == name
    }

    /// Is it the key of the log of this origin, `<name>/<log>`?
    pub fn keeps(&self, origin: &str) -> bool {
        origin.strip_prefix(self.0.name.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }

    /// First four bytes of SHA-256(name ‖ newline ‖ 1 ‖ key).
    pub fn key_id(&self) -> [u8; KEY_ID_BYTES] {
        self.0.id()
    }

    /// Checks a signature over a text.
    ///
    /// # Errors
    /// When it does not hold.
    pub fn check(&self, text: &str, signature: &[u8]) -> Result<(), NotANote> {
        self.0.check(text, signature)
    }
}

impl fmt::Display for LogVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    /// The example in the documentation of the signed note format.
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\
        \n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "musubi.example/482072".to_owned(), size: 9, root: [9; 32], extensions: Vec::new() }
    }

    #[test]
    fn s33_a_note_that_others_signed_is_verified() {
        let key = LogVerifier::parse(KEY).unwrap();
        assert_eq!(key.to_string(), KEY);
        let note = SignedNote::parse(NOTE).unwrap();
        assert_eq!(note.to_string(), NOTE);
        note.verify(&key).unwrap();
        let changed = SignedNote::parse(&NOTE.replace("answer", "anwser")).unwrap();
        assert_eq!(changed.verify(&key), Err(NotANote("signature does not hold")));
    }

    #[test]
    fn s33_a_key_is_read_only_with_a_name_and_the_id_that_follows_from_both() {
        let parts: Vec<&str> = KEY.splitn(3, '+').collect();
        let [name, id, key] = parts.try_into().unwrap();
        let unnamed = LogKey::from_bytes("", &[7; 32]).verifier().to_string();
        assert!(LogVerifier::parse(&format!("{name}+{id}+{key}")).is_ok());
        assert!(LogVerifier::parse(&format!("{name}+c74f20a4+{key}")).is_err(), "another id");
        assert!(LogVerifier::parse(&format!("PaulNeumann+{id}+{key}")).is_err(), "another name");
        assert!(LogVerifier::parse(&unnamed).is_err(), "no name, though the id is right");
        let own = LogKey::from_bytes("musubi.example", &[7; 32]);
        let read = LogVerifier::parse(&own.verifier().to_string()).unwrap();
        assert_eq!(read.key_bytes(), SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes());
        assert!(read.is_of("musubi.example") && !read.is_of("musubi"));
    }

    #[test]
    fn s33_a_signature_line_has_a_name_and_a_signature() {
        let line = |name: &str, bytes: &[u8]| {
            SignedNote::parse(&format!("text\n\n\u{2014} {name} {}\n", STANDARD.encode(bytes))).is_ok()
        };
        assert!(line("musubi.example", &[1, 2, 3, 4, 5]));
        assert!(!line("musubi.example", &[1, 2, 3, 4]), "a key id alone");
        assert!(!line("", &[1, 2, 3, 4, 5]), "no name");
    }

    #[test]
    fn s33_a_checkpoint_has_one_spelling() {
        let text = "musubi.example/482072\n9\nCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n";
        assert_eq!(checkpoint().to_string(), text);
        assert_eq!(Checkpoint::parse(text).unwrap(), checkpoint());
        let extended = format!("{text}something else\nand more\n");
        assert_eq!(Checkpoint::parse(&extended).unwrap().to_string(), extended);
        for wrong in [
            text.replace("\n9\n", "\n09\n"),
            text.replace("\n9\n", "\n+9\n"),
            text.replace("\n9\n", "\n-9\n"),
            text.replace("CQk=", "CQ=="),
            text.replace("musubi.example/482072", ""),
            text.trim_end().to_owned(),
            format!("{text}\n"),
            String::new(),
        ] {
            assert!(Checkpoint::parse(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn s33_a_signed_checkpoint_is_frozen_byte_for_byte() {
        let key = LogKey::from_bytes("musubi.example", &[7; 32]);
        let note = checkpoint().sign(&key);
        assert_eq!(SignedNote::parse(&note.to_string()).unwrap(), note);
        note.verify(&key.verifier()).unwrap();
        assert_eq!(
            note.to_string(),
            "musubi.example/482072\n9\nCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n\n\u{2014} musubi.example \
             TveHYTUFrRcihck97aMwXrHKIsfDjwlqcRMjUKrthm+C6Bax/EMPcpX/ZP2o3NEU2or0P+icN4uHOJ5dFBkyohbTMgo=\n"
        );
    }

    #[test]
    fn s33_another_key_or_name_does_not_verify() {
        let note = checkpoint().sign(&LogKey::from_bytes("musubi.example", &[7; 32]));
        let unknown = Err(NotANote("no signature of this key"));
        assert_eq!(note.verify(&LogKey::from_bytes("musubi.example", &[8; 32]).verifier()), unknown);
        assert_eq!(note.verify(&LogKey::from_bytes("other.example", &[7; 32]).verifier()), unknown);
    }
}

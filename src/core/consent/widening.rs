//! A policy that opens more than the one before is decided by only when two officers signed that it may be (`security.md` S-43).

use super::explain::Change;
use crate::agency::{UnknownWord, words};
use crate::audit::{LogKey, LogVerifier, SignedNote};
use crate::reviewed::Reviewed;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

words! {
    /// The office in which somebody signs.
    Office {
        /// Privacy officer (個人情報保護担当).
        Privacy = "privacy",
        /// Legal officer (法務担当).
        Legal = "legal",
    }
}

/// A change from one policy to another, by the hashes of their files, and of those of the codes that raise categories: what the
/// officers sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Succession {
    hashes: [[u8; 32]; 4],
}

impl Succession {
    /// That `new` takes the place of `old`.
    pub fn new(old: &Reviewed, new: &Reviewed) -> Self {
        Succession { hashes: [old.policy.hash(), old.codes.hash(), new.policy.hash(), new.codes.hash()] }
    }

    /// Signs it; the note stands beside the new files.
    pub fn sign(&self, key: &LogKey) -> SignedNote {
        let text = self.to_string();
        SignedNote { signatures: vec![key.sign(&text)], text }
    }

    /// Did the holder of this key sign just this change, in this note?
    pub fn is_signed(&self, note: &str, key: &LogVerifier) -> bool {
        SignedNote::parse(note).is_ok_and(|note| note.text == self.to_string() && note.verify(key).is_ok())
    }
}

/// The text that is signed, each line ended.
impl fmt::Display for Succession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "musubi policy change 2")?;
        for hash in &self.hashes {
            hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
            writeln!(f)?;
        }
        Ok(())
    }
}

/// The changes by which a new policy may show what the old one did not.
pub fn opening(changes: &[Change]) -> impl Iterator<Item = &Change> {
    changes.iter().filter(|change| change.opens)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::consent::{Policy, RaisedCodes};

    fn wider() -> Reviewed {
        let [matrix, grounds, masks] = Policy::reviewed().files().clone();
        let masks = masks.replace("\"C08\", \"C12\", \"C13\"", "\"C12\", \"C13\"");
        Reviewed { policy: Policy::load(&matrix, &grounds, &masks).unwrap(), ..Reviewed::shipped() }
    }

    /// The reviewed files, with one code that raises nothing any more.
    fn fewer_raised() -> Reviewed {
        let codes = RaisedCodes::reviewed().file().replacen("raises = [\"C08\"]", "raises = []", 1);
        Reviewed { codes: RaisedCodes::load(&codes).unwrap(), ..Reviewed::shipped() }
    }

    fn key(byte: u8) -> LogKey {
        LogKey::from_bytes("privacy", &[byte; 32])
    }

    #[test]
    fn s43_what_opens_is_a_widening_and_its_reverse_is_none() {
        let (old, new) = (Reviewed::shipped(), wider());
        let widening = |old: &Reviewed, new: &Reviewed| {
            opening(&old.shown_otherwise(new)).map(ToString::to_string).collect::<Vec<String>>()
        };
        let opened = widening(&old, &new);
        assert!(opened.len() == 1 && opened[0].starts_with("must_be_named"), "{opened:?}");
        assert!(widening(&new, &old).is_empty() && widening(&old, &old).is_empty());
        let opened = widening(&old, &fewer_raised());
        assert!(opened.len() == 1 && opened[0].starts_with("codes "), "{opened:?}");
        assert!(widening(&fewer_raised(), &old).is_empty());
    }

    #[test]
    fn s43_a_signature_holds_for_its_key_and_for_this_change_alone() {
        let (old, new) = (Reviewed::shipped(), wider());
        let signed = Succession::new(&old, &new).sign(&key(1)).to_string();
        assert!(Succession::new(&old, &new).is_signed(&signed, &key(1).verifier()));
        assert!(!Succession::new(&old, &new).is_signed(&signed, &key(2).verifier()));
        assert!(!Succession::new(&new, &old).is_signed(&signed, &key(1).verifier()));
        assert!(!Succession::new(&old, &old).is_signed(&signed, &key(1).verifier()));
        assert!(!Succession::new(&old, &new).is_signed("", &key(1).verifier()));
        assert!(!Succession::new(&old, &fewer_raised()).is_signed(&signed, &key(1).verifier()));
    }
}

//! Message control ids (MSH-10) of messages that are made here, each from the hash of what it stands for: the same gives the same.

use super::limits::CONTROL_ID_CHARS_MAX;
use sha2::{Digest, Sha256};

/// The id of what these parts say, one behind the other: the beginning of their SHA-256 in large hexadecimal digits.
pub(super) fn of(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    let digits = hash.finalize().iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    digits.chars().take(CONTROL_ID_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_follows_from_what_is_said_and_fits_its_field() {
        // FIPS 180-4, the message "abc".
        assert_eq!(of(&[b"abc"]), "BA7816BF8F01CFEA4141");
        assert_eq!(of(&[b"a", b"", b"bc"]), of(&[b"abc"]));
        assert_eq!(of(&[b"abd"]).len(), CONTROL_ID_CHARS_MAX);
    }
}

//! What an agency keeps, to ask for a proof later (S-39).

use super::checkpoint::{LogKey, LogVerifier, NotANote, NoteSignature};
use super::tree::LeafHash;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Where in which log the entry of an acknowledged effect stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The log.
    pub origin: String,
    /// Index of the entry in it.
    pub index: u64,
    /// Its leaf.
    pub leaf: LeafHash,
}

/// Not the text of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a receipt: musubi:1:<index>:<base64url leaf hash> (S-39)")]
pub struct NotAReceipt;

impl Receipt {
    /// As it stands in `MSA-3` of a v2 acknowledgement: `musubi:1:<index>:<base64url leaf hash>`, under 80 characters.
    pub fn msa3(&self) -> String {
        format!("musubi:1:{}:{}", self.index, URL_SAFE_NO_PAD.encode(self.leaf.0))
    }

    /// Reads the text of `MSA-3`; the origin is known from the peer.
    ///
    /// # Errors
    /// When the text is not of the form.
    pub fn from_msa3(origin: impl Into<String>, text: &str) -> Result<Self, NotAReceipt> {
        let (index, leaf) = text.strip_prefix("musubi:1:").and_then(|t| t.split_once(':')).ok_or(NotAReceipt)?;
        let number: u64 = index.parse().map_err(|_| NotAReceipt)?;
        let leaf = URL_SAFE_NO_PAD.decode(leaf).map_err(|_| NotAReceipt)?;
        let leaf = LeafHash(leaf.try_into().map_err(|_| NotAReceipt)?);
        if number.to_string() != index {
            return Err(NotAReceipt);
        }
        Ok(Receipt { origin: origin.into(), index: number, leaf })
    }

    /// The text that is signed. Its first line has spaces, which no origin has: a receipt is never a checkpoint.
    pub fn text(&self) -> String {
        format!("musubi receipt 1\n{}\n{}\n{}\n", self.origin, self.index, STANDARD.encode(self.leaf.0))
    }

    /// The hub's signature.
    pub fn sign(&self, key: &LogKey) -> NoteSignature {
        key.sign(&self.text())
    }

    /// Checks the hub's signature.
    ///
    /// # Errors
    /// When it does not hold.
    pub fn verify(&self, key: &LogVerifier, signature: &[u8]) -> Result<(), NotANote> {
        key.check(&self.text(), signature)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn s39_the_longest_receipt_fits_into_msa3() {
        let receipt =
            Receipt { origin: "musubi.example/482072".to_owned(), index: u64::MAX, leaf: LeafHash([255; 32]) };
        assert!(receipt.msa3().len() < 80);
        assert_eq!(Receipt::from_msa3("musubi.example/482072", &receipt.msa3()).unwrap(), receipt);
    }

    #[test]
    fn s39_a_receipt_has_one_spelling() {
        let text = Receipt { origin: String::new(), index: 7, leaf: LeafHash([0; 32]) }.msa3();
        assert_eq!(text, format!("musubi:1:7:{}", "A".repeat(43)));
        for wrong in ["", "musubi:1:7", "musubi:2:7:", &text.replace(":7:", ":07:"), &text.replace(":7:", ":+7:")] {
            assert_eq!(Receipt::from_msa3("", wrong), Err(NotAReceipt), "{wrong}");
        }
    }

    #[test]
    fn s39_a_signature_covers_log_index_and_leaf() {
        let key = LogKey::from_bytes("musubi.example", &[7; 32]);
        let receipt = Receipt { origin: "a".to_owned(), index: 7, leaf: LeafHash([1; 32]) };
        let signature = receipt.sign(&key).signature;
        receipt.verify(&key.verifier(), &signature).unwrap();
        for other in [
            Receipt { origin: "b".to_owned(), ..receipt.clone() },
            Receipt { index: 8, ..receipt.clone() },
            Receipt { leaf: LeafHash([2; 32]), ..receipt.clone() },
        ] {
            assert!(other.verify(&key.verifier(), &signature).is_err());
        }
    }
}

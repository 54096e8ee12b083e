//! What one audit entry says, and its canonical bytes.

use musubi_verify::LeafHash;
use prost::Message;
use zeroize::Zeroizing;

const SALT_BYTES: usize = 32;
/// First byte of every encoded entry: the encoding that follows is this message.
const VERSION: u8 = 1;

/// One line of the audit log. Ids and codes alone: no name, number or text of a record (S-30).
///
/// Tags are never reused. There are no maps, so that one entry has one encoding (S-31).
#[derive(Clone, PartialEq, Message)]
pub struct AuditEntry {
    /// When, in UTC microseconds.
    #[prost(int64, tag = "1")]
    pub time: i64,
    /// What was done: `receive`, `release`, `refuse`, `consent.record` …
    #[prost(string, tag = "2")]
    pub action: String,
    /// The agency that acted.
    #[prost(string, tag = "3")]
    pub agency: String,
    /// The member of staff who acted, as the agency numbers its staff.
    #[prost(string, tag = "4")]
    pub staff_id: String,
    /// The role in which they acted.
    #[prost(string, tag = "5")]
    pub role: String,
    /// The purpose that was named.
    #[prost(string, tag = "6")]
    pub purpose: String,
    /// The agency that received, where another did.
    #[prost(string, tag = "7")]
    pub recipient: String,
    /// The persons concerned (16 bytes each).
    #[prost(bytes = "vec", repeated, tag = "8")]
    pub persons: Vec<Vec<u8>>,
    /// The message that brought it (16 bytes), or empty.
    #[prost(bytes = "vec", tag = "9")]
    pub message: Vec<u8>,
    /// The entries concerned (16 bytes each).
    #[prost(bytes = "vec", repeated, tag = "10")]
    pub entries: Vec<Vec<u8>>,
    /// The release row (16 bytes), or empty.
    #[prost(bytes = "vec", tag = "11")]
    pub release: Vec<u8>,
    /// What was shown of each entry.
    #[prost(message, repeated, tag = "12")]
    pub masks: Vec<ItemMask>,
    /// The rules that decided, as `musubi policy explain` prints them.
    #[prost(string, repeated, tag = "13")]
    pub rules: Vec<String>,
    /// The consents, grounds, approvals and other facts relied on (16 bytes each).
    #[prost(bytes = "vec", repeated, tag = "14")]
    pub evidence: Vec<Vec<u8>>,
    /// Hash of the policy files in force.
    #[prost(bytes = "vec", tag = "15")]
    pub policy_hash: Vec<u8>,
    /// Hash of the facts that the decision saw.
    #[prost(bytes = "vec", tag = "16")]
    pub facts_hash: Vec<u8>,
    /// The epoch of each person of `persons`, in that order.
    #[prost(uint64, repeated, tag = "17")]
    pub epochs: Vec<u64>,
    /// How it ended: `AA`, `held`, `H009` …
    #[prost(string, tag = "18")]
    pub outcome: String,
    /// A reason from a closed list, where the action asks for one.
    #[prost(string, tag = "19")]
    pub note: String,
    /// Hash of the policy files under which it was intended, where others decide by now (F06); else empty.
    #[prost(bytes = "vec", tag = "20")]
    pub policy_before: Vec<u8>,
    /// The agencies that were told that something came in, and nothing of what it says.
    #[prost(string, repeated, tag = "21")]
    pub told: Vec<String>,
}

/// What was shown of one entry: category bits in full and in general form.
#[derive(Clone, PartialEq, Message)]
pub struct ItemMask {
    /// The entry (16 bytes).
    #[prost(bytes = "vec", tag = "1")]
    pub entry: Vec<u8>,
    /// Shown in full.
    #[prost(fixed32, tag = "2")]
    pub full: u32,
    /// Shown in general form.
    #[prost(fixed32, tag = "3")]
    pub general: u32,
}

/// Stored bytes that are no audit entry, or one of a version that this program does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an audit entry of a known version (S-31)")]
pub struct NotAnEntry;

/// An entry with its salt: what is sealed and stored, and what the leaf is a hash of.
#[derive(Clone)]
pub struct SaltedEntry(Zeroizing<Vec<u8>>);

impl SaltedEntry {
    /// Encodes an entry. The salt is random and used once: it keeps a destroyed entry from being guessed by its hash.
    pub fn new(salt: [u8; SALT_BYTES], entry: &AuditEntry) -> Self {
        let mut bytes = Vec::with_capacity(SALT_BYTES + 1 + entry.encoded_len());
        bytes.extend_from_slice(&salt);
        bytes.push(VERSION);
        bytes.extend(entry.encode_to_vec());
        SaltedEntry(Zeroizing::new(bytes))
    }

    /// From opened bytes.
    pub fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Self {
        SaltedEntry(bytes)
    }

    /// The bytes to seal: salt, version byte, message.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The leaf: SHA-256(0x00 ‖ SHA-256(salt ‖ entry)).
    pub fn leaf(&self) -> LeafHash {
        LeafHash::of(&self.0)
    }

    /// Reads the entry.
    ///
    /// # Errors
    /// When the bytes are too short, of another version, or no message.
    pub fn entry(&self) -> Result<AuditEntry, NotAnEntry> {
        let (_salt, encoded) = self.0.split_at_checked(SALT_BYTES).ok_or(NotAnEntry)?;
        match encoded.split_first() {
            Some((&VERSION, message)) => AuditEntry::decode(message).map_err(|_| NotAnEntry),
            _ => Err(NotAnEntry),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn entry() -> AuditEntry {
        AuditEntry {
            time: 1_795_000_000_000_000,
            action: "release".to_owned(),
            agency: "OSC-482072".to_owned(),
            persons: vec![vec![1; 16], vec![2; 16]],
            epochs: vec![3, 4],
            masks: vec![ItemMask { entry: vec![5; 16], full: 1, general: 2 }],
            ..AuditEntry::default()
        }
    }

    #[test]
    fn s31_an_entry_is_read_as_it_was_written() {
        let salted = SaltedEntry::new([7; 32], &entry());
        assert_eq!(salted.entry().unwrap(), entry());
        assert_eq!(SaltedEntry::from_bytes(Zeroizing::new(salted.as_bytes().to_vec())).leaf(), salted.leaf());
    }

    #[test]
    fn s31_the_leaf_depends_on_salt_and_entry() {
        let leaf = SaltedEntry::new([7; 32], &entry()).leaf();
        assert_ne!(leaf, SaltedEntry::new([8; 32], &entry()).leaf());
        assert_ne!(leaf, SaltedEntry::new([7; 32], &AuditEntry::default()).leaf());
    }

    #[test]
    fn s31_the_encoding_of_an_entry_is_frozen() {
        let salted = SaltedEntry::new([0; 32], &entry());
        let hex: String = salted.as_bytes()[32..].iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "010880e0fc8ab09198031207\
             72656c656173651a0a4f53432d343832303732421001010101010101010101010101010101421002020202020202020202020202020202\
             621c0a10050505050505050505050505050505051501000000\
             1d020000008a01020304"
        );
    }

    #[test]
    fn an_unknown_version_is_no_entry() {
        let mut bytes = SaltedEntry::new([7; 32], &entry()).as_bytes().to_vec();
        bytes[32] = 2;
        assert_eq!(SaltedEntry::from_bytes(Zeroizing::new(bytes)).entry(), Err(NotAnEntry));
        assert_eq!(SaltedEntry::from_bytes(Zeroizing::new(vec![0; 32])).entry(), Err(NotAnEntry));
    }
}

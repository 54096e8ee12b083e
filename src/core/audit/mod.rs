//! The audit log: what an entry says, how it becomes a leaf of a Merkle tree, and how anyone checks it (S-30 to S-39).
//!
//! Pure: bytes, hashes and signatures. Where leaves are kept and in which transaction is the store's concern.

mod checkpoint;
mod entry;
mod receipt;
mod tree;

pub use checkpoint::{Checkpoint, LogKey, LogVerifier, NotANote, NoteSignature, SignedNote};
pub use entry::{AuditEntry, ItemMask, NotAnEntry, SaltedEntry};
pub use receipt::{NotAReceipt, Receipt};
pub use tree::{Frontier, Hash, LeafHash, ProofFails, chain, consistency_proof, inclusion_proof, root};
pub use tree::{verify_consistency, verify_inclusion};

/// SHA-256 of the parts, one after another.
fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

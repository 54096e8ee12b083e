//! What anyone needs who checks an audit log of Musubi, or is its witness: the tree, signed notes, receipts, their proofs, and
//! cosignatures (S-30 to S-39).
//!
//! Pure but for the folders of a witness: bytes, hashes and signatures. No hub, no database and no data key, so that an auditor
//! can build it alone. What an entry says is `musubi-core`'s concern; where leaves are kept and in which transaction is the store's.

pub mod copy;
pub mod exchange;
pub mod home;
pub mod private;
pub mod whole;
pub mod witness;

mod checkpoint;
mod cosignature;
mod proof;
mod receipt;
mod tree;
mod vkey;
mod walk;

pub use checkpoint::{Checkpoint, LogKey, LogVerifier, NotANote, NoteSignature, SignedNote};
pub use cosignature::{WitnessKey, WitnessVerifier};
pub use proof::{Growth, Inclusion, Unproved};
pub use receipt::{NotAReceipt, Receipt};
pub use tree::{
    Frontier, Hash, LeafHash, ProofFails, chain, consistency_proof, consistency_proof_from, inclusion_proof, root,
    stored_hash,
};
pub use tree::{verify_consistency, verify_inclusion};
pub use walk::{CHAIN_START, Claim, FaultKind, Line, Walk, Wrong};

/// SHA-256 of the parts, one after another.
fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

//! The audit log: what an entry says, and how it becomes a leaf (S-30, S-31). Tree, notes, receipts and proofs are those of
//! `musubi-verify`, which an auditor builds without this crate.

mod entry;

pub use entry::{AuditEntry, ItemMask, NotAnEntry, SaltedEntry};
pub use musubi_verify::{
    Checkpoint, Frontier, Hash, LeafHash, LogKey, LogVerifier, NotANote, NotAReceipt, NoteSignature, ProofFails,
    Receipt, SignedNote, WitnessVerifier, chain, consistency_proof, inclusion_proof, root, verify_consistency,
    verify_inclusion,
};

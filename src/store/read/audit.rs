//! The audit logs.

#![allow(unused_variables)]
use super::*;

impl Store {
    /// Every log and its size.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn logs(&self) -> Result<Vec<(Log, u64)>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// Leaves of a log with `from <= index < to`, in order.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn leaves(&self, log: &Log, from: u64, to: u64) -> Result<Vec<LeafRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// The hashes of the first `size` leaves of a log, for proofs.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn leaf_hashes(&self, log: &Log, size: u64) -> Result<Vec<LeafHash>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// The leaves that concern any of these persons, by log and index, each once.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn leaves_of(&self, persons: &[PersonId]) -> Result<Vec<LeafRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// The last checkpoint of a log.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn last_checkpoint(&self, log: &Log) -> Result<Option<CheckpointRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// Verifies a whole log: order, chain, roots at every checkpoint, the signatures under them, and, where `open`
    /// gives back the plain entry, that it is the one of the leaf. `open` returns `None` for an entry whose keys were
    /// destroyed, and an error for one that should open and does not.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn verify_log(
        &self,
        log: &Log,
        key: Option<&LogVerifier>,
        open: &OpenLeaf<'_>,
    ) -> Result<Verdict, StoreError> {
        Err(StoreError::unfinished())
    }
}

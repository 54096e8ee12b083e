//! The facts that decisions rest on.

#![allow(unused_variables)]
use super::*;

impl Store {
    /// The facts about any of these persons that held, as the hub knew it at a moment, each once.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn facts_of(&self, persons: &[PersonId], at: Time) -> Result<Vec<FactRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// The facts about any of these persons, also those that no longer hold.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn fact_history(&self, persons: &[PersonId]) -> Result<Vec<FactRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// The facts of a kind that name this agency and held at a moment.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn facts_for(&self, recipient: &AgencyId, kind: FactKind, at: Time) -> Result<Vec<FactRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// One fact.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn fact(&self, id: FactId) -> Result<Option<FactRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// The epoch of the policy; 0 before the first was set.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn policy_epoch(&self) -> Result<u64, StoreError> {
        Err(StoreError::unfinished())
    }

    /// A setting.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        Err(StoreError::unfinished())
    }
}

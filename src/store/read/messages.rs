//! Messages and the entries that they brought.

#![allow(unused_variables)]
use super::*;

impl Store {
    /// The acknowledgement that a message of this key got, the newest if there are several (S-20). Messages that do
    /// not repeat are not looked at.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn message_answer(&self, agency: &AgencyId, key: Blind) -> Result<Option<StoredAnswer>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// One message.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn message(&self, id: MessageId) -> Result<Option<MessageRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// The entries that a message brought, in order of receipt.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn entries_of_message(
        &self,
        municipality: &Municipality,
        message: MessageId,
    ) -> Result<Vec<EntryRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// The entries that concern any of these persons, each once, in order of receipt.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn entries_of(&self, persons: &[PersonId]) -> Result<Vec<EntryRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// One entry.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn entry(&self, id: EntryId) -> Result<Option<EntryRow>, StoreError> {
        Err(StoreError::unfinished())
    }
}

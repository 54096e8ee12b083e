//! Persons, the identifiers that name them, and the list of cases.

#![allow(unused_variables)]
use super::*;

impl Store {
    /// The persons that identifiers name, in the order of the question; `None` for an identifier that names nobody.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn persons_by_alias(&self, blinds: &[Blind]) -> Result<Vec<Option<PersonId>>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// Persons by id, in the order of the ids; unknown ones are left out.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn persons(&self, ids: &[PersonId]) -> Result<Vec<PersonRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// At most `limit` persons who have this blinded value: suggestions, never proof.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn persons_by_index(&self, blind: Blind, limit: u32) -> Result<Vec<PersonId>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// Everybody joined with any of these persons, themselves included: one person to whoever asks.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn joined_with(&self, persons: &[PersonId]) -> Result<Vec<PersonRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// The list of cases of a municipality, most severe and newest first, after the line given.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn cases(
        &self,
        municipality: &Municipality,
        after: Option<&CaseRow>,
        limit: u32,
    ) -> Result<Vec<CaseRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// A person's line in the list.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn case(&self, municipality: &Municipality, person: PersonId) -> Result<Option<CaseRow>, StoreError> {
        Err(StoreError::unfinished())
    }
}

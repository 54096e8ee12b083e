//! The register of agencies and their staff.

#![allow(unused_variables)]
use super::*;

impl Store {
    /// Every agency, by id.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn agencies(&self) -> Result<Vec<AgencyRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// One agency.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn agency(&self, id: &AgencyId) -> Result<Option<AgencyRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// The staff of an agency, by staff id.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn staff(&self, agency: &AgencyId) -> Result<Vec<StaffRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// One member of staff.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn staff_member(&self, agency: &AgencyId, staff_id: &str) -> Result<Option<StaffRow>, StoreError> {
        Err(StoreError::unfinished())
    }
}

//! Work items and referrals.

#![allow(unused_variables)]
use super::*;

impl Store {
    /// Work items of an agency, open or answered, the earliest due first, those without a term last.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn work_items(&self, owner: &AgencyId, open: bool, limit: u32) -> Result<Vec<WorkItemRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// Work items that concern any of these persons.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn work_items_of(&self, persons: &[PersonId]) -> Result<Vec<WorkItemRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// One work item.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn work_item(&self, id: WorkItemId) -> Result<Option<WorkItemRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// One referral at its last step.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn referral(&self, id: ReferralId) -> Result<Option<ReferralRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// Referrals that concern any of these persons, the latest first.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn referrals_of(&self, persons: &[PersonId]) -> Result<Vec<ReferralRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// Referrals to or from an agency, the latest first.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn referrals_with(&self, agency: &AgencyId, limit: u32) -> Result<Vec<ReferralRow>, StoreError> {
        Err(StoreError::unfinished())
    }
}

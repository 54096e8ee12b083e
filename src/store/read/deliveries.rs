//! What waits to be sent, and what was shown.

#![allow(unused_variables)]
use super::*;

impl Store {
    /// Waiting deliveries whose time has come, oldest first.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn deliveries_due(&self, now: Time, limit: u32) -> Result<Vec<DeliveryRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// Deliveries that are waiting, held or sent without acknowledgement and concern any of these persons, oldest
    /// first.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn deliveries_waiting_for(&self, persons: &[PersonId]) -> Result<Vec<DeliveryRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// Deliveries to an agency after a sequence number, oldest first. Numbers have gaps: they are not for the
    /// recipient's eyes.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn deliveries_to(
        &self,
        recipient: &AgencyId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// Deliveries in a state, oldest first: dead letters, for one.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn deliveries_in(&self, state: DeliveryState, limit: u32) -> Result<Vec<DeliveryRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// One delivery.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// When the next waiting delivery is due.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn next_delivery_at(&self) -> Result<Option<Time>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// What was shown of any of these persons, oldest first (S-63).
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn releases_of(&self, persons: &[PersonId]) -> Result<Vec<ReleaseRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    /// One release.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn release(&self, id: ReleaseId) -> Result<Option<ReleaseRow>, StoreError> {
        Err(StoreError::unfinished())
    }
}

//! Work items and referrals.

use super::{by_id, of_persons};
use crate::store::sql::columns::{Columns, FromColumns};
use crate::store::sql::value::{Sql, Statement};
use crate::store::{ReferralRow, Store, StoreError, WorkItemRow};
use musubi_core::agency::AgencyId;
use musubi_core::id::{PersonId, ReferralId, WorkItemId};
use std::cmp::Reverse;

const OF_OWNER: &str = "SELECT * FROM work_item WHERE owner = $1 AND open = $2 AND ($3 = '' OR kind = $3)
    ORDER BY due_at IS NULL, due_at, id LIMIT +$4";
const ALL_OF_OWNER: &str = "SELECT * FROM work_item WHERE owner = $1 AND ($2 = '' OR kind = $2)
    ORDER BY due_at IS NULL, due_at, id LIMIT +$3";
const WORK_ITEM: &str = by_id!("work_item");
const WORK_ITEMS_OF: Statement = of_persons!("work_item", "5");
const REFERRAL: &str = by_id!("referral");
const REFERRALS_OF: Statement = of_persons!("referral", "3");
const WITH_AGENCY: &str =
    "SELECT * FROM (SELECT * FROM referral WHERE sender = $1 UNION SELECT * FROM referral WHERE receiver = $1) AS either
    ORDER BY updated_at DESC, id LIMIT +$2";

impl FromColumns for WorkItemRow {
    const TABLE: &'static str = "work_item";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(WorkItemRow {
            municipality: row.checked("municipality")?,
            id: WorkItemId(row.uuid("id")?),
            owner: row.checked("owner")?,
            kind: row.plain("kind")?,
            open: row.flag("open")?,
            created_at: row.time("created_at")?,
            due_at: row.time_if_any("due_at")?,
            answered_at: row.time_if_any("answered_at")?,
            version: row.number("version")?,
            persons: row.persons()?,
            body: row.sealed("body")?,
        })
    }
}

impl FromColumns for ReferralRow {
    const TABLE: &'static str = "referral";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(ReferralRow {
            municipality: row.checked("municipality")?,
            id: ReferralId(row.uuid("id")?),
            version: row.number("version")?,
            state: row.plain("state")?,
            from: row.checked("sender")?,
            to: row.checked("receiver")?,
            updated_at: row.time("updated_at")?,
            persons: row.persons()?,
            body: row.sealed("body")?,
        })
    }
}

impl Store {
    /// Work items of an agency, open, answered or both, of one kind or, where it is empty, of any; the earliest due first,
    /// those without a term last.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn work_items(
        &self,
        owner: &AgencyId,
        open: Option<bool>,
        kind: &str,
        limit: u32,
    ) -> Result<Vec<WorkItemRow>, StoreError> {
        let question = match open {
            Some(open) => Sql::new(OF_OWNER).bind(owner).bind(open),
            None => Sql::new(ALL_OF_OWNER).bind(owner),
        };
        self.all("work items", question.bind(kind).bind(limit)).await
    }

    /// Work items that concern any of these persons.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn work_items_of(&self, persons: &[PersonId]) -> Result<Vec<WorkItemRow>, StoreError> {
        let order = |item: &WorkItemRow| (item.created_at, item.id);
        self.concerning("work items of persons", WORK_ITEMS_OF, persons, order).await
    }

    /// One work item.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn work_item(&self, id: WorkItemId) -> Result<Option<WorkItemRow>, StoreError> {
        self.one("work item", Sql::new(WORK_ITEM).bind(id.0)).await
    }

    /// One referral at its last step.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn referral(&self, id: ReferralId) -> Result<Option<ReferralRow>, StoreError> {
        self.one("referral", Sql::new(REFERRAL).bind(id.0)).await
    }

    /// Referrals that concern any of these persons, the latest first.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn referrals_of(&self, persons: &[PersonId]) -> Result<Vec<ReferralRow>, StoreError> {
        let order = |referral: &ReferralRow| (Reverse(referral.updated_at), referral.id);
        self.concerning("referrals of persons", REFERRALS_OF, persons, order).await
    }

    /// Referrals to or from an agency, the latest first.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn referrals_with(&self, agency: &AgencyId, limit: u32) -> Result<Vec<ReferralRow>, StoreError> {
        self.all("referrals with agency", Sql::new(WITH_AGENCY).bind(agency).bind(limit)).await
    }
}

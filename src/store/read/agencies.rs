//! The register of agencies and their staff.

use crate::store::sql::columns::{Columns, FromColumns};
use crate::store::sql::value::Sql;
use crate::store::{AgencyRow, StaffRow, Store, StoreError};
use musubi_core::agency::{Actor, AgencyId};

const AGENCIES: &str = "SELECT * FROM agency ORDER BY id";
const AGENCY: &str = "SELECT * FROM agency WHERE id = $1";
const STAFF: &str = "SELECT * FROM staff WHERE agency = $1 ORDER BY staff_id";
const MEMBER: &str = "SELECT * FROM staff WHERE agency = $1 AND staff_id = $2";

impl FromColumns for AgencyRow {
    const TABLE: &'static str = "agency";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(AgencyRow {
            id: row.checked("id")?,
            kind: row.parsed("kind")?,
            name: row.plain("name")?,
            municipality: row.checked("municipality")?,
            active: row.flag("active")?,
            profile: row.plain("profile")?,
        })
    }
}

impl FromColumns for StaffRow {
    const TABLE: &'static str = "staff";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        let actor = Actor { staff_id: row.plain("staff_id")?, role: row.parsed("role")? };
        Ok(StaffRow { agency: row.checked("agency")?, actor, active: row.flag("active")? })
    }
}

impl Store {
    /// Every agency, by id.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn agencies(&self) -> Result<Vec<AgencyRow>, StoreError> {
        self.all("agencies", Sql::new(AGENCIES)).await
    }

    /// One agency.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn agency(&self, id: &AgencyId) -> Result<Option<AgencyRow>, StoreError> {
        self.one("agency", Sql::new(AGENCY).bind(id)).await
    }

    /// The staff of an agency, by staff id.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn staff(&self, agency: &AgencyId) -> Result<Vec<StaffRow>, StoreError> {
        self.all("staff", Sql::new(STAFF).bind(agency)).await
    }

    /// One member of staff.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn staff_member(&self, agency: &AgencyId, staff_id: &str) -> Result<Option<StaffRow>, StoreError> {
        self.one("member of staff", Sql::new(MEMBER).bind(agency).bind(staff_id)).await
    }
}

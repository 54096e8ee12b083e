//! What the sign-in of the console keeps.

use crate::store::sql::columns::{Columns, FromColumns};
use crate::store::sql::value::Sql;
use crate::store::{SignInKind, SignInRow, Store, StoreError};
use musubi_core::agency::AgencyId;
use musubi_core::sealing::Blind;
use musubi_core::time::Time;

const ONE: &str = "SELECT * FROM sign_in WHERE key = $1";
const OF_AGENCY: &str = "SELECT * FROM sign_in WHERE agency = $1 AND kind = $2 ORDER BY key LIMIT +$3";
const ENDED: &str = "SELECT * FROM sign_in WHERE ends_at < $1 ORDER BY ends_at LIMIT +$2";

impl FromColumns for SignInRow {
    const TABLE: &'static str = SignInRow::TABLE;

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(SignInRow {
            key: row.blind("key")?,
            kind: row.code("kind", &SignInKind::ALL, |kind| kind as u8)?,
            agency: row.checked("agency")?,
            version: row.number("version")?,
            ends_at: row.time_if_any("ends_at")?,
            body: row.sealed("body")?,
        })
    }
}

impl Store {
    /// One row of the sign-in.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn sign_in(&self, key: Blind) -> Result<Option<SignInRow>, StoreError> {
        self.one("sign-in", Sql::new(ONE).bind(key)).await
    }

    /// The rows of an agency, of one kind.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn sign_ins_of(
        &self,
        agency: &AgencyId,
        kind: SignInKind,
        limit: u32,
    ) -> Result<Vec<SignInRow>, StoreError> {
        self.all("sign-ins of an agency", Sql::new(OF_AGENCY).bind(agency).bind(kind as u8).bind(limit)).await
    }

    /// Rows that have ended before a moment, the oldest first.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn sign_ins_ended(&self, before: Time, limit: u32) -> Result<Vec<SignInRow>, StoreError> {
        self.all("ended sign-ins", Sql::new(ENDED).bind(before).bind(limit)).await
    }
}

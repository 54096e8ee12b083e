//! The facts that decisions rest on.

use super::{by_id, of_persons};
use crate::store::sql::columns::{Columns, FromColumns};
use crate::store::sql::value::{Sql, Statement};
use crate::store::write::model::POLICY_EPOCH;
use crate::store::{FactKind, FactRow, Store, StoreError};
use musubi_core::agency::AgencyId;
use musubi_core::id::{FactId, Municipality, PersonId};
use musubi_core::time::Time;

const FACT: &str = by_id!("fact");
const IN_MUNICIPALITY: &str = "SELECT * FROM fact WHERE municipality = $1 AND kind = $2 AND recorded_at <= $3
    AND (superseded_at IS NULL OR superseded_at > $3) ORDER BY recorded_at, id";
const OF_PERSONS: Statement = of_persons!("fact", "2");
const FOR_RECIPIENT: &str = "SELECT * FROM fact WHERE recipient = $1 AND kind = $2 AND recorded_at <= $3
    AND (superseded_at IS NULL OR superseded_at > $3) ORDER BY recorded_at, id";
const SETTING: &str = "SELECT value FROM setting WHERE name = $1";

impl FromColumns for FactRow {
    const TABLE: &'static str = "fact";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(FactRow {
            municipality: row.checked("municipality")?,
            id: FactId(row.uuid("id")?),
            kind: row.code("kind", &FactKind::ALL, |kind| kind as u8)?,
            recipient: row.checked_if_any("recipient")?,
            recorded_at: row.time("recorded_at")?,
            superseded_at: row.time_if_any("superseded_at")?,
            superseded_by: row.uuid_if_any("superseded_by")?.map(FactId),
            persons: row.persons()?,
            body: row.sealed("body")?,
        })
    }
}

/// The value of a setting.
struct Setting(String);

impl FromColumns for Setting {
    const TABLE: &'static str = "setting";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        row.plain("value").map(Setting)
    }
}

impl Store {
    /// The facts about any of these persons that held, as the hub knew it at a moment, each once.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn facts_of(&self, persons: &[PersonId], at: Time) -> Result<Vec<FactRow>, StoreError> {
        let mut facts = self.fact_history(persons).await?;
        facts.retain(|fact| fact.recorded_at <= at && fact.superseded_at.is_none_or(|end| end > at));
        Ok(facts)
    }

    /// The facts about any of these persons, also those that no longer hold.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn fact_history(&self, persons: &[PersonId]) -> Result<Vec<FactRow>, StoreError> {
        self.concerning("facts of persons", OF_PERSONS, persons, |fact: &FactRow| (fact.recorded_at, fact.id)).await
    }

    /// The facts of a kind that name this agency and held at a moment.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn facts_for(&self, recipient: &AgencyId, kind: FactKind, at: Time) -> Result<Vec<FactRow>, StoreError> {
        self.all("facts for agency", Sql::new(FOR_RECIPIENT).bind(recipient).bind(kind as u8).bind(at)).await
    }

    /// The facts of a kind that are kept in a municipality and held at a moment. Reads them all: for what an officer does once.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn facts_in(
        &self,
        municipality: &Municipality,
        kind: FactKind,
        at: Time,
    ) -> Result<Vec<FactRow>, StoreError> {
        let question = Sql::new(IN_MUNICIPALITY).bind(municipality.as_str()).bind(kind as u8).bind(at);
        self.all("facts of a municipality", question).await
    }

    /// One fact.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn fact(&self, id: FactId) -> Result<Option<FactRow>, StoreError> {
        self.one("fact", Sql::new(FACT).bind(id.0)).await
    }

    /// The epoch of the policy; 0 before the first was set.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn policy_epoch(&self) -> Result<u64, StoreError> {
        let wrong = || StoreError::Corrupt { table: "setting", column: "value", key: uuid::Uuid::nil() };
        self.setting(POLICY_EPOCH).await?.map_or(Ok(0), |epoch| epoch.parse().map_err(|_| wrong()))
    }

    /// A setting.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let found: Option<Setting> = self.one("setting", Sql::new(SETTING).bind(name)).await?;
        Ok(found.map(|setting| setting.0))
    }
}

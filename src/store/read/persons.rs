//! Persons, and the identifiers that name them.

use super::among;
use crate::store::sql::columns::{Columns, FromColumns};
use crate::store::sql::value::{KEYS_MAX, Sql, Statement};
use crate::store::{AliasRow, PersonRow, Store, StoreError};
use musubi_core::id::{Municipality, PersonId};
use musubi_core::sealing::{Blind, WrappedKey};
use musubi_core::time::Time;
use std::collections::HashMap;

const ALIASES: Statement = among!("SELECT * FROM alias WHERE blind", "");
const PERSONS: Statement = among!("SELECT * FROM person WHERE id", "");
const INDEXED: Statement = Statement::each(
    concat!(
        "SELECT one.blind, person.* FROM person_index AS one CROSS JOIN person ON person.id = one.person
         WHERE one.blind IN ",
        listed!(),
        " AND one.person IN (SELECT same.person FROM person_index AS same WHERE same.blind = one.blind
            ORDER BY same.person LIMIT +$2)
         ORDER BY one.blind, one.person"
    ),
    "SELECT one.blind, person.* FROM unnest($1::bytea[]) AS asked (blind)
     CROSS JOIN LATERAL (SELECT asked.blind, same.person FROM person_index AS same WHERE same.blind = asked.blind
        ORDER BY same.person LIMIT $2) AS one
     JOIN person ON person.id = one.person ORDER BY one.blind, one.person",
);
macro_rules! joined {
    ($among:expr, $join:literal) => {
        concat!(
            "WITH RECURSIVE up (id, above) AS (
                SELECT id, joined_into FROM person WHERE id ",
            $among,
            " UNION SELECT person.id, person.joined_into FROM person JOIN up ON person.id = up.above),
            everybody (id) AS (
                SELECT id FROM up WHERE above IS NULL
                UNION SELECT person.id FROM person JOIN everybody ON person.joined_into = everybody.id)
            SELECT person.* FROM everybody ",
            $join,
            " person ON person.id = everybody.id"
        )
    };
}
const JOINED: Statement =
    Statement::each(joined!(concat!("IN ", listed!()), "CROSS JOIN"), joined!("= ANY($1)", "JOIN"));
const TOMBSTONES: &str = "SELECT person, at FROM tombstone ORDER BY at, person";
const KEPT_IN: &str =
    "SELECT * FROM person WHERE municipality = $1 AND id > $2 AND joined_into IS NULL AND key IS NOT NULL
    ORDER BY id LIMIT +$3";

impl FromColumns for AliasRow {
    const TABLE: &'static str = "alias";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        let (blind, person) = (row.blind("blind")?, PersonId(row.uuid("person")?));
        Ok(AliasRow { blind, person, municipality: row.checked("municipality")? })
    }
}

/// A person and a value that finds them.
struct Indexed(Blind, PersonRow);

impl FromColumns for Indexed {
    const TABLE: &'static str = "person_index";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(Indexed(row.blind("blind")?, PersonRow::read(row)?))
    }
}

impl FromColumns for PersonRow {
    const TABLE: &'static str = "person";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(PersonRow {
            id: PersonId(row.uuid("id")?),
            municipality: row.checked("municipality")?,
            epoch: row.number("epoch")?,
            key: row.plain::<Option<Vec<u8>>>("key")?.map(WrappedKey::from_stored),
            joined_into: row.uuid_if_any("joined_into")?.map(PersonId),
        })
    }
}

/// A person whose key was destroyed, and when.
struct Tombstone(PersonId, Time);

impl FromColumns for Tombstone {
    const TABLE: &'static str = "tombstone";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(Tombstone(PersonId(row.uuid("person")?), row.time("at")?))
    }
}

impl Store {
    /// Everybody whose key was destroyed, and when, earliest first: what a restore applies to an older state (S-52).
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn tombstones(&self) -> Result<Vec<(PersonId, Time)>, StoreError> {
        let found: Vec<Tombstone> = self.all("tombstones", Sql::new(TOMBSTONES)).await?;
        Ok(found.into_iter().map(|Tombstone(person, at)| (person, at)).collect())
    }

    /// The persons that identifiers name, in the order of the question; `None` for an identifier that names nobody.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn persons_by_alias(&self, blinds: &[Blind]) -> Result<Vec<Option<PersonId>>, StoreError> {
        let found: Vec<AliasRow> = self.among("persons by alias", ALIASES, blinds).await?;
        let named: HashMap<Blind, PersonId> = found.into_iter().map(|alias| (alias.blind, alias.person)).collect();
        Ok(blinds.iter().map(|blind| named.get(blind).copied()).collect())
    }

    /// Persons by id, in the order of the ids; unknown ones are left out.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn persons(&self, ids: &[PersonId]) -> Result<Vec<PersonRow>, StoreError> {
        let found: Vec<PersonRow> = self.among("persons", PERSONS, ids).await?;
        let mut by_id: HashMap<PersonId, PersonRow> = found.into_iter().map(|person| (person.id, person)).collect();
        Ok(ids.iter().filter_map(|id| by_id.remove(id)).collect())
    }

    /// At most `limit` persons for each blinded value, beside the value that finds them: suggestions, never proof.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn persons_by_index(&self, blinds: &[Blind], limit: u32) -> Result<Vec<(Blind, PersonRow)>, StoreError> {
        let mut found = Vec::new();
        for some in blinds.chunks(KEYS_MAX) {
            let question = Sql::new(INDEXED).among(some.iter().copied()).bind(limit);
            let rows: Vec<Indexed> = self.all("persons by index", question).await?;
            found.extend(rows.into_iter().map(|Indexed(blind, person)| (blind, person)));
        }
        Ok(found)
    }

    /// Everybody joined with any of these persons, themselves included: one person to whoever asks.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn joined_with(&self, persons: &[PersonId]) -> Result<Vec<PersonRow>, StoreError> {
        let mut found: Vec<PersonRow> = self.among("joined persons", JOINED, persons).await?;
        found.sort_unstable_by_key(|person| person.id);
        found.dedup_by_key(|person| person.id);
        Ok(found)
    }

    /// Persons that are kept in a municipality, after one of them, in the order in which they were first known; nobody whose key
    /// was destroyed.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn persons_kept_in(
        &self,
        municipality: &Municipality,
        after: PersonId,
        limit: u32,
    ) -> Result<Vec<PersonRow>, StoreError> {
        self.all("persons of a municipality", Sql::new(KEPT_IN).bind(municipality).bind(after).bind(limit)).await
    }
}

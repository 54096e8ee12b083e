//! What is read from the store, one file for each topic.
//!
//! `LIMIT +$1`, never a bare `LIMIT $1`: SQLite makes a plan for the value that is bound there, and so prepares the statement
//! anew each time.

mod agencies;
mod audit;
mod deliveries;
mod facts;
mod messages;
mod persons;
mod sign_in;
mod work;

pub use audit::Extent;

use super::sql::columns::{FromColumns, read_all};
use super::sql::failure::refused;
use super::sql::value::{KEYS_MAX, Sql, Statement, Value};
use super::{Fault, LeafRow, Store, StoreError};
use musubi_core::audit::SaltedEntry;
use musubi_core::id::PersonId;
use musubi_core::sealing::DoesNotOpen;

/// A question about at most [`KEYS_MAX`] keys.
macro_rules! among {
    ($head:literal, $tail:literal) => {
        Statement::each(concat!($head, " IN ", listed!(), $tail), concat!($head, " = ANY($1)", $tail))
    };
}

/// The rows of a table, of one kind in `concerned`, that concern any of these persons, each once.
macro_rules! of_persons {
    ($table:literal, $of:literal) => {
        Statement::each(
            of_persons!($table, $of, concat!("IN ", listed!()), "CROSS JOIN"),
            of_persons!($table, $of, "= ANY($1)", "JOIN"),
        )
    };
    ($table:literal, $of:literal, $among:expr, $join:literal) => {
        concat!(
            "SELECT t.* FROM (SELECT DISTINCT municipality, id FROM concerned WHERE of = ",
            $of,
            " AND person ",
            $among,
            ") AS c ",
            $join,
            " ",
            $table,
            " AS t ON t.municipality = c.municipality AND t.id = c.id"
        )
    };
}

/// A row by its id alone, whatever its municipality.
macro_rules! by_id {
    ($table:literal) => {
        concat!("SELECT * FROM ", $table, " WHERE municipality IN (SELECT name FROM log) AND id = $1")
    };
}

use {among, by_id, of_persons};

/// Opens the sealed entry of a leaf; `Ok(None)` when its keys were destroyed.
pub type OpenLeaf<'a> = dyn Fn(&LeafRow) -> Result<Option<SaltedEntry>, DoesNotOpen> + Send + Sync + 'a;

/// What the verification of a log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How many leaves were looked at.
    pub leaves: u64,
    /// How many of them could be opened.
    pub opened: u64,
    /// How many checkpoints were compared.
    pub checkpoints: u64,
    /// The first fault; `None` when the log is what was written.
    pub fault: Option<Fault>,
}

impl Store {
    async fn all<T: FromColumns>(&self, at: &'static str, question: Sql) -> Result<Vec<T>, StoreError> {
        let rows = self.inner.readers().all(question).await.map_err(|error| refused(at, &error))?;
        read_all(&rows)
    }

    async fn one<T: FromColumns>(&self, at: &'static str, question: Sql) -> Result<Option<T>, StoreError> {
        Ok(self.all(at, question.one()).await?.pop())
    }

    /// Asks about as many keys as there are, some at a time.
    async fn among<T: FromColumns, K: Into<Value> + Copy>(
        &self,
        at: &'static str,
        statement: Statement,
        keys: &[K],
    ) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        for some in keys.chunks(KEYS_MAX) {
            found.extend(self.all(at, Sql::new(statement).among(some.iter().copied())).await?);
        }
        Ok(found)
    }

    /// What concerns any of these persons, each once, in an order that tells rows apart.
    async fn concerning<T: FromColumns, O: Ord>(
        &self,
        at: &'static str,
        statement: Statement,
        persons: &[PersonId],
        order: impl Fn(&T) -> O,
    ) -> Result<Vec<T>, StoreError> {
        let mut found: Vec<T> = self.among(at, statement, persons).await?;
        found.sort_by_key(&order);
        found.dedup_by(|one, next| order(one) == order(next));
        Ok(found)
    }
}

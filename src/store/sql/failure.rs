//! What the database says when it fails, sorted by what must follow.

use crate::store::error::{Conflict, StoreError};
use sqlx::error::ErrorKind;

/// Primary result codes of SQLite after which nothing may be written any more (S-85).
const IO_ERROR: u32 = 10;
const CORRUPT: u32 = 11;
const NOT_A_DATABASE: u32 = 26;

/// Why a batch was not written.
#[derive(Debug)]
pub(in crate::store) enum Failure {
    /// One change cannot be written: a row clashes with another or is not one that its table takes.
    Refused(Conflict),
    /// A row that was read cannot have been written.
    Corrupt(StoreError),
    /// The database failed; the next batch may succeed.
    Passing(String),
    /// The disk failed, or it is unknown what was written: stop.
    Lasting(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::Corrupt(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else { return Failure::Lasting(code_of(&error)) };
        if matches!(database.kind(), ErrorKind::Other) {
            let code = code_of(&error);
            let primary = code.parse().map(|code: u32| code & 0xff).unwrap_or_default();
            let lasting = [IO_ERROR, CORRUPT, NOT_A_DATABASE].contains(&primary);
            return if lasting { Failure::Lasting(code) } else { Failure::Passing(code) };
        }
        // "UNIQUE constraint failed: entry.municipality, entry.id": names of the schema, no value.
        let named = database.message().split(": ").nth(1).unwrap_or_default();
        Failure::Refused(Conflict::Row { table: named.split(['.', ' ']).next().unwrap_or_default().to_owned() })
    }
}

impl Failure {
    /// What the caller is told.
    pub(in crate::store) fn told(&self, at: &'static str) -> StoreError {
        match self {
            Failure::Refused(conflict) => StoreError::Conflict(conflict.clone()),
            Failure::Corrupt(StoreError::Corrupt { table, column, key }) => {
                StoreError::Corrupt { table, column, key: *key }
            }
            Failure::Corrupt(_) => StoreError::Unavailable { at, code: "corrupt".to_owned() },
            Failure::Passing(code) | Failure::Lasting(code) => StoreError::Unavailable { at, code: code.clone() },
        }
    }
}

/// The database's code, or the kind of trouble where there is none.
pub(in crate::store) fn code_of(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(database) => database.code().unwrap_or_default().into_owned(),
        sqlx::Error::PoolTimedOut => "pool timed out".to_owned(),
        sqlx::Error::PoolClosed => "pool closed".to_owned(),
        sqlx::Error::WorkerCrashed => "worker crashed".to_owned(),
        sqlx::Error::Io(error) => error.kind().to_string(),
        _ => "other".to_owned(),
    }
}

/// What a caller is told when a question fails.
pub(in crate::store) fn refused(at: &'static str, error: &sqlx::Error) -> StoreError {
    StoreError::Unavailable { at, code: code_of(error) }
}

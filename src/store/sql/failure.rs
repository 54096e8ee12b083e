//! What a database says when it fails, sorted by what must follow.

use crate::store::error::{Conflict, StoreError};
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;
use std::io;

/// Primary result codes of SQLite after which nothing may be written any more (S-85): I/O error, corrupt, not a database.
const SQLITE_LASTING: [u32; 3] = [10, 11, 26];
/// SQLSTATE of PostgreSQL after which nothing may be written any more: I/O error, data or index corrupted.
const POSTGRES_LASTING: [&str; 3] = ["58030", "XX001", "XX002"];
/// The transaction met another one and may simply be tried again: serialization, deadlock, a lock not had in time.
const POSTGRES_MET: [&str; 3] = ["40001", "40P01", "55P03"];
/// The server ends the connection, or is not the one that writes: shutdown, crash, starting up, idle too long, read-only.
const POSTGRES_LOST: [&str; 5] = ["57P01", "57P02", "57P03", "25P03", "25006"];

/// Why a batch was not written.
#[derive(Debug)]
pub(in crate::store) enum Failure {
    /// One change cannot be written: a row clashes with another or is not one that its table takes.
    Refused(Conflict),
    /// A row that was read cannot have been written.
    Corrupt(StoreError),
    /// Another hub was in the way: the batch may be tried again at once.
    Met(String),
    /// The connection is gone: the batch may be tried again on another, unless its commit was under way.
    Lost(String),
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
        let code = code_of(&error);
        let Some(database) = error.as_database_error() else {
            return if is_lost(&error) { Failure::Lost(code) } else { Failure::Lasting(code) };
        };
        if !matches!(database.kind(), ErrorKind::Other) {
            return Failure::Refused(Conflict::Row { table: table_of(database) });
        }
        if database.try_downcast_ref::<PgDatabaseError>().is_some() {
            return of_postgres(code);
        }
        let primary = code.parse().map(|code: u32| code & 0xff).unwrap_or_default();
        if SQLITE_LASTING.contains(&primary) { Failure::Lasting(code) } else { Failure::Passing(code) }
    }
}

fn of_postgres(code: String) -> Failure {
    match code.as_str() {
        met if POSTGRES_MET.contains(&met) => Failure::Met(code),
        lost if POSTGRES_LOST.contains(&lost) => Failure::Lost(code),
        lasting if POSTGRES_LASTING.contains(&lasting) => Failure::Lasting(code),
        _ => Failure::Passing(code),
    }
}

/// The table whose rule was broken: PostgreSQL names it, SQLite says "UNIQUE constraint failed: entry.municipality,
/// entry.id". Names of the schema, no value.
fn table_of(database: &dyn DatabaseError) -> String {
    let said = || database.message().split(": ").nth(1).unwrap_or_default().split(['.', ' ']).next();
    database.table().or_else(said).unwrap_or_default().to_owned()
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
            Failure::Met(code) | Failure::Lost(code) | Failure::Passing(code) | Failure::Lasting(code) => {
                StoreError::Unavailable { at, code: code.clone() }
            }
        }
    }
}

/// Did the connection to a server break?
pub(in crate::store) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(database) => database.code().is_some_and(|code| POSTGRES_LOST.contains(&&*code)),
        _ => false,
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
        sqlx::Error::Tls(_) => "tls".to_owned(),
        _ => "other".to_owned(),
    }
}

/// What a caller is told when a question fails.
pub(in crate::store) fn refused(at: &'static str, error: &sqlx::Error) -> StoreError {
    StoreError::Unavailable { at, code: code_of(error) }
}

/// What a caller is told when the tables cannot be brought up to date.
pub(in crate::store) fn told_migration(error: &MigrateError) -> StoreError {
    let code = match error {
        MigrateError::VersionMissing(version) => format!("newer schema {version}"),
        MigrateError::VersionMismatch(version) => format!("changed migration {version}"),
        MigrateError::Execute(error) => code_of(error),
        _ => "migration".to_owned(),
    };
    StoreError::Unavailable { at: "migrate", code }
}

/// What a caller is told when the system refuses.
pub(in crate::store) fn unavailable(at: &'static str, error: &io::Error) -> StoreError {
    StoreError::Unavailable { at, code: error.kind().to_string() }
}

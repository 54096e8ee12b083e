//! SQLite behind the store: WAL, `synchronous=FULL`, one writer, a list of readers that cannot write.

pub(super) mod tables;

use super::sql::failure::{refused, told_migration, unavailable};
use super::sql::steps::{Step, migrator};
use super::sql::value::{Sql, Value};
use super::{DATABASE, StoreError};
use crate::digits::hex;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Sqlite, SqliteConnection};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

/// The steps to the tables of today.
pub(in crate::store) const STEPS: [Step; 4] = [
    ("init", include_str!("migrations/0001_init.sql")),
    ("sign in", include_str!("migrations/0002_sign_in.sql")),
    ("roster", include_str!("migrations/0003_roster.sql")),
    ("no case list", include_str!("migrations/0004_no_case_list.sql")),
];
/// Prepared statements kept for each connection: five for each table, and the questions.
const STATEMENTS: usize = 256;
/// How long to wait for another process, a backup for one, to let go of the database.
const BUSY: Duration = Duration::from_secs(10);
/// A program that the last holder just started holds its files for a moment, until it becomes another program.
const LOCK_TRIES: usize = 10;
const LOCK_WAIT: Duration = Duration::from_millis(20);
/// Held by the process that writes.
const LOCK: &str = "hub.lock";

/// Makes or opens the database of a folder, and brings its tables up to date.
/// The lock is held as long as the file that is returned.
pub(super) async fn open(folder: &Path) -> Result<(SqliteConnection, File), StoreError> {
    let lock = prepare(folder).map_err(|error| unavailable("open folder", &error))?;
    let mut connection = options(folder).connect().await.map_err(|error| refused("open database", &error))?;
    migrate(&mut connection).await?;
    Ok((connection, lock))
}

/// Makes folder and database where they are missing, readable by their owner alone, and takes the writer's lock.
fn prepare(folder: &Path) -> io::Result<File> {
    let lock = lock(folder)?;
    // The journal files take the permissions of the database.
    private(&folder.join(DATABASE))?;
    File::open(folder)?.sync_all()?;
    Ok(lock)
}

/// Makes the folder where it is missing, and takes the writer's lock: no hub writes there while it is held.
pub(super) fn lock(folder: &Path) -> io::Result<File> {
    match DirBuilder::new().recursive(true).mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let lock = private(&folder.join(LOCK))?;
    let mut tries = 1..LOCK_TRIES;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if tries.next().is_some() => std::thread::sleep(LOCK_WAIT),
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::ResourceBusy.into()),
        }
    }
}

fn private(file: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(file)
}

/// How the writer connects.
pub(super) fn options(folder: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(folder.join(DATABASE))
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("secure_delete", "ON")
        .pragma("temp_store", "MEMORY")
        .busy_timeout(BUSY)
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging()
}

/// A database of its own beside the hub's, written as that is.
pub(super) fn beside(folder: &Path, name: &str) -> SqliteConnectOptions {
    options(folder).filename(folder.join(name)).create_if_missing(true)
}

/// Where readers of an existing database connect.
pub(super) fn readers(folder: &Path) -> Result<SqliteConnectOptions, StoreError> {
    let database = folder.join(DATABASE);
    fs::metadata(&database).map_err(|error| unavailable("open database", &error))?;
    Ok(SqliteConnectOptions::new()
        .filename(database)
        .read_only(true)
        .pragma("temp_store", "MEMORY")
        .busy_timeout(BUSY)
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging())
}

/// Brings the tables up to date.
async fn migrate(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    migrator(&STEPS).run_direct(None, connection, false).await.map_err(|error| told_migration(&error))
}

/// A statement with its values.
pub(super) fn query(sql: Sql) -> Query<'static, Sqlite, SqliteArguments> {
    let Sql { statement, keys, values } = sql;
    let list = keys.map(|keys| Value::Text(list_of(&keys)));
    list.into_iter().chain(values).fold(sqlx::query(statement.sqlite), bind)
}

/// Keys as `listed!` takes them apart again: the digits of each in JSON. Every key that SQLite is asked for is an id or a blind.
fn list_of(keys: &[Value]) -> String {
    let digits = keys.iter().filter_map(|key| match key {
        Value::Uuid(id) => Some(hex(id.as_bytes())),
        Value::Bytes(bytes) => Some(hex(bytes)),
        Value::Null | Value::Int(_) | Value::Text(_) => None,
    });
    format!("[\"{}\"]", digits.collect::<Vec<_>>().join("\",\""))
}

fn bind(query: Query<'static, Sqlite, SqliteArguments>, value: Value) -> Query<'static, Sqlite, SqliteArguments> {
    match value {
        Value::Null => query.bind(None::<i64>),
        Value::Int(int) => query.bind(int),
        Value::Text(text) => query.bind(text),
        Value::Uuid(id) => query.bind(id),
        Value::Bytes(bytes) => query.bind(bytes),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[tokio::test]
    async fn a_database_of_the_first_step_is_brought_up_to_date() {
        let folder = tempfile::tempdir().unwrap();
        let mut old = beside(folder.path(), DATABASE).connect().await.unwrap();
        migrator(&STEPS[..1]).run_direct(None, &mut old, false).await.unwrap();
        drop(old);
        let (mut hub, _lock) = open(folder.path()).await.unwrap();
        let made = "SELECT count(*) FROM sqlite_schema WHERE name IN ('sign_in', 'person_kept')";
        assert_eq!(sqlx::query_scalar::<_, i64>(made).fetch_one(&mut hub).await.unwrap(), 2);
    }
}

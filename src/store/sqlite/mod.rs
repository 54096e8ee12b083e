//! SQLite behind the store: WAL, `synchronous=FULL`, one writer, a list of readers that cannot write.

mod embedded;
mod tables;

pub(super) use embedded::{Embedded, EmbeddedRow, Options};

use super::sql::failure::{refused, told_migration, unavailable};
use super::sql::steps::{Step, migrator};
use super::{DATABASE, StoreError};
use embedded::BUSY;
use musubi_verify::private;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

/// The steps to the tables of today.
pub(in crate::store) const STEPS: [Step; 7] = [
    ("init", include_str!("migrations/0001_init.sql")),
    ("sign in", include_str!("migrations/0002_sign_in.sql")),
    ("roster", include_str!("migrations/0003_roster.sql")),
    ("no case list", include_str!("migrations/0004_no_case_list.sql")),
    ("late match", include_str!("migrations/0005_late_match.sql")),
    ("cosignatures", include_str!("migrations/0006_cosignature.sql")),
    ("delivery left", include_str!("migrations/0007_delivery_left.sql")),
];
/// A program that the last holder just started holds its files for a moment, until it becomes another program.
const LOCK_TRIES: usize = 10;
const LOCK_WAIT: Duration = Duration::from_millis(20);
/// Held by the process that writes.
const LOCK: &str = "hub.lock";

/// Makes or opens the database of a folder, and brings its tables up to date.
/// The lock is held as long as the file that is returned.
pub(super) async fn open(folder: &Path) -> Result<(Embedded, File), StoreError> {
    let lock = prepare(folder).map_err(|error| unavailable("open folder", &error))?;
    migrate(folder).await?;
    let connection = options(folder).connect().map_err(|error| refused("open database", &error))?;
    Ok((connection, lock))
}

/// Makes folder and database where they are missing, readable by their owner alone, and takes the writer's lock.
fn prepare(folder: &Path) -> io::Result<File> {
    let lock = lock(folder)?;
    // The journal files take the permissions of the database.
    made(&folder.join(DATABASE))?;
    private::sync_folder(folder)?;
    Ok(lock)
}

/// Makes the folder where it is missing, and takes the writer's lock: no hub writes there while it is held.
pub(super) fn lock(folder: &Path) -> io::Result<File> {
    match private::folder(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let lock = made(&folder.join(LOCK))?;
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

/// A file that is there, and new only where it was not.
fn made(file: &Path) -> io::Result<File> {
    private::owner_only(OpenOptions::new().write(true).create(true).truncate(false)).open(file)
}

/// How the writer connects.
pub(super) fn options(folder: &Path) -> Options {
    beside(folder, DATABASE)
}

/// A database of its own beside the hub's, written as that is.
pub(super) fn beside(folder: &Path, name: &str) -> Options {
    Options { file: folder.join(name), writes: true }
}

/// Where readers of an existing database connect.
pub(super) fn readers(folder: &Path) -> Result<Options, StoreError> {
    let file = folder.join(DATABASE);
    fs::metadata(&file).map_err(|error| unavailable("open database", &error))?;
    Ok(Options { file, writes: false })
}

/// Brings the tables up to date, on a connection of the library that knows the steps.
async fn migrate(folder: &Path) -> Result<(), StoreError> {
    let options = SqliteConnectOptions::new().filename(folder.join(DATABASE)).busy_timeout(BUSY);
    let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let told = |error: sqlx::Error| refused("open database", &error);
    let mut connection = options.disable_statement_logging().connect().await.map_err(told)?;
    migrator(&STEPS).run_direct(None, &mut connection, false).await.map_err(|error| told_migration(&error))?;
    connection.close().await.map_err(told)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::store::sql::value::Sql;

    #[tokio::test]
    async fn a_database_of_the_first_step_is_brought_up_to_date() {
        let folder = tempfile::tempdir().unwrap();
        let old = SqliteConnectOptions::new().filename(folder.path().join(DATABASE)).create_if_missing(true);
        let mut old = old.connect().await.unwrap();
        migrator(&STEPS[..1]).run_direct(None, &mut old, false).await.unwrap();
        old.close().await.unwrap();
        let (hub, _lock) = open(folder.path()).await.unwrap();
        let made = "SELECT name FROM sqlite_schema WHERE name IN ('sign_in', 'person_kept')";
        assert_eq!(hub.all(Sql::new(made)).unwrap().len(), 2);
    }
}

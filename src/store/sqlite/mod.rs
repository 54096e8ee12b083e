//! SQLite behind the store: WAL, `synchronous=FULL`, one writer, a pool of readers that cannot write.

pub(super) mod tables;

use super::sql::failure::{code_of, refused};
use super::sql::readers::Readers;
use super::write::logs;
use super::write::writer::{Job, Pending, QUEUE, Writer};
use super::{Change, CheckpointRow, Committed, DATABASE, Fault, Log, Settings, StoreError};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, SqlSafeStr, SqliteConnection};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Prepared statements kept for each connection: five for each table, and the questions.
const STATEMENTS: usize = 256;
/// How long to wait for another process, a backup for one, to let go of the database.
const BUSY: Duration = Duration::from_secs(10);
/// Held by the process that writes.
const LOCK: &str = "hub.lock";

/// The database, its readers and the way to its writer.
#[derive(Clone)]
pub(super) struct Sqlite {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Arc<Settings>,
    readers: Readers,
    /// None when the store was opened to be read.
    writer: Option<mpsc::Sender<Job>>,
    faults: Vec<Fault>,
}

impl Sqlite {
    pub(super) async fn open(folder: &Path, settings: Settings) -> Result<Self, StoreError> {
        let lock = prepare(folder).map_err(|error| unavailable("open folder", &error))?;
        let mut connection = options(folder).connect().await.map_err(|error| refused("open database", &error))?;
        migrate(&mut connection).await?;
        let (state, faults) = logs::restore(&mut connection).await.map_err(|failure| failure.told("verify logs"))?;
        for fault in &faults {
            tracing::error!(log = fault.log.name(), index = fault.index, "audit log does not verify");
        }
        let readers = readers(folder).await?;
        let settings = Arc::new(settings);
        let (sender, jobs) = mpsc::channel(QUEUE);
        let writer = Writer { connection, state, settings: Arc::clone(&settings), lock, stopped: None };
        start(writer, jobs).map_err(|error| unavailable("start writer", &error))?;
        Ok(Sqlite { shared: Arc::new(Shared { settings, readers, writer: Some(sender), faults }) })
    }

    pub(super) async fn open_reading(folder: &Path, settings: Settings) -> Result<Self, StoreError> {
        let settings = Arc::new(settings);
        let readers = readers(folder).await?;
        Ok(Sqlite { shared: Arc::new(Shared { settings, readers, writer: None, faults: Vec::new() }) })
    }

    pub(super) fn faults(&self) -> &[Fault] {
        &self.shared.faults
    }

    pub(super) fn readers(&self) -> &Readers {
        &self.shared.readers
    }

    pub(super) fn origin(&self, log: &Log) -> String {
        logs::origin(&self.shared.settings, log)
    }

    pub(super) async fn commit(&self, name: &'static str, change: Change) -> Result<Committed, StoreError> {
        self.may_change()?;
        self.ask(name, |answer| Job::Commit(Box::new(Pending { name, change, answer }))).await
    }

    pub(super) async fn checkpoint(&self) -> Result<Vec<CheckpointRow>, StoreError> {
        self.may_change()?;
        self.ask("checkpoint", Job::Checkpoint).await
    }

    pub(super) async fn close(&self) -> Result<(), StoreError> {
        // The last connection to go folds the write-ahead log into the database, and one that only reads cannot.
        self.shared.readers.close().await;
        match &self.shared.writer {
            Some(_) => self.ask("close", Job::Close).await,
            None => Ok(()),
        }
    }

    fn may_change(&self) -> Result<(), StoreError> {
        self.shared.faults.first().map_or(Ok(()), |fault| Err(StoreError::Tampered(fault.clone())))
    }

    async fn ask<T>(
        &self,
        at: &'static str,
        job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job,
    ) -> Result<T, StoreError> {
        let closed = || StoreError::Unavailable { at, code: "closed".to_owned() };
        let writer = self.shared.writer.as_ref().ok_or_else(closed)?;
        let (answer, answered) = oneshot::channel();
        writer.send(job(answer)).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

/// Gives the writer a thread of its own: on the threads that read and decide, it would stand in line behind them after each
/// statement, and everybody waits for it.
fn start(writer: Writer, jobs: mpsc::Receiver<Job>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    std::thread::Builder::new().name("writer".to_owned()).spawn(move || runtime.block_on(writer.run(jobs))).map(drop)
}

/// Makes folder and database where they are missing, readable by their owner alone, and takes the writer's lock.
fn prepare(folder: &Path) -> io::Result<File> {
    match DirBuilder::new().recursive(true).mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let private = |file: &Path| OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(file);
    let lock = private(&folder.join(LOCK))?;
    lock.try_lock().map_err(|error| match error {
        TryLockError::Error(error) => error,
        TryLockError::WouldBlock => io::Error::from(io::ErrorKind::ResourceBusy),
    })?;
    // The journal files take the permissions of the database.
    private(&folder.join(DATABASE))?;
    File::open(folder)?.sync_all()?;
    Ok(lock)
}

fn options(folder: &Path) -> SqliteConnectOptions {
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

async fn readers(folder: &Path) -> Result<Readers, StoreError> {
    let database = folder.join(DATABASE);
    fs::metadata(&database).map_err(|error| unavailable("open database", &error))?;
    let reading = SqliteConnectOptions::new()
        .filename(database)
        .read_only(true)
        .pragma("temp_store", "MEMORY")
        .busy_timeout(BUSY)
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    Readers::open(reading).await.map_err(|error| refused("open readers", &error))
}

/// Brings the tables up to date. Never the macro: it would build a second sqlx for the build host.
async fn migrate(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let first = include_str!("migrations/0001_init.sql").into_sql_str();
    let migrations = vec![Migration::new(1, "init".into(), MigrationType::Simple, first, false)];
    let migrator = Migrator::with_migrations(migrations);
    migrator.run_direct(None, connection, false).await.map_err(|error| StoreError::Unavailable {
        at: "migrate",
        code: match error {
            sqlx::migrate::MigrateError::VersionMissing(version) => format!("newer schema {version}"),
            sqlx::migrate::MigrateError::VersionMismatch(version) => format!("changed migration {version}"),
            sqlx::migrate::MigrateError::Execute(error) => code_of(&error),
            _ => "migration".to_owned(),
        },
    })
}

fn unavailable(at: &'static str, error: &io::Error) -> StoreError {
    StoreError::Unavailable { at, code: error.kind().to_string() }
}

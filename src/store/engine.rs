//! The store at work, whatever database stands behind it: its readers, and the way to its writer.

use super::sql::connection::{Address, Connection};
use super::sql::failure::{refused, unavailable};
use super::sql::readers::Readers;
use super::write::logs;
use super::write::session::Session;
use super::write::writer::{Job, Pending, QUEUE, Writer};
use super::{Change, CheckpointRow, Committed, Fault, Location, Log, Settings, StoreError, postgres, sqlite};
use crate::entropy;
use std::fs::File;
use std::io;
use std::sync::{Arc, OnceLock};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// A database that is ready to be written: its tables are up to date.
pub(super) struct Opened {
    /// Of the writer.
    pub(super) connection: Connection,
    /// To connect anew.
    pub(super) address: Address,
    /// Where readers connect.
    pub(super) readers: Address,
    /// Held while this process is the one that writes, where there can be but one.
    pub(super) lock: Option<File>,
}

impl Opened {
    /// Makes or opens the database of a location, and brings its tables up to date.
    pub(super) async fn at(location: &Location) -> Result<Self, StoreError> {
        Ok(match location {
            Location::Folder(folder) => {
                let (connection, lock) = sqlite::open(folder).await?;
                Opened {
                    connection: Connection::Sqlite(connection),
                    address: Address::Sqlite(sqlite::options(folder)),
                    readers: reading_address(location)?,
                    lock: Some(lock),
                }
            }
            Location::Server(server) => {
                let options = server.options();
                let connection = Connection::Postgres(postgres::open(&options).await?);
                let address = Address::Postgres(options);
                Opened { connection, readers: address.clone(), address, lock: None }
            }
        })
    }
}

/// Where readers of an existing database connect.
pub(super) fn reading_address(location: &Location) -> Result<Address, StoreError> {
    Ok(match location {
        Location::Folder(folder) => Address::Sqlite(sqlite::readers(folder)?),
        Location::Server(server) => Address::Postgres(server.options()),
    })
}

/// The store at work. Clones share one writer and one list of readers.
#[derive(Clone)]
pub(super) struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Arc<Settings>,
    readers: Readers,
    /// None when the store was opened to be read.
    writer: Option<mpsc::Sender<Job>>,
    /// Found at opening.
    faults: Vec<Fault>,
    /// Found since.
    found: Arc<OnceLock<Fault>>,
    /// Set by the writer when nothing may be written any more (S-85).
    stopped: Arc<OnceLock<String>>,
    holder: Uuid,
}

impl Engine {
    /// Verifies the tails of the logs (S-37), and starts to read and write.
    pub(super) async fn start(opened: Opened, settings: Settings) -> Result<Self, StoreError> {
        let Opened { mut connection, address, readers, lock } = opened;
        let (state, faults) = logs::restore(&mut connection).await.map_err(|failure| failure.told("verify logs"))?;
        for fault in &faults {
            tracing::error!(log = fault.log.name(), index = fault.index, "audit log does not verify");
        }
        let readers = Readers::open(readers).await.map_err(|error| refused("open readers", &error))?;
        let settings = Arc::new(settings);
        let (sender, jobs) = mpsc::channel(QUEUE);
        let session = Session::new(address, connection);
        let (stopped, found) = (Arc::new(OnceLock::new()), Arc::new(OnceLock::new()));
        let (closed, refused) = (Arc::clone(&found), Arc::clone(&stopped));
        let writer = Writer { session, state, settings: Arc::clone(&settings), lock, stopped: refused, found: closed };
        on_a_thread("writer", writer.run(jobs)).map_err(|error| unavailable("start writer", &error))?;
        Ok(Engine {
            shared: Arc::new(Shared {
                settings,
                readers,
                writer: Some(sender),
                faults,
                found,
                stopped,
                holder: Uuid::from_bytes(entropy::bytes()),
            }),
        })
    }

    /// Starts to read; every change is refused.
    pub(super) async fn reading(address: Address, settings: Settings) -> Result<Self, StoreError> {
        let readers = Readers::open(address).await.map_err(|error| refused("open readers", &error))?;
        let settings = Arc::new(settings);
        Ok(Engine {
            shared: Arc::new(Shared {
                settings,
                readers,
                writer: None,
                faults: Vec::new(),
                found: Arc::default(),
                stopped: Arc::default(),
                holder: Uuid::nil(),
            }),
        })
    }

    pub(super) fn is_shared(&self) -> bool {
        self.shared.readers.is_server()
    }

    /// By what name this store claims work that another hub might take.
    pub(super) fn holder(&self) -> Uuid {
        self.shared.holder
    }

    pub(super) fn faults(&self) -> &[Fault] {
        &self.shared.faults
    }

    /// The first fault that is found while it works stands: every change is refused from now on.
    pub(super) fn close_for_changes(&self, fault: Fault) {
        drop(self.shared.found.set(fault));
    }

    pub(super) fn fault(&self) -> Option<&Fault> {
        self.shared.found.get().or_else(|| self.shared.faults.first())
    }

    pub(super) fn stopped(&self) -> bool {
        self.shared.stopped.get().is_some()
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

    pub(super) async fn commit_each(
        &self,
        name: &'static str,
        changes: Vec<Change>,
    ) -> Result<Vec<Result<Committed, StoreError>>, StoreError> {
        self.may_change()?;
        let mut handed = Vec::with_capacity(changes.len());
        for change in changes {
            handed.push(self.hand(name, |answer| Job::Commit(Box::new(Pending { name, change, answer }))).await?);
        }
        let mut committed = Vec::with_capacity(handed.len());
        for answered in handed {
            committed.push(told(name, answered).await);
        }
        Ok(committed)
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

    pub(super) fn writes(&self) -> bool {
        self.shared.writer.is_some()
    }

    fn may_change(&self) -> Result<(), StoreError> {
        self.fault().map_or(Ok(()), |fault| Err(StoreError::Tampered(fault.clone())))
    }

    async fn ask<T>(
        &self,
        at: &'static str,
        job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job,
    ) -> Result<T, StoreError> {
        told(at, self.hand(at, job).await?).await
    }

    /// Puts a job in the writer's line.
    async fn hand<T>(
        &self,
        at: &'static str,
        job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job,
    ) -> Result<oneshot::Receiver<Result<T, StoreError>>, StoreError> {
        let writer = self.shared.writer.as_ref().ok_or_else(|| closed(at))?;
        let (answer, answered) = oneshot::channel();
        writer.send(job(answer)).await.map_err(|_| closed(at))?;
        Ok(answered)
    }
}

/// What the writer says of a job.
async fn told<T>(at: &'static str, answered: oneshot::Receiver<Result<T, StoreError>>) -> Result<T, StoreError> {
    answered.await.map_err(|_| closed(at))?
}

fn closed(at: &'static str) -> StoreError {
    StoreError::Unavailable { at, code: "closed".to_owned() }
}

/// Gives a writer a thread of its own: on the threads that read and decide, it would stand in line behind them after each
/// statement, and everybody waits for it.
pub(super) fn on_a_thread(name: &str, work: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name(name.to_owned()).spawn(move || runtime.block_on(work)).map(drop)
}

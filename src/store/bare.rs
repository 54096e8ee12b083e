//! The least that durable custody must cost: one writer that commits the rows of all waiting callers together, and nothing else. A
//! hub is measured against it, on the store that it uses itself.

use super::engine::on_a_thread;
use super::sql::connection::{Address, Connection};
use super::sql::failure::{refused, unavailable};
use super::sql::value::Sql;
use super::{Location, StoreError, postgres, sqlite};
use crate::entropy;
use tokio::sync::{mpsc, oneshot, watch};

/// Rows of one transaction at most.
const BATCH: usize = 512;
/// Name of the database file, beside that of the hub.
const FILE: &str = "bare.db";
const AWAY: &str = "DROP TABLE IF EXISTS bare";
const TABLE: &str = "CREATE TABLE bare (key BLOB NOT NULL, body BLOB NOT NULL)";
const TABLE_OF_SERVER: &str = "CREATE TABLE bare (key BYTEA NOT NULL, body BYTEA NOT NULL)";
const INDEX: &str = "CREATE INDEX bare_key ON bare (key)";
const INSERT: &str = "INSERT INTO bare (key, body) VALUES ($1, $2)";
/// Bytes of a key: spread over an index.
const KEY_BYTES: usize = 32;

/// A row, and who waits for it.
struct Job {
    body: Vec<u8>,
    done: oneshot::Sender<()>,
}

/// The writer. It ends, and its table goes, when the last clone is dropped.
#[derive(Clone)]
pub struct Bare {
    jobs: mpsc::Sender<Job>,
    /// Closed once its table has gone.
    there: watch::Receiver<()>,
}

impl Bare {
    /// Makes the table: in a file of its own beside the embedded database, or in the database of the server.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        let told = |error: sqlx::Error| refused("open a bare table", &error);
        let (address, table) = match location {
            Location::Folder(folder) => (Address::Sqlite(sqlite::beside(folder, FILE)), TABLE),
            Location::Server(server) => (Address::Postgres(server.options()), TABLE_OF_SERVER),
        };
        let mut connection = address.connect().await.map_err(told)?;
        for statement in [AWAY, table, INDEX] {
            connection.execute(Sql::new(statement)).await.map_err(told)?;
        }
        let (sender, jobs) = mpsc::channel(4 * BATCH);
        let (gone, there) = watch::channel(());
        let started = on_a_thread("bare writer", async {
            write(connection, jobs).await;
            drop(gone);
        });
        started.map_err(|error| unavailable("start a bare writer", &error))?;
        Ok(Bare { jobs: sender, there })
    }

    /// Returns when the bytes are on disk.
    ///
    /// # Errors
    /// When they could not be written.
    pub async fn commit(&self, body: Vec<u8>) -> Result<(), StoreError> {
        let failed = || StoreError::Unavailable { at: "bare commit", code: "closed".to_owned() };
        let (done, durable) = oneshot::channel();
        self.jobs.send(Job { body, done }).await.map_err(|_| failed())?;
        durable.await.map_err(|_| failed())
    }

    /// Waits until its table has gone, so that another can be made: until then all its clones must have been dropped.
    pub async fn close(self) {
        let Bare { jobs, mut there } = self;
        drop(jobs);
        there.changed().await.ok();
    }
}

async fn write(mut connection: Connection, mut jobs: mpsc::Receiver<Job>) {
    let mut waiting = Vec::with_capacity(BATCH);
    while jobs.recv_many(&mut waiting, BATCH).await > 0 {
        let (bodies, callers): (Vec<_>, Vec<_>) = waiting.drain(..).map(|job| (job.body, job.done)).unzip();
        // Whoever waits hears of a failure by the end of its channel.
        if let Err(error) = commit_all(&mut connection, bodies).await {
            tracing::error!(%error, "the bare table takes nothing");
            return;
        }
        for caller in callers {
            caller.send(()).ok();
        }
    }
    connection.execute(Sql::new(AWAY)).await.ok();
    connection.close().await.ok();
}

async fn commit_all(connection: &mut Connection, bodies: Vec<Vec<u8>>) -> Result<(), sqlx::Error> {
    let keyed = bodies.into_iter().map(|body| (entropy::bytes::<KEY_BYTES>().to_vec(), body));
    if let Connection::Postgres(server) = connection {
        // As many rows as there are, in one statement; a transaction by itself.
        return postgres::write_bare(server, keyed.unzip()).await;
    }
    connection.execute(Sql::new("BEGIN IMMEDIATE")).await?;
    for (key, body) in keyed {
        connection.execute(Sql::new(INSERT).bind(key).bind(body)).await?;
    }
    connection.execute(Sql::new("COMMIT")).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[tokio::test]
    async fn one_follows_another_on_the_same_store() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Folder(folder.path().to_owned());
        for _ in 0..20 {
            let bare = Bare::open(&location).await.unwrap();
            bare.commit(b"a row".to_vec()).await.unwrap();
            bare.close().await;
        }
    }
}

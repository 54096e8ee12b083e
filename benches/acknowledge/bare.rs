//! The least that durable custody must cost: one writer that commits the rows of all waiting callers together.

use super::Round;
use super::city::{elapsed, now};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, SqliteConnection};
use std::path::Path;
use tokio::sync::{mpsc, oneshot};

/// Rows of one transaction at most.
const BATCH: usize = 512;
const TABLE: &str = "CREATE TABLE message (id INTEGER PRIMARY KEY, key BLOB NOT NULL, body BLOB NOT NULL) STRICT";
const INDEX: &str = "CREATE INDEX message_key ON message (key)";
const INSERT: &str = "INSERT INTO message (key, body) VALUES (?, ?)";
/// Bytes of a message that are its key: random enough to be spread over an index.
const KEY_BYTES: usize = 32;

/// A row, and who waits for it.
struct Job {
    key: Vec<u8>,
    body: Vec<u8>,
    done: oneshot::Sender<()>,
}

/// The writer.
pub(super) struct Bare(mpsc::Sender<Job>);

impl Bare {
    /// Makes the database.
    pub(super) async fn open(file: &Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let mut connection = SqliteConnection::connect_with(&options).await.expect("a database");
        for statement in [TABLE, INDEX] {
            sqlx::query(statement).execute(&mut connection).await.expect("a table");
        }
        let (sender, jobs) = mpsc::channel(4 * BATCH);
        tokio::spawn(write(connection, jobs));
        Bare(sender)
    }

    /// Each caller commits one message after another.
    pub(super) async fn round(&self, messages: &[Vec<u8>], callers: usize) -> Round {
        let shares: Vec<Vec<Vec<u8>>> =
            (0..callers).map(|caller| messages.iter().skip(caller).step_by(callers).cloned().collect()).collect();
        let began = now();
        let working: Vec<_> = shares.into_iter().map(|share| tokio::spawn(commit_all(self.0.clone(), share))).collect();
        let mut times = Vec::with_capacity(messages.len());
        for one in working {
            times.extend(one.await.expect("a caller"));
        }
        Round::of(elapsed(began), times)
    }
}

async fn commit_all(writer: mpsc::Sender<Job>, share: Vec<Vec<u8>>) -> Vec<std::time::Duration> {
    let mut times = Vec::with_capacity(share.len());
    for body in share {
        let began = now();
        let key = musubi::entropy::bytes::<KEY_BYTES>().to_vec();
        let (done, durable) = oneshot::channel();
        writer.send(Job { key, body, done }).await.unwrap_or_else(|_| unreachable!("the writer runs"));
        durable.await.expect("the row is durable");
        times.push(elapsed(began));
    }
    times
}

async fn write(mut connection: SqliteConnection, mut jobs: mpsc::Receiver<Job>) {
    let mut waiting = Vec::with_capacity(BATCH);
    while jobs.recv_many(&mut waiting, BATCH).await > 0 {
        let mut done = Vec::with_capacity(waiting.len());
        sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.expect("begin");
        for job in waiting.drain(..) {
            let insert = sqlx::query(INSERT).bind(job.key).bind(job.body);
            insert.execute(&mut connection).await.expect("a row");
            done.push(job.done);
        }
        sqlx::query("COMMIT").execute(&mut connection).await.expect("commit");
        for caller in done {
            caller.send(()).ok();
        }
    }
}

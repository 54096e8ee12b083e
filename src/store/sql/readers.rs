//! The connections that read. A list of our own: the pool of sqlx asks a connection whether it lives before and after each
//! question, which costs more than most questions do.

use super::connection::{Address, Connection, Fetched};
use super::failure::is_lost;
use super::value::Sql;
use sqlx::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Readers at work at once: what a file serves well, and what one hub may ask of a server.
const READERS_OF_FILE: usize = 4;
const READERS_OF_SERVER: usize = 16;

/// Connections that read.
pub(in crate::store) struct Readers {
    address: Address,
    turns: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// Opens the first connection, to see that there is a database; the others follow when they are needed.
    pub(in crate::store) async fn open(address: Address) -> Result<Self, Error> {
        let first = address.connect().await?;
        let turns = Semaphore::new(turns(&address));
        Ok(Readers { address, turns, idle: Mutex::new(vec![first]) })
    }

    pub(in crate::store) const fn is_server(&self) -> bool {
        self.address.is_server()
    }

    /// Every row that answers a question. A connection on which one failed, or was given up, is not used again. Where the
    /// server went away since the last question, the next connection asks once more.
    pub(in crate::store) async fn all(&self, question: Sql) -> Result<Vec<Fetched>, Error> {
        let _turn = self.turns.acquire().await.map_err(|_| Error::PoolClosed)?;
        let idle = self.idle().pop();
        if let Some(connection) = idle {
            let again = self.address.is_server().then(|| question.clone());
            match (self.ask(connection, question).await, again) {
                (Err(error), Some(question)) if is_lost(&error) => {
                    self.idle().clear();
                    return self.ask(self.address.connect().await?, question).await;
                }
                (answered, _) => return answered,
            }
        }
        self.ask(self.address.connect().await?, question).await
    }

    async fn ask(&self, connection: Connection, question: Sql) -> Result<Vec<Fetched>, Error> {
        let (connection, rows) = match connection {
            // A file answers on the thread that asks, and a long answer would keep others from it.
            Connection::Sqlite(file) if !question.is_brief() => {
                let asked = spawn_blocking(move || {
                    let rows = file.all(question)?;
                    Ok((Connection::Sqlite(file), rows.into_iter().map(Fetched::Sqlite).collect()))
                });
                asked.await.unwrap_or(Err(Error::WorkerCrashed))?
            }
            mut other => {
                let rows = other.all(question).await?;
                (other, rows)
            }
        };
        self.idle().push(connection);
        Ok(rows)
    }

    /// Takes no more questions, and closes when the last is answered.
    pub(in crate::store) async fn close(&self) {
        let all_turns = u32::try_from(turns(&self.address)).unwrap_or(u32::MAX);
        let last = self.turns.acquire_many(all_turns).await;
        self.turns.close();
        drop(last);
        let idle = std::mem::take(&mut *self.idle());
        for connection in idle {
            connection.close().await.ok();
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn turns(address: &Address) -> usize {
    if address.is_server() { READERS_OF_SERVER } else { READERS_OF_FILE }
}

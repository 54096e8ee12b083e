//! The connections that read. A list of our own: the pool of sqlx asks a connection whether it lives before and after each
//! question, which costs more than most questions do, and a file does not go away as a server does.

use super::value::Sql;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions, Connection, Error, SqliteConnection};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// Readers at work at once.
const READERS: usize = 4;

/// Connections that cannot write.
pub(in crate::store) struct Readers {
    options: SqliteConnectOptions,
    turns: Semaphore,
    idle: Mutex<Vec<SqliteConnection>>,
}

impl Readers {
    /// Opens the first connection, to see that there is a database; the others follow when they are needed.
    pub(in crate::store) async fn open(options: SqliteConnectOptions) -> Result<Self, Error> {
        let first = options.connect().await?;
        Ok(Readers { options, turns: Semaphore::new(READERS), idle: Mutex::new(vec![first]) })
    }

    /// Every row that answers a question. A connection on which one failed, or was given up, is not used again.
    pub(in crate::store) async fn all(&self, question: Sql) -> Result<Vec<SqliteRow>, Error> {
        let _turn = self.turns.acquire().await.map_err(|_| Error::PoolClosed)?;
        let idle = self.idle().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        let rows = question.all(&mut connection).await?;
        self.idle().push(connection);
        Ok(rows)
    }

    /// Takes no more questions, and closes when the last is answered.
    pub(in crate::store) async fn close(&self) {
        let all_turns = u32::try_from(READERS).unwrap_or(u32::MAX);
        let last = self.turns.acquire_many(all_turns).await;
        self.turns.close();
        drop(last);
        let idle = std::mem::take(&mut *self.idle());
        for connection in idle {
            connection.close().await.ok();
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

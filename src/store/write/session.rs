//! The writer's own connection and its transactions. A file stays; a server goes away, and the next batch connects anew.

use super::logs::State;
use crate::store::postgres::tables::write_heads;
use crate::store::sql::connection::{Address, Connection};
use crate::store::sql::failure::{Failure, code_of};
use crate::store::sql::value::Sql;
use crate::store::write::turns::{self, Turn};
use sqlx::Error;

/// A connection that is there, or is made when it is needed.
pub(in crate::store) struct Session {
    address: Address,
    connection: Option<Connection>,
}

impl Session {
    pub(in crate::store) fn new(address: Address, connection: Connection) -> Self {
        Session { address, connection: Some(connection) }
    }

    /// The connection of the transaction that was begun.
    pub(super) fn on(&mut self) -> Result<&mut Connection, Failure> {
        self.connection.as_mut().ok_or_else(|| Failure::Lost("not connected".to_owned()))
    }

    pub(super) async fn execute(&mut self, statement: &'static str) -> Result<(), Failure> {
        self.on()?.execute(Sql::new(statement)).await?;
        Ok(())
    }

    /// Begins a transaction in which this writer is the only one that appends to the logs it touches.
    pub(super) async fn begin(&mut self, state: &mut State, turn: Turn<'_>) -> Result<(), Failure> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.address.connect().await?,
        };
        let connection = self.connection.insert(connection);
        if let Connection::Sqlite(_) = connection {
            connection.execute(Sql::new("BEGIN IMMEDIATE")).await?;
            return Ok(());
        }
        connection.execute(Sql::new("BEGIN ISOLATION LEVEL READ COMMITTED")).await?;
        turns::take(connection, state, turn).await
    }

    /// Makes it durable. A commit that fails leaves unknown what is on disk: a file is written no more, and of a server the
    /// caller hears that it is not known. It asks again, and what was written then answers.
    pub(super) async fn commit(&mut self, before: &State, state: &State) -> Result<(), Failure> {
        let connection = self.on()?;
        if let Connection::Postgres(server) = connection {
            let moved = state.moved_since(before);
            if !moved.is_empty() {
                write_heads(server, moved).await?;
            }
        }
        match connection.execute(Sql::new("COMMIT")).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.uncertain(&error)),
        }
    }

    fn uncertain(&mut self, error: &Error) -> Failure {
        let code = code_of(error);
        if self.address.is_server() {
            self.connection = None;
            return Failure::Passing(format!("commit not confirmed: {code}"));
        }
        Failure::Lasting(code)
    }

    /// The line to the server is gone: nothing is asked on it any more, not even to undo.
    pub(super) fn lose(&mut self) {
        if self.address.is_server() {
            self.connection = None;
        }
    }

    pub(super) async fn rollback(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        // A failed statement may have rolled back already; then there is nothing to undo. A server that cannot even do
        // this is not asked again on this connection.
        if connection.execute(Sql::new("ROLLBACK")).await.is_err() && self.address.is_server() {
            self.connection = None;
        }
    }

    /// The old pages with a destroyed key must not outlive it in SQLite's write-ahead log. What PostgreSQL keeps of it is
    /// the matter of its operator, as `docs/postgresql.md` says.
    pub(super) async fn forget(&mut self) -> Result<(), Failure> {
        let connection = self.on()?;
        if let Connection::Sqlite(_) = connection {
            connection.all(Sql::new("PRAGMA wal_checkpoint(TRUNCATE)")).await?;
        }
        Ok(())
    }

    pub(super) async fn close(self) -> Result<(), Failure> {
        match self.connection {
            Some(connection) => Ok(connection.close().await?),
            None => Ok(()),
        }
    }
}

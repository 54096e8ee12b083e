//! A connection to either database. What differs between the two is behind these few doors and nowhere else.

use super::value::{Sql, Value};
use crate::store::sql::table::Table;
use crate::store::{postgres, sqlite};
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{Connection as _, Error, PgConnection};
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

/// Longest wait for a server's answer. What it may take itself, a lock for one, is bounded below that; beyond it the line is taken
/// to be dead, since a line that goes silent tells nobody.
const ANSWER_MAX: Duration = Duration::from_secs(40);
/// Longest wait for a connection to a server.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Where a database is.
#[derive(Clone)]
pub(in crate::store) enum Address {
    Sqlite(sqlite::Options),
    Postgres(Box<PgConnectOptions>),
}

impl Address {
    pub(in crate::store) async fn connect(&self) -> Result<Connection, Error> {
        Ok(match self {
            Address::Sqlite(options) => Connection::Sqlite(options.connect()?),
            Address::Postgres(options) => Connection::Postgres(within(CONNECT_MAX, postgres::connect(options)).await?),
        })
    }

    /// Is it a server, which several hubs share, and which goes away and comes back?
    pub(in crate::store) const fn is_server(&self) -> bool {
        matches!(self, Address::Postgres(_))
    }
}

/// A connection.
pub(in crate::store) enum Connection {
    Sqlite(sqlite::Embedded),
    Postgres(PgConnection),
}

/// A row as it came.
pub(in crate::store) enum Fetched {
    Sqlite(sqlite::EmbeddedRow),
    Postgres(PgRow),
}

impl Connection {
    /// Every row that answers a question.
    pub(in crate::store) async fn all(&mut self, question: Sql) -> Result<Vec<Fetched>, Error> {
        Ok(match self {
            Connection::Sqlite(on) => on.all(question)?.into_iter().map(Fetched::Sqlite).collect(),
            Connection::Postgres(on) => {
                let rows = within(ANSWER_MAX, postgres::query(question).fetch_all(on)).await?;
                rows.into_iter().map(Fetched::Postgres).collect()
            }
        })
    }

    /// Carries a statement out. Returns how many rows it touched.
    pub(in crate::store) async fn execute(&mut self, order: Sql) -> Result<u64, Error> {
        Ok(match self {
            Connection::Sqlite(on) => on.execute(order)?,
            Connection::Postgres(on) => within(ANSWER_MAX, postgres::query(order).execute(on)).await?.rows_affected(),
        })
    }

    /// Writes rows of tables, in the order of the tables and in as few statements as there are.
    pub(in crate::store) async fn write(&mut self, rows: BTreeMap<Table, Vec<Vec<Value>>>) -> Result<(), Error> {
        match self {
            Connection::Sqlite(on) => rows.iter().try_for_each(|(table, rows)| on.write(*table, rows)),
            Connection::Postgres(on) => within(ANSWER_MAX, postgres::tables::write(on, rows)).await,
        }
    }

    pub(in crate::store) async fn close(self) -> Result<(), Error> {
        match self {
            Connection::Sqlite(connection) => connection.close(),
            Connection::Postgres(connection) => within(CONNECT_MAX, connection.close()).await,
        }
    }
}

/// What a server answers in time. A connection that was not heard on is of no more use.
async fn within<T>(most: Duration, asked: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let silent = |_| Error::Io(io::ErrorKind::TimedOut.into());
    tokio::time::timeout(most, asked).await.map_err(silent)?
}

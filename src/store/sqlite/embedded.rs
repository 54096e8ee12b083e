//! A connection to the embedded database. It answers on the thread that asks: a thread of its own between the two costs
//! each statement two wakeups, which is more than most statements take.

use super::tables;
use crate::digits::hex;
use crate::store::sql::table::Table;
use crate::store::sql::value::{Sql, Value};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, Statement};
use sqlx::Error;
use sqlx::error::{DatabaseError, ErrorKind};
use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Prepared statements kept for each connection: one for each table, and the questions.
const STATEMENTS: usize = 128;
/// How long to wait for another process, a backup for one, to let go of the database.
pub(super) const BUSY: Duration = Duration::from_secs(10);

/// What the writer asks of a connection. The journal mode stays with the file. Both kinds keep 8 MB of pages, so that the cases of an
/// agency are not read from the file at each question, and a batch need not be written before its end.
const WRITING: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000;";
const READING: &str = "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000;";

/// Extended result codes of two rows with one key, and the primary code of any rule of a table.
const UNIQUE: [i32; 2] = [2067, 1555];
const RULE: i32 = 19;

/// Where a database file is, and whether it is written.
#[derive(Clone)]
pub(in crate::store) struct Options {
    pub(super) file: PathBuf,
    pub(super) writes: bool,
}

impl Options {
    /// Connects. A file that is written is made where it is missing.
    pub(in crate::store) fn connect(&self) -> Result<Embedded, Error> {
        let how = match self.writes {
            true => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            false => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
        let open = || {
            let connection = Connection::open_with_flags(&self.file, how | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
            connection.busy_timeout(BUSY)?;
            connection.execute_batch(if self.writes { WRITING } else { READING })?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            Ok(Embedded(connection))
        };
        open().map_err(told)
    }
}

/// A connection.
pub(in crate::store) struct Embedded(Connection);

/// A row as it came.
pub(in crate::store) struct EmbeddedRow {
    /// Of all rows of one answer.
    columns: Arc<[String]>,
    values: Vec<Value>,
}

impl EmbeddedRow {
    pub(in crate::store) fn get(&self, column: &str) -> Option<&Value> {
        self.values.get(self.columns.iter().position(|name| name == column)?)
    }
}

impl Embedded {
    /// Every row that answers a question.
    pub(in crate::store) fn all(&self, question: Sql) -> Result<Vec<EmbeddedRow>, Error> {
        let ask = || {
            let mut statement = self.0.prepare_cached(question.statement.sqlite)?;
            bind(&mut statement, values_of(question))?;
            let columns: Arc<[String]> = statement.column_names().into_iter().map(str::to_owned).collect();
            let (mut found, mut rows) = (Vec::new(), statement.raw_query());
            while let Some(row) = rows.next()? {
                let values: Result<_, _> = (0..columns.len()).map(|place| row.get_ref(place).map(value_of)).collect();
                found.push(EmbeddedRow { columns: Arc::clone(&columns), values: values? });
            }
            Ok(found)
        };
        ask().map_err(told)
    }

    /// Carries a statement out. Returns how many rows it touched.
    pub(in crate::store) fn execute(&self, order: Sql) -> Result<u64, Error> {
        self.all(order)?;
        Ok(self.0.changes())
    }

    /// Writes rows of a table, one after another: in one process nothing is saved by a statement of many rows.
    pub(in crate::store) fn write(&self, table: Table, rows: &[Vec<Value>]) -> Result<(), Error> {
        let write = || {
            let mut statement = self.0.prepare_cached(tables::statement(table))?;
            for row in rows {
                for (place, value) in (1_usize..).zip(row) {
                    statement.raw_bind_parameter(place, value)?;
                }
                statement.raw_execute()?;
            }
            Ok(())
        };
        write().map_err(told)
    }

    pub(in crate::store) fn close(self) -> Result<(), Error> {
        self.0.close().map_err(|(_, error)| told(error))
    }
}

/// The values of a statement: a list of keys comes first, in JSON.
fn values_of(sql: Sql) -> Vec<Value> {
    let list = sql.keys.map(|keys| Value::Text(list_of(&keys)));
    list.into_iter().chain(sql.values).collect()
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

/// SQLite takes `$2` for a name, and numbers its places as they first appear.
fn bind(statement: &mut Statement<'_>, values: Vec<Value>) -> rusqlite::Result<()> {
    for place in 1..=statement.parameter_count() {
        let number = statement.parameter_name(place).and_then(|name| name.get(1..)?.parse().ok());
        let value = number.and_then(|number: usize| values.get(number.checked_sub(1)?));
        statement.raw_bind_parameter(place, value.unwrap_or(&Value::Null))?;
    }
    Ok(())
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(int) => ValueRef::Integer(*int),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Uuid(id) => ValueRef::Blob(id.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// A value as it is stored. What is none of ours is left as bytes, which its column then does not take.
fn value_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(int) => Value::Int(int),
        ValueRef::Real(real) => Value::Bytes(real.to_be_bytes().to_vec()),
        ValueRef::Text(text) => {
            str::from_utf8(text).map_or_else(|_| Value::Bytes(text.to_vec()), |text| Value::Text(text.to_owned()))
        }
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

/// What SQLite says when it fails, as both databases say it here.
#[derive(Debug)]
struct Said {
    /// Extended result code.
    code: i32,
    message: String,
}

fn told(error: rusqlite::Error) -> Error {
    match error {
        rusqlite::Error::SqliteFailure(failure, message) => {
            let message = message.unwrap_or_else(|| failure.to_string());
            Error::Database(Box::new(Said { code: failure.extended_code, message }))
        }
        other => Error::Encode(Box::new(other)),
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Said {}

impl DatabaseError for Said {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code.to_string().into())
    }

    fn kind(&self) -> ErrorKind {
        match self.code {
            unique if UNIQUE.contains(&unique) => ErrorKind::UniqueViolation,
            rule if rule & 0xff == RULE => ErrorKind::CheckViolation,
            _ => ErrorKind::Other,
        }
    }

    fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
        self
    }
}

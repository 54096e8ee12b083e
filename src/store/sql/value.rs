//! Values as SQLite takes them, and statements that take them.

use musubi_core::agency::AgencyId;
use musubi_core::id::{Municipality, PersonId};
use musubi_core::sealing::{Blind, Sealed};
use musubi_core::time::Time;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Executor, Sqlite, query::Query};
use uuid::Uuid;

/// A value of a row.
#[derive(Clone, Debug)]
pub(in crate::store) enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

/// A statement and its values.
pub(in crate::store) struct Sql(Query<'static, Sqlite, SqliteArguments>);

impl Sql {
    pub(in crate::store) fn new(statement: &'static str) -> Self {
        Sql(sqlx::query(statement))
    }

    pub(in crate::store) fn bind(self, value: impl Into<Value>) -> Self {
        Sql(match value.into() {
            Value::Null => self.0.bind(None::<i64>),
            Value::Int(int) => self.0.bind(int),
            Value::Text(text) => self.0.bind(text),
            Value::Blob(blob) => self.0.bind(blob),
        })
    }

    /// Binds values, and NULL for the places of a list that are left.
    pub(in crate::store) fn bind_list<T: Into<Value>>(self, values: impl Iterator<Item = T>, places: usize) -> Self {
        let padded = values.map(Into::into).chain(std::iter::repeat(Value::Null)).take(places);
        padded.fold(self, Sql::bind)
    }

    pub(in crate::store) async fn execute<'c>(
        self,
        on: impl Executor<'c, Database = Sqlite>,
    ) -> Result<u64, sqlx::Error> {
        Ok(self.0.execute(on).await?.rows_affected())
    }

    pub(in crate::store) async fn all<'c>(
        self,
        on: impl Executor<'c, Database = Sqlite>,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        self.0.fetch_all(on).await
    }
}

macro_rules! values {
    ($($from:ty => |$value:ident| $to:expr),+ $(,)?) => {$(
        impl From<$from> for Value {
            fn from($value: $from) -> Value {
                $to
            }
        }
    )+};
}

values! {
    i64 => |int| Value::Int(int),
    i32 => |int| Value::Int(int.into()),
    u32 => |int| Value::Int(int.into()),
    u8 => |int| Value::Int(int.into()),
    bool => |yes| Value::Int(yes.into()),
    // SQLite has no unsigned integers. No counter of ours passes 2^63 before its disk is full.
    u64 => |int| Value::Int(i64::try_from(int).unwrap_or(i64::MAX)),
    Time => |time| Value::Int(time.micros()),
    String => |text| Value::Text(text),
    &str => |text| Value::Text(text.to_owned()),
    &AgencyId => |id| Value::Text(id.as_str().to_owned()),
    &Municipality => |code| Value::Text(code.as_str().to_owned()),
    Vec<u8> => |bytes| Value::Blob(bytes),
    [u8; 32] => |bytes| Value::Blob(bytes.to_vec()),
    Uuid => |id| Value::Blob(id.as_bytes().to_vec()),
    PersonId => |id| Value::from(id.0),
    Blind => |blind| Value::from(blind.0),
    &Sealed => |sealed| Value::Blob(sealed.as_bytes().to_vec()),
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

/// A row of values.
macro_rules! row {
    ($($value:expr),+ $(,)?) => {
        vec![$(Value::from($value)),+]
    };
}

pub(in crate::store) use row;

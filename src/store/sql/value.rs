//! Values as they are stored, and statements that take them, in the words of each database.

use musubi_core::agency::AgencyId;
use musubi_core::id::{Municipality, PersonId};
use musubi_core::sealing::{Blind, Sealed};
use musubi_core::time::Time;
use uuid::Uuid;

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::store) enum Value {
    Null,
    Int(i64),
    Text(String),
    Uuid(Uuid),
    Bytes(Vec<u8>),
}

/// A statement for each database. Values stand as `$1`, `$2`, which both take.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Statement {
    pub(in crate::store) sqlite: &'static str,
    pub(in crate::store) postgres: &'static str,
}

impl Statement {
    pub(in crate::store) const fn each(sqlite: &'static str, postgres: &'static str) -> Self {
        Statement { sqlite, postgres }
    }
}

impl From<&'static str> for Statement {
    /// One that both understand.
    fn from(both: &'static str) -> Self {
        Statement::each(both, both)
    }
}

/// Keys in one question.
pub(in crate::store) const KEYS_MAX: usize = 512;
/// Keys of a brief one.
const BRIEF_MAX: usize = 16;

/// A statement and its values.
#[derive(Clone, Debug)]
pub(in crate::store) struct Sql {
    pub(in crate::store) statement: Statement,
    /// A list of keys that is asked about at once, as the first value. PostgreSQL takes an array, SQLite a list in JSON.
    pub(in crate::store) keys: Option<Vec<Value>>,
    pub(in crate::store) values: Vec<Value>,
    /// It is about one row.
    one: bool,
}

impl Sql {
    pub(in crate::store) fn new(statement: impl Into<Statement>) -> Self {
        Sql { statement: statement.into(), keys: None, values: Vec::new(), one: false }
    }

    /// About one row.
    pub(in crate::store) fn one(self) -> Self {
        Sql { one: true, ..self }
    }

    /// Is it answered sooner than another thread is woken?
    pub(in crate::store) fn is_brief(&self) -> bool {
        self.one || self.keys.as_ref().is_some_and(|keys| keys.len() <= BRIEF_MAX)
    }

    pub(in crate::store) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// The list that the statement begins with.
    pub(in crate::store) fn among<T: Into<Value>>(mut self, keys: impl Iterator<Item = T>) -> Self {
        self.keys = Some(keys.map(Into::into).collect());
        self
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
    // No database has unsigned integers. No counter of ours passes 2^63 before its disk is full.
    u64 => |int| Value::Int(i64::try_from(int).unwrap_or(i64::MAX)),
    Time => |time| Value::Int(time.micros()),
    String => |text| Value::Text(text),
    &str => |text| Value::Text(text.to_owned()),
    &AgencyId => |id| Value::Text(id.as_str().to_owned()),
    &Municipality => |code| Value::Text(code.as_str().to_owned()),
    Vec<u8> => |bytes| Value::Bytes(bytes),
    [u8; 32] => |bytes| Value::Bytes(bytes.to_vec()),
    Uuid => |id| Value::Uuid(id),
    PersonId => |id| Value::Uuid(id.0),
    Blind => |blind| Value::from(blind.0),
    &Sealed => |sealed| Value::Bytes(sealed.as_bytes().to_vec()),
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

/// A value as it is read.
pub(in crate::store) trait FromValue<'r>: Sized {
    /// `None` where it is of another kind.
    fn from_value(value: &'r Value) -> Option<Self>;
}

macro_rules! from_value {
    ($($to:ty = $value:pat => $read:expr),+ $(,)?) => {$(
        impl<'r> FromValue<'r> for $to {
            fn from_value(value: &'r Value) -> Option<Self> {
                if let $value = value { $read } else { None }
            }
        }
    )+};
}

from_value! {
    i64 = Value::Int(int) => Some(*int),
    &'r str = Value::Text(text) => Some(text),
    String = Value::Text(text) => Some(text.clone()),
    &'r [u8] = Value::Bytes(bytes) => Some(bytes),
    Vec<u8> = Value::Bytes(bytes) => Some(bytes.clone()),
    Uuid = Value::Bytes(bytes) => Uuid::from_slice(bytes).ok(),
}

impl<'r, T: FromValue<'r>> FromValue<'r> for Option<T> {
    fn from_value(value: &'r Value) -> Option<Self> {
        if *value == Value::Null { Some(None) } else { T::from_value(value).map(Some) }
    }
}

/// A row of values.
macro_rules! row {
    ($($value:expr),+ $(,)?) => {
        vec![$(Value::from($value)),+]
    };
}

pub(in crate::store) use row;

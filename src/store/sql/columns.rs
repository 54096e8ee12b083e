//! Reading rows: each column is checked, and a wrong one is named by table, column and row.

use super::connection::Fetched;
use super::value::FromValue;
use crate::store::StoreError;
use crate::store::rows::{Concerned, Contained};
use musubi_core::id::{EntryId, PersonId};
use musubi_core::sealing::{Blind, Sealed};
use musubi_core::time::Time;
use sqlx::{Decode, Postgres, Row, Type};
use std::str::FromStr;
use uuid::Uuid;

/// Bytes of a person and its role in a `persons` column.
const CONCERNED_BYTES: usize = 17;
/// Bytes of an entry and its kind in a `contained` column.
const CONTAINED_BYTES: usize = 17;

/// Something that is read from a row.
pub(in crate::store) trait FromColumns: Sized {
    const TABLE: &'static str;

    fn read(row: &Columns<'_>) -> Result<Self, StoreError>;
}

/// Reads every row.
pub(in crate::store) fn read_all<T: FromColumns>(rows: &[Fetched]) -> Result<Vec<T>, StoreError> {
    rows.iter().map(|row| T::read(&Columns { row, table: T::TABLE })).collect()
}

/// One row of a table.
pub(in crate::store) struct Columns<'r> {
    pub(in crate::store) row: &'r Fetched,
    pub(in crate::store) table: &'static str,
}

/// What both databases can give back.
pub(in crate::store) trait Stored<'r>: FromValue<'r> + Decode<'r, Postgres> + Type<Postgres> {}

impl<'r, T: FromValue<'r> + Decode<'r, Postgres> + Type<Postgres>> Stored<'r> for T {}

impl<'r> Columns<'r> {
    fn get<T: Stored<'r>>(&self, column: &'static str) -> Option<T> {
        match self.row {
            Fetched::Sqlite(row) => row.get(column).and_then(T::from_value),
            Fetched::Postgres(row) => row.try_get(column).ok(),
        }
    }

    pub(in crate::store) fn wrong(&self, column: &'static str) -> StoreError {
        StoreError::Corrupt { table: self.table, column, key: self.get::<Uuid>("id").unwrap_or_default() }
    }

    pub(in crate::store) fn plain<T: Stored<'r>>(&self, column: &'static str) -> Result<T, StoreError> {
        self.get(column).ok_or_else(|| self.wrong(column))
    }

    /// A yes or no, stored as 1 or 0.
    pub(in crate::store) fn flag(&self, column: &'static str) -> Result<bool, StoreError> {
        match self.plain::<i64>(column)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.wrong(column)),
        }
    }

    pub(in crate::store) fn parsed<T: FromStr>(&self, column: &'static str) -> Result<T, StoreError> {
        self.plain::<&str>(column)?.parse().map_err(|_| self.wrong(column))
    }

    /// Text that a type checks on the way in.
    pub(in crate::store) fn checked<T: TryFrom<String>>(&self, column: &'static str) -> Result<T, StoreError> {
        T::try_from(self.plain(column)?).map_err(|_| self.wrong(column))
    }

    /// As [`Columns::checked`], where NULL is allowed.
    pub(in crate::store) fn checked_if_any<T: TryFrom<String>>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let text: Option<String> = self.plain(column)?;
        text.map(T::try_from).transpose().map_err(|_| self.wrong(column))
    }

    pub(in crate::store) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, StoreError> {
        T::try_from(self.plain::<i64>(column)?).map_err(|_| self.wrong(column))
    }

    /// A code of a closed set.
    pub(in crate::store) fn code<T: Copy>(
        &self,
        column: &'static str,
        all: &[T],
        code_of: fn(T) -> u8,
    ) -> Result<T, StoreError> {
        let code: u8 = self.number(column)?;
        all.iter().copied().find(|one| code_of(*one) == code).ok_or_else(|| self.wrong(column))
    }

    pub(in crate::store) fn time(&self, column: &'static str) -> Result<Time, StoreError> {
        self.plain(column).map(Time::from_micros)
    }

    pub(in crate::store) fn time_if_any(&self, column: &'static str) -> Result<Option<Time>, StoreError> {
        Ok(self.plain::<Option<i64>>(column)?.map(Time::from_micros))
    }

    pub(in crate::store) fn uuid(&self, column: &'static str) -> Result<Uuid, StoreError> {
        self.plain(column)
    }

    pub(in crate::store) fn uuid_if_any(&self, column: &'static str) -> Result<Option<Uuid>, StoreError> {
        self.plain(column)
    }

    pub(in crate::store) fn hash(&self, column: &'static str) -> Result<[u8; 32], StoreError> {
        self.plain::<&[u8]>(column)?.try_into().map_err(|_| self.wrong(column))
    }

    pub(in crate::store) fn hash_if_any(&self, column: &'static str) -> Result<Option<[u8; 32]>, StoreError> {
        let bytes: Option<&[u8]> = self.plain(column)?;
        bytes.map(TryInto::try_into).transpose().map_err(|_| self.wrong(column))
    }

    pub(in crate::store) fn blind(&self, column: &'static str) -> Result<Blind, StoreError> {
        self.hash(column).map(Blind)
    }

    pub(in crate::store) fn sealed(&self, column: &'static str) -> Result<Sealed, StoreError> {
        self.plain(column).map(Sealed::from_stored)
    }

    pub(in crate::store) fn persons(&self) -> Result<Vec<Concerned>, StoreError> {
        let (persons, rest) = self.plain::<&[u8]>("persons")?.as_chunks::<CONCERNED_BYTES>();
        if !rest.is_empty() {
            return Err(self.wrong("persons"));
        }
        Ok(persons.iter().map(concerned).collect())
    }

    pub(in crate::store) fn contained(&self) -> Result<Vec<Contained>, StoreError> {
        let (entries, rest) = self.plain::<&[u8]>("contained")?.as_chunks::<CONTAINED_BYTES>();
        if !rest.is_empty() {
            return Err(self.wrong("contained"));
        }
        Ok(entries.iter().map(contained).collect())
    }

    pub(in crate::store) fn entries(&self) -> Result<Vec<EntryId>, StoreError> {
        let (ids, rest) = self.plain::<&[u8]>("entries")?.as_chunks::<16>();
        if rest.is_empty() {
            Ok(ids.iter().map(|id| EntryId(Uuid::from_bytes(*id))).collect())
        } else {
            Err(self.wrong("entries"))
        }
    }
}

fn concerned(bytes: &[u8; CONCERNED_BYTES]) -> Concerned {
    let [id @ .., role] = bytes;
    Concerned { person: PersonId(Uuid::from_bytes(*id)), role: *role }
}

fn contained(bytes: &[u8; CONTAINED_BYTES]) -> Contained {
    let [id @ .., kind] = bytes;
    Contained { id: EntryId(Uuid::from_bytes(*id)), kind: *kind }
}

/// The `persons` column.
pub(in crate::store) fn persons_bytes(persons: &[Concerned]) -> Vec<u8> {
    persons.iter().flat_map(|one| one.person.0.as_bytes().iter().copied().chain([one.role])).collect()
}

/// The `contained` column.
pub(in crate::store) fn contained_bytes(entries: &[Contained]) -> Vec<u8> {
    entries.iter().flat_map(|one| one.id.0.as_bytes().iter().copied().chain([one.kind])).collect()
}

/// The `entries` column.
pub(in crate::store) fn entries_bytes(entries: &[EntryId]) -> Vec<u8> {
    entries.iter().flat_map(|id| *id.0.as_bytes()).collect()
}

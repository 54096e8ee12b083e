//! SQLite behind the store.

use super::{Change, CheckpointRow, Committed, Fault, Log, Settings, StoreError};
use std::path::Path;

#[derive(Clone)]
pub(super) struct Sqlite {
    settings: Settings,
}

#[expect(clippy::unused_async, reason = "the signatures stand before what they do")]
impl Sqlite {
    pub(super) async fn open(_folder: &Path, settings: Settings) -> Result<Self, StoreError> {
        Ok(Sqlite { settings })
    }

    pub(super) async fn open_reading(_folder: &Path) -> Result<Self, StoreError> {
        Ok(Sqlite { settings: Settings::default() })
    }

    pub(super) fn faults(&self) -> &[Fault] {
        &[]
    }

    pub(super) async fn commit(&self, _name: &'static str, _change: Change) -> Result<Committed, StoreError> {
        Err(StoreError::unfinished())
    }

    pub(super) async fn checkpoint(&self) -> Result<Vec<CheckpointRow>, StoreError> {
        Err(StoreError::unfinished())
    }

    pub(super) async fn close(&self) -> Result<(), StoreError> {
        Err(StoreError::unfinished())
    }

    pub(super) fn origin(&self, log: &Log) -> String {
        format!("{}/{}", self.settings.hub, log.name())
    }
}

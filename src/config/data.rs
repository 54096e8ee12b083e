//! `[data]`: where the hub keeps its data.

use crate::store::{Location, Server, ServerError};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The data folder, where keys and orders lie, and the store. The hub writes nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// The folder.
    pub folder: PathBuf,
    /// What holds the records.
    #[serde(default)]
    pub store: StoreKind,
    /// File with the address of the PostgreSQL database, `postgres://user:password@host/database?sslmode=verify-full`;
    /// only the hub's user may read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<PathBuf>,
}

/// What holds the records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// The embedded database in the data folder, for one hub.
    #[default]
    Sqlite,
    /// A PostgreSQL server, for several hubs.
    Postgres,
}

impl Data {
    /// A folder with the embedded database.
    pub fn in_folder(folder: PathBuf) -> Self {
        Data { folder, store: StoreKind::Sqlite, postgres: None }
    }

    /// Where the store is.
    ///
    /// # Errors
    /// When the address of the server cannot be read or leads there unsafely.
    pub fn location(&self) -> Result<Location, ServerError> {
        match self.store {
            StoreKind::Sqlite => Ok(Location::Folder(self.folder.clone())),
            StoreKind::Postgres => {
                Ok(Location::Server(Server::read(self.postgres.as_deref().ok_or(ServerError::NoFile)?)?))
            }
        }
    }

    /// The embedded database.
    pub fn database(&self) -> PathBuf {
        self.folder.join("hub.db")
    }

    /// Is there a store already? A server's database is taken to be one.
    pub fn is_there(&self) -> bool {
        self.store == StoreKind::Postgres || self.database().exists()
    }

    /// Keys: the key-encryption key, the signing key of the log, in development the hub's TLS key.
    pub fn keys(&self) -> PathBuf {
        self.folder.join("keys")
    }

    /// The built-in authority, where it is used.
    pub fn ca(&self) -> PathBuf {
        self.folder.join("ca")
    }

    /// Folders into which agencies' files are dropped.
    pub fn drop(&self) -> PathBuf {
        self.folder.join("drop")
    }
}

//! `[data]`: where the hub keeps its data.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The data folder. The hub writes nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// The folder.
    pub folder: PathBuf,
}

impl Data {
    /// The embedded database.
    pub fn database(&self) -> PathBuf {
        self.folder.join("hub.db")
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

//! `[hub]`: what this hub is.

use serde::{Deserialize, Serialize};

/// What this hub is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hub {
    /// Whether real families depend on it.
    pub mode: Mode,
    /// Its name in the audit log's checkpoints and receipts: a name that it owns, without spaces.
    pub origin: String,
}

/// Whether real families depend on a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A developer's machine, a test or the demo.
    Development,
    /// Anything else: every finding about security is an error.
    Production,
}

impl Default for Hub {
    /// Production: a hub that forgets to say what it is gets the strict rules.
    fn default() -> Self {
        Hub { mode: Mode::Production, origin: "musubi".to_owned() }
    }
}

impl Hub {
    pub(super) fn development() -> Self {
        Hub { mode: Mode::Development, origin: "musubi-development".to_owned() }
    }
}

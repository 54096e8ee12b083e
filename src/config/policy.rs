//! `[policy]`: the reviewed files the hub decides by.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The policy the hub decides by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// A folder with policy files. Without it, those that the program was built with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
}

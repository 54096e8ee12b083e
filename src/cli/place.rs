//! Which hub a command means, and a runtime for it.

use super::Failure;
use crate::config::Config;
use clap::Args;
use std::future::Future;
use std::path::PathBuf;

/// A hub on this machine, by its settings or by its data folder.
#[derive(Clone, Debug, Args)]
pub(super) struct Place {
    /// The hub's settings
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder of a development hub
    #[arg(long, value_name = "DIR", default_value = "musubi-data", conflicts_with = "config")]
    data: PathBuf,
}

impl Place {
    /// Its settings.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        match &self.config {
            Some(path) => Config::read(path).map_err(|error| Failure::Fault(error.to_string())),
            None => Ok(Config::development(&self.data)),
        }
    }
}

/// Runs what has to wait.
pub(super) fn wait<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Runtime::new().map_err(Failure::Output)?.block_on(work)
}

/// Says it as a fault.
pub(super) fn fault(error: impl std::fmt::Display) -> Failure {
    Failure::Fault(error.to_string())
}

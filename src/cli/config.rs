//! `musubi config`: what the settings are, and what is wrong with them.

use crate::clock::Clock;
use crate::config::Config;
use clap::{Args, Subcommand};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// The settings.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What to do with the settings.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the settings in effect, then everything that is wrong with them (実際に使われる設定と問題点を表示する)
    Check {
        /// The file; without it, the development hub in ./musubi-data
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// Runs it. The settings go to `out`, findings to `err`, one a line. `false` when a hub would not start.
pub fn run(args: &ConfigArgs, clock: &Arc<dyn Clock>, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<bool> {
    let ConfigCommand::Check { config } = &args.command;
    let config = match config {
        None => Config::development(std::path::Path::new("musubi-data")),
        Some(path) => match Config::read(path) {
            Ok(config) => config,
            Err(error) => {
                writeln!(err, "error {error}")?;
                return Ok(false);
            }
        },
    };
    write!(out, "{}", config.effective())?;
    let findings = config.check(clock);
    for finding in &findings {
        writeln!(err, "{finding}")?;
    }
    Ok(Config::may_start(&findings))
}

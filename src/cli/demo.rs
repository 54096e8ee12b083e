//! `musubi demo`: one city, three mothers, five weeks, over real sockets; exits 1 when anything is not as it must be.

use super::{Exit, Failure, Terminal};
use crate::digits::hex;
use crate::{demo, entropy};
use musubi_verify::private;
use std::path::{Path, PathBuf};

/// Arguments of `musubi demo`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Leave the hub running afterwards and print how to talk to it
    #[arg(long)]
    keep: bool,
    /// Play in this empty folder instead of a temporary one, and leave it there
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Plays the story.
///
/// # Errors
/// When the hub cannot be started or a connection breaks.
pub fn run(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let (folder, temporary) = match &arguments.folder {
        Some(folder) => (folder.clone(), false),
        None => (temporary_folder(), true),
    };
    private::folder(&folder).map_err(Failure::Output)?;
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::Output)?;
    let played = runtime.block_on(demo::run(&folder, arguments.keep, &mut terminal.out));
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    if temporary {
        remove(&folder);
    }
    match played {
        Ok(true) => Ok(Exit::Success),
        Ok(false) => Ok(Exit::Refused),
        Err(error) => Err(Failure::Fault(format!("the story stopped: {error}"))),
    }
}

fn temporary_folder() -> PathBuf {
    std::env::temp_dir().join(format!("musubi-demo-{}", hex(&entropy::bytes::<6>())))
}

fn remove(folder: &Path) {
    if let Err(error) = std::fs::remove_dir_all(folder) {
        tracing::warn!(kind = %error.kind(), "the demo's folder stays");
    }
}

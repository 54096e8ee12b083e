//! One invented city, three mothers, five weeks: the story that `musubi demo` plays over real sockets, each agency with
//! its own certificate, every "what must come out" checked.

mod december;
mod emergency;
mod messages;
mod november;
mod october;
mod stage;

use stage::{Stage, StageError};
use std::io::Write;
use std::path::Path;

/// Plays the story. `Ok(true)` when everything came out as it must.
///
/// With `keep` the hub goes on running afterwards, until interrupted, and how to talk to it is printed.
///
/// # Errors
/// When the hub does not start or a connection breaks: then the story could not be played.
pub async fn run(folder: &Path, keep: bool, out: &mut dyn Write) -> Result<bool, StageError> {
    let mut stage = Stage::open(folder, out).await?;
    october::play(&mut stage).await?;
    november::play(&mut stage).await?;
    december::play(&mut stage).await?;
    let right = stage.close()?;
    if keep {
        stage.keep().await?;
    } else {
        stage.stop().await?;
    }
    Ok(right)
}

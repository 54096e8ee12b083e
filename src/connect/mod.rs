//! The connector (`design.md` section 7): beside an old hospital system, it takes plain MLLP on loopback, files of a folder or
//! an SS-MIX2 tree, keeps each on disk, and hands it to the hub over mutual TLS.
//!
//! What it takes is on disk before anything is answered. The hub is asked at once, and its answer given back; where the
//! hub does not answer in time, the sender is told that the message waits here. Everything goes in the order in which it
//! came, one at a time.

pub mod check;
mod files;
mod folders;
mod forward;
mod listen;
mod spool;
mod tree;

pub use forward::{Hub, MutualTls, Said};
pub use spool::{Counts, Kind, Spool};

use forward::Forwarder;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Where messages and files come from, and where they wait.
#[derive(Clone, Debug)]
pub struct Sources {
    /// Plain MLLP, on loopback alone.
    pub listen: Option<SocketAddr>,
    /// A folder into which files are put.
    pub folder: Option<PathBuf>,
    /// An SS-MIX2 standardised storage.
    pub tree: Option<Storage>,
    /// So long the hub's own answer to a message is waited for; then its sender is told that it is kept here.
    pub patience: Duration,
}

/// An SS-MIX2 standardised storage, and from when on it is handed in: what was sent before is nobody's affair here.
#[derive(Clone, Debug)]
pub struct Storage {
    /// Its root.
    pub root: PathBuf,
    /// The beginning of a time of sending: `YYYYMMDD`, or more of it.
    pub since: String,
}

/// The usual patience: below that of old systems, which wait half a minute.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A connector that runs, until it is stopped.
pub struct Running {
    /// Where it listens, with the port that the system gave.
    pub listening: Option<SocketAddr>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Starts a connector.
///
/// # Errors
/// When the address is not one of loopback (S-01), or cannot be used; when the spool cannot be written.
pub async fn start(sources: Sources, spool: Arc<Spool>, hub: Arc<dyn Hub>) -> io::Result<Running> {
    if sources.listen.is_some_and(|address| !address.ip().is_loopback()) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "plain MLLP is taken on loopback only (127.0.0.1 or ::1) / 平文のMLLPはループバックだけで待ち受けます",
        ));
    }
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let forwarder = Arc::new(Forwarder::new(Arc::clone(&spool), hub));
    let mut listening = None;
    if let Some(address) = sources.listen {
        let listener = TcpListener::bind(address).await?;
        listening = Some(listener.local_addr()?);
        tasks.spawn(listen::serve(listener, Arc::clone(&forwarder), sources.patience, stop.clone()));
    }
    if let Some(folder) = sources.folder {
        tasks.spawn(files::watch(folder, Arc::clone(&spool), stop.clone()));
    }
    if let Some(storage) = sources.tree {
        tasks.spawn(tree::watch(storage, Arc::clone(&spool), stop.clone()));
    }
    tasks.spawn(forwarder.run(stop.clone()));
    Ok(Running { listening, stop, tasks })
}

impl Running {
    /// Takes nothing new, and ends when what is being sent was answered.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

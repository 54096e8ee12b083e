//! The database server goes away while a hub works on it: it is stopped, it crashes, the line is cut, the line goes silent. What
//! was acknowledged is there, once, and the hub goes on by itself when the server is back.

use crate::postgres::Postgres;
use crate::site::{Site, push_patiently};
use musubi::config::{Config, StoreKind};
use musubi::sample_city as sample;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Hospitals that send at once.
const SENDERS: u64 = 4;

impl Postgres {
    /// Stops it: in good order, its connections cut, or as if it had crashed.
    fn stop(&self, in_good_order: bool) {
        self.order(if in_good_order { "INT" } else { "QUIT" }).unwrap();
        assert!(self.comes(false), "it does not stop");
    }

    /// Starts it again on what it left.
    fn start_again(&self) {
        self.order("begin").unwrap();
        assert!(self.comes(true), "it does not start again");
    }
}

/// A hub on a database of this server, reached by a socket in this folder.
pub(crate) async fn site_on(server: &Postgres, socket: &Path) -> Site {
    let written = |folder: &Path| folder.display().to_string().replace('/', "%2F");
    let url = server.url(&server.database()).replace(&written(&server.folder), &written(socket));
    Site::with(|config: &mut Config| {
        let address = config.data.folder.join("postgres");
        musubi::ca::write_secret(&address, &url).unwrap();
        config.data.store = StoreKind::Postgres;
        config.data.postgres = Some(address);
    })
    .await
}

/// Hospitals that send until they are told to stop, and send again what was not acknowledged.
fn senders(site: &Site, stop: &CancellationToken) -> JoinSet<()> {
    let mut sending = JoinSet::new();
    for sender in 0..SENDERS {
        let (hospital, held) = (site.agency(sample::HOSPITAL), Arc::clone(&site.held));
        sending.spawn(push_patiently(hospital, held, 5_000, sender, stop.clone()));
    }
    sending
}

/// More was acknowledged than before, within the time that a hospital may be left without an answer.
async fn goes_on(site: &Site, patience: Duration) {
    let before = site.held.lock().unwrap().messages.len();
    let more = async {
        while site.held.lock().unwrap().messages.len() < before + 10 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(patience, more).await.expect("it goes on when the server is back");
}

async fn all_is_well(mut site: Site) {
    site.all_is_there().await;
    site.works_again().await;
    site.all_is_on_record().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s85_a_database_server_that_is_stopped_and_started_under_load_loses_nothing() {
    let Some(server) = Postgres::start() else { return };
    let site = site_on(&server, &server.folder).await;
    let stop = CancellationToken::new();
    let mut sending = senders(&site, &stop);
    for round in 0..6_u32 {
        let working = site.load(round);
        goes_on(&site, Duration::from_secs(20)).await;
        // In good order, and as if it had crashed.
        server.stop(round % 2 == 0);
        tokio::time::sleep(Duration::from_millis(300 * u64::from(round))).await;
        server.start_again();
        goes_on(&site, Duration::from_secs(20)).await;
        drop(working);
    }
    stop.cancel();
    while sending.join_next().await.is_some() {}
    all_is_well(site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s85_a_line_to_the_database_that_is_cut_or_goes_silent_loses_nothing() {
    let Some(server) = Postgres::start() else { return };
    let line = Line::to(&server.folder);
    let site = site_on(&server, line.folder.path()).await;
    let stop = CancellationToken::new();
    let mut sending = senders(&site, &stop);
    for round in 0..8_u64 {
        goes_on(&site, Duration::from_secs(20)).await;
        line.is(State::Cut);
        tokio::time::sleep(Duration::from_millis(60 * round)).await;
        line.is(State::Open);
        goes_on(&site, Duration::from_secs(20)).await;
    }
    // Nothing comes back and nothing breaks. The hub gives an answer up when it is far too late (40 s), and connects anew. One
    // message may meet two such lines, one after the other: where it reads, and where it writes.
    line.is(State::Silent);
    tokio::time::sleep(Duration::from_secs(1)).await;
    line.is(State::Open);
    goes_on(&site, Duration::from_secs(180)).await;
    stop.cancel();
    while sending.join_next().await.is_some() {}
    all_is_well(site).await;
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// What is connected is cut, and nobody connects.
    Cut,
    /// What is connected carries nothing any more, in either direction, whatever the line is later.
    Silent,
}

/// A line to the server that can be cut: a socket, and behind it the server's.
struct Line {
    folder: TempDir,
    state: watch::Sender<State>,
    _forwarding: JoinSet<()>,
}

const SOCKET: &str = ".s.PGSQL.5432";

impl Line {
    fn to(server: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("musubi-line-").tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
        let (state, seen) = watch::channel(State::Open);
        let mut forwarding = JoinSet::new();
        forwarding.spawn(forward(listener, server.join(SOCKET), seen));
        Line { folder, state, _forwarding: forwarding }
    }

    fn is(&self, state: State) {
        self.state.send_replace(state);
    }
}

async fn forward(listener: UnixListener, server: PathBuf, state: watch::Receiver<State>) {
    let mut lines = JoinSet::new();
    while let Ok((hub, _)) = listener.accept().await {
        if *state.borrow() != State::Open {
            continue;
        }
        let (server, state) = (server.clone(), state.clone());
        lines.spawn(async move {
            let Ok(server) = UnixStream::connect(server).await else { return };
            let ((from_hub, to_hub), (from_server, to_server)) = (hub.into_split(), server.into_split());
            tokio::join!(carry(from_hub, to_server, state.clone()), carry(from_server, to_hub, state));
        });
    }
}

/// Carries bytes on until the line is cut.
async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut state: watch::Receiver<State>) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        tokio::select! {
            biased;
            changed = state.changed() => {
                let now = *state.borrow_and_update();
                match now {
                    _ if changed.is_err() => return,
                    State::Cut => return,
                    State::Silent => std::future::pending().await,
                    State::Open => {}
                }
            }
            read = from.read(&mut buffer) => match read {
                Ok(count) if count > 0 && to.write_all(&buffer[..count]).await.is_ok() => {}
                _ => return,
            },
        }
    }
}

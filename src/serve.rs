//! A hub that runs: opened from its settings, bound to its addresses, and stopped in good order.

mod health;
mod others;
mod upkeep;
mod widening;

use crate::clock::Clock;
use crate::config::{Config, SignIn};
use crate::console::{self, Admission};
use crate::delivery::Deliverer;
use crate::edge::mllp::Mllp;
use crate::edge::mllp_io::serve_mllp;
use crate::edge::quota::{Quotas, quota};
use crate::edge::tls::{Audience, ServerTls, TlsError, serve_http};
use crate::edge::{dropped, grpc, https};
use crate::hub::witness::Witness;
use crate::hub::witness::fits::{Contradicted, contradicted};
use crate::hub::{Hub, Refusal};
use crate::store::{KeyError, Keyring, ServerError, Settings, Store, StoreError};
use crate::{entropy, orders};
use musubi_core::adapter::Diagnostic;
use musubi_core::reviewed::{Reviewed, ReviewedFault};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Where a hub listens, ports as they were given by the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// gRPC and HTTPS of agencies.
    pub https: SocketAddr,
    /// MLLP of hospitals, over TLS.
    pub mllp: SocketAddr,
    /// Pages for people; none where nobody can sign in.
    pub console: Option<SocketAddr>,
    /// Health: plain, loopback only.
    pub health: SocketAddr,
}

/// A hub that runs. It goes on until [`Running::stop`]; when this is dropped it takes nothing new and is cut.
pub struct Running {
    /// The hub itself.
    pub hub: Hub,
    /// Where it listens.
    pub addresses: Addresses,
    /// TLS of the two listeners of agencies, for a reload at once or to cut an agency.
    pub tls: [Arc<ServerTls>; 2],
    stop: CancellationToken,
    tasks: TaskTracker,
    finish_max: Duration,
}

/// Why a hub does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The settings are not safe.
    #[error("{}", lines(.0))]
    Config(Vec<Diagnostic>),
    /// The keys cannot be used.
    #[error("{0}")]
    Keys(#[from] KeyError),
    /// The store cannot be opened.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The address of the database server cannot be used.
    #[error("{0}")]
    Server(#[from] ServerError),
    /// The certificates cannot be used.
    #[error("{0}")]
    Tls(#[from] TlsError),
    /// A policy file cannot be read.
    #[error("{}: {} / 要綱ファイルを読めません", .0.display(), .1.kind())]
    PolicyFile(PathBuf, io::Error),
    /// The policy is not one that may be used.
    #[error("{0}")]
    Policy(#[from] ReviewedFault),
    /// The policy opens more than the last one, and two officers have not signed it.
    #[error("{0}")]
    Wider(String),
    /// The hub could not begin.
    #[error("{0}")]
    Hub(#[from] Refusal),
    /// An address is taken, or may not be used.
    #[error("{setting} {address}: {} / このアドレスでは待ち受けできません", error.kind())]
    Address {
        /// The setting.
        setting: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The services could not be put together.
    #[error("the services cannot be described: {0}")]
    Services(String),
}

fn lines(findings: &[Diagnostic]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Starts a hub: settings checked, keys and store opened, addresses bound, everything running.
///
/// `clock` is the clock of decisions, `certificate_clock` that of certificates; outside of tests and the demo both are
/// the machine's. Call [`crate::edge::tls::install_crypto`] first.
///
/// # Errors
/// When anything is wrong: then nothing runs.
pub async fn start(
    config: &Config,
    clock: Arc<dyn Clock>,
    certificate_clock: Arc<dyn Clock>,
) -> Result<Running, StartError> {
    let findings = config.check(&certificate_clock);
    if !Config::may_start(&findings) {
        return Err(StartError::Config(findings));
    }
    for finding in &findings {
        tracing::warn!(%finding, "a setting departs from the secure default");
    }
    let hub = open_hub(config, clock).await?;
    upkeep::verify_what_was_faulty(&hub).await?;
    let limits = |tls12| config.limits.server(tls12);
    let files = || config.tls.server_files();
    let https_tls = ServerTls::open(files(), Audience::Machines, limits(false), Arc::clone(&certificate_clock))?;
    let mllp_limits = limits(config.listen.mllp_tls12);
    let mllp_tls = ServerTls::open(files(), Audience::Mllp, mllp_limits, Arc::clone(&certificate_clock))?;
    let (https_listener, https_address) = bind("listen.https", config.listen.https).await?;
    let (mllp_listener, mllp_address) = bind("listen.mllp", config.listen.mllp).await?;
    let (health_listener, health_address) = bind("listen.health", config.listen.health).await?;
    let quotas = Arc::new(Quotas::new(&config.limits));
    let services = grpc::router(hub.clone(), Arc::clone(&quotas)).await;
    let services = services.map_err(|error| StartError::Services(error.to_string()))?;
    let router = services.merge(https::router(hub.clone(), &config.limits)).fallback(https::not_served);
    let router = router.layer(axum::middleware::from_fn_with_state(Arc::clone(&quotas), quota));

    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let console = open_console(config, &hub, &certificate_clock, &tasks, &stop).await?;
    tasks.spawn(serve_http(https_listener, Arc::clone(&https_tls), router, stop.clone()));
    let mllp = Arc::new(Mllp::new(hub.clone(), &config.limits, quotas));
    tasks.spawn(serve_mllp(mllp_listener, Arc::clone(&mllp_tls), mllp, stop.clone()));
    let tls = [https_tls, mllp_tls];
    let [first, _] = &tls;
    tasks.spawn(health::serve(health_listener, hub.clone(), tls.clone(), Arc::clone(&certificate_clock), stop.clone()));
    let mut deliverer = Deliverer::new(hub.clone(), config.data.folder.clone());
    if let Some(calling) = &config.delivery {
        deliverer = deliverer.calling(calling.client_files(&config.tls), Arc::clone(&certificate_clock));
    }
    tasks.spawn(deliverer.run(stop.clone()));
    let (root, bytes_max) = (config.data.drop(), config.limits.file_bytes());
    tasks.spawn(dropped::watch(hub.clone(), root, bytes_max, stop.clone()));
    tasks.spawn(upkeep::checkpoints(hub.clone(), stop.clone()));
    for witness in hub.witnesses() {
        tasks.spawn(upkeep::witness(hub.clone(), Arc::clone(witness), stop.clone()));
    }
    tasks.spawn(upkeep::nights(hub.clone(), stop.clone()));
    tasks.spawn(upkeep::held(hub.clone(), stop.clone()));
    tasks.spawn(upkeep::late(hub.clone(), stop.clone()));
    tasks.spawn(upkeep::overdue(hub.clone(), stop.clone()));
    tasks.spawn(others::see(hub.clone(), tls.clone(), stop.clone()));
    tasks.spawn(orders::carry_out(hub.clone(), config.data.folder.clone(), tls.clone(), stop.clone()));
    tasks.spawn(upkeep::certificate(hub.clone(), Arc::clone(first), stop.clone()));
    for listener in &tls {
        let (listener, stop) = (Arc::clone(listener), stop.clone());
        let interval = Duration::from_secs(config.tls.reload_seconds);
        tasks.spawn(async move { listener.reload_every(interval, stop).await });
    }
    let addresses = Addresses { https: https_address, mllp: mllp_address, console, health: health_address };
    tracing::info!(https = %addresses.https, mllp = %addresses.mllp, health = %addresses.health, "the hub runs");
    Ok(Running { hub, addresses, tls, stop, tasks, finish_max: limits(false).finish_max })
}

/// Opens keys, store and hub of a configuration, without listening anywhere: for `start`, and for commands on a data
/// folder whose hub does not run. A log that is not the one that its witnesses signed closes the store for changes (S-38).
///
/// # Errors
/// When keys, store or policy cannot be used, or another process has the store open.
pub async fn open_hub(config: &Config, clock: Arc<dyn Clock>) -> Result<Hub, StartError> {
    Ok(opened(config, clock, false).await?.0)
}

/// As [`open_hub`], of a store that was just restored: what witnesses signed and the backup does not have is declared given up.
/// Returns that too.
///
/// # Errors
/// As [`open_hub`].
pub async fn open_restored(config: &Config, clock: Arc<dyn Clock>) -> Result<(Hub, Vec<Contradicted>), StartError> {
    let (hub, contradicted) = opened(config, clock, true).await?;
    hub.declare_restored(&contradicted).await?;
    Ok((hub, contradicted))
}

async fn opened(
    config: &Config,
    clock: Arc<dyn Clock>,
    restored: bool,
) -> Result<(Hub, Vec<Contradicted>), StartError> {
    let (folder, origin) = (&config.data.folder, &config.hub.origin);
    let keyring = Keyring::open(folder, origin, &mut entropy::fill)?;
    let signer = Keyring::open(folder, origin, &mut entropy::fill)?.signing;
    let sign = Arc::new(move |checkpoint: &musubi_core::audit::Checkpoint| checkpoint.sign(&signer).to_string());
    let settings = Settings { hub: origin.clone(), sign: Some(sign), ..Settings::default() };
    let reviewed = reviewed(config.policy.folder.as_deref())?;
    let store = Store::open_at(&config.data.location()?, settings).await?;
    let witnesses = witnesses(config);
    let contradicted = contradicted(&store, &keyring.signing.verifier(), &witnesses).await?;
    contradicted.iter().filter(|_| !restored).for_each(|one| one.close(&store));
    widening::may_succeed(config, &store, &reviewed).await?;
    let hub = Hub::open(store, keyring, reviewed, clock).await?;
    hub.is_witnessed_by(witnesses);
    hub.recognise_keys().await?;
    upkeep::not_before_the_last_run(&hub).await?;
    Ok((hub, contradicted))
}

/// The witnesses of the settings.
pub(crate) fn witnesses(config: &Config) -> Vec<Witness> {
    let set = config.audit.witness.iter();
    let named = set
        .filter_map(|set| Some(Witness { name: set.name.clone(), key: set.verifier()?, folder: set.folder.clone() }));
    named.collect()
}

/// What is reviewed in a folder, or what the program was built with.
pub(crate) fn reviewed(folder: Option<&Path>) -> Result<Reviewed, StartError> {
    let Some(folder) = folder else { return Ok(Reviewed::shipped()) };
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).map_err(|error| StartError::PolicyFile(path, error))
    };
    let [matrix, grounds, masks, codes, retention] = Reviewed::FILES;
    let texts = [read(matrix)?, read(grounds)?, read(masks)?, read(codes)?];
    let retention = folder.join(retention).exists().then(|| read(retention)).transpose()?;
    Ok(Reviewed::load(texts.each_ref().map(String::as_str), retention.as_deref())?)
}

/// Serves the pages for people, where they can sign in. A member of staff comes with the certificate of the agency; browsers that
/// choose a sample person are asked for none.
async fn open_console(
    config: &Config,
    hub: &Hub,
    clock: &Arc<dyn Clock>,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Result<Option<SocketAddr>, StartError> {
    let (admission, audience) = match config.sign_in() {
        SignIn::Off => return Ok(None),
        SignIn::Samples => (Admission::Samples, Audience::Browsers),
        SignIn::Staff => (Admission::Staff, Audience::Machines),
    };
    let files = config.tls.server_files();
    let tls = ServerTls::open(files, audience, config.limits.server(false), Arc::clone(clock))?;
    let (listener, address) = bind("listen.console", config.listen.console).await?;
    let pages = console::router(hub.clone(), admission, config.limits.file_bytes());
    tasks.spawn(serve_http(listener, Arc::clone(&tls), pages, stop.clone()));
    let (interval, stop) = (Duration::from_secs(config.tls.reload_seconds), stop.clone());
    tasks.spawn(async move { tls.reload_every(interval, stop).await });
    Ok(Some(address))
}

async fn bind(setting: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let bound = async {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    bound.await.map_err(|error| StartError::Address { setting, address, error })
}

impl Running {
    /// Takes nothing new, lets what is in work be answered, writes the last checkpoints and closes the store.
    ///
    /// # Errors
    /// When the store could not be closed in good order.
    pub async fn stop(self) -> Result<(), StartError> {
        self.hub.begin_to_stop();
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(self.finish_max, self.tasks.wait()).await.is_err() {
            tracing::warn!("work was still going on at shutdown and was cut");
        }
        // A store that takes no changes is closed all the same.
        let remembered = upkeep::remember(&self.hub).await;
        self.hub.store.close().await?;
        if self.hub.store.fault().is_none() {
            remembered?;
        }
        Ok(())
    }

    /// Verifies every log from its first line, as each night does: false when one is not what was written, and then nothing
    /// is taken any more (S-37).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn verify_logs(&self) -> Result<bool, StartError> {
        Ok(upkeep::verify_logs(&self.hub).await?)
    }

    /// Fires when the hub is told to stop.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

//! `musubi serve`: the hub.

use super::place::{fault, wait};
use super::{Exit, Failure, Terminal};
use crate::ca::{Authority, CRL_DAYS};
use crate::clock::Clock;
use crate::config::{Config, SignIn};
use crate::edge::tls::install_crypto;
use crate::sample_city;
use crate::serve::{Running, start};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Data folder of the development hub.
const DEVELOPMENT_FOLDER: &str = "musubi-data";
/// How often a development hub publishes its revocation list anew; it is good for a week.
const CRL_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// Arguments of `musubi serve`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The settings; without them a development hub in ./musubi-data, with an authority and sample agencies that are
    /// made on the first start
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs a hub until it is interrupted or terminated.
///
/// # Errors
/// When it does not start, or could not be stopped in good order.
pub fn run(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    log_to_standard_error();
    install_crypto();
    let clock = Arc::clone(&terminal.clock);
    let config = match &arguments.config {
        Some(path) => Config::read(path).map_err(fault)?,
        None => {
            let config = Config::development(Path::new(DEVELOPMENT_FOLDER));
            sample_city::prepare(&config, clock.now()).map_err(fault)?;
            config
        }
    };
    let development = arguments.config.is_none();
    wait(async {
        let running = start(&config, Arc::clone(&clock), Arc::clone(&clock)).await.map_err(fault)?;
        if development {
            sample_city::register(&running.hub).await.map_err(fault)?;
            tokio::spawn(publish_crl(config.clone(), Arc::clone(&clock), running.stopping()));
        }
        introduce(&mut terminal.out, &config, &running, development)?;
        interrupted().await.map_err(Failure::Output)?;
        writeln!(terminal.out, "stopping / 停止しています")?;
        running.stop().await.map_err(fault)?;
        Ok(Exit::Success)
    })
}

/// Events go to standard error; `RUST_LOG` says which.
pub(super) fn log_to_standard_error() {
    let wanted = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    // A second subscriber is refused, and then the first one stays.
    tracing_subscriber::fmt().with_env_filter(wanted).with_writer(io::stderr).try_init().ok();
}

#[cfg(unix)]
pub(super) async fn interrupted() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminated.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
pub(super) async fn interrupted() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}

async fn publish_crl(config: Config, clock: Arc<dyn Clock>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(CRL_EVERY)).await.is_some() {
        let published = Authority::open(&config.data.ca()).and_then(|ca| ca.publish_crl(CRL_DAYS, clock.now()));
        if let Err(error) = published {
            tracing::error!(%error, "the revocation list was not published");
        }
    }
}

/// Says where it listens, and for a development hub how to talk to it.
fn introduce(out: &mut dyn Write, config: &Config, running: &Running, development: bool) -> io::Result<()> {
    let at = &running.addresses;
    writeln!(out, "Musubi runs / 稼働中  data {}", config.data.folder.display())?;
    writeln!(out, "  gRPC, HTTPS  {}  (client certificate / 証明書必須)", at.https)?;
    writeln!(out, "  MLLP/TLS     {}  (client certificate / 証明書必須)", at.mllp)?;
    if let Some(console) = at.console {
        let needs = if config.sign_in() == SignIn::Staff {
            "client certificate / 証明書必須"
        } else {
            "pages for people / 画面"
        };
        writeln!(out, "  console      https://{console}/  ({needs})")?;
    }
    writeln!(out, "  health       http://{}/readyz", at.health)?;
    if development {
        let folder = config.data.folder.display();
        writeln!(out, "\nSample agencies, each with agency.pem and agency.key in {folder}/agencies/<id>/:")?;
        for agency in sample_city::agencies() {
            let staff: Vec<String> = agency.staff.iter().map(|(id, role)| format!("{id} ({role})")).collect();
            writeln!(out, "  {:<16} {}  {}", agency.id.as_str(), agency.name, staff.join(", "))?;
        }
        let of = |file: &str| format!("{folder}/agencies/{}/agency.{file}", sample_city::HEALTH_CENTER);
        writeln!(out, "\nHand in a file of home visits / 訪問記録の提出:")?;
        writeln!(out, "  curl --cacert {folder}/ca/ca.pem --cert {} --key {} \\", of("pem"), of("key"))?;
        let port = at.https.port();
        writeln!(out, "    --data-binary @visits.csv 'https://localhost:{port}/v1/documents?format=ph05'")?;
        let center = sample_city::center_folder(config);
        writeln!(out, "What the center is sent as rows lies in {}.", center.display())?;
    }
    writeln!(out, "\nStop with Ctrl-C / Ctrl-Cで停止")?;
    out.flush()
}

//! The sample city with a hub that runs.

use musubi::agency_client::{AgencyClient, HubAddress};
use musubi::clock::{Clock, SystemClock};
use musubi::config::Config;
use musubi::edge::tls::install_crypto;
use musubi::load::Generator;
use musubi::sample_city::{self, HOSPITAL};
use musubi::serve::{Running, start};
use musubi_core::agency::AgencyId;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The city's hub.
pub(super) struct City {
    config: Config,
    running: Running,
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the time that passes")]
pub(super) fn now() -> Instant {
    Instant::now()
}

pub(super) fn elapsed(since: Instant) -> Duration {
    now().duration_since(since)
}

/// Settings of a development hub that takes free ports.
pub(super) fn config(folder: &Path) -> Config {
    let mut config = Config::development(folder);
    for address in config.listen.every() {
        address.set_port(0);
    }
    config
}

/// An agency, with its certificate.
pub(super) fn agency(config: &Config, id: &str, mllp: String, machines: String) -> AgencyClient {
    let hub = HubAddress { machines, mllp, server_name: "localhost".to_owned() };
    let files = sample_city::client_files(config, id);
    AgencyClient::open(&files, hub, Arc::new(SystemClock)).expect("the agency's certificate")
}

impl City {
    /// Starts the hub.
    pub(super) async fn start(folder: &Path) -> City {
        install_crypto();
        let config = config(folder);
        sample_city::prepare(&config, SystemClock.now()).expect("certificates");
        let running = start(&config, Arc::new(SystemClock), Arc::new(SystemClock)).await.expect("the hub starts");
        sample_city::register(&running.hub).await.expect("the agencies are registered");
        City { config, running }
    }

    /// Opens the connections of an agency.
    pub(super) fn agency(&self, id: &'static str) -> impl Fn() -> AgencyClient + Send + Sync + 'static {
        let (config, addresses) = (self.config.clone(), self.running.addresses);
        move || agency(&config, id, addresses.mllp.to_string(), addresses.https.to_string())
    }

    /// Its settings.
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// Who pushes into it.
    pub(super) fn generator(&self) -> Generator {
        let hospital = self.agency(HOSPITAL);
        Generator {
            hospital: Box::new(move || Ok(hospital())),
            agency: AgencyId::new(HOSPITAL).expect("an agency id"),
            location: self.config.data.location().expect("a store"),
            clock: Arc::new(SystemClock),
        }
    }

    /// Where the window is, and who vouches for it.
    pub(super) fn console(&self) -> (std::net::SocketAddr, &Path) {
        (self.running.addresses.console.expect("a console"), &self.config.tls.client_ca)
    }

    /// Stops the hub.
    pub(super) async fn stop(self) {
        self.running.stop().await.expect("the hub stops");
    }
}

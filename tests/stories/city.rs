//! The sample city with a hub that runs: real sockets, certificates of every agency, a clock that stands until it is set.

use musubi::agency_client::{AgencyClient, HubAddress};
use musubi::clock::{Clock, ManualClock, SystemClock};
use musubi::config::Config;
use musubi::edge::tls::install_crypto;
use musubi::hub::enrol::Enrolment;
use musubi::hub::register::Agency;
use musubi::sample_city;
use musubi::serve::{Running, StartError, start};
use musubi_core::adapter::Profile;
use musubi_core::agency::AgencyId;
use musubi_core::time::Time;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// Samples that the adapters' own tests read.
macro_rules! sample {
    ($path:literal) => {
        include_bytes!(concat!("../../adapters/", $path)).as_slice()
    };
}

pub(crate) const NEWBORN: &[u8] = sample!("hospital/hl7v2/samples/shione_a03_newborn.hl7");
pub(crate) const MOTHER: &[u8] = sample!("hospital/hl7v2/samples/shione_a03_mother.hl7");
pub(crate) const TWO_WEEK_CHECK: &[u8] = sample!("hospital/hl7v2/samples/shione_r01_two_week_check.hl7");
pub(crate) const CLINIC: &[u8] = sample!("hospital/hl7v2/samples/minami_a03_ssmix2.hl7");
pub(crate) const VISITS: &[u8] = sample!("public_health/ph05/samples/demo-visits.csv");
pub(crate) const QUERY: &[u8] = sample!("child_guidance/cgc_xml/samples/row10_no_ground.xml");

/// A running hub and its city.
pub(crate) struct City {
    pub(crate) folder: TempDir,
    pub(crate) config: Config,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) running: Running,
    pub(crate) runtime: OwnRuntime,
}

/// The threads of a hub that can crash; none where it runs on those of the story.
pub(crate) struct OwnRuntime(Option<Runtime>);

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl OwnRuntime {
    fn new() -> OwnRuntime {
        OwnRuntime(Some(Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()))
    }

    async fn start(&self, config: &Config, clock: Arc<ManualClock>) -> Result<Running, StartError> {
        let Some(runtime) = &self.0 else { return start(config, clock, Arc::new(SystemClock)).await };
        let config = config.clone();
        runtime.spawn(async move { start(&config, clock, Arc::new(SystemClock)).await }).await.unwrap()
    }
}

/// How long a hub that crashed may take to let go of its files.
const LET_GO: Duration = Duration::from_secs(20);

pub(crate) fn at(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

impl City {
    pub(crate) async fn at(text: &str) -> City {
        Self::with(text, |_| {}).await
    }

    /// With a hub that can crash.
    pub(crate) async fn that_crashes(text: &str) -> City {
        Self::on(OwnRuntime::new(), text, |_| {}).await
    }

    /// With other settings than a development hub has.
    pub(crate) async fn with(text: &str, settings: impl FnOnce(&mut Config)) -> City {
        Self::on(OwnRuntime(None), text, settings).await
    }

    async fn on(runtime: OwnRuntime, text: &str, settings: impl FnOnce(&mut Config)) -> City {
        install_crypto();
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::development(folder.path());
        for address in config.listen.every() {
            address.set_port(0);
        }
        config.tls.reload_seconds = 1;
        sample_city::prepare(&config, SystemClock.now()).unwrap();
        settings(&mut config);
        let clock = Arc::new(ManualClock::at(at(text)));
        let running = runtime.start(&config, clock.clone()).await.unwrap();
        sample_city::register(&running.hub).await.unwrap();
        City { folder, config, clock, running, runtime }
    }

    /// A hub on what was made ready before.
    pub(crate) async fn over(folder: TempDir, config: Config, clock: Arc<ManualClock>) -> City {
        let runtime = OwnRuntime(None);
        let running = runtime.start(&config, clock.clone()).await.unwrap();
        City { folder, config, clock, running, runtime }
    }

    /// The same city after its hub was stopped and started again.
    pub(crate) async fn restarted(self) -> City {
        let City { folder, config, clock, running, runtime } = self;
        running.stop().await.unwrap();
        let running = runtime.start(&config, clock.clone()).await.unwrap();
        City { folder, config, clock, running, runtime }
    }

    /// The same city after its hub ended without a word in the midst of whatever it did: every task is dropped where it stands, no
    /// batch is finished, nothing is closed in order, and it is started again on what lies on disk.
    pub(crate) async fn crashed(self) -> City {
        let City { folder, config, clock, running, runtime } = self;
        drop(runtime);
        drop(running);
        let (runtime, begun) = (OwnRuntime::new(), tokio::time::Instant::now());
        loop {
            match runtime.start(&config, clock.clone()).await {
                Ok(running) => return City { folder, config, clock, running, runtime },
                Err(held) => assert!(begun.elapsed() < LET_GO, "{held}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn set(&self, text: &str) {
        self.clock.set(at(text));
    }

    /// An agency of the city, with its own certificate.
    pub(crate) fn agency(&self, id: &str) -> AgencyClient {
        let hub = HubAddress {
            machines: self.running.addresses.https.to_string(),
            mllp: self.running.addresses.mllp.to_string(),
            server_name: "localhost".to_owned(),
        };
        AgencyClient::open(&sample_city::client_files(&self.config, id), hub, Arc::new(SystemClock)).unwrap()
    }

    /// Changes how an agency departs from its formats.
    pub(crate) async fn deviates(&self, id: &str, change: impl FnOnce(&mut Profile)) {
        let id = AgencyId::new(id).unwrap();
        let mut agency = Agency::clone(&self.running.hub.register.agency(&id).unwrap());
        change(agency.settings.profile.get_or_insert_with(|| Profile::plain(id, self.clock.now())));
        self.running.hub.enrol(Enrolment::Agency(Box::new(agency)), "operator").await.unwrap();
    }

    /// One message over MLLP, and its answer as text.
    pub(crate) async fn send(&self, id: &str, message: &[u8]) -> String {
        let mut connection = self.agency(id).mllp().await.unwrap();
        String::from_utf8(connection.send(message).await.unwrap()).unwrap()
    }
}

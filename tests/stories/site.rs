//! A hub as a process of its own, which can be killed, and agencies that work on all of its edges and keep what they were
//! answered.

use crate::agencies::person;
use crate::city::{MOTHER, VISITS};
use crate::steps::permit;
use musubi::agency_client::{AgencyClient, HubAddress};
use musubi::clock::{Clock, SystemClock};
use musubi::config::Config;
use musubi::edge::grpc::client::{AcknowledgeRequest, ReceiveRequest};
use musubi::edge::tls::install_crypto;
use musubi::store::{Log, Settings, Store};
use musubi::{sample_city as sample, serve};
use musubi_core::audit::Receipt;
use musubi_core::id::DeliveryId;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tonic::Code;
use uuid::Uuid;

/// Mothers of the hospital, each with a permit.
const MOTHERS: u64 = 6;

/// Where what a hub says in its distress is kept, beside its data.
const SAID: &str = "hub.said";

/// What the agencies hold in their hands.
#[derive(Default)]
pub(crate) struct Held {
    /// Messages over MLLP with the acknowledgement of each.
    pub(crate) messages: Vec<(Vec<u8>, Vec<u8>)>,
    /// Index and leaf of each row of the file over HTTPS, by row: the same whenever it is sent.
    rows: BTreeMap<String, (u64, String)>,
    /// Deliveries over gRPC.
    pub(crate) received: Vec<String>,
}

/// What a hub's database lies on.
#[derive(Clone, Copy)]
pub(crate) enum Disk<'a> {
    Sound,
    /// No file may grow beyond so many KiB.
    Full(u64),
    /// Fails as the file of this name says, once it is there.
    Failing(&'a Path),
}

/// The failing file layer, built where SQLite is built: with the system's C compiler.
static FAILING_DISK: LazyLock<PathBuf> = LazyLock::new(|| {
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("failing_disk.so");
    let part = library.with_extension(format!("{}.part", std::process::id()));
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/failing_disk.c");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([part.as_os_str(), source.as_ref()]).status();
    assert!(built.unwrap().success(), "{source} is not built");
    std::fs::rename(part, &library).unwrap();
    library
});

/// A hub's folder, and its process.
pub(crate) struct Site {
    pub(crate) folder: TempDir,
    pub(crate) config: Config,
    child: Option<Child>,
    pub(crate) addresses: HubAddress,
    health: String,
    pub(crate) held: Arc<Mutex<Held>>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Site {
    /// A hub on its embedded database.
    pub(crate) async fn new() -> Self {
        Site::with(|_| {}).await
    }

    /// With other settings.
    pub(crate) async fn with(settings: impl FnOnce(&mut Config)) -> Self {
        install_crypto();
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::development(folder.path());
        for address in config.listen.every() {
            address.set_port(0);
        }
        settings(&mut config);
        sample::prepare(&config, SystemClock.now()).unwrap();
        let hub = serve::open_hub(&config, Arc::new(SystemClock)).await.unwrap();
        sample::register(&hub).await.unwrap();
        hub.store.close().await.unwrap();
        std::fs::write(folder.path().join("musubi.toml"), config.effective()).unwrap();
        let addresses =
            HubAddress { machines: String::new(), mllp: String::new(), server_name: "localhost".to_owned() };
        let mut site = Site { folder, config, child: None, addresses, health: String::new(), held: Arc::default() };
        site.start(Disk::Sound).await;
        site.permits().await;
        site
    }

    /// Starts the program.
    pub(crate) fn spawn(&mut self, disk: Disk<'_>) {
        let program = env!("CARGO_BIN_EXE_musubi");
        let mut command = Command::new(program);
        match disk {
            Disk::Sound => {}
            // Without the signal the write fails, as it does on a full disk.
            Disk::Full(kibibytes) => {
                command = Command::new("bash");
                command.args(["-c", &format!("trap '' XFSZ; ulimit -f {kibibytes}; exec \"$0\" \"$@\""), program]);
            }
            Disk::Failing(plan) => {
                command.env("LD_PRELOAD", &*FAILING_DISK).env("FAILING_DISK", plan);
            }
        }
        command.arg("serve").arg("--config").arg(self.folder.path().join("musubi.toml")).env("RUST_LOG", "off");
        let said = File::options().create(true).append(true).open(self.folder.path().join(SAID)).unwrap();
        self.child = Some(command.stdout(Stdio::piped()).stderr(said).spawn().unwrap());
    }

    /// Starts it and waits until it listens.
    pub(crate) async fn start(&mut self, disk: Disk<'_>) {
        self.spawn(disk);
        let lines = BufReader::new(self.child.as_mut().unwrap().stdout.take().unwrap()).lines();
        let addresses = tokio::task::spawn_blocking(move || {
            let said = |line: &String| ["gRPC,", "MLLP/TLS", "health"].iter().any(|what| line.contains(what));
            let mut words = lines.map(Result::unwrap).filter(said);
            let mut next = |at: usize| words.next().and_then(|line| line.split_whitespace().nth(at).map(str::to_owned));
            Some((next(2)?, next(1)?, next(1)?))
        });
        let (machines, mllp, health) = addresses.await.unwrap().expect("the hub listens");
        (self.addresses.machines, self.addresses.mllp, self.health) = (machines, mllp, health);
    }

    /// What health says of it: the whole answer.
    pub(crate) fn ready(&self) -> String {
        let address = self.health.trim_start_matches("http://").trim_end_matches("/readyz");
        let (mut stream, mut answer) = (TcpStream::connect(address).unwrap(), String::new());
        write!(stream, "GET /readyz HTTP/1.0\r\n\r\n").unwrap();
        if let Err(error) = stream.read_to_string(&mut answer) {
            let said = std::fs::read_to_string(self.folder.path().join(SAID)).unwrap_or_default();
            panic!("health does not answer: {error}; the hub is {:?} and said: {said}", self.process_state());
        }
        answer
    }

    /// The state of its process, as the system tells it: `Z` for one that has ended.
    fn process_state(&self) -> Option<String> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.as_ref()?.id())).ok()?;
        Some(status.lines().find(|line| line.starts_with("State:"))?.to_owned())
    }

    /// Resident memory of its process now.
    pub(crate) fn resident_mebibytes(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.as_ref().unwrap().id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }

    /// Runs `musubi …` on its settings.
    pub(crate) fn musubi(&self, words: &str) -> Output {
        self.musubi_alone(&format!("{words} --config {}", self.folder.path().join("musubi.toml").display()))
    }

    /// Runs `musubi …` as it is.
    pub(crate) fn musubi_alone(&self, words: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_musubi")).args(words.split(' ')).output().unwrap()
    }

    pub(crate) fn agency(&self, id: &str) -> AgencyClient {
        let files = sample::client_files(&self.config, id);
        AgencyClient::open(&files, self.addresses.clone(), Arc::new(SystemClock)).unwrap()
    }

    async fn permits(&self) {
        let until = SystemClock.now().plus_days(300).day().to_string();
        for number in 0..MOTHERS {
            let mother = person(sample::HOSPITAL, &mrn(number), "mother");
            let terms = permit(mother.clone(), "self");
            let terms = musubi::edge::grpc::client::RecordConsentRequest {
                grantor: Some(mother),
                valid_until: until.clone(),
                ..terms
            };
            self.agency(sample::CENTER).consents().record(terms).await.unwrap();
        }
    }

    /// Every edge at work, until the hub is gone.
    pub(crate) fn load(&self, round: u32) -> tokio::task::JoinSet<()> {
        let mut working = tokio::task::JoinSet::new();
        for sender in 0..2_u64 {
            working.spawn(push(self.agency(sample::HOSPITAL), Arc::clone(&self.held), round, sender));
        }
        working.spawn(hand_in(self.agency(sample::HEALTH_CENTER), Arc::clone(&self.held)));
        working.spawn(fetch(self.agency(sample::CENTER), Arc::clone(&self.held)));
        working
    }

    /// Something was acknowledged over MLLP, and something fetched.
    pub(crate) async fn served(&self) {
        let served = async {
            let none = || {
                let held = self.held.lock().unwrap();
                held.messages.is_empty() || held.received.is_empty()
            };
            while none() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), served).await.expect("all edges are served");
    }

    /// All edges are served.
    pub(crate) async fn works_again(&mut self) {
        self.held.lock().unwrap().received.clear();
        let mut working = self.load(u32::MAX);
        self.served().await;
        self.kill();
        while working.join_next().await.is_some() {}
    }

    /// After a restore, or a disk that lied: what was handed over may be on record no longer.
    pub(crate) fn forget_what_was_handed_over(&self) {
        let mut held = self.held.lock().unwrap();
        held.received.clear();
        held.rows.clear();
        for file in std::fs::read_dir(sample::center_folder(&self.config)).unwrap().flatten() {
            std::fs::remove_file(file.path()).unwrap();
        }
    }

    /// What was acknowledged is answered again byte for byte, so it is there and was stored once.
    pub(crate) async fn all_is_there(&self) {
        let messages = self.held.lock().unwrap().messages.clone();
        let mut connection = self.agency(sample::HOSPITAL).mllp().await.unwrap();
        for (message, answer) in &messages {
            let again = connection.send(message).await.unwrap();
            assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(answer));
        }
    }

    /// On the files of a hub that was killed: what the agencies hold stands in the log, nothing stands twice, and whatever
    /// left was released on record.
    pub(crate) async fn all_is_on_record(&mut self) {
        self.kill();
        let verified = self.musubi("audit verify");
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
        let store = Store::open_reading_at(&self.config.data.location().unwrap(), Settings::default()).await.unwrap();
        let log = Log::parse(sample::CITY).unwrap();
        let leaves = store.leaf_hashes(&log, u64::MAX >> 1).await.unwrap();
        let held = std::mem::take(&mut *self.held.lock().unwrap());
        for (_, answer) in &held.messages {
            let receipt = receipt(answer).unwrap();
            assert_eq!(leaves.get(usize::try_from(receipt.index).unwrap()), Some(&receipt.leaf));
        }
        let database = Database::of(&self.config).await;
        assert_eq!(database.count(TWICE, None).await, 0, "a message stands twice");
        let files: Vec<PathBuf> = std::fs::read_dir(sample::center_folder(&self.config))
            .unwrap()
            .map(|file| file.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "csv"))
            .collect();
        let of_files = files.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned());
        let of_files: Vec<String> = of_files.map(|name| name.split('.').next().unwrap().to_owned()).collect();
        for left in held.received.iter().chain(&of_files) {
            let delivery = DeliveryId::parse(left).unwrap();
            assert!(database.count(RELEASED, Some(delivery.0)).await > 0, "{left} left without a release on record");
        }
        database.close().await;
        println!(
            "{} acknowledged over MLLP, {} rows of the file, {} fetched, {} files, {} leaves",
            held.messages.len(),
            held.rows.len(),
            held.received.len(),
            files.len(),
            leaves.len()
        );
        assert!(!held.messages.is_empty() && !held.received.is_empty() && !files.is_empty(), "no load was served");
    }
}

/// The same SQL on both.
const TWICE: &str =
    "SELECT count(*) FROM (SELECT key FROM message WHERE repeats = 1 GROUP BY key HAVING count(*) > 1) AS twice";
const RELEASED: &str = "SELECT count(*) FROM release WHERE delivery = $1";

/// The tables behind a hub, asked past it.
enum Database {
    Sqlite(sqlx::SqlitePool),
    Postgres(sqlx::PgPool),
}

impl Database {
    async fn of(config: &Config) -> Self {
        match &config.data.postgres {
            Some(address) => {
                let address = std::fs::read_to_string(address).unwrap();
                Database::Postgres(sqlx::PgPool::connect(&address).await.unwrap())
            }
            None => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(config.data.database());
                Database::Sqlite(sqlx::SqlitePool::connect_with(options).await.unwrap())
            }
        }
    }

    async fn count(&self, question: &'static str, id: Option<Uuid>) -> i64 {
        match self {
            Database::Sqlite(pool) => {
                let asked = sqlx::query_scalar(question);
                id.iter().fold(asked, |asked, id| asked.bind(*id)).fetch_one(pool).await.unwrap()
            }
            Database::Postgres(pool) => {
                let asked = sqlx::query_scalar(question);
                id.iter().fold(asked, |asked, id| asked.bind(*id)).fetch_one(pool).await.unwrap()
            }
        }
    }

    async fn close(self) {
        match self {
            Database::Sqlite(pool) => pool.close().await,
            Database::Postgres(pool) => pool.close().await,
        }
    }
}

fn mrn(number: u64) -> String {
    format!("{:08}", 77_000 + number % MOTHERS)
}

/// A discharge of its own: control id, mother, and number of the stay.
pub(crate) fn message(round: u32, sender: u64, count: u64) -> Vec<u8> {
    let text = String::from_utf8(MOTHER.to_vec()).unwrap();
    let control = format!("K{round}-{sender}-{count}");
    let text = text.replace("S261030-0102", &control).replace("I26-003871", &control);
    text.replace("00012345", &mrn(count)).into_bytes()
}

pub(crate) fn receipt(answer: &[u8]) -> Option<Receipt> {
    let text = String::from_utf8_lossy(answer);
    let field = text.split(['|', '\r']).find(|field| field.starts_with("musubi:1:"))?.to_owned();
    text.contains("MSA|AA|").then(|| Receipt::from_msa3("", &field).unwrap())
}

/// A hospital that pushes, one after another; returns when the hub is gone, or takes nothing any more.
pub(crate) async fn push(hospital: AgencyClient, held: Arc<Mutex<Held>>, round: u32, sender: u64) {
    let Ok(mut connection) = hospital.mllp().await else { return };
    for count in 0.. {
        let message = message(round, sender, count);
        let Ok(answer) = connection.send(&message).await else { return };
        if receipt(&answer).is_none() {
            return;
        }
        held.lock().unwrap().messages.push((message, answer));
    }
}

/// A hospital that pushes, one after another, and pushes again what was not acknowledged.
pub(crate) async fn push_patiently(
    hospital: AgencyClient,
    held: Arc<Mutex<Held>>,
    round: u32,
    sender: u64,
    stop: CancellationToken,
) {
    let mut count = 0;
    while !stop.is_cancelled() {
        let Ok(mut connection) = hospital.mllp().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        loop {
            let message = message(round, sender, count);
            let Some(Ok(answer)) = stop.run_until_cancelled(connection.send(&message)).await else { break };
            if receipt(&answer).is_none() {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            held.lock().unwrap().messages.push((message, answer));
            count += 1;
        }
    }
}

/// A health center that hands in the same file over and over.
async fn hand_in(office: AgencyClient, held: Arc<Mutex<Held>>) {
    while let Ok(answer) = office.post("/v1/documents?format=ph05", "text/csv", VISITS.to_vec()).await {
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        for row in body["rows"].as_array().into_iter().flatten() {
            let (place, receipt) = (row["place"].as_str().unwrap().to_owned(), &row["receipt"]);
            let Some(index) = receipt["index"].as_u64() else { continue };
            let leaf = receipt["leaf"].as_str().unwrap().to_owned();
            let mut held = held.lock().unwrap();
            let first = held.rows.entry(place).or_insert((index, leaf.clone()));
            assert_eq!(*first, (index, leaf), "the same row has two receipts");
        }
    }
}

/// A center that fetches and acknowledges.
async fn fetch(center: AgencyClient, held: Arc<Mutex<Held>>) {
    let mut deliveries = center.deliveries();
    loop {
        let answer = match deliveries.receive(ReceiveRequest { limit: 10, ..ReceiveRequest::default() }).await {
            Ok(answer) => answer,
            Err(gone) => return assert!(gone.code() != Code::Internal, "{gone}"),
        };
        let (mut stream, mut ids) = (answer.into_inner(), Vec::new());
        loop {
            match stream.message().await {
                Ok(Some(delivered)) => {
                    held.lock().unwrap().received.push(delivered.id().to_owned());
                    ids.push(delivered.id().to_owned());
                }
                Ok(None) => break,
                Err(_) => return,
            }
        }
        if ids.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        } else if deliveries.acknowledge(AcknowledgeRequest { delivery_ids: ids }).await.is_err() {
            return;
        }
    }
}

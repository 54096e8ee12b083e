//! The hub's process is killed at random moments while all of its edges are at work, and started again (S-87): what was
//! acknowledged is there, once; what was released stands on record; the log verifies. And it runs out of room on disk.
//!
//! `MUSUBI_KILLS=1000 cargo test --test stories kills` is the long run.

use crate::agencies::person;
use crate::city::{MOTHER, VISITS};
use crate::steps::permit;
use musubi::agency_client::{AgencyClient, HubAddress};
use musubi::clock::{Clock, SystemClock};
use musubi::config::Config;
use musubi::edge::grpc::client::{AcknowledgeRequest, ReceiveRequest};
use musubi::edge::tls::install_crypto;
use musubi::store::{Log, Store};
use musubi::{entropy, sample_city as sample, serve};
use musubi_core::audit::Receipt;
use musubi_core::id::DeliveryId;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;
use tonic::Code;

/// Kills of a run that is not told how many.
const KILLS: u32 = 30;
/// Such a run begins no further kill after this time, however slow the machine.
const SHORT: Duration = Duration::from_secs(40);
/// Mothers of the hospital, each with a permit.
const MOTHERS: u64 = 6;

/// What the agencies hold in their hands.
#[derive(Default)]
struct Held {
    /// Messages over MLLP with the acknowledgement of each.
    messages: Vec<(Vec<u8>, Vec<u8>)>,
    /// Index and leaf of each row of the file over HTTPS, by row: the same whenever it is sent.
    rows: BTreeMap<String, (u64, String)>,
    /// Deliveries over gRPC.
    received: Vec<String>,
}

/// A hub's folder, and its process.
struct Site {
    folder: TempDir,
    config: Config,
    child: Option<Child>,
    addresses: HubAddress,
    held: Arc<Mutex<Held>>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Site {
    async fn new() -> Self {
        install_crypto();
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::development(folder.path());
        for address in [&mut config.listen.https, &mut config.listen.mllp, &mut config.listen.health] {
            address.set_port(0);
        }
        sample::prepare(&config, SystemClock.now()).unwrap();
        let hub = serve::open_hub(&config, Arc::new(SystemClock)).await.unwrap();
        sample::register(&hub).await.unwrap();
        hub.store.close().await.unwrap();
        std::fs::write(folder.path().join("musubi.toml"), config.effective()).unwrap();
        let addresses =
            HubAddress { machines: String::new(), mllp: String::new(), server_name: "localhost".to_owned() };
        let mut site = Site { folder, config, child: None, addresses, held: Arc::default() };
        site.start(None).await;
        site.permits().await;
        site
    }

    /// Starts the program; with a bound, no file of its may grow beyond so many KiB.
    fn spawn(&mut self, file_kibibytes: Option<u64>) {
        let program = env!("CARGO_BIN_EXE_musubi");
        let mut command = match file_kibibytes {
            None => Command::new(program),
            // Without the signal the write fails, as it does on a full disk.
            Some(most) => {
                let mut shell = Command::new("bash");
                shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {most}; exec \"$0\" \"$@\""), program]);
                shell
            }
        };
        command.arg("serve").arg("--config").arg(self.folder.path().join("musubi.toml")).env("RUST_LOG", "off");
        self.child = Some(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    }

    /// Starts it and waits until it listens.
    async fn start(&mut self, file_kibibytes: Option<u64>) {
        self.spawn(file_kibibytes);
        let lines = BufReader::new(self.child.as_mut().unwrap().stdout.take().unwrap()).lines();
        let addresses = tokio::task::spawn_blocking(move || {
            let mut words =
                lines.map(Result::unwrap).filter(|line| line.contains("gRPC,") || line.contains("MLLP/TLS"));
            let mut next = |at: usize| words.next().and_then(|line| line.split_whitespace().nth(at).map(str::to_owned));
            Some((next(2)?, next(1)?))
        });
        let (machines, mllp) = addresses.await.unwrap().expect("the hub listens");
        (self.addresses.machines, self.addresses.mllp) = (machines, mllp);
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }

    fn agency(&self, id: &str) -> AgencyClient {
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
    fn load(&self, round: u32) -> tokio::task::JoinSet<()> {
        let mut working = tokio::task::JoinSet::new();
        for sender in 0..2_u64 {
            working.spawn(push(self.agency(sample::HOSPITAL), Arc::clone(&self.held), round, sender));
        }
        working.spawn(hand_in(self.agency(sample::HEALTH_CENTER), Arc::clone(&self.held)));
        working.spawn(fetch(self.agency(sample::CENTER), Arc::clone(&self.held)));
        working
    }

    /// What was acknowledged is answered again byte for byte, so it is there and was stored once.
    async fn all_is_there(&self) {
        let messages = self.held.lock().unwrap().messages.clone();
        let mut connection = self.agency(sample::HOSPITAL).mllp().await.unwrap();
        for (message, answer) in &messages {
            let again = connection.send(message).await.unwrap();
            assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(answer));
        }
    }

    /// On the files of a hub that was killed: what the agencies hold stands in the log, nothing stands twice, and whatever
    /// left was released on record.
    async fn all_is_on_record(&mut self) {
        self.kill();
        let verified = Command::new(env!("CARGO_BIN_EXE_musubi"))
            .args(["audit", "verify", "--config"])
            .arg(self.folder.path().join("musubi.toml"))
            .output()
            .unwrap();
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
        let store = Store::open_reading(self.folder.path()).await.unwrap();
        let log = Log::parse(sample::CITY).unwrap();
        let leaves = store.leaf_hashes(&log, u64::MAX >> 1).await.unwrap();
        let held = std::mem::take(&mut *self.held.lock().unwrap());
        for (_, answer) in &held.messages {
            let receipt = receipt(answer).unwrap();
            assert_eq!(leaves.get(usize::try_from(receipt.index).unwrap()), Some(&receipt.leaf));
        }
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.folder.path().join("hub.db"));
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        let twice = "SELECT count(*) FROM (SELECT key FROM message WHERE repeats = 1 GROUP BY key HAVING count(*) > 1)";
        assert_eq!(sqlx::query_scalar::<_, i64>(twice).fetch_one(&pool).await.unwrap(), 0, "a message stands twice");
        let files: Vec<PathBuf> = std::fs::read_dir(sample::center_folder(&self.config))
            .unwrap()
            .map(|file| file.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "csv"))
            .collect();
        let of_files = files.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned());
        let of_files: Vec<String> = of_files.map(|name| name.split('.').next().unwrap().to_owned()).collect();
        for left in held.received.iter().chain(&of_files) {
            let delivery = DeliveryId::parse(left).unwrap();
            let released = "SELECT count(*) FROM release WHERE delivery = ?";
            let count = sqlx::query_scalar::<_, i64>(released).bind(delivery.0.as_bytes().to_vec()).fetch_one(&pool);
            assert!(count.await.unwrap() > 0, "{left} left without a release on record");
        }
        pool.close().await;
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

fn mrn(number: u64) -> String {
    format!("{:08}", 77_000 + number % MOTHERS)
}

/// A discharge of its own: control id, mother, and number of the stay.
fn message(round: u32, sender: u64, count: u64) -> Vec<u8> {
    let text = String::from_utf8(MOTHER.to_vec()).unwrap();
    let control = format!("K{round}-{sender}-{count}");
    let text = text.replace("S261030-0102", &control).replace("I26-003871", &control);
    text.replace("00012345", &mrn(count)).into_bytes()
}

fn receipt(answer: &[u8]) -> Option<Receipt> {
    let text = String::from_utf8_lossy(answer);
    let field = text.split(['|', '\r']).find(|field| field.starts_with("musubi:1:"))?.to_owned();
    text.contains("MSA|AA|").then(|| Receipt::from_msa3("", &field).unwrap())
}

/// A hospital that pushes, one after another; returns when the hub is gone, or takes nothing any more.
async fn push(hospital: AgencyClient, held: Arc<Mutex<Held>>, round: u32, sender: u64) {
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

fn some_millis(below: u64) -> Duration {
    Duration::from_millis(u64::from_be_bytes(entropy::bytes()) % below)
}

#[tokio::test(flavor = "multi_thread")]
async fn s87_a_hub_that_is_killed_at_any_moment_has_lost_nothing_and_stored_nothing_twice() {
    let told: Option<u32> = std::env::var("MUSUBI_KILLS").ok().map(|kills| kills.parse().unwrap());
    let (begun, mut site, mut kills) = (Instant::now(), Site::new().await, 0);
    while kills < told.unwrap_or(KILLS) && (told.is_some() || begun.elapsed() < SHORT) {
        let mut working = site.load(kills);
        // A third when a message has just been answered, a third when something was fetched, a third whenever it may be.
        let served = || {
            let held = site.held.lock().unwrap();
            (held.messages.len(), held.received.len())
        };
        let (before, way) = (served(), entropy::bytes::<1>()[0] % 3);
        let until = async {
            while way == 0 && served().0 == before.0 || way == 1 && served().1 == before.1 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), until).await.ok();
        tokio::time::sleep(some_millis(500)).await;
        site.kill();
        kills += 1;
        while let Some(ended) = working.join_next().await {
            ended.unwrap();
        }
        // Some are killed again before they listen.
        if entropy::bytes::<1>()[0] < 50 {
            site.spawn(None);
            tokio::time::sleep(some_millis(300)).await;
            site.kill();
            kills += 1;
        }
        site.start(None).await;
    }
    site.all_is_there().await;
    site.all_is_on_record().await;
    println!("{kills} kills in {:?}", begun.elapsed());
}

/// Its files may grow so far and no further: the write fails at another place each time. Nothing is acknowledged that was not
/// stored; with room again, it goes on.
#[tokio::test(flavor = "multi_thread")]
async fn s85_a_hub_without_room_on_disk_acknowledges_nothing_that_it_did_not_store() {
    let mut site = Site::new().await;
    let mut refused = 0;
    for round in 0..6_u32 {
        site.kill();
        let largest = ["hub.db", "hub.db-wal"].map(|name| std::fs::metadata(site.folder.path().join(name)));
        let largest = largest.into_iter().flatten().map(|file| file.len()).max().unwrap();
        site.start(Some(largest / 1024 + 24 + 36 * u64::from(round))).await;
        let (hospital, held) = (site.agency(sample::HOSPITAL), Arc::clone(&site.held));
        let before = held.lock().unwrap().messages.len();
        let pushing = push(hospital, held, 1_000 + round, 0);
        refused += u32::from(tokio::time::timeout(Duration::from_secs(10), pushing).await.is_ok());
        println!("round {round}: {} taken", site.held.lock().unwrap().messages.len() - before);
    }
    assert!(refused > 0, "there was always room");
    site.kill();
    site.start(None).await;
    site.all_is_there().await;
    let mut working = site.load(2_000);
    let served = async {
        while site.held.lock().unwrap().received.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), served).await.expect("with room again all edges are served");
    site.kill();
    while working.join_next().await.is_some() {}
    site.all_is_on_record().await;
}

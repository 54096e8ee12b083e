//! Two hubs as processes of their own on one PostgreSQL database, one of them killed under load, or while it delivers.

use crate::city::MOTHER;
use crate::listening::may_call;
use crate::postgres::Postgres;
use crate::serve_folder::mother_permits;
use crate::serve_post::{Listening, NEVER};
use musubi::agency_client::{AgencyClient, HubAddress};
use musubi::ca::Authority;
use musubi::clock::{Clock, SystemClock};
use musubi::config::{Config, StoreKind};
use musubi::edge::tls::install_crypto;
use musubi::hub::deliver::DeliveryStage;
use musubi::hub::register::{Address, Agency, Subscription};
use musubi::store::{DeliveryRow, Log, Settings, Store};
use musubi::{sample_city as sample, serve};
use musubi_core::agency::{AgencyId, Purpose};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Messages in all, and senders.
const MESSAGES: usize = 120;
const SENDERS: usize = 8;

/// A hub's process, and where its hospitals call.
struct Hub {
    process: Child,
    mllp: String,
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Hub {
    fn start(config: &Config) -> Hub {
        let file = config.data.folder.join("musubi.toml");
        std::fs::write(&file, config.effective()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_musubi"));
        command.arg("serve").arg("--config").arg(&file).env("RUST_LOG", "error");
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.map(Result::unwrap).find(|line| line.contains("MLLP/TLS")).unwrap();
        Hub { process, mllp: line.split_whitespace().nth(1).unwrap().to_owned() }
    }
}

pub(crate) fn config(folder: &Path, address: &Path) -> Config {
    let mut config = Config::development(folder);
    for address in config.listen.every() {
        address.set_port(0);
    }
    config.data.store = StoreKind::Postgres;
    config.data.postgres = Some(address.to_owned());
    config
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Sends a message until one of the hubs takes it; each time to the other one.
async fn taken(hospitals: &[AgencyClient; 2], number: usize) -> String {
    let message = String::from_utf8_lossy(MOTHER).replacen("|P|2.5", &format!("-{number}|P|2.5"), 1);
    for turn in 0..100 {
        let sent = async {
            let mut connection = hospitals[(number + turn) % 2].mllp().await.ok()?;
            connection.send(message.as_bytes()).await.ok()
        };
        let answer = tokio::time::timeout(Duration::from_secs(10), sent).await.ok().flatten();
        let answer = answer.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        match answer.filter(|answer| answer.contains("MSA|AA|")) {
            Some(answer) => {
                return answer.split(['|', '\r']).find(|field| field.starts_with("musubi:1:")).unwrap().to_owned();
            }
            None => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    unreachable!("one hub is left")
}

/// Where the first hub is when it is killed: it reaches the center, or has told it and hears nothing.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Connecting,
    Waiting,
}

/// What became of a delivery after the hub that was at it was killed, and what its center was told; by which release each time.
struct TakenOver {
    row: DeliveryRow,
    told: Vec<String>,
    releases: usize,
}

/// Two hubs on one database; the first is killed while it delivers, and the second goes on.
async fn taken_over(killed: At, repeats: bool) -> Option<TakenOver> {
    let server = Postgres::start()?;
    install_crypto();
    let real: Arc<dyn Clock> = Arc::new(SystemClock);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (address, database) = (folders[0].path().join("postgres"), server.database());
    musubi::ca::write_secret(&address, &server.url(&database)).unwrap();
    let mut configs = [config(folders[0].path(), &address), config(folders[1].path(), &address)];
    sample::prepare(&configs[0], real.now()).unwrap();
    may_call(&mut configs[0]);
    let calling = configs[0].delivery.clone();
    configs[1].delivery = calling;
    let center = Listening::default();
    center.mute.store(killed == At::Connecting, Ordering::SeqCst);
    if killed == At::Waiting {
        center.answers.lock().unwrap().push_back(NEVER);
    }
    let port = center.serve(&Authority::open(&configs[0].data.ca()).unwrap(), sample::CENTER).await;
    let hub = serve::open_hub(&configs[0], Arc::clone(&real)).await.unwrap();
    sample::register(&hub).await.unwrap();
    listens(&hub, port, repeats).await;
    mother_permits(&hub).await;
    hub.store.close().await.unwrap();
    copy(folders[0].path(), folders[1].path());

    let mut first = Hub::start(&configs[0]);
    let files = sample::client_files(&configs[0], sample::HOSPITAL);
    let hub =
        HubAddress { machines: first.mllp.clone(), mllp: first.mllp.clone(), server_name: "localhost".to_owned() };
    let hospital = AgencyClient::open(&files, hub, Arc::clone(&real)).unwrap();
    let answer = hospital.mllp().await.unwrap().send(MOTHER).await.unwrap();
    assert!(String::from_utf8_lossy(&answer).contains("MSA|AA|"));
    let reached = || if killed == At::Connecting { center.called.load(Ordering::SeqCst) } else { center.told().len() };
    within("the center is called", async || reached() > 0).await;
    let _second = Hub::start(&configs[1]);
    let store = Store::open_reading_at(&configs[0].data.location().unwrap(), Settings::default()).await.unwrap();
    let center_id = AgencyId::new(sample::CENTER).unwrap();
    let row = async || store.deliveries_to(&center_id, 0, 9).await.unwrap().remove(0);
    let stage = if killed == At::Connecting { DeliveryStage::Released } else { DeliveryStage::Sent };
    assert_eq!((row().await.stage(), reached()), (stage, 1), "the other leaves it alone");
    first.process.kill().unwrap();
    center.mute.store(false, Ordering::SeqCst);
    // Two minutes later, by the clock of the server.
    assert!(server.ask(&database, "UPDATE delivery SET claimed_until = clock_timestamp()"));
    within("the other takes it over", async || !row().await.state.is_unfinished()).await;

    let row = row().await;
    let persons: Vec<_> = row.persons.iter().map(|one| one.person).collect();
    let releases = store.releases_of(&persons).await.unwrap();
    let releases = releases.iter().filter(|release| release.delivery == Some(row.id)).count();
    for (log, _) in store.logs().await.unwrap() {
        let verdict = store.verify_log(store.extent(&log).await.unwrap(), None, &|_| Ok(None)).await.unwrap();
        assert_eq!(verdict.fault, None);
    }
    Some(TakenOver { row, told: center.told(), releases })
}

/// The center listens there, and for nothing else.
async fn listens(hub: &musubi::hub::Hub, port: u16, repeats: bool) {
    let https = Address {
        address: format!("localhost:{port}"),
        server_name: "localhost".to_owned(),
        agency: None,
        path: "/notices".to_owned(),
        repeats,
    };
    let mut center = Agency::clone(&hub.register.agency(&AgencyId::new(sample::CENTER).unwrap()).unwrap());
    let (purpose, formats) = (Purpose::P3, vec!["notice-csv".to_owned()]);
    center.settings.subscriptions =
        vec![Subscription { purpose, formats, folder: None, https: Some(https), mllp: None }];
    hub.register_agency(center).await.unwrap();
}

async fn within(what: &str, so: impl AsyncFn() -> bool) {
    for _ in 0..600 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not so in a minute: {what}");
}

fn idempotency_key(request: &str) -> &str {
    request.lines().find(|line| line.starts_with("idempotency-key: ")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_hub_had_sent_when_it_was_killed_is_sent_again_by_the_other_under_the_same_number() {
    let Some(TakenOver { row, told, releases }) = taken_over(At::Waiting, true).await else { return };
    assert_eq!((row.stage(), row.attempts, releases), (DeliveryStage::Acknowledged, 2, 2));
    let [first, again] = told.as_slice() else { panic!("told {} times", told.len()) };
    assert_eq!(idempotency_key(first), idempotency_key(again), "its destination knows it again");
    assert!(idempotency_key(first).contains(&row.id.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_arrived_when_a_hub_was_killed_is_put_before_a_person_and_not_told_twice() {
    let Some(TakenOver { row, told, releases }) = taken_over(At::Waiting, false).await else { return };
    assert_eq!((row.stage(), row.reason.as_str()), (DeliveryStage::FailedAmbiguous, "stopped"));
    assert_eq!((told.len(), releases), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_had_not_left_when_a_hub_was_killed_is_sent_once_by_the_other() {
    let Some(TakenOver { row, told, releases }) = taken_over(At::Connecting, false).await else { return };
    assert_eq!((row.stage(), row.attempts, releases), (DeliveryStage::Acknowledged, 2, 2));
    assert_eq!(told.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hubs_one_is_killed_under_load_and_nothing_is_lost_and_nothing_there_twice() {
    let Some(server) = Postgres::start() else { return };
    install_crypto();
    let real: Arc<dyn Clock> = Arc::new(SystemClock);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let address = folders[0].path().join("postgres");
    musubi::ca::write_secret(&address, &server.url(&server.database())).unwrap();
    let configs = [config(folders[0].path(), &address), config(folders[1].path(), &address)];
    sample::prepare(&configs[0], real.now()).unwrap();
    let hub = serve::open_hub(&configs[0], Arc::clone(&real)).await.unwrap();
    sample::register(&hub).await.unwrap();
    hub.store.close().await.unwrap();
    copy(folders[0].path(), folders[1].path());

    let mut hubs = [Hub::start(&configs[0]), Hub::start(&configs[1])];
    let files = sample::client_files(&configs[0], sample::HOSPITAL);
    let hospital = |hub: &Hub| {
        let address =
            HubAddress { machines: hub.mllp.clone(), mllp: hub.mllp.clone(), server_name: "localhost".to_owned() };
        AgencyClient::open(&files, address, Arc::clone(&real)).unwrap()
    };
    let hospitals = Arc::new([hospital(&hubs[0]), hospital(&hubs[1])]);
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..SENDERS {
        let hospitals = Arc::clone(&hospitals);
        senders.spawn(async move {
            let mut receipts = Vec::new();
            for number in (sender..MESSAGES).step_by(SENDERS) {
                receipts.push(taken(&hospitals, number).await);
            }
            receipts
        });
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    hubs[1].process.kill().unwrap();
    let receipts: Vec<String> = senders.join_all().await.into_iter().flatten().collect();
    assert_eq!(receipts.iter().collect::<BTreeSet<_>>().len(), MESSAGES, "each message has a place of its own");

    drop(hubs);
    let store = Store::open_at(&configs[0].data.location().unwrap(), musubi::store::Settings::default()).await.unwrap();
    assert!(store.faults().is_empty());
    let log = Log::parse("482072").unwrap();
    let leaves = store.leaves(&log, 0, u64::MAX >> 1).await.unwrap();
    for receipt in &receipts {
        let receipt = musubi_core::audit::Receipt::from_msa3("", receipt).unwrap();
        assert_eq!(leaves[usize::try_from(receipt.index).unwrap()].hash, receipt.leaf);
    }
    let verdict = store.verify_log(store.extent(&log).await.unwrap(), None, &|_| Ok(None)).await.unwrap();
    assert_eq!(verdict.fault, None);
    // One row of the mother's entries for each message, and no more: what was not acknowledged was sent again and found.
    let person = store.leaf_persons(&log).await.unwrap()[0].1;
    let messages: Vec<_> = store.entries_of(&[person]).await.unwrap().iter().map(|row| row.message).collect();
    let distinct: BTreeSet<_> = messages.iter().map(ToString::to_string).collect();
    assert_eq!(distinct.len(), MESSAGES);
}

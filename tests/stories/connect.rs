//! The connector beside an old hospital system: what it takes is on disk before it is answered, and reaches the hub.

use crate::city::{City, MOTHER, NEWBORN, at};
use crate::world::free_port;
use musubi::agency_client::HubAddress;
use musubi::clock::{ManualClock, SystemClock};
use musubi::connect::check::{Side, check};
use musubi::connect::{Counts, MutualTls, Running, Sources, Spool, start};
use musubi::edge::mllp_io::MllpClient;
use musubi::edge::tls::ClientFiles;
use musubi::hub::enrol::Enrolment;
use musubi::sample_city as sample;
use musubi_core::agency::AgencyId;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

const SHEET: &[u8] = include_bytes!("../../adapters/hospital/hp01/samples/minami_discharges.csv");

impl City {
    fn hub(&self) -> HubAddress {
        HubAddress {
            machines: self.running.addresses.https.to_string(),
            mllp: self.running.addresses.mllp.to_string(),
            server_name: "localhost".to_owned(),
        }
    }

    fn hospital_files(&self) -> ClientFiles {
        sample::client_files(&self.config, sample::HOSPITAL)
    }

    async fn connector(&self, sources: Sources, spool: &Path, hub: HubAddress) -> Running {
        self.connector_of(sample::HOSPITAL, sources, spool, hub).await
    }

    async fn connector_of(&self, id: &str, sources: Sources, spool: &Path, hub: HubAddress) -> Running {
        let spool = Arc::new(Spool::open(spool).unwrap());
        let files = sample::client_files(&self.config, id);
        let hub = Arc::new(MutualTls::new(files, hub, Arc::new(SystemClock)));
        start(sources, spool, hub).await.unwrap()
    }
}

fn sources() -> Sources {
    Sources { listen: None, folder: None, tree: None, patience: Duration::from_secs(5) }
}

fn on_loopback() -> Sources {
    Sources { listen: Some("127.0.0.1:0".parse().unwrap()), ..sources() }
}

async fn local(running: &Running) -> MllpClient<TcpStream> {
    MllpClient::over(TcpStream::connect(running.listening.unwrap()).await.unwrap())
}

async fn sent(connection: &mut MllpClient<TcpStream>, message: &[u8]) -> String {
    String::from_utf8(connection.send(message).await.unwrap()).unwrap()
}

/// An address where nobody listens.
async fn nowhere() -> SocketAddr {
    let (listener, address) = free_port().await;
    drop(listener);
    address
}

fn counts(spool: &Path) -> Counts {
    Counts::of(spool).unwrap()
}

async fn emptied(spool: &Path) -> Counts {
    for _ in 0..200 {
        if counts(spool).waiting == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    counts(spool)
}

#[tokio::test]
async fn a_message_on_loopback_gets_the_hubs_own_answer() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let spool = tempfile::tempdir().unwrap();
    let running = city.connector(on_loopback(), spool.path(), city.hub()).await;
    let mut old = local(&running).await;
    let answer = sent(&mut old, NEWBORN).await;
    assert!(answer.contains("MSA|AA|S261030-0101|musubi:1:"), "{answer}");
    let enhanced = String::from_utf8(MOTHER.to_vec()).unwrap().replace("|P|2.5||||||", "|P|2.5|||AL|ER||");
    let answer = sent(&mut old, enhanced.as_bytes()).await;
    assert!(answer.contains("MSA|CA|S261030-0102"), "kept, and the hub had nothing to say against it: {answer}");
    let wrong = String::from_utf8(MOTHER.to_vec()).unwrap().replace("19960514", "19960231").replace("-0102", "-0103");
    assert!(sent(&mut old, wrong.as_bytes()).await.contains("MSA|AE|S261030-0103"));
    assert_eq!(
        emptied(spool.path()).await,
        Counts { refused: 1, ..Counts::default() },
        "what was refused is for a person"
    );
    running.stop().await;
}

#[tokio::test]
async fn what_the_hub_does_not_answer_is_kept_and_sent_in_order_later() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let spool = tempfile::tempdir().unwrap();
    let dead = HubAddress { mllp: nowhere().await.to_string(), ..city.hub() };
    let impatient = Sources { patience: Duration::from_millis(100), ..on_loopback() };
    let running = city.connector(impatient, spool.path(), dead).await;
    let mut old = local(&running).await;
    for (message, id) in [(NEWBORN, "S261030-0101"), (MOTHER, "S261030-0102")] {
        let answer = sent(&mut old, message).await;
        assert!(answer.contains(&format!("MSA|AA|{id}\r")) && answer.contains("H111"), "no receipt yet: {answer}");
    }
    running.stop().await;
    assert_eq!(counts(spool.path()).waiting, 2);

    let running = city.connector(sources(), spool.path(), city.hub()).await;
    assert_eq!(emptied(spool.path()).await, Counts::default());
    running.stop().await;
    for (message, id) in [(NEWBORN, "S261030-0101"), (MOTHER, "S261030-0102")] {
        let again = city.send(sample::HOSPITAL, message).await;
        assert!(again.contains(&format!("MSA|AA|{id}|musubi:1:")), "the hub has it: {again}");
    }
}

#[tokio::test]
async fn a_line_that_belongs_to_no_message_is_told_and_counted() {
    let spool = tempfile::tempdir().unwrap();
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let dead = HubAddress { mllp: nowhere().await.to_string(), ..city.hub() };
    let impatient = Sources { patience: Duration::from_millis(100), ..on_loopback() };
    let running = city.connector(impatient, spool.path(), dead).await;
    let mut old = local(&running).await;
    let answer = sent(&mut old, &[b"of no message\r".as_slice(), NEWBORN].concat()).await;
    assert!(answer.contains("MSA|AA|S261030-0101\r") && answer.contains("H105"), "{answer}");
    assert_eq!(counts(spool.path()), Counts { waiting: 1, deviations: 1, ..Counts::default() });
    running.stop().await;
}

/// An acknowledgement of the old system that wants to hear whether it was received in these cases (MSH-15).
fn acknowledgement(stage: &str, accept: &str) -> String {
    let code = if accept.is_empty() { String::new() } else { format!("|||{accept}|NE") };
    format!(
        "MSH|^~\\&|SHIONE-HIS|SHIONE|MUSUBI|MUSUBI|20261030110600+0900||ACK^A03^ACK|S-ACK-1|P|2.5{code}\rMSA|{stage}|M0000001\r"
    )
}

#[tokio::test]
async fn an_acknowledgement_of_the_old_system_is_not_kept_and_told_so_where_it_asks() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let spool = tempfile::tempdir().unwrap();
    let running = city.connector(on_loopback(), spool.path(), city.hub()).await;
    let mut old = local(&running).await;
    for accept in ["AL", "ER"] {
        let answer = sent(&mut old, acknowledgement("AA", accept).as_bytes()).await;
        assert!(answer.contains("|ACK^A03^ACK|") && answer.contains("\rMSA|CR|S-ACK-1\r"), "{accept}: {answer}");
        assert!(answer.contains("\rERR||MSH^1^9^1^1|"), "nothing was sent that it could answer: {answer}");
        assert_eq!(answer.matches("MSH|").count(), 1, "one answer, and none of an application: {answer}");
    }
    // One that asks for nothing, or only where all is well, and one that itself says no more than that something was received: silence.
    for (stage, accept) in [("AA", "NE"), ("AA", "SU"), ("AA", ""), ("CA", "AL"), ("CR", "AL")] {
        old.write(acknowledgement(stage, accept).as_bytes()).await.unwrap();
        let next = sent(&mut old, NEWBORN).await;
        assert!(next.contains("\rMSA|AA|S261030-0101|"), "{stage} {accept}: {next}");
    }
    assert_eq!(emptied(spool.path()).await, Counts::default(), "none is sent on");
    running.stop().await;
}

#[tokio::test]
async fn a_file_of_the_folder_reaches_the_hub() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let (spool, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("sheet.csv"), SHEET).unwrap();
    let from = Sources { folder: Some(folder.path().to_owned()), ..sources() };
    let running = city.connector_of(sample::CLINIC, from, spool.path(), city.hub()).await;
    for _ in 0..200 {
        if folder.path().join("sent/sheet.csv").exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(folder.path().join("sent/sheet.csv").exists());
    assert_eq!(emptied(spool.path()).await, Counts::default());
    let again = city.agency(sample::CLINIC).post("/v1/documents", "text/csv", SHEET.to_vec()).await.unwrap();
    assert!(String::from_utf8(again.body).unwrap().contains("\"repeated\":true"));
    running.stop().await;
}

#[tokio::test]
async fn s01_plain_mllp_is_taken_on_loopback_alone() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let spool = Arc::new(Spool::open(tempfile::tempdir().unwrap().path()).unwrap());
    let hub = Arc::new(MutualTls::new(city.hospital_files(), city.hub(), Arc::new(SystemClock)));
    let everywhere = Sources { listen: Some("0.0.0.0:0".parse().unwrap()), ..sources() };
    assert!(start(everywhere, spool, hub).await.is_err());
}

#[tokio::test]
async fn the_test_says_which_side_is_wrong() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let (spool, clock) = (tempfile::tempdir().unwrap(), Arc::new(SystemClock));
    let sides = async |files: &ClientFiles, hub: HubAddress, spool: &Path| {
        let steps = check(files, &hub, spool, Some("127.0.0.1:0".parse().unwrap()), clock.clone()).await;
        steps.into_iter().filter_map(|step| step.wrong).map(|(side, _)| side).collect::<Vec<_>>()
    };
    let files = city.hospital_files();
    assert_eq!(sides(&files, city.hub(), spool.path()).await, []);
    let dead = HubAddress { machines: nowhere().await.to_string(), ..city.hub() };
    assert_eq!(sides(&files, dead, spool.path()).await, [Side::Line]);
    let occupied = spool.path().join("file");
    std::fs::write(&occupied, "x").unwrap();
    assert_eq!(sides(&files, city.hub(), &occupied).await, [Side::Here]);
    let no_key = ClientFiles { key: spool.path().join("none.key"), ..files.clone() };
    assert_eq!(sides(&no_key, city.hub(), spool.path()).await, [Side::Here]);
    let expired = Arc::new(ManualClock::at(at("2046-10-30T11:05:40+09:00")));
    let steps = check(&files, &city.hub(), spool.path(), None, expired).await;
    let found: Vec<_> = steps.into_iter().filter_map(|step| step.wrong).collect();
    assert!(matches!(&found[..], [(Side::Here, told)] if told.contains("期限切れ")), "{found:?}");
    let suspend = Enrolment::Suspend(AgencyId::new(sample::HOSPITAL).unwrap());
    city.running.hub.enrol(suspend, "operator").await.unwrap();
    assert_eq!(sides(&files, city.hub(), spool.path()).await, [Side::Hub]);
}

/// The built binary: whether it ended well, and what it printed.
async fn musubi(arguments: &[&str], input: String) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_musubi"));
    command.args(arguments).env_remove("MUSUBI_AGENCY").stdin(Stdio::piped()).stdout(Stdio::piped());
    let run = move || {
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test]
async fn an_invited_hospital_gets_its_certificate_and_tests_both_sides_by_commands() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let (folder, authority) = (city.folder.path().join("hospital"), city.config.data.ca());
    let (at, ca) = (|name: &str| folder.join(name).display().to_string(), authority.display().to_string());
    let (invited, token) = musubi(&["ca", "invite", "--ca", &ca, "--agency", sample::HOSPITAL], String::new()).await;
    assert!(invited);
    let request = ["connect", "request", "--id", sample::HOSPITAL, "--folder", &at("")];
    assert!(musubi(&request, token).await.0);
    let (csr, certificate) = (at("agency.csr"), at("agency.pem"));
    let admit = ["ca", "admit", "--ca", &ca, "--agency", sample::HOSPITAL, &csr, "--out", &certificate];
    assert!(musubi(&admit, String::new()).await.0);
    assert!(!musubi(&admit, String::new()).await.0, "a token is good once");

    for name in ["ca.pem", "crl.pem"] {
        std::fs::copy(authority.join(name), folder.join(name)).unwrap();
    }
    let HubAddress { machines, mllp, .. } = city.hub();
    let connection = format!("hub = \"{machines}\"\nmllp = \"{mllp}\"\nserver_name = \"localhost\"\n");
    std::fs::write(folder.join("connection.toml"), connection).unwrap();
    let (own, spool) = (at(""), at("spool"));
    let test = ["connect", "--agency", &own, "test", "--spool", &spool];
    let (well, said) = musubi(&test, String::new()).await;
    assert!(well && said.lines().count() == 5 && said.lines().all(|line| line.starts_with("ok ")), "{said}");
    let suspend = Enrolment::Suspend(AgencyId::new(sample::HOSPITAL).unwrap());
    city.running.hub.enrol(suspend, "operator").await.unwrap();
    let (well, said) = musubi(&test, String::new()).await;
    assert!(!well && said.contains("wrong") && said.contains("the hub's side"), "{said}");
    let (counted, said) = musubi(&["connect", "status", "--spool", &spool], String::new()).await;
    assert!(counted && said.starts_with("0 waiting"), "{said}");
}

#[test]
fn the_unit_of_the_connector_is_one_that_systemd_takes() {
    let unit = include_str!("../../dist/musubi-connect.service");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("musubi-connect.service");
    std::fs::write(&path, unit.replace("/usr/bin/musubi", "/bin/true")).unwrap();
    match Command::new("systemd-analyze").arg("verify").arg(&path).output() {
        Ok(verified) => {
            assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
            assert!(verified.stderr.is_empty(), "{}", String::from_utf8_lossy(&verified.stderr));
        }
        Err(absent) => println!("skipped: systemd-analyze is not here ({})", absent.kind()),
    }
}

//! `musubi serve` as a process: how long from its start to its first acknowledgement, and how much memory it then holds.

use super::city::{agency, config, elapsed, now};
use musubi::clock::{Clock, SystemClock};
use musubi::load::{figure, median, message};
use musubi::sample_city;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::runtime::Builder;

/// Starts that are measured; one before them makes the register.
const STARTS: u64 = 5;
/// Longest wait for a first answer.
const START_MAX: Duration = Duration::from_secs(20);
/// Between two attempts to connect.
const AGAIN: Duration = Duration::from_millis(2);
/// How long a hub rests before its memory is looked at.
const REST: Duration = Duration::from_secs(3);
/// Control ids of the messages sent here.
const FIRST_NUMBER: u64 = 90_000_000;
const GOAL_MILLISECONDS: f64 = 200.0;
const GOAL_MEBIBYTES: f64 = 30.0;

/// The process; it ends when this is dropped.
struct Hub(Child);

impl Drop for Hub {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Hub {
    fn start(settings: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_musubi"));
        command.args(["serve", "--config"]).arg(settings).stdout(Stdio::null()).stderr(Stdio::null());
        Hub(command.spawn().expect("the binary starts"))
    }

    /// Resident memory, in MiB.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok());
        kibibytes.map_or(f64::NAN, |kibibytes| kibibytes / 1024.0)
    }
}

/// Prints the figures of the process.
pub(super) fn measure(folder: &Path) {
    let known = Command::new(env!("CARGO_BIN_EXE_musubi")).args(["serve", "--help"]).output();
    if !known.is_ok_and(|answer| answer.status.success()) {
        println!("not measured: cold_start, idle_memory (there is no `musubi serve`)");
        return;
    }
    let (mut starts, mut memories) = (Vec::new(), Vec::new());
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut config = config(folder);
    for address in config.listen.every() {
        *address = free_address();
    }
    sample_city::prepare(&config, SystemClock.now()).expect("certificates");
    runtime.block_on(register(&config));
    let settings = folder.join("musubi.toml");
    std::fs::write(&settings, config.effective()).expect("the settings");
    let inside = runtime.enter();
    let agency =
        agency(&config, sample_city::HOSPITAL, config.listen.mllp.to_string(), config.listen.https.to_string());
    drop(inside);
    for start in 0..=STARTS {
        let message = message(FIRST_NUMBER + start, SystemClock.now());
        let began = now();
        let hub = Hub::start(&settings);
        runtime.block_on(async {
            let answered = tokio::time::timeout(START_MAX, first_answer(&agency, &message));
            let answer = String::from_utf8(answered.await.expect("an answer in time")).expect("ASCII");
            assert!(answer.contains("MSA|AA|"), "the first message is taken: {answer}");
        });
        let milliseconds = elapsed(began).as_secs_f64() * 1000.0;
        std::thread::sleep(REST);
        if start > 0 {
            starts.push(milliseconds);
            memories.push(hub.memory());
        }
    }
    let said = |met: bool, goal: &str| format!("goal below {goal}: {}", if met { "met" } else { "MISSED" });
    let start = median(starts);
    let against = format!(
        "process start to the first MLLP acknowledgement, data folder from before; {}",
        said(start < GOAL_MILLISECONDS, "200")
    );
    println!("{}", figure("cold_start", start, "ms", &against));
    let memory = median(memories);
    let against = format!(
        "resident, after one message and {} s of rest; {}",
        REST.as_secs(),
        said(memory < GOAL_MEBIBYTES, "30")
    );
    println!("{}", figure("idle_memory", memory, "MiB", &against));
}

/// Puts the agencies on the register, as the first start of a development hub does.
async fn register(config: &musubi::config::Config) {
    let hub = musubi::serve::open_hub(config, std::sync::Arc::new(SystemClock)).await.expect("the hub opens");
    sample_city::register(&hub).await.expect("the agencies are registered");
    hub.store.close().await.expect("the store closes");
}

async fn first_answer(agency: &musubi::agency_client::AgencyClient, message: &[u8]) -> Vec<u8> {
    loop {
        if let Ok(mut connection) = agency.mllp().await {
            return connection.send(message).await.expect("an answer");
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// An address of this machine that nobody listens on at this moment.
fn free_address() -> std::net::SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address")
}

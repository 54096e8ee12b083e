//! The sample city with a hub that runs, and a hospital that sends over many connections.

use super::Round;
use musubi::agency_client::{AgencyClient, HubAddress};
use musubi::clock::{Clock, SystemClock};
use musubi::config::Config;
use musubi::edge::mllp_io::MllpClient;
use musubi::edge::tls::install_crypto;
use musubi::sample_city::{self, HOSPITAL};
use musubi::serve::{Running, start};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A discharge notice with results; its control id, patient number, name and birth date are replaced in each message.
const MESSAGE: &str = include_str!("../discharge_a03.hl7");

/// The city's hub.
pub(super) struct City {
    config: Config,
    running: Running,
    messages: u64,
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the time that passes")]
pub(super) fn now() -> Instant {
    Instant::now()
}

pub(super) fn elapsed(since: Instant) -> Duration {
    now().duration_since(since)
}

/// One person's discharge notice, sent at this moment.
pub(super) fn message_of(number: u64) -> Vec<u8> {
    let sent = SystemClock.now().rfc3339();
    let sent: String = sent.chars().filter(char::is_ascii_digit).take(14).collect();
    let name: String = format!("{number:08}").bytes().map(|digit| char::from(digit - b'0' + b'A')).collect();
    let day = number % 28 + 1;
    let text = MESSAGE
        .replacen("20261030110530+0900", &format!("{sent}+0900"), 1)
        .replacen("B261030-0001", &format!("B{number:09}"), 1)
        .replacen("00012345^", &format!("9{number:09}^"), 1)
        .replacen("ENOMOTO^CHINATSU", &format!("ENO{name}^CHINATSU"), 1)
        .replacen("19960514", &format!("199605{day:02}"), 1);
    text.into_bytes()
}

/// Settings of a development hub that takes free ports.
pub(super) fn config(folder: &Path) -> Config {
    let mut config = Config::development(folder);
    for address in config.listen.every() {
        address.set_port(0);
    }
    config
}

/// The hospital, with its certificate.
pub(super) fn hospital(config: &Config, mllp: String, machines: String) -> AgencyClient {
    let hub = HubAddress { machines, mllp, server_name: "localhost".to_owned() };
    let files = sample_city::client_files(config, HOSPITAL);
    AgencyClient::open(&files, hub, Arc::new(SystemClock)).expect("the hospital's certificate")
}

impl City {
    /// Starts the hub.
    pub(super) async fn start(folder: &Path) -> City {
        install_crypto();
        let config = config(folder);
        sample_city::prepare(&config, SystemClock.now()).expect("certificates");
        let running = start(&config, Arc::new(SystemClock), Arc::new(SystemClock)).await.expect("the hub starts");
        sample_city::register(&running.hub).await.expect("the agencies are registered");
        City { config, running, messages: 0 }
    }

    /// A message like those that are sent.
    pub(super) fn message(&self) -> Vec<u8> {
        message_of(0)
    }

    /// Messages about persons who were in none before.
    pub(super) fn messages(&mut self, count: usize) -> Vec<Vec<u8>> {
        let numbers = self.messages..;
        let made: Vec<Vec<u8>> = numbers.take(count).map(message_of).collect();
        self.messages += u64::try_from(count).unwrap_or_default();
        made
    }

    /// Each caller sends one message after another over a connection of its own and waits for the answer.
    pub(super) async fn round(&self, messages: Vec<Vec<u8>>, callers: usize) -> Round {
        let addresses = &self.running.addresses;
        let hospital = hospital(&self.config, addresses.mllp.to_string(), addresses.https.to_string());
        let mut shares = Vec::new();
        for caller in 0..callers {
            let share: Vec<Vec<u8>> = messages.iter().skip(caller).step_by(callers).cloned().collect();
            shares.push((hospital.mllp().await.expect("a connection"), share));
        }
        let began = now();
        let working: Vec<_> =
            shares.into_iter().map(|(connection, share)| tokio::spawn(send_all(connection, share))).collect();
        let mut times = Vec::with_capacity(messages.len());
        for one in working {
            times.extend(one.await.expect("a caller"));
        }
        Round::of(elapsed(began), times)
    }

    /// Stops the hub.
    pub(super) async fn stop(self) {
        self.running.stop().await.expect("the hub stops");
    }
}

async fn send_all(mut connection: MllpClient, share: Vec<Vec<u8>>) -> Vec<Duration> {
    let mut times = Vec::with_capacity(share.len());
    for message in share {
        let began = now();
        let answer = connection.send(&message).await.expect("an answer");
        times.push(elapsed(began));
        assert!(is_accepted(&answer), "{}", String::from_utf8_lossy(&answer));
    }
    times
}

/// Does the answer say that the message was taken?
pub(super) fn is_accepted(answer: &[u8]) -> bool {
    answer.windows(7).any(|window| window == b"MSA|AA|")
}

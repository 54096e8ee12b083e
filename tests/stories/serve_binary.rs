//! The built program itself, as a process of its own: what a newcomer starts.

use crate::city::MOTHER;
use musubi::agency_client::{AgencyClient, HubAddress};
use musubi::clock::{Clock, SystemClock};
use musubi::config::Config;
use musubi::edge::tls::install_crypto;
use musubi::{sample_city as sample, serve};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// The hub's process; ended when the test ends, however it ends.
struct Hub(Child);

impl Drop for Hub {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[tokio::test]
async fn the_program_answers_a_hospital_while_it_writes_its_log() {
    install_crypto();
    let folder = tempfile::tempdir().unwrap();
    let real: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut config = Config::development(folder.path());
    for address in config.listen.every() {
        address.set_port(0);
    }
    sample::prepare(&config, real.now()).unwrap();
    let hub = serve::open_hub(&config, Arc::clone(&real)).await.unwrap();
    sample::register(&hub).await.unwrap();
    hub.store.close().await.unwrap();
    drop(hub);
    let file = folder.path().join("musubi.toml");
    std::fs::write(&file, config.effective()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_musubi"));
    command.arg("serve").arg("--config").arg(&file).env("RUST_LOG", "info");
    let mut hub = Hub(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let lines = BufReader::new(hub.0.stdout.take().unwrap()).lines();
    let address = tokio::task::spawn_blocking(move || {
        let mut mllp = lines.map(Result::unwrap).filter(|line| line.contains("MLLP/TLS"));
        mllp.next().unwrap().split_whitespace().nth(1).unwrap().to_owned()
    });
    let mllp = address.await.unwrap();
    let address = HubAddress { machines: mllp.clone(), mllp, server_name: "localhost".to_owned() };
    let hospital = AgencyClient::open(&sample::client_files(&config, sample::HOSPITAL), address, real).unwrap();
    let mut connection = hospital.mllp().await.unwrap();
    let answer = String::from_utf8(connection.send(MOTHER).await.unwrap()).unwrap();
    assert!(answer.contains("MSA|AA|"), "{answer}");
}

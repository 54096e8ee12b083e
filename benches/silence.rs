//! How long the hub takes to answer that there is nothing, about somebody whom nobody knows and about somebody who is hidden: the
//! two must not be told apart (`consent.md` section 9, property 9). They are asked about in turns.

#[path = "acknowledge/city.rs"]
#[expect(dead_code, reason = "the acknowledgements need more of it")]
mod city;

use city::{City, elapsed, now};
use musubi::agency_client::AgencyClient;
use musubi::edge::grpc::client::GetRecordRequest;
use musubi::load::{figure, median};
use musubi::sample_city::{HOSPITAL, PREFECTURAL_HEALTH_CENTER};
use std::path::Path;

/// Questions about each.
const QUESTIONS: usize = 400;
/// The sample's notice about a mother, of whom nobody else may see anything.
const NOTICE: &[u8] = include_bytes!("discharge_a03.hl7");
/// Her number at the hospital, and one that it gave to nobody.
const HIDDEN: &str = "00012345";
const UNKNOWN: &str = "00099999";
/// Shift of the median that would be an alarm.
const ALARM: f64 = 0.10;

fn main() {
    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("a folder on disk");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let city = City::start(folder.path()).await;
        let mut connection = city.agency(HOSPITAL)().mllp().await.expect("a connection");
        let answer = connection.send(NOTICE).await.expect("an answer");
        assert!(String::from_utf8_lossy(&answer).contains("MSA|AA|"), "the notice is taken");
        let asker = city.agency(PREFECTURAL_HEALTH_CENTER)();
        let (mut hidden, mut unknown) = (Vec::new(), Vec::new());
        for _ in 0..QUESTIONS {
            hidden.push(asks(&asker, HIDDEN).await);
            unknown.push(asks(&asker, UNKNOWN).await);
        }
        let (hidden, unknown) = (median(hidden), median(unknown));
        let shift = (hidden / unknown - 1.0).abs();
        println!(
            "{}",
            figure("silence_unknown", unknown * 1e3, "ms", "median answer about somebody whom nobody knows, gRPC")
        );
        println!(
            "{}",
            figure("silence_hidden", hidden * 1e3, "ms", "median answer about somebody hidden, in turns with it")
        );
        println!("{}", figure("silence_shift", shift * 100.0, "%", "shift of the median; above 10 an alarm"));
        assert!(shift <= ALARM, "the time of an answer tells that somebody is hidden");
        city.stop().await;
    });
}

/// Asks in vain; how many seconds the answer took.
async fn asks(asker: &AgencyClient, identifier: &str) -> f64 {
    let request = GetRecordRequest {
        purpose: "P1".to_owned(),
        issuer: HOSPITAL.to_owned(),
        identifier: identifier.to_owned(),
        ..GetRecordRequest::default()
    };
    let asked = now();
    let mut stream = asker.records().get(request).await.expect("an answer").into_inner();
    assert!(stream.message().await.expect("an end").is_none(), "nothing is shown");
    elapsed(asked).as_secs_f64()
}

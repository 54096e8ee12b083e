//! How many notices a second the hub answers durably over MLLP/TLS and gRPC: decided, sealed, with their audit entries on disk.
//! Against the bare group commit of the same bytes, and over gRPC against tonic's own echo of them, in turns. Then how fast `musubi serve` starts, and its memory.
//!
//! `musubi load` measures the same of a hub that runs elsewhere, and on PostgreSQL.

#[path = "acknowledge/city.rs"]
#[expect(dead_code, reason = "each bench takes what it needs of the city")]
mod city;
#[path = "acknowledge/echo.rs"]
mod echo;
#[path = "acknowledge/serve.rs"]
mod serve;

use musubi::load::{Edge, Load, Turn, figure, median};
use musubi::store::Bare;
use std::path::Path;
use std::time::Duration;
use tokio::runtime::Builder;

fn main() {
    // On disk: a temporary folder of the system may be in memory.
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = tempfile::tempdir_in(place).expect("a folder on disk");
    let runtime = Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(acknowledgements(folder.path()));
    runtime.shutdown_timeout(Duration::from_secs(1));
    serve::measure(&folder.path().join("serve"));
}

async fn acknowledgements(folder: &Path) {
    let city = city::City::start(&folder.join("hub")).await;
    for edge in Edge::ALL {
        let load = Load { senders: vec![1, 8, 32], each: 50, rounds: 5 };
        for line in city.generator().measure(edge, &load).await.expect("every notice is taken") {
            println!("{line}");
        }
    }
    against_echo(&city).await;
    city.stop().await;
}

async fn against_echo(city: &city::City) {
    const SENDERS: usize = 32;
    const GOAL: f64 = 0.5;
    let load = Load { senders: Vec::new(), each: 50, rounds: 5 };
    let channel = echo::start(city.config()).await;
    let echoed = async |shares: &[Vec<Vec<u8>>]| echo::round(&channel, shares, load.each).await;
    let generator = city.generator();
    let bare = Bare::open(&generator.location).await.expect("a bare table");
    let turns = generator.turns(&bare, (Edge::Grpc, SENDERS), &load, echoed).await.expect("every notice is taken");
    bare.close().await;
    let of = |value: &dyn Fn(&Turn<_>) -> f64| median(turns.iter().map(value).collect());
    let ratio = of(&|turn| turn.hub.rate / turn.other.rate.min(turn.commits.rate));
    let goal = if ratio >= GOAL { "met" } else { "MISSED" };
    let same = "32 callers on one connection, mutual TLS, the same bytes back";
    println!("{}", figure("grpc_echo_32", of(&|turn| turn.other.rate), "calls/s", same));
    let smaller =
        format!("the smaller of tonic's echo and the bare commit of the same bytes = 1; goal at least {GOAL}: {goal}");
    println!("{}", figure("grpc_echo_ratio_32", ratio, "times", &smaller));
}

//! How many notices a second the hub answers durably over MLLP/TLS and gRPC: decided, sealed, with their audit entries on disk.
//! Against the bare group commit of the same bytes, in turns with it. Then how fast `musubi serve` starts, and its memory.
//!
//! `musubi load` measures the same of a hub that runs elsewhere, and on PostgreSQL.

#[path = "acknowledge/city.rs"]
#[expect(dead_code, reason = "each bench takes what it needs of the city")]
mod city;
#[path = "acknowledge/serve.rs"]
mod serve;

use musubi::load::{Edge, Load};
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
    city.stop().await;
}

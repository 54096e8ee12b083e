//! The hub's process is killed at random moments while all of its edges are at work, and started again (S-87): what was
//! acknowledged is there, once; what was released stands on record; the log verifies. And it runs out of room on disk.
//!
//! `MUSUBI_KILLS=1000 cargo test --test stories kills` is the long run.

use crate::site::{Disk, Site, push};
use musubi::{entropy, sample_city as sample};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Kills of a run that is not told how many.
const KILLS: u32 = 30;
/// Such a run begins no further kill after this time, however slow the machine.
const SHORT: Duration = Duration::from_secs(40);

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
            site.spawn(Disk::Sound);
            tokio::time::sleep(some_millis(300)).await;
            site.kill();
            kills += 1;
        }
        site.start(Disk::Sound).await;
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
        site.start(Disk::Full(largest / 1024 + 24 + 36 * u64::from(round))).await;
        let (hospital, held) = (site.agency(sample::HOSPITAL), Arc::clone(&site.held));
        let before = held.lock().unwrap().messages.len();
        let pushing = push(hospital, held, 1_000 + round, 0);
        refused += u32::from(tokio::time::timeout(Duration::from_secs(10), pushing).await.is_ok());
        println!("round {round}: {} taken", site.held.lock().unwrap().messages.len() - before);
    }
    assert!(refused > 0, "there was always room");
    site.kill();
    site.start(Disk::Sound).await;
    site.all_is_there().await;
    site.works_again().await;
    site.all_is_on_record().await;
}

//! The disk below the embedded database fails, one operation after another (S-85): nothing that was acknowledged is lost,
//! nothing is stored twice, the log verifies, and the hub says that it takes nothing. And a backup is put in place of what a
//! broken disk left: what the agencies hold receipts of and the log does not is named, and is sent again (S-86).
//!
//! `MUSUBI_FAULTS=100 cargo test --test stories faults` fails each of the first hundred operations of a kind in turn, `all` every one;
//! without it some of them.

use crate::site::{Disk, Site, message, push_patiently, receipt};
use musubi::sample_city as sample;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Set where every operation, or every one up to a number, is to fail in turn.
const EACH: &str = "MUSUBI_FAULTS";
/// A run of some begins no further round after this time, however slow the machine.
const SHORT: Duration = Duration::from_secs(40);
/// Messages of a round: enough that the hub is asked again after its disk failed.
const MESSAGES: u64 = 3;

/// What fails: an operation; error, first and last that fails; and whether a write does half.
type Fault = (&'static str, fn(u64) -> String);

const FAULTS: [Fault; 6] = [
    // I/O error, once and from then on; with half of the bytes written; no room; then the rarer operations.
    ("write", |nth| format!("5 {nth} 0")),
    ("write", |nth| format!("5 {nth} {nth} half")),
    ("write", |nth| format!("28 {nth} {nth}")),
    ("sync", |nth| format!("5 {nth} {nth}")),
    ("read", |nth| format!("5 {nth} {nth}")),
    ("truncate", |nth| format!("5 {nth} {nth}")),
];

/// From now on the disk fails so.
fn fail(plan: &Path, (operation, how): Fault, nth: u64) {
    let part = plan.with_extension("part");
    std::fs::write(&part, format!("{operation} {}", how(nth))).unwrap();
    std::fs::rename(part, plan).unwrap();
}

fn has_failed(plan: &Path) -> bool {
    plan.with_extension("failed").exists()
}

/// No longer.
fn mend(plan: &Path) {
    for file in [plan.to_owned(), plan.with_extension("failed")] {
        std::fs::remove_file(file).ok();
    }
}

/// A hospital sends some messages while the disk fails. What was taken is kept in mind; was the last one?
async fn send_some(site: &Site, round: u32) -> bool {
    let hospital = site.agency(sample::HOSPITAL);
    let mut connection = hospital.mllp().await.unwrap();
    let mut taken = false;
    for count in 0..MESSAGES {
        let message = message(round, 0, count);
        let answer = connection.send(&message).await.unwrap();
        taken = receipt(&answer).is_some();
        if taken {
            site.held.lock().unwrap().messages.push((message, answer));
        }
    }
    taken
}

/// What fails is refused and not acknowledged. Afterwards the hub takes messages and says so, or takes none and says so.
async fn round(site: &mut Site, fault: Fault, nth: u64, number: u32) -> bool {
    let plan = site.folder.path().join("failing_disk");
    mend(&plan);
    site.kill();
    site.start(Disk::Failing(&plan)).await;
    fail(&plan, fault, nth);
    let taken = send_some(site, number).await;
    // In this order: what the hub writes by itself may be what fails, at any moment.
    let ready = site.ready();
    let failed = has_failed(&plan);
    let said = format!("{} {nth}: {ready}", fault.0);
    if ready.contains("the disk failed") {
        assert!(failed, "{said}");
        assert!(!send_some(site, 1_000_000 + number).await, "it says that it takes nothing, and takes: {said}");
    } else {
        assert!(ready.contains("200 OK"), "{said}");
        let again = taken || send_some(site, 2_000_000 + number).await;
        assert!(again, "it says that it takes messages, and does not: {said}");
    }
    failed
}

#[tokio::test(flavor = "multi_thread")]
async fn s85_whichever_operation_of_the_disk_fails_nothing_acknowledged_is_lost_or_stored_twice() {
    let each = std::env::var(EACH).ok().map(|said| if said == "all" { u64::MAX } else { said.parse().unwrap() });
    let began = Instant::now();
    let mut site = Site::new().await;
    let (mut open, mut rounds, mut stopped, mut nth) = (FAULTS.to_vec(), 0, 0, 1);
    while !open.is_empty() && each.map_or(began.elapsed() < SHORT, |last| nth <= last) {
        let mut still = Vec::new();
        for fault in open {
            rounds += 1;
            if each.is_some() {
                println!("{} {nth}", fault.0);
            }
            if round(&mut site, fault, nth, rounds).await {
                still.push(fault);
                stopped += u32::from(site.ready().contains("the disk failed"));
            }
        }
        (open, nth) = (still, if each.is_some() { nth + 1 } else { nth + nth.div_ceil(2) });
    }
    println!("{rounds} rounds, in {stopped} of them the store stopped, up to operation {nth}");
    assert!(stopped > 0, "nothing failed");
    site.kill();
    site.start(Disk::Sound).await;
    site.all_is_there().await;
    site.works_again().await;
    site.all_is_on_record().await;
}

/// The receipts of everything that the hospital was acknowledged, held against the log: those that it does not bear out.
fn missing(site: &Site) -> Vec<String> {
    let list = site.folder.path().join("receipts");
    let held = site.held.lock().unwrap();
    let lines = held.messages.iter().map(|(_, answer)| {
        let receipt = receipt(answer).unwrap();
        format!("{}/{} {}\n", site.config.hub.origin, sample::CITY, receipt.msa3())
    });
    std::fs::write(&list, lines.collect::<String>()).unwrap();
    let compared = site.musubi(&format!("store compare --receipts {}", list.display()));
    let said = String::from_utf8(compared.stdout).unwrap();
    let missing = said.lines().filter_map(|line| line.strip_prefix("missing "));
    missing.map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect()
}

/// The hospital sends again all that it ever sent. What is there is answered as before; what was lost is taken anew.
async fn send_everything_again(site: &Site, lost: &[String]) {
    let messages = std::mem::take(&mut site.held.lock().unwrap().messages);
    let mut connection = site.agency(sample::HOSPITAL).mllp().await.unwrap();
    for (message, before) in messages {
        let answer = connection.send(&message).await.unwrap();
        let (was, is) = (receipt(&before).unwrap(), receipt(&answer).expect("it is taken again"));
        assert_eq!(was == is, !lost.contains(&was.msa3()), "what is there is answered again, what is not is new");
        site.held.lock().unwrap().messages.push((message, answer));
    }
}

/// Says that it wrote, and did not: no program can see that. What it took with it is what the receipts tell.
#[tokio::test(flavor = "multi_thread")]
async fn s85_what_a_disk_that_lies_has_lost_is_named_by_the_receipts() {
    let mut site = Site::new().await;
    let plan = site.folder.path().join("failing_disk");
    let mut lost_in_all = 0;
    for (number, nth) in [(1, 1), (2, 40), (3, 90)] {
        mend(&plan);
        site.kill();
        site.start(Disk::Failing(&plan)).await;
        fail(&plan, ("write", |nth| format!("0 {nth} 0")), nth);
        send_some(&site, number).await;
        site.kill();
        // What such a disk loses of a release may have left before: it is on record again only where its message is sent again.
        site.forget_what_was_handed_over();
        site.start(Disk::Sound).await;
        let lost = missing(&site);
        lost_in_all += lost.len();
        send_everything_again(&site, &lost).await;
        assert_eq!(missing(&site), Vec::<String>::new());
    }
    println!("{lost_in_all} lost");
    site.works_again().await;
    site.all_is_on_record().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s86_after_a_restore_the_receipts_name_what_is_to_be_sent_again_and_nothing_else() {
    let mut site = Site::new().await;
    let outside = tempfile::tempdir().unwrap();
    let (key, backup) = (outside.path().join("key"), outside.path().join("backup"));
    let made = Command::new(env!("CARGO_BIN_EXE_musubi")).args(["store", "key", "--to"]).arg(&key).output().unwrap();
    let public = String::from_utf8(made.stdout).unwrap();
    for order in ["add --by abe --name safe", "approve --by baba"] {
        let ordered = site.musubi(&format!("store recipients {order} {}", public.trim()));
        assert!(ordered.status.success(), "{}", String::from_utf8_lossy(&ordered.stderr));
    }
    let mut working = site.load(1);
    let stop = CancellationToken::new();
    working.spawn(push_patiently(site.agency(sample::HOSPITAL), Arc::clone(&site.held), 2, 0, stop.clone()));
    site.served().await;
    let taken = site.musubi(&format!("store backup --to {}", backup.display()));
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    let before = site.held.lock().unwrap().messages.len();
    let more = async {
        while site.held.lock().unwrap().messages.len() < before + 5 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), more).await.expect("it goes on while it is backed up");
    site.kill();
    stop.cancel();
    while working.join_next().await.is_some() {}
    let words = format!("store restore --from {} --key {} --replace", backup.display(), key.display());
    let restored = site.musubi(&words);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    site.forget_what_was_handed_over();
    let lost = missing(&site);
    assert!(!lost.is_empty(), "something was acknowledged after the backup");
    site.start(Disk::Sound).await;
    send_everything_again(&site, &lost).await;
    assert_eq!(missing(&site), Vec::<String>::new());
    println!("{} lost with the disk, and sent again", lost.len());
    site.works_again().await;
    site.all_is_on_record().await;
}

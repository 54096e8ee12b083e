//! Commands on the data folder of a hub, while it runs and after.

use crate::city::{City, NEWBORN, VISITS};
use crate::steps::chinatsu;
use clap::Parser;
use musubi::cli::{Cli, Exit, Terminal};
use musubi::clock::SystemClock;
use musubi::sample_city as sample;
use std::io::{self, Cursor, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs `musubi …` beside the hub; both outputs together.
pub(crate) async fn musubi(line: &str, data: &Path) -> (Exit, String) {
    plain(&format!("{line} --data {}", data.display())).await
}

/// Runs `musubi …` where there is no hub.
pub(crate) async fn plain(line: &str) -> (Exit, String) {
    let words: Vec<String> = std::iter::once("musubi").chain(line.split(' ')).map(str::to_owned).collect();
    tokio::task::spawn_blocking(move || {
        let heard = Heard::default();
        let mut terminal = Terminal {
            input: Box::new(Cursor::new(Vec::new())),
            out: Box::new(heard.clone()),
            err: Box::new(heard.clone()),
            progress: false,
            clock: Arc::new(SystemClock),
        };
        let exit = Cli::try_parse_from(words).unwrap().run(&mut terminal);
        let text = String::from_utf8(heard.0.lock().unwrap().clone()).unwrap();
        (exit, text)
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn an_agency_is_suspended_and_let_in_again_while_the_hub_runs_and_when_it_does_not() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let data = city.folder.path().to_owned();
    let (exit, list) = musubi("agency list", &data).await;
    assert_eq!(exit, Exit::Success, "{list}");
    assert!(list.contains("OSC-482072 OSC 482072 active") && list.contains("  w-0412 child_welfare_officer"), "{list}");
    let (exit, said) = musubi(&format!("agency suspend {} --by op-1", sample::HOSPITAL), &data).await;
    assert_eq!(exit, Exit::Success, "{said}");
    assert!(city.send(sample::HOSPITAL, NEWBORN).await.contains("MSA|AR|"));
    let (exit, said) = musubi("agency suspend MED-0 --by op-1", &data).await;
    assert!(exit == Exit::Refused && said.contains("M811"), "{said}");
    let City { folder: _folder, config, clock, running, runtime } = city;
    running.stop().await.unwrap();
    let (exit, said) = musubi(&format!("agency resume {} --by op-1", sample::HOSPITAL), &data).await;
    assert_eq!(exit, Exit::Success, "{said}");
    let (exit, said) = musubi("agency staff PRV-482072-07 nogami-2 --role provider_staff --by op-1", &data).await;
    assert_eq!(exit, Exit::Success, "{said}");
    let (_, said) =
        musubi("agency add --id MED-4810700999 --kind MED --name C --municipality 482072 --by op-1", &data).await;
    assert_eq!(said, "");
    let (_, list) = musubi("agency list", &data).await;
    assert!(
        list.contains("  nogami-2 provider_staff") && list.contains("MED-4810700999 MED 482072 active C"),
        "{list}"
    );
    let running = musubi::serve::start(&config, clock.clone(), Arc::new(SystemClock)).await.unwrap();
    let city = City { folder: _folder, config: config.clone(), clock, running, runtime };
    assert!(city.send(sample::HOSPITAL, NEWBORN).await.contains("MSA|AA|"));
}

#[tokio::test]
async fn the_log_verifies_and_one_changed_byte_is_found_by_its_index() {
    let city = City::at("2026-11-11T17:15:00+09:00").await;
    let data = city.folder.path().to_owned();
    let path = "/v1/documents?format=ph05";
    city.agency(sample::HEALTH_CENTER).post(path, "text/csv", VISITS.to_vec()).await.unwrap();
    let (exit, said) = musubi("audit verify", &data).await;
    assert_eq!(exit, Exit::Success, "{said}");
    for line in said.lines() {
        let (entries, rest) = line.split_once(" entries, ").unwrap();
        let opened = rest.split_once(" opened").unwrap().0;
        assert!(entries.ends_with(&format!(" {opened}")) && opened != "0", "an entry was not opened: {line}");
    }
    city.running.stop().await.unwrap();
    let (exit, said) = musubi("audit verify", &data).await;
    assert!(exit == Exit::Success && !said.contains(" 0 checkpoints"), "{said}");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(data.join("hub.db"));
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let flipped = "UPDATE audit_leaf SET entry = CAST(entry || x'00' AS BLOB) WHERE log = '482072' AND idx = 2";
    sqlx::query(flipped).execute(&pool).await.unwrap();
    pool.close().await;
    let (exit, said) = musubi("audit verify", &data).await;
    assert_eq!(exit, Exit::Refused);
    assert!(said.contains("fault 482072 index 2:"), "{said}");
    assert!(said.contains("ok    hub "), "{said}");
}

#[tokio::test]
async fn s34_a_copy_of_the_log_is_checked_and_proved_from_without_the_hub() {
    let city = City::at("2026-11-11T17:15:00+09:00").await;
    let data = city.folder.path().to_owned();
    let path = "/v1/documents?format=ph05";
    city.agency(sample::HEALTH_CENTER).post(path, "text/csv", VISITS.to_vec()).await.unwrap();
    let early = city.running.hub.store.checkpoint().await.unwrap();
    let early = early.iter().find(|checkpoint| checkpoint.log.name() == sample::CITY).unwrap();
    let receipt = city.send(sample::HOSPITAL, NEWBORN).await;
    let receipt = receipt.split(['|', '\r']).find(|field| field.starts_with("musubi:1:")).unwrap().to_owned();
    city.running.stop().await.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let at = |name: &str| elsewhere.path().join(name);
    let (exit, key) = musubi("audit key", &data).await;
    assert_eq!(exit, Exit::Success);
    let (exit, copy) = musubi(&format!("audit export {}", sample::CITY), &data).await;
    assert!(exit == Exit::Success && copy.contains(key.trim()), "the key is told beside the copy, not in it");
    let copy: String = copy.lines().filter(|line| !line.starts_with("key: ")).map(|line| format!("{line}\n")).collect();
    std::fs::write(at("note"), &early.note).unwrap();
    std::fs::write(at("copy"), &copy).unwrap();
    std::fs::write(at("rolled-back"), rolled_back(&copy, early.size, &early.note)).unwrap();
    std::fs::remove_dir_all(&data).unwrap();

    let (copy, note, key) = (at("copy"), at("note"), key.trim());
    let of_copy = format!("--copy {} --key {key} --against {}", copy.display(), note.display());
    let (exit, said) = plain(&format!("audit verify {of_copy}")).await;
    assert!(exit == Exit::Success && said.starts_with("ok "), "{said}");
    let receipt = musubi_verify::Receipt::from_msa3("", &receipt).unwrap();
    let verifier = musubi_verify::LogVerifier::parse(key).unwrap();
    let (exit, proof) = plain(&format!("audit prove --copy {} --receipt {}", copy.display(), receipt.msa3())).await;
    assert_eq!(exit, Exit::Success);
    musubi_verify::Inclusion::parse(&proof).unwrap().check(&receipt, &verifier).unwrap();
    let (exit, proof) = plain(&format!("audit prove --copy {} --since {}", copy.display(), note.display())).await;
    assert_eq!(exit, Exit::Success);
    let early_note = musubi_verify::SignedNote::parse(&early.note).unwrap();
    musubi_verify::Growth::parse(&proof).unwrap().check(&early_note, &verifier).unwrap();
    // Yesterday's log is a good log: nothing in it tells of today.
    let old = at("rolled-back");
    let (exit, said) = plain(&format!("audit verify --copy {} --key {key}", old.display())).await;
    assert!(exit == Exit::Success, "{said}");
    std::fs::write(&note, last_note(&std::fs::read_to_string(&copy).unwrap())).unwrap();
    let (exit, said) =
        plain(&format!("audit verify --copy {} --key {key} --against {}", old.display(), note.display())).await;
    assert!(exit == Exit::Refused && said.contains("kept elsewhere"), "{said}");
}

/// The copy as it would have been when the log had so many lines.
fn rolled_back(copy: &str, size: u64, note: &str) -> String {
    let origin = copy.lines().nth(1).unwrap();
    let quoted: Vec<String> = note.lines().map(|line| format!("> {line}")).collect();
    let leaves = copy.lines().filter(|line| line.starts_with("leaf ")).take(usize::try_from(size).unwrap());
    let lines = ["musubi audit log 1", origin, &format!("size {size}")].map(str::to_owned).into_iter();
    lines.chain(quoted).chain(leaves.map(str::to_owned)).map(|line| line + "\n").collect()
}

fn last_note(copy: &str) -> String {
    let quoted: Vec<&str> = copy.lines().filter_map(|line| line.strip_prefix("> ")).collect();
    let start = quoted.len() - 5;
    quoted[start..].iter().map(|line| format!("{line}\n")).collect()
}

#[tokio::test]
async fn a_dead_letter_is_listed_compared_and_sent_again_while_the_hub_runs() {
    let city = City::at("2026-10-28T10:00:00+09:00").await;
    city.mother_permits().await;
    city.set("2026-10-30T11:05:40+09:00");
    let data = city.folder.path().to_owned();
    std::fs::remove_dir(sample::center_folder(&city.config)).unwrap();
    city.send(sample::HOSPITAL, crate::city::MOTHER).await;
    let (exit, said) = musubi("deliveries list --dead", &data).await;
    assert!(exit == Exit::Success && said.is_empty(), "{said}");
    let center = musubi_core::agency::AgencyId::new(sample::CENTER).unwrap();
    let store = &city.running.hub.store;
    let id = loop {
        let rows = store.deliveries_to(&center, 0, 9).await.unwrap();
        let row = rows.into_iter().find(|row| row.format.starts_with("folder:")).unwrap();
        if row.state == musubi::store::DeliveryState::Dead {
            break row.id;
        }
        city.clock.set(row.next_at);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    let (_, said) = musubi("deliveries list --dead", &data).await;
    assert!(said.starts_with(&format!("{id} dead OSC-482072 P3 folder:notice-csv 20 folder ")), "{said}");
    let (_, said) = musubi(&format!("deliveries show {id}"), &data).await;
    assert!(said.contains("look by"), "{said}");
    let (exit, said) = musubi(&format!("deliveries replay {id} --dry-run --by op-1"), &data).await;
    assert!(exit == Exit::Success && said.contains("output notice-csv") && said.contains("entry "), "{said}");
    std::fs::create_dir(sample::center_folder(&city.config)).unwrap();
    let (exit, said) = musubi(&format!("deliveries replay {id} --by op-1"), &data).await;
    assert_eq!(exit, Exit::Success, "{said}");
    for _ in 0..200 {
        if store.delivery(id).await.unwrap().unwrap().state == musubi::store::DeliveryState::Acknowledged {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it was not delivered");
}

#[tokio::test]
async fn s37_a_log_that_is_changed_while_the_hub_runs_makes_it_read_only() {
    let city = City::at("2026-11-11T17:15:00+09:00").await;
    let path = "/v1/documents?format=ph05";
    city.agency(sample::HEALTH_CENTER).post(path, "text/csv", VISITS.to_vec()).await.unwrap();
    assert!(city.running.verify_logs().await.unwrap());
    city.running.hub.store.checkpoint().await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(city.folder.path().join("hub.db"));
    let pool = sqlx::SqlitePool::connect_with(options.clone()).await.unwrap();
    let flipped = "UPDATE audit_leaf SET entry = CAST(entry || x'00' AS BLOB) WHERE log = '482072' AND idx = 2";
    let entry = "SELECT entry FROM audit_leaf WHERE log = '482072' AND idx = 2";
    let entry: Vec<u8> = sqlx::query_scalar(entry).fetch_one(&pool).await.unwrap();
    sqlx::query(flipped).execute(&pool).await.unwrap();
    pool.close().await;
    assert!(!city.running.verify_logs().await.unwrap());
    assert_eq!(city.running.hub.store.fault().map(|fault| fault.index), Some(2));
    let answer = city.send(sample::HOSPITAL, NEWBORN).await;
    assert!(answer.contains("MSA|AR|") && answer.contains("M903"), "nothing is taken any more: {answer}");
    let told = city.center().work("log_faulty").await;
    assert!(told.len() == 1 && told[0].text_ja.contains("2 番目") && told[0].text_en.contains("index 2"), "{told:?}");
    assert!(!city.running.verify_logs().await.unwrap(), "and is found again");
    assert_eq!(city.center().work("log_faulty").await.len(), 1, "told once");
    assert!(city.center().looks_into_its_box().await.0.is_empty(), "nothing is released");
    // A start reads the end of a log alone, and does not forget what was found before it.
    let city = city.restarted().await;
    assert_eq!(city.running.hub.store.fault().map(|fault| fault.index), Some(2));
    assert!(city.send(sample::HOSPITAL, NEWBORN).await.contains("M903"));
    assert_eq!(city.center().work("log_faulty").await.len(), 1, "told once");
    // What is put right is open again.
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let put_right = "UPDATE audit_leaf SET entry = ? WHERE log = '482072' AND idx = 2";
    sqlx::query(put_right).bind(entry).execute(&pool).await.unwrap();
    pool.close().await;
    let city = city.restarted().await;
    assert!(city.running.hub.store.fault().is_none());
}

#[tokio::test]
async fn a_statement_names_whom_a_persons_data_was_shown_to() {
    let city = City::at("2026-11-11T17:15:00+09:00").await;
    let data = city.folder.path().to_owned();
    let path = "/v1/documents?format=ph05";
    city.agency(sample::HEALTH_CENTER).post(path, "text/csv", VISITS.to_vec()).await.unwrap();
    let (exit, said) = musubi("audit statement 482072 nobody", &data).await;
    assert!(exit == Exit::Success && said.ends_with("0件\n"), "{said}");
    let center = city.running.hub.caller(&musubi_core::agency::AgencyId::new(sample::CENTER).unwrap(), "ooba").unwrap();
    let key = musubi_core::record::PersonKey { issuer: sample::CITY.to_owned(), identifier: "K0100102".to_owned() };
    let named = musubi::hub::persons::Named { key: Some(key), ..musubi::hub::persons::Named::default() };
    let seen = city.running.hub.get(&center, musubi_core::agency::Purpose::P3, &named, "").await.unwrap();
    assert!(!seen.is_empty());
    let (exit, said) = musubi("audit statement 482072 K0100102", &data).await;
    assert_eq!(exit, Exit::Success, "{said}");
    assert!(said.contains("| OSC-482072 | 妊産婦等の継続的な把握 |") && said.contains("法定の事務"), "{said}");
}

#[tokio::test]
async fn the_report_of_a_breach_says_whose_data_of_which_categories_an_agency_was_shown_and_names_nobody() {
    let city = City::after_the_permitted_discharge().await;
    let data = city.folder.path().to_owned();
    let seen = city.center().looks_up("P3", chinatsu(), "").await;
    assert!(seen.kinds().contains(&"discharge_notice"), "{:?}", seen.kinds());
    let report = async |agency: &str, from: &str, until: &str| {
        musubi(&format!("audit exposure {agency} --from {from} --until {until}"), &data).await
    };
    let (exit, said) = report(sample::CENTER, "2026-10-01", "2026-12-31T12:00:00+09:00").await;
    assert_eq!(exit, Exit::Success, "{said}");
    assert!(said.contains("C05 分娩") && said.ends_with("2人\n"), "mother and child: {said}");
    for hidden in ["榎本", "千夏", "00012345"] {
        assert!(!said.contains(hidden), "{hidden}: {said}");
    }
    let (_, said) = report(sample::CENTER, "2026-10-01", "2026-10-02").await;
    assert!(said.ends_with("\n0人\n"), "outside the interval: {said}");
    let (_, said) = report(sample::GUIDANCE_CENTER, "2026-01-01", "2027-01-01").await;
    assert!(said.ends_with("\n0人\n"), "another agency: {said}");
}

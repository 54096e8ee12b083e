//! Commands on the data folder of a hub, while it runs and after.

use crate::city::{City, NEWBORN, VISITS};
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
async fn musubi(line: &str, data: &Path) -> (Exit, String) {
    let mut words: Vec<String> = std::iter::once("musubi").chain(line.split(' ')).map(str::to_owned).collect();
    words.extend(["--data".to_owned(), data.display().to_string()]);
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
    let City { folder: _folder, config, clock, running } = city;
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
    let city = City { folder: _folder, config: config.clone(), clock, running };
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

//! What `docs/postgresql.md` says about backup and restore, step by step: `pg_dump` while the hub runs, `pg_restore` into another
//! database, the keys buried again, the logs verified, the receipts compared. And the commands that read a hub's data, on a server.

use crate::postgres::Postgres;
use crate::server_faults::site_on;
use crate::site::{Disk, receipt};
use musubi::sample_city as sample;
use musubi::store::{Change, Log, Row, Settings, Store};
use musubi_core::time::Time;
use std::path::Path;
use std::process::Output;

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn s52_a_dump_that_is_restored_verifies_names_what_is_missing_and_brings_nobody_back() {
    let Some(server) = Postgres::start() else { return };
    let mut site = site_on(&server, Path::new(&server.folder)).await;
    let mut hospital = site.agency(sample::HOSPITAL).mllp().await.unwrap();
    let mut send = async |number| {
        let answer = hospital.send(&crate::site::message(number, 0, 0)).await.unwrap();
        format!("musubi-development/{} {}\n", sample::CITY, receipt(&answer).expect("it is taken").msa3())
    };
    let before = send(1).await;
    let dump = server.folder.join("musubi.dump");
    let dump = dump.display().to_string();
    let database = address_database(&site);
    run(&server, "pg_dump", &["--format=custom", "--file", &dump, &database]);
    let after = send(2).await;
    let listed = site.musubi("deliveries list");
    assert!(listed.status.success() && said(&listed).contains("OSC-482072"), "{}", said(&listed));
    site.kill();

    // Somebody is forgotten after the dump.
    let store = Store::open_at(&location_of(&site), Settings::default()).await.unwrap();
    let person = store.leaf_persons(&Log::parse(sample::CITY).unwrap()).await.unwrap()[0].1;
    let destroyed = Row::DestroyKey { person, at: Time::from_micros(1_795_000_000_000_000), seen: None };
    store.commit("destroy", Change { rows: vec![destroyed], ..Change::default() }).await.unwrap();
    store.close().await.unwrap();
    let tombstones = site.musubi("store tombstones");
    assert!(said(&tombstones).contains(&person.to_string()));
    let list = site.folder.path().join("tombstones");
    std::fs::write(&list, &tombstones.stdout).unwrap();

    let restored = server.database();
    run(&server, "pg_restore", &["--dbname", &restored, &dump]);
    std::fs::write(site.config.data.postgres.as_ref().unwrap(), server.url(&restored)).unwrap();
    let back = Store::open_reading_at(&location_of(&site), Settings::default()).await.unwrap();
    assert!(back.persons(&[person]).await.unwrap()[0].key.is_some(), "the dump still knows the key");
    let buried = site.musubi(&format!("store bury --tombstones {}", list.display()));
    assert!(buried.status.success(), "{}", said(&buried));
    assert!(back.persons(&[person]).await.unwrap()[0].key.is_none());
    let migrated = site.musubi("store migrate");
    assert!(migrated.status.success(), "{}", said(&migrated));
    let verified = site.musubi("audit verify");
    assert!(verified.status.success() && said(&verified).contains("ok    482072"), "{}", said(&verified));
    let receipts = site.folder.path().join("receipts");
    std::fs::write(&receipts, before + &after).unwrap();
    let compared = site.musubi(&format!("store compare --receipts {}", receipts.display()));
    assert_eq!(compared.status.code(), Some(1));
    let words = said(&compared);
    assert!(words.contains(&format!("missing {}", after.trim())) && words.contains("2 receipts, 1 missing"), "{words}");
    site.start(Disk::Sound).await;
    assert!(site.ready().contains("200 OK"), "{}", site.ready());
}

/// The database that a hub uses.
fn address_database(site: &crate::site::Site) -> String {
    let address = std::fs::read_to_string(site.config.data.postgres.as_ref().unwrap()).unwrap();
    address.rsplit('/').next().unwrap().to_owned()
}

/// One of the server's own tools, as its superuser.
fn run(server: &Postgres, tool: &str, words: &[&str]) {
    let mut command = std::process::Command::new(server.binaries.join(tool));
    let done = command.args(["-U", "postgres", "-h"]).arg(&server.folder).args(words).output().unwrap();
    assert!(done.status.success(), "{}", said(&done));
}

fn location_of(site: &crate::site::Site) -> musubi::store::Location {
    site.config.data.location().unwrap()
}

/// The tables belong to one role, and the hub works as another (S-54).
#[tokio::test(flavor = "multi_thread")]
async fn s54_a_hub_works_as_a_role_that_adds_to_the_log_and_can_change_nothing_of_it() {
    let Some(server) = Postgres::start() else { return };
    let mut site = site_on(&server, Path::new(&server.folder)).await;
    site.kill();
    let database = address_database(&site);
    for role in ["musubi_hub", "musubi_reader"] {
        assert!(server.ask(&database, &format!("CREATE ROLE {role} LOGIN")));
    }
    let grants = site.musubi_alone("store roles --hub musubi_hub --reader musubi_reader");
    assert!(server.ask(&database, &said(&grants)), "{}", said(&grants));
    let as_role = |role: &str| server.url(&database).replace("postgres@", &format!("{role}@"));
    let address = site.config.data.postgres.clone().unwrap();
    std::fs::write(&address, as_role("musubi_hub")).unwrap();
    site.start(Disk::Sound).await;
    site.works_again().await;
    let hub = sqlx::PgPool::connect(&as_role("musubi_hub")).await.unwrap();
    for forbidden in [
        "UPDATE audit_leaf SET idx = idx",
        "DELETE FROM audit_leaf",
        "TRUNCATE audit_leaf",
        "UPDATE checkpoint SET size = size",
        "DELETE FROM release",
        "DELETE FROM tombstone",
        "DELETE FROM message",
        "CREATE TABLE mine (id INT)",
        "ALTER TABLE audit_leaf DISABLE TRIGGER ALL",
    ] {
        let refused = sqlx::query(sqlx::AssertSqlSafe(forbidden)).execute(&hub).await.unwrap_err();
        let code = refused.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned());
        assert_eq!(code.as_deref(), Some("42501"), "{forbidden}: {refused}");
    }
    std::fs::write(&address, as_role("musubi_reader")).unwrap();
    let verified = site.musubi("audit verify");
    assert!(verified.status.success(), "{}", said(&verified));
    assert!(site.musubi("deliveries list").status.success());
    let reader = sqlx::PgPool::connect(&as_role("musubi_reader")).await.unwrap();
    assert!(sqlx::query("UPDATE log SET size = size").execute(&reader).await.is_err());
}

//! Backup and restore of a hub's store, by its commands.

use crate::city::{City, MOTHER, NEWBORN};
use crate::serve_commands::{musubi, plain};
use musubi::cli::Exit;
use musubi::sample_city as sample;
use musubi::store::{Change, Row};
use musubi_core::id::Municipality;

/// The receipt of an acknowledgement, as a line of a list.
fn receipt(answer: &str) -> String {
    let receipt = answer.split(['|', '\r']).find(|field| field.starts_with("musubi:1:")).unwrap();
    format!("musubi-development/482072 {receipt}\n")
}

#[tokio::test]
async fn s52_a_backup_that_is_restored_verifies_names_what_is_missing_and_brings_nobody_back() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let data = city.folder.path().to_owned();
    let outside = tempfile::tempdir().unwrap();
    let path = |name: &str| outside.path().join(name).display().to_string();
    let (key, backup, receipts) = (path("key"), path("backup"), path("receipts"));
    let before = city.send(sample::HOSPITAL, NEWBORN).await;
    assert!(before.contains("MSA|AA|"), "{before}");
    listed(&key, "金庫", &data).await;
    let (exit, said) = musubi(&format!("store backup --to {backup}"), &data).await;
    assert!(exit == Exit::Success && said.contains("金庫"), "{said}");
    // Sealed: not even the form of a database can be seen, and no key of the hub is in it.
    let bytes = std::fs::read(&backup).unwrap();
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(!holds(b"SQLite format 3") && !holds(b"audit_leaf"));
    let kek = std::fs::read(data.join("keys/kek")).unwrap();
    assert!(!holds(&kek));

    // After the backup: one more message, and a person whose key is destroyed.
    let after = city.send(sample::HOSPITAL, MOTHER).await;
    std::fs::write(&receipts, receipt(&before) + &receipt(&after)).unwrap();
    let (exit, said) = musubi(&format!("store compare --receipts {receipts}"), &data).await;
    assert!(exit == Exit::Success && said.contains("2 receipts, 0 missing"), "{said}");
    let store = &city.running.hub.store;
    let log = musubi::store::Log::Municipality(Municipality::new("482072").unwrap());
    let person = store.leaf_persons(&log).await.unwrap()[0].1;
    let destroyed = Row::DestroyKey { person, at: city.running.hub.now(), seen: None };
    store.commit("destroy", Change { rows: vec![destroyed], ..Change::default() }).await.unwrap();
    let (exit, said) = musubi(&format!("store restore --from {backup} --key {key} --replace"), &data).await;
    assert!(exit == Exit::Refused, "a hub runs there: {said}");
    city.running.stop().await.unwrap();

    let (exit, said) = musubi(&format!("store restore --from {backup} --key {key}"), &data).await;
    assert!(exit == Exit::Refused && said.contains("--replace"), "{said}");
    let restore = format!("store restore --from {backup} --key {key} --replace --receipts {receipts}");
    let (exit, said) = musubi(&restore, &data).await;
    assert_eq!(exit, Exit::Refused, "one is missing: {said}");
    assert!(said.contains("; 1 keys destroyed again") && said.contains("ok    482072"), "{said}");
    let lost = receipt(&after);
    assert!(said.contains(&format!("missing {}", lost.trim())) && said.contains("2 receipts, 1 missing"), "{said}");
    let reader = musubi::store::Store::open_reading(&data).await.unwrap();
    assert!(reader.persons(&[person]).await.unwrap()[0].key.is_none());
    let (_, said) = musubi("store tombstones", &data).await;
    assert!(said.contains(&person.to_string()), "{said}");
}

/// Makes the secret of a recipient. The public key.
async fn key_made(key: &str) -> String {
    let (exit, said) = plain(&format!("store key --to {key}")).await;
    assert_eq!(exit, Exit::Success, "{said}");
    said.lines().find(|line| line.starts_with("musubi-recipient-")).unwrap().to_owned()
}

/// Puts a new recipient on the list: one operator proposes, another approves.
async fn listed(key: &str, name: &str, data: &std::path::Path) -> String {
    let public = key_made(key).await;
    for order in [format!("add --by abe --name {name}"), "approve --by baba".to_owned()] {
        let (exit, said) = musubi(&format!("store recipients {order} {public}"), data).await;
        assert_eq!(exit, Exit::Success, "{said}");
    }
    public
}

#[tokio::test]
async fn s55_recipients_are_changed_by_two_operators_and_each_opens_the_backups_made_for_it() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let data = city.folder.path().to_owned();
    let outside = tempfile::tempdir().unwrap();
    let path = |name: &str| outside.path().join(name).display().to_string();
    city.send(sample::HOSPITAL, NEWBORN).await;
    let (exit, said) = musubi(&format!("store backup --to {}", path("none")), &data).await;
    assert!(exit == Exit::Refused && said.contains("no recipient is listed"), "{said}");
    let first = key_made(&path("first")).await;
    let (exit, said) = musubi(&format!("store recipients add --by abe --name 金庫 {first}"), &data).await;
    assert_eq!(exit, Exit::Success, "{said}");
    let (exit, said) = musubi(&format!("store recipients approve --by abe {first}"), &data).await;
    assert!(exit == Exit::Refused && said.contains("M833"), "{said}");
    let (_, said) = musubi("store recipients list", &data).await;
    assert!(said.contains("proposed add") && !said.contains("\nrecipient"), "{said}");
    musubi(&format!("store recipients approve --by baba {first}"), &data).await;
    let second = listed(&path("second"), "県庁", &data).await;

    // Each of the two opens it, beside the hub that runs; nothing is left of the rehearsal.
    let (exit, said) = musubi(&format!("store backup --to {}", path("backup")), &data).await;
    assert!(exit == Exit::Success && said.contains("for 金庫, 県庁"), "{said}");
    for name in ["first", "second"] {
        let rehearse = format!("store rehearse --from {} --key {}", path("backup"), path(name));
        let (exit, said) = musubi(&rehearse, &data).await;
        assert!(exit == Exit::Success && said.contains("ok    482072") && said.contains("ok    hub"), "{said}");
    }
    let left = std::fs::read_dir(&data).unwrap().flatten().map(|file| file.file_name().into_string().unwrap());
    assert!(!left.collect::<Vec<_>>().iter().any(|name| name.starts_with("rehearsal") || name.contains("copy")));

    // Rotation: the first is taken off, and cannot open what is written from then on.
    musubi(&format!("store recipients remove --by baba {first}"), &data).await;
    let (exit, said) = musubi(&format!("store recipients approve --by abe {first}"), &data).await;
    assert_eq!(exit, Exit::Success, "{said}");
    musubi(&format!("store recipients remove --by baba {second}"), &data).await;
    let (exit, said) = musubi(&format!("store recipients approve --by abe {second}"), &data).await;
    assert!(exit == Exit::Refused && said.contains("M834"), "somebody must be able to restore: {said}");
    musubi(&format!("store backup --to {}", path("later")), &data).await;
    let rehearse = |name: &str| format!("store rehearse --from {} --key {}", path("later"), path(name));
    let (exit, said) = musubi(&rehearse("first"), &data).await;
    assert!(exit == Exit::Refused && said.contains("sealed for 県庁, not for this key"), "{said}");
    let (exit, said) = musubi(&rehearse("second"), &data).await;
    assert_eq!(exit, Exit::Success, "{said}");
}

#[tokio::test]
async fn a_backup_that_was_changed_leaves_the_folder_as_it_was() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let data = city.folder.path().to_owned();
    let outside = tempfile::tempdir().unwrap();
    let path = |name: &str| outside.path().join(name).display().to_string();
    let (key, other, backup) = (path("key"), path("other"), path("backup"));
    listed(&key, "金庫", &data).await;
    key_made(&other).await;
    musubi(&format!("store backup --to {backup}"), &data).await;
    let (exit, said) = musubi(&format!("store backup --to {backup}"), &data).await;
    assert_eq!(exit, Exit::Refused, "the file is there: {said}");
    city.running.stop().await.unwrap();
    let database = std::fs::read(data.join("hub.db")).unwrap();
    let (exit, said) = musubi(&format!("store restore --from {backup} --key {other} --replace"), &data).await;
    assert!(exit == Exit::Refused && said.contains("sealed for 金庫, not for this key"), "{said}");
    let mut bytes = std::fs::read(&backup).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&backup, bytes).unwrap();
    let (exit, said) = musubi(&format!("store restore --from {backup} --key {key} --replace"), &data).await;
    assert!(exit == Exit::Refused && said.contains("was changed or cut"), "{said}");
    assert_eq!(std::fs::read(data.join("hub.db")).unwrap(), database);
}

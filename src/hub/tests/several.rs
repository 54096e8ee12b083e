//! Two hubs on one PostgreSQL database, with the same keys.

use super::*;
use crate::hub::enrol::Enrolment;
use crate::hub::witness::Witness;
use crate::store::{Fault, FaultKind, KEYS, Location, Log, Row, Settings, Verdict};
use musubi_verify::witness::Head;

/// Two hubs of one city. `None` where no server is installed.
async fn twins() -> Option<(City, City)> {
    let location = crate::store::tests::database()?;
    let first = hub_on(&location, tempfile::tempdir().unwrap()).await;
    let folder = tempfile::tempdir().unwrap();
    copy_keys(&first, &folder);
    Some((first, hub_on(&location, folder).await))
}

async fn hub_on(location: &Location, folder: tempfile::TempDir) -> City {
    let keyring = Keyring::open(folder.path(), "musubi", &mut |bytes| entropy::fill(bytes)).unwrap();
    let store = Store::open_at(location, Settings::default()).await.unwrap();
    City::over(store, keyring, folder).await
}

fn copy_keys(from: &City, to: &tempfile::TempDir) {
    let (from, to) = (from._folder.path().join(KEYS), to.path().join(KEYS));
    std::fs::create_dir(&to).unwrap();
    std::fs::set_permissions(&to, std::fs::metadata(&from).unwrap().permissions()).unwrap();
    for key in std::fs::read_dir(from).unwrap().flatten() {
        std::fs::copy(key.path(), to.join(key.file_name())).unwrap();
    }
}

async fn verified(city: &City) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for (log, _) in city.hub.store.logs().await.unwrap() {
        let extent = city.hub.store.extent(&log).await.unwrap();
        verdicts.push(city.hub.store.verify_log(extent, None, &|_| Ok(None)).await.unwrap());
    }
    verdicts
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hubs_that_are_sent_one_message_take_it_into_custody_once() {
    let Some((one, two)) = twins().await else { return };
    for city in [&one, &two] {
        city.set("2026-10-30T11:05:00+09:00");
    }
    for message in [NEWBORN, MOTHER, OWN_EPDS] {
        let (first, second) = tokio::join!(
            one.submit("MED-4810700122", "hl7v2", message),
            two.submit("MED-4810700122", "hl7v2", message)
        );
        assert!(first[0].0.is_some(), "{first:?}");
        assert_eq!(first[0].0, second[0].0);
    }
    let verdicts = verified(&two).await;
    assert!(verdicts.iter().all(|verdict| verdict.fault.is_none()), "{verdicts:?}");
    assert_eq!(one.hub.store.logs().await.unwrap(), two.hub.store.logs().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_at_one_hub_stops_what_waits_at_the_other() {
    let Some((one, two)) = twins().await else { return };
    one.set("2026-10-28T10:00:00+09:00");
    one.permit("MED-4810700122", "00012345", Relationship::Subject).await;
    for city in [&one, &two] {
        city.set("2026-10-30T11:05:00+09:00");
    }
    one.submit("MED-4810700122", "hl7v2", MOTHER).await;
    assert_eq!(two.received().await.len(), 1);
    assert!(one.received().await.is_empty(), "acknowledged at the other hub");
    two.submit("MED-4810700122", "hl7v2", CORRECTION).await;
    for city in [&one, &two] {
        city.set("2026-11-20T10:05:00+09:00");
    }
    let officer = two.caller("OSC-482072", "ooba");
    let subject = named("MED-4810700122", "00012345");
    two.hub.withdraw(&officer, &subject, Relationship::Subject).await.unwrap();
    assert!(one.received().await.is_empty());
    assert!(two.received().await.is_empty());
    assert!(verified(&one).await.iter().all(|verdict| verdict.fault.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_that_one_hub_suspends_is_shut_out_by_the_other() {
    let Some((one, two)) = twins().await else { return };
    one.hub.catch_up().await.unwrap();
    let hospital = AgencyId::new("MED-4810700122").unwrap();
    two.hub.enrol(Enrolment::Suspend(hospital.clone()), "operator").await.unwrap();
    assert_eq!(one.hub.catch_up().await.unwrap(), std::slice::from_ref(&hospital));
    assert!(!one.hub.register.agency(&hospital).unwrap().active);
    assert!(one.hub.catch_up().await.unwrap().is_empty(), "told once");
    one.hub.enrol(Enrolment::Resume(hospital.clone()), "operator").await.unwrap();
    two.hub.catch_up().await.unwrap();
    assert!(two.hub.register.agency(&hospital).unwrap().active);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_whose_policy_is_no_longer_in_force_says_so() {
    let Some((one, two)) = twins().await else { return };
    one.hub.catch_up().await.unwrap();
    assert!(one.hub.is_current());
    let epoch = two.hub.store.policy_epoch().await.unwrap() + 1;
    let rows = vec![crate::store::Row::PolicyEpoch(epoch)];
    two.hub.store.commit("load policy", Change { rows, ..Change::default() }).await.unwrap();
    one.hub.catch_up().await.unwrap();
    assert!(!one.hub.is_current());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_made_anew_are_not_taken_for_those_of_the_database() {
    let Some(location) = crate::store::tests::database() else { return };
    let first = hub_on(&location, tempfile::tempdir().unwrap()).await;
    first.hub.recognise_keys().await.unwrap();
    first.hub.recognise_keys().await.unwrap();
    let stranger = hub_on(&location, tempfile::tempdir().unwrap()).await;
    let refused = stranger.hub.recognise_keys().await.unwrap_err();
    assert_eq!(refused.diagnostics[0].code, "M820");
    // One key of four is enough.
    for name in ["kek", "blind", "hub", "log"] {
        let folder = tempfile::tempdir().unwrap();
        copy_keys(&first, &folder);
        std::fs::copy(stranger._folder.path().join(KEYS).join(name), folder.path().join(KEYS).join(name)).unwrap();
        let mixed = hub_on(&location, folder).await;
        assert!(mixed.hub.recognise_keys().await.is_err(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s38_a_contradiction_that_closed_one_hub_closes_the_others_on_its_database() {
    let Some((one, two)) = twins().await else { return };
    one.set("2026-10-30T11:05:00+09:00");
    two.set("2026-10-30T11:05:00+09:00");
    one.submit("MED-4810700122", "hl7v2", MOTHER).await;
    two.hub.close_where_contradicted().await.unwrap();
    assert!(two.hub.store.fault().is_none());
    let theirs = musubi_verify::witness::Head { size: 999, root: [9; 32] };
    let row =
        Row::Setting { name: "contradicted".to_owned(), value: format!("witness.example+00000000 482072 {theirs}") };
    one.hub.store.commit("close", Change { rows: vec![row], ..Change::default() }).await.unwrap();
    two.hub.close_where_contradicted().await.unwrap();
    assert_eq!(two.hub.store.fault().map(|fault| fault.log.name().to_owned()).as_deref(), Some("482072"));
    assert!(two.hub.store.commit("more", Change::default()).await.is_err(), "nothing is taken any more");
    // One that was declared given up since closes nothing.
    let given = Row::Setting { name: "given_up.482072.999".to_owned(), value: theirs.to_string() };
    one.hub.store.commit("declare", Change { rows: vec![given], ..Change::default() }).await.unwrap();
    one.hub.close_where_contradicted().await.unwrap();
    assert!(one.hub.store.fault().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn s38_of_two_hubs_that_see_a_contradiction_in_one_moment_one_tells_of_it() {
    let Some((one, two)) = twins().await else { return };
    let key = musubi_verify::WitnessKey::from_bytes("witness.example/w1", &[9; 32]).unwrap().verifier();
    let witness = Arc::new(Witness { name: "証人".to_owned(), key, folder: one._folder.path().to_owned() });
    let log = Log::parse("482072").unwrap();
    let center = one.caller("OSC-482072", "ooba");
    let asked = async |kind: &str| one.hub.work_items(&center, None, kind).await.unwrap().len();
    for round in 1..=20_u8 {
        let heads = (Head { size: 9, root: [round; 32] }, Head { size: 9, root: [0; 32] });
        let (first, second) = tokio::join!(
            one.hub.is_contradicted(&witness, &log, heads, true),
            two.hub.is_contradicted(&witness, &log, heads, true)
        );
        first.and(second).unwrap();
        assert_eq!(asked("witness_contradicts").await, usize::from(round), "one question about each");
        let fault = Fault { log: log.clone(), index: round.into(), kind: FaultKind::Chain };
        let (first, second) = tokio::join!(one.hub.tell_of_fault(&fault), two.hub.tell_of_fault(&fault));
        first.and(second).unwrap();
        assert_eq!(asked("log_faulty").await, usize::from(round));
    }
}

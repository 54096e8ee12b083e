//! Two hubs on one database: each its own writer, one truth.

use super::logs::tampered;
use super::*;
use std::collections::BTreeSet;

/// Changes that each hub writes.
const EACH: usize = 150;
/// Callers of a hub at once.
const CALLERS: usize = 12;

/// A change as custody makes it: a person, an entry, a message, a leaf; every other one in the hub's own log too.
fn change(name: &str, number: usize) -> (Blind, Change) {
    let mother = person();
    let message = message(name, [1; 32]);
    let key = message.key;
    let mut leaves = vec![leaf(&[mother])];
    if number.is_multiple_of(2) {
        leaves.push(LeafDraft { log: Log::Hub, ..leaf(&[]) });
    }
    let rows = vec![person_row(mother), Row::Entries(entries_row(mother))];
    (key, Change { rows, message: Some(message), leaves, ..Change::default() })
}

/// Writes until it is answered: a store that is not available may have written or not, and the same message says which.
async fn write_until_answered(store: &Store, name: &str, number: usize) -> Vec<u8> {
    for _ in 0..50 {
        let (_, change) = change(name, number);
        match store.commit("receive", change).await {
            Ok(committed) => return committed.answer,
            Err(StoreError::Conflict(Conflict::DuplicateMessage(stored))) => return stored.answer,
            Err(StoreError::Unavailable { .. }) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            Err(other) => unreachable!("{other}"),
        }
    }
    unreachable!("the server came back")
}

/// Everything that two hubs wrote is there once, and the logs are what both wrote, without a gap.
async fn assert_whole(store: &Store, names: &[String], answers: &[Vec<u8>]) {
    for (name, answer) in names.iter().zip(answers) {
        let stored = store.message_answer(&agency(), blind(name)).await.unwrap().unwrap();
        assert_eq!(stored.answer, *answer, "{name}");
    }
    let sizes = store.logs().await.unwrap();
    let half = names.len().div_ceil(2) as u64;
    assert_eq!(sizes, [(Log::Municipality(city()), names.len() as u64), (Log::Hub, half)]);
    let key = LogKey::from_bytes("musubi.example", &[5; 32]).verifier();
    for (log, size) in sizes {
        let verdict = store.verify_log(store.extent(&log).await.unwrap(), Some(&key), &open_leaf).await.unwrap();
        assert_eq!((verdict.leaves, verdict.fault), (size, None));
        assert!(verdict.checkpoints > 0);
    }
}

/// Has both hubs write, `disturb` doing something to the server meanwhile.
async fn write_from_both(home: &Home, disturb: impl Future<Output = ()>) {
    let stores = [home.open().await, home.open().await];
    let names: Vec<String> = (0..2 * EACH).map(|number| format!("message {number}")).collect();
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..2 * CALLERS {
        let (store, names) = (stores[caller % 2].clone(), names.clone());
        callers.spawn(async move {
            let mut answers = Vec::new();
            for number in (caller..names.len()).step_by(2 * CALLERS) {
                answers.push((number, write_until_answered(&store, &names[number], number).await));
            }
            answers
        });
    }
    let (answered, ()) = tokio::join!(callers.join_all(), disturb);
    let mut answered: Vec<(usize, Vec<u8>)> = answered.into_iter().flatten().collect();
    answered.sort_unstable();
    let answers: Vec<Vec<u8>> = answered.into_iter().map(|(_, answer)| answer).collect();
    assert_eq!(answers.iter().collect::<BTreeSet<_>>().len(), names.len(), "no index was given twice");
    stores[0].close().await.unwrap();
    assert_whole(&stores[1], &names, &answers).await;
    stores[1].close().await.unwrap();
    let again = home.open().await;
    assert!(again.faults().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hubs_write_one_log_without_gaps() {
    let Some(home) = Home::database() else { return };
    write_from_both(&home, async {}).await;
}

/// Ends every connection that a hub has to this database.
fn cut_every_connection(home: &Home) {
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'musubi'
        AND datname = current_database()";
    assert!(SERVER.as_ref().unwrap().ask(home.database_name(), cut));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_once_though_every_connection_was_cut() {
    let Some(home) = Home::database() else { return };
    write_from_both(&home, async {
        for _ in 0..10 {
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
            cut_every_connection(&home);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_signs_its_last_checkpoint_though_every_connection_was_cut() {
    let Some(home) = Home::database() else { return };
    let store = home.open().await;
    store.commit("receive", change("a message", 1).1).await.unwrap();
    cut_every_connection(&home);
    store.close().await.unwrap();
    let again = home.open().await;
    let log = Log::Municipality(city());
    let key = LogKey::from_bytes("musubi.example", &[5; 32]).verifier();
    let verdict = again.verify_log(again.extent(&log).await.unwrap(), Some(&key), &open_leaf).await.unwrap();
    assert_eq!((verdict.leaves, verdict.fault, verdict.checkpoints), (1, None, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hubs_that_are_sent_the_same_one_takes_it() {
    let Some(home) = Home::database() else { return };
    let stores = [home.open().await, home.open().await];
    for round in 0..40 {
        let name = format!("round {round}");
        let (one, two) = (change(&name, 1).1, change(&name, 1).1);
        let (first, second) = tokio::join!(stores[0].commit("receive", one), stores[1].commit("receive", two));
        let (taken, refused) = if first.is_ok() { (first, second) } else { (second, first) };
        let Conflict::DuplicateMessage(stored) = conflict(refused) else { unreachable!("a duplicate was expected") };
        assert_eq!(stored.answer, taken.unwrap().answer);

        let alias = |id: PersonId| AliasRow { blind: blind(&name), person: id, municipality: city() };
        let new = |id: PersonId| rows(vec![person_row(id), Row::Alias(alias(id))]);
        let (a, b) = (person(), person());
        let (first, second) = tokio::join!(stores[0].commit("one", new(a)), stores[1].commit("two", new(b)));
        let (winner, refused) = if first.is_ok() { (a, second) } else { (b, first) };
        assert_eq!(conflict(refused), Conflict::Alias(winner));
        assert_eq!(stores[0].persons_by_alias(&[blind(&name)]).await.unwrap(), [Some(winner)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hubs_that_count_a_try_neither_overlooks_the_other() {
    let Some(home) = Home::database() else { return };
    let stores = [home.open().await, home.open().await];
    let key = blind("somebody");
    for version in 0..40 {
        let row = || SignInRow {
            key,
            kind: SignInKind::Attempts,
            agency: agency(),
            version: version + 1,
            ends_at: None,
            body: sealed(SignInRow::TABLE, uuid()),
        };
        let try_once = || Change { expect: vec![Expect::SignIn { key, version }], ..rows(vec![Row::SignIn(row())]) };
        let (one, two) = tokio::join!(stores[0].commit("a", try_once()), stores[1].commit("b", try_once()));
        assert!(one.is_ok() != two.is_ok(), "one of two is written: {one:?} {two:?}");
        assert_eq!(conflict(if one.is_ok() { two } else { one }), Conflict::SignIn);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rests_on_an_epoch_is_refused_when_the_other_hub_has_moved_it() {
    let Some(home) = Home::database() else { return };
    let stores = [home.open().await, home.open().await];
    let mother = person();
    stores[0].commit("person", rows(vec![person_row(mother)])).await.unwrap();
    for epoch in 0..40 {
        let expecting = |row| Change { expect: vec![Expect::Epoch { person: mother, epoch }], ..rows(vec![row]) };
        let (consent, release) = (expecting(Row::Epoch(mother)), expecting(Row::Epoch(mother)));
        let (one, two) = tokio::join!(stores[0].commit("a", consent), stores[1].commit("b", release));
        assert!(one.is_ok() != two.is_ok(), "one of two moves is written: {one:?} {two:?}");
        assert_eq!(conflict(if one.is_ok() { two } else { one }), Conflict::Epoch(mother));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hubs_do_not_join_two_persons_into_each_other() {
    let Some(home) = Home::database() else { return };
    let stores = [home.open().await, home.open().await];
    for _ in 0..20 {
        let (a, b) = (person(), person());
        stores[0].commit("persons", rows(vec![person_row(a), person_row(b)])).await.unwrap();
        let join = |person, into| rows(vec![Row::Join { person, into }]);
        let (one, two) = tokio::join!(stores[0].commit("join", join(a, b)), stores[1].commit("join", join(b, a)));
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    }
}

#[tokio::test]
async fn a_head_that_is_not_that_of_the_leaves_closes_the_store_for_changes() {
    let Some(home) = Home::database() else { return };
    for (statement, index, kind) in [
        ("UPDATE log SET size = 3", 3, FaultKind::Missing),
        ("UPDATE log SET chain = decode(repeat('01', 32), 'hex')", 14, FaultKind::Chain),
    ] {
        let home = home.fresh();
        let store = tampered(&home, &[(statement, None)]).await;
        assert_eq!(store.faults(), [Fault { log: Log::Municipality(city()), index, kind }]);
    }
}

fn ids(rows: Vec<DeliveryRow>) -> BTreeSet<DeliveryId> {
    rows.into_iter().map(|row| row.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_is_claimed_by_one_hub_and_taken_over_when_that_is_gone() {
    let Some(home) = Home::database() else { return };
    let stores = [home.open().await, home.open().await];
    let mother = person();
    let waiting: Vec<DeliveryRow> = (0..60).map(|_| delivery_row(mother, DeliveryState::Waiting)).collect();
    stores[0].commit("queue", rows(waiting.iter().cloned().map(Row::Delivery).collect())).await.unwrap();
    let looks = (0..12).map(|look| {
        let store = stores[look % 2].clone();
        tokio::spawn(async move { (look % 2, ids(store.deliveries_due(NOW, 10, &BTreeSet::new()).await.unwrap())) })
    });
    let mut claimed = [BTreeSet::new(), BTreeSet::new()];
    for look in looks.collect::<Vec<_>>() {
        let (hub, ids) = look.await.unwrap();
        claimed[hub].extend(ids);
    }
    let [one, two] = &claimed;
    assert!(!one.is_empty() && !two.is_empty() && one.is_disjoint(two), "{one:?} {two:?}");
    let first = ids(stores[0].deliveries_due(NOW, 100, &BTreeSet::new()).await.unwrap());
    let second = ids(stores[1].deliveries_due(NOW, 100, &BTreeSet::new()).await.unwrap());
    assert!(first.is_superset(one) && second.is_superset(two) && first.is_disjoint(&second));
    assert_eq!(first.len() + second.len(), 60);
    // One is sent by a hub that then goes away.
    let sent = waiting.iter().find(|row| first.contains(&row.id)).unwrap();
    let sent = DeliveryRow { state: DeliveryState::Released, attempts: 1, ..sent.clone() };
    stores[0].commit("send", rows(vec![Row::Delivery(sent.clone())])).await.unwrap();
    assert!(stores[1].deliveries_abandoned(9).await.unwrap().is_empty());
    home.tamper("UPDATE delivery SET claimed_until = clock_timestamp()", None).await;
    assert_eq!(ids(stores[1].deliveries_abandoned(9).await.unwrap()), BTreeSet::from([sent.id]));
    assert_eq!(stores[1].deliveries_due(NOW, 100, &BTreeSet::new()).await.unwrap().len(), 59);
    assert!(stores[0].deliveries_due(NOW, 100, &BTreeSet::new()).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hubs_that_rest_on_a_setting_that_is_not_there_yet_one_writes_it() {
    let Some(home) = Home::database() else { return };
    let stores = [home.open().await, home.open().await];
    let mut value = None;
    for round in 0..40 {
        let name = if round < 20 { format!("new {round}") } else { "again".to_owned() };
        let read = if round > 20 { value.clone() } else { None };
        let write = |by: &str| Change {
            expect: vec![Expect::Setting { name: name.clone(), value: read.clone() }],
            ..rows(vec![Row::Setting { name: name.clone(), value: format!("{by} {round}") }])
        };
        let (one, two) = tokio::join!(stores[0].commit("a", write("one")), stores[1].commit("b", write("two")));
        assert!(one.is_ok() != two.is_ok(), "one of two is written: {one:?} {two:?}");
        value = Some(format!("{} {round}", if one.is_ok() { "one" } else { "two" }));
        assert_eq!(stores[0].setting(&name).await.unwrap(), value);
        assert_eq!(conflict(if one.is_ok() { two } else { one }), Conflict::Setting);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_still_at_a_delivery_keeps_it_and_who_lost_it_does_not_get_it_back() {
    let Some(home) = Home::database() else { return };
    let stores = [home.open().await, home.open().await];
    let waiting = delivery_row(person(), DeliveryState::Waiting);
    stores[0].commit("queue", rows(vec![Row::Delivery(waiting.clone())])).await.unwrap();
    assert_eq!(stores[0].deliveries_due(NOW, 9, &BTreeSet::new()).await.unwrap().len(), 1);
    let released = DeliveryRow { state: DeliveryState::Released, attempts: 1, ..waiting.clone() };
    stores[0].commit("release", rows(vec![Row::Delivery(released)])).await.unwrap();
    let late = "UPDATE delivery SET claimed_until = clock_timestamp()";
    let abandoned = async || stores[1].deliveries_abandoned(9).await.unwrap().len();

    home.tamper(late, None).await;
    assert_eq!(abandoned().await, 1, "its two minutes are over");
    stores[1].hold_on_to([waiting.id].into_iter()).await.unwrap();
    assert_eq!(abandoned().await, 1, "it is not the other's to hold on to");
    stores[0].hold_on_to([waiting.id].into_iter()).await.unwrap();
    assert_eq!(abandoned().await, 0, "the one that is still at it says so");

    home.tamper(late, None).await;
    let again = DeliveryRow { attempts: 1, ..waiting.clone() };
    stores[1].commit("take over", rows(vec![Row::Delivery(again)])).await.unwrap();
    assert_eq!(stores[1].deliveries_due(NOW, 9, &BTreeSet::new()).await.unwrap().len(), 1);
    stores[0].hold_on_to([waiting.id].into_iter()).await.unwrap();
    assert!(stores[0].deliveries_due(NOW, 9, &BTreeSet::new()).await.unwrap().is_empty());
}

//! The logs: checkpoints, and what was tampered with.

use super::*;

pub(super) async fn s33_checkpoints_are_made_when_due_on_request_and_at_the_end(home: &Home) {
    let store = home.open().await;
    let log = Log::Municipality(city());
    let leaves = |count| Change { leaves: (0..count).map(|_| leaf(&[])).collect(), ..Change::default() };
    store.commit("nine", leaves(9)).await.unwrap();
    assert_eq!(store.last_checkpoint(&log).await.unwrap(), None);
    store.commit("one", leaves(1)).await.unwrap();
    assert_eq!(store.last_checkpoint(&log).await.unwrap().unwrap().size, 10);
    store.commit("two", leaves(2)).await.unwrap();
    assert_eq!(store.checkpoint().await.unwrap().first().unwrap().size, 12);
    assert!(store.checkpoint().await.unwrap().is_empty());
    store.commit("three", leaves(3)).await.unwrap();
    store.close().await.unwrap();
    let again = home.open().await;
    let key = LogKey::from_bytes("musubi.example", &[5; 32]).verifier();
    let verdict = again.verify_log(again.extent(&log).await.unwrap(), Some(&key), &open_leaf).await.unwrap();
    assert_eq!(verdict, Verdict { leaves: 15, opened: 15, checkpoints: 3, fault: None });
    let other = LogKey::from_bytes("musubi.example", &[6; 32]).verifier();
    let verdict = again.verify_log(again.extent(&log).await.unwrap(), Some(&other), &open_leaf).await.unwrap();
    assert_eq!(verdict.fault.unwrap().kind, FaultKind::Note);
}

pub(super) async fn a_log_is_verified_as_far_as_it_reached_however_it_grows_meanwhile(home: &Home) {
    let store = home.open().await;
    let log = Log::Municipality(city());
    let leaves = |count| Change { leaves: (0..count).map(|_| leaf(&[])).collect(), ..Change::default() };
    store.commit("five", leaves(5)).await.unwrap();
    let extent = store.extent(&log).await.unwrap();
    store.commit("seven", leaves(7)).await.unwrap();
    let verdict = store.verify_log(extent, None, &open_leaf).await.unwrap();
    assert_eq!(verdict, Verdict { leaves: 5, opened: 5, checkpoints: 0, fault: None });
}

/// Fifteen leaves with a checkpoint after ten; then something is done to the bare database.
pub(super) async fn tampered(home: &Home, deeds: &[(&'static str, Option<Value>)]) -> Store {
    let store = home.open().await;
    for count in [10, 5] {
        let leaves = (0..count).map(|_| leaf(&[])).collect();
        store.commit("leaves", Change { leaves, ..Change::default() }).await.unwrap();
    }
    store.close().await.unwrap();
    for (statement, value) in deeds {
        home.tamper(statement, value.clone()).await;
    }
    home.open().await
}

pub(super) async fn s38_the_first_index_that_was_tampered_with_is_named(home: &Home) {
    let zeros = || Some(Value::from([0; 32]));
    let cases = [
        ("UPDATE audit_leaf SET hash = $1 WHERE idx = 4", zeros(), 4, FaultKind::Chain),
        ("UPDATE audit_leaf SET entry = $1 WHERE idx = 4", zeros(), 4, FaultKind::Chain),
        ("UPDATE audit_leaf SET chain = $1 WHERE idx = 4", zeros(), 4, FaultKind::Chain),
        ("UPDATE audit_leaf SET id = $1 WHERE idx = 4", Some(Value::Uuid(Uuid::nil())), 4, FaultKind::Chain),
        ("DELETE FROM audit_leaf WHERE idx = 4", None, 4, FaultKind::Missing),
        ("DELETE FROM audit_leaf WHERE idx >= 4", None, 4, FaultKind::Missing),
        ("UPDATE audit_leaf SET idx = 99 WHERE idx = 4", None, 4, FaultKind::Missing),
        ("UPDATE checkpoint SET root = $1 WHERE size = 10", zeros(), 0, FaultKind::Root),
        ("UPDATE checkpoint SET note = 'x' WHERE size = 10", None, 9, FaultKind::Note),
    ];
    let key = LogKey::from_bytes("musubi.example", &[5; 32]).verifier();
    for (statement, value, index, kind) in cases {
        let home = home.fresh();
        let store = tampered(&home, &[(statement, value)]).await;
        let log = Log::Municipality(city());
        let verdict = store.verify_log(store.extent(&log).await.unwrap(), Some(&key), &open_leaf).await.unwrap();
        assert_eq!(verdict.fault, Some(Fault { log, index, kind }), "{statement}");
    }
}

pub(super) async fn s37_a_store_that_was_closed_while_it_worked_takes_nothing_and_signs_nothing_more(home: &Home) {
    let store = home.open().await;
    let log = Log::Municipality(city());
    let grow = || Change { leaves: vec![leaf(&[])], ..Change::default() };
    store.commit("grow", grow()).await.unwrap();
    store.checkpoint().await.unwrap();
    store.commit("grow", grow()).await.unwrap();
    let fault = Fault { log: log.clone(), index: 0, kind: FaultKind::Forked };
    store.close_for_changes(fault.clone());
    store.close_for_changes(Fault { index: 1, ..fault.clone() });
    assert_eq!(store.fault(), Some(&fault), "the first stands");
    for refused in [
        store.commit("grow", grow()).await.map(drop),
        store.commit_each("grow", vec![grow()]).await.map(drop),
        store.checkpoint().await.map(drop),
    ] {
        assert!(matches!(refused, Err(StoreError::Tampered(_))), "{refused:?}");
    }
    store.close().await.unwrap();
    let again = home.open().await;
    assert_eq!(
        again.last_checkpoint(&log).await.unwrap().map(|row| row.size),
        Some(1),
        "no last word about such a log"
    );
}

pub(super) async fn s37_a_tail_that_does_not_verify_closes_the_store_for_changes(home: &Home) {
    let forged = ("UPDATE audit_leaf SET hash = $1 WHERE idx = 12", Some(Value::from([0; 32])));
    let store = tampered(home, &[("DELETE FROM checkpoint WHERE size > 10", None), forged]).await;
    let fault = Fault { log: Log::Municipality(city()), index: 12, kind: FaultKind::Chain };
    assert_eq!(store.faults(), std::slice::from_ref(&fault));
    let refused = store.commit("more", rows(vec![person_row(person())])).await;
    assert!(matches!(refused, Err(StoreError::Tampered(found)) if found == fault));
    assert_eq!(store.leaves(&Log::Municipality(city()), 0, 99).await.unwrap().len(), 15);
}

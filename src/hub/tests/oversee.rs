//! What an auditor and whoever holds a receipt may ask of the logs.

use super::*;
use crate::store::Log;
use std::time::Duration;

#[tokio::test]
async fn s83_proofs_are_made_one_after_another() {
    let city = City::new().await;
    city.submit("MED-4810700122", "hl7v2", MOTHER).await;
    let log = Log::parse("482072").unwrap();
    let (_, size) = city.hub.store.logs().await.unwrap().into_iter().find(|(known, _)| *known == log).unwrap();
    let turn = city.hub.proofs.acquire().await.unwrap();
    let waits = tokio::time::timeout(Duration::from_millis(200), city.hub.path(&log, 0, size)).await;
    assert!(waits.is_err(), "another is being made");
    drop(turn);
    assert!(city.hub.path(&log, 0, size).await.unwrap().is_some());
    assert!(city.hub.path(&log, size, size).await.unwrap().is_none(), "no such entry");
    assert!(city.hub.path(&log, 0, size + 1).await.unwrap().is_none(), "not yet so long");
}

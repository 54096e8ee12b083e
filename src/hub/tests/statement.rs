//! A statement is made where the person is kept.

use super::*;
use crate::store::Log;

#[tokio::test]
async fn a_statement_is_made_for_persons_of_the_own_municipality_and_always_stands_in_a_log() {
    let city = City::new().await;
    city.set("2026-10-28T10:00:00+09:00");
    city.permit("MED-4810700122", "00012345", Relationship::Subject).await;
    city.set("2026-10-30T11:05:00+09:00");
    city.submit("MED-4810700122", "hl7v2", MOTHER).await;
    assert_eq!(city.received().await.len(), 1);
    let mother = named("MED-4810700122", "00012345");
    let auditor = city.caller("OSC-482072", "hayakawa");
    assert!(!city.hub.statement(&auditor, &mother, None).await.unwrap().is_empty());
    let mut neighbour = agency("OSC-482081", AgencyKind::Osc, "", &[("aud", Role::Auditor)]);
    neighbour.municipality = Municipality::new("482081").unwrap();
    city.hub.register.put(&city.hub.store, neighbour, Change::default()).await.unwrap();
    let elsewhere = city.caller("OSC-482081", "aud");
    let size = || async {
        let logs = city.hub.store.logs().await.unwrap();
        logs.into_iter().find(|(log, _)| *log == Log::Hub).map_or(0, |(_, size)| size)
    };
    let before = size().await;
    assert!(city.hub.statement(&elsewhere, &mother, None).await.unwrap().is_empty());
    let unknown = named("MED-4810700122", "99999999");
    assert!(city.hub.statement(&elsewhere, &unknown, None).await.unwrap().is_empty());
    assert_eq!(size().await, before + 2);
}

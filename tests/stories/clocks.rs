//! The machine's clock jumps under a hub that runs (rule F05): back an hour, on a day, and back again. Nothing is lost, what has
//! expired stays expired, and the log goes on.

use crate::city::{City, MOTHER};
use crate::steps::{chinatsu, permit};
use musubi::edge::grpc::client::RecordConsentRequest;

/// A discharge of its own, stamped at 11:05:30 on 30 October.
async fn sent(city: &City, number: u32) {
    let text = String::from_utf8(MOTHER.to_vec()).unwrap();
    let control = format!("C{number:011}");
    let text = text.replace("S261030-0102", &control).replace("I26-003871", &control);
    city.hospital().sends(text.as_bytes()).await.accepted();
}

#[tokio::test]
async fn f05_a_clock_that_jumps_back_an_hour_or_on_a_day_loses_nothing_and_opens_nothing_again() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let until = "2026-10-31".to_owned();
    city.center().records(RecordConsentRequest { valid_until: until, ..permit(chinatsu(), "self") }).await;

    sent(&city, 1).await;
    assert_eq!(city.center().receives().await.0.len(), 1, "the permit is good");
    // Back an hour: what the hospital stamps is an hour ahead of the machine's clock, not of the hub's.
    city.set("2026-10-30T10:05:40+09:00");
    sent(&city, 2).await;
    assert_eq!(city.center().receives().await.0.len(), 1, "and still is");
    // On a day and more: the permit runs out.
    city.set("2026-11-01T11:05:40+09:00");
    sent(&city, 3).await;
    assert!(city.center().receives().await.0.is_empty(), "it has run out");
    // Back: what has run out does not come back.
    city.set("2026-10-30T11:10:00+09:00");
    sent(&city, 4).await;
    assert!(city.center().receives().await.0.is_empty(), "it has run out for good");
    assert!(city.running.verify_logs().await.unwrap());
    // Not even when the hub is started anew under the clock that went back.
    let city = city.restarted().await;
    sent(&city, 5).await;
    assert!(city.center().receives().await.0.is_empty(), "it has run out for good");
    sent(&city, 1).await;
    assert!(city.running.verify_logs().await.unwrap());
}

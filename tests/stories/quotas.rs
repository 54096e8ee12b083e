//! An agency that asks for too much is told so, and holds up neither the others nor its own notification of abuse (S-80); who
//! dribbles is cut (S-82).

use crate::city::{City, VISITS};
use musubi::sample_city as sample;
use musubi_core::wire::agency_side::Draft;
use std::time::Duration;
use tokio::time::Instant;
use tonic::Code;

const FILE: &str = "/v1/documents?format=ph05";

/// Nine in ten notifications are answered within this time. Far more than they take, on a machine that does other work too; far
/// less than the bulk before them would take.
pub(crate) const HEARD: Duration = Duration::from_secs(10);

/// A notification of abuse, as an office hands it in.
pub(crate) fn concern(number: u32) -> Draft {
    let subject = serde_json::json!([{"role": "CHILD", "issuer": sample::CITY, "identifier": "K0300103"}]);
    let json = serde_json::json!({
        "format": "grpc",
        "messageId": format!("concern-{number}"),
        "municipality": sample::CITY,
        "entries": [{
            "sourceKey": format!("concern-{number}"),
            "subjects": subject,
            "occurredAt": {"date": {"year": 2026, "month": 11, "day": 11}},
            "concern": {"text": "泣き声が続いている", "urgency": "high"},
        }],
    });
    Draft::from_json(&json.to_string()).unwrap()
}

#[tokio::test]
async fn s80_who_asks_too_much_is_told_so_and_still_heard_when_a_child_is_in_danger() {
    let city = City::with("2026-11-11T17:15:00+09:00", |config| config.limits.requests_per_second = 1).await;
    let office = city.agency(sample::HEALTH_CENTER);
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(office.post(FILE, "text/csv", b"x".to_vec()).await.unwrap());
    }
    let too_many = told.iter().find(|answer| answer.status == 429).expect("it is told");
    assert!(too_many.headers.iter().any(|(name, value)| name == "retry-after" && value == "1"), "{too_many:?}");
    let said: serde_json::Value = serde_json::from_slice(&too_many.body).unwrap();
    assert_eq!(said["diagnostics"][0]["code"], "M900");
    assert_eq!(city.agency(sample::CLINIC).post(FILE, "text/csv", b"x".to_vec()).await.unwrap().status, 422);
    while office.post(FILE, "text/csv", b"x".to_vec()).await.unwrap().status != 429 {}
    let refused = office.deliveries().receive(musubi::edge::grpc::client::ReceiveRequest::default()).await;
    assert_eq!(refused.err().map(|status| status.code()), Some(Code::ResourceExhausted));
    let answer = office.intake().submit(concern(1)).await;
    assert!(!matches!(&answer, Err(status) if status.code() == Code::ResourceExhausted), "{answer:?}");
}

/// Large files, one after another, on several connections: as much as the hub takes.
#[tokio::test(flavor = "multi_thread")]
async fn s80_a_notification_is_heard_while_large_files_are_read() {
    let city = City::at("2026-11-11T17:15:00+09:00").await;
    let head = VISITS.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let mut large = VISITS[..head].to_vec();
    while large.len() < 2 * 1024 * 1024 {
        large.extend_from_slice(b"not,a,row\r\n");
    }
    let mut bulk = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (office, large) = (city.agency(sample::PREFECTURAL_HEALTH_CENTER), large.clone());
        bulk.spawn(async move { while office.post(FILE, "text/csv", large.clone()).await.is_ok() {} });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let office = city.agency(sample::HEALTH_CENTER);
    let mut took = Vec::new();
    for number in 0..30 {
        let began = Instant::now();
        office.intake().submit(concern(number)).await.unwrap();
        took.push(began.elapsed());
    }
    bulk.shutdown().await;
    took.sort();
    println!("notifications under bulk: median {:?}, slowest {:?}", took[took.len() / 2], took[took.len() - 1]);
    assert!(took[took.len() * 9 / 10] < HEARD, "{took:?}");
}

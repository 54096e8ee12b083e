//! F09: an agency is suspended while an answer to it is on its way. It gets no further message, and cannot tell why: the stream
//! ends as everybody's does when the hub stops for maintenance.

use crate::agencies::{by_name, person, record_request, replaced};
use crate::city::{City, MOTHER, QUERY};
use musubi::hub::enrol::Enrolment;
use musubi::sample_city as sample;
use musubi_core::agency::AgencyId;
use musubi_core::wire::agency_side::{Draft, Received};
use tonic::{Code, Status, Streaming};

/// So many of one name and birth date that an answer shows them all.
const FAMILIES: usize = 4;
/// Longer than half of what a client takes before it has read anything.
const NOTE_BYTES: usize = 1_200_000;

/// The hospital reads what it wrote itself about five women of one name, and has taken the first.
async fn in_the_middle_of_an_answer() -> (City, Streaming<Received>) {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    for number in 0..FAMILIES {
        let identifier = format!("0001234{number}");
        let message = replaced(MOTHER, b"00012345", identifier.as_bytes());
        let message = replaced(&message, b"S261030-0102", format!("S261030-020{number}").as_bytes());
        city.hospital().sends(&message).await.accepted();
        let whom = person(sample::HOSPITAL, &identifier, "mother");
        let subjects = serde_json::json!([{"role": "MOTHER", "issuer": whom.issuer, "identifier": whom.identifier}]);
        let note = serde_json::json!({"topic": "育児", "note": "x".repeat(NOTE_BYTES)});
        let entry = serde_json::json!({"sourceKey": "note", "subjects": subjects, "consultation": note});
        let all = serde_json::json!({"format": "grpc", "messageId": identifier, "entries": [entry]});
        city.hospital().client.intake().submit(Draft::from_json(&all.to_string()).ok().unwrap()).await.unwrap();
    }
    let request = record_request("namiki", "P1", by_name("エノモト チナツ", "1996-05-14"), "");
    let mut stream = city.hospital().client.records().get(request).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some(), "the first");
    (city, stream)
}

/// How many more came, and how it ended.
async fn rest(mut stream: Streaming<Received>) -> (usize, Option<Status>) {
    let mut more = 0;
    loop {
        match stream.message().await {
            Ok(Some(_)) => more += 1,
            Ok(None) => return (more, None),
            Err(status) => return (more, Some(status)),
        }
    }
}

async fn suspend(city: &City, agency: &str) {
    let agency = AgencyId::new(agency).unwrap();
    city.running.hub.enrol(Enrolment::Suspend(agency), "operator").await.unwrap();
}

#[tokio::test]
async fn f09_a_stream_ends_before_its_next_message_as_when_the_hub_stops() {
    let (city, stream) = in_the_middle_of_an_answer().await;
    suspend(&city, sample::HOSPITAL).await;
    let (more, suspended) = rest(stream).await;
    assert!(more < FAMILIES - 1, "{more} came after it");
    let suspended = suspended.unwrap();
    assert_eq!(suspended.code(), Code::Unavailable, "{suspended}");

    let (city, stream) = in_the_middle_of_an_answer().await;
    let City { folder: _kept, running, .. } = city;
    let (stopped, (_, maintenance)) = tokio::join!(running.stop(), rest(stream));
    stopped.unwrap();
    let maintenance = maintenance.unwrap();
    assert_eq!((suspended.code(), suspended.message()), (maintenance.code(), maintenance.message()));
}

#[tokio::test]
async fn f09_who_is_suspended_is_answered_nothing_over_https_either() {
    let city = City::after_the_permitted_discharge().await;
    let everything = |agency: &str| {
        let (city, client) = (&city, city.agency(agency));
        let agency = agency.to_owned();
        async move {
            let fhir = city.asks_about(&agency, "namiki", "P1", "00012345").await;
            let xml = client.post("/v1/cases/query", "application/xml", QUERY.to_vec()).await.unwrap();
            let rows =
                client.post("/v1/documents?format=ph05", "text/csv", crate::city::VISITS.to_vec()).await.unwrap();
            [fhir, xml, rows]
        }
    };
    let before = everything(sample::HOSPITAL).await;
    suspend(&city, sample::HOSPITAL).await;
    for (before, after) in before.iter().zip(everything(sample::HOSPITAL).await) {
        assert_ne!(before.status, 403);
        assert_eq!(after.status, 403, "{}", String::from_utf8_lossy(&after.body));
        let said = String::from_utf8_lossy(&after.body);
        assert!(!said.contains("千夏") && !said.contains("receipt"), "{said}");
    }
}

//! Fetching: a reader that breaks off goes on behind what it has, and nobody reads on with the cursor of another.

use crate::agencies::whole;
use crate::city::{City, MOTHER};
use musubi::agency_client::AgencyClient;
use musubi::edge::grpc::client::ReceiveRequest;
use musubi::hub::deliver::DeliveryStage;
use musubi::sample_city as sample;
use musubi_core::agency::AgencyId;
use musubi_core::wire::agency_side::Delivered;
use tonic::Code;

/// A center for which two notices about one mother wait.
pub(crate) async fn two_notices() -> City {
    let city = City::at("2026-10-28T10:00:00+09:00").await;
    city.mother_permits().await;
    city.set("2026-10-30T11:05:40+09:00");
    let another = String::from_utf8(MOTHER.to_vec()).unwrap();
    let another = another.replace("S261030-0102", "S261030-0104").replace("I26-003871", "I26-003872");
    for message in [MOTHER, another.as_bytes()] {
        assert!(city.send(sample::HOSPITAL, message).await.contains("MSA|AA|"));
    }
    city
}

fn behind(cursor: &str) -> ReceiveRequest {
    ReceiveRequest { cursor: cursor.to_owned(), ..ReceiveRequest::default() }
}

async fn read(agency: &AgencyClient, cursor: &str) -> Vec<Delivered> {
    whole(agency.deliveries().receive(behind(cursor)).await.unwrap().into_inner()).await.unwrap()
}

#[tokio::test]
async fn a_reader_that_breaks_off_goes_on_behind_what_it_has() {
    let city = two_notices().await;
    let center = city.agency(sample::CENTER);
    let mut stream = center.deliveries().receive(behind("")).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap();
    drop(stream);
    let rest = read(&center, first.cursor()).await;
    assert_eq!(rest.len(), 1, "though it was handed out a moment ago");
    assert_ne!(rest[0].id(), first.id());
    assert!(read(&center, rest[0].cursor()).await.is_empty());
    assert!(read(&center, "").await.is_empty(), "who shows nothing waits for the pause");
    let rows = city.running.hub.store.deliveries_to(&AgencyId::new(sample::CENTER).unwrap(), 0, 99).await.unwrap();
    let fetched: Vec<_> = rows.iter().filter(|row| row.format.starts_with("receive:")).collect();
    assert!(fetched.len() == 2 && fetched.iter().all(|row| row.stage() == DeliveryStage::Sent && row.attempts == 1));
    city.clock.advance_minutes(1);
    let again: Vec<String> = read(&center, "").await.iter().map(|one| one.id().to_owned()).collect();
    assert_eq!(again, [first.id(), rest[0].id()], "everything that is not acknowledged, the oldest first");
}

#[tokio::test]
async fn a_cursor_is_taken_from_the_agency_that_it_was_given_to_and_from_nobody_else() {
    let city = two_notices().await;
    let first = read(&city.agency(sample::CENTER), "").await.remove(0);
    for (agency, cursor) in [(sample::HOSPITAL, first.cursor()), (sample::CENTER, "no cursor at all")] {
        let refused = city.agency(agency).deliveries().receive(behind(cursor)).await.err().unwrap();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let said = refused.message();
        assert!(said.starts_with("error M615 cursor ") && said.contains("カーソル"), "{said}");
        assert!(said.contains("Ask with an empty one"), "{said}");
    }
}

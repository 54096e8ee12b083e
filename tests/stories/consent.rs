//! Rows 4 and 15: what a mother permits, for how long, and what happens when she takes it back.

use crate::agencies::words;
use crate::city::{City, MOTHER};
use crate::steps::{chinatsu, minato, permit};
use musubi::edge::grpc::client::{ObjectRequest, RecordConsentRequest};
use musubi::sample_city as sample;
use musubi::store::{DeliveryRow, DeliveryState};
use musubi_core::agency::AgencyId;
use std::time::Duration;

const CORRECTION: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_a08_correction.hl7");
const TWO_WEEK: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_r01_two_week_check.hl7");

impl City {
    /// Waits until the last row for the center's folder is in this state.
    async fn the_last_row_for_the_folder_is(&self, state: DeliveryState) -> DeliveryRow {
        let center = AgencyId::new(sample::CENTER).unwrap();
        for _ in 0..400 {
            let rows = self.running.hub.store.deliveries_to(&center, 0, 100).await.unwrap();
            let last = rows.into_iter().rfind(|row| row.format.starts_with("folder:"));
            if let Some(last) = last.filter(|row| row.state == state) {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the last row for the folder did not become {state:?} in ten seconds");
    }

    /// 榎本's own discharge under her permit.
    async fn after_her_own_discharge() -> City {
        let city = City::at("2026-10-28T10:00:00+09:00").await;
        city.center().records(permit(chinatsu(), "self")).await;
        city.set("2026-10-30T11:05:40+09:00");
        city.hospital().sends(MOTHER).await.accepted();
        assert!(city.center().looks_up("P3", chinatsu(), "").await.kinds().contains(&"discharge_notice"));
        city
    }

    fn rows_in_the_folder(&self) -> usize {
        std::fs::read_dir(sample::center_folder(&self.config)).into_iter().flatten().count()
    }
}

#[tokio::test]
async fn a_permit_is_on_file_with_form_and_witness_and_names_what_it_opens() {
    let city = City::at("2026-10-28T10:00:00+09:00").await;
    let receipt = city.center().records(permit(chinatsu(), "self")).await;
    assert_eq!((receipt.status.as_str(), receipt.leaf.len()), ("active", 32));
    let endless = RecordConsentRequest { valid_until: String::new(), ..permit(chinatsu(), "self") };
    let refused = city.center().client.consents().record(endless).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument, "a permit has an end");
    let machine = RecordConsentRequest { staff_id: String::new(), ..permit(chinatsu(), "self") };
    let refused = city.center().client.consents().record(machine).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied, "a person records it");
}

#[tokio::test]
async fn a_withdrawal_stops_what_waits_on_both_channels_and_lists_what_went_before() {
    let city = City::after_the_permitted_discharge().await;
    city.the_last_row_for_the_folder_is(DeliveryState::Acknowledged).await;
    assert!(!city.center().receives().await.is_empty());
    let before = city.rows_in_the_folder();
    let folder = sample::center_folder(&city.config);
    std::fs::rename(&folder, folder.with_extension("maintenance")).unwrap();
    city.set("2026-11-20T10:00:00+09:00");
    city.hospital().sends(CORRECTION).await.accepted();
    let waiting = city.the_last_row_for_the_folder_is(DeliveryState::Waiting).await;

    city.set("2026-11-20T10:05:00+09:00");
    let mut listed = city.center().withdraws_for(chinatsu(), "self").await.released_before;
    listed.extend(city.center().withdraws_for(minato(), "parental_authority").await.released_before);
    assert!(listed.iter().any(|line| line.starts_with("OSC-482072, P3, 2026-10-30T11:05:40")), "{listed:?}");
    assert!(listed.iter().all(|line| line.starts_with(sample::CENTER)), "{listed:?}");

    std::fs::rename(folder.with_extension("maintenance"), &folder).unwrap();
    city.set("2026-11-20T10:06:00+09:00");
    assert!(city.center().receives().await.is_empty(), "not by fetching");
    city.clock.set(waiting.next_at.max(crate::city::at("2026-11-20T12:00:00+09:00")));
    city.running.hub.deliveries.notify_waiters();
    city.the_last_row_for_the_folder_is(DeliveryState::Suppressed).await;
    assert_eq!(city.rows_in_the_folder(), before, "not in the folder");
    let told = city.hospital().work("not_delivered").await;
    assert!(!told.is_empty(), "its author knows");
    assert!(told.iter().all(|item| !item.text_ja.contains("同意") && item.code == "NOT_DELIVERED"), "without a reason");
}

#[tokio::test]
async fn a_permit_until_a_date_opens_to_the_last_second_of_it_and_no_longer() {
    let city = City::at("2026-10-28T10:00:00+09:00").await;
    for (subject, relationship) in [(chinatsu(), "self"), (minato(), "parental_authority")] {
        let until = RecordConsentRequest { valid_until: "2026-11-30".to_owned(), ..permit(subject, relationship) };
        assert_eq!(city.center().records(until).await.status, "active");
    }
    city.set("2026-10-30T11:05:40+09:00");
    city.hospital().sends(MOTHER).await.accepted();
    city.set("2026-11-30T23:59:59+09:00");
    assert_eq!(city.center().looks_into_its_box().await.0.len(), 1);
    assert!(city.center().looks_up("P3", chinatsu(), "").await.kinds().contains(&"discharge_notice"));
    city.set("2026-12-01T00:00:00+09:00");
    assert!(city.center().looks_into_its_box().await.is_empty(), "it was not fetched in time");
    assert!(!city.center().looks_up("P3", chinatsu(), "").await.kinds().contains(&"discharge_notice"));
}

#[tokio::test]
async fn a_paper_that_nobody_witnessed_is_kept_and_opens_nothing() {
    let city = City::at("2026-10-28T10:00:00+09:00").await;
    for (subject, relationship) in [(chinatsu(), "self"), (minato(), "parental_authority")] {
        let paper = RecordConsentRequest { witness: String::new(), ..permit(subject, relationship) };
        assert_eq!(city.center().records(paper).await.status, "unverified");
    }
    city.set("2026-10-30T11:05:40+09:00");
    let answer = city.hospital().sends(MOTHER).await.accepted();
    assert!(answer.said().iter().any(|said| said.starts_with("W H108 ")), "its author is told: {:?}", answer.said());
    assert!(city.center().receives().await.is_empty());
    city.center().records(permit(chinatsu(), "self")).await;
    assert_eq!(city.center().receives().await.0.len(), 1, "once it is witnessed, what waited is delivered");
}

#[tokio::test]
async fn an_objection_closes_what_was_permitted_but_not_what_the_city_must_know() {
    let city = City::after_her_own_discharge().await;
    let objection = ObjectRequest {
        staff_id: "ooba".to_owned(),
        subject: Some(chinatsu()),
        relationship: "self".to_owned(),
        grantee_agency: sample::CENTER.to_owned(),
        categories: words(&["C05"]),
        ..ObjectRequest::default()
    };
    let objected = city.center().client.consents().object(objection).await.unwrap().into_inner();
    assert_eq!(objected.status, "active");
    let kinds = city.center().looks_up("P3", chinatsu(), "").await.kinds();
    assert!(!kinds.contains(&"discharge_notice"), "{kinds:?}");
    city.center().receives().await;
    city.set("2026-11-09T15:13:00+09:00");
    city.hospital().sends(TWO_WEEK).await.accepted();
    assert!(city.center().receives().await.text().contains("12"), "the check is a task of the city");
}

#[tokio::test]
async fn a_lifted_objection_gives_back_what_was_permitted() {
    let city = City::after_her_own_discharge().await;
    let objection = ObjectRequest {
        staff_id: "ooba".to_owned(),
        subject: Some(chinatsu()),
        relationship: "self".to_owned(),
        ..ObjectRequest::default()
    };
    let objected = city.center().client.consents().object(objection.clone()).await.unwrap().into_inner();
    assert!(!city.center().looks_up("P3", chinatsu(), "").await.kinds().contains(&"discharge_notice"));
    city.set("2026-10-30T12:00:00+09:00");
    let lifted = ObjectRequest { lifts: objected.fact_id, ..objection };
    let lifted = city.center().client.consents().object(lifted).await.unwrap().into_inner();
    assert_eq!(lifted.status, "active");
    assert!(city.center().looks_up("P3", chinatsu(), "").await.kinds().contains(&"discharge_notice"));
}

//! What ends without anybody saying no: its author takes an entry back, a case of the council closes or a member leaves, a
//! permit runs out. Those who had received it are told once, without a word of content, and nobody else (F10).

use crate::agencies::Agency;
use crate::city::{City, MOTHER};
use crate::steps::{COUNCIL_CASE, akari, chinatsu, permit, saya};
use musubi::edge::grpc::client::{EndGroundRequest, FactReceipt, LeaveCaseRequest, RecordConsentRequest};
use musubi::sample_city as sample;
use musubi_core::wire::agency_side::Draft;
use tonic::Status;

const TAKEN_BACK: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_a13_cancelled_discharge.hl7");

impl City {
    /// Who of all agencies is told that something is no longer shared.
    async fn told(&self) -> Vec<(String, usize)> {
        let all = [
            self.center(),
            self.hospital(),
            self.clinic(),
            self.provider(),
            self.guidance_center(),
            self.health_center(),
            self.prefectural_health_center(),
        ];
        let mut told = Vec::new();
        for agency in all {
            let count = agency.no_longer_shared().await.len();
            if count > 0 {
                told.push((agency.id, count));
            }
        }
        told
    }

    /// Row 11 and on: the center has put the case of 髙柳 on file, and the clinic, a member, has read it.
    async fn with_a_case_that_was_read() -> (City, String) {
        let city = City::after_the_visits().await;
        city.set("2026-11-17T10:00:00+09:00");
        let case = city.center().opens_a_council_case(vec![akari(), saya()], &["C01", "C10", "C13"]).await;
        assert!(!city.clinic().looks_up("P6", akari(), COUNCIL_CASE).await.is_empty());
        (city, case.fact_id)
    }
}

impl Agency {
    async fn leaves(&self, number: &str, last_day: &str) -> Result<FactReceipt, Status> {
        let (number, last_day) = (number.to_owned(), last_day.to_owned());
        let request = LeaveCaseRequest { staff_id: self.staff.to_owned(), number, last_day };
        Ok(self.client.grounds().leave_case(request).await?.into_inner())
    }

    /// A screening under a key, and the same taken back.
    async fn submits(&self, message: &str, body: serde_json::Value) {
        let whom = serde_json::json!([{"role": "MOTHER", "issuer": sample::HOSPITAL, "identifier": "00012345"}]);
        let mut entry = serde_json::json!({"sourceKey": "epds-7", "subjects": whom});
        entry.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let all = serde_json::json!({"format": "grpc", "messageId": message, "entries": [entry]});
        let draft = Draft::from_json(&all.to_string()).ok().unwrap();
        self.client.intake().submit(draft).await.unwrap();
    }
}

#[tokio::test]
async fn who_received_what_its_author_takes_back_is_told_once_and_nobody_else() {
    let city = City::after_the_discharge().await;
    let categories = crate::agencies::words(&["C08"]);
    city.center().records(RecordConsentRequest { categories, ..permit(chinatsu(), "self") }).await;
    city.hospital().submits("epds-7", serde_json::json!({"screening": {"instrument": "epds", "total": 4}})).await;
    assert!(city.center().looks_up("P3", chinatsu(), "").await.kinds().contains(&"screening"));
    assert!(city.told().await.is_empty());
    city.set("2026-11-02T10:00:00+09:00");
    let withdrawal = serde_json::json!({"withdrawal": {"bodyKind": "screening"}});
    city.hospital().submits("epds-7-back", withdrawal).await;
    assert!(!city.center().looks_up("P3", chinatsu(), "").await.kinds().contains(&"screening"));
    assert_eq!(city.told().await, [(sample::CENTER.to_owned(), 1)]);
    let item = city.center().no_longer_shared().await.remove(0);
    assert!(item.about.is_empty() && !item.text_ja.contains("EPDS"), "without a word of content: {item:?}");
}

#[tokio::test]
async fn a_discharge_that_is_cancelled_is_told_of_as_well() {
    let city = City::after_the_permitted_discharge().await;
    assert!(city.center().sees(chinatsu(), "dischargeNotice").await);
    city.set("2026-10-31T10:00:00+09:00");
    city.hospital().sends(TAKEN_BACK).await.accepted();
    assert!(!city.center().sees(chinatsu(), "dischargeNotice").await);
    assert_eq!(city.told().await, [(sample::CENTER.to_owned(), 1)]);
}

#[tokio::test]
async fn a_member_that_leaves_the_council_is_told_and_sees_the_case_no_more() {
    let (city, _) = City::with_a_case_that_was_read().await;
    city.set("2026-12-01T10:00:00+09:00");
    let left = [sample::CENTER, sample::GUIDANCE_CENTER];
    city.center().lists_a_council_case(vec![akari(), saya()], &["C01", "C10", "C13"], &left).await;
    assert!(city.clinic().looks_up("P6", akari(), COUNCIL_CASE).await.is_empty());
    assert!(!city.guidance_center().looks_up("P6", akari(), COUNCIL_CASE).await.is_empty(), "who stays still sees it");
    let told: Vec<String> = city.told().await.into_iter().map(|(agency, _)| agency).collect();
    assert_eq!(told, [sample::CLINIC], "the guidance center had read nothing, and reads on");
}

#[tokio::test]
async fn a_member_that_leaves_by_itself_sees_the_case_until_its_last_day() {
    let (city, _) = City::with_a_case_that_was_read().await;
    city.set("2026-12-01T10:00:00+09:00");
    city.running.hub.look_after_ended().await.unwrap();
    for (agency, number) in [(city.hospital(), COUNCIL_CASE), (city.clinic(), "要対協8-999")] {
        let agency = Agency { staff: if agency.id == sample::HOSPITAL { "namiki" } else { "kaida" }, ..agency };
        let refused = agency.leaves(number, "").await.unwrap_err();
        assert!(refused.message().contains("M502"), "{}: no member and no case are one: {refused}", agency.id);
    }
    let coordinator = Agency { staff: "fukatsu", ..city.center() };
    assert!(coordinator.leaves(COUNCIL_CASE, "").await.unwrap_err().message().contains("M508"));
    city.clinic().leaves(COUNCIL_CASE, "2026-12-10").await.unwrap();
    let told = city.center().work("council").await;
    assert_eq!(told.iter().map(|item| item.code.as_str()).collect::<Vec<_>>(), ["MEMBER_LEAVES"]);
    city.set("2026-12-10T23:59:00+09:00");
    assert!(!city.clinic().looks_up("P6", akari(), COUNCIL_CASE).await.is_empty(), "its last day");
    assert!(city.told().await.is_empty());
    city.set("2026-12-11T00:00:00+09:00");
    assert!(city.clinic().looks_up("P6", akari(), COUNCIL_CASE).await.is_empty());
    assert!(!city.guidance_center().looks_up("P6", akari(), COUNCIL_CASE).await.is_empty(), "who stays still sees it");
    city.running.hub.look_after_ended().await.unwrap();
    let told: Vec<String> = city.told().await.into_iter().map(|(agency, _)| agency).collect();
    assert_eq!(told, [sample::CLINIC]);
}

#[tokio::test]
async fn a_member_may_leave_at_once() {
    let (city, _) = City::with_a_case_that_was_read().await;
    city.set("2026-12-01T10:00:00+09:00");
    city.clinic().leaves(COUNCIL_CASE, "").await.unwrap();
    assert!(city.clinic().looks_up("P6", akari(), COUNCIL_CASE).await.is_empty());
    assert_eq!(city.told().await, [(sample::CLINIC.to_owned(), 2)], "of both persons of the case");
    assert!(city.clinic().leaves(COUNCIL_CASE, "").await.unwrap_err().message().contains("M502"), "once");
}

#[tokio::test]
async fn a_case_that_is_closed_ends_for_every_member() {
    let (city, fact_id) = City::with_a_case_that_was_read().await;
    assert!(!city.guidance_center().looks_up("P6", akari(), COUNCIL_CASE).await.is_empty());
    city.set("2026-12-01T10:00:00+09:00");
    let end = EndGroundRequest { staff_id: "fukatsu".to_owned(), fact_id };
    city.center().client.grounds().end(end).await.unwrap();
    for agency in [city.clinic(), city.guidance_center()] {
        assert!(agency.looks_up("P6", akari(), COUNCIL_CASE).await.is_empty(), "{}", agency.id);
    }
    let mut told: Vec<String> = city.told().await.into_iter().map(|(agency, _)| agency).collect();
    told.sort_unstable();
    assert_eq!(told, [sample::GUIDANCE_CENTER, sample::CLINIC]);
}

#[tokio::test]
async fn who_received_under_a_permit_that_ran_out_is_told_the_next_night() {
    let city = City::at("2026-10-28T10:00:00+09:00").await;
    let until = RecordConsentRequest { valid_until: "2026-11-30".to_owned(), ..permit(chinatsu(), "self") };
    city.center().records(until).await;
    city.set("2026-10-30T11:05:40+09:00");
    city.hospital().sends(MOTHER).await.accepted();
    assert!(city.center().sees_the_discharge().await);
    let night = || async { city.running.hub.look_after_ended().await.unwrap() };
    night().await;
    city.set("2026-11-30T23:00:00+09:00");
    night().await;
    assert!(city.told().await.is_empty(), "it still holds");
    city.set("2026-12-01T00:01:00+09:00");
    for _ in 0..2 {
        night().await;
    }
    assert_eq!(city.told().await, [(sample::CENTER.to_owned(), 1)]);
}

#[tokio::test]
async fn a_permit_that_was_renewed_in_time_ends_for_nobody() {
    let city = City::at("2026-10-28T10:00:00+09:00").await;
    for until in ["2026-11-30", "2027-10-25"] {
        let until = RecordConsentRequest { valid_until: until.to_owned(), ..permit(chinatsu(), "self") };
        city.center().records(until).await;
    }
    city.set("2026-10-30T11:05:40+09:00");
    city.hospital().sends(MOTHER).await.accepted();
    assert!(city.center().sees_the_discharge().await);
    city.running.hub.look_after_ended().await.unwrap();
    city.set("2026-12-01T00:01:00+09:00");
    city.running.hub.look_after_ended().await.unwrap();
    assert!(city.told().await.is_empty());
}

#[tokio::test]
async fn the_author_of_what_arrives_while_the_glass_is_broken_is_told_once() {
    let city = City::on_the_night().await;
    city.guidance_center().breaks_the_glass(saya()).await;
    let notices = || async { city.clinic().work("emergency_notice").await.len() };
    assert_eq!(notices().await, 0, "it had written nothing");
    city.set("2026-11-15T00:10:00+09:00");
    city.clinic().sends_about_saya("night-1").await;
    assert_eq!(notices().await, 1);
    city.clinic().sends_about_saya("night-2").await;
    assert_eq!(notices().await, 1, "once for each break-glass");
    city.set("2026-11-15T04:00:00+09:00");
    city.clinic().sends_about_saya("morning").await;
    assert_eq!(notices().await, 1, "after four hours nothing is open");
}

impl Agency {
    /// A check of 髙柳, whom the city's identifier names.
    async fn sends_about_saya(&self, message: &str) {
        let whom = serde_json::json!([{"role": "MOTHER", "issuer": sample::CITY, "identifier": "K0100102"}]);
        let check = serde_json::json!({"instrument": "epds", "total": 3});
        let entry = serde_json::json!({"sourceKey": message, "subjects": whom, "screening": check});
        let all = serde_json::json!({"format": "grpc", "messageId": message, "entries": [entry]});
        let draft = Draft::from_json(&all.to_string()).ok().unwrap();
        self.client.intake().submit(draft).await.unwrap();
    }
}

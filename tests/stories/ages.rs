//! What age and death change (`consent.md` section 3.2: E10, E11, E14): whose word counts, from which instant on.

use crate::agencies::{Agency, person, words};
use crate::city::City;
use crate::grantors::{father, signed};
use crate::steps::{chinatsu, minato, permit};
use musubi::edge::grpc::client::{ObjectRequest, PersonRef, RecordConsentRequest};
use musubi::sample_city as sample;
use musubi_core::wire::agency_side::Draft;

/// A child whom the hospital checked.
fn child() -> PersonRef {
    person(sample::HOSPITAL, "00077001", "child")
}

impl Agency {
    async fn submits_entries(&self, message: &str, entries: serde_json::Value) {
        let all = serde_json::json!({"format": "grpc", "messageId": message, "entries": entries});
        let draft = Draft::from_json(&all.to_string()).ok().unwrap();
        self.client.intake().submit(draft).await.unwrap();
    }
}

impl City {
    /// The hospital has checked a child of this birth date, and a parent permits the clinic to see it.
    async fn with_a_child_born(year: i32, month: i32, day: i32) -> City {
        let city = City::at("2026-10-30T11:05:40+09:00").await;
        let whom = serde_json::json!([{"role": "CHILD", "issuer": sample::HOSPITAL, "identifier": "00077001"}]);
        let details = serde_json::json!({
            "birthDate": {"year": year, "month": month, "day": day},
            "addresses": [{"use": "home", "municipality": sample::CITY}],
        });
        let check = serde_json::json!({"kind": "other", "judgement": "normal"});
        let entries = serde_json::json!([
            {"sourceKey": "details", "subjects": whom, "personDetails": details},
            {"sourceKey": "check", "subjects": whom, "infantCheck": check},
        ]);
        city.hospital().submits_entries("check", entries).await;
        let permit = RecordConsentRequest {
            grantee_agency: sample::CLINIC.to_owned(),
            categories: words(&["C01", "C09"]),
            purposes: words(&["P1"]),
            ..signed(child(), "parental_authority", father())
        };
        assert_eq!(city.center().records(permit).await.status, "active");
        city
    }

    async fn child_objects(&self) {
        let objection = ObjectRequest {
            staff_id: "ooba".to_owned(),
            subject: Some(child()),
            grantor: Some(child()),
            relationship: "self".to_owned(),
            categories: words(&["C09"]),
            ..ObjectRequest::default()
        };
        self.center().client.consents().object(objection).await.unwrap();
    }

    async fn clinic_sees_the_check(&self) -> bool {
        self.clinic().looks_up("P1", child(), "").await.kinds().contains(&"infant_check")
    }
}

#[tokio::test]
async fn e10_a_child_of_fourteen_is_heard_by_a_person_and_one_of_seventeen_decides() {
    let city = City::with_a_child_born(2012, 5, 14).await;
    assert!(city.clinic_sees_the_check().await, "a parent permits for a child of fourteen");
    city.child_objects().await;
    assert!(!city.clinic_sees_the_check().await);
    assert_eq!(city.center().work_of("fukatsu", "weigh_conflict").await.len(), 1, "neither followed nor ignored");
    let city = City::with_a_child_born(2009, 5, 14).await;
    city.child_objects().await;
    assert!(!city.clinic_sees_the_check().await);
    let items = city.center().work_of("fukatsu", "weigh_conflict").await;
    assert!(items.iter().all(|item| !item.text_ja.contains("C09")), "her own word decides: {items:?}");
}

#[tokio::test]
async fn e11_what_a_parent_permitted_ends_at_midnight_of_the_eighteenth_birthday() {
    let city = City::with_a_child_born(2008, 12, 1).await;
    assert!(!city.clinic_sees_the_check().await);
    let item = city.center().work_of("fukatsu", "weigh_conflict").await.remove(0);
    city.center().weighs("fukatsu", &item, "permit", "2027-03-31").await.unwrap();
    city.set("2026-11-30T23:59:59+09:00");
    assert!(city.clinic_sees_the_check().await, "an officer let the parent's word count");
    city.set("2026-12-01T00:00:00+09:00");
    assert!(!city.clinic_sees_the_check().await);
    assert!(city.center().work_of("fukatsu", "weigh_conflict").await.is_empty(), "there is nothing left to weigh");
}

#[tokio::test]
async fn e14_permits_end_with_the_subjects_life_objections_stay_and_the_childs_record_is_untouched() {
    let city = City::with_a_newborn().await;
    city.center().records(permit(chinatsu(), "self")).await;
    city.center().records(signed(minato(), "parental_authority", chinatsu())).await;
    assert!(city.center().sees(chinatsu(), "dischargeNotice").await && city.center().sees(minato(), "newborn").await);
    city.set("2026-11-20T10:00:00+09:00");
    let whom = serde_json::json!([{"role": "MOTHER", "issuer": sample::HOSPITAL, "identifier": "00012345"}]);
    let death = serde_json::json!([{"sourceKey": "death", "subjects": whom, "personDetails": {"deceased": true}}]);
    city.hospital().submits_entries("death", death).await;
    assert!(!city.center().sees(chinatsu(), "dischargeNotice").await, "her permit ended");
    assert!(city.center().sees(minato(), "newborn").await, "her child's record is as before");
    assert!(
        city.center().looks_up("P3", chinatsu(), "").await.kinds().contains(&"person_details"),
        "the city's task is not consent"
    );
    let again = city.center().records(permit(chinatsu(), "self")).await;
    assert!(!city.center().sees(chinatsu(), "dischargeNotice").await, "and none begins: {again:?}");
}

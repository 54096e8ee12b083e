//! Who asks to see what is held about somebody else (E05, E14; APPI 76 and 78): answered, or decided by an officer; and until
//! then, and where it is refused, like a person about whom nothing is held.

use crate::agencies::{by_name, person};
use crate::city::City;
use crate::grantors::father;
use crate::steps::{chinatsu, minato, permit};
use crate::weighing::REASON;
use musubi::edge::grpc::client::{PersonRef, StatementRequest, StatementRow, WorkItem};
use musubi::sample_city as sample;

impl City {
    async fn asked_by(&self, subject: PersonRef, requester: PersonRef, relationship: &str) -> Vec<StatementRow> {
        let request = StatementRequest {
            staff_id: "isobe".to_owned(),
            subject: Some(subject),
            requester: Some(requester),
            relationship: relationship.to_owned(),
        };
        self.center().client.audit().statement(request).await.unwrap().into_inner().rows
    }

    async fn reviews(&self, staff: &str) -> Vec<WorkItem> {
        self.center().work_of(staff, "access_review").await
    }

    /// A mother of sixteen about whom the center has read what she permits.
    async fn with_a_mother_of_sixteen() -> City {
        let city = City::with_a_mother_born(b"2010").await;
        city.center().records(permit(chinatsu(), "self")).await;
        assert!(!city.center().looks_up("P3", chinatsu(), "").await.is_empty());
        city
    }
}

#[tokio::test]
async fn e05_a_father_who_asks_about_a_mother_of_sixteen_is_answered_as_for_nobody_until_an_officer_decides() {
    let city = City::with_a_mother_of_sixteen().await;
    let nobody = by_name("汐野 某", "1990-08-03");
    assert_eq!(city.asked_by(nobody, father(), "parental_authority").await, Vec::new());
    assert!(city.reviews("isobe").await.is_empty(), "nobody is held about whom nothing is held");
    for _ in 0..2 {
        assert_eq!(city.asked_by(chinatsu(), father(), "parental_authority").await, Vec::new());
    }
    let items = city.reviews("isobe").await;
    assert_eq!(items.len(), 1, "decided once: {items:?}");
    assert!(items[0].due_at.starts_with("2026-11-29"), "within thirty days: {}", items[0].due_at);
    for staff in ["ooba", "fukatsu", ""] {
        assert!(city.reviews(staff).await.is_empty(), "{staff}");
    }
    let short = city.center().answers("isobe", &items[0], "disclose", "可").await.unwrap_err();
    assert!(short.message().contains("M638"), "{short}");
    city.center().answers("isobe", &items[0], "disclose", REASON).await.unwrap();
    assert!(!city.asked_by(chinatsu(), father(), "parental_authority").await.is_empty());
    assert_eq!(city.asked_by(chinatsu(), father(), "other").await, Vec::new(), "in that capacity alone");
}

#[tokio::test]
async fn what_an_officer_refuses_is_answered_as_for_nobody_and_not_asked_again() {
    let city = City::with_a_mother_of_sixteen().await;
    let somebody = person(sample::CITY, "K0900999", "other");
    assert_eq!(city.asked_by(chinatsu(), somebody.clone(), "other").await, Vec::new());
    let item = city.reviews("isobe").await.remove(0);
    city.center().answers("isobe", &item, "refuse", REASON).await.unwrap();
    assert_eq!(city.asked_by(chinatsu(), somebody, "other").await, Vec::new());
    assert!(city.reviews("isobe").await.is_empty());
}

#[tokio::test]
async fn a_parent_is_answered_about_a_small_child_unless_something_stands_against_it() {
    let city = City::with_a_newborn().await;
    city.center().looks_up("P3", minato(), "").await;
    city.center().records(crate::grantors::signed(minato(), "parental_authority", chinatsu())).await;
    assert!(city.center().sees(minato(), "newborn").await);
    assert!(!city.asked_by(minato(), chinatsu(), "parental_authority").await.is_empty());
    assert!(city.reviews("isobe").await.is_empty());
    city.center().records_custody("ordinary", vec![father()]).await;
    assert_eq!(city.asked_by(minato(), chinatsu(), "parental_authority").await, Vec::new(), "somebody is in conflict");
    assert_eq!(city.reviews("isobe").await.len(), 1);
}

#[tokio::test]
async fn where_nobody_is_named_the_subject_asks_and_a_child_cannot() {
    let city = City::with_a_newborn().await;
    city.center().records(permit(chinatsu(), "self")).await;
    city.center().records(crate::grantors::signed(minato(), "parental_authority", chinatsu())).await;
    assert!(city.center().sees(minato(), "newborn").await && city.center().sees(chinatsu(), "dischargeNotice").await);
    assert!(!city.statement("isobe", chinatsu()).await.is_empty(), "a woman of thirty asks for herself");
    assert!(city.reviews("isobe").await.is_empty());
    assert_eq!(city.statement("isobe", minato()).await, Vec::new());
    let items = city.reviews("isobe").await;
    assert!(items.len() == 1 && items[0].about.ends_with(" self"), "{items:?}");
    assert!(!city.statement("hayakawa", minato()).await.is_empty(), "the auditor asks for nobody");
    city.center().answers("isobe", &items[0], "disclose", REASON).await.unwrap();
    assert!(!city.statement("isobe", minato()).await.is_empty());
}

#[tokio::test]
async fn a_request_that_nobody_decides_is_put_before_the_officers_again() {
    let city = City::with_a_mother_of_sixteen().await;
    city.asked_by(chinatsu(), father(), "parental_authority").await;
    city.set("2026-11-30T12:00:00+09:00");
    city.running.hub.look_after_overdue().await.unwrap();
    let codes: Vec<String> = city.reviews("isobe").await.into_iter().map(|item| item.code).collect();
    assert!(codes.contains(&"ACCESS_OVERDUE".to_owned()), "{codes:?}");
    assert!(city.center().work_of("ooba", "").await.iter().all(|item| item.code != "ACCESS_OVERDUE"));
}

//! Who can consent and object, through the door (`consent.md` section 3.2): recorded, and effective or not.

use crate::agencies::{Agency, person, replaced, words};
use crate::city::{City, MOTHER, NEWBORN};
use crate::steps::{chinatsu, minato, permit};
use musubi::edge::grpc::client::{ObjectRequest, PersonRef, RecordConsentRequest, RecordCustodyRequest};
use musubi::sample_city as sample;

/// The child's father, as the city knows him.
pub(crate) fn father() -> PersonRef {
    person(sample::CITY, "K0200101", "guardian")
}

/// Somebody's record of everything that 榎本's form names.
pub(crate) fn signed(subject: PersonRef, relationship: &str, grantor: PersonRef) -> RecordConsentRequest {
    RecordConsentRequest { grantor: Some(grantor), ..permit(subject, relationship) }
}

impl Agency {
    /// Does it see a body of this kind about this very person?
    pub(crate) async fn sees(&self, whom: PersonRef, body: &str) -> bool {
        let seen = self.looks_up("P3", whom.clone(), "").await;
        let records = seen.0.iter().map(|record| serde_json::from_str::<serde_json::Value>(&record.to_json()).unwrap());
        let mut entries = records.flat_map(|record| record["entries"].as_array().cloned().unwrap_or_default());
        entries.any(|entry| entry[body].is_object() && entry["subjects"][0]["identifier"] == whom.identifier.as_str())
    }

    pub(crate) async fn hears_an_objection(&self, subject: PersonRef, relationship: &str, grantor: PersonRef) {
        let objection = ObjectRequest {
            staff_id: self.staff.to_owned(),
            subject: Some(subject),
            grantor: Some(grantor),
            relationship: relationship.to_owned(),
            categories: words(&["C06"]),
            ..ObjectRequest::default()
        };
        self.client.consents().object(objection).await.unwrap();
    }

    pub(crate) async fn records_custody(&self, custody: &str, conflicts: Vec<PersonRef>) {
        let request = RecordCustodyRequest {
            staff_id: self.staff.to_owned(),
            subject: Some(minato()),
            custody: custody.to_owned(),
            conflicts,
        };
        self.client.consents().record_custody(request).await.unwrap();
    }
}

impl City {
    /// The hospital has told about a mother of this year of birth.
    pub(crate) async fn with_a_mother_born(year: &[u8]) -> City {
        let city = City::at("2026-10-30T11:05:40+09:00").await;
        city.hospital().sends(&replaced(MOTHER, b"19960514", &[year, b"0514"].concat())).await.accepted();
        city
    }

    /// The hospital has told about mother and child, and nobody has signed.
    pub(crate) async fn with_a_newborn() -> City {
        let city = City::at("2026-10-30T11:05:40+09:00").await;
        for message in [NEWBORN, MOTHER] {
            city.hospital().sends(message).await.accepted();
        }
        city
    }
}

#[tokio::test]
async fn e01_an_adult_consents_for_herself_and_e02_her_mother_cannot() {
    let city = City::with_a_mother_born(b"1996").await;
    let grandmother = person(sample::CITY, "K0900101", "other");
    let receipt = city.center().records(signed(chinatsu(), "other", grandmother)).await;
    assert_eq!(receipt.status, "active", "it is on file");
    assert!(!city.center().sees(chinatsu(), "dischargeNotice").await, "and opens nothing");
    city.center().records(signed(chinatsu(), "self", chinatsu())).await;
    assert!(city.center().sees(chinatsu(), "dischargeNotice").await);
}

#[tokio::test]
async fn e03_e04_a_mother_of_sixteen_signs_for_her_own_pregnancy_and_her_father_cannot() {
    let city = City::with_a_mother_born(b"2010").await;
    city.center().records(signed(chinatsu(), "parental_authority", father())).await;
    assert!(!city.center().sees(chinatsu(), "dischargeNotice").await);
    city.center().records(signed(chinatsu(), "self", chinatsu())).await;
    assert!(city.center().sees(chinatsu(), "dischargeNotice").await);
}

#[tokio::test]
async fn e06_a_parents_permit_for_the_newborn_opens_the_newborn_alone() {
    let city = City::with_a_newborn().await;
    city.center().records(signed(minato(), "parental_authority", chinatsu())).await;
    assert!(city.center().sees(minato(), "newborn").await);
    assert!(!city.center().sees(chinatsu(), "dischargeNotice").await);
}

#[tokio::test]
async fn e07_e08_an_objection_of_the_other_parent_wins_and_that_of_an_alleged_abuser_waits_for_a_person() {
    let city = City::with_a_newborn().await;
    city.center().records(signed(minato(), "parental_authority", chinatsu())).await;
    city.center().hears_an_objection(minato(), "parental_authority", father()).await;
    assert!(!city.center().sees(minato(), "newborn").await);
    let rule = || async {
        let parts = city.hospital().what_if_the_newborn().await;
        let of_child = parts.into_iter().filter_map(|part| part.now).find(|now| now.category == "C06");
        let now = of_child.unwrap();
        (now.outcome, now.rule)
    };
    assert_eq!(rule().await, ("DENY".to_owned(), "T7.objection".to_owned()));
    city.center().records_custody("ordinary", vec![father()]).await;
    assert_eq!(rule().await, ("HOLD".to_owned(), "T7.conflict".to_owned()), "neither followed nor ignored");
    assert!(!city.center().sees(minato(), "newborn").await);
}

#[tokio::test]
async fn e09_one_of_two_parents_with_joint_custody_suffices() {
    let city = City::with_a_newborn().await;
    city.center().records_custody("joint", Vec::new()).await;
    city.center().records(signed(minato(), "parental_authority", chinatsu())).await;
    assert!(city.center().sees(minato(), "newborn").await);
}

#[tokio::test]
async fn e12_under_protective_custody_the_parents_permit_is_suspended_and_the_institutions_counts() {
    let city = City::with_a_newborn().await;
    city.center().records(signed(minato(), "parental_authority", chinatsu())).await;
    assert!(city.center().sees(minato(), "newborn").await);
    city.center().records_custody("protective", Vec::new()).await;
    assert!(!city.center().sees(minato(), "newborn").await);
    let head = person(sample::CITY, "K0900777", "guardian");
    city.center().records(signed(minato(), "institution_head", head)).await;
    assert!(city.center().sees(minato(), "newborn").await);
    city.center().records_custody("ordinary", Vec::new()).await;
    assert!(city.center().sees(minato(), "newborn").await, "the parent's permit counts again");
}

#[tokio::test]
async fn e13_the_mothers_permit_opens_her_delivery_and_not_her_child() {
    let city = City::with_a_newborn().await;
    city.center().records(signed(chinatsu(), "self", chinatsu())).await;
    assert!(city.center().sees(chinatsu(), "dischargeNotice").await);
    assert!(!city.center().sees(minato(), "newborn").await);
}

#[tokio::test]
async fn custody_is_recorded_by_the_center_alone() {
    let city = City::with_a_newborn().await;
    for (agency, staff) in [(city.hospital(), "namiki"), (city.center(), ""), (city.guidance_center(), "w-0412")] {
        let request = RecordCustodyRequest {
            staff_id: staff.to_owned(),
            subject: Some(minato()),
            custody: "protective".to_owned(),
            conflicts: Vec::new(),
        };
        let refused = agency.client.consents().record_custody(request).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::PermissionDenied, "{} {staff}", agency.id);
    }
}

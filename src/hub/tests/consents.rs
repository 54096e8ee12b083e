//! Who may say what a person said, and whom a center may act for.

use super::*;
use crate::hub::{Refusal, RefusalKind};
use musubi_core::consent::records::Status;

fn code(refusal: &Refusal) -> String {
    refusal.diagnostics.first().map(|said| said.code.to_string()).unwrap_or_default()
}

fn mother() -> Named {
    named("MED-4810700122", "00012345")
}

fn said(city: &City, kind: ConsentKind, subject: Named, grantee: Grantee) -> ConsentTerms {
    let permit = kind == ConsentKind::Permit;
    ConsentTerms {
        kind,
        subject,
        grantor: None,
        relationship: Relationship::Subject,
        authority: String::new(),
        grantee,
        categories: Scope::Named(categories(&[Category::C01, Category::C05])),
        purposes: vec![Purpose::P1, Purpose::P3],
        valid_from: city.hub.now(),
        valid_until: permit.then(|| at("2027-10-26T00:00:00+09:00")),
        evidence: Proof { form: "SK-1".to_owned(), form_version: "2026-04".to_owned(), ..Proof::spoken() },
        explanation_given: String::new(),
        lifts: None,
    }
}

impl City {
    pub(super) async fn neighbour(&self) -> Caller {
        let mut neighbour = agency("OSC-482081", AgencyKind::Osc, "", &[("kita", Role::Phn), ("aud", Role::Auditor)]);
        neighbour.municipality = Municipality::new("482081").unwrap();
        self.hub.register.put(&self.hub.store, neighbour, Change::default()).await.unwrap();
        self.caller("OSC-482081", "kita")
    }

    async fn delivered_of(&self, message: &[u8]) {
        self.set("2026-10-30T11:05:00+09:00");
        self.submit("MED-4810700122", "hl7v2", message).await;
    }

    async fn items(&self, agency: &str, staff: &str, kind: &str) -> usize {
        self.hub.work_items(&self.caller(agency, staff), Some(true), kind).await.unwrap().len()
    }
}

#[tokio::test]
async fn a_permit_that_an_agency_records_in_its_own_favour_waits_for_the_center() {
    let city = City::new().await;
    city.delivered_of(MOTHER).await;
    let clinic = city.caller("MED-4810700452", "m-2");
    for grantee in [Grantee::Agency(clinic.id().clone()), Grantee::Kind(AgencyKind::Med)] {
        let terms = said(&city, ConsentKind::Permit, mother(), grantee);
        let recorded = city.hub.record_consent(&clinic, terms).await.unwrap();
        assert_eq!(recorded.status, Status::Unverified);
    }
    assert_eq!(city.items("OSC-482072", "ooba", "consent_check").await, 2);
    assert!(city.hub.get(&clinic, Purpose::P1, &mother(), "").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_permit_counts_from_the_center_and_from_an_author_for_somebody_else() {
    let city = City::new().await;
    city.delivered_of(MOTHER).await;
    let center = Grantee::Agency(AgencyId::new("OSC-482072").unwrap());
    let hospital = city.caller("MED-4810700122", "m-1");
    let recorded = city.hub.record_consent(&hospital, said(&city, ConsentKind::Permit, mother(), center.clone()));
    assert_eq!(recorded.await.unwrap().status, Status::Active);
    let officer = city.caller("OSC-482072", "ooba");
    let recorded = city.hub.record_consent(&officer, said(&city, ConsentKind::Permit, mother(), center.clone()));
    assert_eq!(recorded.await.unwrap().status, Status::Active);
    let neighbour = city.neighbour().await;
    let recorded = city.hub.record_consent(&neighbour, said(&city, ConsentKind::Permit, mother(), center));
    assert_eq!(recorded.await.unwrap().status, Status::Unverified);
}

#[tokio::test]
async fn a_withdrawal_from_an_agency_that_knows_nothing_of_her_ends_nothing_and_tells_nothing() {
    let city = City::new().await;
    city.set("2026-10-28T10:00:00+09:00");
    city.permit("MED-4810700122", "00012345", Relationship::Subject).await;
    city.delivered_of(MOTHER).await;
    assert_eq!(city.received().await.len(), 1);
    let clinic = city.caller("MED-4810700452", "m-2");
    let done = city.hub.withdraw(&clinic, &mother(), Relationship::Subject).await.unwrap();
    assert_eq!(done.recorded.status, Status::Unverified);
    assert!(done.released_before.is_empty());
    assert_eq!(city.items("OSC-482072", "ooba", "consent_check").await, 1);
    let hospital = city.caller("MED-4810700122", "m-1");
    let done = city.hub.withdraw(&hospital, &mother(), Relationship::Subject).await.unwrap();
    assert_eq!(done.recorded.status, Status::Active);
    assert!(done.released_before.is_empty(), "only the center is told");
}

#[tokio::test]
async fn an_objection_that_was_said_can_be_lifted_by_saying_so() {
    let city = City::new().await;
    city.delivered_of(MOTHER).await;
    let officer = city.caller("OSC-482072", "ooba");
    let objection = said(&city, ConsentKind::Objection, mother(), Grantee::Everyone);
    let objection = city.hub.record_consent(&officer, objection).await.unwrap();
    city.set("2026-10-31T09:00:00+09:00");
    let mut lifting = said(&city, ConsentKind::ObjectionLifted, mother(), Grantee::Everyone);
    lifting.lifts = Some(objection.fact);
    let lifted = city.hub.record_consent(&officer, lifting.clone()).await.unwrap();
    assert_eq!(lifted.status, Status::Active);
    lifting.lifts = Some(lifted.fact);
    assert_eq!(code(&city.hub.record_consent(&officer, lifting).await.err().unwrap()), "M403");
}

#[tokio::test]
async fn a_center_neither_shields_nor_seals_nor_joins_persons_of_another_city() {
    let city = City::new().await;
    city.delivered_of(MOTHER).await;
    city.delivered_of(NEWBORN).await;
    let neighbour = city.neighbour().await;
    let period = (city.hub.now(), at("2027-10-26T00:00:00+09:00"));
    let hospital = vec![AgencyId::new("MED-4810700122").unwrap()];
    let shield = city.hub.shield(&neighbour, &mother(), period, Vec::new(), hospital).await.err().unwrap();
    let seal = city.hub.seal_record(&neighbour, &mother(), Vec::new()).await.err().unwrap();
    let child = named("MED-4810700122", "00067890");
    let join = city.hub.join(&neighbour, &mother(), &child, "x").await.err().unwrap();
    let unknown = Named { person: Some(musubi_core::id::PersonId(uuid::Uuid::from_u128(7))), ..Named::default() };
    let nobody = city.hub.join(&neighbour, &unknown, &child, "x").await.err().unwrap();
    let terms = GroundTerms { persons: vec![mother()], ..GroundTerms::default() };
    let council = city.hub.request_ground(&neighbour, GroundCode::L05, terms).await.err().unwrap();
    for refused in [shield, seal, join, council] {
        assert_eq!((refused.kind, refused.to_string()), (RefusalKind::Invalid, nobody.to_string()));
    }
}

#[tokio::test]
async fn an_id_that_nobody_has_makes_nobody() {
    let city = City::new().await;
    let officer = city.caller("OSC-482072", "ooba");
    let unknown = Named { person: Some(musubi_core::id::PersonId(uuid::Uuid::from_u128(7))), ..Named::default() };
    let refused = city.hub.withdraw(&officer, &unknown, Relationship::Subject).await.err().unwrap();
    assert_eq!(code(&refused), "M401");
}

#[tokio::test]
async fn somebody_first_heard_of_by_name_is_found_when_a_record_comes() {
    let city = City::new().await;
    city.set("2026-10-26T10:00:00+09:00");
    let officer = city.caller("OSC-482072", "ooba");
    let takayanagi = Named::by_name("高柳 沙耶", "2004-02-20");
    let period = (city.hub.now(), at("2027-10-26T00:00:00+09:00"));
    city.hub.shield(&officer, &takayanagi, period, Vec::new(), Vec::new()).await.unwrap();
    city.set("2026-10-27T16:20:00+09:00");
    city.submit("MED-4810700452", "hl7v2", MINAMI).await;
    assert_eq!(city.items("OSC-482072", "ooba", "suggestion").await, 1);
    let again = city.hub.shield(&officer, &takayanagi, period, Vec::new(), Vec::new()).await.err().unwrap();
    assert_eq!(code(&again), "M402");
}

#[tokio::test]
async fn a_receipt_does_not_tell_where_a_person_is_kept() {
    let city = City::new().await;
    city.delivered_of(MOTHER).await;
    let clinic = city.caller("MED-4810700452", "m-2");
    let known = city.hub.withdraw(&clinic, &mother(), Relationship::Subject).await.unwrap();
    let unknown =
        city.hub.withdraw(&clinic, &named("MED-4810700122", "99999999"), Relationship::Subject).await.unwrap();
    assert_eq!(known.recorded.receipt.origin, unknown.recorded.receipt.origin);
    assert!(known.recorded.receipt.origin.ends_with("/hub"), "{}", known.recorded.receipt.origin);
    let officer = city.caller("OSC-482072", "ooba");
    let own = city.hub.withdraw(&officer, &mother(), Relationship::Subject).await.unwrap();
    assert!(own.recorded.receipt.origin.ends_with("/482072"), "{}", own.recorded.receipt.origin);
}

#[tokio::test]
async fn so_many_persons_and_agencies_and_no_more() {
    let city = City::new().await;
    let officer = city.caller("OSC-482072", "ooba");
    let persons = (0..17).map(|n| named("OSC-482072", &n.to_string())).collect();
    let terms = GroundTerms { persons, ..GroundTerms::default() };
    let refused = city.hub.request_ground(&officer, GroundCode::L04, terms).await.err().unwrap();
    assert_eq!(code(&refused), "M608");
    let many = vec![AgencyId::new("MED-4810700122").unwrap(); 33];
    let period = (city.hub.now(), at("2027-10-26T00:00:00+09:00"));
    let refused = city.hub.shield(&officer, &mother(), period, many, Vec::new()).await.err().unwrap();
    assert_eq!(code(&refused), "M608");
}

#[tokio::test]
async fn a_mother_nobody_has_seen_who_permits_for_herself_is_one_person() {
    let city = City::new().await;
    let officer = city.caller("OSC-482072", "ooba");
    let terms = said(&city, ConsentKind::Permit, mother(), Grantee::Agency(AgencyId::new("OSC-482072").unwrap()));
    let terms = ConsentTerms { grantor: Some(mother()), ..terms };
    assert_eq!(city.hub.record_consent(&officer, terms).await.unwrap().status, Status::Active);
    let seen = city.hub.find(&mother()).await.unwrap().unwrap();
    let family = city.hub.family(&[seen], city.hub.now()).await.unwrap();
    let grantors: Vec<_> = family.facts[&seen].consents.iter().map(|consent| consent.grantor).collect();
    assert_eq!(grantors, [Some(seen)]);
}

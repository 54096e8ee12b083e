//! Grounds open what their source may open, and no more.

use super::*;
use crate::hub::Refusal;
use musubi_core::agency::CategorySet;

fn code(refusal: &Refusal) -> String {
    refusal.diagnostics.first().map(|said| said.code.to_string()).unwrap_or_default()
}

fn duty(until: &str) -> GroundTerms {
    let mut terms = GroundTerms {
        persons: vec![named("MED-4810700122", "00012345")],
        categories: categories(&[Category::C01, Category::C05]),
        necessity: "虐待の疑い".to_owned(),
        until: Some(at(until)),
        ..GroundTerms::default()
    };
    for key in ["notifying_person", "notifying_office", "suspicion", "time", "transfer_document", "acceptance"] {
        terms.evidence.insert(key.to_owned(), "x".to_owned());
    }
    terms
}

impl City {
    async fn mother_at_the_hospital(&self) {
        self.set("2026-10-30T11:05:00+09:00");
        self.submit("MED-4810700122", "hl7v2", MOTHER).await;
    }

    /// The categories that an agency may see of the mother.
    async fn open_to(&self, agency: &str, staff: &str, purpose: Purpose) -> CategorySet {
        let caller = self.caller(agency, staff);
        let seen = self.hub.get(&caller, purpose, &named("MED-4810700122", "00012345"), "").await.unwrap();
        let shown = seen.iter().flat_map(|released| released.shown());
        shown.fold(CategorySet::EMPTY, |all, one| all.union(one.full))
    }
}

#[tokio::test]
async fn nobody_asserts_a_duty_in_favour_of_itself() {
    let city = City::new().await;
    city.mother_at_the_hospital().await;
    let caseworker = city.caller("CGC-480002-02", "w-0412");
    let own = Some(caseworker.id().clone());
    let terms = duty("2026-12-01T00:00:00+09:00");
    let refused = city.hub.assert_ground(&caseworker, GroundCode::L06, own, terms).await.err().unwrap();
    assert_eq!(code(&refused), "M505");
    assert!(city.open_to("CGC-480002-02", "w-0412", Purpose::P5).await.is_empty());
}

#[tokio::test]
async fn an_asserted_duty_opens_the_entries_of_its_source_alone() {
    let city = City::new().await;
    city.mother_at_the_hospital().await;
    let until = "2026-12-01T00:00:00+09:00";
    let elsewhere = city.caller("MED-4810700452", "m-2");
    city.hub.assert_ground(&elsewhere, GroundCode::L01, None, duty(until)).await.unwrap();
    assert!(!city.open_to("OSC-482072", "ooba", Purpose::P3).await.has(Category::C05));
    let source = city.caller("MED-4810700122", "m-1");
    city.hub.assert_ground(&source, GroundCode::L01, None, duty(until)).await.unwrap();
    assert!(city.open_to("OSC-482072", "ooba", Purpose::P3).await.has(Category::C05));
}

#[tokio::test]
async fn a_duty_lasts_ninety_days_at_most() {
    let city = City::new().await;
    city.mother_at_the_hospital().await;
    let source = city.caller("MED-4810700122", "m-1");
    let terms = duty("2027-10-30T00:00:00+09:00");
    let refused = city.hub.assert_ground(&source, GroundCode::L01, None, terms).await.err().unwrap();
    assert_eq!(code(&refused), "MU-E425");
}

#[tokio::test]
async fn only_powers_are_asked_of_holders() {
    let city = City::new().await;
    let caseworker = city.caller("CGC-480002-02", "w-0412");
    let terms = duty("2026-12-01T00:00:00+09:00");
    let refused = city.hub.request_ground(&caseworker, GroundCode::L06, terms).await.err().unwrap();
    assert_eq!(code(&refused), "M506");
}

#[tokio::test]
async fn nobody_ends_the_duty_of_another_agency() {
    let city = City::new().await;
    city.mother_at_the_hospital().await;
    let source = city.caller("MED-4810700122", "m-1");
    let terms = duty("2026-12-01T00:00:00+09:00");
    let asserted = city.hub.assert_ground(&source, GroundCode::L01, None, terms).await.unwrap();
    let center = city.caller("OSC-482072", "ooba");
    let refused = city.hub.end_ground(&center, asserted.fact).await.err().unwrap();
    assert_eq!(code(&refused), "M507");
    let refused = city.hub.refuse_ground(&center, asserted.fact, CategorySet::ALL).await.err().unwrap();
    assert_eq!(code(&refused), "M507");
    city.set("2026-10-30T12:00:00+09:00");
    city.hub.end_ground(&source, asserted.fact).await.unwrap();
    assert!(!city.open_to("OSC-482072", "ooba", Purpose::P3).await.has(Category::C05));
}

#[tokio::test]
async fn only_a_kind_of_agency_that_a_ground_lets_disclose_approves_it() {
    let city = City::new().await;
    city.mother_at_the_hospital().await;
    city.set("2026-11-16T10:00:00+09:00");
    let neighbour = city.neighbour().await;
    let mut terms = duty("2026-12-16T00:00:00+09:00");
    for key in ["former_residence", "new_residence"] {
        terms.evidence.insert(key.to_owned(), "x".to_owned());
    }
    let c04 = categories(&[Category::C04]);
    terms.categories = c04;
    let asked = city.hub.request_ground(&neighbour, GroundCode::L07, terms).await.unwrap();
    let (hospital, center) = (city.caller("MED-4810700122", "m-1"), city.caller("OSC-482072", "ooba"));
    let refused = city.hub.approve_ground(&hospital, asked.fact, c04, false, false).await.err().unwrap();
    assert_eq!(refused.diagnostics[0].code, "M504");
    assert!(city.hub.approve_ground(&center, asked.fact, c04, false, false).await.is_ok());
}

#[tokio::test]
async fn a_refusal_takes_back_what_its_own_source_approved_and_nothing_of_others() {
    let city = City::new().await;
    city.mother_at_the_hospital().await;
    city.set("2026-11-16T10:00:00+09:00");
    let caseworker = city.caller("CGC-480002-02", "w-0412");
    let mut terms = duty("2026-12-16T00:00:00+09:00");
    terms.number = "汐児8-204".to_owned();
    for key in ["request_number", "requesting_head", "persons_covered", "necessity", "period"] {
        terms.evidence.insert(key.to_owned(), "x".to_owned());
    }
    let asked = city.hub.request_ground(&caseworker, GroundCode::L04, terms).await.unwrap();
    let c05 = categories(&[Category::C05]);
    let hospital = city.caller("MED-4810700122", "m-1");
    let approved = city.hub.approve_ground(&hospital, asked.fact, c05, false, false).await.unwrap();
    assert!(city.open_to("CGC-480002-02", "w-0412", Purpose::P5).await.has(Category::C05));
    let center = city.caller("OSC-482072", "ooba");
    let refused = city.hub.refuse_ground(&center, approved.fact, c05).await.unwrap();
    let states: Vec<&str> = refused.parts.iter().map(|(_, _, state)| *state).collect();
    assert_eq!(states, ["HOLD", "DENY"]);
    assert!(city.open_to("CGC-480002-02", "w-0412", Purpose::P5).await.has(Category::C05));
    let taken_back = city.hub.refuse_ground(&hospital, refused.fact, c05).await.unwrap();
    assert!(!city.open_to("CGC-480002-02", "w-0412", Purpose::P5).await.has(Category::C05));
    let ended = city.hub.end_ground(&hospital, taken_back.fact).await.err().unwrap();
    assert_eq!(code(&ended), "M507");
}

#[tokio::test]
async fn a_request_about_somebody_known_is_answered_like_one_about_somebody_unknown() {
    let city = City::new().await;
    city.mother_at_the_hospital().await;
    let caseworker = city.caller("CGC-480002-02", "w-0412");
    let mut answers = Vec::new();
    for persons in [duty("2026-11-29T00:00:00+09:00").persons, vec![named("MED-4810700122", "nobody")]] {
        let mut terms = duty("2026-11-29T00:00:00+09:00");
        terms.number = "汐児8-204".to_owned();
        terms.persons = persons;
        for key in ["request_number", "requesting_head", "persons_covered", "necessity", "period"] {
            terms.evidence.insert(key.to_owned(), "x".to_owned());
        }
        let asked = city.hub.request_ground(&caseworker, GroundCode::L04, terms).await.unwrap();
        answers.push((asked.number, asked.parts, asked.answer_by));
    }
    assert_eq!(answers[0], answers[1]);
    assert!(!answers[0].1.is_empty());
}

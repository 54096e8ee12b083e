//! A referral ties exactly its parties to exactly its persons, for as long as it is open.

use super::*;
use crate::hub::Refusal;
use crate::hub::refer::ReferralTerms;
use musubi_core::consent::records::RelationKind;
use musubi_core::id::PersonId;
use musubi_core::postnatal::approval::ApprovalTerms;
use musubi_core::referral::{Outcome, State, Step};

fn code(refusal: &Refusal) -> String {
    refusal.diagnostics.first().map(|said| said.code.to_string()).unwrap_or_default()
}

fn referral(to: &str, identifier: &str) -> ReferralTerms {
    ReferralTerms {
        persons: vec![named("MED-4810700122", identifier)],
        kind: "support".to_owned(),
        to: AgencyId::new(to).unwrap(),
        reason: "支援の依頼".to_owned(),
        reply_by: None,
        approval: None,
    }
}

fn approval(identifier: &str, number: &str) -> ReferralTerms {
    let approval = ApprovalTerms {
        number: number.to_owned(),
        kinds: vec![musubi_core::postnatal::Kind::Stay],
        from: "2026-11-13".parse().unwrap(),
        until: "2027-10-25".parse().unwrap(),
        units: 7,
        reductions: 5,
        income: musubi_core::postnatal::Income::Taxed,
        outreach: false,
        extension: None,
    };
    let kind = "postnatal_care".to_owned();
    ReferralTerms { kind, approval: Some(approval), ..referral("PRV-482072-07", identifier) }
}

impl City {
    async fn after_the_birth(&self) {
        let provider = agency("PRV-482072-07", AgencyKind::Prv, "", &[("nogami", Role::ProviderStaff)]);
        self.hub.register.put(&self.hub.store, provider, Change::default()).await.unwrap();
        self.set("2026-10-30T11:05:00+09:00");
        self.submit("MED-4810700122", "hl7v2", NEWBORN).await;
        self.submit("MED-4810700122", "hl7v2", MOTHER).await;
        self.set("2026-11-12T10:00:00+09:00");
    }

    async fn person(&self, identifier: &str) -> PersonId {
        self.hub.find(&named("MED-4810700122", identifier)).await.unwrap().unwrap()
    }

    /// The live ties of an agency to somebody.
    async fn ties(&self, agency: &str, identifier: &str) -> Vec<RelationKind> {
        let person = self.person(identifier).await;
        let now = self.hub.now();
        let family = self.hub.family(&[person], now).await.unwrap();
        let ties = family.facts.get(&family.known_as(person)).map(|facts| facts.relations.clone()).unwrap_or_default();
        ties.into_iter().filter(|tie| tie.live(now) && tie.agency.as_str() == agency).map(|tie| tie.kind).collect()
    }
}

#[tokio::test]
async fn who_has_nothing_to_do_with_a_person_refers_nobody_and_learns_nothing() {
    let city = City::new().await;
    city.after_the_birth().await;
    let clinic = city.caller("MED-4810700452", "m-2");
    let known = city.hub.refer(&clinic, referral("PRV-482072-07", "00012345")).await.err().unwrap();
    let unknown = city.hub.refer(&clinic, referral("PRV-482072-07", "99999999")).await.err().unwrap();
    assert_eq!(code(&known), "M607");
    assert_eq!(known.to_string(), unknown.to_string());
    assert!(city.ties("MED-4810700452", "00012345").await.is_empty());
    let machine = city.caller("MED-4810700122", "");
    let refused = city.hub.refer(&machine, referral("OSC-482072", "00012345")).await.err().unwrap();
    assert_eq!(code(&refused), "M802");
}

#[tokio::test]
async fn a_referral_of_the_mother_ties_nobody_to_her_child() {
    let city = City::new().await;
    city.after_the_birth().await;
    let hospital = city.caller("MED-4810700122", "m-1");
    city.hub.refer(&hospital, referral("MED-4810700452", "00012345")).await.unwrap();
    assert_eq!(city.ties("MED-4810700452", "00012345").await.len(), 1);
    assert!(city.ties("MED-4810700452", "00067890").await.is_empty());
    let told = city.hub.work_items(&city.caller("MED-4810700452", "m-2"), Some(true), "referral").await.unwrap();
    assert_eq!(told.len(), 1);
    assert!(city.hub.work_items(&hospital, Some(true), "referral").await.unwrap().is_empty());
}

#[tokio::test]
async fn an_approval_ties_the_provider_to_mother_and_child() {
    let city = City::new().await;
    city.after_the_birth().await;
    let officer = city.caller("OSC-482072", "ooba");
    city.hub.refer(&officer, approval("00012345", "SK08-0041")).await.unwrap();
    assert_eq!(city.ties("PRV-482072-07", "00012345").await.len(), 2);
    assert_eq!(city.ties("PRV-482072-07", "00067890").await.len(), 2);
}

#[tokio::test]
async fn a_declined_approval_leaves_no_tie() {
    let city = City::new().await;
    city.after_the_birth().await;
    let officer = city.caller("OSC-482072", "ooba");
    let made = city.hub.refer(&officer, approval("00012345", "SK08-0041")).await.unwrap();
    let provider = city.caller("PRV-482072-07", "nogami");
    city.set("2026-11-12T11:00:00+09:00");
    city.hub.step(&provider, made.referral.id(), Step::Decline("満室".to_owned())).await.unwrap();
    city.set("2026-11-12T11:01:00+09:00");
    for who in ["PRV-482072-07", "OSC-482072"] {
        assert!(city.ties(who, "00012345").await.is_empty(), "{who}");
        assert!(city.ties(who, "00067890").await.is_empty(), "{who}");
    }
}

#[tokio::test]
async fn a_completed_referral_ties_nobody_and_leaves_the_assignment() {
    let city = City::new().await;
    city.after_the_birth().await;
    let officer = city.caller("OSC-482072", "ooba");
    let made = city.hub.refer(&officer, approval("00012345", "SK08-0041")).await.unwrap();
    let provider = city.caller("PRV-482072-07", "nogami");
    for step in [Step::Accept, Step::Begin, Step::Complete("R-1".to_owned())] {
        city.hub.step(&provider, made.referral.id(), step).await.unwrap();
    }
    city.set("2026-11-12T11:00:00+09:00");
    let left = city.ties("PRV-482072-07", "00012345").await;
    assert!(matches!(left.as_slice(), [RelationKind::Assignment { .. }]), "{left:?}");
}

#[tokio::test]
async fn a_referral_that_nobody_answers_expires_with_its_ties_and_an_accepted_one_does_not() {
    let city = City::new().await;
    city.after_the_birth().await;
    let hospital = city.caller("MED-4810700122", "m-1");
    let terms =
        || ReferralTerms { reply_by: Some(at("2026-11-15T00:00:00+09:00")), ..referral("MED-4810700452", "00012345") };
    let silent = city.hub.refer(&hospital, terms()).await.unwrap();
    let accepted = city.hub.refer(&hospital, terms()).await.unwrap();
    let clinic = city.caller("MED-4810700452", "m-2");
    city.hub.step(&clinic, accepted.referral.id(), Step::Accept).await.unwrap();
    city.set("2026-11-16T00:00:00+09:00");
    let seen = city.hub.referral(&hospital, silent.referral.id()).await.unwrap();
    assert_eq!(*seen.referral.state(), State::Closed(Outcome::Expired));
    assert_eq!(code(&city.hub.step(&clinic, silent.referral.id(), Step::Accept).await.err().unwrap()), "M605");
    let ties = city.ties("MED-4810700452", "00012345").await;
    assert_eq!(ties, [RelationKind::OpenReferral(accepted.referral.id())]);
}

#[tokio::test]
async fn a_number_of_an_approval_names_one_mother() {
    let city = City::new().await;
    city.after_the_birth().await;
    city.submit("MED-4810700452", "hl7v2", MINAMI).await;
    let officer = city.caller("OSC-482072", "ooba");
    city.hub.refer(&officer, approval("00012345", "SK08-0041")).await.unwrap();
    let refused = city.hub.refer(&officer, approval("00067890", "SK08-0041")).await.err().unwrap();
    assert_eq!(code(&refused), "M606");
}

/// The referral of the hospital's system, as it came.
const REFERRED: &[u8] = include_bytes!("../../../adapters/hospital/hl7v2/samples/shione_ref_i12.hl7");

impl City {
    /// The hospital takes HL7 v2 and FHIR, and somebody there answers for its referrals.
    async fn the_hospital_listens(&self) {
        let mut hospital = agency("MED-4810700122", AgencyKind::Med, "SHIONE-HOSP", &[("m-1", Role::Midwife)]);
        hospital.settings.referrals_by = Some("m-1".to_owned());
        hospital.settings.subscriptions = vec![Subscription {
            purpose: Purpose::P1,
            formats: vec!["hl7v2".to_owned(), "fhir-json".to_owned()],
            folder: None,
            https: None,
            mllp: None,
        }];
        self.hub.register.put(&self.hub.store, hospital, Change::default()).await.unwrap();
    }

    /// What waits for the hospital: the messages, and the documents.
    async fn the_hospital_hears(&self) -> Vec<[String; 2]> {
        let hospital = self.caller("MED-4810700122", "");
        let ready = self.hub.receive(&hospital, 0, &[]).await.unwrap();
        let ids: Vec<_> = ready.iter().map(|ready| ready.delivery.id).collect();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let heard = ready.iter().map(|ready| [0, 1].map(|at: usize| text(ready.renderings[at].bytes()))).collect();
        self.hub.acknowledge(&hospital, &ids).await.unwrap();
        heard
    }

    /// The hospital's system refers the mother to the center.
    async fn the_hospital_refers(&self) -> musubi_core::id::ReferralId {
        self.the_hospital_listens().await;
        self.set("2026-10-30T14:10:00+09:00");
        for message in [NEWBORN, MOTHER, REFERRED] {
            self.submit("MED-4810700122", "hl7v2", message).await;
        }
        self.set("2026-10-31T10:00:00+09:00");
        let officer = self.caller("OSC-482072", "ooba");
        let listed = self.hub.referrals(&officer).await.unwrap();
        assert_eq!(listed.len(), 1);
        listed[0].standing.referral.id()
    }
}

#[tokio::test]
async fn a_hospital_hears_under_its_own_numbers_that_its_referral_was_accepted_and_how_it_ended() {
    let city = City::new().await;
    let (officer, id) = (city.caller("OSC-482072", "ooba"), city.the_hospital_refers().await);
    city.hub.step(&officer, id, Step::Accept).await.unwrap();
    let [[accepted, task]] = city.the_hospital_hears().await.try_into().unwrap();
    assert!(accepted.contains("MSH|^~\\&|MUSUBI") && accepted.contains("|RRI^I12^RRI_I12|"), "{accepted}");
    assert!(accepted.contains("\rRF1|A|||||R26-0031|"), "{accepted}");
    assert!(accepted.contains("PRD|RP||||||MED-4810700122\rPRD|RT||||||OSC-482072\r"), "{accepted}");
    assert!(accepted.contains("\rPID|1||00012345^^^^PI|"), "{accepted}");
    assert!(task.contains("\"resourceType\":\"Task\"") && task.contains("\"status\":\"accepted\""), "{task}");
    assert!(city.the_hospital_hears().await.is_empty());

    city.set("2026-11-03T10:00:00+09:00");
    city.hub.step(&officer, id, Step::Complete("11月3日に訪問".to_owned())).await.unwrap();
    city.set("2026-11-03T10:01:00+09:00");
    assert!(city.ties("MED-4810700122", "00012345").await.iter().all(|tie| *tie == RelationKind::ClosedReferral(id)));
    let [[completed, _]] = city.the_hospital_hears().await.try_into().unwrap();
    assert!(completed.contains("|completed^^99MUSUBI-RF"), "{completed}");
    assert_eq!(completed.matches("\rPID|").count(), 1, "the mother alone: {completed}");
}

#[tokio::test]
async fn a_decline_reaches_the_hospital_and_its_own_answer_tells_it_nothing() {
    let city = City::new().await;
    let (officer, id) = (city.caller("OSC-482072", "ooba"), city.the_hospital_refers().await);
    city.hub.step(&city.caller("MED-4810700122", "m-1"), id, Step::AskCancel).await.unwrap();
    assert!(city.the_hospital_hears().await.is_empty());
    city.hub.step(&officer, id, Step::Cancel).await.unwrap();
    city.set("2026-10-31T10:01:00+09:00");
    let [[cancelled, _]] = city.the_hospital_hears().await.try_into().unwrap();
    assert!(cancelled.contains("\rRF1|R|") && cancelled.contains("cancelled^^99MUSUBI-RF"), "{cancelled}");
}

#[tokio::test]
async fn an_objection_keeps_a_step_from_the_party_too() {
    let city = City::new().await;
    let (officer, id) = (city.caller("OSC-482072", "ooba"), city.the_hospital_refers().await);
    let objection = super::ConsentTerms {
        kind: musubi_core::consent::records::ConsentKind::Objection,
        subject: named("MED-4810700122", "00012345"),
        grantor: None,
        relationship: Relationship::Subject,
        authority: String::new(),
        grantee: Grantee::Agency(AgencyId::new("MED-4810700122").unwrap()),
        categories: Scope::All,
        purposes: Vec::new(),
        valid_from: city.hub.now(),
        valid_until: None,
        evidence: Proof::spoken(),
        explanation_given: String::new(),
        lifts: None,
    };
    city.hub.record_consent(&officer, objection).await.unwrap();
    city.set("2026-10-31T10:01:00+09:00");
    city.hub.step(&officer, id, Step::Accept).await.unwrap();
    assert!(city.the_hospital_hears().await.is_empty());
}

/// An answer of the hospital's system to the referral of this number.
fn answer(id: &str, state: &str, number: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|HIS|SHIONE-HOSP|MUSUBI|SHIONE-CITY|20261031110000+0900||RRI^I12^RRI_I12|{id}|P|2.5||||||UNICODE UTF-8\r\
         RF1|{state}|||||{number}|20261031110000\rPRD|RP||||||OSC-482072\rPRD|RT||||||MED-4810700122\r\
         PID|1||00012345^^^^PI||榎本^千夏^^^^^L^I~エノモト^チナツ^^^^^L^P||19960514|F\r"
    )
    .into_bytes()
}

#[tokio::test]
async fn a_hospital_is_asked_in_its_own_format_and_answers_under_the_number_that_came() {
    let city = City::new().await;
    city.the_hospital_listens().await;
    city.set("2026-10-30T14:10:00+09:00");
    for message in [NEWBORN, MOTHER] {
        city.submit("MED-4810700122", "hl7v2", message).await;
    }
    city.set("2026-10-31T10:00:00+09:00");
    let officer = city.caller("OSC-482072", "ooba");
    let asked = city.hub.refer(&officer, referral("MED-4810700122", "00012345")).await.unwrap();
    let number = asked.referral.id().to_string();
    let [[message, request]] = city.the_hospital_hears().await.try_into().unwrap();
    assert!(message.contains("|REF^I12^REF_I12|"), "{message}");
    assert!(message.contains(&format!("\rRF1|P|R||||{number}|20261031100000")), "{message}");
    assert!(message.contains("PRD|RP||||||OSC-482072\rPRD|RT||||||MED-4810700122\r"), "{message}");
    assert!(message.contains("\rPID|1||00012345^^^^PI|"), "{message}");
    assert!(request.contains("\"resourceType\":\"ServiceRequest\"") && request.contains(&number), "{request}");

    city.set("2026-10-31T11:00:00+09:00");
    city.submit("MED-4810700122", "hl7v2", &answer("R-1", "A", &number)).await;
    let standing = city.hub.referral(&officer, asked.referral.id()).await.unwrap();
    assert!(matches!(standing.referral.state(), State::Accepted { .. }));
    assert!(city.the_hospital_hears().await.is_empty(), "its own answer tells it nothing");
}

//! A referral ties exactly its parties to exactly its persons, for as long as it is open.

mod report;

use super::*;
use crate::hub::Refusal;
use crate::hub::refer::ReferralTerms;
use musubi_core::consent::records::RelationKind;
use musubi_core::id::PersonId;
use musubi_core::postnatal::approval::ApprovalTerms;
use musubi_core::referral::{Outcome, Report, State, Step};

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
    for step in [Step::Accept, Step::Begin, Step::Complete(Report::in_words("R-1"))] {
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
    async fn the_hospital_listens(&self) {
        self.listens("MED-4810700122", "SHIONE-HOSP", "m-1").await;
    }

    /// A hospital takes HL7 v2 and FHIR, and somebody there answers for its referrals.
    async fn listens(&self, id: &str, sender: &str, staff: &str) {
        let mut hospital = agency(id, AgencyKind::Med, sender, &[(staff, Role::Midwife)]);
        hospital.settings.referrals_by = Some(staff.to_owned());
        hospital.settings.subscriptions = vec![Subscription {
            purpose: Purpose::P1,
            formats: vec!["hl7v2".to_owned(), "fhir-json".to_owned()],
            folder: None,
            https: None,
            mllp: None,
        }];
        self.hub.register.put(&self.hub.store, hospital, Change::default()).await.unwrap();
    }

    async fn the_hospital_hears(&self) -> Vec<[String; 2]> {
        self.hears("MED-4810700122").await
    }

    /// What waits for a hospital: the messages, and the documents.
    async fn hears(&self, id: &str) -> Vec<[String; 2]> {
        let hospital = self.caller(id, "");
        let ready = self.hub.receive(&hospital, Fetching::default()).await.unwrap();
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
    city.hub.step(&officer, id, Step::Complete(Report::in_words("11月3日に訪問"))).await.unwrap();
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

impl City {
    /// The mother objects to everything that an agency might see of her.
    fn objection_to(&self, id: &str) -> super::ConsentTerms {
        super::ConsentTerms {
            kind: musubi_core::consent::records::ConsentKind::Objection,
            subject: named("MED-4810700122", "00012345"),
            grantor: None,
            relationship: Relationship::Subject,
            authority: String::new(),
            grantee: Grantee::Agency(AgencyId::new(id).unwrap()),
            categories: Scope::All,
            purposes: Vec::new(),
            valid_from: self.hub.now(),
            valid_until: None,
            evidence: Proof::spoken(),
            explanation_given: String::new(),
            lifts: None,
        }
    }
}

#[tokio::test]
async fn an_objection_keeps_a_step_from_the_party_too() {
    let city = City::new().await;
    let (officer, id) = (city.caller("OSC-482072", "ooba"), city.the_hospital_refers().await);
    let objection = city.objection_to("MED-4810700122");
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
    assert!(
        message.contains(&format!("\rRF1|P|R|support^支援依頼^99MUSUBI-RK|||{number}|20261031100000")),
        "{message}"
    );
    assert!(message.contains("PRD|RP||||||OSC-482072\rPRD|RT||||||MED-4810700122\r"), "{message}");
    assert!(message.contains("\rPID|1||00012345^^^^PI|"), "{message}");
    assert!(request.contains("\"resourceType\":\"ServiceRequest\"") && request.contains(&number), "{request}");

    city.set("2026-10-31T11:00:00+09:00");
    city.submit("MED-4810700122", "hl7v2", &answer("R-1", "A", &number)).await;
    let standing = city.hub.referral(&officer, asked.referral.id()).await.unwrap();
    assert!(matches!(standing.referral.state(), State::Accepted { .. }));
    assert!(city.the_hospital_hears().await.is_empty(), "its own answer tells it nothing");
}

/// The clinic, to which the hospital refers in these.
const CLINIC: &str = "MED-4810700452";

/// A request of the hospital in FHIR.
fn request(number: &str) -> String {
    let of = |number: &str| {
        let system = "http://jpfhir.jp/fhir/core/IdSystem/insurance-medical-institution-no";
        format!(r#"{{"identifier":{{"system":"{system}","value":"{number}"}}}}"#)
    };
    format!(
        r#"{{"resourceType":"Bundle","type":"collection","entry":[
        {{"fullUrl":"urn:uuid:5e0c1c1e-0000-4000-8000-000000000001","resource":{{"resourceType":"Patient",
         "identifier":[{{"value":"00012345"}}],"name":[{{"text":"榎本 千夏"}}],"gender":"female","birthDate":"1996-05-14"}}}},
        {{"fullUrl":"urn:uuid:5e0c1c1e-0000-4000-8000-000000000002","resource":{{"resourceType":"ServiceRequest",
         "identifier":[{{"value":"{number}"}}],"status":"active","intent":"order","authoredOn":"2026-10-31T10:00:00+09:00",
         "subject":{{"reference":"urn:uuid:5e0c1c1e-0000-4000-8000-000000000001"}},"requester":{},"performer":[{}],
         "reasonCode":[{{"text":"夜間の授乳の相談"}}]}}}}]}}"#,
        of("4810700122"),
        of("4810700452")
    )
}

impl City {
    /// The hospital and the clinic both listen, and the hospital has told of the mother.
    async fn two_hospitals(&self) {
        self.the_hospital_listens().await;
        self.listens(CLINIC, "MINAMI", "m-2").await;
        self.set("2026-10-30T14:10:00+09:00");
        self.submit("MED-4810700122", "hl7v2", MOTHER).await;
        self.set("2026-10-31T10:00:00+09:00");
    }

    /// The mother permits a hospital to read what the other writes of the referral.
    async fn she_permits_the_words_to(&self, id: &str) {
        let words = [Category::C01, Category::C10, Category::C16];
        let permit = super::ConsentTerms {
            grantee: Grantee::Agency(AgencyId::new(id).unwrap()),
            categories: Scope::Named(words.into_iter().collect()),
            purposes: vec![Purpose::P1],
            ..self.terms(named("MED-4810700122", "00012345"))
        };
        self.hub.record_consent(&self.caller("OSC-482072", "ooba"), permit).await.unwrap();
    }
}

#[tokio::test]
async fn a_referral_that_came_in_a_message_is_passed_on_under_its_own_number_and_the_answer_comes_back_with_its_words()
{
    let city = City::new().await;
    city.two_hospitals().await;
    for hospital in [CLINIC, "MED-4810700122"] {
        city.she_permits_the_words_to(hospital).await;
    }
    city.set("2026-10-31T10:01:00+09:00");
    let referred = String::from_utf8(REFERRED.to_vec()).unwrap().replace("||||OSC-482072", &format!("||||{CLINIC}"));
    city.submit("MED-4810700122", "hl7v2", referred.as_bytes()).await;
    let [[message, request]] = city.hears(CLINIC).await.try_into().unwrap();
    assert!(message.contains("|REF^I12^REF_I12|"), "{message}");
    assert!(
        message.contains("\rRF1|P|A|information^情報提供^99MUSUBI-RK|||R26-0031|20261030|20261106||^産後の育児支援の相談をお願いします"),
        "{message}"
    );
    assert!(message.contains("夜間の授乳に不安があります"), "{message}");
    assert!(message.contains(&format!("PRD|RP||||||MED-4810700122\rPRD|RT||||||{CLINIC}\r")), "{message}");
    assert!(request.contains("\"resourceType\":\"ServiceRequest\"") && request.contains("R26-0031"), "{request}");
    assert!(city.hears("MED-4810700122").await.is_empty(), "who referred is told nothing of it");
    city.submit("MED-4810700122", "hl7v2", referred.as_bytes()).await;
    assert!(city.hears(CLINIC).await.is_empty(), "the same message again is passed on once");

    city.set("2026-11-01T09:00:00+09:00");
    let declined = "MSH|^~\\&|HIS|MINAMI|MUSUBI|SHIONE-CITY|20261101090000+0900||RRI^I12^RRI_I12|C-1|P|2.5||||||UNICODE UTF-8\r\
         RF1|R|||||R26-0031|20261101090000|||^満床のためお受けできません\rPRD|RP||||||MED-4810700122\rPRD|RT||||||MED-4810700452\r\
         PID|1||99^^^^PI||榎本^千夏^^^^^L^I~エノモト^チナツ^^^^^L^P||19960514|F\r";
    city.submit(CLINIC, "hl7v2", declined.as_bytes()).await;
    let [[answer, task]] = city.hears("MED-4810700122").await.try_into().unwrap();
    assert!(answer.contains("|RRI^I12^RRI_I12|") && answer.contains("\rRF1|R|||||R26-0031|"), "{answer}");
    assert!(answer.contains("満床のためお受けできません"), "{answer}");
    assert!(task.contains("\"status\":\"rejected\""), "{task}");
}

#[tokio::test]
async fn a_request_in_fhir_is_passed_on_in_the_format_of_the_hospital_that_is_asked() {
    let city = City::new().await;
    city.two_hospitals().await;
    city.submit("MED-4810700122", "fhir-json", request("F-7").as_bytes()).await;
    let [[message, request]] = city.hears(CLINIC).await.try_into().unwrap();
    assert!(message.contains("|REF^I12^REF_I12|") && message.contains("\rRF1|P|R||||F-7|202610311000"), "{message}");
    assert!(!message.contains("夜間の授乳の相談"), "without her permit no word of the reason: {message}");
    assert!(request.contains("\"resourceType\":\"ServiceRequest\"") && request.contains("F-7"), "{request}");
}

#[tokio::test]
async fn a_referral_of_which_its_receiver_may_see_nothing_is_not_passed_on() {
    let city = City::new().await;
    city.two_hospitals().await;
    let objection = city.objection_to(CLINIC);
    city.hub.record_consent(&city.caller("OSC-482072", "ooba"), objection).await.unwrap();
    city.set("2026-10-31T10:01:00+09:00");
    city.submit("MED-4810700122", "fhir-json", request("F-7").as_bytes()).await;
    assert!(city.hears(CLINIC).await.is_empty());
}

//! The holder of an open case is told that a hospital received somebody of it (`consent.md` section 11); the hospital is told nothing.

use crate::agencies::{person, replaced};
use crate::city::{City, MOTHER, NEWBORN};
use crate::interference::{Everything, same};
use crate::site::receipt;
use crate::steps::{COUNCIL_CASE, chinatsu, minato};
use musubi::edge::grpc::client::{EndGroundRequest, LinkPersonsRequest, SealRequest, ShieldRequest, WorkItem};
use musubi::hub::enrol::Enrolment;
use musubi::hub::register::Agency;
use musubi::sample_city as sample;
use musubi::store::DeliveryState;
use musubi_core::agency::{AgencyId, Role};
use std::time::Duration;

/// The center's own number of 榎本.
const PREGNANT: &str = "p-1";

/// A case of 榎本 as a specified pregnant woman, as the guidance center registers it.
fn registration(status: &str) -> String {
    format!(
        r#"<cg:CaseRegistration xmlns:cg="urn:musubi:cgc:1.0" schemaVersion="1.0" messageID="r-{status}" createdAt="2026-10-20T09:00:00+09:00">
<cg:Sender><cg:OrganizationIdentification>{center}</cg:OrganizationIdentification><cg:WorkerID>w-0412</cg:WorkerID></cg:Sender>
<cg:ChildWelfareCase><cg:ChildWelfareAgencyCaseID>南児29</cg:ChildWelfareAgencyCaseID><cg:CategoryCode>SpecifiedPregnantWoman</cg:CategoryCode>
<cg:CaseInitiationReasonCode>NF</cg:CaseInitiationReasonCode><cg:CaseStatus>{status}</cg:CaseStatus>
<cg:IntakeDateTime>2026-10-19T10:00:00+09:00</cg:IntakeDateTime><cg:LeadAgency>{center}</cg:LeadAgency>
<cg:SubjectPerson><cg:PersonID>{PREGNANT}</cg:PersonID><cg:RoleCode>PregnantWoman</cg:RoleCode>
<cg:PersonName><cg:PersonFullName>榎本　千夏</cg:PersonFullName></cg:PersonName>
<cg:PersonBirthDate>1996-05-14</cg:PersonBirthDate><cg:PersonSexCode>2</cg:PersonSexCode>
<cg:Address><cg:AddressFullText>朝凪県汐音市浜通2丁目</cg:AddressFullText><cg:JurisdictionCode>{city}</cg:JurisdictionCode></cg:Address>
<cg:ShieldedIndicator>false</cg:ShieldedIndicator></cg:SubjectPerson>
<cg:NextReviewDate>2026-12-18</cg:NextReviewDate>
<cg:DataPrivacy><cg:SensitivityText>R</cg:SensitivityText></cg:DataPrivacy></cg:ChildWelfareCase></cg:CaseRegistration>"#,
        center = sample::GUIDANCE_CENTER,
        city = sample::CITY
    )
}

impl City {
    /// The guidance center registers a case of 榎本, and the one-stop center says that she is the hospital's patient.
    async fn with_a_case(status: &str) -> City {
        let city = City::at("2026-10-20T09:00:00+09:00").await;
        city.center().records_both_permits().await;
        city.guidance_center().hands_in("cgc-xml", registration(status).as_bytes()).await.accepted();
        let request = LinkPersonsRequest {
            staff_id: "ooba".to_owned(),
            one: Some(person(sample::GUIDANCE_CENTER, PREGNANT, "mother")),
            other: Some(chinatsu()),
            reason: "same person".to_owned(),
        };
        city.center().client.registry().link_persons(request).await.unwrap();
        city.set("2026-10-30T11:05:40+09:00");
        city
    }

    /// What leaves by itself has left, and its lines stand in the log.
    async fn has_delivered(&self) {
        let store = &self.running.hub.store;
        loop {
            let waiting = store.deliveries_in(DeliveryState::Waiting, 100).await.unwrap();
            let sent = store.deliveries_in(DeliveryState::Released, 100).await.unwrap();
            if waiting.iter().chain(&sent).all(|row| row.format.starts_with("receive:")) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// She is shielded, and this agency stands close to the perpetrator.
    async fn shields_her_from(&self, agency: &str) {
        let shield = ShieldRequest {
            staff_id: "ooba".to_owned(),
            subject: Some(chinatsu()),
            from: "2026-10-01".to_owned(),
            until: "2027-06-30".to_owned(),
            linked_agencies: vec![agency.to_owned()],
            ..ShieldRequest::default()
        };
        self.center().client.consents().shield(shield).await.unwrap();
    }

    async fn contacts_told(&self) -> Vec<WorkItem> {
        self.guidance_center().work("hospital_contact").await
    }
}

/// The same message again as a correction of the same stay, or as another stay.
fn next(control: &str, stay: &str) -> Vec<u8> {
    let message = replaced(MOTHER, b"S261030-0102", control.as_bytes());
    String::from_utf8(message).unwrap().replace("I26-003871", stay).into_bytes()
}

#[tokio::test]
async fn the_holder_of_an_open_case_is_told_once_for_each_stay() {
    let city = City::with_a_case("HomeSupport").await;
    city.hospital().sends(MOTHER).await.accepted();
    let told = city.contacts_told().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].text_en.contains(sample::HOSPITAL) && told[0].text_en.contains("南児29"), "{told:?}");
    for hidden in ["榎本", "帝王切開", "I26-003871", "00012345"] {
        assert!(!format!("{told:?}").contains(hidden), "{hidden}: {told:?}");
    }
    city.hospital().sends(&next("S261030-0103", "I26-003871")).await.accepted();
    city.hospital().sends(MOTHER).await.accepted();
    assert_eq!(city.contacts_told().await.len(), 1, "of the same stay once");
    city.hospital().sends(&next("S261030-0104", "I26-004999")).await.accepted();
    assert_eq!(city.contacts_told().await.len(), 2, "and of another again");
    city.hospital().sends(NEWBORN).await.accepted();
    assert_eq!(city.contacts_told().await.len(), 3, "the child that she bore");
    let seen = city.guidance_center().looks_up("P5", chinatsu(), "").await;
    let own = ["person_details", "welfare_case"];
    assert!(seen.kinds().iter().all(|kind| own.contains(kind)), "the notice opens nothing: {:?}", seen.kinds());
    assert!(city.center().work("hospital_contact").await.is_empty(), "the center holds no case");
}

#[tokio::test]
async fn a_hospital_is_answered_with_a_case_as_without_one() {
    let (open, closed) = (City::with_a_case("HomeSupport").await, City::with_a_case("Closed").await);
    for message in [NEWBORN, MOTHER, &next("S261030-0104", "I26-004999")] {
        open.has_delivered().await;
        closed.has_delivered().await;
        let one = open.hospital().sends(message).await.accepted();
        let other = closed.hospital().sends(message).await.accepted();
        assert_eq!(one.said(), other.said());
        let (one, other) = (receipt(&one.0).unwrap(), receipt(&other.0).unwrap());
        assert_eq!(one.index, other.index, "the log has no leaf more");
    }
    assert_eq!(open.contacts_told().await.len(), 3);
    assert!(closed.contacts_told().await.is_empty());
    let everything = Everything {
        purposes: &["P1", "P2"],
        people: &[chinatsu(), minato()],
        numbers: &["00012345", "00067890"],
        grounds: &[""],
    };
    for agency in [open.hospital(), open.clinic(), open.health_center(), open.provider()] {
        let there = closed.other(&agency.id, agency.staff);
        same(
            "that there is a case",
            &agency.id,
            &open.everything(&agency, &everything).await,
            &closed.everything(&there, &everything).await,
        );
    }
}

#[tokio::test]
async fn a_case_of_the_council_tells_those_of_its_center_whose_task_it_is_until_it_is_closed() {
    let city = City::after_the_permitted_discharge().await;
    city.set("2026-11-17T10:00:00+09:00");
    let case = city.center().opens_a_council_case(vec![chinatsu()], &["C01", "C13"]).await;
    let later = |control: &str, stay: &str| {
        String::from_utf8(next(control, stay)).unwrap().replace("20261030", "20261118").into_bytes()
    };
    city.set("2026-11-18T12:00:00+09:00");
    city.hospital().sends(&later("S261118-0001", "I26-005001")).await.accepted();
    let told = city.center().work_of("fukatsu", "hospital_contact").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].text_ja.contains(COUNCIL_CASE), "{told:?}");
    assert!(city.center().work_of("ooba", "hospital_contact").await.is_empty(), "a nurse is not told of a case");
    assert!(city.guidance_center().work_of("w-0412", "hospital_contact").await.is_empty(), "a member does not hold it");
    let end = EndGroundRequest { staff_id: "fukatsu".to_owned(), fact_id: case.fact_id };
    city.center().client.grounds().end(end).await.unwrap();
    city.hospital().sends(&later("S261118-0002", "I26-005002")).await.accepted();
    assert_eq!(city.center().work_of("fukatsu", "hospital_contact").await.len(), 1);
}

#[tokio::test]
async fn a_holder_that_is_close_to_the_perpetrator_or_not_on_the_seal_is_not_told() {
    let city = City::with_a_case("HomeSupport").await;
    city.shields_her_from(sample::GUIDANCE_CENTER).await;
    city.hospital().sends(MOTHER).await.accepted();
    assert!(city.contacts_told().await.is_empty());

    let city = City::with_a_case("HomeSupport").await;
    let seal = SealRequest {
        staff_id: "ooba".to_owned(),
        subject: Some(chinatsu()),
        reason: "特別養子縁組".to_owned(),
        allowed_agencies: vec![sample::CENTER.to_owned()],
    };
    city.center().client.consents().seal(seal).await.unwrap();
    city.hospital().sends(MOTHER).await.accepted();
    assert!(city.contacts_told().await.is_empty());
}

#[tokio::test]
async fn the_holder_of_a_shielded_woman_is_told_also_of_a_hospital_close_to_the_perpetrator() {
    let city = City::with_a_case("HomeSupport").await;
    city.shields_her_from(sample::HOSPITAL).await;
    city.hospital().sends(MOTHER).await.accepted();
    assert_eq!(city.contacts_told().await.len(), 1);
}

#[tokio::test]
async fn two_messages_of_one_stay_that_come_at_once_are_told_once() {
    let city = City::with_a_case("HomeSupport").await;
    let messages: Vec<Vec<u8>> = (0..6).map(|number| next(&format!("S261030-02{number:02}"), "I26-003871")).collect();
    let mut sent = tokio::task::JoinSet::new();
    for message in messages {
        let hospital = city.hospital();
        sent.spawn(async move { hospital.sends(&message).await.accepted() });
    }
    assert_eq!(sent.join_all().await.len(), 6);
    assert_eq!(city.contacts_told().await.len(), 1);
}

impl City {
    /// The center's register of staff with somebody else in the place of its child-welfare officer.
    async fn replaces_the_officer(&self, role: Role) {
        let id = AgencyId::new(sample::CENTER).unwrap();
        let mut center = Agency::clone(&self.running.hub.register.agency(&id).unwrap());
        center.staff.insert("fukatsu".to_owned(), role);
        self.running.hub.enrol(Enrolment::Agency(Box::new(center)), "operator").await.unwrap();
    }
}

#[tokio::test]
async fn a_contact_that_nobody_may_see_is_told_to_officers_without_whom_or_what() {
    let city = City::after_the_permitted_discharge().await;
    city.set("2026-11-17T10:00:00+09:00");
    city.center().opens_a_council_case(vec![chinatsu()], &["C01", "C13"]).await;
    let later = String::from_utf8(next("S261118-0001", "I26-005001")).unwrap().replace("20261030", "20261118");
    city.set("2026-11-18T12:00:00+09:00");
    city.hospital().sends(later.as_bytes()).await.accepted();
    city.replaces_the_officer(Role::SocialWorker).await;
    let hub = &city.running.hub;
    hub.look_after_protectors().await.unwrap();
    hub.look_after_protectors().await.unwrap();
    let [nobody] = city.center().work("no_protector").await.try_into().unwrap();
    assert!(nobody.person_ids.is_empty(), "{nobody:?}");
    city.set("2026-11-19T12:01:00+09:00");
    hub.look_after_overdue().await.unwrap();
    hub.look_after_overdue().await.unwrap();
    let [unseen] = city.center().work_of("isobe", "protection_unseen").await.try_into().unwrap();
    let said = format!("{unseen:?}");
    assert!(unseen.person_ids.is_empty() && !said.contains(COUNCIL_CASE) && !said.contains(sample::HOSPITAL), "{said}");
    for staff in ["ooba", "fukatsu", ""] {
        for kind in ["protection_unseen", "hospital_contact", "escalation"] {
            assert!(city.center().work_of(staff, kind).await.is_empty(), "{staff} sees {kind}");
        }
    }
    city.replaces_the_officer(Role::ChildWelfareOfficer).await;
    hub.look_after_protectors().await.unwrap();
    assert!(city.center().work("no_protector").await.is_empty(), "there is somebody again");
    let seen = city.center().work_of("fukatsu", "hospital_contact").await;
    assert_eq!(seen.iter().map(|item| &*item.code).collect::<Vec<_>>(), ["HOSPITAL_CONTACT", "CONTACT_OVERDUE"]);
}

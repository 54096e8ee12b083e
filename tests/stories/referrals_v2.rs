//! The loop of a referral between two hospitals that speak HL7 v2: REF in, RRI back, and the same state for both.

use crate::agencies::Acknowledgement;
use crate::city::City;
use musubi::hub::enrol::Enrolment;
use musubi::hub::register::Agency;
use musubi::sample_city as sample;
use musubi_core::agency::AgencyId;

pub(crate) const NUMBER: &str = "R-2026-0091";

impl City {
    /// Names who answers for the referrals that an agency's system sends.
    async fn referrals_by(&self, id: &str, staff: &str) {
        let mut agency = Agency::clone(&self.running.hub.register.agency(&AgencyId::new(id).unwrap()).unwrap());
        agency.settings.referrals_by = Some(staff.to_owned());
        self.running.hub.enrol(Enrolment::Agency(Box::new(agency)), "operator").await.unwrap();
    }
}

fn message(kind: &str, id: &str, facility: &str, rf1: &str, patient: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|HIS|{facility}|MUSUBI|SHIONE-CITY|20261112100000+0900||{kind}|{id}|P|2.5||||||UNICODE UTF-8\r\
         {rf1}\rPRD|RP|||||||||\rPRD|RT||||||4810700452\r\
         PID|1||{patient}^^^^PI||榎本^千夏^^^^^L^I~エノモト^チナツ^^^^^L^P||19960514|F\r"
    )
    .into_bytes()
}

pub(crate) fn referral(id: &str) -> Vec<u8> {
    let rf1 = format!("RF1|P|R||||{NUMBER}|20261112100000|20261119||^授乳の相談");
    message("REF^I12^REF_I12", id, "SHIONE-HOSP", &rf1, "00012345")
}

pub(crate) fn answer(id: &str, state: &str, reason: &str) -> Vec<u8> {
    let rf1 = format!("RF1|{state}|||||{NUMBER}|20261113090000|||{reason}");
    message("RRI^I12^RRI_I12", id, "MINAMI", &rf1, "99")
}

/// RF1-1 of an answer.
fn status(answer: &Acknowledgement) -> String {
    let text = answer.text();
    let rf1 = text.split('\r').find(|line| line.starts_with("RF1|")).unwrap_or_default();
    rf1.split('|').nth(1).unwrap_or_default().to_owned()
}

pub(crate) async fn two_hospitals() -> City {
    let city = City::at("2026-11-12T10:00:00+09:00").await;
    city.referrals_by(sample::HOSPITAL, "namiki").await;
    city.referrals_by(sample::CLINIC, "kaida").await;
    city.deviates(sample::CLINIC, |profile| profile.sender_names.push("MINAMI".to_owned())).await;
    city
}

#[tokio::test]
async fn a_ref_asks_the_other_hospital_and_its_rri_moves_the_loop() {
    let city = two_hospitals().await;
    let first = city.hospital().sends(&referral("A-1")).await.accepted();
    assert_eq!(status(&first), "P");
    let asked = city.clinic().work("referral").await;
    assert_eq!(asked.len(), 1);
    city.hospital().sends(&referral("A-2")).await.accepted();
    assert_eq!(city.clinic().work("referral").await.len(), 1, "the same referral again asks nobody again");

    city.set("2026-11-13T09:00:00+09:00");
    city.clinic().sends(&answer("B-1", "A", "")).await.accepted();
    let question = message("REF^I15^REF_I12", "A-3", "SHIONE-HOSP", &format!("RF1||||||{NUMBER}"), "00012345");
    assert_eq!(status(&city.hospital().sends(&question).await.accepted()), "A");
    city.clinic().sends(&answer("B-2", "A", "")).await.accepted();
    let declined = city.clinic().sends(&answer("B-3", "R", "^満床")).await;
    assert!(declined.refused("AE", "").text().contains("M605"), "what was accepted is not declined");
}

#[tokio::test]
async fn a_referral_that_nobody_answers_for_is_kept_and_asks_nobody() {
    let city = City::at("2026-11-12T10:00:00+09:00").await;
    let kept = city.hospital().sends(&referral("A-1")).await.accepted();
    assert!(kept.said().iter().any(|said| said.starts_with("W M614")), "{:?}", kept.said());
    assert!(city.clinic().work("referral").await.is_empty());
}

#[tokio::test]
async fn a_number_that_is_nobodys_is_said_and_not_guessed() {
    let city = two_hospitals().await;
    let unknown = city.clinic().sends(&answer("B-1", "A", "")).await.accepted();
    assert!(unknown.said().iter().any(|said| said.starts_with("W H005")), "{:?}", unknown.said());
    let question = message("REF^I15^REF_I12", "A-3", "SHIONE-HOSP", &format!("RF1||||||{NUMBER}"), "00012345");
    city.hospital().sends(&question).await.refused("AE", "RF1");
}

//! Rows 3, 5, 6 and 7: what hospitals send, what they are told, and what the center reads of it.

use crate::agencies::replaced;
use crate::city::{CLINIC, City, MOTHER, NEWBORN};
use musubi::edge::grpc::client::{AssertGroundRequest, Evidence, WorkItem};

const OWN_EPDS: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_r01_epds_own.hl7");
const MERGE: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_a40_merge.hl7");
const REFERRAL: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_ref_i12.hl7");
const TWO_WEEK: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_r01_two_week_check.hl7");

/// The clinic's midwife asserts L03 for a message.
pub(crate) async fn asserts_that_support_is_needed(city: &City, message: &str) {
    let evidence = [("why_support", "届出が遅く、家に手伝う人がいない"), ("consent_sought", "これから相談する")];
    let request = AssertGroundRequest {
        staff_id: "kaida".to_owned(),
        code: "L03".to_owned(),
        message: message.to_owned(),
        categories: crate::agencies::words(&["C01", "C02", "C05"]),
        evidence: evidence.map(|(key, value)| Evidence { key: key.to_owned(), value: value.to_owned() }).to_vec(),
        until: "2026-12-27".to_owned(),
        ..AssertGroundRequest::default()
    };
    city.clinic().client.grounds().assert(request).await.unwrap();
}

#[tokio::test]
async fn a_notice_without_a_basis_waits_until_the_clinic_asserts_one() {
    let city = City::at("2026-10-27T16:20:00+09:00").await;
    let answer = city.clinic().sends(CLINIC).await.accepted();
    assert!(answer.said().iter().any(|said| said.starts_with("W H108 ")), "{:?}", answer.said());
    assert!(city.center().receives().await.is_empty());
    city.set("2026-10-27T16:40:00+09:00");
    asserts_that_support_is_needed(&city, &answer.msa(2)).await;
    let mail = city.center().receives().await;
    assert_eq!(mail.0.len(), 1);
    assert!(mail.text().contains("高柳"), "in the clinic's own spelling");
    assert!(!mail.text().contains('灯') && !mail.text().contains("アカリ"), "no child from this message alone");
}

#[tokio::test]
async fn nobody_asserts_a_ground_for_the_message_of_another() {
    let city = City::at("2026-10-27T16:20:00+09:00").await;
    let answer = city.clinic().sends(CLINIC).await.accepted();
    let evidence = [("why_support", "x"), ("consent_sought", "x")];
    let request = AssertGroundRequest {
        staff_id: "namiki".to_owned(),
        code: "L03".to_owned(),
        message: answer.msa(2),
        categories: crate::agencies::words(&["C01", "C05"]),
        evidence: evidence.map(|(key, value)| Evidence { key: key.to_owned(), value: value.to_owned() }).to_vec(),
        until: "2026-12-27".to_owned(),
        ..AssertGroundRequest::default()
    };
    let refused = city.hospital().client.grounds().assert(request).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    assert!(city.center().receives().await.is_empty());
}

/// As SS-MIX2 sends it: no visit number, and the admission in the A01 alone.
#[tokio::test]
async fn a_discharge_that_does_not_say_when_its_stay_began_is_joined_with_the_admission() {
    let city = City::at("2026-10-26T02:00:00+09:00").await;
    city.center().records_both_permits().await;
    let stay = replaced(MOTHER, b"I26-003871", b"");
    let admission = replaced(&stay, b"202610260110|202610301030", b"202610260110");
    let admission = replaced(&replaced(&admission, b"ADT^A03^ADT_A03", b"ADT^A01^ADT_A01"), b"EVN|A03", b"EVN|A01");
    let admission = replaced(&admission, b"S261030-0102", b"S261026-0001");
    let admission = replaced(&admission, b"20261030110530", b"20261026013000");
    city.hospital().sends(&admission).await.accepted();
    city.set("2026-10-30T11:06:10+09:00");
    city.hospital().sends(&replaced(&stay, b"202610260110|", b"|")).await.accepted();
    let mail = city.center().receives().await;
    let document = mail.last("fhir-json");
    assert!(document.contains("2026-10-26T01:10"), "the notice says when the stay began: {document}");
    assert!(!document.contains("in-progress"), "{document}");
}

#[tokio::test]
async fn three_messages_of_a_discharge_become_one_notice_without_a_word_of_an_epds() {
    let city = City::at("2026-10-28T10:00:00+09:00").await;
    city.center().records_both_permits().await;
    city.set("2026-10-30T11:06:10+09:00");
    for message in [NEWBORN, MOTHER, OWN_EPDS] {
        city.hospital().sends(message).await.accepted();
    }
    let signals = city.center().work("signal").await;
    assert!(signals.iter().any(|signal| signal.code == "LOW_WEIGHT"), "2,486 g: a notice is expected");
    let mail = city.center().receives().await;
    let page = mail.last("notice-html");
    for word in ["2,486", "38週4日", "千夏", "湊"] {
        assert!(page.contains(word), "{word} is not on the page");
    }
    assert!(mail.last("fhir-json").contains("\"resourceType\":\"Bundle\""));
    for word in ["EPDS", "99046-5", "エジンバラ"] {
        assert!(!mail.text().contains(word), "{word} came out");
    }
}

#[tokio::test]
async fn the_same_bytes_get_the_same_answer_and_reach_the_center_once() {
    let city = City::after_the_permitted_discharge().await;
    let first = city.hospital().sends(NEWBORN).await.accepted();
    assert!(!city.center().receives().await.is_empty());
    assert_eq!(city.hospital().sends(NEWBORN).await, first);
    assert!(city.center().receives().await.is_empty());
}

#[tokio::test]
async fn four_messages_sent_wrong_are_refused_with_place_and_reason() {
    let city = City::after_the_permitted_discharge().await;
    city.center().receives().await;
    let other_weight = replaced(NEWBORN, b"||2486|", b"||2586|");
    city.hospital().sends(&other_weight).await.refused("AE", "MSH");
    let renamed = replaced(MOTHER, b"S261030-0102", b"S261030-0192");
    let middle = renamed.windows(4).position(|part| part == b"PID|").unwrap() + 24;
    city.hospital().sends(&renamed[..middle]).await.refused("AE", "PID");
    let number = ["1234", "5678", "9018"].concat();
    let numbered = replaced(&renamed, b"090-0000-0011", number.as_bytes());
    let answer = city.hospital().sends(&numbered).await.refused("AE", "PID");
    assert!(!answer.text().contains(&number[..4]), "a digit is repeated: {}", answer.text());
    city.clinic().sends(&renamed).await.refused("AR", "MSH");
    assert!(city.center().receives().await.is_empty(), "nothing of it went anywhere");
    city.hospital().sends(&renamed).await.accepted();
}

#[tokio::test]
async fn a_check_that_the_city_pays_for_reaches_it_without_a_permit_and_asks_for_a_call_today() {
    let city = City::at("2026-11-09T15:13:00+09:00").await;
    city.hospital().sends(TWO_WEEK).await.accepted();
    let calls = city.center().work("signal").await;
    let call = calls.iter().find(|signal| signal.code == "SELF_HARM").unwrap();
    assert!(call.due_at.as_str() <= "2026-11-10T00:00:00+09:00", "{}", call.due_at);
    let mail = city.center().receives().await;
    assert!(mail.text().contains("12"), "the total is told");
}

#[tokio::test]
async fn an_epds_that_the_hospital_took_for_itself_is_shown_to_nobody_else() {
    let city = City::after_the_discharge().await;
    city.set("2026-10-30T11:06:10+09:00");
    city.hospital().sends(OWN_EPDS).await.accepted();
    assert!(city.center().receives().await.is_empty());
    assert!(!city.center().work("signal").await.iter().any(|signal| signal.code == "SELF_HARM"));
    let own = city.hospital().looks_up("P1", crate::steps::chinatsu(), "").await;
    assert!(own.kinds().contains(&"screening"), "its author sees it: {:?}", own.kinds());
    for (agency, purpose) in [(city.center(), "P3"), (city.clinic(), "P1"), (city.health_center(), "P1")] {
        let seen = agency.looks_up(purpose, crate::steps::chinatsu(), "").await;
        assert!(!seen.kinds().contains(&"screening"), "{} sees {:?}", agency.id, seen.kinds());
    }
}

#[tokio::test]
async fn a_merge_of_two_identifiers_is_put_before_an_officer_and_a_referral_is_answered_with_its_number() {
    let city = City::at("2026-11-02T09:30:00+09:00").await;
    let provisional = replaced(&replaced(NEWBORN, b"00067890", b"00099001"), b"S261030-0101", b"S261102-0001");
    city.hospital().sends(NEWBORN).await.accepted();
    city.hospital().sends(&provisional).await.accepted();
    let merged = |items: &[WorkItem]| items.iter().any(|item| item.text_en.contains("merged two of its identifiers"));
    assert!(!merged(&city.center().work("suggestion").await));
    city.hospital().sends(MERGE).await.accepted();
    assert!(merged(&city.center().work("suggestion").await));
    let answer = city.hospital().sends(REFERRAL).await.accepted();
    assert!(answer.text().contains("|RRI^I12^RRI_I12|") && answer.text().contains("\rRF1|P|||||R26-0031\r"));
}

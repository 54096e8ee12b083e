//! Where a referral stands, told and read: one number, and a report where it is completed.

use super::*;
use crate::testing::{day, minute, mother_details, of_mother, profile, released, text};
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// A message that tells this state.
fn told(state: &str) -> String {
    let step = proto::ReferralStep {
        referral_id: text("R26-0031"),
        state: text(state),
        by_agency: text("OSC-482072"),
        to_agency: text(crate::testing::HOSPITAL),
        scheduled_for: (state == "scheduled").then(|| minute(day(2026, 11, 3), 10, 30)),
        ..Default::default()
    };
    let who = of_mother("person", Body::PersonDetails(mother_details()));
    let entries = vec![who, of_mother("step", Body::ReferralStep(step))];
    String::from_utf8(Hl7v2.encode(&released(entries), &profile()).unwrap()).unwrap()
}

#[test]
fn every_state_of_a_referral_is_told_with_the_number_that_it_came_with_and_read_as_it_was_told() {
    for (state, status) in [
        ("sent", "P"),
        ("received", "P"),
        ("accepted", "A"),
        ("declined", "R"),
        ("scheduled", "A"),
        ("no_show", "A"),
        ("in_service", "A"),
        ("completed", "A"),
        ("cancel_asked", "P"),
        ("cancelled", "R"),
        ("expired", "E"),
    ] {
        let message = told(state);
        assert!(message.contains(&format!("\rRF1|{status}|||||R26-0031|")), "{state}: {message}");
        let kind = if state == "cancel_asked" { "|REF^I14^REF_I12|" } else { "|RRI^I12^RRI_I12|" };
        assert!(message.contains(kind), "{state}: {message}");
        let message = message.replace("|MUSUBI|MUSUBI|", "|SHIONE-HIS|SHIONE-HOSP|");
        let read = read(message.as_bytes(), &shione());
        let step = read.body("referralStep");
        assert_eq!((&step["state"], &step["referralId"]), (&state.into(), &"R26-0031".into()), "{message}");
    }
    assert!(told("scheduled").contains("^予定日時 令和8年(2026年)11月3日 10:30"), "{}", told("scheduled"));
}

#[test]
fn what_comes_with_the_answer_that_completes_a_referral_is_its_report() {
    let weight = "F\rOBR|1|||29463-7^体重^LN|||20261103\rOBX|1|NM|29463-7^体重^LN||54.2|kg|||||F";
    let answer = |state: &str| {
        let text = String::from_utf8(changed("shione_rri_i12", "|19960514|F", &format!("|19960514|{weight}"))).unwrap();
        let rf1 = "RF1|A|R||||R26-0044|20261101";
        assert!(text.contains(rf1));
        text.replacen(rf1, &format!("{rf1}|||{state}^^99MUSUBI-RF"), 1).into_bytes()
    };
    let completed = read(&answer("completed"), &shione());
    let observation = completed.entry("observation");
    assert_eq!(completed.body("referralStep")["reportEntries"], serde_json::json!([observation["sourceKey"]]));
    let begun = read(&answer("in_service"), &shione());
    assert!(begun.body("referralStep")["reportEntries"].as_array().is_none_or(Vec::is_empty));
}

//! What is written is read back as what it was.

use super::samples::{SAMPLES, profile_of};
use super::*;
use musubi_core::consent::Policy;
use musubi_core::record::Submission;
use musubi_core::release::release_to_author;
use std::collections::BTreeSet;

/// The sample's agency, and any name in the header: what Musubi writes comes from Musubi.
fn offline(name: &str) -> Profile {
    Profile { any_sender: true, ..profile_of(name) }
}

pub(super) fn submissions(bytes: &[u8], profile: &Profile) -> Vec<Submission> {
    let decoded = Hl7v2.decode(bytes, profile);
    let errors: Vec<String> =
        decoded.all_diagnostics().map(ToString::to_string).filter(|d| d.starts_with("error")).collect();
    assert!(errors.is_empty(), "{errors:?}\n{}", String::from_utf8_lossy(bytes));
    decoded.items.into_iter().filter_map(|item| item.submission).collect()
}

pub(super) fn written(submissions: Vec<Submission>, profile: &Profile) -> Vec<u8> {
    let released = release_to_author(submissions, &profile.agency, &Policy::reviewed(), profile.now);
    Hl7v2.encode(&released, profile).unwrap()
}

/// Each entry as its key and body, without what only the source's own text or segment tells.
fn told(submissions: &[Submission]) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    for submission in submissions {
        let record: serde_json::Value = serde_json::from_str(&submission.to_author_json()).unwrap();
        for entry in record["entries"].as_array().unwrap() {
            let body = entry
                .as_object()
                .unwrap()
                .iter()
                .find(|(name, value)| value.is_object() && !matches!(name.as_str(), "occurredAt" | "sourceTime"));
            told.insert(format!(
                "{} {} {}",
                entry["sourceKey"],
                entry["subjects"],
                serde_json::to_string(&body.unwrap()).unwrap()
            ));
        }
    }
    told
}

#[test]
fn a_sample_is_written_and_read_back_as_the_same_record() {
    for name in SAMPLES {
        let profile = offline(name);
        let read = submissions(&sample(name), &profile);
        let first = written(read.clone(), &profile);
        let again = submissions(&first, &profile);
        let (before, after) = (told(&read), told(&again));
        let lost: Vec<_> = before.difference(&after).collect();
        let invented: Vec<_> = after.difference(&before).collect();
        assert!(
            lost.is_empty() && invented.is_empty(),
            "{name}\nlost {lost:#?}\ninvented {invented:#?}\n{}",
            String::from_utf8_lossy(&first).replace('\r', "\n")
        );
    }
}

#[test]
fn what_was_written_once_is_written_the_same_again() {
    for name in SAMPLES {
        for charset in [None, Some("iso-2022-jp")] {
            let profile = Profile { charset: charset.map(str::to_owned), ..offline(name) };
            let first = written(submissions(&sample(name), &profile), &profile);
            let second = written(submissions(&first, &profile), &profile);
            assert!(
                first == second,
                "{name}\n{}\n{}",
                String::from_utf8_lossy(&first),
                String::from_utf8_lossy(&second)
            );
            assert_eq!(first.is_ascii(), charset.is_some(), "{name}: escapes of ISO 2022 are seven bits");
        }
    }
}

#[test]
fn a_second_code_of_a_diagnosis_and_the_kind_of_a_referral_come_back() {
    let changed = |name: &str, from: &str, to: &str| {
        let text = String::from_utf8(sample(name)).unwrap();
        assert!(text.contains(from), "{name}");
        let profile = offline(name);
        let read = submissions(text.replace(from, to).as_bytes(), &profile);
        let again = submissions(&written(read.clone(), &profile), &profile);
        assert_eq!(told(&read), told(&again));
        told(&again).into_iter().collect::<Vec<_>>().join("\n")
    };
    let both = "O80.0^自然頭位分娩^I10^20081234^正常分娩^MDCDX2";
    let mother = changed("shione_a03_mother", "O80.0^自然頭位分娩^I10", both);
    assert!(mother.contains("20081234") && mother.contains("MDCDX2"), "{mother}");
    let asked = changed("shione_ref_i12", "RF1|P|A||||", "RF1|P|A|support^支援依頼^99MUSUBI-RK|||");
    assert!(asked.contains("\"kind\":\"support\""), "{asked}");
    let done = changed("shione_a03_mother", "\rIN1", "\rPR1|1||K8981^帝王切開術^99MHLW||202610260412\rIN1");
    assert!(done.contains("\"kind\":\"procedure\""), "{done}");
    let titre = changed("shione_a03_mother", "\rDG1", "\rOBX|1|SN|5334-8^風疹HI^LN||^1^:^128||||||F\rDG1");
    assert!(titre.contains("1:128"), "{titre}");
    let in_words = changed("shione_ref_i12", "RF1|P|A||||", "RF1|P|A|^産後ケア|||");
    assert!(in_words.contains("\"kind\":\"postnatal_care\""), "{in_words}");
}

#[test]
fn an_allergy_that_was_found_not_to_be_is_not_written_as_one() {
    use crate::testing::{coded, mother_alone, of_mother, profile, released, text};
    use musubi_proto::v1 as proto;
    let lines = |status: &str| {
        let mut all = mother_alone();
        let (coded, kind, status) = (Some(coded("", "", "卵")), text("allergy"), text(status));
        let found = proto::Observation { coded, kind, status, ..proto::Observation::default() };
        all.push(of_mother("0012345/allergy/1", proto::entry::Body::Observation(found)));
        let written = String::from_utf8(Hl7v2.encode(&released(all), &profile()).unwrap()).unwrap();
        written.matches("\rIAM|").count()
    };
    assert_eq!((lines("final"), lines("none")), (1, 0));
}

//! Cells in words, and what differs between two policies.

use super::super::Policy;
use super::super::explain::{diff, explain};
use super::people::policy;
use crate::agency::{AgencyKind, Category, Purpose};

const MATRIX: &str = include_str!("../../../../policy/matrix.toml");
const GROUNDS: &str = include_str!("../../../../policy/grounds.toml");
const MASKS: &str = include_str!("../../../../policy/masks.toml");

#[test]
fn a_cell_is_explained_with_its_notes_and_grounds_in_both_languages() {
    let text = explain(policy(), AgencyKind::Osc, Purpose::P3, Category::C08);
    for part in ["OSC/P3 C08", "CS", "T2.L01", "T5.L03", "児童福祉法 第21条の10の5", "D!"] {
        assert!(text.ja.contains(part), "{part}: {}", text.ja);
    }
    assert!(text.en.contains("commissioned work"), "{}", text.en);
    assert!(!text.en.contains("T5.L12"), "L12 does not reach C08: {}", text.en);
    let never = explain(policy(), AgencyKind::Prv, Purpose::P5, Category::C01);
    assert!(never.en.contains("T0.3") && !never.en.contains("matrix"), "{}", never.en);
    let emergency = explain(policy(), AgencyKind::Med, Purpose::P11, Category::C04);
    assert!(emergency.en.contains("T3.BG"), "{}", emergency.en);
}

#[test]
fn a_policy_that_opens_a_cell_is_told_from_one_that_shuts_it() {
    assert_eq!(diff(policy(), policy()), []);
    let opened = MATRIX.replacen("C05 = \"CS\"", "C05 = \"D!\"", 1);
    let opened = Policy::load(&opened, GROUNDS, MASKS).unwrap();
    let there = diff(policy(), &opened);
    assert_eq!(
        there.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["matrix OSC/P3 C05: CS -> D!  (opens / 緩和)"]
    );
    // From a task back to consent or ground: a ground that opened nothing before now may.
    assert!(diff(&opened, policy()).iter().all(|change| change.opens));
    let shut = MATRIX.replacen("C05 = \"CS\"", "C05 = \"S\"", 1);
    let shut = Policy::load(&shut, GROUNDS, MASKS).unwrap();
    assert!(diff(policy(), &shut).iter().all(|change| !change.opens));
    assert!(diff(&shut, policy()).iter().all(|change| change.opens));
    let longer = GROUNDS.replacen("days_max = 90", "days_max = 91", 1);
    let longer = Policy::load(MATRIX, &longer, MASKS).unwrap();
    assert!(diff(policy(), &longer).iter().all(|change| change.opens));
    assert_eq!(diff(policy(), &longer).len(), 1);
}

#[test]
fn a_changed_note_is_told_in_words_and_by_what_it_opens() {
    let note = "unless = \"own_report\"\nrecipients = [\"PRV\"]\npurposes = [\"P7\", \"P8\"]";
    let wider = MATRIX.replacen(note, "unless = \"own_report\"\nrecipients = [\"PRV\"]\npurposes = [\"P7\"]", 1);
    let wider = Policy::load(&wider, GROUNDS, MASKS).unwrap();
    let label = "note ケア実施報告は、事業者には自らの報告に限る";
    let told = [
        format!("{label}: PRV/P7 P8 C17 any to - unless own_report -> none  (opens / 緩和)"),
        format!("{label}: none -> PRV/P7 C17 any to - unless own_report  (opens / 緩和)"),
    ];
    assert_eq!(diff(policy(), &wider).iter().map(ToString::to_string).collect::<Vec<_>>(), told);
    let narrower = diff(&wider, policy());
    assert!(narrower.len() == 2 && narrower.iter().all(|change| !change.opens), "{narrower:?}");
}

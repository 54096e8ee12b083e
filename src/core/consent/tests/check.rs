//! What is taken on file.

use super::super::GroundCode;
use super::super::records::{Consent, Grantee, Relationship, Scope};
use super::people::*;
use crate::agency::Category::{C04, C09, C18, C20};
use crate::agency::{AgencyKind, CategorySet, Purpose};
use crate::time::{Day, Time};

fn codes(result: Result<(), Vec<super::super::RecordFault>>) -> Vec<&'static str> {
    result.err().unwrap_or_default().into_iter().map(|fault| fault.code).collect()
}

#[test]
fn a_permit_says_for_whom_what_why_and_until_when() {
    assert_eq!(codes(permit(1).check(None)), Vec::<&str>::new());
    let wrong = Consent {
        version: 0,
        grantee: Grantee::Everyone,
        categories: Scope::Named(CategorySet::EMPTY),
        purposes: vec![Purpose::P12],
        valid_until: None,
        ..permit(1)
    };
    assert_eq!(codes(wrong.check(None)), ["MU-E401", "MU-E402", "MU-E404", "MU-E405", "MU-E410"]);
    let mut notifier = permit(1);
    notifier.categories = Scope::Named(set(&[C04, C20]));
    assert_eq!(codes(notifier.check(None)), ["MU-E403"]);
    let mut unproven = permit(1);
    unproven.evidence.form.clear();
    unproven.relationship = Relationship::Court;
    assert_eq!(codes(unproven.check(None)), ["MU-E408", "MU-E409"]);
}

#[test]
fn a_permit_ends_within_two_years_or_at_a_birthday_of_the_child() {
    let until = |end: Day| Consent { valid_until: Some(Time::end_of(end)), ..permit(1) };
    assert_eq!(codes(until(Day::constant(2028, 10, 1)).check(None)), Vec::<&str>::new());
    assert_eq!(codes(until(Day::constant(2028, 10, 2)).check(None)), ["MU-E406"]);
    let third = Day::constant(2029, 10, 26);
    assert_eq!(codes(until(third).check(None)), ["MU-E406"]);
    assert_eq!(codes(until(third).check(Some(Day::constant(2026, 10, 26)))), Vec::<&str>::new());
    assert_eq!(codes(until(Day::constant(2029, 10, 27)).check(Some(Day::constant(2026, 10, 26)))), ["MU-E406"]);
    assert_eq!(codes(until(Day::constant(2026, 9, 1)).check(None)), ["MU-E407"]);
}

#[test]
fn an_objection_may_be_without_end_purpose_or_form() {
    let mut objection = said(1, super::super::records::ConsentKind::Objection, "2026-10-15T10:00:00+09:00");
    objection.grantee = Grantee::Everyone;
    objection.categories = Scope::All;
    objection.purposes.clear();
    objection.evidence.form.clear();
    assert_eq!(codes(objection.check(None)), Vec::<&str>::new());
}

#[test]
fn an_open_ended_ground_or_one_of_more_than_ninety_days_is_rejected() {
    let mut l04 = ground(1, GroundCode::L04, "CGC-1", "CGC-1", &[MOTHER]);
    l04.categories = set(&[C09]);
    for key in ["request_number", "requesting_head", "persons_covered", "necessity", "period"] {
        l04.evidence.insert(key.into(), "8-204".into());
    }
    let check = |ground: &super::super::records::Ground| codes(ground.check(policy(), AgencyKind::Cgc));
    assert_eq!(check(&l04), Vec::<&str>::new());
    l04.until = None;
    assert_eq!(check(&l04), ["MU-E423"]);
    l04.until = Some(l04.from.plus_days(92));
    assert_eq!(check(&l04), ["MU-E425"]);
    l04.until = Some(l04.from.plus_days(90));
    assert_eq!(check(&l04), Vec::<&str>::new());
    l04.categories = set(&[C09, C18]);
    l04.subjects.clear();
    l04.evidence.remove("period");
    l04.statute_version = "1999-01-01".into();
    assert_eq!(check(&l04), ["MU-E422", "MU-E426", "MU-E427", "MU-E428"]);
    assert_eq!(codes(l04.check(policy(), AgencyKind::Prv)).first(), Some(&"MU-E421"));
}

#[test]
fn an_order_of_a_court_is_never_automatic() {
    let order = ground(1, GroundCode::L16, "CGC-1", "MED-1", &[MOTHER]);
    assert_eq!(codes(order.check(policy(), AgencyKind::Cgc)).first(), Some(&"MU-E420"));
}

#[test]
fn break_glass_needs_a_reason_in_words_and_a_person() {
    let mut glass = glass(1, "CGC-1", "2026-11-01T12:00:00+09:00");
    assert_eq!(codes(glass.check()), Vec::<&str>::new());
    glass.reason = "十九文字".into();
    glass.staff_id = "system".into();
    glass.reason_code.clear();
    assert_eq!(codes(glass.check()), ["MU-E441", "MU-E442", "MU-E443"]);
}

#[test]
fn records_survive_the_trip_through_json() {
    let consent = permit(1);
    let text = serde_json::to_string(&consent).unwrap();
    assert_eq!(serde_json::from_str::<Consent>(&text).unwrap(), consent);
    let l04 = ground(1, GroundCode::L04, "CGC-1", "CGC-1", &[MOTHER, CHILD]);
    let text = serde_json::to_string(&l04).unwrap();
    assert_eq!(serde_json::from_str::<super::super::records::Ground>(&text).unwrap(), l04);
}

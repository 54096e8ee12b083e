#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::fixture::{about, entry, entry_id, now, on, person, released, released_to};
use super::*;
use crate::agency::{AgencyKind, Purpose};

const MOTHER: u32 = 1;
const CHILD: u32 = 2;

fn visit(key: &str, month: i32, day: i32, result: &str, seen: bool) -> proto::Entry {
    let visit = proto::HomeVisit {
        visited_on: Some(on(2026, month, day)),
        result: result.to_owned(),
        child_seen: Some(seen),
        ..Default::default()
    };
    entry(&[CHILD, MOTHER], key, Body::HomeVisit(visit))
}

fn epds_of(items: &[i32], total: Option<i32>, item_10: Option<i32>) -> proto::Entry {
    let screening = proto::Screening {
        instrument: "epds".to_owned(),
        answered_on: Some(on(2026, 11, 9)),
        items: items.to_vec(),
        total,
        self_harm_item: item_10,
        ..Default::default()
    };
    about(MOTHER, "epds:2026-11-09", Body::Screening(screening))
}

fn notification(change: impl FnOnce(&mut proto::PregnancyNotification)) -> proto::Entry {
    let mut notification = proto::PregnancyNotification { notified_on: Some(on(2026, 7, 27)), ..Default::default() };
    change(&mut notification);
    about(MOTHER, "pregnancy", Body::PregnancyNotification(notification))
}

fn newborn(weight: (&str, &str), notified: Option<bool>) -> proto::Entry {
    let (value, unit) = (weight.0.to_owned(), weight.1.to_owned());
    let weight = proto::Quantity { value, unit, comparator: String::new() };
    let body = proto::Newborn { birth_weight: Some(weight), low_weight_notified: notified, ..Default::default() };
    about(CHILD, "birth", Body::Newborn(body))
}

fn codes(entries: Vec<proto::Entry>) -> Vec<&'static str> {
    find(&released(entries), now()).into_iter().map(|signal| signal.code).collect()
}

#[test]
fn two_absences_make_an_infant_unmet_and_one_does_not() {
    let first = visit("1", 11, 6, "absent", false);
    assert!(codes(vec![first.clone()]).is_empty());
    let found = find(&released(vec![first, visit("2", 11, 11, "absent", false)]), now());
    let signal = found.first().unwrap();
    assert_eq!(signal.code, UNMET_INFANT);
    assert_eq!(signal.persons, [person(2), person(1)], "the child first");
    assert_eq!(signal.evidence, [entry_id(1), entry_id(2)]);
    assert_eq!(signal.due.rfc3339(), "2026-11-18T17:15:00+09:00");
}

#[test]
fn a_refusal_an_unknown_address_or_a_long_stay_is_enough_at_once() {
    for result in ["refused", "address_unknown", "postponed_hospital", "postponed_stay"] {
        assert_eq!(codes(vec![visit("1", 11, 6, result, false)]), [UNMET_INFANT], "{result}");
    }
    for result in ["met_mother", "met_family", "done_elsewhere"] {
        assert!(codes(vec![visit("1", 11, 6, result, false)]).is_empty(), "{result}");
    }
}

#[test]
fn only_a_later_sighting_by_anybody_closes_an_unmet_infant() {
    let absent = || vec![visit("1", 11, 6, "absent", false), visit("2", 11, 11, "absent", false)];
    let seen_after = [absent(), vec![visit("3", 11, 12, "met_both", true)]].concat();
    assert!(codes(seen_after).is_empty());
    let seen_before = [absent(), vec![visit("3", 11, 5, "met_both", true)]].concat();
    assert_eq!(codes(seen_before), [UNMET_INFANT]);
    let only_the_mother = [absent(), vec![visit("3", 11, 12, "met_mother", false)]].concat();
    assert_eq!(codes(only_the_mother), [UNMET_INFANT]);
    let attempt = proto::ContactAttempt { child_seen: Some(true), ..Default::default() };
    let mut seen_elsewhere = about(CHILD, "contact", Body::ContactAttempt(attempt));
    let time = |hour| proto::DateTime { date: Some(on(2026, 11, 13)), hour: Some(hour), ..Default::default() };
    seen_elsewhere.occurred_at = Some(time(9));
    assert!(codes([absent(), vec![seen_elsewhere]].concat()).is_empty());
}

#[test]
fn a_sighting_that_is_dated_in_the_future_closes_nothing() {
    let absent = vec![visit("1", 11, 6, "absent", false), visit("2", 11, 11, "absent", false)];
    assert_eq!(codes([absent, vec![visit("3", 12, 24, "met_both", true)]].concat()), [UNMET_INFANT]);
}

#[test]
fn a_twin_who_was_seen_does_not_close_the_signal_of_the_other() {
    let seen = proto::HomeVisit { visited_on: Some(on(2026, 11, 12)), child_seen: Some(true), ..Default::default() };
    let other = entry(&[4, MOTHER], "3", Body::HomeVisit(seen));
    let found = find(&released(vec![visit("1", 11, 6, "refused", false), other]), now());
    assert_eq!(found.first().map(|signal| signal.persons.clone()), Some(vec![person(2), person(1)]));
}

#[test]
fn item_ten_of_the_epds_counts_at_any_total_and_is_due_the_same_day() {
    let found = find(&released(vec![epds_of(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 1], Some(1), None)]), now());
    let [signal] = found.as_slice() else { panic!("one signal") };
    assert_eq!((signal.code, signal.due.rfc3339().as_str()), (SELF_HARM, "2026-11-12T00:00:00+09:00"));
    assert_eq!(codes(vec![epds_of(&[], Some(3), Some(2))]), [SELF_HARM], "sent apart from the items");
    assert!(codes(vec![epds_of(&[1, 1, 2], None, None)]).is_empty(), "a form that is not whole tells no item 10");
}

#[test]
fn an_epds_of_nine_is_high_and_of_eight_is_not() {
    assert_eq!(codes(vec![epds_of(&[], Some(9), Some(0))]), [EPDS_HIGH]);
    assert!(codes(vec![epds_of(&[], Some(8), Some(0))]).is_empty());
    assert_eq!(codes(vec![epds_of(&[1, 1, 2, 2, 1, 1, 1, 1, 1, 1], Some(12), None)]), [SELF_HARM, EPDS_HIGH]);
    assert_eq!(codes(vec![epds_of(&[1, 1, 1, 1, 1, 1, 1, 1, 1, 0], None, None)]), [EPDS_HIGH], "summed");
}

#[test]
fn a_pregnancy_of_which_a_hospital_tells_was_never_notified_late() {
    let told = notification(|pregnancy| {
        pregnancy.notified_on = None;
        (pregnancy.due_date, pregnancy.last_menstrual_period) = (Some(on(2026, 11, 30)), Some(on(2026, 2, 23)));
    });
    assert!(codes(vec![told]).is_empty());
}

#[test]
fn a_notification_is_late_from_twenty_two_weeks() {
    assert_eq!(codes(vec![notification(|n| n.gestation_days = Some(154))]), [LATE_NOTIFICATION]);
    assert!(codes(vec![notification(|n| n.gestation_days = Some(153))]).is_empty());
    assert_eq!(codes(vec![notification(|n| n.due_date = Some(on(2026, 11, 30)))]), [LATE_NOTIFICATION], "22w0d");
    assert!(codes(vec![notification(|n| n.due_date = Some(on(2026, 12, 1)))]).is_empty());
    assert_eq!(codes(vec![notification(|n| n.pregnancy_month = Some(7))]), [LATE_NOTIFICATION]);
    assert!(codes(vec![notification(|n| n.pregnancy_month = Some(6))]).is_empty(), "20 to 23 weeks: not known");
}

#[test]
fn a_mother_below_twenty_is_seen_by_her_age_or_her_date_of_birth() {
    assert_eq!(codes(vec![notification(|n| n.age = Some(19))]), [YOUNG_MOTHER]);
    assert!(codes(vec![notification(|n| n.age = Some(20))]).is_empty());
    let born = |day| {
        let details = proto::PersonDetails { birth_date: Some(on(2006, 7, day)), ..Default::default() };
        vec![about(MOTHER, "person", Body::PersonDetails(details)), notification(|_| {})]
    };
    assert_eq!(codes(born(28)), [YOUNG_MOTHER]);
    assert!(codes(born(27)).is_empty());
}

#[test]
fn a_weight_below_2500_grams_asks_for_the_notice_until_it_came() {
    assert_eq!(codes(vec![newborn(("2486", "g"), None)]), [LOW_WEIGHT]);
    assert_eq!(codes(vec![newborn(("2.486", "kg"), Some(false))]), [LOW_WEIGHT]);
    assert!(codes(vec![newborn(("2500", "g"), None)]).is_empty());
    assert!(codes(vec![newborn(("2486", "g"), Some(true))]).is_empty());
    assert!(codes(vec![newborn(("5.5", "[lb_av]"), None)]).is_empty(), "a unit that is not known tells nothing");
}

#[test]
fn what_a_recipient_may_not_see_raises_nothing() {
    let entries = || {
        let visits = vec![visit("1", 11, 6, "absent", false), visit("2", 11, 11, "refused", false)];
        [visits, vec![epds_of(&[], Some(20), Some(3)), newborn(("1980", "g"), None)]].concat()
    };
    assert_eq!(codes(entries()).len(), 4);
    let hidden = released_to("MED-4810700122", AgencyKind::Med, Purpose::P1, entries());
    assert!(find(&hidden, now()).is_empty());
}

#[test]
fn the_order_does_not_depend_on_the_order_of_the_entries() {
    let mut entries =
        vec![newborn(("1980", "g"), None), visit("1", 11, 6, "refused", false), epds_of(&[], Some(20), Some(3))];
    let one = codes(entries.clone());
    entries.reverse();
    assert_eq!(codes(entries), one);
    assert_eq!(one.first(), Some(&SELF_HARM), "the most urgent first");
}

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::agency::{AgencyKind, Category, CategorySet};
use crate::identity::Name;
use crate::signals::fixture::{about, entry, now, on, person, released, released_to, released_under};
use jiff::civil::date;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use std::str::FromStr;

const MOTHER: u32 = 1;
const CHILD: u32 = 2;

fn case(change: impl FnOnce(&mut proto::WelfareCase)) -> proto::Entry {
    let mut case = proto::WelfareCase {
        case_id: "8-0042".to_owned(),
        category: "ChildInNeedOfSupport".to_owned(),
        severity: "Medium".to_owned(),
        urgency: "B".to_owned(),
        status: "HomeSupport".to_owned(),
        lead_agency: "OSC-482072".to_owned(),
        ..Default::default()
    };
    change(&mut case);
    entry(&[CHILD, MOTHER], "case", Body::WelfareCase(case))
}

fn visit(key: &str, day: i32, result: &str, seen: bool) -> proto::Entry {
    let visited_on = Some(on(2026, 11, day));
    let visit =
        proto::HomeVisit { visited_on, result: result.to_owned(), child_seen: Some(seen), ..Default::default() };
    entry(&[CHILD, MOTHER], key, Body::HomeVisit(visit))
}

fn child(year: i32, month: i32, day: i32) -> proto::Entry {
    let name = |representation: proto::NameRepresentation, text: &str| proto::HumanName {
        representation: representation.into(),
        text: text.to_owned(),
        ..Default::default()
    };
    let address =
        proto::Address { municipality: "482072".to_owned(), line: "浜通2丁目".to_owned(), ..Default::default() };
    let details = proto::PersonDetails {
        names: vec![
            name(proto::NameRepresentation::Ideographic, "髙柳　灯"),
            name(proto::NameRepresentation::Phonetic, "タカヤナギ　アカリ"),
        ],
        birth_date: Some(on(year, month, day)),
        addresses: vec![address],
        ..Default::default()
    };
    about(CHILD, "person", Body::PersonDetails(details))
}

fn family() -> Vec<proto::Entry> {
    vec![case(|_| {}), child(2026, 10, 19), visit("1", 6, "absent", false), visit("2", 11, "absent", false)]
}

fn query() -> CaseQuery {
    CaseQuery::new("汐児8-204", Purpose::P5, Level::L3)
}

fn set(categories: &[Category]) -> CategorySet {
    categories.iter().copied().collect()
}

fn hit(query: &CaseQuery, entries: Vec<proto::Entry>) -> bool {
    matches(query, &released(entries), now())
}

#[test]
fn there_is_no_hit_without_a_visible_case() {
    assert!(hit(&query(), family()));
    assert!(!hit(&query(), family().into_iter().skip(1).collect()), "no entry of child protection");
    let hidden = released_to("CGC-480002-02", AgencyKind::Cgc, Purpose::P5, family());
    assert!(!matches(&query(), &hidden, now()), "no ground");
    let without_c13 = released_under(set(&[Category::C01, Category::C09, Category::C10]), family());
    assert!(!without_c13.is_empty());
    assert!(!matches(&query(), &without_c13, now()), "the visits alone make no row");
    for body in [
        Body::CouncilCase(proto::CouncilCase { case_id: "017".into(), ..Default::default() }),
        Body::Concern(proto::Concern { urgency: "AA".into(), ..Default::default() }),
    ] {
        assert!(hit(&query(), vec![about(CHILD, "x", body)]));
    }
}

#[test]
fn a_criterion_is_met_only_by_what_is_released() {
    let unmet = CaseQuery { signals: vec!["UNMET_INFANT".parse().unwrap()], ..query() };
    let visits =
        CaseQuery { unresponsive_visits: Some(UnresponsiveVisits { at_least: 2, within_days: 90 }), ..query() };
    let place = CaseQuery { municipalities: vec![Municipality::new("482072").unwrap()], ..query() };
    let young = CaseQuery { age_months_to: Some(12), ..query() };
    let case_only = || released_under(set(&[Category::C13]), family());
    let all = || released_under(set(&[Category::C01, Category::C02, Category::C10, Category::C13]), family());
    for query in [unmet, visits, place, young] {
        assert!(matches(&query, &all(), now()));
        assert!(!matches(&query, &case_only(), now()));
    }
    assert!(matches(&query(), &case_only(), now()));
}

#[test]
fn a_level_narrows_what_a_criterion_can_reach() {
    let unmet = CaseQuery { signals: vec![SignalCriterion::Raised(SignalCode::UnmetInfant)], ..query() };
    assert!(hit(&CaseQuery { level: Level::L2, ..unmet.clone() }, family()));
    assert!(!hit(&unmet.clone().limited_to(Level::L1), family()), "the visits are not in an answer of L1");
    assert_eq!(unmet.limited_to(Level::L1).limited_to(Level::L3).level, Level::L1);
    let place = CaseQuery { municipalities: vec![Municipality::new("482072").unwrap()], level: Level::L0, ..query() };
    assert!(hit(&place, family()), "the municipality is taken from the whole release");
}

#[test]
fn severity_is_at_least_on_the_japanese_scale() {
    let least = |severity| CaseQuery { severity_at_least: Some(severity), ..query() };
    assert!(hit(&least(CaseSeverity::Minor), family()));
    assert!(hit(&least(CaseSeverity::Medium), family()));
    assert!(!hit(&least(CaseSeverity::Severe), family()));
    assert!(!hit(&least(CaseSeverity::Concern), vec![case(|case| case.severity = String::new())]), "not known");
}

#[test]
fn between_kinds_all_and_within_one_any() {
    let two = CaseQuery {
        categories: vec![CaseCategory::SpecifiedPregnantWoman, CaseCategory::InNeedOfSupport],
        urgencies: vec![Urgency::A, Urgency::B],
        ..query()
    };
    assert!(hit(&two, family()));
    assert!(!hit(&CaseQuery { urgencies: vec![Urgency::Aa], ..two }, family()));
}

#[test]
fn age_is_counted_in_whole_months_and_the_unborn_are_asked_for_by_name() {
    let between = |from, to| CaseQuery { age_months_from: Some(from), age_months_to: Some(to), ..query() };
    let born = |month, day| vec![case(|_| {}), child(2026, month, day)];
    assert!(hit(&between(1, 1), born(10, 17)));
    assert!(hit(&between(0, 0), born(10, 18)));
    assert!(!hit(&between(1, 1), born(10, 18)));
    let unborn = || vec![case(|case| case.category = "SpecifiedPregnantWoman".to_owned())];
    assert!(!hit(&between(0, 12), unborn()));
    assert!(hit(&CaseQuery { include_unborn: true, ..between(0, 12) }, unborn()));
    assert!(hit(&query(), unborn()), "no age, no restriction");
}

#[test]
fn unresponsive_visits_count_within_their_days_and_once_for_twins() {
    let asked = |at_least, within_days| CaseQuery {
        unresponsive_visits: Some(UnresponsiveVisits { at_least, within_days }),
        ..query()
    };
    assert!(hit(&asked(2, 90), family()));
    assert!(!hit(&asked(2, 7), family()), "one is older");
    assert!(hit(&asked(1, 7), family()));
    let mut twin = visit("3", 11, "absent", false);
    twin.subjects.first_mut().unwrap().identifier = "4".to_owned();
    assert!(!hit(&asked(3, 90), [family(), vec![twin]].concat()));
    let seen = visit("4", 12, "absent", true);
    assert!(!hit(&asked(3, 90), [family(), vec![seen]].concat()), "the child was seen");
}

#[test]
fn days_without_a_sighting_are_counted_from_the_last_one() {
    let unseen = |days| CaseQuery { signals: vec![SignalCriterion::NotSeenDays(days)], ..query() };
    let seen = [family(), vec![visit("3", 12, "met_both", true)]].concat();
    assert!(hit(&unseen(5), seen.clone()));
    assert!(!hit(&unseen(6), seen.clone()));
    assert!(hit(&unseen(6), family()), "never seen, as far as is known");
    assert_eq!(last_seen(&released(seen), now()).map(|seen| seen.on), Some(date(2026, 11, 12)));
    assert_eq!("NOT_SEEN_DAYS(30)".parse(), Ok(SignalCriterion::NotSeenDays(30)));
    assert!("NOT_SEEN_DAYS(x)".parse::<SignalCriterion>().is_err());
}

#[test]
fn a_signal_of_the_record_counts_until_it_is_closed() {
    let dv = CaseQuery { signals: vec![SignalCriterion::Raised(SignalCode::Dv)], ..query() };
    let signal = |state: &str| {
        let signal = proto::Signal { code: "DV".to_owned(), state: state.to_owned(), ..Default::default() };
        [family(), vec![about(CHILD, "signal", Body::Signal(signal))]].concat()
    };
    assert!(hit(&dv, signal("open")));
    assert!(!hit(&dv, signal("closed")));
}

#[test]
fn a_person_is_found_by_name_and_birth_date_across_old_and_new_characters() {
    let asked = |name: &str, day| {
        let person = Description {
            written: vec![Name::new(name)],
            birth_date: Some(crate::japan::PartialDate::whole(date(2026, 10, day))),
            ..Description::default()
        };
        CaseQuery { person: Some(person), ..query() }
    };
    assert!(hit(&asked("高柳　灯", 19), family()));
    assert!(!hit(&asked("高柳　灯", 28), family()));
    assert!(!hit(&asked("榎本　湊", 19), family()));
}

#[test]
fn a_move_and_earlier_notifications_are_asked_for() {
    let moved = |day| CaseQuery { moved_since: Some(date(2026, 11, day)), ..query() };
    let taken_over = || {
        vec![case(|case| {
            case.initiation_reason = "TI".to_owned();
            case.intake_at = Some(proto::DateTime { date: Some(on(2026, 11, 2)), ..Default::default() });
        })]
    };
    assert!(hit(&moved(2), taken_over()));
    assert!(!hit(&moved(3), taken_over()));
    let notified = |least| CaseQuery { previous_notifications_at_least: Some(least), ..query() };
    let concern = about(CHILD, "concern", Body::Concern(proto::Concern { urgency: "B".into(), ..Default::default() }));
    assert!(hit(&notified(1), vec![concern.clone()]));
    assert!(!hit(&notified(2), vec![concern]));
}

#[test]
fn the_owner_is_the_lead_agency_and_the_tracking_id_that_of_the_child() {
    let record = released(family());
    assert_eq!(owner_agency(&record).as_deref(), Some("OSC-482072"));
    assert_eq!(tracking_id(&record), Some(person(2)));
    let concern = about(MOTHER, "concern", Body::Concern(proto::Concern { urgency: "B".into(), ..Default::default() }));
    let record = released(vec![concern]);
    assert_eq!(owner_agency(&record).as_deref(), Some("OSC-482072"), "its author");
    assert_eq!(tracking_id(&record), Some(person(1)));
    assert_eq!(tracking_id(&released(vec![child(2026, 10, 19)])), None);
}

#[test]
fn a_legal_basis_names_its_ground() {
    let ground = |word: &str| word.parse::<LegalBasis>().map(LegalBasis::ground);
    assert_eq!(ground("CAPA13-4"), Ok(Some(GroundCode::L04)));
    assert_eq!(ground("CWA25-3"), Ok(Some(GroundCode::L05)));
    assert_eq!(ground("CAPA6"), Ok(Some(GroundCode::L01)));
    assert!(ground("CAPA5(4)").is_err());
    assert_eq!(QueryPurpose::Investigation.purpose(Some(LegalBasis::CaptaRequest)), Purpose::P5);
    assert_eq!(QueryPurpose::Investigation.purpose(Some(LegalBasis::Council)), Purpose::P6);
    assert_eq!(QueryPurpose::Statistics.purpose(None), Purpose::P12);
}

#[test]
fn a_criterion_that_the_asked_level_hides_is_refused_whatever_is_on_file() {
    let refused = |query: CaseQuery| match query.check() {
        Ok(()) => Vec::new(),
        Err(faults) => faults.into_iter().map(|fault| fault.place).collect(),
    };
    let signal = |code: &str| SignalCriterion::from_str(code).unwrap();
    let all = |level| CaseQuery {
        level,
        person: Some(Description::default()),
        categories: vec![CaseCategory::InNeedOfSupport],
        severity_at_least: Some(CaseSeverity::Minor),
        urgencies: vec![Urgency::A],
        age_months_to: Some(12),
        include_unborn: true,
        signals: ["EPDS_HIGH", "SELF_HARM", "YOUNG_MOTHER", "UNMET_INFANT", "NOT_SEEN_DAYS(30)"].map(signal).to_vec(),
        unresponsive_visits: Some(UnresponsiveVisits { at_least: 2, within_days: 90 }),
        previous_notifications_at_least: Some(1),
        moved_since: Some(date(2026, 1, 1)),
        municipalities: vec![Municipality::new("482072").unwrap()],
        ..query()
    };
    assert_eq!(refused(all(Level::L3)), Vec::<String>::new());
    assert_eq!(refused(all(Level::L2)), ["signals", "signals"]);
    for level in [Level::L0, Level::L1] {
        let hidden = ["unresponsive_visits", "signals", "signals", "signals", "signals", "signals"];
        assert_eq!(refused(all(level)), hidden, "{level:?}");
    }
    assert_eq!(refused(CaseQuery { level: Level::L0, age_months_from: Some(1), ..query() }), Vec::<String>::new());
}

#[test]
fn nothing_but_the_municipality_is_chosen_for_a_count() {
    let municipalities = vec![Municipality::new("482072").unwrap()];
    let count = CaseQuery { municipalities, ..CaseQuery::new("", Purpose::P12, Level::L0) };
    assert_eq!(count.check(), Ok(()));
    for narrowed in [
        CaseQuery { urgencies: vec![Urgency::Aa], ..count.clone() },
        CaseQuery { age_months_to: Some(12), ..count.clone() },
        CaseQuery { signals: vec![SignalCriterion::Raised(SignalCode::Dv)], level: Level::L3, ..count.clone() },
        CaseQuery { person: Some(Description::default()), ..count.clone() },
    ] {
        let refused = narrowed.check().unwrap_err();
        assert_eq!(refused.iter().map(|one| one.code.as_ref()).collect::<Vec<_>>(), ["CG-E308"]);
    }
}

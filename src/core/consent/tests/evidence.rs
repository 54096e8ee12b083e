//! The records that a decision names: exactly those that it rests on. An explanation and a statement are made from them.

use super::super::records::{
    Approval, Consent, ConsentKind, Grantee, PerpetratorLink, Proviso, Relation, RelationKind, Relationship, Scope,
    Seal,
};
use super::super::words::{Cell, Evidence, Seen};
use super::super::{Facts, GroundCode, Originator, Request, SubjectFacts, View, view};
use super::people::*;
use crate::agency::Category::{C01, C02, C04, C08, C09, C13};
use crate::agency::{AgencyKind, Category, Purpose};
use crate::time::Time;

fn names(view: &View) -> Vec<u128> {
    view.evidence.iter().map(|(_, id)| id.0.as_u128()).collect()
}

/// The one decision, and what it names.
fn told(request: &Request, facts: &Facts, category: Category) -> (String, Vec<u128>) {
    let seen = look(request, facts, &[MOTHER], &[category], noon());
    (says(&seen), names(&seen))
}

fn of_mother(facts: &mut Facts) -> &mut SubjectFacts {
    facts.subjects.get_mut(&MOTHER).unwrap()
}

fn long_ago() -> Time {
    at("2026-01-01T00:00:00+09:00")
}

fn objection(id: u128, when: &str) -> Consent {
    Consent {
        grantee: Grantee::Everyone,
        categories: Scope::All,
        purposes: Vec::new(),
        ..said(id, ConsentKind::Objection, when)
    }
}

#[test]
fn a_seal_that_is_on_is_named_and_a_lifted_one_is_not() {
    let seal = |id, lifted_at| Seal {
        id: fact(id),
        subject: MOTHER,
        allowed: Vec::new(),
        since: long_ago(),
        recorded_at: long_ago(),
        lifted_at,
    };
    let mut facts = family();
    of_mother(&mut facts).seals = vec![seal(5, None), seal(6, Some(noon()))];
    assert_eq!(told(&center(), &facts, C01), ("DENY T0.6".to_owned(), vec![5]));
}

#[test]
fn a_link_is_named_to_whom_it_is_about_and_a_shield_to_whom_it_stops() {
    let link = |id, to| PerpetratorLink {
        id: fact(id),
        subject: MOTHER,
        agency: agency(to),
        since: long_ago(),
        recorded_at: long_ago(),
        lifted_at: None,
    };
    let mut facts = family();
    of_mother(&mut facts).perpetrator_links = vec![link(5, "PRV-1"), link(6, "PRV-2")];
    assert_eq!(told(&provider(), &facts, C02), ("DENY T0.7".to_owned(), vec![5]));
    let mut facts = family();
    let until = ["2027-01-01T00:00:00+09:00", "2027-06-01T00:00:00+09:00"];
    let mut lifted = shield(8, until[1]);
    lifted.lifted_at = Some(noon());
    of_mother(&mut facts).shields = vec![shield(7, until[0]), lifted];
    assert_eq!(told(&provider(), &facts, C02), ("DENY T0.8".to_owned(), vec![7]));
}

#[test]
fn an_emergency_is_named_to_whoever_confirmed_it() {
    let mut facts = family();
    let mut of_another = glass(41, "CGC-1", "2026-11-01T11:00:00+09:00");
    of_another.staff_id = "w-2".into();
    of_mother(&mut facts).break_glass = vec![glass(40, "CGC-1", "2026-11-01T11:00:00+09:00"), of_another];
    let asks = request("CGC-1", AgencyKind::Cgc, Purpose::P11);
    assert_eq!(told(&asks, &facts, C13), ("PERMIT T3.BG".to_owned(), vec![40]));
}

#[test]
fn each_ground_that_opens_or_holds_is_named_with_the_objection_that_stood_in_view() {
    let by = |id, code| ground(id, code, "CGC-1", "CGC-1", &[MOTHER]);
    let mut facts = with(vec![objection(2, "2026-10-20T12:00:00+09:00")]);
    facts.grounds = vec![by(20, GroundCode::L04)];
    assert_eq!(told(&guidance(), &facts, C09), ("HOLD T5.approval".to_owned(), vec![2, 20]));
    let approval = Approval {
        source: agency("MED-1"),
        categories: set(&[C09]),
        approved_at: at("2026-10-21T00:00:00+09:00"),
        with_objection_in_view: true,
    };
    facts.grounds[0].approvals = vec![approval];
    assert_eq!(told(&guidance(), &facts, C09), ("PERMIT T5.L04".to_owned(), vec![2, 20]));
    let mut marked = by(22, GroundCode::L12);
    marked.provisos = vec![Proviso { source: agency("MED-1"), noted_at: noon(), lifted_at: None }];
    facts.grounds.push(marked);
    assert_eq!(told(&guidance(), &facts, C09), ("HOLD T5.proviso".to_owned(), vec![2, 22]));
    facts.grounds.push(ground(23, GroundCode::L01, "CGC-1", "OSC-1", &[MOTHER]));
    assert_eq!(told(&guidance(), &facts, C09), ("PERMIT T2.L01".to_owned(), vec![23]), "a duty asks nobody");
}

#[test]
fn a_marked_harm_holds_from_when_it_is_noted_until_it_is_lifted() {
    let mut facts = family();
    let mut marked = ground(22, GroundCode::L12, "CGC-1", "CGC-1", &[MOTHER]);
    let approval = Approval {
        source: agency("MED-1"),
        categories: set(&[C09]),
        approved_at: at("2026-10-21T00:00:00+09:00"),
        with_objection_in_view: false,
    };
    marked.approvals = vec![approval];
    let proviso =
        |source| Proviso { source: agency(source), noted_at: noon().plus_minutes(-10), lifted_at: Some(noon()) };
    let seen = |facts: &Facts, now| says(&look(&guidance(), facts, &[MOTHER], &[C09], now));
    facts.grounds = vec![marked];
    facts.grounds[0].provisos = vec![proviso("MED-1")];
    assert_eq!(seen(&facts, noon().plus_minutes(-11)), "PERMIT T5.L12");
    assert_eq!(seen(&facts, noon().plus_minutes(-10)), "HOLD T5.proviso");
    assert_eq!(seen(&facts, noon().plus_minutes(-1)), "HOLD T5.proviso");
    assert_eq!(seen(&facts, noon()), "PERMIT T5.L12");
    facts.grounds[0].provisos = vec![proviso("MED-2")];
    assert_eq!(seen(&facts, noon().plus_minutes(-5)), "PERMIT T5.L12", "of what another holds it says nothing");
}

#[test]
fn a_task_and_a_default_name_the_ties_that_serve_them_and_a_consent_the_permits() {
    let objecting = with(vec![objection(2, "2026-10-10T12:00:00+09:00")]);
    let mut facts = with(vec![permit(1)]);
    of_mother(&mut facts).relations.push(Relation {
        until: Some(noon()),
        ..tie(104, MOTHER, "PRV-1", RelationKind::Assignment { service: "day".into(), outreach: false })
    });
    assert_eq!(told(&center(), &facts, C01), ("PERMIT T6.task".to_owned(), vec![100]));
    assert_eq!(told(&provider(), &facts, C01), ("PERMIT T10.default".to_owned(), vec![101]));
    assert_eq!(told(&provider(), &facts, C08), ("PERMIT T9.consent".to_owned(), vec![1]));
    assert_eq!(told(&center(), &objecting, C01), ("PERMIT T6.task+objection-notice".to_owned(), vec![2, 100]));
    assert_eq!(told(&provider(), &objecting, C01), ("DENY T7.objection".to_owned(), vec![2]));
}

#[test]
fn what_waits_for_its_author_names_the_permit_that_it_waits_with() {
    let hospital = agency("MED-1");
    let mut asks_first = item(&hospital, &[MOTHER], &[C08]);
    asks_first.originator = Originator::Ask;
    let seen = view(policy(), &provider(), &with(vec![permit(1)]), &asks_first, noon());
    assert_eq!((says(&seen).as_str(), names(&seen)), ("HOLD T8.originator", vec![1]));
    let nothing = view(policy(), &provider(), &family(), &item(&hospital, &[MOTHER], &[C04]), noon());
    assert!(says(&nothing).starts_with("DENY T11") && names(&nothing).is_empty(), "{}", says(&nothing));
}

#[test]
fn a_doubt_names_the_permits_and_objections_that_are_in_doubt() {
    let mut parental = permit(1);
    parental.subject = CHILD;
    (parental.grantor, parental.relationship) = (Some(MOTHER), Relationship::ParentalAuthority);
    let mut facts = with_child(vec![parental]);
    facts.subjects.get_mut(&CHILD).unwrap().birth_date = None;
    let seen = look(&provider(), &facts, &[CHILD], &[C08], noon());
    assert_eq!((says(&seen).as_str(), names(&seen)), ("HOLD T7.conflict", vec![1]));
}

/// What counted for either of two persons counts for the item about both.
#[test]
fn an_item_about_two_rests_on_what_counted_for_each() {
    let mut facts = with(vec![objection(2, "2026-10-20T12:00:00+09:00")]);
    facts.grounds = vec![ground(20, GroundCode::L04, "CGC-1", "CGC-1", &[MOTHER, CHILD])];
    for subjects in [[MOTHER, CHILD], [CHILD, MOTHER]] {
        let seen = look(&guidance(), &facts, &subjects, &[C09], noon());
        assert_eq!((says(&seen).as_str(), names(&seen)), ("HOLD T5.approval", vec![2, 20]));
        assert!(counted(&seen, Seen::Objection));
    }
}

#[test]
fn a_note_of_the_matrix_counts_where_it_changed_the_cell_and_nowhere_else() {
    let comes_home = RelationKind::Assignment { service: "visit".into(), outreach: true };
    let mut facts = family();
    assert!(!counted(&look(&provider(), &facts, &[MOTHER], &[C02], noon()), Seen::Adjusted));
    of_mother(&mut facts).relations.push(tie(104, MOTHER, "PRV-1", comes_home));
    assert!(counted(&look(&provider(), &facts, &[MOTHER], &[C02], noon()), Seen::Adjusted));
}

fn counted(view: &View, fact: Seen) -> bool {
    view.decisions.iter().any(|(_, decision)| decision.evidence.seen().any(|seen| seen == fact))
}

#[test]
fn what_two_decisions_rest_on_is_said_once_and_in_order() {
    let one = Evidence::of(Cell::Ground).and(Seen::Permit).and(Seen::Objection);
    let other = Evidence::default().and(Seen::Objection).and(Seen::Conflict);
    let said = format!("{} objection objector_conflict permit", Cell::Ground);
    assert_eq!(
        [one.merge(other), other.merge(one), one.merge(other).merge(one)].map(|all| all.to_string()),
        [(); 3].map(|()| said.clone())
    );
    assert_eq!(other.to_string(), "- objection objector_conflict");
}

//! What a person answered where the rules leave a release to one: which decision it changes, and which it never does.

use super::super::records::{Consent, ConsentKind, Grantee, Proviso, Relationship, Scope};
use super::super::weighing::{Doubt, Part, Weighing};
use super::super::{Facts, GroundCode, Item, Label, Originator, Request, view};
use super::people::*;
use crate::agency::{Category, CategorySet, Purpose};
use crate::id::EntryId;
use crate::time::{Day, Time};
use uuid::Uuid;

fn weighing(doubt: Doubt, permit: bool, request: &Request, recorded_at: &str) -> Weighing {
    Weighing {
        id: fact(500),
        doubt,
        permit,
        agency: agency("OSC-1"),
        officer: "w-2".into(),
        recipient: request.recipient.clone(),
        purpose: request.purpose,
        subjects: vec![MOTHER, CHILD],
        parts: vec![Part { entry: ENTRY, categories: CategorySet::ALL }],
        reason: "両親と面談し、子の健診の継続に必要と判断したため".into(),
        evidence: "面談記録 8-12".into(),
        from: at(recorded_at),
        until: at("2026-12-01T00:00:00+09:00"),
        recorded_at: at(recorded_at),
    }
}

/// Somebody in conflict permits for the child what must be named: nothing opens until a person has looked, and what a person
/// says of that word takes nothing from another's.
#[test]
fn an_officers_answer_about_a_permit_in_doubt_makes_it_count_or_not_and_no_other() {
    let permits = |id, by| Consent {
        subject: CHILD,
        relationship: Relationship::ParentalAuthority,
        grantor: Some(by),
        categories: Scope::Named(set(&[Category::C08])),
        ..said(id, ConsentKind::Permit, "2026-10-10T00:00:00+09:00")
    };
    let answered = |permit: bool| vec![weighing(Doubt::Conflict, permit, &provider(), "2026-10-20T00:00:00+09:00")];
    let seen = |facts: &Facts| says(&look(&provider(), facts, &[CHILD], &[Category::C08], noon()));
    let mut facts = with_child(vec![permits(300, FATHER)]);
    facts.subjects.get_mut(&CHILD).unwrap().conflicts.push(FATHER);
    assert_eq!(seen(&facts), "HOLD T7.conflict");
    facts.weighings = answered(true);
    assert_eq!(seen(&facts), "PERMIT T9.consent");
    facts.weighings = answered(false);
    assert_eq!(seen(&facts), "DENY T11.default-deny");
    facts.subjects.get_mut(&CHILD).unwrap().consents.push(permits(301, MOTHER));
    assert_eq!(seen(&facts), "PERMIT T9.consent");
}

/// Of what its author labelled V a permit must name the category: with the answer one in doubt does, another's of everything
/// does not.
#[test]
fn what_a_permit_in_doubt_names_is_named_once_it_counts() {
    let permits = |id, by, categories| Consent {
        subject: CHILD,
        relationship: Relationship::ParentalAuthority,
        grantor: Some(by),
        categories,
        ..said(id, ConsentKind::Permit, "2026-10-10T00:00:00+09:00")
    };
    let (hospital, subjects) = (agency("MED-1"), [CHILD]);
    let labelled = Item { label: Label::V, ..item(&hospital, &subjects, &[Category::C09]) };
    let seen = |consents| {
        let mut facts = with_child(consents);
        facts.subjects.get_mut(&CHILD).unwrap().conflicts.push(FATHER);
        facts.weighings = vec![weighing(Doubt::Conflict, true, &provider(), "2026-10-20T00:00:00+09:00")];
        let seen = view(policy(), &provider(), &facts, &labelled, noon());
        (says(&seen), seen.evidence.contains(&(Category::C09, fact(500))))
    };
    let named = permits(300, FATHER, Scope::Named(set(&[Category::C09])));
    let [all, sure] = [(302, FATHER), (301, MOTHER)].map(|(id, by)| permits(id, by, Scope::All));
    let opened = ("PERMIT T9.consent".to_owned(), true);
    assert_eq!(seen(vec![named.clone(), all.clone(), sure.clone()]), opened);
    assert_eq!(seen(vec![all.clone(), named.clone(), sure.clone()]), opened);
    assert_eq!(seen(vec![all, sure.clone()]), ("DENY T11.default-deny".to_owned(), true));
    let without_doubt = Consent { grantor: Some(MOTHER), ..named };
    for consents in [vec![without_doubt.clone(), sure.clone()], vec![sure, without_doubt]] {
        assert_eq!(seen(consents), ("PERMIT T9.consent".to_owned(), false), "nothing was in doubt");
    }
}

/// What no answer bears on does not rest on one: the ceiling stands whatever was said.
#[test]
fn where_the_ceiling_decides_no_answer_is_named() {
    let mut facts = in_conflict();
    for consent in &mut facts.subjects.get_mut(&CHILD).unwrap().consents {
        consent.categories = Scope::Named(set(&[Category::C10]));
    }
    facts.weighings = vec![weighing(Doubt::Conflict, true, &provider(), "2026-10-20T00:00:00+09:00")];
    let seen = look(&provider(), &facts, &[CHILD], &[Category::C10], noon());
    assert_eq!((says(&seen).as_str(), seen.evidence.as_slice()), ("DENY T4.ceiling", &[][..]));
}

/// The provider asks for the child's checks: one parent permits, and the alleged abuser objects (D62).
fn in_conflict() -> Facts {
    let by_parent = |id, kind| Consent {
        subject: CHILD,
        relationship: Relationship::ParentalAuthority,
        categories: Scope::Named(set(&[Category::C09])),
        ..said(id, kind, "2026-10-10T00:00:00+09:00")
    };
    let mut facts = with_child(vec![
        by_parent(300, ConsentKind::Permit),
        Consent { grantor: Some(FATHER), ..by_parent(301, ConsentKind::Objection) },
    ]);
    facts.subjects.get_mut(&CHILD).unwrap().conflicts.push(FATHER);
    facts
}

fn conflict(facts: &Facts) -> String {
    says(&look(&provider(), facts, &[CHILD], &[Category::C09], noon()))
}

#[test]
fn an_officers_answer_settles_the_word_of_somebody_in_conflict() {
    let mut facts = in_conflict();
    assert_eq!(conflict(&facts), "HOLD T7.conflict");
    facts.weighings = vec![weighing(Doubt::Conflict, true, &provider(), "2026-10-20T00:00:00+09:00")];
    let seen = look(&provider(), &facts, &[CHILD], &[Category::C09], noon());
    assert_eq!(says(&seen), "PERMIT T9.consent");
    assert!(seen.evidence.contains(&(Category::C09, fact(500))), "it rests on the answer: {:?}", seen.evidence);
    facts.weighings = vec![weighing(Doubt::Conflict, false, &provider(), "2026-10-20T00:00:00+09:00")];
    assert_eq!(conflict(&facts), "DENY T7.objection");
}

#[test]
fn an_answer_is_for_one_entry_recipient_purpose_and_period() {
    let given = weighing(Doubt::Conflict, true, &provider(), "2026-10-20T00:00:00+09:00");
    let elsewhere = [
        Weighing { parts: vec![Part { entry: EntryId(Uuid::nil()), categories: CategorySet::ALL }], ..given.clone() },
        Weighing { parts: vec![Part { entry: ENTRY, categories: set(&[Category::C06]) }], ..given.clone() },
        Weighing { recipient: agency("PRV-2"), ..given.clone() },
        Weighing { purpose: Purpose::P8, ..given.clone() },
        Weighing { subjects: vec![MOTHER], ..given.clone() },
        Weighing { until: noon(), ..given.clone() },
        Weighing { recorded_at: noon().plus_minutes(1), ..given.clone() },
        Weighing { doubt: Doubt::Originator, ..given },
    ];
    for other in elsewhere {
        let facts = Facts { weighings: vec![other.clone()], ..in_conflict() };
        assert_eq!(conflict(&facts), "HOLD T7.conflict", "{other:?}");
    }
}

#[test]
fn a_permission_does_not_outlast_a_later_objection_and_the_last_answer_counts() {
    let mut facts = in_conflict();
    facts.weighings = vec![weighing(Doubt::Conflict, true, &provider(), "2026-10-05T00:00:00+09:00")];
    assert_eq!(conflict(&facts), "HOLD T7.conflict", "the objection came after it");
    let first = weighing(Doubt::Conflict, true, &provider(), "2026-10-20T00:00:00+09:00");
    let second = Weighing { permit: false, recorded_at: at("2026-10-21T00:00:00+09:00"), ..first.clone() };
    facts.weighings = vec![second.clone(), first.clone()];
    assert_eq!(conflict(&facts), "DENY T7.objection");
    let at_once = Weighing { recorded_at: first.recorded_at, ..second };
    facts.weighings = vec![at_once, first];
    assert_eq!(conflict(&facts), "DENY T7.objection", "of two of one moment the refusal");
}

#[test]
fn a_minors_word_against_a_parents_is_settled_by_an_officer() {
    let mut facts = in_conflict();
    let child = facts.subjects.get_mut(&CHILD).unwrap();
    (child.birth_date, child.conflicts) = (Some(Day::constant(2012, 10, 26)), Vec::new());
    child.consents[1].relationship = Relationship::Subject;
    child.consents[1].grantor = Some(CHILD);
    assert_eq!(conflict(&facts), "HOLD T7.conflict", "E10: a child of 14 objects, a parent permits");
    facts.weighings = vec![weighing(Doubt::Conflict, false, &provider(), "2026-10-20T00:00:00+09:00")];
    assert_eq!(conflict(&facts), "DENY T7.objection");
}

fn restricted(originator: Originator, facts: &Facts) -> String {
    let hospital = agency("MED-1");
    let item = Item { originator, ..item(&hospital, &[MOTHER], &[Category::C08]) };
    says(&view(policy(), &provider(), facts, &item, noon()))
}

#[test]
fn a_source_that_wants_to_be_asked_answers_and_one_that_says_no_is_not_asked() {
    let mut facts = with(vec![permit(300)]);
    assert_eq!(restricted(Originator::Ask, &facts), "HOLD T8.originator");
    facts.weighings = vec![weighing(Doubt::Originator, true, &provider(), "2026-10-20T00:00:00+09:00")];
    assert_eq!(restricted(Originator::Ask, &facts), "PERMIT T9.consent");
    assert_eq!(restricted(Originator::No, &facts), "DENY T8.originator");
    facts.weighings[0].permit = false;
    assert_eq!(restricted(Originator::Ask, &facts), "DENY T8.originator");
}

fn asked_under(code: GroundCode, marked: bool) -> Facts {
    let mut facts = with(vec![said(300, ConsentKind::Objection, "2026-10-25T00:00:00+09:00")]);
    facts.subjects.get_mut(&MOTHER).unwrap().consents[0].grantee = Grantee::Everyone;
    facts.subjects.get_mut(&MOTHER).unwrap().consents[0].purposes = Vec::new();
    let mut asserted = ground(700, code, "OSC-1", "MED-1", &[MOTHER]);
    let proviso = Proviso { source: agency("MED-1"), noted_at: asserted.recorded_at, lifted_at: None };
    asserted.provisos.extend(marked.then_some(proviso));
    facts.grounds = vec![asserted];
    facts
}

fn mind(facts: &Facts) -> String {
    says(&look(&center(), facts, &[MOTHER], &[Category::C08], noon()))
}

#[test]
fn a_source_weighs_its_own_ground_again_when_an_objection_came_after_it() {
    for (marked, held) in [(false, "HOLD T5.approval"), (true, "HOLD T5.proviso")] {
        let mut facts = asked_under(GroundCode::L03, marked);
        assert_eq!(mind(&facts), held);
        let doubt = Doubt::Ground(fact(700));
        facts.weighings = vec![weighing(doubt, true, &center(), "2026-10-26T00:00:00+09:00")];
        assert_eq!(mind(&facts), "PERMIT T5.L03");
        facts.weighings[0].permit = false;
        assert_eq!(mind(&facts), "DENY T7.objection", "without the ground the objection stands");
        facts.weighings = vec![weighing(Doubt::Ground(fact(701)), true, &center(), "2026-10-26T00:00:00+09:00")];
        assert_eq!(mind(&facts), held, "it was another ground that was weighed");
    }
}

#[test]
fn nobody_weighs_a_duty_or_opens_a_gate() {
    let mut facts = asked_under(GroundCode::L01, false);
    facts.weighings = vec![weighing(Doubt::Ground(fact(700)), false, &center(), "2026-10-26T00:00:00+09:00")];
    assert_eq!(mind(&facts), "PERMIT T2.L01");
    let mut facts = in_conflict();
    facts.weighings = vec![weighing(Doubt::Conflict, true, &provider(), "2026-10-20T00:00:00+09:00")];
    facts.recipient_active = false;
    assert_eq!(conflict(&facts), "DENY T0.2");
    let fee = |facts: &Facts| says(&look(&provider(), facts, &[CHILD], &[Category::C18], noon()));
    facts.recipient_active = true;
    assert_eq!(fee(&facts), "DENY T4.ceiling");
}

#[test]
fn an_answer_needs_a_reason_and_an_end_within_two_years() {
    let good = weighing(Doubt::Conflict, true, &provider(), "2026-10-20T00:00:00+09:00");
    assert_eq!(good.check(), Ok(()));
    let codes = |wrong: Weighing| -> Vec<&'static str> {
        wrong.check().unwrap_err().into_iter().map(|fault| fault.code).collect()
    };
    assert_eq!(codes(Weighing { reason: "必要".into(), ..good.clone() }), ["MU-E471"]);
    let of_length = |letters| Weighing { reason: "理".repeat(letters), ..good.clone() };
    assert_eq!(codes(of_length(Weighing::REASON_MIN - 1)), ["MU-E471"]);
    assert!(of_length(Weighing::REASON_MIN).check().is_ok());
    assert_eq!(codes(Weighing { until: good.from, ..good.clone() }), ["MU-E472"]);
    assert_eq!(codes(Weighing { until: Time::end_of(Day::constant(2028, 10, 21)), ..good.clone() }), ["MU-E473"]);
    assert_eq!(Weighing { until: Time::end_of(Day::constant(2028, 10, 20)), ..good.clone() }.check(), Ok(()));
    assert_eq!(codes(Weighing { officer: String::new(), ..good }), ["MU-E474"]);
}

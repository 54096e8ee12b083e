//! Who can give consent (`consent.md` section 3.2), beside the worked cases of `cases/grantors.jsonl`.

use super::super::records::{Channel, Consent, ConsentKind, Grantee, Relationship, Scope, Status};
use super::super::{Access, Custody, Policy, SubjectFacts, access, unverified, view};
use super::people::*;
use crate::agency::Category::{C01, C08, C09, C13, C14, C19, C20};
use crate::agency::{Category, CategorySet};
use crate::id::PersonId;
use crate::time::{Day, Time};

/// A record by this grantor, of everything, for the provider.
fn by(id: u128, kind: ConsentKind, subject: PersonId, grantor: PersonId, relationship: Relationship) -> Consent {
    let all = CategorySet::ALL.minus(set(&[Category::C20]));
    Consent {
        subject,
        grantor: Some(grantor),
        relationship,
        categories: Scope::Named(all),
        ..said(id, kind, "2026-10-15T10:00:00+09:00")
    }
}

const PERMIT: ConsentKind = ConsentKind::Permit;
const OBJECTION: ConsentKind = ConsentKind::Objection;
const PARENT: Relationship = Relationship::ParentalAuthority;

fn mother_says(born: Day, consents: Vec<Consent>, category: Category) -> String {
    let mut facts = with(consents);
    facts.subjects.get_mut(&MOTHER).unwrap().birth_date = Some(born);
    says(&look(&provider(), &facts, &[MOTHER], &[category], noon()))
}

fn child_says(born: Day, consents: Vec<Consent>, category: Category, now: Time) -> String {
    let mut facts = with_child(consents);
    facts.subjects.get_mut(&CHILD).unwrap().birth_date = Some(born);
    says(&look(&provider(), &facts, &[CHILD], &[category], now))
}

fn newborn() -> Day {
    Day::constant(2026, 10, 26)
}

const WITHDRAWAL: ConsentKind = ConsentKind::Withdrawal;
const SELF: Relationship = Relationship::Subject;
const GUARDIAN: Relationship = Relationship::Guardian;
const COURT: Relationship = Relationship::Court;

fn sixteen() -> Day {
    Day::constant(2010, 5, 1)
}

fn adult() -> Day {
    Day::constant(1996, 5, 14)
}

fn in_custody(custody: Custody, consents: Vec<Consent>, category: Category) -> String {
    let mut facts = with_child(consents);
    facts.subjects.get_mut(&CHILD).unwrap().custody = custody;
    says(&look(&provider(), &facts, &[CHILD], &[category], noon()))
}

#[test]
fn a_child_of_29_february_comes_of_age_on_1_march() {
    let birthday = super::super::grantor::birthday;
    assert_eq!(birthday(Day::constant(2008, 2, 29), 18), at("2026-03-01T00:00:00+09:00"));
    assert_eq!(birthday(Day::constant(2008, 2, 29), 16), at("2024-02-29T00:00:00+09:00"));
}

#[test]
fn what_a_parent_said_no_to_stays_when_the_child_comes_of_age_and_nothing_that_is_said_after() {
    let eighteen_since_yesterday = Day::constant(2008, 10, 31);
    let as_a_minor = by(1, OBJECTION, CHILD, FATHER, PARENT);
    assert_eq!(child_says(eighteen_since_yesterday, vec![as_a_minor.clone()], C01, noon()), "DENY T7.objection");
    let long_of_age = Day::constant(2000, 1, 1);
    assert_eq!(child_says(long_of_age, vec![as_a_minor], C01, noon()), "PERMIT T10.default");
}

#[test]
fn a_guardian_of_an_adult_is_looked_at_whatever_he_says() {
    for (kind, category) in [(PERMIT, C09), (OBJECTION, C01)] {
        let guardians = by(1, kind, MOTHER, FATHER, GUARDIAN);
        assert_eq!(mother_says(adult(), vec![guardians], category), "HOLD T7.conflict");
    }
    // What he granted for the minor ended with her minority; what he refused did not.
    let just_of_age = Day::constant(2008, 10, 31);
    let before = |kind| vec![by(1, kind, MOTHER, FATHER, GUARDIAN)];
    assert_eq!(mother_says(just_of_age, before(PERMIT), C09), "DENY T11.default-deny");
    assert_eq!(mother_says(just_of_age, before(OBJECTION), C01), "DENY T7.objection");
}

#[test]
fn a_parent_of_a_minor_old_enough_neither_opens_nor_closes_alone() {
    assert_eq!(mother_says(sixteen(), vec![by(1, OBJECTION, MOTHER, FATHER, PARENT)], C01), "HOLD T7.conflict");
    let own = by(2, PERMIT, MOTHER, MOTHER, SELF);
    let withdrawn = by(3, WITHDRAWAL, MOTHER, FATHER, PARENT);
    let later = Consent { recorded_at: at("2026-10-20T10:00:00+09:00"), ..withdrawn };
    assert_eq!(mother_says(sixteen(), vec![own.clone(), later.clone()], C09), "HOLD T7.conflict");
    assert_eq!(mother_says(sixteen(), vec![own, later], C08), "PERMIT T9.consent");
}

#[test]
fn what_a_child_below_the_age_of_maturity_says_is_looked_at() {
    assert_eq!(child_says(newborn(), vec![by(1, PERMIT, CHILD, CHILD, SELF)], C09, noon()), "HOLD T7.conflict");
    assert_eq!(child_says(newborn(), vec![by(1, OBJECTION, CHILD, CHILD, SELF)], C01, noon()), "HOLD T7.conflict");
    // The age at signing counts for a permit: signed at fourteen it opens nothing at sixteen.
    let signed_young = by(1, PERMIT, CHILD, CHILD, SELF);
    let fifteen_on_the_20th = Day::constant(2011, 10, 20);
    assert_eq!(child_says(fifteen_on_the_20th, vec![signed_young], C09, noon()), "HOLD T7.conflict");
}

#[test]
fn in_protective_custody_the_one_in_charge_closes_and_a_parent_is_looked_at() {
    for head in [Relationship::InstitutionHead, Relationship::CentreDirector] {
        let objection = vec![by(1, OBJECTION, CHILD, MOTHER, head)];
        assert_eq!(in_custody(Custody::Protective, objection.clone(), C01), "DENY T7.objection");
        assert_eq!(in_custody(Custody::Ordinary, objection, C01), "HOLD T7.conflict");
    }
    let parents = vec![by(1, OBJECTION, CHILD, MOTHER, PARENT)];
    assert_eq!(in_custody(Custody::Protective, parents, C01), "HOLD T7.conflict");
    let mut grown = with_child(vec![by(1, PERMIT, CHILD, MOTHER, Relationship::InstitutionHead)]);
    let child = grown.subjects.get_mut(&CHILD).unwrap();
    (child.custody, child.birth_date) = (Custody::Protective, Some(adult()));
    assert_eq!(says(&look(&provider(), &grown, &[CHILD], &[C09], noon())), "DENY T11.default-deny");
}

#[test]
fn where_one_parent_with_joint_custody_does_not_suffice_a_person_looks() {
    let masks = include_str!("../../../../policy/masks.toml");
    let both = masks.replacen("joint_custody_one_suffices = true", "joint_custody_one_suffices = false", 1);
    let matrix = include_str!("../../../../policy/matrix.toml");
    let policy = Policy::load(matrix, include_str!("../../../../policy/grounds.toml"), &both).unwrap();
    let decided = |custody| {
        let mut facts = with_child(vec![by(1, PERMIT, CHILD, MOTHER, PARENT)]);
        facts.subjects.get_mut(&CHILD).unwrap().custody = custody;
        let hospital = agency("MED-1");
        says(&view(&policy, &provider(), &facts, &item(&hospital, &[CHILD], &[C09]), noon()))
    };
    assert_eq!(decided(Custody::Joint), "HOLD T7.conflict");
    assert_eq!(decided(Custody::Ordinary), "PERMIT T9.consent");
}

#[test]
fn a_court_opens_and_closes_for_anybody() {
    for born in [adult(), sixteen(), newborn()] {
        assert_eq!(child_says(born, vec![by(1, PERMIT, CHILD, FATHER, COURT)], C09, noon()), "PERMIT T9.consent");
        assert_eq!(child_says(born, vec![by(1, OBJECTION, CHILD, FATHER, COURT)], C01, noon()), "DENY T7.objection");
    }
}

#[test]
fn one_of_unknown_age_speaks_for_herself_and_nobody_for_her_without_a_person() {
    let unknown = |consents, category| {
        let mut facts = with_child(consents);
        facts.subjects.get_mut(&CHILD).unwrap().birth_date = None;
        says(&look(&provider(), &facts, &[CHILD], &[category], noon()))
    };
    assert_eq!(unknown(vec![by(1, PERMIT, CHILD, CHILD, SELF)], C09), "PERMIT T9.consent");
    assert_eq!(unknown(vec![by(1, OBJECTION, CHILD, CHILD, SELF)], C01), "DENY T7.objection");
    assert_eq!(unknown(vec![by(1, OBJECTION, CHILD, MOTHER, PARENT)], C01), "HOLD T7.conflict");
}

#[test]
fn the_age_bands_are_those_in_effect_on_the_day() {
    let masks = include_str!("../../../../policy/masks.toml");
    let later = "\n[[capacity]]\nfrom = \"2026-11-02\"\nlabel = \"\"\nmajority = 18\nmaturity = 17\n\
        joint_custody_one_suffices = true\nprotective_grantors = []\n";
    let matrix = include_str!("../../../../policy/matrix.toml");
    let grounds = include_str!("../../../../policy/grounds.toml");
    let policy = Policy::load(matrix, grounds, &format!("{masks}{later}")).unwrap();
    let mut facts = with(vec![by(1, PERMIT, MOTHER, MOTHER, SELF)]);
    facts.subjects.get_mut(&MOTHER).unwrap().birth_date = Some(sixteen());
    let hospital = agency("MED-1");
    let decided = |now| says(&view(&policy, &provider(), &facts, &item(&hospital, &[MOTHER], &[C08]), at(now)));
    assert_eq!(decided("2026-11-01T23:59:59+09:00"), "PERMIT T9.consent");
    assert_eq!(decided("2026-11-02T00:00:00+09:00"), "HOLD T7.conflict");
}

#[test]
fn access_is_answered_to_the_subject_and_to_a_parent_of_a_child_without_a_concern() {
    let child = |change: fn(&mut SubjectFacts)| {
        let mut facts = SubjectFacts { birth_date: Some(newborn()), ..SubjectFacts::default() };
        change(&mut facts);
        facts
    };
    let asked = |facts: &SubjectFacts, capacity, held| access(policy(), facts, capacity, Some(MOTHER), held, noon());
    let plain = CategorySet::ALL.minus(set(&[C13, C14, C19, C20]));
    assert_eq!(asked(&child(|_| {}), PARENT, plain), Access::Answer);
    assert_eq!(asked(&child(|_| {}), GUARDIAN, plain), Access::Answer);
    for guarded in [C13, C14, C19, C20] {
        assert_eq!(asked(&child(|_| {}), PARENT, plain.with(guarded)), Access::Review, "{guarded}");
    }
    for (at, change) in [
        |facts: &mut SubjectFacts| facts.custody = Custody::Protective,
        |facts: &mut SubjectFacts| facts.conflicts = vec![FATHER],
        |facts: &mut SubjectFacts| facts.died_at = Some(noon()),
        |facts: &mut SubjectFacts| facts.birth_date = Some(sixteen()),
        |facts: &mut SubjectFacts| facts.birth_date = Some(adult()),
        |facts: &mut SubjectFacts| facts.birth_date = None,
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(asked(&child(change), PARENT, plain), Access::Review, "{at}");
    }
    assert_eq!(access(policy(), &child(|_| {}), PARENT, None, plain, noon()), Access::Review);
    for other in [Relationship::InstitutionHead, Relationship::CentreDirector, COURT, Relationship::Other] {
        assert_eq!(asked(&child(|_| {}), other, plain), Access::Review);
    }
    for born in [Some(sixteen()), Some(adult()), None] {
        let own = SubjectFacts { birth_date: born, ..SubjectFacts::default() };
        assert_eq!(asked(&own, SELF, CategorySet::ALL), Access::Answer);
        let later = SubjectFacts { died_at: Some(noon().plus_minutes(1)), ..own };
        assert_eq!(asked(&later, SELF, CategorySet::ALL), Access::Answer);
    }
    assert_eq!(asked(&child(|_| {}), SELF, plain), Access::Review);
}

#[test]
fn a_form_found_defective_takes_its_permits_in_use_and_nothing_else() {
    let on = |id, kind, form_version: &str| {
        let mut record = Consent { kind, ..permit(id) };
        record.evidence.form_version = form_version.into();
        record
    };
    let replaced = on(1, PERMIT, "2");
    let current = Consent { supersedes: Some(fact(1)), version: 2, ..on(2, PERMIT, "2") };
    let later = Consent { recorded_at: noon().plus_minutes(1), ..on(3, PERMIT, "2") };
    let ended = Consent { status: Status::Ended, ..on(4, PERMIT, "2") };
    let mut other_form = on(5, PERMIT, "2");
    other_form.evidence.form = "K-02".into();
    let file = [replaced, current.clone(), later, ended, other_form, on(6, OBJECTION, "2"), on(7, PERMIT, "3")];
    let new = unverified(&file, "K-01", "2", noon(), &mut || fact(99));
    let expected = Consent {
        id: fact(99),
        version: 3,
        supersedes: Some(fact(2)),
        status: Status::Unverified,
        recorded_at: noon(),
        ..current
    };
    assert_eq!(new, [expected]);
}

#[test]
fn e15_paper_without_scan_or_witness_has_no_effect() {
    let mut bare = permit(1);
    bare.evidence.witness = None;
    assert!(!bare.verified());
    assert_eq!(mother_says(Day::constant(1996, 5, 14), vec![bare.clone()], C08), "DENY T11.default-deny");
    bare.evidence.channel = Channel::Electronic;
    assert_eq!(mother_says(Day::constant(1996, 5, 14), vec![bare], C08), "PERMIT T9.consent");
    let against = Consent { grantee: Grantee::Everyone, ..by(2, OBJECTION, MOTHER, MOTHER, Relationship::Subject) };
    assert!(against.verified());
}

#[test]
fn e11_what_somebody_else_permitted_ends_by_itself_when_the_child_comes_of_age() {
    let (policy, born) = (Policy::reviewed(), Day::constant(2008, 12, 5));
    let ends = |relationship, born| policy.outgrown(&by(1, PERMIT, MOTHER, CHILD, relationship), born, noon());
    let birthday = Some(Time::start_of(Day::constant(2026, 12, 5)));
    for relationship in [PARENT, Relationship::Guardian, Relationship::CentreDirector] {
        assert_eq!(ends(relationship, Some(born)), birthday);
        assert_eq!(ends(relationship, None), None);
    }
    for relationship in [Relationship::Subject, Relationship::Court] {
        assert_eq!(ends(relationship, Some(born)), None);
    }
}

//! Who can give consent (`consent.md` section 3.2), by case.

use super::super::Custody;
use super::super::records::{Channel, Consent, ConsentKind, Grantee, Relationship, Scope};
use super::people::*;
use crate::agency::Category::{C01, C04, C06, C07, C08, C09, C19};
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

#[test]
fn e01_an_adult_consents_for_herself() {
    let own = by(1, PERMIT, MOTHER, MOTHER, Relationship::Subject);
    assert_eq!(mother_says(Day::constant(1996, 5, 14), vec![own], C08), "PERMIT T9.consent");
}

#[test]
fn e02_an_adults_own_mother_is_recorded_and_has_no_effect() {
    let adult = Day::constant(1996, 5, 14);
    for relationship in [Relationship::Other, PARENT] {
        let grandmother = by(1, PERMIT, MOTHER, FATHER, relationship);
        assert_eq!(mother_says(adult, vec![grandmother], C08), "DENY T11.default-deny");
        let against = by(1, OBJECTION, MOTHER, FATHER, relationship);
        assert_eq!(mother_says(adult, vec![against], C01), "PERMIT T10.default");
    }
}

#[test]
fn e03_and_e04_a_pregnant_minor_of_sixteen_consents_and_her_father_cannot_for_her() {
    let sixteen = Day::constant(2010, 5, 1);
    let own = by(1, PERMIT, MOTHER, MOTHER, Relationship::Subject);
    let fathers = by(2, PERMIT, MOTHER, FATHER, PARENT);
    let against = by(3, OBJECTION, MOTHER, FATHER, PARENT);
    for pregnancy in [C04, C07, C08] {
        assert_eq!(mother_says(sixteen, vec![own.clone()], pregnancy), "PERMIT T9.consent");
        assert_eq!(mother_says(sixteen, vec![own.clone(), against.clone()], pregnancy), "PERMIT T9.consent");
        assert_eq!(mother_says(sixteen, vec![fathers.clone()], pregnancy), "DENY T11.default-deny");
    }
    assert_eq!(mother_says(sixteen, vec![fathers.clone()], C09), "HOLD T7.conflict");
    assert_eq!(mother_says(sixteen, vec![fathers], C19), "DENY T4.ceiling");
}

#[test]
fn e06_a_parent_consents_for_the_newborn_and_for_it_only() {
    let parental = by(1, PERMIT, CHILD, MOTHER, PARENT);
    assert_eq!(child_says(newborn(), vec![parental.clone()], C06, noon()), "PERMIT T9.consent");
    let facts = with_child(vec![parental]);
    assert_eq!(says(&look(&provider(), &facts, &[MOTHER], &[C06], noon())), "DENY T11.default-deny");
}

#[test]
fn e07_of_two_parents_the_one_who_objects_wins() {
    let permits = by(1, PERMIT, CHILD, MOTHER, PARENT);
    let objects = by(2, OBJECTION, CHILD, FATHER, PARENT);
    assert_eq!(child_says(newborn(), vec![permits, objects], C06, noon()), "DENY T7.objection");
}

#[test]
fn e08_the_objection_of_an_alleged_abuser_waits_for_a_person() {
    let permits = by(1, PERMIT, CHILD, MOTHER, PARENT);
    let objects = by(2, OBJECTION, CHILD, FATHER, PARENT);
    let decided = |consents: Vec<Consent>| {
        let mut facts = with_child(consents);
        facts.subjects.get_mut(&CHILD).unwrap().conflicts = vec![FATHER];
        says(&look(&provider(), &facts, &[CHILD], &[C09], noon()))
    };
    assert_eq!(decided(vec![permits, objects]), "HOLD T7.conflict");
    // Nor does his permit open what nothing else opens.
    assert_eq!(decided(vec![by(3, PERMIT, CHILD, FATHER, PARENT)]), "HOLD T7.conflict");
}

#[test]
fn e09_one_of_two_parents_with_joint_custody_suffices() {
    let mut facts = with_child(vec![by(1, PERMIT, CHILD, MOTHER, PARENT)]);
    facts.subjects.get_mut(&CHILD).unwrap().custody = Custody::Joint;
    assert_eq!(says(&look(&provider(), &facts, &[CHILD], &[C09], noon())), "PERMIT T9.consent");
}

#[test]
fn e10_a_child_of_fourteen_who_objects_is_heard_and_one_of_seventeen_decides() {
    let permits = by(1, PERMIT, CHILD, MOTHER, PARENT);
    let objects = by(2, OBJECTION, CHILD, CHILD, Relationship::Subject);
    let both = vec![permits, objects];
    assert_eq!(child_says(Day::constant(2012, 3, 1), both.clone(), C09, noon()), "HOLD T7.conflict");
    assert_eq!(child_says(Day::constant(2009, 3, 1), both, C01, noon()), "DENY T7.objection");
}

#[test]
fn e11_what_a_guardian_granted_ends_at_midnight_of_the_eighteenth_birthday() {
    let mut parental = by(1, PERMIT, CHILD, MOTHER, PARENT);
    parental.valid_until = Some(at("2027-10-01T00:00:00+09:00"));
    let born = Day::constant(2008, 12, 1);
    let just_before = at("2026-11-30T23:59:59+09:00");
    let birthday = at("2026-12-01T00:00:00+09:00");
    // From the age of maturity a parent's permit needs a person; from full age it is nothing.
    assert_eq!(child_says(born, vec![parental.clone()], C09, just_before), "HOLD T7.conflict");
    assert_eq!(child_says(born, vec![parental], C09, birthday), "DENY T11.default-deny");
}

#[test]
fn a_child_of_29_february_comes_of_age_on_1_march() {
    let birthday = super::super::grantor::birthday;
    assert_eq!(birthday(Day::constant(2008, 2, 29), 18), at("2026-03-01T00:00:00+09:00"));
    assert_eq!(birthday(Day::constant(2008, 2, 29), 16), at("2024-02-29T00:00:00+09:00"));
}

#[test]
fn e12_under_protective_custody_the_permits_of_parents_rest_and_the_head_consents() {
    let decided = |relationship| {
        let mut facts = with_child(vec![by(1, PERMIT, CHILD, MOTHER, relationship)]);
        facts.subjects.get_mut(&CHILD).unwrap().custody = Custody::Protective;
        says(&look(&provider(), &facts, &[CHILD], &[C09], noon()))
    };
    assert_eq!(decided(PARENT), "DENY T11.default-deny");
    assert_eq!(decided(Relationship::InstitutionHead), "PERMIT T9.consent");
    assert_eq!(decided(Relationship::CentreDirector), "PERMIT T9.consent");
    let outside = by(1, PERMIT, CHILD, MOTHER, Relationship::InstitutionHead);
    assert_eq!(child_says(newborn(), vec![outside], C09, noon()), "DENY T11.default-deny");
}

#[test]
fn e14_with_death_permits_end_and_objections_stay() {
    let decided = |consents| {
        let mut facts = with(consents);
        facts.subjects.get_mut(&MOTHER).unwrap().died_at = Some(noon());
        says(&look(&provider(), &facts, &[MOTHER], &[C08], noon()))
    };
    assert_eq!(decided(vec![permit(1)]), "DENY T11.default-deny");
    assert_eq!(decided(vec![said(2, OBJECTION, "2026-10-15T10:00:00+09:00")]), "DENY T7.objection");
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

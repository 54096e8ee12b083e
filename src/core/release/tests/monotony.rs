//! What restricts never shows more, what opens never shows less, and the order of what is on file does not matter.

use super::oracle::Told;
use super::*;
use crate::consent::records::{ConsentKind, Grantee, Proviso, RelationKind, Relationship, Scope, Status};
use crate::record::{SharedEntry, SharedRecord};
use crate::testing::{World, person, worlds};
use crate::time::Time;

fn within(less: &Told, more: &Told) -> bool {
    less.iter().all(|(fact, count)| more.get(fact).is_some_and(|most| count <= most))
}

const RESTRICTIONS: u64 = 11;

/// Adds one restriction; says which.
fn restrict(world: &mut World) -> u64 {
    let subject = world.anyone();
    let at = world.dice.below(world.entries.len() as u64) as usize;
    let which = world.dice.below(RESTRICTIONS);
    match which {
        0 | 1 => {
            let kind = if which == 0 { ConsentKind::Objection } else { ConsentKind::Withdrawal };
            let mut consent = world.consent(person(subject), kind);
            if world.chance(50) {
                (consent.relationship, consent.status) = (Relationship::Court, Status::Active);
                (consent.grantee, consent.categories) = (Grantee::Everyone, Scope::All);
                (consent.purposes, consent.recorded_at) = (Vec::new(), crate::testing::now());
            }
            world.subject(subject).consents.push(consent);
        }
        2 => {
            let shield = world.shield(person(subject));
            world.subject(subject).shields.push(shield);
        }
        3 => {
            let seal = world.seal(person(subject));
            world.subject(subject).seals.push(seal);
        }
        4 => {
            let link = world.link(person(subject));
            world.subject(subject).perpetrator_links.push(link);
        }
        5 => world.entries[at].label = (world.entries[at].label + 1).clamp(2, 3),
        6 => world.entries[at].originator = (world.entries[at].originator + 1).clamp(2, 3),
        7 => {
            let category = world.any_category() as i32 + 1;
            world.entries[at].raised.push(category);
        }
        8 => world.entries[at].whereabouts = true,
        9 => {
            let source = AgencyId::new(crate::testing::author(&world.entries[at])).unwrap();
            for ground in &mut world.facts.grounds {
                ground.provisos.push(Proviso { source: source.clone(), noted_at: Time::MIN, lifted_at: None });
            }
        }
        _ => world.facts.recipient_active = false,
    }
    which
}

#[test]
fn a_restriction_never_shows_more() {
    let mut effective = [false; RESTRICTIONS as usize];
    for (seed, mut world) in worlds(4_000) {
        let before = told(&world.release());
        let which = restrict(&mut world);
        let after = told(&world.release());
        assert!(within(&after, &before), "world {seed}, restriction {which}");
        effective[which as usize] |= after != before;
    }
    assert_eq!(effective, [true; RESTRICTIONS as usize], "each of them made a difference somewhere");
}

const OPENINGS: u64 = 6;

/// Adds what opens; says which.
fn open(world: &mut World) -> u64 {
    let subject = world.anyone();
    let which = world.dice.below(OPENINGS);
    match which {
        0 => {
            let permit = world.consent(person(subject), ConsentKind::Permit);
            world.subject(subject).consents.push(permit);
        }
        1 => {
            let mut ground = world.ground();
            ground.provisos.clear();
            world.facts.grounds.push(ground);
        }
        // One tie seldom is the one that was missing. An assignment is none of these: it also brings an objection to
        // whoever is assigned to bear.
        2 => {
            for _ in 0..8 {
                let relation = world.relation(person(subject));
                if !matches!(relation.kind, RelationKind::Assignment { .. }) {
                    world.subject(subject).relations.push(relation);
                }
            }
        }
        3 => {
            let standing = world.standing();
            world.facts.standing.push(standing);
        }
        4 => {
            let glass = world.break_glass(person(subject));
            world.subject(subject).break_glass.push(glass);
        }
        _ => {
            let case = world.council_case(person(subject));
            world.subject(subject).council_cases.push(case);
        }
    }
    which
}

#[test]
fn what_opens_never_shows_less() {
    let mut effective = [false; OPENINGS as usize];
    for (seed, mut world) in worlds(6_000) {
        let before = told(&world.release());
        let which = open(&mut world);
        let after = told(&world.release());
        assert!(within(&before, &after), "world {seed}, opening {which}");
        effective[which as usize] |= after != before;
    }
    assert_eq!(effective, [true; OPENINGS as usize], "each of them made a difference somewhere");
}

#[test]
fn what_is_not_signed_proven_or_recorded_yet_changes_nothing() {
    for (seed, mut world) in worlds(300) {
        let before = bytes(&world.release());
        for number in 0..3 {
            let subject = world.anyone();
            let kinds = [ConsentKind::Permit, ConsentKind::Objection, ConsentKind::Withdrawal];
            let mut consent = world.consent(person(subject), kinds[number]);
            match world.dice.below(3) {
                0 => consent.status = Status::Draft,
                1 => consent.status = Status::Unverified,
                _ => consent.recorded_at = crate::testing::now().plus_minutes(1),
            }
            world.subject(subject).consents.push(consent);
        }
        assert_eq!(bytes(&world.release()), before, "world {seed}");
    }
}

#[test]
fn neither_the_order_of_facts_nor_that_of_entries_matters() {
    let gathered = |world: &World| {
        let entries = world.entries.iter().cloned().map(SharedEntry::new).collect();
        release(
            SharedRecord::gather(entries),
            &world.request,
            &world.facts,
            &crate::testing::POLICY,
            crate::testing::now(),
        )
    };
    for (seed, mut world) in worlds(300) {
        let before = gathered(&world);
        let mut entries = std::mem::take(&mut world.entries);
        world.shuffle(&mut entries);
        world.entries = entries;
        let mut facts = std::mem::take(&mut world.facts);
        world.shuffle(&mut facts.grounds);
        world.shuffle(&mut facts.standing);
        for subject in facts.subjects.values_mut() {
            world.shuffle(&mut subject.consents);
            world.shuffle(&mut subject.relations);
            world.shuffle(&mut subject.shields);
            world.shuffle(&mut subject.council_cases);
        }
        world.facts = facts;
        let after = gathered(&world);
        assert_eq!(bytes(&after), bytes(&before), "world {seed}");
        assert_eq!((after.shown(), after.withheld()), (before.shown(), before.withheld()), "world {seed}");
    }
}

#[test]
fn a_release_is_the_same_each_time() {
    for (seed, world) in worlds(50) {
        assert_eq!(bytes(&world.release()), bytes(&world.release()), "world {seed}");
    }
}

//! What travels only with something else, what never leaves, what an author gets back, and what `narrow` leaves.

use super::*;
use crate::testing::{World, author, worlds};
use proto::entry::Body;

fn is_dependent(world: &World, entry: &proto::Entry) -> bool {
    let details = matches!(entry.body, Some(Body::PersonDetails(_) | Body::Family(_) | Body::ParentChild(_)));
    (details || matches!(entry.body, Some(Body::Coverage(_)))) && author(entry) != world.request.recipient.as_str()
}

/// The entries as they are on file, of those that were shown: their authors are known there.
fn on_file<'a>(world: &'a World, released: &Released) -> Vec<&'a proto::Entry> {
    let shows = |entry: &&proto::Entry| released.record().entries.iter().any(|shown| shown.id == entry.id);
    world.entries.iter().filter(shows).collect()
}

fn assert_subject_data_have_company(world: &World, released: &Released, seed: u64) -> usize {
    let shown = on_file(world, released);
    let others = shown.iter().filter(|entry| !is_dependent(world, entry));
    let people: BTreeSet<&String> = others.flat_map(|entry| &entry.person_ids).collect();
    let dependents = shown.iter().filter(|entry| is_dependent(world, entry));
    dependents
        .inspect(|entry| assert!(entry.person_ids.iter().any(|id| people.contains(id)), "world {seed}: {}", entry.id))
        .count()
}

#[test]
fn subject_data_travel_only_beside_another_entry_of_the_same_person() {
    let (mut whole, mut narrowed) = (0, 0);
    for (seed, mut world) in worlds(600) {
        let mut released = world.release();
        whole += assert_subject_data_have_company(&world, &released, seed);
        let categories = world.categories().with(Category::C01);
        released.narrow(categories);
        narrowed += assert_subject_data_have_company(&world, &released, seed);
    }
    assert!(whole > 25 && narrowed > 20, "{whole} {narrowed}");
}

#[test]
fn the_notifier_is_shown_to_nobody_but_the_author() {
    let mut own = 0;
    for (seed, world) in worlds(500) {
        let released = world.release();
        let notifier = CategorySet::EMPTY.with(Category::C20).bits();
        for entry in &released.record().entries {
            let written = world.entries.iter().find(|written| written.id == entry.id).unwrap();
            let tells = facts_of(entry).iter().any(|(_, need)| need.bits & notifier != 0);
            assert!(!tells || world.is_own(written), "world {seed}");
            own += usize::from(tells);
        }
    }
    assert!(own > 0);
}

#[test]
fn an_author_gets_its_own_entries_back_whole_unless_sealed_or_close_to_the_perpetrator() {
    let mut whole = 0;
    for (seed, mut world) in worlds(600) {
        for subject in world.facts.subjects.values_mut() {
            subject.seals.clear();
            subject.perpetrator_links.clear();
        }
        let released = world.release();
        let refused = |withheld: &Withheld| matches!(withheld.rule, Rule::Inactive | Rule::Purpose | Rule::Membership);
        for written in world.entries.iter().filter(|entry| world.is_own(entry)) {
            if released.withheld().iter().any(|w| w.entry.to_string() == written.id && refused(w)) {
                continue;
            }
            let mut expected = written.clone();
            let is_something = expected.project(Mask::ALL);
            let shown = released.record().entries.iter().find(|entry| entry.id == written.id);
            assert_eq!(shown.is_some(), is_something, "world {seed}");
            if let Some(shown) = shown {
                assert!(*shown == expected, "world {seed}");
                whole += 1;
            }
        }
    }
    assert!(whole > 200, "{whole}");
}

#[test]
fn a_sealed_person_is_hidden_even_from_the_author() {
    for (seed, mut world) in worlds(100) {
        for number in 0..crate::testing::PEOPLE {
            let mut seal = world.seal(crate::testing::person(number));
            seal.allowed.clear();
            world.subject(number).seals.push(seal);
        }
        let released = world.release();
        assert!(released.is_empty() && released.record().grounds.is_empty(), "world {seed}");
    }
}

#[test]
fn an_empty_release_is_the_same_for_every_reason() {
    let mut empty = BTreeSet::new();
    for (_, mut world) in worlds(200) {
        let released = world.release();
        if released.is_empty() {
            empty.insert(bytes(&released));
        }
        world.entries.clear();
        empty.insert(bytes(&world.release()));
    }
    assert_eq!(empty.len(), 1);
}

#[test]
fn narrowing_never_adds_and_leaves_only_what_was_asked_for() {
    for (seed, mut world) in worlds(600) {
        let mut released = world.release();
        let (before, reasons) = (told(&released), released.record().grounds.clone());
        let categories = world.categories();
        released.narrow(categories);
        let after = told(&released);
        assert!(after.iter().all(|(fact, count)| before.get(fact).is_some_and(|most| count <= most)), "world {seed}");
        assert!(released.record().grounds.iter().all(|rule| reasons.contains(rule)), "world {seed}");
        for (entry, shown) in released.record().entries.iter().zip(released.shown()) {
            assert_eq!(shown.entry.to_string(), entry.id);
            let mut bits = 0;
            entry.leaves(&mut String::new(), &mut |_, need| bits |= need.bits);
            let needed = CategorySet::from_bits(bits);
            assert!(needed.minus(categories).is_empty(), "world {seed}");
            assert_eq!(shown.full.union(shown.general), needed, "world {seed}");
        }
        let once = bytes(&released);
        released.narrow(categories);
        assert_eq!(bytes(&released), once, "world {seed}: twice is once");
        released.narrow(CategorySet::EMPTY);
        assert!(released.is_empty() && released.record().grounds.is_empty());
    }
}

#[test]
fn what_is_shown_is_what_is_in_the_message() {
    let (mut shown, mut hidden) = (0, 0);
    for (seed, world) in worlds(100) {
        let released = world.release();
        for written in &world.entries {
            let there = released.record().entries.iter().any(|entry| entry.id == written.id);
            assert_eq!(released.shows(EntryId::parse(&written.id).unwrap()), there, "world {seed}");
            *(if there { &mut shown } else { &mut hidden }) += 1;
        }
    }
    assert!(shown > 100 && hidden > 100, "{shown} {hidden}");
}

#[test]
fn the_id_of_the_release_travels_with_the_data() {
    let (_, world) = worlds(1).next().unwrap();
    let (mut released, id) = (world.release(), ReleaseId(uuid::Uuid::from_u128(7)));
    released.set_release_id(id);
    assert_eq!(released.record().release_id, id.to_string());
}

#[test]
fn narrowed_below_protection_the_names_of_a_guidance_center_go_for_all_but_itself() {
    let (mut own, mut others) = (0, 0);
    for (seed, world) in worlds(1_000) {
        let mut released = world.release();
        let named = |entry: &proto::Entry| !entry.author_of_protection.is_empty() && !entry.source_key.is_empty();
        let before: BTreeSet<String> =
            released.record().entries.iter().filter(|entry| named(entry)).map(|entry| entry.id.clone()).collect();
        released.narrow(CategorySet::ALL.minus(CategorySet::EMPTY.with(Category::C13)));
        for (entry, shown) in released.record().entries.iter().zip(released.shown()) {
            if before.contains(&entry.id) {
                assert_eq!(entry.source_key.is_empty(), !shown.own, "world {seed}");
                *(if shown.own { &mut own } else { &mut others }) += 1;
            }
        }
    }
    assert!(own > 0 && others > 0, "{own} {others}");
}

#[test]
fn a_permit_for_what_is_not_shown_is_no_reason() {
    for (seed, world) in worlds(300) {
        let released = world.release();
        let shown: BTreeSet<String> =
            released.shown().iter().flat_map(|shown| &shown.rules).map(|(_, rule)| rule.to_string()).collect();
        assert_eq!(released.record().grounds, Vec::from_iter(shown), "world {seed}");
        for reason in &released.record().grounds {
            let negative = ["T0", "T4", "T5.approval", "T5.proviso", "T7", "T8", "T11"];
            assert!(!negative.iter().any(|rule| reason.starts_with(rule)), "world {seed}: {reason}");
        }
    }
}

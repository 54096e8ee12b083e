//! The slow way: each leaf of each entry is asked about alone, category by category. It shares nothing with `release` but
//! the schema's labels and the decision itself.

use super::*;
use crate::consent::Item;
use crate::testing::{POLICY, World, now, worlds};
use musubi_proto::Need;
use proto::entry::Body;
use std::collections::BTreeMap;

/// Facts by entry and path, with how often each stands there. Places in lists are left out: what is hidden closes up.
pub(super) type Told = BTreeMap<(String, String), usize>;

pub(super) fn without_places(path: &str) -> String {
    let parts = path.split('.').map(|part| part.split('[').next().unwrap_or(part));
    parts.collect::<Vec<_>>().join(".")
}

/// The leaves of an entry that tell something.
pub(super) fn facts_of(entry: &proto::Entry) -> Vec<(String, Need)> {
    let mut facts = Vec::new();
    entry.leaves(&mut String::new(), &mut |path, need| {
        if !need.structural {
            facts.push((path.to_owned(), need));
        }
    });
    facts
}

/// What a release tells.
pub(super) fn told(released: &Released) -> Told {
    let mut told = Told::new();
    for entry in &released.record().entries {
        for (path, _) in facts_of(entry) {
            *told.entry((entry.id.clone(), without_places(&path))).or_default() += 1;
        }
    }
    told
}

/// What the recipient may see of one category of one entry.
struct Answer {
    outcome: Outcome,
    rule: Rule,
    whereabouts: bool,
}

struct Slow<'a> {
    world: &'a World,
    entry: &'a proto::Entry,
    answers: BTreeMap<Category, Answer>,
}

impl Slow<'_> {
    fn answer(&mut self, category: Category) -> &Answer {
        self.answers.entry(category).or_insert_with(|| {
            let view = self.world.view_of(self.entry, category);
            let (_, decision) = view.decisions[0];
            Answer { outcome: decision.outcome, rule: decision.rule, whereabouts: view.whereabouts }
        })
    }

    fn stays(&mut self, need: Need) -> bool {
        const WHEREABOUTS: u32 = 1 << 31;
        let categories = CategorySet::from_bits(need.bits);
        if need.bits & !(categories.bits() | WHEREABOUTS) != 0 {
            return false;
        }
        let where_told = need.bits & WHEREABOUTS == 0 || self.answer(Category::C01).whereabouts;
        where_told
            && categories.iter().all(|category| match self.answer(category).outcome {
                Outcome::Permit => true,
                Outcome::General => need.general,
                Outcome::Hold | Outcome::Deny | Outcome::Refuse => false,
            })
    }
}

fn is_envelope(path: &str) -> bool {
    let root = without_places(path);
    let root = root.split('.').next().unwrap_or_default();
    matches!(root, "source_key" | "subjects" | "author" | "author_of_protection" | "municipality" | "absent")
}

/// What the slow way tells of the whole record, and by which rules.
fn slowly(world: &World) -> (Told, BTreeSet<String>) {
    let mut left: Vec<(&proto::Entry, Vec<String>, BTreeSet<String>)> = Vec::new();
    for entry in &world.entries {
        let mut slow = Slow { world, entry, answers: BTreeMap::new() };
        let center_is_hidden = !entry.author_of_protection.is_empty()
            && !world.is_own(entry)
            && slow.answer(Category::C13).outcome != Outcome::Permit;
        let (mut paths, mut rules) = (Vec::new(), BTreeSet::new());
        for (path, need) in facts_of(entry) {
            let short = without_places(&path);
            let names_center = matches!(short.as_str(), "source_key" | "subjects.issuer" | "subjects.identifier");
            if slow.stays(need) && !(center_is_hidden && names_center) {
                for category in CategorySet::from_bits(need.bits).iter() {
                    rules.insert(slow.answer(category).rule.to_string());
                }
                paths.push(short);
            }
        }
        if paths.iter().any(|path| !is_envelope(path)) {
            left.push((entry, paths, rules));
        }
    }
    let dependent = |entry: &proto::Entry| {
        let subject_data = matches!(
            entry.body,
            Some(Body::PersonDetails(_) | Body::Family(_) | Body::ParentChild(_) | Body::Coverage(_))
        );
        subject_data && !world.is_own(entry)
    };
    let others: Vec<&String> =
        left.iter().filter(|(entry, ..)| !dependent(entry)).flat_map(|(entry, ..)| &entry.person_ids).collect();
    let (mut told, mut grounds) = (Told::new(), BTreeSet::new());
    for (entry, paths, rules) in &left {
        if dependent(entry) && !entry.person_ids.iter().any(|id| others.contains(&id)) {
            continue;
        }
        grounds.extend(rules.iter().cloned());
        for path in paths {
            *told.entry((entry.id.clone(), path.clone())).or_default() += 1;
        }
    }
    (told, grounds)
}

#[test]
fn a_fact_is_shown_exactly_when_every_category_that_it_needs_is_permitted() {
    let (mut shown, mut hidden) = (0, 0);
    for (seed, world) in worlds(400) {
        let released = world.release();
        let (expected, grounds) = slowly(&world);
        assert_eq!(told(&released), expected, "world {seed}");
        assert_eq!(released.record().grounds, Vec::from_iter(grounds), "world {seed}");
        shown += released.record().entries.len();
        hidden += world.entries.len() - released.record().entries.len();
    }
    // The worlds are worth something: neither is rare.
    assert!(shown > 500 && hidden > 500, "{shown} shown, {hidden} hidden");
}

#[test]
fn what_tells_nothing_by_itself_is_shown_only_beside_a_fact() {
    for (seed, world) in worlds(200) {
        for entry in &world.release().record().entries {
            let facts = facts_of(entry);
            assert!(facts.iter().any(|(path, _)| !is_envelope(path)), "world {seed}");
            entry.leaves(&mut String::new(), &mut |path, need| {
                let around = path.rsplit_once('.').map_or("", |(around, _)| around);
                let beside = !need.structural || facts.iter().any(|(fact, _)| fact.starts_with(around));
                assert!(beside, "world {seed}: {path}");
            });
        }
    }
}

#[test]
fn the_reasons_are_those_of_what_was_shown() {
    for (seed, world) in worlds(300) {
        let released = world.release();
        assert_eq!(released.shown().len(), released.record().entries.len());
        for (shown, entry) in released.shown().iter().zip(&released.record().entries) {
            assert_eq!(shown.entry.to_string(), entry.id);
            let mut needed = 0;
            entry.leaves(&mut String::new(), &mut |_, need| needed |= need.bits);
            let needed = CategorySet::from_bits(needed);
            assert_eq!(shown.full.union(shown.general), needed, "world {seed}");
            let reasons: Vec<Category> = shown.rules.iter().map(|(category, _)| *category).collect();
            assert_eq!(reasons, Vec::from_iter(needed.iter()), "world {seed}");
            assert!(shown.evidence.iter().all(|(category, _)| needed.has(*category)), "world {seed}");
        }
    }
}

#[test]
fn the_words_of_a_listing_show_what_the_tiers_show_of_every_entry() {
    let (mut compared, mut visible) = (0, 0);
    for (seed, world) in worlds(2_000) {
        let listing = crate::consent::Listing::new(&POLICY, &world.request, &world.facts, now());
        for entry in world.record().entries() {
            let judged = Judged::of(entry).unwrap();
            let item = Item { categories: CategorySet::ALL, ..judged.as_item(&world.request.recipient) };
            let slow = view(&POLICY, &world.request, &world.facts, &item, now());
            let fast = listing.visible(&item);
            assert_eq!(
                (fast.full, fast.general, fast.whereabouts),
                (slow.full, slow.general, slow.whereabouts),
                "{seed}"
            );
            compared += 20;
            visible += slow.full.union(slow.general).iter().count();
        }
    }
    assert!(visible * 10 > compared && visible * 10 < compared * 9, "{visible} of {compared}");
}

#[test]
fn what_would_be_withheld_is_what_a_release_withholds() {
    let mut found = 0;
    for (seed, world) in worlds(300) {
        let asked = withheld(&world.record(), &world.request, &world.facts, &POLICY, now());
        assert_eq!(asked, world.release().withheld(), "world {seed}");
        for held in &asked {
            let entry = world.entries.iter().find(|entry| entry.id == held.entry.to_string()).unwrap();
            let rests_on = world.view_of(entry, held.category).evidence;
            assert!(held.evidence.iter().eq(rests_on.iter().map(|(_, id)| id)), "world {seed}: {}", held.category);
        }
        found += asked.len();
    }
    assert!(found > 300, "{found}");
}

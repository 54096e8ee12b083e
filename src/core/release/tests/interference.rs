//! Non-interference (`consent.md` section 9): what is hidden has no effect on one byte of what is shown.

use super::*;
use crate::agency::AgencyKind;
use crate::testing::{agency, author, message, person, worlds};
use proto::entry::Body;

#[test]
fn a_record_and_what_is_left_of_it_give_the_same_bytes() {
    for (seed, mut world) in worlds(300) {
        let whole = bytes(&world.release());
        world.entries = world.erased();
        assert_eq!(bytes(&world.release()), whole, "world {seed}");
    }
}

#[test]
fn entries_that_are_not_shown_may_go_without_a_trace() {
    for (seed, mut world) in worlds(300) {
        let released = world.release();
        for at in world.hidden(&released).into_iter().rev() {
            if world.dice.coin() {
                world.entries.remove(at);
            }
        }
        assert_eq!(bytes(&world.release()), bytes(&released), "world {seed}");
    }
}

#[test]
fn the_order_of_entries_that_are_not_shown_leaves_no_trace() {
    for (seed, mut world) in worlds(200) {
        let released = world.release();
        let hidden = world.hidden(&released);
        let mut moved: Vec<proto::Entry> = hidden.iter().rev().map(|at| world.entries.remove(*at)).collect();
        world.shuffle(&mut moved);
        for entry in moved {
            let to = world.dice.below(world.entries.len() as u64 + 1) as usize;
            world.entries.insert(to, entry);
        }
        assert_eq!(bytes(&world.release()), bytes(&released), "world {seed}");
    }
}

#[test]
fn a_change_of_an_entry_that_stays_hidden_leaves_no_trace() {
    let mut changed = 0;
    for (seed, mut world) in worlds(400) {
        let released = world.release();
        let Some(at) = world.hidden(&released).into_iter().next_back() else { continue };
        world.change(at);
        let after = world.release();
        if !world.hidden(&after).contains(&at) {
            continue;
        }
        // A hidden entry of another kind may be the substance that subject data travel with only if it is shown.
        assert_eq!(bytes(&after), bytes(&released), "world {seed}");
        changed += 1;
    }
    assert!(changed > 150, "{changed}");
}

#[test]
fn a_new_entry_that_is_hidden_leaves_no_trace() {
    let mut added = 0;
    for (seed, mut world) in worlds(300) {
        let released = world.release();
        let entry = world.entry();
        let id = entry.id.clone();
        let at = world.dice.below(world.entries.len() as u64 + 1) as usize;
        world.entries.insert(at, entry);
        let after = world.release();
        if !after.record().entries.iter().any(|entry| entry.id == id) {
            assert_eq!(bytes(&after), bytes(&released), "world {seed}");
            added += 1;
        }
    }
    assert!(added > 100, "{added}");
}

/// Sealed for everyone, so that nothing of the person can be seen, alone or together with another.
#[test]
fn a_person_of_whom_nothing_is_visible_is_like_one_who_is_not_there() {
    const STRANGER: u64 = 9;
    for (seed, mut world) in worlds(300) {
        let released = world.release();
        let mut facts = world.subject_facts(person(STRANGER));
        let mut seal = world.seal(person(STRANGER));
        seal.allowed.clear();
        facts.seals = vec![seal];
        world.facts.subjects.insert(person(STRANGER), facts);
        let mut ground = world.ground();
        ground.subjects = vec![person(STRANGER)];
        world.facts.grounds.push(ground);
        for together in [false, true] {
            let mut entry = world.entry();
            entry.person_ids.truncate(usize::from(together));
            entry.person_ids.push(person(STRANGER).to_string());
            let at = world.dice.below(world.entries.len() as u64 + 1) as usize;
            world.entries.insert(at, entry);
        }
        assert_eq!(bytes(&world.release()), bytes(&released), "world {seed}");
    }
}

#[test]
fn a_second_subject_counts_whatever_stands_in_the_list_of_roles() {
    for (seed, mut world) in worlds(100) {
        let subject = world.subject_facts(person(8));
        let mut seal = world.seal(person(8));
        seal.allowed.clear();
        world.facts.subjects.insert(person(8), crate::consent::SubjectFacts { seals: vec![seal], ..subject });
        for entry in &mut world.entries {
            entry.person_ids.push(person(8).to_string());
            entry.roles = [vec![], vec![99, 1], vec![1]][world.dice.below(3) as usize].clone();
        }
        assert!(world.release().is_empty(), "world {seed}");
    }
}

#[test]
fn an_entry_with_a_subject_that_cannot_be_read_is_shown_to_nobody() {
    for (seed, mut world) in worlds(50) {
        for entry in &mut world.entries {
            entry.person_ids.push("nobody".to_owned());
        }
        assert!(world.release().is_empty(), "world {seed}");
    }
}

#[test]
fn the_ids_of_messages_and_the_places_in_them_go_back_to_the_author_alone() {
    for (seed, mut world) in worlds(200) {
        world.facts.grounds.retain(|ground| ground.message.is_none());
        let released = world.release();
        for entry in &mut world.entries {
            if author_is_another(&world.request, entry) {
                entry.source_message = format!("another {}", entry.source_message);
                entry.source_path = "row 99".to_owned();
            }
        }
        assert_eq!(bytes(&world.release()), bytes(&released), "world {seed}");
    }
}

/// A number that is shared says "came together": of one person's entries that may be told, of two persons' not.
#[test]
fn entries_of_different_persons_share_no_message() {
    let mut together = 0;
    for (seed, mut world) in worlds(300) {
        let of_message = message(0).to_string();
        world.entries.iter_mut().for_each(|entry| entry.source_message.clone_from(&of_message));
        let released = world.release();
        let file: std::collections::BTreeMap<_, _> = world.entries.iter().map(|entry| (&entry.id, entry)).collect();
        let others =
            released.record().entries.iter().filter(|entry| author_is_another(&world.request, file[&entry.id]));
        let others: Vec<&proto::Entry> = others.collect();
        for (one, other) in others.iter().flat_map(|one| others.iter().map(move |other| (one, other))) {
            assert_eq!(one.source_message == other.source_message, one.person_ids == other.person_ids, "world {seed}");
            together += usize::from(one.id != other.id && one.source_message == other.source_message);
        }
        assert!(others.iter().all(|entry| entry.source_message != of_message), "world {seed}");
    }
    assert!(together > 20, "{together}");
}

fn author_is_another(request: &Request, entry: &proto::Entry) -> bool {
    author(entry) != request.recipient.as_str()
}

#[test]
fn a_referral_step_names_reports_that_are_hidden_to_its_author_alone() {
    let [step, report, hidden] = [1, 2, 3].map(|number| EntryId(uuid::Uuid::from_u128(number)));
    let names = proto::ReferralStep {
        report_entries: vec![report.to_string(), hidden.to_string()],
        ..proto::ReferralStep::default()
    };
    let left = |own| {
        let shown = |entry| Shown {
            entry,
            persons: Vec::new(),
            full: CategorySet::EMPTY,
            general: CategorySet::EMPTY,
            rules: Vec::new(),
            bases: Vec::new(),
            evidence: Vec::new(),
            own,
        };
        let body = Some(Body::ReferralStep(names.clone()));
        let mut entries = [proto::Entry { body, ..proto::Entry::default() }, proto::Entry::default()];
        trace::drop_links_to_hidden(&mut entries, &[shown(step), shown(report)]);
        let [proto::Entry { body: Some(Body::ReferralStep(step)), .. }, _] = entries else { return Vec::new() };
        step.report_entries
    };
    assert_eq!(left(true), [report.to_string(), hidden.to_string()]);
    assert_eq!(left(false), [report.to_string()]);
}

/// Where C13 is not shown, no byte of the release may name the center that wrote an entry.
#[test]
fn a_child_guidance_center_is_not_named_where_protection_is_hidden() {
    let mut seen = 0;
    for (seed, mut world) in worlds(400) {
        let center = agency(AgencyKind::Cgc, 7);
        let issuer = format!("{center}/files");
        for at in 0..world.entries.len() {
            let mut entry = world.entries[at].clone();
            world.attribute(&mut entry, center.to_string());
            entry.subjects.iter_mut().for_each(|subject| subject.issuer = center.to_string());
            entry.source_key = format!("{center} 12");
            if let Some(Body::PersonDetails(details)) = &mut entry.body {
                details.identifiers.iter_mut().for_each(|identifier| identifier.issuer = issuer.clone());
            }
            world.entries[at] = entry;
        }
        let mut released = world.release();
        if world.dice.coin() {
            released.narrow(CategorySet::ALL.minus(CategorySet::EMPTY.with(Category::C13)));
        }
        for (entry, shown) in released.record().entries.iter().zip(released.shown()) {
            if !shown.full.has(Category::C13) {
                let text = entry.encode_to_vec();
                let name = center.as_str().as_bytes();
                assert!(!text.windows(name.len()).any(|window| window == name), "world {seed}");
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "{seen}");
}

//! Non-interference (`consent.md` section 9) over every format that is written: what is hidden has no effect on one byte of it,
//! nor on its errors. The records are random, from the schema; so are the facts on file and who asks.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use musubi_adapters::ADAPTERS;
use musubi_adapters::child_guidance::cgc_xml::encode_response;
use musubi_core::adapter::{Direction, Profile};
use musubi_core::agency::Purpose;
use musubi_core::cases::{CaseQuery, Level, UnresponsiveVisits, matches};
use musubi_core::consent::SubjectFacts;
use musubi_core::release::Released;
use musubi_core::signals;
use musubi_core::testing::{now, person, worlds};
use musubi_proto::v1 as proto;
use prost::Message;
use std::collections::BTreeSet;

/// One thing that leaves, by its name.
type Output = (String, Vec<u8>);

/// Everything that is written of a release: each format in each charset, the answer to a query at each level, the record itself.
fn outputs(released: &Released) -> Vec<Output> {
    let mut all = vec![("record".to_owned(), released.record().encode_to_vec())];
    for adapter in ADAPTERS.iter().filter(|adapter| adapter.direction() != Direction::In) {
        for charset in [None, Some("cp932")] {
            let plain = Profile::plain(released.recipient().clone(), now());
            let profile = Profile { charset: charset.map(str::to_owned), ..plain };
            let name = format!("{} {}", adapter.name(), charset.unwrap_or("utf-8"));
            let bytes = adapter.encode(released, &profile).unwrap_or_else(|error| error.to_string().into_bytes());
            all.push((name, bytes));
        }
    }
    for level in [Level::L0, Level::L1, Level::L2, Level::L3] {
        for query in queries(level) {
            // Whether it is a row of the answer at all is told by the answer's length.
            let hits: Vec<&Released> = Some(released).filter(|hit| matches(&query, hit, now())).into_iter().collect();
            let answer = encode_response("m-1", &query, level, &hits, false, now());
            all.push((format!("cgc-xml {level:?} {query:?}"), answer));
        }
    }
    all.push(("signals".to_owned(), format!("{:?}", signals::find(released, now())).into_bytes()));
    all
}

fn queries(level: Level) -> Vec<CaseQuery> {
    let all = CaseQuery::new("1", Purpose::P5, level);
    let signal = |code: &str| vec![code.parse().unwrap()];
    vec![
        CaseQuery { signals: signal("EPDS_HIGH"), ..all.clone() },
        CaseQuery { signals: signal("NOT_SEEN_DAYS(30)"), ..all.clone() },
        CaseQuery { age_months_to: Some(12), ..all.clone() },
        CaseQuery { unresponsive_visits: Some(UnresponsiveVisits { at_least: 1, within_days: 90 }), ..all.clone() },
        all,
    ]
}

#[track_caller]
fn assert_same(before: &[Output], after: &[Output], seed: u64) {
    for ((name, before), (_, after)) in before.iter().zip(after) {
        assert!(before == after, "world {seed}: {name} differs");
    }
}

#[test]
fn a_record_and_what_is_left_of_it_are_written_alike() {
    for (seed, mut world) in worlds(150) {
        let whole = outputs(&world.release());
        world.entries = world.erased();
        assert_same(&whole, &outputs(&world.release()), seed);
    }
}

#[test]
fn what_stays_hidden_may_change_go_or_be_put_elsewhere_without_a_trace_in_any_format() {
    let mut changed = 0;
    for (seed, mut world) in worlds(250) {
        let released = world.release();
        let before = outputs(&released);
        let Some(at) = world.hidden(&released).into_iter().next_back() else { continue };
        world.change(at);
        let still = world.hidden(&world.release()).contains(&at);
        if still {
            assert_same(&before, &outputs(&world.release()), seed);
            changed += 1;
        }
        let entry = world.entries.remove(at);
        if still {
            assert_same(&before, &outputs(&world.release()), seed);
            let to = world.dice.below(world.entries.len() as u64 + 1) as usize;
            world.entries.insert(to, entry);
            assert_same(&before, &outputs(&world.release()), seed);
        }
    }
    assert!(changed > 80, "{changed}");
}

#[test]
fn a_person_of_whom_nothing_is_visible_is_in_no_format_and_counts_nowhere() {
    const STRANGER: u64 = 9;
    for (seed, mut world) in worlds(150) {
        let before = outputs(&world.release());
        let mut seal = world.seal(person(STRANGER));
        seal.allowed.clear();
        let facts = SubjectFacts { seals: vec![seal], ..world.subject_facts(person(STRANGER)) };
        world.facts.subjects.insert(person(STRANGER), facts);
        for together in [0, 1] {
            let mut entry = world.entry();
            entry.person_ids.truncate(together);
            entry.person_ids.push(person(STRANGER).to_string());
            world.entries.push(entry);
        }
        assert_same(&before, &outputs(&world.release()), seed);
    }
}

/// The texts of the entries that stand nowhere else: those that the dice made up, and ids.
fn tokens(entries: &[proto::Entry]) -> BTreeSet<String> {
    const SHORTEST: usize = 12;
    let text = serde_json::to_string(entries).unwrap();
    // Times are numbers, and several entries may have the same.
    let made_up = |word: &&str| {
        let hexadecimal = word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        word.len() >= SHORTEST && hexadecimal && !word.chars().all(|c| c.is_ascii_digit())
    };
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter(made_up).map(str::to_owned).collect()
}

#[test]
fn no_text_of_a_hidden_field_stands_in_any_format() {
    let (mut searched, mut shown) = (0, 0);
    for (seed, world) in worlds(400) {
        let released = world.release();
        let told = tokens(&released.record().entries);
        let hidden: Vec<String> = tokens(&world.entries).into_iter().filter(|token| !told.contains(token)).collect();
        for (name, bytes) in outputs(&released) {
            let text = String::from_utf8_lossy(&bytes);
            let found = hidden.iter().find(|token| text.contains(token.as_str()));
            assert_eq!(found, None, "world {seed}: {name}");
            shown += told.iter().filter(|token| text.contains(token.as_str())).count();
        }
        searched += hidden.len();
    }
    // The tokens are worth something: many are hidden, and those that are not are found.
    assert!(searched > 4_000 && shown > 4_000, "{searched} hidden, {shown} shown");
}

#[test]
fn the_order_on_file_leaves_no_trace_in_any_format() {
    for (seed, mut world) in worlds(100) {
        let before = outputs(&world.release());
        let mut facts = std::mem::take(&mut world.facts);
        world.shuffle(&mut facts.grounds);
        world.shuffle(&mut facts.standing);
        for subject in facts.subjects.values_mut() {
            world.shuffle(&mut subject.consents);
            world.shuffle(&mut subject.relations);
        }
        world.facts = facts;
        assert_same(&before, &outputs(&world.release()), seed);
    }
}

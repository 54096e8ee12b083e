//! The projection that is made from the labels, held against a slow one, on the record and on the trial schema.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod oracle;

#[expect(unreachable_pub, reason = "generated: prost makes everything public")]
mod trial {
    include!(concat!(env!("OUT_DIR"), "/trial/musubi.trial.rs"));
}

#[expect(dead_code, reason = "the trial has a dictionary and tags too")]
mod labels {
    include!(concat!(env!("OUT_DIR"), "/trial/labels.rs"));
}

use std::collections::BTreeSet;

use musubi_proto::v1::{self, Category};
use musubi_proto::{Dice, FILE_DESCRIPTOR_SET, Labelled, Mask, Need, Random};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};

const RECORDS: u64 = 6_000;
const TRIAL: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/trial/descriptors.bin"));

/// Masks of every density: few see nothing, many see all but a little.
fn random_mask(dice: &mut Dice) -> Mask {
    let (a, b, c) = (dice.uint64() as u32, dice.uint64() as u32, dice.uint64() as u32);
    let full = match dice.below(5) {
        0 => a & b,
        1 => a,
        2 => a | b,
        3 => a | b | c,
        _ => u32::MAX,
    };
    Mask { full, general: if dice.coin() { dice.uint64() as u32 } else { 0 } }
}

/// Projects random records both ways and compares; returns how many stayed.
fn agree<T: Message + Labelled + Random + Default + Clone + PartialEq>(pool: &DescriptorPool, name: &str) -> u64 {
    let kind = pool.get_message_by_name(name).unwrap();
    let mut stayed = 0;
    for seed in 0..RECORDS {
        let mut dice = Dice::new(seed);
        let record = T::random(&mut dice);
        let mask = random_mask(&mut dice);
        let seen = oracle::Seen::new(pool, mask);
        let bytes = record.encode_to_vec();
        let dynamic = DynamicMessage::decode(kind.clone(), bytes.as_slice()).unwrap();
        assert!(dynamic.encode_to_vec() == bytes, "seed {seed}: encoded otherwise than the schema says");
        let expected = oracle::project(pool, &dynamic, &BTreeSet::new(), &seen);

        let mut told = 0;
        record.leaves(&mut String::new(), &mut |_, need| told |= need.bits);
        assert_eq!(record.told(), told, "seed {seed}: what its leaves need");

        let mut projected = record.clone();
        let fact = projected.project(mask);
        assert_eq!(fact, expected.is_some(), "seed {seed}");
        let expected = expected.unwrap_or_else(|| DynamicMessage::new(kind.clone()));
        let encoded = projected.encode_to_vec();
        assert!(DynamicMessage::decode(kind.clone(), encoded.as_slice()).unwrap() == expected, "seed {seed}: value");
        assert!(encoded == expected.encode_to_vec(), "seed {seed}: bytes");

        let mut twice = projected.clone();
        assert_eq!(twice.project(mask), fact, "seed {seed}: twice");
        assert!(twice == projected, "seed {seed}: twice");
        if fact {
            assert_eq!(shown(&projected, |_| true), shown(&record, |need| mask.shows(need)), "seed {seed}: leaves");
        }
        stayed += u64::from(fact);
    }
    stayed
}

/// The facts that are set and pass; places in lists are left out, as they move.
fn shown(record: &impl Labelled, passes: impl Fn(Need) -> bool) -> Vec<String> {
    let mut shown = Vec::new();
    record.leaves(&mut String::new(), &mut |path, need| {
        if !need.structural && passes(need) {
            shown.push(path.chars().filter(|c| !c.is_ascii_digit()).collect());
        }
    });
    shown
}

#[test]
fn the_record_is_projected_as_its_labels_say() {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let stayed = agree::<v1::Entry>(&pool, "musubi.v1.Entry");
    assert!((RECORDS / 10..RECORDS * 9 / 10).contains(&stayed), "{stayed} of {RECORDS} stayed");
}

#[test]
fn the_trial_is_projected_as_its_labels_say() {
    let pool = DescriptorPool::decode(TRIAL).unwrap();
    let stayed = agree::<trial::Entry>(&pool, "musubi.trial.Entry");
    assert!((RECORDS / 10..RECORDS * 9 / 10).contains(&stayed), "{stayed} of {RECORDS} stayed");
}

const fn bit(category: Category) -> u32 {
    1 << (category as u32 - 1)
}

fn discharge() -> trial::Discharge {
    trial::Discharge { blood_loss: Some(0.0), r#type: Some(false), ..Default::default() }
}

fn entry(body: trial::entry::Body) -> trial::Entry {
    trial::Entry { id: "1".to_owned(), body: Some(body), ..Default::default() }
}

#[test]
fn nothing_stays_under_an_empty_mask() {
    for seed in 0..1_000 {
        let mut record = v1::Entry::seeded(seed);
        assert!(!record.project(Mask::NONE));
        assert!(record.encode_to_vec().is_empty());
    }
}

#[test]
fn a_cleared_zero_is_encoded_like_one_that_was_never_set() {
    assert!(discharge().encoded_len() > 0, "0 is written");
    let mut cleared = discharge();
    cleared.project(Mask::NONE);
    assert_eq!(cleared.encode_to_vec(), trial::Discharge::default().encode_to_vec());

    let mut entry_with_zero = entry(trial::entry::Body::Score(0));
    entry_with_zero.author = "a".to_owned();
    assert!(!entry_with_zero.clone().project(Mask { full: bit(Category::C16Referral), general: 0 }));
    assert!(entry_with_zero.project(Mask { full: bit(Category::C08Mental), general: 0 }));
    assert_eq!(entry_with_zero, entry(trial::entry::Body::Score(0)), "a zero that may stay is kept");
}

#[test]
fn an_entry_ends_with_its_body() {
    let mut record = entry(trial::entry::Body::Discharge(discharge()));
    record.author = "MED-1".to_owned();
    assert!(!record.project(Mask { full: bit(Category::C16Referral), general: 0 }));
    assert_eq!(record, trial::Entry::default());
}

#[test]
fn a_gate_is_needed_by_everything_inside() {
    let person = trial::Person { name: "n".to_owned(), ..Default::default() };
    let household = trial::welfare::Household { members: vec![person], how: None };
    let welfare = trial::Welfare { household: Some(household), ..Default::default() };
    let needs = bit(Category::C01Identity);
    let gate = bit(Category::C13Protection);
    assert!(!welfare.clone().project(Mask { full: needs, general: 0 }));
    assert!(welfare.clone().project(Mask { full: needs | gate, general: 0 }));
    let mut paths = Vec::new();
    welfare.leaves(&mut String::new(), &mut |path, need| paths.push((path.to_owned(), need)));
    assert_eq!(paths, [("household.members[0].name".to_owned(), Need::full(needs | gate))]);
}

#[test]
fn the_generalised_form_stays_without_the_rest() {
    let mut address = trial::Address { city: "c".to_owned(), street: "s".to_owned(), order: 1 };
    assert!(address.project(Mask { full: Mask::WHEREABOUTS, general: bit(Category::C02Whereabouts) }));
    assert_eq!(address, trial::Address { city: "c".to_owned(), street: String::new(), order: 1 });
}

#[test]
fn whereabouts_need_their_own_bit() {
    let mut address = trial::Address { city: "c".to_owned(), street: "s".to_owned(), order: 0 };
    assert!(address.project(Mask { full: bit(Category::C02Whereabouts), general: 0 }));
    assert_eq!(address.street, "");
}

#[test]
fn an_opaque_document_without_a_known_set_is_for_nobody() {
    let document = |categories: &[i32]| {
        let mut document =
            trial::Document { categories: categories.to_vec(), title: "t".to_owned(), ..Default::default() };
        document.project(Mask { full: u32::MAX, general: u32::MAX })
    };
    assert!(document(&[1, 20]));
    for nobody in [&[][..], &[0], &[1, 21], &[-1]] {
        assert!(!document(nobody), "{nobody:?}");
    }
}

#[test]
fn what_is_raised_is_needed_in_addition() {
    let raised = vec![Category::C19Reproductive as i32];
    let record = trial::Discharge { raised, blood_loss: Some(1.5), ..Default::default() };
    let floor = bit(Category::C05Delivery);
    assert!(!record.clone().project(Mask { full: floor, general: 0 }));
    assert!(record.clone().project(Mask { full: floor | bit(Category::C19Reproductive), general: 0 }));
    let unknown = trial::Discharge { raised: vec![99], ..record };
    assert!(!unknown.clone().project(Mask::ALL));
}

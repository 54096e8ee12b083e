//! The bit formula against the tiers.

use super::super::bits::Words;
use super::super::tiers::cell;
use super::super::{DecisionFacts, GroundCode, GroundEntry, Label, Originator, Outcome, Policy, decide};
use super::{gates, survey};
use crate::agency::{AgencyKind, Category, CategorySet, Purpose};
use proptest::prelude::*;

fn same(policy: &Policy, facts: &DecisionFacts) -> Result<(), String> {
    let words = Words::of(policy, facts);
    for category in Category::ALL {
        let decision = decide(policy, &DecisionFacts { category: *category, ..*facts });
        let outcome = if decision.outcome == Outcome::Refuse { Outcome::Deny } else { decision.outcome };
        if outcome != words.outcome(*category) {
            return Err(format!("{category}: tiers {decision}, bits {}: {facts:?}", words.outcome(*category)));
        }
    }
    Ok(())
}

/// Every fact with every other: each flag below the ceiling by itself, and what each gate comes to. One cell stands for all
/// of the same letter that the same grounds, masks and gates reach; the surveys ask every cell.
#[test]
#[ignore = "five minutes in a release build; run it when tiers or bits change"]
fn the_bit_formula_the_tiers_and_the_table_agree_on_the_whole_product_of_gates_and_cells() {
    let mut asked = 0_u64;
    let stand_ins = stand_ins(reviewed());
    for base in &stand_ins {
        for gates in 0_u32..1 << GATES {
            for flags in 0_u32..1 << BELOW {
                for label in Label::ALL {
                    for originator in Originator::ALL {
                        let facts = below(behind(*base, gates), flags, *label, *originator);
                        let decided = decide(reviewed(), &facts);
                        let outcome = if decided.outcome == Outcome::Refuse { Outcome::Deny } else { decided.outcome };
                        assert_eq!(outcome, Words::of(reviewed(), &facts).outcome(facts.category), "{facts:?}");
                        let written = by_the_table(reviewed(), &facts);
                        assert_eq!(Some(survey::said(decided.outcome, decided.rule)), written, "{facts:?}");
                        asked += 1;
                    }
                }
            }
        }
    }
    println!("{asked} combinations, {} cells that stand for the others", stand_ins.len());
}

const GATES: u32 = 9;
const BELOW: u32 = 10;

/// One cell of each sort, with none, a duty or a power asserted.
fn stand_ins(policy: &Policy) -> Vec<DecisionFacts> {
    let mut kept = std::collections::BTreeMap::new();
    for (kind, purpose) in super::super::bits::columns(policy) {
        for base in survey::circumstances(policy, kind, purpose) {
            for category in Category::ALL {
                for ground in [None].into_iter().chain(policy.grounds().map(Some)) {
                    let reaches =
                        |ground: &GroundEntry| ground.recipients.contains(&kind) && ground.mask.has(*category);
                    if ground.is_some_and(|ground| !reaches(ground)) {
                        continue;
                    }
                    let facts = DecisionFacts { category: *category, ground: ground.map(|ground| ground.code), ..base };
                    let tells_where = matches!(category, Category::C02 | Category::C14);
                    let class = survey::class_of(policy, *category);
                    let emergency = policy.emergency(kind).has(*category);
                    let by = ground.map(|ground| (ground.nature, ground.members));
                    let operation = (purpose == Purpose::P6, purpose == Purpose::P11, *category == Category::C20);
                    let sort = (cell(policy, &facts).0, class, by, tells_where, operation, emergency);
                    kept.entry(sort).or_insert(facts);
                }
            }
        }
    }
    kept.into_values().collect()
}

fn behind(base: DecisionFacts, gates: u32) -> DecisionFacts {
    let bit = |n: u32| gates & (1 << n) != 0;
    DecisionFacts {
        individual_number: bit(0),
        active: !bit(1),
        council_member: !bit(2),
        author: bit(3),
        sealed: bit(4),
        linked_to_perpetrator: bit(5),
        whereabouts: bit(6),
        shield: bit(7),
        shield_allowed: Some(false),
        break_glass: bit(8),
        ..base
    }
}

fn below(base: DecisionFacts, flags: u32, label: Label, originator: Originator) -> DecisionFacts {
    let bit = |n: u32| flags & (1 << n) != 0;
    DecisionFacts {
        approved: bit(0),
        standing: bit(1),
        proviso_harm: bit(2),
        relation: !bit(3),
        objection: bit(4),
        objector_conflict: bit(5),
        permit: bit(6),
        permit_names_category: bit(7),
        withdrawn: bit(8),
        expired: bit(9),
        label,
        originator,
        ..base
    }
}

/// What the two tables of `policy/decisions.md` say, read one after the other.
fn by_the_table(policy: &Policy, facts: &DecisionFacts) -> Option<survey::Said> {
    let at_the_gates = gates::SURVEY.table[survey::place(&gates::GATES, &gates::values(policy, facts))]?;
    if at_the_gates != gates::GOES_ON {
        return Some(at_the_gates);
    }
    let table = &survey::SURVEY.tables[&cell(policy, facts).0];
    table[survey::place(&survey::BELOW, &survey::values(policy, facts))]
}

pub(super) fn any_facts() -> impl Strategy<Value = DecisionFacts> {
    let words = (
        prop::sample::select(AgencyKind::ALL),
        prop::sample::select(Purpose::ALL),
        prop::sample::select(Category::ALL),
        prop::option::of(prop::sample::select(GroundCode::ALL)),
        prop::sample::select(Label::ALL),
        prop::sample::select(Originator::ALL),
        prop::option::of(any::<bool>()),
    );
    // Rare facts are rare: a bit of the conjunction of two words.
    (words, any::<u32>(), any::<u32>(), any::<u32>(), prop::sample::select(&[true, true, true, false][..])).prop_map(
        |((kind, purpose, category, ground, label, originator, shield_allowed), flags, rare, other, usual)| {
            let bit = |n: u32| flags & (1 << n) != 0;
            let rarely = |n: u32| rare & other & (1 << n) != 0 && rarely_again(flags, n);
            DecisionFacts {
                individual_number: rarely(0),
                active: !rarely(1),
                council_member: bit(2) || usual,
                author: rarely(3),
                sealed: rarely(4),
                seal_allowed: bit(5),
                linked_to_perpetrator: rarely(6),
                whereabouts: bit(7),
                shield: rarely(8),
                shield_allowed,
                home: bit(9),
                ground,
                ground_covers: usual || bit(10),
                asserted: if usual { CategorySet::ALL } else { CategorySet::from_bits(other) },
                approved: bit(11),
                standing: bit(12),
                proviso_harm: rarely(13),
                break_glass: bit(14),
                commissioned: bit(15),
                outreach: bit(16),
                child_welfare_role: bit(17),
                party: bit(18),
                relation: bit(19),
                label,
                objection: rarely(20),
                objector_conflict: bit(21),
                originator,
                permit: bit(22),
                permit_names_category: bit(23),
                withdrawn: rarely(24),
                expired: rarely(25),
                own_report: bit(26),
                ..DecisionFacts::new(kind, purpose, category)
            }
        },
    )
}

fn rarely_again(flags: u32, n: u32) -> bool {
    flags.rotate_left(7) & (1 << n) != 0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_bit_formula_and_the_tiers_agree_on_random_facts(facts in any_facts()) {
        let policy = reviewed();
        prop_assert_eq!(same(policy, &facts), Ok(()));
    }

    #[test]
    fn an_objection_a_shield_a_label_or_a_restriction_never_opens(facts in any_facts(), which in 0_u8..10) {
        let mut closed = facts;
        match which {
            0 => closed.objection = true,
            1 => closed.shield = true,
            2 => closed.label = Label::V,
            3 => closed.label = if facts.label == Label::N { Label::R } else { facts.label },
            4 => closed.originator = Originator::No,
            5 => closed.originator = if facts.originator == Originator::None { Originator::Ask } else { facts.originator },
            6 => closed.sealed = true,
            7 => closed.linked_to_perpetrator = true,
            8 => closed.withdrawn = true,
            _ => closed.proviso_harm = true,
        }
        prop_assert!(openness(&closed) <= openness(&facts), "{:?}", facts);
    }

    #[test]
    fn a_permit_or_an_approval_never_closes(facts in any_facts(), which in 0_u8..4) {
        let mut opened = facts;
        match which {
            0 => (opened.permit, opened.withdrawn, opened.expired) = (true, false, false),
            1 => opened.approved = true,
            2 => opened.standing = true,
            _ => opened.break_glass = true,
        }
        prop_assert!(openness(&opened) >= openness(&facts), "{:?}", facts);
    }

    #[test]
    fn a_ground_without_a_marked_harm_never_closes(facts in any_facts(), code in prop::sample::select(GroundCode::ALL)) {
        let without = DecisionFacts { ground: None, proviso_harm: false, ..facts };
        let with = DecisionFacts { ground: Some(code), ..without };
        prop_assert!(openness(&with) >= openness(&without), "{:?}", with);
    }
}

fn reviewed() -> &'static Policy {
    static POLICY: std::sync::LazyLock<Policy> = std::sync::LazyLock::new(Policy::reviewed);
    &POLICY
}

/// 2 in full, 1 in general, 0 not visible.
fn openness(facts: &DecisionFacts) -> u8 {
    match decide(reviewed(), facts).outcome {
        Outcome::Permit => 2,
        Outcome::General => 1,
        _ => 0,
    }
}

//! The bit formula against the tiers.

use super::super::bits::Words;
use super::super::{DecisionFacts, GroundCode, Label, Originator, Outcome, Policy, decide};
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

/// Twelve booleans (4,096 combinations) for every column and every ground that means something else, all twenty
/// categories in each: 24 columns × 20 cells.
#[test]
fn the_bit_formula_and_the_tiers_agree_on_every_combination_within_the_ceiling() {
    let policy = Policy::reviewed();
    let grounds = [None, Some(GroundCode::L01), Some(GroundCode::L04), Some(GroundCode::L05), Some(GroundCode::L12)];
    for kind in AgencyKind::ALL {
        for purpose in policy.purposes(*kind) {
            for ground in grounds {
                for bits in 0_u32..4096 {
                    let bit = |n: u32| bits & (1 << n) != 0;
                    let facts = DecisionFacts {
                        ground,
                        council_member: true,
                        approved: bit(0),
                        standing: bit(1),
                        proviso_harm: bit(2),
                        relation: !bit(3),
                        objection: bit(4),
                        objector_conflict: bit(5),
                        permit: bit(6),
                        permit_names_category: bit(7),
                        label: if bit(8) { Label::V } else { Label::N },
                        originator: match (bit(9), bit(10)) {
                            (false, _) => Originator::None,
                            (true, false) => Originator::Ask,
                            (true, true) => Originator::No,
                        },
                        commissioned: bit(11),
                        ..DecisionFacts::new(*kind, purpose, Category::C01)
                    };
                    if let Err(difference) = same(&policy, &facts) {
                        panic!("{difference}");
                    }
                }
            }
        }
    }
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

//! The whole space of the gates: T0 to T3, for every kind, purpose and category, by tiers and by words.

use super::super::bits::Words;
use super::super::tiers::decide;
use super::super::{DecisionFacts, GroundCode, Nature, Outcome, Policy, Rule};
use super::people::policy;
use super::survey::{Answers, Factor, Said, combinations, place, said};
use crate::agency::{AgencyKind, Category, Purpose};
use std::sync::LazyLock;

/// What counts at the gates, in the order of the tiers.
pub(super) const GATES: [Factor; 10] = [
    Factor { name: "個人番号", values: &["なし", "あり"] },
    Factor { name: "機関", values: &["有効", "停止・失効"] },
    Factor { name: "目的", values: &["許可", "許可外", "P6構成員", "P6構成員以外", "P11"] },
    Factor { name: "区分", values: &["C20", "C02・C14", "所在が分かるその他", "その他"] },
    Factor { name: "封印", values: &["なし", "名簿内", "名簿外"] },
    Factor { name: "加害者の関係先", values: &["いいえ", "はい"] },
    Factor { name: "支援措置", values: &["なし", "許可先", "許可先以外"] },
    Factor { name: "作成者", values: &["いいえ", "はい"] },
    Factor { name: "義務の根拠(T2)", values: &["なし", "あり"] },
    Factor { name: "緊急閲覧(T3)", values: &["なし", "あり"] },
];

/// What stands for "the gates are open, and neither a duty nor an emergency decides".
pub(super) const GOES_ON: Said = (Outcome::Deny, Rule::Ceiling);

/// What the survey of the gates found.
pub(super) struct Gates {
    pub(super) table: Answers,
    pub(super) decisions: u64,
    pub(super) differences: Vec<String>,
}

pub(super) static SURVEY: LazyLock<Gates> = LazyLock::new(|| Gates::of(policy()));

/// The flags of the gates, each as it may be.
const FLAGS: u32 = 8;
const SEALS: [(bool, bool); 4] = [(false, false), (false, true), (true, true), (true, false)];
const SHIELDS: [(bool, bool); 4] = [(false, false), (false, true), (true, true), (true, false)];

impl Gates {
    fn of(policy: &Policy) -> Self {
        let mut survey = Gates { table: vec![None; combinations(&GATES)], decisions: 0, differences: Vec::new() };
        for kind in AgencyKind::ALL {
            for purpose in Purpose::ALL {
                for ground in [None, Some(GroundCode::L01)] {
                    let base = DecisionFacts { ground, ..DecisionFacts::new(*kind, *purpose, Category::C01) };
                    survey.ask(policy, base);
                }
            }
        }
        survey
    }

    fn ask(&mut self, policy: &Policy, base: DecisionFacts) {
        for bits in 0_u32..1 << FLAGS {
            let bit = |n: u32| bits & (1 << n) != 0;
            // Nobody is a member for another purpose than P6, and break-glass is asked for under P11 alone.
            if bit(2) && base.purpose != Purpose::P6 && base.ground.is_some() {
                continue;
            }
            for (sealed, seal_allowed) in SEALS {
                for (shield, shield_allowed) in SHIELDS {
                    self.ask_one(
                        policy,
                        DecisionFacts {
                            individual_number: bit(0),
                            active: !bit(1),
                            council_member: bit(2),
                            author: bit(3),
                            linked_to_perpetrator: bit(4),
                            whereabouts: bit(5),
                            break_glass: bit(6),
                            ground_covers: !bit(7),
                            sealed,
                            seal_allowed,
                            shield,
                            shield_allowed: Some(shield_allowed),
                            ..base
                        },
                    );
                }
            }
        }
    }

    fn ask_one(&mut self, policy: &Policy, facts: DecisionFacts) {
        let words = Words::of(policy, &facts);
        for category in Category::ALL {
            let asked = DecisionFacts { category: *category, ..facts };
            let decided = decide(policy, &asked);
            let outcome = if decided.outcome == Outcome::Refuse { Outcome::Deny } else { decided.outcome };
            if outcome != words.outcome(*category) {
                self.differences.push(format!("tiers {decided}, bits {}: {asked:?}", words.outcome(*category)));
            }
            let said = if decided.rule < Rule::Ceiling { said(decided.outcome, decided.rule) } else { GOES_ON };
            let at = place(&GATES, &values(policy, &asked));
            match self.table.get_mut(at) {
                Some(Some(before)) if *before != said => {
                    self.differences.push(format!("gates: {before:?} and {said:?}: {asked:?}"));
                }
                Some(slot) => *slot = Some(said),
                None => {}
            }
            self.decisions += 1;
        }
    }
}

/// The place of these facts in the table.
pub(super) fn values(policy: &Policy, facts: &DecisionFacts) -> [usize; 10] {
    let purpose = match facts.purpose {
        purpose if !policy.allows(facts.kind, purpose) => 1,
        Purpose::P6 => {
            if facts.council_member {
                2
            } else {
                3
            }
        }
        Purpose::P11 => 4,
        _ => 0,
    };
    let category = match facts.category {
        Category::C20 => 0,
        Category::C02 | Category::C14 => 1,
        _ if facts.whereabouts => 2,
        _ => 3,
    };
    let three = |there: bool, allowed: bool| if there { 2 - usize::from(allowed) } else { 0 };
    let duty = facts.ground.and_then(|code| policy.ground(code)).is_some_and(|ground| {
        let reaches = ground.recipients.contains(&facts.kind) && ground.mask.has(facts.category);
        ground.nature == Nature::Duty && reaches && facts.ground_covers
    });
    let emergency = facts.break_glass && policy.emergency(facts.kind).has(facts.category);
    [
        usize::from(facts.individual_number),
        usize::from(!facts.active),
        purpose,
        category,
        three(facts.sealed, facts.seal_allowed),
        usize::from(facts.linked_to_perpetrator),
        three(facts.shield, facts.allowed_by_shield()),
        usize::from(facts.author),
        usize::from(duty),
        usize::from(emergency),
    ]
}

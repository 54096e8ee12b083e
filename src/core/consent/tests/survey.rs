//! The whole space of what a decision can depend on, cell by cell: the tiers' answer to each combination, held against the
//! bit formula, and gathered into one table for each letter of the matrix.

use super::super::bits::{Words, columns};
use super::super::tiers::{cell, decide};
use super::super::{
    Cell, Condition, DecisionFacts, GroundCode, GroundEntry, Label, Nature, Originator, Outcome, Policy, Rule,
};
use super::people::policy;
use crate::agency::{AgencyKind, Category, Purpose};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// One thing that a decision depends on, in the words of the table, and what it may be.
pub(super) struct Factor {
    pub(super) name: &'static str,
    pub(super) values: &'static [&'static str],
}

/// What counts below the ceiling, in the order of the tiers.
pub(super) const BELOW: [Factor; 9] = [
    Factor { name: "根拠(T5)", values: &["なし", "あり"] },
    Factor { name: "ただし書", values: &["なし", "指摘"] },
    Factor { name: "提供元の承認", values: &["なし", "包括", "個別", "両方"] },
    Factor { name: "同意", values: &["なし", "包括", "明記"] },
    Factor { name: "区分", values: &["通常", "要明記", "C19"] },
    Factor { name: "ラベル", values: &["N", "R", "V"] },
    Factor { name: "関係", values: &["なし", "あり"] },
    Factor { name: "異議", values: &["なし", "あり", "相反者"] },
    Factor { name: "提供元の制限", values: &["なし", "照会", "不可"] },
];

/// An answer, whatever the code of the ground.
pub(super) type Said = (Outcome, Rule);

/// The answers of one letter of the matrix; `None` where no cell of that letter can come.
pub(super) type Answers = Vec<Option<Said>>;

/// What the survey found.
pub(super) struct Survey {
    pub(super) tables: BTreeMap<Cell, Answers>,
    /// Decisions that were asked for.
    pub(super) decisions: u64,
    /// Where the bit formula says otherwise, or two cells of one letter do.
    pub(super) differences: Vec<String>,
}

/// Place of a combination in the table: the last factor runs fastest.
pub(super) fn place(factors: &[Factor], values: &[usize]) -> usize {
    factors.iter().zip(values).fold(0, |place, (factor, value)| place * factor.values.len() + value)
}

pub(super) fn combinations(factors: &[Factor]) -> usize {
    factors.iter().map(|factor| factor.values.len()).product()
}

/// Every combination of the factors.
pub(super) fn every(factors: &'static [Factor]) -> impl Iterator<Item = Vec<usize>> {
    (0..combinations(factors)).map(|at| {
        let mut left = at;
        let mut values: Vec<usize> = factors
            .iter()
            .rev()
            .map(|factor| {
                let value = left % factor.values.len();
                left /= factor.values.len();
                value
            })
            .collect();
        values.reverse();
        values
    })
}

pub(super) static SURVEY: LazyLock<Survey> = LazyLock::new(|| Survey::of(policy()));

impl Survey {
    fn of(policy: &Policy) -> Self {
        let mut survey = Survey { tables: BTreeMap::new(), decisions: 0, differences: Vec::new() };
        for (kind, purpose) in columns(policy) {
            for base in circumstances(policy, kind, purpose) {
                for ground in grounds(policy, kind) {
                    survey.ask(policy, base, ground);
                    if purpose != Purpose::P6 && ground.is_some_and(|ground| ground.members) {
                        survey.ask(policy, DecisionFacts { council_member: false, ..base }, ground);
                    }
                }
            }
        }
        survey
    }

    /// Every combination of the factors for all twenty cells of one column.
    fn ask(&mut self, policy: &Policy, base: DecisionFacts, ground: Option<&GroundEntry>) {
        for mut values in every(&BELOW) {
            let [asserted, proviso, approval, .., class] = [values[0], values[1], values[2], values[4]];
            // Without a ground nobody approves it or marks a harm; the class follows from the category.
            let idle = ground.is_none() && (proviso > 0 || approval > 0);
            if class > 0 || asserted > 0 || idle {
                continue;
            }
            let facts = DecisionFacts { ground: ground.map(|ground| ground.code), ..with(base, &values) };
            let words = Words::of(policy, &facts);
            for category in Category::ALL.iter().copied().filter(|category| *category != Category::C20) {
                let asked = DecisionFacts { category, ..facts };
                let decided = decide(policy, &asked);
                let receives = |ground: &GroundEntry| !ground.members || facts.council_member;
                let reached = ground.is_some_and(|ground| ground.mask.has(category) && receives(ground));
                values[0] = usize::from(reached);
                values[4] = class_of(policy, category);
                if ground.is_none() || reached {
                    self.keep(cell(policy, &asked).0, &values, said(decided.outcome, decided.rule), &asked);
                }
                if decided.outcome != words.outcome(category) {
                    self.differences.push(format!("tiers {decided}, bits {}: {asked:?}", words.outcome(category)));
                }
                self.decisions += 1;
            }
        }
    }

    fn keep(&mut self, cell: Cell, values: &[usize], said: Said, asked: &DecisionFacts) {
        let table = self.tables.entry(cell).or_insert_with(|| vec![None; combinations(&BELOW)]);
        let Some(slot) = table.get_mut(place(&BELOW, values)) else { return };
        match slot {
            Some(before) if *before != said => {
                self.differences.push(format!("{cell}: {before:?} and {said:?}: {asked:?}"));
            }
            slot => *slot = Some(said),
        }
    }
}

/// The answer without the code of the ground.
pub(super) fn said(outcome: Outcome, rule: Rule) -> Said {
    let rule = match rule {
        Rule::Ground(_) => Rule::Ground(GroundCode::L04),
        Rule::Duty(_) => Rule::Duty(GroundCode::L01),
        fixed => fixed,
    };
    (outcome, rule)
}

pub(super) fn class_of(policy: &Policy, category: Category) -> usize {
    match category {
        Category::C19 => 2,
        named if policy.must_be_named.has(named) => 1,
        _ => 0,
    }
}

/// The place of these facts in the table of their cell.
pub(super) fn values(policy: &Policy, facts: &DecisionFacts) -> [usize; 9] {
    let ground = facts.ground.and_then(|code| policy.ground(code)).filter(|ground| {
        let recipient = ground.recipients.contains(&facts.kind) && (!ground.members || facts.council_member);
        ground.nature == Nature::Power && recipient && ground.mask.has(facts.category) && facts.ground_covers
    });
    let approval = usize::from(facts.standing) + 2 * usize::from(facts.approved);
    let permit = facts.permit && !facts.withdrawn && !facts.expired;
    let three = |there: bool, more: bool| if there { 1 + usize::from(more) } else { 0 };
    [
        usize::from(ground.is_some()),
        if ground.is_some() { usize::from(facts.proviso_harm) } else { 0 },
        if ground.is_some() { approval } else { 0 },
        three(permit, facts.permit_names_category),
        class_of(policy, facts.category),
        facts.label as usize,
        usize::from(facts.relation),
        three(facts.objection, facts.objector_conflict),
        facts.originator as usize,
    ]
}

fn with(base: DecisionFacts, values: &[usize]) -> DecisionFacts {
    let &[_, proviso, approval, permit, _, label, relation, objection, originator] = values else { return base };
    DecisionFacts {
        proviso_harm: proviso > 0,
        standing: approval & 1 > 0,
        approved: approval & 2 > 0,
        permit: permit > 0,
        permit_names_category: permit == 2,
        label: Label::ALL[label],
        relation: relation > 0,
        objection: objection > 0,
        objector_conflict: objection == 2,
        originator: Originator::ALL[originator],
        ..base
    }
}

/// The facts of one column under each set of circumstances that gives it other cells.
pub(super) fn circumstances(policy: &Policy, kind: AgencyKind, purpose: Purpose) -> Vec<DecisionFacts> {
    let mut seen: BTreeMap<Vec<Cell>, DecisionFacts> = BTreeMap::new();
    for bits in 0_u32..1 << Condition::ALL.len() {
        let holds = |condition: Condition| bits & (1 << condition as u32) != 0;
        let facts = DecisionFacts {
            council_member: true,
            commissioned: holds(Condition::Commissioned),
            child_welfare_role: holds(Condition::ChildWelfareRole),
            outreach: holds(Condition::Outreach),
            party: holds(Condition::Party),
            own_report: holds(Condition::OwnReport),
            ..DecisionFacts::new(kind, purpose, Category::C01)
        };
        let cells =
            Category::ALL.iter().map(|category| cell(policy, &DecisionFacts { category: *category, ..facts }).0);
        seen.entry(cells.collect()).or_insert(facts);
    }
    seen.into_values().collect()
}

/// None, and one of each set of powers that mean the same for this kind.
fn grounds(policy: &Policy, kind: AgencyKind) -> Vec<Option<&GroundEntry>> {
    let mut kept: Vec<Option<&GroundEntry>> = vec![None];
    for ground in policy.grounds() {
        let same = |other: &&GroundEntry| other.mask == ground.mask && other.explicit == ground.explicit;
        let new = !kept.iter().flatten().any(same);
        if new && ground.nature == Nature::Power && ground.recipients.contains(&kind) {
            kept.push(Some(ground));
        }
    }
    kept
}

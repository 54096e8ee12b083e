//! The bit formula of `consent.md` section 4: the same decision as the tiers', for all twenty categories at once.
//!
//! It says what is visible and what waits, not by which rule. A test holds it against [`super::decide`] over every
//! combination of the facts.

use super::facts::DecisionFacts;
use super::policy::Policy;
use super::words::{Cell, Condition, Label, Nature, Originator, Outcome};
use crate::agency::{AgencyKind, Category, CategorySet, Purpose};

/// The words of one recipient and item. A flag of the facts fills a whole word; who has facts by category (an objection to
/// C08 alone) puts his own word in its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Barred by T0, whatever else holds.
    pub gate: CategorySet,
    /// Written by the recipient.
    pub author: CategorySet,
    /// Opened by a duty.
    pub duty: CategorySet,
    /// Opened by break-glass.
    pub emergency: CategorySet,
    /// Not forbidden by the matrix.
    pub ceiling: CategorySet,
    /// A permissive ground is asserted, in cells that a ground can open.
    pub may_asserted: CategorySet,
    /// And the source approved it.
    pub may_ok: CategorySet,
    /// And the source marked a harm.
    pub proviso: CategorySet,
    /// A statutory task.
    pub task: CategorySet,
    /// A permit helps.
    pub permit: CategorySet,
    /// A default applies.
    pub default: CategorySet,
    /// Where the default gives the general form only.
    pub general: CategorySet,
    /// An objection.
    pub objection: CategorySet,
    /// Whose objector stands in a conflict.
    pub conflict: CategorySet,
    /// The source says no, or ask.
    pub originator: CategorySet,
    /// The source says ask.
    pub ask: CategorySet,
}

const fn all_if(holds: bool) -> CategorySet {
    if holds { CategorySet::ALL } else { CategorySet::EMPTY }
}

const fn not(set: CategorySet) -> CategorySet {
    CategorySet::ALL.minus(set)
}

const fn only(category: Category) -> CategorySet {
    CategorySet::EMPTY.with(category)
}

impl Words {
    /// From the facts of a decision; their `category` is not read.
    pub fn of(policy: &Policy, facts: &DecisionFacts) -> Self {
        Words::within(policy, &Cells::of(policy, facts), facts)
    }

    /// The same, where the cells of the column are known.
    pub(super) fn within(policy: &Policy, cells: &Cells, facts: &DecisionFacts) -> Self {
        let ground_cells = cells.of_value(Cell::ConsentOrGround).union(cells.of_value(Cell::Ground));
        let may_asserted = asserted(policy, facts, Nature::Power).and(ground_cells);
        let proviso = may_asserted.and(all_if(facts.proviso_harm));
        let plain = all_if(
            facts.standing && !facts.objection && facts.label != Label::V && facts.originator == Originator::None,
        );
        let explicit = facts.ground.and_then(|code| policy.ground(code)).map(|ground| ground.explicit);
        let standing = plain.minus(only(Category::C19)).minus(explicit.unwrap_or_default());
        let named = all_if(facts.permit_names_category);
        let unnamed = not(policy.must_be_named).and(all_if(facts.label != Label::V));
        let relation = all_if(facts.relation);
        let general = cells.of_value(Cell::General);
        Words {
            gate: gate(policy, facts),
            author: all_if(facts.author),
            duty: asserted(policy, facts, Nature::Duty),
            emergency: policy.emergency(facts.kind).and(all_if(facts.purpose == Purpose::P11 && facts.break_glass)),
            ceiling: not(cells.of_value(Cell::Never)),
            may_asserted,
            may_ok: may_asserted.minus(proviso).and(all_if(facts.approved).union(standing)),
            proviso,
            task: cells.of_value(Cell::Task).and(relation),
            permit: all_if(facts.permit && !facts.withdrawn && !facts.expired)
                .and(named.union(unnamed))
                .minus(cells.of_value(Cell::Ground)),
            default: cells.of_value(Cell::Default).union(general).and(relation).and(all_if(facts.label == Label::N)),
            general,
            objection: all_if(facts.objection),
            conflict: all_if(facts.objection && facts.objector_conflict),
            originator: all_if(facts.originator != Originator::None),
            ask: all_if(facts.originator == Originator::Ask),
        }
    }

    const fn want(&self) -> CategorySet {
        self.permit.union(self.default)
    }

    /// `~GATE & (AUTHOR | DUTY | BG | (CEIL & (MAY_OK | TASK | (~OBJ & ~ORIG & ~PROVISO & WANT))))`
    pub const fn visible(&self) -> CategorySet {
        let above = self.author.union(self.duty).union(self.emergency);
        let wanted = self.want().minus(self.objection).minus(self.originator).minus(self.proviso);
        let below = self.ceiling.and(self.may_ok.union(self.task).union(wanted));
        above.union(below).minus(self.gate)
    }

    /// What of [`Words::visible`] is visible in the general form only: nothing but the default of a `G` cell opens it.
    pub const fn general_only(&self) -> CategorySet {
        let full = self.author.union(self.duty).union(self.emergency).union(self.permit);
        self.visible().and(self.general).minus(full)
    }

    /// `~GATE & CEIL & ~visible & (MAY_ASSERTED | WANT & OBJ & CONFLICT | WANT & ~OBJ & ASK)`
    pub const fn hold(&self) -> CategorySet {
        let conflict = self.want().and(self.objection).and(self.conflict);
        let ask = self.want().minus(self.objection).and(self.ask);
        let reasons = self.may_asserted.union(conflict).union(ask);
        self.ceiling.and(reasons).minus(self.visible()).minus(self.gate)
    }

    /// The outcome for one category. A refusal (T0.1) reads as `Deny`: the gate is one word.
    pub const fn outcome(&self, category: Category) -> Outcome {
        if self.general_only().has(category) {
            Outcome::General
        } else if self.visible().has(category) {
            Outcome::Permit
        } else if self.hold().has(category) {
            Outcome::Hold
        } else {
            Outcome::Deny
        }
    }
}

/// T0 as a word.
fn gate(policy: &Policy, facts: &DecisionFacts) -> CategorySet {
    let shut = facts.individual_number
        || !facts.active
        || !policy.allows(facts.kind, facts.purpose)
        || facts.purpose == Purpose::P6 && !facts.council_member;
    let place = if facts.whereabouts { CategorySet::ALL } else { only(Category::C02).with(Category::C14) };
    let shielded = facts.shield && !facts.author && !facts.allowed_by_shield();
    let barred = all_if(facts.sealed && !facts.seal_allowed)
        .union(place.and(all_if(facts.linked_to_perpetrator)))
        .union(place.and(all_if(shielded)));
    // C20 ends at T0.5: to its author it is open, to everybody else shut.
    let notifier = only(Category::C20).and(all_if(!facts.author));
    all_if(shut).union(barred.minus(only(Category::C20))).union(notifier)
}

/// What an asserted ground of this nature reaches.
fn asserted(policy: &Policy, facts: &DecisionFacts, nature: Nature) -> CategorySet {
    let Some(ground) = facts.ground.and_then(|code| policy.ground(code)) else { return CategorySet::EMPTY };
    let member = !ground.members || facts.council_member;
    let reaches = ground.nature == nature && facts.ground_covers && member && ground.recipients.contains(&facts.kind);
    facts.asserted.and(ground.mask).and(all_if(reaches))
}

/// The adjusted column as one word for each value.
#[derive(Clone, Copy)]
pub(super) struct Cells([CategorySet; Cell::ALL.len()]);

impl Cells {
    pub(super) fn of(policy: &Policy, facts: &DecisionFacts) -> Self {
        let mut cells = Cells([CategorySet::EMPTY; Cell::ALL.len()]);
        let column = policy.column(facts.kind, facts.purpose);
        for category in Category::ALL {
            let value = column.and_then(|column| column.get(*category as usize)).copied().unwrap_or(Cell::Never);
            cells.put(only(*category), value);
        }
        for note in &policy.adjustments {
            if note.concerns(facts.kind, facts.purpose) && note.when == circumstance(facts, note.condition) {
                let from = note.from.map_or(CategorySet::ALL, |from| cells.of_value(from));
                cells.put(note.categories.and(from), note.to);
            }
        }
        cells
    }

    pub(super) fn of_value(&self, value: Cell) -> CategorySet {
        self.0.get(value as usize).copied().unwrap_or_default()
    }

    fn put(&mut self, categories: CategorySet, value: Cell) {
        for (word, cell) in self.0.iter_mut().zip(Cell::ALL) {
            *word = if *cell == value { word.union(categories) } else { word.minus(categories) };
        }
    }
}

const fn circumstance(facts: &DecisionFacts, condition: Condition) -> bool {
    match condition {
        Condition::Commissioned => facts.commissioned,
        Condition::ChildWelfareRole => facts.child_welfare_role,
        Condition::Outreach => facts.outreach,
        Condition::Party => facts.party,
        Condition::OwnReport => facts.own_report,
    }
}

/// Every kind with its allowed purposes, for tests and tables.
pub fn columns(policy: &Policy) -> impl Iterator<Item = (AgencyKind, Purpose)> {
    AgencyKind::ALL.iter().flat_map(|kind| policy.purposes(*kind).map(|purpose| (*kind, purpose)))
}

//! The slow interpreter: one function for each tier of `consent.md` section 4, in its order. The first that decides, decides.
//!
//! It is meant to be read beside that section. Where two tiers look at each other (a T5 hold is set aside while T9 or T10
//! may permit), the last function, [`open_or_wait`], says how.

use super::facts::DecisionFacts;
use super::policy::{Adjustment, GroundEntry, Policy};
use super::words::{Cell, Condition, Decision, Evidence, Label, Nature, Originator, Outcome, Rule, Seen};
use crate::agency::{Category, Purpose};

/// Decides one category of one item.
pub fn decide(policy: &Policy, facts: &DecisionFacts) -> Decision {
    gates(policy, facts)
        .or_else(|| author(facts))
        .or_else(|| duty(policy, facts))
        .or_else(|| break_glass(policy, facts))
        .unwrap_or_else(|| under_the_ceiling(policy, facts))
}

/// T4 to T11: within the cell of the matrix.
fn under_the_ceiling(policy: &Policy, facts: &DecisionFacts) -> Decision {
    let (cell, adjusted) = cell(policy, facts);
    let evidence = Evidence::of(cell).and_if(adjusted, Seen::Adjusted);
    if let Some(decision) = ceiling(cell, evidence) {
        return decision;
    }
    let waiting = match permissive_ground(policy, facts, cell, evidence) {
        Permissive::Decided(decision) => return decision,
        Permissive::Waits(hold) => Some(hold),
        Permissive::Silent => None,
    };
    task(facts, cell, evidence).unwrap_or_else(|| open_or_wait(policy, facts, cell, evidence, waiting))
}

const fn answer(outcome: Outcome, rule: Rule, evidence: Evidence) -> Decision {
    Decision { outcome, rule, evidence }
}

fn plain(outcome: Outcome, rule: Rule, fact: Seen) -> Decision {
    answer(outcome, rule, Evidence::default().and(fact))
}

/// T0: gates and shields. Nothing overrides them.
fn gates(policy: &Policy, facts: &DecisionFacts) -> Option<Decision> {
    if facts.individual_number {
        return Some(plain(Outcome::Refuse, Rule::IndividualNumber, Seen::IndividualNumber));
    }
    if !facts.active {
        return Some(plain(Outcome::Deny, Rule::Inactive, Seen::Inactive));
    }
    if !policy.allows(facts.kind, facts.purpose) {
        return Some(answer(Outcome::Deny, Rule::Purpose, Evidence::default()));
    }
    if facts.purpose == Purpose::P6 && !facts.council_member {
        return Some(plain(Outcome::Deny, Rule::Membership, Seen::Membership));
    }
    if facts.category == Category::C20 {
        return author(facts).or(Some(answer(Outcome::Deny, Rule::Notifier, Evidence::default())));
    }
    if facts.sealed && !facts.seal_allowed {
        return Some(plain(Outcome::Deny, Rule::Seal, Seen::Seal));
    }
    let tells_where = facts.whereabouts || matches!(facts.category, Category::C02 | Category::C14);
    if tells_where && facts.linked_to_perpetrator {
        return Some(plain(Outcome::Deny, Rule::Perpetrator, Seen::Perpetrator));
    }
    if tells_where && facts.shield && !facts.author && !facts.allowed_by_shield() {
        return Some(plain(Outcome::Deny, Rule::Shield, Seen::Shield));
    }
    None
}

/// T1: an author sees its own version; that is no disclosure.
fn author(facts: &DecisionFacts) -> Option<Decision> {
    facts.author.then(|| plain(Outcome::Permit, Rule::Author, Seen::Author))
}

/// T2: a mandatory duty, towards the recipients that the statute names.
fn duty(policy: &Policy, facts: &DecisionFacts) -> Option<Decision> {
    let code = asserted(policy, facts, Nature::Duty)?.code;
    Some(plain(Outcome::Permit, Rule::Duty(code), Seen::Ground))
}

/// T3: break-glass, for the emergency mask of the kind.
fn break_glass(policy: &Policy, facts: &DecisionFacts) -> Option<Decision> {
    let open = facts.purpose == Purpose::P11 && facts.break_glass && policy.emergency(facts.kind).has(facts.category);
    open.then(|| plain(Outcome::Permit, Rule::BreakGlass, Seen::BreakGlass))
}

/// T4: what the matrix never allows, consent does not open either.
fn ceiling(cell: Cell, evidence: Evidence) -> Option<Decision> {
    (cell == Cell::Never).then(|| answer(Outcome::Deny, Rule::Ceiling, evidence))
}

/// What T5 says.
enum Permissive {
    /// The ground opens, or a marked harm holds.
    Decided(Decision),
    /// A ground is asserted and the source has not approved. Set aside while T6, T9 or T10 may permit.
    Waits(Decision),
    /// No ground that fits.
    Silent,
}

/// T5: a permissive ground, in the cells `CS` and `S`. The statute gives the holder a discretion.
fn permissive_ground(policy: &Policy, facts: &DecisionFacts, cell: Cell, evidence: Evidence) -> Permissive {
    if !matches!(cell, Cell::ConsentOrGround | Cell::Ground) {
        return Permissive::Silent;
    }
    let Some(ground) = asserted(policy, facts, Nature::Power) else { return Permissive::Silent };
    let evidence = evidence.and(Seen::Ground).and_if(facts.objection, Seen::Objection);
    if facts.proviso_harm {
        return Permissive::Decided(answer(Outcome::Hold, Rule::Proviso, evidence.and(Seen::Proviso)));
    }
    if facts.approved {
        return Permissive::Decided(answer(Outcome::Permit, Rule::Ground(ground.code), evidence.and(Seen::Approved)));
    }
    let plain_case = !facts.objection
        && facts.label != Label::V
        && facts.category != Category::C19
        && !ground.explicit.has(facts.category)
        && facts.originator == Originator::None;
    if facts.standing && plain_case {
        return Permissive::Decided(answer(Outcome::Permit, Rule::Ground(ground.code), evidence.and(Seen::Standing)));
    }
    Permissive::Waits(answer(Outcome::Hold, Rule::Approval, evidence.and_if(facts.standing, Seen::Standing)))
}

/// T6: a statutory task. It does not rest on consent; an objection is recorded and shown to the officer.
fn task(facts: &DecisionFacts, cell: Cell, evidence: Evidence) -> Option<Decision> {
    if cell != Cell::Task || !facts.relation {
        return None;
    }
    let evidence = evidence.and(Seen::Relation);
    Some(match facts.objection {
        true => answer(Outcome::Permit, Rule::TaskDespiteObjection, evidence.and(Seen::Objection)),
        false => answer(Outcome::Permit, Rule::Task, evidence),
    })
}

/// T7 to T11. Where consent or a default would permit: the objection first, then the source's restriction, then they do.
/// Where they would not: the T5 hold, else the objection, else default deny.
fn open_or_wait(
    policy: &Policy,
    facts: &DecisionFacts,
    cell: Cell,
    evidence: Evidence,
    waiting: Option<Decision>,
) -> Decision {
    let opened = consent(policy, facts, cell, evidence).or_else(|| default(facts, cell, evidence));
    let Some(opened) = opened else {
        let otherwise = || match facts.objection {
            true => answer(Outcome::Deny, Rule::Objection, evidence.and(Seen::Objection)),
            false => answer(Outcome::Deny, Rule::DefaultDeny, wanting(facts, cell, evidence)),
        };
        return waiting.unwrap_or_else(otherwise);
    };
    objection(facts, opened.evidence, waiting).or_else(|| originator(facts, opened.evidence, waiting)).unwrap_or(opened)
}

/// T11, and what kept T6 and T10 from opening it.
fn wanting(facts: &DecisionFacts, cell: Cell, evidence: Evidence) -> Evidence {
    let by_default = matches!(cell, Cell::Default | Cell::General);
    let unrelated = (by_default || cell == Cell::Task) && !facts.relation;
    evidence.and_if(unrelated, Seen::NoRelation).and_if(by_default && facts.label != Label::N, Seen::Label)
}

/// T7: an objection stops consent and default; one by somebody in a conflict of interest waits for a person.
fn objection(facts: &DecisionFacts, evidence: Evidence, waiting: Option<Decision>) -> Option<Decision> {
    if !facts.objection {
        return None;
    }
    let evidence = evidence.and(Seen::Objection);
    Some(waiting.unwrap_or_else(|| match facts.objector_conflict {
        true => answer(Outcome::Hold, Rule::Conflict, evidence.and(Seen::Conflict)),
        false => answer(Outcome::Deny, Rule::Objection, evidence),
    }))
}

/// T8: the source's restriction on onward release.
fn originator(facts: &DecisionFacts, evidence: Evidence, waiting: Option<Decision>) -> Option<Decision> {
    let evidence = evidence.and(Seen::Originator);
    match facts.originator {
        Originator::None => None,
        Originator::Ask => Some(answer(Outcome::Hold, Rule::Originator, evidence)),
        Originator::No => Some(waiting.unwrap_or_else(|| answer(Outcome::Deny, Rule::Originator, evidence))),
    }
}

/// T9: consent. It needs no relation. "All" never means what must be named, nor what the source labelled V.
fn consent(policy: &Policy, facts: &DecisionFacts, cell: Cell, evidence: Evidence) -> Option<Decision> {
    let effective = facts.permit && !facts.withdrawn && !facts.expired;
    let must_be_named = facts.label == Label::V || policy.must_be_named.has(facts.category);
    let covers = facts.permit_names_category || !must_be_named;
    let helps = cell != Cell::Ground;
    (effective && covers && helps).then(|| answer(Outcome::Permit, Rule::Consent, evidence.and(Seen::Permit)))
}

/// T10: what is usual while a relation exists; only for what bears no label.
fn default(facts: &DecisionFacts, cell: Cell, evidence: Evidence) -> Option<Decision> {
    if !facts.relation || facts.label != Label::N {
        return None;
    }
    let outcome = match cell {
        Cell::Default => Outcome::Permit,
        Cell::General => Outcome::General,
        _ => return None,
    };
    Some(answer(outcome, Rule::Default, evidence.and(Seen::Relation)))
}

/// The ground that is asserted, when it has this nature and reaches this recipient, subject and category.
fn asserted<'p>(policy: &'p Policy, facts: &DecisionFacts, nature: Nature) -> Option<&'p GroundEntry> {
    let ground = policy.ground(facts.ground?)?;
    let recipient = ground.recipients.contains(&facts.kind) && (!ground.members || facts.council_member);
    let covered = facts.ground_covers && facts.asserted.and(ground.mask).has(facts.category);
    (ground.nature == nature && recipient && covered).then_some(ground)
}

/// The cell of the matrix, and whether a note of it changed what stands there.
pub(crate) fn cell(policy: &Policy, facts: &DecisionFacts) -> (Cell, bool) {
    let stands = policy.cell(facts.kind, facts.purpose, facts.category).unwrap_or(Cell::Never);
    let cell = policy.adjustments.iter().fold(stands, |cell, note| {
        let applies = note.concerns(facts.kind, facts.purpose)
            && note.categories.has(facts.category)
            && note.from.is_none_or(|from| from == cell)
            && note.when == holds(facts, note);
        if applies { note.to } else { cell }
    });
    (cell, cell != stands)
}

/// Does the circumstance of a note hold?
fn holds(facts: &DecisionFacts, note: &Adjustment) -> bool {
    match note.condition {
        Condition::Commissioned => facts.commissioned,
        Condition::ChildWelfareRole => facts.child_welfare_role,
        Condition::Outreach => facts.outreach,
        Condition::Party => facts.party,
        Condition::OwnReport => facts.own_report,
    }
}

//! Gathers, for one recipient, item and moment, what the tiers need to know, and asks them for each category.

use super::facts::DecisionFacts;
use super::grantor::Standing;
use super::policy::Policy;
use super::records::{CouncilCase, Ground, Relation, RelationKind};
use super::tiers::decide;
use super::view::{Facts, Item, Request, SubjectFacts, View};
use super::weighing::{Answers, Doubt, Weighing};
use super::will::Will;
use super::words::{Decision, Nature, Originator, Outcome, Rule};
use crate::agency::{AgencyId, AgencyKind, Category, CategorySet, Purpose, Role};
use crate::id::FactId;
use crate::time::Time;
use std::cmp::Ordering;

pub(crate) fn gather(policy: &Policy, request: &Request, facts: &Facts, item: &Item<'_>, now: Time) -> View {
    let asked = Asked { policy, request, facts, item, now };
    // Who was not looked up is not the same as who has nothing on file: there may be a shield or an objection.
    let known: Option<Vec<&SubjectFacts>> = item.subjects.iter().map(|person| facts.subjects.get(person)).collect();
    let Some(known) = known else { return View::default() };
    let subjects: Vec<OneSubject<'_>> = known.into_iter().map(|subject| OneSubject::new(asked, subject)).collect();
    let answers = Answers::to(request, &facts.weighings, now);
    let grounds: Vec<&Ground> = facts.grounds.iter().filter(|ground| asked.reached_by(ground)).collect();
    let mut view = View {
        whereabouts: !subjects.is_empty() && subjects.iter().all(|subject| subject.may_know_where()),
        ..View::default()
    };
    for category in item.categories.iter() {
        let mut ids: Vec<FactId> = Vec::new();
        let decisions = subjects.iter().map(|subject| {
            let mut answer = subject.answer(category, &grounds, &answers);
            ids.append(&mut answer.ids);
            answer.decision
        });
        // The stricter of two subjects; of equals the one that an earlier tier decided. Nobody's item is nobody's to see.
        let Some(decision) = decisions.reduce(stricter) else { continue };
        match decision.outcome {
            Outcome::Permit => view.full = view.full.with(category),
            Outcome::General => view.general = view.general.with(category),
            Outcome::Hold => view.held.push((category, decision.rule)),
            Outcome::Deny | Outcome::Refuse => {}
        }
        view.decisions.push((category, decision));
        ids.sort_unstable();
        ids.dedup();
        view.evidence.extend(ids.into_iter().map(|id| (category, id)));
    }
    view
}

/// The question.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) request: &'a Request,
    pub(crate) facts: &'a Facts,
    pub(crate) item: &'a Item<'a>,
    pub(crate) now: Time,
}

impl Asked<'_> {
    /// Is this a live ground for this recipient, and the cited one if one is cited?
    pub(crate) fn counts(&self, ground: &Ground) -> bool {
        let replaced =
            self.facts.grounds.iter().any(|other| other.supersedes == Some(ground.id) && other.recorded_at <= self.now);
        ground.live(self.now)
            && !replaced
            && ground.recipient == self.request.recipient
            && self.request.cited_ground.is_none_or(|cited| cited == ground.id)
    }

    /// Does it reach this item as well?
    fn reached_by(&self, ground: &Ground) -> bool {
        self.counts(ground)
            && (ground.message.is_none() || ground.message == self.item.message)
            && (ground.sources.is_empty() || ground.sources.contains(self.item.author))
    }
}

/// What one subject's facts say.
struct Answer {
    decision: Decision,
    ids: Vec<FactId>,
}

/// One subject of the item, with what does not depend on the category.
pub(crate) struct OneSubject<'a> {
    pub(crate) asked: Asked<'a>,
    pub(crate) subject: &'a SubjectFacts,
    pub(crate) base: DecisionFacts,
}

impl<'a> OneSubject<'a> {
    pub(crate) fn new(asked: Asked<'a>, subject: &'a SubjectFacts) -> Self {
        let Asked { request, facts, item, now, .. } = asked;
        let recipient = &request.recipient;
        let relations = || subject.relations.iter().filter(|tie| tie.live(now) && &tie.agency == recipient);
        let mut seals = subject.seals.iter().filter(|seal| seal.on(now)).peekable();
        let mut shields = subject.shields.iter().filter(|shield| shield.on(now)).peekable();
        let mut base = DecisionFacts::new(request.kind, request.purpose, Category::C01);
        base.active = facts.recipient_active;
        base.council_member = listed(&subject.council_cases, recipient, now);
        base.author = item.author == recipient;
        base.sealed = seals.peek().is_some();
        base.seal_allowed = seals.all(|seal| seal.allowed.contains(recipient));
        base.linked_to_perpetrator =
            subject.perpetrator_links.iter().any(|link| link.on(now) && &link.agency == recipient);
        base.whereabouts = item.whereabouts;
        base.home = request.municipality.as_ref().is_some_and(|own| subject.homes.contains(own))
            || relations().any(|tie| matches!(tie.kind, RelationKind::Residence | RelationKind::Stay));
        base.shield = shields.peek().is_some();
        base.shield_allowed = Some(match request.kind {
            AgencyKind::Cgc => true,
            AgencyKind::Osc if base.home => true,
            _ => shields.all(|shield| shield.allowed.contains(recipient)),
        });
        base.break_glass = subject.break_glass.iter().any(|glass| glass.live(recipient, &request.actor.staff_id, now));
        base.commissioned = item.commissioned;
        base.outreach = relations().any(|tie| matches!(tie.kind, RelationKind::Assignment { outreach: true, .. }));
        base.child_welfare_role = request.actor.role == Role::ChildWelfareOfficer;
        base.party = item.referral_parties.contains(recipient);
        base.relation = relations().any(|tie| serves(request.kind, request.purpose, &tie.kind))
            || base.home && matches!(request.purpose, Purpose::P3 | Purpose::P4 | Purpose::P7 | Purpose::P8)
            || base.party && was_party(relations());
        base.label = item.label;
        base.originator = item.originator;
        base.own_report = item.is_own_report;
        OneSubject { asked, subject, base }
    }

    /// Was a referral closed to which the recipient was a party, so that it may still hear of that?
    pub(super) fn was_party(&self) -> bool {
        let (recipient, now) = (&self.asked.request.recipient, self.asked.now);
        was_party(self.subject.relations.iter().filter(|tie| tie.live(now) && &tie.agency == recipient))
    }

    /// No bar of T0.7 or T0.8.
    fn may_know_where(&self) -> bool {
        let shielded = self.base.shield && !self.base.author && !self.base.allowed_by_shield();
        !self.base.linked_to_perpetrator && !shielded
    }

    /// The decision on one category, under each ground on its own evidence.
    fn answer(&self, category: Category, grounds: &[&Ground], answers: &Answers<'_>) -> Answer {
        let mut will = Will::of(self, category);
        let mut weighed: Vec<FactId> =
            will.weigh(answers.last(self.asked.item, Doubt::Conflict, category, will.latest_no));
        let mut facts = self.base;
        facts.category = category;
        if facts.originator == Originator::Ask
            && let Some(answer) = answers.last(self.asked.item, Doubt::Originator, category, None)
        {
            facts.originator = if answer.permit { Originator::None } else { Originator::No };
            weighed.push(answer.id);
        }
        facts.permit = will.permit == Standing::Effective;
        facts.permit_names_category = will.names;
        facts.objection = will.objection != Standing::Void;
        facts.objector_conflict = will.objection == Standing::Doubtful;
        let mut decision = self.settle(facts, &will);
        let mut under: Vec<FactId> = Vec::new();
        for ground in grounds {
            // A duty is nobody's to weigh.
            let power = self.asked.policy.ground(ground.code).is_some_and(|entry| entry.nature == Nature::Power);
            let answer = answers.last(self.asked.item, Doubt::Ground(ground.id), category, will.latest_no);
            let answer = answer.filter(|_| power);
            let new = self.settle(self.under(facts, ground, &will, answer), &will);
            if (new.outcome, new.rule) == (decision.outcome, decision.rule) {
                decision.evidence = decision.evidence.merge(new.evidence);
                under.extend([ground.id].into_iter().chain(answer.map(|answer| answer.id)));
            } else if outranks(new, decision) {
                decision = new;
                under = [ground.id].into_iter().chain(answer.map(|answer| answer.id)).collect();
            }
        }
        let mut ids = self.ids(decision, under, &will);
        if below_the_tasks(decision.rule) {
            ids.append(&mut weighed);
        }
        Answer { decision, ids }
    }

    /// Asks the tiers. A permit in doubt opens nothing: where it alone would, a person looks.
    fn settle(&self, facts: DecisionFacts, will: &Will) -> Decision {
        let decision = decide(self.asked.policy, &facts);
        if decision.rule != Rule::DefaultDeny || will.permit != Standing::Doubtful {
            return decision;
        }
        let doubted = decide(self.asked.policy, &DecisionFacts { permit: true, ..facts });
        if doubted.outcome == Outcome::Permit {
            return Decision { outcome: Outcome::Hold, rule: Rule::Conflict, ..doubted };
        }
        doubted
    }

    /// The facts as this ground adds to them.
    fn under(&self, facts: DecisionFacts, ground: &Ground, will: &Will, answer: Option<&Weighing>) -> DecisionFacts {
        let Asked { facts: file, item, now, request, .. } = self.asked;
        let source = item.author;
        // The holder's own assertion is its approval (L03); later words of the subject were not in its view. A change of the
        // ground is recorded anew, so that the assertion is no later than its beginning.
        let own = &ground.asserting_agency == source
            && ground.categories.has(facts.category)
            && will.latest_no.is_none_or(|no| no <= ground.from.min(ground.recorded_at));
        let approved = ground.approvals.iter().any(|approval| {
            let in_view = |no: Time| approval.with_objection_in_view && no <= approval.approved_at;
            &approval.source == source
                && approval.categories.has(facts.category)
                && approval.approved_at <= now
                && will.latest_no.is_none_or(in_view)
        });
        let standing = file.standing.iter().any(|standing| {
            &standing.source == source
                && standing.recipient == request.recipient
                && standing.code == ground.code
                && standing.categories.has(facts.category)
                && standing.recorded_at <= now
                && super::records::within(now, standing.from, standing.until)
        });
        let proviso_harm = ground.provisos.iter().any(|proviso| {
            &proviso.source == source && proviso.noted_at <= now && proviso.lifted_at.is_none_or(|lifted| lifted > now)
        });
        let permitted = answer.is_some_and(|answer| answer.permit);
        let refused = if answer.is_some_and(|answer| !answer.permit) {
            CategorySet::EMPTY.with(facts.category)
        } else {
            CategorySet::EMPTY
        };
        DecisionFacts {
            ground: Some(ground.code),
            ground_covers: item.subjects.iter().all(|subject| ground.subjects.contains(subject)),
            asserted: ground.asked_of(source).and(ground.level().categories()).minus(refused),
            approved: own || approved || permitted,
            standing: standing && will.latest_no.is_none(),
            proviso_harm: proviso_harm && !permitted,
            ..facts
        }
    }

    /// The records that a decision rests on.
    fn ids(&self, decision: Decision, under: Vec<FactId>, will: &Will) -> Vec<FactId> {
        let Asked { request, now, .. } = self.asked;
        let recipient = &request.recipient;
        let subject = self.subject;
        match decision.rule {
            Rule::Seal => subject.seals.iter().filter(|seal| seal.on(now)).map(|seal| seal.id).collect(),
            Rule::Perpetrator => {
                let links = subject.perpetrator_links.iter();
                links.filter(|link| link.on(now) && &link.agency == recipient).map(|link| link.id).collect()
            }
            Rule::Shield => subject.shields.iter().filter(|shield| shield.on(now)).map(|shield| shield.id).collect(),
            Rule::BreakGlass => {
                let live = |glass: &&super::records::BreakGlass| glass.live(recipient, &request.actor.staff_id, now);
                subject.break_glass.iter().filter(live).map(|glass| glass.id).collect()
            }
            Rule::Duty(_) => under,
            Rule::Ground(_) | Rule::Approval | Rule::Proviso => {
                under.into_iter().chain(will.objections.iter().copied()).collect()
            }
            Rule::Task | Rule::Default => self.ties().map(|tie| tie.id).collect(),
            Rule::TaskDespiteObjection => {
                self.ties().map(|tie| tie.id).chain(will.objections.iter().copied()).collect()
            }
            Rule::Objection => will.objections.clone(),
            Rule::Conflict => will.objections.iter().chain(&will.permits).copied().collect(),
            Rule::Consent | Rule::Originator => will.permits.clone(),
            _ => Vec::new(),
        }
    }

    fn ties(&self) -> impl Iterator<Item = &Relation> {
        let Asked { request, now, .. } = self.asked;
        let mine = move |tie: &&Relation| tie.live(now) && tie.agency == request.recipient;
        self.subject.relations.iter().filter(mine).filter(|tie| serves(request.kind, request.purpose, &tie.kind))
    }
}

/// On the list of members of a case, as it was recorded last?
fn listed(cases: &[CouncilCase], agency: &AgencyId, now: Time) -> bool {
    let replaced =
        |case: &CouncilCase| cases.iter().any(|other| other.supersedes.contains(&case.id) && other.recorded_at <= now);
    cases.iter().any(|case| case.has(agency, now) && !replaced(case))
}

/// T5, and T7 to T11: where a person's answer bears on what comes out.
fn below_the_tasks(rule: Rule) -> bool {
    !matches!(rule, Rule::Task | Rule::TaskDespiteObjection) && rule > Rule::Ceiling
}

/// Of two subjects: the less open, then the earlier tier.
fn stricter(a: Decision, b: Decision) -> Decision {
    match a.outcome.cmp(&b.outcome).reverse().then(a.rule.cmp(&b.rule)) {
        Ordering::Less => a,
        Ordering::Equal => Decision { evidence: a.evidence.merge(b.evidence), ..a },
        Ordering::Greater => b,
    }
}

/// Of two grounds: a duty first, then a harm that any of them marks, then the more open, then the earlier tier.
fn outranks(new: Decision, old: Decision) -> bool {
    let duty = |decision: Decision| matches!(decision.rule, Rule::Duty(_));
    let marked = |decision: Decision| decision.rule == Rule::Proviso;
    if duty(new) != duty(old) {
        return duty(new);
    }
    if marked(new) != marked(old) && !duty(new) {
        return marked(new);
    }
    (new.outcome, new.rule) < (old.outcome, old.rule)
}

/// Is any of these ties that of a party to a referral that was closed a short time ago?
fn was_party<'t>(mut ties: impl Iterator<Item = &'t Relation>) -> bool {
    ties.any(|tie| matches!(tie.kind, RelationKind::ClosedReferral(_)))
}

/// Does a tie of this kind serve a purpose of this kind of agency?
pub(crate) fn serves(kind: AgencyKind, purpose: Purpose, tie: &RelationKind) -> bool {
    match kind {
        AgencyKind::Osc | AgencyKind::Mun => {
            matches!(tie, RelationKind::Residence | RelationKind::Stay | RelationKind::OpenReferral(_))
                || purpose == Purpose::P9 && *tie == RelationKind::Move
                || purpose == Purpose::P6 && *tie == RelationKind::Council
        }
        AgencyKind::Prv => match purpose {
            Purpose::P6 => *tie == RelationKind::Council,
            _ => matches!(tie, RelationKind::Assignment { .. }),
        },
        AgencyKind::Med | AgencyKind::Cgc | AgencyKind::Pho => match purpose {
            Purpose::P6 => *tie == RelationKind::Council,
            Purpose::P1 if kind == AgencyKind::Pho && *tie == RelationKind::Residence => true,
            _ => matches!(tie, RelationKind::CareEpisode | RelationKind::OpenReferral(_)),
        },
    }
}

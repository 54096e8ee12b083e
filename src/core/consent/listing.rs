//! The fast way: what is on file about a subject becomes words once, and each item is joined with the words of its subjects.
//!
//! It says what is visible, not by which rule; [`super::view`] says why, tier by tier. The two share what consents and objections
//! come to ([`Will`]) and what persons answered ([`Answers`]), and nothing else, and [`release`](crate::release::release) shows only what both show.

use super::bits::{Cells, Words};
use super::facts::DecisionFacts;
use super::gather::{Asked, OneSubject};
use super::grantor::Standing;
use super::policy::{GroundEntry, Policy};
use super::records::{Ground, StandingApproval, within};
use super::view::{Facts, Item, Request, SubjectFacts};
use super::weighing::{Answers, Doubt};
use super::will::Will;
use super::words::{Cell, Condition, Label, Nature, Originator};
use crate::agency::{AgencyId, Category, CategorySet};
use crate::id::PersonId;
use crate::time::Time;
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// One recipient's words about the subjects of a listing, at one moment.
pub struct Listing<'a> {
    policy: &'a Policy,
    request: &'a Request,
    standing: Vec<&'a StandingApproval>,
    answers: Answers<'a>,
    now: Time,
    subjects: BTreeMap<PersonId, SubjectWords>,
    grounds: Vec<(&'a Ground, &'a GroundEntry)>,
    /// What does not depend on the subject.
    base: DecisionFacts,
    /// The cells of the column under each set of circumstances that was met.
    cells: [OnceCell<Cells>; 1 << Condition::ALL.len()],
}

/// What the recipient may see of one item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visible {
    /// In full.
    pub full: CategorySet,
    /// In the general form only.
    pub general: CategorySet,
    /// Leaves that tell the whereabouts may be shown.
    pub whereabouts: bool,
}

/// What is on file about one subject, for one recipient, purpose and moment.
struct SubjectWords {
    /// What does not depend on the item or the category.
    base: DecisionFacts,
    /// Party to a referral that was closed a short time ago.
    closed_referral: bool,
    /// An effective permit covers it …
    permit: CategorySet,
    /// … and names it.
    named: CategorySet,
    objection: CategorySet,
    /// Of the permits and objections, what only a person can judge.
    doubtful: Doubtful,
    /// When the last objection or withdrawal was recorded, by category; `None` when there is none at all.
    last_no: Option<Box<[Option<Time>; Category::ALL.len()]>>,
}

/// What counts only once a person has judged it.
#[derive(Clone, Copy, Default)]
struct Doubtful {
    permit: CategorySet,
    named: CategorySet,
    objection: CategorySet,
}

impl<'a> Listing<'a> {
    /// Turns what is on file into words.
    pub fn new(policy: &'a Policy, request: &'a Request, facts: &'a Facts, now: Time) -> Self {
        let nobody = Item {
            entry: None,
            categories: CategorySet::EMPTY,
            subjects: &[],
            author: &request.recipient,
            commissioned: false,
            whereabouts: false,
            label: Label::N,
            originator: Originator::None,
            message: None,
            is_own_report: false,
            referral_parties: &[],
        };
        let asked = Asked { policy, request, facts, item: &nobody, now };
        let words = |(person, subject): (&PersonId, &'a SubjectFacts)| {
            (*person, SubjectWords::of(&OneSubject::new(asked, subject)))
        };
        let live = facts.grounds.iter().filter(|ground| asked.counts(ground));
        let received = |ground: &'a Ground| {
            policy
                .ground(ground.code)
                .filter(|entry| entry.recipients.contains(&request.kind))
                .map(|entry| (ground, entry))
        };
        let standing = facts.standing.iter().filter(|standing| {
            standing.recipient == request.recipient
                && standing.recorded_at <= now
                && within(now, standing.from, standing.until)
        });
        Listing {
            policy,
            request,
            standing: standing.collect(),
            answers: Answers::to(request, &facts.weighings, now),
            now,
            subjects: facts.subjects.iter().map(words).collect(),
            grounds: live.filter_map(received).collect(),
            base: DecisionFacts::new(request.kind, request.purpose, Category::C01),
            cells: Default::default(),
        }
    }

    /// What is visible of one item: what is visible of it for each of its subjects.
    pub fn visible(&self, item: &Item<'_>) -> Visible {
        let mut seen: Option<Visible> = None;
        for person in item.subjects {
            // Who was not looked up is not the same as who has nothing on file.
            let Some(subject) = self.subjects.get(person) else { return Visible::default() };
            let of_one = self.for_one(subject, item);
            seen = Some(seen.map_or(of_one, |others| others.and(of_one)));
        }
        let Visible { full, general, whereabouts } = seen.unwrap_or_default();
        Visible { full: full.and(item.categories), general: general.and(item.categories), whereabouts }
    }

    fn for_one(&self, subject: &SubjectWords, item: &Item<'_>) -> Visible {
        let recipient = &self.request.recipient;
        let party = item.referral_parties.contains(recipient);
        let facts = DecisionFacts {
            author: item.author == recipient,
            whereabouts: item.whereabouts,
            commissioned: item.commissioned,
            party,
            relation: subject.base.relation || party && subject.closed_referral,
            label: item.label,
            originator: item.originator,
            own_report: item.is_own_report,
            ..subject.base
        };
        let circumstances = circumstances(&facts);
        let Some(cells) = self.cells.get(circumstances) else { return Visible::default() };
        let cells = cells.get_or_init(|| Cells::of(self.policy, &under(self.base, circumstances)));
        let mut words = Words::within(self.policy, cells, &facts);
        let unnamed = if item.label == Label::V { CategorySet::ALL } else { self.policy.must_be_named };
        words.permit = subject.permit.minus(unnamed.minus(subject.named)).minus(cells.of_value(Cell::Ground));
        words.objection = subject.objection;
        if self.answers.about(item) {
            self.weigh(&mut words, cells, subject, item, unnamed);
        }
        for (ground, entry) in &self.grounds {
            self.add_ground(&mut words, cells, (ground, entry), subject, item);
        }
        words.may_ok = words.may_ok.minus(words.proviso);
        let general = words.general_only();
        let barred = facts.shield && !facts.author && !facts.allowed_by_shield();
        let whereabouts = !facts.linked_to_perpetrator && !barred;
        Visible { full: words.visible().minus(general), general, whereabouts }
    }

    /// What persons answered about this item: words in doubt that count, and what its source released.
    fn weigh(&self, words: &mut Words, cells: &Cells, subject: &SubjectWords, item: &Item<'_>, unnamed: CategorySet) {
        let released = self.released(subject, item, Doubt::Conflict);
        let permits = subject.doubtful.permit.and(released).minus(unnamed.minus(subject.doubtful.named));
        words.permit = words.permit.union(permits.minus(cells.of_value(Cell::Ground)));
        words.objection = words.objection.minus(subject.doubtful.objection.and(released));
        words.originator = words.originator.minus(self.released_by_source(subject, item));
    }

    /// What a person released of an item, of what was held for this.
    fn released(&self, subject: &SubjectWords, item: &Item<'_>, doubt: Doubt) -> CategorySet {
        let last_no =
            |category: Category| subject.last_no.as_ref().and_then(|last| last.get(category as usize).copied()?);
        let latest_no = |category| if doubt == Doubt::Originator { None } else { last_no(category) };
        let permitted = |category: &Category| {
            self.answers.last(item, doubt, *category, latest_no(*category)).is_some_and(|answer| answer.permit)
        };
        item.categories.iter().filter(permitted).collect()
    }

    /// Of what the source restricts, what it released when it was asked.
    fn released_by_source(&self, subject: &SubjectWords, item: &Item<'_>) -> CategorySet {
        match item.originator {
            Originator::None => CategorySet::ALL,
            Originator::Ask => self.released(subject, item, Doubt::Originator),
            Originator::No => CategorySet::EMPTY,
        }
    }

    /// What a person refused of an item under a ground.
    fn refused(&self, item: &Item<'_>, doubt: Doubt) -> CategorySet {
        let refused =
            |category: &Category| self.answers.last(item, doubt, *category, None).is_some_and(|answer| !answer.permit);
        item.categories.iter().filter(refused).collect()
    }

    /// What one ground adds, on its own evidence.
    fn add_ground(
        &self,
        words: &mut Words,
        cells: &Cells,
        (ground, entry): (&Ground, &GroundEntry),
        subject: &SubjectWords,
        item: &Item<'_>,
    ) {
        let of_item = (ground.message.is_none() || ground.message == item.message)
            && (ground.sources.is_empty() || ground.sources.contains(item.author))
            && item.subjects.iter().all(|person| ground.subjects.contains(person))
            && (!entry.members || subject.base.council_member);
        if !of_item {
            return;
        }
        let asserted = ground.asked_of(item.author).and(ground.level().categories()).and(entry.mask);
        match entry.nature {
            Nature::Duty => words.duty = words.duty.union(asserted),
            Nature::Power => {
                let by_ground = cells.of_value(Cell::ConsentOrGround).union(cells.of_value(Cell::Ground));
                let doubt = Doubt::Ground(ground.id);
                let may = asserted.and(by_ground).minus(self.refused(item, doubt));
                let released = self.released(subject, item, doubt);
                let marked = ground.provisos.iter().any(|proviso| {
                    let lifted = proviso.lifted_at.is_some_and(|lifted| lifted <= self.now);
                    proviso.source == *item.author && proviso.noted_at <= self.now && !lifted
                });
                words.may_asserted = words.may_asserted.union(may);
                words.proviso = words.proviso.union(if marked { may.minus(released) } else { CategorySet::EMPTY });
                let approved =
                    self.approved(ground, subject, item.author).union(self.standing(ground, entry, subject, item));
                words.may_ok = words.may_ok.union(may.and(approved.union(released)));
            }
            Nature::Emergency | Nature::Delegation | Nature::Manual => {}
        }
    }

    /// What the source approved of this very request, with what the subject had said by then in view.
    fn approved(&self, ground: &Ground, subject: &SubjectWords, source: &AgencyId) -> CategorySet {
        let mut approved = CategorySet::EMPTY;
        if ground.asserting_agency == *source {
            let asserted_at = ground.from.min(ground.recorded_at);
            approved = ground.categories.minus(subject.said_no_after(Some(asserted_at)));
        }
        for approval in ground.approvals.iter().filter(|approval| approval.source == *source) {
            if approval.approved_at <= self.now {
                let in_view = approval.with_objection_in_view.then_some(approval.approved_at);
                approved = approved.union(approval.categories.minus(subject.said_no_after(in_view)));
            }
        }
        approved
    }

    /// What a standing approval opens: nothing that anybody objected to, or that bears a label or a restriction.
    fn standing(&self, ground: &Ground, entry: &GroundEntry, subject: &SubjectWords, item: &Item<'_>) -> CategorySet {
        if item.label == Label::V {
            return CategorySet::EMPTY;
        }
        let of_source = self.standing.iter().filter(|of| of.source == *item.author && of.code == ground.code);
        let approved = of_source.fold(CategorySet::EMPTY, |all, of| all.union(of.categories));
        let explicit = entry.explicit.with(Category::C19);
        approved.and(self.released_by_source(subject, item)).minus(explicit).minus(subject.said_no_after(None))
    }
}

impl Visible {
    /// What is visible in both, and in full only if in full in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        let full = self.full.and(other.full);
        let both = self.full.union(self.general).and(other.full.union(other.general));
        Visible { full, general: both.minus(full), whereabouts: self.whereabouts && other.whereabouts }
    }
}

impl SubjectWords {
    fn of(one: &OneSubject<'_>) -> Self {
        let mut words = SubjectWords {
            base: one.base,
            closed_referral: one.was_party(),
            permit: CategorySet::EMPTY,
            named: CategorySet::EMPTY,
            objection: CategorySet::EMPTY,
            doubtful: Doubtful::default(),
            last_no: None,
        };
        if one.subject.consents.is_empty() {
            return words;
        }
        let mut last_no = [None; Category::ALL.len()];
        for (category, last) in Category::ALL.iter().zip(&mut last_no) {
            let will = Will::of(one, *category);
            let only = CategorySet::EMPTY.with(*category);
            if will.permit == Standing::Effective {
                words.permit = words.permit.union(only);
                words.named = words.named.union(if will.names { only } else { CategorySet::EMPTY });
            }
            if let Some(names) = will.doubtful {
                words.doubtful.permit = words.doubtful.permit.union(only);
                words.doubtful.named = words.doubtful.named.union(if names { only } else { CategorySet::EMPTY });
            }
            if will.objection == Standing::Doubtful {
                words.doubtful.objection = words.doubtful.objection.union(only);
            }
            if will.objection != Standing::Void {
                words.objection = words.objection.union(only);
            }
            *last = will.latest_no;
        }
        if last_no.iter().any(Option::is_some) {
            words.last_no = Some(Box::new(last_no));
        }
        words
    }

    /// Where the subject said no later than this; `None`: where she ever did.
    fn said_no_after(&self, at: Option<Time>) -> CategorySet {
        let Some(last_no) = &self.last_no else { return CategorySet::EMPTY };
        let later = |no: Time| at.is_none_or(|at| no > at);
        let categories = Category::ALL.iter().zip(last_no.iter());
        categories.filter(|(_, no)| no.is_some_and(later)).map(|(category, _)| *category).collect()
    }
}

/// Facts under one set of circumstances; its place is that of [`circumstances`].
fn under(base: DecisionFacts, set: usize) -> DecisionFacts {
    let holds = |at: usize| set & (1 << at) != 0;
    DecisionFacts {
        commissioned: holds(0),
        child_welfare_role: holds(1),
        outreach: holds(2),
        party: holds(3),
        own_report: holds(4),
        ..base
    }
}

fn circumstances(facts: &DecisionFacts) -> usize {
    let [commissioned, role, outreach, party, own] =
        [facts.commissioned, facts.child_welfare_role, facts.outreach, facts.party, facts.own_report].map(usize::from);
    commissioned | role << 1 | outreach << 2 | party << 3 | own << 4
}

//! How long what is on file about a person is kept (保存期間; `consent.md` section 1 row 20 and section 12), and what holds it
//! beyond that.
//!
//! A person is not forgotten in parts: everything is sealed under one key, and a row about several persons opens with the key
//! of each. So those who share a row are forgotten together, once everything of theirs is past the schedule and nothing holds
//! any of it. What is here says only that they may be; two operators do it.

mod schedule;

#[cfg(test)]
mod tests;

pub use schedule::{Counted, KeepingRule, Longer, Schedule, ScheduleFault};

use crate::agency::{UnknownWord, words};
use crate::consent::SubjectFacts;
use crate::consent::records::{ConsentKind, Ground, Status};
use crate::id::{FactId, Municipality, PersonId};
use crate::protection::has_open_case;
use crate::record::{SharedEntry, SharedRecord, SubjectRole};
use crate::signals::{Dated, birth_date};
use crate::time::{Day, Time};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// Order of an officer that nothing about a person be destroyed (保全), such as for a suit or an inquiry. It beats the schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalHold {
    /// This record.
    pub id: FactId,
    /// Whose record.
    pub subject: PersonId,
    /// Why it was put or, of one that was lifted, why it was lifted.
    pub reason: String,
    /// Staff id of the officer who put or lifted it.
    pub officer: String,
    /// When it was recorded.
    pub recorded_at: Time,
    /// When it was lifted.
    #[serde(default)]
    pub lifted_at: Option<Time>,
}

impl LegalHold {
    /// Shortest reason, in characters.
    pub const REASON_MIN: usize = 10;

    /// Is it in force?
    pub fn on(&self, now: Time) -> bool {
        self.recorded_at <= now && self.lifted_at.is_none_or(|lifted| lifted > now)
    }
}

words! {
    /// What holds a record beyond its schedule.
    Hold {
        /// An officer's order.
        LegalHold = "legal_hold",
        /// A case of child protection, or of the council.
        OpenCase = "open_case",
        /// A referral that nobody has closed.
        OpenReferral = "open_referral",
        /// A consent in effect.
        RunningConsent = "running_consent",
        /// A ground in effect.
        RunningGround = "running_ground",
        /// An address shield, expired or not.
        Shield = "shield",
        /// A seal: a record of an adoption is kept for ever.
        Seal = "seal",
        /// A question that nobody has answered.
        OpenWork = "open_work",
        /// Something that is on its way to somebody.
        Delivery = "delivery",
        /// Nothing says since when there is something.
        Undated = "undated",
        /// Persons share rows with so many others that they are not looked through.
        TooMany = "too_many",
    }
}

/// Everything that is on file about persons who share rows.
pub struct Dossier<'a> {
    /// Who they are, as they are known now.
    pub persons: &'a BTreeSet<PersonId>,
    /// Where they are kept.
    pub municipalities: &'a BTreeSet<Municipality>,
    /// Every entry, also those that were replaced or taken back.
    pub entries: &'a [SharedEntry],
    /// The current ones.
    pub record: &'a SharedRecord,
    /// What is on file about each.
    pub subjects: &'a BTreeMap<PersonId, SubjectFacts>,
    /// Grounds that name any of them.
    pub grounds: &'a [Ground],
    /// Orders of officers.
    pub holds: &'a [LegalHold],
    /// What waits for somebody.
    pub waiting: BTreeSet<Hold>,
    /// When something was done about them last: a fact recorded, a release decided, a step taken.
    pub last_act: Option<Time>,
}

/// May everything of them be destroyed?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No: this holds it, whatever the schedule says.
    Held(BTreeSet<Hold>),
    /// Not yet.
    Kept {
        /// The first day on which it may.
        until: Day,
        /// Code of the rule that keeps it longest.
        rule: String,
    },
    /// Yes.
    Due {
        /// Since which day.
        since: Day,
        /// Code of the rule that kept it longest.
        rule: String,
    },
}

/// What the schedule, and what is on file, say at a moment.
pub fn verdict(schedule: &Schedule, dossier: &Dossier<'_>, now: Time) -> Verdict {
    let held = dossier.held(now);
    if !held.is_empty() {
        return Verdict::Held(held);
    }
    match dossier.free(schedule, now) {
        None => Verdict::Held(BTreeSet::from([Hold::Undated])),
        Some((since, rule)) if since <= now.day() => Verdict::Due { since, rule },
        Some((until, rule)) => Verdict::Kept { until, rule },
    }
}

impl Dossier<'_> {
    fn held(&self, now: Time) -> BTreeSet<Hold> {
        let mut held = self.waiting.clone();
        let mut note = |holds: bool, hold: Hold| {
            if holds {
                held.insert(hold);
            }
        };
        let files = || self.persons.iter().filter_map(|person| self.subjects.get(person));
        let running = |facts: &SubjectFacts| {
            facts.consents.iter().any(|consent| {
                consent.kind == ConsentKind::Permit
                    && consent.status == Status::Active
                    && consent.valid_until.is_none_or(|until| until > now)
            })
        };
        note(self.holds.iter().any(|hold| hold.on(now)), Hold::LegalHold);
        note(has_open_case(self.record, self.subjects, now), Hold::OpenCase);
        note(files().any(running), Hold::RunningConsent);
        note(self.grounds.iter().any(|ground| ground.live(now)), Hold::RunningGround);
        note(files().any(|facts| facts.shields.iter().any(|shield| shield.on(now))), Hold::Shield);
        note(files().any(|facts| facts.seals.iter().any(|seal| seal.on(now))), Hold::Seal);
        held
    }

    /// The first day on which nothing must be kept any more, and by which rule until then.
    fn free(&self, schedule: &Schedule, now: Time) -> Option<(Day, String)> {
        let rules = || schedule.rules().iter();
        let free = |rule: &KeepingRule, from| (rule.free_on(from, self.municipalities), rule.code.clone());
        let births = self.births();
        let of_entries = self.entries.iter().flat_map(|entry| {
            let categories = entry.categories();
            let day = entry.occurred_at().max(entry.recorded_at()).day();
            let born = youngest(&births, entry);
            let counted = rules().filter(move |rule| !rule.categories.and(categories).is_empty());
            counted.map(move |rule| free(rule, born.filter(|_| rule.counted == Counted::Birth).unwrap_or(day)))
        });
        let of_acts = self.last_act(now).into_iter().flat_map(|last| {
            rules().filter(|rule| rule.acts && rule.counted == Counted::Entry).map(move |rule| free(rule, last.day()))
        });
        // Of two rules that end on one day the first of the schedule is named.
        of_entries.chain(of_acts).max_by(|(one, first), (other, second)| one.cmp(other).then(second.cmp(first)))
    }

    /// The last act, or the end of what ran until later.
    fn last_act(&self, now: Time) -> Option<Time> {
        let consents = self.subjects.values().flat_map(|facts| &facts.consents);
        let ends = consents.filter_map(|consent| consent.valid_until);
        let of_grounds = self.grounds.iter().filter_map(|ground| ground.ended_at.or(ground.until));
        ends.chain(of_grounds).filter(|end| *end <= now).chain(self.last_act).max()
    }

    fn births(&self) -> BTreeMap<PersonId, Day> {
        let dated: Vec<Dated<'_>> = self.entries.iter().filter_map(|entry| Dated::of(entry.message())).collect();
        self.persons.iter().filter_map(|person| Some((*person, birth_date(&dated, *person)?))).collect()
    }
}

/// The birth of the youngest child whom an entry is about.
fn youngest(births: &BTreeMap<PersonId, Day>, entry: &SharedEntry) -> Option<Day> {
    let children = entry.persons().into_iter().filter(|(_, role)| *role == SubjectRole::Child);
    children.filter_map(|(child, _)| births.get(&child).copied()).max()
}

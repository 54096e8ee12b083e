//! What a person answered where the rules leave a release to one (`consent.md` section 4: HOLD). It changes what the next
//! decision rests on, never a rule: the tiers are asked as before.

use super::check::{RecordFault, blank, fault, faults};
use super::view::{Item, Request};
use crate::agency::{AgencyId, Category, CategorySet, Purpose};
use crate::id::{EntryId, FactId, PersonId};
use crate::time::Time;
use jiff::ToSpan;
use serde::{Deserialize, Serialize};

/// What a release was held for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// T5: the source has not approved what this ground asks for, or marked a harm.
    Ground(FactId),
    /// T7: the word of somebody in conflict of interest, or of one whose word only a person can judge.
    Conflict,
    /// T8: the source wants to be asked first.
    Originator,
}

/// Categories of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The entry, in the version that was held; a correction is asked about anew.
    pub entry: EntryId,
    /// What of it.
    pub categories: CategorySet,
}

/// A person's answer to a release that was held (個別判断): for one recipient and purpose, with reason, evidence and period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weighing {
    /// This record.
    pub id: FactId,
    /// What was in doubt.
    pub doubt: Doubt,
    /// Released, or refused.
    pub permit: bool,
    /// Who answered.
    pub agency: AgencyId,
    /// Staff id of the officer.
    pub officer: String,
    /// Who may receive, or may not.
    pub recipient: AgencyId,
    /// For what.
    pub purpose: Purpose,
    /// Whose data.
    pub subjects: Vec<PersonId>,
    /// What of it.
    pub parts: Vec<Part>,
    /// The reason, in words.
    pub reason: String,
    /// What it rests on: a document, a talk.
    #[serde(default)]
    pub evidence: String,
    /// From.
    pub from: Time,
    /// Until, exclusive. Afterwards a person is asked again.
    pub until: Time,
    /// When it was recorded.
    pub recorded_at: Time,
}

/// Longest period of an answer, in months: as long as a permit may last.
const MONTHS_MAX: i32 = 24;

impl Weighing {
    /// Shortest reason, in characters.
    pub const REASON_MIN: usize = 20;

    /// Checks reason and period.
    ///
    /// # Errors
    /// Every fault, with the field.
    pub fn check(&self) -> Result<(), Vec<RecordFault>> {
        let latest = self.from.japan().checked_add(MONTHS_MAX.months()).map_or(self.from, Time::from_japan);
        faults([
            (self.reason.trim().chars().count() < Weighing::REASON_MIN).then(|| {
                fault(
                    "MU-E471",
                    "note",
                    "判断の理由を20文字以上で書いてください。",
                    "Give the reason in 20 characters or more.",
                )
            }),
            (self.until <= self.from)
                .then(|| fault("MU-E472", "until", "終わりが始まりより前です。", "It ends before it begins.")),
            (self.until > Time::end_of(latest.day())).then(|| {
                fault("MU-E473", "until", "判断の期限は24か月以内です。", "An answer holds for 24 months at most.")
            }),
            blank(&self.officer).then(|| {
                fault("MU-E474", "staff_id", "判断した職員を記録してください。", "Record the officer who answered.")
            }),
        ])
    }

    /// Does it bear on what this recipient asks for now?
    pub(super) fn answers(&self, request: &Request, now: Time) -> bool {
        self.recorded_at <= now
            && self.from <= now
            && now < self.until
            && self.recipient == request.recipient
            && self.purpose == request.purpose
    }

    fn covers(&self, item: &Item<'_>, category: Category) -> bool {
        self.parts.iter().any(|part| Some(part.entry) == item.entry && part.categories.has(category))
            && item.subjects.iter().all(|person| self.subjects.contains(person))
    }
}

/// The answers that bear on one recipient's question.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers<'a>(Vec<&'a Weighing>);

impl<'a> Answers<'a> {
    pub(crate) fn to(request: &Request, on_file: &'a [Weighing], now: Time) -> Self {
        Answers(on_file.iter().filter(|weighing| weighing.answers(request, now)).collect())
    }

    /// The last answer to a doubt about one category of an item; of two of one moment the refusal. A permission does not
    /// outlast what the subject said later: that was not in view.
    pub(crate) fn last(
        &self,
        item: &Item<'_>,
        doubt: Doubt,
        category: Category,
        latest_no: Option<Time>,
    ) -> Option<&'a Weighing> {
        let given = self.0.iter().filter(|weighing| weighing.doubt == doubt && weighing.covers(item, category));
        let last = given.max_by_key(|weighing| (weighing.recorded_at, !weighing.permit, weighing.id)).copied()?;
        (!last.permit || latest_no.is_none_or(|no| no <= last.recorded_at)).then_some(last)
    }

    pub(crate) fn about(&self, item: &Item<'_>) -> bool {
        self.0.iter().any(|weighing| weighing.parts.iter().any(|part| Some(part.entry) == item.entry))
    }
}

//! Everybody whom a center keeps in view (P3), the most urgent first, page by page. Each family that is shown is a release of
//! its own on record (S-63); a family of which nothing may be seen is neither counted nor leaves a gap.

use super::caller::{Caller, Operation};
use super::introduce::listing;
use super::query::{Cited, Question};
use super::{Hub, Refusal};
use crate::store::PersonRow;
use musubi_core::agency::Purpose;
use musubi_core::id::{Municipality, PersonId};
use musubi_core::outlook::{Coverage, expected};
use musubi_core::release::Released;
use musubi_core::time::Day;
use uuid::Uuid;

/// Families of one page.
pub const PAGE: usize = 25;
/// Persons that are read from the store at once.
const READ_AT_ONCE: u32 = 250;

/// Before everybody.
pub(super) const FIRST: PersonId = PersonId(Uuid::nil());

/// One page of a roster.
pub struct Roster {
    /// The families, by what is expected next: what is overdue first.
    pub families: Vec<Released>,
    /// How many families are in view.
    pub in_view: usize,
    /// How far everybody in view is looked after.
    pub coverage: Coverage,
}

impl Roster {
    /// How many pages there are.
    pub fn pages(&self) -> usize {
        self.in_view.div_ceil(PAGE)
    }
}

/// Everybody in view before any of them is shown.
#[derive(Default)]
struct InView {
    /// By urgency.
    families: Vec<(Urgency, PersonId)>,
    coverage: Coverage,
}

/// The earliest day on which something is expected; nothing to expect comes last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    By(Day),
    Open,
}

impl Hub {
    /// A page of everybody whom the caller's center keeps in view, from 0.
    ///
    /// # Errors
    /// When the caller is no member of a center's staff who may, or the store fails.
    pub async fn roster(&self, caller: &Caller, page: usize) -> Result<Roster, Refusal> {
        caller.check(Operation::SeeRoster)?;
        let cited = Cited::default();
        let question = listing(caller, Purpose::P3, &cited);
        let InView { families: all, coverage } = self.in_view(&question).await?;
        let persons: Vec<PersonId> =
            all.iter().skip(page.saturating_mul(PAGE)).take(PAGE).map(|(_, person)| *person).collect();
        let shown = self.show_all(&question, &persons).await?;
        if persons.is_empty() {
            self.nothing_shown(&question, true, super::query::Unshown::default()).await?;
        }
        Ok(Roster { families: shown.into_iter().map(|one| one.released).collect(), in_view: all.len(), coverage })
    }

    /// Decides everybody whom the center keeps: whom it may see is counted and put in order, and nothing of it is released.
    async fn in_view(&self, question: &Question<'_>) -> Result<InView, Refusal> {
        let home = &question.caller.agency.municipality;
        let kept_here = |row: &&PersonRow| row.joined_into.is_none() && row.municipality == *home;
        let (mut all, mut last) = (InView::default(), Some(FIRST));
        while let Some(after) = last {
            let some;
            (some, last) = self.some_kept_in(home, after).await?;
            for family in self.families(&some, self.now()).await? {
                // A family stands where the first of its members does who is kept here.
                let first = family.persons.values().find(kept_here).map(|row| row.id);
                let Some(first) = first.filter(|first| some.contains(first)) else { continue };
                let Some(decided) = self.decide(question, &family, family.at)?.filter(|one| one.shows) else {
                    continue;
                };
                let urgency =
                    expected(&decided.released, family.at).first().map_or(Urgency::Open, |one| Urgency::By(one.due));
                all.families.push((urgency, first));
                all.coverage.add(&decided.released, family.at);
            }
        }
        all.families.sort();
        Ok(all)
    }

    /// Some of those whom a municipality keeps, after this one, and after whom there are more.
    pub(super) async fn some_kept_in(
        &self,
        home: &Municipality,
        after: PersonId,
    ) -> Result<(Vec<PersonId>, Option<PersonId>), Refusal> {
        let rows = self.store.persons_kept_in(home, after, READ_AT_ONCE).await?;
        let some: Vec<PersonId> = rows.iter().map(|row| row.id).collect();
        let last = some.last().copied().filter(|_| some.len() == READ_AT_ONCE as usize);
        Ok((some, last))
    }
}

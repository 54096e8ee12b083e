//! The static check of a query: who asks by what the asked level hides, or for a count of some cases alone, is refused before
//! anything is looked up.

use super::{CaseQuery, SignalCode, SignalCriterion};
use crate::adapter::Diagnostic;
use crate::agency::Category::{self, C01, C04, C06, C08, C10, C13};
use crate::agency::Purpose;

impl CaseQuery {
    /// Refuses each criterion that nothing of the asked level can meet (`consent.md` section 8: predicates only on visible
    /// categories), and each criterion of a count but the municipality: two counts that differ by a criterion would tell of the
    /// few between them. It depends on the query alone, so that the refusal tells nothing of what is on file.
    ///
    /// # Errors
    /// `CG-E307`, for a count `CG-E308`, with the criterion.
    pub fn check(&self) -> Result<(), Vec<Diagnostic>> {
        let visible = self.level.categories();
        let refused = |(place, reads): (&'static str, &[Category])| match self.purpose {
            Purpose::P12 => Some(chosen(place)),
            _ => (!reads.iter().any(|category| visible.has(*category))).then(|| hidden(place)),
        };
        let refused: Vec<Diagnostic> = self.criteria().into_iter().filter_map(refused).collect();
        if refused.is_empty() { Ok(()) } else { Err(refused) }
    }

    /// The criteria that are asked for, and the categories of which one at least must be visible. The municipality is not
    /// among them: it is taken from the whole release, whatever the level.
    fn criteria(&self) -> Vec<(&'static str, &'static [Category])> {
        let concern: &[(&'static str, bool)] = &[
            ("categories", !self.categories.is_empty()),
            ("severity_at_least", self.severity_at_least.is_some()),
            ("urgencies", !self.urgencies.is_empty()),
            ("include_unborn", self.include_unborn),
            ("previous_notifications_at_least", self.previous_notifications_at_least.is_some()),
            ("moved_since", self.moved_since.is_some()),
        ];
        let age = self.age_months_from.is_some() || self.age_months_to.is_some();
        let others: [(&'static str, bool, &'static [Category]); 3] = [
            ("person", self.person.is_some(), &[C01]),
            ("age_months", age, &[C01, C06]),
            ("unresponsive_visits", self.unresponsive_visits.is_some(), &[C10]),
        ];
        let asked = concern.iter().filter(|(_, asked)| *asked).map(|(place, _)| (*place, [C13].as_slice()));
        let others = others.into_iter().filter(|(_, asked, _)| *asked).map(|(place, _, reads)| (place, reads));
        let signals = self.signals.iter().map(|signal| ("signals", signal.reads()));
        asked.chain(others).chain(signals).collect()
    }
}

impl SignalCriterion {
    /// What tells of it: the record of the signal (C10), or what it is raised from. A result of the EPDS is C08, whoever asks.
    const fn reads(self) -> &'static [Category] {
        match self {
            SignalCriterion::Raised(SignalCode::SelfHarm | SignalCode::EpdsHigh) => &[C08],
            SignalCriterion::Raised(SignalCode::LateNotification | SignalCode::YoungMother) => &[C04, C10],
            SignalCriterion::Raised(_) | SignalCriterion::NotSeenDays(_) => &[C10],
        }
    }
}

fn hidden(place: &'static str) -> Diagnostic {
    Diagnostic::error(
        "CG-E307",
        place,
        "求めた水準では見えない情報を条件にしています。水準を上げるか、この条件を外してください。",
        "This criterion reads what the asked level hides. Ask for a higher level or leave the criterion out.",
    )
}

fn chosen(place: &'static str) -> Diagnostic {
    Diagnostic::error(
        "CG-E308",
        place,
        "統計で指定できる条件は市区町村だけです。この条件を外してください。",
        "Nothing but municipalities can be chosen for statistics. Leave this criterion out.",
    )
}

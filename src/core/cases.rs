//! What a child guidance center (児童相談所) asks, and whether a row of the answer is one.
//!
//! A query cites a ground, it never creates one (`consent.md` section 5, flow 2). The hub releases what the ground opens,
//! one [`Released`] for each family; [`matches()`] then reads that release and nothing else. So a criterion can only be
//! met by what the center is shown, and what is withheld cannot be asked for by filtering.

mod council;
mod criteria;
mod hidden;
mod row;

#[cfg(test)]
mod tests;

pub use crate::consent::records::Level;
pub use council::council_submission;
pub use criteria::{
    CaseCategory, CaseSeverity, LegalBasis, QueryPurpose, ReporterRoute, SignalCode, SignalCriterion,
    UnresponsiveVisits, Urgency,
};
pub use row::{Seen, last_seen, narrowed, owner_agency, tracking_id};

use crate::agency::Purpose;
use crate::consent::GroundCode;
use crate::days;
use crate::id::Municipality;
use crate::identity::Description;
use crate::release::Released;
use crate::time::{Day, Time};
use row::Row;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Most hits of one answer (`CG-W306`).
pub const HITS_MAX: usize = 200;

/// A query for cases: between kinds of criteria all must be met, within one any.
/// Shows nothing of a person in logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseQuery {
    /// Request or case number of the ground that is cited; empty only for statistics.
    pub ground: String,
    /// P5 or P6; P12 for statistics.
    pub purpose: Purpose,
    /// The ground that the legal basis names; the one on file must be of this code. `None`: consent, or none was named.
    pub basis: Option<GroundCode>,
    /// What the answer may tell: the lower of what is asked for and the limit of the ground.
    pub level: Level,
    /// One person.
    pub person: Option<Description>,
    /// Municipalities.
    pub municipalities: Vec<Municipality>,
    /// Categories of the case.
    pub categories: Vec<CaseCategory>,
    /// Severity, on the Japanese scale of five (JP5).
    pub severity_at_least: Option<CaseSeverity>,
    /// Urgencies.
    pub urgencies: Vec<Urgency>,
    /// Age of a child in whole months, from and to, both included.
    pub age_months_from: Option<u32>,
    /// See [`CaseQuery::age_months_from`].
    pub age_months_to: Option<u32>,
    /// Besides children of that age, cases of a child that is not born yet.
    pub include_unborn: bool,
    /// Signals.
    pub signals: Vec<SignalCriterion>,
    /// Visits that did not reach the family.
    pub unresponsive_visits: Option<UnresponsiveVisits>,
    /// Notifications about the family, at least.
    pub previous_notifications_at_least: Option<u32>,
    /// The family moved on this day or later.
    #[serde(with = "days::optional")]
    pub moved_since: Option<Day>,
}

impl fmt::Debug for CaseQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CaseQuery({} {:?})", self.purpose, self.level)
    }
}

impl CaseQuery {
    /// Everything that the ground opens.
    pub fn new(ground: impl Into<String>, purpose: Purpose, level: Level) -> Self {
        CaseQuery {
            ground: ground.into(),
            purpose,
            basis: None,
            level,
            person: None,
            municipalities: Vec::new(),
            categories: Vec::new(),
            severity_at_least: None,
            urgencies: Vec::new(),
            age_months_from: None,
            age_months_to: None,
            include_unborn: false,
            signals: Vec::new(),
            unresponsive_visits: None,
            previous_notifications_at_least: None,
            moved_since: None,
        }
    }

    /// The same query, its level not above the limit of the ground.
    #[must_use]
    pub fn limited_to(self, limit: Level) -> Self {
        CaseQuery { level: self.level.min(limit), ..self }
    }
}

/// Is this release a hit of the query?
///
/// There is no hit without a visible entry of child protection (C13): a case, a council case or a concern. Criteria are
/// met only by what the level of the query leaves of the release, so that a low level cannot be used to learn by filtering what it
/// hides; the municipality alone is taken from the whole release, since no level below L3 holds an address.
pub fn matches(query: &CaseQuery, released: &Released, now: Time) -> bool {
    let row = Row::new(released, query.level, now);
    row.is_case()
        && any_or_none(&query.municipalities, |code| row.lies_in(code))
        && any_or_none(&query.categories, |category| row.has_category(*category))
        && any_or_none(&query.urgencies, |urgency| row.has_urgency(*urgency))
        && any_or_none(&query.signals, |signal| row.has_signal(*signal))
        && query.severity_at_least.is_none_or(|least| row.severity().is_some_and(|severity| severity >= least))
        && query.person.as_ref().is_none_or(|person| row.describes(person))
        && matches_age(query, &row)
        && query.unresponsive_visits.is_none_or(|visits| row.unresponsive(visits))
        && query.previous_notifications_at_least.is_none_or(|least| row.notifications() >= least)
        && query.moved_since.is_none_or(|day| row.moved_since(day))
}

fn any_or_none<T>(wanted: &[T], met: impl Fn(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(met)
}

fn matches_age(query: &CaseQuery, row: &Row<'_>) -> bool {
    if query.age_months_from.is_none() && query.age_months_to.is_none() {
        return true;
    }
    let from = query.age_months_from.unwrap_or(0);
    let to = query.age_months_to.unwrap_or(u32::MAX);
    row.ages_in_months().iter().any(|age| (from..=to).contains(age)) || (query.include_unborn && row.is_unborn())
}

//! What is read in an emergency (緊急閲覧).

use super::within;
use crate::agency::AgencyId;
use crate::id::{FactId, PersonId};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Emergency access (緊急閲覧) by one member of staff to one subject (`consent.md` section 7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakGlass {
    /// This record.
    pub id: FactId,
    /// The subject.
    pub subject: PersonId,
    /// The agency.
    pub agency: AgencyId,
    /// Staff id.
    pub staff_id: String,
    /// Code of the reason.
    pub reason_code: String,
    /// The reason in words, 20 characters at least.
    pub reason: String,
    /// Required evidence by its name in the registry (L08).
    #[serde(default)]
    pub evidence: BTreeMap<String, String>,
    /// First step.
    pub asked_at: Time,
    /// Second step; access begins here.
    #[serde(default)]
    pub confirmed_at: Option<Time>,
    /// When it was ended before its time.
    #[serde(default)]
    pub ended_at: Option<Time>,
}

impl BreakGlass {
    /// Longest access, in minutes: 4 hours.
    pub const MINUTES_MAX: i64 = 4 * 60;
    /// Shortest reason, in characters.
    pub const REASON_MIN: usize = 20;

    /// When it ends by itself; `None` before the second step.
    pub fn ends(&self) -> Option<Time> {
        let end = self.confirmed_at?.plus_minutes(Self::MINUTES_MAX);
        Some(self.ended_at.map_or(end, |ended| ended.min(end)))
    }

    /// Does it live at this moment, for this member of staff?
    pub fn live(&self, agency: &AgencyId, staff_id: &str, now: Time) -> bool {
        let begun = self.confirmed_at.filter(|confirmed| *confirmed >= self.asked_at);
        let Some(begun) = begun else { return false };
        &self.agency == agency
            && self.staff_id == staff_id
            && self.reason.trim().chars().count() >= Self::REASON_MIN
            && within(now, begun, self.ends())
    }
}

//! A date as far as it is known.

use crate::time::Day;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A date of which the day, or the month and the day, may be unknown. Never filled up with 1 January.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartialDate {
    /// Year of the common era.
    pub year: i16,
    /// Month, 1 to 12.
    pub month: Option<u8>,
    /// Day, only with its month.
    pub day: Option<u8>,
}

impl PartialDate {
    /// A whole date.
    pub fn whole(day: Day) -> Self {
        PartialDate { year: day.year(), month: Some(day.month().unsigned_abs()), day: Some(day.day().unsigned_abs()) }
    }

    /// The calendar day, when every part is known.
    pub fn day(self) -> Option<Day> {
        Day::new(self.year, i8::try_from(self.month?).ok()?, i8::try_from(self.day?).ok()?).ok()
    }

    /// The first day that this date can mean.
    pub fn earliest(self) -> Option<Day> {
        PartialDate { month: self.month.or(Some(1)), day: self.day.or(Some(1)), ..self }.day()
    }

    /// Do the known parts name something that the calendar has?
    pub(super) fn exists(self) -> bool {
        self.earliest().is_some()
    }
}

impl fmt::Display for PartialDate {
    /// ISO 8601, as far as known: `2025-04-01`, `2025-04`, `2025`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        if let Some(month) = self.month {
            write!(f, "-{month:02}")?;
        }
        if let Some(day) = self.day {
            write!(f, "-{day:02}")?;
        }
        Ok(())
    }
}

impl From<Day> for PartialDate {
    fn from(day: Day) -> Self {
        PartialDate::whole(day)
    }
}

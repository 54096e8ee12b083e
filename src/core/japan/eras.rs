//! The eras, and the check that the parts of a date make one (`formats/common_japan.md` 6.1 and 6.3).

use super::partial::PartialDate;
use super::problem::{Problem, Read};
use crate::time::Day;
use jiff::civil::date;

/// An era (元号) with its first day, its last day, and the year before its year 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Era {
    /// Numeric code of administrative files: 1 Meiji to 5 Reiwa.
    pub code: u8,
    /// The letter: M, T, S, H, R.
    pub letter: char,
    /// 明治 …
    pub name: &'static str,
    /// First day.
    pub first: Day,
    /// Last day; the end of the calendar for the present era.
    pub last: Day,
}

/// The eras, from the first that files still name.
pub const ERAS: [Era; 5] = [
    Era { code: 1, letter: 'M', name: "明治", first: date(1868, 10, 23), last: date(1912, 7, 29) },
    Era { code: 2, letter: 'T', name: "大正", first: date(1912, 7, 30), last: date(1926, 12, 24) },
    Era { code: 3, letter: 'S', name: "昭和", first: date(1926, 12, 25), last: date(1989, 1, 7) },
    Era { code: 4, letter: 'H', name: "平成", first: date(1989, 1, 8), last: date(2019, 4, 30) },
    Era { code: 5, letter: 'R', name: "令和", first: date(2019, 5, 1), last: Day::MAX },
];

impl Era {
    /// The era of a day; `None` before 1868-10-23.
    pub fn of(day: Day) -> Option<&'static Era> {
        ERAS.iter().find(|era| era.first <= day && day <= era.last)
    }

    /// The year of the common era for a year of this one.
    pub fn western(&self, year: i16) -> i16 {
        self.first.year().saturating_add(year).saturating_sub(1)
    }

    /// Could this date lie in the era, as far as it is known?
    fn holds(&self, date: PartialDate) -> bool {
        let latest = (date.year, date.month.unwrap_or(12), date.day.unwrap_or(31));
        let earliest = (date.year, date.month.unwrap_or(1), date.day.unwrap_or(1));
        let key = |day: Day| (day.year(), day.month().unsigned_abs(), day.day().unsigned_abs());
        latest >= key(self.first) && earliest <= key(self.last)
    }
}

/// Years that a date of our records can have.
const YEARS: std::ops::RangeInclusive<i16> = 1868..=2199;

/// Puts a date together from a year and the written month and day, where 0 and 99 mean unknown.
pub(super) fn assemble(
    era: Option<&Era>,
    year: i16,
    month: Option<u8>,
    day: Option<u8>,
) -> Result<Read<PartialDate>, Problem> {
    let year = era.map_or(year, |era| era.western(year));
    if !YEARS.contains(&year) {
        return Err(Problem::NotADate);
    }
    let known = |part: Option<u8>| part.filter(|&number| number != 0 && number != 99);
    let month = known(month);
    let value = PartialDate { year, month, day: month.and(known(day)) };
    if !value.exists() {
        return Err(Problem::NoSuchDay);
    }
    let mut warnings = Vec::new();
    if era.is_some_and(|era| !era.holds(value)) {
        warnings.push(Problem::EraOutOfRange);
    }
    if value.day.is_none() {
        warnings.push(Problem::DatePartial);
    }
    Ok(Read { value, warnings })
}

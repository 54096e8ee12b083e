//! Where one year after birth ends, fiscal years and school years (`formats/common_japan.md` 6.4 and 6.5).

use super::dates::{self, Serials, clean};
use super::gestation::{Gestation, due_date_of_birth};
use super::problem::Problem;
use crate::time::Day;
use jiff::ToSpan;
use jiff::civil::date;
use serde::{Deserialize, Serialize};

/// The two legal counts of "within one year after birth", which differ by one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OneYearEnd {
    /// The child's age: under one until the day before the first birthday.
    #[default]
    DayBeforeBirthday,
    /// A period measured from the delivery: until the first birthday.
    OnBirthday,
}

/// From which birth date the age counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgeBasis {
    /// The day of birth.
    #[default]
    Chronological,
    /// The expected due date, for those born before 37 weeks (修正月齢).
    Corrected,
}

/// The last day of the year after birth. A child of 29 February has its birthday on the 28th.
pub fn one_year_end(birth: Day, rule: OneYearEnd) -> Day {
    let birthday = birth.saturating_add(1.year());
    match rule {
        OneYearEnd::DayBeforeBirthday => birthday.yesterday().unwrap_or(birthday),
        OneYearEnd::OnBirthday => birthday,
    }
}

/// The birth date from which age counts.
pub fn counted_birth(birth: Day, gestation: Option<Gestation>, basis: AgeBasis) -> Day {
    match (basis, gestation) {
        (AgeBasis::Corrected, Some(at)) if at.is_preterm() => due_date_of_birth(birth, at).unwrap_or(birth),
        _ => birth,
    }
}

/// The fiscal year (年度) of a day: April to March.
pub fn fiscal_year(day: Day) -> i16 {
    if day.month() >= 4 { day.year() } else { day.year().saturating_sub(1) }
}

/// First and last day of a fiscal year; `None` outside the calendar.
pub fn fiscal_year_days(year: i16) -> Option<(Day, Day)> {
    Some((Day::new(year, 4, 1).ok()?, Day::new(year.checked_add(1)?, 3, 31).ok()?))
}

/// Reads a fiscal year: `令和7年度`, `R7年度`, `2025年度`.
///
/// # Errors
/// [`Problem::NotADate`] for anything else.
pub fn read_fiscal_year(text: &str) -> Result<i16, Problem> {
    let text = clean(text);
    let year = text.strip_suffix("年度").ok_or(Problem::NotADate)?;
    let date = dates::date(&format!("{year}年"), Serials::None)?.value;
    if date.month.is_none() { Ok(date.year) } else { Err(Problem::NotADate) }
}

/// The school cohort (学年) of a child, named by the fiscal year it was born in: 1 April belongs to the earlier one.
pub fn school_cohort(birth: Day) -> i16 {
    fiscal_year(birth.yesterday().unwrap_or(date(1, 1, 1)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn one_year_ends_on_two_days_according_to_policy() {
        let cases = [
            (date(2026, 10, 19), date(2027, 10, 18), date(2027, 10, 19)),
            (date(2024, 2, 29), date(2025, 2, 27), date(2025, 2, 28)),
            (date(2023, 2, 28), date(2024, 2, 27), date(2024, 2, 28)),
            (date(2023, 3, 1), date(2024, 2, 29), date(2024, 3, 1)),
            (date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1)),
        ];
        for (birth, before, on) in cases {
            assert_eq!(one_year_end(birth, OneYearEnd::DayBeforeBirthday), before);
            assert_eq!(one_year_end(birth, OneYearEnd::OnBirthday), on);
        }
    }

    #[test]
    fn corrected_age_counts_from_the_due_date_of_a_preterm_child() {
        let birth = date(2026, 10, 19);
        let preterm = Gestation::from_weeks(36, 2);
        assert_eq!(counted_birth(birth, preterm, AgeBasis::Corrected), date(2026, 11, 14));
        assert_eq!(counted_birth(birth, preterm, AgeBasis::Chronological), birth);
        assert_eq!(counted_birth(birth, Gestation::from_weeks(37, 0), AgeBasis::Corrected), birth);
        assert_eq!(counted_birth(birth, None, AgeBasis::Corrected), birth);
    }

    #[test]
    fn the_first_of_april_is_the_new_fiscal_year_and_the_old_school_year() {
        assert_eq!((fiscal_year(date(2025, 4, 1)), fiscal_year(date(2026, 3, 31))), (2025, 2025));
        assert_eq!(fiscal_year_days(2025), Some((date(2025, 4, 1), date(2026, 3, 31))));
        assert_eq!((school_cohort(date(2025, 4, 1)), school_cohort(date(2025, 4, 2))), (2024, 2025));
        assert_eq!(fiscal_year_days(i16::MAX), None);
        assert_eq!(fiscal_year_days(2025).unwrap().0, date(2025, 4, 1));
    }

    #[test]
    fn a_fiscal_year_is_read_in_both_calendars() {
        for text in ["令和7年度", "令和７年度", "R7年度", "2025年度", "平成37年度"] {
            assert_eq!(read_fiscal_year(text), Ok(2025), "{text}");
        }
        assert_eq!(read_fiscal_year("令和元年度"), Ok(2019));
        for text in ["令和7年", "7年度", "年度", "", "令和7年4月度"] {
            assert_eq!(read_fiscal_year(text), Err(Problem::NotADate), "{text}");
        }
    }
}

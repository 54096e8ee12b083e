//! Days on which offices work: deadlines are counted in them.

use crate::time::Day;
use jiff::civil::Weekday;

/// First day of the year's end on which public offices are closed, and the last of the new year (行政機関の休日に関する法律
/// 第1条).
const YEAR_END: i8 = 29;
const NEW_YEAR: i8 = 3;

/// The same day every year (国民の祝日に関する法律 第2条), month and day.
const FIXED: [(i8, i8); 9] = [(1, 1), (2, 11), (2, 23), (4, 29), (5, 3), (5, 4), (5, 5), (8, 11), (11, 3)];
/// Labour thanksgiving.
const THANKS: (i8, i8) = (11, 23);
/// A Monday of a month: month, and which.
const MONDAYS: [(i8, i8); 4] = [(1, 2), (7, 3), (9, 3), (10, 2)];

/// Do public offices work on this day?
pub fn is_working_day(day: Day) -> bool {
    let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let year_turns = day.month() == 12 && day.day() >= YEAR_END || day.month() == 1 && day.day() <= NEW_YEAR;
    !weekend && !year_turns && !is_holiday(day)
}

/// The day on which so many working days have passed, the first counted from the day after.
pub fn working_days_after(day: Day, count: u32) -> Day {
    let (mut day, mut left) = (day, count);
    while left > 0 {
        let Ok(next) = day.tomorrow() else { return day };
        day = next;
        left -= u32::from(is_working_day(day));
    }
    day
}

/// National holidays (国民の祝日), with the day in place of one that falls on a Sunday, and the day between two (第3条).
fn is_holiday(day: Day) -> bool {
    if named(day) {
        return true;
    }
    let neighbours = (day.yesterday(), day.tomorrow());
    let between = matches!(neighbours, (Ok(before), Ok(after)) if named(before) && named(after));
    between || takes_the_place(day)
}

/// The first day without a name after holidays that begin with a Sunday.
fn takes_the_place(day: Day) -> bool {
    let mut before = day;
    while let Ok(earlier) = before.yesterday() {
        if !named(earlier) {
            return false;
        }
        if earlier.weekday() == Weekday::Sunday {
            return true;
        }
        before = earlier;
    }
    false
}

fn named(day: Day) -> bool {
    let of_year = (day.month(), day.day());
    let monday = |(month, which): &(i8, i8)| {
        day.month() == *month && day.weekday() == Weekday::Monday && (day.day() - 1) / 7 + 1 == *which
    };
    FIXED.contains(&of_year) || of_year == THANKS || MONDAYS.iter().any(monday) || is_equinox(day)
}

/// The equinoxes as the observatory's almanac gives them between 1980 and 2099, in millionths of a day.
fn is_equinox(day: Day) -> bool {
    let years = i64::from(day.year()) - 1980;
    let on = |start: i64| (start + 242_194 * years) / 1_000_000 - years / 4;
    match day.month() {
        3 => i64::from(day.day()) == on(20_843_100),
        9 => i64::from(day.day()) == on(23_248_800),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn three_working_days_after_a_saturday_night_is_wednesday() {
        assert_eq!(working_days_after(date(2026, 11, 14), 3), date(2026, 11, 18));
        assert_eq!(working_days_after(date(2026, 11, 13), 0), date(2026, 11, 13));
    }

    #[test]
    fn holidays_are_those_of_the_almanac() {
        let closed = [
            (2026, 1, 1),
            (2026, 1, 2),
            (2026, 1, 12),
            (2026, 2, 11),
            (2026, 2, 23),
            (2026, 3, 20),
            (2026, 4, 29),
            (2026, 5, 4),
            (2026, 5, 5),
            (2026, 5, 6),
            (2026, 7, 20),
            (2026, 8, 11),
            (2026, 9, 21),
            (2026, 9, 22),
            (2026, 9, 23),
            (2026, 10, 12),
            (2026, 11, 3),
            (2026, 11, 23),
            (2026, 12, 29),
            (2027, 3, 22),
            (2025, 2, 24),
            (2025, 11, 24),
        ];
        for (year, month, day) in closed {
            assert!(!is_working_day(date(year, month, day)), "{year}-{month}-{day}");
        }
        for (year, month, day) in [(2026, 5, 7), (2026, 9, 24), (2026, 12, 28), (2027, 1, 4), (2026, 11, 24)] {
            assert!(is_working_day(date(year, month, day)), "{year}-{month}-{day}");
        }
    }
}

//! Gestational age in days, the month of pregnancy and the due date (`formats/common_japan.md` 6.6).

use super::dates::clean;
use super::problem::Problem;
use crate::time::Day;
use jiff::ToSpan;

/// Gestational age (在胎週数), kept in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gestation {
    days: u16,
}

/// What the digit after the point of a gestational age means at this sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decimal {
    /// Nobody said.
    #[default]
    Unknown,
    /// Days, 0 to 6.
    Days,
}

/// Weeks that a pregnancy can have.
const WEEKS_MAX: u16 = 45;

impl Gestation {
    /// Up to 45 weeks and 6 days; `None` beyond.
    pub fn from_days(days: u16) -> Option<Self> {
        (days < (WEEKS_MAX + 1) * 7).then_some(Gestation { days })
    }

    /// Whole weeks and 0 to 6 days.
    pub fn from_weeks(weeks: u16, days: u16) -> Option<Self> {
        if days > 6 || weeks > WEEKS_MAX { None } else { Gestation::from_days(weeks * 7 + days) }
    }

    /// All of it in days.
    pub const fn days(self) -> u16 {
        self.days
    }

    /// Whole weeks, and the days beyond them.
    pub const fn weeks_and_days(self) -> (u16, u16) {
        (self.days / 7, self.days % 7)
    }

    /// The month of pregnancy (妊娠月数): weeks 0 to 3 are the first.
    pub const fn month(self) -> u16 {
        self.days / 7 / 4 + 1
    }

    /// Before 37 weeks and 0 days.
    pub const fn is_preterm(self) -> bool {
        self.days < 37 * 7
    }
}

impl std::fmt::Display for Gestation {
    /// `38w2d`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (weeks, days) = self.weeks_and_days();
        write!(f, "{weeks}w{days}d")
    }
}

/// Reads `38週2日`, `妊娠38週`, `38w2d`, `38+2`, `38-2`, `38週と2日`, and `38.2` where the profile says that it means days.
///
/// # Errors
/// [`Problem::GestationDecimal`] for a decimal that nobody explained, [`Problem::NotAGestation`] for anything else.
pub fn gestation(text: &str, decimal: Decimal) -> Result<Gestation, Problem> {
    let text = clean(text).to_ascii_lowercase();
    let text = ["在胎", "妊娠", "満"].iter().fold(text.as_str(), |text, word| text.strip_prefix(word).unwrap_or(text));
    let marks = ["週間", "週", "weeks", "w", "+", "-", "/", "."];
    let (weeks, mark, rest) = marks
        .iter()
        .filter_map(|mark| text.split_once(mark).map(|(weeks, rest)| (weeks, *mark, rest)))
        .min_by_key(|(weeks, ..)| weeks.len())
        .unwrap_or((text, "", ""));
    if mark == "." && decimal == Decimal::Unknown {
        return Err(Problem::GestationDecimal);
    }
    let days = rest.strip_prefix(['と', '+']).unwrap_or(rest);
    let days = ["日目", "日", "days", "d"].iter().find_map(|unit| days.strip_suffix(unit)).unwrap_or(days);
    let days = days.strip_suffix("/7").unwrap_or(days);
    let weekly = matches!(mark, "" | "週" | "週間" | "w" | "weeks");
    let days = if days.is_empty() && rest.is_empty() && weekly { Ok(0) } else { digits(days, 1) }?;
    Gestation::from_weeks(digits(weeks, 2)?, days).ok_or(Problem::NotAGestation)
}

fn digits(text: &str, length_max: usize) -> Result<u16, Problem> {
    let plain = !text.is_empty() && text.len() <= length_max && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain).ok_or(Problem::NotAGestation)
}

/// The due date (出産予定日): 280 days after the first day of the last period.
pub fn due_date(last_period: Day) -> Option<Day> {
    last_period.checked_add(280.days()).ok()
}

/// The due date that belongs to a birth at this gestational age.
pub fn due_date_of_birth(birth: Day, at: Gestation) -> Option<Day> {
    birth.checked_add((280 - i64::from(at.days)).days()).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn gestational_age_is_read_in_weeks_and_days() {
        let cases = [
            ("38週2日", 268),
            ("３８週２日", 268),
            ("妊娠38週と2日", 268),
            ("38w2d", 268),
            ("38W2D", 268),
            ("38+2", 268),
            ("38-2", 268),
            ("38w+2", 268),
            ("38+2/7", 268),
            ("39w4d", 277),
            ("36w2d", 254),
            ("38週", 266),
            ("38", 266),
            ("0w0d", 0),
        ];
        for (text, days) in cases {
            assert_eq!(gestation(text, Decimal::Unknown).map(Gestation::days), Ok(days), "{text}");
        }
    }

    #[test]
    fn a_decimal_is_read_only_where_it_means_days() {
        assert_eq!(gestation("38.2", Decimal::Unknown), Err(Problem::GestationDecimal));
        assert_eq!(gestation("38.2", Decimal::Days).map(Gestation::days), Ok(268));
        assert_eq!(gestation("38.7", Decimal::Days), Err(Problem::NotAGestation));
    }

    #[test]
    fn what_is_no_gestational_age_is_refused() {
        for text in ["", "38週7日", "46w0d", "380", "38w12d", "-2", "w", "38+", "二十週", "38w2x", "+38"] {
            assert_eq!(gestation(text, Decimal::Days), Err(Problem::NotAGestation), "{text}");
        }
    }

    #[test]
    fn the_month_of_pregnancy_begins_with_one() {
        let month = |weeks| Gestation::from_weeks(weeks, 0).unwrap().month();
        assert_eq!([month(0), month(3), month(4), month(8), month(39)], [1, 1, 2, 3, 10]);
    }

    #[test]
    fn thirty_seven_weeks_is_term() {
        assert!(Gestation::from_weeks(36, 6).unwrap().is_preterm());
        assert!(!Gestation::from_weeks(37, 0).unwrap().is_preterm());
    }

    #[test]
    fn the_due_date_is_280_days_after_the_last_period() {
        assert_eq!(due_date(date(2026, 1, 1)), Some(date(2026, 10, 8)));
        let born_at = Gestation::from_weeks(36, 2).unwrap();
        assert_eq!(due_date_of_birth(date(2026, 10, 19), born_at), Some(date(2026, 11, 14)));
    }

    proptest! {
        #[test]
        fn no_text_stops_the_gestation_reader(text in "\\PC*") {
            let _ = gestation(&text, Decimal::Days);
        }
    }
}

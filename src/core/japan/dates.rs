//! Dates as offices write them: eras, slashes, points, digits, spreadsheet serials, and parts that nobody knows.

use super::eras::{ERAS, Era, assemble};
use super::partial::PartialDate;
use super::problem::{Problem, Read};
use crate::time::Day;
use jiff::ToSpan;
use jiff::civil::{self, date as calendar};
use unicode_normalization::UnicodeNormalization;

/// How the workbook counts days, for the cells of a date column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Serials {
    /// The column holds no serial numbers.
    #[default]
    None,
    /// Counted from 1900, with a 29 February 1900 that never was.
    From1900,
    /// Counted from 1904.
    From1904,
}

/// Reads a date in any form of `formats/common_japan.md` 6.2.
///
/// # Errors
/// [`Problem::NotADate`] for what is no date or has no year, [`Problem::NoSuchDay`] for a day that the month does not have.
pub fn date(text: &str, serials: Serials) -> Result<Read<PartialDate>, Problem> {
    let clean = clean(text);
    if let Some(day) = serial(&clean, serials) {
        return Ok(Read::clean(day.date().into()));
    }
    let (era, rest) = split_era(strip_endings(&clean));
    if rest.bytes().all(|byte| byte.is_ascii_digit()) && !rest.is_empty() {
        return digits_only(era, rest);
    }
    let (year, rest) = take_year(era, rest)?;
    let (month, rest) = take_part(rest, '月')?;
    let (day, rest) = take_part(rest, '日')?;
    if rest.is_empty() { assemble(era, year, month, day) } else { Err(Problem::NotADate) }
}

/// Reads a whole date: a partial one is refused as well.
///
/// # Errors
/// As [`date`]; also [`Problem::NotADate`] when a part is unknown.
pub fn whole_date(text: &str, serials: Serials) -> Result<Read<Day>, Problem> {
    let read = date(text, serials)?;
    let day = read.value.day().ok_or(Problem::NotADate)?;
    Ok(read.map(|_| day))
}

/// Reads a birth date, which must not lie after `today`.
///
/// # Errors
/// As [`date`], and [`Problem::FutureBirth`].
pub fn birth_date(text: &str, serials: Serials, today: Day) -> Result<Read<PartialDate>, Problem> {
    let read = date(text, serials)?;
    if read.value.earliest().is_some_and(|day| day > today) { Err(Problem::FutureBirth) } else { Ok(read) }
}

/// Writes a day with its era: 令和8年10月19日. In the common era before 1868.
pub fn in_era(day: Day) -> String {
    let (month, date) = (day.month(), day.day());
    match Era::of(day) {
        Some(era) if day.year() == era.first.year() => format!("{}元年{month}月{date}日", era.name),
        Some(era) => format!("{}{}年{month}月{date}日", era.name, day.year() - era.first.year() + 1),
        None => format!("{}年{month}月{date}日", day.year()),
    }
}

/// NFKC without spaces, every hyphen as `-`.
pub(super) fn clean(text: &str) -> String {
    text.nfkc().filter(|letter| !letter.is_whitespace()).map(fold_hyphen).collect()
}

/// One hyphen for the many that keyboards give.
pub(super) const fn fold_hyphen(letter: char) -> char {
    match letter {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FF0D}' | '\u{30FC}' => '-',
        other => other,
    }
}

/// Drops a weekday in brackets and 生 at the end.
fn strip_endings(text: &str) -> &str {
    let text = text.strip_suffix("生まれ").or_else(|| text.strip_suffix('生')).unwrap_or(text);
    let Some((date, day)) = text.strip_suffix(')').and_then(|text| text.rsplit_once('(')) else { return text };
    let weekday = !day.is_empty() && day.chars().all(|letter| "月火水木金土日曜祝・".contains(letter));
    if weekday { date } else { text }
}

/// The era that the text begins with, by name, first character or letter.
fn split_era(text: &str) -> (Option<&'static Era>, &str) {
    for era in &ERAS {
        if let Some(rest) = text.strip_prefix(era.name) {
            return (Some(era), rest);
        }
    }
    let mut letters = text.chars();
    let first = letters.next().unwrap_or(' ');
    let found = ERAS.iter().find(|era| era.letter == first.to_ascii_uppercase() || era.name.starts_with(first));
    match found {
        Some(era) => (Some(era), letters.as_str().trim_start_matches('.')),
        None => (None, text.strip_prefix("西暦").unwrap_or(text)),
    }
}

/// `20250401`, `5070401`, `R070401`, and a year alone.
fn digits_only(era: Option<&'static Era>, digits: &str) -> Result<Read<PartialDate>, Problem> {
    let number = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<i16>().ok());
    let small = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<u8>().ok());
    match (era, digits.len()) {
        (None, 8) => assemble(None, number(0, 4).ok_or(Problem::NotADate)?, small(4, 6), small(6, 8)),
        (None, 7) => {
            let era = ERAS.iter().find(|era| Some(era.code) == small(0, 1)).ok_or(Problem::NotADate)?;
            era_year(number(1, 3)).and_then(|year| assemble(Some(era), year, small(3, 5), small(5, 7)))
        }
        (None, 4) => assemble(None, number(0, 4).ok_or(Problem::NotADate)?, None, None),
        (Some(era), 6) => era_year(number(0, 2)).and_then(|year| assemble(Some(era), year, small(2, 4), small(4, 6))),
        (Some(era), 1 | 2) => era_year(number(0, digits.len())).and_then(|year| assemble(Some(era), year, None, None)),
        _ => Err(Problem::NotADate),
    }
}

/// An era has no year 0; that means unknown, and a date needs its year.
fn era_year(year: Option<i16>) -> Result<i16, Problem> {
    year.filter(|&year| year > 0).ok_or(Problem::NotADate)
}

/// The year, with its 年 or separator.
fn take_year<'a>(era: Option<&'static Era>, text: &'a str) -> Result<(i16, &'a str), Problem> {
    if let (Some(_), Some(rest)) = (era, text.strip_prefix('元')) {
        return Ok((1, rest.strip_prefix('年').unwrap_or(rest)));
    }
    let (digits, rest) = leading_digits(text);
    let right_length = if era.is_some() { digits.len() <= 2 } else { digits.len() == 4 };
    let year = digits.parse::<i16>().ok().filter(|&year| year > 0 && right_length).ok_or(Problem::NotADate)?;
    let after = rest.strip_prefix('年').unwrap_or(rest);
    let separated = after.len() < rest.len() || rest.starts_with(SEPARATORS);
    if separated { Ok((year, after)) } else { Err(Problem::NotADate) }
}

const SEPARATORS: [char; 3] = ['/', '.', '-'];

/// One of the words for what nobody knows.
const UNKNOWN: [&str; 4] = ["不詳", "不明", "??", "?"];

/// The next month or day: `None` when the text ends, `Some(0)` when it is written as unknown.
fn take_part(text: &str, unit: char) -> Result<(Option<u8>, &str), Problem> {
    let text = text.strip_prefix(SEPARATORS).unwrap_or(text);
    if text.is_empty() {
        return Ok((None, text));
    }
    if let Some(rest) = UNKNOWN.iter().find_map(|word| text.strip_prefix(word)) {
        return Ok((Some(0), rest.strip_prefix(unit).unwrap_or(rest)));
    }
    let (digits, rest) = leading_digits(text);
    let part = digits.parse::<u8>().ok().filter(|_| digits.len() <= 2).ok_or(Problem::NotADate)?;
    Ok((Some(part), rest.strip_prefix(unit).unwrap_or(rest)))
}

fn leading_digits(text: &str) -> (&str, &str) {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

/// A spreadsheet's serial number of 20000 to 60000, with the time of day as its fraction.
pub(super) fn serial(clean: &str, serials: Serials) -> Option<civil::DateTime> {
    let epoch = match serials {
        Serials::None => return None,
        Serials::From1900 => calendar(1899, 12, 30),
        Serials::From1904 => calendar(1904, 1, 1),
    };
    let (days, fraction) = clean.split_once('.').unwrap_or((clean, "0"));
    let plain = |part: &str| !part.is_empty() && part.len() <= 17 && part.bytes().all(|byte| byte.is_ascii_digit());
    if days.len() != 5 || !plain(days) || !plain(fraction) {
        return None;
    }
    let days = days.parse::<i32>().ok().filter(|days| (20_000..=60_000).contains(days))?;
    let seconds = (format!("0.{fraction}").parse::<f64>().ok()? * 86_400.0).round() as i64;
    epoch.to_datetime(civil::Time::midnight()).checked_add(days.days().seconds(seconds)).ok()
}

#[cfg(test)]
#[path = "dates_tests.rs"]
mod tests;

//! Dates and times of HL7 v2 (TS, DTM, DT), with the precision that was sent (`formats/hospital.md` 2.6).

use crate::digits::push_two;
use jiff::civil;
use jiff::{SignedDuration, ToSpan};
use musubi_core::time::{Day, Time};
use musubi_proto::v1 as proto;

/// A date or moment on a Japanese wall clock, no more precise than the sender was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Always known.
    pub year: i16,
    /// From here on each part may be unknown; then the ones after it are unknown too.
    pub month: Option<i8>,
    /// Day of the month.
    pub day: Option<i8>,
    /// Hour, 0 to 23.
    pub hour: Option<i8>,
    /// Minute.
    pub minute: Option<i8>,
    /// Second; a fraction is not kept.
    pub second: Option<i8>,
}

/// What was odd about a date that was read all the same (H103).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odd {
    /// `00` for a month or a day: the precision is reduced.
    Reduced,
    /// Seventeen digits without a point.
    NoPoint,
    /// `24:00` is 00:00 of the next day.
    TwentyFour,
}

/// Why a text is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotADate {
    /// Not written as a date: kept raw with a warning.
    OtherForm,
    /// A day that does not exist (H006).
    Impossible,
}

/// Reads `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]`. Without a zone it is Japan's time.
///
/// # Errors
/// When the text is not of that form, or names a day or time that does not exist.
pub fn read(text: &str) -> Result<(Stamp, Option<Odd>), NotADate> {
    let (digits, minutes_east) = split_zone(text.trim())?;
    let (digits, fraction) = digits.split_once('.').map_or((digits, None), |(digits, part)| (digits, Some(part)));
    let numeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !numeric(digits) || fraction.is_some_and(|part| !numeric(part)) {
        return Err(NotADate::OtherForm);
    }
    let (digits, mut odd) = match digits.len() {
        4 | 6 | 8 | 10 | 12 | 14 => (digits, None),
        17 if fraction.is_none() => (digits.get(..14).unwrap_or(digits), Some(Odd::NoPoint)),
        _ => return Err(NotADate::OtherForm),
    };
    if digits.starts_with("0000") {
        return Err(NotADate::OtherForm);
    }
    let part = |from: usize| two_digits(digits.as_bytes().get(from..from + 2)?);
    let year = part(0).zip(part(2)).map(|(hundreds, rest)| i16::from(hundreds) * 100 + i16::from(rest));
    let mut stamp = Stamp {
        year: year.filter(|year| (1800..=2200).contains(year)).ok_or(NotADate::Impossible)?,
        month: part(4),
        day: part(6),
        hour: part(8),
        minute: part(10),
        second: part(12),
    };
    if stamp.reduce() {
        odd = Some(Odd::Reduced);
    }
    if stamp.hour == Some(24) && stamp.minute.unwrap_or(0) == 0 && stamp.second.unwrap_or(0) == 0 {
        stamp.hour = Some(0);
        stamp = stamp.shifted(24 * 60).ok_or(NotADate::Impossible)?;
        odd = Some(Odd::TwentyFour);
    }
    if !stamp.exists() {
        return Err(NotADate::Impossible);
    }
    match minutes_east {
        Some(minutes) if stamp.hour.is_some() && minutes != JAPAN_MINUTES => {
            let stamp = stamp.shifted(JAPAN_MINUTES - minutes).ok_or(NotADate::Impossible)?;
            Ok((stamp, odd))
        }
        _ => Ok((stamp, odd)),
    }
}

fn two_digits(digits: &[u8]) -> Option<i8> {
    let digit = |at: usize| digits.get(at).and_then(|byte| char::from(*byte).to_digit(10));
    i8::try_from(digit(0)? * 10 + digit(1)?).ok()
}

const JAPAN_MINUTES: i64 = 9 * 60;

/// The digits and, where a zone is written, its minutes east of UTC.
fn split_zone(text: &str) -> Result<(&str, Option<i64>), NotADate> {
    let Some(at) = text.rfind(['+', '-']) else { return Ok((text, None)) };
    let (digits, zone) = text.split_at(at);
    let (sign, zone) = zone.split_at_checked(1).ok_or(NotADate::OtherForm)?;
    let hours = zone.get(..2).and_then(|hours| hours.parse::<u8>().ok()).filter(|hours| *hours <= 14);
    let minutes = zone.get(2..).and_then(|minutes| minutes.parse::<u8>().ok()).filter(|minutes| *minutes < 60);
    let (Some(hours), Some(minutes), 4) = (hours, minutes, zone.len()) else { return Err(NotADate::OtherForm) };
    let east = i64::from(hours) * 60 + i64::from(minutes);
    Ok((digits, Some(if sign == "-" { -east } else { east })))
}

impl Stamp {
    /// Drops what is `00` where a month or a day must stand, and everything after it.
    fn reduce(&mut self) -> bool {
        let no_month = self.month == Some(0);
        let no_day = no_month || self.day == Some(0);
        if no_month {
            self.month = None;
        }
        if no_day {
            (self.day, self.hour, self.minute, self.second) = (None, None, None, None);
        }
        no_day
    }

    fn exists(self) -> bool {
        let day = civil::Date::new(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1)).is_ok();
        let second = self.second.unwrap_or(0).min(59);
        day && civil::Time::new(self.hour.unwrap_or(0), self.minute.unwrap_or(0), second, 0).is_ok()
            && self.second.is_none_or(|second| second <= 60)
    }

    fn shifted(self, minutes: i64) -> Option<Stamp> {
        let day = civil::Date::new(self.year, self.month?, self.day?).ok()?;
        let second = self.second.unwrap_or(0).min(59);
        let at = day.at(self.hour?, self.minute.unwrap_or(0), second, 0);
        let at = at.checked_add(SignedDuration::from_mins(minutes)).ok()?;
        Some(Stamp {
            year: at.year(),
            month: Some(at.month()),
            day: Some(at.day()),
            hour: Some(at.hour()),
            minute: self.minute.map(|_| at.minute()),
            second: self.second.map(|_| at.second()),
        })
    }

    /// The earliest moment that it can mean.
    pub fn earliest(self) -> Time {
        let second = self.second.unwrap_or(0).min(59);
        let day = civil::Date::new(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1));
        let time = civil::Time::new(self.hour.unwrap_or(0), self.minute.unwrap_or(0), second, 0);
        match (day, time) {
            (Ok(day), Ok(time)) => Time::from_japan(day.to_datetime(time)),
            _ => Time::MIN,
        }
    }

    /// The calendar day, when it is known.
    pub fn whole_day(self) -> Option<Day> {
        civil::Date::new(self.year, self.month?, self.day?).ok()
    }

    /// Is this certainly later than the other? A day is not later than a time on it.
    pub fn certainly_after(self, other: Stamp) -> bool {
        self.earliest() > other.latest()
    }

    fn latest(self) -> Time {
        let next = |at: Time, minutes: i64| Time::from_micros(at.plus_minutes(minutes).micros() - 1);
        let start = self.earliest();
        match self {
            Stamp { second: Some(_), .. } => start,
            Stamp { minute: Some(_), .. } => next(start, 1),
            Stamp { hour: Some(_), .. } => next(start, 60),
            Stamp { day: Some(_), .. } => next(start, 24 * 60),
            Stamp { month, .. } => {
                let span = if month.is_some() { 1.month() } else { 1.year() };
                let end = start.day().checked_add(span).map_or(start, Time::start_of);
                Time::from_micros(end.micros() - 1)
            }
        }
    }

    /// For the record: a date.
    pub fn date(self) -> proto::Date {
        proto::Date { year: i32::from(self.year), month: self.month.map(i32::from), day: self.day.map(i32::from) }
    }

    /// For the record: a date and as much of the time as was sent.
    pub fn date_time(self) -> proto::DateTime {
        let (hour, minute, second) = (self.hour.map(i32::from), self.minute.map(i32::from), self.second.map(i32::from));
        proto::DateTime { date: Some(self.date()), hour, minute, second }
    }

    /// As HL7 writes it, for keys: `20261030`, `202610301105`.
    pub fn compact(self) -> String {
        let parts = [self.month, self.day, self.hour, self.minute, self.second];
        let year = usize::from(self.year.unsigned_abs());
        let mut text = String::with_capacity("20261030110500".len());
        let parts = parts.iter().map_while(|part| *part).map(|part| usize::from(part.unsigned_abs()));
        [year / 100, year].into_iter().chain(parts).for_each(|two| push_two(two, &mut text));
        text
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use proptest::prelude::*;

    fn compact(text: &str) -> (String, Option<Odd>) {
        let (stamp, odd) = read(text).unwrap();
        (stamp.compact(), odd)
    }

    #[test]
    fn a_date_keeps_the_precision_that_was_sent() {
        for text in ["2026", "202610", "20261030", "2026103011", "202610301105", "20261030110559"] {
            assert_eq!(compact(text), (text.to_owned(), None));
        }
        assert_eq!(read("202610").unwrap().0.date_time().date.unwrap().day, None);
    }

    #[test]
    fn fractions_and_seventeen_digits_are_read() {
        assert_eq!(compact("20111220224447.3399"), ("20111220224447".to_owned(), None));
        assert_eq!(compact("201601011500.321"), ("201601011500".to_owned(), None));
        assert_eq!(compact("20080203163012345"), ("20080203163012".to_owned(), Some(Odd::NoPoint)));
    }

    #[test]
    fn a_zone_is_turned_into_japans() {
        assert_eq!(compact("20261030020500+0000").0, "20261030110500");
        assert_eq!(compact("202610301105+0900").0, "202610301105");
        assert_eq!(compact("20261030-0500").0, "20261030", "a day stays the day that was written");
    }

    #[test]
    fn unknown_parts_reduce_the_precision() {
        assert_eq!(compact("20260500"), ("202605".to_owned(), Some(Odd::Reduced)));
        assert_eq!(compact("20260000"), ("2026".to_owned(), Some(Odd::Reduced)));
    }

    #[test]
    fn twenty_four_hours_is_the_next_day() {
        assert_eq!(compact("202612312400"), ("202701010000".to_owned(), Some(Odd::TwentyFour)));
    }

    #[test]
    fn a_day_that_does_not_exist_is_told_from_another_form() {
        for text in ["20261131", "20260230", "202613", "202610302561", "17000101"] {
            assert_eq!(read(text), Err(NotADate::Impossible), "{text}");
        }
        for text in ["2010/06/04 10:44", "R8.10.30", "2026103", "x", "", "-", "20261030+09", "２０２６", "0000"] {
            assert_eq!(read(text), Err(NotADate::OtherForm), "{text}");
        }
    }

    #[test]
    fn a_day_is_not_after_a_time_on_it() {
        let stamp = |text| read(text).unwrap().0;
        assert!(!stamp("20261030").certainly_after(stamp("202610301105")));
        assert!(!stamp("202610301105").certainly_after(stamp("20261030")));
        assert!(stamp("20261031").certainly_after(stamp("202610301105")));
        assert!(!stamp("2026").certainly_after(stamp("202601")));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "[0-9.+-]{0,24}") {
            if let Ok((stamp, _)) = read(&text) {
                let _ = (stamp.earliest(), stamp.date_time(), stamp.certainly_after(stamp));
                prop_assert_eq!(read(&stamp.compact()).map(|read| read.0), Ok(stamp));
            }
        }
    }
}

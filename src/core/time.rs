//! Moments and calendar days. Stored as UTC microseconds; rules run at fixed +09:00 (Japan has no daylight saving).

use jiff::civil;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

/// A moment, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(i64);

/// A calendar day in Japan.
pub type Day = civil::Date;

const MICROS_PER_MINUTE: i64 = 60_000_000;

fn japan() -> TimeZone {
    TimeZone::fixed(Offset::constant(9))
}

impl Time {
    /// The first moment that Musubi can name; earlier than everything that it stores.
    pub const MIN: Time = Time(0);

    /// From UTC microseconds.
    pub const fn from_micros(micros: i64) -> Self {
        Time(micros)
    }

    /// As UTC microseconds.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// From a date and time on a Japanese wall clock.
    pub fn from_japan(at: civil::DateTime) -> Self {
        Time(Offset::constant(9).to_timestamp(at).map_or(i64::MAX, |t| t.as_microsecond()))
    }

    /// The date and time on a Japanese wall clock.
    pub fn japan(self) -> civil::DateTime {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::MAX).to_zoned(japan()).datetime()
    }

    /// The calendar day in Japan.
    pub fn day(self) -> Day {
        self.japan().date()
    }

    /// 00:00 Asia/Tokyo of a day.
    pub fn start_of(day: Day) -> Self {
        Time::from_japan(day.to_datetime(civil::Time::midnight()))
    }

    /// 24:00 Asia/Tokyo of a day: where an interval ends that names only its last date (`consent.md` section 6).
    pub fn end_of(day: Day) -> Self {
        day.tomorrow().map_or(Time(i64::MAX), Time::start_of)
    }

    /// This moment and so many minutes.
    pub const fn plus_minutes(self, minutes: i64) -> Self {
        Time(self.0.saturating_add(minutes.saturating_mul(MICROS_PER_MINUTE)))
    }

    /// This moment and so many days of 24 hours.
    pub const fn plus_days(self, days: i64) -> Self {
        self.plus_minutes(days.saturating_mul(24 * 60))
    }

    /// Whole minutes from `earlier` until this moment; negative when it is later.
    pub const fn minutes_since(self, earlier: Time) -> i64 {
        (self.0 - earlier.0) / MICROS_PER_MINUTE
    }

    /// RFC 3339 with the offset of Japan, to the second, or to the microsecond where there is a fraction.
    pub fn rfc3339(self) -> String {
        format!("{}+09:00", self.japan())
    }

    /// Reads RFC 3339 with any offset. `None` when it is not of that form.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|t| Time(t.as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_date_only_end_means_midnight_in_tokyo() {
        let end = Time::end_of(date(2027, 3, 31));
        assert_eq!(end.rfc3339(), "2027-04-01T00:00:00+09:00");
        assert_eq!(Time::from_micros(end.micros() - 1).day(), date(2027, 3, 31));
    }

    #[test]
    fn japanese_wall_clock_time_survives_the_trip_through_utc() {
        let at = date(2026, 10, 30).at(11, 5, 0, 0);
        assert_eq!(Time::from_japan(at).japan(), at);
        assert_eq!(Time::parse_rfc3339("2026-10-30T11:05:00+09:00"), Some(Time::from_japan(at)));
        assert_eq!(Time::parse_rfc3339("2026-10-30T02:05:00Z"), Some(Time::from_japan(at)));
    }
}

//! Dates of the record in both calendars, never more precise than they were given.

use crate::digits::{push_number, push_two};
use musubi_core::japan::eras::Era;
use musubi_core::time::{Day, Time};
use musubi_proto::v1 as proto;

/// What is known of a date, as far as it exists in the calendar.
#[derive(Clone, Copy)]
struct Known {
    year: i16,
    month: Option<i8>,
    day: Option<i8>,
}

impl Known {
    fn of(date: &proto::Date) -> Option<Self> {
        let year = i16::try_from(date.year).ok().filter(|year| (1..=9999).contains(year))?;
        let month = date.month.and_then(|month| i8::try_from(month).ok()).filter(|month| (1..=12).contains(month));
        let in_month = |day: &i8| month.is_some_and(|month| Day::new(year, month, *day).is_ok());
        let day = date.day.and_then(|day| i8::try_from(day).ok()).filter(in_month);
        Some(Known { year, month, day })
    }

    /// To the day?
    fn is_whole(self) -> bool {
        self.day.is_some()
    }

    fn japanese(self) -> String {
        let mut text = String::with_capacity("令和88年(2026年)10月26日 14:12".len());
        let era = era_year(self, &mut text);
        push_number(usize::from(self.year.unsigned_abs()), &mut text);
        text.push_str(if era { "年)" } else { "年" });
        for (part, unit) in [(self.month, "月"), (self.day, "日")] {
            if let Some(part) = part {
                push_number(usize::from(part.unsigned_abs()), &mut text);
                text.push_str(unit);
            }
        }
        text
    }

    fn iso(self) -> String {
        let mut text = String::with_capacity("2026-10-26T04:12:00+09:00".len());
        let year = usize::from(self.year.unsigned_abs());
        push_two(year / 100, &mut text);
        push_two(year, &mut text);
        for part in [self.month, self.day].into_iter().flatten() {
            text.push('-');
            push_two(usize::from(part.unsigned_abs()), &mut text);
        }
        text
    }
}

/// 令和8年(2026年)10月26日; 令和8年(2026年)10月; 2019年 where the era is open.
pub fn japanese_date(date: &proto::Date) -> Option<String> {
    Known::of(date).map(Known::japanese)
}

/// Adds the year in its era (令和8年) and the bracket behind it, where the date is precise enough to tell the era. Was it?
fn era_year(known: Known, text: &mut String) -> bool {
    let earliest = Day::new(known.year, known.month.unwrap_or(1), known.day.unwrap_or(1)).ok();
    let end_of_month = || Day::new(known.year, known.month.unwrap_or(12), 1).ok().map(Day::last_of_month);
    let same_at_its_end = |era: &&Era| known.is_whole() || end_of_month().and_then(Era::of) == Some(*era);
    let Some(era) = earliest.and_then(Era::of).filter(same_at_its_end) else {
        return false;
    };
    text.push_str(era.name);
    match known.year - era.first.year() {
        0 => text.push('元'),
        years => push_number(usize::from(years.unsigned_abs()) + 1, text),
    }
    text.push_str("年(");
    true
}

/// A date and time: 令和8年(2026年)10月26日 4:12.
pub fn japanese_moment(at: &proto::DateTime) -> Option<String> {
    let known = Known::of(at.date.as_ref()?)?;
    let mut text = known.japanese();
    let Some(hour) = clock_part(at.hour, 23).filter(|_| known.is_whole()) else {
        return Some(text);
    };
    text.push(' ');
    push_number(hour, &mut text);
    match clock_part(at.minute, 59) {
        Some(minute) => {
            text.push(':');
            push_two(minute, &mut text);
        }
        None => text.push('時'),
    }
    Some(text)
}

/// A moment of the program's own: 令和8年(2026年)10月30日 11:05.
pub fn japanese_time(at: Time) -> String {
    let wall = at.japan();
    let date = proto::Date {
        year: i32::from(wall.year()),
        month: Some(i32::from(wall.month())),
        day: Some(i32::from(wall.day())),
    };
    let moment = proto::DateTime {
        date: Some(date),
        hour: Some(i32::from(wall.hour())),
        minute: Some(i32::from(wall.minute())),
        second: None,
    };
    japanese_moment(&moment).unwrap_or_default()
}

/// `2026-10-26`, `2026-10` or `2026`: a FHIR `date`.
pub fn iso_date(date: &proto::Date) -> Option<String> {
    Known::of(date).map(Known::iso)
}

/// `2026-10-26T04:12:00+09:00`, or the date alone: a FHIR `dateTime`. The standard has no time without seconds, and
/// says that they may be filled with zeros; a time without minutes is left out.
pub fn iso_moment(at: &proto::DateTime) -> Option<String> {
    let known = Known::of(at.date.as_ref()?)?;
    let mut text = known.iso();
    let (Some(hour), Some(minute), true) = (clock_part(at.hour, 23), clock_part(at.minute, 59), known.is_whole())
    else {
        return Some(text);
    };
    for (mark, part) in [('T', hour), (':', minute), (':', clock_part(at.second, 59).unwrap_or(0))] {
        text.push(mark);
        push_two(part, &mut text);
    }
    text.push_str("+09:00");
    Some(text)
}

/// Is the time of day known to the minute?
pub fn has_time(at: &proto::DateTime) -> bool {
    iso_moment(at).is_some_and(|text| text.contains('T'))
}

fn clock_part(part: Option<i32>, greatest: usize) -> Option<usize> {
    part.and_then(|part| usize::try_from(part).ok()).filter(|part| *part <= greatest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: i32, month: Option<i32>, day: Option<i32>) -> proto::Date {
        proto::Date { year, month, day }
    }

    #[test]
    fn a_date_stands_in_both_calendars_and_keeps_its_precision() {
        for (given, japanese, iso) in [
            (date(2026, Some(10), Some(26)), "令和8年(2026年)10月26日", "2026-10-26"),
            (date(1996, Some(5), Some(14)), "平成8年(1996年)5月14日", "1996-05-14"),
            (date(2026, Some(10), None), "令和8年(2026年)10月", "2026-10"),
            (date(2026, None, None), "令和8年(2026年)", "2026"),
            (date(2019, None, None), "2019年", "2019"),
            (date(2019, Some(5), Some(1)), "令和元年(2019年)5月1日", "2019-05-01"),
            (date(2026, Some(2), Some(31)), "令和8年(2026年)2月", "2026-02"),
            (date(2026, Some(99), Some(1)), "令和8年(2026年)", "2026"),
        ] {
            assert_eq!(japanese_date(&given).as_deref(), Some(japanese));
            assert_eq!(iso_date(&given).as_deref(), Some(iso));
        }
        assert_eq!(japanese_date(&date(0, None, None)), None);
    }

    #[test]
    fn an_hour_without_minutes_is_never_padded() {
        let at =
            |hour, minute| proto::DateTime { date: Some(date(2026, Some(10), Some(26))), hour, minute, second: None };
        assert_eq!(iso_moment(&at(Some(4), Some(12))).as_deref(), Some("2026-10-26T04:12:00+09:00"));
        assert_eq!(iso_moment(&at(Some(4), None)).as_deref(), Some("2026-10-26"));
        assert_eq!(japanese_moment(&at(Some(4), None)).as_deref(), Some("令和8年(2026年)10月26日 4時"));
        assert_eq!(japanese_moment(&at(Some(24), Some(0))).as_deref(), Some("令和8年(2026年)10月26日"));
        let vague =
            proto::DateTime { date: Some(date(2026, Some(10), None)), hour: Some(4), minute: Some(12), second: None };
        assert_eq!(iso_moment(&vague).as_deref(), Some("2026-10"));
    }
}

//! Times of day, and dates with one.

use super::dates::{Serials, clean, date, serial};
use super::partial::PartialDate;
use super::problem::{Problem, Read};
use crate::time::Time;
use jiff::ToSpan;
use jiff::civil;
use unicode_normalization::UnicodeNormalization;

/// A date, and the time of day on a Japanese clock when it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The date in Japan.
    pub date: PartialDate,
    /// The time of day in Japan.
    pub time: Option<civil::Time>,
}

impl Moment {
    /// The moment, when the date is whole and the time is known.
    pub fn time(self) -> Option<Time> {
        Some(Time::from_japan(self.date.day()?.to_datetime(self.time?)))
    }
}

/// Reads a time of day: `9:30`, `9時30分`, `9時半`, `午後1:15`, `1:15 PM`, `0930`, `11:05:00.25`.
///
/// Twelve o'clock is read as clocks show it: 午後12:15 is a quarter past noon.
///
/// # Errors
/// [`Problem::NotATime`].
pub fn time_of_day(text: &str) -> Result<civil::Time, Problem> {
    let text = clean(text).to_ascii_uppercase();
    let (half, rest) = split_half(&text);
    let parts = if rest.len() == 4 && rest.bytes().all(|byte| byte.is_ascii_digit()) {
        let (hour, minute) = rest.split_at(2);
        vec![hour.to_owned(), minute.to_owned()]
    } else {
        pieces(rest)?
    };
    let number = |at: usize| -> Result<i8, Problem> {
        let piece = parts.get(at).map_or("0", String::as_str);
        if piece.len() > 2 { Err(Problem::NotATime) } else { piece.parse().map_err(|_| Problem::NotATime) }
    };
    let hour = match (half, number(0)?) {
        (None, hour) => hour,
        (Some(Half::Morning), hour @ 0..=11) => hour,
        (Some(Half::Morning), 12) => 0,
        (Some(Half::Afternoon), 12) => 12,
        (Some(Half::Afternoon), hour @ 0..=11) => hour + 12,
        _ => return Err(Problem::NotATime),
    };
    let nanoseconds = parts.get(3).map_or(Ok(0), |digits| fraction(digits))?;
    civil::Time::new(hour, number(1)?, number(2)?, nanoseconds).map_err(|_| Problem::NotATime)
}

/// Reads a date with or without a time of day; an offset is converted to Japanese time.
///
/// # Errors
/// As [`date`]; [`Problem::NotATime`] for an offset without a whole date.
pub fn date_time(text: &str, serials: Serials) -> Result<Read<Moment>, Problem> {
    if let Some(at) = serial(&clean(text), serials) {
        let time = text.contains(['.', '．']).then(|| at.time());
        return Ok(Read::clean(Moment { date: at.date().into(), time }));
    }
    let text: String = text.nfkc().collect();
    let text = text.trim();
    if let Some(read) = fourteen_digits(text) {
        return read;
    }
    let mut refusal = None;
    for (left, right) in splits(text) {
        let Ok((time, offset)) = clock(right) else { continue };
        match date(left, serials) {
            Ok(read) => return join(read, time, offset),
            Err(Problem::NoSuchDay) => refusal = Some(Problem::NoSuchDay),
            Err(_) => {}
        }
    }
    match date(text, serials) {
        Ok(read) => Ok(read.map(|date| Moment { date, time: None })),
        Err(problem) => Err(refusal.unwrap_or(problem)),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Morning,
    Afternoon,
}

fn split_half(text: &str) -> (Option<Half>, &str) {
    for (word, half) in
        [("午前", Half::Morning), ("AM", Half::Morning), ("午後", Half::Afternoon), ("PM", Half::Afternoon)]
    {
        let rest = text.strip_prefix(word).or_else(|| text.strip_suffix(word).filter(|_| word.is_ascii()));
        if let Some(rest) = rest {
            return (Some(half), rest);
        }
    }
    (None, text)
}

/// Hour, minute, second and fraction as digits.
fn pieces(text: &str) -> Result<Vec<String>, Problem> {
    let text = text.replace("時半", "時30分");
    let (body, fraction) = match text.split_once('.') {
        Some((body, fraction)) if body.matches(':').count() == 2 => (body, Some(fraction)),
        Some(_) => return Err(Problem::NotATime),
        None => (text.as_str(), None),
    };
    let body = match body.split_once('時') {
        Some((_, rest)) if rest.contains(':') => return Err(Problem::NotATime),
        Some((hour, "")) => format!("{hour}:0"),
        Some((hour, rest)) => {
            let rest = rest.strip_suffix('秒').unwrap_or(rest);
            format!("{hour}:{}", rest.strip_suffix('分').map_or_else(|| rest.replace('分', ":"), str::to_owned))
        }
        None => body.to_owned(),
    };
    let mut parts: Vec<String> = body.split(':').map(str::to_owned).collect();
    let digits = parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    if !digits || !(2..=3).contains(&parts.len()) {
        return Err(Problem::NotATime);
    }
    parts.extend(fraction.map(str::to_owned));
    Ok(parts)
}

/// The digits after the point of a second, as nanoseconds.
fn fraction(digits: &str) -> Result<i32, Problem> {
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::NotATime);
    }
    format!("{digits:0<9}").parse().map_err(|_| Problem::NotATime)
}

/// A time of day with the minutes of its offset, if one is written.
fn clock(text: &str) -> Result<(civil::Time, Option<i64>), Problem> {
    let text = text.trim();
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Ok((time_of_day(time)?, Some(0)));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Ok((time_of_day(text)?, None)) };
    let (time, offset) = text.split_at(at);
    let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
    let signs = offset.chars().filter(|letter| !letter.is_ascii_digit()).count();
    let colon = usize::from(offset.contains(':'));
    let number = |from, to| digits.get(from..to).and_then(|part| part.parse::<i64>().ok());
    let minutes = match (digits.len(), number(0, 2), number(2, 4)) {
        (2, Some(hours), None) => hours * 60,
        (4, Some(hours), Some(minutes)) if minutes < 60 => hours * 60 + minutes,
        _ => return Err(Problem::NotATime),
    };
    if signs != 1 + colon || minutes > 14 * 60 {
        return Err(Problem::NotATime);
    }
    Ok((time_of_day(time)?, Some(if offset.starts_with('-') { -minutes } else { minutes })))
}

/// Where a date may end and a time begin: at a space, at `T`, after 日 or a bracket.
fn splits(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.char_indices().filter_map(|(at, letter)| {
        let after = at + letter.len_utf8();
        let left_end = if letter == '日' || letter == ')' { after } else { at };
        let splits_here = letter.is_whitespace() || matches!(letter, 'T' | 't' | '日' | ')');
        splits_here.then(|| (text.get(..left_end).unwrap_or(""), text.get(after..).unwrap_or("")))
    })
}

/// `202610301105` and `20261030110500`.
fn fourteen_digits(text: &str) -> Option<Result<Read<Moment>, Problem>> {
    if !matches!(text.len(), 12 | 14) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (day, clock) = (text.get(..8)?, text.get(8..)?);
    let clock =
        format!("{}:{}:{}", clock.get(..2)?, clock.get(2..4)?, clock.get(4..).filter(|s| !s.is_empty()).unwrap_or("0"));
    let read = date(day, Serials::None);
    Some(read.and_then(|read| {
        let time = Some(time_of_day(&clock)?);
        Ok(read.map(|date| Moment { date, time }))
    }))
}

fn join(read: Read<PartialDate>, time: civil::Time, offset: Option<i64>) -> Result<Read<Moment>, Problem> {
    let Some(offset) = offset else { return Ok(read.map(|date| Moment { date, time: Some(time) })) };
    let day = read.value.day().ok_or(Problem::NotATime)?;
    let shift = (9 * 60 - offset).minutes();
    let japan = day.to_datetime(time).checked_add(shift).map_err(|_| Problem::NotADate)?;
    Ok(read.map(|_| Moment { date: japan.date().into(), time: Some(japan.time()) }))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_time_of_day_is_read_in_every_form() {
        let cases = [
            ("9:30", "09:30:00"),
            ("９：３０", "09:30:00"),
            ("09:30:15", "09:30:15"),
            ("9時30分", "09:30:00"),
            ("9時30分15秒", "09:30:15"),
            ("9時", "09:00:00"),
            ("9時半", "09:30:00"),
            ("午前 9時", "09:00:00"),
            ("午後1:15", "13:15:00"),
            ("午後1時15分", "13:15:00"),
            ("午後0:15", "12:15:00"),
            ("午後12:15", "12:15:00"),
            ("午前12:15", "00:15:00"),
            ("1:15 pm", "13:15:00"),
            ("0930", "09:30:00"),
            ("11:05:00.25", "11:05:00.25"),
        ];
        for (text, time) in cases {
            assert_eq!(time_of_day(text).map(|time| time.to_string()), Ok(time.to_owned()), "{text}");
        }
        for text in
            ["", "9", "24:00", "9:60", "午後13:00", "9:30:61", "時", "9時:30", "9::30", "930", "1:2:3:4", "9.30"]
        {
            assert_eq!(time_of_day(text), Err(Problem::NotATime), "{text}");
        }
    }

    #[test]
    fn a_date_with_a_time_is_read_on_a_japanese_clock() {
        let cases = [
            ("2026-10-30T11:05:00+09:00", "2026-10-30T11:05:00+09:00"),
            ("2026-10-30T02:05:00Z", "2026-10-30T11:05:00+09:00"),
            ("2026-10-30T20:05Z", "2026-10-31T05:05:00+09:00"),
            ("2026-10-30T11:05:00+0900", "2026-10-30T11:05:00+09:00"),
            ("2026-10-30T00:05:00-02:00", "2026-10-30T11:05:00+09:00"),
            ("2026-10-30T11:05", "2026-10-30T11:05:00+09:00"),
            ("2026-10-30T11:05:00.5", "2026-10-30T11:05:00.5+09:00"),
            ("2026/10/30 11:05", "2026-10-30T11:05:00+09:00"),
            ("令和8年10月30日　午後1時15分", "2026-10-30T13:15:00+09:00"),
            ("令和8年10月30日9時30分", "2026-10-30T09:30:00+09:00"),
            ("R8. 10. 30 9:30", "2026-10-30T09:30:00+09:00"),
            ("令和8年10月30日（金）9:30", "2026-10-30T09:30:00+09:00"),
            ("202610301105", "2026-10-30T11:05:00+09:00"),
            ("20261030110500", "2026-10-30T11:05:00+09:00"),
        ];
        for (text, iso) in cases {
            let read = date_time(text, Serials::None).unwrap();
            assert_eq!(read.value.time().map(Time::rfc3339), Some(iso.to_owned()), "{text}");
            assert_eq!(read.warnings, [], "{text}");
        }
    }

    #[test]
    fn a_date_without_a_time_has_none() {
        let read = date_time("令和8年10月30日", Serials::None).unwrap();
        assert_eq!((read.value.date.to_string().as_str(), read.value.time), ("2026-10-30", None));
    }

    #[test]
    fn a_wrong_day_is_named_even_beside_a_time() {
        assert_eq!(date_time("令和8年11月31日 9:30", Serials::None), Err(Problem::NoSuchDay));
        assert_eq!(date_time("2026-11-31T09:30:00+09:00", Serials::None), Err(Problem::NoSuchDay));
        assert_eq!(date_time("20261131093000", Serials::None), Err(Problem::NoSuchDay));
    }

    #[test]
    fn a_serial_number_carries_its_time_as_a_fraction() {
        let at = |text| date_time(text, Serials::From1900).unwrap().value;
        assert_eq!(at("45748.5").time().map(Time::rfc3339), Some("2025-04-01T12:00:00+09:00".to_owned()));
        assert_eq!(at("45748").time, None);
    }

    proptest! {
        #[test]
        fn no_text_stops_the_time_readers(text in "\\PC*") {
            let _ = time_of_day(&text);
            let _ = date_time(&text, Serials::From1904);
        }

        #[test]
        fn no_text_made_of_time_pieces_stops_the_time_readers(text in "[0-9]{0,8}[T 日年月時分秒午後:.Z+\\-0-9]{0,16}") {
            let _ = time_of_day(&text);
            let _ = date_time(&text, Serials::None);
        }
    }
}

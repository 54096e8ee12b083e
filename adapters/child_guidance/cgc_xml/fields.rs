//! Values of the format: ids, moments, dates, codes, numbers. A fault names the place, never the value.

use super::form::Faults;
use musubi_core::adapter::Diagnostic;
use musubi_core::id::Municipality;
use musubi_core::time::{Day, Time};
use std::str::FromStr;

/// Longest id.
const ID_LENGTH_MAX: usize = 64;
/// Longest number of a ground or case, in characters.
const NUMBER_LENGTH_MAX: usize = 64;
/// Earliest year of birth.
const BIRTH_YEAR_MIN: i16 = 1900;

/// Is it an id: `[A-Za-z0-9._:-]{1,64}`?
pub(super) fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
    !text.is_empty() && text.len() <= ID_LENGTH_MAX && text.bytes().all(allowed)
}

/// An id.
pub(super) fn id<'a>(text: &'a str, place: &str, faults: &mut Faults) -> Option<&'a str> {
    if !is_id(text) {
        faults.push(of_type(place));
        return None;
    }
    Some(text)
}

/// The number of a ground or case, which an office writes as it likes (汐児8-204): one line of at most 64 characters.
pub(super) fn number<'a>(text: &'a str, place: &str, faults: &mut Faults) -> Option<&'a str> {
    if text.contains('\n') || text.chars().count() > NUMBER_LENGTH_MAX {
        faults.push(of_type(place));
        return None;
    }
    Some(text)
}

/// A moment with its offset.
pub(super) fn moment(text: &str, place: &str, faults: &mut Faults) -> Option<Time> {
    // `2026-06-03T09:12:00+09:00`: the parser takes more forms than the format has.
    let form = text.as_bytes().get(10) == Some(&b'T') && text.len() >= "2026-06-03T09:12:00Z".len();
    let read = if form { Time::parse_rfc3339(text) } else { None };
    if read.is_none() {
        faults.push(of_time(place));
    }
    read
}

/// A date without time zone.
pub(super) fn date(text: &str, place: &str, faults: &mut Faults) -> Option<Day> {
    let read = if text.len() == "2026-06-03".len() { Day::from_str(text).ok() } else { None };
    if read.is_none() {
        faults.push(of_time(place));
    }
    read
}

/// A date of birth.
pub(super) fn birth_date(text: &str, place: &str, faults: &mut Faults) -> Option<Day> {
    let born = date(text, place, faults)?;
    if born.year() < BIRTH_YEAR_MIN {
        faults.push(of_time(place));
        return None;
    }
    Some(born)
}

/// A word of a closed set.
pub(super) fn word<T: FromStr>(text: &str, place: &str, faults: &mut Faults) -> Option<T> {
    let read = text.parse().ok();
    if read.is_none() {
        faults.push(Diagnostic::error(
            "CG-E004",
            place,
            "コード表にない値です。",
            "Not one of the values of the code set.",
        ));
    }
    read
}

/// One of these words.
pub(super) fn one_of<'a>(text: &'a str, words: &[&str], place: &str, faults: &mut Faults) -> Option<&'a str> {
    if !words.contains(&text) {
        faults.push(Diagnostic::error(
            "CG-E004",
            place,
            "コード表にない値です。",
            "Not one of the values of the code set.",
        ));
        return None;
    }
    Some(text)
}

/// A whole number from 0.
pub(super) fn count(text: &str, place: &str, faults: &mut Faults) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let read = if digits { text.parse().ok() } else { None };
    if read.is_none() {
        faults.push(of_type(place));
    }
    read
}

/// `true` or `false`.
pub(super) fn yes_no(text: &str, place: &str, faults: &mut Faults) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => {
            faults.push(of_type(place));
            None
        }
    }
}

/// A municipality code.
pub(super) fn municipality(text: &str, place: &str, faults: &mut Faults) -> Option<Municipality> {
    let read = Municipality::new(text).ok();
    if read.is_none() {
        faults.push(musubi_core::japan::Problem::NotAMunicipality.at(place));
    }
    read
}

fn of_type(place: &str) -> Diagnostic {
    Diagnostic::error("CG-E004", place, "値の形式が違います。", "The value is not of its type.")
}

fn of_time(place: &str) -> Diagnostic {
    Diagnostic::error(
        "CG-E005",
        place,
        "日時は時差付き(2026-06-03T09:12:00+09:00)、日付は時差なし(2026-06-03)で、実在する日を書いてください。",
        "Write a date and time with its offset, a date without, and a day that exists.",
    )
}

//! What was read, as values of the schema.

use musubi_core::japan::PartialDate;
use musubi_core::japan::contact::Sex;
use musubi_core::japan::times::Moment;
use musubi_core::japan::{names, text};
use musubi_proto::v1 as proto;

/// A date with the precision that it was given.
pub fn date(date: PartialDate) -> proto::Date {
    proto::Date { year: i32::from(date.year), month: date.month.map(i32::from), day: date.day.map(i32::from) }
}

/// A date and, where it is known, the time; seconds only where there are some.
pub fn date_time(moment: Moment) -> proto::DateTime {
    let time = moment.time;
    proto::DateTime {
        date: Some(date(moment.date)),
        hour: time.map(|t| i32::from(t.hour())),
        minute: time.map(|t| i32::from(t.minute())),
        second: time.map(|t| i32::from(t.second())).filter(|second| *second > 0),
    }
}

/// A date as a date and time.
pub fn day(of: PartialDate) -> proto::DateTime {
    proto::DateTime { date: Some(date(of)), ..proto::DateTime::default() }
}

/// A measured value in a unit of UCUM.
pub fn quantity(value: String, unit: &str) -> proto::Quantity {
    proto::Quantity { value, unit: unit.to_owned(), comparator: String::new() }
}

/// A name as it was received; split only where the sender split it, and marked where it is no name yet.
pub fn name(raw: &str, representation: proto::NameRepresentation) -> proto::HumanName {
    let parts = names::split(raw);
    let shown = if names::is_provisional(raw) { proto::NameUse::Provisional } else { proto::NameUse::Unspecified };
    let (family, given) = parts.map_or_else(Default::default, |parts| (parts.family, parts.given));
    proto::HumanName { representation: representation.into(), r#use: shown.into(), text: raw.to_owned(), family, given }
}

/// Is the kana name written in kana (`JP-W301` otherwise)?
pub fn is_kana(raw: &str) -> bool {
    text::check_kana(&text::display_name(raw)).is_ok()
}

/// Sex in the schema's numbers.
pub fn sex(sex: Sex) -> proto::Sex {
    match sex {
        Sex::Male => proto::Sex::Male,
        Sex::Female => proto::Sex::Female,
        Sex::Unknown | Sex::NotApplicable => proto::Sex::Unknown,
    }
}

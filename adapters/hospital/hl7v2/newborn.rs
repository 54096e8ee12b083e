//! The newborn's own values: weight, length, head, Apgar, gestational age, in one entry with the child alone.

use super::super::concepts::{self, Concept, FIELDS_OF_NEWBORN, WEIGHT_HARD_GRAMS};
use super::message::Segment;
use super::reader::Reader;
use super::results::{self, Context, WRONG_PERSON};
use super::times::{self, Stamp};
use super::types;
use musubi_core::japan::gestation;
use musubi_proto::v1 as proto;
use proto::Category;
use proto::entry::Body;

/// What a group of results tells about the newborn.
#[derive(Default)]
pub(super) struct Values {
    newborn: proto::Newborn,
    /// Where the first of them stands.
    path: Option<String>,
    /// Has any of them a value?
    valued: bool,
    /// Fields whose values are taken back, and why the first of them is.
    cleared: Vec<&'static str>,
    reason: &'static str,
    weeks: Option<i64>,
    days: Option<i64>,
}

/// Reads one value.
pub(super) fn value(reader: &mut Reader<'_>, obx: Segment<'_>, concept: Concept, values: &mut Values) {
    values.path.get_or_insert_with(|| reader.place(obx));
    values.valued = true;
    reader.mapped(obx, 3, "newborn");
    let newborn = &mut values.newborn;
    match concept {
        Concept::BirthWeight => {
            reader.mapped(obx, 5, "newborn.birth_weight");
            newborn.birth_weight = birth_weight(reader, obx);
        }
        Concept::BirthLength => {
            reader.mapped(obx, 5, "newborn.birth_length");
            newborn.birth_length = length(reader, obx, concept);
        }
        Concept::HeadCircumference => {
            reader.mapped(obx, 5, "newborn.head_circumference");
            newborn.head_circumference = length(reader, obx, concept);
        }
        Concept::Apgar(minute) => {
            reader.mapped(obx, 5, "newborn.apgar");
            reader.mapped(obx, 6, "newborn.apgar");
            let value = results::score(reader, obx, concept.score_max().unwrap_or_default());
            match minute {
                1 => newborn.apgar_1 = value,
                5 => newborn.apgar_5 = value,
                _ => newborn.apgar_10 = value,
            }
        }
        Concept::GestationalAge => gestational_age(reader, obx, values),
        _ => {}
    }
}

/// Takes one value back (OBX-11 D or W): the others stay as they were said.
pub(super) fn take_back(reader: &mut Reader<'_>, obx: Segment<'_>, concept: Concept, values: &mut Values) {
    values.path.get_or_insert_with(|| reader.place(obx));
    reader.mapped(obx, 3, "cleared");
    if values.cleared.is_empty() {
        values.reason = results::withdrawn_as(obx);
    }
    values.cleared.extend(concept.field_of_newborn());
}

fn birth_weight(reader: &mut Reader<'_>, obx: Segment<'_>) -> Option<proto::Quantity> {
    let unit = types::unit(reader.take(obx, 6, "newborn.birth_weight").first());
    let read = types::quantity(obx.field(5).first(), &*obx.value(2) == "SN").filter(|read| read.comparator.is_empty());
    let grams = read.and_then(|read| concepts::grams(&read.value, &unit));
    let (least, most) = WEIGHT_HARD_GRAMS;
    let Some(grams) = grams.filter(|grams| (least..=most).contains(grams)) else {
        let place = reader.field_place(obx, 5);
        reader.error(
            "H006",
            place,
            "出生体重の値または単位があり得ません。",
            "This birth weight or its unit is impossible.",
        );
        return None;
    };
    let value = grams.to_string();
    results::check_usual(reader, obx, Concept::BirthWeight, &value);
    Some(proto::Quantity { value, unit: "g".to_owned(), comparator: String::new() })
}

fn length(reader: &mut Reader<'_>, obx: Segment<'_>, concept: Concept) -> Option<proto::Quantity> {
    let written = types::unit(reader.take(obx, 6, "newborn.length").first());
    let read = types::quantity(obx.field(5).first(), &*obx.value(2) == "SN");
    let Some(mut read) = read else {
        let place = reader.field_place(obx, 5);
        reader.error("H006", place, "数値ではありません。", "This is not a number.");
        return None;
    };
    read.unit = if written.is_empty() { "cm".to_owned() } else { written };
    if read.unit == "cm" {
        results::check_usual(reader, obx, concept, &read.value);
    }
    Some(read)
}

/// `38w4d` in one OBX, or weeks and days in two.
fn gestational_age(reader: &mut Reader<'_>, obx: Segment<'_>, values: &mut Values) {
    reader.mapped(obx, 5, "newborn.gestation_days");
    match gestation_parts(reader, obx) {
        Some(Parts::Days(days)) => values.days = Some(days),
        Some(Parts::Weeks(weeks)) => values.weeks = Some(weeks),
        None => {
            reader.kept_raw(obx.index());
            let place = reader.field_place(obx, 5);
            reader.warning(
                "H104",
                place,
                "在胎週数を読めないため、原文のまま保管しました。週と日を「NNwNd」の形で送ってください。",
                "The gestational age could not be read and is kept in the raw message; send weeks and days as NNwNd.",
            );
        }
    }
}

enum Parts {
    Weeks(i64),
    Days(i64),
}

fn gestation_parts(reader: &mut Reader<'_>, obx: Segment<'_>) -> Option<Parts> {
    let unit = types::unit(reader.take(obx, 6, "newborn.gestation_days").first());
    let text = obx.value(5);
    let plain = types::number(&text).and_then(|number| number.parse::<i64>().ok());
    match (plain, unit.as_str()) {
        (Some(days), "d") => Some(Parts::Days(days)),
        (Some(weeks), _) => Some(Parts::Weeks(weeks)),
        (None, _) => match gestation::gestation(&text, gestation::Decimal::Unknown) {
            Ok(age) => {
                let (weeks, days) = age.weeks_and_days();
                Some(Parts::Days(i64::from(weeks) * 7 + i64::from(days)))
            }
            Err(_) => impossible_weeks(&text).map(Parts::Weeks),
        },
    }
}

/// A gestational age in the message of the mother: weeks or days as they were written, `39w4d` in days. `None` for what is
/// neither.
pub(super) fn gestation_of_mother(reader: &mut Reader<'_>, obx: Segment<'_>) -> Option<proto::Quantity> {
    let (number, unit, days) = match gestation_parts(reader, obx)? {
        Parts::Weeks(weeks) => (weeks, "wk", weeks.saturating_mul(7)),
        Parts::Days(days) => (days, "d", days),
    };
    // The days beside the weeks may come in a segment of their own.
    if unit == "wk" || !(0..=6).contains(&days) {
        gestation_days(reader, &reader.place(obx), days)?;
    }
    Some(proto::Quantity { value: number.to_string(), unit: unit.to_owned(), comparator: String::new() })
}

/// Weeks that no pregnancy has, but written as weeks: to be refused, not passed over.
fn impossible_weeks(text: &str) -> Option<i64> {
    let (weeks, _) = text.split_once(['w', 'W', '週', '+'])?;
    types::number(weeks)?.parse::<i64>().ok().filter(|weeks| *weeks > GESTATION_WEEKS_HARD)
}

/// Longest gestation in weeks that is not refused; what is usual is 4 to 45.
const GESTATION_WEEKS_HARD: i64 = 50;

/// Writes what was collected.
pub(super) fn finish(reader: &mut Reader<'_>, context: &Context<'_>, values: Values) {
    let key = if context.key.contains("/order/") {
        format!("{}/newborn", context.key)
    } else {
        format!("{}/newborn", context.patient.key)
    };
    let Some(path) = values.path else { return };
    let all = FIELDS_OF_NEWBORN.iter().all(|(_, field)| values.cleared.contains(field));
    if !values.valued && (all || values.reason == WRONG_PERSON) {
        return results::withdrawal(reader, context, key, path, ("newborn", Category::C06Newborn, values.reason));
    }
    let mut newborn = values.newborn;
    let days = match (values.weeks, values.days) {
        (Some(weeks), Some(days @ 0..=6)) => Some(weeks * 7 + days),
        (Some(weeks), _) => Some(weeks * 7),
        (None, days) => days,
    };
    if let Some(days) = days {
        newborn.gestation_days = gestation_days(reader, &path, days);
    }
    let mut at = context.at;
    if let Some(pid) = reader.message.first("PID") {
        let born = times::read(&pid.value(7)).ok().map(|read| read.0);
        newborn.born_at = born.map(Stamp::date_time);
        at = born.or(at);
        newborn.sex = match &*pid.value(8) {
            "M" => Some(proto::Sex::Male.into()),
            "F" => Some(proto::Sex::Female.into()),
            _ => None,
        };
        if &*pid.value(24) == "Y" {
            newborn.birth_order = pid.value(25).parse().ok().filter(|order| (1..=9).contains(order));
        }
    }
    let mut entry = reader.entry(context.patient, key, path, at, Body::Newborn(newborn));
    entry.commissioned = context.commissioned;
    // What a message leaves out stays as its series said before (2.5).
    entry.update = true;
    entry.cleared = values.cleared.into_iter().map(str::to_owned).collect();
    reader.entries.push(entry);
}

fn gestation_days(reader: &mut Reader<'_>, path: &str, days: i64) -> Option<i32> {
    let place = format!("{path}-5");
    if !(1..=GESTATION_WEEKS_HARD * 7).contains(&days) {
        reader.error("H006", place, "あり得ない在胎週数です。", "This gestational age is impossible.");
        return None;
    }
    if !(4 * 7..=45 * 7).contains(&days) {
        reader.warning(
            "H104",
            place,
            "在胎週数が通常の範囲にありません。",
            "The gestational age is outside the usual range.",
        );
    }
    i32::try_from(days).ok()
}

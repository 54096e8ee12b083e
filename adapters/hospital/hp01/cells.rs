//! Cells of a row that more than one of its parts reads.

use crate::table::{At, RowReader, values};
use musubi_core::adapter::Profile;
use musubi_core::japan::contact;
use musubi_core::japan::gestation::{self, Decimal};
use musubi_core::japan::problem::Problem;
use musubi_proto::v1 as proto;
use unicode_normalization::UnicodeNormalization;

/// A number that names somebody or something. Written in full width or with a space behind it, it is the same number.
pub(super) fn number(row: &mut RowReader<'_>, at: At<'_>, most: usize) -> String {
    folded(&row.text_up_to(at, most))
}

/// A number as it is compared: half width, without spaces.
pub(super) fn folded(number: &str) -> String {
    number.nfkc().filter(|letter| !letter.is_whitespace()).collect()
}

/// Refuses a time that has not come yet: what is told has happened.
pub(super) fn past(row: &mut RowReader<'_>, at: At<'_>, profile: &Profile) -> Option<proto::DateTime> {
    let moment = row.moment(at).map(values::date_time)?;
    if order(&moment) > order(&crate::hospital::received(profile)) {
        row.refuse(
            at,
            "H006",
            "未来の日付です。起きた日を書いてください。",
            "This day has not come yet. Write when it happened.",
        );
        return None;
    }
    Some(moment)
}

pub(super) fn identifier(issuer: &str, value: &str) -> proto::Identifier {
    proto::Identifier { issuer: issuer.to_owned(), value: value.to_owned(), kind: "PI".to_owned() }
}

pub(super) fn names(row: &mut RowReader<'_>, written: At<'_>, kana: At<'_>) -> Vec<proto::HumanName> {
    let mut names = Vec::new();
    row.text_up_to(written, 100);
    row.text_up_to(kana, 100);
    if let Some(raw) = row.raw(written) {
        names.push(values::name(raw, proto::NameRepresentation::Ideographic));
    }
    if let Some(raw) = row.raw(kana) {
        if !values::is_kana(raw) {
            row.note(Problem::NotKana.at(row.place_of(kana)));
        }
        names.push(values::name(raw, proto::NameRepresentation::Phonetic));
    }
    names
}

pub(super) fn addresses(row: &mut RowReader<'_>) -> Vec<proto::Address> {
    let text = row.text_up_to("address", 200);
    let address = |text| proto::Address { r#use: "home".to_owned(), text, ..proto::Address::default() };
    Some(text).filter(|text| !text.is_empty()).map(address).into_iter().collect()
}

pub(super) fn phones(row: &mut RowReader<'_>, profile: &Profile) -> Vec<proto::Contact> {
    let Some(cell) = row.raw("phone") else { return Vec::new() };
    let read = contact::phones(cell, profile.area_code.as_deref());
    let place = row.place_of("phone");
    read.warnings.iter().for_each(|problem| row.note(problem.at(place.clone())));
    let phone = |value: String| proto::Contact { system: "phone".to_owned(), r#use: String::new(), value };
    read.value.into_iter().map(phone).collect()
}

/// `38週4日`, `38w4d`, `38+4`, in days.
pub(super) fn gestation(row: &mut RowReader<'_>, at: At<'_>) -> Option<i32> {
    let cell = row.raw(at)?;
    match gestation::gestation(cell, Decimal::Unknown) {
        Ok(age) => {
            let (weeks, days) = age.weeks_and_days();
            Some(i32::from(weeks) * 7 + i32::from(days))
        }
        Err(problem) => {
            row.note(problem.at(row.place_of(at)));
            None
        }
    }
}

/// A whole number from 0 to `most`.
pub(super) fn score(row: &mut RowReader<'_>, at: At<'_>, most: i32) -> Option<i32> {
    let value = row.count(at, &["点"])?;
    if value > most {
        row.refuse(at, "H006", "この項目ではあり得ない値です。", "This value is impossible for this item.");
        return None;
    }
    Some(value)
}

/// `20261030`
pub(super) fn day(at: &proto::DateTime) -> String {
    let date = at.date.unwrap_or_default();
    let parts = [date.month, date.day];
    parts.iter().map_while(|part| *part).fold(format!("{:04}", date.year), |text, part| format!("{text}{part:02}"))
}

pub(super) fn order(at: &proto::DateTime) -> (i32, Option<i32>, Option<i32>) {
    let date = at.date.unwrap_or_default();
    (date.year, date.month, date.day)
}

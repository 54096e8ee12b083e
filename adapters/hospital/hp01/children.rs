//! The children of a row: who each is, the link to the mother, what was measured at birth.

use super::columns::CHILD;
use super::decode::{Sheet, gestation, identifier, names, order as order_of, score};
use crate::table::{At, RowReader, values};
use musubi_core::adapter::Profile;
use musubi_core::japan::contact;
use musubi_proto::v1 as proto;
use proto::SubjectRole;
use proto::entry::Body;

/// Highest Apgar score.
const APGAR_MAX: i32 = 10;
/// Most children of one birth.
const ORDER_MAX: i32 = 9;

/// Identifiers of the children of a row, in order.
pub(super) fn ids(row: &RowReader<'_>) -> Vec<String> {
    let id = |number: &u32| row.text(At::member(CHILD, *number, "id"));
    row.numbers(CHILD).iter().map(id).filter(|id| !id.is_empty()).collect()
}

/// Three entries for each child.
pub(super) fn entries(row: &mut RowReader<'_>, sheet: &Sheet, profile: &Profile) -> Vec<proto::Entry> {
    let numbers = row.numbers(CHILD);
    let several = numbers.len() > 1;
    numbers.into_iter().flat_map(|number| child(row, sheet, profile, number, several)).collect()
}

fn child(row: &mut RowReader<'_>, sheet: &Sheet, profile: &Profile, number: u32, several: bool) -> Vec<proto::Entry> {
    let at = |key: &'static str| At::member(CHILD, number, key);
    row.require(at("id"));
    row.require(at("born_at"));
    let id = row.text_up_to(at("id"), 100);
    if id == sheet.mother {
        row.refuse(at("id"), "H005", "児の患者IDが母と同じです。", "The child's identifier is that of the mother.");
    }
    let born_at = row.moment(at("born_at")).map(values::date_time);
    if born_at.as_ref().is_some_and(|at| order_of(at) > order_of(&super::super::received(profile))) {
        row.refuse(at("born_at"), "H006", "出生日時が未来です。", "The child is born in the future.");
    }
    let sex = sex(row, at("sex"));
    let order = order(row, at("order"), several);
    let details = proto::PersonDetails {
        identifiers: vec![identifier(&sheet.issuer, &id)],
        names: names(row, at("name"), at("name_kana")),
        birth_date: born_at.and_then(|at| at.date),
        birth_time: born_at.filter(|at| at.hour.is_some()),
        sex,
        not_disclosed: sheet.not_disclosed,
        birth_order: order,
        multiple_birth: order.map(|_| true),
        ..proto::PersonDetails::default()
    };
    let of_child = |row: &RowReader<'_>, key: String, body| sheet.entry(row, SubjectRole::Child, &id, key, body);
    let mut person = of_child(row, id.clone(), Body::PersonDetails(details));
    person.update = true;
    let link =
        proto::ParentChild { relationship: "MTH".to_owned(), basis: "HP01".to_owned(), parental_authority: None };
    let mut link = of_child(row, format!("{id}/mother"), Body::ParentChild(link));
    let (role, issuer) = (SubjectRole::Mother.into(), sheet.issuer.clone());
    link.subjects.insert(0, proto::Subject { role, issuer, identifier: sheet.mother.clone() });
    let measured =
        newborn(row, number, proto::Newborn { born_at, sex, birth_order: order, ..proto::Newborn::default() });
    let mut newborn = of_child(row, format!("{id}/newborn"), Body::Newborn(measured));
    newborn.occurred_at = born_at;
    vec![person, link, newborn]
}

fn newborn(row: &mut RowReader<'_>, number: u32, known: proto::Newborn) -> proto::Newborn {
    let at = |key: &'static str| At::member(CHILD, number, key);
    let length = |row: &mut RowReader<'_>, key| {
        row.decimal(at(key), &["cm", "センチ"]).map(|length| values::quantity(length, "cm"))
    };
    let intensive = row.flag(at("nicu"));
    let said = |yes: bool| if yes { proto::YesNo::Yes } else { proto::YesNo::No };
    proto::Newborn {
        birth_weight: row.grams(at("weight")).map(|grams| values::quantity(grams, "g")),
        birth_length: length(row, "length"),
        head_circumference: length(row, "head"),
        gestation_days: gestation(row, at("gestation")),
        apgar_1: score(row, at("apgar_1"), APGAR_MAX),
        apgar_5: score(row, at("apgar_5"), APGAR_MAX),
        apgar_10: score(row, at("apgar_10"), APGAR_MAX),
        intensive_care: intensive.map(|yes| said(yes).into()),
        present_location: row.text_up_to(at("location"), 100),
        ..known
    }
}

fn sex(row: &mut RowReader<'_>, at: At<'_>) -> Option<i32> {
    let cell = row.raw(at)?;
    match contact::sex(cell) {
        Ok(sex) => Some(values::sex(sex).into()),
        Err(problem) => {
            row.note(problem.at(row.place_of(at)));
            None
        }
    }
}

/// Which of several; twins are told apart by it alone.
fn order(row: &mut RowReader<'_>, at: At<'_>, several: bool) -> Option<i32> {
    if several {
        row.require(at);
    }
    let order = row.count(at, &["児", "子"])?;
    if !(1..=ORDER_MAX).contains(&order) {
        row.refuse(at, "H006", "出生順位は1から9までです。", "The birth order is 1 to 9.");
        return None;
    }
    several.then_some(order)
}

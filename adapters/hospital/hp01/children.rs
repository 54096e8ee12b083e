//! The children of a row: who each is, the link to the mother, what was measured at birth.

use super::cells::{folded, gestation, identifier, names, number as number_of, past, score};
use super::columns::CHILD;
use super::decode::Sheet;
use crate::hospital::concepts::{self, Concept, WEIGHT_HARD_GRAMS};
use crate::table::{At, RowReader, values};
use musubi_core::adapter::{Diagnostic, Profile};
use musubi_core::japan::contact;
use musubi_proto::v1 as proto;
use proto::SubjectRole;
use proto::entry::Body;
use std::collections::BTreeMap;

/// Highest Apgar score.
const APGAR_MAX: i32 = 10;
/// What 処理区分 says of a row that takes something back.
const TAKES_BACK: &str = "2";
/// Most children of one birth.
const ORDER_MAX: i32 = 9;

/// Identifiers of the children of a row, in order.
pub(super) fn ids(row: &RowReader<'_>) -> Vec<String> {
    let id = |number: &u32| folded(&row.text(At::member(CHILD, *number, "id")));
    row.numbers(CHILD).iter().map(id).filter(|id| !id.is_empty()).collect()
}

/// Three entries for each child.
pub(super) fn entries(row: &mut RowReader<'_>, sheet: &Sheet, profile: &Profile) -> Vec<proto::Entry> {
    let numbers = row.numbers(CHILD);
    check_apart(row, &numbers, "id", "同じ患者IDの児が2人書かれています。", "Two children have the same identifier.");
    check_apart(
        row,
        &numbers,
        "order",
        "同じ出生順位の児が2人書かれています。",
        "Two children have the same birth order.",
    );
    let several = numbers.len() > 1;
    numbers.into_iter().flat_map(|number| child(row, sheet, profile, number, several)).collect()
}

/// Refuses every row of a child that rows of two mothers name: which of them is right, nobody can tell. A row that takes something
/// back says of nobody whose child it is.
pub(super) fn of_two_mothers(rows: &[RowReader<'_>]) -> Vec<(usize, Diagnostic)> {
    let mut named: BTreeMap<String, Vec<(usize, String, String)>> = BTreeMap::new();
    for (at, row) in
        rows.iter().enumerate().filter(|(_, row)| row.is_aligned() && folded(&row.text("op")) != TAKES_BACK)
    {
        let mother = folded(&row.text("mother_id"));
        for number in row.numbers(CHILD) {
            let id = At::member(CHILD, number, "id");
            let child = folded(&row.text(id));
            if !child.is_empty() && !mother.is_empty() {
                named.entry(child).or_default().push((at, row.place_of(id), mother.clone()));
            }
        }
    }
    let mut found = Vec::new();
    for all in named.values() {
        let Some((first, _, mother)) = all.first() else { continue };
        let Some((second, ..)) = all.iter().find(|(.., another)| another != mother) else { continue };
        for (at, place, of) in all {
            let other = if of == mother { second } else { first };
            let other = rows.get(*other).map_or(0, RowReader::number);
            found.push((*at, of_another_mother(place, other)));
        }
    }
    found
}

fn of_another_mother(place: &str, other: u32) -> Diagnostic {
    Diagnostic::error(
        "H005",
        place,
        format!(
            "同じ児の患者IDが、別の母の行({other}行目)にもあります。どちらの母の児か確かめ、誤っている行を直してください。"
        ),
        format!(
            "Row {other} names the same child under another mother. Check whose child it is, and correct the wrong row."
        ),
    )
}

/// Refuses what two children of a row cannot share, at the second.
fn check_apart(row: &mut RowReader<'_>, numbers: &[u32], key: &'static str, ja: &'static str, en: &'static str) {
    let mut seen = Vec::new();
    for number in numbers {
        let at = At::member(CHILD, *number, key);
        let value = folded(&row.text(at));
        if !value.is_empty() && seen.contains(&value) {
            row.refuse(at, "H005", ja, en);
        }
        seen.push(value);
    }
}

fn child(row: &mut RowReader<'_>, sheet: &Sheet, profile: &Profile, number: u32, several: bool) -> Vec<proto::Entry> {
    let at = |key: &'static str| At::member(CHILD, number, key);
    row.require(at("id"));
    row.require(at("born_at"));
    let id = number_of(row, at("id"), 100);
    if id == sheet.mother {
        row.refuse(at("id"), "H005", "児の患者IDが母と同じです。", "The child's identifier is that of the mother.");
    }
    let born_at = past(row, at("born_at"), profile);
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
    newborn.update = true;
    vec![person, link, newborn]
}

fn newborn(row: &mut RowReader<'_>, number: u32, known: proto::Newborn) -> proto::Newborn {
    let at = |key: &'static str| At::member(CHILD, number, key);
    let length = |row: &mut RowReader<'_>, key, concept| {
        let length = row.decimal(at(key), &["cm", "センチ"])?;
        check_usual(row, at(key), concept, &length);
        Some(values::quantity(length, "cm"))
    };
    let intensive = row.flag(at("nicu"));
    let apgar = ["apgar_1", "apgar_5", "apgar_10"].map(|key| score(row, at(key), APGAR_MAX));
    no_sign_of_life(row, at("apgar_1"), &apgar);
    let [apgar_1, apgar_5, apgar_10] = apgar;
    let said = |yes: bool| if yes { proto::YesNo::Yes } else { proto::YesNo::No };
    proto::Newborn {
        birth_weight: weight(row, at("weight")),
        birth_length: length(row, "length", Concept::BirthLength),
        head_circumference: length(row, "head", Concept::HeadCircumference),
        gestation_days: gestation(row, at("gestation")),
        apgar_1,
        apgar_5,
        apgar_10,
        intensive_care: intensive.map(|yes| said(yes).into()),
        present_location: row.text_up_to(at("location"), 100),
        ..known
    }
}

/// A weight at birth (`formats/hospital.md` 2.11).
fn weight(row: &mut RowReader<'_>, at: At<'_>) -> Option<proto::Quantity> {
    let grams = row.grams(at)?;
    let (_, most) = WEIGHT_HARD_GRAMS;
    if concepts::grams(&grams, "g").is_some_and(|grams| grams > most) {
        row.refuse(at, "H006", "この項目ではあり得ない値です。", "This value is impossible for this item.");
        return None;
    }
    check_usual(row, at, Concept::BirthWeight, &grams);
    Some(values::quantity(grams, "g"))
}

/// Warns of what no newborn usually has: a digit too many, or another unit.
fn check_usual(row: &mut RowReader<'_>, at: At<'_>, concept: Concept, value: &str) {
    let Some((least, most)) = concept.usual() else { return };
    if !value.parse::<f64>().is_ok_and(|value| (least..=most).contains(&value)) {
        row.warn(
            at,
            "H104",
            "通常の範囲にない値です。確かめてください。",
            "This value is outside the usual range; please check it.",
        );
    }
}

/// A child of which every score is 0 is not taken for one that lives: the hospital says which it is.
fn no_sign_of_life(row: &mut RowReader<'_>, at: At<'_>, scores: &[Option<i32>]) {
    let told: Vec<i32> = scores.iter().copied().flatten().collect();
    if told.len() > 1 && told.iter().all(|score| *score == 0) {
        row.refuse(
            at,
            "H006",
            "アプガースコアがすべて0です。死産のときは児の列を空欄にし、分娩の転帰に書いてください。点数の誤りのときは直してください。",
            "Every Apgar score is 0. Of a stillbirth leave the child's columns blank and write the outcome; else correct the scores.",
        );
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

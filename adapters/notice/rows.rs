//! The notice as rows for a spreadsheet: one for each mother and each child.

use super::shared;
use crate::family::{Family, Person, delivery, discharge, newborn};
use crate::markup::visible;
use crate::table::{Formulas, write_csv};
use crate::wording::codes::{self, word};
use crate::wording::dates::japanese_time;
use crate::wording::{
    self, all_coded, coded, is_low_weight, iso_date, iso_moment, joined, person, quantity, rows, sex, weeks, yes_no,
};
use musubi_core::adapter::{Adapter, Direction, EncodeError, Profile, Text};
use musubi_core::japan::charset::{Charset, Unmappable, encode_cp932};
use musubi_core::release::Released;
use musubi_proto::v1 as proto;

/// The notice as a CSV table: CP932 where the receiver's profile says so, else UTF-8 with the mark that Excel needs.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoticeCsv;

impl Adapter for NoticeCsv {
    fn name(&self) -> &'static str {
        "notice-csv"
    }

    fn title(&self) -> Text {
        Text::new("退院連絡票(CSV)", "Discharge notice as a table (CSV)")
    }

    fn direction(&self) -> Direction {
        Direction::Out
    }

    fn encode(&self, released: &Released, profile: &Profile) -> Result<Vec<u8>, EncodeError> {
        let family = Family::of(released);
        let common = Common::of(released);
        let people = family.people.iter().enumerate().filter(|(_, person)| says_something(person));
        let people: Vec<Vec<String>> = people.map(|(at, person)| row(&family, at, person, &common)).collect();
        if people.is_empty() {
            return Err(EncodeError::NothingToSay);
        }
        let mut table = vec![notice_line(released), COLUMNS.map(str::to_owned).to_vec()];
        table.extend(people);
        Ok(encoded(&write_csv(table, Formulas::Neutralised), profile))
    }
}

/// The columns, always all of them and always in this order.
const COLUMNS: [&str; 34] = [
    "区分",
    "氏名",
    "フリガナ",
    "生年月日",
    "性別",
    "母の氏名",
    "連絡先",
    "住所",
    "番号",
    "入院日",
    "退院日",
    "退院予定日",
    "退院先",
    "転帰",
    "診断",
    "依頼事項",
    "分娩日時",
    "分娩方法",
    "出生日時",
    "出生順位",
    "在胎週数",
    "出生体重",
    "低出生体重児届の対象",
    "アプガー1分",
    "アプガー5分",
    "アプガー10分",
    "身長",
    "頭囲",
    "NICU",
    "その他",
    "提供元",
    "利用目的",
    "提供の根拠",
    "提供日時",
];

/// What stands before the column names: the rule for passing on, in a column of its own.
fn notice_line(released: &Released) -> Vec<String> {
    let mut line = vec![String::new(); COLUMNS.len()];
    for (cell, text) in line.iter_mut().zip(["取扱い上の注意", &released.record().notice]) {
        text.clone_into(cell);
    }
    line
}

/// Cells that are the same in every row.
struct Common {
    authors: String,
    purpose: String,
    basis: String,
    at: String,
}

impl Common {
    fn of(released: &Released) -> Self {
        Common {
            authors: shared::authors(released).unwrap_or_default(),
            purpose: wording::purpose(released),
            basis: wording::basis(released).unwrap_or_default(),
            at: japanese_time(released.at()),
        }
    }
}

/// Mothers, children and guardians of whom the table has something to tell.
fn says_something(one: &Person<'_>) -> bool {
    person::name(one).is_some() || one.entries.iter().any(|entry| entry.body.as_ref().and_then(rows).is_some())
}

fn row(family: &Family<'_>, position: usize, one: &Person<'_>, common: &Common) -> Vec<String> {
    let mut cells = who(family, position, one);
    cells.extend(stay(one));
    cells.extend(birth(one));
    cells.push(rest(one));
    let common = [&common.authors, &common.purpose, &common.basis, &common.at].map(|cell| Some(cell.clone()));
    cells.extend(common);
    cells.into_iter().map(|cell| visible(&cell.unwrap_or_default())).collect()
}

/// From 区分 to 番号.
fn who(family: &Family<'_>, position: usize, one: &Person<'_>) -> Vec<Option<String>> {
    let mothers = family.parents_of(position).filter(|link| matches!(link.body.relationship.as_str(), "MTH" | "NMTH"));
    let mothers = mothers.filter_map(|link| family.people.get(link.parent)).filter_map(person::name);
    vec![
        Some(person::heading(one)),
        person::name(one),
        person::kana(one),
        person::birth_date(one).as_ref().and_then(iso_date),
        sex(person::sex_of(one)),
        joined(mothers, "、"),
        person::contacts(one),
        person::addresses(one),
        person::identifiers(one),
    ]
}

/// From 入院日 to 分娩方法, from the latest notice and delivery.
fn stay(one: &Person<'_>) -> Vec<Option<String>> {
    let notice = one.bodies(discharge).pop().map(|(_, notice)| notice);
    let delivery = one.bodies(delivery).pop().map(|(_, delivery)| delivery);
    let at = |moment: Option<&proto::DateTime>| moment.and_then(iso_moment);
    vec![
        at(notice.and_then(|notice| notice.admitted_at.as_ref())),
        at(notice.and_then(|notice| notice.discharged_at.as_ref())),
        at(notice.and_then(|notice| notice.expected_discharge_at.as_ref())),
        crate::wording::rows::destination(notice.and_then(|notice| notice.destination.as_ref())),
        coded(notice.and_then(|notice| notice.outcome.as_ref())),
        notice.and_then(|notice| all_coded(&notice.diagnoses)),
        notice.map(|notice| notice.request.clone()),
        at(delivery.and_then(|delivery| delivery.delivered_at.as_ref())),
        delivery.map(|delivery| word(codes::DELIVERY_METHOD, &delivery.method)),
    ]
}

/// From 出生日時 to NICU.
fn birth(one: &Person<'_>) -> Vec<Option<String>> {
    let newborn = one.newborns().pop();
    let score = |score: Option<i32>| score.map(|score| score.to_string());
    let low = newborn.is_some_and(|newborn| is_low_weight(newborn.birth_weight.as_ref()));
    vec![
        person::birth_time(one).filter(crate::wording::dates::has_time).as_ref().and_then(iso_moment),
        one.birth_order().map(|order| order.to_string()),
        newborn.and_then(|newborn| weeks(newborn.gestation_days)),
        newborn.and_then(|newborn| quantity(newborn.birth_weight.as_ref())),
        low.then(|| "対象".to_owned()),
        newborn.and_then(|newborn| score(newborn.apgar_1)),
        newborn.and_then(|newborn| score(newborn.apgar_5)),
        newborn.and_then(|newborn| score(newborn.apgar_10)),
        newborn.and_then(|newborn| quantity(newborn.birth_length.as_ref())),
        newborn.and_then(|newborn| quantity(newborn.head_circumference.as_ref())),
        newborn.and_then(|newborn| yes_no(newborn.intensive_care)),
    ]
}

/// Labels of the rows that the table has columns for.
const IN_COLUMNS: [&str; 16] = [
    "入院日",
    "退院日",
    "退院予定日",
    "退院先",
    "転帰",
    "診断",
    "依頼事項",
    "分娩日時",
    "分娩方法",
    "在胎週数",
    "出生体重",
    "低体重児届",
    "アプガー",
    "身長",
    "頭囲",
    "NICU入院",
];

/// What has no column, in one cell: `質問票: 合計 7点`.
fn rest(one: &Person<'_>) -> Option<String> {
    let in_columns: Vec<&str> = [
        one.bodies(discharge).pop().map(|(entry, _)| entry),
        one.bodies(delivery).pop().map(|(entry, _)| entry),
        one.bodies(newborn).pop().map(|(entry, _)| entry),
    ]
    .into_iter()
    .flatten()
    .map(|entry| entry.id.as_str())
    .collect();
    let told = one.entries.iter().filter_map(|entry| {
        let (heading, rows) = rows(entry.body.as_ref()?)?;
        let covered = in_columns.contains(&entry.id.as_str());
        let rows = rows.into_iter().filter(|row| !covered || !IN_COLUMNS.contains(&row.label.as_str()));
        let values = joined(rows.map(|row| format!("{} {}", row.label, row.value)), " / ")?;
        Some(format!("{heading}: {values}"))
    });
    joined(told, "\n")
}

fn encoded(text: &str, profile: &Profile) -> Vec<u8> {
    let declared = profile.charset.as_deref().and_then(|label| Charset::from_label(label).ok());
    let written = (declared == Some(Charset::Cp932)).then(|| encode_cp932(text, Unmappable::Geta).ok()).flatten();
    if let Some(written) = written {
        return written.bytes;
    }
    [b"\xEF\xBB\xBF", text.as_bytes()].concat()
}

//! The EPDS of a row: its total, and item 10 apart.

use super::cells::{past, score};
use super::decode::Sheet;
use crate::table::RowReader;
use musubi_core::adapter::Profile;
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// Highest sum and item of the EPDS.
const EPDS_MAX: i32 = 30;
const EPDS_ITEM_MAX: i32 = 3;

/// The screening, where a score is told. A day without a score is not passed over: the row is refused.
pub(super) fn entry(row: &mut RowReader<'_>, sheet: &Sheet, profile: &Profile) -> Option<proto::Entry> {
    let total = score(row, "epds_total".into(), EPDS_MAX);
    let item = score(row, "epds_10".into(), EPDS_ITEM_MAX);
    let answered_on = past(row, "epds_date".into(), profile).and_then(|at| at.date);
    if total.zip(item).is_some_and(|(total, item)| total < item) {
        row.refuse("epds_total", "H006", "合計が項目10より小さくなっています。", "The total is lower than item 10.");
    }
    if row.raw("epds_date").is_some() && row.raw("epds_10").is_none() {
        row.require("epds_total");
    }
    if total.is_none() && item.is_none() {
        return None;
    }
    let body = proto::Screening {
        instrument: "epds".to_owned(),
        answered_on,
        total,
        self_harm_item: item,
        ..proto::Screening::default()
    };
    let key = format!("{}/{}/epds", sheet.mother, sheet.record_id);
    let mut entry = sheet.of_mother(row, key, Body::Screening(body));
    entry.occurred_at = answered_on.map(|date| proto::DateTime { date: Some(date), ..Default::default() });
    Some(entry)
}

//! The EPDS block: what a provider asked a mother, as a screening of its own under C08.

use crate::table::{RowReader, values};
use musubi_core::postnatal::Epds;
use musubi_proto::v1 as proto;

const ITEMS: [&str; Epds::ITEMS] =
    ["epds_1", "epds_2", "epds_3", "epds_4", "epds_5", "epds_6", "epds_7", "epds_8", "epds_9", "epds_10"];
const SCORES: [(i32, u32); 4] = [(0, 0), (1, 1), (2, 2), (3, 3)];
const TOTAL_MAX: i32 = 30;

/// The screening of a row. `None` when nothing of it is filled in.
///
/// Where an item was not answered, the schema's list of items stays empty, since a missing score must not look like
/// nought; item 10 is kept apart, and the total only as the provider wrote it.
pub(super) fn read(row: &mut RowReader<'_>) -> Option<proto::Screening> {
    let answered_on = row.date("epds_date");
    let scores: Vec<Option<u32>> = ITEMS.iter().map(|item| row.code(*item, &SCORES)).collect();
    let total = row.count("epds_total", &["点"]);
    if total.is_some_and(|total| total > TOTAL_MAX) {
        row.refuse("epds_total", "PV-E303", "EPDSの合計は0から30です。", "The EPDS total is 0 to 30.");
    }
    let answered = scores.iter().flatten().count();
    if answered == 0 && total.is_none() {
        return None;
    }
    let scale = Epds { items: scores, total: total.and_then(|total| u32::try_from(total).ok()) };
    if answered > 0 && !scale.total_fits() {
        row.refuse(
            "epds_total",
            "PV-E303",
            "EPDSの合計が各項目の点数の和と一致しません。",
            "The EPDS total is not the sum of its items.",
        );
    }
    let items: Option<Vec<i32>> = scale.items.iter().map(|score| i32::try_from((*score)?).ok()).collect();
    let self_harm = scale.items.last().copied().flatten().and_then(|score| i32::try_from(score).ok());
    let sum = scale.sum().and_then(|sum| i32::try_from(sum).ok());
    Some(proto::Screening {
        instrument: "epds".to_owned(),
        answered_on: answered_on.map(values::date),
        self_harm_item: if items.is_none() { self_harm } else { None },
        items: items.unwrap_or_default(),
        total: total.or(sum),
        ..proto::Screening::default()
    })
}

//! The EPDS: its total, its ten items, and item 10 where it comes apart from the others.

use super::super::concepts::Concept;
use super::message::Segment;
use super::reader::Reader;
use super::results::{self, Context};
use super::times::Stamp;
use musubi_proto::v1 as proto;
use proto::Category;
use proto::entry::Body;
use std::collections::BTreeMap;

/// What a group of results tells of the EPDS.
#[derive(Default)]
pub(super) struct Values {
    items: BTreeMap<u8, i32>,
    /// The segments of items 1 to 9, which count only when all ten are there.
    segments: Vec<usize>,
    total: Option<i32>,
    path: Option<String>,
    /// Where a score was withdrawn, and why.
    pub(super) withdrawn: Option<(String, &'static str)>,
    answered: Option<Stamp>,
}

/// Reads the total or one item.
pub(super) fn value(reader: &mut Reader<'_>, obx: Segment<'_>, concept: Concept, values: &mut Values) {
    values.path.get_or_insert_with(|| reader.place(obx));
    let path = if concept == Concept::EpdsTotal { "screening.total" } else { "screening.items" };
    for field in [3, 5, 6] {
        reader.mapped(obx, field, path);
    }
    let at = reader.stamp(obx, 14, "screening.answered_on");
    values.answered = values.answered.or(at);
    let value = results::score(reader, obx, concept.score_max().unwrap_or_default());
    match (concept, value) {
        (Concept::EpdsTotal, Some(value)) => values.total = Some(value),
        (Concept::EpdsItem(item), Some(value)) => {
            if item != 10 {
                values.segments.push(obx.index());
            }
            values.items.insert(item, value);
        }
        _ => {}
    }
}

/// Items of the form.
const EPDS_ITEMS: usize = 10;

/// Writes what was values.
pub(super) fn finish(reader: &mut Reader<'_>, context: &Context<'_>, values: Values) {
    let key = format!("{}/epds", context.key);
    let Some(path) = values.path else {
        if let Some((path, reason)) = values.withdrawn {
            results::withdrawal(reader, context, key, path, ("screening", Category::C08Mental, reason));
        }
        return;
    };
    let complete = values.items.len() == EPDS_ITEMS;
    let sum: i32 = values.items.values().sum();
    if complete && values.total.is_some_and(|total| total != sum) {
        reader.warning(
            "H008",
            format!("{path}-5"),
            "EPDSの合計が各項目の和と一致しません。両方を保管しました。",
            "The total of the EPDS is not the sum of its items; both were kept.",
        );
    }
    if !complete && !values.segments.is_empty() {
        for index in &values.segments {
            reader.kept_raw(*index);
        }
        reader.warning(
            "H104",
            format!("{path}-5"),
            "EPDSの項目が10個揃っていません。揃わない項目は原文のまま保管しました。",
            "The items of the EPDS are not complete; those are kept in the raw message only.",
        );
    }
    let answered = values.answered.or(context.at).or(reader.header.sent_at);
    let body = Body::Screening(proto::Screening {
        instrument: "epds".to_owned(),
        answered_on: answered.map(Stamp::date),
        self_harm_item: values.items.get(&10).copied().filter(|_| !complete),
        total: values.total.or(complete.then_some(sum)),
        items: if complete { values.items.into_values().collect() } else { Vec::new() },
        ..proto::Screening::default()
    });
    let mut entry = reader.entry(context.patient, key, path, answered, body);
    entry.commissioned = context.commissioned;
    reader.entries.push(entry);
}

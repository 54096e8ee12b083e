//! The EPDS: its total and its items are observations of their own, and belong into one entry for each day.

use crate::hospital::concepts::{self, Concept};
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::reading::Reading;
use crate::json::Node;
use musubi_core::adapter::Diagnostic;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use std::collections::BTreeMap;

/// What was read of one form.
#[derive(Default)]
struct Form {
    total: Option<i32>,
    items: BTreeMap<u8, i32>,
    at: Option<Stamp>,
    place: String,
}

/// Forms by person and day.
#[derive(Default)]
pub(super) struct Collected(BTreeMap<(usize, String), Form>);

/// Items of the form.
const ITEMS: usize = 10;

/// Takes one score.
pub(super) fn score(
    reading: &mut Reading<'_>,
    (person, concept): (usize, Concept),
    node: Node<'_>,
    (score, at): (Option<proto::Quantity>, Option<Stamp>),
    collected: &mut Collected,
) {
    let Some(score) = score else { return };
    let Some(score) = concepts::whole(&score, concept.score_max().unwrap_or_default()) else {
        reading.error_at(
            "H006",
            node,
            "value",
            "EPDSの点数があり得ない値です。合計は0から30、各項目は0から3です。",
            "A score of the EPDS is impossible: the total is 0 to 30, an item 0 to 3.",
        );
        return;
    };
    if let Some(code) = node.first("code") {
        for name in ["@code", "@codeSystem", "@displayName"] {
            code.take(name, "screening");
        }
    }
    let day: String = at.map(Stamp::compact).unwrap_or_default().chars().take(8).collect();
    let form = collected.0.entry((person, day)).or_default();
    if form.place.is_empty() {
        form.place = reading.tree.place(node);
    }
    form.at = form.at.or(at);
    match concept {
        Concept::EpdsItem(item) => _ = form.items.insert(item, score),
        _ => form.total = Some(score),
    }
}

/// Writes the forms. Without all ten, an item counts for nothing but the tenth, which is about harming oneself.
pub(super) fn finish(reading: &mut Reading<'_>, collected: Collected) {
    for ((person, day), form) in collected.0 {
        let Form { total, items, at, place } = form;
        let complete = items.len() == ITEMS;
        let sum: i32 = items.values().sum();
        if complete && total.is_some_and(|total| total != sum) {
            reading.diagnostics.push(Diagnostic::warning(
                "H008",
                place.as_str(),
                "EPDSの合計が各項目の和と一致しません。両方を保管しました。",
                "The total of the EPDS is not the sum of its items; both were kept.",
            ));
        }
        if !complete && items.keys().any(|item| *item != 10) {
            reading.diagnostics.push(Diagnostic::warning(
                "H104",
                place.as_str(),
                "EPDSの項目が10個揃っていません。揃わない項目は原文のまま保管しました。",
                "The items of the EPDS are not complete; those are kept in the raw document only.",
            ));
        }
        let body = Body::Screening(proto::Screening {
            instrument: "epds".to_owned(),
            answered_on: at.or(reading.sent).map(Stamp::date),
            self_harm_item: items.get(&10).copied().filter(|_| !complete),
            total: total.or(complete.then_some(sum)),
            items: if complete { items.into_values().collect() } else { Vec::new() },
            ..proto::Screening::default()
        });
        let key = format!("{}/epds/{day}", reading.key(person));
        let mut entry = reading.entry(person, key, reading.tree.root(), at, body);
        entry.source_path = place;
        reading.push("screening", entry);
    }
}

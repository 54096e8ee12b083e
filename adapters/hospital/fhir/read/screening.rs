//! The EPDS: an Observation of its total with its items as components, or the scores of a questionnaire.

use super::results::{effective, note_code, quantity, recognise};
use crate::hospital::concepts::{self, Concept, Recognised};
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::reading::Reading;
use crate::json::Node;
use musubi_proto::v1 as proto;
use proto::Category;
use proto::entry::Body;

/// What was scored.
#[derive(Default)]
pub(super) struct Scores {
    pub(super) total: Option<i32>,
    /// Number and score of each item.
    pub(super) items: Vec<(u8, i32)>,
    /// A score is none that can be.
    pub(super) impossible: bool,
}

/// The EPDS: its total, and its items as components.
pub(super) fn read(reading: &mut Reading<'_>, person: usize, node: Node<'_>) {
    const PATH: &str = "screening";
    let at = effective(reading, node, "screening.answered_on");
    note_code(node, PATH);
    let written = quantity(node, "screening.total");
    let total = written.as_ref().and_then(|value| concepts::whole(value, 30));
    let mut items: Vec<(u8, i32)> = Vec::new();
    let mut impossible = written.is_some() && total.is_none();
    for component in node.all("component") {
        let Some(item) = item_of(reading, component) else { continue };
        match quantity(component, "screening.items").and_then(|value| concepts::whole(&value, 3)) {
            Some(score) => {
                note_code(component, "screening.items");
                items.push((item, score));
            }
            None => impossible = true,
        }
    }
    epds(reading, person, node, (at, Scores { total, items, impossible }));
}

/// One filled-in form, as an entry.
pub(super) fn epds(reading: &mut Reading<'_>, person: usize, node: Node<'_>, (at, scores): (Option<Stamp>, Scores)) {
    let day = at.map(Stamp::compact).unwrap_or_default();
    let key = format!("{}/epds/{}", reading.key(person), day.get(..8).unwrap_or(&day));
    if node.peek("status") == "entered-in-error" {
        reading.withdraw(person, key, node, "screening", Category::C08Mental);
        return;
    }
    let Scores { total, mut items, impossible } = scores;
    if impossible {
        reading.error(
            "H006",
            node,
            "EPDSの点数があり得ない値です。合計は0から30、各項目は0から3です。",
            "A score of the EPDS is impossible: the total is 0 to 30, an item 0 to 3.",
        );
        return;
    }
    let apart = items.iter().rposition(|(item, _)| *item == 10).filter(|at| *at >= 10 || items.len() < 10);
    let self_harm_item = apart.map(|at| items.remove(at).1);
    items.sort_by_key(|(item, _)| *item);
    let complete = items.iter().map(|(item, _)| *item).eq(1..=10);
    if !complete && !items.is_empty() {
        reading.warning(
            "H104",
            node,
            "EPDSの項目が10個揃っていません。揃わない項目は原文のまま保管しました。",
            "The items of the EPDS are not complete; those are kept in the raw document only.",
        );
    }
    let sum: i32 = items.iter().map(|(_, score)| score).sum();
    if complete && total.is_some_and(|total| total != sum) {
        reading.warning(
            "H008",
            node,
            "EPDSの合計が各項目の和と一致しません。両方を保管しました。",
            "The total of the EPDS is not the sum of its items; both were kept.",
        );
    }
    let body = Body::Screening(proto::Screening {
        instrument: "epds".to_owned(),
        answered_on: at.or(reading.sent).map(Stamp::date),
        items: if complete { items.iter().map(|(_, score)| *score).collect() } else { Vec::new() },
        total: total.or(complete.then_some(sum)),
        self_harm_item,
        ..proto::Screening::default()
    });
    let entry = reading.entry(person, key, node, at, body);
    reading.push("screening", entry);
}

/// Which item of the form a component is: by the peer's code table, or by its words.
fn item_of(reading: &Reading<'_>, component: Node<'_>) -> Option<u8> {
    if let Some(Recognised { concept: Concept::EpdsItem(item), .. }) = recognise(reading, component.first("code")) {
        return Some(item);
    }
    let words = component.first("code")?.peek("text");
    words.strip_prefix("項目")?.parse().ok().filter(|item| (1..=10).contains(item))
}

//! The delivery of a row. A stillborn child is told by the outcome of the delivery, and no child is made of it
//! (`formats/common_japan.md` 5.5).

use super::cells::{day, gestation, past};
use super::columns::{CHILD, METHODS, OUTCOMES};
use super::decode::Sheet;
use crate::table::{RowReader, values};
use musubi_core::adapter::Profile;
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// What is told of a delivery besides its time.
const BESIDE: [&str; 5] = ["gestation", "method", "outcome", "blood_loss", "child_count"];
/// Most blood that is lost, in millilitres; what is more was written in another unit.
const BLOOD_LOSS_MAX: f64 = 10_000.0;

/// The delivery, where its time is told. What is told of it without its time is not passed over: the row is refused.
pub(super) fn entry(row: &mut RowReader<'_>, sheet: &Sheet, profile: &Profile) -> Option<proto::Entry> {
    let delivered_at = past(row, "delivered_at".into(), profile);
    if BESIDE.iter().any(|key| row.raw(*key).is_some()) {
        row.require("delivered_at");
    }
    let outcome = row.code("outcome", &OUTCOMES).unwrap_or_default();
    let child_count = row.count("child_count", &["人", "児"]);
    let body = proto::Delivery {
        delivered_at,
        gestation_days: gestation(row, "gestation".into()),
        method: row.code("method", &METHODS).unwrap_or_default().to_owned(),
        outcome: outcome.to_owned(),
        blood_loss: blood_loss(row),
        child_count,
        ..proto::Delivery::default()
    };
    check_children(row, outcome, child_count);
    let delivered_at = delivered_at?;
    let key = format!("{}/delivery/{}", sheet.mother, day(&delivered_at));
    let mut entry = sheet.of_mother(row, key, Body::Delivery(body));
    entry.occurred_at = Some(delivered_at);
    entry.update = true;
    Some(entry)
}

fn blood_loss(row: &mut RowReader<'_>) -> Option<proto::Quantity> {
    let amount = row.decimal("blood_loss", &["mL", "ml", "cc"])?;
    if amount.parse::<f64>().is_ok_and(|amount| amount > BLOOD_LOSS_MAX) {
        row.refuse(
            "blood_loss",
            "H006",
            "出血量がありえない値です。mLで書いてください。",
            "Not a possible loss of blood. Write millilitres.",
        );
        return None;
    }
    Some(values::quantity(amount, "mL"))
}

/// The children of the row are those that were born alive: never more than were born, and none of a birth without one.
fn check_children(row: &mut RowReader<'_>, outcome: &str, child_count: Option<i32>) {
    let listed = i32::try_from(row.numbers(CHILD).len()).unwrap_or(i32::MAX);
    if child_count.is_some_and(|count| count < listed) {
        row.refuse(
            "child_count",
            "H006",
            "出生児数より多くの児が書かれています。",
            "The row lists more children than were born.",
        );
    }
    let some_alive = outcome == "stillbirth" && child_count.is_some_and(|count| count > listed);
    if !matches!(outcome, "" | "live") && listed > 0 && !some_alive {
        row.refuse(
            "outcome",
            "H006",
            "死産の児は児の列に書かず、分娩の転帰だけに書いてください。ほかに生まれた児がいるときは、出生児数に死産の児も数えてください。",
            "A stillborn child is told by the outcome alone, not in the columns of a child. Where another was born alive, count both.",
        );
    }
}

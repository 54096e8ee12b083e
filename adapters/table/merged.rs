//! Cells that were merged into one: a spreadsheet keeps a value for the first alone, and the others would be read as blank.

use super::header::{Header, Slot, name_of};
use super::layout::Layout;
use super::sheet::{Merged, Sheet};
use musubi_core::adapter::Diagnostic;
use std::collections::BTreeSet;

/// A fault for every row that a merged cell reaches into, by the number of the row: whose value it is, nobody can tell. Of several
/// the leftmost is named. Merged cells in columns that are not read are nobody's affair.
pub(super) fn faults(sheet: &Sheet, layout: &Layout, header: &Header) -> Vec<(u32, Diagnostic)> {
    let mut merged: Vec<(&Merged, Slot)> =
        sheet.merged.iter().filter_map(|one| Some((one, column_of(one, header)?))).collect();
    merged.sort_by_key(|(one, _)| *one.columns.start());
    let mut free: BTreeSet<usize> = (0..sheet.rows.len()).collect();
    let mut found = Vec::new();
    for (one, slot) in merged {
        let rows: Vec<usize> = free.range(one.rows.clone()).copied().collect();
        for row in rows {
            free.remove(&row);
            let number = u32::try_from(row + 1).unwrap_or(u32::MAX);
            found.push((number, fault(number, &name_of(layout, slot), &one.range, layout)));
        }
    }
    found
}

/// The first column that is read among those of a merged cell.
fn column_of(merged: &Merged, header: &Header) -> Option<Slot> {
    let (first, last) = (*merged.columns.start(), *merged.columns.end());
    let slots = header.slots.iter().take(last.saturating_add(1)).skip(first);
    slots.copied().find(|slot| !matches!(slot, Slot::Unknown))
}

fn fault(number: u32, column: &str, range: &str, layout: &Layout) -> Diagnostic {
    let (ja, en) = match layout.groups.first() {
        Some(group) => (
            format!("1件に複数ある項目は、行を分けずに{0}1_…、{0}2_…の列に並べてください。", group.name),
            format!("What one row has several of stands side by side in the columns {0}1_…, {0}2_….", group.name),
        ),
        None => Default::default(),
    };
    Diagnostic::error(
        "PH-E018",
        format!("row {number}, {column}"),
        format!(
            "セルが結合されています({range})。値は最初のセルにしか残りません。結合を解除し、どのセルにも値を入れてください。{ja}"
        ),
        format!("Cells are merged ({range}), and only the first holds the value. Unmerge them and fill in each. {en}")
            .trim_end()
            .to_owned(),
    )
}

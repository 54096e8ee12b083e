//! Which column of the file is which column of the layout.

use super::layout::{Column, Group, Layout};
use musubi_core::adapter::Diagnostic;
use musubi_core::japan::my_number;
use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization;

/// Highest number of a repeated group; more columns than this do not fit in a file anyway.
const GROUP_NUMBER_MAX: u32 = 99;

/// What a column of the file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slot {
    /// A column of the layout, by its position.
    Column(usize),
    /// A member of a repeated group: group, number, member.
    Member(usize, u32, usize),
    /// Something that the layout does not know.
    Unknown,
    /// Individual numbers.
    IndividualNumber,
}

/// The columns of a file, matched.
#[derive(Debug)]
pub(super) struct Header {
    /// One for each column of the file.
    pub(super) slots: Vec<Slot>,
    by_slot: BTreeMap<Slot, usize>,
}

/// A header as it is compared: NFKC, lower case, without spaces and without a unit in brackets.
pub(super) fn key_of(header: &str) -> String {
    let mut depth = 0_usize;
    let mut key = String::new();
    for letter in header.nfkc().filter(|letter| !letter.is_whitespace()) {
        match letter {
            '(' | '[' | '〔' | '【' => depth += 1,
            ')' | ']' | '〕' | '】' => depth = depth.saturating_sub(1),
            _ if depth == 0 => key.extend(letter.to_lowercase()),
            _ => {}
        }
    }
    key
}

impl Header {
    /// Matches the header row.
    ///
    /// # Errors
    /// `PH-E004` for each required column that is absent and for a column that stands twice.
    pub(super) fn matched(cells: &[String], layout: &Layout) -> Result<Self, Vec<Diagnostic>> {
        let names = Names::of(layout);
        let slots: Vec<Slot> = cells.iter().map(|cell| names.slot_of(cell)).collect();
        let mut faults = Vec::new();
        let mut by_slot = BTreeMap::new();
        for (index, slot) in slots.iter().enumerate() {
            let known = matches!(slot, Slot::Column(_) | Slot::Member(..));
            if known && by_slot.insert(*slot, index).is_some() {
                faults.push(Diagnostic::error(
                    "PH-E004",
                    format!("header, {}", name_of(layout, *slot)),
                    "同じ列が2つあります。1つにしてください。",
                    "The column stands twice. Keep one.",
                ));
            }
        }
        let header = Header { slots, by_slot };
        for (position, column) in layout.columns.iter().enumerate() {
            if column.expected && header.index(Slot::Column(position)).is_none() {
                faults.push(Diagnostic::error(
                    "PH-E004",
                    format!("header, {}", column.name),
                    "必須の列がありません。見出しの行を確かめてください。",
                    "A required column is absent. Check the header row.",
                ));
            }
        }
        if faults.is_empty() { Ok(header) } else { Err(faults) }
    }

    /// Where in a row the slot stands.
    pub(super) fn index(&self, slot: Slot) -> Option<usize> {
        self.by_slot.get(&slot).copied()
    }

    /// The numbers under which a group stands in the header, in order.
    pub(super) fn numbers(&self, group: usize) -> Vec<u32> {
        let mut numbers: Vec<u32> = self
            .by_slot
            .keys()
            .filter_map(|slot| match slot {
                Slot::Member(of, number, _) if *of == group => Some(*number),
                _ => None,
            })
            .collect();
        numbers.dedup();
        numbers
    }
}

/// The layout's own names as they are compared, made once for a file.
struct Names {
    columns: Vec<(String, &'static str)>,
    groups: Vec<GroupNames>,
}

struct GroupNames {
    name: String,
    key: &'static str,
    members: Vec<(String, &'static str)>,
}

impl Names {
    fn of(layout: &Layout) -> Self {
        let keys = |columns: &[Column]| columns.iter().map(|column| (key_of(column.name), column.key)).collect();
        let group =
            |group: &Group| GroupNames { name: key_of(group.name), key: group.key, members: keys(group.members) };
        Names { columns: keys(layout.columns), groups: layout.groups.iter().map(group).collect() }
    }

    fn slot_of(&self, cell: &str) -> Slot {
        if my_number::is_header(cell) || my_number::contains(cell) {
            return Slot::IndividualNumber;
        }
        let key = key_of(cell);
        position(&self.columns, &key).map(Slot::Column).or_else(|| self.member_of(&key)).unwrap_or(Slot::Unknown)
    }

    fn member_of(&self, key: &str) -> Option<Slot> {
        self.groups.iter().enumerate().find_map(|(index, group)| {
            let rest = key.strip_prefix(group.name.as_str()).or_else(|| key.strip_prefix(group.key))?;
            let (number, member) = rest.split_once('_')?;
            let number = number.parse().ok().filter(|number| (1..=GROUP_NUMBER_MAX).contains(number))?;
            Some(Slot::Member(index, number, position(&group.members, member)?))
        })
    }
}

fn position(names: &[(String, &'static str)], key: &str) -> Option<usize> {
    names.iter().position(|(name, english)| name == key || *english == key)
}

/// The column's name as diagnostics write it. What the layout does not know is named by nothing that the file says.
pub(super) fn name_of(layout: &Layout, slot: Slot) -> String {
    match slot {
        Slot::Column(position) => {
            layout.columns.get(position).map_or_else(String::new, |column| column.name.to_owned())
        }
        Slot::Member(group, number, member) => {
            let group = layout.groups.get(group);
            let member = group.and_then(|group| group.members.get(member));
            format!("{}{number}_{}", group.map_or("", |g| g.name), member.map_or("", |m| m.name))
        }
        Slot::Unknown => "不明の列".to_owned(),
        Slot::IndividualNumber => "個人番号".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_compared_without_width_spaces_case_and_units() {
        for header in ["体重", "体 重", "体重（g）", "体重(ｇ)", "体重【グラム】", "体\n重"] {
            assert_eq!(key_of(header), "体重", "{header}");
        }
        assert_eq!(key_of("Record_ID"), "record_id");
        assert_eq!(key_of("夜間配置１＿職種"), "夜間配置1_職種");
    }
}

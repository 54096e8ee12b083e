//! What a layout declares about its columns.

/// Path of a column that is known and has no place in the record: it stays in the raw file.
pub const KEPT_RAW: &str = "-";

/// One column of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Japanese name, as the header and every diagnostic write it.
    pub name: &'static str,
    /// English key, accepted in the header as well.
    pub key: &'static str,
    /// Where its value goes in the record; empty for the envelope.
    pub path: &'static str,
    /// Must the column be there, and hold something in every row?
    pub required: bool,
    /// Must the column be there, though a row may leave it blank?
    pub expected: bool,
    /// An identifier: a number that a spreadsheet rounded is refused.
    pub identifier: bool,
}

impl Column {
    /// A column that may be absent.
    pub const fn new(name: &'static str, key: &'static str, path: &'static str) -> Self {
        Column { name, key, path, required: false, expected: false, identifier: false }
    }

    /// The same, needed in every row.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self.expected = true;
        self
    }

    /// The same, needed in the header; a row may leave it blank.
    #[must_use]
    pub const fn expected(mut self) -> Self {
        self.expected = true;
        self
    }

    /// The same, holding an identifier.
    #[must_use]
    pub const fn identifier(mut self) -> Self {
        self.identifier = true;
        self
    }
}

/// Columns that repeat with a number: `夜間配置1_職種`, `夜間配置2_職種`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Japanese name, before the number.
    pub name: &'static str,
    /// English key, before the number.
    pub key: &'static str,
    /// The columns, named after the underscore.
    pub members: &'static [Column],
}

/// The columns of one kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Name of the format: `ph05`.
    pub name: &'static str,
    /// Columns, in any order in the file.
    pub columns: &'static [Column],
    /// Repeated groups.
    pub groups: &'static [Group],
}

/// Repeated groups that a template has room for.
const TEMPLATE_GROUPS: u32 = 3;

/// The header of an empty file to fill in: each column with its name there.
pub(super) fn template_columns(layout: &Layout) -> Vec<(String, Column)> {
    let columns = layout.columns.iter().map(|column| (column.name.to_owned(), *column));
    let repeated = layout.groups.iter().flat_map(|group| {
        let numbered = move |number: u32| {
            let name = move |column: &Column| (format!("{}{number}_{}", group.name, column.name), *column);
            group.members.iter().map(name)
        };
        (1..=TEMPLATE_GROUPS).flat_map(numbered)
    });
    columns.chain(repeated).collect()
}

/// An empty CSV file to fill in, with the mark that Excel needs.
pub fn csv_template(layout: &Layout) -> Vec<u8> {
    let names = template_columns(layout).into_iter().map(|(name, _)| name);
    format!("\u{FEFF}{}", super::write_csv([names], super::Formulas::Neutralised)).into_bytes()
}

/// The columns that several layouts begin with, and those of one layout, as one list of `N`.
///
/// # Panics
/// While compiling, when `N` is not the sum of both.
pub const fn joined<const N: usize>(first: &[Column], second: &[Column]) -> [Column; N] {
    assert!(first.len() + second.len() == N, "N is the number of columns of both lists");
    let mut all = [Column::new("", "", ""); N];
    let mut index = 0;
    while index < N {
        all[index] = if index < first.len() { first[index] } else { second[index - first.len()] };
        index += 1;
    }
    all
}

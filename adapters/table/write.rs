//! CSV out: CRLF, quotes where they are needed, and no cell that a spreadsheet would run (S-75).

use super::damage::{looks_like_formula, without_apostrophe};
use std::borrow::Cow;

/// What becomes of a cell that a spreadsheet would take for a formula.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Formulas {
    /// It gets an apostrophe in front, which reading takes away again.
    #[default]
    Neutralised,
    /// It is written as it is: the receiver's profile says `raw`, since a program reads it.
    Raw,
}

/// A cell that no spreadsheet takes for a formula.
pub fn neutralised(cell: &str) -> Cow<'_, str> {
    if looks_like_formula(cell) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// The cell before it was neutralised.
pub fn restored(cell: &str) -> &str {
    without_apostrophe(cell)
}

/// Rows as CSV text.
pub fn write_csv<R, C>(rows: impl IntoIterator<Item = R>, formulas: Formulas) -> String
where
    R: IntoIterator<Item = C>,
    C: AsRef<str>,
{
    let mut text = String::new();
    for row in rows {
        for (index, cell) in row.into_iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            let cell = cell.as_ref();
            let safe = if formulas == Formulas::Neutralised { neutralised(cell) } else { Cow::Borrowed(cell) };
            push_quoted(&mut text, &safe);
        }
        text.push_str("\r\n");
    }
    text
}

fn push_quoted(text: &mut String, cell: &str) {
    let quoted = cell.contains(['"', ',', '\r', '\n']) || cell.starts_with(' ') || cell.ends_with(' ');
    if quoted {
        text.push('"');
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(cell);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cell_that_would_run_is_neutralised_and_comes_back() {
        for cell in ["=1+1", "+81-90", "-3", "@SUM", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠1", "'=1", "''-x"]
        {
            let safe = neutralised(cell);
            assert_eq!(safe, format!("'{cell}"));
            assert_eq!(restored(&safe), cell);
        }
        for cell in ["", "a=b", "0123", "'quoted'", "令和8年"] {
            assert_eq!(neutralised(cell), cell);
            assert_eq!(restored(cell), cell);
        }
    }

    #[test]
    fn a_receiver_that_asks_for_raw_cells_gets_them() {
        assert_eq!(write_csv([["-3", "a,b"]], Formulas::Raw), "-3,\"a,b\"\r\n");
        assert_eq!(write_csv([["-3", "a\"b"]], Formulas::Neutralised), "'-3,\"a\"\"b\"\r\n");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            rows in prop::collection::vec(prop::collection::vec("[-=+@'a1,\r\n あ＝]{0,6}", 3), 1..5),
        ) {
            let text = write_csv(&rows, Formulas::Neutralised);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let mut read: Vec<Vec<String>> = Vec::new();
            for record in reader.records() {
                let record = record.unwrap();
                prop_assert!(record.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])));
                read.push(record.iter().map(|cell| restored(cell).to_owned()).collect());
            }
            prop_assert_eq!(read, rows);
        }
    }
}

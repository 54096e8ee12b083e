//! Tables as offices send them: CSV in CP932 or UTF-8, read and written, and Excel workbooks, for every layout of rows.
//!
//! A layout declares its columns; this module finds them, mends what spreadsheets break, refuses individual numbers,
//! and gives each row to the layout's own reader. A row that is wrong is refused by itself, with the row and the column
//! named; the rows are counted from the first below the header.

mod answer;
pub mod concern;
mod damage;
mod decode;
mod header;
mod layout;
mod limits;
mod merged;
mod package;
mod reader;
mod sheet;
mod sidecar;
pub mod values;
mod workbook;
mod write;
mod xlsx;

#[cfg(test)]
pub(crate) mod proof;
#[cfg(test)]
mod tests;

pub use answer::{Verdict, answer_file, without_individual_numbers};
pub use decode::{Rows, decode, recognises};
pub use layout::{Column, Group, KEPT_RAW, Layout, csv_template, joined};
pub use limits::{
    BYTES_MAX, CELL_BYTES_MAX, COLUMNS_MAX, INFLATED_BYTES_MAX, INFLATED_RATIO_MAX, PACKAGE_BYTES_MAX, SHEET_ROWS_MAX,
    SHEETS_MAX,
};
pub use reader::{At, RowReader};
pub use sidecar::Sidecar;
pub use workbook::Workbook;
pub use write::{Formulas, neutralised, restored, write_csv};

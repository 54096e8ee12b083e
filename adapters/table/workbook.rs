//! A layout of rows as an Excel workbook: the same columns and the same reader as in CSV.

use super::decode::{Rows, decode_workbook};
use super::header::Header;
use super::layout::Layout;
use super::package::is_package;
use super::xlsx;
use musubi_core::adapter::{Adapter, Decoded, Direction, Profile, Text};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, XlsxError};

/// The format `<layout>-xlsx`.
pub struct Workbook {
    /// Its name.
    pub name: &'static str,
    /// What it is, in Japanese and English.
    pub title: (&'static str, &'static str),
    /// How its rows are read.
    pub rows: &'static dyn Rows,
}

impl Adapter for Workbook {
    fn name(&self) -> &'static str {
        self.name
    }

    fn title(&self) -> Text {
        Text::new(self.title.0, self.title.1)
    }

    fn direction(&self) -> Direction {
        Direction::In
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        let layout = self.rows.layout();
        is_package(bytes)
            && xlsx::read(bytes, Some(layout)).is_ok_and(|sheet| Header::matched(&sheet.header, layout).is_ok())
    }

    fn decode(&self, bytes: &[u8], profile: &Profile) -> Decoded {
        decode_workbook(self.rows, bytes, profile)
    }

    fn template(&self) -> Option<Vec<u8>> {
        template(self.rows.layout()).ok()
    }
}

/// An empty workbook to fill in: the header, and on a second sheet what each column is. Every cell is text, so that
/// no leading zero is lost. The same layout gives the same bytes.
fn template(layout: &Layout) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(2026, 4, 1)?));
    let (text, head) = (Format::new().set_num_format("@"), Format::new().set_bold().set_num_format("@"));
    let sheet = workbook.add_worksheet();
    sheet.set_name(layout.name)?;
    sheet.set_freeze_panes(1, 0)?;
    let columns = super::layout::template_columns(layout);
    for (at, (name, _)) in (0..).zip(&columns) {
        sheet.set_column_format(at, &text)?;
        sheet.set_column_width(at, 16)?;
        sheet.write_string_with_format(0, at, name, &head)?;
    }
    let notes = workbook.add_worksheet();
    notes.set_name(xlsx::NOTES)?;
    for (row, (name, column)) in (0..).zip(&columns) {
        let need = if column.required {
            "必須"
        } else if column.expected {
            "列は必須"
        } else {
            "任意"
        };
        for (at, cell) in (0..).zip([name.as_str(), column.key, need]) {
            notes.write_string(row, at, cell)?;
        }
    }
    workbook.save_to_buffer()
}

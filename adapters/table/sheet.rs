//! A file as cells: decoded, split, within the limits.

use super::limits::{BYTES_MAX, CELL_BYTES_MAX, COLUMNS_MAX, within};
use musubi_core::adapter::{Diagnostic, Profile};
use musubi_core::japan::charset::{self, Charset};
use musubi_core::japan::problem::Problem;
use std::ops::RangeInclusive;

/// The cells of a file as they were written.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// The first row.
    pub(super) header: Vec<String>,
    /// Where it stands in a workbook, from 0.
    pub(super) first_row: usize,
    /// The rows below it; blank ones are kept, so that the numbers stay those of the file.
    pub(super) rows: Vec<Vec<String>>,
    /// The last row may be cut: no line break ends it, or a quotation is open.
    pub(super) last_is_cut: bool,
    /// What the file was written in.
    pub(super) charset: Option<Charset>,
    /// Warnings about the file as a whole.
    pub(super) warnings: Vec<Diagnostic>,
    /// Cells of a workbook that were merged into one.
    pub(super) merged: Vec<Merged>,
}

/// A rectangle of cells of which a spreadsheet keeps one value, in the first.
#[derive(Debug)]
pub(super) struct Merged {
    /// Its rows, counted from the first below the header.
    pub(super) rows: RangeInclusive<usize>,
    pub(super) columns: RangeInclusive<usize>,
    /// As a spreadsheet writes it: `C3:C4`.
    pub(super) range: String,
}

impl Sheet {
    /// Reads a file.
    ///
    /// # Errors
    /// `PH-E008` over a limit, `JP-E1xx` for the character set, `PH-E004` without a header.
    pub(super) fn read(bytes: &[u8], profile: &Profile) -> Result<Self, Diagnostic> {
        within(bytes.len(), BYTES_MAX, "file")?;
        let declared = profile.charset.as_deref().map(Charset::from_label).transpose();
        let read =
            declared.and_then(|declared| charset::decode(bytes, declared)).map_err(|problem| problem.at("file"))?;
        if read.value.text.contains(is_dangerous) {
            return Err(Problem::ControlCharacter.at("file"));
        }
        let mut sheet = Sheet::split(&read.value.text)?;
        sheet.charset = Some(read.value.charset);
        sheet.warnings = read.warnings.into_iter().map(|problem| problem.at("file")).collect();
        Ok(sheet)
    }

    /// Reads a file of either kind, a workbook as if its first sheet held the rows.
    ///
    /// # Errors
    /// As [`Sheet::read`], and what is wrong with a workbook.
    pub(super) fn of_any(bytes: &[u8], profile: &Profile) -> Result<Self, Diagnostic> {
        if super::package::is_package(bytes) { super::xlsx::read(bytes, None) } else { Sheet::read(bytes, profile) }
    }

    /// Splits decoded text into cells (RFC 4180; LF and CRLF).
    fn split(text: &str) -> Result<Self, Diagnostic> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut sheet = Sheet::default();
        let mut record = csv::StringRecord::new();
        let mut last_began = 0;
        let mut header_seen = false;
        while reader.read_record(&mut record).map_err(|_| unreadable())? {
            last_began = record.position().map_or(0, csv::Position::byte);
            within(record.len(), COLUMNS_MAX, "file")?;
            let cells: Vec<String> = record.iter().map(str::to_owned).collect();
            for cell in &cells {
                within(cell.len(), CELL_BYTES_MAX, "file")?;
            }
            if header_seen {
                sheet.rows.push(cells);
            } else {
                sheet.header = cells;
                header_seen = true;
            }
        }
        let last = usize::try_from(last_began).ok().and_then(|began| text.get(began..)).unwrap_or("");
        let open = last.bytes().filter(|byte| *byte == b'"').count() % 2 == 1;
        sheet.last_is_cut = open || !text.ends_with(['\n', '\r']);
        if header_seen { Ok(sheet) } else { Err(unreadable()) }
    }

    /// Rows that hold something.
    pub(super) fn filled(&self) -> usize {
        self.rows.iter().filter(|row| !is_blank(row)).count()
    }
}

/// Nothing but spaces.
pub(super) fn is_blank(row: &[String]) -> bool {
    row.iter().all(|cell| cell.trim().is_empty())
}

/// The header row alone, for recognising a file: its end is found in the bytes, since no CP932 character ends in LF.
pub(super) fn header_of(bytes: &[u8]) -> Option<Vec<String>> {
    let end = bytes.iter().take(CELL_BYTES_MAX).position(|byte| *byte == b'\n')?;
    let line = bytes.get(..=end)?;
    let read = charset::decode(line, None).ok()?;
    Sheet::split(&read.value.text).ok().map(|sheet| sheet.header)
}

/// NUL, and characters that turn the direction of the text around them (S-74).
pub(super) fn is_dangerous(letter: char) -> bool {
    matches!(letter, '\0' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

pub(super) fn unreadable() -> Diagnostic {
    Diagnostic::error("PH-E004", "header", "見出しの行がありません。", "There is no header row.")
}

//! A workbook as cells: the sheet that holds the layout's header, each cell as a clerk would have typed it.
//!
//! Cells are read one by one, so that one far away in an empty sheet costs nothing. Of a formula the value that was kept
//! with it is read; nothing is evaluated.

use super::header::Header;
use super::layout::Layout;
use super::limits::{CELL_BYTES_MAX, COLUMNS_MAX, SHEET_ROWS_MAX, SHEETS_MAX, within};
use super::package::{self, broken};
use super::sheet::{Merged, Sheet};
use calamine::{DataRef, Dimensions, Reader, Xlsx};
use musubi_core::adapter::Diagnostic;
use musubi_core::japan::my_number;
use musubi_core::japan::problem::Problem;
use std::io::Cursor;

/// Reads the first sheet that holds every column that the layout needs, and rows; where none does, the first. Rows in two sheets
/// refuse the file: nobody would know that those of the second were not read.
///
/// # Errors
/// As [`package::check`]; `JP-E721` where another sheet, which nobody looks at, holds an individual number.
pub(super) fn read(bytes: &[u8], layout: Option<&Layout>) -> Result<Sheet, Diagnostic> {
    package::check(bytes)?;
    let mut workbook: Xlsx<Cursor<&[u8]>> = Xlsx::new(Cursor::new(bytes)).map_err(|_| broken())?;
    let names: Vec<String> = workbook.sheet_names();
    within(names.len(), SHEETS_MAX, "file")?;
    let mut sheets = Vec::new();
    for name in &names {
        sheets.push(cells(&mut workbook, name)?);
    }
    let fits = |sheet: &Sheet| layout.is_some_and(|layout| Header::matched(&sheet.header, layout).is_ok());
    let filled = |sheet: &Sheet| fits(sheet) && sheet.filled() > 0;
    let chosen = sheets.iter().position(filled).or_else(|| sheets.iter().position(fits)).unwrap_or(0);
    let also = (1..).zip(&sheets).skip(chosen + 1).find(|(_, sheet)| filled(sheet));
    if let Some((number, _)) = also {
        return Err(second_sheet(number));
    }
    let others = (1..).zip(names.iter().zip(&sheets)).filter(|(number, (name, sheet))| {
        *number != chosen + 1 && *name != NOTES && !(sheet.header.is_empty() && sheet.rows.is_empty())
    });
    let unread: Vec<Diagnostic> = others.map(|(number, _)| unread_sheet(number)).collect();
    for (number, sheet) in (1..).zip(&sheets) {
        let hidden_from_the_reader = number != chosen + 1;
        let mut cells = sheet.rows.iter().flatten().chain(&sheet.header);
        if hidden_from_the_reader && cells.any(|cell| my_number::contains(cell)) {
            return Err(Problem::MyNumberFound.at(format!("sheet {number}")));
        }
    }
    let mut sheet = if chosen < sheets.len() { sheets.swap_remove(chosen) } else { Sheet::default() };
    if let Some(name) = names.get(chosen) {
        sheet.merged = merged(&mut workbook, name, sheet.first_row)?;
    }
    sheet.warnings.extend(unread);
    if sheet.header.is_empty() { Err(super::sheet::unreadable()) } else { Ok(sheet) }
}

/// The cells of a sheet that were merged, as far as they reach below its header.
fn merged(workbook: &mut Xlsx<Cursor<&[u8]>>, name: &str, header: usize) -> Result<Vec<Merged>, Diagnostic> {
    let regions = workbook.merge_cells_by_sheet_name(name).map_err(|_| broken())?;
    let below = regions.into_iter().filter_map(|Dimensions { start, end }| {
        let last = to_usize(end.0).checked_sub(header + 1)?;
        let first = to_usize(start.0).saturating_sub(header + 1);
        // A rectangle that is written the wrong way round is none.
        let is_one = start != end && start.0 <= end.0 && start.1 <= end.1;
        let range = format!("{}:{}", cell_name(start), cell_name(end));
        is_one.then(|| Merged { rows: first..=last, columns: to_usize(start.1)..=to_usize(end.1), range })
    });
    Ok(below.collect())
}

/// A cell as a spreadsheet names it: `AB12`.
fn cell_name((row, column): (u32, u32)) -> String {
    let mut letters = Vec::new();
    let mut rest = u64::from(column) + 1;
    while rest > 0 {
        letters.extend(u8::try_from((rest - 1) % 26).map(|letter| char::from(b'A' + letter)));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect::<String>() + &(u64::from(row) + 1).to_string()
}

/// The sheet of a template that says what each column is.
pub(super) const NOTES: &str = "列の説明";

fn second_sheet(number: usize) -> Diagnostic {
    Diagnostic::error(
        "PH-E017",
        format!("sheet {number}"),
        "この様式の行がほかのシートにもあります。1つのシートにまとめるか、別のファイルにして送ってください。",
        "Rows of this layout stand in another sheet as well. Put them into one sheet, or send each as a file.",
    )
}

fn unread_sheet(number: usize) -> Diagnostic {
    Diagnostic::warning(
        "PH-W004",
        format!("sheet {number}"),
        "このシートは読みません。元のファイルにだけ残します。",
        "This sheet is not read. Kept in the raw file only.",
    )
}

/// Every cell of one sheet. The first row that holds something is the header; rows are counted from there.
fn cells(workbook: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Result<Sheet, Diagnostic> {
    let mut reader = workbook.worksheet_cells_reader(name).map_err(|_| broken())?;
    let mut sheet = Sheet::default();
    let mut first = None;
    while let Some(cell) = reader.next_cell().map_err(|_| broken())? {
        let (row, column) = cell.get_position();
        let text = text_of(cell.get_value());
        if text.is_empty() {
            continue;
        }
        within(text.len(), CELL_BYTES_MAX, "file")?;
        if text.contains(super::sheet::is_dangerous) {
            return Err(Problem::ControlCharacter.at("file"));
        }
        let (row, column) = (to_usize(row), to_usize(column));
        let header = *first.get_or_insert(row);
        let Some(below) = row.checked_sub(header) else { return Err(broken()) };
        within(column + 1, COLUMNS_MAX, "file")?;
        within(below, SHEET_ROWS_MAX, "file")?;
        let cells = match below.checked_sub(1) {
            None => &mut sheet.header,
            Some(at) => {
                if sheet.rows.len() <= at {
                    sheet.rows.resize(at + 1, Vec::new());
                }
                let Some(cells) = sheet.rows.get_mut(at) else { return Err(broken()) };
                cells
            }
        };
        if cells.len() <= column {
            cells.resize(column + 1, String::new());
        }
        if let Some(place) = cells.get_mut(column) {
            *place = text;
        }
    }
    sheet.first_row = first.unwrap_or_default();
    // A sheet has no end of a row: every row is as wide as the header.
    let width = sheet.header.len();
    for row in sheet.rows.iter_mut().filter(|row| row.len() < width) {
        row.resize(width, String::new());
    }
    Ok(sheet)
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// As a clerk would have typed it. A number too long for a spreadsheet to hold is written so that it is seen as rounded.
fn text_of(value: &DataRef<'_>) -> String {
    match value {
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) if number.abs() >= EXACT_BELOW => format!("{number:E}").replace('E', "E+"),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(yes) => if *yes { "1" } else { "0" }.to_owned(),
        DataRef::DateTime(at) if at.is_duration() => format!("{}", at.as_f64()),
        DataRef::DateTime(at) => {
            let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
            let date = format!("{year:04}-{month:02}-{day:02}");
            let on_the_day = at.as_f64() < 1.0;
            match (hour, minute, second) {
                _ if on_the_day => format!("{hour:02}:{minute:02}"),
                (0, 0, 0) => date,
                (_, _, 0) => format!("{date} {hour:02}:{minute:02}"),
                _ => format!("{date} {hour:02}:{minute:02}:{second:02}"),
            }
        }
        DataRef::Error(_) => FORMULA_FAULT.to_owned(),
        DataRef::Empty => String::new(),
    }
}

/// A formula that came to nothing; which of the faults of a spreadsheet it was is of no account.
const FORMULA_FAULT: &str = "#VALUE!";

/// Fifteen digits are all that a spreadsheet keeps of a number.
const EXACT_BELOW: f64 = 1e15;

#[cfg(test)]
#[path = "xlsx_tests.rs"]
mod tests;

//! A whole file: header, rows one by one, and the account of every cell.

use super::concern;
use super::header::{Header, Slot, name_of};
use super::layout::{KEPT_RAW, Layout};
use super::merged;
use super::reader::RowReader;
use super::sheet::{self, Sheet};
use super::sidecar::Sidecar;
use super::xlsx;
use musubi_core::adapter::{Decoded, Diagnostic, Fate, Item, Ledger, Profile, RaisedConcern, Severity};
use musubi_core::japan::problem::Problem;
use musubi_core::record::Submission;
use musubi_proto::v1 as proto;
use std::borrow::Cow;

/// How the rows of one layout become submissions.
pub trait Rows: Sync {
    /// The columns.
    fn layout(&self) -> &'static Layout;

    /// Reads one row. What is wrong with it is noted with the reader; `None` only when something was.
    fn read(&self, row: &mut RowReader<'_>, profile: &Profile) -> Option<proto::Submission>;

    /// What is wrong with rows beside each other, by their position here: each row alone would be right.
    fn beside_each_other(&self, _rows: &[RowReader<'_>]) -> Vec<(usize, Diagnostic)> {
        Vec::new()
    }

    /// Does a row raise a concern, as far as its cells tell?
    fn raises_concern(&self, _row: &RowReader<'_>) -> bool {
        false
    }

    /// The concern of a row that is refused, without the rest of it.
    fn concern(&self, _row: &mut RowReader<'_>, _profile: &Profile) -> Option<proto::Submission> {
        None
    }
}

/// Reads a file of rows. A row that is wrong is refused by itself; a file is refused whole for its character set, its
/// header, its size, its sidecar, or a column of individual numbers.
pub fn decode(rows: &dyn Rows, bytes: &[u8], sidecar: Option<&[u8]>, profile: &Profile) -> Decoded {
    decode_sheet(rows, bytes, Sheet::read(bytes, profile), sidecar, profile)
}

/// Reads a workbook of rows in the same way.
pub(super) fn decode_workbook(rows: &dyn Rows, bytes: &[u8], profile: &Profile) -> Decoded {
    decode_sheet(rows, bytes, xlsx::read(bytes, Some(rows.layout())), None, profile)
}

fn decode_sheet(
    rows: &dyn Rows,
    bytes: &[u8],
    sheet: Result<Sheet, Diagnostic>,
    sidecar: Option<&[u8]>,
    profile: &Profile,
) -> Decoded {
    let layout = rows.layout();
    // A concern in a file that is refused whole is seen by nobody until the file is mended.
    let whole = |mut faults: Vec<Diagnostic>, header: Option<&[String]>| {
        faults.extend(concern::in_a_refused_file(layout, header));
        Decoded { diagnostics: faults, ..Decoded::default() }
    };
    let sheet = match sheet {
        Ok(sheet) => sheet,
        Err(refusal) => return whole(vec![refusal], None),
    };
    let mut about_file = sheet.warnings.clone();
    match sidecar {
        // A workbook that was cut does not open.
        None if super::package::is_package(bytes) => {}
        None => about_file.push(no_sidecar()),
        Some(sidecar) => {
            if let Err(refusal) = Sidecar::check(sidecar, bytes, layout.name, sheet.filled(), profile) {
                return whole(vec![refusal], Some(&sheet.header));
            }
        }
    }
    let header = match Header::matched(&sheet.header, layout) {
        Ok(header) => header,
        Err(faults) => return whole(faults, Some(&sheet.header)),
    };
    if let Some(refusal) = individual_numbers(&sheet, &header) {
        return whole(vec![refusal], Some(&sheet.header));
    }
    about_file.extend(unknown_columns(&header));
    let mut decoded = Decoded { diagnostics: about_file, ..Decoded::default() };
    let last = sheet.rows.len();
    let filled = (1..).zip(&sheet.rows).filter(|(_, cells)| !sheet::is_blank(cells));
    let mut readers: Vec<RowReader<'_>> =
        filled.map(|(number, cells)| RowReader::new(layout, &header, cells, number)).collect();
    for (number, fault) in merged::faults(&sheet, layout, &header) {
        let at = readers.binary_search_by_key(&number, RowReader::number).ok();
        if let Some(row) = at.and_then(|at| readers.get_mut(at)) {
            row.note(fault);
        }
    }
    for (at, fault) in rows.beside_each_other(&readers) {
        if let Some(row) = readers.get_mut(at) {
            row.note(fault);
        }
    }
    for row in readers {
        let (number, cells) = (row.number(), row.cells());
        let cut = sheet.last_is_cut && usize::try_from(number) == Ok(last);
        let item = read_row(rows, row, cut, profile);
        account(&mut decoded.ledger, layout, &header, cells, number, &item);
        decoded.items.push(item);
    }
    decoded
}

/// Does the first line hold every column that the layout needs?
pub fn recognises(layout: &Layout, bytes: &[u8]) -> bool {
    sheet::header_of(bytes).is_some_and(|header| Header::matched(&header, layout).is_ok())
}

fn read_row(rows: &dyn Rows, mut row: RowReader<'_>, cut: bool, profile: &Profile) -> Item {
    let place = row.place();
    if cut {
        row.note(Diagnostic::error(
            "PH-E005",
            place.clone(),
            "最後の行が改行で終わっていません。ファイルが途中で切れていないか確かめてください。",
            "The last row does not end with a line break. Check whether the file was cut.",
        ));
    }
    let aligned = row.check_row(&profile.twelve_digit_columns);
    let mut submission = None;
    if aligned && !cut {
        submission = rows.read(&mut row, profile).and_then(|message| checked(message, &mut row));
    }
    let mut concern = RaisedConcern::None;
    if row.is_refused() {
        submission = None;
        if rows.raises_concern(&row) {
            let read = if aligned && !cut { rows.concern(&mut row, profile) } else { None };
            let alone = read.and_then(|message| Submission::check(message).ok()?.concerns_alone());
            concern = alone.map_or(RaisedConcern::Unreadable, |alone| RaisedConcern::Alone(Box::new(alone)));
        }
    }
    Item { concern, ..Item::new(place, submission, distinct(row.into_found())) }
}

/// One diagnostic for each code and place: a blank value is reported once, whichever check saw it.
fn distinct(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut kept: Vec<Diagnostic> = Vec::with_capacity(found.len());
    for one in found {
        if !kept.iter().any(|known| known.code == one.code && known.place == one.place) {
            kept.push(one);
        }
    }
    kept
}

fn checked(message: proto::Submission, row: &mut RowReader<'_>) -> Option<Submission> {
    Submission::check(message)
        .map_err(|faults| {
            for mut fault in faults {
                fault.place = format!("{}, {}", row.place(), fault.place);
                row.note(fault);
            }
        })
        .ok()
}

fn no_sidecar() -> Diagnostic {
    Diagnostic::warning(
        "PH-W001",
        "file",
        "添付のJSON(件数とハッシュ)がありません。途中で切れたファイルを見分けられません。",
        "No sidecar with row count and hash: a file that was cut cannot be told.",
    )
}

/// A column of individual numbers with anything in it refuses the file (`formats/common_japan.md` 7.4 a).
fn individual_numbers(sheet: &Sheet, header: &Header) -> Option<Diagnostic> {
    let columns = header.slots.iter().enumerate().filter(|(_, slot)| **slot == Slot::IndividualNumber);
    for (index, _) in columns {
        let filled = sheet.rows.iter().filter(|row| row.get(index).is_some_and(|cell| !cell.trim().is_empty())).count();
        let named = sheet.header.get(index).is_some_and(|name| musubi_core::japan::my_number::contains(name));
        if filled > 0 || named {
            return Some(Problem::MyNumberColumn.at(format!("column {}", index + 1)));
        }
    }
    None
}

fn unknown_columns(header: &Header) -> impl Iterator<Item = Diagnostic> {
    let unknown = header.slots.iter().enumerate().filter(|(_, slot)| **slot == Slot::Unknown);
    unknown.map(|(index, _)| {
        Diagnostic::warning(
            "PH-W003",
            format!("column {}", index + 1),
            "この様式にない列です。元のファイルにだけ残します。",
            "A column that the layout does not know. Kept in the raw file only.",
        )
    })
}

/// What became of every cell that holds something.
fn account(ledger: &mut Ledger, layout: &Layout, header: &Header, cells: &[String], number: u32, item: &Item) {
    let first_error = item.diagnostics.iter().find(|found| found.severity == Severity::Error);
    for (index, cell) in cells.iter().enumerate() {
        if cell.trim().is_empty() {
            continue;
        }
        let slot = header.slots.get(index).copied().unwrap_or(Slot::Unknown);
        let (place, path) = match slot {
            Slot::Column(position) => (name_of(layout, slot), layout.columns.get(position).map(|c| c.path)),
            Slot::Member(group, _, member) => {
                let column = layout.groups.get(group).and_then(|group| group.members.get(member));
                (name_of(layout, slot), column.map(|c| c.path))
            }
            Slot::Unknown | Slot::IndividualNumber => (format!("column {}", index + 1), None),
        };
        let fate = match (first_error, path) {
            (Some(error), _) => Fate::Refused(error.code.clone()),
            (None, None | Some(KEPT_RAW)) => Fate::KeptRaw,
            (None, Some("")) => Fate::Envelope,
            (None, Some(path)) => Fate::Mapped(Cow::Borrowed(path)),
        };
        ledger.note(number, &format!("row {number}, {place}"), fate);
    }
}

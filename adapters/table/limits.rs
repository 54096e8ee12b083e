//! What is too big to be read (`security.md` S-70).

use musubi_core::adapter::Diagnostic;

/// Largest file, in bytes: a city's yearly export has a few.
pub const BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most columns: the widest layout, with all its groups, has fewer than a hundred.
pub const COLUMNS_MAX: usize = 200;
/// Longest cell, in bytes of UTF-8: free text is limited to a thousand characters.
pub const CELL_BYTES_MAX: usize = 64 * 1024;

/// Largest workbook, in bytes as it is sent.
pub const PACKAGE_BYTES_MAX: usize = 20 * 1024 * 1024;
/// Most bytes that the parts of a workbook inflate to, together.
pub const INFLATED_BYTES_MAX: usize = 128 * 1024 * 1024;
/// How often a part may be larger than it is sent: cells that repeat reach fifty.
pub const INFLATED_RATIO_MAX: usize = 100;
/// A part up to this size is not judged by its ratio: a style sheet of blanks is small and shrinks well.
pub(super) const SMALL_PART_BYTES: usize = 1024 * 1024;
/// Most parts of a workbook: each sheet has a handful.
pub(super) const PACKAGE_PARTS_MAX: usize = 1_000;
/// Most sheets of a workbook.
pub const SHEETS_MAX: usize = 50;
/// Most rows of a sheet below its header.
pub const SHEET_ROWS_MAX: usize = 200_000;

/// Refuses a number above its limit.
pub(super) fn within(number: usize, most: usize, place: &str) -> Result<(), Diagnostic> {
    if number <= most {
        return Ok(());
    }
    Err(Diagnostic::error(
        "PH-E008",
        place,
        "大きさの上限を超えています。ファイルを分けて送ってください。",
        "Over a size limit. Send it in several files.",
    ))
}

//! What is too big to be read (`security.md` S-70).

use musubi_core::adapter::Diagnostic;

/// Largest file, in bytes: a city's yearly export has a few.
pub const BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most columns: the widest layout, with all its groups, has fewer than a hundred.
pub const COLUMNS_MAX: usize = 200;
/// Longest cell, in bytes of UTF-8: free text is limited to a thousand characters.
pub const CELL_BYTES_MAX: usize = 64 * 1024;

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

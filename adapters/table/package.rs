//! The ZIP around a workbook, looked at before anything in it is read (S-70, S-73): every part is inflated once and
//! counted, and no size that the archive itself states is believed.

use super::limits::{
    INFLATED_BYTES_MAX, INFLATED_RATIO_MAX, PACKAGE_BYTES_MAX, PACKAGE_PARTS_MAX, SMALL_PART_BYTES, within,
};
use musubi_core::adapter::Diagnostic;
use musubi_core::japan::my_number;
use musubi_core::japan::problem::Problem;
use std::collections::BTreeSet;
use std::io::{Cursor, Read};
use zip::ZipArchive;

/// Begins like a ZIP.
pub(super) fn is_package(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Looks at every part.
///
/// # Errors
/// `PH-E008` over a limit, `PH-E014` for what no workbook of ours holds, `JP-E721` for an individual number in a comment.
pub(super) fn check(bytes: &[u8]) -> Result<(), Diagnostic> {
    within(bytes.len(), PACKAGE_BYTES_MAX, "file")?;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| broken())?;
    // The archive's reader keeps one of two parts of a name; the end record counts both.
    if parts_stated(bytes) != Some(archive.len()) {
        return Err(broken());
    }
    within(archive.len(), PACKAGE_PARTS_MAX, "file")?;
    let (mut inflated, mut places) = (0, BTreeSet::new());
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|_| broken())?;
        let name = part.name().map_err(|_| broken())?.into_owned();
        if part.encrypted() || part.is_symlink() || !is_plain(&name) {
            return Err(broken());
        }
        if is_active(&name) {
            return Err(active());
        }
        let start = part.data_start().ok_or_else(broken)?;
        places.insert((start, start.saturating_add(part.compressed_size())));
        let compressed = usize::try_from(part.compressed_size()).unwrap_or(usize::MAX);
        let keep = name.contains("comments");
        let (length, text) = inflate(&mut part, INFLATED_BYTES_MAX - inflated, keep)?;
        inflated += length;
        if length > SMALL_PART_BYTES {
            within(length / compressed.max(1), INFLATED_RATIO_MAX, "file")?;
        }
        if keep && my_number::contains(&without_marks(&text)) {
            return Err(Problem::MyNumberFound.at("comments"));
        }
    }
    let overlap = places.iter().zip(places.iter().skip(1)).any(|(one, next)| one.1 > next.0);
    if overlap || places.len() != archive.len() { Err(broken()) } else { Ok(()) }
}

/// Reads a part to its end or to the limit. What was read is kept where somebody asks for it.
fn inflate(part: &mut impl Read, most: usize, keep: bool) -> Result<(usize, String), Diagnostic> {
    const STEP: usize = 64 * 1024;
    let (mut buffer, mut kept, mut length) = (vec![0; STEP], Vec::new(), 0);
    loop {
        let count = part.read(&mut buffer).map_err(|_| broken())?;
        if count == 0 {
            return Ok((length, String::from_utf8_lossy(&kept).into_owned()));
        }
        length += count;
        within(length, most, "file")?;
        if keep {
            kept.extend_from_slice(buffer.get(..count).unwrap_or_default());
        }
    }
}

/// How many parts the end record counts.
fn parts_stated(bytes: &[u8]) -> Option<usize> {
    const SIGNATURE: &[u8] = b"PK\x05\x06";
    const COMMENT_MAX: usize = 64 * 1024 + 22;
    let tail = bytes.get(bytes.len().saturating_sub(COMMENT_MAX)..)?;
    let at = tail.windows(4).rposition(|window| window == SIGNATURE)?;
    match tail.get(at + 10..at + 12) {
        Some(&[low, high]) => Some(usize::from(u16::from_le_bytes([low, high]))),
        _ => None,
    }
}

/// A path inside the package, and no package itself.
fn is_plain(name: &str) -> bool {
    let inner = [".zip", ".xlsx", ".xlsm", ".xlsb", ".jar", ".7z"];
    let lower = name.to_ascii_lowercase();
    !name.starts_with(['/', '\\'])
        && !name.contains(['\\', ':', '\0'])
        && !name.split('/').any(|step| step == "..")
        && !inner.iter().any(|ending| lower.ends_with(ending))
}

/// Macros, embedded objects, and links to elsewhere: nothing of it is run, and a file that brings it is not taken.
fn is_active(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let folders = ["externallinks/", "embeddings/", "activex/", "macrosheets/", "dialogsheets/"];
    lower.ends_with("vbaproject.bin")
        || folders.iter().any(|folder| lower.contains(folder))
        || lower.contains("oleobject")
}

/// Text between the tags, so that a number that is cut by one is found.
fn without_marks(xml: &str) -> String {
    let mut text = String::with_capacity(xml.len());
    for piece in xml.split('<') {
        text.push_str(piece.split_once('>').map_or(piece, |(_, after)| after));
    }
    text
}

pub(super) fn broken() -> Diagnostic {
    Diagnostic::error(
        "PH-E014",
        "file",
        "Excelブック(.xlsx)として読めません。表計算ソフトで開き、.xlsxで保存し直してください(パスワードは外してください)。",
        "Not a readable workbook (.xlsx). Open it, save it again as .xlsx, without a password.",
    )
}

fn active() -> Diagnostic {
    Diagnostic::error(
        "PH-E015",
        "file",
        "マクロ、埋め込み、または外部へのリンクを含むブックは受け取れません。値だけのブックにして送ってください。",
        "A workbook with macros, embedded objects or links to other files is not taken. Send one with values only.",
    )
}

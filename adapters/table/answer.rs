//! The answer to a file: its rows again, each with what became of it, for the author alone.

use super::sheet::{Sheet, is_blank};
use super::write::{Formulas, restored, write_csv};
use musubi_core::adapter::{Decoded, Diagnostic, Profile, Severity};
use musubi_core::japan::charset::{self, Charset, Unmappable};

/// Name of the column that is added.
const RESULT: &str = "取込結果";
/// For the municipality alone: the provider is answered as for an accepted row (`formats/provider.md` section 5).
const FOR_THE_MUNICIPALITY: &str = "PV-Q108";
/// A row with what looks like an individual number is not echoed (`formats/common_japan.md` 7.4).
const INDIVIDUAL_NUMBER: &str = "JP-E721";

/// What became of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The row, counted from the first below the header.
    pub row: u32,
    /// Why, or what to look at; any error refuses the row.
    pub diagnostics: Vec<Diagnostic>,
}

impl Verdict {
    /// The verdicts of reading alone, before the hub's own checks are added.
    pub fn of(decoded: &Decoded) -> Vec<Verdict> {
        let row_of = |place: &str| place.strip_prefix("row ").and_then(|number| number.parse().ok());
        let verdicts = decoded
            .items
            .iter()
            .filter_map(|item| Some(Verdict { row: row_of(&item.place)?, diagnostics: item.diagnostics.clone() }));
        verdicts.collect()
    }

    fn holds(&self, code: &str) -> bool {
        self.diagnostics.iter().any(|found| found.code == code)
    }

    /// `受理`, or every code with its sentence.
    fn sentence(&self) -> String {
        let told: Vec<&Diagnostic> = self.diagnostics.iter().filter(|d| d.code != FOR_THE_MUNICIPALITY).collect();
        let worst = told.iter().map(|found| found.severity).max();
        let mut sentence = match worst {
            Some(Severity::Error) => "不受理",
            Some(Severity::Hold) => "確認待ち",
            _ => "受理",
        }
        .to_owned();
        for found in told {
            let column = found.place.split_once(", ").map_or("", |(_, column)| column);
            sentence.push_str(" / ");
            sentence.push_str(&found.code);
            if !column.is_empty() {
                sentence.push_str(&format!(" [{column}]"));
            }
            sentence.push(' ');
            sentence.push_str(&found.text.ja);
        }
        sentence
    }
}

/// A copy of a file's rows with the column 取込結果, in the character set of the file, so that staff can correct and
/// send again. It goes to the author of the file and to nobody else (T1).
///
/// A row with what looks like an individual number comes back blank but for its result. Cells that a spreadsheet would
/// run are neutralised; reading the corrected file takes that away.
///
/// # Errors
/// When the file itself cannot be read; then there are no rows to answer.
pub fn answer_file(source: &[u8], profile: &Profile, verdicts: &[Verdict]) -> Result<Vec<u8>, Diagnostic> {
    let sheet = Sheet::of_any(source, profile)?;
    let previous = sheet.header.iter().position(|name| name.trim() == RESULT);
    let without = |cells: &[String]| -> Vec<String> {
        let kept = cells.iter().enumerate().filter(|(index, _)| Some(*index) != previous);
        kept.map(|(_, cell)| restored(cell).to_owned()).collect()
    };
    let mut rows = vec![with_result(without(&sheet.header), RESULT.to_owned())];
    for (index, cells) in sheet.rows.iter().enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let of_row: Vec<&Verdict> = verdicts.iter().filter(|verdict| verdict.row == number).collect();
        let merged = Verdict { row: number, diagnostics: of_row.iter().flat_map(|v| v.diagnostics.clone()).collect() };
        let cells = without(cells);
        let cells = if merged.holds(INDIVIDUAL_NUMBER) { vec![String::new(); cells.len()] } else { cells };
        let result = if of_row.is_empty() || is_blank(&cells) && !merged.holds(INDIVIDUAL_NUMBER) {
            String::new()
        } else {
            merged.sentence()
        };
        rows.push(with_result(cells, result));
    }
    let text = write_csv(rows, Formulas::Neutralised);
    Ok(encoded(text, sheet.charset))
}

fn with_result(mut cells: Vec<String>, result: String) -> Vec<String> {
    cells.push(result);
    cells
}

/// The file as it may be kept: rows with what looks like an individual number are blank, so that the others keep their
/// numbers. `None` when there is no such row, and the file may be kept as it came; of a file that is changed no hash of
/// the original may stay (`formats/common_japan.md` 7.4).
///
/// # Errors
/// When the file itself cannot be read.
pub fn without_individual_numbers(
    source: &[u8],
    profile: &Profile,
    verdicts: &[Verdict],
) -> Result<Option<Vec<u8>>, Diagnostic> {
    let refused: Vec<u32> = verdicts.iter().filter(|v| v.holds(INDIVIDUAL_NUMBER)).map(|v| v.row).collect();
    if refused.is_empty() {
        return Ok(None);
    }
    let sheet = Sheet::of_any(source, profile)?;
    let rows = sheet
        .rows
        .into_iter()
        .zip(1_u32..)
        .map(|(cells, number)| if refused.contains(&number) { vec![String::new(); cells.len()] } else { cells });
    let text = write_csv(std::iter::once(sheet.header).chain(rows), Formulas::Raw);
    Ok(Some(encoded(text, sheet.charset)))
}

/// In the file's own character set where that loses nothing; UTF-8 gets the mark by which spreadsheets know it.
fn encoded(text: String, charset: Option<Charset>) -> Vec<u8> {
    if charset == Some(Charset::Cp932)
        && let Ok(encoded) = charset::encode_cp932(&text, Unmappable::Refuse)
        && encoded.substituted.is_empty()
    {
        return encoded.bytes;
    }
    format!("\u{feff}{text}").into_bytes()
}

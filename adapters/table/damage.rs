//! What a spreadsheet does to a cell, and how it is undone.

use unicode_normalization::UnicodeNormalization;

/// Characters that make a spreadsheet take a cell for a formula, or that hide one (S-75); the wide forms count too.
const FORMULA_STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Would a spreadsheet take this for a formula, once the apostrophes before it are gone?
pub(super) fn looks_like_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(FORMULA_STARTS)
}

/// The cell without the apostrophe that keeps a spreadsheet from running it.
pub(super) fn without_apostrophe(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if looks_like_formula(rest) => rest,
        _ => cell,
    }
}

/// The cell as it was typed: the apostrophe before a formula's sign removed, `="0123"` unwrapped.
pub(super) fn mended(cell: &str) -> &str {
    let cell = without_apostrophe(cell);
    cell.trim().strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(cell)
}

/// An identifier that became `1.23E+11`: its last digits are lost.
pub(super) fn is_rounded(cell: &str) -> bool {
    let text: String = cell.nfkc().filter(|letter| !letter.is_whitespace()).collect();
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = mantissa.split_once('.').is_none_or(|(whole, part)| digits(whole) && digits(part));
    number && mantissa.starts_with(|c: char| c.is_ascii_digit()) && exponent.strip_prefix('+').is_some_and(digits)
}

/// What a spreadsheet shows where a formula came to nothing, or a column was too narrow for its number.
const FAULTS: [&str; 9] = ["#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#SPILL!", "#CALC!"];

/// Is a cell no value, but what a spreadsheet shows in its place?
pub(super) fn is_fault(cell: &str) -> bool {
    let text: String = cell.nfkc().filter(|letter| !letter.is_whitespace()).collect();
    FAULTS.iter().any(|fault| text.eq_ignore_ascii_case(fault))
        || text.len() > 2 && text.bytes().all(|byte| byte == b'#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_number_is_unwrapped() {
        assert_eq!(mended("=\"0123\""), "0123");
        assert_eq!(mended("=\"\""), "");
        assert_eq!(mended("'=\"0123\""), "0123");
        assert_eq!(mended("=1+1"), "=1+1");
        assert_eq!(mended("'-3"), "-3");
        assert_eq!(mended("'tis"), "'tis");
    }

    #[test]
    fn what_a_spreadsheet_shows_for_no_value_is_seen() {
        for fault in ["#REF!", "#N/A", "＃ＮＡＭＥ？", "#name?", "########"] {
            assert!(is_fault(fault), "{fault}");
        }
        for value in ["", "#", "#1", "REF!", "2F #3"] {
            assert!(!is_fault(value), "{value}");
        }
    }

    #[test]
    fn a_rounded_identifier_is_seen() {
        for rounded in ["1.23E+11", "1E+11", "１．２３Ｅ＋１１"] {
            assert!(is_rounded(rounded), "{rounded}");
        }
        for whole in ["K0098123", "1E11", "E+11", "V-000412", "1.2.3", "", "1.E+11", "AE+11"] {
            assert!(!is_rounded(whole), "{whole}");
        }
    }
}

//! Municipality, institution and insurer codes with their check digits (`formats/common_japan.md` 7.1 to 7.3).

use super::problem::{Problem, Read};
use crate::id::Municipality;
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;

/// The municipality codes that exist, for the repair of five digits. May be empty.
#[derive(Clone, Debug, Default)]
pub struct MunicipalityList(BTreeSet<String>);

impl MunicipalityList {
    /// From six-digit codes; what is no code is left out.
    pub fn new<'a>(codes: impl IntoIterator<Item = &'a str>) -> Self {
        MunicipalityList(codes.into_iter().filter(|code| Municipality::new(*code).is_ok()).map(str::to_owned).collect())
    }

    /// Does the list hold this code?
    pub fn holds(&self, code: &Municipality) -> bool {
        self.0.contains(code.as_str())
    }
}

/// Reads a municipality code (全国地方公共団体コード) of six digits, or mends one of five by the list.
///
/// # Errors
/// [`Problem::NotAMunicipality`], or [`Problem::MunicipalityAmbiguous`] when five digits are two codes.
pub fn municipality(text: &str, list: &MunicipalityList) -> Result<Read<Municipality>, Problem> {
    let digits = digits(text);
    if digits.len() == 6 {
        let code = Municipality::new(digits).map_err(|_| Problem::NotAMunicipality)?;
        let known = list.0.is_empty() || list.holds(&code);
        return Ok(if known { Read::clean(code) } else { Read::warned(code, Problem::MunicipalityUnknown) });
    }
    if digits.len() != 5 {
        return Err(Problem::NotAMunicipality);
    }
    let lost_zero = Municipality::new(format!("0{digits}")).ok().filter(|code| list.holds(code));
    let lost_check = municipality_check(&digits)
        .and_then(|check| Municipality::new(format!("{digits}{check}")).ok())
        .filter(|code| list.holds(code));
    match (lost_zero, lost_check) {
        (Some(one), Some(other)) if one != other => Err(Problem::MunicipalityAmbiguous),
        (Some(code), _) | (None, Some(code)) => Ok(Read::warned(code, Problem::MunicipalityRepaired)),
        (None, None) => Err(Problem::NotAMunicipality),
    }
}

/// Reads a medical institution code (医療機関コード) of ten digits: prefecture, points table, seven digits with a check.
///
/// # Errors
/// [`Problem::NotAnInstitution`].
pub fn institution(text: &str) -> Result<String, Problem> {
    let digits = digits(text);
    let prefecture = digits.get(..2).and_then(|part| part.parse::<u8>().ok()).unwrap_or(0);
    let table = digits.as_bytes().get(2).is_some_and(|table| matches!(table, b'1' | b'3' | b'4' | b'6'));
    let right = digits.len() == 10 && (1..=47).contains(&prefecture) && table && alternating(&digits);
    if right { Ok(digits) } else { Err(Problem::NotAnInstitution) }
}

/// Reads an insurer number (保険者番号) or public-expense number (公費負担者番号): eight digits, or six for national
/// health insurance, which also arrive with two leading zeros.
///
/// # Errors
/// [`Problem::NotAnInsurer`].
pub fn insurer(text: &str) -> Result<String, Problem> {
    let digits = digits(text);
    let digits = match digits.strip_prefix("00") {
        Some(rest) if digits.len() == 8 => rest.to_owned(),
        _ => digits,
    };
    let right = matches!(digits.len(), 6 | 8) && digits.bytes().any(|digit| digit != b'0') && alternating(&digits);
    if right { Ok(digits) } else { Err(Problem::NotAnInsurer) }
}

/// NFKC without spaces and hyphens; anything else but digits gives the empty text.
fn digits(text: &str) -> String {
    let text: String = text
        .nfkc()
        .map(super::dates::fold_hyphen)
        .filter(|letter| !letter.is_whitespace() && *letter != '-')
        .take(32)
        .collect();
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text } else { String::new() }
}

/// The check digit of five digits of a municipality code.
fn municipality_check(digits: &str) -> Option<u32> {
    let sum: Option<u32> = digits.chars().zip([6, 5, 4, 3, 2]).map(|(c, w)| c.to_digit(10).map(|d| d * w)).sum();
    sum.map(|sum| (11 - sum % 11) % 10)
}

/// Is the last digit right by weights 2, 1, 2, 1 … from the right of the others (Luhn)?
fn alternating(digits: &str) -> bool {
    let mut numbers = digits.chars().rev().filter_map(|letter| letter.to_digit(10));
    let Some(check) = numbers.next() else { return false };
    let sum: u32 =
        numbers.zip([2, 1].into_iter().cycle()).map(|(digit, weight)| digit * weight).map(|n| n / 10 + n % 10).sum();
    check == (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn corpus(file: &str) -> Option<String> {
        let folder = std::env::var("MUSUBI_CORPUS").ok()?;
        std::fs::read_to_string(std::path::Path::new(&folder).join("common").join(file)).ok()
    }

    fn list() -> MunicipalityList {
        MunicipalityList::new(["010006", "011002", "131016", "100005", "not a code"])
    }

    fn code(text: &str) -> Result<(String, Vec<Problem>), Problem> {
        municipality(text, &list()).map(|read| (read.value.as_str().to_owned(), read.warnings))
    }

    #[test]
    fn six_digits_are_a_municipality_when_the_check_digit_is_right() {
        assert_eq!(code("011002"), Ok(("011002".to_owned(), vec![])));
        assert_eq!(code("０１１００２"), Ok(("011002".to_owned(), vec![])));
        assert_eq!(code("130001"), Ok(("130001".to_owned(), vec![Problem::MunicipalityUnknown])));
        for wrong in ["011003", "1100", "0110022", "", "札幌市", "01100x"] {
            assert_eq!(code(wrong), Err(Problem::NotAMunicipality), "{wrong}");
        }
    }

    #[test]
    fn five_digits_are_mended_by_the_list() {
        assert_eq!(code("10006"), Ok(("010006".to_owned(), vec![Problem::MunicipalityRepaired])));
        assert_eq!(code("13101"), Ok(("131016".to_owned(), vec![Problem::MunicipalityRepaired])));
        assert_eq!(code("13102"), Err(Problem::NotAMunicipality));
        assert_eq!(municipality("13101", &MunicipalityList::default()), Err(Problem::NotAMunicipality));
    }

    #[test]
    fn five_digits_that_are_two_municipalities_are_held() {
        let both = MunicipalityList::new(["010006", &format!("10006{}", municipality_check("10006").unwrap_or(0))]);
        assert_eq!(municipality("10006", &both), Err(Problem::MunicipalityAmbiguous));
    }

    #[test]
    fn institution_codes_are_checked() {
        assert_eq!(institution("0110113719"), Ok("0110113719".to_owned()));
        assert_eq!(institution("01-1-0113719"), Ok("0110113719".to_owned()));
        for wrong in ["0110113718", "0113719", "4810113719", "", "医療機関"] {
            assert_eq!(institution(wrong), Err(Problem::NotAnInstitution), "{wrong}");
        }
    }

    #[test]
    fn insurer_numbers_are_checked() {
        for right in ["33120015", "54016027"] {
            assert_eq!(insurer(right), Ok(right.to_owned()));
        }
        for wrong in ["33120016", "54016028", "3312001", "", "00000000", "000000"] {
            assert_eq!(insurer(wrong), Err(Problem::NotAnInsurer), "{wrong}");
        }
    }

    #[test]
    fn an_insurer_number_of_national_health_insurance_has_six_digits() {
        let six: Vec<String> =
            (0..10).map(|check| format!("01001{check}")).filter(|text| insurer(text).is_ok()).collect();
        assert_eq!(six.len(), 1);
        for number in six {
            assert_eq!(insurer(&format!("00{number}")), Ok(number));
        }
    }

    #[test]
    fn every_code_of_the_public_list_passes() {
        let Some(text) = corpus("localgovjp-utf8.csv") else {
            println!("MUSUBI_CORPUS not set: the public municipality list was not tried");
            return;
        };
        let codes: Vec<&str> = text.lines().skip(1).filter_map(|line| line.rsplit(',').next()).map(str::trim).collect();
        assert_eq!(codes.len(), 1916);
        let whole = MunicipalityList::new(codes.iter().copied());
        for code in &codes {
            assert_eq!(municipality(code, &whole).map(|read| read.warnings), Ok(vec![]), "{code}");
        }
    }

    #[test]
    fn prefectures_that_lost_their_zero_are_mended() {
        let Some(text) = corpus("prefjp-utf8.csv") else {
            println!("MUSUBI_CORPUS not set: the public prefecture list was not tried");
            return;
        };
        let codes: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split(',').nth(8)).collect();
        assert_eq!(codes.len(), 47);
        let whole: Vec<String> = codes.iter().map(|code| format!("{code:0>6}")).collect();
        let list = MunicipalityList::new(whole.iter().map(String::as_str));
        for (code, whole) in codes.iter().zip(&whole) {
            assert_eq!(
                municipality(code, &list).map(|read| read.value.as_str().to_owned()),
                Ok(whole.clone()),
                "{code}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_stops_the_code_readers(text in "\\PC*") {
            let _ = municipality(&text, &list());
            let _ = institution(&text);
            let _ = insurer(&text);
        }
    }
}

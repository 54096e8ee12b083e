//! Telephone numbers, postal codes, addresses and sex (`formats/common_japan.md` 7.5).

use super::dates::fold_hyphen;
use super::problem::{Problem, Read};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// Sex (性別) in the codes of administrative files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Sex {
    /// 0, not known.
    Unknown,
    /// 1.
    Male,
    /// 2.
    Female,
    /// 9, not applicable.
    NotApplicable,
}

/// Reads `1`, `男`, `女性`, `M`, `female` …
///
/// # Errors
/// [`Problem::NotASex`].
pub fn sex(text: &str) -> Result<Sex, Problem> {
    let key: String = text.nfkc().filter(|letter| !letter.is_whitespace()).collect::<String>().to_lowercase();
    match key.as_str() {
        "1" | "男" | "男性" | "男児" | "男子" | "m" | "male" => Ok(Sex::Male),
        "2" | "女" | "女性" | "女児" | "女子" | "f" | "female" => Ok(Sex::Female),
        "0" | "不明" | "u" | "unknown" => Ok(Sex::Unknown),
        "9" | "適用不能" | "n" => Ok(Sex::NotApplicable),
        _ => Err(Problem::NotASex),
    }
}

/// Reads every telephone number of a cell as digits; what is local gets the area code of the agency's profile.
///
/// A number that cannot be completed is left out with [`Problem::PhoneIncomplete`]; the raw text is kept elsewhere.
pub fn phones(text: &str, area_code: Option<&str>) -> Read<Vec<String>> {
    let text: String = text.nfkc().collect();
    let mut read = Read::clean(Vec::new());
    for part in text.split(['/', '、', ',', ';', '\n']).filter(|part| part.chars().any(|c| c.is_ascii_digit())) {
        match phone(part, area_code) {
            Some(number) if !read.value.contains(&number) => read.value.push(number),
            Some(_) => {}
            None => read.warnings.push(Problem::PhoneIncomplete),
        }
    }
    read
}

/// Reads a postal code (郵便番号) as `NNN-NNNN`.
///
/// # Errors
/// [`Problem::NotAPostalCode`].
pub fn postal_code(text: &str) -> Result<String, Problem> {
    let kept = text.nfkc().map(fold_hyphen).filter(|letter| !letter.is_whitespace() && !matches!(letter, '〒' | '-'));
    let digits: String = kept.collect();
    let right = digits.len() == 7 && digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.split_at_checked(3) {
        Some((area, town)) if right => Ok(format!("{area}-{town}")),
        _ => Err(Problem::NotAPostalCode),
    }
}

/// The key of an address for comparing: its blocks as `1-2-3`, without the building. Never stored for the address or sent.
///
/// Empty when the address names no block: a town alone is shared by too many.
pub fn address_key(text: &str) -> String {
    let text: String = text.nfkc().map(fold_hyphen).collect::<String>().replace("ー", "-");
    let text = chome_digits(&text);
    let text = ["丁目", "番地の", "番地", "番", "号"].iter().fold(text, |text, unit| text.replace(unit, "-"));
    let Some(start) = text.find(|letter: char| letter.is_ascii_digit()) else { return String::new() };
    let (town, blocks) = text.split_at(start);
    let town: String = town.chars().filter(|letter| !letter.is_whitespace()).map(fold_town_letter).collect();
    format!("{town}{}", three_blocks(blocks))
}

fn phone(text: &str, area_code: Option<&str>) -> Option<String> {
    let text = text.split("内線").next().unwrap_or(text);
    let international = text.trim_start().starts_with('+');
    let digits: String = text.chars().filter(char::is_ascii_digit).take(20).collect();
    let digits = match digits.strip_prefix("81") {
        Some(rest) if international => format!("0{}", rest.strip_prefix('0').unwrap_or(rest)),
        None if international => return None,
        _ => digits,
    };
    let whole = if digits.starts_with('0') { digits } else { format!("{}{digits}", local(&digits, area_code)?) };
    let eleven = ["070", "080", "090", "050", "0800"].iter().any(|prefix| whole.starts_with(prefix));
    let right = whole.len() == if eleven { 11 } else { 10 };
    right.then_some(whole)
}

/// The area code, for a local number of five to eight digits.
fn local<'a>(digits: &str, area_code: Option<&'a str>) -> Option<&'a str> {
    let plain = |code: &&str| code.starts_with('0') && code.bytes().all(|byte| byte.is_ascii_digit());
    area_code.filter(plain).filter(|_| (5..=8).contains(&digits.len()))
}

/// Kanji numbers before 丁目 as digits; elsewhere they may be part of a name (三番町).
fn chome_digits(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("丁目") {
        let numeral = |letter: char| "一二三四五六七八九十".contains(letter);
        let name = before.trim_end_matches(numeral);
        out.push_str(name);
        let written = before.get(name.len()..).unwrap_or("");
        match kanji_number(written) {
            Some(number) => out.push_str(&number.to_string()),
            None => out.push_str(written),
        }
        out.push_str("丁目");
        rest = after;
    }
    out.push_str(rest);
    out
}

/// One to ninety-nine in kanji.
fn kanji_number(text: &str) -> Option<usize> {
    let digit = |text: &str| match text {
        "" => None,
        text => {
            let mut letters = text.chars();
            let one = letters.next().and_then(|letter| "一二三四五六七八九".chars().position(|known| known == letter));
            one.filter(|_| letters.next().is_none()).map(|at| at + 1)
        }
    };
    match text.split_once('十') {
        None => digit(text),
        Some((tens, ones)) => {
            let tens = if tens.is_empty() { Some(1) } else { digit(tens) };
            let ones = if ones.is_empty() { Some(0) } else { digit(ones) };
            Some(tens? * 10 + ones?)
        }
    }
}

const fn fold_town_letter(letter: char) -> char {
    match letter {
        'ヶ' | 'ケ' | 'が' | 'ガ' | 'ｹ' | 'ゖ' => 'ケ',
        other => other,
    }
}

/// Up to three numbers joined by hyphens; what follows is a building.
fn three_blocks(text: &str) -> String {
    let mut blocks: Vec<&str> = Vec::new();
    let mut rest = text;
    while blocks.len() < 3 {
        let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        let (block, after) = rest.split_at(end);
        if block.is_empty() {
            break;
        }
        let number = block.trim_start_matches('0');
        blocks.push(if number.is_empty() { "0" } else { number });
        let next = after.trim_start_matches(['-', 'の', 'ノ']);
        if next.len() == after.len() {
            break;
        }
        rest = next;
    }
    blocks.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_telephone_number_is_read_as_digits() {
        let cases = [
            ("03-1234-5678", "0312345678"),
            ("０９０（１２３４）５６７８", "09012345678"),
            ("+81 90-1234-5678", "09012345678"),
            ("+81-(0)3-1234-5678", "0312345678"),
            ("0120-123-456", "0120123456"),
            ("72-3501", "0153723501"),
            ("090-1234-5678（母）", "09012345678"),
            ("03-1234-5678 内線12", "0312345678"),
        ];
        for (text, digits) in cases {
            assert_eq!(phones(text, Some("0153")), Read::clean(vec![digits.to_owned()]), "{text}");
        }
    }

    #[test]
    fn several_numbers_of_a_cell_are_read() {
        let read = phones("03-1234-5678／090-1234-5678、72-3501\n0312345678", None);
        assert_eq!(read.value, ["0312345678", "09012345678"]);
        assert_eq!(read.warnings, [Problem::PhoneIncomplete]);
        assert_eq!(phones("なし", None), Read::clean(vec![]));
    }

    #[test]
    fn a_number_of_wrong_length_is_left_out() {
        for text in ["090-1234-567", "03-1234-56789", "+1 212 555 0100", "72-3501"] {
            let read = phones(text, None);
            assert_eq!((read.value, read.warnings), (vec![], vec![Problem::PhoneIncomplete]), "{text}");
        }
    }

    #[test]
    fn a_postal_code_has_seven_digits() {
        for text in ["〒100-0001", "１００－０００１", "1000001", "100−0001"] {
            assert_eq!(postal_code(text), Ok("100-0001".to_owned()), "{text}");
        }
        for text in ["", "100-001", "10000012", "〒千代田区", "１００-000一"] {
            assert_eq!(postal_code(text), Err(Problem::NotAPostalCode), "{text}");
        }
    }

    #[test]
    fn sex_is_read_in_words_and_codes() {
        for (text, expected) in [
            ("１", Sex::Male),
            ("女", Sex::Female),
            ("F", Sex::Female),
            ("male", Sex::Male),
            ("9", Sex::NotApplicable),
            ("0", Sex::Unknown),
        ] {
            assert_eq!(sex(text), Ok(expected), "{text}");
        }
        assert_eq!(sex("3"), Err(Problem::NotASex));
    }

    #[test]
    fn writings_of_one_address_have_one_key() {
        let key = address_key("桜木市霞が丘二丁目３番４号");
        assert_eq!(key, "桜木市霞ケ丘2-3-4");
        for text in [
            "桜木市霞ヶ丘2-3-4",
            "桜木市　霞ケ丘２丁目３－４",
            "桜木市霞が丘2丁目3番地の4　ハイツ101",
            "桜木市霞が丘2−3−4−101",
            "桜木市霞が丘２ー３ー４ハイツ",
        ] {
            assert_eq!(address_key(text), key, "{text}");
        }
        assert_ne!(address_key("桜木市三番町1"), address_key("桜木市3番町1"));
        assert_eq!(address_key("桜木市十二丁目1"), "桜木市12-1");
        assert_eq!(address_key("桜木市"), "");
    }

    proptest! {
        #[test]
        fn no_text_stops_the_contact_readers(text in any::<String>()) {
            let _ = (phones(&text, Some("03")), postal_code(&text), sex(&text), address_key(&text));
        }

        #[test]
        fn no_address_stops_the_key(text in "[0-9一二十丁目番地の号 ー-]{0,16}") {
            let _ = address_key(&text);
        }
    }
}

//! The individual number (個人番号, My Number) is found so that it can be refused; nothing here returns or keeps one.

use super::dates::fold_hyphen;
use unicode_normalization::UnicodeNormalization;

const LENGTH: usize = 12;
/// Most groups of a run in which three of four digits are looked for: so many as five numbers and a year make. What is longer
/// is a series of measurements, in which one of ten such neighbours has a right check digit.
const GROUPS_MAX: usize = 16;

/// Does the text hold what looks like an individual number (`JP-E721`)?
///
/// Twelve digits, also as three groups of four with hyphens or spaces, not part of a longer run, with a right
/// check digit. One of ten random runs of that length passes too, so this is no proof that it is one.
pub fn contains(text: &str) -> bool {
    may_contain(text) && search(text)
}

/// Could there be twelve digits in it, in any spelling? Cheap, and spares nearly every text the search.
pub fn may_contain(text: &str) -> bool {
    /// Digits that become of one letter: of `⅒` three.
    const OF_ONE_LETTER: usize = 4;
    if text.len() < LENGTH {
        return false;
    }
    let ascii = digits(text.as_bytes());
    if text.is_ascii() || ascii >= LENGTH {
        return ascii >= LENGTH;
    }
    let others = text.chars().filter(|letter| may_become_digits(*letter)).count();
    ascii + others * OF_ONE_LETTER >= LENGTH
}

/// How many digits of ASCII there are; sixteen bytes are asked at once.
fn digits(bytes: &[u8]) -> usize {
    let (steps, rest) = bytes.as_chunks::<16>();
    let of_step = |step: &[u8; 16]| step.map(|byte| u8::from(byte.is_ascii_digit())).iter().sum::<u8>();
    steps.iter().map(|step| usize::from(of_step(step))).sum::<usize>()
        + rest.iter().filter(|b| b.is_ascii_digit()).count()
}

/// Is it a digit in another form (`１`, `①`, `㍘`)? Kana, kanji and their marks are told at once.
fn may_become_digits(letter: char) -> bool {
    match letter {
        '\0'..='\u{7F}' | '\u{3000}'..='〆' | 'ぁ'..='ヿ' | '一'..='\u{9FFF}' => false,
        '\u{3200}'..='\u{33FF}' => true,
        other => other.is_numeric(),
    }
}

fn search(text: &str) -> bool {
    // What is ASCII is its own normal form, and most texts with so many digits are: dates, ids, numbers.
    match text.is_ascii() {
        true => in_letters(text.chars()),
        false => in_letters(text.nfkc().filter(|letter| !is_invisible(*letter)).map(fold_hyphen)),
    }
}

fn in_letters(letters: impl Iterator<Item = char>) -> bool {
    let (mut run, mut found) = (Run::default(), false);
    for letter in letters {
        found |= run.feed(letter);
    }
    run.feed('\n') || found
}

/// Is this the header of a column for individual numbers (`JP-E720`)?
pub fn is_header(text: &str) -> bool {
    let key: String = text.nfkc().filter(|letter| !letter.is_whitespace() && !is_invisible(*letter)).collect();
    let key = key.to_lowercase();
    ["個人番号", "マイナンバー", "特定個人", "mynumber", "my_number", "my-number"].iter().any(|word| key.contains(word))
}

/// Do these twelve digits end with the right check digit?
fn checks(digits: &[u32; LENGTH]) -> bool {
    let [body @ .., check] = digits;
    let weights = (2..=7).chain(2..=6);
    let sum: u32 = body.iter().rev().zip(weights).map(|(digit, weight)| digit * weight).sum();
    let rest = sum % 11;
    *check == if rest <= 1 { 0 } else { 11 - rest }
}

/// The digits seen so far, in the groups in which they were written. Only the last twelve are kept.
#[derive(Default)]
struct Run {
    last: [u32; LENGTH],
    groups: usize,
    /// Digits of the innermost group.
    length: usize,
    /// Groups of four in a row, up to the innermost.
    fours: usize,
    separated: bool,
    /// A group of twelve looks like an individual number, or three neighbours of four do.
    alone: bool,
    grouped: bool,
}

impl Run {
    /// Takes one character; true when the run that it ends looks like an individual number.
    fn feed(&mut self, letter: char) -> bool {
        if let Some(digit) = letter.to_digit(10) {
            self.digit(digit);
            return false;
        }
        if self.length == 0 {
            return false;
        }
        if (letter == '-' || (letter.is_whitespace() && letter != '\n')) && !self.separated {
            self.separated = true;
            return false;
        }
        self.end_group();
        let found = self.alone || (self.grouped && self.groups <= GROUPS_MAX);
        zeroize::Zeroize::zeroize(&mut self.last);
        *self = Run::default();
        found
    }

    fn digit(&mut self, digit: u32) {
        if self.separated {
            self.end_group();
            (self.separated, self.length) = (false, 0);
        }
        self.last.rotate_left(1);
        if let Some(place) = self.last.last_mut() {
            *place = digit;
        }
        self.length += 1;
    }

    fn end_group(&mut self) {
        self.groups += 1;
        self.fours = if self.length == 4 { self.fours + 1 } else { 0 };
        self.alone |= self.length == LENGTH && checks(&self.last);
        self.grouped |= self.fours >= 3 && checks(&self.last);
    }
}

/// Characters that show nothing and could be put between digits to hide them.
const fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{FE00}'..='\u{FE0F}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Eleven digits with the right check digit; put together here so that no such number stands in the tree.
    fn specimen(body: &str, check: &str) -> String {
        [body, check].concat()
    }

    fn grouped(number: &str, mark: &str) -> String {
        let letters: Vec<char> = number.chars().collect();
        letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(mark)
    }

    #[test]
    fn the_published_check_digits_are_found() {
        for (body, right) in [("12345678901", "8"), ("21098765432", "0"), ("11111111111", "8")] {
            for check in 0..10 {
                let check = check.to_string();
                assert_eq!(contains(&specimen(body, &check)), check == right, "{body}");
            }
        }
    }

    #[test]
    fn a_number_is_found_in_every_writing() {
        let number = specimen("12345678901", "8");
        let wide: String = number.chars().filter_map(|c| char::from_u32(c as u32 + 0xFEE0)).collect();
        let texts = [
            format!("番号は{number}です"),
            format!("備考 {wide}"),
            grouped(&number, "-"),
            grouped(&number, " "),
            grouped(&number, "　"),
            grouped(&wide, "－"),
            grouped(&number, "−"),
            grouped(&number, "ー"),
            format!("{}\u{200B}{}", &number[..5], &number[5..]),
            format!("2026-10-19 {number}"),
            format!("2026 {}", grouped(&number, " ")),
            format!("{number}\n1"),
        ];
        for (at, text) in texts.iter().enumerate() {
            assert!(contains(text), "writing {at}");
        }
    }

    #[test]
    fn part_of_a_longer_run_is_no_number() {
        let number = specimen("12345678901", "8");
        let texts = [
            format!("1{number}"),
            format!("{number}0"),
            grouped(&number, "--"),
            grouped(&number, "/"),
            number[..11].to_owned(),
            format!("{}-{}", &number[..5], &number[5..]),
            String::new(),
        ];
        for (at, text) in texts.iter().enumerate() {
            assert!(!contains(text), "writing {at}");
        }
    }

    #[test]
    fn a_long_series_of_measurements_is_no_number() {
        let number = grouped(&specimen("12345678901", "8"), " ");
        let before = |groups: usize| vec!["2048"; groups].join(" ");
        assert!(contains(&format!("{} {number}", before(13))));
        assert!(!contains(&format!("{} {number}", before(14))));
        assert!(contains(&format!("{} {}", before(14), specimen("12345678901", "8"))), "unbroken it is found anywhere");
    }

    #[test]
    fn every_letter_that_becomes_digits_is_counted() {
        for letter in ('\u{80}'..=char::MAX).filter(|letter| letter.nfkc().any(|part| part.is_ascii_digit())) {
            assert!(may_become_digits(letter), "{letter:?}");
        }
    }

    #[test]
    fn the_header_of_an_individual_number_is_known() {
        for header in
            ["個人番号", "母の個人番号", "マイナンバー", "ﾏｲﾅﾝﾊﾞｰ", "特定個人情報", "myNumber", "MY_NUMBER", "個人 番号"]
        {
            assert!(is_header(header), "{header}");
        }
        for header in ["個人", "番号", "受給者番号", "電話番号", "number", ""] {
            assert!(!is_header(header), "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_text_stops_the_detection(text in "\\PC*") {
            let _ = contains(&text);
            let _ = is_header(&text);
        }

        #[test]
        fn no_text_is_spared_the_search_that_holds_one(text in "[0-9０-９①⅒㍢〇一 -]{0,16}", number in any::<bool>()) {
            let text = if number { text + &specimen("12345678901", "8") } else { text };
            prop_assert_eq!(contains(&text), search(&text));
        }

        #[test]
        fn a_number_is_found_wherever_it_stands(before in "[^0-9]{0,8}[あ-ん]", after in "[あ-ん][^0-9]{0,8}") {
            let number = specimen("12345678901", "8");
            let text = format!("{before}{number}{after}");
            prop_assert!(contains(&text));
        }
    }
}

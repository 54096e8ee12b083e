//! What a release says, in Japanese for a person to read: labels, words for codes, dates in both calendars.
//!
//! A row exists only where there is a value, or where the source says why there is none; nothing here says that something
//! was withheld.

pub mod absences;
pub mod codes;
pub mod dates;
pub mod kin;
pub mod kinds;
pub mod person;
pub mod rows;
pub mod state;

pub use dates::{iso_date, iso_moment, japanese_date, japanese_moment};
pub use kinds::title;
pub use rows::{rows, told};

use musubi_core::release::Released;
use musubi_proto::v1 as proto;
use std::borrow::Cow;

/// One line of a notice or a narrative: a label and a value, never without a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub label: String,
    /// The value, as it was released or put into words.
    pub value: String,
    /// Something to act on.
    pub marked: bool,
}

/// Rows in the making.
#[derive(Debug, Default)]
pub struct Rows(Vec<Row>);

impl Rows {
    /// Adds a row if there is a value.
    pub fn add(&mut self, label: &str, value: impl Into<Option<String>>) {
        self.put(label, value.into(), false);
    }

    /// Adds a text as it stands, if there is one.
    pub fn text(&mut self, label: &str, text: &str) {
        self.put(label, Some(text.trim().to_owned()), false);
    }

    /// Adds a row that asks somebody to act, if there is a value.
    pub fn marked(&mut self, label: &str, value: impl Into<Option<String>>) {
        self.put(label, value.into(), true);
    }

    fn put(&mut self, label: &str, value: Option<String>, marked: bool) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.0.push(Row { label: label.to_owned(), value, marked });
        }
    }

    /// Adds rows that are there.
    pub fn extend(&mut self, rows: impl IntoIterator<Item = Row>) {
        self.0.extend(rows);
    }

    /// The rows.
    pub fn into_rows(self) -> Vec<Row> {
        self.0
    }
}

/// Gestational age: 38週4日.
pub fn weeks(days: Option<i32>) -> Option<String> {
    days.filter(|days| *days >= 0).map(|days| format!("{}週{}日", days / 7, days % 7))
}

/// A quantity with its unit: `2,486 g`.
pub fn quantity(quantity: Option<&proto::Quantity>) -> Option<String> {
    let quantity = quantity.filter(|quantity| !quantity.value.is_empty())?;
    let number = grouped(&quantity.value);
    if quantity.unit.is_empty() {
        return Some([quantity.comparator.as_str(), &number].concat());
    }
    Some([quantity.comparator.as_str(), &number, " ", codes::unit(&quantity.unit)].concat())
}

/// A weight in grams, where number and unit say one.
pub fn grams(weight: Option<&proto::Quantity>) -> Option<f64> {
    let weight = weight?;
    let number: f64 = weight.value.parse().ok()?;
    match weight.unit.as_str() {
        "g" => Some(number),
        "kg" => Some(number * 1000.0),
        _ => None,
    }
}

/// Below this a low-weight notice is expected (低体重児の届出; Maternal and Child Health Act art. 18).
pub const LOW_WEIGHT_GRAMS: f64 = 2500.0;

/// Is a low-weight notice expected for this weight? Not when the comparator leaves it open.
pub fn is_low_weight(weight: Option<&proto::Quantity>) -> bool {
    let settled = weight.is_some_and(|weight| matches!(weight.comparator.as_str(), "" | "<" | "<="));
    settled && grams(weight).is_some_and(|grams| grams > 0.0 && grams < LOW_WEIGHT_GRAMS)
}

/// A code in words: what the source displays, else the code.
pub fn coded(coded: Option<&proto::Coded>) -> Option<String> {
    let coded = coded?;
    let shown = if coded.text.is_empty() { &coded.code } else { &coded.text };
    (!shown.is_empty()).then(|| shown.clone())
}

/// Several codes, each on its line.
pub fn all_coded(all: &[proto::Coded]) -> Option<String> {
    joined(all.iter().filter_map(|one| coded(Some(one))), "\n")
}

/// Texts with something between them; nothing for none.
pub fn joined(texts: impl IntoIterator<Item = String>, between: &str) -> Option<String> {
    let texts: Vec<String> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join(between))
}

/// Yes, no, refused, unknown; nothing when nobody said.
pub fn yes_no(answer: Option<i32>) -> Option<String> {
    let word = match proto::YesNo::try_from(answer?).ok()? {
        proto::YesNo::Yes => "はい",
        proto::YesNo::No => "いいえ",
        proto::YesNo::Refused => "回答なし",
        proto::YesNo::Unknown => "不明",
        proto::YesNo::Unspecified => return None,
    };
    Some(word.to_owned())
}

/// The answer that [`yes_no`] has this word for.
pub fn answer_of(word: &str) -> Option<i32> {
    let known = [proto::YesNo::Yes, proto::YesNo::No, proto::YesNo::Refused, proto::YesNo::Unknown].map(i32::from);
    known.into_iter().find(|answer| yes_no(Some(*answer)).as_deref() == Some(word))
}

/// Administrative sex.
pub fn sex(sex: Option<i32>) -> Option<String> {
    let word = match proto::Sex::try_from(sex?).ok()? {
        proto::Sex::Male => "男",
        proto::Sex::Female => "女",
        proto::Sex::Other => "その他",
        proto::Sex::Unknown => "不明",
        proto::Sex::Unspecified => return None,
    };
    Some(word.to_owned())
}

/// Apgar scores with their minutes: `8/9(1分/5分)`.
pub fn apgar(newborn: &proto::Newborn) -> Option<String> {
    let scores = [(newborn.apgar_1, "1分"), (newborn.apgar_5, "5分"), (newborn.apgar_10, "10分")];
    let known: Vec<(i32, &str)> = scores.into_iter().filter_map(|(score, minute)| Some((score?, minute))).collect();
    let values = joined(known.iter().map(|(score, _)| score.to_string()), "/")?;
    let minutes = joined(known.iter().map(|(_, minute)| (*minute).to_owned()), "/")?;
    Some(format!("{values}({minutes})"))
}

/// For which purpose: 退院調整(P2).
pub fn purpose(released: &Released) -> String {
    let purpose = released.purpose();
    format!("{}({purpose})", codes::word(codes::PURPOSE, purpose.word()))
}

/// On which basis, each once: 本人の同意、法定の事務.
pub fn basis(released: &Released) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    for word in released.record().grounds.iter().map(|rule| codes::basis(rule)) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    joined(words, "、")
}

/// Groups of three digits: `2,486`. Texts that are no whole number stay.
fn grouped(text: &str) -> Cow<'_, str> {
    let (whole, rest) = text.split_once('.').map_or((text, ""), |(whole, rest)| (whole, rest));
    if whole.len() < 4 || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !rest.is_empty() {
        out.push('.');
        out.push_str(rest);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(value: &str, unit: &str, comparator: &str) -> proto::Quantity {
        proto::Quantity { value: value.to_owned(), unit: unit.to_owned(), comparator: comparator.to_owned() }
    }

    #[test]
    fn below_2500_grams_is_low_and_2500_is_not() {
        for (value, unit, comparator, low) in [
            ("2499", "g", "", true),
            ("2500", "g", "", false),
            ("2.486", "kg", "", true),
            ("2486", "", "", false),
            ("2000", "g", ">", false),
            ("小さい", "g", "", false),
        ] {
            assert_eq!(is_low_weight(Some(&weight(value, unit, comparator))), low, "{value} {unit}");
        }
    }

    #[test]
    fn a_number_keeps_its_decimal_text() {
        assert_eq!(quantity(Some(&weight("2486", "g", ""))), Some("2,486 g".to_owned()));
        assert_eq!(quantity(Some(&weight("8.50", "kg", "<"))), Some("<8.50 kg".to_owned()));
        assert_eq!(quantity(Some(&weight("１２３４", "", ""))), Some("１２３４".to_owned()));
        assert_eq!(quantity(Some(&weight("", "g", ""))), None);
    }

    #[test]
    fn scores_stand_with_their_minutes() {
        let newborn = proto::Newborn { apgar_1: Some(8), apgar_10: Some(10), ..Default::default() };
        assert_eq!(apgar(&newborn), Some("8/10(1分/10分)".to_owned()));
        assert_eq!(apgar(&proto::Newborn::default()), None);
        assert_eq!(weeks(Some(270)), Some("38週4日".to_owned()));
    }
}

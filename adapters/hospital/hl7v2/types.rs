//! Data types of HL7 v2 as values of the record: CX, XPN, XAD, XTN, XCN, CWE, NM, SN (`formats/hospital.md` 2.6).

use super::message::{Field, Part};
use musubi_core::adapter::Profile;
use musubi_core::japan;
use musubi_proto::v1 as proto;
use proto::{NameRepresentation, NameUse};
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// An identifier (CX).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifier {
    /// The identifier itself.
    pub value: String,
    /// Whose it is, as a person key: the sender's agency id, or below it another authority that the sender names.
    pub issuer: String,
    /// HL7 table 0203, where written.
    pub kind: String,
    /// Does the sender itself issue it?
    pub own: bool,
}

/// Reads a CX. A bare identifier is the sender's own; so is one whose authority is a name of the sender.
///
/// Another authority stays below the sender's id: nobody may name a person of another institution as if it were that.
pub fn identifier(part: Part<'_>, profile: &Profile) -> Option<Identifier> {
    let value = part.component(1).owned()?;
    let kind = part.component(5).text().into_owned();
    let authority = part.component(4);
    let namespace = authority.component(1).text();
    let universal = authority.component(2).text();
    let own = if universal.is_empty() { namespace.is_empty() || profile.knows_sender(&namespace) } else { false };
    let issuer = match (own, universal.is_empty()) {
        (true, _) => profile.agency.to_string(),
        (false, true) => format!("{}/{namespace}", profile.agency),
        (false, false) => format!("{}/{universal}", profile.agency),
    };
    Some(Identifier { value, issuer, kind, own })
}

/// A name (XPN), and whether it could not be split into family and given name.
pub fn name(part: Part<'_>) -> Option<(proto::HumanName, bool)> {
    let family = part.component(1).component(1).text().into_owned();
    let given = part.component(2).component(1).text().into_owned();
    if family.is_empty() && given.is_empty() {
        return None;
    }
    let unsplit = family.is_empty() || given.is_empty();
    let text = if unsplit { format!("{family}{given}") } else { format!("{family} {given}") };
    // Some write one `^` too many behind a name that is whole, which moves both (2.6).
    let moved = usize::from(part.component(7).is_empty() && unsplit && !part.component(9).is_empty());
    let representation = representation(&part.component(8 + moved).text(), &text);
    let kind = match &*part.component(7 + moved).text() {
        _ if japan::names::is_provisional(&text) || has_placeholder(&text) => NameUse::Provisional,
        "L" => NameUse::Legal,
        "D" => NameUse::Display,
        "M" => NameUse::Maiden,
        "N" => NameUse::Nickname,
        _ => NameUse::Unspecified,
    };
    let (family, given) = if unsplit { (String::new(), String::new()) } else { (family, given) };
    let name = proto::HumanName { representation: representation.into(), r#use: kind.into(), text, family, given };
    Some((name, unsplit))
}

/// XPN.8; where it is missing, what the letters are.
pub(crate) fn representation(code: &str, text: &str) -> NameRepresentation {
    let kana = |c: char| matches!(c, 'ぁ'..='ゖ' | 'ァ'..='ヺ' | 'ー' | '・' | '･'..='ﾟ' | ' ' | '\u{3000}');
    match code {
        "I" => NameRepresentation::Ideographic,
        "P" => NameRepresentation::Phonetic,
        "A" => NameRepresentation::Alphabetic,
        _ if text.is_ascii() => NameRepresentation::Alphabetic,
        _ if text.chars().all(kana) => NameRepresentation::Phonetic,
        _ => NameRepresentation::Ideographic,
    }
}

/// `■` stands where the sender's character set has no letter (外字), a private character where nobody else has it.
pub fn has_placeholder(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '■' | '〓' | '\u{E000}'..='\u{F8FF}'))
}

/// An address (XAD).
pub fn address(part: Part<'_>) -> Option<proto::Address> {
    let at = |number: usize| part.component(number).text();
    let r#use = match &*at(7) {
        "H" => "home",
        "B" => "work",
        "BR" => "birthplace",
        "L" => "registered",
        "C" => "temporary",
        _ => "",
    };
    let whole = at(8);
    let (prefecture, city, line, text) = if whole.is_empty() {
        let street = part.component(1).component(1).text();
        let line = [&*street, &*at(2)].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ");
        let text = [&*at(4), &*at(3), &line].concat();
        (at(4).into_owned(), at(3).into_owned(), line, text)
    } else {
        let (prefecture, city, line) = split_address(&whole).unwrap_or(("", "", ""));
        (prefecture.to_owned(), city.to_owned(), line.to_owned(), whole.clone().into_owned())
    };
    let postal_code = postal_code(&at(5));
    if text.is_empty() && postal_code.is_empty() {
        return None;
    }
    let (municipality, period) = (String::new(), None);
    Some(proto::Address { r#use: r#use.to_owned(), postal_code, prefecture, city, municipality, line, text, period })
}

/// Seven digits become `NNN-NNNN`; anything else stays as it was written.
pub(crate) fn postal_code(text: &str) -> String {
    japan::contact::postal_code(text).unwrap_or_else(|_| text.to_owned())
}

/// Prefecture, city and the rest of a whole address; `None` where it does not begin with a prefecture.
pub(crate) fn split_address(whole: &str) -> Option<(&str, &str, &str)> {
    let end_of = |text: &str, from: usize, to: usize, ends: &[char]| {
        let mut letters = text.char_indices().skip(from).take(to - from);
        letters.find(|(_, c)| ends.contains(c)).map(|(at, c)| at + c.len_utf8())
    };
    let end = if whole.starts_with("京都府") {
        Some("京都府".len())
    } else {
        end_of(whole, 2, 4, &['都', '道', '府', '県'])
    }?;
    let (prefecture, rest) = whole.split_at_checked(end)?;
    let city = end_of(rest, 1, 8, &['郡'])
        .and_then(|district| {
            let (_, below) = rest.split_at_checked(district)?;
            let city = end_of(below, 0, 2, &['市'])
                .filter(|end| !below.get(*end..).is_some_and(|rest| rest.starts_with(['町', '村'])));
            let city = city.or_else(|| end_of(below, 1, 8, &['町', '村']))?;
            Some(district + city)
        })
        .or_else(|| {
            let first = end_of(rest, 1, 8, &['市', '区', '町', '村'])?;
            let after = rest.get(first..)?;
            Some(first + end_of(after, 0, 2, &['市']).unwrap_or(0))
        })?;
    let (city, line) = rest.split_at_checked(city)?;
    Some((prefecture, city, line))
}

/// A telephone number or another way to reach somebody (XTN).
pub fn contact(part: Part<'_>) -> Option<proto::Contact> {
    let at = |number: usize| part.component(number).text();
    let equipment = at(3);
    let net = matches!(&*equipment, "Internet" | "X.400");
    let assembled = || {
        let pieces = [at(6), at(7)];
        pieces.iter().filter(|piece| !piece.is_empty()).map(|piece| &**piece).collect::<Vec<_>>().join("-")
    };
    let candidates = if net { [at(4), at(1), at(12)] } else { [at(12), at(1), at(4)] };
    let value = candidates.into_iter().find(|text| !text.is_empty()).map_or_else(assembled, |text| text.into_owned());
    if value.is_empty() {
        return None;
    }
    let system = match &*equipment {
        _ if net => "email",
        "CP" => "mobile",
        "FX" => "fax",
        _ => "phone",
    };
    let r#use = match &*at(2) {
        "PRN" => "home",
        "WPN" => "work",
        "EMR" => "emergency",
        _ => "other",
    };
    Some(proto::Contact { system: system.to_owned(), r#use: r#use.to_owned(), value })
}

/// Persons of the staff (XCN): of each the name, or the number where no name is written. A name in kana is that of the one
/// before it, where that stands in kanji.
pub fn staff(field: Field<'_>) -> String {
    let mut names: Vec<String> = Vec::new();
    for part in field.repetitions() {
        let parts = [part.component(2).component(1).text(), part.component(3).text()];
        let name = parts.iter().filter(|part| !part.is_empty()).map(|part| &**part).collect::<Vec<_>>().join(" ");
        let kana = representation(&part.component(15).text(), &name) == NameRepresentation::Phonetic;
        let name = if name.is_empty() { part.component(1).text().into_owned() } else { name };
        if !(name.is_empty() || kana && !names.is_empty() || names.contains(&name)) {
            names.push(name);
        }
    }
    names.join("、")
}

/// A coded value (CE, CWE); `None` when neither code nor text is written.
pub fn coded(part: Part<'_>) -> Option<proto::Coded> {
    let (code, text) = (part.component(1).text().into_owned(), part.component(2).text().into_owned());
    let system = system(&part.component(3).text());
    (!code.is_empty() || !text.is_empty()).then_some(proto::Coded { system, code, text })
}

/// The same in another system (components 4 to 6 of CE, CWE); `None` when nothing is written there.
pub fn alternate(part: Part<'_>) -> Option<proto::Coded> {
    let (code, text) = (part.component(4).text().into_owned(), part.component(5).text().into_owned());
    let system = system(&part.component(6).text());
    (!code.is_empty() || !text.is_empty()).then_some(proto::Coded { system, code, text })
}

/// LOINC under its address, as FHIR has it; every other system as it was written.
pub fn system(name: &str) -> String {
    if is_loinc(name) { LOINC.to_owned() } else { name.to_owned() }
}

/// Does this name LOINC?
pub fn is_loinc(system: &str) -> bool {
    matches!(system, "LN" | "LOINC" | LOINC)
}

/// LOINC's address.
pub const LOINC: &str = "http://loinc.org";

/// A decimal number, as text without blanks, sign `+` or full-width digits; `None` when it is none.
pub fn number(text: &str) -> Option<String> {
    let text = compact(text);
    let text = if text.contains(',') { Cow::Owned(text.replace(',', "")) } else { text };
    let text = text.strip_prefix('+').unwrap_or(&text);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.len() <= 15 && part.bytes().all(|byte| byte.is_ascii_digit());
    (plain(whole) && plain(fraction)).then(|| text.to_owned())
}

/// NFKC without blanks. Borrowed where that changes nothing, as in nearly every number, unit and code.
pub(crate) fn compact(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_settled) {
        return Cow::Borrowed(text);
    }
    if text.is_ascii() {
        return Cow::Owned(text.chars().filter(|letter| !letter.is_whitespace()).collect());
    }
    Cow::Owned(text.nfkc().filter(|letter| !letter.is_whitespace()).collect())
}

/// Graphic ASCII, kana without the marks that stand by themselves, kanji: each is its own normal form, and none joins another.
fn is_settled(letter: char) -> bool {
    matches!(letter, '!'..='~' | 'ぁ'..='ゖ' | 'ァ'..='ヺ' | 'ー' | '一'..='\u{9FFF}')
}

/// A number with a comparator before it: an NM, an SN, or text such as `>= 10`. A ratio, a range and a degree (`^1^:^128`,
/// `^2^+`) are no one number.
pub fn quantity(part: Part<'_>, structured: bool) -> Option<proto::Quantity> {
    if structured && !(part.component(3).is_empty() && part.component(4).is_empty()) {
        return None;
    }
    let written = match (structured, part.component(2).is_empty()) {
        (true, false) => Cow::Owned(format!("{}{}", part.component(1).text(), part.component(2).text())),
        _ => part.component(1).text(),
    };
    let written = compact(&written);
    let comparator = ["<=", ">=", "<", ">", "="].into_iter().find(|sign| written.starts_with(sign)).unwrap_or("");
    let value = number(written.get(comparator.len()..)?)?;
    let comparator = if comparator == "=" { "" } else { comparator };
    Some(proto::Quantity { value, unit: String::new(), comparator: comparator.to_owned() })
}

/// An SN as it is written on paper: `1:128`, `2+`, `10-20`.
pub fn structured(part: Part<'_>) -> String {
    let text: String = part.parts().map(|part| part.text().into_owned()).collect();
    text.strip_prefix('=').map(str::to_owned).unwrap_or(text)
}

/// A unit (OBX-6) in UCUM where it is one of those that matter here, else as written.
pub fn unit(part: Part<'_>) -> String {
    unit_named(&part.component(1).text())
}

/// In small letters; nearly every unit is.
fn lowercase(text: Cow<'_, str>) -> Cow<'_, str> {
    let settled = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    if text.bytes().all(settled) { text } else { Cow::Owned(text.to_lowercase()) }
}

/// A unit in UCUM where it is one of those that matter here, else as written.
pub(crate) fn unit_named(code: &str) -> String {
    let folded = lowercase(compact(code));
    let known = match &*folded {
        "g" | "グラム" => "g",
        "kg" | "キログラム" => "kg",
        "cm" => "cm",
        "mm" => "mm",
        "ml" | "cc" => "mL",
        "wk" | "w" | "week" | "weeks" | "週" => "wk",
        "d" | "day" | "days" | "日" => "d",
        "mm(hg)" | "mmhg" => "mm[Hg]",
        "{score}" | "点" | "score" => "{score}",
        "cel" => "Cel",
        _ => code,
    };
    known.to_owned()
}

#[cfg(test)]
#[path = "types_tests.rs"]
mod tests;

//! JSON as FHIR wants it: members in the order in which they are written, numbers with their decimal text, and never an
//! empty object, list or string. Values that are not there cannot leave a trace.

use super::ids::Ids;
use crate::seek::seek;
use std::borrow::Cow;

/// One JSON value, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Json {
    #[default]
    Nothing,
    Text(String),
    /// A text of the program's own.
    Word(&'static str),
    /// A number as it was written.
    Number(String),
    Flag(bool),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
    /// The id of a resource, by its number. Ids are known only when a document is written.
    Id(usize),
    /// The place of a resource: its id as a URN.
    Place(usize),
    /// The place of the Bundle.
    BundlePlace,
    /// A reference to a resource, by its number: an object that holds its place.
    Reference(usize),
    /// What belongs to one sending and is no part of the view. It stands behind another member.
    Stamp(Box<Json>),
}

/// The members that hold something; nothing when none does.
pub(super) fn object(members: impl IntoIterator<Item = (&'static str, Json)>) -> Json {
    let mut members: Vec<_> = members.into_iter().collect();
    members.retain(|(_, value)| !value.is_nothing());
    if members.is_empty() { Json::Nothing } else { Json::Object(members) }
}

/// The items that hold something; nothing when none does.
pub(super) fn list(items: impl IntoIterator<Item = Json>) -> Json {
    let mut items: Vec<_> = items.into_iter().collect();
    items.retain(|item| !item.is_nothing());
    if items.is_empty() { Json::Nothing } else { Json::List(items) }
}

/// A text of the program's own; nothing when it is empty.
pub(super) const fn word(text: &'static str) -> Json {
    if text.is_empty() { Json::Nothing } else { Json::Word(text) }
}

impl Json {
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Json::Nothing)
    }

    /// Is it a resource of this type?
    pub(super) fn is_of(&self, kind: &str) -> bool {
        let Json::Object(members) = self else { return false };
        members
            .iter()
            .any(|(name, value)| *name == "resourceType" && matches!(value, Json::Word(word) if *word == kind))
    }

    /// A decimal of FHIR, if the text is one: `8.50`, not `.5` or `８`.
    pub(super) fn decimal(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(w, f)| (w, Some(f)));
        let digits = |part: &str| !part.is_empty() && part.len() <= 18 && part.bytes().all(|b| b.is_ascii_digit());
        let leading_zero = whole.len() > 1 && whole.starts_with('0');
        let right = digits(whole) && !leading_zero && fraction.is_none_or(digits);
        right.then(|| Json::Number(text.to_owned()))
    }

    /// A value that is written only into a document that is sent.
    pub(super) fn stamp(value: impl Into<Json>) -> Self {
        match value.into() {
            Json::Nothing => Json::Nothing,
            value => Json::Stamp(Box::new(value)),
        }
    }

    /// The text of a value that is no list and no object, without marks around it.
    pub(super) fn plain(&self, ids: &Ids) -> Cow<'_, str> {
        match self {
            Json::Text(text) | Json::Number(text) => Cow::Borrowed(text),
            Json::Word(word) => Cow::Borrowed(word),
            Json::Flag(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
            Json::Id(number) => Cow::Owned(ids.resource(*number).to_string()),
            Json::Place(number) => Cow::Owned(ids.resource(*number).urn().to_string()),
            Json::BundlePlace => Cow::Owned(ids.bundle().urn().to_string()),
            Json::Stamp(value) => value.plain(ids),
            Json::Nothing | Json::List(_) | Json::Object(_) | Json::Reference(_) => Cow::Borrowed(""),
        }
    }
}

impl From<&str> for Json {
    /// A FHIR string: no control characters but line ends and tabs, and not blank.
    fn from(text: &str) -> Self {
        if is_blank(text) {
            return Json::Nothing;
        }
        if !may_hold_controls(text) {
            return Json::Text(text.to_owned());
        }
        let allowed = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t');
        let letters = text.chars().map(|letter| if allowed(letter) { letter } else { char::REPLACEMENT_CHARACTER });
        Json::Text(letters.collect())
    }
}

fn is_blank(text: &str) -> bool {
    !text.as_bytes().first().is_some_and(u8::is_ascii_graphic) && text.trim().is_empty()
}

/// All control characters are below the blank, or DEL, or begin with this byte.
fn may_hold_controls(text: &str) -> bool {
    seek(text.as_bytes(), |byte| (byte < b' ') | (byte == 0x7F) | (byte == 0xC2)).is_some()
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        if may_hold_controls(&text) || is_blank(&text) { Json::from(text.as_str()) } else { Json::Text(text) }
    }
}

impl From<bool> for Json {
    fn from(flag: bool) -> Self {
        Json::Flag(flag)
    }
}

impl From<i32> for Json {
    fn from(number: i32) -> Self {
        Json::Number(number.to_string())
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Json::Nothing, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_leaves_no_trace() {
        let empty = object([("a", list([object([]), Json::from(" ")])), ("b", Json::from(None::<&str>))]);
        assert_eq!(empty, Json::Nothing);
        assert_eq!(Json::stamp(None::<&str>), Json::Nothing);
        let one = object([("a", Json::Nothing), ("b", true.into())]);
        assert_eq!(one, Json::Object(vec![("b", Json::Flag(true))]));
    }

    #[test]
    fn a_decimal_keeps_its_text_and_nothing_else_passes_for_one() {
        for right in ["0", "8.50", "-1.0", "2486", "0.1"] {
            assert_eq!(Json::decimal(right), Some(Json::Number(right.to_owned())), "{right}");
        }
        for wrong in ["", ".5", "5.", "08", "1e3", "８", "+1", "1,000", "NaN", "-", "--1", "1\n"] {
            assert_eq!(Json::decimal(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_control_character_becomes_a_mark() {
        assert_eq!(Json::from("a\0b"), Json::Text("a\u{fffd}b".to_owned()));
    }
}

//! JSON as FHIR wants it: members in the order in which they are written, numbers with their decimal text, and never an
//! empty object, list or string. Values that are not there cannot leave a trace.

use super::ids::Ids;
use std::borrow::Cow;
use std::fmt::Write;
use uuid::Uuid;

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
    /// What belongs to one sending and is no part of the view.
    Stamp(Box<Json>),
}

/// One writing of a document.
pub(super) struct Writing<'a> {
    /// Where ids come from.
    pub(super) ids: &'a Ids,
    /// With what belongs to one sending?
    pub(super) stamped: bool,
}

/// The members that hold something; nothing when none does.
pub(super) fn object(members: impl IntoIterator<Item = (&'static str, Json)>) -> Json {
    let members = kept(members, |(_, value)| !value.is_nothing());
    if members.is_empty() { Json::Nothing } else { Json::Object(members) }
}

/// The items that hold something; nothing when none does.
pub(super) fn list(items: impl IntoIterator<Item = Json>) -> Json {
    let items = kept(items, |item| !item.is_nothing());
    if items.is_empty() { Json::Nothing } else { Json::List(items) }
}

/// A text of the program's own; nothing when it is empty.
pub(super) const fn word(text: &'static str) -> Json {
    if text.is_empty() { Json::Nothing } else { Json::Word(text) }
}

/// What is wanted of all, with room for all: nearly always most of it is.
fn kept<T>(all: impl IntoIterator<Item = T>, wanted: impl Fn(&T) -> bool) -> Vec<T> {
    let all = all.into_iter();
    let mut kept = Vec::with_capacity(all.size_hint().1.unwrap_or(0));
    kept.extend(all.filter(wanted));
    kept
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

    /// The whole document, written into a text of about this length.
    pub(super) fn to_text(&self, writing: &Writing<'_>, about: usize) -> String {
        let mut out = String::with_capacity(about);
        self.write(writing, &mut out);
        out.push('\n');
        out
    }

    /// The text of a value that is no list and no object, without marks around it.
    pub(super) fn plain(&self, writing: &Writing<'_>) -> Cow<'_, str> {
        match self {
            Json::Text(text) | Json::Number(text) => Cow::Borrowed(text),
            Json::Word(word) => Cow::Borrowed(word),
            Json::Flag(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
            Json::Id(number) => Cow::Owned(writing.ids.resource(*number).to_string()),
            Json::Place(number) => Cow::Owned(writing.ids.resource(*number).urn().to_string()),
            Json::BundlePlace => Cow::Owned(writing.ids.bundle().urn().to_string()),
            Json::Stamp(value) => value.plain(writing),
            Json::Nothing | Json::List(_) | Json::Object(_) => Cow::Borrowed(""),
        }
    }

    fn write(&self, writing: &Writing<'_>, out: &mut String) {
        match self {
            Json::Nothing => out.push_str("null"),
            Json::Id(number) => write_uuid("\"", writing.ids.resource(*number), out),
            Json::Place(number) => write_uuid("\"urn:uuid:", writing.ids.resource(*number), out),
            Json::BundlePlace => write_uuid("\"urn:uuid:", writing.ids.bundle(), out),
            Json::Stamp(value) => value.write(writing, out),
            Json::Text(text) => write_text(text, out),
            Json::Word(word) => write_text(word, out),
            Json::Number(digits) => out.push_str(digits),
            Json::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Json::List(items) => {
                for (number, item) in items.iter().enumerate() {
                    out.push(if number == 0 { '[' } else { ',' });
                    if matches!(item, Json::Object(_)) {
                        out.push('\n');
                    }
                    item.write(writing, out);
                }
                out.push(']');
            }
            Json::Object(members) => {
                let written = |value: &Json| writing.stamped || !matches!(value, Json::Stamp(_));
                for (number, (name, value)) in members.iter().filter(|(_, value)| written(value)).enumerate() {
                    out.push_str(if number == 0 { "{\"" } else { ",\"" });
                    out.push_str(name);
                    out.push_str("\":");
                    value.write(writing, out);
                }
                out.push('}');
            }
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..b' ')) {
        let (plain, from) = rest.split_at(at);
        out.push_str(plain);
        let mut letters = from.chars();
        match letters.next() {
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(mark @ ('"' | '\\')) => out.extend(['\\', mark]),
            control => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", control.map_or(0, u32::from));
            }
        }
        rest = letters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn write_uuid(before: &str, id: Uuid, out: &mut String) {
    out.push_str(before);
    out.push_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    out.push('"');
}

impl From<&str> for Json {
    /// A FHIR string: no control characters but line ends and tabs, and not blank.
    fn from(text: &str) -> Self {
        if text.trim().is_empty() {
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

/// All control characters are below the blank, or DEL, or begin with this byte.
fn may_hold_controls(text: &str) -> bool {
    text.bytes().any(|byte| matches!(byte, 0..b' ' | 0x7F | 0xC2))
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        if may_hold_controls(&text) || text.trim().is_empty() { Json::from(text.as_str()) } else { Json::Text(text) }
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

    fn written(value: &Json) -> String {
        value.to_text(&Writing { ids: &Ids::blank(), stamped: true }, 0)
    }

    #[test]
    fn what_is_empty_leaves_no_trace() {
        let empty = object([("a", list([object([]), Json::from(" ")])), ("b", Json::from(None::<&str>))]);
        assert_eq!(empty, Json::Nothing);
        let one = object([("a", Json::Nothing), ("b", true.into())]);
        assert_eq!(written(&one), "{\"b\":true}\n");
    }

    #[test]
    fn what_belongs_to_one_sending_is_left_out_of_the_view() {
        let both = object([("date", Json::stamp("2026")), ("id", Json::Id(0))]);
        let view = both.to_text(&Writing { ids: &Ids::blank(), stamped: false }, 0);
        assert_eq!(view, "{\"id\":\"00000000-0000-0000-0000-000000000000\"}\n");
        assert!(written(&both).starts_with("{\"date\":\"2026\","));
        assert_eq!(Json::stamp(None::<&str>), Json::Nothing);
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
    fn texts_are_written_so_that_they_are_read_back() {
        let hostile = "\"\\\n\r\t<script>湊𠮷\u{202e}\u{2028}";
        let read: Result<String, _> = serde_json::from_str(&written(&Json::from(hostile)));
        assert_eq!(read.ok().as_deref(), Some(hostile));
        assert_eq!(Json::from("a\0b"), Json::Text("a\u{fffd}b".to_owned()));
    }
}

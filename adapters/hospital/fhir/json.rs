//! JSON as FHIR wants it: members in the order in which they are written, numbers with their decimal text, and never an
//! empty object, list or string. Values that are not there cannot leave a trace.

use std::fmt::Write;

/// One JSON value, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Json {
    #[default]
    Nothing,
    Text(String),
    /// A number as it was written.
    Number(String),
    Flag(bool),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

/// The members that hold something; nothing when none does.
pub(super) fn object(members: impl IntoIterator<Item = (&'static str, Json)>) -> Json {
    let members: Vec<_> = members.into_iter().filter(|(_, value)| !value.is_nothing()).collect();
    if members.is_empty() { Json::Nothing } else { Json::Object(members) }
}

/// The items that hold something; nothing when none does.
pub(super) fn list(items: impl IntoIterator<Item = Json>) -> Json {
    let items: Vec<_> = items.into_iter().filter(|item| !item.is_nothing()).collect();
    if items.is_empty() { Json::Nothing } else { Json::List(items) }
}

impl Json {
    pub(super) fn is_nothing(&self) -> bool {
        *self == Json::Nothing
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

    pub(super) fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out.push('\n');
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Json::Nothing => out.push_str("null"),
            Json::Text(text) => write_text(text, out),
            Json::Number(digits) => out.push_str(digits),
            Json::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Json::List(items) => {
                for (number, item) in items.iter().enumerate() {
                    out.push(if number == 0 { '[' } else { ',' });
                    if matches!(item, Json::Object(_)) {
                        out.push('\n');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Json::Object(members) => {
                for (number, (name, value)) in members.iter().enumerate() {
                    out.push(if number == 0 { '{' } else { ',' });
                    write_text(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

impl From<&str> for Json {
    /// A FHIR string: no control characters but line ends and tabs, and not blank.
    fn from(text: &str) -> Self {
        if text.trim().is_empty() {
            return Json::Nothing;
        }
        let allowed = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t');
        let letters = text.chars().map(|letter| if allowed(letter) { letter } else { char::REPLACEMENT_CHARACTER });
        Json::Text(letters.collect())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Json::from(text.as_str())
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
        let one = object([("a", Json::Nothing), ("b", true.into())]);
        assert_eq!(one.to_text(), "{\"b\":true}\n");
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
        let read: Result<String, _> = serde_json::from_str(&Json::from(hostile).to_text());
        assert_eq!(read.ok().as_deref(), Some(hostile));
        assert_eq!(Json::from("a\0b"), Json::Text("a\u{fffd}b".to_owned()));
    }
}

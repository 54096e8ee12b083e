//! A document as JSON, written once: its ids follow from the hash of what it says, so they are put in afterwards.

use super::ids::Ids;
use super::json::Json;
use crate::seek::seek;
use sha2::{Digest, Sha256};
use std::ops::Range;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// A document without its ids, and where they go.
pub(super) struct Draft {
    bytes: Vec<u8>,
    /// Where an id stands, and of which resource it is; without a number that of the Bundle.
    ids: Vec<(usize, Option<usize>)>,
    /// Where something stands that belongs to one sending, with the comma before it.
    stamps: Vec<Range<usize>>,
}

impl Draft {
    /// A document of about so many bytes.
    pub(super) fn of(document: &Json, about: usize) -> Self {
        let mut draft = Draft { bytes: Vec::with_capacity(about), ids: Vec::new(), stamps: Vec::new() };
        draft.value(document);
        draft.push("\n");
        draft
    }

    /// The hash of the view: of all but the ids and what belongs to one sending.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut from = 0;
        for stamp in &self.stamps {
            hash.update(self.bytes.get(from..stamp.start).unwrap_or_default());
            from = stamp.end;
        }
        hash.update(self.bytes.get(from..).unwrap_or_default());
        hash.finalize().into()
    }

    /// The document with its ids.
    pub(super) fn with(mut self, ids: &Ids) -> Vec<u8> {
        for (at, number) in self.ids {
            let id = number.map_or_else(|| ids.bundle(), |number| ids.resource(number));
            if let Some(place) = self.bytes.get_mut(at..at + Hyphenated::LENGTH) {
                id.hyphenated().encode_lower(place);
            }
        }
        self.bytes
    }

    fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn value(&mut self, value: &Json) {
        match value {
            Json::Nothing => self.push("null"),
            Json::Id(number) => self.id("\"", Some(*number)),
            Json::Place(number) => self.id("\"urn:uuid:", Some(*number)),
            Json::BundlePlace => self.id("\"urn:uuid:", None),
            Json::Reference(number) => {
                self.id("{\"reference\":\"urn:uuid:", Some(*number));
                self.push("}");
            }
            Json::Stamp(value) => self.value(value),
            Json::Text(text) => self.text(text),
            Json::Word(word) => self.text(word),
            Json::Number(digits) => self.push(digits),
            Json::Flag(flag) => self.push(if *flag { "true" } else { "false" }),
            Json::List(items) => {
                for (number, item) in items.iter().enumerate() {
                    self.push(if number == 0 { "[" } else { "," });
                    if matches!(item, Json::Object(_) | Json::Reference(_)) {
                        self.push("\n");
                    }
                    self.value(item);
                }
                self.push("]");
            }
            Json::Object(members) => {
                for (number, (name, value)) in members.iter().enumerate() {
                    let start = self.bytes.len();
                    self.push(if number == 0 { "{\"" } else { ",\"" });
                    self.push(name);
                    self.push("\":");
                    self.value(value);
                    if matches!(value, Json::Stamp(_)) {
                        self.stamps.push(start..self.bytes.len());
                    }
                }
                self.push("}");
            }
        }
    }

    fn id(&mut self, before: &str, number: Option<usize>) {
        self.push(before);
        self.ids.push((self.bytes.len(), number));
        let blank = Uuid::from_u128(u128::try_from(number.unwrap_or_default()).unwrap_or(u128::MAX));
        self.push(blank.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        self.push("\"");
    }

    fn text(&mut self, text: &str) {
        self.push("\"");
        let mut rest = text;
        while let Some(at) = seek(rest.as_bytes(), |byte| (byte == b'"') | (byte == b'\\') | (byte < b' ')) {
            let (plain, from) = rest.split_at(at);
            self.push(plain);
            let mut letters = from.chars();
            match letters.next() {
                Some('"') => self.push("\\\""),
                Some('\\') => self.push("\\\\"),
                Some('\n') => self.push("\\n"),
                Some('\r') => self.push("\\r"),
                Some('\t') => self.push("\\t"),
                control => self.push(&format!("\\u{:04x}", control.map_or(0, u32::from))),
            }
            rest = letters.as_str();
        }
        self.push(rest);
        self.push("\"");
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::{object, word};
    use super::*;

    fn written(value: &Json) -> String {
        String::from_utf8_lossy(&Draft::of(value, 0).with(&Ids::blank())).into_owned()
    }

    #[test]
    fn what_belongs_to_one_sending_is_left_out_of_the_view() {
        let (id, date) = (("id", Json::Id(0)), ("date", Json::stamp("2026")));
        let both = object([id.clone(), date, ("status", word("final"))]);
        let view = object([id, ("status", word("final"))]);
        assert_eq!(Draft::of(&both, 0).digest(), Draft::of(&view, 0).digest());
        assert!(written(&both).contains(",\"date\":\"2026\",") && !written(&view).contains("date"));
    }

    #[test]
    fn texts_are_written_so_that_they_are_read_back() {
        let hostile = "\"\\\n\r\t<script>湊𠮷\u{202e}\u{2028}";
        let read: Result<String, _> = serde_json::from_str(&written(&Json::from(hostile)));
        assert_eq!(read.ok().as_deref(), Some(hostile));
    }
}

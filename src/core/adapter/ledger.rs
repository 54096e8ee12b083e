//! The loss ledger (promise P4): what became of every field of the source.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// What became of one field of the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerLine {
    /// Which item of the file: message or row, from 1.
    pub item: u32,
    /// Where in the source.
    pub place: String,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Read into this path of the record (`discharge_notice.discharged_at`).
    Mapped(Cow<'static, str>),
    /// Part of the envelope: delimiters, ids, counts.
    Envelope,
    /// Only in the raw bytes, which are kept.
    KeptRaw,
    /// Refused with this code.
    Refused(Cow<'static, str>),
}

/// The account of every field of the source that held something.
///
/// A document of a megabyte has thirty thousand lines with long places, most of each the same as in the line before: of a
/// place only the rest is kept. Of fates there are some dozens: each is kept once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    lines: Vec<Kept>,
    /// Every fate, in the order in which it was first noted.
    fates: Vec<Fate>,
    /// What is new in each place, all in a row.
    rests: String,
    /// The place of the last line.
    last: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    item: u32,
    /// Bytes of the place of the line before with which this one begins.
    shared: u32,
    /// Bytes of `rests` with which it goes on.
    rest: u32,
    /// Which of `fates`.
    fate: u32,
}

impl Ledger {
    /// Notes what became of one field.
    pub fn note(&mut self, item: u32, place: &str, fate: Fate) {
        let shared = shared(&self.last, place);
        let rest = place.get(shared..).unwrap_or_default();
        let fate = self.number(fate);
        self.lines.push(Kept { item, shared: length(shared), rest: length(rest.len()), fate });
        self.rests.push_str(rest);
        self.last.truncate(shared);
        self.last.push_str(rest);
    }

    /// The number of a fate. What was noted lately is nearly always noted again.
    fn number(&mut self, fate: Fate) -> u32 {
        let at = self.fates.iter().rposition(|known| *known == fate).unwrap_or_else(|| {
            self.fates.push(fate);
            self.fates.len() - 1
        });
        length(at)
    }

    /// How many lines it has.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Has it no line?
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Every line, in the order in which they were noted.
    pub fn lines(&self) -> impl Iterator<Item = LedgerLine> {
        let (mut place, mut rests) = (String::new(), self.rests.as_str());
        self.lines.iter().filter_map(move |line| {
            let (rest, after) = rests.split_at_checked(line.rest as usize).unwrap_or((rests, ""));
            rests = after;
            place.truncate(line.shared as usize);
            place.push_str(rest);
            let fate = self.fates.get(line.fate as usize)?.clone();
            Some(LedgerLine { item: line.item, place: place.clone(), fate })
        })
    }
}

/// Bytes with which two places begin alike, up to a whole letter. Places are long and nearly the same: many bytes at once.
fn shared(one: &str, other: &str) -> usize {
    const STEP: usize = 16;
    let (one, bytes) = (one.as_bytes(), other.as_bytes());
    let (steps, other_steps) = (one.as_chunks::<STEP>().0, bytes.as_chunks::<STEP>().0);
    let steps = steps.iter().zip(other_steps).take_while(|(one, other)| one == other).count();
    let [rest, other_rest] = [one, bytes].map(|place| place.get(steps * STEP..).unwrap_or_default());
    let further = rest.iter().zip(other_rest).take_while(|(one, other)| one == other).count();
    other.floor_char_boundary(steps * STEP + further)
}

/// Lengths and numbers fit: a place has a few thousand bytes.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl Serialize for Ledger {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.lines())
    }
}

impl<'de> Deserialize<'de> for Ledger {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut ledger = Ledger::default();
        for line in Vec::<LedgerLine>::deserialize(deserializer)? {
            ledger.note(line.item, &line.place, line.fate);
        }
        Ok(ledger)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_line_comes_out_as_it_was_noted(places in proptest::collection::vec("[a/母子]{0,24}", 0..12)) {
            let mut ledger = Ledger::default();
            for (item, place) in (1..).zip(&places) {
                ledger.note(item, place, Fate::Refused(place.clone().into()));
            }
            let lines: Vec<LedgerLine> = ledger.lines().collect();
            prop_assert_eq!(lines.iter().map(|line| &line.place).collect::<Vec<_>>(), places.iter().collect::<Vec<_>>());
            prop_assert!(lines.iter().all(|line| line.fate == Fate::Refused(line.place.clone().into())));
            let json = serde_json::to_string(&ledger).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(&json, &serde_json::to_string(&lines).unwrap_or_default());
            prop_assert_eq!(serde_json::from_str::<Ledger>(&json).ok(), Some(ledger));
        }
    }
}

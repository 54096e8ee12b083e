//! One segment in the making, and the data types of its fields.

use super::super::escape;
use super::super::message::Delimiters;
use super::super::types::LOINC;
use musubi_proto::v1 as proto;
use proto::{NameRepresentation, NameUse};

/// A segment: its name and fields from 1.
#[derive(Clone, Debug)]
pub(super) struct Line {
    name: &'static str,
    fields: Vec<String>,
}

impl Line {
    pub(super) fn new(name: &'static str) -> Self {
        Line { name, fields: Vec::new() }
    }

    /// With a field that is written already.
    #[must_use]
    pub(super) fn with(mut self, number: usize, field: String) -> Self {
        if self.fields.len() < number {
            self.fields.resize(number, String::new());
        }
        if let Some(place) = number.checked_sub(1).and_then(|at| self.fields.get_mut(at)) {
            *place = field;
        }
        self
    }

    /// With text that is still to be escaped.
    #[must_use]
    pub(super) fn say(self, number: usize, text: &str) -> Self {
        self.with(number, escaped(text))
    }

    /// With a date and time.
    #[must_use]
    pub(super) fn at(self, number: usize, at: Option<&proto::DateTime>) -> Self {
        self.with(number, at.map(moment).unwrap_or_default())
    }

    /// With a coded value.
    #[must_use]
    pub(super) fn coded(self, number: usize, value: Option<&proto::Coded>) -> Self {
        self.with(number, value.map(coded).unwrap_or_default())
    }

    /// Adds a code with the same in another system.
    pub(super) fn coded_both(self, number: usize, value: Option<&proto::Coded>, other: Option<&proto::Coded>) -> Self {
        match (value, other) {
            (Some(value), Some(other)) => self.with(number, coded_both(value, other)),
            _ => self.coded(number, value),
        }
    }

    /// Is it a segment of this name?
    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// A field as it is written; empty beyond the last.
    pub(super) fn field(&self, number: usize) -> &str {
        number.checked_sub(1).and_then(|at| self.fields.get(at)).map_or("", String::as_str)
    }

    /// As it is sent. Of MSH the separator itself is field 1.
    pub(super) fn text(&self) -> String {
        let mut text = self.name.to_owned();
        let used = self.fields.iter().rposition(|field| !field.is_empty()).map_or(0, |last| last + 1);
        for field in self.fields.iter().take(used).skip(usize::from(self.name == "MSH")) {
            text.push('|');
            text.push_str(field);
        }
        text.push('\r');
        text
    }
}

/// Text of a field.
pub(super) fn escaped(text: &str) -> String {
    escape::write(text, Delimiters::USUAL)
}

/// Components, escaped; empty ones at the end are left out.
pub(super) fn components(parts: &[&str]) -> String {
    let text = parts.iter().map(|part| escaped(part)).collect::<Vec<_>>().join("^");
    text.trim_end_matches('^').to_owned()
}

/// CE or CWE.
pub(super) fn coded(value: &proto::Coded) -> String {
    components(&[&value.code, &value.text, system(value)])
}

/// A code, and the same in another system.
fn coded_both(value: &proto::Coded, other: &proto::Coded) -> String {
    components(&[&value.code, &value.text, system(value), &other.code, &other.text, system(other)])
}

fn system(code: &proto::Coded) -> &str {
    if code.system == LOINC { "LN" } else { &code.system }
}

/// A field that must be there: `""` where nobody said what.
pub(super) fn required(field: String) -> String {
    if field.is_empty() { "\"\"".to_owned() } else { field }
}

/// TS, as precise as it is known.
pub(super) fn moment(at: &proto::DateTime) -> String {
    let day = at.date.as_ref().map(day).unwrap_or_default();
    if day.len() < 8 {
        return day;
    }
    let time = [at.hour, at.minute, at.second];
    time.iter().map_while(|part| *part).fold(day, |text, part| format!("{text}{part:02}"))
}

/// DT, as precise as it is known.
pub(super) fn day(date: &proto::Date) -> String {
    let parts = [date.month, date.day];
    parts.iter().map_while(|part| *part).fold(format!("{:04}", date.year), |text, part| format!("{text}{part:02}"))
}

/// XPN.
pub(super) fn name(name: &proto::HumanName) -> String {
    let split = !name.family.is_empty() || !name.given.is_empty();
    let (family, given) = if split { (name.family.as_str(), name.given.as_str()) } else { (name.text.as_str(), "") };
    let kind = match name.r#use() {
        NameUse::Legal => "L",
        NameUse::Display | NameUse::Provisional => "D",
        NameUse::Maiden => "M",
        NameUse::Nickname => "N",
        NameUse::Unspecified => "U",
    };
    let representation = match name.representation() {
        NameRepresentation::Ideographic => "I",
        NameRepresentation::Phonetic => "P",
        NameRepresentation::Alphabetic => "A",
        NameRepresentation::Unspecified => "",
    };
    components(&[family, given, "", "", "", "", kind, representation])
}

/// XCN of a name as the record has it.
pub(super) fn staff(name: &str) -> String {
    let (family, given) = name.split_once(' ').unwrap_or((name, ""));
    components(&["", family, given])
}

/// XTN.
pub(super) fn contact(contact: &proto::Contact) -> String {
    let r#use = match contact.r#use.as_str() {
        "home" => "PRN",
        "work" => "WPN",
        "emergency" => "EMR",
        _ => "ORN",
    };
    match contact.system.as_str() {
        "email" => components(&["", r#use, "Internet", &contact.value]),
        system => {
            let equipment = match system {
                "mobile" => "CP",
                "fax" => "FX",
                _ => "PH",
            };
            components(&["", r#use, equipment, "", "", "", "", "", "", "", "", &contact.value])
        }
    }
}

/// Repetitions.
pub(super) fn repeated(all: impl IntoIterator<Item = String>) -> String {
    all.into_iter().filter(|one| !one.is_empty()).collect::<Vec<_>>().join("~")
}

//! Submissions that no adapter read (`Intake.Submit`): what an adapter does for its format is done here.

use super::{Submission, moment};
use crate::agency::{AgencyKind, Category, CategorySet};
use crate::consent::RaisedCodes;
use crate::japan::my_number;
use crate::time::Time;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use serde_json::Value;

/// Letters of a UUID with its hyphens.
const UUID_LENGTH: usize = 36;

impl Submission {
    /// The time of it that the sender gives.
    pub fn sent_at(&self) -> Option<Time> {
        self.message().sent_at.as_ref().and_then(moment)
    }

    /// The place of the first text that holds what looks like an individual number (個人番号); never the number.
    pub fn individual_number(&self) -> Option<String> {
        let value = serde_json::to_value(self.message()).ok()?;
        place_of_number(&value, "").or_else(|| {
            let documents = self.message().entries.iter().enumerate();
            let mut documents = documents.filter_map(|(index, entry)| match &entry.body {
                Some(Body::Document(document)) => Some((index, &document.content)),
                _ => None,
            });
            let found = documents.find(|(_, content)| my_number::contains(&String::from_utf8_lossy(content)));
            found.map(|(index, _)| format!("entries[{index}].document.content"))
        })
    }

    /// What the sender cannot decide is decided: which results the municipality commissioned, by the codes of the
    /// sender's profile, and what coded items tell beyond their field, by the table of codes.
    #[must_use]
    pub fn as_native(mut self, author: AgencyKind, commissioned_codes: &[String], codes: &RaisedCodes) -> Self {
        let entries = &mut self.message_mut().entries;
        let reports_care =
            author == AgencyKind::Prv && entries.iter().any(|e| matches!(e.body, Some(Body::CareDelivery(_))));
        for entry in entries {
            let Some(body) = &entry.body else { continue };
            // A report of care stands under an approval of the municipality, and so does a scale filled in during it.
            let of_care = reports_care && matches!(body, Body::CareDelivery(_) | Body::Screening(_));
            let paid = names_of(body).iter().any(|name| commissioned_codes.iter().any(|code| code == name));
            entry.commissioned = paid || (of_care && entry.commissioned);
            let (items, beside) = (coded_items(body), told_beside(body));
            let of_relatives = matches!(body, Body::Observation(found) if found.kind == "family_history");
            if of_relatives {
                raise(entry, [Category::C11].into_iter().collect());
            }
            for item in items {
                raise_item(entry, &item, codes);
            }
            for (system, name) in beside {
                raise(entry, codes.raised(&system, &name).unwrap_or(CategorySet::EMPTY));
            }
        }
        self
    }
}

/// The words of mark-up: a number may stand across its elements.
fn without_tags(text: &str) -> String {
    let mut parts = text.split('<');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |words, part| words + part.split_once('>').map_or(part, |(_, after)| after))
}

/// Looks into every text of a message, each field by its name.
fn place_of_number(value: &Value, place: &str) -> Option<String> {
    match value {
        // A UUID is none, whatever its digits.
        Value::String(text) if text.len() == UUID_LENGTH && uuid::Uuid::try_parse(text).is_ok() => None,
        Value::String(text) => {
            let is_marked = place.ends_with("xhtml") || place.ends_with("Xhtml");
            let holds_one = my_number::contains(text) || is_marked && my_number::contains(&without_tags(text));
            holds_one.then(|| place.to_owned())
        }
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| place_of_number(item, &format!("{place}[{index}]")))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, field)| {
            let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
            place_of_number(field, &place)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// The words by which a body can stand in a profile's list of commissioned codes.
fn names_of(body: &Body) -> Vec<&str> {
    match body {
        Body::Observation(observation) => {
            let code = observation.code.as_ref().map(|code| code.code.as_str());
            code.into_iter().chain([observation.concept.as_str()]).filter(|name| !name.is_empty()).collect()
        }
        _ => Vec::new(),
    }
}

/// System and code of each writing of one item: one that is known is enough.
type CodedItem = Vec<(String, String)>;

fn coded_items(body: &Body) -> Vec<CodedItem> {
    let item = |coded: &proto::Coded| vec![(coded.system.clone(), coded.code.clone())];
    match body {
        Body::Observation(observation) => {
            let mut writings: CodedItem = observation.code.iter().flat_map(item).collect();
            if !observation.concept.is_empty() {
                writings.push(("LOINC".to_owned(), observation.concept.clone()));
            }
            // What was given or done, or is not tolerated, is what such an item is of.
            if !observation.kind.is_empty() {
                writings.extend(observation.coded.iter().flat_map(item));
            }
            vec![writings]
        }
        Body::Condition(condition) => vec![condition.code.iter().flat_map(item).collect()],
        Body::DischargeNotice(notice) => notice.diagnoses.iter().map(item).collect(),
        _ => Vec::new(),
    }
}

/// What tells more only where it is known: the names of a ward and a department, and the result of an examination that is
/// a code itself.
fn told_beside(body: &Body) -> Vec<(String, String)> {
    let place = |ward: &String, department: &String| {
        vec![("ward".to_owned(), ward.clone()), ("department".to_owned(), department.clone())]
    };
    let mut named = match body {
        Body::Encounter(encounter) => place(&encounter.ward, &encounter.department),
        Body::DischargeNotice(notice) => place(&notice.ward, &notice.department),
        Body::Observation(observation) => {
            observation.coded.iter().map(|coded| (coded.system.clone(), coded.code.clone())).collect()
        }
        _ => Vec::new(),
    };
    named.retain(|(_, name)| !name.is_empty());
    named
}

/// An item of which no code is known gets C10 and the label V besides the category of its container.
fn raise_item(entry: &mut proto::Entry, writings: &CodedItem, codes: &RaisedCodes) {
    let known: Vec<CategorySet> =
        writings.iter().filter(|(_, c)| !c.is_empty()).filter_map(|(s, c)| codes.raised(s, c)).collect();
    if known.is_empty() {
        entry.label = proto::Label::V.into();
        raise(entry, [Category::C10].into_iter().collect());
    }
    for more in known {
        raise(entry, more);
    }
}

fn raise(entry: &mut proto::Entry, more: CategorySet) {
    for number in musubi_proto::category_numbers(more.bits()) {
        if !entry.raised.contains(&number) {
            entry.raised.push(number);
        }
    }
}

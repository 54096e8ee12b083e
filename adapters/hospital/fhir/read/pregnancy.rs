//! Observations that tell of a pregnancy: each stands apart in FHIR; together they are one entry of the mother.
//!
//! One that was entered in error takes back its own value, as those of a birth do.

use super::birth::is_taken_back;
use super::results::{effective, note_code, observation, quantity, recognise};
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::pregnancy::{Part, Told};
use crate::hospital::reading::Reading;
use crate::json::Node;
use musubi_proto::v1::entry::Body;
use std::collections::BTreeMap;

const PATH: &str = "pregnancy_notification";

/// Observations of mothers that may tell of a pregnancy: the number of the resource, the person, and the part.
#[derive(Default)]
pub(super) struct Collected(Vec<(usize, usize, Part)>);

impl Collected {
    /// Keeps an observation until all are known: a height is of a pregnancy only beside what tells of one.
    pub(super) fn note(&mut self, number: usize, person: usize, part: Part) {
        self.0.push((number, person, part));
    }
}

/// What is told of the pregnancy of one mother.
struct Found<'t> {
    told: Told,
    /// The first observation of it.
    node: Node<'t>,
    /// The first of its own dates.
    date: Option<Stamp>,
}

/// Writes what was collected; what is no part after all is an observation.
pub(super) fn finish(reading: &mut Reading<'_>, Collected(parts): Collected) {
    let mut all: BTreeMap<usize, Found<'_>> = BTreeMap::new();
    let (telling, beside): (Vec<_>, Vec<_>) = parts.into_iter().partition(|(.., part)| part.tells());
    for (number, person, part) in telling.into_iter().chain(beside) {
        let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { continue };
        let is_told = part.tells() || all.get(&person).is_some_and(|found| !found.told.says_nothing());
        let found = all.entry(person).or_insert_with(|| Found { told: Told::default(), node, date: None });
        if !(is_told && take(reading, node, part, found)) {
            let loinc = recognise(reading, node.first("code")).map(|found| found.loinc).unwrap_or_default();
            observation(reading, person, node, loinc);
        }
    }
    for (person, Found { told, node, date }) in all.into_iter().filter(|(_, found)| !found.told.is_empty()) {
        // Named by the day on which it was observed; where none is told, by one of its own dates.
        let day = told.at.or(date).map(Stamp::compact).unwrap_or_default();
        let key = format!("{}/pregnancy/{}", reading.key(person), day.get(..8).unwrap_or(&day));
        let mut entry = reading.entry(person, key, node, told.at, Body::PregnancyNotification(told.body));
        entry.cleared = told.cleared.into_iter().map(str::to_owned).collect();
        reading.update(PATH, entry);
    }
}

/// Takes one part. Returns whether it was: the first of each stands, and a value of another kind is none.
fn take<'t>(reading: &mut Reading<'t>, node: Node<'t>, part: Part, found: &mut Found<'t>) -> bool {
    let is_taken_back = is_taken_back(node);
    if !is_taken_back && !found.told.lacks(part) {
        return false;
    }
    let date = if part.is_date() { reading.stamp(node, "valueDateTime", PATH) } else { None };
    let measured = if part.is_date() { None } else { quantity(node, PATH) };
    match (date, measured) {
        _ if is_taken_back => found.told.cleared.push(part.field()),
        (Some(date), _) => found.told.date(part, date),
        (None, Some(measured)) => found.told.quantity(part, measured),
        (None, None) => return false,
    }
    found.date = found.date.or(date);
    found.told.at = found.told.at.or(effective(reading, node, PATH));
    note_code(node, PATH);
    true
}

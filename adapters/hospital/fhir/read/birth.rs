//! Observations that tell of a birth: the newborn's values, and those of the delivery. Each stands apart in FHIR; together they
//! are one entry of the child, and one of its mother.
//!
//! An observation that was entered in error takes back its own value: the others of the entry stay as they were said.

use super::people::{birth_time, flag};
use super::pregnancy;
use super::results::{check_usual, effective, note_code, observation, own_words, quantity, recognise};
use crate::hospital::concepts::{self, Concept};
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::reading::Reading;
use crate::json::Node;
use crate::wording::answer_of;
use crate::wording::codes::{DELIVERY_METHOD, DELIVERY_OUTCOME, code_of};
use musubi_proto::v1 as proto;
use proto::entry::Body;
use std::collections::BTreeMap;

/// Values that belong into one entry together, by person.
#[derive(Default)]
pub(super) struct Collected<'t> {
    newborns: BTreeMap<usize, Told<'t, proto::Newborn>>,
    deliveries: BTreeMap<usize, Told<'t, proto::Delivery>>,
    /// Gestational ages of mothers: part of the delivery, where one is told.
    gestations: Vec<(usize, usize)>,
    pub(super) pregnancies: pregnancy::Collected,
}

/// What observations tell of one birth.
struct Told<'t, T> {
    body: T,
    /// The first of them.
    node: Node<'t>,
    at: Option<Stamp>,
    /// Fields whose values were entered in error.
    cleared: Vec<&'static str>,
}

impl<'t> Collected<'t> {
    /// Keeps the gestational age of a mother until it is known whether a delivery is told.
    pub(super) fn gestation(&mut self, number: usize, person: usize) {
        self.gestations.push((number, person));
    }
}

/// The values of one person, begun with this observation where there are none.
fn of<'c, 't, T: Default>(
    all: &'c mut BTreeMap<usize, Told<'t, T>>,
    person: usize,
    node: Node<'t>,
    at: Option<Stamp>,
) -> &'c mut Told<'t, T> {
    all.entry(person).or_insert_with(|| Told { body: T::default(), node, at, cleared: Vec::new() })
}

/// Was it entered in error?
pub(super) fn is_taken_back(node: Node<'_>) -> bool {
    node.peek("status") == "entered-in-error"
}

/// A value of the newborn that has a code.
pub(super) fn newborn<'t>(
    reading: &mut Reading<'t>,
    person: usize,
    node: Node<'t>,
    concept: Concept,
    collected: &mut Collected<'t>,
) {
    if is_taken_back(node) {
        let at = effective(reading, node, "occurred_at");
        note_code(node, "newborn");
        of(&mut collected.newborns, person, node, at).cleared.extend(concept.field_of_newborn());
        return;
    }
    let Some(value) = quantity(node, "newborn") else { return };
    let at = effective(reading, node, "occurred_at");
    let told = of(&mut collected.newborns, person, node, at);
    if concept.fill(&mut told.body, value.clone()).is_none() {
        reading.error_at(
            "H006",
            node,
            "valueQuantity",
            "この項目ではあり得ない値または単位です。",
            "This value or its unit is impossible for this item.",
        );
        return;
    }
    check_usual(reading, node, concept, &value);
    note_code(node, "newborn");
}

/// What our own documents say of a newborn in words, for want of a code.
pub(super) fn words<'t>(
    reading: &mut Reading<'t>,
    person: usize,
    node: Node<'t>,
    collected: &mut Collected<'t>,
) -> bool {
    let field = match own_words(node) {
        "胸囲" => "chest_circumference",
        "低体重児の届出" => "low_weight_notified",
        "NICU入院" => "intensive_care",
        _ => return false,
    };
    let at = effective(reading, node, "occurred_at");
    note_code(node, "newborn");
    let told = of(&mut collected.newborns, person, node, at);
    let newborn = &mut told.body;
    match field {
        _ if is_taken_back(node) => told.cleared.push(field),
        "chest_circumference" => newborn.chest_circumference = quantity(node, "newborn.chest_circumference"),
        "low_weight_notified" => {
            newborn.low_weight_notified = flag(node, "valueBoolean", "newborn.low_weight_notified");
        }
        _ => newborn.intensive_care = answer_of(node.take("valueString", "newborn.intensive_care")),
    }
    true
}

/// What tells of a delivery: blood loss by its LOINC, the rest in the words of our own documents.
pub(super) fn labour<'t>(
    reading: &mut Reading<'t>,
    person: usize,
    node: Node<'t>,
    collected: &mut Collected<'t>,
) -> bool {
    const PATH: &str = "delivery";
    let blood = node.first("code").is_some_and(|code| code.all("coding").any(|one| one.peek("code") == "55103-6"));
    let field = match own_words(node) {
        _ if blood => "blood_loss",
        "分娩日時" => "delivered_at",
        "分娩方法" => "method",
        "分娩の転帰" => "outcome",
        "胎位" => "presentation",
        "児の数" => "child_count",
        "輸血" => "transfusion",
        "分娩時出血量" => "blood_loss",
        _ => return false,
    };
    let at = effective(reading, node, "occurred_at");
    let born = reading.stamp(node, "valueDateTime", "delivery.delivered_at");
    note_code(node, PATH);
    let told = of(&mut collected.deliveries, person, node, at);
    // A delivery is named by its day, whenever that was put down.
    told.at = born.or(told.at).or(at);
    if is_taken_back(node) {
        told.cleared.push(field);
        return true;
    }
    let text = node.take("valueString", PATH);
    let delivery = &mut told.body;
    match field {
        "delivered_at" => delivery.delivered_at = born.map(Stamp::date_time),
        "method" => delivery.method = code_of(DELIVERY_METHOD, text),
        "outcome" => delivery.outcome = code_of(DELIVERY_OUTCOME, text),
        "presentation" => text.clone_into(&mut delivery.presentation),
        "child_count" => delivery.child_count = node.take("valueInteger", PATH).parse().ok(),
        "transfusion" => delivery.transfusion = answer_of(text),
        _ => delivery.blood_loss = quantity(node, PATH),
    }
    true
}

/// Writes what was collected.
pub(super) fn finish<'t>(reading: &mut Reading<'t>, mut collected: Collected<'t>) {
    pregnancy::finish(reading, std::mem::take(&mut collected.pregnancies));
    for (number, person) in std::mem::take(&mut collected.gestations) {
        gestation(reading, &mut collected, number, person);
    }
    for (person, told) in collected.deliveries {
        let day = told.at.map(Stamp::compact).unwrap_or_default();
        let key = format!("{}/delivery/{}", reading.key(person), day.get(..8).unwrap_or(&day));
        let entry = reading.entry(person, key, told.node, told.at, Body::Delivery(told.body));
        push(reading, "delivery", entry, &told.cleared);
    }
    for (person, told) in collected.newborns {
        let Some(found) = reading.people.get(person) else { continue };
        let (patient, born) = (found.patient, found.born);
        let time = patient.and_then(|patient| birth_time(reading, patient));
        let born_at = time.or(born);
        let mut newborn = told.body;
        newborn.born_at = born_at.map(Stamp::date_time);
        newborn.sex = patient.and_then(|patient| match patient.peek("gender") {
            "male" => Some(proto::Sex::Male.into()),
            "female" => Some(proto::Sex::Female.into()),
            _ => None,
        });
        let order = patient.and_then(|patient| patient.peek("multipleBirthInteger").parse().ok());
        newborn.birth_order = order.filter(|order| (1..=9).contains(order));
        let key = format!("{}/newborn", reading.key(person));
        let entry = reading.entry(person, key, told.node, born_at.or(told.at), Body::Newborn(newborn));
        push(reading, "newborn", entry, &told.cleared);
    }
}

/// A mother's gestational age as part of the delivery that the document tells, else as an observation.
fn gestation<'t>(reading: &mut Reading<'t>, collected: &mut Collected<'t>, number: usize, person: usize) {
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    let days = quantity(node, "delivery.gestation_days").and_then(|value| concepts::days_of(&value));
    match (collected.deliveries.get_mut(&person), days) {
        (Some(told), _) if is_taken_back(node) => {
            note_code(node, "delivery.gestation_days");
            told.cleared.push("gestation_days");
        }
        (Some(told), Some(days)) => {
            note_code(node, "delivery.gestation_days");
            told.body.gestation_days = Some(days);
        }
        _ => {
            let loinc = recognise(reading, node.first("code")).map(|found| found.loinc).unwrap_or_default();
            observation(reading, person, node, loinc);
        }
    }
}

/// Adds an entry that says only what is new, and takes away what was entered in error.
fn push(reading: &mut Reading<'_>, kind: &'static str, mut entry: proto::Entry, cleared: &[&'static str]) {
    entry.cleared = cleared.iter().map(|field| (*field).to_owned()).collect();
    reading.update(kind, entry);
}

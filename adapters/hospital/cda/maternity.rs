//! The pregnancy and the delivery of the mother: each is one entry, of which several observations tell (`formats/hospital.md` 3.4).

use super::entries;
use super::sections::Kind;
use super::tree::Words;
use super::values;
use crate::hospital::concepts::{self, Concept};
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::pregnancy;
use crate::hospital::raise;
use crate::hospital::reading::Reading;
use crate::json::Node;
use crate::wording::answer_of;
use crate::wording::codes::{DELIVERY_METHOD, DELIVERY_OUTCOME, code_of};
use musubi_proto::v1 as proto;
use proto::YesNo;
use proto::entry::Body;
use std::collections::BTreeMap;

/// Name of the codes of parts that have no LOINC that was verified: they are known by what they are called, as in FHIR.
pub(super) const OWN: &str = "99MUSUBI";
pub(super) const DELIVERED_AT: &str = "分娩日時";
pub(super) const METHOD: &str = "分娩方法";
pub(super) const OUTCOME: &str = "分娩の転帰";
pub(super) const PRESENTATION: &str = "胎位";
pub(super) const CHILDREN: &str = "児の数";
pub(super) const TRANSFUSION: &str = "輸血";

/// Most children of one delivery.
const CHILDREN_MAX: i32 = 9;

/// What an observation of the mother is for her pregnancy or her delivery.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Pregnancy(pregnancy::Part),
    Gestation,
    BloodLoss,
    /// One of those that are known by what they are called.
    Called(&'static str),
    Complication,
}

impl Part {
    /// The field of a delivery that holds it; `None` of a part of a pregnancy, and of one of several in a list.
    fn field_of_delivery(self) -> Option<&'static str> {
        Some(match self {
            Part::Gestation => "gestation_days",
            Part::BloodLoss => "blood_loss",
            Part::Called(DELIVERED_AT) => "delivered_at",
            Part::Called(METHOD) => "method",
            Part::Called(OUTCOME) => "outcome",
            Part::Called(PRESENTATION) => "presentation",
            Part::Called(CHILDREN) => "child_count",
            Part::Called(TRANSFUSION) => "transfusion",
            _ => return None,
        })
    }
}

/// Is it a part of a pregnancy, or in the section about a delivery a part of that?
pub(super) fn part(node: Node<'_>, kind: Kind, recognised: Option<&(Concept, String)>) -> Option<Part> {
    let of_pregnancy = recognised.and_then(|(_, loinc)| pregnancy::Part::of(loinc));
    match (kind, recognised.map(|found| found.0)) {
        _ if of_pregnancy.is_some_and(|part| part.tells() || kind == Kind::Pregnancy) => {
            of_pregnancy.map(Part::Pregnancy)
        }
        (Kind::Delivery, Some(Concept::GestationalAge)) => Some(Part::Gestation),
        (Kind::Delivery, Some(Concept::BloodLoss)) => Some(Part::BloodLoss),
        (Kind::Delivery, _) => called(node).or_else(|| entries::is_diagnosis(node).then_some(Part::Complication)),
        _ => None,
    }
}

fn called(node: Node<'_>) -> Option<Part> {
    let code = node.first("code")?;
    let original = code.first("originalText").map_or("", |text| text.peek("#text"));
    let known = [DELIVERED_AT, METHOD, OUTCOME, PRESENTATION, CHILDREN, TRANSFUSION];
    let found = known.into_iter().find(|known| [code.peek("@displayName"), original].contains(known));
    found.map(Part::Called)
}

/// A pregnancy or a delivery as far as it was read, and where the first of it stands.
struct Found<T> {
    told: T,
    place: String,
}

/// What is told of a delivery.
#[derive(Default)]
struct Delivered {
    body: proto::Delivery,
    at: Option<Stamp>,
    /// Codes of complications.
    codes: Vec<(String, String)>,
    /// Fields whose values were put down by mistake.
    cleared: Vec<&'static str>,
}

/// Pregnancies and deliveries by person.
#[derive(Default)]
pub(super) struct Collected {
    pregnancies: BTreeMap<usize, Found<pregnancy::Told>>,
    deliveries: BTreeMap<usize, Found<Delivered>>,
}

/// What is told of this person, begun with this statement where nothing is.
fn of<'c, T: Default>(
    all: &'c mut BTreeMap<usize, Found<T>>,
    reading: &Reading<'_>,
    person: usize,
    node: Node<'_>,
) -> &'c mut T {
    let begun = || Found { told: T::default(), place: reading.tree.place(node) };
    &mut all.entry(person).or_insert_with(begun).told
}

/// Takes one part. Returns whether it was: what is told already stands, and a value of another kind is none.
pub(super) fn take(
    reading: &mut Reading<'_>,
    (person, part): (usize, Part),
    node: Node<'_>,
    words: &Words,
    collected: &mut Collected,
) -> bool {
    let Some(value) = node.first("value").filter(|value| !values::is_null(*value)) else { return false };
    if let Part::Pregnancy(part) = part {
        const PATH: &str = "pregnancy_notification";
        let told = of(&mut collected.pregnancies, reading, person, node);
        let is_taken = told.lacks(part) && of_pregnancy(reading, told, (value, part), words);
        if is_taken {
            told.at = told.at.or(entries::effective(reading, node, PATH));
            values::coded(node.first("code"), PATH, words);
        }
        return is_taken;
    }
    const PATH: &str = "delivery";
    let told = of(&mut collected.deliveries, reading, person, node);
    let is_taken = of_delivery(reading, &mut told.body, (value, part), words);
    if is_taken {
        told.name_by_day(reading, node, part);
        values::coded(node.first("code"), PATH, words);
        if part == Part::Complication {
            told.codes.extend(values::codes(Some(value)));
        }
        let is_own = node.first("code").is_some_and(|code| code.peek("@codeSystemName") == OWN);
        if matches!(part, Part::Called(_)) && !is_own {
            warn_of_text(reading, node);
        }
    }
    is_taken
}

/// Takes a value back that was put down by mistake: the others stay as they were said. Returns whether there is a field of it.
pub(super) fn take_back(
    reading: &mut Reading<'_>,
    (person, part): (usize, Part),
    node: Node<'_>,
    words: &Words,
    collected: &mut Collected,
) -> bool {
    if let Part::Pregnancy(part) = part {
        let told = of(&mut collected.pregnancies, reading, person, node);
        told.at = told.at.or(entries::effective(reading, node, "occurred_at"));
        told.cleared.push(part.field());
    } else if let Some(field) = part.field_of_delivery() {
        let told = of(&mut collected.deliveries, reading, person, node);
        told.name_by_day(reading, node, part);
        told.cleared.push(field);
    } else {
        return false;
    }
    values::coded(node.first("code"), "cleared", words);
    node.first("statusCode").map(|status| status.take("@code", "cleared"));
    true
}

impl Delivered {
    /// A delivery is named by its day, whenever that was put down; else by when the first of it was.
    fn name_by_day(&mut self, reading: &mut Reading<'_>, node: Node<'_>, part: Part) {
        let at = entries::effective(reading, node, "delivery");
        let value = node.first("value").filter(|_| part == Part::Called(DELIVERED_AT));
        let born = value.and_then(|value| reading.stamp(value, "@value", "delivery"));
        self.at = born.or(self.at).or(at);
    }
}

/// Says that an observation is known by what it is called.
pub(super) fn warn_of_text(reading: &mut Reading<'_>, node: Node<'_>) {
    reading.warning(
        "H104",
        node,
        "項目を名称で判別しました(matched-by-text)。",
        "The item was recognised by what it is called (matched-by-text).",
    );
}

/// Fills a field that is empty. Returns whether there was something to fill it with.
fn fill<T>(field: &mut Option<T>, value: Option<T>) -> bool {
    if field.is_some() || value.is_none() {
        return false;
    }
    *field = value;
    true
}

fn of_pregnancy(
    reading: &mut Reading<'_>,
    told: &mut pregnancy::Told,
    (value, part): (Node<'_>, pregnancy::Part),
    words: &Words,
) -> bool {
    const PATH: &str = "pregnancy_notification";
    let found = if part.is_date() {
        reading.stamp(value, "@value", PATH).map(|date| told.date(part, date))
    } else {
        values::measured(value, PATH, words).quantity.map(|quantity| told.quantity(part, quantity))
    };
    found.is_some()
}

fn of_delivery(
    reading: &mut Reading<'_>,
    body: &mut proto::Delivery,
    (value, part): (Node<'_>, Part),
    words: &Words,
) -> bool {
    const PATH: &str = "delivery";
    if part == Part::Called(DELIVERED_AT) {
        let at = reading.stamp(value, "@value", PATH);
        return fill(&mut body.delivered_at, at.map(Stamp::date_time));
    }
    let measured = values::measured(value, PATH, words);
    let whole = |most| measured.quantity.as_ref().and_then(|quantity| concepts::whole(quantity, most));
    match part {
        Part::Gestation => match measured.quantity.as_ref().map(concepts::days_of) {
            Some(Some(days)) => fill(&mut body.gestation_days, Some(days)),
            Some(None) => {
                reading.error(
                    "H006",
                    value,
                    "在胎期間としてあり得ない値または単位です。",
                    "This gestational age or its unit is impossible.",
                );
                false
            }
            None => false,
        },
        Part::BloodLoss => fill(&mut body.blood_loss, measured.quantity),
        Part::Called(CHILDREN) => fill(&mut body.child_count, whole(CHILDREN_MAX)),
        Part::Called(TRANSFUSION) => fill(&mut body.transfusion, yes_no(&measured.text)),
        Part::Complication => {
            let found = measured.coded.filter(|code| !body.complications.contains(code));
            let is_new = found.is_some();
            body.complications.extend(found);
            is_new
        }
        _ => {
            let said = measured.coded.map(|coded| coded.text).unwrap_or(measured.text);
            let (field, said) = match part {
                Part::Called(METHOD) => (&mut body.method, code_of(DELIVERY_METHOD, &said)),
                Part::Called(OUTCOME) => (&mut body.outcome, code_of(DELIVERY_OUTCOME, &said)),
                _ => (&mut body.presentation, said),
            };
            let is_new = field.is_empty() && !said.is_empty();
            if is_new {
                *field = said;
            }
            is_new
        }
    }
}

fn yes_no(said: &str) -> Option<i32> {
    match said {
        "true" => Some(YesNo::Yes.into()),
        "false" => Some(YesNo::No.into()),
        word => answer_of(word),
    }
}

/// Writes what was collected. A pregnancy is named by the documents that tell of it, a delivery by its day, as in FHIR. What a
/// document leaves out of either stays as it was said before (2.5).
pub(super) fn finish(reading: &mut Reading<'_>, series: &str, collected: Collected) {
    let root = reading.tree.root();
    for (person, Found { told, place }) in collected.pregnancies {
        if told.is_empty() {
            continue;
        }
        let key = format!("{}/pregnancy/{series}", reading.key(person));
        let mut entry = reading.entry(person, key, root, told.at, Body::PregnancyNotification(told.body));
        entry.source_path = place;
        entry.cleared = told.cleared.into_iter().map(str::to_owned).collect();
        reading.update("pregnancy_notification", entry);
    }
    for (person, Found { told, place }) in collected.deliveries {
        if told.cleared.is_empty() && told.body == proto::Delivery::default() {
            continue;
        }
        let day = told.at.map_or_else(|| series.to_owned(), |at| at.compact().chars().take(8).collect());
        let key = format!("{}/delivery/{day}", reading.key(person));
        let mut entry = reading.entry(person, key, root, told.at, Body::Delivery(told.body));
        entry.source_path = place;
        entry.cleared = told.cleared.into_iter().map(str::to_owned).collect();
        for (system, code) in told.codes {
            raise::by_codes(&mut entry, [(&*system, &*code)]);
        }
        reading.update("delivery", entry);
    }
}

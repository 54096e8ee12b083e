//! The pregnancy and the delivery of the mother: each is one entry, of which several observations tell (`formats/hospital.md` 3.4).

use super::entries;
use super::sections::Kind;
use super::tree::Words;
use super::values;
use crate::hospital::concepts::{self, Concept};
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::raise;
use crate::hospital::reading::Reading;
use crate::json::Node;
use crate::wording::answer_of;
use crate::wording::codes::{DELIVERY_METHOD, DELIVERY_OUTCOME, code_of};
use musubi_proto::v1 as proto;
use proto::YesNo;
use proto::entry::Body;
use std::collections::BTreeMap;

/// The observation of C-CDA that somebody is pregnant, and that of the date on which the delivery is expected.
pub(super) const PREGNANT: &str = "2.16.840.1.113883.10.20.15.3.8";
const EXPECTED: &str = "2.16.840.1.113883.10.20.15.3.1";

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
    DueDate,
    LastPeriod,
    WeightBefore,
    Height,
    Gestation,
    BloodLoss,
    /// One of those that are known by what they are called.
    Called(&'static str),
    Complication,
}

/// Is it a part of a pregnancy or a delivery? `in_pregnancy` tells that it stands in the observation of one.
pub(super) fn part(node: Node<'_>, kind: Kind, concept: Option<Concept>, in_pregnancy: bool) -> Option<Part> {
    let codes = values::codes(node.first("code"));
    let has = |loincs: &[&str]| codes.iter().any(|(_, code)| loincs.contains(&code.as_str()));
    let is_expected = || has(&["11778-8", "11779-6", "11780-4"]);
    match (kind, concept) {
        (Kind::Pregnancy, _) if is_expected() => Some(Part::DueDate),
        (Kind::Pregnancy, _) if has(&["8665-2"]) => Some(Part::LastPeriod),
        (Kind::Pregnancy, _) if has(&["56077-1"]) => Some(Part::WeightBefore),
        (Kind::Pregnancy, _) if has(&["3137-7"]) => Some(Part::Height),
        (Kind::Delivery, Some(Concept::GestationalAge)) => Some(Part::Gestation),
        (Kind::Delivery, Some(Concept::BloodLoss)) => Some(Part::BloodLoss),
        (Kind::Delivery, _) => called(node).or_else(|| entries::is_diagnosis(node).then_some(Part::Complication)),
        _ if (in_pregnancy || has_template(node, EXPECTED)) && is_expected() => Some(Part::DueDate),
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

/// Does it say that it follows this template?
pub(super) fn has_template(node: Node<'_>, root: &str) -> bool {
    node.all("templateId").any(|template| template.peek("@root") == root)
}

/// A body as far as it was read, with its place and time.
struct Found<B> {
    body: B,
    place: String,
    at: Option<Stamp>,
}

/// Pregnancies and deliveries by person.
#[derive(Default)]
pub(super) struct Collected {
    pregnancies: BTreeMap<usize, Found<proto::PregnancyNotification>>,
    deliveries: BTreeMap<usize, Found<proto::Delivery>>,
    /// Codes of complications.
    codes: BTreeMap<usize, Vec<(String, String)>>,
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
    let place = reading.tree.place(node);
    if matches!(part, Part::DueDate | Part::LastPeriod | Part::WeightBefore | Part::Height) {
        const PATH: &str = "pregnancy_notification";
        let mut found = collected.pregnancies.remove(&person).unwrap_or_else(|| Found::at(place));
        let is_taken = of_pregnancy(reading, &mut found.body, (value, part), words);
        if is_taken {
            found.at = found.at.or(entries::effective(reading, node, PATH));
            values::coded(node.first("code"), PATH, words);
        }
        collected.pregnancies.insert(person, found);
        return is_taken;
    }
    const PATH: &str = "delivery";
    let mut found = collected.deliveries.remove(&person).unwrap_or_else(|| Found::at(place));
    let is_taken = of_delivery(reading, &mut found.body, (value, part), words);
    if is_taken {
        found.at = found.at.or(entries::effective(reading, node, PATH));
        values::coded(node.first("code"), PATH, words);
        if part == Part::Complication {
            collected.codes.entry(person).or_default().extend(values::codes(Some(value)));
        }
        let is_own = node.first("code").is_some_and(|code| code.peek("@codeSystemName") == OWN);
        if matches!(part, Part::Called(_)) && !is_own {
            warn_of_text(reading, node);
        }
    }
    collected.deliveries.insert(person, found);
    is_taken
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

impl<B: Default> Found<B> {
    fn at(place: String) -> Self {
        Found { body: B::default(), place, at: None }
    }
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
    body: &mut proto::PregnancyNotification,
    (value, part): (Node<'_>, Part),
    words: &Words,
) -> bool {
    const PATH: &str = "pregnancy_notification";
    let date = |reading: &mut Reading<'_>| reading.stamp(value, "@value", PATH).map(Stamp::date);
    match part {
        Part::DueDate if body.due_date.is_none() => fill(&mut body.due_date, date(reading)),
        Part::LastPeriod if body.last_menstrual_period.is_none() => {
            fill(&mut body.last_menstrual_period, date(reading))
        }
        Part::WeightBefore => fill(&mut body.weight_before, values::measured(value, PATH, words).quantity),
        Part::Height => fill(&mut body.height, values::measured(value, PATH, words).quantity),
        _ => false,
    }
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

/// Writes what was collected. A pregnancy is named by the documents that tell of it, a delivery by its day, as in FHIR.
pub(super) fn finish(reading: &mut Reading<'_>, series: &str, collected: Collected) {
    let root = reading.tree.root();
    for (person, Found { body, place, at }) in collected.pregnancies {
        if body == proto::PregnancyNotification::default() {
            continue;
        }
        let key = format!("{}/pregnancy/{series}", reading.key(person));
        let mut entry = reading.entry(person, key, root, at, Body::PregnancyNotification(body));
        entry.source_path = place;
        reading.push("pregnancy_notification", entry);
    }
    let mut codes = collected.codes;
    for (person, Found { body, place, at }) in collected.deliveries {
        if body == proto::Delivery::default() {
            continue;
        }
        let day = at.map_or_else(|| series.to_owned(), |at| at.compact().chars().take(8).collect());
        let key = format!("{}/delivery/{day}", reading.key(person));
        let mut entry = reading.entry(person, key, root, at, Body::Delivery(body));
        entry.source_path = place;
        for (system, code) in codes.remove(&person).unwrap_or_default() {
            raise::by_codes(&mut entry, [(&*system, &*code)]);
        }
        reading.push("delivery", entry);
    }
}

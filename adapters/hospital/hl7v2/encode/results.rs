//! Observations, screenings and the newborn's values as OBX: below their order in an ORU, or beside the person.

use super::super::super::pregnancy::{self, Part};
use super::Message;
use super::line::{Line, coded, components, escaped};
use crate::family::Person;
use crate::wording::absences;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use std::collections::BTreeMap;

/// One ORU for each order.
pub(super) fn messages(person: &Person<'_>, pid: &Line) -> Vec<Message> {
    let mut orders: BTreeMap<&str, Vec<&proto::Entry>> = BTreeMap::new();
    for entry in &person.entries {
        if let Some(order) = order_of(&entry.source_key).filter(|_| is_result(entry)) {
            orders.entry(order).or_default().push(entry);
        }
    }
    let message = |(order, entries): (&str, Vec<&proto::Entry>)| {
        let results: Vec<Line> = numbered(entries.iter().copied().flat_map(results));
        let obr = Line::new("OBR")
            .with(1, "1".to_owned())
            .say(3, order)
            .with(4, results.first().map(|obx| obx.field(3).to_owned()).unwrap_or_default())
            .at(7, taken_together(&entries));
        Message { kind: "ORU^R01^ORU_R01", lines: [vec![pid.clone(), obr], results].concat() }
    };
    orders.into_iter().map(message).filter(|message| message.lines.len() > 2).collect()
}

/// When the first of these results was taken. Where one of them does not say it, the order cannot say it for all.
fn taken_together<'e>(entries: &[&'e proto::Entry]) -> Option<&'e proto::DateTime> {
    let times: Option<Vec<_>> = entries.iter().map(|entry| taken_at(entry)).collect();
    times?.first().copied()
}

/// When a result was taken; of an observation only what it says itself.
fn taken_at(entry: &proto::Entry) -> Option<&proto::DateTime> {
    match &entry.body {
        Some(Body::Observation(observation)) => observation.observed_at.as_ref(),
        _ => entry.occurred_at.as_ref(),
    }
}

/// The results that belong to no order.
pub(super) fn without_order(person: &Person<'_>) -> Vec<Line> {
    let entries = person.entries.iter().copied().filter(|entry| order_of(&entry.source_key).is_none());
    numbered(entries.flat_map(results))
}

fn numbered(lines: impl Iterator<Item = Line>) -> Vec<Line> {
    (1..).zip(lines).map(|(number, line): (usize, Line)| line.with(1, number.to_string())).collect()
}

/// The number of the order in a key such as `<person>/order/<number>/<code>/<sub-id>`.
fn order_of(key: &str) -> Option<&str> {
    let (_, below) = key.split_once("/order/")?;
    let number = ["/epds", "/newborn", "/pregnancy"].iter().find_map(|end| below.strip_suffix(end));
    number.or_else(|| below.rsplitn(3, '/').nth(2))
}

/// What the keys of observations hold that are no results.
const OTHER_KINDS: [&str; 5] = ["/allergy/", "/medication/", "/procedure/", "/immunization/", "/family_history/"];

fn is_result(entry: &proto::Entry) -> bool {
    match &entry.body {
        Some(Body::Observation(observation)) => observation.kind.is_empty(),
        Some(Body::Screening(_) | Body::Newborn(_) | Body::PregnancyNotification(_)) => true,
        Some(Body::Withdrawal(taken)) => {
            matches!(&*taken.body_kind, "observation" | "screening" | "newborn" | "pregnancy_notification")
        }
        _ => false,
    }
}

fn results(entry: &proto::Entry) -> Vec<Line> {
    match &entry.body {
        Some(Body::Observation(observation)) if observation.kind.is_empty() => {
            observed(entry, observation).into_iter().collect()
        }
        Some(Body::Screening(screening)) if screening.instrument == "epds" => epds(entry, screening),
        Some(Body::Newborn(newborn)) => born(newborn),
        Some(Body::PregnancyNotification(pregnancy)) => expecting(entry, pregnancy),
        Some(Body::Withdrawal(taken)) => withdrawn(entry, taken),
        _ => Vec::new(),
    }
}

/// What an OBX says of a newborn, with the LOINC and the name of each.
const OF_NEWBORN: [(&str, &str); 7] = [
    ("11884-4", "在胎週数"),
    ("8339-4", "出生体重"),
    ("89269-5", "出生時身長"),
    ("9843-4", "頭囲"),
    ("9272-6", "アプガースコア1分"),
    ("9274-2", "アプガースコア5分"),
    ("9271-8", "アプガースコア10分"),
];

/// OBX-11 `D` or `W`: of what is taken back only the code is known, by its key; of a newborn and of a
/// pregnancy each of its values is.
fn withdrawn(entry: &proto::Entry, taken: &proto::Withdrawal) -> Vec<Line> {
    let status = if taken.reason == "wrong_person" { "W" } else { "D" };
    let line = |code: String| Line::new("OBX").with(3, code).with(11, status.to_owned());
    match &*taken.body_kind {
        "screening" => vec![line(components(&["99046-5", "EPDS", "LN"]))],
        "newborn" => OF_NEWBORN.iter().map(|(loinc, name)| line(components(&[loinc, name, "LN"]))).collect(),
        "pregnancy_notification" => {
            Part::WRITTEN.iter().map(|(_, loinc, name)| line(components(&[loinc, name, "LN"]))).collect()
        }
        "observation" if !OTHER_KINDS.iter().any(|kind| entry.source_key.contains(kind)) => {
            let mut parts = entry.source_key.rsplitn(3, '/');
            let (Some(sub_id), Some(code), Some(_)) = (parts.next(), parts.next(), parts.next()) else {
                return Vec::new();
            };
            vec![line(escaped(code)).say(4, sub_id)]
        }
        _ => Vec::new(),
    }
}

/// OBX-2, 5 and 6 of a quantity.
fn value(line: Line, quantity: Option<&proto::Quantity>) -> Line {
    let Some(quantity) = quantity else { return line };
    let unit = &quantity.unit;
    let line = line.with(6, components(&[unit, unit, if unit.is_empty() { "" } else { "UCUM" }]));
    if quantity.comparator.is_empty() {
        line.with(2, "NM".to_owned()).say(5, &quantity.value)
    } else {
        line.with(2, "SN".to_owned()).with(5, components(&[&quantity.comparator, &quantity.value]))
    }
}

fn observed(entry: &proto::Entry, observation: &proto::Observation) -> Option<Line> {
    let code = observation.code.as_ref()?;
    let status = match observation.status.as_str() {
        "corrected" => "C",
        "preliminary" => "P",
        "unverified" => "R",
        "partial" => "S",
        "pending" => "I",
        _ if absences::of_observation(&entry.absent).is_some_and(|absence| absence.reason == "not-asked") => "N",
        "none" => "X",
        _ if absences::of_observation(&entry.absent).is_some() => "X",
        _ => "F",
    };
    let sub_id = entry.source_key.rsplit_once('/').map(|(_, sub_id)| sub_id).unwrap_or_default();
    let sub_id = sub_id.split_once('#').map_or(sub_id, |(sub_id, _)| sub_id);
    let line = Line::new("OBX")
        .coded(3, Some(code))
        .say(4, sub_id)
        .say(8, &observation.interpretation)
        .with(11, status.to_owned())
        .at(14, observation.observed_at.as_ref());
    Some(match (&observation.quantity, &observation.coded) {
        (Some(quantity), _) => value(line, Some(quantity)),
        (None, Some(answer)) => line.with(2, "CWE".to_owned()).with(5, coded(answer)),
        (None, None) => line.with(2, "TX".to_owned()).say(5, &observation.text),
    })
}

/// The total has a LOINC; an item has none that was verified, and is known by its text.
fn epds(entry: &proto::Entry, screening: &proto::Screening) -> Vec<Line> {
    let (answered, occurred) = (screening.answered_on.as_ref(), entry.occurred_at.as_ref());
    let same_day = occurred.filter(|at| at.date.as_ref() == answered).map(super::line::moment);
    let at = same_day.or_else(|| answered.map(super::line::day)).unwrap_or_default();
    let score = |code: String, value: i32| {
        let line = Line::new("OBX").with(2, "NM".to_owned()).with(3, code).with(5, value.to_string());
        line.with(6, escaped("{score}")).with(11, "F".to_owned()).with(14, at.clone())
    };
    let item = |number: usize, value: i32| {
        score(components(&[&format!("EPDS{number:02}"), &format!("EPDS項目{number}"), "99MUSUBI"]), value)
    };
    let total = screening.total.map(|total| score(components(&["99046-5", "EPDS", "LN"]), total));
    let items = (1..).zip(&screening.items).map(|(number, value)| item(number, *value));
    total.into_iter().chain(items).chain(screening.self_harm_item.map(|value| item(10, value))).collect()
}

fn born(newborn: &proto::Newborn) -> Vec<Line> {
    let line = |(loinc, name): (&str, &str)| {
        let line = Line::new("OBX").with(3, components(&[loinc, name, "LN"])).with(11, "F".to_owned());
        line.at(14, newborn.born_at.as_ref())
    };
    let weeks = newborn.gestation_days.map(|days| format!("{}w{}d", days / 7, days % 7));
    let score = |score: Option<i32>| {
        let value = score?.to_string();
        Some(proto::Quantity { value, unit: "{score}".to_owned(), comparator: String::new() })
    };
    let measured = [
        newborn.birth_weight.clone(),
        newborn.birth_length.clone(),
        newborn.head_circumference.clone(),
        score(newborn.apgar_1),
        score(newborn.apgar_5),
        score(newborn.apgar_10),
    ];
    let [gestation, others @ ..] = OF_NEWBORN;
    let gestation = weeks.map(|weeks| line(gestation).with(2, "ST".to_owned()).with(5, weeks));
    let others = others.into_iter().zip(&measured).filter_map(|(of, told)| Some(value(line(of), Some(told.as_ref()?))));
    gestation.into_iter().chain(others).collect()
}

/// What a hospital tells of a pregnancy. A notification to the municipality has more to it, which v2 has no place for.
fn expecting(entry: &proto::Entry, pregnancy: &proto::PregnancyNotification) -> Vec<Line> {
    let line = |loinc: &str, name: &str| {
        let line = Line::new("OBX").with(3, components(&[loinc, name, "LN"])).with(11, "F".to_owned());
        line.at(14, entry.occurred_at.as_ref())
    };
    let written = |(part, loinc, name): (Part, &str, &str)| {
        let date = pregnancy::date_of(pregnancy, part).map(super::line::day).filter(|day| !day.is_empty());
        let dated = date.map(|day| line(loinc, name).with(2, "DT".to_owned()).with(5, day));
        let measured = pregnancy::quantity_of(pregnancy, part);
        dated.or_else(|| Some(value(line(loinc, name), Some(measured?))))
    };
    Part::WRITTEN.into_iter().filter_map(written).collect()
}

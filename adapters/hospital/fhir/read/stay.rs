//! Encounter as `encounter` and `discharge_notice`.

use super::bundle::Document;
use super::{people, values};
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::raise;
use crate::hospital::reading::Reading;
use crate::json::{Fate, Node};
use musubi_proto::v1 as proto;
use proto::entry::Body;
use proto::{Category, Label, SubjectRole};

/// An Encounter, and a discharge notice where an inpatient stay has ended.
pub(super) fn encounter(reading: &mut Reading<'_>, number: usize, document: &Document<'_>) {
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    let Some(person) = reading.person(number, "subject") else { return };
    let (start, end) = times(reading, node, document);
    let class = class(reading, node);
    let visit_number = reading.number_of(node);
    let key = crate::hospital::stay_key(reading.key(person), &visit_number, start, end);
    let inpatient = class == "inpatient" || (document.is_discharge() && class.is_empty());
    if matches!(node.peek("status"), "entered-in-error" | "cancelled") {
        reading.withdraw(person, key.clone(), node, "encounter", Category::C05Delivery);
        if inpatient {
            reading.withdraw(person, key, node, "discharge_notice", Category::C05Delivery);
        }
        return;
    }
    let department = values::words(node.first("serviceType"), "encounter.department");
    let ward = ward(reading, node, number);
    let attending = attending(reading, node, number);
    let hospitalization = node.first("hospitalization");
    let source = hospitalization.map(|stay| values::words(stay.first("admitSource"), "encounter.admit_source"));
    let body = Body::Encounter(proto::Encounter {
        class: class.to_owned(),
        visit_number,
        period: (start.is_some() || end.is_some())
            .then(|| proto::Period { start: start.map(Stamp::date_time), end: end.map(Stamp::date_time) }),
        ward: ward.clone(),
        department: department.clone(),
        attending: attending.clone(),
        admit_source: source.unwrap_or_default(),
        status: status(node).to_owned(),
        expected_start: None,
    });
    let mut entry = reading.entry(person, key.clone(), node, start.or(end), body);
    raise::by_place(&mut entry, &ward, &department);
    reading.update("encounter", entry);
    part_of(reading, number, person);
    // Nobody is discharged from a stay that is only planned.
    let ended = (end.is_some() && node.peek("status") != "planned") || document.is_discharge();
    if !(inpatient && ended) {
        return;
    }
    if end.is_none() {
        reading.warning_at(
            "H103",
            node,
            "period",
            "退院日時がありません。退院前の要約として受け取りました。",
            "The time of discharge is missing; taken as a summary written before it.",
        );
    }
    let destination = hospitalization.and_then(destination);
    let outcome =
        hospitalization.and_then(|stay| values::coding(stay.first("dischargeDisposition"), "discharge_notice.outcome"));
    let death = matches!(outcome.as_ref().map(|outcome| outcome.code.as_str()), Some("6" | "7" | "exp"));
    let death = death || destination.as_ref().is_some_and(|to| raise::tells_death(&to.code));
    let body = Body::DischargeNotice(proto::DischargeNotice {
        admitted_at: start.map(Stamp::date_time),
        discharged_at: end.map(Stamp::date_time),
        destination,
        outcome,
        ward: ward.clone(),
        department: department.clone(),
        attending,
        institution: institution(reading, node, number, document),
        ..document.told(person)
    });
    let mut entry = reading.entry(person, key, node, end, body);
    raise::by_place(&mut entry, &ward, &department);
    if death {
        entry.label = Label::R.into();
    }
    reading.update("discharge_notice", entry);
}

/// The period of the stay: the Encounter's own, else the event of a discharge summary.
fn times(reading: &mut Reading<'_>, node: Node<'_>, document: &Document<'_>) -> (Option<Stamp>, Option<Stamp>) {
    let own = node.first("period");
    let mut read = |period: Option<Node<'_>>, name, path| period.and_then(|period| reading.stamp(period, name, path));
    let start = read(own, "start", "encounter.period.start");
    let end = read(own, "end", "encounter.period.end");
    let event = document.event().filter(|_| document.is_discharge());
    let start = start.or_else(|| read(event, "start", "discharge_notice.admitted_at"));
    let end = end.or_else(|| read(event, "end", "discharge_notice.discharged_at"));
    if let (Some(start), Some(end)) = (start, end)
        && start.certainly_after(end)
    {
        reading.error_at("H006", node, "period", "退院日時が入院日時より前です。", "The end is before the beginning.");
    }
    (start, end)
}

fn status(node: Node<'_>) -> &'static str {
    match node.take("status", "encounter.status") {
        "planned" => "planned",
        "arrived" | "triaged" | "in-progress" | "onleave" => "in_progress",
        "finished" => "finished",
        _ => "",
    }
}

fn class(reading: &mut Reading<'_>, node: Node<'_>) -> &'static str {
    let Some(class) = node.first("class") else { return "" };
    class.take("system", "encounter.class");
    match class.take("code", "encounter.class") {
        "IMP" | "ACUTE" | "NONAC" | "SS" => "inpatient",
        "AMB" => "outpatient",
        "EMER" => "emergency",
        "PRENC" => "preadmission",
        "" | "UNK" => "",
        _ => {
            reading.warning(
                "H104",
                class,
                "受診区分のコードが表にありません。",
                "This class of encounter is not in the table.",
            );
            ""
        }
    }
}

fn ward(reading: &Reading<'_>, node: Node<'_>, number: usize) -> String {
    let Some(place) = node.first("location").and_then(|location| location.first("location")) else {
        return String::new();
    };
    let shown = place.take("display", "encounter.ward");
    if !shown.is_empty() {
        return shown.to_owned();
    }
    let target = reading.follow(Some(place), number);
    target.map_or("", |location| location.take("name", "encounter.ward")).to_owned()
}

fn attending(reading: &Reading<'_>, node: Node<'_>, number: usize) -> String {
    let Some(who) = node.first("participant").and_then(|one| one.first("individual")) else { return String::new() };
    let shown = who.take("display", "encounter.attending");
    if !shown.is_empty() {
        return shown.to_owned();
    }
    let name = reading.follow(Some(who), number).and_then(|person| person.first("name"));
    name.and_then(values::name).map(|(name, _)| name.text).unwrap_or_default()
}

fn destination(stay: Node<'_>) -> Option<proto::Coded> {
    const PATH: &str = "discharge_notice.destination";
    let to = stay.first("destination")?;
    let id = to.first("identifier");
    let coded = proto::Coded {
        system: values::system(id.map_or("", |id| id.take("system", PATH))),
        code: id.map_or("", |id| id.take("value", PATH)).to_owned(),
        text: to.take("display", PATH).to_owned(),
    };
    (!coded.code.is_empty() || !coded.text.is_empty()).then_some(coded)
}

fn institution(reading: &Reading<'_>, node: Node<'_>, number: usize, document: &Document<'_>) -> String {
    let provider = reading.follow(node.first("serviceProvider"), number).or(document.custodian);
    provider.map_or("", |provider| provider.take("name", "discharge_notice.institution")).to_owned()
}

/// A child's stay within its mother's links the two. Of any other stay that is part of one the record has no link.
fn part_of(reading: &mut Reading<'_>, number: usize, child: usize) {
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    let Some(reference) = node.get("partOf") else { return };
    let mother = reading.target(Some(reference), number).and_then(|outer| patient_of(reading, outer));
    let role = |at: usize| reading.people.get(at).map(|person| person.role());
    match mother.filter(|mother| role(child) == Some(SubjectRole::Child) && role(*mother) == Some(SubjectRole::Mother))
    {
        Some(mother) => people::link(reading, mother, child, node, "MTH", "Encounter.partOf"),
        None => reference.settle(Fate::Kept),
    }
}

/// Whose stay this resource is.
fn patient_of(reading: &Reading<'_>, stay: usize) -> Option<usize> {
    let node = reading.resources.get(stay).filter(|stay| stay.kind == "Encounter")?.node;
    let target = reading.target(Some(node.get("subject")?), stay)?;
    reading.people.iter().position(|person| person.resource == Some(target))
}

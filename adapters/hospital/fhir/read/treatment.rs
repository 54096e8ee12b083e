//! What was given and done: medicines, procedures, pictures taken, and vaccines, each an observation of its kind.

use super::values;
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::keys;
use crate::hospital::raise;
use crate::hospital::reading::Reading;
use crate::json::Node;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use proto::{Category, SubjectRole};

/// Where the resources of one type say what the record wants to know.
struct Form {
    resource: &'static str,
    /// `kind` of the observation.
    kind: &'static str,
    subject: &'static str,
    /// What was given or done.
    what: &'static str,
    /// Another resource that says it.
    what_elsewhere: &'static str,
    /// When: the first of these that is a date, or a period with a beginning.
    when: &'static [&'static str],
}

const FORMS: [Form; 7] = [
    medicine("MedicationRequest", &["authoredOn"]),
    medicine("MedicationStatement", &["effectiveDateTime", "effectivePeriod", "dateAsserted"]),
    medicine("MedicationAdministration", &["effectiveDateTime", "effectivePeriod"]),
    medicine("MedicationDispense", &["whenHandedOver", "whenPrepared"]),
    Form {
        resource: "Procedure",
        kind: "procedure",
        subject: "subject",
        what: "code",
        what_elsewhere: "",
        when: &["performedDateTime", "performedPeriod"],
    },
    Form {
        resource: "ImagingStudy",
        kind: "procedure",
        subject: "subject",
        what: "procedureCode",
        what_elsewhere: "",
        when: &["started"],
    },
    Form {
        resource: "Immunization",
        kind: "immunization",
        subject: "patient",
        what: "vaccineCode",
        what_elsewhere: "",
        when: &["occurrenceDateTime"],
    },
];

const fn medicine(resource: &'static str, when: &'static [&'static str]) -> Form {
    Form {
        resource,
        kind: "medication",
        subject: "subject",
        what: "medicationCodeableConcept",
        what_elsewhere: "medicationReference",
        when,
    }
}

/// Reads every resource of these types.
pub(super) fn read(reading: &mut Reading<'_>) {
    for form in &FORMS {
        let of_type = |(number, one): (usize, &crate::hospital::reading::Resource<'_>)| {
            (one.kind == form.resource).then_some(number)
        };
        let numbers: Vec<usize> = reading.resources.iter().enumerate().filter_map(of_type).collect();
        numbers.into_iter().for_each(|number| one(reading, number, form));
    }
}

fn one(reading: &mut Reading<'_>, number: usize, form: &Form) {
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    if matches!(node.peek("intent"), "proposal" | "plan" | "option") {
        reading.information(
            "H003",
            node,
            "提案または計画であり、行われたことではないため、原文のまま保管しました。",
            "A proposal or a plan is no event; it is kept in the raw document.",
        );
        return;
    }
    let Some(person) = reading.person(number, form.subject) else { return };
    let elsewhere = reading.follow(node.get(form.what_elsewhere), number);
    let concept = node.first(form.what).or_else(|| elsewhere.and_then(|other| other.first("code")));
    let modality = node.first("series").and_then(|series| series.first("modality")).filter(|_| concept.is_none());
    let what = values::coding(concept, "observation.coded");
    let Some(what) = what.or_else(|| modality.map(|coding| values::one_coding(coding, "observation.coded"))) else {
        reading.warning(
            "H104",
            node,
            "薬剤、処置またはワクチンの名がないため、原文のまま保管しました。",
            "Without the name of the medicine, procedure or vaccine it is kept in the raw document only.",
        );
        return;
    };
    let at = form.when.iter().find_map(|name| when(reading, node, name));
    let key = key(reading, person, form, node, &what, at);
    let status = status(node);
    if status == Some("entered-in-error") {
        reading.withdraw(person, key, node, "observation", Category::C05Delivery);
        return;
    }
    let text = words(node);
    let told = !text.is_empty();
    let body = Body::Observation(proto::Observation {
        coded: Some(what),
        text,
        observed_at: at.map(Stamp::date_time),
        status: status.unwrap_or_default().to_owned(),
        kind: form.kind.to_owned(),
        ..proto::Observation::default()
    });
    let mut entry = reading.entry(person, key, node, at, body);
    let mut codes = values::codes(concept);
    codes.extend(modality.map(values::one_code));
    raise::by_codes(&mut entry, codes.iter().map(|(system, code)| (&**system, &**code)));
    let child = reading.people.get(person).is_some_and(|person| person.role() == SubjectRole::Child);
    if child && form.kind == "immunization" {
        raise::child_checks(&mut entry);
    }
    if told {
        raise::narrative(&mut entry);
    }
    reading.push("observation", entry);
}

fn when(reading: &mut Reading<'_>, node: Node<'_>, name: &str) -> Option<Stamp> {
    const PATH: &str = "observation.observed_at";
    match node.first(name) {
        Some(period) if !period.is_leaf() => reading.stamp(period, "start", PATH),
        _ => reading.stamp(node, name, PATH),
    }
}

/// The sender's number, else the name and the day: the same document again is of the same series.
fn key(
    reading: &Reading<'_>,
    person: usize,
    form: &Form,
    node: Node<'_>,
    what: &proto::Coded,
    at: Option<Stamp>,
) -> String {
    let number = reading.number_of(node);
    let base = format!("{}/{}", reading.key(person), form.kind);
    if keys::is_number(&number) {
        return format!("{base}/{number}");
    }
    let name = keys::head(what);
    let day = at.map(Stamp::compact).unwrap_or_default();
    format!("{base}/{name}/{}", day.get(..8).unwrap_or(&day))
}

/// The status as the record says it; `entered-in-error` as it stands, and `None` for one that is not known.
fn status(node: Node<'_>) -> Option<&'static str> {
    let not_to_be = node.take("doNotPerform", "observation.status") == "true";
    match node.take("status", "observation.status") {
        "entered-in-error" => Some("entered-in-error"),
        _ if not_to_be => Some("none"),
        "active" | "completed" | "in-progress" | "stopped" | "available" => Some("final"),
        "not-done" | "not-taken" | "cancelled" | "declined" => Some("none"),
        "draft" | "intended" | "preparation" | "on-hold" | "registered" => Some("pending"),
        _ => None,
    }
}

/// How a medicine is taken, which dose of a vaccine it was, of what a picture was taken, what came of a procedure, and what is
/// noted.
fn words(node: Node<'_>) -> String {
    const PATH: &str = "observation.text";
    let mut lines: Vec<String> = Vec::new();
    for dosage in node.all("dosageInstruction").chain(node.all("dosage")) {
        let text = dosage.take("text", PATH).to_owned();
        let timing = || values::words(dosage.first("timing").and_then(|timing| timing.first("code")), PATH);
        lines.push(if text.is_empty() { timing() } else { text });
    }
    for dose in node.all("protocolApplied") {
        let number = dose.take("doseNumberPositiveInt", PATH);
        lines.push(if number.is_empty() { String::new() } else { format!("{number}回目") });
        lines.push(dose.take("doseNumberString", PATH).to_owned());
    }
    let described = std::iter::once(node).chain(node.all("series")).map(|one| one.take("description", PATH).to_owned());
    lines.extend(described);
    lines.push(values::words(node.first("outcome"), PATH));
    lines.extend(node.all("note").map(|note| note.take("text", PATH).to_owned()));
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

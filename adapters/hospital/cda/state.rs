//! Whether a diagnosis or an allergy is there now: the status observation of C-CDA (33999-4), in the codes of SNOMED CT that the
//! implementation guide C-CDA on FHIR maps to those of FHIR (ConceptMap CF-ProblemStatus).

use super::entries::Place;
use super::sections::Kind;
use super::values;
use super::write::LOINC;
use crate::json::Node;
use crate::xml::Writer;

/// LOINC: status.
const STATUS: &str = "33999-4";
/// Template of the status of a problem, and of an allergy.
const PROBLEM_STATUS: &str = "2.16.840.1.113883.10.20.22.4.6";
const ALLERGY_STATUS: &str = "2.16.840.1.113883.10.20.22.4.28";
const SNOMED: &str = "2.16.840.1.113883.6.96";

/// Code of SNOMED CT, what it displays, state of the record.
const STATES: [(&str, &str, &str); 6] = [
    ("55561003", "Active", "active"),
    ("246455001", "Recurrence", "recurrence"),
    ("263855007", "Relapse phase", "relapse"),
    ("73425007", "Inactive", "inactive"),
    ("277022003", "Remission phase", "remission"),
    ("413322009", "Problem resolved", "resolved"),
];

/// Is an observation the status of the one around it?
pub(super) fn is_status(observation: Node<'_>) -> bool {
    observation.first("code").is_some_and(|code| code.peek("@code") == STATUS)
}

/// The state that stands beside a statement; else, where an end is told of which nobody knows the day, that it has ended.
/// `None` where nothing is said of it, not even that nobody knows.
fn of(statement: Node<'_>, path: &'static str) -> Option<&'static str> {
    let beside = statement.all("entryRelationship").flat_map(|one| one.all("observation"));
    let mut said = beside.filter(|one| is_status(*one)).filter_map(|one| one.first("value")).peekable();
    if said.peek().is_none() {
        return ended_at_no_known_time(statement).then_some("resolved");
    }
    let known = said.find_map(|value| {
        let state = STATES.iter().find(|(code, ..)| *code == value.peek("@code"))?;
        value.take("@code", path);
        value.take("@codeSystem", path);
        Some(state.2)
    });
    Some(known.unwrap_or_default())
}

/// The state of a diagnosis. Where its document says nothing of it, the section does: a problem is there now, an illness of the
/// past is not. A section says nothing of what was denied or has an end of its own, nor of a concern that nobody follows any more.
pub(super) fn of_diagnosis(statement: Node<'_>, place: &Place<'_>, is_settled: bool) -> &'static str {
    let by_section = || match place.kind {
        _ if is_settled => "",
        Kind::Problems if !place.is_closed => "active",
        Kind::PastIllnesses => "inactive",
        _ => "",
    };
    of(statement, "condition.state").unwrap_or_else(by_section)
}

/// Is a concern closed: completed, aborted or suspended (ActStatus)?
pub(super) fn is_closed(act: Node<'_>) -> bool {
    let status = act.first("statusCode").map_or("", |status| status.peek("@code"));
    matches!(status, "completed" | "aborted" | "suspended")
}

/// The state of what is over; else empty.
pub(super) fn over(statement: Node<'_>, path: &'static str) -> &'static str {
    of(statement, path).filter(|state| matches!(*state, "inactive" | "resolved")).unwrap_or_default()
}

/// `<high nullFlavor="UNK"/>`: C-CDA says so of a problem that is resolved, of which the time is not known.
fn ended_at_no_known_time(statement: Node<'_>) -> bool {
    let high = statement.first("effectiveTime").and_then(|time| time.first("high"));
    high.is_some_and(|high| values::is_null(high) && high.peek("@nullFlavor") == "UNK")
}

/// Writes the status observation of a problem.
pub(super) fn of_problem(out: &mut Writer, state: &str) {
    write(out, state, ("REFR", PROBLEM_STATUS, "cda:CD"));
}

/// Writes that the state of a problem is not known, where its section would say that it is there now. The template has no code for it.
pub(super) fn of_unknown_problem(out: &mut Writer) {
    write_value(out, ("REFR", ""), &[("xsi:type", "cda:CD"), ("nullFlavor", "NI")]);
}

/// Writes the status observation of an allergy, which knows no more than whether it is over.
pub(super) fn of_allergy(out: &mut Writer, state: &str) {
    if matches!(state, "active" | "inactive" | "resolved") {
        write(out, state, ("SUBJ", ALLERGY_STATUS, "cda:CE"));
    }
}

fn write(out: &mut Writer, state: &str, (relation, template, kind): (&str, &str, &str)) {
    let Some((code, display, _)) = STATES.iter().find(|(.., known)| *known == state) else { return };
    let value = [("xsi:type", kind), ("code", *code), ("codeSystem", SNOMED), ("displayName", *display)];
    write_value(out, (relation, template), &value);
}

fn write_value(out: &mut Writer, (relation, template): (&str, &str), value: &[(&'static str, &str)]) {
    out.open_with("entryRelationship", &[("typeCode", relation)]);
    out.open_with("observation", &[("classCode", "OBS"), ("moodCode", "EVN")]);
    if !template.is_empty() {
        out.empty("templateId", &[("root", template)]);
    }
    out.empty("code", &[("code", STATUS), ("codeSystem", LOINC), ("displayName", "Status")]);
    out.empty("statusCode", &[("code", "completed")]);
    out.empty("value", value);
    out.close();
    out.close();
}

//! Whether a diagnosis or an allergy is there now: the status observation of C-CDA (33999-4), in the codes of SNOMED CT that the
//! implementation guide C-CDA on FHIR maps to those of FHIR (ConceptMap CF-ProblemStatus).

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
pub(super) fn of(statement: Node<'_>, path: &'static str) -> &'static str {
    let beside = statement.all("entryRelationship").flat_map(|one| one.all("observation"));
    let said = beside.filter(|one| is_status(*one)).find_map(|one| {
        let value = one.first("value")?;
        let state = STATES.iter().find(|(code, ..)| *code == value.peek("@code"))?;
        value.take("@code", path);
        value.take("@codeSystem", path);
        Some(state.2)
    });
    said.unwrap_or_else(|| if ended_at_no_known_time(statement) { "resolved" } else { "" })
}

/// The state of what is over; else empty.
pub(super) fn over(statement: Node<'_>, path: &'static str) -> &'static str {
    Some(of(statement, path)).filter(|state| matches!(*state, "inactive" | "resolved")).unwrap_or_default()
}

/// `<high nullFlavor="UNK"/>`: C-CDA says so of a problem that is resolved, of which the time is not known.
fn ended_at_no_known_time(statement: Node<'_>) -> bool {
    let high = statement.first("effectiveTime").and_then(|time| time.first("high"));
    high.is_some_and(|high| values::is_null(high) && high.peek("@nullFlavor") == "UNK")
}

/// Writes the status observation of a problem.
pub(super) fn of_problem(out: &mut Writer, state: &str) {
    write(out, state, ("REFR", PROBLEM_STATUS));
}

/// Writes the status observation of an allergy.
pub(super) fn of_allergy(out: &mut Writer, state: &str) {
    write(out, state, ("SUBJ", ALLERGY_STATUS));
}

fn write(out: &mut Writer, state: &str, (relation, template): (&str, &str)) {
    let Some((code, display, _)) = STATES.iter().find(|(.., known)| *known == state) else { return };
    out.open_with("entryRelationship", &[("typeCode", relation)]);
    out.open_with("observation", &[("classCode", "OBS"), ("moodCode", "EVN")]);
    out.empty("templateId", &[("root", template)]);
    out.empty("code", &[("code", STATUS), ("codeSystem", LOINC), ("displayName", "Status")]);
    out.empty("statusCode", &[("code", "completed")]);
    let value = [("xsi:type", "cda:CD"), ("code", *code), ("codeSystem", SNOMED), ("displayName", *display)];
    out.empty("value", &value);
    out.close();
    out.close();
}

//! Entries: diagnoses, allergies, the newborn's values, and every other observation (`formats/hospital.md` 3.4).

use super::allergies;
use super::coverage;
use super::maternity::{self, Part};
use super::newborns;
use super::relatives;
use super::screening;
use super::sections::{Kind, Section};
use super::state;
use super::tree::Words;
use super::values::{self, Measured};
use crate::hospital::absence;
use crate::hospital::concepts::{self, Concept};
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::hl7v2::types;
use crate::hospital::keys;
use crate::hospital::raise;
use crate::hospital::reading::Reading;
use crate::json::Node;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use proto::{Category, SubjectRole};

/// Values that belong into one entry together, by person.
#[derive(Default)]
pub(super) struct Collected {
    pub(super) newborns: newborns::Collected,
    screenings: screening::Collected,
    maternity: maternity::Collected,
    /// The series of the document.
    pub(super) series: String,
}

impl Collected {
    /// For the document of this series.
    pub(super) fn of(series: &str) -> Self {
        Collected { series: series.chars().take(80).collect(), ..Collected::default() }
    }
}

/// Where an observation stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'w> {
    pub(super) patient: usize,
    pub(super) kind: Kind,
    words: &'w Words,
    /// Within a concern that is closed.
    pub(super) is_closed: bool,
}

/// Reads the entries of a section.
pub(super) fn read(
    reading: &mut Reading<'_>,
    patient: usize,
    section: &Section<'_>,
    words: &Words,
    collected: &mut Collected,
) {
    let (kind, section) = (section.kind, section.node);
    if kind == Kind::Words {
        if section.first("entry").is_some() {
            reading.information(
                "H003",
                section,
                "この節の項目は記録に写さず、文書として保管しました。",
                "The entries of this section are not mapped: they are kept as a document.",
            );
        }
        return;
    }
    if kind == Kind::Payers {
        return coverage::section(reading, patient, section, words);
    }
    let subject = section.first("subject");
    for entry in section.all("entry") {
        walk(reading, entry, subject, Place { patient, kind, words, is_closed: false }, collected);
    }
}

/// Goes down through acts and organisers to the observations.
fn walk(
    reading: &mut Reading<'_>,
    node: Node<'_>,
    above: Option<Node<'_>>,
    place: Place<'_>,
    collected: &mut Collected,
) {
    for name in ["act", "organizer", "observation"] {
        for statement in node.all(name) {
            let subject = statement.first("subject").or(above);
            // A plan, a goal or a proposal is no event.
            if !matches!(statement.peek("@moodCode"), "EVN" | "") {
                continue;
            }
            if name != "observation" && (values::is_denied(statement) || values::is_nullified(statement)) {
                not_read(reading, statement);
                continue;
            }
            // The state of a diagnosis is read with it.
            if name == "observation" && place.kind.is_of_diagnoses() && state::is_status(statement) {
                continue;
            }
            if name == "observation" {
                observation(reading, statement, subject, place, collected);
            }
            let place = Place { is_closed: place.is_closed || name == "act" && state::is_closed(statement), ..place };
            for inner in statement.all("component").chain(statement.all("entryRelationship")) {
                let deeper = !matches!(place.kind, Kind::Allergies) || name != "observation";
                if deeper {
                    walk(reading, inner, subject, place, collected);
                }
            }
        }
    }
}

/// What is not so, or was put down by mistake, is never read as if it were so.
fn not_read(reading: &mut Reading<'_>, statement: Node<'_>) {
    reading.warning(
        "H104",
        statement,
        "否定または取消しの項目のため、記録に写さず、原文のまま保管しました。",
        "A statement that is negated or was nullified: not read, kept in the raw document only.",
    );
}

fn observation(
    reading: &mut Reading<'_>,
    node: Node<'_>,
    subject: Option<Node<'_>>,
    place: Place<'_>,
    collected: &mut Collected,
) {
    if let Some(relative) = relatives::relative(subject, place.kind == Kind::Family) {
        return relatives::illness(reading, place.patient, node, relative, place.words);
    }
    match place.kind {
        Kind::Allergies => return allergies::read(reading, place.patient, node, place.words),
        kind if kind.is_of_diagnoses() && is_diagnosis(node) => {
            return diagnosis(reading, place, node);
        }
        _ => {}
    }
    let person = newborns::whose(reading, node, subject, place, collected);
    let recognised = recognise(reading, node);
    let concept = recognised.as_ref().map(|found| found.0);
    let child = reading.people.get(person).is_some_and(|person| person.role() == SubjectRole::Child);
    let part = maternity::part(node, place.kind, recognised.as_ref());
    let mother = reading.people.get(person).is_some_and(|person| person.role() == SubjectRole::Mother);
    let (is_denied, is_nullified) = (values::is_denied(node), values::is_nullified(node));
    let is_so = !is_denied && !is_nullified;
    if let Some(part) = part.filter(|_| mother && !is_denied) {
        let take = if is_nullified { maternity::take_back } else { maternity::take };
        if take(reading, (person, part), node, place.words, &mut collected.maternity) {
            return;
        }
    }
    let is_score = concept.is_some_and(|concept| child && concept.of_newborn() || concept.of_epds())
        || part.is_some_and(|part| mother && part != Part::Complication);
    match concept {
        Some(concept) if child && concept.of_newborn() && is_nullified && !is_denied => {
            newborns::take_back(reading, (person, concept), node, place.words, &mut collected.newborns);
        }
        // A score or a weight that is not there is an observation that says why.
        _ if is_score && lacking(node).is_some() && !is_denied => {
            finding(reading, person, node, recognised.map(|found| found.1).unwrap_or_default(), place.words);
        }
        _ if is_score && !is_so => not_read(reading, node),
        Some(concept) if child && concept.of_newborn() => {
            newborns::measured(reading, (person, concept), node, place.words, &mut collected.newborns)
        }
        concept if child && part.is_some() && !concept.is_some_and(Concept::of_newborn) => reading.warning(
            "H106",
            node,
            "母の妊娠または分娩の値が児の文書にあります。児の値とせず、原文のまま保管しました。",
            "A value of the mother's pregnancy or delivery in a child's document: not attributed to the child, kept in the raw document.",
        ),
        Some(concept) if concept.of_newborn_only() => reading.warning(
            "H106",
            node,
            "児の値が母または別の人の項目にあります。その人の値とせず、原文のまま保管しました。",
            "A newborn's value among another person's: not attributed to that person, kept in the raw document.",
        ),
        Some(concept) if concept.of_epds() && child => reading.warning(
            "H106",
            node,
            "母の質問票の結果が児のものとして書かれています。児の値とせず、原文のまま保管しました。",
            "The mother's questionnaire with the child as subject: not attributed to the child, kept in the raw document.",
        ),
        Some(concept) if concept.of_epds() => {
            let at = effective(reading, node, "screening.answered_on");
            let score = number(node, "screening", place.words);
            screening::score(reading, (person, concept), node, (score, at), &mut collected.screenings);
        }
        _ => finding(reading, person, node, recognised.map(|found| found.1).unwrap_or_default(), place.words),
    }
}

/// A problem observation: its value is the diagnosis, or it says that there is none.
pub(super) fn is_diagnosis(node: Node<'_>) -> bool {
    node.first("value").is_some_and(|value| {
        let kind = value.peek("@xsi:type");
        matches!(kind.rsplit(':').next(), Some("CD" | "CE" | "CV"))
    })
}

/// The concept of an observation and its LOINC. One that is known by what it is called is said to be, unless it is ours.
fn recognise(reading: &mut Reading<'_>, node: Node<'_>) -> Option<(Concept, String)> {
    let code = node.first("code");
    let codes = values::codes(code);
    let by_code = codes.iter().find_map(|(system, code)| concepts::by_code(system, code, reading.profile));
    let shown = code.map_or("", |code| code.peek("@displayName"));
    let found = by_code.or_else(|| concepts::by_text(shown, "").filter(|_| !shown.is_empty()))?;
    let is_own = || code.is_some_and(|code| code.peek("@codeSystemName") == maternity::OWN);
    if found.by_text && !is_own() {
        maternity::warn_of_text(reading, node);
    }
    Some((found.concept, found.loinc))
}

/// When it was observed: the time, or the beginning of the interval.
pub(super) fn effective(reading: &mut Reading<'_>, node: Node<'_>, path: &'static str) -> Option<Stamp> {
    let time = node.first("effectiveTime").filter(|time| !values::is_null(*time))?;
    let low = time.first("low").filter(|low| !values::is_null(*low));
    reading.stamp(time, "@value", path).or_else(|| low.and_then(|low| reading.stamp(low, "@value", path)))
}

/// A key that tells two entries of one document apart, and is the same when the document comes again.
pub(super) fn key(
    reading: &Reading<'_>,
    person: usize,
    what: &str,
    node: Node<'_>,
    code: Option<&proto::Coded>,
) -> String {
    let id = node.first("id").filter(|id| !values::is_null(*id));
    let id = id.map_or(String::new(), |id| {
        let (root, extension) = (id.take("@root", "source_key"), id.take("@extension", "source_key"));
        if extension.is_empty() { root.to_owned() } else { extension.to_owned() }
    });
    let told = keys::name(id, code.map_or("", keys::about));
    [reading.key(person), what, &told].join("/")
}

/// A diagnosis that may turn out to be another (ActCode, intermediate diagnosis).
pub(super) const WORKING: &str = "INTDX";

fn diagnosis(reading: &mut Reading<'_>, place: Place<'_>, node: Node<'_>) {
    const PATH: &str = "condition.code";
    let value = node.first("value");
    let Some(code) = values::coded(value, PATH, place.words) else { return };
    let said = node.first("code").map_or("", |code| code.peek("@code"));
    let kind = match (place.kind, said) {
        (Kind::AdmissionDiagnosis, _) | (_, "ADMDX") => "admission",
        (Kind::DischargeDiagnosis, _) | (_, "DISDX") => "final",
        (_, WORKING) => "working",
        _ => "",
    };
    if kind == "working" {
        node.first("code").map(|code| code.take("@code", "condition.kind"));
    }
    value.map(|value| value.take("@xsi:type", PATH));
    let negated = (node.take("@negationInd", "condition.negated") == "true").then_some(true);
    let onset = effective(reading, node, "condition.onset");
    let high = node.first("effectiveTime").and_then(|time| time.first("high")).filter(|high| !values::is_null(*high));
    let ended = high.and_then(|high| reading.stamp(high, "@value", "condition.ended"));
    let is_settled = negated.is_some() || ended.is_some() || kind == "working";
    let state = state::of_diagnosis(node, &place, is_settled);
    let key = key(reading, place.patient, &format!("diagnosis/{kind}"), node, Some(&code));
    if values::is_nullified(node) {
        return reading.withdraw(place.patient, key, node, "condition", Category::C05Delivery);
    }
    let translations = values::translations(value, &code, "condition.translations");
    let body = Body::Condition(proto::Condition {
        code: Some(code),
        kind: kind.to_owned(),
        onset: onset.map(Stamp::date_time),
        ended: ended.map(Stamp::date_time),
        negated,
        state: state.to_owned(),
        translations,
        ..proto::Condition::default()
    });
    let mut entry = reading.entry(place.patient, key, node, onset, body);
    let codes = values::codes(value);
    raise::by_codes(&mut entry, codes.iter().map(|(system, code)| (&**system, &**code)));
    reading.push("condition", entry);
}

/// Why an observation has no value, where it has none: the value, the field that it would fill, and the reason.
fn lacking<'t>(node: Node<'t>) -> Option<(Node<'t>, &'static str, &'static str)> {
    let mut values = node.all("value");
    let value = values.next().filter(|_| values.next().is_none())?;
    let field = match value.peek("@xsi:type").rsplit(':').next() {
        Some("PQ" | "INT" | "REAL" | "MO" | "IVL_PQ" | "IVL_INT" | "IVL_REAL") => "quantity",
        Some("CD" | "CE" | "CV" | "CO" | "CS") => "coded",
        _ => "text",
    };
    // What stands below, such as a translation or the words of a code, is the value.
    let has_parts = value.named_children().any(|(name, _)| name.is_some_and(|name| !name.starts_with(['@', '#'])));
    let reason = values::absent(value).filter(|_| !has_parts)?;
    Some((value, field, reason))
}

/// An observation that has no body of its own.
fn finding(reading: &mut Reading<'_>, person: usize, node: Node<'_>, loinc: String, words: &Words) {
    let coded = node.first("code");
    let Some(code) = values::coded(coded, "observation.code", words) else { return };
    let values = node.all("value").map(|value| values::measured(value, "observation", words));
    let lacking = lacking(node);
    let value = values.into_iter().find(|value| !value.is_empty());
    let Some(value) = value.or_else(|| lacking.map(|_| Measured::default())) else { return };
    let Measured { quantity, coded: answer, text } = value;
    let at = effective(reading, node, "observation.observed_at");
    let negated = node.take("@negationInd", "observation.status") == "true";
    let status = match node.first("statusCode").map_or("", |status| status.take("@code", "observation.status")) {
        _ if negated => "none",
        "completed" => "final",
        "active" => "preliminary",
        "aborted" | "cancelled" => "none",
        _ => "",
    };
    let told = !text.is_empty();
    let interpretation =
        node.first("interpretationCode").map_or("", |one| one.take("@code", "observation.interpretation"));
    let key = key(reading, person, "observation", node, Some(&code));
    if values::is_nullified(node) {
        return reading.withdraw(person, key, node, "observation", Category::C05Delivery);
    }
    let body = Body::Observation(proto::Observation {
        code: Some(code),
        concept: loinc.clone(),
        quantity,
        coded: answer,
        text,
        observed_at: at.map(Stamp::date_time),
        status: status.to_owned(),
        interpretation: interpretation.to_owned(),
        kind: String::new(),
        state: String::new(),
    });
    let mut entry = reading.entry(person, key, node, at, body);
    if let Some((value, field, reason)) = lacking {
        value.take("@nullFlavor", "absent");
        entry.absent.push(absence::of(field, reason));
    }
    let codes = values::codes(coded);
    let known = [(types::LOINC, loinc.as_str())];
    raise::by_codes(&mut entry, known.into_iter().chain(codes.iter().map(|(system, code)| (&**system, &**code))));
    let answers = values::codes(node.first("value"));
    raise::by_answer(&mut entry, answers.iter().map(|(system, code)| (&**system, &**code)));
    if told {
        raise::narrative(&mut entry);
    }
    reading.push("observation", entry);
}

/// The number of an observation.
pub(super) fn number(node: Node<'_>, path: &'static str, words: &Words) -> Option<proto::Quantity> {
    let value = values::measured(node.first("value")?, path, words);
    value
        .quantity
        .or_else(|| types::number(&value.text).map(|number| proto::Quantity { value: number, ..Default::default() }))
}

/// Writes what was collected.
pub(super) fn finish(reading: &mut Reading<'_>, collected: Collected) {
    screening::finish(reading, collected.screenings);
    maternity::finish(reading, &collected.series, collected.maternity);
    newborns::finish(reading, collected.newborns);
}

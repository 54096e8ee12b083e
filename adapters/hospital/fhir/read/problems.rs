//! Condition as `condition`, AllergyIntolerance as `observation`.

use super::super::datatypes::DIAGNOSIS_ROLE;
use super::bundle::Document;
use super::values;
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::keys;
use crate::hospital::raise;
use crate::hospital::reading::Reading;
use crate::json::Node;
use musubi_proto::v1 as proto;
use proto::Category;
use proto::entry::Body;

/// A Condition: a fact of its own, so that what its code tells hides nothing else.
pub(super) fn condition(reading: &mut Reading<'_>, number: usize, document: &Document<'_>) {
    const PATH: &str = "condition.code";
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    let Some(person) = reading.person(number, "subject") else { return };
    let Some(code) = values::coding(node.first("code"), PATH) else {
        reading.warning_at(
            "H104",
            node,
            "code",
            "病名がないため、原文のまま保管しました。",
            "A condition without a code or text is kept in the raw document only.",
        );
        return;
    };
    let verification = values::state(node.first("verificationStatus"), "condition.kind");
    let role = document.role_of(number).or_else(|| own_role(node));
    let kind = match (role, verification) {
        (Some("AD"), _) => "admission",
        (_, "provisional" | "differential" | "unconfirmed") => "working",
        (Some("DD"), _) | (_, "confirmed") => "final",
        _ => "",
    };
    let told = reading.number_of(node);
    let told = keys::name(told, keys::about(&code));
    let key = format!("{}/diagnosis/{kind}/{told}", reading.key(person));
    if verification == "entered-in-error" {
        reading.withdraw(person, key, node, "condition", Category::C05Delivery);
        return;
    }
    let mut onset = reading.stamp(node, "onsetDateTime", "condition.onset");
    if let Some(period) = node.first("onsetPeriod") {
        onset = onset.or_else(|| reading.stamp(period, "start", "condition.onset"));
    }
    let recorded_at = reading.stamp(node, "recordedDate", "condition.recorded_at");
    let state = state(reading, node, &CONDITION_STATES, "condition.state");
    let (mut state, ended) = end(reading, node, state);
    let is_silent = state.is_empty() && ended.is_none() && node.get("clinicalStatus").is_none();
    if is_silent && verification != "refuted" && document.is_of_the_past(number) {
        state = "inactive";
    }
    let body = Body::Condition(proto::Condition {
        code: Some(code),
        kind: kind.to_owned(),
        onset: onset.map(Stamp::date_time),
        recorded_at: recorded_at.map(Stamp::date_time),
        negated: (verification == "refuted").then_some(true),
        translations: values::translations(node.first("code"), "condition.translations"),
        ended: ended.map(Stamp::date_time),
        outcome: None,
        state: state.to_owned(),
    });
    let mut entry = reading.entry(person, key, node, recorded_at.or(onset), body);
    let codes = values::codes(node.first("code"));
    raise::by_codes(&mut entry, codes.iter().map(|(system, code)| (&**system, &**code)));
    reading.push("condition", entry);
}

const CONDITION_STATES: [&str; 6] = ["active", "recurrence", "relapse", "inactive", "remission", "resolved"];
const ALLERGY_STATES: [&str; 3] = ["active", "inactive", "resolved"];

/// Whether it is so now (clinicalStatus). A state that FHIR does not have is told, and nothing is made of it.
fn state<'t>(reading: &mut Reading<'t>, node: Node<'t>, known: &[&str], path: &'static str) -> &'t str {
    let Some(status) = node.first("clinicalStatus") else { return "" };
    let code = values::state(Some(status), path);
    if known.contains(&code) {
        return code;
    }
    reading.warning(
        "H104",
        status,
        "状態(clinicalStatus)のコードが表にありません。原文のまま保管しました。",
        "This clinicalStatus is not in the table; it is kept in the raw document only.",
    );
    ""
}

/// When it ended, and its state as far as that follows. What is said to be there and to have ended stays as there (con-4).
fn end<'t>(reading: &mut Reading<'t>, node: Node<'t>, state: &'t str) -> (&'t str, Option<Stamp>) {
    const FORMS: [&str; 5] =
        ["abatementDateTime", "abatementPeriod", "abatementAge", "abatementRange", "abatementString"];
    let Some(said) = FORMS.iter().find_map(|form| node.first(form)) else { return (state, None) };
    if matches!(state, "active" | "recurrence" | "relapse") {
        reading.warning(
            "H008",
            said,
            "現在ある(clinicalStatus)と書かれた病名に終了の記載(abatement)があります。現在あるものとして読みました。確かめてください。",
            "It is said to be there (clinicalStatus) and to have ended (abatement): read as there. Please check it.",
        );
        return (state, None);
    }
    let mut ended = reading.stamp(node, "abatementDateTime", "condition.ended");
    if let Some(period) = node.first("abatementPeriod") {
        ended = ended.or_else(|| reading.stamp(period, "end", "condition.ended"));
        ended = ended.or_else(|| reading.stamp(period, "start", "condition.ended"));
    }
    // It has ended, though nobody can tell on which day.
    let state = if state.is_empty() && ended.is_none() { "inactive" } else { state };
    (state, ended)
}

/// The category in which our own documents say what a diagnosis was for.
fn own_role<'n>(node: Node<'n>) -> Option<&'n str> {
    let mut codings = node.all("category").flat_map(|category| category.all("coding"));
    let role = codings.find(|coding| coding.peek("system") == DIAGNOSIS_ROLE)?;
    role.take("system", "condition.kind");
    Some(role.take("code", "condition.kind"))
}

/// Kinds of allergy (AllergyIntolerance.category).
pub(in super::super) const ALLERGY_KIND: &str = "http://hl7.org/fhir/allergy-intolerance-category";

/// An allergy, as an observation of the kind `allergy`.
pub(super) fn allergy(reading: &mut Reading<'_>, number: usize) {
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    let Some(person) = reading.person(number, "patient") else { return };
    let Some(substance) = values::coding(node.first("code"), "observation.coded") else {
        reading.warning_at(
            "H104",
            node,
            "code",
            "アレルギーの原因物質がないため、原文のまま保管しました。",
            "An allergy without its substance is kept in the raw document only.",
        );
        return;
    };
    let told = reading.number_of(node);
    let told = keys::name(told, keys::about(&substance));
    let key = format!("{}/allergy/{told}", reading.key(person));
    let status = match values::state(node.first("verificationStatus"), "observation.status") {
        "entered-in-error" => {
            return reading.withdraw(person, key, node, "observation", Category::C05Delivery);
        }
        "refuted" => "none",
        "unconfirmed" => "unverified",
        _ => "final",
    };
    // One that was found not to be is not over either.
    let state = state(reading, node, &ALLERGY_STATES, "observation.state");
    let over = if state == "active" || status == "none" { "" } else { state };
    let at = reading.stamp(node, "onsetDateTime", "observation.observed_at");
    let at = at.or_else(|| reading.stamp(node, "recordedDate", "observation.observed_at"));
    let kind = node.first("category").map(|kind| kind.taken("observation.code").to_owned());
    let kind = kind.map(|code| proto::Coded { system: ALLERGY_KIND.to_owned(), code, text: String::new() });
    let shown = node.all("reaction").flat_map(|reaction| reaction.all("manifestation"));
    let shown: Vec<String> = shown.map(|one| values::words(Some(one), "observation.text")).collect();
    let text: Vec<String> = shown.into_iter().filter(|words| !words.is_empty()).collect();
    let severity = node.first("reaction").map(|reaction| reaction.take("severity", "observation.interpretation"));
    let body = Body::Observation(proto::Observation {
        code: kind,
        coded: Some(substance),
        text: text.join("\n"),
        observed_at: at.map(Stamp::date_time),
        status: status.to_owned(),
        interpretation: severity.unwrap_or_default().to_owned(),
        kind: "allergy".to_owned(),
        state: over.to_owned(),
        ..proto::Observation::default()
    });
    let mut entry = reading.entry(person, key, node, at, body);
    let codes = values::codes(node.first("code"));
    raise::by_codes(&mut entry, codes.iter().map(|(system, code)| (&**system, &**code)));
    if !text.is_empty() {
        raise::narrative(&mut entry);
    }
    reading.push("observation", entry);
}

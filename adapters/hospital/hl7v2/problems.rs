//! PPR^ZD1: each PRB as a `condition`.

use super::super::raise;
use super::message::Segment;
use super::reader::{Patient, Reader};
use super::times::Stamp;
use super::types;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use proto::{Category, Label};

/// Reads every diagnosis; a message without one is refused.
pub(super) fn read(reader: &mut Reader<'_>, patient: &Patient) {
    let message = reader.message;
    let mut none = true;
    let mut segments = message.segments();
    while let Some(prb) = segments.next() {
        if prb.name() != "PRB" {
            continue;
        }
        none = false;
        let modifiers = segments.clone().take_while(|next| next.name() != "PRB").find(|next| next.name() == "ZPR");
        problem(reader, patient, prb, modifiers);
    }
    if none {
        reader.error("H004", "PRB", "病名(PRB)が必要です。", "A problem (PRB) is required.");
    }
}

fn problem(reader: &mut Reader<'_>, patient: &Patient, prb: Segment<'_>, modifiers: Option<Segment<'_>>) {
    let field = reader.take(prb, 3, "condition.code").first();
    let (written, other) = (types::coded(field), types::alternate(field));
    let instance = reader.take(prb, 4, "source_key").component(1).text().into_owned();
    let named = written.clone().unwrap_or_default();
    let name = [&instance, &named.code, &named.text].into_iter().find(|name| !name.is_empty()).cloned();
    let key = format!("{}/problem/{}", patient.key, name.clone().unwrap_or_default());
    let path = reader.place(prb);
    if action(reader, prb) == Action::Delete && name.is_some() {
        reader.withdraw(patient, key, path, ("condition", Category::C05Delivery, "deleted"));
        return;
    }
    let Some(mut code) = written else {
        let place = reader.field_place(prb, 3);
        reader.error("H004", place, "病名が必要です。", "A diagnosis (PRB-3) is required.");
        return;
    };
    if let Some(zpr) = modifiers {
        code.text = modified(reader, zpr, code.text);
    }
    let translations = types::coded(reader.take(prb, 10, "condition.translations").first());
    let recorded = reader.stamp(prb, 7, "condition.recorded_at").or(reader.stamp(prb, 2, "condition.recorded_at"));
    let onset = reader.stamp(prb, 16, "condition.onset");
    let (outcome, state) = life_cycle(reader, prb);
    let body = Body::Condition(proto::Condition {
        code: Some(code.clone()),
        translations: translations.iter().chain(&other).cloned().collect(),
        onset: onset.map(Stamp::date_time),
        recorded_at: recorded.map(Stamp::date_time),
        ended: reader.stamp(prb, 9, "condition.ended").map(Stamp::date_time),
        outcome,
        state,
        ..proto::Condition::default()
    });
    let mut entry = reader.entry(patient, key, path, recorded.or(onset), body);
    let all = std::iter::once(&code).chain(&translations).chain(&other);
    raise::by_codes(&mut entry, all.map(|code| (&*code.system, &*code.code)));
    entry.label = entry.label.max(label(reader, prb).into());
    reader.entries.push(entry);
}

/// The code system of the states that FHIR has, in PRB-14.
pub(super) const CONDITION_CLINICAL: &str = "condition-clinical";

/// PRB-14: how it went (SS-MIX2: table 0241), and whether it is there now, where it is in the codes of FHIR.
fn life_cycle(reader: &mut Reader<'_>, prb: Segment<'_>) -> (Option<proto::Coded>, String) {
    let field = reader.take(prb, 14, "condition.outcome").first();
    let both = [types::coded(field), types::alternate(field)];
    let (states, mut outcomes): (Vec<_>, Vec<_>) =
        both.into_iter().flatten().partition(|coded| coded.system == CONDITION_CLINICAL);
    let state = states.into_iter().next().map(|state| state.code).unwrap_or_default();
    (if outcomes.is_empty() { None } else { Some(outcomes.swap_remove(0)) }, state)
}

/// The words of a diagnosis with what ZPR puts before and behind them (修飾語; JAHIS data exchange of disease names): a suspected
/// one (`の疑い`) must not read as one that was made. Words that have them already stay as they are.
fn modified(reader: &mut Reader<'_>, zpr: Segment<'_>, words: String) -> String {
    let mut texts = |field| {
        let modifiers = reader.take(zpr, field, "condition.code").repetitions().filter_map(types::coded);
        modifiers
            .map(|modifier| if modifier.text.is_empty() { modifier.code } else { modifier.text })
            .collect::<String>()
    };
    let (before, behind) = (texts(1), texts(3));
    let before = if words.starts_with(&before) { "" } else { &before };
    let behind = if words.ends_with(&behind) { "" } else { &behind };
    [before, &words, behind].concat()
}

#[derive(PartialEq, Eq)]
enum Action {
    Say,
    Delete,
}

/// PRB-1, table 0287. What is unknown there says the diagnosis: nothing is taken back by a guess.
fn action(reader: &mut Reader<'_>, prb: Segment<'_>) -> Action {
    match &*reader.take(prb, 1, "condition").component(1).text() {
        "DE" => return Action::Delete,
        "AD" | "CO" | "LI" | "UC" | "UN" | "UP" => {}
        _ => {
            let place = reader.field_place(prb, 1);
            reader.warning(
                "H104",
                place,
                "処理の区分(PRB-1)が表にありません。追加として読みました。",
                "This action (PRB-1) is not in the table; read as an addition.",
            );
        }
    }
    Action::Say
}

/// PRB-25, table 0177: can only raise.
fn label(reader: &mut Reader<'_>, prb: Segment<'_>) -> Label {
    match &*reader.take(prb, 25, "label").component(1).text() {
        "" => Label::Unspecified,
        "U" | "UWM" => Label::N,
        "R" | "EMP" | "VIP" => Label::R,
        // `V`, and the groups that the table itself calls sensitive: PSY, AID, HIV, ETH. What is unknown is too.
        _ => Label::V,
    }
}

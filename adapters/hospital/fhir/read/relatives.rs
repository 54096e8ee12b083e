//! Illnesses in the family: FamilyMemberHistory, each illness of a relative an observation of its own.

use super::values;
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::keys;
use crate::hospital::raise;
use crate::hospital::reading::Reading;
use crate::json::Node;
use musubi_proto::v1 as proto;
use proto::Category;
use proto::entry::Body;

/// What is told of one relative. Nothing of it is an illness of the patient.
pub(super) fn read(reading: &mut Reading<'_>, number: usize) {
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    if node.all("condition").next().is_none() {
        super::unread(reading, number);
        return;
    }
    let Some(person) = reading.person(number, "patient") else { return };
    let relative = values::coding(node.first("relationship"), "observation.code").unwrap_or_default();
    let told = reading.number_of(node);
    let told = keys::name(told, keys::about(&relative));
    let at = reading.stamp(node, "date", "observation.observed_at");
    let status = match node.take("status", "observation.status") {
        "entered-in-error" => None,
        "partial" => Some("partial"),
        _ => Some("final"),
    };
    for condition in node.all("condition") {
        let Some(illness) = values::coding(condition.first("code"), "observation.coded") else { continue };
        let key = format!("{}/family_history/{told}/{}", reading.key(person), keys::head(&illness));
        let Some(status) = status else {
            reading.withdraw(person, key, node, "observation", Category::C11Family);
            continue;
        };
        let text = words(node, condition);
        let is_text = !text.is_empty();
        let body = Body::Observation(proto::Observation {
            code: Some(relative.clone()),
            coded: Some(illness),
            text,
            observed_at: at.map(Stamp::date_time),
            status: status.to_owned(),
            kind: "family_history".to_owned(),
            ..proto::Observation::default()
        });
        let mut entry = reading.entry(person, key, condition, at, body);
        let codes = values::codes(condition.first("code"));
        raise::by_codes(&mut entry, codes.iter().map(|(system, code)| (&**system, &**code)));
        raise::family(&mut entry);
        if is_text {
            raise::narrative(&mut entry);
        }
        reading.push("observation", entry);
    }
}

/// When it began, what came of it, and what is noted.
fn words(node: Node<'_>, condition: Node<'_>) -> String {
    const PATH: &str = "observation.text";
    let age = condition.first("onsetAge").and_then(|age| values::quantity(age, PATH));
    let mut lines = vec![
        condition.take("onsetString", PATH).to_owned(),
        age.map(|age| format!("{}{}", age.value, age.unit)).unwrap_or_default(),
        values::words(condition.first("outcome"), PATH),
    ];
    let notes = condition.all("note").chain(node.all("note"));
    lines.extend(notes.map(|note| note.take("text", PATH).to_owned()));
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

//! Allergies: the substance takes part in the observation, its kind is the value, and what it does belongs to it.

use super::entries;
use super::state;
use super::tree::Words;
use super::values;
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::raise;
use crate::hospital::reading::Reading;
use crate::json::Node;
use musubi_proto::v1 as proto;
use proto::Category;
use proto::entry::Body;

/// Reads one; `negationInd` says that there is none.
pub(super) fn read(reading: &mut Reading<'_>, person: usize, node: Node<'_>, words: &Words) {
    let entity = node.first("participant").and_then(|one| one.first("participantRole"));
    let entity = entity.and_then(|role| role.first("playingEntity")).and_then(|entity| entity.first("code"));
    let Some(substance) = values::coded(entity, "observation.coded", words) else { return };
    let kind = values::coded(node.first("value"), "observation.code", words);
    let at = entries::effective(reading, node, "observation.observed_at");
    let none = node.take("@negationInd", "observation.status") == "true";
    let text = reactions(node, words);
    let told = !text.is_empty();
    let key = entries::key(reading, person, "allergy", node, Some(&substance));
    if values::is_nullified(node) {
        return reading.withdraw(person, key, node, "observation", Category::C05Delivery);
    }
    let body = Body::Observation(proto::Observation {
        code: kind,
        coded: Some(substance),
        text,
        observed_at: at.map(Stamp::date_time),
        status: if none { "none" } else { "final" }.to_owned(),
        interpretation: severity(node).to_owned(),
        kind: "allergy".to_owned(),
        state: state::over(node, "observation.state").to_owned(),
        ..proto::Observation::default()
    });
    let mut entry = reading.entry(person, key, node, at, body);
    let codes = values::codes(entity);
    raise::by_codes(&mut entry, codes.iter().map(|(system, code)| (&**system, &**code)));
    if told {
        raise::narrative(&mut entry);
    }
    reading.push("observation", entry);
}

/// Observations that belong to another in this way.
fn beside<'n>(node: Node<'n>, relation: &'static str) -> impl Iterator<Item = Node<'n>> {
    let all = node.all("entryRelationship").filter(move |one| one.peek("@typeCode") == relation);
    all.flat_map(|one| one.all("observation"))
}

/// What the allergy does, line by line.
fn reactions(node: Node<'_>, words: &Words) -> String {
    const PATH: &str = "observation.text";
    let shown = beside(node, "MFST").filter_map(|reaction| {
        let said = values::measured(reaction.first("value")?, PATH, words);
        let coded = said.coded.map(|coded| if coded.text.is_empty() { coded.code } else { coded.text });
        Some(coded.unwrap_or(said.text)).filter(|words| !words.is_empty())
    });
    shown.collect::<Vec<_>>().join("\n")
}

/// How severe it is: of the allergy, else of its first reaction.
fn severity<'n>(node: Node<'n>) -> &'n str {
    let own = |of: Node<'n>| {
        let severe = |one: &Node<'_>| one.first("code").is_some_and(|code| code.peek("@code") == "SEV");
        beside(of, "SUBJ").find(severe).and_then(|one| one.first("value"))
    };
    let said = own(node).or_else(|| beside(node, "MFST").find_map(own));
    said.map_or("", |value| value.take("@code", "observation.interpretation"))
}

//! The newborns of a document: who they are, and what was measured at their births. Nothing of them is their mother's.

use super::entries;
use super::people;
use super::relatives;
use super::sections::Kind;
use super::tree::Words;
use super::values;
use crate::hospital::concepts::Concept;
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::reading::Reading;
use crate::json::Node;
use musubi_proto::v1 as proto;
use proto::SubjectRole;
use proto::entry::Body;
use std::collections::BTreeMap;

/// Values by person; and newborns of whom only a section tells.
#[derive(Default)]
pub(super) struct Collected {
    told: BTreeMap<usize, Told>,
    unnamed: Option<usize>,
    named: Vec<(String, usize)>,
}

/// What a document tells of one newborn.
struct Told {
    newborn: proto::Newborn,
    /// Where and when the first of it stands.
    place: String,
    at: Option<Stamp>,
    /// Fields whose values were put down by mistake.
    cleared: Vec<&'static str>,
}

/// Whom an entry is about: a newborn that its subject names, in the newborn section an unnamed one, else the patient.
pub(super) fn whose(
    reading: &mut Reading<'_>,
    node: Node<'_>,
    subject: Option<Node<'_>>,
    place: entries::Place<'_>,
    collected: &mut entries::Collected,
) -> usize {
    let is_child = reading.people.get(place.patient).is_some_and(|person| person.role() == SubjectRole::Child);
    if is_child {
        return place.patient;
    }
    if let Some(related) = relatives::child(subject) {
        return named_child(reading, related, place, collected);
    }
    if place.kind != Kind::Newborn {
        return place.patient;
    }
    if let Some(known) = collected.newborns.unnamed {
        return known;
    }
    reading.warning(
        "H106",
        node,
        "新生児の節に対象者(subject)がないため、名前のない児として読みました。",
        "No subject in the newborn section: read as a child without a name.",
    );
    let suffix = format!("newborn/{}", collected.series);
    let child = add_child(reading, place.patient, &suffix, None);
    collected.newborns.unnamed = Some(child);
    child
}

/// The child of a related subject, told apart by id, else by name and time of birth, else by order.
fn named_child(
    reading: &mut Reading<'_>,
    related: Node<'_>,
    place: entries::Place<'_>,
    collected: &mut entries::Collected,
) -> usize {
    let subject = related.first("subject");
    let id = related.first("sdtc:id").or_else(|| subject.and_then(|subject| subject.first("sdtc:id")));
    let id =
        id.and_then(|id| values::identifier(id, "subjects", reading.profile, &people::own_roots(reading.tree.root())));
    let names = subject.into_iter().flat_map(|subject| subject.all("name"));
    let names: Vec<_> = names.filter_map(|name| values::name(name, "person_details.names")).collect();
    let birth = subject.and_then(|subject| subject.first("birthTime")).map_or("", |time| time.peek("@value"));
    let name = names.first().map(|name| name.text.clone()).unwrap_or_default();
    let mark = id.as_ref().map_or_else(|| format!("{name}/{birth}"), |id| format!("{}/{}", id.issuer, id.value));
    if let Some((_, known)) = collected.newborns.named.iter().find(|(known, _)| *known == mark) {
        return *known;
    }
    let born = subject.and_then(|subject| subject.first("birthTime"));
    let born = born.and_then(|time| reading.stamp(time, "@value", "person_details.birth_date"));
    let child = match id {
        Some(id) => people::add(reading, place.patient, (id.issuer, id.value), born),
        None => {
            let number = collected.newborns.named.len() + 1;
            if number > 1 {
                reading.warning(
                    "H106",
                    related,
                    "多胎の児に番号(sdtc:id)がないため、書かれた順で区別しました。順を変えずに送ってください。",
                    "Children without an id are told apart by the order in which they stand; keep that order.",
                );
            }
            let day = born.map_or_else(|| collected.series.clone(), |born| born.compact().chars().take(8).collect());
            add_child(reading, place.patient, &format!("newborn/{day}/{number}"), born)
        }
    };
    collected.newborns.named.push((mark, child));
    let details = proto::PersonDetails {
        names,
        birth_date: born.map(Stamp::date),
        birth_time: born.filter(|born| born.hour.is_some()).map(Stamp::date_time),
        sex: subject.and_then(|subject| people::sex(subject, "person_details.sex")),
        ..proto::PersonDetails::default()
    };
    if details != proto::PersonDetails::default() {
        let entry = reading.entry(child, reading.key(child).to_owned(), related, None, Body::PersonDetails(details));
        reading.update("person_details", entry);
    }
    child
}

/// A child that has no number of its own: it is named after its mother and its birth.
fn add_child(reading: &mut Reading<'_>, mother: usize, suffix: &str, born: Option<Stamp>) -> usize {
    let Some(of) = reading.people.get(mother).map(|person| person.subject.clone()) else { return mother };
    people::add(reading, mother, (of.issuer, format!("{}/{suffix}", of.identifier)), born)
}

/// Takes a value of a newborn.
pub(super) fn measured(
    reading: &mut Reading<'_>,
    (person, concept): (usize, Concept),
    node: Node<'_>,
    words: &Words,
    collected: &mut Collected,
) {
    let Some(value) = entries::number(node, "newborn", words) else { return };
    let filled = concept.fill(&mut told(reading, person, node, collected).newborn, value);
    values::coded(node.first("code"), "newborn", words);
    if filled.is_none() {
        reading.error_at(
            "H006",
            node,
            "value",
            "この項目ではあり得ない値または単位です。",
            "This value or its unit is impossible for this item.",
        );
    }
}

/// Takes a value back that was put down by mistake: the others stay as they were said.
pub(super) fn take_back(
    reading: &mut Reading<'_>,
    (person, concept): (usize, Concept),
    node: Node<'_>,
    words: &Words,
    collected: &mut Collected,
) {
    told(reading, person, node, collected).cleared.extend(concept.field_of_newborn());
    values::coded(node.first("code"), "cleared", words);
    node.first("statusCode").map(|status| status.take("@code", "cleared"));
}

/// What is told of this newborn, begun with this statement where nothing is.
fn told<'c>(reading: &mut Reading<'_>, person: usize, node: Node<'_>, collected: &'c mut Collected) -> &'c mut Told {
    let at = entries::effective(reading, node, "occurred_at");
    let begun =
        || Told { newborn: proto::Newborn::default(), place: reading.tree.place(node), at, cleared: Vec::new() };
    collected.told.entry(person).or_insert_with(begun)
}

/// Writes what was collected. What a document leaves out of a newborn stays as it was said before (2.5).
pub(super) fn finish(reading: &mut Reading<'_>, collected: Collected) {
    for (person, Told { mut newborn, place, at, cleared }) in collected.told {
        let born = reading.people.get(person).and_then(|person| person.born);
        newborn.born_at = born.map(Stamp::date_time);
        let key = format!("{}/newborn", reading.key(person));
        let root = reading.tree.root();
        let mut entry = reading.entry(person, key, root, born.or(at), Body::Newborn(newborn));
        entry.source_path = place;
        entry.cleared = cleared.into_iter().map(str::to_owned).collect();
        reading.update("newborn", entry);
    }
}

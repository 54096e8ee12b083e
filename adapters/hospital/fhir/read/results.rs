//! Observation: which of its readings it is, and every observation that has no body of its own (`formats/hospital.md` 2.11).

use super::birth::{self, Collected};
use super::{screening, values};
use crate::hospital::absence;
use crate::hospital::concepts::{self, Concept, Recognised};
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::keys;
use crate::hospital::pregnancy;
use crate::hospital::raise;
use crate::hospital::reading::Reading;
use crate::json::{Fate, Node};
use musubi_proto::v1 as proto;
use proto::entry::Body;
use proto::{Category, SubjectRole};

/// Days after birth in which a length or a head is the newborn's.
const NEWBORN_DAYS: i64 = 28;

/// Reads one Observation.
pub(super) fn read<'t>(reading: &mut Reading<'t>, number: usize, collected: &mut Collected<'t>) {
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    // The record has no link between observations.
    node.all("derivedFrom").chain(node.all("hasMember")).for_each(|other| other.settle(Fate::Kept));
    let Some(person) = subject(reading, number) else { return };
    let recognised = recognise(reading, node.first("code"));
    if recognised.as_ref().is_some_and(|recognised| recognised.by_text) {
        reading.warning_at(
            "H104",
            node,
            "code",
            "表示名で項目を判別しました(matched-by-text)。",
            "The item was recognised by its text (matched-by-text).",
        );
    }
    let concept = recognised.as_ref().map(|recognised| recognised.concept);
    let part = recognised.as_ref().and_then(|recognised| pregnancy::Part::of(&recognised.loinc));
    let role = reading.people.get(person).map(|person| person.role()).unwrap_or_default();
    let child = role == SubjectRole::Child;
    // What was cancelled was never measured.
    let measured = node.peek("status") != "cancelled";
    if let Some(part) = part.filter(|_| measured && role == SubjectRole::Mother) {
        return collected.pregnancies.note(number, person, part);
    }
    match concept {
        // A score or a weight that is not there is an observation that says why.
        Some(concept) if (child && concept.of_newborn() || concept.of_epds()) && lacking(node).is_some() => {
            observation(reading, person, node, recognised.map(|found| found.loinc).unwrap_or_default());
        }
        Some(concept) if child && measured && concept.of_newborn() && at_birth(reading, person, node, concept) => {
            birth::newborn(reading, person, node, concept, collected);
        }
        Some(concept) if concept.of_newborn_only() && !child => {
            reading.warning_at(
                "H106",
                node,
                "subject",
                "児の値が母または別の人のものとして書かれています。その人の値とせず、原文のまま保管しました。",
                "A newborn's value with another person as subject: not attributed to that person, kept in the raw document.",
            );
        }
        Some(concept) if concept.of_epds() && child => {
            reading.warning_at(
                "H106",
                node,
                "subject",
                "母の質問票の結果が児のものとして書かれています。児の値とせず、原文のまま保管しました。",
                "The mother's questionnaire with the child as subject: not attributed to the child, kept in the raw document.",
            );
        }
        _ if child && part.is_some_and(pregnancy::Part::tells) => {
            reading.warning_at(
                "H106",
                node,
                "subject",
                "母の妊娠の値が児のものとして書かれています。児の値とせず、原文のまま保管しました。",
                "A value of the mother's pregnancy with the child as subject: not attributed to the child, kept in the raw document.",
            );
        }
        _ if !measured => observation(reading, person, node, recognised.map(|found| found.loinc).unwrap_or_default()),
        Some(Concept::EpdsTotal) => screening::read(reading, person, node),
        Some(Concept::GestationalAge) if role == SubjectRole::Mother => collected.gestation(number, person),
        _ if role == SubjectRole::Mother && birth::labour(reading, person, node, collected) => {}
        _ if child && birth::words(reading, person, node, collected) => {}
        _ => observation(reading, person, node, recognised.map(|found| found.loinc).unwrap_or_default()),
    }
}

/// Whom it is about: the focus, where that is somebody, else the subject. `None`: the reason is noted.
fn subject(reading: &mut Reading<'_>, number: usize) -> Option<usize> {
    let node = reading.resources.get(number)?.node;
    for focus in node.all("focus") {
        let target = reading.target(Some(focus), number);
        let by_resource = || reading.people.iter().position(|person| target.is_some() && person.resource == target);
        let linked = || reading.linked.get(&target?).copied();
        let by_number = || {
            let id = values::identifier(focus.first("identifier")?, "subjects", reading.profile)?;
            reading.numbers.get(&(id.issuer, id.value)).copied()
        };
        if let Some(person) = by_resource().or_else(linked).or_else(by_number) {
            return Some(person);
        }
        if is_somebody(reading, focus, target) {
            focus.settle(Fate::Kept);
            reading.warning_at(
                "H106",
                node,
                "focus",
                "対象者(subject)ではない、特定できない別の人(focus)についての項目です。誰の値ともせず、原文のまま保管しました。",
                "It speaks of somebody beside its subject who cannot be told (focus): attributed to nobody, kept in the raw document.",
            );
            return None;
        }
        // A device, a specimen: no person, and no link of the record.
        focus.settle(Fate::Kept);
    }
    reading.person(number, "subject")
}

/// Is what is spoken of a person?
fn is_somebody(reading: &Reading<'_>, focus: Node<'_>, target: Option<usize>) -> bool {
    let kind = target.and_then(|target| reading.resources.get(target)).map(|resource| resource.kind);
    let named = focus.peek("reference");
    let named = named.split("/_history/").next().unwrap_or(named).rsplit('/').nth(1).unwrap_or_default();
    let kind = kind.unwrap_or(if named.is_empty() { focus.peek("type") } else { named });
    matches!(kind, "Patient" | "RelatedPerson")
}

/// The concept of a code: by LOINC, the peer's code table, or an exact text.
pub(super) fn recognise(reading: &Reading<'_>, code: Option<Node<'_>>) -> Option<Recognised> {
    let code = code?;
    let mut codings = code.all("coding");
    let by_code = codings.find_map(|coding| {
        concepts::by_code(coding.peek("system"), coding.peek("code"), reading.profile)
            .or_else(|| concepts::by_code(&values::system(coding.peek("system")), coding.peek("code"), reading.profile))
    });
    let texts = code.all("coding").map(|coding| coding.peek("display")).chain([code.peek("text")]);
    by_code.or_else(|| texts.filter(|text| !text.is_empty()).find_map(|text| concepts::by_text(text, "")))
}

/// Weight at birth and Apgar are what they are; another length or head counts only soon after birth.
fn at_birth(reading: &Reading<'_>, person: usize, node: Node<'_>, concept: Concept) -> bool {
    if concept.of_newborn_only() && concept != Concept::HeadCircumference || concept == Concept::GestationalAge {
        return true;
    }
    let born = reading.people.get(person).and_then(|person| person.born);
    let (Some(born), Some(at)) = (born, values::stamp(node, "effectiveDateTime")) else { return false };
    at.earliest().minutes_since(born.earliest()) <= NEWBORN_DAYS * 24 * 60
}

/// When it was observed.
pub(super) fn effective(reading: &mut Reading<'_>, node: Node<'_>, path: &'static str) -> Option<Stamp> {
    let whole =
        reading.stamp(node, "effectiveDateTime", path).or_else(|| reading.stamp(node, "effectiveInstant", path));
    let period = node.first("effectivePeriod");
    whole.or_else(|| period.and_then(|period| reading.stamp(period, "start", path)))
}

/// Notes that code and status went into the record.
pub(super) fn note_code(node: Node<'_>, path: &'static str) {
    values::coding(node.first("code"), path);
    node.all("code").flat_map(|code| code.all("coding")).for_each(|coding| {
        coding.take("code", path);
        coding.take("system", path);
    });
    node.take("status", path);
}

/// The words of a code that has no coding.
pub(super) fn own_words<'n>(node: Node<'n>) -> &'n str {
    node.first("code").filter(|code| code.first("coding").is_none()).map_or("", |code| code.peek("text"))
}

/// The value of an observation as a quantity: `valueQuantity`, a whole number, or a number in a text.
pub(super) fn quantity(node: Node<'_>, path: &'static str) -> Option<proto::Quantity> {
    if let Some(value) = node.get("valueQuantity") {
        return values::quantity(value, path);
    }
    let whole = node.take("valueInteger", path);
    let number = crate::hospital::hl7v2::types::number(whole)?;
    Some(proto::Quantity { value: number, ..proto::Quantity::default() })
}

pub(super) fn check_usual(reading: &mut Reading<'_>, node: Node<'_>, concept: Concept, value: &proto::Quantity) {
    let Some((least, most)) = concept.usual() else { return };
    let shown = if concept == Concept::BirthWeight { concepts::grams_of(value) } else { Some(value.clone()) };
    let number = shown.and_then(|shown| shown.value.parse::<f64>().ok());
    if !number.is_some_and(|number| (least..=most).contains(&number)) {
        reading.warning_at(
            "H104",
            node,
            "valueQuantity",
            "通常の範囲にない値です。確かめてください。",
            "This value is outside the usual range; please check it.",
        );
    }
}

/// An observation that has no body of its own; one for each part where the value is in parts.
pub(super) fn observation(reading: &mut Reading<'_>, person: usize, node: Node<'_>, loinc: String) {
    let at = effective(reading, node, "observation.observed_at");
    let told = reading.number_of(node);
    let code = values::coding(node.first("code"), "observation.code");
    let base = match &code {
        _ if keys::is_number(&told) => format!("{}/observation/{told}", reading.key(person)),
        Some(code) => {
            let day = at.map(Stamp::compact).unwrap_or_default();
            format!("{}/observation/{}/{day}", reading.key(person), keys::head(code))
        }
        None => format!("{}/observation", reading.key(person)),
    };
    if node.peek("status") == "entered-in-error" {
        reading.withdraw(person, base, node, "observation", Category::C05Delivery);
        return;
    }
    let status = status(node);
    one(reading, person, node, base.clone(), (at, status), loinc);
    for component in node.all("component") {
        let part = values::coding(component.first("code"), "observation.code").unwrap_or_default();
        let loinc = recognise(reading, component.first("code")).map(|found| found.loinc).unwrap_or_default();
        one(reading, person, component, format!("{base}/{}", keys::head(&part)), (at, status), loinc);
    }
}

/// Why an Observation or one of its components has no value, where it has none.
fn lacking(node: Node<'_>) -> Option<&'static str> {
    let valued = node.named_children().any(|(name, _)| name.is_some_and(|name| name.starts_with("value")));
    let mut codings = node.first("dataAbsentReason").filter(|_| !valued)?.all("coding");
    codings.find_map(|coding| absence::of_fhir(coding.peek("code")))
}

/// The status of an Observation or a report.
pub(super) fn status(node: Node<'_>) -> &'static str {
    match node.take("status", "observation.status") {
        "final" => "final",
        "amended" | "corrected" => "corrected",
        "preliminary" => "preliminary",
        "registered" => "pending",
        "cancelled" => "none",
        _ => "",
    }
}

/// The code and value of an Observation or of one of its components.
fn one(
    reading: &mut Reading<'_>,
    person: usize,
    node: Node<'_>,
    key: String,
    (at, status): (Option<Stamp>, &'static str),
    loinc: String,
) {
    let Some(code) = values::coding(node.first("code"), "observation.code") else {
        reading.warning_at(
            "H104",
            node,
            "code",
            "項目のコードも名前もないため、原文のまま保管しました。",
            "An observation without a code or text is kept in the raw document only.",
        );
        return;
    };
    let quantity = node.get("valueQuantity").and_then(|value| values::quantity(value, "observation.quantity"));
    let quantity = quantity.or_else(|| self::quantity(node, "observation.quantity"));
    let coded = values::coding(node.first("valueCodeableConcept"), "observation.coded");
    let texts = ["valueString", "valueDateTime", "valueTime", "valueBoolean"];
    let text = texts.iter().map(|name| node.take(name, "observation.text")).find(|text| !text.is_empty());
    let text = text.filter(|_| quantity.is_none() && coded.is_none()).unwrap_or_default().to_owned();
    let lacking = lacking(node).filter(|_| quantity.is_none() && coded.is_none() && text.is_empty());
    if quantity.is_none() && coded.is_none() && text.is_empty() && lacking.is_none() {
        return;
    }
    let told = !text.is_empty();
    let (concept, found) = (loinc.clone(), values::codes(node.first("code")));
    node.all("code").flat_map(|code| code.all("coding")).for_each(|coding| {
        coding.take("code", "observation.concept");
        coding.take("system", "observation.concept");
    });
    let body = Body::Observation(proto::Observation {
        code: Some(code),
        concept,
        quantity,
        coded,
        text,
        observed_at: at.map(Stamp::date_time),
        status: status.to_owned(),
        interpretation: values::words(node.first("interpretation"), "observation.interpretation"),
        kind: String::new(),
        state: String::new(),
    });
    let mut entry = reading.entry(person, key, node, at, body);
    if let Some(reason) = lacking {
        values::coding(node.first("dataAbsentReason"), "absent");
        entry.absent.push(absence::of("text", reason));
    }
    let known = [(crate::hospital::hl7v2::types::LOINC, loinc.as_str())];
    raise::by_codes(&mut entry, known.into_iter().chain(found.iter().map(|(system, code)| (&**system, &**code))));
    let answers = values::codes(node.first("valueCodeableConcept"));
    raise::by_answer(&mut entry, answers.iter().map(|(system, code)| (&**system, &**code)));
    if told {
        raise::narrative(&mut entry);
    }
    reading.push("observation", entry);
}

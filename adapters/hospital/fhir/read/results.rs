//! Observation: the newborn's values, the delivery, screenings, and every other observation (`formats/hospital.md` 2.11).

use super::{screening, values};
use crate::hospital::absence;
use crate::hospital::concepts::{self, Concept, Recognised};
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::keys;
use crate::hospital::raise;
use crate::hospital::reading::Reading;
use crate::json::Node;
use crate::wording::codes::{DELIVERY_METHOD, DELIVERY_OUTCOME};
use musubi_proto::v1 as proto;
use proto::entry::Body;
use proto::{Category, SubjectRole};
use std::collections::BTreeMap;

/// Values that belong into one entry together, by person.
#[derive(Default)]
pub(super) struct Collected<'t> {
    newborns: BTreeMap<usize, (proto::Newborn, Node<'t>, Option<Stamp>)>,
    deliveries: BTreeMap<usize, (proto::Delivery, Node<'t>, Option<Stamp>)>,
    /// Gestational ages of mothers: part of the delivery, where one is told.
    gestations: Vec<(usize, usize)>,
}

/// Days after birth in which a length or a head is the newborn's.
const NEWBORN_DAYS: i64 = 28;

/// Reads one Observation.
pub(super) fn read<'t>(reading: &mut Reading<'t>, number: usize, collected: &mut Collected<'t>) {
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
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
    let role = reading.people.get(person).map(|person| person.role()).unwrap_or_default();
    let child = role == SubjectRole::Child;
    match concept {
        // A score or a weight that is not there is an observation that says why.
        Some(concept) if (child && concept.of_newborn() || concept.of_epds()) && lacking(node).is_some() => {
            observation(reading, person, node, recognised.map(|found| found.loinc).unwrap_or_default());
        }
        Some(concept) if child && concept.of_newborn() && at_birth(reading, person, node, concept) => {
            newborn(reading, person, node, concept, collected);
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
        Some(Concept::EpdsTotal) => screening::read(reading, person, node),
        Some(Concept::GestationalAge) if role == SubjectRole::Mother => collected.gestations.push((number, person)),
        _ if role == SubjectRole::Mother && labour(reading, person, node, collected) => {}
        _ if child && birth_words(reading, person, node, collected) => {}
        _ => observation(reading, person, node, recognised.map(|found| found.loinc).unwrap_or_default()),
    }
}

/// Whom it is about: the focus, where that is a child and the subject its mother.
fn subject(reading: &mut Reading<'_>, number: usize) -> Option<usize> {
    let node = reading.resources.get(number)?.node;
    let focus = node.all("focus").find_map(|focus| reading.target(Some(focus), number));
    let focused = reading.people.iter().position(|person| focus.is_some() && person.resource == focus);
    let is_child = |at: &usize| reading.people.get(*at).is_some_and(|person| person.role() == SubjectRole::Child);
    match focused.filter(is_child) {
        Some(child) => Some(child),
        None => reading.person(number, "subject"),
    }
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

fn newborn<'t>(
    reading: &mut Reading<'t>,
    person: usize,
    node: Node<'t>,
    concept: Concept,
    collected: &mut Collected<'t>,
) {
    if node.peek("status") == "entered-in-error" {
        let key = format!("{}/newborn", reading.key(person));
        reading.withdraw(person, key, node, "newborn", Category::C06Newborn);
        return;
    }
    let Some(value) = quantity(node, "newborn") else { return };
    let at = effective(reading, node, "newborn.born_at");
    let filled = match concept {
        Concept::Apgar(_) => concepts::whole(&value, concept.score_max().unwrap_or_default()).is_some(),
        Concept::GestationalAge => concepts::days_of(&value).is_some(),
        Concept::BirthWeight => concepts::grams_of(&value).is_some(),
        _ => true,
    };
    if !filled {
        reading.error_at(
            "H006",
            node,
            "valueQuantity",
            "この項目ではあり得ない値または単位です。",
            "This value or its unit is impossible for this item.",
        );
        return;
    }
    check_usual(reading, node, concept, &value);
    note_code(node, "newborn");
    let found = collected.newborns.entry(person).or_insert_with(|| (proto::Newborn::default(), node, at));
    let newborn = &mut found.0;
    match concept {
        Concept::BirthWeight => newborn.birth_weight = concepts::grams_of(&value),
        Concept::BirthLength => newborn.birth_length = Some(value),
        Concept::HeadCircumference => newborn.head_circumference = Some(value),
        Concept::GestationalAge => newborn.gestation_days = concepts::days_of(&value),
        Concept::Apgar(1) => newborn.apgar_1 = concepts::whole(&value, 10),
        Concept::Apgar(5) => newborn.apgar_5 = concepts::whole(&value, 10),
        Concept::Apgar(_) => newborn.apgar_10 = concepts::whole(&value, 10),
        _ => {}
    }
}

/// What our own documents say of a newborn in words, for want of a code.
fn birth_words<'t>(reading: &mut Reading<'t>, person: usize, node: Node<'t>, collected: &mut Collected<'t>) -> bool {
    let words = own_words(node);
    if !matches!(words, "胸囲" | "低体重児の届出" | "NICU入院") {
        return false;
    }
    let at = effective(reading, node, "newborn.born_at");
    note_code(node, "newborn");
    let newborn = &mut collected.newborns.entry(person).or_insert_with(|| (proto::Newborn::default(), node, at)).0;
    match words {
        "胸囲" => newborn.chest_circumference = quantity(node, "newborn.chest_circumference"),
        "低体重児の届出" => {
            newborn.low_weight_notified = super::people::flag(node, "valueBoolean", "newborn.low_weight_notified");
        }
        _ => newborn.intensive_care = yes_no(node.take("valueString", "newborn.intensive_care")),
    }
    true
}

/// The words of a code that has no coding.
pub(super) fn own_words<'n>(node: Node<'n>) -> &'n str {
    node.first("code").filter(|code| code.first("coding").is_none()).map_or("", |code| code.peek("text"))
}

fn yes_no(word: &str) -> Option<i32> {
    let answers = [proto::YesNo::Yes, proto::YesNo::No, proto::YesNo::Refused, proto::YesNo::Unknown];
    let said =
        answers.into_iter().find(|answer| crate::wording::yes_no(Some((*answer).into())).as_deref() == Some(word));
    said.map(Into::into)
}

fn of_word(table: &[(&'static str, &'static str)], word: &str) -> String {
    table.iter().find(|(_, known)| *known == word).map_or(word, |(code, _)| code).to_owned()
}

/// What tells of a delivery: blood loss by its LOINC, the rest in the words of our own documents.
fn labour<'t>(reading: &mut Reading<'t>, person: usize, node: Node<'t>, collected: &mut Collected<'t>) -> bool {
    const PATH: &str = "delivery";
    let blood = node.first("code").is_some_and(|code| code.all("coding").any(|one| one.peek("code") == "55103-6"));
    let words = if blood { "分娩時出血量" } else { own_words(node) };
    let known = ["分娩日時", "分娩方法", "分娩の転帰", "胎位", "児の数", "輸血", "分娩時出血量"];
    if !known.contains(&words) {
        return false;
    }
    let at = effective(reading, node, "delivery.delivered_at");
    let born = reading.stamp(node, "valueDateTime", "delivery.delivered_at");
    note_code(node, PATH);
    let text = node.take("valueString", PATH);
    let found = collected.deliveries.entry(person).or_insert_with(|| (proto::Delivery::default(), node, at));
    found.2 = found.2.or(at);
    let delivery = &mut found.0;
    match words {
        "分娩日時" => delivery.delivered_at = born.map(Stamp::date_time),
        "分娩方法" => delivery.method = of_word(DELIVERY_METHOD, text),
        "分娩の転帰" => delivery.outcome = of_word(DELIVERY_OUTCOME, text),
        "胎位" => text.clone_into(&mut delivery.presentation),
        "児の数" => delivery.child_count = node.take("valueInteger", PATH).parse().ok(),
        "輸血" => delivery.transfusion = yes_no(text),
        _ => delivery.blood_loss = quantity(node, PATH),
    }
    true
}

/// Writes what was collected.
pub(super) fn finish<'t>(reading: &mut Reading<'t>, mut collected: Collected<'t>) {
    for (number, person) in std::mem::take(&mut collected.gestations) {
        let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { continue };
        let days = quantity(node, "delivery.gestation_days").and_then(|value| concepts::days_of(&value));
        match (collected.deliveries.get_mut(&person), days) {
            (Some(found), Some(days)) => {
                note_code(node, "delivery.gestation_days");
                found.0.gestation_days = Some(days);
            }
            _ => {
                let loinc = recognise(reading, node.first("code")).map(|found| found.loinc).unwrap_or_default();
                observation(reading, person, node, loinc);
            }
        }
    }
    for (person, (delivery, node, at)) in collected.deliveries {
        let day = at.map(Stamp::compact).unwrap_or_default();
        let key = format!("{}/delivery/{}", reading.key(person), day.get(..8).unwrap_or(&day));
        let entry = reading.entry(person, key, node, at, Body::Delivery(delivery));
        reading.push("delivery", entry);
    }
    for (person, (mut newborn, node, at)) in collected.newborns {
        let Some(found) = reading.people.get(person) else { continue };
        let (patient, born) = (found.patient, found.born);
        let time = patient.and_then(|patient| super::people::birth_time(reading, patient));
        newborn.born_at = time.or(born).or(at).map(Stamp::date_time);
        newborn.sex = patient.and_then(|patient| match patient.peek("gender") {
            "male" => Some(proto::Sex::Male.into()),
            "female" => Some(proto::Sex::Female.into()),
            _ => None,
        });
        let order = patient.and_then(|patient| patient.peek("multipleBirthInteger").parse().ok());
        newborn.birth_order = order.filter(|order| (1..=9).contains(order));
        let key = format!("{}/newborn", reading.key(person));
        let entry = reading.entry(person, key, node, time.or(born).or(at), Body::Newborn(newborn));
        reading.push("newborn", entry);
    }
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

fn check_usual(reading: &mut Reading<'_>, node: Node<'_>, concept: Concept, value: &proto::Quantity) {
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
fn observation(reading: &mut Reading<'_>, person: usize, node: Node<'_>, loinc: String) {
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

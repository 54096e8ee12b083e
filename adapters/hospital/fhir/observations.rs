//! What was measured and asked: Observation, with the LOINC codes of `formats/hospital.md` 2.11.

use super::clinical::{Context, Said, condition_of};
use super::datatypes::{LOINC, codeable, coding, concept, count, moment, quantity, source_coding, words};
use super::document::{Slot, author_of};
use super::json::{Json, list, object, word};
use super::treatment;
use crate::hospital::absence;
use crate::wording::{self, absences, codes, iso_date};
use musubi_proto::v1 as proto;

/// Value of an observation, with the name of its member.
type Value = (&'static str, Json);

/// What only some observations have.
#[derive(Default)]
struct More {
    /// What it is where it is not final.
    status: Option<&'static str>,
    category: Json,
    /// Why it has no value.
    absent: Json,
    interpretation: Json,
    component: Json,
}

impl Context<'_, '_> {
    /// An observation, unless it has no value.
    fn observe(&mut self, code: Json, value: Value, at: Json) -> Option<Slot> {
        self.observe_with(code, value, at, More::default())
    }

    fn observe_with(&mut self, code: Json, value: Value, at: Json, more: More) -> Option<Slot> {
        if value.1.is_nothing() && more.component.is_nothing() && more.absent.is_nothing() {
            return None;
        }
        let members = [
            ("status", word(more.status.unwrap_or("final"))),
            ("category", more.category),
            ("code", code),
            ("subject", self.subject.clone()),
            ("effectiveDateTime", at),
            ("performer", list([self.author.clone()])),
            value,
            ("dataAbsentReason", more.absent),
            ("interpretation", more.interpretation),
            ("component", more.component),
        ];
        Some(self.document.add("Observation", members))
    }

    /// Observations of a concept that only has words.
    fn observe_words(&mut self, label: &str, value: Option<String>, at: &Json) -> Option<Slot> {
        self.observe(words(label), ("valueString", value.into()), at.clone())
    }
}

pub(super) fn finding(context: &mut Context<'_, '_>, entry: &proto::Entry, found: &proto::Observation) -> Option<Slot> {
    let author = author_of(entry);
    if found.kind == "allergy" {
        return Some(allergy(context, author, found));
    }
    if let Some(slot) = treatment::write(context, author, found) {
        return Some(slot);
    }
    let none = proto::Coded::default();
    let source = found.code.as_ref().unwrap_or(&none);
    let is_loinc = |code: &str| code.contains('-') && code.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let known = Some(found.concept.as_str()).filter(|code| is_loinc(code) && *code != source.code);
    let codings = list([known.map(|code| coding(LOINC, code, "")).into(), source_coding(source, author)]);
    let named = [source.text.as_str(), &source.code].into_iter().find(|text| !text.is_empty());
    let code = object([("coding", codings), ("text", named.map_or(word("結果"), Json::from))]);
    let coded_value = found.coded.as_ref().map(|coded| codeable(coded, author));
    let value = [
        quantity(found.quantity.as_ref()),
        ("valueCodeableConcept", coded_value.into()),
        ("valueString", found.text.as_str().into()),
    ];
    let value = value.into_iter().find(|(_, value)| !value.is_nothing()).unwrap_or(("valueString", Json::Nothing));
    let status = match found.status.as_str() {
        "corrected" => "corrected",
        "preliminary" | "unverified" | "partial" => "preliminary",
        "pending" => "registered",
        "none" => "cancelled",
        "final" => "final",
        _ => "unknown",
    };
    let absent = absences::of_observation(&entry.absent).and_then(|absence| absence::fhir(&absence.reason));
    let absent = absent.map(|code| object([("coding", list([coding(absence::DATA_ABSENT_REASON, code, "")]))]));
    let more = More {
        status: Some(status),
        absent: absent.into(),
        interpretation: list([words(&found.interpretation)]),
        ..More::default()
    };
    context.observe_with(code, value, moment(found.observed_at.as_ref()), more)
}

/// An allergy: its kind, the substance, and what it does.
fn allergy(context: &mut Context<'_, '_>, author: &str, found: &proto::Observation) -> Slot {
    let kind = match found.code.as_ref().map(|code| code.code.as_str()) {
        Some("food" | "FA") => "food",
        Some("medication" | "DA") => "medication",
        Some("environment" | "EA" | "PA" | "LA") => "environment",
        Some("biologic") => "biologic",
        _ => "",
    };
    let severity = match found.interpretation.as_str() {
        "severe" | "SV" => "severe",
        "moderate" | "MO" => "moderate",
        "mild" | "MI" => "mild",
        _ => "",
    };
    // FHIR demands a clinical status of every allergy (ait-1), also of one that was found not to be.
    let clinical = match (found.state.as_str(), found.status.as_str()) {
        ("resolved", _) => "resolved",
        ("inactive", _) | ("", "none") => "inactive",
        _ => "active",
    };
    let verified = match found.status.as_str() {
        "none" => "refuted",
        "preliminary" | "unverified" | "partial" => "unconfirmed",
        _ => "",
    };
    let state = |system, code: &'static str| if code.is_empty() { Json::Nothing } else { concept(system, code, "") };
    let shown = list([words(&found.text)]);
    let severity = if shown.is_nothing() { Json::Nothing } else { word(severity) };
    let members = vec![
        ("clinicalStatus", state("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", clinical)),
        (
            "verificationStatus",
            state("http://terminology.hl7.org/CodeSystem/allergyintolerance-verification", verified),
        ),
        ("category", list([word(kind)])),
        ("code", found.coded.as_ref().map(|substance| codeable(substance, author)).unwrap_or_default()),
        ("patient", context.subject.clone()),
        ("onsetDateTime", moment(found.observed_at.as_ref())),
        ("reaction", list([object([("manifestation", shown), ("severity", severity)])])),
    ];
    context.document.add("AllergyIntolerance", members)
}

/// What a hospital asks of the center in a notice, for want of a code.
pub(super) const REQUEST: &str = "依頼事項";

/// What a discharge notice says in its own words.
pub(super) fn texts(context: &mut Context<'_, '_>, notice: &proto::DischargeNotice) -> Vec<Slot> {
    let found = [
        (loinc("8648-8", "Hospital course Narrative", "入院中の経過"), &notice.course),
        (loinc("8653-8", "Hospital Discharge instructions", "退院時指導"), &notice.instructions),
        (words(REQUEST), &notice.request),
    ];
    let written =
        |(code, text): (Json, &String)| context.observe(code, ("valueString", text.as_str().into()), Json::Nothing);
    found.into_iter().filter_map(written).collect()
}

pub(super) fn birth(context: &mut Context<'_, '_>, newborn: &proto::Newborn) -> Vec<Slot> {
    let at = moment(newborn.born_at.as_ref());
    let score =
        |score: Option<i32>| score.map_or(("valueQuantity", Json::Nothing), |score| count(score, "点", "{score}"));
    let days = |days: Option<i32>| days.map_or(("valueQuantity", Json::Nothing), |days| count(days, "日", "d"));
    let found = [
        (loinc("76516-4", "Gestational age--at birth", "在胎週数"), days(newborn.gestation_days)),
        (loinc("8339-4", "Birth weight Measured", "出生体重"), quantity(newborn.birth_weight.as_ref())),
        (loinc("89269-5", "Body height Measured --at birth", "身長"), quantity(newborn.birth_length.as_ref())),
        (
            loinc("9843-4", "Head Occipital-frontal circumference", "頭囲"),
            quantity(newborn.head_circumference.as_ref()),
        ),
        (words("胸囲"), quantity(newborn.chest_circumference.as_ref())),
        (loinc("9272-6", "1 minute Apgar Score", "アプガー1分"), score(newborn.apgar_1)),
        (loinc("9274-2", "5 minute Apgar Score", "アプガー5分"), score(newborn.apgar_5)),
        (loinc("9271-8", "10 minute Apgar Score", "アプガー10分"), score(newborn.apgar_10)),
        (words("低体重児の届出"), ("valueBoolean", newborn.low_weight_notified.into())),
        (words("NICU入院"), ("valueString", wording::yes_no(newborn.intensive_care).into())),
    ];
    found.into_iter().filter_map(|(code, value)| context.observe(code, value, at.clone())).collect()
}

pub(super) fn labour(context: &mut Context<'_, '_>, entry: &proto::Entry, delivery: &proto::Delivery) -> Vec<Slot> {
    let at = moment(delivery.delivered_at.as_ref());
    let mut slots = Vec::new();
    slots.extend(context.observe(words("分娩日時"), ("valueDateTime", at.clone()), at.clone()));
    if let Some(days) = delivery.gestation_days {
        let code = loinc("11884-4", "Gestational age Estimated", "在胎週数");
        slots.extend(context.observe(code, count(days, "日", "d"), at.clone()));
    }
    let word = |table, code: &str| Some(codes::word(table, code));
    slots.extend(context.observe_words("分娩方法", word(codes::DELIVERY_METHOD, &delivery.method), &at));
    slots.extend(context.observe_words("分娩の転帰", word(codes::DELIVERY_OUTCOME, &delivery.outcome), &at));
    slots.extend(context.observe_words("胎位", Some(delivery.presentation.clone()), &at));
    slots.extend(context.observe(words("児の数"), ("valueInteger", delivery.child_count.into()), at.clone()));
    slots.extend(context.observe_words("輸血", wording::yes_no(delivery.transfusion), &at));
    let blood = words("分娩時出血量");
    slots.extend(context.observe(blood, quantity(delivery.blood_loss.as_ref()), at));
    let author = author_of(entry);
    for complication in &delivery.complications {
        slots.extend(condition_of(context, codeable(complication, author), Said::default()));
    }
    slots
}

pub(super) fn questionnaire(context: &mut Context<'_, '_>, screening: &proto::Screening) -> Option<Slot> {
    let code = match screening.instrument.as_str() {
        "epds" => loinc("99046-5", "", "EPDS 合計"),
        "" => words("質問票"),
        other => words(&codes::word(codes::INSTRUMENT, other)),
    };
    let part = |label: String, score: i32| {
        let (name, value) = count(score, "点", "{score}");
        object([("code", words(&label)), (name, value)])
    };
    let items = screening.items.iter().zip(1..).map(|(score, number): (_, i32)| part(format!("項目{number}"), *score));
    let apart = screening.self_harm_item.map(|score| part("項目10".to_owned(), score));
    let parts = list(items.chain(apart));
    let total = screening.total.map_or(("valueQuantity", Json::Nothing), |total| count(total, "点", "{score}"));
    let survey = concept("http://terminology.hl7.org/CodeSystem/observation-category", "survey", "Survey");
    let more = More { category: list([survey]), component: parts, ..More::default() };
    context.observe_with(code, total, day(screening.answered_on.as_ref()), more)
}

pub(super) fn pregnancy(context: &mut Context<'_, '_>, notification: &proto::PregnancyNotification) -> Vec<Slot> {
    let at = day(notification.notified_on.as_ref());
    let date = |date: Option<&proto::Date>| ("valueDateTime", day(date));
    let weeks = notification.gestation_days.map_or(("valueQuantity", Json::Nothing), |days| count(days, "日", "d"));
    let found = [
        (loinc("11778-8", "Delivery date Estimated", "分娩予定日"), date(notification.due_date.as_ref())),
        (
            loinc("8665-2", "Last menstrual period start date", "最終月経"),
            date(notification.last_menstrual_period.as_ref()),
        ),
        (loinc("11884-4", "Gestational age Estimated", "在胎週数"), weeks),
        (loinc("3137-7", "Body height Measured", "身長"), quantity(notification.height.as_ref())),
        (
            loinc("56077-1", "Body weight --pre current pregnancy", "妊娠前体重"),
            quantity(notification.weight_before.as_ref()),
        ),
    ];
    found.into_iter().filter_map(|(code, value)| context.observe(code, value, at.clone())).collect()
}

pub(super) fn infant_check(
    context: &mut Context<'_, '_>,
    entry: &proto::Entry,
    check: &proto::InfantCheck,
) -> Vec<Slot> {
    let at = day(check.visited_on.as_ref());
    let found = [
        (loinc("8302-2", "Body height", "身長"), quantity(check.height.as_ref())),
        (loinc("29463-7", "Body weight", "体重"), quantity(check.weight.as_ref())),
        (loinc("9843-4", "Head Occipital-frontal circumference", "頭囲"), quantity(check.head_circumference.as_ref())),
        (words("胸囲"), quantity(check.chest_circumference.as_ref())),
    ];
    let mut slots: Vec<Slot> =
        found.into_iter().filter_map(|(code, value)| context.observe(code, value, at.clone())).collect();
    slots.extend(measured(context, entry, &check.measurements, check.visited_on.as_ref()));
    slots
}

pub(super) fn measured(
    context: &mut Context<'_, '_>,
    entry: &proto::Entry,
    all: &[proto::Measurement],
    on: Option<&proto::Date>,
) -> Vec<Slot> {
    let mut slots = Vec::new();
    for one in all {
        let code = one.code.as_ref().map(|code| codeable(code, author_of(entry))).unwrap_or_default();
        if !code.is_nothing() {
            slots.extend(context.observe(code, quantity(one.quantity.as_ref()), day(on)));
        }
    }
    slots
}

/// What was weighed at a visit.
pub(super) fn home_visit(context: &mut Context<'_, '_>, visit: &proto::HomeVisit) -> Vec<Slot> {
    let code = loinc("29463-7", "Body weight", "体重");
    context.observe(code, quantity(visit.weight.as_ref()), day(visit.visited_on.as_ref())).into_iter().collect()
}

/// A LOINC concept with its display name and what it is called here.
fn loinc(code: &'static str, display: &'static str, text: &'static str) -> Json {
    object([("coding", list([coding(LOINC, code, display)])), ("text", word(text))])
}

fn day(date: Option<&proto::Date>) -> Json {
    date.and_then(iso_date).into()
}

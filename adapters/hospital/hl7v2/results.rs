//! OBX: the newborn's values, screenings, and every other observation.

use super::super::concepts::Concept;
use super::super::keys;
use super::super::pregnancy::Part;
use super::message::Segment;
use super::reader::{Patient, Reader};
use super::times::Stamp;
use super::{newborn, observation, pregnancy, recognise, screening, types};
use musubi_core::adapter::Profile;
use musubi_proto::v1::{Category, SubjectRole};

/// The results of one order, or those of an ADT message, which have none.
pub(super) struct Group<'m> {
    obr: Option<Segment<'m>>,
    obx: Vec<Segment<'m>>,
}

/// Each OBX belongs to the last OBR before it.
pub(super) fn groups<'m>(reader: &Reader<'m>) -> Vec<Group<'m>> {
    let mut groups: Vec<Group<'m>> = Vec::new();
    for segment in reader.message.segments() {
        match segment.name() {
            "OBR" => groups.push(Group { obr: Some(segment), obx: Vec::new() }),
            "OBX" => match groups.last_mut() {
                Some(group) => group.obx.push(segment),
                None => groups.push(Group { obr: None, obx: vec![segment] }),
            },
            _ => {}
        }
    }
    groups
}

/// What all results of a group have in common.
pub(super) struct Context<'p> {
    pub(super) patient: &'p Patient,
    /// Where the keys of the series begin.
    pub(super) key: String,
    pub(super) at: Option<Stamp>,
    pub(super) commissioned: bool,
}

/// Values that belong into one entry together.
#[derive(Default)]
struct Collected {
    newborn: newborn::Values,
    epds: screening::Values,
    pregnancy: pregnancy::Values,
    /// Does any result of this group tell of a pregnancy?
    tells_pregnancy: bool,
    /// The series of this group.
    series: keys::Series,
}

/// Reads one group.
pub(super) fn read(reader: &mut Reader<'_>, patient: &Patient, group: &Group<'_>, base: &str) {
    let context = context(reader, patient, group, base);
    let mut collected = Collected { tells_pregnancy: tells_pregnancy(group, reader.profile), ..Collected::default() };
    for &obx in &group.obx {
        result(reader, &context, obx, &mut collected);
    }
    newborn::finish(reader, &context, collected.newborn);
    screening::finish(reader, &context, collected.epds);
    pregnancy::finish(reader, &context, collected.pregnancy);
}

/// A height is of a pregnancy only beside what tells of one.
fn tells_pregnancy(group: &Group<'_>, profile: &Profile) -> bool {
    let parts = group.obx.iter().filter_map(|&obx| Part::of(&recognise::recognise(obx, profile)?.loinc));
    parts.into_iter().any(Part::tells)
}

fn context<'p>(reader: &mut Reader<'_>, patient: &'p Patient, group: &Group<'_>, base: &str) -> Context<'p> {
    let Some(obr) = group.obr else {
        return Context { patient, key: base.to_owned(), at: None, commissioned: is_commissioned(reader, group) };
    };
    let at = reader.stamp(obr, 7, "observation.observed_at");
    let numbers = [reader.take(obr, 3, "source_key"), reader.take(obr, 2, "source_key")];
    let number = numbers.iter().map(|field| field.component(1).text()).find(|number| !number.is_empty());
    let number = number.map_or_else(
        || format!("{}/{}", at.map(Stamp::compact).unwrap_or_default(), obr.value(4)),
        |number| number.into_owned(),
    );
    if obr.field(4).is_null() {
        let place = reader.field_place(obr, 4);
        reader.warning("H104", place, "検査項目のコードがありません。", "The code of the order is missing.");
    }
    Context {
        patient,
        key: format!("{}/order/{number}", patient.key),
        at,
        commissioned: is_commissioned(reader, group),
    }
}

/// Work that the municipality commissioned is known by its code in the profile.
fn is_commissioned(reader: &mut Reader<'_>, group: &Group<'_>) -> bool {
    if reader.profile.commissioned_codes.is_empty() {
        return false;
    }
    let known = |segment: Segment<'_>, field: usize| {
        let code = segment.field(field).first();
        [1, 4].into_iter().any(|at| {
            let text = code.component(at).text();
            !text.is_empty() && reader.profile.commissioned_codes.iter().any(|known| *known == text)
        })
    };
    let ordered = group.obr.is_some_and(|obr| known(obr, 4));
    let measured = group.obx.iter().any(|&obx| known(obx, 3));
    if let Some(obr) = group.obr.filter(|_| ordered) {
        reader.mapped(obr, 4, "commissioned");
    }
    ordered || measured
}

/// OBX-11 as the record says it; `None` for a withdrawal.
fn status(reader: &mut Reader<'_>, obx: Segment<'_>) -> Option<&'static str> {
    let code = reader.take(obx, 11, "observation.status").component(1).text();
    Some(match &*code {
        "D" | "W" => return None,
        "F" | "U" => "final",
        "C" => "corrected",
        "P" => "preliminary",
        "R" => "unverified",
        "S" => "partial",
        "I" => "pending",
        "X" | "N" => "none",
        _ => {
            let place = reader.field_place(obx, 11);
            reader.warning(
                "H008",
                place,
                "結果の状態(OBX-11)がないか不明です。確定と読みました。",
                "The status (OBX-11) is missing or unknown; taken as final.",
            );
            "final"
        }
    })
}

/// Why something was taken back that was posted for the wrong patient.
pub(super) const WRONG_PERSON: &str = "wrong_person";

/// `W` was posted for the wrong patient, `D` is deleted.
pub(super) fn withdrawn_as(obx: Segment<'_>) -> &'static str {
    if &*obx.value(11) == "W" { WRONG_PERSON } else { "deleted" }
}

fn result(reader: &mut Reader<'_>, context: &Context<'_>, obx: Segment<'_>, collected: &mut Collected) {
    let recognised = recognise::recognise(obx, reader.profile);
    if recognised.as_ref().is_some_and(|recognised| recognised.by_text) {
        let place = reader.field_place(obx, 3);
        reader.warning(
            "H104",
            place,
            "表示名で項目を判別しました(matched-by-text)。",
            "The item was recognised by its text (matched-by-text).",
        );
    }
    let child = context.patient.role() == SubjectRole::Child;
    let concept = recognised.as_ref().map(|recognised| recognised.concept);
    let status = status(reader, obx);
    let valued = obx.field(5).says_something();
    let part = recognised.as_ref().and_then(|recognised| Part::of(&recognised.loinc));
    if let Some(part) = part.filter(|part| part.tells() || collected.tells_pregnancy)
        && (valued || status.is_none())
        && of_pregnancy(reader, context, obx, (part, status.is_none()), &mut collected.pregnancy)
    {
        return;
    }
    match concept {
        Some(concept) if child && concept.of_newborn() && (valued || status.is_none()) => {
            if status.is_none() {
                newborn::take_back(reader, obx, concept, &mut collected.newborn);
            } else {
                newborn::value(reader, obx, concept, &mut collected.newborn);
            }
        }
        Some(concept) if concept.of_newborn_only() && !child => {
            let place = reader.field_place(obx, 5);
            reader.kept_raw(obx.index());
            reader.warning(
                "H106",
                place,
                "児の値が母の電文にあります。母の値とせず、原文のまま保管しました。",
                "A newborn's value in another person's message: not attributed to that person, kept in the raw message.",
            );
        }
        Some(concept) if concept.of_epds() && child => {
            let place = reader.field_place(obx, 5);
            reader.kept_raw(obx.index());
            reader.warning(
                "H106",
                place,
                "母の質問票の結果が児の電文にあります。児の値とせず、原文のまま保管しました。",
                "The mother's questionnaire in the child's message: not attributed to the child, kept in the raw message.",
            );
        }
        Some(concept) if concept.of_epds() && (valued || status.is_none()) => {
            if status.is_none() {
                collected.epds.withdrawn.get_or_insert_with(|| (reader.place(obx), withdrawn_as(obx)));
            } else {
                screening::value(reader, obx, concept, &mut collected.epds);
            }
        }
        _ => observation::read(reader, context, obx, recognised, status, &mut collected.series),
    }
}

/// Reads or takes back a part of a pregnancy. Returns whether that was all that there is to it.
fn of_pregnancy(
    reader: &mut Reader<'_>,
    context: &Context<'_>,
    obx: Segment<'_>,
    (part, is_taken_back): (Part, bool),
    values: &mut pregnancy::Values,
) -> bool {
    match context.patient.role() {
        SubjectRole::Mother if is_taken_back => {
            pregnancy::take_back(reader, context, obx, part, values);
            true
        }
        SubjectRole::Mother => pregnancy::value(reader, context, obx, part, values),
        SubjectRole::Child if part.tells() => {
            let place = reader.field_place(obx, 5);
            reader.kept_raw(obx.index());
            reader.warning(
                "H106",
                place,
                "母の妊娠の値が児の電文にあります。児の値とせず、原文のまま保管しました。",
                "A value of the mother's pregnancy in the child's message: not attributed to the child, kept in the raw message.",
            );
            true
        }
        _ => false,
    }
}

/// A whole number from 0 to `max`; anything else is refused.
pub(super) fn score(reader: &mut Reader<'_>, obx: Segment<'_>, max: i32) -> Option<i32> {
    let read = types::quantity(obx.field(5).first(), &*obx.value(2) == "SN").filter(|read| read.comparator.is_empty());
    let whole = read.and_then(|read| read.value.strip_suffix(".0").unwrap_or(&read.value).parse::<i32>().ok());
    let value = whole.filter(|value| (0..=max).contains(value));
    if value.is_none() {
        let place = reader.field_place(obx, 5);
        reader.error("H006", place, "この項目ではあり得ない値です。", "This value is impossible for this item.");
    }
    value
}

pub(super) fn check_usual(reader: &mut Reader<'_>, obx: Segment<'_>, concept: Concept, value: &str) {
    let Some((least, most)) = concept.usual() else { return };
    if !value.parse::<f64>().is_ok_and(|value| (least..=most).contains(&value)) {
        let place = reader.field_place(obx, 5);
        reader.warning(
            "H104",
            place,
            "通常の範囲にない値です。確かめてください。",
            "This value is outside the usual range; please check it.",
        );
    }
}

pub(super) fn withdrawal(
    reader: &mut Reader<'_>,
    context: &Context<'_>,
    key: String,
    path: String,
    (kind, category, reason): (&str, Category, &str),
) {
    reader.withdraw(context.patient, key, path, (kind, category, reason));
    if let Some(entry) = reader.entries.last_mut() {
        entry.commissioned = context.commissioned;
    }
}

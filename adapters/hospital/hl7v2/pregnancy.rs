//! OBX that tell of the mother's pregnancy: together they are one entry of her, as in CDA and FHIR.

use super::super::pregnancy::{Part, Told};
use super::message::Segment;
use super::reader::Reader;
use super::results::{self, Context, WRONG_PERSON};
use super::types;
use musubi_proto::v1 as proto;
use proto::Category;
use proto::entry::Body;

const PATH: &str = "pregnancy_notification";

/// What a group of results tells of a pregnancy.
#[derive(Default)]
pub(super) struct Values {
    told: Told,
    /// Where the first of them stands.
    path: Option<String>,
    /// Why the first of those that are taken back is.
    reason: &'static str,
}

/// Reads one value. Returns whether it was one: the first of each stands, and a date is one only where OBX-2 says so.
pub(super) fn value(
    reader: &mut Reader<'_>,
    context: &Context<'_>,
    obx: Segment<'_>,
    part: Part,
    values: &mut Values,
) -> bool {
    let field = obx.field(5);
    if !values.told.lacks(part) || field.repetitions().nth(1).is_some() {
        return false;
    }
    if part.is_date() {
        if !matches!(&*obx.value(2), "DT" | "TS" | "DTM") {
            return false;
        }
        let Some(date) = reader.stamp(obx, 5, PATH) else { return false };
        values.told.date(part, date);
    } else {
        let Some(mut quantity) = types::quantity(field.first(), &*obx.value(2) == "SN") else { return false };
        reader.mapped(obx, 5, PATH);
        quantity.unit = types::unit(reader.take(obx, 6, PATH).first());
        values.told.quantity(part, quantity);
    }
    begin(reader, context, obx, values);
    reader.mapped(obx, 3, PATH);
    true
}

/// Takes one value back (OBX-11 D or W): the others stay as they were said.
pub(super) fn take_back(
    reader: &mut Reader<'_>,
    context: &Context<'_>,
    obx: Segment<'_>,
    part: Part,
    values: &mut Values,
) {
    begin(reader, context, obx, values);
    reader.mapped(obx, 3, "cleared");
    if values.told.cleared.is_empty() {
        values.reason = results::withdrawn_as(obx);
    }
    values.told.cleared.push(part.field());
}

fn begin(reader: &mut Reader<'_>, context: &Context<'_>, obx: Segment<'_>, values: &mut Values) {
    values.path.get_or_insert_with(|| reader.place(obx));
    let at = reader.stamp(obx, 14, PATH);
    values.told.at = values.told.at.or(at).or(context.at);
}

/// Writes what was collected.
pub(super) fn finish(reader: &mut Reader<'_>, context: &Context<'_>, values: Values) {
    let Some(path) = values.path else { return };
    let key = format!("{}/pregnancy", context.key);
    let told = values.told;
    let all = Part::WRITTEN.iter().all(|(part, ..)| told.cleared.contains(&part.field()));
    if told.says_nothing() && (all || values.reason == WRONG_PERSON) {
        return results::withdrawal(reader, context, key, path, (PATH, Category::C04Pregnancy, values.reason));
    }
    let mut entry = reader.entry(context.patient, key, path, told.at, Body::PregnancyNotification(told.body));
    entry.commissioned = context.commissioned;
    // What a message leaves out stays as its series said before (2.5).
    entry.update = true;
    entry.cleared = told.cleared.into_iter().map(str::to_owned).collect();
    reader.entries.push(entry);
}

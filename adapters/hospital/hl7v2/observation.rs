//! OBX as an `observation`: what has no body of its own.

use super::super::concepts::{Concept, Recognised};
use super::super::{absence, keys, raise};
use super::message::{Part, Segment};
use super::reader::Reader;
use super::results::{self, Context};
use super::times::Stamp;
use super::{newborn, types};
use musubi_proto::v1 as proto;
use proto::Category;
use proto::entry::Body;

/// Reads one OBX as an `observation`.
pub(super) fn read(
    reader: &mut Reader<'_>,
    context: &Context<'_>,
    obx: Segment<'_>,
    recognised: Option<Recognised>,
    status: Option<&'static str>,
    series: &mut keys::Series,
) {
    let Some(code) = types::coded(reader.take(obx, 3, "observation.code").first()) else {
        let place = reader.field_place(obx, 3);
        reader.warning(
            "H104",
            place,
            "検査項目のコードがないため、原文のまま保管しました。",
            "An observation without a code is kept in the raw message only.",
        );
        reader.kept_raw(obx.index());
        return;
    };
    let name = if code.code.is_empty() { &code.text } else { &code.code };
    let key = series.next([&context.key, "/", name, "/", &*obx.value(4)].concat());
    let path = reader.place(obx);
    let Some(status) = status else {
        results::withdrawal(
            reader,
            context,
            key,
            path,
            ("observation", Category::C05Delivery, results::withdrawn_as(obx)),
        );
        return;
    };
    let concept = recognised.as_ref().map(|recognised| recognised.concept);
    let at = reader.stamp(obx, 14, "observation.observed_at").or(context.at);
    let value = value(reader, obx, concept);
    // What is kept otherwise (ED, RP) is there.
    let absent = absence::of_status(&obx.value(11)).filter(|_| !obx.field(5).says_something());
    if value.is_empty() && absent.is_none() {
        reader.kept_raw(obx.index());
        return;
    }
    let (told, answer) = (!value.text.is_empty(), value.coded.clone());
    let loinc = recognised.map(|recognised| recognised.loinc).unwrap_or_default();
    let body = Body::Observation(proto::Observation {
        code: Some(code),
        concept: loinc.clone(),
        quantity: value.quantity,
        coded: value.coded,
        text: value.text,
        observed_at: at.map(Stamp::date_time),
        status: status.to_owned(),
        interpretation: reader.take(obx, 8, "observation.interpretation").component(1).text().into_owned(),
        kind: String::new(),
        state: String::new(),
    });
    let mut entry = reader.entry(context.patient, key, path, at, body);
    entry.commissioned = context.commissioned;
    entry.absent.extend(absent.map(|reason| absence::of("text", reason)));
    raise_by_code(&mut entry, obx, &loinc);
    let other = types::alternate(obx.field(5).first()).filter(|_| answer.is_some());
    raise::by_answer(&mut entry, answer.iter().chain(&other).map(|answer| (&*answer.system, &*answer.code)));
    if told {
        raise::narrative(&mut entry);
    }
    reader.entries.push(entry);
}

fn raise_by_code(entry: &mut proto::Entry, obx: Segment<'_>, loinc: &str) {
    let field = obx.field(3).first();
    let texts = [1, 3, 4, 6].map(|number| field.component(number).text());
    let [code, system, other_code, other_system] = &texts;
    raise::by_codes(entry, [(types::LOINC, loinc), (&**system, &**code), (&**other_system, &**other_code)]);
}

/// OBX-5, in one of three forms.
#[derive(Default)]
struct Value {
    quantity: Option<proto::Quantity>,
    coded: Option<proto::Coded>,
    text: String,
}

impl Value {
    fn is_empty(&self) -> bool {
        self.quantity.is_none() && self.coded.is_none() && self.text.is_empty()
    }
}

fn value(reader: &mut Reader<'_>, obx: Segment<'_>, concept: Option<Concept>) -> Value {
    let field = obx.field(5);
    let kind = obx.value(2);
    if !field.says_something() || matches!(&*kind, "ED" | "RP") {
        return Value::default();
    }
    let mut repetitions = field.repetitions();
    let first = field.first();
    let single = repetitions.nth(1).is_none();
    if single
        && concept == Some(Concept::GestationalAge)
        && let Some(age) = newborn::gestation_of_mother(reader, obx)
    {
        reader.mapped(obx, 5, "observation.quantity");
        reader.mapped(obx, 6, "observation.quantity");
        return Value { quantity: Some(age), ..Value::default() };
    }
    if matches!(&*kind, "NM" | "SN" | "ST") && single {
        if let Some(mut quantity) = types::quantity(first, &*kind == "SN") {
            reader.mapped(obx, 5, "observation.quantity");
            quantity.unit = types::unit(reader.take(obx, 6, "observation.quantity").first());
            if let Some(concept) = concept {
                results::check_usual(reader, obx, concept, &quantity.value);
            }
            return Value { quantity: Some(quantity), ..Value::default() };
        }
        if &*kind == "NM" {
            let place = reader.field_place(obx, 5);
            reader.warning(
                "H103",
                place,
                "数値として読めないため、文字として読みました。",
                "Not a number; read as text.",
            );
        }
    }
    if matches!(&*kind, "CE" | "CWE" | "CNE") && single {
        reader.take(obx, 5, "observation.coded");
        return Value { coded: types::coded(first), ..Value::default() };
    }
    let field = reader.take(obx, 5, "observation.text");
    let texts: Vec<String> =
        field.repetitions().map(|part| texts(part, &kind)).filter(|text| !text.is_empty()).collect();
    Value { text: texts.join("\n"), ..Value::default() }
}

/// One repetition as text: of a coded value what it displays, of text all of it.
fn texts(part: Part<'_>, kind: &str) -> String {
    if kind == "SN" {
        return types::structured(part);
    }
    if matches!(kind, "CE" | "CWE" | "CNE") {
        let coded = types::coded(part).unwrap_or_default();
        return if coded.text.is_empty() { coded.code } else { coded.text };
    }
    part.text().into_owned()
}

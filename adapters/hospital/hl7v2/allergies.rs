//! AL1 and IAM as observations of the kind `allergy`.

use super::super::raise;
use super::message::Segment;
use super::reader::{Patient, Reader};
use super::times::Stamp;
use super::types;
use musubi_proto::v1 as proto;
use proto::Category;
use proto::entry::Body;

/// Reads every allergy of the message.
pub(super) fn read(reader: &mut Reader<'_>, patient: &Patient, event: Option<Stamp>) {
    let message = reader.message;
    for segment in message.segments().filter(|segment| matches!(segment.name(), "AL1" | "IAM")) {
        allergy(reader, patient, segment, event);
    }
}

fn allergy(reader: &mut Reader<'_>, patient: &Patient, segment: Segment<'_>, event: Option<Stamp>) {
    let adverse_reaction = segment.name() == "IAM";
    let own_id = if adverse_reaction { segment.value(7) } else { "".into() };
    let path = reader.place(segment);
    let known = if adverse_reaction { clinical(reader, segment) } else { Known::Confirmed };
    let deleted = adverse_reaction && (segment.value(6) == "D" || known == Known::Erroneous);
    let field = reader.take(segment, 3, "observation.coded").first();
    let (substance, other) = (types::coded(field), types::alternate(field).unwrap_or_default());
    let code = substance.clone().unwrap_or_default();
    let Some(name) = [&*own_id, &code.code, &code.text].into_iter().find(|name| !name.is_empty()) else {
        return unnamed(reader, segment);
    };
    let key = format!("{}/allergy/{name}", patient.key);
    if deleted {
        reader.mapped(segment, 6, "withdrawal");
        reader.withdraw(patient, key, path, ("observation", Category::C05Delivery, "deleted"));
        return;
    }
    let Some(substance) = substance else { return unnamed(reader, segment) };
    let kind = types::coded(reader.take(segment, 2, "observation.code").first());
    let onset = reader.stamp(segment, if adverse_reaction { 11 } else { 6 }, "observation.observed_at");
    let reactions = reader.take(segment, 5, "observation.text").repetitions();
    let reactions: Vec<String> = reactions.filter_map(|part| part.component(1).owned()).collect();
    let body = Body::Observation(proto::Observation {
        code: kind,
        coded: Some(substance.clone()),
        text: reactions.join("\n"),
        observed_at: onset.map(Stamp::date_time),
        status: if known == Known::Doubtful { "unverified" } else { "final" }.to_owned(),
        interpretation: reader.take(segment, 4, "observation.interpretation").component(1).text().into_owned(),
        kind: "allergy".to_owned(),
        state: if known == Known::Inactive { "inactive" } else { "" }.to_owned(),
        ..proto::Observation::default()
    });
    let mut entry = reader.entry(patient, key, path, onset.or(event), body);
    if !adverse_reaction {
        // AL1 is sent as a list (2.5); IAM says of each what became of it.
        entry.list = segment.name().to_owned();
    }
    // A known kind of allergy does not make an unknown substance a known one.
    raise::by_codes(&mut entry, [(&*substance.system, &*substance.code), (&*other.system, &*other.code)]);
    if !reactions.is_empty() {
        raise::narrative(&mut entry);
    }
    reader.entries.push(entry);
}

/// What is known of an allergy.
#[derive(PartialEq, Eq)]
enum Known {
    Confirmed,
    Doubtful,
    Inactive,
    Erroneous,
}

/// IAM-17, table 0438. What is not in the table is read as an allergy that is there: nothing is taken back by a guess.
fn clinical(reader: &mut Reader<'_>, segment: Segment<'_>) -> Known {
    match &*reader.take(segment, 17, "observation.status").component(1).text() {
        "I" => return Known::Inactive,
        "E" => return Known::Erroneous,
        "U" | "P" | "S" | "D" => return Known::Doubtful,
        "" | "C" => {}
        _ => {
            let place = reader.field_place(segment, 17);
            reader.warning(
                "H104",
                place,
                "アレルギーの状態(IAM-17)のコードが表にありません。現在あるものとして読みました。",
                "This state of an allergy (IAM-17) is not in the table; read as one that is there.",
            );
        }
    }
    Known::Confirmed
}

fn unnamed(reader: &mut Reader<'_>, segment: Segment<'_>) {
    let place = reader.field_place(segment, 3);
    reader.kept_raw(segment.index());
    reader.warning(
        "H104",
        place,
        "アレルギーの原因物質がないため、原文のまま保管しました。",
        "An allergy without its substance is kept in the raw message only.",
    );
}

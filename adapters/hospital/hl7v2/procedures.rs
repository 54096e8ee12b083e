//! PR1 as observations of the kind `procedure`: what was done, of the same series as a `Procedure` of FHIR; and the way of giving
//! birth, where the sender's table of codes says that a procedure is one.

use super::super::{concepts, keys, raise};
use super::message::{Part, Segment};
use super::reader::{Patient, Reader};
use super::times::Stamp;
use super::types;
use musubi_proto::v1 as proto;
use proto::SubjectRole;
use proto::entry::Body;

/// Reads every procedure of the message.
pub(super) fn read(reader: &mut Reader<'_>, patient: &Patient, event: Option<Stamp>) {
    let mut series = keys::Series::default();
    let message = reader.message;
    for segment in message.all("PR1") {
        procedure(reader, patient, segment, event, &mut series);
    }
}

fn procedure(
    reader: &mut Reader<'_>,
    patient: &Patient,
    segment: Segment<'_>,
    event: Option<Stamp>,
    series: &mut keys::Series,
) {
    let field = reader.take(segment, 3, "observation.coded").first();
    let Some(what) = types::coded(field).or_else(|| described(reader, segment)) else {
        reader.kept_raw(segment.index());
        let place = reader.field_place(segment, 3);
        reader.warning(
            "H104",
            place,
            "処置の名がないため、原文のまま保管しました。",
            "A procedure without its name is kept in the raw message only.",
        );
        return;
    };
    let at = reader.stamp(segment, 5, "observation.observed_at");
    let day: String = at.map(Stamp::compact).unwrap_or_default().chars().take(8).collect();
    if let (Some(method), Some(at), SubjectRole::Mother) = (delivery(field, reader), at, patient.role()) {
        let path = reader.place(segment);
        let body = proto::Delivery { method: method.to_owned(), ..proto::Delivery::default() };
        let mut entry =
            reader.entry(patient, format!("{}/delivery/{day}", patient.key), path, Some(at), Body::Delivery(body));
        // When the child was born, and all else, another message or document says.
        entry.update = true;
        reader.entries.push(entry);
    }
    let key = series.next(format!("{}/procedure/{}/{day}", patient.key, keys::head(&what)));
    let body = Body::Observation(proto::Observation {
        coded: Some(what.clone()),
        observed_at: at.map(Stamp::date_time),
        status: "final".to_owned(),
        kind: "procedure".to_owned(),
        ..proto::Observation::default()
    });
    let mut entry = reader.entry(patient, key, reader.place(segment), at.or(event), body);
    let other = types::alternate(field).unwrap_or_default();
    raise::by_codes(&mut entry, [(&*what.system, &*what.code), (&*other.system, &*other.code)]);
    reader.entries.push(entry);
}

/// The way of giving birth that a procedure is by the sender's table of codes. Nothing is read from its words.
fn delivery(code: Part<'_>, reader: &Reader<'_>) -> Option<&'static str> {
    let by_code = |at: usize| {
        let (code, system) = (code.component(at).text(), code.component(at + 2).text());
        concepts::delivery_method(&system, &code, reader.profile)
    };
    by_code(1).or_else(|| by_code(4))
}

/// PR1-4: its words, from a sender that gives no code.
fn described(reader: &mut Reader<'_>, segment: Segment<'_>) -> Option<proto::Coded> {
    let text = segment.field(4).component(1).owned()?;
    reader.mapped(segment, 4, "observation.coded");
    Some(proto::Coded { text, ..proto::Coded::default() })
}

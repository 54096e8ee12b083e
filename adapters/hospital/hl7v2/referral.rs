//! REF and RRI: a referral as its sender wrote it, and each step of its loop. RF1-6 is the one id that all parties carry.

use super::encode::NO_REDISCLOSURE;
use super::event::Event;
use super::message::Segment;
use super::reader::{Patient, Reader};
use super::times::Stamp;
use super::types;
use crate::wording::codes::REFERRAL_KIND;
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// System of the codes in RF1-10 that say a state more exactly than RF1-1 can.
pub(super) const STATE_SYSTEM: &str = "99MUSUBI-RF";
/// System of the codes in RF1-3 that say what kind of referral it is.
pub(super) const KIND_SYSTEM: &str = "99MUSUBI-RK";
/// States that RF1-1 cannot tell from others.
const FINER: [&str; 7] = ["sent", "scheduled", "no_show", "in_service", "completed", "cancel_asked", "cancelled"];

/// Reads RF1 and what stands around it.
pub(super) fn read(reader: &mut Reader<'_>, patient: &Patient, event: Event) {
    let message = reader.message;
    let Some(rf1) = message.first("RF1") else {
        reader.error("H004", "RF1", "紹介情報(RF1)が必要です。", "Referral information (RF1) is required.");
        return;
    };
    let id = reader.take(rf1, 6, "referral.referral_id").component(1).text().into_owned();
    reader.must_be_readable(rf1, 6, &id);
    if id.is_empty() {
        reader.error("H004", "RF1-6", "紹介番号(RF1-6)が必要です。", "A referral number (RF1-6) is required.");
        return;
    }
    match event {
        Event::Referral => referral(reader, patient, rf1, &id),
        Event::ReferralStep => step(reader, patient, rf1, &id),
        _ => {}
    }
}

fn referral(reader: &mut Reader<'_>, patient: &Patient, rf1: Segment<'_>, id: &str) {
    let from = providers(reader, "RP", "referral.from").into_iter().next();
    let to = providers(reader, "RT", "referral.to");
    if to.is_empty() {
        reader.error(
            "H004",
            "PRD",
            "紹介先(PRD-1がRT)が必要です。",
            "Whom it is referred to (PRD with RT) is required.",
        );
        return;
    }
    let requested = reader.stamp(rf1, 7, "referral.requested_at").or(reader.header.sent_at);
    let reply_by = reader.stamp(rf1, 8, "referral.reply_by");
    let urgency = match &*reader.take(rf1, 2, "referral.urgency").component(1).text() {
        "S" => "urgent",
        "A" => "soon",
        "" | "R" => "routine",
        _ => {
            reader.warning(
                "H104",
                "RF1-2",
                "緊急度が表にありません。通常として読みました。",
                "This priority is not in the table; read as routine.",
            );
            "routine"
        }
    };
    let kind = kind(reader, rf1);
    let reason = reason(reader, rf1);
    for (number, to) in (1..).zip(to) {
        let body = Body::Referral(proto::Referral {
            referral_id: id.to_owned(),
            kind: kind.to_owned(),
            from: from.clone().unwrap_or_else(|| reader.profile.agency.to_string()),
            to,
            reason: reason.clone(),
            urgency: urgency.to_owned(),
            requested_at: requested.map(Stamp::date_time),
            reply_by: reply_by.map(Stamp::date_time),
            ..proto::Referral::default()
        });
        let key = format!("{}/referral/{id}", patient.key);
        let key = if number == 1 { key } else { format!("{key}/{number}") };
        let entry = reader.entry(patient, key, "RF1".to_owned(), requested, body);
        reader.entries.push(entry);
    }
}

/// RF1-3: Musubi's own code or the word for it; whatever else a sender says, something is told.
fn kind(reader: &mut Reader<'_>, rf1: Segment<'_>) -> &'static str {
    let told = types::coded(rf1.field(3).first()).unwrap_or_default();
    let is_it = |kind: &str, word: &str| told.system == KIND_SYSTEM && told.code == kind || told.text == word;
    match REFERRAL_KIND.iter().find(|(kind, word)| is_it(kind, word)) {
        Some((kind, _)) => {
            reader.mapped(rf1, 3, "referral.kind");
            kind
        }
        None => "information",
    }
}

/// RF1-10 as text, then the notes.
fn reason(reader: &mut Reader<'_>, rf1: Segment<'_>) -> String {
    let coded = reader.take(rf1, 10, "referral.reason").repetitions().filter_map(types::coded);
    let coded = coded.filter(|reason| reason.system != STATE_SYSTEM);
    let mut texts: Vec<String> =
        coded.map(|reason| if reason.text.is_empty() { reason.code } else { reason.text }).collect();
    texts.extend(notes(reader, "referral.reason"));
    texts.join("\n")
}

fn notes(reader: &mut Reader<'_>, path: &'static str) -> Vec<String> {
    let message = reader.message;
    // The note by which Musubi says that nothing is to be passed on is no word of the referral.
    let handling = |nte: &Segment<'_>| nte.field(4).component(1).text() == NO_REDISCLOSURE;
    let own = message.all("NTE").filter(|nte| !handling(nte));
    let notes = own.map(|nte| reader.take(nte, 3, path).text().into_owned());
    notes.filter(|note| !note.is_empty()).collect()
}

/// PRD of a role: the number of the institution, else its name, else that of the person.
fn providers(reader: &mut Reader<'_>, role: &str, path: &'static str) -> Vec<String> {
    let message = reader.message;
    let of_role =
        message.all("PRD").filter(|prd| prd.field(1).repetitions().any(|part| part.component(1).text() == role));
    let mut named = Vec::new();
    for prd in of_role {
        reader.mapped(prd, 1, path);
        let number = reader.take(prd, 7, path).component(1).text().into_owned();
        let organisation = reader.take(prd, 10, path).component(1).text().into_owned();
        let place = prd.field(4).component(4).component(1).text().into_owned();
        let person = types::name(prd.field(2).first()).map(|read| read.0.text).unwrap_or_default();
        named.extend([number, organisation, place, person].into_iter().find(|name| !name.is_empty()));
    }
    named
}

/// RF1-1 of an answer, and I14, as the state of the loop (`formats/hospital.md` 4.7).
fn step(reader: &mut Reader<'_>, patient: &Patient, rf1: Segment<'_>, id: &str) {
    let asks = reader.header.message_type == "REF";
    let state = match &*reader.take(rf1, 1, "referral_step.state").component(1).text() {
        _ if asks => "cancel_asked",
        "A" => "accepted",
        "R" => "declined",
        "P" => "received",
        "E" => "expired",
        _ => {
            reader.error(
                "H006",
                "RF1-1",
                "紹介の状態(RF1-1)はA、P、R、Eのいずれかです。",
                "The status of a referral (RF1-1) must be A, P, R or E.",
            );
            return;
        }
    };
    let state = finer(rf1).unwrap_or(state);
    let at = reader.stamp(rf1, 7, "referral_step.at").or(reader.header.sent_at);
    let other = if state == "cancel_asked" { "RT" } else { "RP" };
    let to = providers(reader, other, "referral_step.to_agency").into_iter().next().unwrap_or_default();
    let mut said = vec![reason(reader, rf1)];
    said.retain(|text| !text.is_empty());
    let body = Body::ReferralStep(proto::ReferralStep {
        referral_id: id.to_owned(),
        state: state.to_owned(),
        at: at.map(Stamp::date_time),
        by_agency: reader.profile.agency.to_string(),
        to_agency: to,
        note: said.join("\n"),
        ..proto::ReferralStep::default()
    });
    let entry = reader.entry(patient, format!("{}/referral/{id}/{state}", patient.key), "RF1".to_owned(), at, body);
    reader.entries.push(entry);
}

/// The state as Musubi's own code says it, which the answer to a `RRI` of ours may send back.
fn finer(rf1: Segment<'_>) -> Option<&'static str> {
    let coded = rf1.field(10).repetitions().filter_map(types::coded).find(|coded| coded.system == STATE_SYSTEM)?;
    FINER.into_iter().find(|state| *state == coded.code)
}

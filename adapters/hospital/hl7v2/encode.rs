//! What was released as messages: for each person a REF or RRI for each referral, an ADT for each stay, an ORU for each
//! order, and one ADT^A31 where nothing else tells who the person is.
//!
//! The same release gives the same bytes: the control id is the beginning of the message's own hash.

mod allergies;
mod line;
mod people;
mod referrals;
mod results;
mod stays;

use super::charset::Charset;
use crate::family::{Family, Person};
use line::{Line, components, escaped};
use musubi_core::adapter::{EncodeError, Profile};
use musubi_core::release::Released;

/// What the recipient may not do (HL7 v3 ActCode): in MSH-8, and as the type of the note that says it in words.
pub(super) const NO_REDISCLOSURE: &str = "NORDSCLCD";

/// Writes a release, one message after another.
pub(super) fn encode(released: &Released, profile: &Profile) -> Result<Vec<u8>, EncodeError> {
    let family = Family::of(released);
    let mut text = String::new();
    let charset = charset(profile);
    for (at, person) in family.people.iter().enumerate() {
        let Some(pid) = people::pid(&family, at, released) else { continue };
        for message in messages(person, &pid, profile) {
            text.push_str(&message.text(released, charset));
        }
    }
    if text.is_empty() { Err(EncodeError::NothingToSay) } else { Ok(charset.encode(&charset.sayable(&text))) }
}

/// The redisclosure notice as the note after PID.
fn handling(notice: &str) -> String {
    let kind = components(&[NO_REDISCLOSURE, "no redisclosure without consent directive", "v3-ActCode"]);
    Line::new("NTE").with(1, "1".to_owned()).say(3, notice).with(4, kind).text()
}

/// UTF-8, or what SS-MIX2 writes where the receiver's profile asks for it.
fn charset(profile: &Profile) -> Charset {
    match profile.charset.as_deref() {
        Some("iso-2022-jp") => Charset::Iso2022Jp,
        _ => Charset::Utf8,
    }
}

/// One message, still without its header.
struct Message {
    kind: &'static str,
    lines: Vec<Line>,
}

/// Everything that is said of one person.
fn messages(person: &Person<'_>, pid: &Line, profile: &Profile) -> Vec<Message> {
    let mut messages = referrals::messages(person, pid);
    let stays = stays::messages(person, pid, profile);
    messages.extend(people::merge(person, pid));
    let told = !messages.is_empty() || !stays.is_empty();
    messages.extend(stays);
    let orders = results::messages(person, pid);
    let allergies = allergies::message(person, pid);
    let told = told || !orders.is_empty() || allergies.is_some();
    let in_discharge = messages.iter().any(|message| message.kind == stays::DISCHARGE);
    let beside = if in_discharge { Vec::new() } else { people::beside(person, profile) };
    let diagnoses = stays::diagnoses_of_no_stay(person);
    if !told || !beside.is_empty() || !diagnoses.is_empty() {
        // A visit is required where there is none: class N says that it does not apply.
        let no_visit = Line::new("PV1").with(1, "1".to_owned()).with(2, "N".to_owned());
        let after = beside.iter().position(|line| !line.is("NK1")).unwrap_or(beside.len());
        let (relatives, others) = beside.split_at(after);
        let head = [people::evn(person, None, ""), pid.clone()];
        let insured = others.iter().position(|line| !line.is("OBX")).unwrap_or(others.len());
        let (observed, insured) = others.split_at(insured);
        let lines = [head.as_slice(), relatives, &[no_visit], observed, &diagnoses, insured].concat();
        messages.push(Message { kind: "ADT^A31^ADT_A05", lines });
    }
    messages.extend(allergies);
    messages.extend(orders);
    messages
}

impl Message {
    fn text(&self, released: &Released, charset: Charset) -> String {
        let handling = handling(&released.record().notice);
        // Not between PID and MRG, which are one group.
        let last = self.lines.iter().rposition(|line| line.is("PID") || line.is("MRG"));
        let note = |at: usize| if Some(at) == last { handling.as_str() } else { "" };
        let body: String = self.lines.iter().enumerate().map(|(at, line)| line.text() + note(at)).collect();
        let id = super::control_id::of(&[self.kind.as_bytes(), body.as_bytes()]);
        let (names, scheme) = match charset {
            Charset::Iso2022Jp => ("~ISO IR87", "ISO 2022-1994"),
            _ => ("UNICODE UTF-8", ""),
        };
        let header = Line::new("MSH")
            .with(2, "^~\\&".to_owned())
            .with(3, "MUSUBI".to_owned())
            .with(4, "MUSUBI".to_owned())
            .with(6, escaped(released.recipient().as_str()))
            .with(7, super::ack::compact(released.at()))
            .with(8, NO_REDISCLOSURE.to_owned())
            .with(9, self.kind.to_owned())
            .with(10, id)
            .with(11, "P".to_owned())
            .with(12, "2.5".to_owned())
            .with(18, names.to_owned())
            .with(20, scheme.to_owned());
        header.text() + &body
    }
}

//! From bytes to a submission: which message it is, whose, and in what order its parts are read.

use super::around::Around;
use super::charset::{self, CharsetWarning};
use super::event::{self, Event};
use super::file::{self, File};
use super::header::{Header, Processing};
use super::limits::CONTROL_ID_CHARS_MAX;
use super::message::{Malformed, parse};
use super::reader::{Patient, Reader};
use super::times::Stamp;
use super::transactions::{self, Action, Record};
use super::{allergies, confidentiality, order, person, problems, procedures, referral, results, scan, ssmix2, stay};
use crate::hospital::report;
use musubi_core::adapter::{Decoded, Diagnostic, Fate, Item, Ledger, Profile, Severity};
use musubi_core::record::Submission;
use musubi_proto::v1 as proto;
use proto::Category;
use std::borrow::Cow;
use std::ops::Range;

/// Reads a file, or one message of a frame: each message in it is one item.
pub(super) fn decode(bytes: &[u8], profile: &Profile) -> Decoded {
    let mut file = file::split(bytes);
    if profile.accept_partial {
        file.accept_partial();
    }
    let around = Around::of(bytes, &file);
    around.search(&mut file, profile);
    let mut ledger = Ledger::default();
    if file.is_refused() {
        return Decoded { items: Vec::new(), diagnostics: file.diagnostics, ledger };
    }
    around.account(&mut ledger);
    let File { messages, records, diagnostics, .. } = file;
    let mut decoded = Decoded { items: Vec::new(), diagnostics, ledger };
    for (number, (at, range)) in (1..).zip(messages.into_iter().enumerate()) {
        let record = transactions::of(&records, at);
        let (message, refusal) = in_record(bytes, range, record);
        decoded.items.push(item(&message, refusal, number, profile, &mut decoded.ledger));
    }
    decoded
}

/// A message as its record has it: that of a deletion is the one that takes back what it told. What its record refuses is read
/// as well, for what must not be in it.
fn in_record<'b>(bytes: &'b [u8], range: Range<usize>, record: Option<&Record>) -> (Cow<'b, [u8]>, Option<Diagnostic>) {
    let message = bytes.get(range).unwrap_or_default();
    let Some(record) = record else { return (Cow::Borrowed(message), None) };
    match record.action {
        Some(Action::Insert) => (Cow::Borrowed(message), None),
        None => (Cow::Borrowed(message), Some(transactions::unclear())),
        Some(Action::Delete) => {
            let header = bytes.get(record.header.clone()).unwrap_or_default();
            match ssmix2::withdrawal(message, &transactions::control_id(header, message)) {
                Some(back) => (Cow::Owned(back), None),
                None => (Cow::Borrowed(message), Some(transactions::cannot_be_taken_back())),
            }
        }
    }
}

fn item(bytes: &[u8], refusal: Option<Diagnostic>, number: u32, profile: &Profile, ledger: &mut Ledger) -> Item {
    let text = charset::decode(bytes);
    let place = format!("message {number}");
    let message = match parse(&text.text, text.charset) {
        Ok(message) => message,
        Err(malformed) => return unparsed(&text.text, malformed, place, number, ledger),
    };
    let header = Header::of(&message);
    let mut reader = Reader::new(&message, &header, profile);
    if let Some((segment, field)) = scan::individual_number(&message, profile) {
        let place_of_number = reader.field_place(segment, field);
        let diagnostics = vec![scan::refusal(place_of_number)];
        reader.account(number, Some(&"H009".into()), ledger);
        return Item::new(place, None, diagnostics);
    }
    if let Some(refusal) = refusal {
        reader.account(number, Some(&refusal.code), ledger);
        return Item::new(place, None, vec![refusal]);
    }
    warn_of_charset(&mut reader, &text.warnings);
    let submission = read(&mut reader);
    let code = reader.diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error);
    let code = code.map(|diagnostic| diagnostic.code.clone());
    reader.account(number, code.as_ref(), ledger);
    Item::new(place, submission, reader.diagnostics)
}

/// Of a message without its separators, or with too many of them, there are no fields: it is one thing, and is refused.
fn unparsed(text: &str, malformed: Malformed, place: String, number: u32, ledger: &mut Ledger) -> Item {
    let why = match text.lines().any(|line| scan::in_text(line, true)) {
        true => scan::refusal("MSH".to_owned()),
        false => malformed_as(malformed),
    };
    ledger.note(number, &place, Fate::Refused(why.code.clone()));
    Item::new(place, None, vec![why])
}

fn malformed_as(malformed: Malformed) -> Diagnostic {
    match malformed {
        Malformed::NoHeader => file::not_hl7(),
        Malformed::NoEncodingCharacters => Diagnostic::error(
            "H004",
            "MSH-2",
            "区切り文字の宣言(MSH-2)が必要です。",
            "The encoding characters (MSH-2) are required.",
        ),
        Malformed::TooMany => Diagnostic::error(
            "H007",
            "MSH",
            "セグメントまたは項目が多すぎます。分けて送ってください。",
            "Too many segments or fields; send the message in parts.",
        ),
    }
}

fn warn_of_charset(reader: &mut Reader<'_>, warnings: &[CharsetWarning]) {
    for warning in warnings {
        let (code, ja, en) = match warning {
            CharsetWarning::Mismatch => (
                "H101",
                "文字コードの宣言(MSH-18)と実際が一致しません。",
                "The character set is not the one that MSH-18 declares.",
            ),
            CharsetWarning::RunLeftOpen => (
                "H101",
                "漢字の並びが区切りの前でASCIIに戻っていません。",
                "A double-byte run was left open at the end of a segment.",
            ),
            CharsetWarning::Undecodable => {
                ("H102", "読めない文字があり、置き換えました。", "Bytes without a character were replaced.")
            }
            CharsetWarning::PrivateUse => {
                ("H102", "外字(私用領域の文字)があります。", "Characters of the private use area were found.")
            }
        };
        reader.warning(code, "MSH-18", ja, en);
    }
}

fn read(reader: &mut Reader<'_>) -> Option<Submission> {
    let event = check_header(reader);
    let event = event.filter(|_| !failed(reader))?;
    if event == Event::Unknown {
        return Some(Submission::archived(envelope(reader)));
    }
    order::check(reader, event);
    let message = reader.message;
    let Some(pid) = message.first("PID") else {
        reader.error("H004", "PID", "患者情報(PID)が必要です。", "A patient segment (PID) is required.");
        return None;
    };
    if event == Event::Merge {
        let occurred = event_time(reader, event);
        message.all("PID").for_each(|pid| person::merge(reader, pid, occurred));
        return if failed(reader) { None } else { check(reader) };
    }
    if message.all("PID").nth(1).is_some() {
        reader.error(
            "H008",
            "PID[2]",
            "1つの電文に複数の患者があります。患者ごとに分けて送ってください。",
            "Several patients in one message; send one message for each.",
        );
        return None;
    }
    let patient = person::patient(reader, pid)?;
    contents(reader, event, &patient);
    if failed(reader) {
        return None;
    }
    check(reader)
}

fn contents(reader: &mut Reader<'_>, event: Event, patient: &Patient) {
    let message = reader.message;
    let occurred = event_time(reader, event);
    if event == Event::Deletion {
        let withdrawn = ("person_details", Category::C01Identity, "deleted");
        reader.withdraw(patient, patient.key.clone(), "PID".to_owned(), withdrawn);
        return;
    }
    if let Some(pid) = message.first("PID") {
        person::read(reader, pid, patient, occurred);
    }
    person::family(reader, patient, occurred);
    person::coverage(reader, patient, occurred);
    allergies::read(reader, patient, occurred);
    procedures::read(reader, patient, occurred);
    warn_of_consents(reader);
    match event {
        Event::Problems => problems::read(reader, patient),
        Event::Referral | Event::ReferralStep | Event::ReferralQuestion => referral::read(reader, patient, event),
        Event::Allergies if message.first("IAM").or(message.first("AL1")).is_none() => {
            reader.error("H004", "IAM", "アレルギー(IAM)が必要です。", "An allergy (IAM) is required.");
        }
        _ => {}
    }
    let stay = if event.of_stay() { stay::read(reader, patient, event) } else { None };
    stay::conditions(reader, patient, stay.as_deref());
    let groups = results::groups(reader);
    if event == Event::Results && groups.is_empty() {
        reader.error("H004", "OBX", "検査結果(OBX)が必要です。", "A result (OBX) is required.");
    }
    let base = stay.unwrap_or_else(|| patient.key.clone());
    for group in &groups {
        results::read(reader, patient, group, &base);
    }
}

/// CON names neither who may see something nor what: no permit is read from it, and none is taken back by it. Who sends one must
/// not believe that it was.
fn warn_of_consents(reader: &mut Reader<'_>) {
    let message = reader.message;
    for con in message.all("CON") {
        let place = reader.place(con);
        reader.warning(
            "H104",
            place,
            "電文の同意(CON)では、同意も撤回も登録されません。同意の登録(Consents)またはFHIR Consentで送ってください。",
            "A consent in a message (CON) neither permits nor withdraws anything here: record it (Consents), or send a FHIR Consent.",
        );
    }
}

/// EVN-6, else EVN-2.
fn event_time(reader: &mut Reader<'_>, event: Event) -> Option<Stamp> {
    if !event.is_adt() {
        return None;
    }
    let Some(evn) = reader.message.first("EVN") else {
        reader.warning("H008", "EVN", "イベント(EVN)がありません。", "The event segment (EVN) is missing.");
        return None;
    };
    let recorded = reader.stamp(evn, 2, "occurred_at");
    reader.stamp(evn, 6, "occurred_at").or(recorded)
}

fn failed(reader: &Reader<'_>) -> bool {
    reader.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

fn check_header(reader: &mut Reader<'_>) -> Option<Event> {
    let header = reader.header;
    check_sender(reader);
    if header.control_id.is_empty() {
        reader.error(
            "H004",
            "MSH-10",
            "電文の管理番号(MSH-10)が必要です。",
            "A message control id (MSH-10) is required.",
        );
    } else if header.control_id.chars().count() > CONTROL_ID_CHARS_MAX {
        reader.warning(
            "H008",
            "MSH-10",
            "管理番号が20文字を超えています。",
            "The control id is longer than 20 characters.",
        );
    }
    if let Some(msh) = reader.message.segment(0) {
        if msh.field(7).is_empty() {
            reader.warning(
                "H103",
                "MSH-7",
                "送信日時がないため、受信日時で代えました。",
                "The time of sending is missing; the time of receipt was taken.",
            );
        } else {
            reader.stamp(msh, 7, "sent_at");
        }
    }
    match header.processing {
        Processing::Production | Processing::Training | Processing::Debugging => {}
        Processing::Unknown => {
            reader.error("H003", "MSH-11", "処理区分はP、T、Dのいずれかです。", "The processing id must be P, T or D.")
        }
    }
    check_version(reader);
    event::of(reader)
}

/// S-04: the connection's certificate decides who sends; the message must only not say otherwise.
fn check_sender(reader: &mut Reader<'_>) {
    let Some(msh) = reader.message.segment(0) else { return };
    let application = msh.value(3);
    let known = &reader.profile.sending_applications;
    if !known.is_empty() && !known.iter().any(|name| *name == *application) {
        reader.error(
            "H002",
            "MSH-3",
            "送信システム名が、この接続の機関に登録された名前ではありません。",
            "The sending application is not a name registered for the agency of this connection.",
        );
    }
    let facility = msh.value(4);
    if !reader.profile.knows_sender(&facility) {
        reader.error(
            "H002",
            "MSH-4",
            "送信施設名が、この接続の機関に登録された名前ではありません。",
            "The sending facility is not a name registered for the agency of this connection.",
        );
    }
}

fn check_version(reader: &mut Reader<'_>) {
    let version = reader.message.segment(0).map(|msh| msh.value(12).into_owned()).unwrap_or_default();
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(2), Some(1..=8)) => {}
        (Some(3..), _) => reader.error("H003", "MSH-12", "HL7 v2ではない版です。", "This version is not HL7 v2."),
        _ => reader.warning(
            "H104",
            "MSH-12",
            "版の表記がないか不明です。2.5として読みました。",
            "The version is missing or unknown; read as 2.5.",
        ),
    }
}

fn envelope(reader: &Reader<'_>) -> proto::Submission {
    let header = reader.header;
    let sent_at = header.sent_at.map_or_else(|| super::super::received(reader.profile), Stamp::date_time);
    proto::Submission {
        format: "hl7v2".to_owned(),
        message_id: header.message_key().to_owned(),
        sent_at: Some(sent_at),
        test: header.is_test(),
        ..proto::Submission::default()
    }
}

fn check(reader: &mut Reader<'_>) -> Option<Submission> {
    confidentiality::raise(reader);
    let mut entries = std::mem::take(&mut reader.entries);
    if report::name_all(&mut entries).is_err() {
        reader.error(
            "H007",
            "RF1",
            "報告が大きすぎます。分けて送ってください。",
            "The report is too large; send it in parts.",
        );
        return None;
    }
    let paths: Vec<String> = entries.iter().map(|entry| entry.source_path.clone()).collect();
    match Submission::check(proto::Submission { entries, ..envelope(reader) }) {
        Ok(submission) => Some(submission),
        Err(faults) => {
            reader.diagnostics.extend(faults.into_iter().map(|fault| placed(fault, &paths)));
            None
        }
    }
}

/// A fault of an entry where the sender can find it: `PID, subjects` for `entries[0].subjects`.
fn placed(mut fault: Diagnostic, paths: &[String]) -> Diagnostic {
    let of_entry = |place: &str| {
        let (index, field) = place.strip_prefix("entries[")?.split_once("].")?;
        Some(format!("{}, {field}", paths.get(index.parse::<usize>().ok()?)?))
    };
    if let Some(place) = of_entry(&fault.place) {
        fault.place = place;
    }
    fault
}

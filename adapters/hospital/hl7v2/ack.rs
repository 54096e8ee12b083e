//! Acknowledgements (`formats/hospital.md` 2.8): from what was found to `AA`, `AE` or `AR`, and to bytes.
//!
//! Whether a message was stored is not known here: the hub writes `AA` only after its commit (promise P1).

use super::charset;
use super::control_id;
use super::escape;
use super::header::{Header, Mode, header};
use super::limits::{CONTROL_ID_CHARS_MAX, ERRORS_ANSWERED_MAX};
use super::message::parse;
use musubi_core::adapter::{Diagnostic, Severity};
use musubi_core::time::Time;

/// MSA-1 of the application answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// `AA`: taken.
    Accept,
    /// `AE`: the sender must correct the content.
    Error,
    /// `AR`: routing, authorisation, version or type; or the hub could not store it and the sender may try again.
    Reject,
}

/// Which of the two answers of enhanced mode; original mode has the application answer only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// `AA`, `AE`, `AR`.
    Application,
    /// `CA`, `CE`, `CR`.
    Accept,
}

/// Everything that an answer is made of. The same values give the same bytes.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The header of the message that is answered.
    pub header: &'a Header,
    /// Which answer.
    pub stage: Stage,
    /// The hub's own message control id, up to 20 characters.
    pub control_id: &'a str,
    /// The moment of the answer.
    pub now: Time,
    /// MSA-3 (`musubi:1:…`); written with `AA` and `CA` only.
    pub receipt: Option<&'a str>,
    /// RF1-1 of the answer to a referral: where it stands. `P`, pending, until the agency that is asked says more.
    pub referral_status: &'a str,
    /// What was found.
    pub diagnostics: &'a [Diagnostic],
}

/// The answer that these diagnostics ask for; `None` when none is possible (H001) and the edge closes.
pub fn code(diagnostics: &[Diagnostic]) -> Option<Code> {
    let errors = || diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    if errors().any(|diagnostic| diagnostic.code == "H001") {
        return None;
    }
    Some(errors().map(class).max().unwrap_or(Code::Accept))
}

/// `AE` or `AR` of one error (section 6).
fn class(error: &Diagnostic) -> Code {
    let header = error.place.starts_with("MSH");
    match &*error.code {
        "H002" | "H003" | "H007" => Code::Reject,
        // The hub's own: who calls (M8), and what it could not do just now (M9).
        code if code.starts_with("M8") || code.starts_with("M9") => Code::Reject,
        "H004" if header => Code::Reject,
        code if code.starts_with(['H', 'M', 'J']) => Code::Error,
        _ => Code::Reject,
    }
}

/// The code of table 0357.
fn condition(diagnostic: &Diagnostic) -> (&'static str, &'static str) {
    let place = diagnostic.place.as_str();
    let (segment, field) = place.split_once('-').unwrap_or((place, ""));
    match &*diagnostic.code {
        _ if diagnostic.severity < Severity::Hold => ("0", "Message accepted"),
        "H002" => ("103", "Table value not found"),
        "H003" if segment == "MSH" && field.starts_with("11") => ("202", "Unsupported processing id"),
        "H003" if segment == "MSH" && field.starts_with("12") => ("203", "Unsupported version id"),
        "H003" if segment == "MSH" && field.starts_with("9.1") => ("200", "Unsupported message type"),
        "H003" => ("201", "Unsupported event code"),
        "H004" if field.is_empty() => ("100", "Segment sequence error"),
        "H004" => ("101", "Required field missing"),
        "H005" => ("204", "Unknown key identifier"),
        "H006" | "H009" => ("102", "Data type error"),
        "H008" => ("103", "Table value not found"),
        "H107" | "H205" => ("205", "Duplicate key identifier"),
        _ => ("207", "Application internal error"),
    }
}

/// What somebody answered to a message of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// MSA-1.
    pub code: String,
    /// MSA-2: the message that is answered.
    pub control_id: String,
    /// The first code of ERR-3.
    pub error: Option<u16>,
}

/// Reads an acknowledgement; `None` when it is none.
pub fn read(bytes: &[u8]) -> Option<Acknowledged> {
    let decoded = charset::decode(bytes);
    let message = parse(&decoded.text, decoded.charset).ok()?;
    let msa = message.first("MSA")?;
    let error = message.first("ERR").and_then(|err| err.field(3).component(1).text().parse().ok());
    Some(Acknowledged { code: msa.value(1).into_owned(), control_id: msa.value(2).into_owned(), error })
}

/// The same message asking for one application answer: MSH-15 and 16 are empty.
pub fn in_original_mode(message: &[u8]) -> Vec<u8> {
    let Ok(read) = header(message) else { return message.to_vec() };
    if read.mode == Mode::Original {
        return message.to_vec();
    }
    let end = message.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(message.len());
    let (line, rest) = message.split_at_checked(end).unwrap_or((message, &[]));
    let mut separators = charset::separators(line, read.delimiters.field, read.charset);
    separators.push(line.len());
    let mut kept = Vec::with_capacity(message.len());
    let mut start = 0;
    for (at, end) in separators.into_iter().enumerate() {
        // The name is part 0, and of MSH field `n` is part `n - 1`.
        let from = if matches!(at, 14 | 15) { end } else { start };
        kept.extend_from_slice(line.get(from..end).unwrap_or_default());
        kept.extend(line.get(end));
        start = end + 1;
    }
    kept.extend_from_slice(rest);
    kept
}

/// Writes the answer, in the character set and with the separators of the message; `None` when none is possible.
pub fn write(answer: &Answer<'_>) -> Option<Vec<u8>> {
    let header = answer.header;
    let code = code(answer.diagnostics).filter(|_| may_be_answered(header, answer.stage))?;
    let mut writer = Writer { header, text: String::new() };
    writer.header_segment(answer);
    let receipt = answer.receipt.filter(|_| code == Code::Accept).unwrap_or_default();
    writer.segment(
        "MSA",
        &[acknowledgement(answer.stage, code).to_owned(), header.control_id.clone(), writer.escaped(receipt)],
    );
    for diagnostic in answer.diagnostics.iter().take(ERRORS_ANSWERED_MAX) {
        writer.error_segment(diagnostic);
    }
    if writer.answers_referral(answer.stage) && code == Code::Accept {
        let nothing = String::new;
        let state =
            [answer.referral_status.to_owned(), nothing(), nothing(), nothing(), nothing(), header.referral.clone()];
        writer.segment("RF1", &state);
    }
    Some(header.charset.encode(&writer.text))
}

/// An acknowledgement is never acknowledged, but that of an application may ask whether it was received (2.8).
fn may_be_answered(header: &Header, stage: Stage) -> bool {
    !header.is_answer() || header.applies && stage == Stage::Accept
}

/// The accept answer that an application acknowledgement asks for in its MSH-15; `None` where it asks for none. `ours` says
/// whether it answers a message of ours.
pub fn received(acknowledgement: &[u8], ours: bool, now: Time) -> Option<Vec<u8>> {
    let header = header(acknowledgement).ok().filter(|header| header.applies)?;
    let Mode::Enhanced { accept, .. } = header.mode else { return None };
    let found = if ours { Vec::new() } else { vec![of_nothing()] };
    let control_id = control_id::of(&[acknowledgement]);
    let answer = Answer {
        header: &header,
        stage: Stage::Accept,
        control_id: &control_id,
        now,
        receipt: None,
        referral_status: "",
        diagnostics: &found,
    };
    accept.wants(ours).then(|| write(&answer)).flatten()
}

fn of_nothing() -> Diagnostic {
    Diagnostic::error(
        "H005",
        "MSA-2",
        "この応答に当たる電文は送っていません。",
        "This acknowledges no message that was sent.",
    )
}

fn acknowledgement(stage: Stage, code: Code) -> &'static str {
    match (stage, code) {
        (Stage::Application, Code::Accept) => "AA",
        (Stage::Application, Code::Error) => "AE",
        (Stage::Application, Code::Reject) => "AR",
        (Stage::Accept, Code::Accept) => "CA",
        (Stage::Accept, Code::Error) => "CE",
        (Stage::Accept, Code::Reject) => "CR",
    }
}

pub(super) struct Writer<'h> {
    pub(super) header: &'h Header,
    pub(super) text: String,
}

impl Writer<'_> {
    fn header_segment(&mut self, answer: &Answer<'_>) {
        let header = self.header;
        let (d, encoding) = (header.delimiters, self.encoding());
        let structure = format!("RRI_{}", header.event);
        let kind = match self.answers_referral(answer.stage) {
            true => ["RRI", header.event.as_str(), &structure],
            false => ["ACK", header.event.as_str(), "ACK"],
        };
        let kind = kind.map(|part| self.escaped(part));
        let kind =
            if header.event.is_empty() { "ACK".to_owned() } else { kind.join(&char::from(d.component).to_string()) };
        let processing = match header.processing {
            super::header::Processing::Training => "T",
            super::header::Processing::Debugging => "D",
            _ => "P",
        };
        let version = if header.version.is_empty() { "2.5" } else { &header.version };
        let control_id: String = answer.control_id.chars().take(CONTROL_ID_CHARS_MAX).collect();
        self.segment(
            "MSH",
            &[
                encoding,
                header.receiving_application.clone(),
                header.receiving_facility.clone(),
                header.sending_application.clone(),
                header.sending_facility.clone(),
                compact(answer.now),
                String::new(),
                kind,
                self.escaped(&control_id),
                processing.to_owned(),
                version.to_owned(),
                String::new(),
                String::new(),
                String::new(),
                String::new(),
                String::new(),
                self.charset_name(),
                String::new(),
                self.charset_scheme().to_owned(),
            ],
        );
    }

    /// The separators as they stand in the second field of a header.
    pub(super) fn encoding(&self) -> String {
        let d = self.header.delimiters;
        [d.component, d.repetition, d.escape, d.subcomponent].map(char::from).iter().collect()
    }

    /// MSH-18, as the table of 2.2 has it.
    fn charset_name(&self) -> String {
        use super::charset::Charset;
        match self.header.charset {
            Charset::Ascii | Charset::Windows31J | Charset::Single(_) => String::new(),
            Charset::Latin1 => "8859/1".to_owned(),
            Charset::Utf8 => "UNICODE UTF-8".to_owned(),
            Charset::Iso2022Jp => format!("{}ISO IR87", char::from(self.header.delimiters.repetition)),
        }
    }

    fn charset_scheme(&self) -> &'static str {
        if self.header.charset == super::charset::Charset::Iso2022Jp { "ISO 2022-1994" } else { "" }
    }

    /// ERR: location, condition, severity, diagnostic in English, text for the user in Japanese.
    fn error_segment(&mut self, diagnostic: &Diagnostic) {
        let component = char::from(self.header.delimiters.component).to_string();
        let location = location(&diagnostic.place).map(|part| self.escaped(&part)).join(&component);
        let location = location.trim_end_matches(char::from(self.header.delimiters.component)).to_owned();
        let (number, meaning) = condition(diagnostic);
        let condition = [number, meaning, "HL70357"].join(&component);
        let severity = match diagnostic.severity {
            Severity::Error | Severity::Hold => "E",
            Severity::Warning => "W",
            Severity::Information => "I",
        };
        let severity = if diagnostic.severity == Severity::Hold { "W" } else { severity };
        let code = self.escaped(&diagnostic.code);
        let english = self.escaped(&format!("{} {}: {}", diagnostic.code, diagnostic.place, diagnostic.text.en));
        let japanese =
            if self.header.charset.says_japanese() { self.escaped(&diagnostic.text.ja) } else { String::new() };
        let own = [code.as_str(), "", "MUSUBI"].join(&component);
        let empty = String::new;
        self.segment("ERR", &[empty(), location, condition, severity.to_owned(), own, empty(), english, japanese]);
    }

    /// A referral is answered as such; an accept answer stays an ACK (2.8).
    fn answers_referral(&self, stage: Stage) -> bool {
        stage == Stage::Application && self.header.message_type == "REF" && !self.header.event.is_empty()
    }

    pub(super) fn escaped(&self, text: &str) -> String {
        escape::write(text, self.header.delimiters)
    }

    pub(super) fn segment(&mut self, name: &str, fields: &[String]) {
        self.text.push_str(name);
        let used = fields.iter().rposition(|field| !field.is_empty()).map_or(0, |last| last + 1);
        for field in fields.iter().take(used) {
            self.text.push(char::from(self.header.delimiters.field));
            self.text.push_str(field);
        }
        self.text.push('\r');
    }
}

/// `OBX[3]-5.1` as segment, sequence, field, repetition, component. What stands behind a comma is no place of the message.
fn location(place: &str) -> [String; 5] {
    let place = place.split_once(", ").map_or(place, |(place, _)| place);
    let (segment, rest) = place.split_once('-').unwrap_or((place, ""));
    let (name, sequence) = segment.split_once('[').unwrap_or((segment, "1"));
    let sequence = sequence.trim_end_matches(']');
    let (field, component) = rest.split_once('.').unwrap_or((rest, ""));
    let known = name.len() == 3 && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if !known {
        return std::array::from_fn(|_| String::new());
    }
    let repetition = if component.is_empty() { "" } else { "1" };
    [name, sequence, field, repetition, component].map(str::to_owned)
}

/// A moment as TS, to the second, with Japan's zone.
pub(super) fn compact(now: Time) -> String {
    let at = now.japan();
    let (year, month, day) = (at.year(), at.month(), at.day());
    format!("{year:04}{month:02}{day:02}{:02}{:02}{:02}+0900", at.hour(), at.minute(), at.second())
}

#[cfg(test)]
#[path = "ack_tests.rs"]
mod tests;

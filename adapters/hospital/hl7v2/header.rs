//! The header of a message: who sends, what, when, and how it wants to be answered (`formats/hospital.md` 2.7).
//!
//! Read apart from the rest, so that a message that is refused can still be answered.

use super::charset::{self, Charset};
use super::file::not_hl7;
use super::message::{Delimiters, Malformed, Message, parse, parse_with};
use super::times::{self, Stamp};
use musubi_core::adapter::Diagnostic;
use musubi_core::time::Time;

/// What MSH says. Texts that are echoed stand here as they were written, escapes and all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The separators of the message; the answer uses them too.
    pub delimiters: Delimiters,
    /// What the bytes were in; the answer is in it too.
    pub charset: Charset,
    /// MSH-3.
    pub sending_application: String,
    /// MSH-4.
    pub sending_facility: String,
    /// MSH-5.
    pub receiving_application: String,
    /// MSH-6.
    pub receiving_facility: String,
    /// MSH-7, where it is a date.
    pub sent_at: Option<Stamp>,
    /// MSH-9.1: `ADT`.
    pub message_type: String,
    /// MSH-9.2: `A03`.
    pub event: String,
    /// MSH-10, as written; empty when it is missing.
    pub control_id: String,
    /// MSH-11.
    pub processing: Processing,
    /// MSH-12, as written.
    pub version: String,
    /// MSH-15 and 16.
    pub mode: Mode,
    /// MSH-21 names SS-MIX2: its rules hold.
    pub ssmix2: bool,
    /// RF1-6 of a referral (`REF`), as written: its answer carries the number again. Else empty.
    pub referral: String,
    /// It says what became of a message (MSA-1 `AA`, `AE` or `AR`): the one answer that may ask for an answer itself (2.8).
    pub applies: bool,
}

/// MSH-11: what a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processing {
    /// `P`, or nothing written.
    Production,
    /// `T`: never for the production record.
    Training,
    /// `D`: never for the production record.
    Debugging,
    /// Something else: refused.
    Unknown,
}

/// How a message wants to be answered (2.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One application answer.
    Original,
    /// An accept answer, and later perhaps an application answer.
    Enhanced {
        /// MSH-15.
        accept: Condition,
        /// MSH-16.
        application: Condition,
    },
}

/// When an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `AL`
    Always,
    /// `NE`, or nothing written while the other is.
    Never,
    /// `ER`: on an error or a refusal.
    OnError,
    /// `SU`: on success.
    OnSuccess,
}

impl Condition {
    fn read(code: &str) -> Condition {
        match code {
            "AL" => Condition::Always,
            "ER" => Condition::OnError,
            "SU" => Condition::OnSuccess,
            _ => Condition::Never,
        }
    }

    /// Is an answer wanted now?
    pub fn wants(self, success: bool) -> bool {
        match self {
            Condition::Always => true,
            Condition::Never => false,
            Condition::OnError => !success,
            Condition::OnSuccess => success,
        }
    }
}

/// Reads the header of the first message in the bytes, whatever is wrong with the rest.
///
/// # Errors
/// H001 when there is no header: then no answer is possible and the edge closes.
pub fn header(bytes: &[u8]) -> Result<Header, Diagnostic> {
    let decoded = charset::decode(bytes);
    let text = decoded.text.trim_start_matches(['\u{FEFF}', '\r', '\n', ' ', '\u{B}', '\0']);
    let line = text.split(['\r', '\n']).find(|line| line.starts_with("MSH")).ok_or_else(not_hl7)?;
    let message = match parse(line, decoded.charset) {
        Err(Malformed::NoEncodingCharacters) => {
            let field = line.as_bytes().get(3).copied().unwrap_or(b'|');
            parse_with(line, decoded.charset, Delimiters { field, ..Delimiters::USUAL })
        }
        parsed => parsed,
    };
    let mut header = message.map(|message| Header::of(&message)).map_err(|_| not_hl7())?;
    if header.message_type == "REF" {
        let separator = char::from(header.delimiters.field);
        let rf1 = text.split(['\r', '\n']).find(|line| line.starts_with("RF1"));
        header.referral = rf1.and_then(|line| line.split(separator).nth(6)).unwrap_or_default().to_owned();
    }
    if header.is_answer() {
        let separator = char::from(header.delimiters.field);
        let msa = text.split(['\r', '\n']).find(|line| line.starts_with("MSA"));
        header.applies = msa.and_then(|line| line.split(separator).nth(1)).is_some_and(|code| code.starts_with('A'));
    }
    Ok(header)
}

impl Header {
    /// Reads the header of a parsed message.
    pub fn of(message: &Message<'_>) -> Header {
        let raw = |number: usize| message.segment(0).map_or("", |header| header.field(number).raw()).to_owned();
        let part = |number: usize, component: usize| {
            let text = message.segment(0).map(|header| header.field(number).component(component).text().into_owned());
            text.unwrap_or_default()
        };
        let (accept, application) = (part(15, 1), part(16, 1));
        let mode = if accept.is_empty() && application.is_empty() {
            Mode::Original
        } else {
            Mode::Enhanced { accept: Condition::read(&accept), application: Condition::read(&application) }
        };
        let processing = match part(11, 1).as_str() {
            "P" | "" => Processing::Production,
            "T" => Processing::Training,
            "D" => Processing::Debugging,
            _ => Processing::Unknown,
        };
        Header {
            delimiters: message.delimiters(),
            charset: message.charset(),
            sending_application: raw(3),
            sending_facility: raw(4),
            receiving_application: raw(5),
            receiving_facility: raw(6),
            sent_at: times::read(&part(7, 1)).ok().map(|read| read.0),
            message_type: part(9, 1),
            event: part(9, 2),
            control_id: raw(10),
            processing,
            version: raw(12),
            mode,
            ssmix2: raw(21).contains("SS-MIX2"),
            referral: String::new(),
            applies: false,
        }
    }

    /// Is it an answer, and no message?
    pub fn is_answer(&self) -> bool {
        matches!(self.message_type.as_str(), "ACK" | "MCF")
    }

    /// The sender's id of the message (S-20); unique for one peer within 30 days.
    pub fn message_key(&self) -> &str {
        &self.control_id
    }

    /// Not for the production record (MSH-11 `T` or `D`).
    pub fn is_test(&self) -> bool {
        matches!(self.processing, Processing::Training | Processing::Debugging)
    }
}

/// Most days that a message of a live connection may be old without a word (S-22).
pub const AGE_DAYS_MAX: i64 = 7;
/// Most minutes that a sender's clock may be ahead (S-22).
pub const AHEAD_MINUTES_MAX: i64 = 5;

/// What holds for a live connection only; files and replays are exempt (S-22).
pub fn live_checks(header: &Header, now: Time) -> Vec<Diagnostic> {
    let Some(sent) = header.sent_at else { return Vec::new() };
    let minutes_old = now.minutes_since(sent.earliest());
    if now.plus_minutes(AHEAD_MINUTES_MAX) < sent.earliest() {
        return vec![Diagnostic::error(
            "H006",
            "MSH-7",
            "送信日時が5分を超えて未来です。送信側の時計を合わせてください。",
            "The message is dated more than 5 minutes ahead; set the sender's clock.",
        )];
    }
    if minutes_old > AGE_DAYS_MAX * 24 * 60 {
        return vec![Diagnostic::warning(
            "H110",
            "MSH-7",
            "送信日時が7日より前の電文です。受け付け、担当者に確認を求めました。",
            "The message is older than 7 days; it was taken, and a person is asked to look at it.",
        )];
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use jiff::civil::date;

    fn read(text: &str) -> Header {
        header(text.as_bytes()).unwrap()
    }

    const PLAIN: &str = "MSH|^~\\&|APP|FAC|MUSUBI|CITY|20261030110500||ADT^A03^ADT_A03|A-1|P|2.5\rPID|1";

    #[test]
    fn a_header_is_read_even_when_the_rest_is_cut() {
        let header = read(PLAIN);
        assert_eq!((header.message_type.as_str(), header.event.as_str(), header.message_key()), ("ADT", "A03", "A-1"));
        assert_eq!((header.mode, header.processing, header.ssmix2), (Mode::Original, Processing::Production, false));
        assert_eq!(read("MSH|^~\\&|APP").sending_application, "APP");
        assert_eq!(read("MSH||APP|FAC|||||ADT^A01|7").control_id, "7");
    }

    #[test]
    fn bytes_without_a_header_cannot_be_answered() {
        for bytes in [b"".as_slice(), b"\x1C\r", b"PID|1", b"MSH"] {
            assert_eq!(header(bytes).unwrap_err().code, "H001");
        }
    }

    #[test]
    fn either_condition_switches_to_enhanced_mode() {
        let enhanced = |accept, application| Mode::Enhanced { accept, application };
        let mode = |tail: &str| read(&format!("MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5||{tail}")).mode;
        assert_eq!(mode("|AL|NE"), enhanced(Condition::Always, Condition::Never));
        assert_eq!(mode("|ER"), enhanced(Condition::OnError, Condition::Never));
        assert_eq!(mode("||SU"), enhanced(Condition::Never, Condition::OnSuccess));
        assert!(Condition::OnError.wants(false) && !Condition::OnSuccess.wants(false));
    }

    #[test]
    fn the_clock_is_checked_at_the_minute() {
        let header = read(PLAIN);
        let sent = Time::from_japan(date(2026, 10, 30).at(11, 5, 0, 0));
        let codes = |now: Time| live_checks(&header, now).iter().map(|d| d.code.to_string()).collect::<Vec<_>>();
        assert!(codes(sent.plus_minutes(-5)).is_empty());
        assert_eq!(codes(Time::from_micros(sent.plus_minutes(-5).micros() - 1)), ["H006"]);
        assert!(codes(sent.plus_days(7)).is_empty());
        assert_eq!(codes(sent.plus_days(7).plus_minutes(1)), ["H110"]);
    }
}

//! What the parts of the decoder share: the message, what was found wrong, what was read, what became of each field.

use super::header::Header;
use super::message::{Field, Message, Segment};
use super::times::{self, NotADate, Odd, Stamp};
use crate::digits::push_number;
use musubi_core::adapter::{Diagnostic, Fate, Ledger, Profile};
use musubi_proto::v1 as proto;
use proto::entry::Body;
use proto::{Category, SubjectRole};
use std::borrow::Cow;

/// Reads one message.
pub(super) struct Reader<'m> {
    /// The message.
    pub(super) message: &'m Message<'m>,
    /// Its header.
    pub(super) header: &'m Header,
    /// The sender's profile.
    pub(super) profile: &'m Profile,
    /// What was found.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// What was read.
    pub(super) entries: Vec<proto::Entry>,
    ordinals: Vec<u32>,
    /// What became of each field, by its slot.
    fates: Vec<Option<Fate>>,
}

/// The patient, once identified.
#[derive(Clone, Debug)]
pub(super) struct Patient {
    /// The subject of every entry about the patient.
    pub(super) subject: proto::Subject,
    /// The identifier, where the keys of all series of this patient begin.
    pub(super) key: String,
}

impl Patient {
    /// Mother, child or somebody else?
    pub(super) fn role(&self) -> SubjectRole {
        self.subject.role()
    }
}

/// Room for so many entries from the beginning: they are large to move.
const USUAL_ENTRIES: usize = 64;

/// Segments of which a message has one: their places carry no number.
const SINGLE: [&str; 6] = ["MSH", "EVN", "PID", "PV1", "PV2", "PD1"];

/// Segments whose first field only counts them (type SI).
const COUNTED: [&str; 19] = [
    "PID", "PV1", "NK1", "AL1", "IAM", "DG1", "PR1", "IN1", "IN3", "ZI1", "GT1", "OBR", "OBX", "NTE", "SPM", "TQ1",
    "UB1", "UB2", "TXA",
];

impl<'m> Reader<'m> {
    pub(super) fn new(message: &'m Message<'m>, header: &'m Header, profile: &'m Profile) -> Self {
        // A message has few kinds of segments, and most of one kind stand together.
        let mut seen: Vec<(&str, u32)> = Vec::new();
        let count = |segment: Segment<'m>| {
            let name = segment.name();
            let at = seen.iter().rposition(|(known, _)| *known == name).unwrap_or_else(|| {
                seen.push((name, 0));
                seen.len() - 1
            });
            seen.get_mut(at).map_or(1, |(_, ordinal)| {
                *ordinal += 1;
                *ordinal
            })
        };
        let ordinals: Vec<u32> = message.segments().map(count).collect();
        let entries = Vec::with_capacity(ordinals.len().min(USUAL_ENTRIES));
        let (diagnostics, fates) = (Vec::new(), vec![None; message.slots()]);
        Reader { message, header, profile, diagnostics, entries, ordinals, fates }
    }

    /// `PID`, `OBX[3]`.
    pub(super) fn place(&self, segment: Segment<'_>) -> String {
        let ordinal = self.ordinals.get(segment.index()).copied().unwrap_or(1);
        let (name, number) = match segment.name() {
            "" => ("line", segment.index() + 1),
            name if ordinal == 1 && SINGLE.contains(&name) => return name.to_owned(),
            name => (name, ordinal as usize),
        };
        let mut text = String::with_capacity(name.len() + 6);
        text.push_str(name);
        text.push('[');
        push_number(number, &mut text);
        text.push(']');
        text
    }

    /// `PID-5`, `OBX[3]-5`; `line[7]` for what a line begins with that is no segment.
    pub(super) fn field_place(&self, segment: Segment<'_>, field: usize) -> String {
        let place = self.place(segment);
        if field == 0 { place } else { format!("{place}-{field}") }
    }

    /// Notes something that refuses the message.
    pub(super) fn error(&mut self, code: &'static str, place: impl Into<String>, ja: &'static str, en: &'static str) {
        self.diagnostics.push(Diagnostic::error(code, place, ja, en));
    }

    /// Notes something that was read all the same.
    pub(super) fn warning(&mut self, code: &'static str, place: impl Into<String>, ja: &'static str, en: &'static str) {
        self.diagnostics.push(Diagnostic::warning(code, place, ja, en));
    }

    /// Notes where in the record a field went.
    pub(super) fn mapped(&mut self, segment: Segment<'_>, field: usize, path: impl Into<Cow<'static, str>>) {
        if let Some(fate) = segment.slot(field).and_then(|slot| self.fates.get_mut(slot)) {
            *fate = Some(Fate::Mapped(path.into()));
        }
    }

    /// Takes back that anything of a segment went into the record.
    pub(super) fn kept_raw(&mut self, index: usize) {
        let Some(segment) = self.message.segment(index) else { return };
        for slot in (1..=segment.len()).filter_map(|field| segment.slot(field)) {
            if let Some(fate) = self.fates.get_mut(slot) {
                *fate = None;
            }
        }
    }

    /// Notes that a field was read into the record, and gives it.
    pub(super) fn take<'s>(&mut self, segment: Segment<'s>, field: usize, path: &'static str) -> Field<'s> {
        self.mapped(segment, field, path);
        let taken = segment.field(field);
        if taken.has_odd_escape() {
            let place = self.field_place(segment, field);
            self.warning(
                "H104",
                place,
                "エスケープ記法が規則に合わないため、書かれたまま読みました。",
                "An escape sequence does not follow the rules and was kept as written.",
            );
        }
        taken
    }

    /// Refuses the message where a name or an identifier holds bytes without a character (2.2): whose it is could not be told.
    pub(super) fn must_be_readable(&mut self, segment: Segment<'_>, field: usize, value: &str) {
        if value.contains('\u{FFFD}') {
            let place = self.field_place(segment, field);
            self.error(
                "H005",
                place,
                "氏名または識別番号に読めない文字があり、特定できません。文字コードを確かめて送り直してください。",
                "The name or identifier holds bytes without a character, so it cannot be told whose it is; check the character set.",
            );
        }
    }

    /// Reads a date field; what is wrong with it is noted.
    pub(super) fn stamp(&mut self, segment: Segment<'_>, field: usize, path: &'static str) -> Option<Stamp> {
        let text = segment.value(field);
        if text.is_empty() {
            return None;
        }
        let read = times::read(&text);
        if let Ok((stamp, odd)) = &read {
            self.mapped(segment, field, path);
            if odd.is_none() {
                return Some(*stamp);
            }
        }
        let place = self.field_place(segment, field);
        match read {
            Ok((stamp, None)) => Some(stamp),
            Ok((stamp, Some(odd))) => {
                let (ja, en) = match odd {
                    Odd::Reduced => {
                        ("月日が00のため、精度を下げて読みました。", "A month or day of 00: read with less precision.")
                    }
                    Odd::NoPoint => ("小数点のない17桁の日時です。", "Seventeen digits without a point."),
                    Odd::TwentyFour => ("24時を翌日0時と読みました。", "24:00 was read as 00:00 of the next day."),
                };
                self.warning("H103", place, ja, en);
                Some(stamp)
            }
            Err(NotADate::OtherForm) => {
                self.warning(
                    "H103",
                    place,
                    "日時の書き方がHL7の形(YYYYMMDD…)ではないため、値は原文のまま保管しました。",
                    "Not a date in the form of HL7 (YYYYMMDD…); kept in the raw message only.",
                );
                None
            }
            Err(NotADate::Impossible) => {
                self.error(
                    "H006",
                    place,
                    "存在しない日付または時刻です。正しい値で送り直してください。",
                    "This day or time does not exist; correct it and send again.",
                );
                None
            }
        }
    }

    /// An entry about the patient, not yet added.
    pub(super) fn entry(
        &self,
        patient: &Patient,
        key: String,
        path: String,
        at: Option<Stamp>,
        body: Body,
    ) -> proto::Entry {
        let occurred = at.or(self.header.sent_at).map(Stamp::date_time);
        proto::Entry {
            source_key: key,
            subjects: vec![patient.subject.clone()],
            occurred_at: occurred,
            source_path: path,
            body: Some(body),
            ..proto::Entry::default()
        }
    }

    /// Adds the withdrawal of what an earlier message told in this series.
    pub(super) fn withdraw(
        &mut self,
        patient: &Patient,
        key: String,
        path: String,
        (kind, category, reason): (&str, Category, &str),
    ) {
        let body = proto::Withdrawal { body_kind: kind.to_owned(), reason: reason.to_owned() };
        let mut entry = self.entry(patient, key, path, None, Body::Withdrawal(body));
        entry.raised = vec![category.into()];
        self.entries.push(entry);
    }

    /// Makes an entry an update (2.5): what it leaves out stays, and what `""` stands for in these fields goes.
    pub(super) fn update(&mut self, entry: &mut proto::Entry, fields: &[(Segment<'_>, usize, &'static str)]) {
        entry.update = true;
        for &(segment, number, name) in fields.iter().filter(|(segment, number, _)| segment.field(*number).is_null()) {
            self.mapped(segment, number, "cleared");
            entry.cleared.push(name.to_owned());
        }
    }

    /// What became of every field that holds something; `refused` names the code when nothing was taken.
    pub(super) fn account(&mut self, item: u32, refused: Option<&Cow<'static, str>>, ledger: &mut Ledger) {
        for segment in self.message.segments() {
            let mut place = self.place(segment);
            let segment_length = place.len();
            let (header, name) = (segment.index() == 0, segment.name());
            for number in segment.numbers() {
                if segment.is_blank(number) {
                    continue;
                }
                let counts = number == 1 && COUNTED.contains(&name);
                let envelope = header || counts || matches!((name, number), ("EVN", 1) | ("OBX", 2));
                let read = segment.slot(number).and_then(|slot| self.fates.get_mut(slot)).and_then(Option::take);
                let fate = match (refused, read) {
                    (Some(code), _) => Fate::Refused(code.clone()),
                    (None, Some(fate)) => fate,
                    (None, None) if envelope => Fate::Envelope,
                    (None, None) => Fate::KeptRaw,
                };
                if number > 0 {
                    place.push('-');
                    push_number(number, &mut place);
                }
                ledger.note(item, &place, fate);
                place.truncate(segment_length);
            }
            if segment.is_empty() && !name.is_empty() {
                ledger.note(item, &place, refused.map_or(Fate::KeptRaw, |code| Fate::Refused(code.clone())));
            }
        }
    }
}

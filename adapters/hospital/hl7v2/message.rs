//! One message as spans into one decoded text: a scan that notes separators and owns nothing.
//!
//! [`parse`] walks the text once. Repetitions, components and subcomponents are found when they are asked for, and a
//! string is owned only when its escapes are undone on the way into the record.

use super::charset::Charset;
use super::escape;
use super::limits::{FIELDS_MAX, SEGMENTS_MAX};
use crate::seek::places;
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// What MSH-1 and MSH-2 declare (`formats/hospital.md` 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiters {
    /// MSH-1, usually `|`.
    pub field: u8,
    /// Usually `^`.
    pub component: u8,
    /// Usually `~`.
    pub repetition: u8,
    /// Usually `\`.
    pub escape: u8,
    /// Usually `&`.
    pub subcomponent: u8,
}

impl Delimiters {
    /// `|^~\&`
    pub const USUAL: Delimiters =
        Delimiters { field: b'|', component: b'^', repetition: b'~', escape: b'\\', subcomponent: b'&' };

    /// Reads them from the text of a header segment (`MSH`, `FHS`, `BHS`).
    pub fn read(header: &str) -> Result<Delimiters, Malformed> {
        let rest = header.as_bytes().get(3..).ok_or(Malformed::NoHeader)?;
        let (&field, rest) = rest.split_first().ok_or(Malformed::NoHeader)?;
        if !field.is_ascii_punctuation() {
            return Err(Malformed::NoHeader);
        }
        let end = rest.iter().position(|&byte| byte == field || matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
        let declared = rest.get(..end).unwrap_or_default();
        if declared.is_empty() || !declared.iter().all(u8::is_ascii_punctuation) {
            return Err(Malformed::NoEncodingCharacters);
        }
        let usual = Delimiters::USUAL;
        let at = |index: usize, default: u8| declared.get(index).copied().unwrap_or(default);
        let component = at(0, usual.component);
        let repetition = at(1, usual.repetition);
        let escape = at(2, usual.escape);
        Ok(Delimiters { field, component, repetition, escape, subcomponent: at(3, usual.subcomponent) })
    }
}

/// Why a text is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// It does not begin with `MSH` and a separator (H001).
    NoHeader,
    /// MSH-2 is empty or holds letters (AR).
    NoEncodingCharacters,
    /// More than [`SEGMENTS_MAX`] segments or [`FIELDS_MAX`] fields (H007).
    TooMany,
}

/// A parsed message. Borrows the text.
#[derive(Clone, Debug)]
pub struct Message<'t> {
    text: &'t str,
    charset: Charset,
    delimiters: Delimiters,
    segments: Vec<Span>,
    /// Where each field begins, all segments in a row; a field ends one byte before the next begins.
    fields: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    /// Index in `fields` of the segment's name, which counts as field 0.
    first: u32,
    /// Where the segment ends in the text.
    end: u32,
}

/// Bytes of a segment, and of a field with its separator, in messages with much in few bytes: from these the room is made,
/// so that it seldom has to grow.
const USUAL_SEGMENT_BYTES: usize = 64;
const USUAL_FIELD_BYTES: usize = 4;

/// Notes every segment and field of a decoded message.
///
/// # Errors
/// When the text does not begin with a message header, or holds too many segments.
pub fn parse(text: &str, charset: Charset) -> Result<Message<'_>, Malformed> {
    let text = text.trim_start_matches(['\u{FEFF}', '\r', '\n', ' ', '\u{B}']);
    if !text.starts_with("MSH") {
        return Err(Malformed::NoHeader);
    }
    let delimiters = Delimiters::read(text)?;
    parse_with(text, charset, delimiters)
}

/// As [`parse`], with separators that the caller knows.
///
/// # Errors
/// When there are too many segments.
pub fn parse_with(text: &str, charset: Charset, delimiters: Delimiters) -> Result<Message<'_>, Malformed> {
    let (segments, fields) = (text.len() / USUAL_SEGMENT_BYTES, text.len() / USUAL_FIELD_BYTES);
    let segments = Vec::with_capacity(segments.min(SEGMENTS_MAX));
    let fields = Vec::with_capacity(fields.min(FIELDS_MAX));
    let mut message = Message { text, charset, delimiters, segments, fields };
    message.scan()?;
    Ok(message)
}

impl<'t> Message<'t> {
    fn scan(&mut self) -> Result<(), Malformed> {
        let separator = self.delimiters.field;
        let bytes = self.text.as_bytes();
        let (mut first, mut start) = (self.begin(0), 0);
        for at in places(bytes, |byte| (byte == separator) | (byte == b'\r') | (byte == b'\n')) {
            if bytes.get(at) == Some(&separator) {
                self.fields.push(position(at + 1));
            } else {
                self.close(first, start, at)?;
                start = at + 1;
                first = self.begin(start);
            }
        }
        self.close(first, start, bytes.len())
    }

    /// Begins a segment; where its name is noted.
    fn begin(&mut self, start: usize) -> u32 {
        self.fields.push(position(start));
        position(self.fields.len() - 1)
    }

    /// Ends a segment; a blank line is none.
    fn close(&mut self, first: u32, start: usize, end: usize) -> Result<(), Malformed> {
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | 0x1C | 0x0B | 0);
        if self.text.as_bytes().get(start..end).is_none_or(|line| line.iter().all(blank)) {
            self.fields.truncate(first as usize);
            return Ok(());
        }
        if self.segments.len() >= SEGMENTS_MAX || self.fields.len() > FIELDS_MAX {
            return Err(Malformed::TooMany);
        }
        self.segments.push(Span { first, end: position(end) });
        Ok(())
    }

    /// The separators that this message declares.
    pub fn delimiters(&self) -> Delimiters {
        self.delimiters
    }

    /// What the bytes were in.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// Every segment, in order.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'_>> + Clone {
        (0..self.segments.len()).filter_map(|index| self.segment(index))
    }

    /// The segment at a place from 0.
    pub fn segment(&self, index: usize) -> Option<Segment<'_>> {
        let span = self.segments.get(index)?;
        let next = self.segments.get(index + 1).map_or(self.fields.len(), |next| next.first as usize);
        let first = span.first as usize;
        let starts = self.fields.get(first..next)?;
        let Message { text, charset, delimiters, .. } = *self;
        Some(Segment { text, charset, delimiters, starts, end: span.end, index, first })
    }

    /// One more than the highest [`Segment::slot`].
    pub(super) fn slots(&self) -> usize {
        self.fields.len() + 1
    }

    /// The first segment of a name.
    pub fn first(&self, name: &str) -> Option<Segment<'_>> {
        self.segments().find(|segment| segment.name() == name)
    }

    /// Every segment of a name.
    pub fn all<'m>(&'m self, name: &'m str) -> impl Iterator<Item = Segment<'m>> + 'm {
        self.segments().filter(move |segment| segment.name() == name)
    }
}

/// Offsets fit: a message has at most 16 MiB, text at most three times that.
fn position(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// One segment.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'m> {
    text: &'m str,
    charset: Charset,
    delimiters: Delimiters,
    starts: &'m [u32],
    end: u32,
    index: usize,
    /// Where its name stands when all fields of the message are counted.
    first: usize,
}

impl<'m> Segment<'m> {
    /// `PID`; empty when the line does not begin like a segment.
    #[inline]
    pub fn name(self) -> &'m str {
        let name = self.piece(0);
        let further = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        match *name.as_bytes() {
            [first, second, third] if first.is_ascii_uppercase() && further(second) && further(third) => name,
            _ => "",
        }
    }

    /// Its place in the message, from 0.
    pub fn index(self) -> usize {
        self.index
    }

    /// Where a field stands when all fields of the message are counted; `None` for one that is not written.
    pub(super) fn slot(self, number: usize) -> Option<usize> {
        (1..=self.len()).contains(&number).then_some(self.first + number)
    }

    /// The numbers of its fields. Of a line that is no segment what stands before the first separator is field 0: it is text
    /// like the rest, as of a value into which somebody wrote a line end.
    pub(super) fn numbers(self) -> RangeInclusive<usize> {
        usize::from(!self.name().is_empty())..=self.len()
    }

    /// How many fields are written. Fields beyond are empty.
    pub fn len(self) -> usize {
        self.starts.len() - 1 + usize::from(self.is_header())
    }

    /// Has it no field at all?
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Is nothing written in a field?
    pub(super) fn is_blank(self, number: usize) -> bool {
        self.bytes_of(number) == 0
    }

    /// How many bytes are written in a field. Asks the places of the separators alone.
    pub(super) fn bytes_of(self, number: usize) -> usize {
        if self.is_header() && number == 1 {
            return 1;
        }
        let number = number.saturating_sub(usize::from(self.is_header()));
        let Some(&start) = self.starts.get(number) else { return 0 };
        let end = self.starts.get(number + 1).map_or(self.end, |next| next - 1);
        end.saturating_sub(start) as usize
    }

    /// A field, from 1; field 0 is what a line that is no segment begins with. In `MSH` the separator itself is field 1.
    #[inline]
    pub fn field(self, number: usize) -> Field<'m> {
        let header = self.is_header();
        let raw = match (header, number) {
            (_, 0) if !self.name().is_empty() => "",
            (true, 1) => self.text.get(3..4).unwrap_or_default(),
            (true, _) => self.piece(number - 1),
            (false, _) => self.piece(number),
        };
        let repeats = !(header && number <= 2);
        Field { raw, charset: self.charset, delimiters: self.delimiters, repeats }
    }

    /// The first component of a field, escapes undone: what most fields hold.
    #[inline]
    pub fn value(self, number: usize) -> Cow<'m, str> {
        self.field(number).component(1).text()
    }

    fn is_header(self) -> bool {
        self.index == 0
    }

    #[inline]
    fn piece(self, number: usize) -> &'m str {
        let Some(&start) = self.starts.get(number) else { return "" };
        let end = self.starts.get(number + 1).map_or(self.end, |next| next - 1);
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }
}

/// One field, as written.
#[derive(Clone, Copy, Debug)]
pub struct Field<'m> {
    raw: &'m str,
    charset: Charset,
    delimiters: Delimiters,
    repeats: bool,
}

impl<'m> Field<'m> {
    /// As written, escapes and all.
    pub fn raw(self) -> &'m str {
        self.raw
    }

    /// Not valued: on an update the stored value stays (2.5).
    pub fn is_empty(self) -> bool {
        self.raw.is_empty()
    }

    /// `""`: delete what is stored (2.5).
    pub fn is_null(self) -> bool {
        self.raw == NULL
    }

    /// Says something: neither empty, null nor separators alone.
    pub fn says_something(self) -> bool {
        let Delimiters { component, repetition, subcomponent, .. } = self.delimiters;
        let separates = |byte: u8| byte == component || byte == repetition || byte == subcomponent || byte == b' ';
        !self.is_null() && !self.raw.bytes().all(separates)
    }

    /// Each repetition; one empty one when the field is empty.
    pub fn repetitions(self) -> impl Iterator<Item = Part<'m>> + Clone {
        let separator = if self.repeats { self.delimiters.repetition } else { self.delimiters.field };
        self.raw.split(char::from(separator)).map(move |raw| Part {
            raw,
            charset: self.charset,
            delimiters: self.delimiters,
            separator: self.delimiters.component,
        })
    }

    /// The first repetition.
    #[inline]
    pub fn first(self) -> Part<'m> {
        let Field { raw, charset, delimiters, repeats } = self;
        let raw = if repeats { piece(raw, delimiters.repetition, 1) } else { piece(raw, delimiters.field, 1) };
        Part { raw, charset, delimiters, separator: delimiters.component }
    }

    /// A component of the first repetition, from 1.
    #[inline]
    pub fn component(self, number: usize) -> Part<'m> {
        self.first().component(number)
    }

    /// The whole field, escapes undone and separators kept: text of TX and FT.
    pub fn text(self) -> Cow<'m, str> {
        Part { raw: self.raw, charset: self.charset, delimiters: self.delimiters, separator: 0 }.text()
    }

    /// Does an escape in it not follow the rules, so that it was kept as it stands?
    pub fn has_odd_escape(self) -> bool {
        escape::undo(self.raw, self.delimiters, self.charset).1
    }
}

/// The explicit delete of 2.5.
const NULL: &str = "\"\"";

/// A repetition, a component or a subcomponent.
#[derive(Clone, Copy, Debug)]
pub struct Part<'m> {
    raw: &'m str,
    charset: Charset,
    delimiters: Delimiters,
    separator: u8,
}

impl<'m> Part<'m> {
    /// As written.
    pub fn raw(self) -> &'m str {
        self.raw
    }

    /// Nothing written.
    pub fn is_empty(self) -> bool {
        self.raw.is_empty()
    }

    /// `""`
    pub fn is_null(self) -> bool {
        self.raw == NULL
    }

    /// The next part down, from 1: a component of a repetition, a subcomponent of a component.
    #[inline]
    pub fn component(self, number: usize) -> Part<'m> {
        Part { raw: piece(self.raw, self.separator, number), separator: self.delimiters.subcomponent, ..self }
    }

    /// Every next part down.
    pub fn parts(self) -> impl Iterator<Item = Part<'m>> + Clone {
        let separator = self.delimiters.subcomponent;
        self.raw.split(char::from(self.separator)).map(move |raw| Part { raw, separator, ..self })
    }

    /// Escapes undone, blanks at the ends removed; the explicit delete is empty, never its two quote marks.
    #[inline]
    pub fn text(self) -> Cow<'m, str> {
        if self.raw.is_empty() { Cow::Borrowed("") } else { self.written_text() }
    }

    fn written_text(self) -> Cow<'m, str> {
        if self.is_null() {
            return Cow::Borrowed("");
        }
        match escape::undo(self.raw, self.delimiters, self.charset).0 {
            Cow::Borrowed(text) if !may_have_blanks(text) => Cow::Borrowed(text),
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(BLANKS)),
            Cow::Owned(text) => Cow::Owned(text.trim_matches(BLANKS).to_owned()),
        }
    }

    /// As [`Part::text`], owned, or `None` when it is empty.
    pub fn owned(self) -> Option<String> {
        let text = self.text();
        (!text.is_empty()).then(|| text.into_owned())
    }
}

const BLANKS: [char; 3] = [' ', '\t', '\u{3000}'];

/// Could there be blanks at its ends? Never when graphic ASCII stands there.
fn may_have_blanks(text: &str) -> bool {
    let graphic = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    !(graphic(text.as_bytes().first()) && graphic(text.as_bytes().last()))
}

/// What stands between two separators, from 1; empty beyond the last. The separator is ASCII, so no letter is cut.
fn piece(raw: &str, separator: u8, number: usize) -> &str {
    let mut before = number.wrapping_sub(1);
    let mut start = 0;
    for (index, byte) in raw.bytes().enumerate() {
        if byte != separator {
            continue;
        }
        if before == 0 {
            return raw.get(start..index).unwrap_or_default();
        }
        before -= 1;
        start = index + 1;
    }
    if before == 0 { raw.get(start..).unwrap_or_default() } else { "" }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;

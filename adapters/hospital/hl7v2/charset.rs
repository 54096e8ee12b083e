//! The character set of a message: which one, decoded whole before anything is split, and back for the answer.
//!
//! In ISO-2022-JP and Shift_JIS the bytes of a kanji may equal a separator, so a message is split only after this step
//! (`formats/hospital.md` 2.1, 2.2).

use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS};
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

const ESC: u8 = 0x1B;
/// No byte of a well-formed EUC-JP text: decodes to U+FFFD.
const BAD: u8 = 0xFF;

/// The character set that a message was really written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// Seven bits.
    Ascii,
    /// ASCII with JIS X 0208 (and 0201, 0212) by escape sequences: the default of SS-MIX2.
    Iso2022Jp,
    /// UTF-8.
    Utf8,
    /// Shift_JIS as Windows writes it.
    Windows31J,
    /// ISO 8859-1, each byte its own code point.
    Latin1,
    /// Another single-byte set.
    Single(&'static Encoding),
}

/// What was odd about the character set. None of these stops a message by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CharsetWarning {
    /// MSH-18 declares another set than the bytes are in, or none although one is needed.
    Mismatch,
    /// Bytes without a character became U+FFFD.
    Undecodable,
    /// A double-byte run was left open at the end of a segment.
    RunLeftOpen,
    /// Characters of the private use area (外字): nobody knows which glyph was meant.
    PrivateUse,
}

/// A message as text.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// The whole message; borrowed where the bytes are UTF-8 already.
    pub text: Cow<'a, str>,
    /// What the bytes are in.
    pub charset: Charset,
    /// What was odd, each kind once.
    pub warnings: Vec<CharsetWarning>,
}

/// What MSH-18 and MSH-20 say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Declared {
    Nothing,
    Japanese,
    Utf8,
    Single(Charset),
    Unknown,
}

/// Decides the character set by the ladder of 2.2 and decodes the whole message.
pub fn decode(bytes: &[u8]) -> Decoded<'_> {
    let marked = bytes.strip_prefix(b"\xEF\xBB\xBF");
    let bytes = marked.unwrap_or(bytes);
    if !bytes.contains(&ESC)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return utf8(text, marked.is_some(), || declared(bytes));
    }
    if has_escape(bytes) {
        let mut decoded = iso_2022_jp(bytes);
        let warn = declared(decoded.text.as_bytes()) != Declared::Japanese;
        decoded.warn_if(warn, CharsetWarning::Mismatch);
        return decoded;
    }
    let declared = declared(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        return utf8(text, marked.is_some(), || declared);
    }
    match declared {
        Declared::Nothing | Declared::Japanese => windows_31j(bytes),
        // Kanji before MSH-18 may hold the byte of the separator.
        Declared::Unknown
            if matches!(declared_in(bytes, Charset::Windows31J), Declared::Nothing | Declared::Japanese) =>
        {
            windows_31j(bytes)
        }
        Declared::Single(charset) => single(bytes, charset),
        Declared::Utf8 | Declared::Unknown => {
            let text = String::from_utf8_lossy(bytes);
            let mut decoded = Decoded { text, charset: Charset::Utf8, warnings: vec![CharsetWarning::Undecodable] };
            decoded.warn_if(declared == Declared::Unknown, CharsetWarning::Mismatch);
            decoded
        }
    }
}

impl Decoded<'_> {
    fn warn_if(&mut self, condition: bool, warning: CharsetWarning) {
        if condition && !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

impl Charset {
    /// Text in this character set, for an answer. What it cannot say becomes `?`.
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Charset::Utf8 => text.as_bytes().to_vec(),
            Charset::Ascii => text.chars().map(|c| if c.is_ascii() { c as u8 } else { b'?' }).collect(),
            Charset::Latin1 => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect(),
            Charset::Iso2022Jp => encode_with(encoding_rs::ISO_2022_JP, text),
            Charset::Windows31J => encode_with(SHIFT_JIS, text),
            Charset::Single(encoding) => encode_with(encoding, text),
        }
    }

    /// The text as this set can say it: where it has no letter, `■` stands, as producers of SS-MIX2 write it (2.2).
    pub fn sayable(self, text: &str) -> Cow<'_, str> {
        if self != Charset::Iso2022Jp || text.is_ascii() {
            return Cow::Borrowed(text);
        }
        let letter = |c: char| if c.is_ascii() || in_jis_x_0208(c) { c } else { GAIJI };
        Cow::Owned(full_width(text).chars().map(letter).collect())
    }

    /// Can it say Japanese?
    pub fn says_japanese(self) -> bool {
        matches!(self, Charset::Utf8 | Charset::Iso2022Jp | Charset::Windows31J)
    }

    /// Decodes the bytes of a `\Xhh..\` escape.
    pub fn decode_escape(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Charset::Ascii | Charset::Utf8 => Cow::Owned(String::from_utf8_lossy(bytes).into_owned()),
            Charset::Iso2022Jp => Cow::Owned(iso_2022_jp(bytes).text.into_owned()),
            Charset::Windows31J => Cow::Owned(windows_31j(bytes).text.into_owned()),
            Charset::Latin1 | Charset::Single(_) => Cow::Owned(single(bytes, self).text.into_owned()),
        }
    }
}

/// Stands for a letter that the character set lacks (外字).
const GAIJI: char = '■';

/// Half-width katakana with their marks as full-width letters; all else untouched.
fn full_width(text: &str) -> String {
    let half = |c: &char| matches!(c, '\u{FF61}'..='\u{FF9F}');
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(letter) = rest.next() {
        if !half(&letter) {
            out.push(letter);
            continue;
        }
        let mut run = String::from(letter);
        while let Some(more) = rest.next_if(half) {
            run.push(more);
        }
        out.extend(run.nfkc());
    }
    out
}

/// Is the letter in the table itself, and not only in the rows that vendors added (髙, ①)?
fn in_jis_x_0208(c: char) -> bool {
    let mut buffer = [0; 4];
    let (bytes, _, missing) = EUC_JP.encode(c.encode_utf8(&mut buffer));
    let vendor = |row: u8| row == 0xAD || row >= 0xF5;
    !missing && matches!(*bytes, [row, _] if row >= 0xA1 && !vendor(row))
}

fn encode_with(encoding: &'static Encoding, text: &str) -> Vec<u8> {
    let mut encoder = encoding.new_encoder();
    let mut out = Vec::with_capacity(text.len() + 16);
    let mut rest = text;
    loop {
        let (result, read) = {
            out.reserve(encoder.max_buffer_length_from_utf8_without_replacement(rest.len()).unwrap_or(rest.len() * 4));
            encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut out, true)
        };
        rest = rest.get(read..).unwrap_or_default();
        match result {
            encoding_rs::EncoderResult::InputEmpty => return out,
            encoding_rs::EncoderResult::OutputFull => {}
            encoding_rs::EncoderResult::Unmappable(_) => replace(&mut encoder, &mut out),
        }
    }
}

/// A question mark where a character cannot be said, in whatever escape state the encoder stands.
fn replace(encoder: &mut encoding_rs::Encoder, out: &mut Vec<u8>) {
    out.reserve(16);
    let (_, _) = encoder.encode_from_utf8_to_vec_without_replacement("?", out, false);
}

fn utf8<'a>(text: &'a str, marked: bool, declared: impl Fn() -> Declared) -> Decoded<'a> {
    if text.is_ascii() {
        let charset = match declared() {
            Declared::Japanese => Charset::Iso2022Jp,
            Declared::Utf8 => Charset::Utf8,
            _ if marked => Charset::Utf8,
            _ => Charset::Ascii,
        };
        return Decoded { text: Cow::Borrowed(text), charset, warnings: Vec::new() };
    }
    let mut decoded = Decoded { text: Cow::Borrowed(text), charset: Charset::Utf8, warnings: Vec::new() };
    decoded.warn_if(declared() != Declared::Utf8, CharsetWarning::Mismatch);
    decoded.warn_if(text.contains('\u{FFFD}'), CharsetWarning::Undecodable);
    decoded.warn_if(text.chars().any(private_use), CharsetWarning::PrivateUse);
    decoded
}

fn private_use(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFD}')
}

fn windows_31j(bytes: &[u8]) -> Decoded<'_> {
    let (text, bad) = SHIFT_JIS.decode_without_bom_handling(bytes);
    let private = text.chars().any(private_use);
    let mut decoded = Decoded { text, charset: Charset::Windows31J, warnings: vec![CharsetWarning::Mismatch] };
    decoded.warn_if(bad, CharsetWarning::Undecodable);
    decoded.warn_if(private, CharsetWarning::PrivateUse);
    decoded
}

fn single(bytes: &[u8], charset: Charset) -> Decoded<'_> {
    let (text, bad) = match charset {
        Charset::Single(encoding) => encoding.decode_without_bom_handling(bytes),
        _ => (Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()), false),
    };
    let mut decoded = Decoded { text, charset, warnings: Vec::new() };
    decoded.warn_if(bad, CharsetWarning::Undecodable);
    decoded
}

fn has_escape(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| matches!(pair, [ESC, b'$' | b'(']))
}

/// Which characters the bytes of ISO-2022-JP stand for until the next escape.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Ascii,
    Roman,
    Katakana,
    Kanji,
    Supplement,
}

/// The escape sequences of 2.2.
fn escape(rest: &[u8]) -> Option<(Mode, usize)> {
    match rest {
        [ESC, b'$', b'B' | b'@', ..] => Some((Mode::Kanji, 3)),
        [ESC, b'$', b'(', b'D', ..] => Some((Mode::Supplement, 4)),
        [ESC, b'$', b'(', b'B' | b'@', ..] => Some((Mode::Kanji, 4)),
        [ESC, b'(', b'B', ..] => Some((Mode::Ascii, 3)),
        [ESC, b'(', b'J', ..] => Some((Mode::Roman, 3)),
        [ESC, b'(', b'I', ..] => Some((Mode::Katakana, 3)),
        _ => None,
    }
}

/// Turns ISO-2022-JP into EUC-JP, which holds the same tables and JIS X 0212 besides, and decodes that in one go.
///
/// Empty runs (two adjacent escapes) need no care here: an escape only changes the mode.
fn iso_2022_jp(bytes: &[u8]) -> Decoded<'_> {
    let mut reader =
        Iso2022Reader { text: String::with_capacity(bytes.len()), euc: Vec::with_capacity(bytes.len()), bad: false };
    let mut mode = Mode::Ascii;
    let mut left_open = false;
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            ESC => match escape_after(tail) {
                Some((next, after)) => {
                    mode = next;
                    rest = after;
                }
                None => reader.euc.push(BAD),
            },
            b'\r' | b'\n' => {
                left_open |= mode != Mode::Ascii;
                mode = Mode::Ascii;
                reader.euc.push(byte);
            }
            _ => rest = reader.take(mode, byte, tail),
        }
    }
    reader.flush();
    let warnings = Vec::new();
    let mut decoded = Decoded { text: Cow::Owned(reader.text), charset: Charset::Iso2022Jp, warnings };
    decoded.warn_if(reader.bad, CharsetWarning::Undecodable);
    decoded.warn_if(left_open || mode != Mode::Ascii, CharsetWarning::RunLeftOpen);
    decoded
}

fn escape_after(tail: &[u8]) -> Option<(Mode, &[u8])> {
    let head = [ESC, *tail.first()?, *tail.get(1)?, tail.get(2).copied().unwrap_or(0)];
    let (mode, length) = escape(&head)?;
    Some((mode, tail.get(length - 1..)?))
}

struct Iso2022Reader {
    text: String,
    euc: Vec<u8>,
    bad: bool,
}

impl Iso2022Reader {
    /// Reads one character that begins with `byte`; returns what follows it.
    fn take<'b>(&mut self, mode: Mode, byte: u8, tail: &'b [u8]) -> &'b [u8] {
        let graphic = |byte: u8| (0x21..=0x7E).contains(&byte);
        match mode {
            Mode::Kanji | Mode::Supplement if graphic(byte) => {
                let Some((&second, after)) = tail.split_first().filter(|(second, _)| graphic(**second)) else {
                    self.euc.push(BAD);
                    return tail;
                };
                if mode == Mode::Supplement {
                    self.euc.push(0x8F);
                }
                self.euc.extend_from_slice(&[byte | 0x80, second | 0x80]);
                return after;
            }
            Mode::Katakana if (0x21..=0x5F).contains(&byte) => self.euc.extend_from_slice(&[0x8E, byte | 0x80]),
            Mode::Katakana if graphic(byte) => self.euc.push(BAD),
            Mode::Roman if byte == 0x5C => self.push_char('¥'),
            Mode::Roman if byte == 0x7E => self.push_char('‾'),
            _ => self.euc.push(if byte.is_ascii() { byte } else { BAD }),
        }
        tail
    }

    fn push_char(&mut self, c: char) {
        self.flush();
        self.text.push(c);
    }

    fn flush(&mut self) {
        let (text, bad) = EUC_JP.decode_without_bom_handling(&self.euc);
        self.text.push_str(&text);
        self.bad |= bad;
        self.euc.clear();
    }
}

/// Where a separator stands in bytes that are not decoded: in ISO-2022-JP and Shift_JIS its byte may be half of a letter.
pub(super) fn separators(bytes: &[u8], separator: u8, charset: Charset) -> Vec<usize> {
    let (mut found, mut mode, mut at) = (Vec::new(), Mode::Ascii, 0);
    while let Some((&byte, tail)) = bytes.get(at..).and_then(<[u8]>::split_first) {
        let escaped = if byte == ESC && charset == Charset::Iso2022Jp { escape_after(tail) } else { None };
        if let Some((next, after)) = escaped {
            mode = next;
            at = bytes.len() - after.len();
            continue;
        }
        if matches!(byte, b'\r' | b'\n') {
            mode = Mode::Ascii;
        }
        let lead = charset == Charset::Windows31J && matches!(byte, 0x81..=0x9F | 0xE0..=0xFC);
        if byte == separator && matches!(mode, Mode::Ascii | Mode::Roman) {
            found.push(at);
        }
        at += if lead { 2 } else { 1 };
    }
    found
}

/// Reads MSH-18 and MSH-20 out of the undecoded header line.
fn declared(bytes: &[u8]) -> Declared {
    declared_in(bytes, Charset::Ascii)
}

fn declared_in(bytes: &[u8], charset: Charset) -> Declared {
    let line = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).find(|line| line.starts_with(b"MSH"));
    let Some((line, &separator)) = line.and_then(|line| Some((line, line.get(3)?))) else { return Declared::Nothing };
    let separators = separators(line, separator, charset);
    // The name of the segment is part 0, and field `n` is part `n - 1`: it begins behind separator `n - 1`.
    let field = |number: usize| {
        let start = separators.get(number - 2).map(|at| at + 1)?;
        line.get(start..separators.get(number - 1).copied().unwrap_or(line.len()))
    };
    let (names, scheme) = (field(18).unwrap_or_default(), field(20).unwrap_or_default());
    let mut found = Declared::Nothing;
    for name in names.split(|byte| matches!(byte, b'~' | b'\\' | b'^')).map(folded) {
        found = match (found, declared_name(&name)) {
            (Declared::Nothing, next) => next,
            (Declared::Unknown | Declared::Single(Charset::Ascii), next @ (Declared::Japanese | Declared::Utf8)) => {
                next
            }
            (kept, _) => kept,
        };
    }
    match found {
        Declared::Nothing | Declared::Single(Charset::Ascii) if folded(scheme) == "ISO20221994" => Declared::Japanese,
        Declared::Single(Charset::Ascii) => Declared::Nothing,
        found => found,
    }
}

/// Blanks, `_` and `-` removed, case folded (2.2).
fn folded(name: &[u8]) -> String {
    let kept = name.iter().filter(|byte| !matches!(byte, b' ' | b'_' | b'-'));
    kept.map(|byte| char::from(byte.to_ascii_uppercase())).collect()
}

fn declared_name(name: &str) -> Declared {
    let encoding = match name {
        "" => return Declared::Nothing,
        "ASCII" | "ISOIR6" | "USASCII" => return Declared::Single(Charset::Ascii),
        "ISOIR87" | "ISOIR159" | "ISOIR14" | "ISOIR13" | "ISO2022JP" => return Declared::Japanese,
        "UNICODEUTF8" | "UTF8" | "UNICODE" => return Declared::Utf8,
        "8859/1" | "88591" | "ISO88591" | "ISOIR100" => return Declared::Single(Charset::Latin1),
        "8859/2" => encoding_rs::ISO_8859_2,
        "8859/3" => encoding_rs::ISO_8859_3,
        "8859/4" => encoding_rs::ISO_8859_4,
        "8859/5" => encoding_rs::ISO_8859_5,
        "8859/6" => encoding_rs::ISO_8859_6,
        "8859/7" => encoding_rs::ISO_8859_7,
        "8859/8" => encoding_rs::ISO_8859_8,
        "8859/9" => encoding_rs::WINDOWS_1254,
        "8859/15" => encoding_rs::ISO_8859_15,
        _ => return Declared::Unknown,
    };
    Declared::Single(Charset::Single(encoding))
}

#[cfg(test)]
#[path = "charset_tests.rs"]
mod tests;

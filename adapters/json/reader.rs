//! From bytes to a tree, or a refusal (RFC 8259).

use super::{Growing, Leaf, Style, Tree};
use crate::seek::seek;
use std::borrow::Cow;
use std::fmt;

/// Limits of one format. Reading stops at the first that is exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of the document; checked before anything is read.
    pub bytes: usize,
    /// Deepest nesting of objects and lists.
    pub depth: usize,
    /// Most values: a document of nothing but zeros would take thirty times its size otherwise.
    pub values: usize,
}

impl Limits {
    /// Clinical documents (FHIR): S-70. The largest document that was seen has 40,000 values in a megabyte.
    pub const CLINICAL: Limits = Limits { bytes: 20 * 1024 * 1024, depth: 128, values: 1_000_000 };
}

/// Why a document was refused. Holds nothing of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not UTF-8.
    NotUtf8,
    /// Not as JSON wants it.
    IllFormed,
    /// A name stands twice in one object.
    Twice,
    /// It ends before its outermost value does.
    Truncated,
    /// A control character, half a surrogate pair, or NUL.
    Control,
    /// More bytes than allowed.
    TooLarge,
    /// Nested deeper than allowed.
    TooDeep,
    /// More values, or names, than allowed.
    TooMany,
}

impl Fault {
    /// Is it a limit, not the form, that was violated?
    pub const fn is_limit(self) -> bool {
        matches!(self, Fault::TooLarge | Fault::TooDeep | Fault::TooMany)
    }
}

/// What was refused, and the line in which it was found, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub fault: Fault,
    /// Where.
    pub line: usize,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in line {}", self.fault, self.line)
    }
}

/// Reads a document. A byte order mark before it is tolerated. `known` tells which names may stand in a place.
///
/// # Errors
/// At the first thing that is refused.
pub fn read<'a>(bytes: &'a [u8], limits: &Limits, known: fn(&str) -> bool) -> Result<Tree<'a>, Refusal> {
    let refused = |fault, at: usize| {
        let before = bytes.get(..at).unwrap_or(bytes);
        Refusal { fault, line: 1 + before.iter().filter(|byte| **byte == b'\n').count() }
    };
    if bytes.len() > limits.bytes {
        return Err(Refusal { fault: Fault::TooLarge, line: 1 });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| refused(Fault::NotUtf8, error.valid_up_to()))?;
    let mut reader = Reader { text, at: 0, limits, depth: 0, growing: Growing::new(text) };
    if text.starts_with('\u{FEFF}') {
        reader.at = '\u{FEFF}'.len_utf8();
    }
    match reader.value(Cow::Borrowed("")).and_then(|()| reader.end()) {
        Ok(()) => Ok(reader.growing.finish(known, Style::Dots)),
        Err(fault) => Err(refused(fault, reader.at)),
    }
}

struct Reader<'a, 'l> {
    text: &'a str,
    at: usize,
    limits: &'l Limits,
    depth: usize,
    growing: Growing<'a>,
}

impl<'a> Reader<'a, '_> {
    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.next() {
            self.at += 1;
        }
        self.next()
    }

    fn end(&mut self) -> Result<(), Fault> {
        if self.skip_blanks().is_some() { Err(Fault::IllFormed) } else { Ok(()) }
    }

    fn value(&mut self, name: Cow<'a, str>) -> Result<(), Fault> {
        if self.growing.values() >= self.limits.values || self.growing.is_full() {
            return Err(Fault::TooMany);
        }
        let leaf = match self.skip_blanks().ok_or(Fault::Truncated)? {
            b'{' => return self.nested(name, Self::object),
            b'[' => return self.nested(name, Self::list),
            b'"' => Leaf::Text(self.string()?),
            b'-' | b'0'..=b'9' => Leaf::Number(self.number()?),
            b't' => self.word("true", Leaf::Flag(true))?,
            b'f' => self.word("false", Leaf::Flag(false))?,
            b'n' => self.word("null", Leaf::Null)?,
            _ => return Err(Fault::IllFormed),
        };
        self.growing.leaf(name, leaf);
        Ok(())
    }

    fn nested(
        &mut self,
        name: Cow<'a, str>,
        read: fn(&mut Self, Cow<'a, str>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.depth >= self.limits.depth {
            return Err(Fault::TooDeep);
        }
        self.depth += 1;
        self.at += 1;
        read(self, name)?;
        self.depth -= 1;
        Ok(())
    }

    fn list(&mut self, name: Cow<'a, str>) -> Result<(), Fault> {
        self.growing.open_list(name);
        if self.skip_blanks() == Some(b']') {
            self.at += 1;
        } else {
            self.value(Cow::Borrowed(""))?;
            while self.another(b']')? {
                self.value(Cow::Borrowed(""))?;
            }
        }
        self.growing.close_list();
        Ok(())
    }

    fn object(&mut self, name: Cow<'a, str>) -> Result<(), Fault> {
        self.growing.open_object(name);
        if self.skip_blanks() == Some(b'}') {
            self.at += 1;
        } else {
            self.member()?;
            while self.another(b'}')? {
                self.member()?;
            }
        }
        let once = self.growing.close_object();
        match () {
            () if self.growing.is_full() => Err(Fault::TooMany),
            () if once => Ok(()),
            () => Err(Fault::Twice),
        }
    }

    fn member(&mut self) -> Result<(), Fault> {
        match self.skip_blanks() {
            Some(b'"') => {}
            Some(_) => return Err(Fault::IllFormed),
            None => return Err(Fault::Truncated),
        }
        let name = self.string()?;
        match self.skip_blanks() {
            Some(b':') => self.at += 1,
            Some(_) => return Err(Fault::IllFormed),
            None => return Err(Fault::Truncated),
        }
        self.value(name)
    }

    /// After a value in a list or object: does another follow?
    fn another(&mut self, end: u8) -> Result<bool, Fault> {
        let mark = self.skip_blanks().ok_or(Fault::Truncated)?;
        self.at += 1;
        match mark {
            b',' => Ok(true),
            mark if mark == end => Ok(false),
            _ => Err(Fault::IllFormed),
        }
    }

    fn word(&mut self, word: &str, value: Leaf<'a>) -> Result<Leaf<'a>, Fault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if rest.starts_with(word) {
            self.at += word.len();
            return Ok(value);
        }
        Err(if word.starts_with(rest) { Fault::Truncated } else { Fault::IllFormed })
    }

    fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        if self.next() == Some(b'-') {
            self.at += 1;
        }
        match self.digits()? {
            length if length > 1 && self.text.as_bytes().get(self.at - length) == Some(&b'0') => {
                return Err(Fault::IllFormed);
            }
            _ => {}
        }
        if self.next() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.next() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.next() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    /// At least one digit; how many.
    fn digits(&mut self) -> Result<usize, Fault> {
        let start = self.at;
        while self.next().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        match self.at - start {
            0 => Err(if self.next().is_none() { Fault::Truncated } else { Fault::IllFormed }),
            length => Ok(length),
        }
    }

    /// A string, from its opening mark. Borrowed unless it holds an escape.
    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.at += 1;
        let start = self.at;
        let plain = self.plain()?;
        if self.next() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = self.text.get(start..self.at).unwrap_or_default().to_owned();
        loop {
            if self.next() == Some(b'"') {
                self.at += 1;
                return Ok(Cow::Owned(text));
            }
            text.push(self.escape()?);
            text.push_str(self.plain()?);
        }
    }

    /// Up to the next mark or escape.
    fn plain(&mut self) -> Result<&'a str, Fault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let stop = seek(rest.as_bytes(), |byte| (byte == b'"') | (byte == b'\\') | (byte < b' '));
        let stop = stop.ok_or(Fault::Truncated)?;
        self.at += stop;
        if self.next().is_some_and(|byte| byte < b' ') {
            return Err(Fault::Control);
        }
        Ok(rest.get(..stop).unwrap_or_default())
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let mark = self.text.as_bytes().get(self.at + 1).copied().ok_or(Fault::Truncated)?;
        self.at += 2;
        Ok(match mark {
            b'"' | b'\\' | b'/' => char::from(mark),
            b'b' => '\u{8}',
            b'f' => '\u{C}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode()?,
            _ => return Err(Fault::IllFormed),
        })
    }

    fn unicode(&mut self) -> Result<char, Fault> {
        let first = self.four()?;
        let code = match first {
            0xD800..=0xDBFF => {
                if self.text.get(self.at..).unwrap_or_default().bytes().take(2).ne(*b"\\u") {
                    return Err(Fault::Control);
                }
                self.at += 2;
                let second = self.four()?;
                if !(0xDC00..=0xDFFF).contains(&second) {
                    return Err(Fault::Control);
                }
                0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
            }
            code => code,
        };
        char::from_u32(code).filter(|letter| *letter != '\0').ok_or(Fault::Control)
    }

    fn four(&mut self) -> Result<u32, Fault> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).ok_or(Fault::Truncated)?;
        let hex = |value: u32, digit: &u8| Some(value << 4 | char::from(*digit).to_digit(16)?);
        let value = digits.iter().try_fold(0, hex).ok_or(Fault::IllFormed)?;
        self.at += 4;
        Ok(value)
    }
}

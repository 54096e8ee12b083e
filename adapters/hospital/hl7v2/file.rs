//! A stored file or a frame as messages: batches, concatenations, records of a transaction storage, framing bytes that were
//! stored with them (2.9).
//!
//! Works on the undecoded bytes. No character set of 2.2 has a line end inside a character, so a line that begins
//! with `MSH` is the beginning of a message in all of them.

use super::limits::{AROUND_MAX, MESSAGE_BYTES_MAX, MESSAGES_MAX};
use super::transactions::{self, Record};
use crate::seek::seek;
use musubi_core::adapter::{Diagnostic, Severity};
use std::ops::Range;

/// Where the messages of a file stand, and what is wrong with the file as a whole.
#[derive(Debug, Default)]
pub struct File {
    /// Where each message begins and ends in the bytes.
    pub messages: Vec<Range<usize>>,
    /// About the whole: an error refuses all of it.
    pub diagnostics: Vec<Diagnostic>,
    /// Line of the file header (FHS).
    pub header: Option<Range<usize>>,
    /// The batches, in order.
    pub batches: Vec<Batch>,
    /// The lines of all wrappers and records, and those that belong to nothing, in order.
    pub(super) around: Vec<Line>,
    /// The records of a transaction storage, in order. What stands before the first is in none.
    pub(super) records: Vec<Record>,
}

/// A line outside the messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Which line of the file it is, from 1.
    pub(super) number: usize,
    /// Where it stands.
    pub(super) range: Range<usize>,
    /// What it is.
    pub(super) kind: Outside,
}

/// What a line outside the messages is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outside {
    /// A header or a trailer of a batch or file.
    Wrapper,
    /// The header of a record of a transaction storage.
    Record,
    /// It belongs to nothing.
    Nothing,
}

/// One batch of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Line of its header (BHS).
    pub header: Range<usize>,
    /// Its messages, as numbers in [`File::messages`].
    pub messages: Range<usize>,
}

impl File {
    /// Notes where a batch begins and ends. Messages behind the last trailer are in none.
    fn wrapper(&mut self, kind: Kind, line: Range<usize>) {
        let messages = self.messages.len();
        match kind {
            Kind::FileHeader => self.header = self.header.take().or(Some(line)),
            Kind::BatchHeader => {
                self.end_of_batch();
                self.batches.push(Batch { header: line, messages: messages..usize::MAX });
            }
            Kind::BatchTrailer => self.end_of_batch(),
            Kind::FileTrailer | Kind::Message | Kind::Record | Kind::Other => {}
        }
    }

    /// Begins a record. The one before may hold no message: that is answered as an empty one.
    fn record(&mut self, line: Range<usize>, text: &[u8]) {
        self.end_of_record(line.start);
        self.records.push(Record { action: transactions::action(text), header: line, first: self.messages.len() });
    }

    fn end_of_record(&mut self, at: usize) {
        if self.records.last().is_some_and(|last| last.first == self.messages.len()) {
            self.messages.push(at..at);
        }
    }

    fn end_of_batch(&mut self) {
        let messages = self.messages.len();
        if let Some(open) = self.batches.last_mut().filter(|batch| batch.messages.end == usize::MAX) {
            open.messages.end = messages;
        }
    }

    /// Takes a wrong count for a warning, where the peer's profile says so (`accept_partial`). A file that was cut stays
    /// refused.
    pub fn accept_partial(&mut self) {
        for said in self.diagnostics.iter_mut().filter(|said| said.code == "H006") {
            said.severity = Severity::Warning;
        }
    }

    /// Is the whole of it refused?
    pub fn is_refused(&self) -> bool {
        self.diagnostics.iter().any(|said| said.severity == Severity::Error)
    }
}

/// Splits at every line that begins with `MSH`, and checks the counts of batch wrappers.
pub fn split(bytes: &[u8]) -> File {
    let mut file = File::default();
    if bytes.len() > MESSAGE_BYTES_MAX {
        file.diagnostics.push(too_large());
        return file;
    }
    let mut wrappers = Wrappers::default();
    let mut open: Option<usize> = None;
    let mut number = 0;
    for line in lines(bytes) {
        number += usize::from(!is_between(bytes, &line));
        let text = bytes.get(line.clone()).unwrap_or_default();
        let kind = Kind::of(text);
        if kind != Kind::Other
            && let Some(start) = open.take()
        {
            file.messages.push(start..line.start);
        }
        match kind {
            Kind::Message => {
                open = Some(line.start);
                wrappers.messages += 1;
            }
            Kind::Other if open.is_some() || text.iter().all(u8::is_ascii_whitespace) => {}
            Kind::Other => file.around.push(Line { number, range: line, kind: Outside::Nothing }),
            Kind::Record => {
                file.around.push(Line { number, range: line.clone(), kind: Outside::Record });
                file.record(line, text);
            }
            wrapper => {
                file.around.push(Line { number, range: line.clone(), kind: Outside::Wrapper });
                file.wrapper(wrapper, line);
                wrappers.line(wrapper, text, &mut file.diagnostics);
            }
        }
        let messages = file.messages.len() + usize::from(open.is_some());
        if messages > MESSAGES_MAX || file.around.len() > AROUND_MAX {
            file.diagnostics.push(too_large());
            return file;
        }
    }
    if let Some(start) = open {
        file.messages.push(start..end_of_content(bytes));
    }
    file.end_of_record(bytes.len());
    file.end_of_batch();
    wrappers.end(&mut file);
    file
}

/// As [`split`], of a frame. A transaction storage is a file: in a frame a record that deletes would be read as one that says.
pub fn split_frame(bytes: &[u8]) -> File {
    let mut file = split(bytes);
    if !file.records.is_empty() {
        file.diagnostics.push(transactions::only_as_a_file());
    }
    file
}

fn too_large() -> Diagnostic {
    Diagnostic::error(
        "H007",
        "MSH",
        "ファイルが大きすぎます(16MiB、1万電文まで)。分けて送ってください。",
        "The file is too large (16 MiB, 10,000 messages); send it in parts.",
    )
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Message,
    FileHeader,
    BatchHeader,
    BatchTrailer,
    FileTrailer,
    Record,
    Other,
}

impl Kind {
    fn of(line: &[u8]) -> Kind {
        let punctuated = line.get(3).is_none_or(u8::is_ascii_punctuation);
        match line.get(..3) {
            Some(b"MSH") if line.get(3).is_some_and(u8::is_ascii_punctuation) => Kind::Message,
            Some(b"FHS") if punctuated => Kind::FileHeader,
            Some(b"BHS") if punctuated => Kind::BatchHeader,
            Some(b"BTS") if punctuated => Kind::BatchTrailer,
            Some(b"FTS") if punctuated => Kind::FileTrailer,
            Some(b"#SS") if line.starts_with(transactions::MARK) => Kind::Record,
            _ => Kind::Other,
        }
    }
}

/// The lines of the bytes, without their ends, and without what may stand before a segment: marks, blanks, framing.
fn lines(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(start..).filter(|rest| !rest.is_empty())?;
        let length = seek(rest, |byte| (byte == b'\r') | (byte == b'\n')).unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or_default();
        let marked = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        let blanks = marked.iter().position(|byte| !matches!(byte, b' ' | 0x0B | 0x1C | 0)).unwrap_or(marked.len());
        let from = start + line.len() - marked.len() + blanks;
        let range = from..start + length;
        start += length + 1;
        Some(range)
    })
}

/// Is it the nothing between the two bytes of a line end?
fn is_between(bytes: &[u8], line: &Range<usize>) -> bool {
    let before = line.start.checked_sub(1).and_then(|at| bytes.get(at));
    line.is_empty() && before == Some(&b'\r') && bytes.get(line.end) == Some(&b'\n')
}

/// Trailing framing bytes and blank lines belong to no message.
fn end_of_content(bytes: &[u8]) -> usize {
    let last =
        bytes.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n' | b' ' | 0x1C | 0x1A | 0)).map_or(0, |at| at + 1);
    (last + 1).min(bytes.len())
}

#[derive(Default)]
struct Wrappers {
    messages: u64,
    in_batch: u64,
    batches: u64,
    file_open: bool,
    batch_open: bool,
    seen: bool,
}

impl Wrappers {
    fn line(&mut self, kind: Kind, text: &[u8], diagnostics: &mut Vec<Diagnostic>) {
        self.seen = true;
        match kind {
            Kind::FileHeader => self.file_open = true,
            Kind::BatchHeader => {
                if self.batch_open {
                    diagnostics.push(no_trailer("BTS"));
                }
                self.batch_open = true;
                self.in_batch = self.messages;
                self.batches += 1;
            }
            Kind::BatchTrailer => {
                check_count(text, self.messages - self.in_batch, "BTS-1", diagnostics);
                self.batch_open = false;
            }
            Kind::FileTrailer => {
                check_count(text, self.batches, "FTS-1", diagnostics);
                self.file_open = false;
            }
            Kind::Message | Kind::Record | Kind::Other => {}
        }
    }

    fn end(&self, file: &mut File) {
        if self.batch_open {
            file.diagnostics.push(no_trailer("BTS"));
        }
        if self.file_open {
            file.diagnostics.push(no_trailer("FTS"));
        }
        if !self.seen && file.records.is_empty() && file.messages.len() > 1 {
            file.diagnostics.push(Diagnostic::warning(
                "H105",
                "MSH",
                "複数の電文が囲み(FHS/BHS)なしに続いています。1件ずつ読みました。",
                "Several messages follow each other without a batch wrapper; each was read.",
            ));
        }
        match file.around.iter().find(|line| line.kind == Outside::Nothing) {
            _ if file.messages.is_empty() && file.diagnostics.is_empty() => file.diagnostics.push(not_hl7()),
            Some(line) => file.diagnostics.push(Diagnostic::warning(
                "H105",
                format!("line {}", line.number),
                "電文に属さない行があります。電文としては読んでいません。",
                "A line that belongs to no message was not read as one.",
            )),
            None => {}
        }
    }
}

/// H001: nothing here begins like a message.
pub fn not_hl7() -> Diagnostic {
    Diagnostic::error(
        "H001",
        "MSH",
        "HL7 v2の電文ではありません(MSHで始まる行がありません)。",
        "Not an HL7 v2 message: no line begins with MSH.",
    )
}

fn no_trailer(segment: &'static str) -> Diagnostic {
    Diagnostic::error(
        "H004",
        segment,
        "バッチの終わりがありません。途中で切れたおそれがあります。全体を送り直してください。",
        "The trailer of the batch is missing, so it may be cut; send the whole batch again.",
    )
}

/// The count is the first field; empty is allowed.
fn check_count(line: &[u8], counted: u64, place: &'static str, diagnostics: &mut Vec<Diagnostic>) {
    let separator = line.get(3).copied().unwrap_or(b'|');
    let written = line.get(4..).unwrap_or_default().split(|&byte| byte == separator).next().unwrap_or_default();
    let written = std::str::from_utf8(written).unwrap_or("x").trim();
    if !written.is_empty() && written.parse::<u64>() != Ok(counted) {
        diagnostics.push(Diagnostic::error(
            "H006",
            place,
            "バッチの件数が実際の件数と合いません。全体を送り直してください。",
            "The count of the batch is not what the batch holds; send the whole batch again.",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(file: &File) -> Vec<&str> {
        file.diagnostics.iter().map(|d| &*d.code).collect()
    }

    fn pieces(bytes: &[u8]) -> (Vec<String>, Vec<String>) {
        let file = split(bytes);
        let text =
            |range: &Range<usize>| String::from_utf8_lossy(bytes.get(range.clone()).unwrap_or_default()).into_owned();
        (file.messages.iter().map(text).collect(), codes(&file).iter().map(|&code| code.to_owned()).collect())
    }

    #[test]
    fn framing_bytes_stored_with_a_message_are_no_part_of_it() {
        for bytes in [b"\x0BMSH|a\rPID|1\r\x1C\r".as_slice(), b"\xEF\xBB\xBFMSH|a\rPID|1\r\x1C", b"\r\n MSH|a\rPID|1\r"]
        {
            assert_eq!(pieces(bytes), (vec!["MSH|a\rPID|1\r".to_owned()], vec![]));
        }
    }

    #[test]
    fn messages_without_wrappers_are_split_with_a_warning() {
        let (messages, codes) = pieces(b"MSH|a\nPID|1\n\nMSH|b\r\nPID|2");
        assert_eq!(messages, ["MSH|a\nPID|1\n\n", "MSH|b\r\nPID|2"]);
        assert_eq!(codes, ["H105"]);
    }

    #[test]
    fn a_batch_is_unwrapped_and_its_counts_are_checked() {
        let batch = |bts: &str, fts: &str| format!("FHS|^~\\&\rBHS|^~\\&\rMSH|a\rMSH|b\r{bts}{fts}");
        let codes = |bts, fts| pieces(batch(bts, fts).as_bytes()).1;
        assert_eq!(pieces(batch("BTS|2\r", "FTS|1\r").as_bytes()).0, ["MSH|a\r", "MSH|b\r"]);
        assert!(codes("BTS|2\r", "FTS|1\r").is_empty());
        assert!(codes("BTS\r", "FTS|\r").is_empty());
        assert_eq!(codes("BTS|3\r", "FTS|1\r"), ["H006"]);
        assert_eq!(codes("BTS|2\r", "FTS|2\r"), ["H006"]);
        assert_eq!(codes("BTS|x\r", "FTS|1\r"), ["H006"]);
        assert_eq!(codes("BTS|2\r", ""), ["H004"], "the end is missing");
        assert_eq!(codes("", ""), ["H004", "H004"]);
    }

    #[test]
    fn a_line_that_belongs_to_no_message_is_told() {
        let (messages, codes) = pieces(b"// a comment\n\nMSH|a\nPID|1\nnot a segment\n");
        assert_eq!((messages.len(), codes), (1, vec!["H105".to_owned()]));
        for file in ["\nx\nMSH|a\n", "\r\nx\r\nMSH|a\r\n", "\rx\rMSH|a\r"] {
            let places: Vec<String> = split(file.as_bytes()).diagnostics.into_iter().map(|said| said.place).collect();
            assert_eq!(places, ["line 2"], "{file:?}");
        }
        assert_eq!(pieces(b"BHS|^~\\&\rMSH|a\rBTS|1\rlost\r").1, ["H105"]);
        assert!(pieces(b"BHS|^~\\&\rMSH|a\rBTS|1\r \r\x1C\r").1.is_empty());
    }

    #[test]
    fn what_is_no_message_is_named() {
        for bytes in [b"".as_slice(), b"\x1C\r", b"ab", b"MSH", b"MSHA", b"<xml/>"] {
            assert_eq!(pieces(bytes), (vec![], vec!["H001".to_owned()]));
        }
    }

    #[test]
    fn the_limits_of_size_and_count_hold() {
        let of = |count: usize| split("MSH|a\r".repeat(count).as_bytes());
        assert_eq!(of(MESSAGES_MAX).messages.len(), MESSAGES_MAX);
        assert!(codes(&of(MESSAGES_MAX + 1)).contains(&"H007"));
        let around = |count: usize| split(&[b"MSH|a\rBTS\r".as_slice(), &b"x\r".repeat(count)].concat());
        assert!(!codes(&around(AROUND_MAX - 1)).contains(&"H007"));
        assert!(codes(&around(AROUND_MAX)).contains(&"H007"));
        let mut bytes = b"MSH|a\r".to_vec();
        bytes.resize(MESSAGE_BYTES_MAX, b'x');
        assert!(codes(&split(&bytes)).is_empty());
        bytes.push(b'x');
        assert_eq!(codes(&split(&bytes)), ["H007"]);
    }
}

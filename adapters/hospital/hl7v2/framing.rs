//! Where a message begins and ends on an MLLP connection: a state machine fed by the edge (`formats/hospital.md` 2.3).
//!
//! It owns no socket and no clock. The edge pushes what it read and calls [`Framer::quiet`] when nothing came for
//! [`QUIET_MS`]. The frames are the same however the bytes are cut into reads.

use super::limits::{MESSAGE_BYTES_MAX, SKIPPED_BYTES_MAX, TOO_LARGE_HEAD_BYTES};
use musubi_core::adapter::Diagnostic;

/// Start of a block.
pub const VT: u8 = 0x0B;
/// End of a block, when a carriage return follows.
pub const FS: u8 = 0x1C;
const CR: u8 = 0x0D;
const LF: u8 = 0x0A;
/// Inside of the positive commit acknowledgement of MLLP release 2.
pub const ACK: u8 = 0x06;
/// Inside of the negative one.
pub const NAK: u8 = 0x15;

/// After so many milliseconds without a byte the edge calls [`Framer::quiet`].
pub const QUIET_MS: u64 = 500;
/// After so many seconds without a byte inside a frame the edge closes, without an acknowledgement.
pub const IDLE_SECONDS: u64 = 30;

/// The positive commit acknowledgement of MLLP release 2.
pub const COMMIT_ACK: [u8; 4] = [VT, ACK, FS, CR];
/// The negative commit acknowledgement of MLLP release 2.
pub const COMMIT_NAK: [u8; 4] = [VT, NAK, FS, CR];

/// How a sender departed from the framing and was read all the same. Counted per peer (S-19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deviation {
    /// Bytes outside a frame were passed over.
    BytesOutsideFrame,
    /// The carriage return after the end byte is missing.
    NoFinalReturn,
    /// The last segment does not end in a carriage return.
    NoReturnBeforeEnd,
    /// The start byte is missing and the profile allows that.
    NoStart,
    /// A block without content.
    EmptyFrame,
}

impl Deviation {
    /// H105, as the sender is told beside its answer.
    pub fn warning(self) -> Diagnostic {
        let (ja, en) = match self {
            Deviation::BytesOutsideFrame => (
                "枠(VT … FS CR)の外の文字を読み飛ばしました。",
                "Bytes outside the frame (VT … FS CR) were passed over.",
            ),
            Deviation::NoFinalReturn => {
                ("枠の終わりのCRがありません。", "The carriage return after the end byte is missing.")
            }
            Deviation::NoReturnBeforeEnd => {
                ("最後のセグメントがCRで終わっていません。", "The last segment does not end in a carriage return.")
            }
            Deviation::NoStart => ("枠の始まり(VT)がありません。", "The start byte (VT) is missing."),
            Deviation::EmptyFrame => ("空の枠がありました。", "A frame was empty."),
        };
        Diagnostic::warning("H105", "frame", ja, en)
    }
}

/// What the bytes meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A whole frame, without its framing bytes. Frames are answered in the order of these events.
    Frame(Vec<u8>),
    /// The peer's commit acknowledgement of release 2: `true` for `06`, `false` for `15`.
    Commit(bool),
    /// A departure that was read all the same: a warning and a count.
    Deviation(Deviation),
    /// So many bytes outside a frame were passed over before this point.
    Skipped(usize),
    /// A start byte inside a frame: the partial frame of so many bytes is discarded, an error to log.
    Restarted(usize),
    /// The frame is over the limit. Holds its beginning, enough to answer `AR`; then close. Nothing more is read.
    TooLarge(Vec<u8>),
    /// Data without a start byte from a peer that may not do that: warn and close. Nothing more is read.
    NotFramed,
    /// More than [`SKIPPED_BYTES_MAX`] bytes outside a frame: close. Nothing more is read.
    TooMuchOutside,
    /// The connection ended inside a frame of so many bytes: no acknowledgement.
    Cut(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Waiting for a start byte. `msh` letters of `MSH` at a line start were seen.
    Outside {
        msh: usize,
        line_start: bool,
    },
    Inside,
    /// The last byte inside was FS: does a CR follow?
    AfterFs,
    /// A frame was accepted at FS without its CR, which may still come.
    Settled,
    /// Nothing more is read.
    Closed,
}

const OUTSIDE: State = State::Outside { msh: 0, line_start: true };

/// Reads one connection's bytes.
#[derive(Debug)]
pub struct Framer {
    lenient: bool,
    limit: usize,
    state: State,
    buffer: Vec<u8>,
    skipped: usize,
}

impl Framer {
    /// For a peer; `lenient` as its profile's `lenient_framing`.
    pub fn new(lenient: bool) -> Self {
        Framer::with_limit(lenient, MESSAGE_BYTES_MAX)
    }

    /// With a limit below the hard one of 16 MiB (S-70).
    pub fn with_limit(lenient: bool, limit: usize) -> Self {
        let limit = limit.min(MESSAGE_BYTES_MAX);
        Framer { lenient, limit, state: OUTSIDE, buffer: Vec::new(), skipped: 0 }
    }

    /// Is a frame begun and not ended? Then the idle limit of [`IDLE_SECONDS`] runs.
    pub fn inside(&self) -> bool {
        matches!(self.state, State::Inside | State::AfterFs)
    }

    /// Was the reading given up? Then the edge closes.
    pub fn closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Reads what came.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        let mut rest = bytes;
        while let Some((&byte, tail)) = rest.split_first() {
            match self.state {
                State::Closed => break,
                State::Inside => rest = self.inside_run(rest, &mut events),
                State::AfterFs => rest = if self.after_fs(byte, &mut events) { tail } else { rest },
                State::Settled => {
                    self.state = OUTSIDE;
                    rest = if matches!(byte, CR | LF) { tail } else { rest };
                }
                State::Outside { msh, line_start } => {
                    self.outside(byte, msh, line_start, &mut events);
                    rest = tail;
                }
            }
        }
        events
    }

    /// Nothing came for [`QUIET_MS`]: an end byte without a carriage return ends a frame that is a whole message.
    pub fn quiet(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        if self.state == State::AfterFs && self.holds_message() {
            events.push(Event::Deviation(Deviation::NoFinalReturn));
            self.finish(&mut events);
            self.state = State::Settled;
        }
        events
    }

    /// The peer closed the connection.
    pub fn end(&mut self) -> Vec<Event> {
        let mut events = self.quiet();
        if self.inside() {
            events.push(Event::Cut(self.buffer.len()));
        }
        self.note_skipped(&mut events);
        self.state = State::Closed;
        self.buffer = Vec::new();
        events
    }

    fn outside(&mut self, byte: u8, msh: usize, line_start: bool, events: &mut Vec<Event>) {
        if byte == VT {
            self.note_skipped(events);
            self.state = State::Inside;
            return;
        }
        self.skipped += 1;
        let next = if msh > 0 || line_start { usize::from(b"MSH".get(msh) == Some(&byte)) * (msh + 1) } else { 0 };
        if next == 3 {
            self.skipped -= 3;
            self.note_skipped(events);
            if self.lenient {
                events.push(Event::Deviation(Deviation::NoStart));
                self.buffer.extend_from_slice(b"MSH");
                self.state = State::Inside;
            } else {
                events.push(Event::NotFramed);
                self.state = State::Closed;
            }
        } else if self.skipped > SKIPPED_BYTES_MAX {
            events.push(Event::TooMuchOutside);
            self.state = State::Closed;
        } else {
            self.state = State::Outside { msh: next, line_start: matches!(byte, CR | LF | b' ' | 0) };
        }
    }

    /// Takes what belongs to the frame up to the next framing byte; returns what is left.
    fn inside_run<'b>(&mut self, bytes: &'b [u8], events: &mut Vec<Event>) -> &'b [u8] {
        let end = bytes.iter().position(|&byte| byte == VT || byte == FS).unwrap_or(bytes.len());
        let (content, rest) = bytes.split_at(end);
        if self.buffer.len() + content.len() > self.limit {
            let room = TOO_LARGE_HEAD_BYTES.min(self.limit);
            let missing = room.saturating_sub(self.buffer.len()).min(content.len());
            self.buffer.extend_from_slice(content.get(..missing).unwrap_or_default());
            self.buffer.truncate(room);
            events.push(Event::TooLarge(std::mem::take(&mut self.buffer)));
            self.state = State::Closed;
            return &[];
        }
        self.buffer.extend_from_slice(content);
        match rest.split_first() {
            Some((&FS, tail)) => {
                self.state = State::AfterFs;
                tail
            }
            Some((_, tail)) => {
                events.push(Event::Restarted(self.buffer.len()));
                self.buffer.clear();
                tail
            }
            None => rest,
        }
    }

    /// The byte after FS. Returns whether it is used up.
    fn after_fs(&mut self, byte: u8, events: &mut Vec<Event>) -> bool {
        match byte {
            CR => {
                self.finish(events);
                self.state = OUTSIDE;
                true
            }
            LF | VT if self.holds_message() => {
                events.push(Event::Deviation(Deviation::NoFinalReturn));
                self.finish(events);
                self.state = OUTSIDE;
                byte == LF
            }
            _ => {
                self.buffer.push(FS);
                self.state = State::Inside;
                false
            }
        }
    }

    fn finish(&mut self, events: &mut Vec<Event>) {
        let frame = std::mem::take(&mut self.buffer);
        match frame.as_slice() {
            [] => events.push(Event::Deviation(Deviation::EmptyFrame)),
            [ACK] => events.push(Event::Commit(true)),
            [NAK] => events.push(Event::Commit(false)),
            [.., last] => {
                if !matches!(*last, CR | LF) {
                    events.push(Event::Deviation(Deviation::NoReturnBeforeEnd));
                }
                events.push(Event::Frame(frame));
            }
        }
    }

    fn note_skipped(&mut self, events: &mut Vec<Event>) {
        if self.skipped > 0 {
            events.push(Event::Deviation(Deviation::BytesOutsideFrame));
            events.push(Event::Skipped(std::mem::take(&mut self.skipped)));
        }
    }

    /// A message begins in the buffer: enough to call the bytes before a lone FS complete.
    fn holds_message(&self) -> bool {
        let start = self.buffer.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&self.buffer);
        start.trim_ascii_start().starts_with(b"MSH")
    }
}

/// One message as a block.
pub fn wrap(message: &[u8]) -> Vec<u8> {
    let mut block = Vec::with_capacity(message.len() + 3);
    block.push(VT);
    block.extend_from_slice(message);
    block.extend_from_slice(&[FS, CR]);
    block
}

#[cfg(test)]
#[path = "framing_tests.rs"]
mod tests;

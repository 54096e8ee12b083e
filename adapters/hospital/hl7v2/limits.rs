//! Limits of this format (S-70), each with a test on both sides of it.

/// A message, frame or file: the hard ceiling of S-70.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes between two frames: keep-alives, not data.
pub const SKIPPED_BYTES_MAX: usize = 64 * 1024;

/// What is kept of a frame over the limit, so that its header can be answered.
pub const TOO_LARGE_HEAD_BYTES: usize = 64 * 1024;

/// Segments of one message: 16 MiB of empty lines would cost gigabytes of answers otherwise.
pub const SEGMENTS_MAX: usize = 50_000;

/// Fields of one message: each is accounted for by name.
pub const FIELDS_MAX: usize = 500_000;

/// Messages of one file: each is answered.
pub const MESSAGES_MAX: usize = 10_000;

/// Lines of one file outside its messages: each is accounted for.
pub const AROUND_MAX: usize = 50_000;

/// Characters of a message control id (MSH-10).
pub const CONTROL_ID_CHARS_MAX: usize = 20;

/// Diagnostics told in one answer; the rest is counted by the code of the answer alone.
pub const ERRORS_ANSWERED_MAX: usize = 50;

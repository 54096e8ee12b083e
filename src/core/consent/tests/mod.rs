#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod codes;
mod worked;

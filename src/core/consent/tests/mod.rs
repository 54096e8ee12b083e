#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod bits;
mod codes;
mod people;
mod view;
mod worked;

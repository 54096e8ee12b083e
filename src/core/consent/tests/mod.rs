#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod bits;
mod check;
mod codes;
mod explain;
mod grantors;
mod people;
mod policy;
mod properties;
mod view;
mod worked;

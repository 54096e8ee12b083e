#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod attacker;
mod counting;
mod withholding;

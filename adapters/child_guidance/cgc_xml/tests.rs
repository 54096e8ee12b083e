#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod fixture;
mod queries;
mod registrations;
mod responses;

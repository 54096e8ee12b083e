//! Random worlds for property tests, here and in the crates that write what was released.
//!
//! Never part of a program: the entries of a world are bare.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod hidden;
mod on_file;
mod world;

pub use world::{
    PEOPLE, POLICY, World, agency, author, in_hundred, message, moment, now, one, past, person, sometimes, worlds,
};

//! What must be true of every release, held against random records and facts.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod gathering;
mod interference;
mod monotony;
mod oracle;
mod outgoing;
mod travel;

use super::*;
use oracle::{facts_of, told};
use prost::Message as _;

fn bytes(released: &Released) -> Vec<u8> {
    released.record().encode_to_vec()
}

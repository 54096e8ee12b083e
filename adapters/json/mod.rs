//! JSON, read with suspicion: the one reader of every format that is sent as JSON.
//!
//! A reader of our own, because a number must keep its decimal text (8.50 is not 8.5) and a member that stands twice must
//! refuse the document; the library can do neither without changing every other number of the program. What could
//! exhaust the reader is counted (`security.md` S-70).

mod fates;
mod grow;
mod reader;

mod tree;

#[cfg(test)]
mod tests;

pub use fates::Fate;
pub use grow::{Growing, Leaf, Mark};
pub use reader::{Fault, Limits, Refusal, read};
pub use tree::{Node, Style, Tree};

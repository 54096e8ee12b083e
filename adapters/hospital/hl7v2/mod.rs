//! HL7 v2.5 as Japanese hospitals send it (JAHIS, SS-MIX2).

pub mod ack;
pub mod charset;
pub mod escape;
pub mod file;
pub mod framing;
pub mod header;
pub mod limits;
pub mod message;
pub mod times;
pub mod types;

pub use header::{Header, header, live_checks};

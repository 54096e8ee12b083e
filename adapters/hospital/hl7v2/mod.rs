//! HL7 v2.5 as Japanese hospitals send it (JAHIS, SS-MIX2): MLLP framing, character sets, messages, acknowledgements.
//!
//! The field table is in this folder's `README.md`. Nothing here knows a socket, a clock or the store.

pub mod ack;
mod allergies;
pub mod around;
pub mod batch;
pub mod charset;
mod confidentiality;
mod control_id;
mod decode;
mod encode;
pub mod escape;
mod event;
pub mod file;
pub mod framing;
pub mod header;
pub mod limits;
pub mod message;
mod newborn;
mod observation;
mod order;
mod person;
mod pregnancy;
mod problems;
mod procedures;
mod reader;
mod recognise;
mod referral;
mod results;
mod scan;
mod screening;
pub mod ssmix2;
mod stay;
pub mod times;
pub mod transactions;
pub mod types;

pub use header::{Header, header, live_checks};

use musubi_core::adapter::{Adapter, Decoded, Direction, EncodeError, Profile, Text};
use musubi_core::release::Released;

/// HL7 v2.5, read and written. The messages are listed in the `README.md`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hl7v2;

impl Adapter for Hl7v2 {
    fn name(&self) -> &'static str {
        "hl7v2"
    }

    fn title(&self) -> Text {
        Text::new("HL7 v2.5(SS-MIX2を含む)", "HL7 v2.5, SS-MIX2 included")
    }

    fn direction(&self) -> Direction {
        Direction::Both
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        const LOOKED_AT: usize = 4096;
        let head = bytes.get(..LOOKED_AT).unwrap_or(bytes);
        let start = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
        let first =
            start.iter().position(|byte| !matches!(byte, b' ' | b'\r' | b'\n' | 0x0B | 0)).unwrap_or(start.len());
        let start = start.get(first..).unwrap_or_default();
        let named = [b"MSH", b"FHS", b"BHS"].iter().any(|name| start.starts_with(*name));
        let message = named && start.get(3).is_some_and(u8::is_ascii_punctuation);
        message || start.starts_with(transactions::MARK)
    }

    fn decode(&self, bytes: &[u8], profile: &Profile) -> Decoded {
        decode::decode(bytes, profile)
    }

    fn encode(&self, released: &Released, profile: &Profile) -> Result<Vec<u8>, EncodeError> {
        encode::encode(released, profile)
    }
}

#[cfg(test)]
mod tests;

//! HP01: the discharge sheet of a hospital that only has files (退院連絡票).
//!
//! SS-MIX2 carries neither weight nor weeks nor the link to the child; this sheet does. One row is one discharge of a
//! mother with the children of that birth, none to many, and one submission. Its keys are those of the hospital's v2
//! messages, so that a row completes what a message told of the same stay.

mod birth;
mod cells;
mod children;
mod columns;
mod decode;
mod epds;

#[cfg(test)]
mod tests;

use crate::table;
use musubi_core::adapter::{Adapter, Decoded, Direction, Profile, Text};

pub(crate) use decode::Discharges;

/// The layout HP01, read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hp01;

impl Hp01 {
    /// Reads a file with its sidecar, the JSON that holds row count and hash.
    pub fn decode_with_sidecar(&self, bytes: &[u8], sidecar: &[u8], profile: &Profile) -> Decoded {
        table::decode(&Discharges, bytes, Some(sidecar), profile)
    }
}

impl Adapter for Hp01 {
    fn name(&self) -> &'static str {
        columns::NAME
    }

    fn title(&self) -> Text {
        Text::new("退院連絡票 (HP01, CSV)", "Discharge sheet of a hospital (HP01, CSV)")
    }

    fn direction(&self) -> Direction {
        Direction::In
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        table::recognises(&columns::LAYOUT, bytes)
    }

    fn decode(&self, bytes: &[u8], profile: &Profile) -> Decoded {
        table::decode(&Discharges, bytes, None, profile)
    }

    fn template(&self) -> Option<Vec<u8>> {
        Some(table::csv_template(&columns::LAYOUT))
    }
}

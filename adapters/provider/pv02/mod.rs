//! PV02: reports of the postnatal care that was delivered (産後ケア 実施報告).
//!
//! One row is one use of care by one mother and one submission. The mother is named by the number of her approval, which
//! the municipality gave; this adapter reads what the provider says, and whether it may be taken is for
//! [`musubi_core::postnatal::check`], which needs the approval and the earlier uses.

mod columns;
mod decode;
mod epds;

#[cfg(test)]
mod tests;

pub(crate) use decode::Reports;

use crate::table;
use musubi_core::adapter::{Adapter, Decoded, Direction, Profile, Text};

/// The layout PV02, read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pv02;

impl Pv02 {
    /// Reads a file with its sidecar, the JSON that holds row count and hash.
    pub fn decode_with_sidecar(&self, bytes: &[u8], sidecar: &[u8], profile: &Profile) -> Decoded {
        table::decode(&decode::Reports, bytes, Some(sidecar), profile)
    }
}

impl Adapter for Pv02 {
    fn name(&self) -> &'static str {
        "pv02"
    }

    fn title(&self) -> Text {
        Text::new("産後ケア 実施報告 (PV02, CSV)", "Reports of postnatal care (PV02, CSV)")
    }

    fn direction(&self) -> Direction {
        Direction::In
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        table::recognises(&columns::LAYOUT, bytes)
    }

    fn decode(&self, bytes: &[u8], profile: &Profile) -> Decoded {
        table::decode(&decode::Reports, bytes, None, profile)
    }
    fn template(&self) -> Option<Vec<u8>> {
        Some(table::csv_template(&columns::LAYOUT))
    }
}

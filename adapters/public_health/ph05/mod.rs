//! PH05: visits to newborns and to every home with an infant (新生児訪問・乳児家庭全戸訪問).
//!
//! One row is one visit to one child and one submission: who the child is, the visit, and the mother where the row
//! names her. Whether two unanswered visits mean something is not decided here.

mod decode;

#[cfg(test)]
mod tests;

pub(crate) use decode::Visits;

use crate::table;
use musubi_core::adapter::{Adapter, Decoded, Direction, Profile, Text};

/// The layout PH05, read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ph05;

impl Ph05 {
    /// Reads a file with its sidecar, the JSON that holds row count and hash.
    pub fn decode_with_sidecar(&self, bytes: &[u8], sidecar: &[u8], profile: &Profile) -> Decoded {
        table::decode(&decode::Visits, bytes, Some(sidecar), profile)
    }
}

impl Adapter for Ph05 {
    fn name(&self) -> &'static str {
        "ph05"
    }

    fn title(&self) -> Text {
        Text::new("新生児訪問・乳児家庭全戸訪問 (PH05, CSV)", "Visits to newborns and infants' homes (PH05, CSV)")
    }

    fn direction(&self) -> Direction {
        Direction::In
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        table::recognises(&decode::LAYOUT, bytes)
    }

    fn decode(&self, bytes: &[u8], profile: &Profile) -> Decoded {
        table::decode(&decode::Visits, bytes, None, profile)
    }
    fn template(&self) -> Option<Vec<u8>> {
        Some(table::csv_template(&decode::LAYOUT))
    }
}

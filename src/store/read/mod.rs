//! What is read from the store, one file for each topic.

mod agencies;
mod audit;
mod deliveries;
mod facts;
mod messages;
mod persons;
mod work;

use super::*;
use musubi_core::agency::AgencyId;
use musubi_core::audit::{LeafHash, LogVerifier, SaltedEntry};
use musubi_core::id::*;
use musubi_core::sealing::{Blind, DoesNotOpen};
use musubi_core::time::Time;

/// Opens the sealed entry of a leaf; `Ok(None)` when its keys were destroyed.
pub type OpenLeaf<'a> = dyn Fn(&LeafRow) -> Result<Option<SaltedEntry>, DoesNotOpen> + Send + Sync + 'a;

/// What the verification of a log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How many leaves were looked at.
    pub leaves: u64,
    /// How many of them could be opened.
    pub opened: u64,
    /// How many checkpoints were compared.
    pub checkpoints: u64,
    /// The first fault; `None` when the log is what was written.
    pub fault: Option<Fault>,
}

//! Everything reviewed that a hub decides by, read together: the policy, the codes that raise categories, and how long something is
//! kept.

use crate::consent::explain::{Change, diff};
use crate::consent::{Policy, PolicyFault, RaisedCodes};
use crate::retention::{Schedule, ScheduleFault};

/// What is reviewed.
#[derive(Clone, Debug)]
pub struct Reviewed {
    /// Matrix, grounds and masks.
    pub policy: Policy,
    /// Codes that raise categories.
    pub codes: RaisedCodes,
    /// How long something is kept.
    pub schedule: Schedule,
}

/// Why a folder of reviewed files was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReviewedFault {
    /// The policy, or the codes.
    #[error("{0}")]
    Policy(#[from] PolicyFault),
    /// The schedule.
    #[error("{0}")]
    Schedule(#[from] ScheduleFault),
}

impl Reviewed {
    /// The files that a folder holds. The last may be missing: then the schedule is that of the program.
    pub const FILES: [&str; 5] = ["matrix.toml", "grounds.toml", "masks.toml", "codes.toml", "retention.toml"];

    /// What this program was built with.
    pub fn shipped() -> Self {
        Reviewed { policy: Policy::reviewed(), codes: RaisedCodes::reviewed(), schedule: Schedule::reviewed() }
    }

    /// Reads and checks the texts of [`Reviewed::FILES`].
    ///
    /// # Errors
    /// The first fault, with its file and place.
    pub fn load([matrix, grounds, masks, codes]: [&str; 4], retention: Option<&str>) -> Result<Self, ReviewedFault> {
        Ok(Reviewed {
            policy: Policy::load(matrix, grounds, masks)?,
            codes: RaisedCodes::load(codes)?,
            schedule: retention.map_or_else(|| Ok(Schedule::reviewed()), Schedule::load)?,
        })
    }

    /// Does it show the same to everybody, to the letter of its files?
    pub fn shows_the_same(&self, new: &Self) -> bool {
        self.policy.hash() == new.policy.hash() && self.codes.hash() == new.codes.hash()
    }

    /// Every difference that can change what somebody is shown: those that open need two signatures (`security.md` S-43).
    pub fn shown_otherwise(&self, new: &Self) -> Vec<Change> {
        let mut changes = diff(&self.policy, &new.policy);
        changes.extend(self.codes.diff(&new.codes));
        changes
    }

    /// Every difference, also in how long something is kept.
    pub fn diff(&self, new: &Self) -> Vec<Change> {
        let mut changes = self.shown_otherwise(new);
        changes.extend(self.schedule.diff(&new.schedule));
        changes
    }
}

//! Who may see what, for which purpose, on what basis: the decision of `consent.md`.
//!
//! [`Policy`] holds the three reviewed data files, [`DecisionFacts`] what has been established about one category of one
//! item, [`decide`] the answer, tier by tier; [`bits`] computes the same with machine words. [`records`] are the facts on file
//! (consents, grounds, shields …); [`view`] turns them into the facts of a decision and gathers the answers; [`Listing`] turns them
//! into words, for many items at once.

pub mod bits;
mod check;
mod codes;
mod defective;
pub mod explain;
mod facts;
mod fingerprint;
mod gather;
mod grantor;
mod listing;
mod policy;
mod policy_files;
pub mod records;
pub mod scan;
mod scene;
mod tiers;
mod view;
pub mod weighing;
pub mod widening;
mod will;
mod words;
pub mod worked;

pub use check::RecordFault;
pub use codes::RaisedCodes;
pub use defective::unverified;
pub use facts::{DecisionFacts, FactsFault};
pub use grantor::{Access, Capacity, Custody, Standing, access};
pub use listing::{Listing, Visible};
pub use policy::{Adjustment, GroundEntry, Policy, PolicyFault, StatuteVersion};
pub use tiers::decide;
pub use view::{Facts, Item, Request, SubjectFacts, View, role_may_use, view};
pub use words::{Cell, Condition, Decision, Evidence, GroundCode, Label, Nature, Originator, Outcome, Rule, Seen};

#[cfg(test)]
mod tests;

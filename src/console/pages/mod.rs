//! The pages, one file for each.

pub(super) mod assets;
pub(super) mod chart;
pub(super) mod family;
pub(super) mod find;
pub(super) mod roster;
pub(super) mod sign_in;
pub(super) mod today;

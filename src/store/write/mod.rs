//! How changes are written: judged together on one reading of the state, planned table by table, numbered in their logs.

pub(super) mod logs;
pub(super) mod model;
mod plan;
pub(super) mod session;
pub(super) mod solitary;
mod turns;
pub(super) mod writer;

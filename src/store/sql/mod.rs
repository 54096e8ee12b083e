//! What every statement needs, whatever database it goes to: values, connections, rows that are read, what a failure means.

pub(super) mod columns;
pub(super) mod connection;
pub(super) mod failure;
pub(super) mod readers;
pub(super) mod steps;
pub(super) mod table;
pub(super) mod value;

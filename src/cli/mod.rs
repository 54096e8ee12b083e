//! The command line: one file for each command.

pub mod ca;
pub mod config;

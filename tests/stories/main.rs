//! Stories through the public door, in one binary.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod city;
mod client_cli;
mod mllp;
mod serve_binary;
mod serve_commands;
mod serve_folder;
mod serve_https;
mod serve_mllp;
mod tls_zoo;
mod world;

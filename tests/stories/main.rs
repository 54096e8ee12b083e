//! Stories through the public door, in one binary.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../support/postgres.rs"]
mod postgres;

mod access;
mod agencies;
mod ages;
mod browser;
mod canary;
mod city;
mod client_cli;
mod clocks;
mod closing;
mod connect;
mod consent;
mod console;
mod console_work;
mod demo;
mod emergency;
mod ended;
mod explain;
mod faults;
mod grantors;
mod guidance;
mod hidden;
mod histories;
mod hospital;
mod interference;
mod kills;
mod listening;
mod load;
mod mllp;
mod pressure;
mod proof;
mod provider;
mod quotas;
mod referrals_v2;
mod serve_binary;
mod serve_commands;
mod serve_fhir;
mod serve_folder;
mod serve_https;
mod serve_mllp;
mod serve_mllp_out;
mod serve_post;
mod server_backup;
mod server_faults;
mod several_hubs;
mod site;
mod steps;
mod store_commands;
mod sweep;
mod tls_zoo;
mod visits;
mod weighing;
mod world;

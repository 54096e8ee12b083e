//! The hub: what stands around the rules. Edges, store, delivery, audit, console and command line.

pub mod agency_client;
pub mod ca;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connect;
pub mod console;
pub mod delivery;
pub mod demo;
pub mod digits;
pub mod edge;
pub mod entropy;
pub mod hub;
pub mod load;
pub mod orders;
pub mod sample_city;
pub mod serve;
pub mod store;

//! MLLP over TLS: frames in, answers out, in order (S-19, `formats/hospital.md` 2.3). What a frame means is the
//! handler's affair.

mod client;
mod server;

pub use client::{MllpClient, MllpError};
pub use server::{Conversation, Ending, LARGE_BYTES, MllpHandler, Received, converse, serve_mllp};

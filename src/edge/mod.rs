//! The edge: who speaks (certificate) and where bytes end (framing). Nothing here reads a format or decides anything.

pub mod dropped;
pub mod grpc;
pub mod https;
pub mod mllp;
pub mod mllp_io;
pub mod peer;
pub mod quota;
pub mod tls;

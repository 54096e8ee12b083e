//! TLS on every listener, with a client certificate wherever a machine calls (S-01 to S-09, S-19).
//!
//! An accept loop of our own stands in front of the routers: the certificates and the revocation list change while
//! it runs, a revoked peer is cut off in mid-connection, and handlers get a [`Peer`](super::peer::Peer) that only
//! this module makes.

mod client;
mod connections;
mod http;
mod material;
mod server;
mod taking;
mod verify;

pub use client::{ClientFiles, ClientTls, ConnectError};
pub use connections::{Connection, Connections, Held};
pub(crate) use http::accept_loop;
pub use http::serve_http;
pub use material::TlsError;
pub use server::{Audience, ServerFiles, ServerLimits, ServerTls};
pub(crate) use taking::Written;
pub use verify::Refusal;

use rustls::SupportedProtocolVersion;
use rustls::crypto::CryptoProvider;
use rustls::version::{TLS12, TLS13};
use std::sync::Arc;

/// Installs the one crypto provider for the process, so that a crate which asks for the default gets no other. Call
/// it first in `main` and in every test that opens a connection.
pub fn install_crypto() {
    // A second call finds the first one's provider in place, which is the same.
    rustls::crypto::ring::default_provider().install_default().ok();
}

/// The suites in use: those of TLS 1.3, and of TLS 1.2 ECDHE with AEAD, which is all that ring offers.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

static TLS13_ALONE: [&SupportedProtocolVersion; 1] = [&TLS13];
static TLS13_AND_12: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];

fn versions(tls12: bool) -> &'static [&'static SupportedProtocolVersion] {
    if tls12 { &TLS13_AND_12 } else { &TLS13_ALONE }
}

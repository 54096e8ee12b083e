//! Health: plain HTTP on loopback, without any data (S-01, S-08).

use crate::clock::Clock;
use crate::edge::tls::ServerTls;
use crate::hub::Hub;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[derive(Clone)]
struct Looked {
    hub: Hub,
    tls: [Arc<ServerTls>; 2],
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
}

/// Serves `/healthz`, which says that the process runs, and `/readyz`, which says whether it takes calls.
pub(super) async fn serve(
    listener: TcpListener,
    hub: Hub,
    tls: [Arc<ServerTls>; 2],
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let looked = Looked { hub, tls, clock, stop: stop.clone() };
    let router =
        Router::new().route("/healthz", get(|| async { "ok\n" })).route("/readyz", get(ready)).with_state(looked);
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await {
        tracing::error!(kind = %error.kind(), "health is not served");
    }
}

/// Not ready: it is stopping, its disk failed, a log does not verify or is not the one that a witness signed, or the revocation lists
/// have run out.
async fn ready(State(looked): State<Looked>) -> (StatusCode, &'static str) {
    let now = looked.clock.now();
    let stale = looked.tls.iter().any(|tls| tls.trusted_until().is_some_and(|until| until <= now));
    if !looked.hub.is_current() {
        return (StatusCode::SERVICE_UNAVAILABLE, "another hub decides by a newer policy\n");
    }
    if looked.hub.store.is_stopped() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the disk failed; start the hub anew\n");
    }
    match (looked.stop.is_cancelled(), looked.hub.store.fault().is_none(), stale) {
        (true, _, _) => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
        (_, false, _) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "a log is not what was written; the hub takes and releases nothing: see docs/witness.md\n",
        ),
        (_, _, true) => (StatusCode::SERVICE_UNAVAILABLE, "the revocation list has run out\n"),
        (false, true, false) => (StatusCode::OK, "ready\n"),
    }
}

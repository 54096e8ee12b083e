//! HTTP over our TLS: gRPC and HTTPS of agencies, the console of browsers.

use super::connections::Held;
use super::server::{Audience, ServerLimits, ServerTls};
use super::taking::{Taking, Written};
use crate::edge::peer::Peer;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// Streams at once in one HTTP/2 connection (S-81).
const STREAMS_MAX: u32 = 64;
/// Bytes of a request's headers (S-81).
const HEADERS_MAX: u32 = 16 * 1024;
/// Streams that a peer may reset before they were accepted (rapid reset, S-81).
const RESETS_MAX: usize = 20;
/// Time for the headers of an HTTP/1.1 request, and for the answer to an HTTP/2 ping.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// Rest after the system refused to accept: it is out of descriptors or memory.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// Serves a router until told to stop, then lets open requests finish for as long as the listener's limits say.
///
/// A request from an agency carries `Arc<Peer>` in its extensions, and every request `ConnectInfo<SocketAddr>`.
pub async fn serve_http(listener: TcpListener, tls: Arc<ServerTls>, router: Router, stop: CancellationToken) {
    let tasks = TaskTracker::new();
    let finish_max = tls.limits().finish_max;
    accept_loop(listener, tls.limits().connections_max, &tasks, &stop, |tcp, remote| {
        one_connection(tcp, remote, Arc::clone(&tls), router.clone(), stop.clone())
    })
    .await;
    tasks.close();
    if tokio::time::timeout(finish_max, tasks.wait()).await.is_err() {
        tracing::warn!("requests were still open at shutdown and were cut");
    }
}

/// Accepts connections, so many at once, each handled in a task of its own, until told to stop.
pub(crate) async fn accept_loop<F, Handling>(
    listener: TcpListener,
    connections_max: usize,
    tasks: &TaskTracker,
    stop: &CancellationToken,
    handle: F,
) where
    F: Fn(TcpStream, SocketAddr) -> Handling,
    Handling: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(connections_max));
    loop {
        let place = stop.run_until_cancelled(Arc::clone(&places).acquire_owned()).await;
        let Some(Ok(place)) = place else { return };
        match stop.run_until_cancelled(listener.accept()).await {
            None => return,
            Some(Ok((tcp, remote))) => {
                let handling = handle(tcp, remote);
                tasks.spawn(async move {
                    handling.await;
                    drop(place);
                });
            }
            Some(Err(error)) => {
                tracing::error!(kind = %error.kind(), "cannot accept a connection");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

async fn one_connection(
    tcp: TcpStream,
    remote: SocketAddr,
    tls: Arc<ServerTls>,
    router: Router,
    stop: CancellationToken,
) {
    let limits = tls.limits().clone();
    if tls.audience() == Audience::Browsers {
        let Ok(stream) = tls.accept_browser(tcp, remote).await else { return };
        let end = End { cut: CancellationToken::new(), age_max: limits.age_max, stop, limits };
        return requests(stream, remote, None, router, end).await;
    }
    let Ok(connection) = tls.accept_tls(tcp, remote).await else { return };
    let (stream, peer, held) = connection.split();
    let Held { cut, age_max, .. } = &held;
    let end = End { cut: cut.clone(), age_max: *age_max, stop, limits };
    requests(stream, remote, Some(peer), router, end).await;
    drop(held);
}

/// What ends a connection.
struct End {
    cut: CancellationToken,
    age_max: Duration,
    stop: CancellationToken,
    limits: ServerLimits,
}

async fn requests(stream: TlsStream<TcpStream>, remote: SocketAddr, peer: Option<Arc<Peer>>, router: Router, end: End) {
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let taking = Taking::new(end.limits.slow_max);
    let answers = Arc::clone(&taking);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(remote));
        if let Some(peer) = &peer {
            request.extensions_mut().insert(Arc::clone(peer));
        }
        let (router, answers) = (router.clone(), Arc::clone(&answers));
        async move { router.oneshot(request).await.map(|answer| answer.map(|body| answers.watched(body))) }
    });
    let builder = builder(http2);
    let mut serving = pin!(builder.serve_connection(TokioIo::new(Written::new(stream, end.limits.slow_max)), service));
    tokio::select! {
        // An error here is the peer's manner of leaving; what it asked for is logged by the handlers.
        _ = serving.as_mut() => return,
        () = end.cut.cancelled() => return,
        () = taking.too_slow() => return tracing::warn!(%remote, "answers are not taken: cut"),
        () = tokio::time::sleep(end.age_max) => {}
        () = end.stop.cancelled() => {}
    }
    serving.as_mut().graceful_shutdown();
    tokio::select! {
        _ = serving => {}
        () = end.cut.cancelled() => {}
        () = taking.too_slow() => {}
        () = tokio::time::sleep(end.limits.finish_max) => {}
    }
}

/// The protocol is the one that TLS negotiated, so that nobody waits for a first byte to guess it.
fn builder(http2: bool) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(SILENCE_MAX)
        .max_buf_size(HEADERS_MAX as usize)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADERS_MAX)
        .max_pending_accept_reset_streams(RESETS_MAX)
        .keep_alive_interval(SILENCE_MAX)
        .keep_alive_timeout(SILENCE_MAX);
    if http2 { builder.http2_only() } else { builder.http1_only() }
}

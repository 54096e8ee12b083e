//! HTTPS POST to an agency that listens: over TLS with certificates on both sides, to the one server and agency that the
//! subscription names, no redirect followed, no proxy (S-05).

use crate::edge::tls::ClientTls;
use crate::hub::answer::{Answer, of_http};
use crate::hub::register::Address;
use axum::http::{Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use musubi_core::agency::AgencyId;
use musubi_core::release::Outgoing;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Time for the destination to answer one message.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Of an answer nothing but its status is looked at; it is read this far so that its sender may finish.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A connection on which nothing has left yet, and the request that is to.
pub(super) struct Post {
    stream: TlsStream<TcpStream>,
    request: Request<Full<Bytes>>,
}

/// Connects to hand over one rendering. The header names the delivery, so that the destination knows one that comes again.
pub(super) async fn connect(
    tls: &ClientTls,
    to: &Address,
    agency: &AgencyId,
    name: &str,
    rendering: &Outgoing,
) -> Result<Post, Answer> {
    let request = request(to, name, rendering).ok_or(Answer::Rejected("address"))?;
    match tls.connect_as(&to.address, &["http/1.1"]).await {
        Ok(stream) => Ok(Post { stream, request }),
        Err(error) => {
            tracing::warn!(%agency, %error, "no connection to a destination");
            Err(Answer::Transient("unreachable"))
        }
    }
}

/// Hands it over.
pub(super) async fn send(post: Post) -> Answer {
    let Ok((mut sender, connection)) = hyper::client::conn::http1::handshake(TokioIo::new(post.stream)).await else {
        return Answer::Transient("unreachable");
    };
    let speaking = tokio::spawn(connection);
    let answered = tokio::time::timeout(ANSWER_MAX, async {
        let answer = sender.send_request(post.request).await.ok()?;
        let class = of_http(answer.status());
        drop(Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await);
        Some(class)
    });
    let class = answered.await;
    speaking.abort();
    match class {
        Ok(Some(class)) => class,
        Ok(None) => Answer::Ambiguous("cut-off"),
        Err(_) => Answer::Ambiguous("silence"),
    }
}

fn request(to: &Address, name: &str, rendering: &Outgoing) -> Option<Request<Full<Bytes>>> {
    Request::post(to.path.as_str())
        .header(header::HOST, to.address.as_str())
        .header(header::CONTENT_TYPE, media_type(rendering.format()))
        .header("idempotency-key", name)
        .header("musubi-format", rendering.format())
        .body(Full::new(Bytes::copy_from_slice(rendering.bytes())))
        .ok()
}

fn media_type(format: &str) -> &'static str {
    match format.rsplit_once('-').map_or(format, |(_, ending)| ending) {
        "json" => "application/fhir+json",
        "xml" => "application/xml",
        "html" => "text/html; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        _ => "application/octet-stream",
    }
}

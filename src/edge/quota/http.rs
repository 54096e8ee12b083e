//! The quotas of agencies over HTTP: what is asked for, how fast it comes, and how much is open at once.

use super::{BY_CONTENT, FILES, Lane, Open, Quotas, too_many};
use crate::edge::https;
use crate::edge::peer::Peer;
use crate::hub::{Refusal, RefusalKind};
use axum::BoxError;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use musubi_core::adapter::Decoded;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// Least speed of a body in the long run, in bytes a second: slower than any line that an office has.
pub(crate) const BYTES_PER_SECOND: usize = 4 * 1024;
/// Calls whose messages come when there is something to say, not at a speed.
const STREAMS: [&str; 2] =
    ["/musubi.v1.Intake/SubmitStream", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"];

/// Put by a handler on an answer to a question that showed nothing: such answers are counted (S-64, S-80).
#[derive(Clone, Copy, Debug)]
pub(crate) struct NothingShown;

/// Put on a file for which there was no room: it is taken only if it raises a concern, which stands behind nothing else (S-80).
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnlyConcerns;

impl OnlyConcerns {
    /// Is this what was let in for it?
    ///
    /// # Errors
    /// When it raises none: there is no room.
    pub(crate) fn holds(only: Option<OnlyConcerns>, decoded: &Decoded) -> Result<(), Refusal> {
        if only.is_none() || decoded.raises_concern() {
            return Ok(());
        }
        Err(Refusal::new(RefusalKind::TooMany, https::asks_too_much()))
    }
}

/// Why a body is not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Cut {
    /// It came more slowly than it must (S-82).
    #[error("the body comes too slowly")]
    TooSlow,
    /// Too much of its agency's lies in memory (S-80).
    #[error("too much of this agency is under way")]
    TooMuch,
}

/// The status of a body that was cut: for a reason of ours, or because its sender left.
pub(crate) fn why_cut(error: &axum::Error) -> StatusCode {
    let mut causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    match causes.find_map(|cause| cause.downcast_ref()) {
        Some(Cut::TooSlow) => StatusCode::REQUEST_TIMEOUT,
        Some(Cut::TooMuch) => StatusCode::TOO_MANY_REQUESTS,
        None => StatusCode::BAD_REQUEST,
    }
}

/// Lets a request in, or answers that there are too many. Its body is read as fast as its agency may send and must come as
/// fast as a body must; it counts as open until its answer was taken.
pub async fn quota(State(quotas): State<Arc<Quotas>>, mut request: Request, next: Next) -> Response {
    let Some(agency) = request.extensions().get::<Arc<Peer>>().map(|peer| peer.agency().clone()) else {
        return next.run(request).await;
    };
    let path = request.uri().path();
    // What it hands in decides the lane; the handler takes it from there.
    let (lane, stream) =
        (if BY_CONTENT.contains(&path) { Lane::Notification } else { Lane::General }, STREAMS.contains(&path));
    let open = match quotas.enter(&agency, lane) {
        Ok(open) => Arc::new(open),
        Err(wait) => match FILES.contains(&path).then(|| quotas.look_into(&agency)).flatten() {
            Some(open) => {
                request.extensions_mut().insert(OnlyConcerns);
                Arc::new(open)
            }
            None => return refused(&request, wait),
        },
    };
    let slack = (!stream).then_some(quotas.slow_max);
    let of = Arc::clone(&open);
    let paced = |body| Body::new(Paced { body, open: of, wait: None, slack, since: None, late: None });
    let answer = next.run(request.map(paced)).await;
    if is_failed_decision(&answer) {
        quotas.failed(&agency);
    }
    answer.map(|body| Body::new(Counted { body, _open: open }))
}

fn refused(request: &Request, wait: Duration) -> Response {
    let content = request.headers().get(header::CONTENT_TYPE);
    if content.is_some_and(|content| content.as_bytes().starts_with(b"application/grpc")) {
        return too_many().into_http::<Body>();
    }
    let seconds = HeaderValue::from(wait.as_secs().saturating_add(1));
    ([(header::RETRY_AFTER, seconds)], https::too_many(request.uri(), request.headers())).into_response()
}

/// Was something asked for that the asker may not have, or has not?
fn is_failed_decision(answer: &Response) -> bool {
    let denied = i32::from(tonic::Code::PermissionDenied).to_string();
    answer.status() == StatusCode::FORBIDDEN
        || answer.extensions().get::<NothingShown>().is_some()
        || answer.headers().get("grpc-status").is_some_and(|status| status.as_bytes() == denied.as_bytes())
}

/// A body of a request.
struct Paced {
    body: Body,
    open: Arc<Open>,
    /// Until then nothing more is read.
    wait: Option<Pin<Box<Sleep>>>,
    /// Time that its sender may still let us wait; none for a body that comes when it comes.
    slack: Option<Duration>,
    /// Since when we wait.
    since: Option<Instant>,
    /// Wakes us when it is too late.
    late: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    /// A piece is there: what it took is gone, what a body of that speed may take is there again.
    fn came(&mut self, bytes: usize) {
        let now = Instant::now();
        let took = self.since.take().map_or(Duration::ZERO, |since| now.duration_since(since));
        let at_speed = Duration::from_millis((bytes.saturating_mul(1000) / BYTES_PER_SECOND) as u64);
        let most = self.open.quotas.slow_max;
        self.slack = self.slack.map(|slack| (slack.saturating_sub(took) + at_speed).min(most));
        self.late = None;
        let wait = self.open.quotas.bytes(&self.open.agency, bytes);
        if !wait.is_zero() {
            self.wait = Some(Box::pin(sleep_until(now + wait)));
        }
    }

    /// Is it too late for the next piece?
    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        let Some(slack) = self.slack else { return false };
        let until = *self.since.get_or_insert_with(Instant::now) + slack;
        self.late.get_or_insert_with(|| Box::pin(sleep_until(until))).as_mut().poll(context).is_ready()
    }
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(wait) = &mut self.wait {
            ready!(wait.as_mut().poll(context));
            self.wait = None;
        }
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                self.came(bytes);
                // What a stream hands in is not kept.
                let room = self.slack.is_none() || self.open.holds(bytes);
                Poll::Ready(Some(if room { Ok(frame) } else { Err(Cut::TooMuch.into()) }))
            }
            Poll::Pending if self.is_late(context) => Poll::Ready(Some(Err(Cut::TooSlow.into()))),
            Poll::Pending => Poll::Pending,
            Poll::Ready(other) => Poll::Ready(other.map(|frame| frame.map_err(BoxError::from))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A body of an answer: what it belongs to is open until it was taken or given up.
struct Counted {
    body: Body,
    _open: Arc<Open>,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

//! What a peer must take of what it is answered, and how fast (S-82). Who does not is cut, and holds no memory for long.

use crate::edge::quota::BYTES_PER_SECOND;
use axum::body::Body;
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// Looks in the time that a peer is given.
const LOOKS: u32 = 4;
/// Most of an answer that is handed on at once: what was handed on last is no longer seen.
const PIECE: usize = 64 * 1024;
/// Time that the other end has to leave.
const LEAVING_MAX: Duration = Duration::from_secs(1);
/// Bytes thrown away at once meanwhile.
const UNREAD: usize = 4 * 1024;

/// The answers of one connection that are under way.
pub(super) struct Taking {
    slow_max: Duration,
    open: Mutex<Answers>,
}

#[derive(Default)]
struct Answers {
    next: u64,
    /// By when more of an answer must have been asked for.
    until: HashMap<u64, Instant>,
}

impl Taking {
    pub(super) fn new(slow_max: Duration) -> Arc<Self> {
        Arc::new(Taking { slow_max, open: Mutex::default() })
    }

    /// An answer whose peer is watched: a stream within HTTP/2 is held back without anything being seen on the line.
    pub(super) fn watched(self: &Arc<Self>, body: Body) -> Watched {
        let mut open = self.lock();
        let number = open.next;
        open.next = number.wrapping_add(1);
        Watched { body, rest: Bytes::new(), number, taking: Arc::clone(self) }
    }

    /// Returns when an answer was not taken in time.
    pub(super) async fn too_slow(&self) {
        loop {
            sleep(self.slow_max / LOOKS).await;
            let now = Instant::now();
            if self.lock().until.values().any(|until| *until < now) {
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Answers> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body of an answer.
pub(super) struct Watched {
    body: Body,
    /// Of what the body has given, what was not handed on.
    rest: Bytes,
    number: u64,
    taking: Arc<Taking>,
}

impl Watched {
    fn next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)).transpose()? {
                None => return Poll::Ready(None),
                Some(frame) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
            }
        }
        let piece = self.rest.split_to(self.rest.len().min(PIECE));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = self.next(context);
        let mut open = self.taking.lock();
        match &polled {
            // It is asked for more when this was taken.
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                let at_speed = Duration::from_secs((bytes / BYTES_PER_SECOND) as u64);
                open.until.insert(self.number, Instant::now() + self.taking.slow_max + at_speed);
            }
            // It is we who have nothing more.
            _ => drop(open.until.remove(&self.number)),
        }
        drop(open);
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (mut hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(hint.lower().saturating_add(rest));
        hint
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.taking.lock().until.remove(&self.number);
    }
}

/// A line whose other end must take what is written, and which is let go only when the other end has left it too: a system
/// that closes on bytes it has not read resets the connection, and the other side's throws away the answer that it had.
pub(crate) struct Written<S> {
    line: S,
    slow_max: Duration,
    late: Option<Pin<Box<Sleep>>>,
    leaving: Option<Pin<Box<Sleep>>>,
}

impl<S> Written<S> {
    pub(crate) fn new(line: S, slow_max: Duration) -> Self {
        Written { line, slow_max, late: None, leaving: None }
    }

    fn in_time<T>(&mut self, context: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.late = None;
            return polled;
        }
        let slow_max = self.slow_max;
        ready!(self.late.get_or_insert_with(|| Box::pin(sleep(slow_max))).as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Written<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.line).poll_read(context, to)
    }
}

impl<S: AsyncRead + Unpin> Written<S> {
    /// Hears out the other end, which has been told that nothing more comes, for as long as [`LEAVING_MAX`].
    fn left(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let until = self.leaving.get_or_insert_with(|| Box::pin(sleep(LEAVING_MAX)));
        if until.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        let mut unread = [0; UNREAD];
        loop {
            let mut unread = ReadBuf::new(&mut unread);
            match ready!(Pin::new(&mut self.line).poll_read(context, &mut unread)) {
                Ok(()) if !unread.filled().is_empty() => {}
                _ => return Poll::Ready(()),
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Written<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.line).poll_write(context, from);
        self.in_time(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.line).poll_write_vectored(context, from);
        self.in_time(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.line.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.line).poll_flush(context);
        self.in_time(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.leaving.is_none() {
            let polled = Pin::new(&mut self.line).poll_shutdown(context);
            ready!(self.in_time(context, polled))?;
        }
        self.left(context).map(Ok)
    }
}

//! The receiver's side of MLLP.

use crate::edge::peer::Peer;
use crate::edge::tls::{Held, ServerLimits, ServerTls, Written, accept_loop};
use musubi_adapters::hospital::hl7v2::framing::{Deviation, Event, Framer, IDLE_SECONDS, QUIET_MS, wrap};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Messages of one connection in work at once; when so many wait for their commit, no more is read.
const IN_WORK_MAX: usize = 16;
/// A frame longer than this takes long to read: nothing that follows it on its connection is begun before it is answered, so
/// that it may wait for its turn and is not overtaken.
pub const LARGE_BYTES: usize = 64 * 1024;
/// Bytes of one read.
const READ_BYTES: usize = 64 * 1024;
/// Silence inside a frame that ends an agency's connection.
const SILENCE_MAX: Duration = Duration::from_secs(IDLE_SECONDS);

/// What arrived on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A frame, without its framing bytes, and how its sender departed from the framing. May hold several messages.
    Frame(Vec<u8>, Vec<Deviation>),
    /// The beginning of a frame over the limit: answer `AR`. The connection is closed after the answer.
    TooLarge(Vec<u8>),
}

/// Takes what agencies send. One for the whole listener.
pub trait MllpHandler: Send + Sync + 'static {
    /// May this peer leave out the start byte (`lenient_framing` of its profile)?
    fn lenient(&self, peer: &Peer) -> bool;

    /// A departure from the framing that was read all the same: count it for this peer.
    fn deviation(&self, peer: &Peer, deviation: Deviation);

    /// How long nothing more is to be read from this peer, after so many bytes.
    fn pause(&self, peer: &Peer, bytes: usize) -> Duration;

    /// The answer, without framing bytes; `None` when there is none to give.
    ///
    /// Up to 16 run at once for one connection, none after one of more than [`LARGE_BYTES`]. Each is first polled in the order of arrival, and by one task: what
    /// it does before its first `await` that waits happens in that order.
    fn answer(&self, peer: Arc<Peer>, received: Received) -> impl Future<Output = Option<Vec<u8>>> + Send;
}

/// One connection's side of a handler: what [`converse`] asks for.
pub trait Conversation: Sync {
    /// May the start byte be missing?
    fn lenient(&self) -> bool;
    /// As [`MllpHandler::deviation`].
    fn deviation(&self, deviation: Deviation);
    /// As [`MllpHandler::pause`].
    fn pause(&self, bytes: usize) -> Duration;
    /// As [`MllpHandler::answer`].
    fn answer(&self, received: Received) -> impl Future<Output = Option<Vec<u8>>> + Send;
}

/// When a conversation ends, apart from the peer's leaving.
#[derive(Clone, Debug)]
pub struct Ending {
    /// At once, whatever is in work.
    pub cut: CancellationToken,
    /// Takes no new message, answers what is in work, and ends.
    pub stop: CancellationToken,
    /// The same, after so long.
    pub age_max: Duration,
    /// Time for that.
    pub finish_max: Duration,
    /// At once, and without an answer, when the peer is silent this long inside a frame.
    pub silence_max: Duration,
    /// At once, when the peer does not take an answer in this time (S-82).
    pub slow_max: Duration,
}

/// Serves MLLP until told to stop, then lets what is in work be answered.
pub async fn serve_mllp<H: MllpHandler>(
    listener: TcpListener,
    tls: Arc<ServerTls>,
    handler: Arc<H>,
    stop: CancellationToken,
) {
    let tasks = TaskTracker::new();
    let ServerLimits { connections_max, finish_max, slow_max, .. } = *tls.limits();
    accept_loop(listener, connections_max, &tasks, &stop, |tcp, remote| {
        let (tls, handler, stop) = (Arc::clone(&tls), Arc::clone(&handler), stop.clone());
        async move {
            let Ok(connection) = tls.accept_tls(tcp, remote).await else { return };
            let (stream, peer, held) = connection.split();
            let Held { cut, age_max, .. } = &held;
            let ending =
                Ending { cut: cut.clone(), stop, age_max: *age_max, finish_max, silence_max: SILENCE_MAX, slow_max };
            let conversation = WithPeer { peer, handler };
            if let Err(error) = converse(stream, &conversation, ending).await {
                let agency = conversation.peer.agency();
                tracing::info!(%agency, kind = %error.kind(), "MLLP connection broke");
            }
            drop(held);
        }
    })
    .await;
    tasks.close();
    if timeout(finish_max, tasks.wait()).await.is_err() {
        tracing::warn!("MLLP messages were still in work at shutdown and were cut");
    }
}

struct WithPeer<H> {
    peer: Arc<Peer>,
    handler: Arc<H>,
}

impl<H: MllpHandler> Conversation for WithPeer<H> {
    fn lenient(&self) -> bool {
        self.handler.lenient(&self.peer)
    }

    fn deviation(&self, deviation: Deviation) {
        self.handler.deviation(&self.peer, deviation);
    }

    fn pause(&self, bytes: usize) -> Duration {
        self.handler.pause(&self.peer, bytes)
    }

    fn answer(&self, received: Received) -> impl Future<Output = Option<Vec<u8>>> + Send {
        self.handler.answer(Arc::clone(&self.peer), received)
    }
}

/// Reads frames and writes their answers in order, until the peer leaves or the ending comes.
///
/// A connection that goes silent inside a frame, or that does not take its answers, is closed without one.
pub async fn converse<S, C>(stream: S, conversation: &C, ending: Ending) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
    C: Conversation,
{
    let (reader, writer) = tokio::io::split(Written::new(stream, ending.slow_max));
    let mut talk = Talk {
        conversation,
        reader,
        writer,
        buffer: vec![0; READ_BYTES],
        deviations: Vec::new(),
        framer: Framer::new(conversation.lenient()),
        waiting: VecDeque::new(),
        in_work: InWork(VecDeque::new()),
        large_in_work: false,
        hearing: Hearing::Open,
        last_byte: Instant::now(),
        reads_from: Instant::now(),
        quiet_told: false,
        silence_max: ending.silence_max,
        slow_max: ending.slow_max,
    };
    let closing = CancellationToken::new();
    let time_limit = async {
        ending.stop.run_until_cancelled(tokio::time::sleep(ending.age_max)).await;
        closing.cancel();
        tokio::time::sleep(ending.finish_max).await;
    };
    tokio::select! {
        () = ending.cut.cancelled() => return Ok(()),
        () = time_limit => return Ok(()),
        done = talk.hear_and_answer(&closing) => done?,
    }
    talk.writer.shutdown().await
}

/// Whether more is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hearing {
    Open,
    /// Only to the end of the frame that is begun.
    Closing,
    Ended,
}

struct Talk<'c, S, C> {
    conversation: &'c C,
    reader: ReadHalf<S>,
    writer: WriteHalf<S>,
    buffer: Vec<u8>,
    framer: Framer,
    /// Since the last frame, each kind once.
    deviations: Vec<Deviation>,
    /// Arrived in one read with others, more than may be in work.
    waiting: VecDeque<Received>,
    in_work: InWork<'c>,
    /// The last that was begun is a large one.
    large_in_work: bool,
    hearing: Hearing,
    last_byte: Instant,
    /// Nothing more is read before.
    reads_from: Instant,
    quiet_told: bool,
    silence_max: Duration,
    slow_max: Duration,
}

impl<S: AsyncRead + AsyncWrite, C: Conversation> Talk<'_, S, C> {
    /// Until nothing more is read and everything is answered. Left at an `await`, it is not to be called again: an
    /// answer may be half written.
    async fn hear_and_answer(&mut self, closing: &CancellationToken) -> io::Result<()> {
        loop {
            self.start_work();
            if self.hearing == Hearing::Closing && !self.framer.inside() {
                self.hearing = Hearing::Ended;
            }
            let paused = self.hearing != Hearing::Ended && Instant::now() < self.reads_from;
            let reads = self.hearing != Hearing::Ended && !paused && self.in_work.0.len() < IN_WORK_MAX;
            if !reads {
                self.last_byte = Instant::now();
                if self.in_work.0.is_empty() && !paused {
                    return Ok(());
                }
            }
            let deadline = self.deadline();
            tokio::select! {
                answer = self.in_work.next(), if !self.in_work.0.is_empty() => {
                    if let Some(answer) = answer {
                        write(&mut self.writer, &answer, self.slow_max).await?;
                    }
                }
                read = timeout_at(deadline, self.reader.read(&mut self.buffer)), if reads => match read {
                    Ok(count) => self.heard(count)?,
                    Err(_) => self.silent(),
                },
                () = sleep_until(self.reads_from), if paused => {}
                () = closing.cancelled(), if self.hearing == Hearing::Open => self.hearing = Hearing::Closing,
            }
        }
    }

    fn start_work(&mut self) {
        while self.in_work.0.is_empty() || self.in_work.0.len() < IN_WORK_MAX && !self.large_in_work {
            let Some(received) = self.waiting.pop_front() else { return };
            let (Received::Frame(bytes, _) | Received::TooLarge(bytes)) = &received;
            self.large_in_work = bytes.len() > LARGE_BYTES;
            self.in_work.0.push_back(Slot::Working(Box::pin(self.conversation.answer(received))));
        }
    }

    /// When silence is next looked at: only inside a frame.
    fn deadline(&self) -> Instant {
        let pause = match (self.framer.inside(), self.quiet_told) {
            (false, _) => Duration::from_secs(24 * 60 * 60),
            (true, false) => Duration::from_millis(QUIET_MS),
            (true, true) => self.silence_max,
        };
        self.last_byte + pause
    }

    fn heard(&mut self, read: io::Result<usize>) -> io::Result<()> {
        let count = match read {
            // Old systems drop the connection without the end that TLS has for it; frames know their own end.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            read => read?,
        };
        self.last_byte = Instant::now();
        self.reads_from = self.last_byte + self.conversation.pause(count);
        self.quiet_told = false;
        let events = match self.buffer.get(..count) {
            None | Some([]) => {
                self.hearing = Hearing::Ended;
                self.framer.end()
            }
            Some(bytes) => self.framer.push(bytes),
        };
        self.take(events);
        Ok(())
    }

    fn silent(&mut self) {
        if !self.framer.inside() {
            self.last_byte = Instant::now();
        } else if self.quiet_told {
            tracing::warn!("MLLP peer went silent inside a frame: closed without an acknowledgement");
            self.hearing = Hearing::Ended;
        } else {
            self.quiet_told = true;
            let events = self.framer.quiet();
            self.take(events);
        }
    }

    fn take(&mut self, events: Vec<Event>) {
        for event in events {
            match event {
                Event::Frame(frame) => {
                    let deviations = std::mem::take(&mut self.deviations);
                    self.waiting.push_back(Received::Frame(frame, deviations));
                }
                Event::TooLarge(head) => {
                    self.waiting.push_back(Received::TooLarge(head));
                    self.hearing = Hearing::Ended;
                }
                Event::NotFramed | Event::TooMuchOutside => {
                    tracing::warn!("MLLP peer sends what is not framed: closed");
                    self.hearing = Hearing::Ended;
                }
                Event::Restarted(bytes) => tracing::error!(bytes, "MLLP frame begun anew, its first part is discarded"),
                Event::Cut(bytes) => tracing::warn!(bytes, "MLLP connection ended inside a frame"),
                Event::Deviation(deviation) => {
                    self.conversation.deviation(deviation);
                    if !self.deviations.contains(&deviation) {
                        self.deviations.push(deviation);
                    }
                }
                Event::Skipped(_) | Event::Commit(_) => {}
            }
        }
    }
}

async fn write<W: AsyncWrite + Unpin>(writer: &mut W, answer: &[u8], slow_max: Duration) -> io::Result<()> {
    let block = wrap(answer);
    let writing = async {
        writer.write_all(&block).await?;
        writer.flush().await
    };
    timeout(slow_max, writing).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Answers in the making, in the order of their messages.
struct InWork<'c>(VecDeque<Slot<'c>>);

enum Slot<'c> {
    Working(Pin<Box<dyn Future<Output = Option<Vec<u8>>> + Send + 'c>>),
    Done(Option<Vec<u8>>),
}

impl InWork<'_> {
    /// The answer to the oldest message, once it is there. Works on all of them meanwhile. May be left and called
    /// again without loss.
    async fn next(&mut self) -> Option<Vec<u8>> {
        poll_fn(|context| {
            for slot in &mut self.0 {
                if let Slot::Working(work) = slot
                    && let Poll::Ready(answer) = work.as_mut().poll(context)
                {
                    *slot = Slot::Done(answer);
                }
            }
            match self.0.pop_front() {
                Some(Slot::Done(answer)) => Poll::Ready(answer),
                Some(working) => {
                    self.0.push_front(working);
                    Poll::Pending
                }
                None => Poll::Pending,
            }
        })
        .await
    }
}

//! Plain MLLP on loopback: each message is on disk before it is answered.

use super::forward::Forwarder;
use crate::clock::{Clock, SystemClock};
use crate::edge::mllp::too_large;
use crate::edge::mllp_io::{Conversation, Ending, Received, converse};
use musubi_adapters::hospital::hl7v2::ack::{self, Stage};
use musubi_adapters::hospital::hl7v2::framing::{Deviation, FS, IDLE_SECONDS, VT};
use musubi_adapters::hospital::hl7v2::header::Mode;
use musubi_adapters::hospital::hl7v2::{Header, file, header};
use musubi_core::adapter::Diagnostic;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A connection of an old system stays open as long as it wants.
const AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Time for what is in work at the end.
const FINISH_MAX: Duration = Duration::from_secs(15);
/// Between two answers that leave together.
const NEXT_FRAME: [u8; 3] = [FS, b'\r', VT];

/// Serves until told to stop.
pub(super) async fn serve(
    listener: TcpListener,
    forwarder: Arc<Forwarder>,
    patience: Duration,
    stop: CancellationToken,
) {
    let (tasks, local) = (TaskTracker::new(), Arc::new(Local { forwarder, patience, answered: AtomicU64::new(0) }));
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (local, stop) = (Arc::clone(&local), stop.clone());
        tasks.spawn(async move {
            let ending = Ending {
                cut: CancellationToken::new(),
                stop,
                age_max: AGE_MAX,
                finish_max: FINISH_MAX,
                silence_max: Duration::from_secs(IDLE_SECONDS),
                slow_max: Duration::from_secs(IDLE_SECONDS),
            };
            if let Err(error) = converse(stream, &*local, ending).await {
                tracing::info!(kind = %error.kind(), "a local MLLP connection broke");
            }
        });
    }
    tasks.close();
    tasks.wait().await;
}

struct Local {
    forwarder: Arc<Forwarder>,
    patience: Duration,
    answered: AtomicU64,
}

impl Conversation for Local {
    /// Old systems leave out the start byte; on loopback nobody is harmed by that.
    fn lenient(&self) -> bool {
        true
    }

    fn deviation(&self, deviation: Deviation) {
        tracing::warn!(?deviation, "H105: the framing of the local system deviates");
        self.forwarder.spool.deviates();
    }

    /// Its own system is held up by nobody here.
    fn pause(&self, _bytes: usize) -> Duration {
        Duration::ZERO
    }

    async fn answer(&self, received: Received) -> Option<Vec<u8>> {
        let frame = match received {
            Received::Frame(frame, _) => frame,
            Received::TooLarge(head) => return self.say(&header(&head).ok()?, Stage::Application, &[too_large()]),
        };
        let split = file::split_frame(&frame);
        // The hub sees the messages alone: what stands around them is told here or nowhere.
        for found in &split.diagnostics {
            tracing::warn!(code = %found.code, place = %found.place, "a frame of the local system: {}", found.text.en);
            self.forwarder.spool.deviates();
        }
        if split.is_refused() {
            return self.say(&header(&frame).ok()?, Stage::Application, &split.diagnostics);
        }
        let around = split.diagnostics.as_slice();
        // All are on disk before the first is waited for.
        let messages = split.messages.iter().filter_map(|range| frame.get(range.clone()));
        let (answered, messages): (Vec<_>, Vec<_>) = messages
            .map(|bytes| (header(bytes), bytes))
            .partition(|(header, _)| header.as_ref().is_ok_and(Header::is_answer));
        let mut answers: Vec<Vec<u8>> =
            answered.into_iter().filter_map(|(header, _)| self.unasked(&header.ok()?)).collect();
        let kept: Vec<_> = messages.into_iter().map(|(header, bytes)| (header, self.forwarder.put(bytes))).collect();
        for (header, put) in kept {
            let Ok(header) = header else { continue };
            let told = match put {
                Ok(told) => told,
                Err(error) => {
                    tracing::error!(kind = %error.kind(), "the spool cannot be written");
                    answers.extend(self.say(&header, Stage::Application, &[not_kept()]));
                    continue;
                }
            };
            answers.extend(self.accepted(&header, around));
            answers.extend(self.applied(&header, around, told).await);
        }
        if answers.is_empty() { None } else { Some(answers.join(NEXT_FRAME.as_slice())) }
    }
}

impl Local {
    /// Nothing is sent to the old system that it could answer: an answer of it is not kept, and the hub would have no word for it.
    fn unasked(&self, header: &Header) -> Option<Vec<u8>> {
        tracing::warn!("the local system acknowledges what nobody sent it");
        match header.mode {
            Mode::Enhanced { accept, .. } if accept.wants(false) => self.say(header, Stage::Accept, &[nothing_sent()]),
            _ => None,
        }
    }

    /// In enhanced mode: it is kept.
    fn accepted(&self, header: &Header, around: &[Diagnostic]) -> Option<Vec<u8>> {
        match header.mode {
            Mode::Enhanced { accept, .. } if accept.wants(true) => self.say(header, Stage::Accept, around),
            _ => None,
        }
    }

    /// What the hub said, as it said it; in time, else that the message waits here.
    async fn applied(
        &self,
        header: &Header,
        around: &[Diagnostic],
        told: tokio::sync::oneshot::Receiver<Vec<u8>>,
    ) -> Option<Vec<u8>> {
        let hub = tokio::time::timeout(self.patience, told).await.ok().and_then(Result::ok);
        let success = hub.as_deref().is_none_or(|answer| ack::read(answer).is_some_and(|read| read.code == "AA"));
        let wanted = match header.mode {
            Mode::Original => true,
            Mode::Enhanced { application, .. } => application.wants(success),
        };
        match hub {
            _ if !wanted => None,
            Some(answer) => Some(answer),
            // It was answered that it is kept; what the hub says of it later is for a person.
            None if header.mode != Mode::Original => None,
            None => self.say(header, Stage::Application, &[&[waits_here()], around].concat()),
        }
    }

    fn say(&self, header: &Header, stage: Stage, found: &[Diagnostic]) -> Option<Vec<u8>> {
        let now = SystemClock.now();
        let number = self.answered.fetch_add(1, Ordering::Relaxed);
        let control_id = format!("C{}{:04}", now.micros() / 1_000, number % 10_000);
        ack::write(&ack::Answer {
            header,
            stage,
            control_id: &control_id,
            now,
            receipt: None,
            referral_status: "P",
            diagnostics: found,
        })
    }
}

fn waits_here() -> Diagnostic {
    Diagnostic::warning(
        "H111",
        "MSH-10",
        "ハブにまだ届いていません。コネクタに保管し、届くまで送り直します。",
        "The hub has not answered yet: the message is kept by the connector and sent until it does.",
    )
}

fn nothing_sent() -> Diagnostic {
    Diagnostic::error(
        "H003",
        "MSH-9.1",
        "この応答に当たる電文は送っていません。",
        "This acknowledges no message that was sent.",
    )
}

fn not_kept() -> Diagnostic {
    Diagnostic::error(
        "M900",
        "MSH-10",
        "コネクタの保管先に書き込めません。受領していません。しばらくして送り直してください。",
        "The connector could not keep the message and did not accept it. Send it again in a while.",
    )
}

//! From the spool to the hub, one at a time. What the hub does not answer is tried again after a pause that grows; what
//! it refuses is set aside.

use super::spool::{Kind, Spool, Waiting};
use crate::agency_client::{AgencyClient, HubAddress};
use crate::clock::Clock;
use crate::edge::mllp_io::MllpClient;
use crate::edge::tls::ClientFiles;
use crate::hub::answer::{Answer, of_acknowledgement, of_http};
use axum::http::StatusCode;
use musubi_adapters::hospital::hl7v2::ack;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// Pause after the first failure; doubled after each, up to the longest.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// Longest time without a look into the spool.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What the hub said to one thing.
pub struct Said {
    /// What it means.
    pub class: Answer,
    /// Its words, as they came.
    pub bytes: Vec<u8>,
}

/// The hub, as the connector sees it.
pub trait Hub: Send + Sync {
    /// Sends one thing and gives the answer.
    fn send<'a>(&'a self, kind: Kind, bytes: &'a [u8]) -> Pin<Box<dyn Future<Output = Said> + Send + 'a>>;
}

/// A hub over mutual TLS.
pub struct MutualTls {
    files: ClientFiles,
    address: HubAddress,
    clock: Arc<dyn Clock>,
    open: tokio::sync::Mutex<Option<MllpClient>>,
}

impl MutualTls {
    /// As whom, and where.
    pub fn new(files: ClientFiles, address: HubAddress, clock: Arc<dyn Clock>) -> Self {
        MutualTls { files, address, clock, open: tokio::sync::Mutex::new(None) }
    }

    /// Read anew for each connection: a renewed certificate counts at once.
    fn client(&self) -> Result<AgencyClient, Said> {
        AgencyClient::open(&self.files, self.address.clone(), Arc::clone(&self.clock)).map_err(|error| {
            tracing::error!(%error, "the certificate cannot be used");
            Said { class: Answer::Transient("certificate"), bytes: Vec::new() }
        })
    }

    async fn message(&self, bytes: &[u8]) -> Result<Said, Said> {
        let not_now = |reason| Said { class: Answer::Transient(reason), bytes: Vec::new() };
        let mut open = self.open.lock().await;
        let mut connection = match open.take() {
            Some(connection) => connection,
            None => self.client()?.mllp().await.map_err(|error| {
                tracing::warn!(%error, "the hub cannot be reached");
                not_now("unreachable")
            })?,
        };
        let plain = ack::in_original_mode(bytes);
        let answer = connection.send(&plain).await.map_err(|error| {
            tracing::warn!(%error, "no answer from the hub");
            not_now("silence")
        })?;
        *open = Some(connection);
        let read = ack::read(&answer);
        let class = read.and_then(|read| of_acknowledgement(&read.code, read.error));
        Ok(Said { class: class.unwrap_or(Answer::Rejected("no-acknowledgement")), bytes: answer })
    }

    async fn document(&self, bytes: &[u8]) -> Result<Said, Said> {
        let answer = self.client()?.post("/v1/documents?format=auto", "application/octet-stream", bytes.to_vec()).await;
        let answer = answer.map_err(|error| {
            tracing::warn!(%error, "the hub cannot be reached");
            Said { class: Answer::Transient("unreachable"), bytes: Vec::new() }
        })?;
        let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
        // Whether the agency may send at all is no fault of the file.
        let class = if status == StatusCode::FORBIDDEN { Answer::Transient("not-admitted") } else { of_http(status) };
        Ok(Said { class, bytes: answer.body })
    }
}

impl Hub for MutualTls {
    fn send<'a>(&'a self, kind: Kind, bytes: &'a [u8]) -> Pin<Box<dyn Future<Output = Said> + Send + 'a>> {
        Box::pin(async move {
            let said = match kind {
                Kind::Message => self.message(bytes).await,
                Kind::Document => self.document(bytes).await,
            };
            said.unwrap_or_else(|not_now| not_now)
        })
    }
}

/// Sends what waits, and gives answers back to who waits for one.
pub(super) struct Forwarder {
    pub(super) spool: Arc<Spool>,
    hub: Arc<dyn Hub>,
    asking: Mutex<HashMap<u64, oneshot::Sender<Vec<u8>>>>,
}

impl Forwarder {
    pub(super) fn new(spool: Arc<Spool>, hub: Arc<dyn Hub>) -> Self {
        Forwarder { spool, hub, asking: Mutex::default() }
    }

    /// Keeps a message, and says where its answer will come.
    pub(super) fn put(&self, bytes: &[u8]) -> io::Result<oneshot::Receiver<Vec<u8>>> {
        let (tell, told) = oneshot::channel();
        // Nothing is sent before somebody can be told of the answer.
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = self.spool.put(Kind::Message, bytes)?;
        asking.insert(waiting.number, tell);
        Ok(told)
    }

    /// Sends until told to stop.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut pause = PAUSE;
        while !stop.is_cancelled() {
            let rest = match self.next().await {
                Ok(Some(true)) => {
                    pause = PAUSE;
                    continue;
                }
                Ok(Some(false)) => {
                    let rest = pause;
                    pause = (pause * 2).min(PAUSE_MAX);
                    rest
                }
                Ok(None) => LOOK_EVERY,
                Err(error) => {
                    tracing::error!(kind = %error.kind(), "the spool cannot be read or written");
                    LOOK_EVERY
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.spool.arrived.notified(), if rest == LOOK_EVERY => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    /// Sends what is first: was it answered for good? Nothing when nothing waits.
    async fn next(&self) -> io::Result<Option<bool>> {
        let Some(first) = self.spool.first()? else { return Ok(None) };
        let bytes = self.spool.read(&first)?;
        let Said { class, bytes: words } = self.hub.send(first.kind, &bytes).await;
        match class {
            Answer::Taken => self.spool.done(&first)?,
            Answer::Rejected(_) => {
                tracing::warn!(number = first.number, "the hub refused it: set aside for a person");
                self.spool.refuse(&first, &words)?;
            }
            Answer::Transient(reason) | Answer::Ambiguous(reason) => {
                tracing::info!(number = first.number, reason, "not sent yet");
                return Ok(Some(false));
            }
        }
        self.tell(&first, words);
        Ok(Some(true))
    }

    fn tell(&self, answered: &Waiting, words: Vec<u8>) {
        let asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner).remove(&answered.number);
        if let Some(asking) = asking {
            // Who no longer waits was told that it is kept.
            asking.send(words).ok();
        }
    }
}

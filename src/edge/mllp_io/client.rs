//! The sender's side of MLLP.

use crate::edge::tls::{ClientTls, ConnectError};
use musubi_adapters::hospital::hl7v2::framing::{Event, Framer, wrap};
use std::collections::VecDeque;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Time for an answer, unless set otherwise.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Bytes of one read.
const READ_BYTES: usize = 16 * 1024;

/// Why a message has no answer. It may have arrived all the same: send it again, with the same control id.
#[derive(Debug, thiserror::Error)]
pub enum MllpError {
    /// No connection.
    #[error("{0}")]
    Connect(#[from] ConnectError),
    /// The connection broke.
    #[error("the connection broke: {0} / 接続が切れました")]
    Broken(#[from] io::Error),
    /// The server closed without an answer.
    #[error("the server closed without an answer / 応答なしに切断されました")]
    Closed,
    /// No answer in time.
    #[error("no answer in time / 時間内に応答がありません")]
    NoAnswer,
    /// What came is no MLLP frame.
    #[error("the answer is not framed / 応答がMLLPの形式ではありません")]
    NotFramed,
}

/// A connection that messages are sent on.
pub struct MllpClient<S = TlsStream<TcpStream>> {
    stream: S,
    framer: Framer,
    answers: VecDeque<Vec<u8>>,
    answer_max: Duration,
}

impl MllpClient {
    /// Connects to `host:port`.
    pub async fn connect(tls: &ClientTls, address: &str) -> Result<Self, MllpError> {
        Ok(Self::over(tls.connect(address).await?))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> MllpClient<S> {
    /// Over a stream that is open: TLS, or plain on loopback beside an old system.
    pub fn over(stream: S) -> Self {
        MllpClient { stream, framer: Framer::new(false), answers: VecDeque::new(), answer_max: ANSWER_MAX }
    }

    /// Waits this long for each answer.
    #[must_use]
    pub fn waiting(mut self, answer_max: Duration) -> Self {
        self.answer_max = answer_max;
        self
    }

    /// Sends one message and waits for its answer. After an error the connection is of no more use: a late answer
    /// would be taken for that of the next message.
    pub async fn send(&mut self, message: &[u8]) -> Result<Vec<u8>, MllpError> {
        self.write(message).await?;
        self.answer().await
    }

    /// Sends one message without waiting. Answers come in the order of the messages; a sender that is far ahead must
    /// fetch them, or the server stops reading.
    pub async fn write(&mut self, message: &[u8]) -> Result<(), MllpError> {
        self.write_unframed(&wrap(message)).await
    }

    /// Sends bytes as they are, for tests of a server's framing.
    pub async fn write_unframed(&mut self, bytes: &[u8]) -> Result<(), MllpError> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await?;
        Ok(())
    }

    /// The next answer.
    pub async fn answer(&mut self) -> Result<Vec<u8>, MllpError> {
        let answer_max = self.answer_max;
        tokio::time::timeout(answer_max, self.next_answer()).await.map_err(|_| MllpError::NoAnswer)?
    }

    /// The stream, for a peer that speaks for itself.
    pub fn into_inner(self) -> S {
        self.stream
    }

    /// Ends the connection in good form.
    pub async fn close(mut self) -> Result<(), MllpError> {
        self.stream.shutdown().await?;
        Ok(())
    }

    async fn next_answer(&mut self) -> Result<Vec<u8>, MllpError> {
        let mut buffer = vec![0; READ_BYTES];
        loop {
            if let Some(answer) = self.answers.pop_front() {
                return Ok(answer);
            }
            let count = self.stream.read(&mut buffer).await?;
            let events = match buffer.get(..count) {
                None | Some([]) => self.framer.end(),
                Some(bytes) => self.framer.push(bytes),
            };
            for event in events {
                match event {
                    Event::Frame(answer) => self.answers.push_back(answer),
                    Event::NotFramed | Event::TooLarge(_) | Event::TooMuchOutside => return Err(MllpError::NotFramed),
                    Event::Commit(_) | Event::Deviation(_) | Event::Skipped(_) => {}
                    Event::Restarted(_) | Event::Cut(_) => {}
                }
            }
            if count == 0 && self.answers.is_empty() {
                return Err(MllpError::Closed);
            }
        }
    }
}

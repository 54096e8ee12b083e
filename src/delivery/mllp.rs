//! HL7 v2 by MLLP over TLS to an agency that listens (`formats/hospital.md` 2.8): one message at a time on a connection, and
//! the class of each acknowledgement decides.

use crate::edge::mllp_io::MllpClient;
use crate::edge::tls::ClientTls;
use crate::hub::answer::{Answer, of_acknowledgement};
use crate::hub::register::Address;
use musubi_adapters::hospital::hl7v2::{ack, file, header};
use musubi_core::agency::AgencyId;
use musubi_core::release::Outgoing;
use musubi_core::time::Time;
use std::time::Duration;

/// Time for the answer to one message.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// The one format that can be sent so.
const FORMAT: &str = "hl7v2";

/// Connects to hand over one rendering. Nothing leaves yet.
pub(super) async fn connect(
    tls: &ClientTls,
    to: &Address,
    agency: &AgencyId,
    rendering: &Outgoing,
) -> Result<MllpClient, Answer> {
    if rendering.format() != FORMAT {
        return Err(Answer::Rejected("format"));
    }
    match MllpClient::connect(tls, &to.address).await {
        Ok(connection) => Ok(connection.waiting(ANSWER_MAX)),
        Err(error) => {
            tracing::warn!(%agency, %error, "no connection to a destination");
            Err(Answer::Transient("unreachable"))
        }
    }
}

/// Sends each message of a rendering and waits for its answer. When one is not taken the rest is not sent; what was taken
/// before comes again with it, under the same control ids.
pub(super) async fn send(mut connection: MllpClient, rendering: &Outgoing, now: Time) -> Answer {
    let bytes = rendering.bytes();
    for message in file::split(bytes).messages.into_iter().filter_map(|range| bytes.get(range)) {
        let answer = one(&mut connection, message, now).await;
        if answer != Answer::Taken {
            return answer;
        }
    }
    // What was answered is answered, however the other side leaves.
    connection.close().await.ok();
    Answer::Taken
}

/// One message. Silence, and an answer to another message, leave open whether it arrived: it comes again (2.8).
///
/// An answer that asks whether it was received is told so at once, and nothing of it need be on disk for that: where it is lost,
/// the message comes again and is answered again.
async fn one(connection: &mut MllpClient, message: &[u8], now: Time) -> Answer {
    let Ok(sent) = header(message) else { return Answer::Rejected("format") };
    let Ok(answer) = connection.send(message).await else { return Answer::Ambiguous("silence") };
    let read = ack::read(&answer).filter(|read| read.control_id == sent.control_id);
    let class = read.as_ref().and_then(|read| of_acknowledgement(&read.code, read.error));
    if let Some(received) = ack::received(&answer, read.is_some(), now)
        && connection.write(&received).await.is_err()
    {
        tracing::warn!("a destination that asks whether its answer was received could not be told");
    }
    class.unwrap_or(Answer::Ambiguous("no-acknowledgement"))
}

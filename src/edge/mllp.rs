//! HL7 v2 over MLLP: each message of a frame is taken into custody and answered (`formats/hospital.md` 2.3 and 2.8).
//! The hub decides; here a message is only given to it, and its answer put into an acknowledgement.

mod answers;
mod turns;

use crate::config::Limits;
use crate::edge::mllp_io::{LARGE_BYTES, MllpHandler, Received};
use crate::edge::peer::Peer;
use crate::edge::quota::{Lane, Quotas};
use crate::hub::custody::{Acknowledge, Before, HL7V2 as CLASS, Parcel};
use crate::hub::refer::message::{Followed, status};
use crate::hub::refused::Refused;
use crate::hub::{Caller, Hub, Refusal};
use answers::{Answered, Reply, of_batch, of_refusal};
use musubi_adapters::hospital::hl7v2::around::Around;
use musubi_adapters::hospital::hl7v2::batch::Answering;
use musubi_adapters::hospital::hl7v2::file::File;
use musubi_adapters::hospital::hl7v2::framing::Deviation;
use musubi_adapters::hospital::hl7v2::{Header, Hl7v2, file, header, live_checks};
use musubi_core::adapter::{Adapter, Diagnostic, Profile, Severity};
use musubi_core::agency::AgencyId;
use musubi_core::record::Submission;
use musubi_core::time::Time;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use turns::{Turn, Turns};

/// After so many days a control id may be used again (S-20).
const CONTROL_ID_DAYS: i64 = 30;
/// RF1-1 of a referral of which the agency that is asked has said nothing.
const PENDING: &str = "P";
/// Bytes in a MiB.
const MEBIBYTE: usize = 1024 * 1024;

/// Takes the messages of hospitals.
pub struct Mllp {
    hub: Hub,
    bytes_max: usize,
    turns: Turns,
    quotas: Arc<Quotas>,
    deviations: Mutex<BTreeMap<(AgencyId, Deviation), u64>>,
}

/// A message that was read and waits for its turn.
struct Read {
    header: Header,
    bytes: Vec<u8>,
    caller: Caller,
    submission: Option<Submission>,
    diagnostics: Vec<Diagnostic>,
    turn: Turn,
    now: Time,
}

impl Mllp {
    /// For one hub.
    pub fn new(hub: Hub, limits: &Limits, quotas: Arc<Quotas>) -> Self {
        let bytes_max = limits.hl7v2_mebibytes.saturating_mul(MEBIBYTE);
        Mllp { hub, bytes_max, turns: Turns::default(), quotas, deviations: Mutex::default() }
    }

    /// How often each agency departed from the framing and was read all the same (S-19).
    pub fn deviations(&self) -> BTreeMap<(AgencyId, Deviation), u64> {
        self.deviations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn frame(&self, peer: &Peer, frame: &[u8], deviations: &[Deviation]) -> Reply {
        // A few large ones are read at once, so that the others are answered (S-80).
        let _turn = if frame.len() > LARGE_BYTES { self.hub.bulk.acquire().await.ok() } else { None };
        let mut split = file::split_frame(frame);
        if self.deviates(peer, |profile| profile.accept_partial) {
            split.accept_partial();
        }
        split.diagnostics.extend(deviations.iter().map(|deviation| deviation.warning()));
        if let Some(agency) = self.hub.register.agency(peer.agency()) {
            Around::of(frame, &split).search(&mut split, &agency.profile(self.hub.now()));
        }
        if frame.len() > self.bytes_max {
            return self.refuse_unread(peer, frame, vec![too_large()]).await;
        }
        // The lines of a batch are echoed: not one that holds an individual number.
        if split.is_refused() && (split.batches.is_empty() || answers::holds_number(&split.diagnostics)) {
            return self.refuse_unread(peer, frame, split.diagnostics).await;
        }
        let replies = match split.is_refused() {
            true => self.refuse_batch(peer, frame, &split).await,
            false => self.messages(peer, frame, &split).await,
        };
        let now = self.hub.now();
        let control_id = answers::control_id(musubi_core::id::MessageId(self.hub.id(now)), 0);
        of_batch(&Answering { bytes: frame, file: &split, control_id: &control_id, now }, replies)
    }

    async fn messages(&self, peer: &Peer, frame: &[u8], split: &File) -> Vec<Reply> {
        // All are read, and stand in line, before the first is waited for.
        let messages: Vec<&[u8]> = messages_of(frame, split).collect();
        let read: Vec<_> = messages.iter().map(|bytes| self.read(peer, bytes, &split.diagnostics)).collect();
        let mut replies = Vec::new();
        for (read, bytes) in read.into_iter().zip(messages) {
            replies.push(match read {
                Ok(read) => self.answer_one(peer, read).await,
                Err(refused) => self.refuse_unread(peer, bytes, refused).await,
            });
        }
        replies
    }

    /// A batch that is not whole: every message of it is refused for that, and the log has it once.
    async fn refuse_batch(&self, peer: &Peer, frame: &[u8], split: &File) -> Vec<Reply> {
        let mut headers = messages_of(frame, split).filter_map(|bytes| header(bytes).ok());
        let Some(first) = headers.next() else {
            return vec![self.refuse_unread(peer, frame, split.diagnostics.clone()).await];
        };
        let reply = self.refuse(peer, &first, split.diagnostics.clone()).await;
        let (durable, now) = (reply.durable, self.hub.now());
        let others = headers.map(|header| {
            let message = musubi_core::id::MessageId(self.hub.id(now));
            let bytes = Answered {
                header: &header,
                message,
                now,
                receipt: None,
                referral_status: PENDING,
                found: &split.diagnostics,
            }
            .bytes();
            Reply { bytes, durable }
        });
        std::iter::once(reply).chain(others).collect()
    }

    /// Does the profile of a peer say so?
    fn deviates(&self, peer: &Peer, how: fn(&Profile) -> bool) -> bool {
        let agency = self.hub.register.agency(peer.agency());
        agency.is_some_and(|agency| agency.settings.profile.as_ref().is_some_and(how))
    }

    /// Reads a message and puts it in line behind the earlier ones of the same persons. Does not wait.
    fn read(&self, peer: &Peer, bytes: &[u8], of_frame: &[Diagnostic]) -> Result<Read, Vec<Diagnostic>> {
        let now = self.hub.now();
        let header = header(bytes).map_err(|none| vec![none])?;
        self.hub.sees_certificate(peer.agency(), peer.until());
        let caller = self.hub.caller(peer.agency(), "").map_err(of_refusal)?;
        let decoded = Hl7v2.decode(bytes, &caller.agency.profile(now));
        let mut diagnostics = of_frame.to_vec();
        diagnostics.extend(live_checks(&header, now));
        diagnostics.extend(decoded.diagnostics);
        let mut submission = None;
        for item in decoded.items {
            diagnostics.extend(item.diagnostics);
            submission = item.submission;
        }
        let people = submission.iter().flat_map(Submission::people);
        let turn = self.turns.enter(people.map(|(key, _)| (key.issuer, key.identifier)).collect());
        Ok(Read { header, bytes: bytes.to_vec(), caller, submission, diagnostics, turn, now })
    }

    async fn answer_one(&self, peer: &Peer, mut read: Read) -> Reply {
        read.turn.comes().await;
        match self.take(&mut read).await {
            Ok(answer) => Reply { bytes: Some(answer).filter(|answer| !answer.is_empty()), durable: true },
            Err(found) => self.refuse(peer, &read.header, found).await,
        }
    }

    /// Takes a message into custody; what it was answered comes back byte for byte when it came before (S-21).
    async fn take(&self, read: &mut Read) -> Result<Vec<u8>, Vec<Diagnostic>> {
        if answers::holds_number(&read.diagnostics) {
            return Err(std::mem::take(&mut read.diagnostics));
        }
        let content: [u8; 32] = Sha256::digest(&read.bytes).into();
        let key = read.header.message_key().to_owned();
        let forget_before = Some(read.now.plus_days(-CONTROL_ID_DAYS));
        if !key.is_empty() {
            match self.hub.before(&read.caller, CLASS, &key, &content, forget_before).await.map_err(of_refusal)? {
                Before::Answered(answer) => return Ok(answer),
                Before::Forgotten => read.diagnostics.push(used_again()),
                Before::New => {}
            }
        }
        let failed = read.diagnostics.iter().any(|found| found.severity == Severity::Error);
        let Some(submission) = read.submission.take().filter(|_| !failed) else {
            return Err(std::mem::take(&mut read.diagnostics));
        };
        let (referral_status, followed) = self.follow(read, &submission).await.map_err(of_refusal)?;
        let parcel = Parcel {
            format: "hl7v2".to_owned(),
            class: CLASS,
            key,
            content,
            raw: Some(std::mem::take(&mut read.bytes)),
            forget_before,
            submission,
            diagnostics: std::mem::take(&mut read.diagnostics),
            by_hub: false,
            told: None,
            parties: followed.parties,
        };
        let (header, now) = (read.header.clone(), read.now);
        let acknowledge: Acknowledge = Arc::new(move |receipt, message, found| {
            let receipt = receipt.msa3();
            let answered = Answered { header: &header, message, now, receipt: Some(&receipt), referral_status, found };
            answered.bytes().unwrap_or_default()
        });
        let taken = self.hub.take(&read.caller, parcel, acknowledge).await.map_err(of_refusal)?;
        self.hub.report_completed(&read.caller, &followed.completed, &taken.reports).await;
        tracing::info!(agency = %read.caller.id(), repeated = taken.repeated, "a message was taken");
        Ok(taken.answer)
    }

    /// Takes what a message says of referrals into their loop, before it is taken itself: what does not follow there is
    /// refused. Says where the referral stands, and what else follows from the message.
    async fn follow(&self, read: &mut Read, submission: &Submission) -> Result<(&'static str, Followed), Refusal> {
        let header = &read.header;
        if header.message_type == "REF" && header.event == "I15" && !header.is_test() {
            let number = header.referral.split(char::from(header.delimiters.component)).next().unwrap_or_default();
            let standing = self.hub.referral_by_number(&read.caller, number).await?;
            return Ok((status(standing.referral.state()), Followed::default()));
        }
        let mut followed = self.hub.follow_message(&read.caller, submission).await?;
        read.diagnostics.append(&mut followed.said);
        let stands = followed.standing.as_ref().map_or(PENDING, |standing| status(standing.referral.state()));
        Ok((stands, followed))
    }

    /// Refuses what could not be read as a message; without a header there is no answer (H001).
    async fn refuse_unread(&self, peer: &Peer, bytes: &[u8], found: Vec<Diagnostic>) -> Reply {
        match header(bytes) {
            Ok(header) => self.refuse(peer, &header, found).await,
            Err(nothing) => {
                tracing::warn!(agency = %peer.agency(), code = %nothing.code, "a frame is no message");
                Reply { bytes: None, durable: false }
            }
        }
    }

    /// The answer to one who sends too much: what the standard has for what may be sent again (`AR` with 207). Nothing is
    /// read and nothing stored for it, so that a flood costs nobody else a commit.
    fn not_now(&self, (Received::Frame(frame, _) | Received::TooLarge(frame)): &Received) -> Reply {
        let (header, now) = (header(frame).ok(), self.hub.now());
        let message = musubi_core::id::MessageId(self.hub.id(now));
        let found = [too_many()];
        let answered =
            |header| Answered { header, message, now, receipt: None, referral_status: PENDING, found: &found }.bytes();
        Reply { bytes: header.as_ref().and_then(answered), durable: false }
    }

    /// The answer to what is not taken. It stands in the log before it is given; when that fails, the sender may try
    /// again.
    async fn refuse(&self, peer: &Peer, header: &Header, found: Vec<Diagnostic>) -> Reply {
        let header =
            if answers::holds_number(&found) { answers::without_number(header, &found) } else { header.clone() };
        let refused = Refused {
            agency: peer.agency(),
            format: "hl7v2",
            class: CLASS,
            key: header.message_key(),
            diagnostics: &found,
        };
        let now = self.hub.now();
        let (message, found) = match self.hub.note_refusal(&refused).await {
            Ok(message) => (message, found),
            Err(refusal) => (musubi_core::id::MessageId(self.hub.id(now)), of_refusal(refusal)),
        };
        let first = found.iter().find(|said| said.severity == Severity::Error);
        let code = first.map(|said| said.code.to_string()).unwrap_or_default();
        tracing::info!(agency = %peer.agency(), code, "a message was refused");
        let bytes =
            Answered { header: &header, message, now, receipt: None, referral_status: PENDING, found: &found }.bytes();
        Reply { bytes, durable: !answers::may_come_again(&found) }
    }
}

impl MllpHandler for Mllp {
    fn lenient(&self, peer: &Peer) -> bool {
        self.deviates(peer, |profile| profile.lenient_framing)
    }

    fn deviation(&self, peer: &Peer, deviation: Deviation) {
        tracing::warn!(agency = %peer.agency(), ?deviation, "H105: MLLP framing deviates");
        let mut counted = self.deviations.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counted.entry((peer.agency().clone(), deviation)).or_default();
        *count = count.saturating_add(1);
    }

    fn pause(&self, peer: &Peer, bytes: usize) -> Duration {
        self.quotas.bytes(peer.agency(), bytes)
    }

    async fn answer(&self, peer: Arc<Peer>, received: Received) -> Option<Vec<u8>> {
        let reply = match received {
            received if self.quotas.take(peer.agency(), Lane::General).is_err() => self.not_now(&received),
            Received::Frame(frame, deviations) => self.frame(&peer, &frame, &deviations).await,
            Received::TooLarge(head) => self.refuse_unread(&peer, &head, vec![too_large()]).await,
        };
        if self.deviates(&peer, |profile| profile.mllp_release_2) { Some(reply.with_commit()) } else { reply.bytes }
    }
}

fn too_many() -> Diagnostic {
    Diagnostic::error(
        "M900",
        "MSH",
        "要求が多すぎます。受領していません。間を置いて送り直してください。",
        "Too many messages. It was not accepted. Wait, then send it again.",
    )
}

fn messages_of<'f>(frame: &'f [u8], split: &'f File) -> impl Iterator<Item = &'f [u8]> {
    split.messages.iter().filter_map(|range| frame.get(range.clone()))
}

/// H007: a message over the limit.
pub(crate) fn too_large() -> Diagnostic {
    Diagnostic::error(
        "H007",
        "MSH",
        "電文が大きすぎます。分けて送ってください。",
        "The message is too large; send it in parts.",
    )
}

fn used_again() -> Diagnostic {
    Diagnostic::warning(
        "H109",
        "MSH-10",
        "30日より前に使われた管理番号です。新しい電文として受け取りました。",
        "This control id was used more than 30 days ago; the message was taken as a new one.",
    )
}

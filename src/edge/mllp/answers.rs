//! Acknowledgements: the answer or answers to one message, in its character set and in the mode that it asks for.

use super::Refusal;
use musubi_adapters::hospital::hl7v2::Header;
use musubi_adapters::hospital::hl7v2::ack::{self, Answer, Code, Stage};
use musubi_adapters::hospital::hl7v2::batch::{self, Answering};
use musubi_adapters::hospital::hl7v2::framing::{ACK, FS, NAK, VT};
use musubi_adapters::hospital::hl7v2::header::Mode;
use musubi_core::adapter::Diagnostic;
use musubi_core::id::MessageId;
use musubi_core::time::Time;

/// Code of an individual number (個人番号).
const INDIVIDUAL_NUMBER: &str = "H009";
/// Between two answers that leave together: the end of one frame and the start of the next.
const NEXT_FRAME: [u8; 3] = [FS, b'\r', VT];
/// Characters of the hub's own control ids.
const CONTROL_ID_CHARS: usize = 20;

/// What something is answered, and whether that is final: on disk, taken or refused.
pub(super) struct Reply {
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) durable: bool,
}

impl Reply {
    /// With the commit acknowledgement of MLLP release 2 in a block before it.
    pub(super) fn with_commit(self) -> Vec<u8> {
        let commit = vec![if self.durable { ACK } else { NAK }];
        [commit].into_iter().chain(self.bytes).collect::<Vec<_>>().join(NEXT_FRAME.as_slice())
    }
}

/// The answers to what came in one block: a batch is answered as a batch (2.9), others each in a block of their own.
pub(super) fn of_batch(answering: &Answering<'_>, replies: Vec<Reply>) -> Reply {
    let durable = replies.iter().all(|reply| reply.durable);
    let answers: Vec<Option<Vec<u8>>> = replies.into_iter().map(|reply| reply.bytes).collect();
    if answering.file.batches.is_empty() {
        return Reply { bytes: several(answers.into_iter().flatten().collect()), durable };
    }
    let answers: Vec<_> = answers.into_iter().map(|answer| answer.map(|answer| unframed(&answer))).collect();
    Reply { bytes: batch::answer(answering, &answers), durable }
}

/// The two answers of enhanced mode without the frames between them.
fn unframed(answer: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(answer.len());
    let mut rest = answer;
    while let Some((first, after)) = rest.split_first() {
        if let Some(next) = rest.strip_prefix(NEXT_FRAME.as_slice()) {
            rest = next;
            continue;
        }
        out.push(*first);
        rest = after;
    }
    out
}

/// Could it not be stored just now (codes M9)? Then the same may come again.
pub(super) fn may_come_again(found: &[Diagnostic]) -> bool {
    found.iter().any(|said| said.code.starts_with("M9"))
}

/// A control id of the hub's own; two of one message differ by `shift`.
pub(super) fn control_id(message: MessageId, shift: usize) -> String {
    let digits = message.0.simple().to_string();
    digits.get(digits.len().saturating_sub(CONTROL_ID_CHARS) + shift..).unwrap_or_default().to_owned()
}

/// What the answer to one message is made of.
pub(super) struct Answered<'a> {
    pub(super) header: &'a Header,
    pub(super) message: MessageId,
    pub(super) now: Time,
    pub(super) receipt: Option<&'a str>,
    pub(super) referral_status: &'a str,
    pub(super) found: &'a [Diagnostic],
}

impl Answered<'_> {
    /// In original mode one answer; in enhanced mode the accept answer and the application answer, each if it is asked
    /// for. `None` when there is nothing to say.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        let success = ack::code(self.found)? == Code::Accept;
        let stages = match self.header.mode {
            Mode::Original => vec![Stage::Application],
            Mode::Enhanced { accept, application } => {
                let accept = accept.wants(success).then_some(Stage::Accept);
                accept.into_iter().chain(application.wants(success).then_some(Stage::Application)).collect()
            }
        };
        several(stages.into_iter().filter_map(|stage| self.answer(stage)).collect())
    }

    fn answer(&self, stage: Stage) -> Option<Vec<u8>> {
        let control_id = &control_id(self.message, usize::from(stage == Stage::Accept));
        let (header, receipt, referral_status) = (self.header, self.receipt, self.referral_status);
        ack::write(&Answer {
            header,
            stage,
            control_id,
            now: self.now,
            receipt,
            referral_status,
            diagnostics: self.found,
        })
    }
}

/// Several answers as the inside of one block of frames: the edge frames the whole, here the frames between are added.
fn several(answers: Vec<Vec<u8>>) -> Option<Vec<u8>> {
    if answers.is_empty() { None } else { Some(answers.join(NEXT_FRAME.as_slice())) }
}

/// A refusal of the hub, for an acknowledgement: the codes M8 and M9 give `AR`, the others `AE` (2.8). The one function that
/// maps refusals to this wire.
pub(super) fn of_refusal(refusal: Refusal) -> Vec<Diagnostic> {
    refusal.diagnostics
}

/// Was an individual number found?
pub(super) fn holds_number(found: &[Diagnostic]) -> bool {
    found.iter().any(|said| said.code == INDIVIDUAL_NUMBER)
}

/// The header without what an acknowledgement echoes, when the number stands in the header itself.
pub(super) fn without_number(header: &Header, found: &[Diagnostic]) -> Header {
    let mut header = header.clone();
    if found.iter().any(|said| said.code == INDIVIDUAL_NUMBER && said.place.starts_with("MSH")) {
        for echoed in [
            &mut header.sending_application,
            &mut header.sending_facility,
            &mut header.receiving_application,
            &mut header.receiving_facility,
            &mut header.event,
            &mut header.control_id,
            &mut header.version,
        ] {
            echoed.clear();
        }
    }
    header
}

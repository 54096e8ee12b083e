//! Acknowledgements: the answer or answers to one message, in its character set and in the mode that it asks for.

use super::Refusal;
use musubi_adapters::hospital::hl7v2::Header;
use musubi_adapters::hospital::hl7v2::ack::{self, Answer, Code, Stage};
use musubi_adapters::hospital::hl7v2::framing::{FS, VT};
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

/// What the answer to one message is made of.
pub(super) struct Answered<'a> {
    pub(super) header: &'a Header,
    pub(super) message: MessageId,
    pub(super) now: Time,
    pub(super) receipt: Option<&'a str>,
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
        let digits = self.message.0.simple().to_string();
        let skipped = digits.len().saturating_sub(CONTROL_ID_CHARS) + usize::from(stage == Stage::Accept);
        let control_id = digits.get(skipped..).unwrap_or_default();
        let (header, receipt) = (self.header, self.receipt);
        ack::write(&Answer { header, stage, control_id, now: self.now, receipt, diagnostics: self.found })
    }
}

/// Several answers as the inside of one block of frames: the edge frames the whole, here the frames between are added.
pub(super) fn several(answers: Vec<Vec<u8>>) -> Option<Vec<u8>> {
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

//! What an HL7 v2 acknowledgement says: its code, its receipt, its errors.

use musubi_adapters::hospital::hl7v2::charset;

/// Codes that say that the message is on disk.
const TAKEN: [&str; 2] = ["AA", "CA"];

/// An acknowledgement, as far as a sender needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Acknowledgement {
    /// MSA-1.
    pub(super) code: String,
    /// MSA-2: control id of the message.
    pub(super) control_id: String,
    /// MSA-3: the receipt.
    pub(super) receipt: String,
    /// Each ERR segment as it came.
    pub(super) errors: Vec<String>,
}

impl Acknowledgement {
    /// Reads one; `None` when there is no MSA.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let decoded = charset::decode(bytes);
        let separator = decoded.text.strip_prefix("MSH")?.chars().next()?;
        let mut answer = None;
        let mut errors = Vec::new();
        for segment in decoded.text.split(['\r', '\n']) {
            let mut fields = segment.split(separator);
            match fields.next() {
                Some("MSA") => {
                    let mut next = || fields.next().unwrap_or_default().to_owned();
                    let (code, control_id, receipt) = (next(), next(), next());
                    answer = Some(Acknowledgement { code, control_id, receipt, errors: Vec::new() });
                }
                Some("ERR") => errors.push(segment.to_owned()),
                _ => {}
            }
        }
        answer.map(|answer| Acknowledgement { errors, ..answer })
    }

    /// The hub has the message on disk.
    pub(super) fn taken(&self) -> bool {
        TAKEN.contains(&self.code.as_str())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    const HEADER: &str =
        "MSH|^~\\&|MUSUBI|OSC|APP|HOSP|20261030110501+0900||ACK^A03^ACK|M-9|P|2.5||||||UNICODE UTF-8\r";

    #[test]
    fn a_taken_message_has_its_receipt() {
        let read = Acknowledgement::read(format!("{HEADER}MSA|AA|A-1|musubi:1:7:abc\r").as_bytes()).unwrap();
        let said = (read.taken(), read.code.as_str(), read.control_id.as_str(), read.receipt.as_str());
        assert_eq!(said, (true, "AA", "A-1", "musubi:1:7:abc"));
        assert!(read.errors.is_empty());
    }

    #[test]
    fn a_refusal_has_its_errors_in_order() {
        let text =
            format!("{HEADER}MSA|AE|A-1\rERR||PID^1^7|102|E|H006||H006 PID-7: English|日本語\rERR||OBX^1|100|W\r");
        let read = Acknowledgement::read(text.as_bytes()).unwrap();
        assert!(!read.taken());
        assert_eq!(read.errors, ["ERR||PID^1^7|102|E|H006||H006 PID-7: English|日本語", "ERR||OBX^1|100|W"]);
    }

    #[test]
    fn what_has_no_msa_is_no_acknowledgement() {
        for bytes in [b"".as_slice(), b"MSH", b"MSH|^~\\&|A\r", b"hello", "MSA|AA|1\r".as_bytes()] {
            assert_eq!(Acknowledgement::read(bytes), None);
        }
    }
}

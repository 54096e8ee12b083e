//! The answer to a batch: the answers to its messages, in a batch of their own (`formats/hospital.md` 2.9).

use super::ack::{Writer, compact};
use super::charset;
use super::file::File;
use super::header::{Header, header};
use musubi_core::time::Time;
use std::ops::Range;

/// What an answer to a batch is made of.
#[derive(Clone, Copy, Debug)]
pub struct Answering<'a> {
    /// The bytes that the batch came in.
    pub bytes: &'a [u8],
    /// What they were split into.
    pub file: &'a File,
    /// The hub's own id of the answer.
    pub control_id: &'a str,
    /// The moment of the answer.
    pub now: Time,
}

/// Puts the answers to the messages of a file into batches as the messages came in them. A message that wants no answer has
/// none; `None` when no message has one, or the file has no batches.
pub fn answer(answering: &Answering<'_>, answers: &[Option<Vec<u8>>]) -> Option<Vec<u8>> {
    let file = answering.file;
    if file.batches.is_empty() || answers.iter().all(Option::is_none) {
        return None;
    }
    let mut out = Vec::new();
    let file_header = file.header.as_ref().and_then(|line| answering.wrapper("FHS", line));
    out.extend_from_slice(file_header.as_deref().unwrap_or_default());
    let first = file.batches.first().map_or(0, |batch| batch.messages.start);
    let last = file.batches.last().map_or(0, |batch| batch.messages.end);
    out.extend(answers.get(..first).unwrap_or_default().iter().flatten().flatten());
    let mut batches = 0;
    for batch in &file.batches {
        let of_batch = answers.get(batch.messages.clone()).unwrap_or_default();
        let count = of_batch.iter().flatten().count();
        if count == 0 {
            continue;
        }
        batches += 1;
        out.extend(answering.wrapper("BHS", &batch.header)?);
        out.extend(of_batch.iter().flatten().flatten());
        out.extend(answering.trailer("BTS", count, &batch.header));
    }
    out.extend(answers.get(last..).unwrap_or_default().iter().flatten().flatten());
    if let Some(line) = file.header.as_ref().filter(|_| file_header.is_some()) {
        out.extend(answering.trailer("FTS", batches, line));
    }
    Some(out)
}

impl Answering<'_> {
    /// The header of the answer: who sent is who is answered, and the last field is the id of what is answered.
    fn wrapper(&self, name: &str, line: &Range<usize>) -> Option<Vec<u8>> {
        let (header, id) = self.read(line)?;
        let mut writer = Writer { header: &header, text: String::new() };
        let nothing = String::new;
        let fields = [
            writer.encoding(),
            header.receiving_application.clone(),
            header.receiving_facility.clone(),
            header.sending_application.clone(),
            header.sending_facility.clone(),
            compact(self.now),
            nothing(),
            nothing(),
            nothing(),
            writer.escaped(self.control_id),
            id,
        ];
        writer.segment(name, &fields);
        Some(header.charset.encode(&writer.text))
    }

    fn trailer(&self, name: &str, count: usize, line: &Range<usize>) -> Vec<u8> {
        let separator = self.bytes.get(line.clone()).and_then(|line| line.get(3)).copied().unwrap_or(b'|');
        format!("{name}{}{count}\r", char::from(separator)).into_bytes()
    }

    /// The line of a wrapper as a header, and the sender's id of the batch or file. The first fields of both are those of
    /// MSH.
    fn read(&self, line: &Range<usize>) -> Option<(Header, String)> {
        let line = self.bytes.get(line.clone())?;
        let as_message = [b"MSH", line.get(3..)?].concat();
        let header = header(&as_message).ok()?;
        let text = charset::decode(line).text;
        let id = text.split(char::from(header.delimiters.field)).nth(10).unwrap_or_default().trim_end().to_owned();
        Some((header, id))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::super::file::split;
    use super::*;
    use jiff::civil::date;

    fn answered(bytes: &[u8], answers: &[Option<&str>]) -> Option<String> {
        let file = split(bytes);
        assert_eq!(file.diagnostics, []);
        let now = Time::from_japan(date(2026, 10, 30).at(11, 5, 0, 0));
        let answers: Vec<_> = answers.iter().map(|answer| answer.map(|text| text.as_bytes().to_vec())).collect();
        let answering = Answering { bytes, file: &file, control_id: "7", now };
        answer(&answering, &answers).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn the_answers_to_a_batch_are_a_batch_that_names_it() {
        let batch = b"FHS|^~\\&|A|B|C|D\rBHS|^~\\&|APP|FAC|MUSUBI|CITY|20261030||||B-1\rMSH|a\rMSH|b\rBTS|2\rFTS|1\r";
        let text = answered(batch, &[Some("MSA|AA|a\r"), Some("MSA|AA|b\r")]).unwrap();
        let lines: Vec<&str> = text.split_terminator('\r').collect();
        let ours = "20261030110500+0900||||7";
        assert_eq!(lines[0], format!("FHS|^~\\&|C|D|A|B|{ours}"));
        assert_eq!(lines[1], format!("BHS|^~\\&|MUSUBI|CITY|APP|FAC|{ours}|B-1"));
        assert_eq!(lines[2..], ["MSA|AA|a", "MSA|AA|b", "BTS|2", "FTS|1"]);
    }

    #[test]
    fn each_batch_is_answered_apart_and_what_wants_no_answer_has_none() {
        let two = b"MSH|x\rBHS|^~\\&\rMSH|a\rBTS\rBHS^~|\\&\rMSH|b\rMSH|c\rBTS\rMSH|y\r";
        let answers = [Some("x\r"), None, Some("b\r"), None, Some("y\r")];
        let text = answered(two, &answers).unwrap();
        let lines: Vec<&str> = text.split_terminator('\r').collect();
        assert_eq!((lines[0], lines[2], lines[3], lines[4], lines.len()), ("x", "b", "BTS^1", "y", 5), "{text}");
        assert!(lines[1].starts_with("BHS^~|\\&^"), "in the separators of the batch");
        assert_eq!(answered(two, &[None, None, None, None, None]), None);
    }

    #[test]
    fn without_a_batch_there_is_no_answer_of_one() {
        assert_eq!(answered(b"MSH|a\r", &[Some("a\r")]), None);
    }
}

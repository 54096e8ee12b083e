//! SS-MIX2 standardised storage: what the name of a file says, and what takes back a file that is no longer valid
//! (`formats/hospital.md` 2.9).

use super::header::header;
use std::ops::Range;

/// Digits of the time of sending.
const SENT_DIGITS: usize = 17;
/// Most digits of an order number: 15 by the standard, fewer in real storages.
const ORDER_DIGITS_MAX: usize = 20;

/// The data types that are read (2.10). Orders and the like lie beside them, and are nobody's affair here.
pub const TYPES: [&str; 11] =
    ["ADT-00", "ADT-12", "ADT-21", "ADT-22", "ADT-42", "ADT-51", "ADT-52", "ADT-61", "PPR-01", "OML-11", "OMG-13"];

/// Is what a file tells in force?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `1`
    Valid,
    /// `2`: another file has taken its place.
    Superseded,
    /// `0`
    Deleted,
}

/// What the name of a file says: `<patient>_<care date>_<data type>_<order>_<sent>_<department>_<flag>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// `ADT-52`, `OML-11` …
    pub data_type: String,
    /// Patient, care date, data type, order and department: two files with the same tell about the same.
    pub key: String,
    /// Time of sending, 17 digits: later ones are newer.
    pub sent: String,
    /// In force?
    pub condition: Condition,
}

impl Name {
    /// Does what the file tells stand?
    pub fn is_in_force(&self) -> bool {
        self.condition == Condition::Valid
    }

    /// Reads a file's name; `None` when it is not one of the storage.
    pub fn read(name: &str) -> Option<Self> {
        let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let mut parts = name.rsplitn(7, '_');
        let (flag, department, sent, order) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let (data_type, date, patient) = (parts.next()?, parts.next()?, parts.next()?);
        let digits = |text: &str, length: usize| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
        let (kind, number) = data_type.split_once('-').unwrap_or((data_type, "00"));
        let typed = kind.len() == 3 && kind.bytes().all(|b| b.is_ascii_uppercase()) && digits(number, 2);
        let dated = date == "-" || digits(date, 8);
        let ordered = order == "-" || (1..=ORDER_DIGITS_MAX).contains(&order.len()) && digits(order, order.len());
        if !typed || !dated || !ordered || !digits(sent, SENT_DIGITS) || patient.is_empty() {
            return None;
        }
        let condition = match flag {
            "1" => Condition::Valid,
            "2" => Condition::Superseded,
            "0" => Condition::Deleted,
            _ => return None,
        };
        let key = [patient, date, data_type, order, department].join("_");
        Some(Name { data_type: data_type.to_owned(), key, sent: sent.to_owned(), condition })
    }
}

/// The event that takes back what each event told (2.10).
const TAKES_BACK: [(&str, &str); 7] =
    [("A08", "A23"), ("A14", "A27"), ("A01", "A11"), ("A04", "A11"), ("A02", "A12"), ("A16", "A25"), ("A03", "A13")];

/// The message that takes back what this one told: its event is cancelled, or its results are deleted (OBX-11 `D`). `None` for
/// what cannot be taken back by a message.
pub fn withdrawal(message: &[u8], control_id: &str) -> Option<Vec<u8>> {
    let header = header(message).ok()?;
    let separator = header.delimiters.field;
    let component = char::from(header.delimiters.component);
    let cancelled = TAKES_BACK.iter().find(|(event, _)| header.message_type == "ADT" && *event == header.event);
    let results = matches!(header.message_type.as_str(), "ORU" | "OUL");
    if cancelled.is_none() && !results {
        return None;
    }
    let mut out = Vec::with_capacity(message.len());
    for line in message.split_inclusive(|byte| matches!(byte, b'\r' | b'\n')) {
        let (line, deleted) = match line.get(..3) {
            Some(b"MSH") => {
                let line = with_field(line, separator, 10, control_id.as_bytes());
                let kind = cancelled.map(|(_, by)| format!("ADT{component}{by}"));
                (kind.map_or(line.clone(), |kind| with_field(&line, separator, 9, kind.as_bytes())), false)
            }
            Some(b"EVN") => {
                let by = cancelled.map_or(header.event.as_str(), |(_, by)| by);
                // EVN has no field of its separator: its first field is its first.
                (with_field(line, separator, 2, by.as_bytes()), false)
            }
            Some(b"OBX") => (line.to_vec(), results),
            _ => (line.to_vec(), false),
        };
        // Field 11 of OBX is the 12th part of its line.
        out.extend(if deleted { with_field(&line, separator, 12, b"D") } else { line });
    }
    Some(out)
}

/// A line in which one part stands in the place of another; parts are counted as in MSH, where the separator is the first
/// field. Bytes that are no separator are not looked at: a sender returns to ASCII before each (2.1).
fn with_field(line: &[u8], separator: u8, number: usize, value: &[u8]) -> Vec<u8> {
    let end = line.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
    let (body, ending) = line.split_at_checked(end).unwrap_or((line, &[]));
    let mut starts = vec![0];
    starts.extend(body.iter().enumerate().filter(|(_, byte)| **byte == separator).map(|(at, _)| at + 1));
    let part = |index: usize| -> Option<Range<usize>> {
        let start = *starts.get(index)?;
        Some(start..starts.get(index + 1).map_or(body.len(), |next| next - 1))
    };
    match part(number.saturating_sub(1)) {
        Some(range) => {
            let (before, after) = (body.get(..range.start), body.get(range.end..));
            [before.unwrap_or_default(), value, after.unwrap_or_default(), ending].concat()
        }
        None => {
            let missing = number.saturating_sub(starts.len());
            [body, &vec![separator; missing], value, ending].concat()
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_name_of_a_file_says_what_it_is_and_whether_it_is_in_force() {
        let name = Name::read("0000012345_20261030_ADT-52_000000000000001_20261030110530123_01_1").unwrap();
        assert_eq!((name.data_type.as_str(), name.condition), ("ADT-52", Condition::Valid));
        assert_eq!(name.key, "0000012345_20261030_ADT-52_000000000000001_01");
        let deleted = Name::read("0000012345_20261030_ADT-52_000000000000001_20261031090000000_01_0").unwrap();
        assert_eq!((deleted.key, deleted.condition), (name.key, Condition::Deleted));
        assert!(deleted.sent > name.sent);
        assert_eq!(Name::read("1_20261030_OMD_2026103000300_20261030110530123_-_1").unwrap().data_type, "OMD");
        assert!(Name::read("12_34_-_ADT-00_000000000000000_20261030110530123_-_1").is_some());
        for other in [
            "",
            "readme.txt",
            "1_20261030_ADT-52_a_20261030110530123_01_1",
            "1_20261030_ADT-52_000000000000001_2026_01_1",
            "1_2026_ADT-52_000000000000001_20261030110530123_01_1",
            "1_20261030_ADT-52_000000000000001_20261030110530123_01_3",
        ] {
            assert_eq!(Name::read(other), None, "{other}");
        }
    }

    #[test]
    fn a_discharge_is_taken_back_by_its_cancellation() {
        let message = b"MSH|^~\\&|A|B|||1||ADT^A03^ADT_A03|7|P|2.5\rEVN|A03|1\rPID|1||9\r";
        let back = String::from_utf8(withdrawal(message, "W1").unwrap()).unwrap();
        assert_eq!(back, "MSH|^~\\&|A|B|||1||ADT^A13|W1|P|2.5\rEVN|A13|1\rPID|1||9\r");
        let header = super::super::header(back.as_bytes()).unwrap();
        assert_eq!((header.event.as_str(), header.control_id.as_str()), ("A13", "W1"));
    }

    #[test]
    fn results_are_taken_back_one_by_one_however_short_their_lines_are() {
        let message = b"MSH|^~\\&|A|B|||1||ORU^R01|7|P|2.5\nPID|1||9\nOBX|1|NM|a||1|||||F\nOBX|2|NM|b||2|g||||||F||x";
        let back = String::from_utf8(withdrawal(message, "W1").unwrap()).unwrap();
        let lines: Vec<&str> = back.lines().collect();
        assert_eq!(lines[2], "OBX|1|NM|a||1|||||F|D");
        assert_eq!(lines[3], "OBX|2|NM|b||2|g|||||D|F||x");
    }

    #[test]
    fn what_has_no_cancellation_is_not_taken_back() {
        for kind in ["PPR^ZD1", "ADT^A60", "REF^I12"] {
            let message = format!("MSH|^~\\&|A|B|||1||{kind}|7|P|2.5\rPID|1||9\r");
            assert_eq!(withdrawal(message.as_bytes(), "W1"), None, "{kind}");
        }
        assert_eq!(withdrawal(b"", "W1"), None);
    }

    proptest! {
        #[test]
        fn no_name_and_no_bytes_stop_it(name in "\\PC*", bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Name::read(&name);
            let _ = withdrawal(&bytes, "W1");
            let _ = withdrawal(&[b"MSH|^~\\&|A|B|||1||ADT^A03|7|P|2.5\r".as_slice(), &bytes].concat(), "W1");
        }
    }
}

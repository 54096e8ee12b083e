//! SS-MIX2 standardised storage: what the name of a file says, and what takes back a file that is no longer valid
//! (`formats/hospital.md` 2.9).

use super::charset;
use super::control_id;
use super::header::header;
use musubi_core::adapter::Diagnostic;

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

    /// An id of its own for what takes the file back: the same file gives the same.
    pub fn control_id(&self) -> String {
        control_id::of(&[format!("withdrawn {} {}", self.key, self.sent).as_bytes()])
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

/// A file of the storage as the flag in its name has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filed {
    /// Its name says nothing of the kind, or that it is in force: it is read as it is.
    AsItIs,
    /// It was deleted: this message takes back what it told.
    TakenBack(Vec<u8>),
    /// It was deleted, and no message can take it back; or another file has taken its place.
    NotInForce(Diagnostic),
}

/// What a file of this name is to a reader, who takes only what is in force (2.9).
pub fn filed(name: &str, bytes: &[u8]) -> Filed {
    let Some(named) = Name::read(name) else { return Filed::AsItIs };
    match named.condition {
        Condition::Valid => Filed::AsItIs,
        Condition::Superseded => Filed::NotInForce(superseded()),
        Condition::Deleted => match withdrawal(bytes, &named.control_id()) {
            Some(message) => Filed::TakenBack(message),
            None => Filed::NotInForce(super::transactions::cannot_be_taken_back()),
        },
    }
}

fn superseded() -> Diagnostic {
    Diagnostic::error(
        "H003",
        "file",
        "ファイル名のコンディションフラグが2(旧版)のため、受け取りませんでした。",
        "The condition flag in the name of the file is 2, superseded: it was not taken.",
    )
}

/// The event that takes back what each event told (2.10). A message that is such an event already stays one.
const TAKES_BACK: [(&str, &str); 7] =
    [("A08", "A23"), ("A14", "A27"), ("A01", "A11"), ("A04", "A11"), ("A02", "A12"), ("A16", "A25"), ("A03", "A13")];

/// The field of each line that deletes what the line told: type and event of the message, segment, field, code (tables 0085,
/// 0287 and 0323).
const DELETES: [(&str, &str, &str, usize, &str); 4] = [
    ("ORU", "", "OBX", 11, "D"),
    ("OUL", "", "OBX", 11, "D"),
    ("PPR", "", "PRB", 1, "DE"),
    ("ADT", "A60", "IAM", 6, "D"),
];

/// The message that takes back what this one told: its event is cancelled, or each of its lines deletes what it told. `None`
/// for what cannot be taken back by a message.
pub fn withdrawal(message: &[u8], control_id: &str) -> Option<Vec<u8>> {
    let charset = charset::decode(message).charset;
    let header = header(message).ok()?;
    let component = char::from(header.delimiters.component);
    let is_adt = header.message_type == "ADT";
    let cancelled = TAKES_BACK.iter().find(|(event, by)| is_adt && (*event == header.event || *by == header.event));
    let deletes = DELETES
        .iter()
        .find(|(kind, event, ..)| *kind == header.message_type && (event.is_empty() || *event == header.event));
    let has = |name: &str| message.split(|byte| is_end(*byte)).any(|line| line.starts_with(name.as_bytes()));
    // An allergy in AL1 has no field that deletes it.
    let deletes = deletes.filter(|(_, _, segment, ..)| has(segment) && !has("AL1"));
    if cancelled.is_none() && deletes.is_none() {
        return None;
    }
    let with = |line: &[u8], part: usize, value: &str| {
        with_part(line, &charset::separators(line, header.delimiters.field, charset), part, value.as_bytes())
    };
    let mut out = Vec::with_capacity(message.len());
    for line in message.split_inclusive(|byte| is_end(*byte)) {
        out.extend(match (line.get(..3), cancelled, deletes) {
            (Some(b"MSH"), Some((_, by)), _) => with(&with(line, 9, control_id), 8, &format!("ADT{component}{by}")),
            (Some(b"MSH"), ..) => with(line, 9, control_id),
            (Some(b"EVN"), Some((_, by)), _) => with(line, 1, by),
            (Some(name), _, Some((_, _, segment, field, code))) if name == segment.as_bytes() => {
                with(line, *field, code)
            }
            _ => line.to_vec(),
        });
    }
    Some(out)
}

fn is_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// A line in which another value stands in the place of one part; the name is part 0, and of MSH field `n` is part `n - 1`.
fn with_part(line: &[u8], separators: &[usize], part: usize, value: &[u8]) -> Vec<u8> {
    let end = line.iter().rposition(|byte| !is_end(*byte)).map_or(0, |last| last + 1);
    let (body, ending) = line.split_at_checked(end).unwrap_or((line, &[]));
    let separator = separators.first().and_then(|at| line.get(*at)).copied().unwrap_or(b'|');
    let start = part.checked_sub(1).map_or(Some(0), |before| separators.get(before).map(|at| at + 1));
    match start {
        Some(start) => {
            let after = separators.get(part).copied().unwrap_or(body.len());
            let (before, after) = (body.get(..start), body.get(after..));
            [before.unwrap_or_default(), value, after.unwrap_or_default(), ending].concat()
        }
        None => {
            let missing = part.saturating_sub(separators.len());
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
    fn a_file_is_read_as_the_flag_in_its_name_has_it() {
        let discharge = b"MSH|^~\\&|A|B|||1||ADT^A03|7|P|2.5\rEVN|A03|1\rPID|1||9\r";
        let name = |flag: &str| format!("0000012345_20261030_ADT-52_000000000000001_20261030110530123_01_{flag}");
        for in_force in ["referral.hl7".to_owned(), name("1")] {
            assert_eq!(filed(&in_force, discharge), Filed::AsItIs);
        }
        assert!(matches!(filed(&name("2"), discharge), Filed::NotInForce(said) if said.code == "H003"));
        let Filed::TakenBack(back) = filed(&name("0"), discharge) else { panic!("it was deleted") };
        assert!(String::from_utf8(back).unwrap().contains("|ADT^A13|"));
        assert!(matches!(filed(&name("0"), b"MSH|^~\\&|A|B|||1||REF^I12|7\r"), Filed::NotInForce(_)));
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
    fn what_takes_something_back_already_keeps_its_event() {
        let message = b"MSH|^~\\&|A|B|||1||ADT^A13^ADT_A01|7|P|2.5\rEVN|A13|1\rPID|1||9\r";
        let back = String::from_utf8(withdrawal(message, "W1").unwrap()).unwrap();
        assert_eq!(back, "MSH|^~\\&|A|B|||1||ADT^A13|W1|P|2.5\rEVN|A13|1\rPID|1||9\r");
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
    fn diagnoses_and_allergies_are_taken_back_line_by_line() {
        let back = |kind: &str, lines: &str| {
            let message = format!("MSH|^~\\&|A|B|||1||{kind}|7|P|2.5\r{lines}");
            let back = withdrawal(message.as_bytes(), "W1").unwrap();
            String::from_utf8(back).unwrap().split_once('\r').unwrap().1.to_owned()
        };
        let problems = "PID|1||9\rPRB|AD|20110915|200^x^MDCDX2|P-1\rZPR||a\rPRB||20110915|201^y^MDCDX2|P-2\r";
        let deleted = "PID|1||9\rPRB|DE|20110915|200^x^MDCDX2|P-1\rZPR||a\rPRB|DE|20110915|201^y^MDCDX2|P-2\r";
        assert_eq!(back("PPR^ZD1", problems), deleted);
        let allergies = "EVN||1\rPID|1||9\rIAM|1|FA|50^そば^JC10|MO|湿疹|A^追加^HL70323\rIAM|2|DA|60\r";
        let deleted = "EVN||1\rPID|1||9\rIAM|1|FA|50^そば^JC10|MO|湿疹|D\rIAM|2|DA|60|||D\r";
        assert_eq!(back("ADT^A60", allergies), deleted);
    }

    /// In JIS and Shift_JIS many a kanji has the byte of a separator.
    #[test]
    fn a_kanji_with_the_byte_of_a_separator_moves_no_field() {
        for encoding in [encoding_rs::ISO_2022_JP, encoding_rs::SHIFT_JIS] {
            let bytes = |text: &str| encoding.encode(text).0.into_owned();
            let kanji: String =
                ('一'..='龥').filter(|letter| bytes(&letter.to_string()).contains(&b'|')).take(9).collect();
            assert_eq!(kanji.chars().count(), 9);
            let line = |status: &str| format!("OBX|1|TX|X^{kanji}^L||{kanji}||||||{status}|||20261030\r");
            let head = |id: &str| format!("MSH|^~\\&|{kanji}|B|||1||ORU^R01|{id}|P|2.5\rPID|1||9||{kanji}\r");
            let back = withdrawal(&bytes(&(head("7") + &line("F"))), "W1").unwrap();
            assert_eq!(encoding.decode(&back).0, head("W1") + &line("D"));
            let results = super::super::charset::decode(&back);
            assert!(results.text.contains(&line("D")), "{}", results.text);
        }
    }

    #[test]
    fn what_has_no_cancellation_is_not_taken_back() {
        for kind in ["PPR^ZD1", "ADT^A60", "REF^I12"] {
            let message = format!("MSH|^~\\&|A|B|||1||{kind}|7|P|2.5\rPID|1||9\rAL1|1|DA|x\r");
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

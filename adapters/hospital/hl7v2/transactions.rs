//! SS-MIX2 transaction storage (トランザクションストレージ): files `TR_YYYYMMDDHHMMSSFFF_nnnnn.DAT` in which each message stands behind
//! a line that says whether it was stored (`INS`) or deletes what was stored (`DEL`); `formats/hospital.md` 2.9.
//!
//! The line is `#SSMIX,version,institution,patient,care date,data type,order number,INS or DEL,department,time`. Sources: the
//! examples of the SS-MIX header in `ssmix2-to-fhir` of the FHIR working group of JAMI, whose fields are, in this order, those of
//! the index database of the SS-MIX2 guideline 1.2 (table SSMIXIDX); and `transaction_strage.md` of the National Hospital
//! Organization for what `INS` and `DEL` mean.

use super::control_id;
use musubi_core::adapter::Diagnostic;
use std::ops::Range;

/// What the header of a record begins with.
pub const MARK: &[u8] = b"#SSMIX,";
/// The field of the header that holds the patient's number, and that of the order's.
pub(super) const PATIENT: &str = "#SSMIX-4";
pub(super) const ORDER: &str = "#SSMIX-7";

/// Fields of a header.
const FIELDS: usize = 10;
/// Which of them says what is done, from 0.
const ACTION: usize = 7;

/// What a record does with its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// `INS`: the message says something, for the first time or anew.
    Insert,
    /// `DEL`: what the message tells of is taken back.
    Delete,
}

/// One record: its header, and where its messages begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// `None` where the header does not say it rightly: then nothing behind it is read.
    pub(super) action: Option<Action>,
    /// Where its header stands.
    pub(super) header: Range<usize>,
    /// The number of its first message in the file, from 0.
    pub(super) first: usize,
}

/// What a header says is done.
pub(super) fn action(header: &[u8]) -> Option<Action> {
    let fields: Vec<&[u8]> = header.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).collect();
    match fields.get(ACTION) {
        Some(&b"INS") if fields.len() == FIELDS => Some(Action::Insert),
        Some(&b"DEL") if fields.len() == FIELDS => Some(Action::Delete),
        _ => None,
    }
}

/// The record that a message belongs to.
pub(super) fn of(records: &[Record], message: usize) -> Option<&Record> {
    let after = records.partition_point(|record| record.first <= message);
    after.checked_sub(1).and_then(|at| records.get(at))
}

/// The id of a message that takes something back: the same record gives the same.
pub(super) fn control_id(header: &[u8], message: &[u8]) -> String {
    control_id::of(&[b"withdrawn ", header, message])
}

/// The fields of a header by name.
pub(super) fn fields(header: &str) -> Vec<(String, String)> {
    (1..).zip(header.split(',')).map(|(number, text)| (format!("#SSMIX-{number}"), text.trim().to_owned())).collect()
}

/// What stands behind a header that is not understood could be said or taken back: nobody guesses.
pub(super) fn unclear() -> Diagnostic {
    Diagnostic::error(
        "H008",
        "#SSMIX-8",
        "SS-MIXヘッダーが10項目ではないか、処理区分がINSでもDELでもないため、この電文を受け取りませんでした。",
        "The SS-MIX header has not ten fields, or says neither INS nor DEL: the message behind it was not taken.",
    )
}

/// A deletion that no message can carry out.
pub(super) fn cannot_be_taken_back() -> Diagnostic {
    Diagnostic::error(
        "H003",
        "#SSMIX-8",
        "この種類の電文の削除は、電文では取り消せません。訂正の電文を送るか、担当者に連絡してください。",
        "What was deleted cannot be taken back by a message of this kind; send a correction, or tell a person.",
    )
}

/// In a frame.
pub(super) fn only_as_a_file() -> Diagnostic {
    Diagnostic::error(
        "H003",
        "#SSMIX",
        "SS-MIX2のトランザクションストレージは、ファイルとして渡してください。MLLPでは受け取りません。",
        "An SS-MIX2 transaction storage is handed in as a file; it is not taken by MLLP.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_a_record_says_what_is_done_with_its_message() {
        let header = |action: &str| {
            format!("#SSMIX,2.00,9999999999,0000000123,-,ADT-00,999999999999999,{action},-,20220101235959567")
        };
        assert_eq!(action(header("INS").as_bytes()), Some(Action::Insert));
        assert_eq!(action(header("DEL").as_bytes()), Some(Action::Delete));
        for other in ["", "UPD", "ins", "INS,x"] {
            assert_eq!(action(header(other).as_bytes()), None, "{other}");
        }
        assert_eq!(action(b"#SSMIX,2.00,9999999999,0000000123,-,ADT-00,999999999999999,INS"), None);
    }

    #[test]
    fn a_message_belongs_to_the_record_before_it() {
        let record = |first| Record { action: None, header: first..first, first };
        let records = [record(1), record(2), record(4)];
        let belongs = |message| of(&records, message).map(|record| record.first);
        assert_eq!([0, 1, 2, 3, 4, 9].map(belongs), [None, Some(1), Some(2), Some(2), Some(4), Some(4)]);
    }
}

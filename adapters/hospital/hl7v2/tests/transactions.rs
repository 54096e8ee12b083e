//! A file of the SS-MIX2 transaction storage: what each of its records says, and what is not guessed.

use super::*;
use crate::recognise;
use musubi_core::adapter::{Decoded, Fate};
use serde_json::Value;

const MOTHER: &str = "shione_a03_mother";

fn header(action: &str) -> String {
    format!("#SSMIX,2.00,4810700122,00012345,20261030,ADT-52,000000000000001,{action},01,20261030110530123")
}

/// A file of records: each its header and its message.
fn file(records: &[(String, String)]) -> Vec<u8> {
    records.iter().map(|(header, message)| format!("{header}\r\n{message}\x1C\r\r\n")).collect::<String>().into_bytes()
}

fn text(name: &str) -> String {
    String::from_utf8(sample(name)).unwrap()
}

fn said(decoded: &Decoded, at: usize) -> Vec<String> {
    decoded.items[at].diagnostics.iter().map(|said| format!("{} {}", said.code, said.place)).collect()
}

fn record(decoded: &Decoded, at: usize) -> Value {
    serde_json::from_str(&decoded.items[at].submission.as_ref().unwrap().to_author_json()).unwrap()
}

fn kinds(record: &Value) -> Vec<&str> {
    let known = ["personDetails", "encounter", "dischargeNotice", "withdrawal"];
    let entries = record["entries"].as_array().unwrap().iter();
    entries.filter_map(|entry| known.into_iter().find(|kind| entry.get(kind).is_some())).collect()
}

#[test]
fn a_record_that_inserts_is_its_message_and_one_that_deletes_takes_it_back() {
    let bytes = file(&[(header("INS"), text(MOTHER)), (header("DEL"), text(MOTHER))]);
    assert_eq!(recognise(&bytes).unwrap().name(), "hl7v2");
    let decoded = Hl7v2.decode(&bytes, &shione());
    assert!(decoded.diagnostics.is_empty(), "{:?}", decoded.diagnostics);
    let (told, back) = (record(&decoded, 0), record(&decoded, 1));
    assert_eq!(told, serde_json::from_str::<Value>(&alone(MOTHER)).unwrap(), "as the message alone");
    assert!(kinds(&told).contains(&"dischargeNotice"));
    let withdrawn = back["entries"].as_array().unwrap().iter().find(|entry| entry.get("withdrawal").is_some()).unwrap();
    let notice = told["entries"].as_array().unwrap().iter().find(|entry| entry.get("dischargeNotice").is_some());
    assert_eq!(withdrawn["sourceKey"], notice.unwrap()["sourceKey"]);
    assert_ne!(told["messageId"], back["messageId"]);
    let again = Hl7v2.decode(&bytes, &shione());
    assert_eq!(record(&again, 1)["messageId"], back["messageId"], "the same record has the same id");
}

fn alone(name: &str) -> String {
    Hl7v2.decode(&sample(name), &shione()).items[0].submission.as_ref().unwrap().to_author_json()
}

#[test]
fn each_record_is_answered_and_what_is_not_understood_is_neither_said_nor_taken_back() {
    let bytes = file(&[
        (header("UPD"), text(MOTHER)),
        (header("INS").replace(",01,", ","), text(MOTHER)),
        (header("DEL"), text("shione_ref_i12")),
        (header("INS"), String::new()),
        (header("INS"), text("shione_a03_newborn")),
    ]);
    let decoded = Hl7v2.decode(&bytes, &shione());
    let taken: Vec<bool> = decoded.items.iter().map(|item| item.submission.is_some()).collect();
    assert_eq!(taken, [false, false, false, false, true]);
    assert_eq!(said(&decoded, 0), ["H008 #SSMIX-8"]);
    assert_eq!(said(&decoded, 1), ["H008 #SSMIX-8"]);
    assert_eq!(said(&decoded, 2), ["H003 #SSMIX-8"]);
    assert_eq!(said(&decoded, 3), ["H001 MSH"]);
    let headers = decoded.ledger.lines().filter(|line| line.place.contains("#SSMIX-"));
    let headers: Vec<_> = headers.collect();
    assert_eq!(headers.len(), 49, "every field of every header is accounted for");
    assert!(headers.iter().all(|line| line.fate == Fate::Envelope));
}

#[test]
fn an_individual_number_is_found_in_a_record_and_in_its_header() {
    let with_number = text(MOTHER).replacen("\rPV1", "\rNTE|1||1234 5678 9018\rPV1", 1);
    let decoded = Hl7v2.decode(&file(&[(header("UPD"), with_number)]), &shione());
    assert!(said(&decoded, 0)[0].starts_with("H009 NTE"), "{:?}", said(&decoded, 0));
    let of_patient = file(&[(header("INS").replace("00012345", "123456789018"), text(MOTHER))]);
    let decoded = Hl7v2.decode(&of_patient, &shione());
    assert_eq!(decoded.diagnostics[0].code, "H009");
    assert_eq!(decoded.diagnostics[0].place, "line 1, #SSMIX-4");
    let mut declared = shione();
    declared.twelve_digit_columns = vec!["PID-3".to_owned()];
    assert_eq!(Hl7v2.decode(&of_patient, &declared).taken(), 1);
}

#[test]
fn a_frame_that_holds_a_transaction_storage_is_refused() {
    let bytes = file(&[(header("DEL"), text(MOTHER))]);
    let split = super::super::file::split_frame(&bytes);
    assert!(split.is_refused() && split.diagnostics.iter().any(|said| said.code == "H003"));
    assert!(!super::super::file::split_frame(&sample(MOTHER)).is_refused());
}

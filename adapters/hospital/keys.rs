//! What tells two entries of one document apart in their keys, and is the same when the document comes again.

use super::hl7v2::types;
use musubi_proto::v1 as proto;
use std::collections::HashMap;

/// Longest number of a sender in a key, in bytes.
const NUMBER_MAX: usize = 80;
/// Letters in a key of what an entry is about.
const ABOUT_MAX: usize = 24;

/// The keys of a document so far: the second entry of one series has a number behind its key.
#[derive(Default)]
pub(super) struct Series(HashMap<String, u32>);

impl Series {
    /// The key of the next entry of a series.
    pub(super) fn next(&mut self, key: String) -> String {
        let times = self.0.entry(key.clone()).or_default();
        *times += 1;
        if *times == 1 { key } else { format!("{key}#{times}") }
    }
}

/// May a sender's number stand in the key of an entry?
pub(super) fn is_number(number: &str) -> bool {
    !number.is_empty() && number.len() <= NUMBER_MAX
}

/// The sender's number; where it may not stand in a key, the beginning of what the entry is about.
pub(super) fn name(number: String, about: &str) -> String {
    if is_number(&number) { number } else { about.chars().take(ABOUT_MAX).collect() }
}

/// What an entry is about, where it has a code.
pub(super) fn about(code: &proto::Coded) -> &str {
    if code.code.is_empty() { &code.text } else { &code.code }
}

/// What a key says of a code.
pub(super) fn head(code: &proto::Coded) -> String {
    name(String::new(), about(code))
}

/// What tells one insurance of a person from another: who insures, and the numbers, in the letters of NFKC since senders
/// write both widths. Of a public expense it is the law alone: the number of who pays has a category of its own (C12), and a
/// key is seen wherever its entry is.
pub(super) fn insurance(coverage: &proto::Coverage) -> String {
    let law = coverage.public_expense_number.get(..2).unwrap_or_default();
    let parts = [law, &coverage.insurer, &coverage.symbol, &coverage.number, &coverage.branch];
    let parts = parts.map(types::compact);
    let told: Vec<&str> = parts.iter().map(|part| &**part).filter(|part| !part.is_empty()).collect();
    let key = if told.is_empty() { coverage.r#type.as_ref().map(head).unwrap_or_default() } else { told.join("/") };
    key.chars().take(NUMBER_MAX).collect()
}

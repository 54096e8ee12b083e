//! Insurance as a policy in the section of payers, with the numbers that the Japanese electronic prescription gives them.

use super::super::coverage::{BRANCH, INSURER, KINDS, NUMBER, PAYER, PUBLIC_EXPENSE, RECIPIENT, SYMBOL};
use super::values::coded;
use super::{LOINC, ts};
use crate::xml::Writer;
use musubi_proto::v1 as proto;

/// Parts that somebody has in a policy.
const PART: &str = "2.16.840.1.113883.5.110";

/// The entry of one insurance.
pub(super) fn write(out: &mut Writer, coverage: &proto::Coverage) {
    let is_public = !coverage.public_expense_number.is_empty();
    out.open("entry");
    out.open_with("act", &[("classCode", "ACT"), ("moodCode", "EVN")]);
    out.empty("code", &[("code", "48768-6"), ("codeSystem", LOINC), ("displayName", "Payment sources")]);
    out.empty("statusCode", &[("code", "completed")]);
    out.open_with("entryRelationship", &[("typeCode", "COMP")]);
    out.open_with("act", &[("classCode", "ACT"), ("moodCode", "EVN")]);
    match &coverage.r#type {
        Some(kind) => coded(out, "code", kind, ""),
        None if is_public => out.empty("code", &[("code", PUBLIC_EXPENSE), ("codeSystem", KINDS)]),
        None => out.empty("code", &[("nullFlavor", "NI")]),
    }
    out.empty("statusCode", &[("code", "completed")]);
    let (root, payer) = if is_public { (PAYER, &coverage.public_expense_number) } else { (INSURER, &coverage.insurer) };
    if !payer.is_empty() {
        out.open_with("performer", &[("typeCode", "PRF")]);
        out.open("assignedEntity");
        out.empty("id", &[("root", root), ("extension", payer)]);
        out.empty("code", &[("code", "PAYOR"), ("codeSystem", PART)]);
        out.close();
        out.close();
    }
    covered(out, coverage, is_public);
    for _ in 0..4 {
        out.close();
    }
}

/// Who is insured, by which numbers and how long.
fn covered(out: &mut Writer, coverage: &proto::Coverage, is_public: bool) {
    out.open_with("participant", &[("typeCode", "COV")]);
    let period = coverage.period.as_ref();
    let ends = [
        ("low", ts(period.and_then(|period| period.start.as_ref()))),
        ("high", ts(period.and_then(|period| period.end.as_ref()))),
    ];
    if ends.iter().any(|(_, at)| at.is_some()) {
        out.open("time");
        for (name, at) in &ends {
            at.iter().for_each(|at| out.empty(name, &[("value", at)]));
        }
        out.close();
    }
    out.open_with("participantRole", &[("classCode", "PAT")]);
    let number = if is_public { RECIPIENT } else { NUMBER };
    for (root, value) in [(SYMBOL, &coverage.symbol), (number, &coverage.number)] {
        if !value.is_empty() {
            out.empty("id", &[("root", root), ("extension", value)]);
        }
    }
    if !coverage.branch.is_empty() {
        out.empty("id", &[("extension", &coverage.branch), ("assigningAuthorityName", BRANCH)]);
    }
    if !coverage.relationship.is_empty() {
        coded(out, "code", &proto::Coded { code: coverage.relationship.clone(), ..proto::Coded::default() }, "");
    }
    out.close();
    out.close();
}

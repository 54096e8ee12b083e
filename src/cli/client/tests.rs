#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::show::{Shown, fields, outline, plain, status_lines};
use super::*;
use crate::edge::grpc::client as grpc;
use clap::Parser;
use serde_json::json;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

fn parse(line: &str) -> Result<Line, clap::Error> {
    Line::try_parse_from(std::iter::once("client").chain(line.split_whitespace()))
}

#[test]
fn every_call_of_an_agency_can_be_written() {
    let calls = [
        "submit a.hl7 b.csv",
        "--mllp 127.0.0.1:2575 submit --mllp a.hl7",
        "submit --format record -",
        "cases --purpose P5 --ground 汐児8-204 --municipality 482072 --signal UNMET_INFANT --age-to 12",
        "cases --xml query.xml",
        "record --purpose P1 MED-4810700122#00012345",
        "receive --out in --format notice-html --limit 5",
        "refer --person mother=MED-1#1 --to PRV-482072-07 --kind postnatal_care --approval SK08-0041 --care stay \
         --care day --from 2026-11-13 --until 2027-10-25 --units 7 --reductions 5 --income-class taxed",
        "step 018f accepted",
        "step 018f",
        "consent permit --person MED-1#1 --to OSC-482072 --category C01 --category C02 --purpose P1 \
         --until 2027-10-25 --form F-1 --form-version 3 --witness w-0001",
        "consent withdraw --person MED-1#1",
        "consent object --person MED-1#1 --to-kind CGC",
        "consent shield --person MED-1#1 --until 2027-06-30 --allow OSC-482072 --linked MED-4810700122",
        "consent seal --person MED-1#1 --reason court",
        "consent preserve --person MED-1#1 --reason 損害賠償請求訴訟のため",
        "consent preserve --person MED-1#1 --reason 訴訟が終結したため(確定) --lift",
        "ground request L04 --number 汐児8-204 --person PHO-482072-01#9 --category C09 --category C10",
        "ground assert L03 --message 018f --evidence necessity=alone",
        "ground approve 018f --category C09",
        "ground refuse 018f --category C10 --reason @why.txt",
        "ground end 018f",
        "work list --kind signal",
        "work answer 018f done --note @note.txt",
        "statement 018f0000-0000-7000-8000-000000000001",
    ];
    for call in calls {
        parse(call).unwrap_or_else(|error| panic!("{call}: {error}"));
    }
}

#[test]
fn connection_staff_and_json_may_stand_before_or_after_the_call() {
    for line in ["--agency DIR --staff w-0001 --json work list", "work list --agency DIR --staff w-0001 --json"] {
        let arguments = parse(line).unwrap().arguments;
        assert_eq!((arguments.staff.as_str(), arguments.json), ("w-0001", true), "{line}");
    }
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let wrong = [
        "submit",
        "submit --mllp --format pv02 a.csv",
        "cases --purpose P5",
        "record MED-1#1",
        "receive",
        "refer --to PRV-1 --kind support",
        "refer --person MED-1#1 --to PRV-1 --kind postnatal_care --approval SK08-0041",
        "refer --person MED-1#1 --to PRV-1 --kind support --units 7",
        "step 018f --note text",
        "consent permit --person MED-1#1 --to OSC-1 --to-kind CGC --category C01 --purpose P1 --until 2027-01-01 \
         --form F --form-version 1",
        "consent permit --person MED-1#1 --to OSC-1 --category C01 --purpose P1 --form F --form-version 1",
        "ground assert L03",
        "ground approve 018f",
        "",
    ];
    for line in wrong {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn a_refusal_of_the_hub_is_printed_as_its_diagnostics() {
    let status = Status::invalid_argument("error M700 until 日本語 / English\nerror M700 from 日本語 / English");
    assert_eq!(status_lines(&status).len(), 2);
    assert_eq!(
        status_lines(&Status::unauthenticated("M800 certificate")),
        ["error CL02 hub Unauthenticated: M800 certificate"]
    );
    assert_eq!(status_lines(&Status::internal("")), ["error CL02 hub Internal"]);
}

#[test]
fn nothing_that_others_wrote_steers_the_terminal() {
    assert_eq!(plain("a\u{1b}[2Jb\u{9b}c\nd"), "a [2Jb c d");
    assert_eq!(fields(&["a\tb", "c"]), "a b\tc");
    assert_eq!(outline(&json!({ "text": "x\u{1b}]0;y\u{7}" })), ["text: x ]0;y "]);
}

#[test]
fn a_receipt_is_written_as_in_an_acknowledgement() {
    let receipt = grpc::FactReceipt {
        fact_id: "f".to_owned(),
        status: "active".to_owned(),
        origin: "o".to_owned(),
        index: 3,
        leaf: vec![255; 3],
    };
    assert_eq!(receipt.lines(), ["f\tactive\to\tmusubi:1:3:____"]);
    assert_eq!(receipt.json().get("leaf"), Some(&json!("____")));
}

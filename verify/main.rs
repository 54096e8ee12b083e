//! `musubi-verify`: checks what a hub says of its log, where there is no hub. Exits 0 when it holds, 1 when it does not, 2 on
//! wrong usage.

use musubi_verify::copy::LogCopy;
use musubi_verify::{Checkpoint, Growth, Inclusion, LogVerifier, Receipt, SignedNote};
use std::error::Error;
use std::fs::{File, read_to_string};
use std::io::BufReader;
use std::process::ExitCode;

const USAGE: &str = "\
musubi-verify log COPY KEY [NOTE...]     the copy of a log, held against checkpoints that were kept elsewhere
musubi-verify proof PROOF KEY RECEIPT    that the entry of a receipt (musubi:1:INDEX:LEAF) stands in the log
musubi-verify growth PROOF KEY NOTE      that the log of an earlier checkpoint is the beginning of a later one

KEY is what `musubi audit key` prints at the hub. Take it from the hub's operator, never from the copy.";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let checked = match words.as_slice() {
        ["log", copy, key, notes @ ..] => log(copy, key, notes),
        ["proof", proof, key, receipt] => inclusion(proof, key, receipt),
        ["growth", proof, key, note] => growth(proof, key, note),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match checked {
        Ok(said) => {
            println!("ok    {said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("fault {error}");
            ExitCode::FAILURE
        }
    }
}

fn log(copy: &str, key: &str, notes: &[&str]) -> Result<String, Box<dyn Error>> {
    let key = LogVerifier::parse(key)?;
    let copy = LogCopy::open(BufReader::new(File::open(copy)?))?;
    let mut elsewhere = Vec::with_capacity(notes.len());
    for path in notes {
        let note = SignedNote::parse(&read_to_string(path)?)?;
        note.verify(&key)?;
        let said = Checkpoint::parse(&note.text)?;
        if said.origin != copy.origin() {
            return Err(format!("{path}: of another log, {}", said.origin).into());
        }
        elsewhere.push(said);
    }
    let found = copy.verify(Some(&key), &elsewhere)?;
    match found.fault {
        Some(wrong) => Err(format!("{} {wrong}", found.origin).into()),
        None => Ok(format!("{} {} entries, {} checkpoints", found.origin, found.leaves, found.checkpoints)),
    }
}

fn inclusion(proof: &str, key: &str, receipt: &str) -> Result<String, Box<dyn Error>> {
    let receipt = Receipt::from_msa3("", receipt)?;
    let checkpoint = Inclusion::parse(&read_to_string(proof)?)?.check(&receipt, &LogVerifier::parse(key)?)?;
    Ok(format!("{} index {} of {}", checkpoint.origin, receipt.index, checkpoint.size))
}

fn growth(proof: &str, key: &str, note: &str) -> Result<String, Box<dyn Error>> {
    let earlier = SignedNote::parse(&read_to_string(note)?)?;
    let checkpoint = Growth::parse(&read_to_string(proof)?)?.check(&earlier, &LogVerifier::parse(key)?)?;
    Ok(format!("{} grew to {} entries", checkpoint.origin, checkpoint.size))
}

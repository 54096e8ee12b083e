//! `musubi-verify`: checks what a hub says of its log, where there is no hub. Exits 0 when it holds, 1 when it does not, 2 on
//! wrong usage.

use musubi_verify::copy::LogCopy;
use musubi_verify::home::Home;
use musubi_verify::{Checkpoint, Growth, Inclusion, LogVerifier, Receipt, SignedNote};
use std::error::Error;
use std::fs::{File, read_to_string};
use std::io::BufReader;
use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

const USAGE: &str = "\
musubi-verify log COPY KEY [NOTE...]     the copy of a log, held against checkpoints that were kept elsewhere
musubi-verify proof PROOF KEY RECEIPT    that the entry of a receipt (musubi:1:INDEX:LEAF) stands in the log
musubi-verify growth PROOF KEY NOTE      that the log of an earlier checkpoint is the beginning of a later one

musubi-verify witness keygen HOME NAME           make a witness: its key in the folder HOME, the public key on standard output
musubi-verify witness sign HOME EXCHANGE KEY...  cosign what lies in the folder EXCHANGE and is what was cosigned, and more of it
musubi-verify witness restart HOME ORIGIN [NOTE] after the hub of a log was restored: begin again from an earlier note, or from nothing

KEY is what `musubi audit key` prints at the hub. Take it from the hub's operator, never from the copy.
A witness (証人) is run by another party than the operator of the hub: see docs/witness.md.";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let checked = match words.as_slice() {
        ["log", copy, key, notes @ ..] => log(copy, key, notes),
        ["proof", proof, key, receipt] => inclusion(proof, key, receipt),
        ["growth", proof, key, note] => growth(proof, key, note),
        ["witness", "keygen", home, name] => keygen(home, name),
        ["witness", "sign", home, exchange, first, rest @ ..] => sign(home, exchange, &[&[*first], rest].concat()),
        ["witness", "restart", home, origin] => restart(home, origin, None),
        ["witness", "restart", home, origin, note] => restart(home, origin, Some(note)),
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

#[expect(clippy::disallowed_methods, reason = "the one place that draws randomness: the key of a witness")]
fn keygen(home: &str, name: &str) -> Result<String, Box<dyn Error>> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    let made = Home::make(Path::new(home), name, &secret)?;
    Ok(format!("{} / この1行をハブの運用者に渡してください", made.key().verifier()))
}

/// Cosigns what may be, and tells every log that may not.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock: a cosignature says when")]
fn sign(home: &str, exchange: &str, keys: &[&str]) -> Result<String, Box<dyn Error>> {
    let keys = keys.iter().map(|key| LogVerifier::parse(key)).collect::<Result<Vec<_>, _>>()?;
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let (mut cosigned, mut faults) = (0, Vec::new());
    for answered in Home::open(Path::new(home))?.answer(Path::new(exchange), &keys, seconds)? {
        match answered.what {
            Ok(None) => {}
            Ok(Some((origin, head))) => {
                println!("signed {origin} {head}");
                cosigned += 1;
            }
            Err(fault) => faults.push(fault.to_string()),
        }
    }
    match faults.is_empty() {
        true => Ok(format!("{cosigned} cosigned / {cosigned}件に署名しました")),
        false => Err(faults.join("\nfault ").into()),
    }
}

fn restart(home: &str, origin: &str, note: Option<&str>) -> Result<String, Box<dyn Error>> {
    let note = note.map(|path| Ok::<_, Box<dyn Error>>(SignedNote::parse(&read_to_string(path)?)?)).transpose()?;
    let given_up = Home::open(Path::new(home))?.restart(origin, note.as_ref())?;
    Ok(format!("{origin}: given up {given_up} / 上の記録を手放し、指定の記録から始め直します"))
}

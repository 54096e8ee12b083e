//! What lies in the folder between the hub and a witness. Nothing is believed that is not signed.

use super::Witness;
use musubi_core::audit::{Checkpoint, LogVerifier, NoteSignature, SignedNote};
use musubi_verify::exchange::{LogFolder, Paper, logs};
use musubi_verify::witness::{Head, Refused};
use std::io;

/// What a witness left.
#[derive(Default)]
pub(super) struct Left {
    /// Notes that it signed, of each log the smallest first.
    pub(super) cosigned: Vec<Cosigned>,
    /// What it would not sign; its word alone.
    pub(super) refused: Vec<Refused>,
}

/// A note under which the signature of the witness holds.
pub(super) struct Cosigned {
    pub(super) origin: String,
    pub(super) head: Head,
    pub(super) note: SignedNote,
    pub(super) line: NoteSignature,
    pub(super) seconds: u64,
    /// This hub's key signed it too.
    pub(super) by_hub: bool,
}

/// Reads what a witness left for the hub with this key.
pub(super) fn read(witness: &Witness, own: &LogVerifier) -> io::Result<Left> {
    let mut left = Left::default();
    for log in logs(&witness.folder)? {
        for size in log.sizes(Paper::Cosigned)? {
            // One file that cannot be read, or is anything else, holds up none of the others.
            let read = log.read(Paper::Cosigned, size).ok();
            match read.and_then(|text| cosigned(witness, own, &text)) {
                Some(found) if found.head.size == size => left.cosigned.push(found),
                _ => {
                    let path = log.path(Paper::Cosigned, size);
                    tracing::warn!(file = %path.display(), "not a note that the witness signed; passed over");
                }
            }
        }
        for size in log.sizes(Paper::Refused)? {
            left.refused.extend(log.read(Paper::Refused, size).ok().and_then(|text| Refused::parse(&text)));
        }
    }
    Ok(left)
}

fn cosigned(witness: &Witness, own: &LogVerifier, text: &str) -> Option<Cosigned> {
    let note = SignedNote::parse(text).ok()?;
    let (line, seconds) = witness.key.check(&note).ok()?;
    let (line, by_hub) = (line.clone(), note.verify(own).is_ok());
    let said = Checkpoint::parse(&note.text).ok()?;
    Some(Cosigned { head: Head::from(&said), origin: said.origin, note, line, seconds, by_hub })
}

/// What is left for a witness of one log.
pub(super) struct Offer {
    pub(super) origin: String,
    /// Size and note of the newest checkpoint.
    pub(super) newest: (u64, String),
    /// What it is asked; `None` where it has signed it, or cannot be asked.
    pub(super) question: Option<String>,
    /// What it signed last, as the hub keeps it.
    pub(super) signed: Option<(u64, String)>,
}

/// Leaves it, and takes away what it takes the place of: the folder holds what was signed last and what is asked. On a medium that is
/// written once everything stays.
pub(super) fn leave(witness: &Witness, offer: &Offer) -> io::Result<()> {
    let log = LogFolder::of(&witness.folder, &offer.origin);
    let asked = offer.question.as_ref().map(|_| offer.newest.0);
    if let Some((size, note)) = &offer.signed {
        // After a restore it may lie there no more, and the witness begins again from it.
        log.put(Paper::Cosigned, *size, note)?;
        remove(&log, Paper::Cosigned, |other| other < *size)?;
        remove(&log, Paper::Refused, |other| other <= *size)?;
    }
    if let Some(question) = &offer.question {
        let (size, note) = &offer.newest;
        log.put(Paper::Checkpoint, *size, note)?;
        log.put(Paper::Proof, *size, question)?;
    }
    for paper in [Paper::Checkpoint, Paper::Proof] {
        remove(&log, paper, |other| Some(other) != asked)?;
    }
    Ok(())
}

fn remove(log: &LogFolder, paper: Paper, which: impl Fn(u64) -> bool) -> io::Result<()> {
    log.sizes(paper)?.into_iter().filter(|size| which(*size)).for_each(|size| log.remove(paper, size));
    Ok(())
}

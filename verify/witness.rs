//! A witness (証人): a party outside the operator that signs the head of a log only if the log is the one that it signed before, and
//! more of it (S-35). So one log cannot be shown to some and another to others, and no end can be taken off.
//!
//! The rules are those of C2SP tlog-witness; what it answers there by status codes is [`NotCosigned`] here. Pure: who keeps
//! [`Heads`], and keeps them **before** a cosignature leaves, is [`crate::home`].

use super::checkpoint::{Checkpoint, LogVerifier, NotANote, SignedNote};
use super::cosignature::{WitnessKey, WitnessVerifier};
use super::proof::{Growth, hash, number};
use super::tree::{Hash, ProofFails, verify_consistency};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::fmt;

/// Size and root of a log at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many entries it had.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Head {
    /// Reads what it says of itself. `None` when it is not of the form.
    pub fn parse(text: &str) -> Option<Self> {
        let (size, root) = text.split_once(' ')?;
        Some(Head { size: number(size)?, root: hash(root)? })
    }
}

impl From<&Checkpoint> for Head {
    fn from(said: &Checkpoint) -> Self {
        Head { size: said.size, root: said.root }
    }
}

/// As a person compares it: size, and root in base64.
impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.size, STANDARD.encode(self.root))
    }
}

/// What a witness cosigned last of each log, by origin.
pub type Heads = BTreeMap<String, Head>;

/// Why a witness does not sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotCosigned {
    /// What is offered is no checkpoint.
    #[error("{0} / チェックポイントの形式ではありません")]
    Form(NotANote),
    /// The log is of nobody whose key the witness was given (404 there).
    #[error(
        "{0}: not a log of a key that was given; add the hub's key to the command / このログの公開鍵が指定されていません"
    )]
    Unknown(String),
    /// The log's key did not sign it (403 there).
    #[error("{0}: {1} / ログの署名ではありません")]
    Unsigned(String, NotANote),
    /// The proof begins elsewhere than at what was cosigned last (409 there). The hub begins there next time.
    #[error(
        "{origin}: the proof begins at {old} entries, and {last} were cosigned last / 証明が最後に署名した件数から始まっていません"
    )]
    Elsewhere {
        /// The log.
        origin: String,
        /// Entries that were cosigned last; 0 for none.
        last: u64,
        /// Entries that the proof begins at.
        old: u64,
    },
    /// The log has become shorter (400 there): rolled back, or an old medium.
    #[error("{0}: the log became shorter: rolled back, or an old medium. {1} / ログが短くなっています（巻き戻し）")]
    Rollback(String, Contradiction),
    /// One size with two roots: the log's key signed two logs (409 there).
    #[error("{0}: two logs of one size (split view). {1} / 同じ件数で内容の異なるログがあります")]
    SplitView(String, Contradiction),
    /// What was cosigned is not the beginning of it (422 there).
    #[error("{0}: what was cosigned is not its beginning. {1} / 署名した記録の続きではありません")]
    NotGrown(String, Contradiction),
}

/// The two heads that do not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// What was cosigned last.
    pub cosigned: Head,
    /// What is offered.
    pub offered: Head,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cosigned {}, offered {}", self.cosigned, self.offered)
    }
}

/// A refusal as it is left for the hub: what the witness cosigned last, and what it was offered instead. It is not signed, and no
/// proof by itself; the note that was cosigned lies beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// `rollback`, `split-view` or `not-grown`.
    pub word: String,
    /// The log.
    pub origin: String,
    /// The two heads.
    pub two: Contradiction,
}

impl NotCosigned {
    /// What is left for the hub; `None` where nothing contradicts what was cosigned.
    pub fn refused(&self) -> Option<Refused> {
        let (word, origin, two) = match self {
            NotCosigned::Rollback(origin, two) => ("rollback", origin, two),
            NotCosigned::SplitView(origin, two) => ("split-view", origin, two),
            NotCosigned::NotGrown(origin, two) => ("not-grown", origin, two),
            _ => return None,
        };
        Some(Refused { word: word.to_owned(), origin: origin.clone(), two: *two })
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refused { word, origin, two } = self;
        write!(f, "refused {word}\nlog {origin}\ncosigned {}\noffered {}\n", two.cosigned, two.offered)
    }
}

impl Refused {
    /// Reads one. `None` when it is not of the form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let mut next = |before: &str| lines.next()?.strip_prefix(before);
        let (word, origin) = (next("refused ")?.to_owned(), next("log ")?.to_owned());
        let two =
            Contradiction { cosigned: Head::parse(next("cosigned ")?)?, offered: Head::parse(next("offered ")?)? };
        lines.next().is_none().then_some(Refused { word, origin, two })
    }
}

/// Cosigns a checkpoint that is offered with the proof that its log only grew, at this time in seconds since 1970. Returns the note
/// with the cosignature as its last line, and the heads to keep: **before** the note leaves.
///
/// # Errors
/// When the witness must not sign it; the heads are then those that they were.
pub fn cosign(
    heads: &Heads,
    offered: &Growth,
    keys: &[LogVerifier],
    witness: &WitnessKey,
    seconds: u64,
) -> Result<(SignedNote, Heads), NotCosigned> {
    let said = Checkpoint::parse(&offered.note().text).map_err(NotCosigned::Form)?;
    signed(offered.note(), &said.origin, keys)?;
    let head = Head::from(&said);
    grown(heads.get(&said.origin), &said.origin, head, offered)?;
    let mut note = offered.note().clone();
    note.signatures.push(witness.sign(&note.text, seconds));
    let mut heads = heads.clone();
    heads.insert(said.origin, head);
    Ok((note, heads))
}

/// The largest head that a witness cosigned among these notes, and when, in seconds since 1970. `None` where it cosigned none.
///
/// # Errors
/// When a line under one bears its name and key id and does not hold; with the size of that checkpoint.
pub fn witnessed(notes: &[SignedNote], witness: &WitnessVerifier) -> Result<Option<(Head, u64)>, (u64, NotANote)> {
    let mut largest: Option<(Head, u64)> = None;
    for note in notes.iter().filter(|note| witness.is_under(note)) {
        let head = Head::from(&Checkpoint::parse(&note.text).map_err(|error| (0, error))?);
        let (_, seconds) = witness.check(note).map_err(|error| (head.size, error))?;
        if largest.is_none_or(|(known, _)| known.size < head.size) {
            largest = Some((head, seconds));
        }
    }
    Ok(largest)
}

/// Did a key of the log sign it?
fn signed(note: &SignedNote, origin: &str, keys: &[LogVerifier]) -> Result<(), NotCosigned> {
    let mut wrong = NotCosigned::Unknown(origin.to_owned());
    for key in keys.iter().filter(|key| key.keeps(origin) || key.is_of(origin)) {
        match note.verify(key) {
            Ok(()) => return Ok(()),
            Err(error) => wrong = NotCosigned::Unsigned(origin.to_owned(), error),
        }
    }
    Err(wrong)
}

/// Is the log with this head the one that was cosigned last, and more of it?
fn grown(last: Option<&Head>, origin: &str, head: Head, offered: &Growth) -> Result<(), NotCosigned> {
    let old = offered.old();
    let elsewhere = |last| NotCosigned::Elsewhere { origin: origin.to_owned(), last, old };
    let Some(last) = last else {
        return if old == 0 && offered.path().is_empty() && head.size > 0 { Ok(()) } else { Err(elsewhere(0)) };
    };
    let two = Contradiction { cosigned: *last, offered: head };
    if head.size < last.size {
        return Err(NotCosigned::Rollback(origin.to_owned(), two));
    }
    if head.size == last.size && head.root != last.root {
        return Err(NotCosigned::SplitView(origin.to_owned(), two));
    }
    if old != last.size {
        return Err(elsewhere(last.size));
    }
    verify_consistency((last.size, &last.root), (head.size, &head.root), offered.path())
        .map_err(|ProofFails| NotCosigned::NotGrown(origin.to_owned(), two))
}

#[cfg(test)]
#[path = "witness_tests.rs"]
mod tests;

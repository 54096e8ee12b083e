//! A walk along a log from its first line to its last, holding what stands there against what was said of it.

use super::checkpoint::{Checkpoint, LogVerifier, SignedNote};
use super::tree::{Frontier, Hash, LeafHash, chain};

/// The chain value before the first line.
pub const CHAIN_START: Hash = [0; 32];

/// What is wrong with a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultKind {
    /// The line is missing or stands twice.
    #[error("the row is missing")]
    Missing,
    /// Hash, sealed entry or chain were changed.
    #[error("the chain does not hold")]
    Chain,
    /// The entry does not open, or is not the one of the leaf.
    #[error("the entry is not that of the leaf")]
    Entry,
    /// The lines up to the checkpoint have another root than it says; the index is the first after the checkpoint before.
    #[error("the root is not that of the checkpoint")]
    Root,
    /// The checkpoint's note is not signed by this key, or says something else.
    #[error("the checkpoint is not signed")]
    Note,
    /// The log ends before a note that was kept elsewhere: it was rolled back. The index is the first that is gone.
    #[error("the log ends before the note that was kept elsewhere")]
    RolledBack,
    /// The log is another than the one of which a note was kept elsewhere; the index is the first that may differ.
    #[error("the log is not the one of the note that was kept elsewhere")]
    Forked,
}

/// The first thing that is wrong with a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at index {index}")]
pub struct Wrong {
    /// Where: the first index that is wrong.
    pub index: u64,
    /// What.
    pub kind: FaultKind,
}

/// A line of a log without what it says: enough to walk along it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its place.
    pub index: u64,
    /// Hash of salt and entry.
    pub leaf: LeafHash,
    /// Hash of what is stored of it: id and sealed entry.
    pub stored: Hash,
    /// The chain up to and with it.
    pub chain: Hash,
}

impl Line {
    /// Does it follow a chain value at this index?
    ///
    /// # Errors
    /// When another line is due here, or this one is not what was chained.
    pub fn follows(&self, before: &Hash, index: u64) -> Result<(), FaultKind> {
        if self.index != index {
            return Err(FaultKind::Missing);
        }
        if chain(before, self.leaf, &self.stored) == self.chain { Ok(()) } else { Err(FaultKind::Chain) }
    }
}

/// What somebody said of a log when it had so many lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    size: u64,
    root: Hash,
    /// The note beside the log itself; `None` for one that was kept elsewhere.
    note: Option<String>,
}

impl Claim {
    /// A checkpoint that lies beside the log, with the note as it was stored.
    pub fn beside(size: u64, root: Hash, note: String) -> Self {
        Claim { size, root, note: Some(note) }
    }

    /// A checkpoint that was kept where whoever changes the log does not reach. Its signature has been checked.
    pub fn elsewhere(checkpoint: &Checkpoint) -> Self {
        Claim { size: checkpoint.size, root: checkpoint.root, note: None }
    }
}

/// A walk along one log.
pub struct Walk<'k> {
    origin: String,
    key: Option<&'k LogVerifier>,
    /// Those still ahead, smallest first.
    ahead: std::iter::Peekable<std::vec::IntoIter<Claim>>,
    frontier: Frontier,
    chain: Hash,
    /// How many lines the last claim passed covers.
    covered: u64,
    /// The same of those kept elsewhere: what lies beside a log may have been rewritten with it.
    vouched: u64,
    checkpoints: u64,
}

impl<'k> Walk<'k> {
    /// Begins before the first line. Without a key no signature is checked.
    pub fn new(origin: String, key: Option<&'k LogVerifier>, mut claims: Vec<Claim>) -> Self {
        claims.sort_by_key(|claim| claim.size);
        let (ahead, frontier) = (claims.into_iter().peekable(), Frontier::default());
        Walk { origin, key, ahead, frontier, chain: CHAIN_START, covered: 0, vouched: 0, checkpoints: 0 }
    }

    /// How many lines were passed.
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// How many checkpoints they were held against.
    pub const fn checkpoints(&self) -> u64 {
        self.checkpoints
    }

    /// The next line.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn step(&mut self, next: &Line) -> Result<(), Wrong> {
        self.compare()?;
        let index = self.frontier.size();
        next.follows(&self.chain, index).map_err(|kind| Wrong { index, kind })?;
        self.frontier.push(next.leaf);
        self.chain = next.chain;
        Ok(())
    }

    /// There are no more lines.
    ///
    /// # Errors
    /// The first thing that is wrong, also a checkpoint of lines that are not there.
    pub fn end(&mut self) -> Result<(), Wrong> {
        self.compare()?;
        let index = self.frontier.size();
        match self.ahead.next() {
            None => Ok(()),
            Some(Claim { note: Some(_), .. }) => Err(Wrong { index, kind: FaultKind::Missing }),
            Some(Claim { note: None, .. }) => Err(Wrong { index, kind: FaultKind::RolledBack }),
        }
    }

    /// Holds the lines passed against every claim about as many.
    fn compare(&mut self) -> Result<(), Wrong> {
        while let Some(claim) = self.ahead.next_if(|ahead| ahead.size <= self.frontier.size()) {
            if claim.root != self.frontier.root() || claim.size != self.frontier.size() {
                return Err(match claim.note {
                    Some(_) => Wrong { index: self.covered, kind: FaultKind::Root },
                    None => Wrong { index: self.vouched, kind: FaultKind::Forked },
                });
            }
            let last = claim.size.saturating_sub(1);
            self.signed(&claim).ok_or(Wrong { index: last, kind: FaultKind::Note })?;
            self.covered = claim.size;
            if claim.note.is_none() {
                self.vouched = claim.size;
            }
            self.checkpoints += 1;
        }
        Ok(())
    }

    /// Does the key sign this very claim?
    fn signed(&self, claim: &Claim) -> Option<()> {
        let (Some(key), Some(note)) = (self.key, &claim.note) else { return Some(()) };
        let note = SignedNote::parse(note).ok()?;
        note.verify(key).ok()?;
        let said = Checkpoint::parse(&note.text).ok()?;
        let right = said.origin == self.origin && said.size == claim.size && said.root == claim.root;
        right.then_some(())
    }
}

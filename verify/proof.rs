//! Proofs as texts, which are checked without the log: that a line stands in it (C2SP tlog-proof), and that it only grew (the
//! body that a C2SP tlog-witness takes).

use super::checkpoint::{Checkpoint, LogVerifier, NotANote, SignedNote};
use super::receipt::Receipt;
use super::tree::{Frontier, Hash, LeafHash, ProofFails, consistency_proof, consistency_proof_from, inclusion_proof};
use super::tree::{verify_consistency, verify_inclusion};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// No tree of 64-bit size has a longer path.
const PATH_MAX: usize = 64;

/// Why a proof is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unproved {
    /// The text is no proof.
    #[error("not a proof: {0} (S-34)")]
    Form(&'static str),
    /// The note under it is not one, or is not signed by this key.
    #[error(transparent)]
    Note(#[from] NotANote),
    /// It proves something else.
    #[error("the proof is about {0} (S-34)")]
    Other(&'static str),
    /// The path does not lead to the root.
    #[error(transparent)]
    Fails(#[from] ProofFails),
}

/// Shows that a line stands at an index of the log whose checkpoint is below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    index: u64,
    path: Vec<Hash>,
    note: SignedNote,
}

impl Inclusion {
    /// Proves one of these leaves, which are those that the note covers. `None` when the note covers others, or fewer.
    pub fn new(leaves: &[LeafHash], index: u64, note: SignedNote) -> Option<Self> {
        let checkpoint = Checkpoint::parse(&note.text).ok()?;
        let path = inclusion_proof(leaves, usize::try_from(index).ok()?)?;
        (checkpoint.size == leaves.len() as u64).then_some(Inclusion { index, path, note })
    }

    /// Reads one. A line of extra data is passed over.
    ///
    /// # Errors
    /// When the text is not of the form.
    pub fn parse(text: &str) -> Result<Self, Unproved> {
        let (head, note) = text.split_once("\n\n").ok_or(Unproved::Form("no blank line"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(FIRST_LINE) {
            return Err(Unproved::Form("first line"));
        }
        let mut lines = lines.peekable();
        lines.next_if(|line| line.starts_with("extra "));
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(number);
        let index = index.ok_or(Unproved::Form("index"))?;
        Ok(Inclusion { index, path: path(lines)?, note: SignedNote::parse(note)? })
    }

    /// Checks that what a receipt says stands in the log that this key signs. Returns the checkpoint.
    ///
    /// A receipt of an MLLP acknowledgement has no origin: it is empty, and then any log of the key will do.
    ///
    /// # Errors
    /// When the proof does not show it.
    pub fn check(&self, receipt: &Receipt, key: &LogVerifier) -> Result<Checkpoint, Unproved> {
        let checkpoint = signed(&self.note, key)?;
        if receipt.index != self.index {
            return Err(Unproved::Other("another index"));
        }
        if !receipt.origin.is_empty() && receipt.origin != checkpoint.origin {
            return Err(Unproved::Other("another log"));
        }
        verify_inclusion(receipt.leaf, self.index, checkpoint.size, &self.path, &checkpoint.root)?;
        Ok(checkpoint)
    }
}

impl fmt::Display for Inclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}\nindex {}", self.index)?;
        self.path.iter().try_for_each(|hash| writeln!(f, "{}", STANDARD.encode(hash)))?;
        write!(f, "\n{}", self.note)
    }
}

/// Shows that the log of an earlier checkpoint is the beginning of the log whose checkpoint is below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    old: u64,
    path: Vec<Hash>,
    note: SignedNote,
}

impl Growth {
    /// Proves it for these leaves, which are those that the note covers. `None` when the note covers others, or when there
    /// was nothing before: about an empty log nothing can be proved.
    pub fn new(leaves: &[LeafHash], old: u64, note: SignedNote) -> Option<Self> {
        let checkpoint = Checkpoint::parse(&note.text).ok()?;
        let path = consistency_proof(leaves, usize::try_from(old).ok()?)?;
        (checkpoint.size == leaves.len() as u64).then_some(Growth { old, path, note })
    }

    /// As [`Growth::new`], from the right edge of the earlier log and the leaves after it.
    pub fn from_edge(before: &Frontier, later: &[LeafHash], note: SignedNote) -> Option<Self> {
        let checkpoint = Checkpoint::parse(&note.text).ok()?;
        let mut after = before.clone();
        later.iter().for_each(|leaf| after.push(*leaf));
        let path = consistency_proof_from(before, later)?;
        let covered = (after.size(), after.root()) == (checkpoint.size, checkpoint.root);
        covered.then_some(Growth { old: before.size(), path, note })
    }

    /// From nothing: there is nothing to prove, and only a witness that never saw the log takes it.
    pub const fn first(note: SignedNote) -> Self {
        Growth { old: 0, path: Vec::new(), note }
    }

    /// How many entries the log had before.
    pub const fn old(&self) -> u64 {
        self.old
    }

    /// The later checkpoint.
    pub const fn note(&self) -> &SignedNote {
        &self.note
    }

    /// The hashes that show it.
    pub fn path(&self) -> &[Hash] {
        &self.path
    }

    /// Reads one.
    ///
    /// # Errors
    /// When the text is not of the form.
    pub fn parse(text: &str) -> Result<Self, Unproved> {
        let (head, note) = text.split_once("\n\n").ok_or(Unproved::Form("no blank line"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(number);
        let old = old.ok_or(Unproved::Form("old size"))?;
        Ok(Growth { old, path: path(lines)?, note: SignedNote::parse(note)? })
    }

    /// Checks it against an earlier note of the same log. Returns the later checkpoint.
    ///
    /// # Errors
    /// When the proof does not show it.
    pub fn check(&self, earlier: &SignedNote, key: &LogVerifier) -> Result<Checkpoint, Unproved> {
        let (before, after) = (signed(earlier, key)?, signed(&self.note, key)?);
        if before.origin != after.origin {
            return Err(Unproved::Other("another log"));
        }
        if before.size != self.old {
            return Err(Unproved::Other("another note"));
        }
        verify_consistency((before.size, &before.root), (after.size, &after.root), &self.path)?;
        Ok(after)
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.path.iter().try_for_each(|hash| writeln!(f, "{}", STANDARD.encode(hash)))?;
        write!(f, "\n{}", self.note)
    }
}

/// What a note says, once its signature holds.
fn signed(note: &SignedNote, key: &LogVerifier) -> Result<Checkpoint, NotANote> {
    note.verify(key)?;
    Checkpoint::parse(&note.text)
}

/// A decimal number in its one spelling.
pub(super) fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

fn path<'t>(lines: impl Iterator<Item = &'t str>) -> Result<Vec<Hash>, Unproved> {
    let hashes: Option<Vec<Hash>> = lines.take(PATH_MAX + 1).map(hash).collect();
    hashes.filter(|path| path.len() <= PATH_MAX).ok_or(Unproved::Form("path"))
}

/// A hash in base64.
pub(super) fn hash(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::super::checkpoint::LogKey;
    use super::super::tree::root;
    use super::*;

    const ORIGIN: &str = "musubi.example/482072";

    fn key() -> LogKey {
        LogKey::from_bytes("musubi.example", &[7; 32])
    }

    fn leaves(size: u8) -> Vec<LeafHash> {
        (0..size).map(|index| LeafHash::of(&[index])).collect()
    }

    fn note(leaves: &[LeafHash]) -> SignedNote {
        let (size, root) = (leaves.len() as u64, root(leaves));
        Checkpoint { origin: ORIGIN.to_owned(), size, root, extensions: Vec::new() }.sign(&key())
    }

    fn receipt(leaves: &[LeafHash], index: u64) -> Receipt {
        Receipt { origin: ORIGIN.to_owned(), index, leaf: leaves[usize::try_from(index).unwrap()] }
    }

    #[test]
    fn s34_a_proof_is_read_as_it_was_written_and_holds() {
        let all = leaves(11);
        for index in 0..11 {
            let proof = Inclusion::new(&all, index, note(&all)).unwrap();
            let read = Inclusion::parse(&proof.to_string()).unwrap();
            assert_eq!(read, proof);
            assert_eq!(read.check(&receipt(&all, index), &key().verifier()).unwrap().size, 11);
            let extra = proof.to_string().replacen("index", "extra AAAA\nindex", 1);
            assert_eq!(Inclusion::parse(&extra).unwrap(), proof);
        }
        assert_eq!(Inclusion::new(&all, 11, note(&all)), None);
        assert_eq!(Inclusion::new(&all, 3, note(&all[..10])), None);
    }

    /// The size too: alone it is not bound by a path, but the signature of the note binds it to the root.
    #[test]
    fn s34_no_single_bit_of_a_proof_can_be_changed() {
        let all = leaves(7);
        let (receipt, key) = (receipt(&all, 4), key().verifier());
        let text = Inclusion::new(&all, 4, note(&all)).unwrap().to_string();
        let holds = |bytes: &[u8]| {
            let proof = std::str::from_utf8(bytes).ok().and_then(|text| Inclusion::parse(text).ok());
            proof.is_some_and(|proof| proof.check(&receipt, &key).is_ok())
        };
        assert!(holds(text.as_bytes()));
        for bit in 0..text.len() * 8 {
            let mut changed = text.clone().into_bytes();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!holds(&changed), "bit {bit}");
        }
        for cut in 0..text.len() {
            assert!(!holds(&text.as_bytes()[..cut]), "cut at {cut}");
        }
        for bit in 0..256 {
            let mut other = receipt.clone();
            other.leaf.0[bit / 8] ^= 1 << (bit % 8);
            assert!(Inclusion::parse(&text).unwrap().check(&other, &key).is_err());
        }
    }

    #[test]
    fn s34_a_proof_of_one_log_is_none_of_another() {
        let all = leaves(5);
        let proof = Inclusion::new(&all, 2, note(&all)).unwrap();
        let named = |origin: &str| Receipt { origin: origin.to_owned(), ..receipt(&all, 2) };
        let check = |origin: &str| proof.check(&named(origin), &key().verifier()).map(|checkpoint| checkpoint.size);
        assert_eq!(check(ORIGIN), Ok(5));
        assert_eq!(check(""), Ok(5), "a receipt of an MLLP acknowledgement does not name its log");
        assert_eq!(check("musubi.example/131016"), Err(Unproved::Other("another log")));
    }

    #[test]
    fn s34_no_path_is_longer_than_that_of_the_largest_tree() {
        let all = leaves(1);
        let text = Inclusion::new(&all, 0, note(&all)).unwrap().to_string();
        let with = |lines: usize| {
            let hashes = format!("{}\n", STANDARD.encode([9; 32])).repeat(lines);
            Inclusion::parse(&text.replacen("\n\n", &format!("\n{hashes}\n"), 1)).map(|proof| proof.path.len())
        };
        assert_eq!(with(PATH_MAX), Ok(PATH_MAX));
        assert_eq!(with(PATH_MAX + 1), Err(Unproved::Form("path")));
    }

    #[test]
    fn s34_a_log_that_only_grew_is_proved_and_another_is_not() {
        let all = leaves(13);
        let later = note(&all);
        for old in 1..=13 {
            let earlier = note(&all[..old]);
            let proof = Growth::new(&all, old as u64, later.clone()).unwrap();
            let mut edge = Frontier::default();
            all[..old].iter().for_each(|leaf| edge.push(*leaf));
            assert_eq!(Growth::from_edge(&edge, &all[old..], later.clone()).as_ref(), Some(&proof));
            let mut other = all[old..].to_vec();
            other.push(LeafHash::of(b"another"));
            assert_eq!(Growth::from_edge(&edge, &other, later.clone()), None, "not the leaves of the note");
            let read = Growth::parse(&proof.to_string()).unwrap();
            assert_eq!(read, proof);
            assert_eq!(read.check(&earlier, &key().verifier()).unwrap().size, 13);
            let mut forked = all[..old].to_vec();
            forked[old - 1] = LeafHash::of(b"another");
            assert!(read.check(&note(&forked), &key().verifier()).is_err());
        }
        assert_eq!(Growth::new(&all, 0, later.clone()), None);
        assert_eq!(Growth::new(&all, 14, later), None);
    }
}

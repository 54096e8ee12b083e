//! A copy of a log in one text file, which is checked where there is no hub and no key to open anything:
//!
//! ```text
//! musubi audit log 1
//! origin musubi.example/482072
//! size 1042
//! > musubi.example/482072          each checkpoint as its signed note, every line after `> `
//! > 1000
//! > …
//! leaf 0 <hash> <hash of what is stored> <chain>          base64, one line for each entry
//! ```
//!
//! It holds hashes and signatures, and nothing of what the entries say.

use super::checkpoint::{Checkpoint, LogVerifier, NotANote, SignedNote};
use super::proof::hash;
use super::tree::{Hash, LeafHash};
use super::walk::{Claim, FaultKind, Line, Walk, Wrong};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::{self, BufRead, Read, Write};

const FIRST_LINE: &str = "musubi audit log 1";
/// No line of a copy is longer; an origin and a signature have room in it.
const LINE_MAX: u64 = 4_096;

/// Why a copy cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The file ends too early for the system, or cannot be read.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// A line is not of the form.
    #[error("line {line}: not {expected}")]
    Form {
        /// Its number, from 1.
        line: u64,
        /// What should stand there.
        expected: &'static str,
    },
}

/// What the verification of a copy found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Which log it is a copy of.
    pub origin: String,
    /// How many lines were passed.
    pub leaves: u64,
    /// How many checkpoints they were held against.
    pub checkpoints: u64,
    /// The first fault; `None` when the log is what was written.
    pub fault: Option<Wrong>,
}

/// Writes what stands before the lines of a copy.
///
/// # Errors
/// When it cannot be written.
pub fn write_head(out: &mut dyn Write, origin: &str, size: u64, notes: &[&str]) -> io::Result<()> {
    writeln!(out, "{FIRST_LINE}\norigin {origin}\nsize {size}")?;
    notes.iter().flat_map(|note| note.lines()).try_for_each(|line| writeln!(out, "> {line}"))
}

/// Writes one line of a copy.
///
/// # Errors
/// When it cannot be written.
pub fn write_line(out: &mut dyn Write, line: &Line) -> io::Result<()> {
    let [leaf, stored, chain] = [&line.leaf.0, &line.stored, &line.chain].map(|hash| STANDARD.encode(hash));
    writeln!(out, "leaf {} {leaf} {stored} {chain}", line.index)
}

/// A copy that is being read.
pub struct LogCopy<R> {
    from: R,
    line: u64,
    /// The first line after the notes, which was read to know that they are over.
    next: Option<String>,
    origin: String,
    size: u64,
    notes: Vec<SignedNote>,
}

impl<R: BufRead> LogCopy<R> {
    /// Reads what stands before the lines.
    ///
    /// # Errors
    /// When the file is no copy of a log.
    pub fn open(from: R) -> Result<Self, CopyError> {
        let mut copy = LogCopy { from, line: 0, next: None, origin: String::new(), size: 0, notes: Vec::new() };
        if copy.read()?.as_deref() != Some(FIRST_LINE) {
            return Err(copy.wrong("a copy of an audit log"));
        }
        let origin = copy.read()?;
        let origin = origin.as_deref().and_then(|line| line.strip_prefix("origin "));
        copy.origin = origin.ok_or_else(|| copy.wrong("an origin"))?.to_owned();
        let size = copy.read()?;
        let size = size.as_deref().and_then(|line| line.strip_prefix("size ")).and_then(|size| size.parse().ok());
        copy.size = size.ok_or_else(|| copy.wrong("a size"))?;
        copy.read_notes()?;
        Ok(copy)
    }

    /// The origin of the log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The checkpoints, as they stand in it.
    pub fn notes(&self) -> &[SignedNote] {
        &self.notes
    }

    /// The next line of the log.
    ///
    /// # Errors
    /// When it is not of the form.
    pub fn line(&mut self) -> Result<Option<Line>, CopyError> {
        let text = match self.next.take() {
            Some(text) => Some(text),
            None => self.read()?,
        };
        let Some(text) = text else { return Ok(None) };
        line(&text).map(Some).ok_or_else(|| self.wrong("a leaf"))
    }

    /// The hashes of the first `size` lines, for proofs.
    ///
    /// # Errors
    /// When a line is not of the form.
    pub fn leaves(mut self, size: u64) -> Result<Vec<LeafHash>, CopyError> {
        let mut leaves = Vec::new();
        while (leaves.len() as u64) < size
            && let Some(line) = self.line()?
        {
            leaves.push(line.leaf);
        }
        Ok(leaves)
    }

    /// Walks along the copy: order, chain, the root at every checkpoint and at every one that was kept elsewhere, and with a
    /// key the signatures.
    ///
    /// # Errors
    /// When a line is not of the form.
    pub fn verify(mut self, key: Option<&LogVerifier>, elsewhere: &[Checkpoint]) -> Result<Verdict, CopyError> {
        let mut claims = Vec::with_capacity(self.notes.len() + elsewhere.len());
        for note in &self.notes {
            let said = Checkpoint::parse(&note.text).map_err(|NotANote(expected)| self.wrong(expected))?;
            claims.push(Claim::beside(said.size, said.root, note.to_string()));
        }
        claims.extend(elsewhere.iter().map(Claim::elsewhere));
        let mut walk = Walk::new(self.origin.clone(), key, claims);
        let seen = loop {
            match self.line()? {
                Some(line) => match walk.step(&line) {
                    Ok(()) => {}
                    wrong => break wrong,
                },
                None => break walk.end().and_then(|()| self.whole(walk.size())),
            }
        };
        let (origin, leaves, checkpoints) = (self.origin, walk.size(), walk.checkpoints());
        Ok(Verdict { origin, leaves, checkpoints, fault: seen.err() })
    }

    /// A copy that was cut off after its last checkpoint is told by the size at its head.
    fn whole(&self, passed: u64) -> Result<(), Wrong> {
        if passed == self.size { Ok(()) } else { Err(Wrong { index: passed.min(self.size), kind: FaultKind::Missing }) }
    }

    fn read_notes(&mut self) -> Result<(), CopyError> {
        let mut note = String::new();
        loop {
            let line = self.read()?;
            let quoted = line.as_deref().and_then(|line| line.strip_prefix("> ").or_else(|| line.strip_prefix('>')));
            let signature = |line: &str| line.starts_with('\u{2014}');
            let ended = note.lines().last().is_some_and(signature) && !quoted.is_some_and(signature);
            if ended {
                let read = SignedNote::parse(&note).map_err(|NotANote(expected)| self.wrong(expected))?;
                self.notes.push(read);
                note.clear();
            }
            match quoted {
                Some(quoted) => {
                    note.push_str(quoted);
                    note.push('\n');
                }
                None if note.is_empty() => {
                    self.next = line;
                    return Ok(());
                }
                None => return Err(self.wrong("the rest of a signed note")),
            }
        }
    }

    /// The next line of the file without its end; `None` at the end of the file.
    fn read(&mut self) -> Result<Option<String>, CopyError> {
        self.line += 1;
        let mut text = Vec::new();
        (&mut self.from).take(LINE_MAX).read_until(b'\n', &mut text)?;
        if text.is_empty() {
            return Ok(None);
        }
        let text = text.strip_suffix(b"\n").and_then(|text| std::str::from_utf8(text).ok());
        text.map(|text| Some(text.to_owned())).ok_or_else(|| self.wrong("a whole line of text"))
    }

    fn wrong(&self, expected: &'static str) -> CopyError {
        CopyError::Form { line: self.line, expected }
    }
}

fn line(text: &str) -> Option<Line> {
    let mut parts = text.strip_prefix("leaf ")?.split(' ');
    let index = parts.next()?.parse().ok()?;
    let mut next = || -> Option<Hash> { hash(parts.next()?) };
    let (leaf, stored, chain) = (LeafHash(next()?), next()?, next()?);
    parts.next().is_none().then_some(Line { index, leaf, stored, chain })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::super::checkpoint::LogKey;
    use super::super::tree::{Frontier, chain};
    use super::super::walk::CHAIN_START;
    use super::*;

    const ORIGIN: &str = "musubi.example/482072";

    fn key() -> LogKey {
        LogKey::from_bytes("musubi.example", &[7; 32])
    }

    /// A log whose entries all say the same word, with a checkpoint after every fifth.
    struct Written {
        lines: Vec<Line>,
        notes: Vec<SignedNote>,
    }

    fn written(size: u64, word: &str) -> Written {
        let (mut frontier, mut before) = (Frontier::default(), CHAIN_START);
        let (mut lines, mut notes) = (Vec::new(), Vec::new());
        for index in 0..size {
            let leaf = LeafHash::of(format!("{word} {index}").as_bytes());
            let stored = LeafHash::of(&index.to_be_bytes()).0;
            before = chain(&before, leaf, &stored);
            lines.push(Line { index, leaf, stored, chain: before });
            frontier.push(leaf);
            if index % 5 == 4 {
                let (size, root) = (frontier.size(), frontier.root());
                notes.push(Checkpoint { origin: ORIGIN.to_owned(), size, root, extensions: Vec::new() }.sign(&key()));
            }
        }
        Written { lines, notes }
    }

    impl Written {
        fn text(&self) -> String {
            let mut out = Vec::new();
            let notes: Vec<String> = self.notes.iter().map(ToString::to_string).collect();
            let notes: Vec<&str> = notes.iter().map(String::as_str).collect();
            write_head(&mut out, ORIGIN, self.lines.len() as u64, &notes).unwrap();
            self.lines.iter().for_each(|line| write_line(&mut out, line).unwrap());
            String::from_utf8(out).unwrap()
        }

        /// Makes the chain hold again, as one does who has the whole database in hand.
        fn chained(mut self) -> Self {
            let mut before = CHAIN_START;
            for line in &mut self.lines {
                before = chain(&before, line.leaf, &line.stored);
                line.chain = before;
            }
            self
        }

        fn last(&self) -> Checkpoint {
            Checkpoint::parse(&self.notes.last().unwrap().text).unwrap()
        }
    }

    fn verdict(text: &str, elsewhere: &[Checkpoint]) -> Verdict {
        LogCopy::open(text.as_bytes()).unwrap().verify(Some(&key().verifier()), elsewhere).unwrap()
    }

    fn fault(log: &Written, elsewhere: &[Checkpoint]) -> Option<(u64, FaultKind)> {
        verdict(&log.text(), elsewhere).fault.map(|wrong| (wrong.index, wrong.kind))
    }

    #[test]
    fn a_copy_is_verified_without_hub_and_keys() {
        let log = written(12, "a");
        let found = verdict(&log.text(), &[log.last()]);
        assert_eq!(found, Verdict { origin: ORIGIN.to_owned(), leaves: 12, checkpoints: 3, fault: None });
        let none = LogCopy::open(log.text().as_bytes()).unwrap().verify(None, &[]).unwrap();
        assert_eq!(none.fault, None);
        let other = LogKey::from_bytes("musubi.example", &[8; 32]).verifier();
        let found = LogCopy::open(log.text().as_bytes()).unwrap().verify(Some(&other), &[]).unwrap();
        assert_eq!(found.fault.map(|wrong| (wrong.index, wrong.kind)), Some((4, FaultKind::Note)));
        let empty = written(0, "a");
        assert_eq!(verdict(&empty.text(), &[]).leaves, 0);
    }

    #[test]
    fn a_copy_says_of_which_log_it_is_and_gives_its_notes_as_they_stand_in_it() {
        let log = written(12, "a");
        let text = log.text();
        let copy = LogCopy::open(text.as_bytes()).unwrap();
        assert_eq!(copy.origin(), ORIGIN);
        assert_eq!(copy.notes(), log.notes);
    }

    #[test]
    fn the_leaves_of_a_copy_are_those_of_its_log() {
        let log = written(12, "a");
        let leaves: Vec<LeafHash> = log.lines.iter().take(10).map(|line| line.leaf).collect();
        assert_eq!(LogCopy::open(log.text().as_bytes()).unwrap().leaves(10).unwrap(), leaves);
    }

    #[test]
    fn s38_what_was_changed_is_named_by_its_first_index() {
        let log = || written(12, "a");
        let changed = |change: &dyn Fn(&mut Written)| {
            let mut log = log();
            change(&mut log);
            fault(&log, &[])
        };
        assert_eq!(changed(&|log| log.lines[7].leaf.0[0] ^= 1), Some((7, FaultKind::Chain)), "entry or salt");
        assert_eq!(changed(&|log| log.lines[7].stored[31] ^= 128), Some((7, FaultKind::Chain)), "what is stored");
        assert_eq!(changed(&|log| log.lines[7].chain[9] ^= 4), Some((7, FaultKind::Chain)), "chain");
        assert_eq!(changed(&|log| log.lines.swap(6, 7)), Some((6, FaultKind::Missing)), "order");
        assert_eq!(
            changed(&|log| log.lines.retain(|line| line.index != 7)),
            Some((7, FaultKind::Missing)),
            "one taken out"
        );
        assert_eq!(changed(&|log| log.lines.insert(7, log.lines[6])), Some((7, FaultKind::Missing)), "one twice");
        assert_eq!(changed(&|log| log.lines.truncate(8)), Some((8, FaultKind::Missing)), "the end cut off");
        let rechained = |change: &dyn Fn(&mut Written)| {
            let mut log = log();
            change(&mut log);
            fault(&log.chained(), &[])
        };
        assert_eq!(rechained(&|log| log.lines[7].leaf.0[0] ^= 1), Some((5, FaultKind::Root)), "chained anew");
        let note = |log: &mut Written| log.notes[1].signatures[0].signature[3] ^= 1;
        assert_eq!(changed(&note), Some((9, FaultKind::Note)), "a note");
    }

    #[test]
    fn s38_no_bit_of_a_copy_can_be_changed_unseen() {
        let text = written(6, "a").text();
        let well = |bytes: &[u8]| {
            let copy = LogCopy::open(bytes).ok()?;
            let found = copy.verify(Some(&key().verifier()), &[]).ok()?;
            (found.fault.is_none() && found.origin == ORIGIN && found.leaves == 6 && found.checkpoints == 1)
                .then_some(())
        };
        assert_eq!(well(text.as_bytes()), Some(()));
        for bit in 0..text.len() * 8 {
            let mut changed = text.clone().into_bytes();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(well(&changed), None, "bit {bit}");
        }
        for cut in 0..text.len() {
            assert_eq!(well(&text.as_bytes()[..cut]), None, "cut at {cut}");
        }
    }

    /// The whole log as it was yesterday is a log that verifies: nothing in it tells of today. Only a note that was kept
    /// where the one who rolled back does not reach shows it.
    #[test]
    fn s38_a_rollback_of_everything_is_seen_by_a_note_kept_elsewhere_and_by_nothing_else() {
        let (yesterday, today) = (written(8, "a"), written(12, "a"));
        assert_eq!(fault(&yesterday, &[]), None, "not detected without a witness");
        assert_eq!(fault(&yesterday, &[today.last()]), Some((8, FaultKind::RolledBack)));
        assert_eq!(fault(&today, &[yesterday.last()]), None, "a log may grow");
        let rewritten = written(12, "b");
        assert_eq!(fault(&rewritten, &[]), None, "signed anew with the hub's own key: not detected without a witness");
        assert_eq!(fault(&rewritten, &[yesterday.last()]), Some((0, FaultKind::Forked)));
    }

    #[test]
    fn what_is_no_copy_is_refused_with_its_line() {
        let text = written(6, "a").text();
        let refused = |text: &str| match LogCopy::open(text.as_bytes()).map(|copy| copy.verify(None, &[])) {
            Err(CopyError::Form { line, .. }) | Ok(Err(CopyError::Form { line, .. })) => line,
            other => unreachable!("{:?}", other.map(|found| found.is_ok())),
        };
        assert_eq!(refused(""), 1);
        assert_eq!(refused(&text.replace("size", "sizes")), 3);
        assert_eq!(refused(&text.replace("leaf 2", "leaf two")), 11);
        let unsigned: String = text.split_inclusive('\n').filter(|line| !line.starts_with("> \u{2014}")).collect();
        assert_eq!(refused(&unsigned), 8, "a note without its signature");
        assert_eq!(refused(&format!("{FIRST_LINE}\norigin {}\n", "a".repeat(5_000))), 2);
    }
}

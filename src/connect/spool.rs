//! What was taken and is not yet answered by the hub: one file each, whole or not there, in the order in which they came. One
//! connector works on a spool; others only count what is there.

use musubi_verify::private;
use musubi_verify::whole::{self, Readers};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// What waits.
const WAITING: &str = "waiting";
/// What the hub refused, each with its answer beside it: for a person.
const REFUSED: &str = "refused";
/// How often the local system departed from the framing, and was read all the same.
const DEVIATIONS: &str = "deviations";
/// Held by the connector that works on the spool.
const LOCK: &str = ".lock";
/// Ending of a file that is not whole yet ([`whole`]).
const PART: &str = "part";
/// Digits of a number: files stand in their order by name.
const DIGITS: usize = 20;

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One HL7 v2 message.
    Message,
    /// A file in any format.
    Document,
}

impl Kind {
    fn ending(self) -> &'static str {
        match self {
            Kind::Message => "hl7",
            Kind::Document => "doc",
        }
    }
}

/// Something that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its number: lower ones came earlier.
    pub number: u64,
    /// What it is.
    pub kind: Kind,
}

impl Waiting {
    fn name(&self) -> String {
        format!("{:0DIGITS$}.{}", self.number, self.kind.ending())
    }

    fn of(name: &str) -> Option<Self> {
        let (number, ending) = name.split_once('.')?;
        let kind = [Kind::Message, Kind::Document].into_iter().find(|kind| kind.ending() == ending)?;
        Some(Waiting { number: number.parse().ok()?, kind })
    }
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Not yet answered.
    pub waiting: usize,
    /// Refused by the hub; a person must look.
    pub refused: usize,
    /// Departures from the framing and lines that belong to no message (H105), since the spool was made.
    pub deviations: u64,
}

impl Counts {
    /// What is in the spool of a folder, whoever works on it. Nothing is changed there.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn of(folder: &Path) -> io::Result<Counts> {
        let of = |name: &str| -> io::Result<usize> {
            let names = fs::read_dir(folder.join(name))?.map(|entry| entry.map(|entry| entry.file_name()));
            let names: Vec<_> = names.collect::<io::Result<_>>()?;
            Ok(names.iter().filter(|name| name.to_str().and_then(Waiting::of).is_some()).count())
        };
        Ok(Counts { waiting: of(WAITING)?, refused: of(REFUSED)?, deviations: deviations(folder)? })
    }
}

/// What was counted; nothing where none was.
fn deviations(folder: &Path) -> io::Result<u64> {
    match fs::read_to_string(folder.join(DEVIATIONS)) {
        Ok(text) => text.trim().parse().map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// A spool on disk. For its owner alone: it holds what patients told.
pub struct Spool {
    folder: PathBuf,
    next: Mutex<u64>,
    deviations: Mutex<u64>,
    /// Two that number what they keep would write over each other.
    _lock: fs::File,
    /// Rung when something was put in.
    pub(super) arrived: Notify,
}

impl Spool {
    /// Opens or makes the spool of a folder. What was being written when the machine stopped was not acknowledged, and is
    /// thrown away.
    ///
    /// # Errors
    /// When the folder cannot be made, read or written, or another connector works on it.
    pub fn open(folder: &Path) -> io::Result<Self> {
        Spool::make(folder)?;
        let lock = private::owner_only(fs::OpenOptions::new().create(true).append(true)).open(folder.join(LOCK))?;
        lock.try_lock().map_err(|_| {
            io::Error::new(
                io::ErrorKind::ResourceBusy,
                "another connector works on this spool / この保管先は別のコネクタが使っています",
            )
        })?;
        let mut last = 0;
        for name in [WAITING, REFUSED] {
            for entry in fs::read_dir(folder.join(name))? {
                let path = entry?.path();
                if path.extension().is_some_and(|ending| ending == PART) {
                    fs::remove_file(&path)?;
                }
                let waiting = path.file_name().and_then(|name| Waiting::of(name.to_str()?));
                last = last.max(waiting.map_or(0, |waiting| waiting.number));
            }
        }
        Ok(Spool {
            folder: folder.to_owned(),
            next: Mutex::new(last + 1),
            deviations: Mutex::new(deviations(folder)?),
            _lock: lock,
            arrived: Notify::new(),
        })
    }

    /// Makes the folders, for whoever works on them.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn make(folder: &Path) -> io::Result<()> {
        [WAITING, REFUSED].iter().try_for_each(|name| private::folder(&folder.join(name)))
    }

    /// Counts a departure from the framing. A count that cannot be written holds up no message.
    pub fn deviates(&self) {
        let mut deviations = self.deviations.lock().unwrap_or_else(PoisonError::into_inner);
        *deviations += 1;
        let counted = whole::put(&self.folder.join(DEVIATIONS), deviations.to_string().as_bytes(), Readers::Owner);
        if let Err(error) = counted {
            tracing::error!(kind = %error.kind(), "a deviation could not be counted on disk");
        }
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps something. It is on disk when this returns.
    ///
    /// # Errors
    /// When it could not be written: then it is not kept, and its sender must not be told that it is.
    pub fn put(&self, kind: Kind, bytes: &[u8]) -> io::Result<Waiting> {
        // Held while it is written, so that nothing overtakes.
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = Waiting { number: *next, kind };
        whole::put(&self.folder.join(WAITING).join(waiting.name()), bytes, Readers::Owner)?;
        *next += 1;
        drop(next);
        self.arrived.notify_one();
        Ok(waiting)
    }

    /// What came first of everything that waits.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn first(&self) -> io::Result<Option<Waiting>> {
        let mut first: Option<Waiting> = None;
        for entry in fs::read_dir(self.folder.join(WAITING))? {
            let found = entry?.file_name().to_str().and_then(Waiting::of);
            first = match (first, found) {
                (Some(first), Some(found)) if found.number < first.number => Some(found),
                (None, found) => found,
                (first, _) => first,
            };
        }
        Ok(first)
    }

    /// Its bytes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, waiting: &Waiting) -> io::Result<Vec<u8>> {
        fs::read(self.folder.join(WAITING).join(waiting.name()))
    }

    /// The hub has it.
    ///
    /// # Errors
    /// When it cannot be removed: it is then sent again, and the hub knows it.
    pub fn done(&self, waiting: &Waiting) -> io::Result<()> {
        fs::remove_file(self.folder.join(WAITING).join(waiting.name()))?;
        private::sync_folder(&self.folder.join(WAITING))
    }

    /// The hub refused it: it is kept beside the answer, for a person.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn refuse(&self, waiting: &Waiting, answer: &[u8]) -> io::Result<()> {
        let (from, to) = (self.folder.join(WAITING), self.folder.join(REFUSED));
        let name = waiting.name();
        whole::put(&to.join(format!("{name}.answer")), answer, Readers::Owner)?;
        fs::rename(from.join(&name), to.join(&name))?;
        private::sync_folder(&to)?;
        private::sync_folder(&from)
    }

    /// How much waits, and how much was refused.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn counts(&self) -> io::Result<Counts> {
        Counts::of(&self.folder)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn what_was_put_in_comes_out_in_order_and_outlives_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        assert_eq!(spool.first().unwrap(), None);
        for text in ["a", "b", "c"] {
            spool.put(Kind::Message, text.as_bytes()).unwrap();
        }
        let first = spool.first().unwrap().unwrap();
        assert_eq!(spool.read(&first).unwrap(), b"a");
        spool.done(&first).unwrap();
        fs::write(folder.path().join("waiting/.00000000000000000009.hl7.part"), "half").unwrap();
        drop(spool);
        let spool = Spool::open(folder.path()).unwrap();
        assert_eq!(spool.read(&spool.first().unwrap().unwrap()).unwrap(), b"b");
        assert_eq!(spool.put(Kind::Document, b"d").unwrap().number, 4, "no number is used twice");
        assert_eq!(spool.counts().unwrap(), Counts { waiting: 3, ..Counts::default() });
    }

    #[test]
    fn what_was_refused_is_kept_with_its_answer() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        let put = spool.put(Kind::Message, b"a").unwrap();
        spool.refuse(&put, b"MSA|AE|1").unwrap();
        assert_eq!(spool.counts().unwrap(), Counts { refused: 1, ..Counts::default() });
        let answer = fs::read(folder.path().join("refused").join(format!("{}.answer", put.name()))).unwrap();
        assert_eq!(answer, b"MSA|AE|1");
    }

    #[test]
    fn one_connector_works_on_a_spool_and_who_counts_disturbs_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        assert_eq!(Spool::open(folder.path()).err().unwrap().kind(), io::ErrorKind::ResourceBusy);
        spool.put(Kind::Message, b"a").unwrap();
        let being_written = folder.path().join("waiting/.00000000000000000002.hl7.part");
        fs::write(&being_written, "half").unwrap();
        assert_eq!(Counts::of(folder.path()).unwrap(), Counts { waiting: 1, ..Counts::default() });
        assert!(being_written.exists(), "it is no concern of who counts");
        drop(spool);
        Spool::open(folder.path()).unwrap();
        assert!(!being_written.exists(), "nobody was told that it was kept");
    }

    #[test]
    fn deviations_are_counted_and_outlive_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        assert_eq!(spool.counts().unwrap().deviations, 0);
        spool.deviates();
        spool.deviates();
        drop(spool);
        let spool = Spool::open(folder.path()).unwrap();
        spool.deviates();
        assert_eq!(Counts::of(folder.path()).unwrap().deviations, 3);
    }

    #[test]
    fn nobody_else_may_read_what_waits() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        let put = spool.put(Kind::Message, b"a").unwrap();
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(folder.path().join(WAITING)), 0o700);
        assert_eq!(mode(folder.path().join(WAITING).join(put.name())), 0o600);
    }
}

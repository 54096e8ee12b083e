//! The folder between a hub and a witness: a share, or a medium that is carried. One folder for each log, named after its origin,
//! and in it, named after the size of the log:
//!
//! ```text
//! musubi.example_482072/1042.checkpoint    the signed note alone, to be kept by who has no program
//! musubi.example_482072/1042.proof         what a witness is asked: old size, path, note (the body of C2SP tlog-witness)
//! musubi.example_482072/1042.cosigned      its answer: the note with the cosignature as its last line
//! musubi.example_482072/1042.refused       or why it does not sign
//! ```
//!
//! Each file is there whole or not at all. Nothing in it is secret, and nothing is believed that is not signed.

use super::whole::{self, Readers};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Longest file that is read: a note with the signatures of many witnesses.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// Most files of a log's folder that are looked at; the largest sizes count.
const FILES_MAX: usize = 1_000;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// A checkpoint.
    Checkpoint,
    /// The question to a witness.
    Proof,
    /// Its answer.
    Cosigned,
    /// Its refusal.
    Refused,
}

impl Paper {
    /// Every kind.
    pub const ALL: [Paper; 4] = [Paper::Checkpoint, Paper::Proof, Paper::Cosigned, Paper::Refused];

    const fn ending(self) -> &'static str {
        match self {
            Paper::Checkpoint => "checkpoint",
            Paper::Proof => "proof",
            Paper::Cosigned => "cosigned",
            Paper::Refused => "refused",
        }
    }
}

/// The name of a log's folder: letters, digits, `.` and `-` stay, `/` becomes `_`, any other byte `%` and two digits. No two origins
/// have one name.
pub fn folder_name(origin: &str) -> String {
    let mut name = String::with_capacity(origin.len());
    for (place, byte) in origin.bytes().enumerate() {
        match byte {
            b'/' => name.push('_'),
            b'.' if place == 0 => name.push_str("%2e"),
            b'.' | b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => name.push(byte.into()),
            _ => name.push_str(&format!("%{byte:02x}")),
        }
    }
    name
}

/// The folders of the logs that lie in an exchange folder, in the order of their names.
///
/// # Errors
/// When the folder is not there or cannot be read.
pub fn logs(exchange: &Path) -> io::Result<Vec<LogFolder>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(exchange)? {
        let path = entry?.path();
        if path.is_dir() {
            found.push(LogFolder(path));
        }
    }
    found.sort();
    Ok(found)
}

/// The folder of one log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogFolder(PathBuf);

impl LogFolder {
    /// That of an origin; it need not be there.
    pub fn of(exchange: &Path, origin: &str) -> Self {
        LogFolder(exchange.join(folder_name(origin)))
    }

    /// Where a file lies.
    pub fn path(&self, paper: Paper, size: u64) -> PathBuf {
        self.0.join(format!("{size}.{}", paper.ending()))
    }

    /// The sizes of which there is such a file, smallest first.
    ///
    /// # Errors
    /// When the folder cannot be read. One that is not there has none.
    pub fn sizes(&self, paper: Paper) -> io::Result<Vec<u64>> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut sizes = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let stem = name.to_str().and_then(|name| name.strip_suffix(paper.ending())?.strip_suffix('.'));
            let size = stem.and_then(|stem| stem.parse::<u64>().ok().filter(|size| size.to_string() == stem));
            sizes.extend(size);
        }
        sizes.sort_unstable();
        Ok(sizes.split_off(sizes.len().saturating_sub(FILES_MAX)))
    }

    /// The text of a file.
    ///
    /// # Errors
    /// When it cannot be read, is too long, or is no text.
    pub fn read(&self, paper: Paper, size: u64) -> io::Result<String> {
        read_text(&self.path(paper, size))
    }

    /// Puts a file there, and the folder where it is missing. What says the same already is left alone, as on a medium that is
    /// written once.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, paper: Paper, size: u64, text: &str) -> io::Result<()> {
        let path = self.path(paper, size);
        if read_text(&path).is_ok_and(|there| there == text) {
            return Ok(());
        }
        fs::create_dir_all(&self.0)?;
        whole::put(&path, text.as_bytes(), Readers::Anyone)
    }

    /// Takes a file away, where that can be done.
    pub fn remove(&self, paper: Paper, size: u64) {
        fs::remove_file(self.path(paper, size)).ok();
    }
}

/// The text of a file that is not too long. What only looks like a file could hold its reader for ever.
pub(super) fn read_text(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut text = String::new();
    let read = File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if read as u64 > FILE_BYTES_MAX { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn exchange(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("musubi-exchange-{name}-{}", std::process::id()));
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn no_two_logs_share_a_folder_and_none_leads_out_of_it() {
        assert_eq!(folder_name("musubi.example/482072"), "musubi.example_482072");
        let origins = ["a/b", "a_b", "a%2fb", "a%b", "..", ".", "../a", "a/../b", "結び/482072", "A/b"];
        let names: std::collections::BTreeSet<String> = origins.iter().map(|origin| folder_name(origin)).collect();
        assert_eq!(names.len(), origins.len());
        for name in names {
            assert!(!name.starts_with('.') && !name.contains('/'), "{name}");
        }
    }

    #[test]
    fn a_file_is_there_whole_and_one_that_says_the_same_is_left_alone() {
        let exchange = exchange("whole");
        let log = LogFolder::of(&exchange, "musubi.example/482072");
        assert_eq!(log.sizes(Paper::Proof).unwrap(), Vec::<u64>::new(), "nothing there yet");
        log.put(Paper::Proof, 9, "a").unwrap();
        log.put(Paper::Proof, 10, "b").unwrap();
        log.put(Paper::Cosigned, 9, "c").unwrap();
        let written = fs::metadata(log.path(Paper::Proof, 9)).unwrap().modified().unwrap();
        log.put(Paper::Proof, 9, "a").unwrap();
        assert_eq!(fs::metadata(log.path(Paper::Proof, 9)).unwrap().modified().unwrap(), written);
        fs::write(log.path(Paper::Proof, 9).with_file_name("07.proof"), "no size").unwrap();
        fs::write(log.path(Paper::Proof, 9).with_file_name(".11.proof.part"), "half").unwrap();
        assert_eq!(log.sizes(Paper::Proof).unwrap(), [9, 10]);
        assert_eq!(log.read(Paper::Cosigned, 9).unwrap(), "c");
        assert_eq!(logs(&exchange).unwrap(), [log]);
        fs::remove_dir_all(exchange).unwrap();
    }

    #[test]
    fn what_another_party_left_in_the_way_leads_to_no_file_of_ours() {
        let exchange = exchange("links");
        let log = LogFolder::of(&exchange, "a");
        log.put(Paper::Proof, 1, "before").unwrap();
        let ours = exchange.join("ours");
        fs::write(&ours, "ours").unwrap();
        for name in [".2.proof.part", "2.proof"] {
            std::os::unix::fs::symlink(&ours, exchange.join("a").join(name)).unwrap();
        }
        log.put(Paper::Proof, 2, "a question").unwrap();
        assert_eq!(
            (fs::read_to_string(&ours).unwrap().as_str(), log.read(Paper::Proof, 2).unwrap().as_str()),
            ("ours", "a question")
        );
        fs::create_dir(exchange.join("a").join("3.cosigned")).unwrap();
        assert!(log.read(Paper::Cosigned, 3).is_err(), "no file");
        fs::remove_dir_all(exchange).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_not_taken_for_an_empty_one() {
        let exchange = exchange("unreadable");
        fs::write(exchange.join("a"), "no folder").unwrap();
        assert_eq!(LogFolder::of(&exchange, "a").sizes(Paper::Proof).unwrap_err().kind(), io::ErrorKind::NotADirectory);
        assert!(logs(&exchange.join("away")).is_err());
        fs::remove_dir_all(exchange).unwrap();
    }

    #[test]
    fn a_file_that_is_too_long_is_not_read() {
        let exchange = exchange("long");
        let log = LogFolder::of(&exchange, "a");
        let longest = usize::try_from(FILE_BYTES_MAX).unwrap();
        log.put(Paper::Cosigned, 1, &"a".repeat(longest)).unwrap();
        assert!(log.read(Paper::Cosigned, 1).is_ok());
        log.put(Paper::Cosigned, 1, &"a".repeat(longest + 1)).unwrap();
        assert_eq!(log.read(Paper::Cosigned, 1).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        fs::remove_dir_all(exchange).unwrap();
    }
}

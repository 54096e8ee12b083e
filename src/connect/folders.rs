//! A tree of folders that is looked through again and again: what has not changed is not read again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What is known of each folder.
#[derive(Default)]
pub(super) struct Folders(BTreeMap<PathBuf, Known>);

/// A folder as it was when it was read.
struct Known {
    changed: SystemTime,
    below: Vec<PathBuf>,
    /// It was read twice in this state: what came in the moment in which it was first read was seen by then.
    settled: bool,
}

impl Folders {
    /// Gives every file of the folders that have changed, down to a depth, and of those in which something is awaited. A
    /// folder tells when something comes, goes or is renamed in it, not when one of its files grows.
    pub(super) fn look(
        &mut self,
        folder: &Path,
        depth: usize,
        awaited: &BTreeSet<PathBuf>,
        found: &mut dyn FnMut(PathBuf, Metadata) -> io::Result<()>,
    ) -> io::Result<()> {
        let changed = fs::metadata(folder)?.modified()?;
        let same = self.0.get(folder).is_some_and(|known| known.changed == changed);
        let settled = same && !awaited.contains(folder) && self.0.get(folder).is_some_and(|known| known.settled);
        let below = if settled {
            self.0.get(folder).map(|known| known.below.clone()).unwrap_or_default()
        } else {
            let mut below = Vec::new();
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let about = entry.metadata()?;
                if about.is_dir() {
                    below.push(entry.path());
                } else if about.is_file() {
                    found(entry.path(), about)?;
                }
            }
            self.0.insert(folder.to_owned(), Known { changed, below: below.clone(), settled: same });
            below
        };
        let deeper = depth.checked_sub(1);
        below.iter().filter_map(|inner| Some((inner, deeper?))).try_for_each(|(inner, depth)| {
            match self.look(inner, depth, awaited, found) {
                // A folder may go between two reads.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.0.remove(inner);
                    Ok(())
                }
                looked => looked,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn files(folders: &mut Folders, root: &Path, awaited: &BTreeSet<PathBuf>) -> Vec<String> {
        let mut found = Vec::new();
        let mut visit = |path: PathBuf, _| {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
            Ok(())
        };
        folders.look(root, 3, awaited, &mut visit).unwrap();
        found.sort();
        found
    }

    #[test]
    fn a_folder_that_has_settled_is_read_again_when_something_comes_or_is_awaited() {
        let (root, nothing) = (tempfile::tempdir().unwrap(), BTreeSet::new());
        let (one, two) = (root.path().join("a/1"), root.path().join("a/2"));
        fs::create_dir_all(&one).unwrap();
        fs::create_dir_all(&two).unwrap();
        fs::write(one.join("x"), "x").unwrap();
        fs::write(two.join("y"), "y").unwrap();
        let mut folders = Folders::default();
        assert_eq!(files(&mut folders, root.path(), &nothing), ["x", "y"]);
        assert_eq!(files(&mut folders, root.path(), &nothing), ["x", "y"], "once more, to be sure");
        assert!(files(&mut folders, root.path(), &nothing).is_empty());
        assert_eq!(files(&mut folders, root.path(), &BTreeSet::from([two.clone()])), ["y"]);
        fs::write(one.join("z"), "z").unwrap();
        // A file system may count time in steps longer than this test takes.
        let later = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(4_000_000_000);
        fs::File::open(&one).unwrap().set_modified(later).unwrap();
        assert_eq!(files(&mut folders, root.path(), &nothing), ["x", "z"]);
        fs::remove_dir_all(root.path().join("a")).unwrap();
        assert!(files(&mut folders, root.path(), &nothing).is_empty());
    }
}

//! Files that are there whole, and on the disk, or not at all.
//!
//! Each is written beside its place as `.NAME.part`, flushed, and given its name in one step, which replaces an older one. What a
//! process that was killed left as `.NAME.part` is taken away by the next who writes that file.

use super::private;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone (0600).
    Owner,
    /// Its owner and the owner's group (0640).
    Group,
    /// Whom the process lets (its umask).
    Anyone,
}

/// Writes a file and waits until its name is on the disk too.
///
/// # Errors
/// When the path names no file, or the disk fails; nothing half written stays behind where the folder still answers.
pub fn put(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    place(path, bytes, readers)?;
    private::sync_folder(folder_of(path))
}

/// Writes a file. Its name is on the disk after [`private::sync_folder`] alone: for who writes several into one folder.
///
/// # Errors
/// As of [`put`].
pub fn place(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let part = part_of(path)?;
    let written = write(&part, bytes, readers).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        fs::remove_file(&part).ok();
    }
    written
}

/// The folder of a file that may be named without one.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn part_of(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut part = OsString::from(".");
    part.push(name);
    part.push(".part");
    Ok(path.with_file_name(part))
}

/// A new file and no other: a link that somebody left there must not lead to one of ours.
fn write(part: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    match fs::remove_file(part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    match readers {
        Readers::Owner => private::owner_only(&mut options),
        Readers::Group => private::group_reads(&mut options),
        Readers::Anyone => &mut options,
    };
    let mut file = options.open(part)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_replaces_an_older_one_and_what_a_killed_process_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        fs::write(folder.path().join(".a.csv.part"), "ha").unwrap();
        put(&path, b"one", Readers::Owner).unwrap();
        put(&path, b"two", Readers::Owner).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(names(folder.path()), ["a.csv"]);
    }

    #[test]
    fn nothing_half_written_stays_where_the_name_is_taken_by_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        fs::create_dir(&path).unwrap();
        put(&path, b"one", Readers::Anyone).unwrap_err();
        assert_eq!(names(folder.path()), ["a.csv"]);
    }

    #[test]
    fn a_file_may_be_named_without_its_folder() {
        assert_eq!(folder_of(Path::new("a.pem")), Path::new("."));
        assert_eq!(folder_of(Path::new("b/a.pem")), Path::new("b"));
        assert_eq!(put(Path::new(".."), b"", Readers::Owner).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_where_the_part_is_written_leads_nowhere_and_readers_are_as_told() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a.csv"), folder.path().join("other"));
        fs::write(&other, "untouched").unwrap();
        std::os::unix::fs::symlink(&other, folder.path().join(".a.csv.part")).unwrap();
        for (readers, mode) in [(Readers::Owner, 0o600), (Readers::Group, 0o640)] {
            put(&path, b"one", readers).unwrap();
            // The umask may take more away, and gives nothing.
            let found = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(found & !mode, 0, "{readers:?}: {found:o}");
        }
        assert_eq!(fs::read(&other).unwrap(), b"untouched");
    }
}

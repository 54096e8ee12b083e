//! A folder into which files are put: each is kept once it no longer grows, and moved to `sent`.

use super::spool::{Kind, Spool};
use musubi_adapters::hospital::hl7v2::ssmix2::{Filed, filed};
use musubi_verify::private;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Largest file, in bytes (S-70).
pub(super) const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Where files go that were kept.
pub(super) const SENT: &str = "sent";

/// Length and time of change: a file that has both as before is whole.
pub(super) type Looks = BTreeMap<PathBuf, (u64, SystemTime)>;

/// Looks until told to stop.
pub(super) async fn watch(folder: PathBuf, spool: Arc<Spool>, stop: CancellationToken) {
    let mut seen = Looks::new();
    loop {
        let (spool, look) = (Arc::clone(&spool), (folder.clone(), std::mem::take(&mut seen)));
        let looked = tokio::task::spawn_blocking(move || look_once(&look.0, look.1, &spool)).await;
        seen = match looked {
            Ok(Ok(seen)) => seen,
            Ok(Err(error)) => {
                tracing::error!(kind = %error.kind(), "the folder cannot be read");
                Looks::new()
            }
            Err(_) => return,
        };
        if stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_none() {
            return;
        }
    }
}

fn look_once(folder: &Path, seen: Looks, spool: &Spool) -> io::Result<Looks> {
    let mut now = Looks::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, about) = (entry.path(), entry.metadata()?);
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !about.is_file() || hidden {
            continue;
        }
        let look = (about.len(), about.modified()?);
        if seen.get(&path) != Some(&look) {
            now.insert(path, look);
        } else if about.len() > FILE_BYTES_MAX {
            tracing::error!("a file of the folder is over 64 MiB and stays where it is");
            now.insert(path, look);
        } else {
            match keep(folder, &path, spool) {
                Ok(true) => continue,
                Ok(false) => tracing::error!("a file of an SS-MIX2 storage that is not in force stays where it is"),
                // One that nobody may read holds up no other.
                Err(error) => {
                    tracing::error!(kind = %error.kind(), "a file of the folder cannot be taken and stays where it is");
                }
            }
            now.insert(path, look);
        }
    }
    Ok(now)
}

/// On disk in the spool, and only then moved: a file is rather sent twice, which the hub knows, than lost. Was it one to send?
fn keep(folder: &Path, path: &Path, spool: &Spool) -> io::Result<bool> {
    let bytes = fs::read(path)?;
    let waiting = match filed(&path.file_name().unwrap_or_default().to_string_lossy(), &bytes) {
        Filed::AsItIs => spool.put(Kind::Document, &bytes)?,
        Filed::TakenBack(message) => spool.put(Kind::Document, &message)?,
        Filed::NotInForce(_) => return Ok(false),
    };
    let sent = folder.join(SENT);
    let name = path.file_name().unwrap_or_default();
    let moved = fs::create_dir_all(&sent).and_then(|()| fs::rename(path, sent.join(name)));
    if moved.is_err() {
        // It will be taken again: once is enough in the spool.
        spool.done(&waiting).ok();
    }
    moved.and_then(|()| private::sync_folder(&sent)).map(|()| true)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_file_of_a_storage_is_sent_as_the_flag_in_its_name_has_it() {
        let (folder, spooled) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let spool = Spool::open(spooled.path()).unwrap();
        let name = |flag: &str| format!("12_20261030_ADT-52_000000000000001_20261030110530123_01_{flag}");
        for flag in ["0", "2"] {
            fs::write(folder.path().join(name(flag)), "MSH|^~\\&|A|B|||1||ADT^A03|7|P|2.5\rPID|1||9\r").unwrap();
        }
        let seen = look_once(folder.path(), Looks::new(), &spool).unwrap();
        look_once(folder.path(), seen, &spool).unwrap();
        assert_eq!(spool.counts().unwrap().waiting, 1);
        let sent = spool.read(&spool.first().unwrap().unwrap()).unwrap();
        assert!(String::from_utf8(sent).unwrap().contains("|ADT^A13|"), "what was deleted is taken back");
        assert!(folder.path().join(name("2")).exists());
    }

    #[test]
    fn a_file_is_kept_when_it_no_longer_grows() {
        let (folder, spooled) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let spool = Spool::open(spooled.path()).unwrap();
        let path = folder.path().join("退院連絡票.csv");
        fs::write(&path, "half").unwrap();
        let seen = look_once(folder.path(), Looks::new(), &spool).unwrap();
        fs::write(&path, "whole now").unwrap();
        let seen = look_once(folder.path(), seen, &spool).unwrap();
        assert_eq!(spool.counts().unwrap().waiting, 0, "it grew");
        look_once(folder.path(), seen, &spool).unwrap();
        let first = spool.first().unwrap().unwrap();
        assert_eq!(spool.read(&first).unwrap(), b"whole now");
        assert!(!path.exists() && folder.path().join("sent/退院連絡票.csv").exists());
    }

    #[test]
    fn a_file_that_cannot_be_moved_holds_up_no_other() {
        let (folder, spooled) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let spool = Spool::open(spooled.path()).unwrap();
        for name in ["a.csv", "b.csv"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        // A folder of that name stands where the first would go.
        fs::create_dir_all(folder.path().join("sent/a.csv/x")).unwrap();
        let seen = look_once(folder.path(), Looks::new(), &spool).unwrap();
        let seen = look_once(folder.path(), seen, &spool).unwrap();
        assert!(folder.path().join("sent/b.csv").exists());
        assert!(seen.contains_key(&folder.path().join("a.csv")), "it is tried again");
        assert_eq!(spool.counts().unwrap().waiting, 1, "and does not fill the spool");
    }
}

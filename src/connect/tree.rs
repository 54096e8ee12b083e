//! An SS-MIX2 standardised storage: its files are read and never changed. What is in force is sent once; what was sent and
//! is deleted there is taken back.

use super::Storage;
use super::files::{FILE_BYTES_MAX, Looks};
use super::folders::Folders;
use super::spool::{Kind, Spool};
use musubi_adapters::hospital::hl7v2::ssmix2::{Condition, Name, TYPES, withdrawal};
use musubi_verify::private;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two looks through the whole tree.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Folders below the root: id, id, patient, date, type.
const DEPTH_MAX: usize = 6;
/// What was sent, in the spool's folder: one line each.
const SENT: &str = "ssmix2.sent";

/// Looks until told to stop.
pub(super) async fn watch(storage: Storage, spool: Arc<Spool>, stop: CancellationToken) {
    let journal = Journal::open(spool.folder());
    let mut at_work = match journal {
        Ok(journal) => (journal, Looked::default()),
        Err(error) => {
            tracing::error!(kind = %error.kind(), "what was sent of the SS-MIX2 storage cannot be read: it is not looked at");
            return;
        }
    };
    loop {
        let (spool, storage) = (Arc::clone(&spool), storage.clone());
        let (mut journal, before) = at_work;
        let looked = tokio::task::spawn_blocking(move || {
            let looked = look_once(&storage, &mut journal, &spool, before);
            (journal, looked)
        });
        let Ok((journal, looked)) = looked.await else { return };
        let looked = looked.unwrap_or_else(|error| {
            tracing::error!(kind = %error.kind(), "the SS-MIX2 storage cannot be read");
            Looked::default()
        });
        at_work = (journal, looked);
        if stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_none() {
            return;
        }
    }
}

/// What a look leaves for the next one.
#[derive(Default)]
struct Looked {
    folders: Folders,
    /// Files that may still be written.
    seen: Looks,
    /// Folders of what was taken: what was deleted there can be taken back only since.
    taken: BTreeSet<PathBuf>,
}

/// Takes what is new and no longer changes, in the order in which it was sent.
fn look_once(storage: &Storage, journal: &mut Journal, spool: &Spool, before: Looked) -> io::Result<Looked> {
    let Looked { mut folders, seen, taken } = before;
    let (mut files, mut now) = (Vec::new(), Looks::new());
    let growing = seen.keys().filter_map(|path| path.parent()).map(Path::to_owned);
    let awaited: BTreeSet<PathBuf> = growing.chain(taken).collect();
    folders.look(&storage.root, DEPTH_MAX, &awaited, &mut |path, about| {
        let name = path.file_name().and_then(|name| name.to_str()).and_then(Name::read);
        let wanted = |name: &Name| {
            TYPES.contains(&name.data_type.as_str())
                && name.sent.as_str() >= storage.since.as_str()
                && journal.wants(name)
        };
        let Some(name) = name.filter(wanted) else { return Ok(()) };
        if about.len() > FILE_BYTES_MAX {
            tracing::error!(kind = name.data_type, "a file of the storage is over 64 MiB and is not sent");
            return Ok(());
        }
        let look = (about.len(), about.modified()?);
        if seen.get(&path) == Some(&look) {
            files.push((name, path));
        } else {
            now.insert(path, look);
        }
        Ok(())
    })?;
    // Of two of one moment the one in force stands last.
    files.sort_by(|(one, _), (other, _)| (&one.sent, one.is_in_force()).cmp(&(&other.sent, other.is_in_force())));
    let mut taken = BTreeSet::new();
    for (name, path) in files.into_iter().filter(|(name, _)| name.condition != Condition::Superseded) {
        if !journal.wants(&name) {
            continue;
        }
        let Ok(file) = fs::read(&path) else {
            // One that cannot be read holds up no other, and is looked at again.
            tracing::error!(kind = name.data_type, "a file of the storage cannot be read");
            taken.extend(path.parent().map(Path::to_owned));
            continue;
        };
        let message = if name.is_in_force() { Some(file) } else { withdrawal(&file, &name.control_id()) };
        // On disk first, and only then noted: a message is rather sent twice, which the hub knows, than lost.
        match message {
            Some(message) => _ = spool.put(Kind::Message, &message)?,
            None => {
                tracing::warn!(kind = name.data_type, "a file was deleted that no message can take back: a person must")
            }
        }
        journal.note(name)?;
        taken.extend(path.parent().map(Path::to_owned));
    }
    Ok(Looked { folders, seen: now, taken })
}

/// What was sent: for each thing that files tell about the newest, and whether it is in force.
struct Journal {
    sent: BTreeMap<String, (String, bool)>,
    file: File,
}

/// One line of it.
#[derive(Serialize, Deserialize)]
struct Line {
    key: String,
    sent: String,
    in_force: bool,
}

impl Journal {
    fn open(folder: &Path) -> io::Result<Self> {
        let file =
            private::owner_only(OpenOptions::new().read(true).append(true).create(true)).open(folder.join(SENT))?;
        let mut sent = BTreeMap::new();
        for line in BufReader::new(&file).lines() {
            // A line that was cut off was not acknowledged by the disk: what it noted is sent again.
            if let Ok(Line { key, sent: at, in_force }) = serde_json::from_str(&line?) {
                sent.insert(key, (at, in_force));
            }
        }
        Ok(Journal { sent, file })
    }

    /// Is there something to send of it: newer than what was sent, or gone since?
    fn wants(&self, name: &Name) -> bool {
        let known = self.sent.get(&name.key);
        match name.condition {
            Condition::Valid => known.is_none_or(|(at, _)| *at < name.sent),
            Condition::Deleted => known.is_some_and(|(at, in_force)| *in_force && *at <= name.sent),
            Condition::Superseded => false,
        }
    }

    fn note(&mut self, name: Name) -> io::Result<()> {
        let line = Line { in_force: name.is_in_force(), key: name.key, sent: name.sent };
        let mut text = serde_json::to_vec(&line).map_err(io::Error::other)?;
        // Before it as well, so that a line that was cut off spoils no other.
        text.insert(0, b'\n');
        self.file.write_all(&text)?;
        self.file.sync_data()?;
        self.sent.insert(line.key, (line.sent, line.in_force));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    const MESSAGE: &str = "MSH|^~\\&|A|B|||1||ADT^A03^ADT_A03|7|P|2.5\rEVN|A03|1\rPID|1||9\r";

    struct Tree {
        root: tempfile::TempDir,
        spooled: tempfile::TempDir,
        spool: Spool,
        storage: Storage,
    }

    impl Tree {
        fn new() -> Self {
            let (root, spooled) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let spool = Spool::open(spooled.path()).unwrap();
            let storage = Storage { root: root.path().to_owned(), since: "20261030".to_owned() };
            Tree { root, spooled, spool, storage }
        }

        fn put(&self, kind: &str, sent: &str, flag: &str) {
            let folder = self.root.path().join("000/001/0000012345/20261030").join(kind);
            fs::create_dir_all(&folder).unwrap();
            let name = format!("0000012345_20261030_{kind}_000000000000001_{sent}_01_{flag}");
            fs::write(folder.join(name), MESSAGE).unwrap();
        }

        /// Looks twice with a journal read anew: how many wait then.
        fn waiting(&self) -> usize {
            let mut journal = Journal::open(self.spooled.path()).unwrap();
            let seen = look_once(&self.storage, &mut journal, &self.spool, Looked::default()).unwrap();
            look_once(&self.storage, &mut journal, &self.spool, seen).unwrap();
            self.spool.counts().unwrap().waiting
        }
    }

    #[test]
    fn what_is_in_force_is_sent_once_and_taken_back_when_it_is_deleted() {
        let tree = Tree::new();
        tree.put("ADT-52", "20261030110530000", "2");
        tree.put("ADT-52", "20261030120000000", "1");
        fs::write(tree.root.path().join("readme.txt"), "x").unwrap();
        let mut journal = Journal::open(tree.spooled.path()).unwrap();
        look_once(&tree.storage, &mut journal, &tree.spool, Looked::default()).unwrap();
        assert_eq!(tree.spool.counts().unwrap().waiting, 0, "it may still be written");
        assert_eq!(tree.waiting(), 1);
        assert_eq!(tree.waiting(), 1, "and once alone");
        let first = tree.spool.first().unwrap().unwrap();
        assert_eq!(tree.spool.read(&first).unwrap(), MESSAGE.as_bytes());
        tree.spool.done(&first).unwrap();

        tree.put("ADT-52", "20261031090000000", "0");
        assert_eq!(tree.waiting(), 1);
        let back = String::from_utf8(tree.spool.read(&tree.spool.first().unwrap().unwrap()).unwrap()).unwrap();
        assert!(back.contains("|ADT^A13|") && back.contains("\rEVN|A13|"), "{back}");
        assert_eq!(tree.waiting(), 1);
    }

    #[test]
    fn what_is_deleted_in_the_look_in_which_it_is_taken_is_taken_back_in_a_later_one() {
        let tree = Tree::new();
        tree.put("ADT-52", "20261030110530000", "1");
        let mut journal = Journal::open(tree.spooled.path()).unwrap();
        let mut looked = Looked::default();
        for look in 0..6 {
            if look == 1 {
                tree.put("ADT-52", "20261031090000000", "0");
            }
            looked = look_once(&tree.storage, &mut journal, &tree.spool, looked).unwrap();
        }
        assert_eq!(tree.spool.counts().unwrap().waiting, 2);
    }

    #[test]
    fn what_was_never_sent_is_not_taken_back_and_old_files_and_orders_are_left_alone() {
        let tree = Tree::new();
        tree.put("ADT-52", "20261030110530000", "0");
        tree.put("ADT-22", "20261029235959999", "1");
        tree.put("OMG-01", "20261030110530000", "1");
        assert_eq!(tree.waiting(), 0);
    }

    #[test]
    fn a_line_that_was_cut_off_spoils_no_other() {
        let tree = Tree::new();
        tree.put("ADT-52", "20261030120000000", "1");
        assert_eq!(tree.waiting(), 1);
        let journal = tree.spooled.path().join(SENT);
        let mut file = OpenOptions::new().append(true).open(&journal).unwrap();
        file.write_all(b"\n{\"key\":\"00000").unwrap();
        tree.put("ADT-22", "20261030120000000", "1");
        assert_eq!(tree.waiting(), 2);
        assert_eq!(tree.waiting(), 2);
    }
}

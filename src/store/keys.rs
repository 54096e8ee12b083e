//! The keyring: the hub's secrets in files of their own, outside the database.

use musubi_core::audit::LogKey;
use musubi_core::sealing::{BlindKey, DataKey, KeyEncryptionKey};
use musubi_verify::private;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Folder of the keys within the data folder.
pub const KEYS: &str = "keys";

const KEY_BYTES: usize = 32;

const KEY_ENCRYPTION: &str = "kek";
const BLIND_INDEX: &str = "blind";
const HUB_DATA: &str = "hub";
const SIGNING: &str = "log";

/// Why there is no keyring. Names files, never their content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A file or folder of keys can be read or changed by group or world, or is none of its kind.
    #[error("{} must be readable by its owner alone", .0.display())]
    Open(PathBuf),
    /// A key file does not hold exactly 32 bytes.
    #[error("{} is not a key of 32 bytes", .0.display())]
    NotAKey(PathBuf),
    /// A key is missing while others, or a database, are there: made anew, it would open nothing.
    #[error("{} is missing", .0.display())]
    Missing(PathBuf),
    /// The system refused.
    #[error("{}: {error}", .path.display())]
    System {
        /// File or folder.
        path: PathBuf,
        /// What it said.
        #[source]
        error: io::Error,
    },
}

/// The hub's secrets.
pub struct Keyring {
    /// Wraps data keys.
    pub key_encryption: KeyEncryptionKey,
    /// Of the blind indexes.
    pub blind: BlindKey,
    /// Seals what concerns no person: audit entries of the hub, for one.
    pub hub: DataKey,
    /// Signs checkpoints and receipts.
    pub signing: LogKey,
}

impl Keyring {
    /// Reads the keys of a data folder; makes them when there is neither a key nor a database yet.
    ///
    /// `hub` is the name under which the signing key is known; `random` fills a buffer with random bytes.
    ///
    /// # Errors
    /// When group or world may read or change them, or one is missing or not a key.
    pub fn open(folder: &Path, hub: &str, random: &mut dyn FnMut(&mut [u8])) -> Result<Keyring, KeyError> {
        let keys = folder.join(KEYS);
        let names = [KEY_ENCRYPTION, BLIND_INDEX, HUB_DATA, SIGNING];
        let first_start = !folder.join(super::DATABASE).exists() && !names.iter().any(|name| keys.join(name).exists());
        if first_start {
            make_folder(&keys)?;
            names.iter().try_for_each(|name| make_key(&keys.join(name), random))?;
            private::sync_folder(&keys).map_err(|e| KeyError::System { path: keys.clone(), error: e })?;
        }
        let metadata = fs::symlink_metadata(&keys).map_err(|e| missing_or(&keys, e))?;
        if !metadata.is_dir() || private::open_to_others(&metadata) {
            return Err(KeyError::Open(keys));
        }
        Ok(Keyring {
            key_encryption: KeyEncryptionKey::from_bytes(*read_key(&keys.join(KEY_ENCRYPTION))?),
            blind: BlindKey::from_bytes(*read_key(&keys.join(BLIND_INDEX))?),
            hub: DataKey::from_random(*read_key(&keys.join(HUB_DATA))?),
            signing: LogKey::from_bytes(hub, &*read_key(&keys.join(SIGNING))?),
        })
    }
}

fn make_folder(folder: &Path) -> Result<(), KeyError> {
    match private::folder(folder) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
            Err(KeyError::System { path: folder.to_owned(), error: e })
        }
        _ => Ok(()),
    }
}

fn make_key(file: &Path, random: &mut dyn FnMut(&mut [u8])) -> Result<(), KeyError> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    random(key.as_mut_slice());
    let made = private::owner_only(OpenOptions::new().write(true).create_new(true)).open(file);
    made.and_then(|mut file| file.write_all(key.as_slice()).and_then(|()| file.sync_all()))
        .map_err(|e| KeyError::System { path: file.to_owned(), error: e })
}

fn read_key(file: &Path) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyError> {
    let metadata = fs::symlink_metadata(file).map_err(|e| missing_or(file, e))?;
    if !metadata.is_file() || private::open_to_others(&metadata) {
        return Err(KeyError::Open(file.to_owned()));
    }
    if metadata.len() != KEY_BYTES as u64 {
        return Err(KeyError::NotAKey(file.to_owned()));
    }
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    let read = File::open(file).and_then(|mut file| file.read_exact(key.as_mut_slice()));
    read.map_err(|e| KeyError::System { path: file.to_owned(), error: e })?;
    Ok(key)
}

fn missing_or(path: &Path, error: io::Error) -> KeyError {
    match error.kind() {
        io::ErrorKind::NotFound => KeyError::Missing(path.to_owned()),
        _ => KeyError::System { path: path.to_owned(), error },
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    fn counting() -> impl FnMut(&mut [u8]) {
        let mut next = 0;
        move |bytes| {
            next += 1;
            bytes.fill(next);
        }
    }

    fn open(folder: &Path) -> Result<Keyring, KeyError> {
        Keyring::open(folder, "musubi.example", &mut counting())
    }

    #[test]
    fn keys_made_on_the_first_start_are_read_on_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let first = open(folder.path()).unwrap();
        let second = Keyring::open(folder.path(), "musubi.example", &mut |_| unreachable!()).unwrap();
        assert_eq!(first.blind.blind("a", "b"), second.blind.blind("a", "b"));
        assert_eq!(first.signing.verifier(), second.signing.verifier());
        let mode = fs::metadata(folder.path().join("keys")).unwrap().mode();
        assert_eq!(mode & 0o777, 0o700);
        for name in ["kek", "blind", "hub", "log"] {
            let mode = fs::metadata(folder.path().join("keys").join(name)).unwrap().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn keys_that_group_or_world_can_touch_are_refused() {
        for mode in [0o640, 0o604, 0o620, 0o660, 0o601] {
            let folder = tempfile::tempdir().unwrap();
            open(folder.path()).unwrap();
            let file = folder.path().join("keys/blind");
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(open(folder.path()), Err(KeyError::Open(path)) if path == file), "{mode:o}");
        }
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).unwrap();
        fs::set_permissions(folder.path().join("keys"), fs::Permissions::from_mode(0o750)).unwrap();
        assert!(matches!(open(folder.path()), Err(KeyError::Open(_))));
    }

    #[test]
    fn a_lost_key_is_never_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).unwrap();
        fs::remove_file(folder.path().join("keys/kek")).unwrap();
        assert!(matches!(open(folder.path()), Err(KeyError::Missing(_))));
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("hub.db"), "").unwrap();
        assert!(matches!(open(folder.path()), Err(KeyError::Missing(_))));
    }

    #[test]
    fn a_cut_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).unwrap();
        fs::write(folder.path().join("keys/log"), [1; 31]).unwrap();
        assert!(matches!(open(folder.path()), Err(KeyError::NotAKey(_))));
    }
}

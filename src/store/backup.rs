//! Backups of the embedded database: copied while a hub writes to it, sealed under a key of their own, and restored into a
//! folder that has none. The keys of the hub are never part of one (S-52, S-55).
//!
//! A backup is a line that says what it is, its id, and pieces: four bytes of length, then the sealed bytes, bound to the
//! id, to their place and to whether they are the last. Nothing can be left out, added or put elsewhere.

use super::sql::value::Sql;
use super::{DATABASE, Location, StoreError, engine, sqlite};
use crate::entropy;
use musubi_core::sealing::{Aad, DataKey, Sealed};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use uuid::Uuid;

const FIRST_LINE: &[u8] = b"musubi backup 1\n";
/// Bytes of the database in one piece.
const PIECE: usize = 1024 * 1024;
/// What sealing adds at most.
const SEALING: usize = 64;
/// Places of pieces, for the additional data.
const PART: &str = "backup";
const LAST_PART: &str = "backup, last part";
/// The files that SQLite keeps beside the database.
const JOURNALS: [&str; 2] = ["hub.db-wal", "hub.db-shm"];

/// Why there is no backup, or none can be restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// A file cannot be read or written.
    #[error("{}: {} / ファイルを読み書きできません", .0.display(), .1.kind())]
    File(PathBuf, #[source] io::Error),
    /// Not a backup.
    #[error("{}: not a backup of this form / バックアップの形式ではありません", .0.display())]
    Form(PathBuf),
    /// Another key, or bytes that were changed, cut or added.
    #[error("{}: does not open with this key, or was changed / この鍵では開けないか、改変されています", .0.display())]
    Sealed(PathBuf),
    /// The folder has a database.
    #[error(
        "{}: a database is there; --replace puts it aside / データベースがすでにあります（--replace で退避します）",
        .0.display()
    )]
    There(PathBuf),
    /// The database failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

fn at(path: &Path) -> impl Fn(io::Error) -> BackupError {
    move |error| BackupError::File(path.to_owned(), error)
}

fn new_file(path: &Path) -> Result<File, BackupError> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(at(path))
}

/// Writes a sealed copy of a folder's database as it stands at this moment, and returns how many bytes it was.
///
/// # Errors
/// When there is no database, the file is there already, or something cannot be written: then nothing is left behind.
pub async fn back_up(folder: &Path, key: &DataKey, to: &Path) -> Result<u64, BackupError> {
    let copy = folder.join(format!("{DATABASE}.copy-{}", Uuid::from_bytes(entropy::bytes())));
    new_file(&copy)?;
    let written = match copied(folder, &copy).await {
        Ok(()) => seal(&copy, key, to),
        Err(error) => Err(error.into()),
    };
    fs::remove_file(&copy).map_err(at(&copy))?;
    written
}

/// A copy of one moment, whatever is written meanwhile.
async fn copied(folder: &Path, copy: &Path) -> Result<(), StoreError> {
    let told = |error: sqlx::Error| super::sql::failure::refused("copy the database", &error);
    let mut connection =
        engine::reading_address(&Location::Folder(folder.to_owned()))?.connect().await.map_err(told)?;
    let path = copy.display().to_string();
    connection.execute(Sql::new("VACUUM INTO $1").bind(path)).await.map_err(told)?;
    connection.close().await.map_err(told)
}

fn seal(copy: &Path, key: &DataKey, to: &Path) -> Result<u64, BackupError> {
    let sealed = write_sealed(copy, key, to);
    if sealed.is_err()
        && !matches!(&sealed, Err(BackupError::File(_, error)) if error.kind() == io::ErrorKind::AlreadyExists)
    {
        fs::remove_file(to).ok();
    }
    sealed
}

fn write_sealed(copy: &Path, key: &DataKey, to: &Path) -> Result<u64, BackupError> {
    let mut from = BufReader::new(File::open(copy).map_err(at(copy))?);
    let mut out = BufWriter::new(new_file(to)?);
    let id = Uuid::from_bytes(entropy::bytes());
    out.write_all(FIRST_LINE).and_then(|()| out.write_all(id.as_bytes())).map_err(at(to))?;
    let (mut piece, mut bytes) = (read_piece(&mut from).map_err(at(copy))?, 0);
    for index in 0.. {
        let next = read_piece(&mut from).map_err(at(copy))?;
        let sealed = key.seal(entropy::bytes(), &place(id, index, next.is_empty()), &piece);
        let length = u32::try_from(sealed.as_bytes().len()).unwrap_or(u32::MAX);
        out.write_all(&length.to_be_bytes()).and_then(|()| out.write_all(sealed.as_bytes())).map_err(at(to))?;
        bytes += piece.len() as u64;
        if next.is_empty() {
            break;
        }
        piece = next;
    }
    let file = out.into_inner().map_err(|error| at(to)(error.into_error()))?;
    file.sync_all().map_err(at(to))?;
    Ok(bytes)
}

fn place(id: Uuid, index: u64, last: bool) -> Aad<'static> {
    Aad::version(if last { LAST_PART } else { PART }, id, index)
}

fn read_piece(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut piece = Vec::with_capacity(PIECE);
    from.take(PIECE as u64).read_to_end(&mut piece)?;
    Ok(piece)
}

/// Puts the database of a backup into a folder. One that is there is put aside when `replace` says so, under the name that is
/// returned. No hub may run on the folder.
///
/// # Errors
/// When the backup does not open whole, or the folder has a database and may not lose it: then the folder is as it was.
pub fn restore(from: &Path, key: &DataKey, folder: &Path, replace: bool) -> Result<Option<PathBuf>, BackupError> {
    let _lock = sqlite::lock(folder).map_err(at(folder))?;
    let database = folder.join(DATABASE);
    if database.exists() && !replace {
        return Err(BackupError::There(database));
    }
    let part = folder.join(format!("{DATABASE}.restored"));
    fs::remove_file(&part).ok();
    if let Err(error) = unseal(from, key, &part) {
        fs::remove_file(&part).ok();
        return Err(error);
    }
    let aside =
        database.exists().then(|| folder.join(format!("{DATABASE}.aside-{}", Uuid::from_bytes(entropy::bytes()))));
    if let Some(aside) = &aside {
        for journal in JOURNALS {
            let suffix = journal.trim_start_matches(DATABASE);
            let beside = PathBuf::from(format!("{}{suffix}", aside.display()));
            match fs::rename(folder.join(journal), &beside) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&beside)(error)),
                _ => {}
            }
        }
        fs::rename(&database, aside).map_err(at(aside))?;
    }
    fs::rename(&part, &database).map_err(at(&database))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))?;
    Ok(aside)
}

fn unseal(from: &Path, key: &DataKey, to: &Path) -> Result<(), BackupError> {
    let form = || BackupError::Form(from.to_owned());
    let mut file = BufReader::new(File::open(from).map_err(at(from))?);
    let mut head = [0; FIRST_LINE.len() + 16];
    file.read_exact(&mut head).map_err(|_| form())?;
    let id = head.strip_prefix(FIRST_LINE).and_then(|id| Uuid::from_slice(id).ok()).ok_or_else(form)?;
    let mut out = BufWriter::new(new_file(to)?);
    let mut sealed = read_sealed(&mut file, from)?;
    for index in 0.. {
        let next = read_sealed(&mut file, from)?;
        let piece = sealed.as_ref().ok_or_else(form)?;
        let opened = key.open(&place(id, index, next.is_none()), piece);
        let plain = opened.map_err(|_| BackupError::Sealed(from.to_owned()))?;
        out.write_all(&plain).map_err(at(to))?;
        if next.is_none() {
            break;
        }
        sealed = next;
    }
    let file = out.into_inner().map_err(|error| at(to)(error.into_error()))?;
    file.sync_all().map_err(at(to))
}

/// The next piece; `None` at the end of the file.
fn read_sealed(file: &mut impl Read, from: &Path) -> Result<Option<Sealed>, BackupError> {
    let cut = || BackupError::Sealed(from.to_owned());
    let mut length = Vec::with_capacity(4);
    file.take(4).read_to_end(&mut length).map_err(at(from))?;
    if length.is_empty() {
        return Ok(None);
    }
    let length: [u8; 4] = length.try_into().map_err(|_| cut())?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > PIECE + SEALING {
        return Err(cut());
    }
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes).map_err(|_| cut())?;
    Ok(Some(Sealed::from_stored(bytes)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn key(byte: u8) -> DataKey {
        DataKey::from_random([byte; 32])
    }

    /// A backup of bytes that fill two pieces and a bit.
    fn sealed(folder: &Path) -> PathBuf {
        let (copy, to) = (folder.join("copy"), folder.join("backup"));
        let plain: Vec<u8> = (0..2 * PIECE + 7).map(|n| u8::try_from(n % 251).unwrap()).collect();
        fs::write(&copy, plain).unwrap();
        assert_eq!(seal(&copy, &key(1), &to).unwrap(), 2 * PIECE as u64 + 7);
        to
    }

    #[test]
    fn s55_a_backup_opens_whole_with_its_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let backup = sealed(folder.path());
        let out = folder.path().join("out");
        unseal(&backup, &key(1), &out).unwrap();
        assert_eq!(fs::read(&out).unwrap(), fs::read(folder.path().join("copy")).unwrap());
        fs::remove_file(&out).unwrap();
        assert!(matches!(unseal(&backup, &key(2), &out), Err(BackupError::Sealed(_))));
    }

    #[test]
    fn s55_a_backup_that_was_cut_changed_or_put_in_another_order_does_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let backup = sealed(folder.path());
        let whole = fs::read(&backup).unwrap();
        let head = FIRST_LINE.len() + 16;
        let first = 4 + PIECE + 29;
        let (one, two) = (head..head + first, head + first..head + 2 * first);
        let swapped = [&whole[..head], &whole[two.clone()], &whole[one.clone()], &whole[two.end..]].concat();
        let without = [&whole[..head], &whole[two.clone()], &whole[two.end..]].concat();
        let longer = [&whole[..], &whole[one]].concat();
        let mut wrong = vec![swapped, without, longer, Vec::new(), whole[..two.end].to_vec()];
        wrong.extend([1, 16, head, head + 3, head + 4, head + 99, whole.len() - 1].map(|end| whole[..end].to_vec()));
        wrong.extend([0, 20, head + 1, head + 9, whole.len() - 1].map(|at| {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            bytes
        }));
        for (number, bytes) in wrong.iter().enumerate() {
            fs::write(&backup, bytes).unwrap();
            let out = folder.path().join("out");
            assert!(unseal(&backup, &key(1), &out).is_err(), "{number}");
            fs::remove_file(&out).ok();
        }
    }
}

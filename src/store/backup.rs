//! Backups of the embedded database: copied while a hub writes to it, sealed for recipients whose secrets are kept elsewhere, and
//! restored into a folder that has none. The keys of the hub are never part of one (S-52, S-55).

mod form;

pub use form::Opening;

use super::sql::value::Sql;
use super::{DATABASE, Location, StoreError, engine, sqlite};
use crate::entropy;
use form::unseal;
use musubi_core::audit::LogKey;
use musubi_core::sealing::RecipientKey;
use musubi_verify::private;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The files that SQLite keeps beside the database.
const JOURNALS: [&str; 2] = ["hub.db-wal", "hub.db-shm"];

/// Somebody who can open backups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Who that is, or where the secret lies, as operators call it.
    pub name: String,
    /// The public key.
    pub key: RecipientKey,
}

/// For whom a backup is sealed, and who vouches for it.
pub struct Sealing<'a> {
    /// Each of them opens it alone.
    pub recipients: &'a [Recipient],
    /// The hub's key.
    pub signing: &'a LogKey,
}

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
    /// Bytes that were changed, cut or added.
    #[error("{}: was changed or cut / 改変されているか、途中で切れています", .0.display())]
    Changed(PathBuf),
    /// Sealed for these, and the secret is that of another.
    #[error("{}: sealed for {}, not for this key / この鍵は受取人のものではありません", .0.display(), .1)]
    ForOthers(PathBuf, String),
    /// The hub whose keys are in the folder did not write it.
    #[error(
        "{}: not written by the hub of these keys, or changed / このハブの鍵で署名されたものではないか、改変されています",
        .0.display()
    )]
    Stranger(PathBuf),
    /// A recipient's key that nothing can be sealed for.
    #[error("{0}: nothing can be sealed for this key; take it off the list / この受取人の鍵では封印できません")]
    NoSuchKey(String),
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
    private::owner_only(OpenOptions::new().write(true).create_new(true)).open(path).map_err(at(path))
}

/// Writes a sealed copy of a folder's database as it stands at this moment, and returns how many bytes it was.
///
/// # Errors
/// When there is no database, the file is there already, or something cannot be written: then nothing is left behind.
pub async fn back_up(folder: &Path, sealing: &Sealing<'_>, to: &Path) -> Result<u64, BackupError> {
    let copy = folder.join(format!("{DATABASE}.copy-{}", Uuid::from_bytes(entropy::bytes())));
    new_file(&copy)?;
    let written = match copied(folder, &copy).await {
        Ok(()) => seal(&copy, sealing, to),
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

fn seal(copy: &Path, sealing: &Sealing<'_>, to: &Path) -> Result<u64, BackupError> {
    let sealed = form::seal(copy, sealing, to);
    if sealed.is_err()
        && !matches!(&sealed, Err(BackupError::File(_, error)) if error.kind() == io::ErrorKind::AlreadyExists)
    {
        fs::remove_file(to).ok();
    }
    sealed
}

/// Puts the database of a backup into a folder. One that is there is put aside when `replace` says so, under the name that is
/// returned. No hub may run on the folder.
///
/// # Errors
/// When the backup does not open whole, or the folder has a database and may not lose it: then the folder is as it was.
pub fn restore(
    from: &Path,
    opening: &Opening<'_>,
    folder: &Path,
    replace: bool,
) -> Result<Option<PathBuf>, BackupError> {
    let _lock = sqlite::lock(folder).map_err(at(folder))?;
    let database = folder.join(DATABASE);
    if database.exists() && !replace {
        return Err(BackupError::There(database));
    }
    let part = folder.join(format!("{DATABASE}.restored"));
    fs::remove_file(&part).ok();
    if let Err(error) = unseal(from, opening, &part) {
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
    private::sync_folder(folder).map_err(at(folder))?;
    Ok(aside)
}

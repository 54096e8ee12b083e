//! Files and folders for their owner alone: the one place that knows on which system it runs. On Windows a file has the rights of
//! the folder in which it lies, and that folder's rights are its operator's care.

use std::fs::{DirBuilder, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// A new file is for its owner alone (0600).
pub fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    with_mode(options, 0o600)
}

/// A new file is for its owner; the owner's group may read it (0640).
pub fn group_reads(options: &mut OpenOptions) -> &mut OpenOptions {
    with_mode(options, 0o640)
}

#[cfg(unix)]
fn with_mode(options: &mut OpenOptions, mode: u32) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, mode)
}

#[cfg(not(unix))]
fn with_mode(options: &mut OpenOptions, _mode: u32) -> &mut OpenOptions {
    options
}

/// Makes a folder that only its owner may enter (0700), and those above it; one that is there stays as it is.
///
/// # Errors
/// When it cannot be made.
pub fn folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// May group or world read, change or enter it? Not known where rights are no mode.
#[cfg(unix)]
pub fn open_to_others(metadata: &Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0
}

/// May group or world read, change or enter it? Not known where rights are no mode.
#[cfg(not(unix))]
pub fn open_to_others(_metadata: &Metadata) -> bool {
    false
}

/// Waits until the names in a folder are on disk. Windows writes them with the files, and opens no folder.
///
/// # Errors
/// When the disk fails.
#[cfg(unix)]
pub fn sync_folder(path: &Path) -> io::Result<()> {
    std::fs::File::open(path)?.sync_all()
}

/// Waits until the names in a folder are on disk. Windows writes them with the files, and opens no folder.
///
/// # Errors
/// None here.
#[cfg(not(unix))]
pub fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

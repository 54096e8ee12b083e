//! Files of keys and certificates: keys for the owner alone, everything written whole or not at all.

use super::CaError;
use musubi_verify::private;
use musubi_verify::whole::{self, Readers};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Longest file that is read: certificates and lists are far smaller.
const LENGTH_MAX: u64 = 16 * 1024 * 1024;

/// Writes a new file that only its owner may read (0600). Never replaces one.
pub fn write_secret(path: &Path, contents: &str) -> Result<(), CaError> {
    let write = || -> io::Result<()> {
        let mut file = private::owner_only(OpenOptions::new().write(true).create_new(true)).open(path)?;
        file.write_all(contents.as_bytes())?;
        file.sync_all()
    };
    write().map_err(CaError::file(path))
}

/// Writes a file that everybody may read, replacing an older one in one step.
pub fn write_public(path: &Path, contents: &str) -> Result<(), CaError> {
    whole::put(path, contents.as_bytes(), Readers::Anyone).map_err(CaError::file(path))
}

/// Makes a folder that only its owner may enter (0700), unless it is there.
pub(crate) fn secret_folder(path: &Path) -> Result<(), CaError> {
    private::folder(path).map_err(CaError::file(path))
}

/// Reads a text file of bounded length.
pub(crate) fn read(path: &Path) -> Result<String, CaError> {
    let read = || -> io::Result<String> {
        if fs::metadata(path)?.len() > LENGTH_MAX {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "more than 16 MiB"));
        }
        fs::read_to_string(path)
    };
    read().map_err(CaError::file(path))
}

/// Reads a key file; refuses one that others may read (`security.md` section 4).
pub(crate) fn read_secret(path: &Path) -> Result<zeroize::Zeroizing<String>, CaError> {
    if readable_by_others(path).map_err(CaError::file(path))? {
        return Err(CaError::KeyReadableByOthers(path.to_owned()));
    }
    read(path).map(zeroize::Zeroizing::new)
}

/// May group or world read or change this file?
pub fn readable_by_others(path: &Path) -> io::Result<bool> {
    fs::metadata(path).map(|metadata| private::open_to_others(&metadata))
}

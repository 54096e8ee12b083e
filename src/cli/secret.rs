//! Files with a secret of 32 bytes in hexadecimal, which only their owner may read.

use super::place::fault;
use super::{Failure, Terminal};
use crate::ca::{readable_by_others, write_secret};
use crate::digits::{hex, unhex};
use crate::entropy;
use std::path::Path;
use zeroize::Zeroizing;

/// Longest such file, in bytes.
const FILE_BYTES_MAX: u64 = 128;

/// Makes one. The file must not be there.
///
/// # Errors
/// When it cannot be written.
pub(super) fn make(to: &Path) -> Result<Zeroizing<[u8; 32]>, Failure> {
    let secret = Zeroizing::new(entropy::bytes::<32>());
    write_secret(to, &hex(secret.as_slice())).map_err(fault)?;
    Ok(secret)
}

/// Reads one; `made_by` is the command that makes them.
///
/// # Errors
/// When others may read it, or it is not of that form.
pub(super) fn read(path: &Path, made_by: &str, terminal: &mut Terminal<'_>) -> Result<Zeroizing<[u8; 32]>, Failure> {
    let wrong = || Failure::Fault(format!("{}: not a key of `{made_by}` / 鍵の形式ではありません", path.display()));
    if readable_by_others(path).map_err(fault)? {
        let text =
            "others may read this key; set its mode to 0600 / 鍵が他の利用者に読まれます。権限を0600にしてください";
        return Err(Failure::Fault(format!("{}: {text}", path.display())));
    }
    let text = Zeroizing::new(terminal.read(path, FILE_BYTES_MAX)?);
    let bytes = unhex(std::str::from_utf8(&text).map_err(|_| wrong())?.trim()).ok_or_else(wrong)?;
    Ok(Zeroizing::new(bytes.try_into().map_err(|_| wrong())?))
}

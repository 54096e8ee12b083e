//! The form of a backup. A note says what it is, its id, and for whom it is sealed; the hub signs it. Then come pieces: four
//! bytes of length, then the sealed bytes, bound to the id, to their place and to whether they are the last. Nothing can be
//! left out, added or put elsewhere, and nobody but the hub can write one for its recipients.

use super::{BackupError, Recipient, Sealing, at, new_file};
use crate::entropy;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use musubi_core::audit::{LogVerifier, SignedNote};
use musubi_core::sealing::{Aad, DataKey, RecipientKey, RecipientSecret, Sealed};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;
use uuid::Uuid;
use zeroize::Zeroizing;

const FIRST_LINE: &str = "musubi backup 2";
/// First characters of the line with the signature, the last of the note.
const SIGNATURE: &str = "\u{2014} ";
/// Longest note, in bytes: hundreds of recipients.
const NOTE_BYTES_MAX: u64 = 256 * 1024;
/// Bytes of the database in one piece.
const PIECE: usize = 1024 * 1024;
/// What sealing adds at most.
const SEALING: usize = 64;
/// Places of pieces, and of the key that seals them, for the additional data.
const PART: &str = "backup";
const LAST_PART: &str = "backup, last part";
const KEY: &str = "backup, key";

/// Who opens a backup.
pub struct Opening<'a> {
    /// The secret of one of its recipients.
    pub secret: &'a RecipientSecret,
    /// Checks that the hub wrote it.
    pub hub: &'a LogVerifier,
}

/// Writes the bytes of a file sealed; returns how many there were.
pub(super) fn seal(copy: &Path, sealing: &Sealing<'_>, to: &Path) -> Result<u64, BackupError> {
    let mut from = BufReader::new(File::open(copy).map_err(at(copy))?);
    let (id, key) = (Uuid::from_bytes(entropy::bytes()), Zeroizing::new(entropy::bytes()));
    let note = note(id, &key, sealing)?;
    let key = DataKey::from_random(*key);
    let mut out = BufWriter::new(new_file(to)?);
    out.write_all(note.as_bytes()).map_err(at(to))?;
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

/// The note: first line, id, and a line for each recipient with the key of the pieces, sealed for that one.
fn note(id: Uuid, key: &[u8; 32], sealing: &Sealing<'_>) -> Result<String, BackupError> {
    let mut text = format!("{FIRST_LINE}\n{id}\n");
    for Recipient { name, key: recipient } in sealing.recipients {
        let sealed = recipient.seal(&mut |bytes| entropy::fill(bytes), &Aad::row(KEY, id), key);
        let sealed = sealed.map_err(|_| BackupError::NoSuchKey(name.clone()))?;
        writeln!(text, "{recipient} {} {name}", STANDARD.encode(sealed)).ok();
    }
    let signatures = vec![sealing.signing.sign(&text)];
    Ok(SignedNote { text, signatures }.to_string())
}

/// Opens a backup into a new file.
pub(super) fn unseal(from: &Path, opening: &Opening<'_>, to: &Path) -> Result<(), BackupError> {
    let mut file = BufReader::new(File::open(from).map_err(at(from))?);
    let (id, key) = read_note(&mut file, opening, from)?;
    let mut out = BufWriter::new(new_file(to)?);
    let mut sealed = read_sealed(&mut file, from)?;
    for index in 0.. {
        let next = read_sealed(&mut file, from)?;
        let piece = sealed.as_ref().ok_or_else(|| BackupError::Changed(from.to_owned()))?;
        let opened = key.open(&place(id, index, next.is_none()), piece);
        let plain = opened.map_err(|_| BackupError::Changed(from.to_owned()))?;
        out.write_all(&plain).map_err(at(to))?;
        if next.is_none() {
            break;
        }
        sealed = next;
    }
    let file = out.into_inner().map_err(|error| at(to)(error.into_error()))?;
    file.sync_all().map_err(at(to))
}

/// The id, and the key of the pieces.
fn read_note(file: &mut impl BufRead, opening: &Opening<'_>, from: &Path) -> Result<(Uuid, DataKey), BackupError> {
    let form = || BackupError::Form(from.to_owned());
    let (mut note, mut lines) = (String::new(), file.take(NOTE_BYTES_MAX));
    let mut last = 0;
    while !note.get(last..).is_some_and(|line| line.starts_with(SIGNATURE)) {
        last = note.len();
        // A file of another form has no such line, and may be no text at all.
        if lines.read_line(&mut note).map_err(|_| form())? == 0 || !note.starts_with(FIRST_LINE) {
            return Err(form());
        }
    }
    let note = SignedNote::parse(&note).map_err(|_| form())?;
    note.verify(opening.hub).map_err(|_| BackupError::Stranger(from.to_owned()))?;
    let mut lines = note.text.lines().skip(1);
    let id = lines.next().and_then(|id| id.parse().ok()).ok_or_else(form)?;
    let recipients: Vec<(RecipientKey, &str, &str)> = lines.map(stanza).collect::<Option<_>>().ok_or_else(form)?;
    let own = opening.secret.key().map_err(|_| form())?;
    let Some((_, sealed, _)) = recipients.iter().find(|(key, ..)| *key == own) else {
        let names: Vec<&str> = recipients.iter().map(|(_, _, name)| *name).collect();
        return Err(BackupError::ForOthers(from.to_owned(), names.join(", ")));
    };
    let sealed = STANDARD.decode(sealed).map_err(|_| form())?;
    let key = opening.secret.open(&Aad::row(KEY, id), &sealed).map_err(|_| BackupError::Changed(from.to_owned()))?;
    let key = <[u8; 32]>::try_from(key.as_slice()).map_err(|_| form())?;
    Ok((id, DataKey::from_random(key)))
}

/// Key, sealed key and name of a recipient.
fn stanza(line: &str) -> Option<(RecipientKey, &str, &str)> {
    let (key, rest) = line.split_once(' ')?;
    let (sealed, name) = rest.split_once(' ')?;
    Some((RecipientKey::parse(key).ok()?, sealed, name))
}

fn place(id: Uuid, index: u64, last: bool) -> Aad<'static> {
    Aad::version(if last { LAST_PART } else { PART }, id, index)
}

fn read_piece(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut piece = Vec::with_capacity(PIECE);
    from.take(PIECE as u64).read_to_end(&mut piece)?;
    Ok(piece)
}

/// The next piece; `None` at the end of the file.
fn read_sealed(file: &mut impl Read, from: &Path) -> Result<Option<Sealed>, BackupError> {
    let cut = || BackupError::Changed(from.to_owned());
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
    use musubi_core::audit::LogKey;
    use std::fs;
    use std::path::PathBuf;

    fn secret(byte: u8) -> RecipientSecret {
        RecipientSecret::from_random([byte; 32])
    }

    fn hub(byte: u8) -> LogKey {
        LogKey::from_bytes("musubi.example", &[byte; 32])
    }

    fn open(backup: &Path, secret_byte: u8, hub_byte: u8, out: &Path) -> Result<(), BackupError> {
        fs::remove_file(out).ok();
        unseal(backup, &Opening { secret: &secret(secret_byte), hub: &hub(hub_byte).verifier() }, out)
    }

    /// A backup of bytes that fill two pieces and a bit, for two recipients.
    fn sealed(folder: &Path) -> PathBuf {
        let (copy, to) = (folder.join("copy"), folder.join("backup"));
        let plain: Vec<u8> = (0..2 * PIECE + 7).map(|n| u8::try_from(n % 251).unwrap()).collect();
        fs::write(&copy, plain).unwrap();
        let recipient = |byte| Recipient { name: format!("金庫 {byte}"), key: secret(byte).key().unwrap() };
        let sealing = Sealing { recipients: &[recipient(1), recipient(2)], signing: &hub(9) };
        assert_eq!(seal(&copy, &sealing, &to).unwrap(), 2 * PIECE as u64 + 7);
        to
    }

    #[test]
    fn s55_a_backup_opens_whole_for_each_of_its_recipients_and_for_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let (backup, out) = (sealed(folder.path()), folder.path().join("out"));
        for byte in [1, 2] {
            open(&backup, byte, 9, &out).unwrap();
            assert_eq!(fs::read(&out).unwrap(), fs::read(folder.path().join("copy")).unwrap());
        }
        let other = open(&backup, 3, 9, &out).unwrap_err();
        assert!(matches!(other, BackupError::ForOthers(_, names) if names == "金庫 1, 金庫 2"));
    }

    #[test]
    fn s55_a_backup_that_another_hub_wrote_for_the_same_recipient_does_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let (backup, out) = (sealed(folder.path()), folder.path().join("out"));
        assert!(matches!(open(&backup, 1, 8, &out), Err(BackupError::Stranger(_))));
    }

    #[test]
    fn s55_a_backup_that_was_cut_changed_or_put_in_another_order_does_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let (backup, out) = (sealed(folder.path()), folder.path().join("out"));
        let whole = fs::read(&backup).unwrap();
        let first = 4 + PIECE + 29;
        let head = whole.len() - 2 * first - 4 - 7 - 29;
        let (one, two) = (head..head + first, head + first..head + 2 * first);
        let swapped = [&whole[..head], &whole[two.clone()], &whole[one.clone()], &whole[two.end..]].concat();
        let without = [&whole[..head], &whole[two.clone()], &whole[two.end..]].concat();
        let longer = [&whole[..], &whole[one]].concat();
        let mut wrong = vec![swapped, without, longer, Vec::new(), whole[..two.end].to_vec()];
        wrong.extend([1, 16, head, head + 3, head + 4, head + 99, whole.len() - 1].map(|end| whole[..end].to_vec()));
        wrong.extend((0..head).step_by(7).chain([head + 1, head + 9, whole.len() - 1]).map(|at| {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            bytes
        }));
        for (number, bytes) in wrong.iter().enumerate() {
            fs::write(&backup, bytes).unwrap();
            assert!(open(&backup, 1, 9, &out).is_err(), "{number}");
        }
    }
}

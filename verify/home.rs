//! Where a witness keeps its key and what it cosigned last, and how it answers what lies in an exchange folder:
//!
//! ```text
//! witness.key                             the secret key, for its owner alone
//! musubi.example_482072.cosigned          the note that was cosigned last of each log: written before it leaves
//! musubi.example_482072.abandoned-1042    one that was given up when the log was declared restored; kept
//! ```

use super::checkpoint::{Checkpoint, LogKey, LogVerifier, NotANote, SignedNote};
use super::cosignature::WitnessKey;
use super::exchange::{LogFolder, Paper, folder_name, logs, read_text};
use super::private;
use super::proof::{Growth, Unproved};
use super::vkey::hex;
use super::whole::{self, Readers};
use super::witness::{Head, Heads, NotCosigned, cosign};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const KEY: &str = "witness.key";
const LOCK: &str = "lock";
const COSIGNED: &str = "cosigned";
const ABANDONED: &str = "abandoned-";
/// How the secret key is written, as other programs for signed notes do: `PRIVATE+KEY+name+hex(key id)+base64(1 ‖ secret)`.
const SECRET: &str = "PRIVATE+KEY+";

/// Why a witness cannot work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HomeError {
    /// A file cannot be read or written.
    #[error("{}: {} / ファイルを読み書きできません", .0.display(), .1)]
    File(PathBuf, #[source] io::Error),
    /// The file of the key is not one.
    #[error("{}: not a witness's key; `witness keygen` makes one / 証人の鍵ではありません", .0.display())]
    Key(PathBuf),
    /// Others may read the key.
    #[error("{}: others may read this key; set its mode to 0600 / 鍵が他の利用者に読まれます。権限を0600にしてください", .0.display())]
    Open(PathBuf),
    /// Another run holds the folder.
    #[error("{}: another run is not over / 別の実行が終わっていません", .0.display())]
    Busy(PathBuf),
    /// What was cosigned last is not a note of this witness: nothing is signed until it is put right.
    #[error("{}: not a note that this witness cosigned ({}); put back what was there / この証人が署名した記録ではありません", .0.display(), .1)]
    Kept(PathBuf, NotANote),
    /// A note that the witness is to begin from again, and cannot.
    #[error("{0} / ここから始め直せません")]
    Restart(&'static str),
}

/// Why one log is not cosigned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotAnswered {
    /// The witness must not.
    #[error("{0}")]
    NotCosigned(#[from] NotCosigned),
    /// What lies there is no question.
    #[error("{0} / 証明の形式ではありません")]
    Form(#[from] Unproved),
    /// The folder has a later cosignature of this witness than the witness remembers: its memory was lost or put back.
    #[error(
        "{0}: this witness cosigned {1} entries and does not remember it; put its folder back, or see `witness restart` / 署名した記憶が失われています"
    )]
    Forgotten(String, u64),
    /// The exchange folder cannot be read or written.
    #[error("{0} / 交換フォルダを読み書きできません")]
    Exchange(#[from] io::Error),
}

/// What became of one log's folder.
#[derive(Debug)]
pub struct Answered {
    /// The folder.
    pub log: LogFolder,
    /// The head that was cosigned; `None` when nothing new lay there.
    pub what: Result<Option<(String, Head)>, NotAnswered>,
}

/// A witness's own folder, held while this is there: two runs at once could sign two heads.
pub struct Home {
    folder: PathBuf,
    key: WitnessKey,
    _lock: File,
}

fn at(path: &Path) -> impl Fn(io::Error) -> HomeError {
    move |error| HomeError::File(path.to_owned(), error)
}

impl Home {
    /// Makes the folder and its key from a name and secret bytes. A key that is there is not replaced.
    ///
    /// # Errors
    /// When the name cannot be one, or a file cannot be written or is there.
    pub fn make(folder: &Path, name: &str, secret: &[u8; 32]) -> Result<Self, HomeError> {
        let path = folder.join(KEY);
        let key = WitnessKey::from_bytes(name, secret)
            .map_err(|_| HomeError::Restart("a name has no blanks and no plus sign, as witness.example.jp/w1"))?;
        private::folder(folder).map_err(at(folder))?;
        let id = hex(&LogKey::from_bytes(name, secret).verifier().key_id());
        let text = format!("{SECRET}{name}+{id}+{}\n", STANDARD.encode([&[1], secret.as_slice()].concat()));
        let file = private::owner_only(OpenOptions::new().write(true).create_new(true)).open(&path);
        let written = file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
        written.map_err(at(&path))?;
        Ok(Home { _lock: locked(folder)?, folder: folder.to_owned(), key })
    }

    /// Opens what was made.
    ///
    /// # Errors
    /// When there is no key, others may read it, or another run holds the folder.
    pub fn open(folder: &Path) -> Result<Self, HomeError> {
        let path = folder.join(KEY);
        if private::open_to_others(&fs::metadata(&path).map_err(at(&path))?) {
            return Err(HomeError::Open(path));
        }
        let text = read_text(&path).map_err(at(&path))?;
        let key = secret_key(&text).ok_or(HomeError::Key(path))?;
        Ok(Home { _lock: locked(folder)?, folder: folder.to_owned(), key })
    }

    /// Its key.
    pub const fn key(&self) -> &WitnessKey {
        &self.key
    }

    /// Answers the newest question of each log that lies in an exchange folder, at this time in seconds since 1970. `keys` are those
    /// of the hubs whose logs are looked after.
    ///
    /// # Errors
    /// When what the witness remembers, or the exchange folder, cannot be read: then nothing is signed. What is wrong with one log
    /// is told with that log.
    pub fn answer(&self, exchange: &Path, keys: &[LogVerifier], seconds: u64) -> Result<Vec<Answered>, HomeError> {
        let mut kept = self.kept()?;
        let mut answered = Vec::new();
        for log in logs(exchange).map_err(at(exchange))? {
            let what = self.answer_one(&log, keys, seconds, &mut kept)?;
            answered.push(Answered { log, what });
        }
        Ok(answered)
    }

    fn answer_one(
        &self,
        log: &LogFolder,
        keys: &[LogVerifier],
        seconds: u64,
        kept: &mut BTreeMap<String, SignedNote>,
    ) -> Result<Result<Option<(String, Head)>, NotAnswered>, HomeError> {
        let question = match newest(log) {
            Ok(Some(question)) => question,
            Ok(None) => return Ok(Ok(None)),
            Err(error) => return Ok(Err(error)),
        };
        let Question { size, growth, said } = question;
        let last = kept.get(&said.origin);
        if let Some(last) = last {
            // It is there for the hub, which then knows from where to prove; also when the last run did not come to write it.
            if let Err(error) =
                head_of(last).map_or(Ok(()), |head| log.put(Paper::Cosigned, head.size, &last.to_string()))
            {
                return Ok(Err(error.into()));
            }
            if last.text == growth.note().text {
                return Ok(Ok(None));
            }
        }
        if let Some(forgotten) = self.forgotten(log, &said.origin, last)? {
            return Ok(Err(NotAnswered::Forgotten(said.origin, forgotten)));
        }
        let heads: Heads = kept.iter().filter_map(|(origin, note)| Some((origin.clone(), head_of(note)?))).collect();
        match cosign(&heads, &growth, keys, &self.key, seconds) {
            Ok((note, _)) => {
                let path = self.path(&said.origin, COSIGNED);
                whole::put(&path, note.to_string().as_bytes(), Readers::Anyone).map_err(at(&path))?;
                let left = log.put(Paper::Cosigned, said.size, &note.to_string());
                kept.insert(said.origin.clone(), note);
                Ok(left.map(|()| Some((said.origin.clone(), Head::from(&said)))).map_err(NotAnswered::from))
            }
            Err(refusal) => {
                let refused = refusal.refused();
                let left = refused.map_or(Ok(()), |refused| log.put(Paper::Refused, size, &refused.to_string()));
                Ok(Err(left.map_or_else(NotAnswered::from, |()| refusal.into())))
            }
        }
    }

    /// The size of a later cosignature of this witness than it remembers, which it did not give up.
    fn forgotten(&self, log: &LogFolder, origin: &str, last: Option<&SignedNote>) -> Result<Option<u64>, HomeError> {
        let last = last.and_then(head_of).map_or(0, |head| head.size);
        let abandoned = self.abandoned(origin)?;
        let later = log.sizes(Paper::Cosigned).unwrap_or_default().into_iter().filter(|size| *size > last);
        let own = |size: &u64| {
            let note = log.read(Paper::Cosigned, *size).ok().and_then(|text| SignedNote::parse(&text).ok());
            note.is_some_and(|note| {
                let of_log = Checkpoint::parse(&note.text).is_ok_and(|said| said.origin == origin);
                of_log && self.key.verifier().check(&note).is_ok() && !abandoned.contains(&note.text)
            })
        };
        Ok(later.rev().find(own))
    }

    /// Gives up what was cosigned last of a log, and begins again from an earlier note of this witness, or from nothing; then the
    /// earlier notes must be taken out of the exchange folder too. For a log whose hub was restored from a backup and said so: a
    /// person decides it. What is given up is kept.
    ///
    /// # Errors
    /// When nothing was cosigned of the log, the note is not an earlier one of this witness, or a file cannot be written.
    pub fn restart(&self, origin: &str, from: Option<&SignedNote>) -> Result<Head, HomeError> {
        let kept = self.kept()?;
        let last = kept.get(origin).ok_or(HomeError::Restart("nothing of this log was cosigned"))?;
        let given_up = head_of(last).ok_or(HomeError::Restart("nothing of this log was cosigned"))?;
        if let Some(from) = from {
            let said = Checkpoint::parse(&from.text).map_err(|_| HomeError::Restart("not a checkpoint"))?;
            if said.origin != origin || said.size >= given_up.size || self.key.verifier().check(from).is_err() {
                return Err(HomeError::Restart("not an earlier note of this log that this witness cosigned"));
            }
        }
        let aside = self.path(origin, &format!("{ABANDONED}{}", given_up.size));
        whole::put(&aside, last.to_string().as_bytes(), Readers::Anyone).map_err(at(&aside))?;
        let path = self.path(origin, COSIGNED);
        match from {
            Some(from) => whole::put(&path, from.to_string().as_bytes(), Readers::Anyone).map_err(at(&path))?,
            None => fs::remove_file(&path).map_err(at(&path))?,
        }
        Ok(given_up)
    }

    /// The note that was cosigned last of each log, by origin.
    fn kept(&self) -> Result<BTreeMap<String, SignedNote>, HomeError> {
        let mut kept = BTreeMap::new();
        for entry in fs::read_dir(&self.folder).map_err(at(&self.folder))? {
            let path = entry.map_err(at(&self.folder))?.path();
            if path.extension().is_none_or(|ending| ending != COSIGNED) {
                continue;
            }
            let text = read_text(&path).map_err(at(&path))?;
            let wrong = |error| HomeError::Kept(path.clone(), error);
            let note = SignedNote::parse(&text).map_err(wrong)?;
            self.key.verifier().check(&note).map_err(wrong)?;
            let origin = Checkpoint::parse(&note.text).map_err(wrong)?.origin;
            if self.path(&origin, COSIGNED) != path {
                return Err(wrong(NotANote("of another log")));
            }
            kept.insert(origin, note);
        }
        Ok(kept)
    }

    /// The texts that were given up of a log.
    fn abandoned(&self, origin: &str) -> Result<Vec<String>, HomeError> {
        let before = format!("{}.{ABANDONED}", folder_name(origin));
        let mut texts = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(at(&self.folder))? {
            let path = entry.map_err(at(&self.folder))?.path();
            if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(&before)) {
                let text = read_text(&path).map_err(at(&path))?;
                texts.push(SignedNote::parse(&text).map_err(|error| HomeError::Kept(path, error))?.text);
            }
        }
        Ok(texts)
    }

    fn path(&self, origin: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", folder_name(origin)))
    }
}

struct Question {
    size: u64,
    growth: Growth,
    said: Checkpoint,
}

/// The question about the largest size.
fn newest(log: &LogFolder) -> Result<Option<Question>, NotAnswered> {
    let Some(size) = log.sizes(Paper::Proof)?.pop() else { return Ok(None) };
    let growth = Growth::parse(&log.read(Paper::Proof, size)?)?;
    let said = Checkpoint::parse(&growth.note().text).map_err(NotCosigned::Form)?;
    Ok(Some(Question { size, growth, said }))
}

fn head_of(note: &SignedNote) -> Option<Head> {
    Checkpoint::parse(&note.text).ok().map(|said| Head::from(&said))
}

fn secret_key(text: &str) -> Option<WitnessKey> {
    let mut parts = text.trim_end().strip_prefix(SECRET)?.splitn(3, '+');
    let (name, id, secret) = (parts.next()?, parts.next()?, STANDARD.decode(parts.next()?).ok()?);
    let secret: [u8; 32] = secret.strip_prefix(&[1])?.try_into().ok()?;
    let named = hex(&LogKey::from_bytes(name, &secret).verifier().key_id()) == id;
    WitnessKey::from_bytes(name, &secret).ok().filter(|_| named)
}

fn locked(folder: &Path) -> Result<File, HomeError> {
    let path = folder.join(LOCK);
    let mut options = OpenOptions::new();
    private::owner_only(options.write(true).create(true).truncate(false));
    let lock = options.open(&path).map_err(at(&path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => Err(HomeError::Busy(folder.to_owned())),
        Err(fs::TryLockError::Error(error)) => Err(at(&path)(error)),
    }
}

#[cfg(test)]
#[path = "home_tests.rs"]
mod tests;

//! The session of a request, as pages know it: the hub keeps it for every process; what is only for this one are the ids in its
//! addresses and a file that waits to be fetched.

use super::words::Language;
use crate::entropy;
use crate::hub::sign_in::SignedIn;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use musubi_core::sealing::{Aad, DataKey, Sealed};
use musubi_core::time::Time;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Bytes of files that wait to be fetched; beyond, the oldest go.
const WAITING_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Who is signed in, and how they want to be spoken to.
pub(super) struct Session {
    pub(super) signed: SignedIn,
    /// What every form of the session carries, and no other page can know (S-16).
    pub(super) token: String,
    /// Seals the ids that stand in addresses of pages.
    handles: DataKey,
    files: Arc<Files>,
    now: Time,
}

/// What a handle in an address stands for. A handle of one kind does not open as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// A person.
    Person,
    /// A work item.
    Item,
    /// A referral.
    Referral,
    /// A consent, ground or other fact.
    Fact,
    /// A delivery.
    Delivery,
    /// A message.
    Message,
    /// An entry of the record.
    Entry,
}

impl Of {
    const fn place(self) -> Aad<'static> {
        let name = match self {
            Of::Person => "person",
            Of::Item => "item",
            Of::Referral => "referral",
            Of::Fact => "fact",
            Of::Delivery => "delivery",
            Of::Message => "message",
            Of::Entry => "entry",
        };
        Aad::row(name, Uuid::nil())
    }
}

impl Session {
    /// Of a request at this moment.
    pub(super) fn of(signed: SignedIn, files: Arc<Files>, now: Time) -> Self {
        let handles = DataKey::from_random(signed.session.handles);
        Session { token: signed.session.token.clone(), signed, handles, files, now }
    }

    /// The id of something as it may stand in an address: opaque, and of use in this session alone.
    pub(super) fn handle(&self, of: Of, id: Uuid) -> String {
        URL_SAFE_NO_PAD.encode(self.handles.seal(entropy::bytes(), &of.place(), id.as_bytes()).as_bytes())
    }

    /// What a handle of this session stands for.
    pub(super) fn behind(&self, of: Of, handle: &str) -> Option<Uuid> {
        let sealed = Sealed::from_stored(URL_SAFE_NO_PAD.decode(handle).ok()?);
        Uuid::from_slice(&self.handles.open(&of.place(), &sealed).ok()?).ok()
    }

    /// The language of the pages.
    pub(super) fn language(&self) -> Language {
        if self.signed.session.english { Language::English } else { Language::Japanese }
    }

    /// Keeps a file for this person to download from this process, in place of the last one. Returns its handle.
    pub(super) fn keep(&self, name: String, bytes: Vec<u8>) -> String {
        let (handle, token) = (random(), self.token.clone());
        let until = self.now.plus_minutes(musubi_core::sign_in::IDLE_MINUTES);
        self.files.put(Waiting { handle: handle.clone(), token, name, bytes, until }, self.now);
        handle
    }

    /// The file of a handle, if it is still kept.
    pub(super) fn kept(&self, handle: &str) -> Option<(String, Vec<u8>)> {
        let files = self.files.all();
        let file =
            files.iter().find(|file| file.token == self.token && file.handle == handle && file.until >= self.now)?;
        Some((file.name.clone(), file.bytes.clone()))
    }
}

/// Files that wait to be fetched, the oldest first.
#[derive(Default)]
pub(super) struct Files(Mutex<VecDeque<Waiting>>);

struct Waiting {
    handle: String,
    /// Of the session.
    token: String,
    name: String,
    bytes: Vec<u8>,
    until: Time,
}

impl Files {
    fn put(&self, file: Waiting, now: Time) {
        let mut files = self.all();
        files.retain(|other| other.token != file.token && other.until >= now);
        files.push_back(file);
        while files.len() > 1 && files.iter().map(|file| file.bytes.len()).sum::<usize>() > WAITING_BYTES_MAX {
            files.pop_front();
        }
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn random() -> String {
    URL_SAFE_NO_PAD.encode(entropy::bytes::<16>())
}

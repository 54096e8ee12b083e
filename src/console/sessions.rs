//! Who is signed in (S-15). A session is state of this process alone: the cookie is 128 random bits that mean nothing
//! elsewhere, and signing out, ten quiet minutes, eight hours or a restart end it.

use super::words::Language;
use crate::entropy;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use musubi_core::agency::AgencyId;
use musubi_core::sealing::{Aad, DataKey, Sealed};
use musubi_core::time::Time;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Quiet minutes after which a session ends.
const IDLE_MINUTES: i64 = 10;
/// Minutes after which it ends whatever happens: a working day.
const WHOLE_MINUTES: i64 = 8 * 60;
/// Minutes for which somebody who showed again who they are need not do so once more (S-18).
const PROVEN_MINUTES: i64 = 10;
/// Sessions at once: more than a prefecture has people at work.
const SESSIONS_MAX: usize = 20_000;

/// Who is signed in, since when, and how they want to be spoken to.
pub(super) struct Session {
    pub(super) agency: AgencyId,
    pub(super) staff_id: String,
    /// What every form of the session carries, and no other page can know (S-16).
    pub(super) token: String,
    /// SHA-256 of the certificate that the session is bound to, where the listener asks for one.
    certificate: Option<[u8; 32]>,
    /// Seals the ids that stand in addresses of pages.
    handles: DataKey,
    began: Time,
    moving: Mutex<Moving>,
}

#[derive(Clone)]
struct Moving {
    seen: Time,
    proven: Option<Time>,
    language: Language,
    /// The last file that was made for this person to download, with its handle and name.
    kept: Option<(String, String, Vec<u8>)>,
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
        };
        Aad::row(name, Uuid::nil())
    }
}

impl Session {
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
        self.moving().language
    }

    /// The other language from now on.
    pub(super) fn switch_language(&self) {
        let mut moving = self.moving();
        moving.language = moving.language.other();
    }

    /// Has this person shown within some minutes who they are?
    pub(super) fn is_proven(&self, now: Time) -> bool {
        self.moving().proven.is_some_and(|at| now <= at.plus_minutes(PROVEN_MINUTES))
    }

    /// This person has shown it now.
    pub(super) fn prove(&self, now: Time) {
        self.moving().proven = Some(now);
    }

    /// Keeps a file for this person to download, in place of the last one. Returns its handle.
    pub(super) fn keep(&self, name: String, bytes: Vec<u8>) -> String {
        let handle = random();
        self.moving().kept = Some((handle.clone(), name, bytes));
        handle
    }

    /// The file of a handle, if it is still kept.
    pub(super) fn kept(&self, handle: &str) -> Option<(String, Vec<u8>)> {
        let moving = self.moving();
        let kept = moving.kept.as_ref().filter(|(known, ..)| known == handle)?;
        Some((kept.1.clone(), kept.2.clone()))
    }

    fn moving(&self) -> MutexGuard<'_, Moving> {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lives(&self, now: Time) -> bool {
        now <= self.moving().seen.plus_minutes(IDLE_MINUTES) && now <= self.began.plus_minutes(WHOLE_MINUTES)
    }
}

/// All sessions, by a hash of the cookie.
#[derive(Default)]
pub(super) struct Sessions(Mutex<BTreeMap<[u8; 32], Arc<Session>>>);

impl Sessions {
    /// Opens a session, and returns the value of its cookie; `None` when there are too many.
    pub(super) fn open(
        &self,
        agency: AgencyId,
        staff_id: String,
        certificate: Option<[u8; 32]>,
        language: Language,
        now: Time,
    ) -> Option<String> {
        let mut sessions = self.all();
        sessions.retain(|_, session| session.lives(now));
        if sessions.len() >= SESSIONS_MAX {
            return None;
        }
        let cookie = random();
        let session = Session {
            agency,
            staff_id,
            token: random(),
            certificate,
            handles: DataKey::from_random(entropy::bytes()),
            began: now,
            moving: Mutex::new(Moving { seen: now, proven: None, language, kept: None }),
        };
        sessions.insert(hash(&cookie), Arc::new(session));
        Some(cookie)
    }

    /// The session of a cookie, seen now; none when it has ended, or came over another certificate than its own.
    pub(super) fn find(&self, cookie: &str, certificate: Option<[u8; 32]>, now: Time) -> Option<Arc<Session>> {
        let mut sessions = self.all();
        let key = hash(cookie);
        let session = sessions.get(&key).filter(|session| session.certificate == certificate).cloned()?;
        if !session.lives(now) {
            sessions.remove(&key);
            return None;
        }
        session.moving().seen = now;
        Some(session)
    }

    /// Ends a session.
    pub(super) fn close(&self, cookie: &str) {
        self.all().remove(&hash(cookie));
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<[u8; 32], Arc<Session>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn random() -> String {
    URL_SAFE_NO_PAD.encode(entropy::bytes::<16>())
}

fn hash(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie).into()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    const CERTIFICATE: Option<[u8; 32]> = Some([7; 32]);

    fn opened(sessions: &Sessions) -> String {
        let agency = AgencyId::new("OSC-482072").unwrap();
        sessions.open(agency, "ooba".to_owned(), CERTIFICATE, Language::Japanese, Time::MIN).unwrap()
    }

    #[test]
    fn s15_a_session_ends_after_ten_quiet_minutes_and_after_eight_hours_whatever_happens() {
        let sessions = Sessions::default();
        let quiet = opened(&sessions);
        assert!(sessions.find(&quiet, CERTIFICATE, Time::MIN.plus_minutes(10)).is_some());
        assert!(sessions.find(&quiet, CERTIFICATE, Time::MIN.plus_minutes(21)).is_none());
        let busy = opened(&sessions);
        for minute in (0..=480).step_by(10) {
            assert!(sessions.find(&busy, CERTIFICATE, Time::MIN.plus_minutes(minute)).is_some(), "{minute}");
        }
        assert!(sessions.find(&busy, CERTIFICATE, Time::MIN.plus_minutes(481)).is_none());
    }

    #[test]
    fn s15_a_session_is_bound_to_its_certificate_and_ends_when_it_is_closed() {
        let sessions = Sessions::default();
        let cookie = opened(&sessions);
        assert!(sessions.find(&cookie, None, Time::MIN).is_none());
        assert!(sessions.find(&cookie, Some([8; 32]), Time::MIN).is_none());
        assert!(sessions.find(&cookie, CERTIFICATE, Time::MIN).is_some());
        sessions.close(&cookie);
        assert!(sessions.find(&cookie, CERTIFICATE, Time::MIN).is_none());
    }

    #[test]
    fn a_handle_opens_in_its_own_session_and_as_its_own_kind_alone() {
        let sessions = Sessions::default();
        let session = |cookie: String| sessions.find(&cookie, CERTIFICATE, Time::MIN).unwrap();
        let (one, other) = (session(opened(&sessions)), session(opened(&sessions)));
        let id = Uuid::from_u128(7);
        let handle = one.handle(Of::Person, id);
        assert_eq!(one.behind(Of::Person, &handle), Some(id));
        assert_eq!((one.behind(Of::Item, &handle), other.behind(Of::Person, &handle)), (None, None));
        assert!(!handle.contains(&id.simple().to_string()) && handle != one.handle(Of::Person, id));
    }

    #[test]
    fn s18_a_proof_of_who_somebody_is_lasts_ten_minutes() {
        let sessions = Sessions::default();
        let session = sessions.find(&opened(&sessions), CERTIFICATE, Time::MIN).unwrap();
        assert!(!session.is_proven(Time::MIN));
        session.prove(Time::MIN);
        assert!(session.is_proven(Time::MIN.plus_minutes(10)) && !session.is_proven(Time::MIN.plus_minutes(11)));
    }
}

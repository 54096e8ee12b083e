//! Who is signed in (S-15): state in the store, under a hash of what the browser holds, so that every hub knows it and signing out
//! ends it everywhere. A session ends too when its account is another one, or its person is not on the register.

use super::account_key;
use super::kept::Kept;
use super::tries::Trier;
use crate::entropy;
use crate::hub::caller::Caller;
use crate::hub::ledger::act;
use crate::hub::{DECIDE_AGAIN_MAX, Hub, Refusal};
use crate::store::{Change, Row, StoreError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use musubi_core::sealing::Blind;
use musubi_core::sign_in::{Account, Session};

/// Somebody who is signed in.
pub struct SignedIn {
    /// The session.
    pub session: Session,
    key: Blind,
}

/// 128 random bits, as text.
fn random() -> String {
    URL_SAFE_NO_PAD.encode(entropy::bytes::<16>())
}

impl Hub {
    /// Opens a session for a sample person of a development hub, who shows nothing. Returns what the browser is to hold.
    ///
    /// # Errors
    /// When the store fails: nobody is let in of whom this cannot be written down (S-30).
    pub async fn sign_in_sample(&self, caller: &Caller, certificate: Option<[u8; 32]>) -> Result<String, Refusal> {
        let mut change = Change::default();
        let cookie = self.open_session(caller, None, certificate, &mut change)?;
        self.store.commit("sign in", change).await?;
        Ok(cookie)
    }

    /// A new session with its line in the log. Returns what the browser is to hold.
    pub(super) fn open_session(
        &self,
        caller: &Caller,
        account: Option<u64>,
        certificate: Option<[u8; 32]>,
        change: &mut Change,
    ) -> Result<String, Refusal> {
        let (now, cookie) = (self.now(), random());
        let session = Session {
            agency: caller.id().clone(),
            staff_id: caller.actor.staff_id.clone(),
            account,
            certificate,
            token: random(),
            handles: entropy::bytes(),
            began: now,
            seen: now,
            proven: None,
            english: false,
        };
        let kept = Kept::nothing(self.session_key(&cookie));
        self.keep(change, (caller.id(), &kept), &session, Some(session.ends_at()))?;
        change.leaves.push(self.hub_leaf(now, &act(now, "sign in", caller.id(), &caller.actor)));
        Ok(cookie)
    }

    /// Who holds this cookie, seen now. Nobody when the session has ended, or came over another certificate than its own; and
    /// `samples` says whether it may be that of a sample person, who showed nothing, or must not be.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn signed_in(
        &self,
        cookie: &str,
        certificate: Option<[u8; 32]>,
        samples: bool,
    ) -> Result<Option<SignedIn>, Refusal> {
        let (now, key) = (self.now(), self.session_key(cookie));
        let Some(mut session) = self.kept::<Session>(key).await?.value else { return Ok(None) };
        if session.certificate != certificate || session.account.is_none() != samples {
            return Ok(None);
        }
        if !session.lives(now) || !self.account_stands(&session).await? {
            self.end_session(&SignedIn { session, key }).await?;
            return Ok(None);
        }
        if session.is_news(now) {
            session.seen = now;
            self.change_session(key, |session| session.seen = now).await?;
        }
        Ok(Some(SignedIn { session, key }))
    }

    fn session_key(&self, cookie: &str) -> Blind {
        self.keyring.blind.blind("session", cookie)
    }

    /// Is the account still the one that the session was opened by, and its person on the register?
    async fn account_stands(&self, session: &Session) -> Result<bool, Refusal> {
        if self.caller(&session.agency, &session.staff_id).is_err() {
            return Ok(false);
        }
        let Some(number) = session.account else { return Ok(true) };
        let account: Kept<Account> = self.kept(account_key(self, &session.agency, &session.staff_id)).await?;
        Ok(account.value.is_some_and(|account| account.is_active() && account.number == number))
    }

    /// Changes something in a session, in one that has ended nothing. Two changes at once are both made.
    async fn change_session(&self, key: Blind, change_it: impl Fn(&mut Session)) -> Result<(), Refusal> {
        for _ in 0..DECIDE_AGAIN_MAX {
            let kept: Kept<Session> = self.kept(key).await?;
            let Some(mut session) = kept.value.clone() else { return Ok(()) };
            change_it(&mut session);
            let mut change = Change::default();
            self.keep(&mut change, (&session.agency, &kept), &session, Some(session.ends_at()))?;
            match self.store.commit("change session", change).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(Refusal::kept_changing())
    }

    /// The pages of the session are in the other language from now on.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn switch_language(&self, signed: &SignedIn) -> Result<(), Refusal> {
        let english = !signed.session.english;
        self.change_session(signed.key, |session| session.english = english).await
    }

    /// A sample person says once more who they are: nothing is shown, and the page says so.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn prove_sample(&self, signed: &SignedIn) -> Result<(), Refusal> {
        let now = self.now();
        self.change_session(signed.key, |session| session.proven = Some(now)).await
    }

    /// Shows the second factor once more, before something that is not easily undone (S-18). Returns whether it was right; when so
    /// many were wrong that the account is closed for a while, the session ends.
    ///
    /// # Errors
    /// When the store fails, or nobody may try now.
    pub async fn prove(&self, signed: &SignedIn, code: &str) -> Result<bool, Refusal> {
        let (agency, staff_id) = (&signed.session.agency, signed.session.staff_id.as_str());
        let trier = Trier { agency, staff_id, from: None };
        self.count_try(trier).await?;
        let caller = self.caller(agency, staff_id)?;
        for _ in 0..DECIDE_AGAIN_MAX {
            let (now, mut change) = (self.now(), Change::default());
            let kept: Kept<Account> = self.kept(account_key(self, agency, staff_id)).await?;
            let Some(shown) = kept.value.as_ref().and_then(|account| account.shown(code, now)) else { break };
            self.keep(&mut change, (agency, &kept), &shown, None)?;
            self.take_back_try(trier, &mut change).await?;
            change.leaves.push(self.hub_leaf(now, &act(now, "prove", agency, &caller.actor)));
            match self.store.commit("prove", change).await {
                Ok(_) => {
                    self.change_session(signed.key, |session| session.proven = Some(now)).await?;
                    return Ok(true);
                }
                Err(StoreError::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        if self.note_failure(trier, "prove refused").await? {
            self.end_session(signed).await?;
        }
        Ok(false)
    }

    /// Ends a session, at every hub.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_session(&self, signed: &SignedIn) -> Result<(), Refusal> {
        let change = Change { rows: vec![Row::SignInEnded(signed.key)], ..Change::default() };
        self.store.commit("end session", change).await?;
        Ok(())
    }

    /// Somebody leaves: the state on the server is gone (S-15).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sign_out(&self, caller: &Caller, signed: &SignedIn) -> Result<(), Refusal> {
        let now = self.now();
        let leaves = vec![self.hub_leaf(now, &act(now, "sign out", caller.id(), &caller.actor))];
        let change = Change { rows: vec![Row::SignInEnded(signed.key)], leaves, ..Change::default() };
        self.store.commit("sign out", change).await?;
        Ok(())
    }
}

//! How often somebody may try (S-18): counted in the store before a try is looked at, so that it counts for every hub, after a
//! restart, and however many try at once.

use super::kept::Kept;
use super::{account_name, not_let_in};
use crate::digits::hex;
use crate::hub::family::Family;
use crate::hub::ledger::act;
use crate::hub::work::{Question, WorkBody};
use crate::hub::{DECIDE_AGAIN_MAX, Hub, Refusal};
use crate::store::{Change, StoreError};
use musubi_core::adapter::Text;
use musubi_core::agency::{Actor, AgencyId, Role};
use musubi_core::sealing::Blind;
use musubi_core::sign_in::{ACCOUNT, Attempts, Bound, SOURCE};
use std::net::IpAddr;

/// Kind of the question to an agency one of whose accounts is closed for a while.
const CLOSED: &str = "sign_in_closed";
/// Minutes until somebody must have looked.
const LOOKED_AT_MINUTES: i64 = 240;

/// From where somebody knocks.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// SHA-256 of the certificate.
    pub certificate: Option<[u8; 32]>,
    /// The address.
    pub address: IpAddr,
}

impl Source {
    /// One certificate at one address; of IPv6 the network, for who has one of these has all of its addresses.
    fn word(&self) -> String {
        let certificate = self.certificate.map(|hash| hex(&hash)).unwrap_or_default();
        let network = match self.address.to_canonical() {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().into_iter().take(8).collect(),
        };
        format!("{certificate} {}", hex(&network))
    }
}

/// Who tries: to be whom, and from where. Somebody who is signed in already comes from nowhere in particular.
#[derive(Clone, Copy)]
pub(super) struct Trier<'a> {
    pub(super) agency: &'a AgencyId,
    pub(super) staff_id: &'a str,
    pub(super) from: Option<&'a Source>,
}

impl Trier<'_> {
    fn account(&self, hub: &Hub) -> Blind {
        hub.keyring.blind.blind("tries of account", &account_name(self.agency, self.staff_id))
    }

    /// What a try counts against.
    fn counted(&self, hub: &Hub) -> Vec<(Blind, Bound)> {
        let word = |from: &Source| format!("{} {}", self.agency, from.word());
        let source = self.from.map(|from| (hub.keyring.blind.blind("tries from source", &word(from)), SOURCE));
        [(self.account(hub), ACCOUNT)].into_iter().chain(source).collect()
    }
}

impl Hub {
    /// Counts a try as one in vain, which it is until it is known to be right.
    ///
    /// # Errors
    /// When the account or the source may not try now: told as what is wrong is told, and no sooner known.
    pub(super) async fn count_try(&self, trier: Trier<'_>) -> Result<(), Refusal> {
        for _ in 0..DECIDE_AGAIN_MAX {
            let (now, mut change) = (self.now(), Change::default());
            for (key, bound) in trier.counted(self) {
                let kept: Kept<Attempts> = self.kept(key).await?;
                let before = kept.value.unwrap_or_default();
                if !before.may_try(now) {
                    return Err(not_let_in());
                }
                let counted = before.failed(&bound, now);
                self.keep(&mut change, (trier.agency, &kept), &counted, counted.forgotten_at(&bound))?;
            }
            match self.store.commit("count a try", change).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(Refusal::kept_changing())
    }

    /// The try was right: an account starts anew, and of a source this one does not count.
    pub(super) async fn take_back_try(&self, trier: Trier<'_>, change: &mut Change) -> Result<(), Refusal> {
        for ((key, bound), whole) in trier.counted(self).into_iter().zip([true, false]) {
            let kept: Kept<Attempts> = self.kept(key).await?;
            let Some(before) = kept.value else { continue };
            let after = if whole { Attempts::default() } else { before.but_the_last() };
            let ends_at = after.forgotten_at(&bound).unwrap_or(self.now());
            self.keep(change, (trier.agency, &kept), &after, Some(ends_at))?;
        }
        Ok(())
    }

    /// Puts a try that was in vain into the log, and asks the agency to look when its account is now closed for a while. Returns
    /// whether it is. What was typed as a staff id is named only where it is one: people type passwords into the wrong field.
    pub(super) async fn note_failure(&self, trier: Trier<'_>, action: &str) -> Result<bool, Refusal> {
        let now = self.now();
        let agency = self.register.agency(trier.agency);
        let known = agency.as_deref().filter(|agency| agency.staff.contains_key(trier.staff_id));
        let attempts = self.kept::<Attempts>(trier.account(self)).await?.value;
        let closed = attempts.is_some_and(|attempts| attempts.is_closed());
        let staff_id = known.map(|_| trier.staff_id.to_owned()).unwrap_or_default();
        let role = known.and_then(|agency| agency.staff.get(&staff_id)).copied().unwrap_or(Role::System);
        let mut entry = act(now, action, trier.agency, &Actor { staff_id: staff_id.clone(), role });
        entry.note = if closed { "closed for a while".to_owned() } else { String::new() };
        let mut change = Change { leaves: vec![self.hub_leaf(now, &entry)], ..Change::default() };
        if let Some(agency) = known.filter(|_| closed) {
            let text = Text::new(
                "サインインの失敗が続いたため、職員のアカウントを一時停止しました。本人に心当たりを確かめてください。",
                "An account is closed for a while, because nobody could sign in with it. Ask its owner whether it was them.",
            );
            let (owner, municipality) = (&agency.id, &agency.municipality);
            let (due, family) = (now.plus_minutes(LOOKED_AT_MINUTES), Family::default());
            let question = Question { owner, kind: CLOSED, due, municipality, family: &family, persons: &[] };
            change.rows.push(self.ask(now, &question, &WorkBody::new("SIGN_IN_CLOSED", text, staff_id))?);
            tracing::warn!(agency = %agency.id, alarm = CLOSED, "an account is closed for a while");
        }
        self.store.commit("note a failed try", change).await?;
        Ok(closed)
    }
}

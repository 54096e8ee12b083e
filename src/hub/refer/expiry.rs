//! A referral that nobody answered in time is closed, and the agency that referred is told so: silence is an outcome too
//! (`formats/hospital.md` section 4.7, state E).

use super::News;
use crate::hub::ledger::act;
use crate::hub::{Hub, Refusal};
use crate::store::{Change, Conflict, Expect, StoreError};
use musubi_core::agency::Actor;
use musubi_core::id::{PersonId, ReferralId};
use musubi_core::referral::{Outcome, Referral, State};

/// States in which nobody has answered, as they stand in the store.
const UNANSWERED: [&str; 2] = ["sent", "received"];

impl Hub {
    /// Closes a referral whose time has run out, once, and tells the agency that referred. One that was answered, has time left or
    /// never lapses stays as it is.
    ///
    /// # Errors
    /// When the store fails.
    pub(in crate::hub) async fn expire_referral(&self, id: ReferralId) -> Result<(), Refusal> {
        let Some(row) = self.store.referral(id).await?.filter(|row| UNANSWERED.contains(&row.state.as_str())) else {
            return Ok(());
        };
        let now = self.now();
        let persons: Vec<PersonId> = row.persons.iter().map(|concerned| concerned.person).collect();
        let family = self.family(&persons, now).await?;
        let Some(referral) = self.opened::<Referral>(&family, &row) else { return Ok(()) };
        let expired = referral.lapsed(now);
        if *expired.state() != State::Closed(Outcome::Expired) {
            return Ok(());
        }
        let version = row.version + 1;
        let mut change =
            Change { expect: vec![Expect::ReferralVersion { id, version: row.version }], ..Change::default() };
        self.referral_rows(&mut change, &family, &persons, &row.municipality, &expired, version, now)?;
        self.follow_with_ties(&mut change, &family, &row.municipality, (&expired, &row.to), now)?;
        let mut entry = act(now, "referral expired", &row.to, &Actor::system());
        entry.note = id.to_string();
        change.leaves.push(self.leaf(now, &row.municipality, &family, &persons, entry));
        match self.store.commit("referral expired", change).await {
            Ok(_) => {}
            // Somebody answered at the last moment.
            Err(StoreError::Conflict(Conflict::Referral(_))) => return Ok(()),
            Err(other) => return Err(other.into()),
        }
        // No member of staff did anything: the system of the agency that was asked stands for its silence.
        if let Ok(silent) = self.caller(&row.to, "") {
            self.tell_party(&silent, &family, &persons, (&expired, News::Step)).await;
        }
        self.decide_again(&persons).await;
        Ok(())
    }
}

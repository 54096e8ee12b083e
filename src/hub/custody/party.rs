//! What a party to a referral is told: its step, or the referral, with what its author wrote beside it where it came in a message.

use super::Custody;
use crate::hub::refer::{can_say, listens};
use crate::store::{Change, Row};
use musubi_core::agency::AgencyId;

impl Custody<'_> {
    /// The intention to deliver, under the first purpose of its subscriptions that lets the party see it. Where none does,
    /// nothing waits: the referral itself is there to be asked for.
    pub(super) fn party_rows(&self, party: &AgencyId, change: &mut Change) {
        let Some(agency) = self.hub.register.agency(party).filter(|agency| agency.active) else { return };
        let seen = |purpose| self.shows_any(&self.would_release(&agency, purpose).0, &|_| true);
        let listens = || listens(&agency).filter(|subscription| can_say(subscription, &self.entries));
        let Some(purpose) = listens().map(|subscription| subscription.purpose).find(|purpose| seen(*purpose)) else {
            return;
        };
        for subscription in listens().filter(|subscription| subscription.purpose == purpose) {
            change.rows.push(Row::Delivery(self.delivery(party, purpose, subscription.channel(), true)));
        }
    }
}

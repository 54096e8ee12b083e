//! Who comes and goes at the console: each time stands in the hub's own log (S-30).

use super::caller::Caller;
use super::ledger::act;
use super::{Hub, Refusal};
use crate::store::Change;

/// What somebody did at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Signed in.
    SignedIn,
    /// Signed out.
    SignedOut,
}

impl Presence {
    const fn action(self) -> &'static str {
        match self {
            Presence::SignedIn => "sign in",
            Presence::SignedOut => "sign out",
        }
    }
}

impl Hub {
    /// Records it. Nobody is let in of whom this cannot be written down.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_presence(&self, caller: &Caller, what: Presence) -> Result<(), Refusal> {
        let entry = act(self.now(), what.action(), caller.id(), &caller.actor);
        let leaves = vec![self.hub_leaf(self.now(), &entry)];
        self.store.commit("note presence", Change { leaves, ..Change::default() }).await?;
        Ok(())
    }
}

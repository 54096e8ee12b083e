//! An agency reads back what it sent, as it stands on file by now: a release like any other, of which its author sees all (T1).

use super::caller::Caller;
use super::ledger::{Basis, Serves};
use super::query::default_purpose;
use super::{DECIDE_AGAIN_MAX, Hub, Refusal};
use crate::store::StoreError;
use musubi_core::id::{EntryId, MessageId, PersonId};
use musubi_core::release::{Released, release};
use std::collections::BTreeSet;

impl Hub {
    /// What stands of a message of the caller's. `None` where it sent none of this id, and where nothing of it stands or may
    /// be seen: one answer.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sent_by(&self, caller: &Caller, message: MessageId) -> Result<Option<Released>, Refusal> {
        let row = self.store.message(message).await?.filter(|row| row.agency == *caller.id());
        let Some(row) = row else { return Ok(None) };
        let rows = self.store.entries_of_message(&row.municipality, message).await?;
        let persons: Vec<PersonId> = rows.iter().flat_map(|row| &row.persons).map(|c| c.person).collect();
        let own: BTreeSet<EntryId> = rows.iter().flat_map(|row| &row.contained).map(|entry| entry.id).collect();
        let request = caller.request(default_purpose(caller.agency.kind), None)?;
        for _ in 0..DECIDE_AGAIN_MAX {
            let family = self.family(&persons, self.now()).await?;
            let (whole, facts) = family.whole();
            let record = whole.keep(|entry| entry.id().is_some_and(|id| own.contains(&id)));
            let mut released = release(record, &request, &facts, &self.policy, family.at);
            if released.is_empty() {
                return Ok(None);
            }
            let basis = Basis::new(&caller.actor, Serves::default(), &facts);
            let (_, change) = self.release_change(&mut released, &family, &row.municipality, &basis)?;
            match self.store.commit("release to its author", change).await {
                Ok(_) => return Ok(Some(released)),
                Err(StoreError::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(Refusal::kept_changing())
    }
}

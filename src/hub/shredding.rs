//! Keys that must stay destroyed, whatever is restored (S-52).

use super::{Hub, Refusal};
use crate::store::{Change, Row};
use musubi_core::audit::AuditEntry;
use musubi_core::id::PersonId;
use musubi_core::time::Time;

/// Keys destroyed in one transaction.
const AT_ONCE: usize = 200;

impl Hub {
    /// Destroys the keys of a list of tombstones again, with a line in the hub's own log. Returns how many were still there.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn bury(&self, tombstones: &[(PersonId, Time)]) -> Result<usize, Refusal> {
        let mut count = 0;
        for some in tombstones.chunks(AT_ONCE) {
            let ids: Vec<PersonId> = some.iter().map(|(person, _)| *person).collect();
            let known = self.store.persons(&ids).await?;
            let back = |person: &PersonId| known.iter().any(|row| row.id == *person && row.key.is_some());
            let back: Vec<_> = some.iter().filter(|(person, _)| back(person)).collect();
            if back.is_empty() {
                continue;
            }
            count += back.len();
            let now = self.now();
            let note = back.len().to_string();
            let entry =
                AuditEntry { time: now.micros(), action: "apply tombstones".to_owned(), note, ..AuditEntry::default() };
            let rows =
                back.iter().map(|(person, at)| Row::DestroyKey { person: *person, at: *at, seen: None }).collect();
            let change = Change { rows, leaves: vec![self.hub_leaf(now, &entry)], ..Change::default() };
            self.store.commit("apply tombstones", change).await?;
        }
        Ok(count)
    }
}

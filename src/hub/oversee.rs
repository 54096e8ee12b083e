//! What an auditor looks over: how far each log has grown, and the last signed word about it.

use super::caller::{Caller, Operation};
use super::{Hub, Refusal};

/// A log, as it stands.
pub struct LogState {
    /// A municipality code, or `hub`.
    pub name: String,
    /// Entries.
    pub entries: u64,
    /// The last checkpoint, a signed note of which copies can be kept and compared; none before the first.
    pub note: Option<String>,
}

impl Hub {
    /// The logs of this hub.
    ///
    /// # Errors
    /// When the caller is neither auditor nor privacy officer of a center, or the store fails.
    pub async fn log_states(&self, caller: &Caller) -> Result<Vec<LogState>, Refusal> {
        caller.check(Operation::Oversee)?;
        let mut states = Vec::new();
        for (log, entries) in self.store.logs().await? {
            let note = self.store.last_checkpoint(&log).await?.map(|stored| stored.note);
            states.push(LogState { name: log.name().to_owned(), entries, note });
        }
        Ok(states)
    }
}

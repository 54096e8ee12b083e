//! Does the log fit what a witness signed? A database that was rolled back as a whole verifies: only a head that was signed outside
//! tells of what is gone (S-38).
//!
//! A restore from a backup is a rollback that is owned up to: the heads that it gives up are put on file, in the hub's own log and
//! before people, and no longer close the hub. The witness goes on only when a person there decides so.

use super::{Heads, Witness, left, silent};
use crate::hub::{Hub, Refusal};
use crate::store::CheckpointRow;
use crate::store::{Change, Fault, FaultKind, Log, Row, Store, StoreError};
use musubi_core::audit::{AuditEntry, LogVerifier, root};
use musubi_verify::witness::Head;
use std::time::Duration;

/// Setting of the store, before log and size: the root that a declared restore gave up.
const GIVEN_UP: &str = "given_up";
/// Setting of the store: witness, log and head of the contradiction that closed a hub. So no start forgets it, whatever lies in a folder
/// by then, and every hub on the same database learns of it.
const CONTRADICTED: &str = "contradicted";
/// A folder that has not answered by then is away: the hub starts all the same (S-36).
const FOLDER_MAX: Duration = Duration::from_secs(10);

/// How a signed head fits the log.
pub(super) enum Fit {
    /// The log had this head; with the checkpoint of that moment.
    Same(Option<CheckpointRow>),
    /// A declared restore gave it up.
    GivenUp,
    /// The log has another at that size, or, where it is shorter, as its last.
    Not(Head),
}

/// The log of an origin, where it is one of this store.
pub(super) fn log_of(store: &Store, origin: &str) -> Option<Log> {
    let log = origin.rsplit_once('/').and_then(|(_, name)| Log::parse(name));
    log.filter(|log| store.origin(log) == origin)
}

pub(super) async fn fit(store: &Store, log: &Log, head: Head) -> Result<Fit, StoreError> {
    let row = store.checkpoint_of(log, head.size).await?;
    if row.as_ref().is_some_and(|row| row.root == head.root) {
        return Ok(Fit::Same(row));
    }
    if store.setting(&given_up(log, head.size)).await?.is_some_and(|root| root == head.to_string()) {
        return Ok(Fit::GivenUp);
    }
    // No row, or one that was changed: the leaves decide.
    let leaves = store.leaf_hashes(log, head.size).await?;
    let ours = Head { size: leaves.len() as u64, root: root(&leaves) };
    Ok(if ours == head { Fit::Same(None) } else { Fit::Not(ours) })
}

fn given_up(log: &Log, size: u64) -> String {
    format!("{GIVEN_UP}.{}.{size}", log.name())
}

/// A head that a witness and this hub signed, and that the log does not have.
pub struct Contradicted {
    /// The witness, as people call it.
    pub witness: String,
    /// Name and id of its key.
    handle: String,
    /// The log.
    pub log: Log,
    /// Theirs and ours.
    pub heads: Heads,
    /// What it is for a log that does not verify.
    pub fault: Fault,
}

impl Contradicted {
    /// Closes the store for changes, and says so.
    pub fn close(&self, store: &Store) {
        let (theirs, ours) = self.heads;
        tracing::error!(witness = self.witness, log = self.log.name(), %theirs, %ours, kind = %self.fault.kind, alarm = "tampered",
            "the log is not the one that its witness signed; the hub is read-only, see docs/witness.md");
        store.close_for_changes(self.fault.clone());
    }
}

/// Holds a store against the newest heads that its witnesses hold of it. Only a head that the hub's own key signed too counts: no
/// witness can close a hub by its word alone. A folder that does not answer says nothing; what was found before stays found.
///
/// # Errors
/// When the store fails.
pub async fn contradicted(
    store: &Store,
    own: &LogVerifier,
    witnesses: &[Witness],
) -> Result<Vec<Contradicted>, StoreError> {
    let mut found = Vec::new();
    for witness in witnesses {
        let (of, own) = (witness.clone(), own.clone());
        let reading = tokio::task::spawn_blocking(move || left::read(&of, &own));
        let Ok(Ok(Ok(left))) = tokio::time::timeout(FOLDER_MAX, reading).await else {
            tracing::warn!(witness = witness.key.handle(), "the folder of a witness does not answer; not compared");
            continue;
        };
        for cosigned in left.cosigned.into_iter().filter(|cosigned| cosigned.by_hub) {
            let Some(log) = log_of(store, &cosigned.origin) else { continue };
            let Fit::Not(ours) = fit(store, &log, cosigned.head).await? else { continue };
            let (name, handle) = (witness.name.clone(), witness.key.handle());
            found.push(judged(store, (name, handle), log, (cosigned.head, ours)).await?);
        }
    }
    let known = |one: &Contradicted| found.iter().any(|other| other.log == one.log && other.heads == one.heads);
    let on_file = on_file(store).await?.filter(|one| !known(one));
    found.extend(on_file);
    Ok(found)
}

/// What it is that a witness, by its name and handle, holds another head.
async fn judged(
    store: &Store,
    (witness, handle): (String, String),
    log: Log,
    heads: Heads,
) -> Result<Contradicted, StoreError> {
    let (theirs, ours) = heads;
    let (index, kind) = if ours.size < theirs.size {
        (ours.size, FaultKind::RolledBack)
    } else {
        let vouched = store.last_of_witness(&log, &handle).await?.map_or(0, |row| row.size);
        (if vouched < theirs.size { vouched } else { 0 }, FaultKind::Forked)
    };
    let fault = Fault { log: log.clone(), index, kind };
    Ok(Contradicted { witness, handle, log, heads, fault })
}

/// The contradiction that closed a hub on this store, unless it was declared given up since.
async fn on_file(store: &Store) -> Result<Option<Contradicted>, StoreError> {
    let text = store.setting(CONTRADICTED).await?.unwrap_or_default();
    let mut words = text.splitn(3, ' ');
    let (Some(handle), Some(log), Some(head)) = (words.next(), words.next(), words.next()) else { return Ok(None) };
    let (Some(log), Some(theirs)) = (Log::parse(log), Head::parse(head)) else { return Ok(None) };
    let Fit::Not(ours) = fit(store, &log, theirs).await? else { return Ok(None) };
    Ok(Some(judged(store, (handle.to_owned(), handle.to_owned()), log, (theirs, ours)).await?))
}

/// Puts it on file, where none stands there already.
pub(super) async fn to_keep(store: &Store, handle: &str, log: &Log, theirs: Head) -> Result<Option<Row>, StoreError> {
    let value = format!("{handle} {} {theirs}", log.name());
    Ok(on_file(store).await?.is_none().then(|| Row::Setting { name: CONTRADICTED.to_owned(), value }))
}

impl Hub {
    /// Closes the hub for changes where one on the same database was closed, because a witness holds another log.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn close_where_contradicted(&self) -> Result<(), Refusal> {
        if self.store.fault().is_none()
            && let Some(one) = on_file(&self.store).await?
        {
            one.close(&self.store);
        }
        Ok(())
    }

    /// The head that a witness and this hub signed is another than the log has: what that is, for who closes the hub.
    pub(super) async fn contradiction(
        &self,
        witness: &Witness,
        log: &Log,
        heads: Heads,
    ) -> Result<Contradicted, Refusal> {
        Ok(judged(&self.store, (witness.name.clone(), witness.key.handle()), log.clone(), heads).await?)
    }

    /// Puts on file that the store was restored, and which heads that witnesses hold are given up by it: a line in the hub's own log,
    /// and a question to every center. Nothing is written when none is.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn declare_restored(&self, given: &[Contradicted]) -> Result<(), Refusal> {
        let now = self.now();
        for one in given {
            let (theirs, ours) = one.heads;
            let note = format!("{} {}: given up {theirs}, restored {ours}", one.handle, self.store.origin(&one.log));
            let action = "declare restored".to_owned();
            let entry = AuditEntry { time: now.micros(), action, note, ..AuditEntry::default() };
            let mut rows = vec![
                Row::Setting { name: given_up(&one.log, theirs.size), value: theirs.to_string() },
                Row::Setting { name: CONTRADICTED.to_owned(), value: String::new() },
                silent::told(&one.handle, &one.log, ""),
            ];
            rows.extend(
                self.questions(&silent::restored(&one.witness, &self.store.origin(&one.log), theirs, ours), &one.log)?,
            );
            let leaves = vec![self.hub_leaf(now, &entry)];
            self.store.commit("declare restored", Change { rows, leaves, ..Change::default() }).await?;
            tracing::warn!(log = one.log.name(), given_up = %theirs, restored = %ours, "a restore was declared");
        }
        Ok(())
    }
}

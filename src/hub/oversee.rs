//! What an auditor looks over: how far each log has grown, the last signed word about it, the proof of one of its entries,
//! and who takes part.

use super::caller::{Caller, Operation};
use super::register::Agency;
use super::{Hub, Refusal};
use crate::store::Log;
use musubi_core::audit::{Hash, LeafHash, SignedNote, inclusion_proof};
use musubi_core::time::Time;
use musubi_verify::Inclusion;
use std::sync::Arc;

/// A log, as it stands.
pub struct LogState {
    /// A municipality code, or `hub`.
    pub name: String,
    /// Entries.
    pub entries: u64,
    /// The last checkpoint, a signed note of which copies can be kept and compared; none before the first.
    pub note: Option<String>,
    /// Entries that the checkpoint covers.
    pub covered: u64,
    /// Entries that a witness cosigned; nothing where the hub has no witness.
    pub witnessed: Option<u64>,
    /// The log did not verify: the hub is closed for changes.
    pub is_faulty: bool,
}

/// Who takes part.
pub struct Participants {
    /// Until when this hub's own certificate is good.
    pub own_certificate_until: Option<Time>,
    /// The agencies of the register.
    pub agencies: Vec<Participant>,
}

/// An agency of the register.
pub struct Participant {
    /// The agency.
    pub agency: Arc<Agency>,
    /// Until when its certificate is good; nothing until it has presented one.
    pub certificate_until: Option<Time>,
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
            let covered = self.store.last_checkpoint(&log).await?.map_or(0, |stored| stored.size);
            let note = self.note_of(&log, false).await?;
            let is_faulty = self.store.fault().is_some_and(|fault| fault.log == log);
            let witnessed = match self.witnesses() {
                [] => None,
                _ => Some(self.store.last_cosigned(&log).await?.map_or(0, |stored| stored.size)),
            };
            states.push(LogState { name: log.name().to_owned(), entries, note, covered, witnessed, is_faulty });
        }
        Ok(states)
    }

    /// The last checkpoint of a log, or the last that a witness cosigned, with the lines of its witnesses.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_of(&self, log: &Log, witnessed: bool) -> Result<Option<String>, Refusal> {
        let last =
            if witnessed { self.store.last_cosigned(log).await? } else { self.store.last_checkpoint(log).await? };
        Ok(match last {
            Some(checkpoint) => Some(self.store.cosigned_note(&checkpoint).await?),
            None => None,
        })
    }

    /// The proof that an entry stands in a log, with the last checkpoint below it: what `musubi audit prove` prints, and
    /// `musubi-verify` checks against the receipt.
    ///
    /// # Errors
    /// When the caller is neither auditor nor privacy officer of a center, the last checkpoint does not cover the entry, or
    /// the store fails.
    pub async fn inclusion(&self, caller: &Caller, log: &str, index: u64) -> Result<String, Refusal> {
        caller.check(Operation::Oversee)?;
        let log = Log::parse(log).ok_or_else(not_covered)?;
        let checkpoint = self.store.last_checkpoint(&log).await?.ok_or_else(not_covered)?;
        let note = SignedNote::parse(&self.store.cosigned_note(&checkpoint).await?).map_err(|_| not_covered())?;
        let proof = self.over_leaves(&log, checkpoint.size, move |leaves| Inclusion::new(leaves, index, note)).await?;
        Ok(proof.ok_or_else(not_covered)?.to_string())
    }

    /// The path from an entry to the root of a log when it had so many entries; `None` where it never had, or has no such entry.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn path(&self, log: &Log, index: u64, size: u64) -> Result<Option<Vec<Hash>>, Refusal> {
        let path = move |leaves: &[LeafHash]| {
            let index = usize::try_from(index).ok().filter(|_| leaves.len() as u64 == size)?;
            inclusion_proof(leaves, index)
        };
        self.over_leaves(log, size, path).await
    }

    /// Makes something of all leaves of a log, which may be a million: one after another whoever asks, and away from the threads that
    /// answer, so that neither memory nor time of the hub is taken by it (S-83).
    async fn over_leaves<T: Send + 'static>(
        &self,
        log: &Log,
        size: u64,
        make: impl FnOnce(&[LeafHash]) -> Option<T> + Send + 'static,
    ) -> Result<Option<T>, Refusal> {
        let _turn = self.proofs.acquire().await.ok();
        let leaves = self.store.leaf_hashes(log, size).await?;
        Ok(tokio::task::spawn_blocking(move || make(&leaves)).await.ok().flatten())
    }

    /// Who takes part, and until when their certificates are good.
    ///
    /// # Errors
    /// When the caller is neither auditor nor privacy officer of a center, or the store fails.
    pub async fn participants(&self, caller: &Caller) -> Result<Participants, Refusal> {
        caller.check(Operation::Oversee)?;
        let until = self.certificates_until().await?;
        let of = |agency: Arc<Agency>| Participant { certificate_until: until.get(&agency.id).copied(), agency };
        let agencies = self.register.all().into_iter().map(of).collect();
        Ok(Participants { own_certificate_until: self.own_certificate_until(), agencies })
    }
}

fn not_covered() -> Refusal {
    Refusal::invalid(
        "M613",
        "index",
        "この番号の記録は、最後のチェックポイントの範囲にありません。番号を確かめるか、1分ほど待ってもう一度お試しください。",
        "The last checkpoint covers no entry of that number. Look at the number, or try again in a minute.",
    )
}

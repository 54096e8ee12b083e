//! Witnesses (証人) of the logs: parties outside the operator that cosign each head only when it is the last one that they signed and
//! more of it (S-35). The hub leaves the head of every log that has grown in the folder of each, with the proof that it only grew, and
//! keeps what they sign beside the checkpoint. A witness that is away stops nothing, and is asked about (S-36): `silent.rs`. One that
//! signed another log is an incident, and closes the hub for changes, at the start and while it runs (S-38): `fits.rs`.

pub mod fits;
mod left;
mod silent;

pub use silent::Witnessed;

use super::{Hub, Refusal, RefusalKind};
use crate::store::{Change, CheckpointRow, CosignatureRow, Log, Row, StoreError};
use fits::{Contradicted, Fit};
use left::{Cosigned, Left, Offer};
use musubi_core::adapter::Diagnostic;
use musubi_core::audit::{AuditEntry, SignedNote, WitnessVerifier};
use musubi_core::time::Time;
use musubi_verify::Growth;
use musubi_verify::witness::{Head, Refused};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// A witness as the settings name it.
#[derive(Clone, Debug)]
pub struct Witness {
    /// What people call it.
    pub name: String,
    /// Its public key.
    pub key: WitnessVerifier,
    /// The folder between the hub and it.
    pub folder: PathBuf,
}

impl Hub {
    /// These bear witness to its logs. The first word counts.
    pub fn is_witnessed_by(&self, witnesses: Vec<Witness>) {
        drop(self.witnesses.set(witnesses.into_iter().map(Arc::new).collect()));
    }

    /// Who bears witness to its logs.
    pub fn witnesses(&self) -> &[Arc<Witness>] {
        self.witnesses.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// Takes up what a witness left, and leaves it the heads of the logs that have grown since.
    ///
    /// # Errors
    /// When its folder does not answer, or the store fails. Nothing else rests on it.
    pub async fn exchange_with(&self, witness: &Arc<Witness>) -> Result<(), Refusal> {
        // A log that is not what was written is shown to nobody as the hub's word.
        if self.store.fault().is_some() {
            return Ok(());
        }
        let (own, of) = (self.keyring.signing.verifier(), Arc::clone(witness));
        let left = blocking(move || left::read(&of, &own)).await?;
        self.take_up(witness, left).await?;
        for (log, _) in self.store.logs().await? {
            if let Some(newest) = self.store.last_checkpoint(&log).await? {
                self.offer(witness, newest).await?;
            }
        }
        Ok(())
    }

    /// What contradicts the hub by its own signature closes it (S-38), once people have been told, or could not be.
    async fn take_up(&self, witness: &Arc<Witness>, left: Left) -> Result<(), Refusal> {
        let mut contradicted = Vec::new();
        let taken = self.take_each(witness, left, &mut contradicted).await;
        contradicted.iter().for_each(|one| one.close(&self.store));
        taken
    }

    async fn take_each(
        &self,
        witness: &Arc<Witness>,
        left: Left,
        contradicted: &mut Vec<Contradicted>,
    ) -> Result<(), Refusal> {
        for cosigned in left.cosigned {
            let Some(log) = self.log_of(&cosigned.origin) else { continue };
            let last = self.store.last_of_witness(&log, &witness.key.handle()).await?.map_or(0, |row| row.size);
            match fits::fit(&self.store, &log, cosigned.head).await? {
                Fit::Same(Some(row)) if cosigned.head.size > last && is_of(&cosigned.note, &row) => {
                    self.keep_cosigned(witness, log, cosigned).await?;
                }
                Fit::Same(_) | Fit::GivenUp => {}
                Fit::Not(ours) => {
                    let heads = (cosigned.head, ours);
                    if cosigned.by_hub {
                        contradicted.push(self.contradiction(witness, &log, heads).await?);
                    }
                    self.is_contradicted(witness, &log, heads, cosigned.by_hub).await?;
                }
            }
        }
        for refused in left.refused {
            self.is_refused(witness, &refused).await?;
        }
        Ok(())
    }

    /// Keeps a cosignature. The hub's own log does not say so of itself: it would grow with every word about it.
    async fn keep_cosigned(&self, witness: &Witness, log: Log, cosigned: Cosigned) -> Result<(), Refusal> {
        let (now, head) = (self.now(), cosigned.head);
        let handle = witness.key.handle();
        let mut change = Change::default();
        if log != Log::Hub {
            let (action, note) = ("cosigned".to_owned(), format!("{handle} {} {head}", cosigned.origin));
            change
                .leaves
                .push(self.hub_leaf(now, &AuditEntry { time: now.micros(), action, note, ..AuditEntry::default() }));
        }
        change.rows.push(silent::waits(&handle, &log, Some(now)));
        let (size, at, line) = (head.size, time_of(cosigned.seconds), cosigned.line.to_string());
        tracing::info!(log = log.name(), size, witness = handle, "a witness cosigned a log");
        change.rows.push(Row::Cosignature(CosignatureRow { log, size, witness: handle, at, line }));
        match self.store.commit("keep a cosignature", change).await {
            // Another hub was first.
            Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    /// A witness would not sign. An old medium that came again, of which the log still has both heads, is nothing.
    async fn is_refused(&self, witness: &Arc<Witness>, refused: &Refused) -> Result<(), Refusal> {
        let Some(log) = self.log_of(&refused.origin) else { return Ok(()) };
        if !self.was_told(witness, &log).await?.is_empty() {
            return Ok(());
        }
        for head in [refused.two.cosigned, refused.two.offered] {
            match fits::fit(&self.store, &log, head).await? {
                Fit::Same(_) => {}
                Fit::GivenUp => return Ok(()),
                Fit::Not(ours) => return self.is_contradicted(witness, &log, (head, ours), false).await,
            }
        }
        Ok(())
    }

    /// Leaves the newest head, where the witness has not signed it.
    async fn offer(&self, witness: &Arc<Witness>, newest: CheckpointRow) -> Result<(), Refusal> {
        let log = &newest.log;
        let last = self.store.last_of_witness(log, &witness.key.handle()).await?;
        let signed = match &last {
            Some(last) => match self.store.checkpoint_of(log, last.size).await? {
                Some(row) => Some((last.size, format!("{}{}\n", row.note, last.line))),
                None => None,
            },
            None => None,
        };
        let since = last.map_or(0, |last| last.size);
        let question = if newest.size > since { self.question(&newest, since).await? } else { None };
        let offer = Offer { origin: self.store.origin(log), newest: (newest.size, newest.note), question, signed };
        let of = Arc::clone(witness);
        blocking(move || left::leave(&of, &offer)).await
    }

    /// What a witness is asked of a head: that the log only grew since the one that it signed.
    async fn question(&self, newest: &CheckpointRow, since: u64) -> Result<Option<String>, Refusal> {
        let Ok(note) = SignedNote::parse(&newest.note) else { return Ok(None) };
        if since == 0 {
            return Ok(Some(Growth::first(note).to_string()));
        }
        let Some(edge) = self.store.edge_of(&newest.log, since).await? else { return Ok(None) };
        let later = self.store.leaf_hashes_from(&newest.log, since, newest.size).await?;
        let growth = Growth::from_edge(&edge, &later, note);
        if growth.is_none() {
            tracing::error!(log = newest.log.name(), "the leaves are not those of the checkpoint; it is not offered");
        }
        Ok(growth.map(|growth| growth.to_string()))
    }

    /// The log of an origin, where it is one of this hub.
    fn log_of(&self, origin: &str) -> Option<Log> {
        fits::log_of(&self.store, origin)
    }
}

/// Is the note the one that was stored, whatever was signed under it?
fn is_of(note: &SignedNote, row: &CheckpointRow) -> bool {
    SignedNote::parse(&row.note).is_ok_and(|stored| stored.text == note.text)
}

fn time_of(seconds: u64) -> Time {
    Time::from_micros(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000))
}

/// Files wait on other machines: never on the threads that answer.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await.map_err(io::Error::other);
    done.and_then(|done| done).map_err(|error| {
        Refusal::new(
            RefusalKind::Unavailable,
            Diagnostic::error(
                "M860",
                "audit.witness.folder",
                format!("証人とのフォルダを読み書きできません（{}）。共有や媒体の状態を確かめてください", error.kind()),
                format!("the folder of a witness cannot be used ({}); look at the share or the medium", error.kind()),
            ),
        )
    })
}

/// Both heads that do not fit: theirs, then ours.
type Heads = (Head, Head);

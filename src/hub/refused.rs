//! What was refused, for the log: who, when, by which code, at which place. Never a byte of it (S-20, S-66).

use super::ledger::act;
use super::{Hub, Refusal};
use crate::store::{Change, MessageDraft};
use musubi_core::adapter::{Diagnostic, Severity};
use musubi_core::agency::{Actor, AgencyId};
use musubi_core::id::MessageId;

/// Code of a message that holds an individual number (個人番号).
const INDIVIDUAL_NUMBER: &str = "H009";
/// Longest place that is kept.
const PLACE_CHARS_MAX: usize = 80;
/// Refusals that are written together at most.
const TOGETHER: usize = 500;

/// A message that is not taken.
pub struct Refused<'a> {
    /// Who sent it.
    pub agency: &'a AgencyId,
    /// Format that it came in.
    pub format: &'static str,
    /// Class of the channel.
    pub class: &'static str,
    /// The sender's id of it; empty when there is none, or none that may be kept.
    pub key: &'a str,
    /// Why.
    pub diagnostics: &'a [Diagnostic],
}

impl Hub {
    /// Puts a refusal into the hub's log. A message that was refused for an individual number gets a row of its own,
    /// with its id blinded and neither bytes nor hash.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_refusal(&self, refused: &Refused<'_>) -> Result<MessageId, Refusal> {
        let (message, change) = self.refusal(refused);
        self.store.commit("refuse a message", change).await?;
        Ok(message)
    }

    /// The same of many rows of one file, which are not worth a wait for the disk each.
    ///
    /// # Errors
    /// When the store fails: then some of them may stand in the log.
    pub(super) async fn note_refusals(&self, refused: &[Refused<'_>]) -> Result<(), Refusal> {
        for some in refused.chunks(TOGETHER) {
            let mut together = Change::default();
            for (_, mut change) in some.iter().map(|refused| self.refusal(refused)) {
                // One message is answered by a change, so one that has a row of its own stands alone.
                if change.message.is_some() {
                    self.store.commit("refuse a message", change).await?;
                } else {
                    together.leaves.append(&mut change.leaves);
                }
            }
            self.store.commit("refuse rows", together).await?;
        }
        Ok(())
    }

    fn refusal(&self, refused: &Refused<'_>) -> (MessageId, Change) {
        let now = self.now();
        let message = MessageId(self.id(now));
        let errors: Vec<&Diagnostic> = refused.diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
        let numbered = errors.iter().find(|error| error.code == INDIVIDUAL_NUMBER);
        let mut entry = act(now, "refuse", refused.agency, &Actor::system());
        entry.message = message.0.as_bytes().to_vec();
        if let Some(first) = numbered.or(errors.first()) {
            entry.outcome = first.code.to_string();
            entry.note = first.place.chars().take(PLACE_CHARS_MAX).collect();
        }
        let mut change = Change { leaves: vec![self.hub_leaf(now, &entry)], ..Change::default() };
        let known = self.register.agency(refused.agency).filter(|_| numbered.is_some());
        change.message = known.map(|agency| MessageDraft {
            municipality: agency.municipality.clone(),
            id: message,
            agency: agency.id.clone(),
            key: if refused.key.is_empty() {
                self.keyring.blind.blind(refused.class, &message.to_string())
            } else {
                self.keyring.blind.blind(refused.class, refused.key)
            },
            content: None,
            format: refused.format.to_owned(),
            received_at: now,
            test: false,
            repeats: false,
            forget_before: None,
            raw: None,
            answer: Box::new(|_| Vec::new()),
        });
        (message, change)
    }
}

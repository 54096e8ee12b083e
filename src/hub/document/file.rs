//! The bytes of a document as they came, beside the rows that were read from it: what the ledger says is kept is here.

use super::{DocumentAnswer, RowAnswer};
use crate::hub::caller::Caller;
use crate::hub::ledger::act;
use crate::hub::{Hub, Refusal};
use crate::store::{Change, Conflict, MessageDraft, StoreError};
use musubi_adapters::table::{Verdict, without_individual_numbers};
use musubi_core::adapter::{Diagnostic, Ledger, Profile};
use musubi_core::id::{MessageId, PersonId};
use musubi_core::record::PersonKey;
use musubi_core::sealing::Blind;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Class of the files themselves; their rows are messages of their own.
const CLASS: &str = "file";
/// More persons than this are not sealed for one by one: the hub's key seals alone.
const HOLDERS_MAX: usize = 200;
/// Codes of an individual number (個人番号): of a message, of a row, of a column, of an element.
const INDIVIDUAL_NUMBERS: [&str; 3] = ["H009", "JP-E720", "JP-E721"];

/// A document that was read.
pub(super) struct Document<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) ledger: Ledger,
    pub(super) people: BTreeSet<PersonKey>,
    pub(super) answer: &'a DocumentAnswer,
}

impl Document<'_> {
    /// What of its bytes may be kept: everything, or a table without the rows that hold an individual number.
    fn kept(&self, profile: &Profile) -> Option<Vec<u8>> {
        let rows = self.answer.rows.iter();
        let mut said = self.answer.diagnostics.iter().chain(rows.clone().flat_map(|row| &row.diagnostics));
        if !said.any(holds_number) {
            return Some(self.bytes.to_vec());
        }
        if self.answer.diagnostics.iter().any(holds_number) {
            return None;
        }
        let verdicts: Option<Vec<Verdict>> = rows.map(verdict).collect();
        without_individual_numbers(self.bytes, profile, &verdicts?).ok().flatten()
    }
}

/// What became of a row of a table; `None` for what is no row.
pub(super) fn verdict(row: &RowAnswer) -> Option<Verdict> {
    let number = row.place.strip_prefix("row ").and_then(|number| number.parse().ok());
    Some(Verdict { row: number?, diagnostics: row.diagnostics.clone() })
}

fn holds_number(said: &Diagnostic) -> bool {
    INDIVIDUAL_NUMBERS.contains(&&*said.code)
}

impl Hub {
    /// Keeps a document, sealed for the persons whom it names: its ledger as one line of JSON, then its bytes. The same
    /// bytes are kept once. Nothing is kept of a document of which nothing was taken.
    pub(super) async fn keep_file(
        &self,
        caller: &Caller,
        format: &str,
        profile: &Profile,
        document: &Document<'_>,
    ) -> Result<(), Refusal> {
        if document.answer.rows.iter().all(|row| row.custody.is_none()) {
            return Ok(());
        }
        let Some(bytes) = document.kept(profile) else { return Ok(()) };
        let blinds: Vec<Blind> = document.people.iter().map(|key| self.alias(key)).collect();
        let found = self.store.persons_by_alias(&blinds).await?;
        let mut persons: Vec<PersonId> = found.into_iter().flatten().collect();
        if persons.len() > HOLDERS_MAX {
            persons.clear();
        }
        let content: [u8; 32] = Sha256::digest(&bytes).into();
        let family = self.family(&persons, self.now()).await?;
        let now = family.at;
        let id = MessageId(self.id(now));
        let mut plain = serde_json::to_vec(&document.ledger).unwrap_or_default();
        plain.push(b'\n');
        plain.extend_from_slice(&bytes);
        let mut entry = act(now, "keep file", caller.id(), &caller.actor);
        entry.message = id.0.as_bytes().to_vec();
        entry.note = format.to_owned();
        let draft = MessageDraft {
            municipality: caller.agency.municipality.clone(),
            id,
            agency: caller.id().clone(),
            key: self.keyring.blind.blind(CLASS, &format!("{format}\u{1f}{content:?}")),
            content: Some(content),
            format: format.to_owned(),
            received_at: now,
            test: false,
            repeats: true,
            forget_before: None,
            raw: Some(self.seal(&family, &persons, "message", id.0, 0, &plain)),
            answer: Box::new(|_| Vec::new()),
        };
        let leaves = vec![self.hub_leaf(now, &entry)];
        let change = Change { message: Some(draft), leaves, ..Change::default() };
        match self.store.commit("keep a file", change).await {
            Ok(_) | Err(StoreError::Conflict(Conflict::DuplicateMessage(_))) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }
}

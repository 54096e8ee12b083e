//! A message or file in one of the formats, from bytes to an answer for each row. Each row is a transaction of its own, so
//! that rows of two cities go to two logs and one wrong row costs nobody else anything.

use super::caller::Caller;
use super::custody::{Acknowledge, Parcel, Taken};
use super::{Hub, Refusal};
use musubi_adapters::{adapter, recognise};
use musubi_core::adapter::{Adapter, Decoded, Diagnostic, Severity};
use musubi_core::audit::Receipt;
use musubi_core::id::MessageId;
use musubi_core::record::Submission;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Class of the ids of rows and messages handed in as documents: unlimited in time (S-20).
const CLASS: &str = "document";

/// What became of one row.
pub struct RowAnswer {
    /// `message 1`, `row 12`.
    pub place: String,
    /// Proof of custody; none when it was refused.
    pub custody: Option<Custody>,
    /// What was said of it.
    pub diagnostics: Vec<Diagnostic>,
}

/// Proof that a row is on disk.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Custody {
    /// Musubi's id of it.
    pub message: String,
    /// The log.
    pub origin: String,
    /// Index in the log.
    pub index: u64,
    /// Leaf hash.
    pub leaf: Vec<u8>,
    /// Signature of the hub.
    pub signature: Vec<u8>,
    /// It was here before.
    #[serde(skip)]
    pub repeated: bool,
}

/// What became of a document.
pub struct DocumentAnswer {
    /// One for each row, in order.
    pub rows: Vec<RowAnswer>,
    /// About the file as a whole.
    pub diagnostics: Vec<Diagnostic>,
}

impl Hub {
    /// Reads a document and takes each of its rows into custody.
    ///
    /// # Errors
    /// When the format is unknown, or the store is not there: then nothing more is taken, and what was taken is answered
    /// again when the document is sent again.
    pub async fn submit_document(
        &self,
        caller: &Caller,
        format: &str,
        bytes: &[u8],
    ) -> Result<DocumentAnswer, Refusal> {
        let adapter = if format == "auto" { recognise(bytes) } else { adapter(format) };
        let adapter = adapter.ok_or_else(|| {
            Refusal::invalid(
                "M702",
                "format",
                "この形式は分かりません。musubi formats で一覧を確かめてください。",
                "This format is not known. `musubi formats` lists them.",
            )
        })?;
        let Decoded { items, diagnostics, .. } = adapter.decode(bytes, &caller.agency.profile(self.now()));
        let mut rows = Vec::with_capacity(items.len());
        for item in items {
            let custody = match item.submission {
                Some(submission) => self.take_row(caller, adapter, &item.place, submission, item.diagnostics).await?,
                None => Outcome::refused(item.diagnostics),
            };
            rows.push(RowAnswer { place: item.place, custody: custody.custody, diagnostics: custody.diagnostics });
        }
        Ok(DocumentAnswer { rows, diagnostics })
    }

    async fn take_row(
        &self,
        caller: &Caller,
        adapter: &dyn Adapter,
        place: &str,
        submission: Submission,
        mut diagnostics: Vec<Diagnostic>,
    ) -> Result<Outcome, Refusal> {
        diagnostics.extend(self.check_care(caller, place, &submission).await?);
        if diagnostics.iter().any(|d| d.severity == Severity::Error) {
            return Ok(Outcome::refused(diagnostics));
        }
        match self.take_submission(caller, adapter.name(), submission, diagnostics).await {
            Ok((custody, diagnostics)) => Ok(Outcome { custody: Some(custody), diagnostics }),
            Err(refusal) if refusal.kind == super::RefusalKind::Conflict => Ok(Outcome::refused(refusal.diagnostics)),
            Err(other) => Err(other),
        }
    }

    /// Takes one submission, with its own contents as its bytes.
    ///
    /// # Errors
    /// As [`Hub::take`].
    pub async fn take_submission(
        &self,
        caller: &Caller,
        format: &str,
        submission: Submission,
        diagnostics: Vec<Diagnostic>,
    ) -> Result<(Custody, Vec<Diagnostic>), Refusal> {
        let header = submission.header();
        let raw = submission.to_author_json().into_bytes();
        let parcel = Parcel {
            format: format.to_owned(),
            class: CLASS,
            key: format!("{format}\u{1f}{}\u{1f}{}", header.message_id, header.revision),
            content: Sha256::digest(&raw).into(),
            raw: Some(raw),
            forget_before: None,
            submission,
            diagnostics,
        };
        let hub = self.clone();
        let acknowledge: Acknowledge = Arc::new(move |receipt, message, _| hub.custody_bytes(receipt, message));
        let Taken { answer, repeated, diagnostics } = self.take(caller, parcel, acknowledge).await?;
        let mut custody: Custody = serde_json::from_slice(&answer).map_err(|_| Refusal::kept_changing())?;
        custody.repeated = repeated;
        Ok((custody, diagnostics))
    }

    fn custody_bytes(&self, receipt: &Receipt, message: MessageId) -> Vec<u8> {
        let custody = Custody {
            message: message.to_string(),
            origin: receipt.origin.clone(),
            index: receipt.index,
            leaf: receipt.leaf.0.to_vec(),
            signature: receipt.sign(&self.keyring.signing).signature,
            repeated: false,
        };
        serde_json::to_vec(&custody).unwrap_or_default()
    }
}

struct Outcome {
    custody: Option<Custody>,
    diagnostics: Vec<Diagnostic>,
}

impl Outcome {
    fn refused(diagnostics: Vec<Diagnostic>) -> Self {
        Outcome { custody: None, diagnostics }
    }
}

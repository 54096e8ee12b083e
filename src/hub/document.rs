//! A message or file in one of the formats, from bytes to an answer for each row.

mod concern;
mod file;
mod rows;

use super::caller::Caller;
use super::custody::{Acknowledge, Before, Parcel, Taken};
use super::refer::message::Followed;
use super::refused::Refused;
use super::{Hub, Refusal, RefusalKind};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use musubi_adapters::table::{Verdict, answer_file};
use musubi_adapters::{adapter, recognise, unrecognised};
use musubi_core::adapter::{Adapter, Decoded, Diagnostic, Item, Profile, Severity};
use musubi_core::audit::Receipt;
use musubi_core::id::MessageId;
use musubi_core::record::{PersonKey, Submission};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Class of the ids of rows and messages handed in as documents: unlimited in time (S-20).
const CLASS: &str = "document";
/// Format of what an agency hands in as a submission of the schema, which no adapter read.
const NATIVE: &str = "grpc";
/// Instead of a format: the bytes tell it.
const AUTO: &str = "auto";
/// Documents from this length on are read beside the threads that answer: shorter ones take a few milliseconds.
const BULK_BYTES: usize = 256 * 1024;
/// So far the clock of a sender may be ahead.
const AHEAD_MINUTES: i64 = 5;

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
    /// What was said of it, to be said again when it comes again.
    #[serde(default)]
    said: Vec<Diagnostic>,
}

/// What an edge knows of a document before it was read, and holds what was read against. Refused, nothing is taken.
pub type Expected<'a> = &'a (dyn Fn(&Decoded) -> Result<(), Refusal> + Sync);

/// What became of a document.
pub struct DocumentAnswer {
    /// One for each row, in order.
    pub rows: Vec<RowAnswer>,
    /// About the file as a whole.
    pub diagnostics: Vec<Diagnostic>,
}

impl Custody {
    /// The receipt as it stands in an acknowledgement of HL7 v2: `musubi:1:<index>:<base64url leaf hash>`.
    pub fn receipt(&self) -> String {
        format!("musubi:1:{}:{}", self.index, URL_SAFE_NO_PAD.encode(&self.leaf))
    }
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
        self.submit_of_format(caller, format, bytes, &|_| Ok(())).await
    }

    /// The same, where it is what is expected.
    ///
    /// # Errors
    /// When it is not, and as [`Hub::submit_document`].
    pub async fn submit_of_format(
        &self,
        caller: &Caller,
        format: &str,
        bytes: &[u8],
        expected: Expected<'_>,
    ) -> Result<DocumentAnswer, Refusal> {
        let adapter = if format == AUTO {
            recognise(bytes).ok_or_else(|| Refusal::new(RefusalKind::Invalid, unrecognised(bytes)))?
        } else {
            adapter(format).ok_or_else(unknown_format)?
        };
        self.submit_expected(caller, adapter, bytes, expected).await
    }

    /// The same in a format that is known, for an edge whose protocol says more of it than its bytes.
    ///
    /// # Errors
    /// When it is not what is expected, or the store is not there.
    pub async fn submit_expected(
        &self,
        caller: &Caller,
        adapter: &'static dyn Adapter,
        bytes: &[u8],
        expected: Expected<'_>,
    ) -> Result<DocumentAnswer, Refusal> {
        let profile = caller.agency.profile(self.now());
        let decoded = self.decode(adapter, bytes, &profile).await?;
        expected(&decoded)?;
        let Decoded { items, diagnostics, ledger } = decoded;
        self.note_refused(caller, adapter.name(), &diagnostics).await?;
        let people: BTreeSet<PersonKey> = people_of(&items);
        let rows = self.take_rows(caller, adapter, items).await?;
        let refused = rows.iter().filter(|row| row.custody.is_none()).map(|row| &*row.diagnostics);
        let refused: Vec<Refused<'_>> = refused.filter_map(|said| refusal_of(caller, adapter.name(), said)).collect();
        self.note_refusals(&refused).await?;
        let answer = DocumentAnswer { rows, diagnostics };
        self.keep_file(caller, adapter.name(), &profile, &file::Document { bytes, ledger, people, answer: &answer })
            .await?;
        Ok(answer)
    }

    /// The table again, with what became of each row beside it (取込結果): for its author alone, who has it in hand (T1).
    /// `None` for what is no table.
    pub fn corrected_copy(&self, caller: &Caller, bytes: &[u8], answer: &DocumentAnswer) -> Option<Vec<u8>> {
        let verdicts: Option<Vec<Verdict>> = answer.rows.iter().map(file::verdict).collect();
        answer_file(bytes, &caller.agency.profile(self.now()), &verdicts.filter(|rows| !rows.is_empty())?).ok()
    }

    /// Reads a small document at once, and a large one beside the threads that answer, few at a time: it may take seconds, and
    /// a notification of abuse waits behind none.
    async fn decode(&self, adapter: &'static dyn Adapter, bytes: &[u8], profile: &Profile) -> Result<Decoded, Refusal> {
        if bytes.len() < BULK_BYTES {
            return Ok(adapter.decode(bytes, profile));
        }
        let closed = |_| Refusal::kept_changing();
        let lane = self.bulk.acquire().await.map_err(closed)?;
        let (bytes, profile) = (bytes.to_vec(), profile.clone());
        let decoded = tokio::task::spawn_blocking(move || adapter.decode(&bytes, &profile)).await;
        drop(lane);
        decoded.map_err(|_| Refusal::kept_changing())
    }

    /// Takes one submission that no adapter read, with its own contents as its bytes.
    ///
    /// # Errors
    /// When it breaks a rule of care, holds what its sender may not write, an individual number, or a time to come; else as
    /// [`Hub::take`]. What is refused stands in the hub's log.
    pub async fn take_submission(
        &self,
        caller: &Caller,
        submission: Submission,
    ) -> Result<(Custody, Vec<Diagnostic>), Refusal> {
        let refused = self.refused_native(&submission);
        let taken = if refused.is_empty() {
            let codes = caller.agency.profile(self.now()).commissioned_codes;
            let submission = submission.as_native(caller.agency.kind, &codes, &self.codes);
            self.take_at(caller, NATIVE, "", submission, Vec::new()).await
        } else {
            Err(Refusal { kind: RefusalKind::Invalid, diagnostics: refused })
        };
        if let Err(refusal) = &taken
            && refusal.kind != RefusalKind::Unavailable
        {
            self.note_refused(caller, NATIVE, &refusal.diagnostics).await?;
        }
        taken
    }

    /// What an adapter looks for in its format, in a submission that none read.
    fn refused_native(&self, submission: &Submission) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        if let Some(place) = submission.individual_number() {
            found.push(Diagnostic::error(
                "H009",
                place,
                "個人番号(マイナンバー)とみられる番号があります。受け取れません。除いて送り直してください。",
                "There is what looks like an individual number. It is not accepted; send it again without.",
            ));
        }
        let latest = self.now().plus_minutes(AHEAD_MINUTES);
        if submission.sent_at().is_some_and(|sent| sent > latest) {
            found.push(Diagnostic::error(
                "M112",
                "sent_at",
                "送信日時が未来です。時計を確認して送り直してください。",
                "It was sent in the future. Check the clock and send it again.",
            ));
        }
        found
    }

    /// The way that every row and every native submission takes.
    async fn take_at(
        &self,
        caller: &Caller,
        format: &'static str,
        place: &str,
        submission: Submission,
        mut diagnostics: Vec<Diagnostic>,
    ) -> Result<(Custody, Vec<Diagnostic>), Refusal> {
        diagnostics.extend(submission.not_by(caller.agency.kind));
        diagnostics.extend(self.check_care(caller, place, &submission).await?);
        if diagnostics.iter().any(|d| d.severity == Severity::Error) {
            return Err(Refusal { kind: RefusalKind::Invalid, diagnostics });
        }
        let header = submission.header();
        let raw = submission.to_author_bytes();
        let (key, content) =
            (format!("{format}\u{1f}{}\u{1f}{}", header.message_id, header.revision), Sha256::digest(&raw).into());
        // What comes in the schema's own words has its own service for the loop.
        let followed = if format != NATIVE
            && submission.is_of_referrals()
            && matches!(self.before(caller, CLASS, &key, &content, None).await?, Before::New)
        {
            self.follow_message(caller, &submission).await?
        } else {
            Followed::default()
        };
        diagnostics.extend(followed.said);
        let parcel = Parcel {
            format: format.to_owned(),
            class: CLASS,
            key,
            content,
            raw: Some(raw),
            forget_before: None,
            submission,
            diagnostics,
            by_hub: false,
            told: None,
            parties: followed.parties,
        };
        let hub = self.clone();
        let acknowledge: Acknowledge =
            Arc::new(move |receipt, message, said| hub.custody_bytes(receipt, message, said));
        let Taken { answer, repeated, reports, .. } = self.take(caller, parcel, acknowledge).await?;
        self.report_completed(caller, &followed.completed, &reports).await;
        let mut custody: Custody = serde_json::from_slice(&answer).map_err(|_| Refusal::kept_changing())?;
        custody.repeated = repeated;
        let diagnostics = std::mem::take(&mut custody.said);
        Ok((custody, diagnostics))
    }

    /// Puts a refusal into the hub's log: by whom, in which format, which code, at which place.
    async fn note_refused(
        &self,
        caller: &Caller,
        format: &'static str,
        diagnostics: &[Diagnostic],
    ) -> Result<(), Refusal> {
        if let Some(refused) = refusal_of(caller, format, diagnostics) {
            self.note_refusal(&refused).await?;
        }
        Ok(())
    }

    fn custody_bytes(&self, receipt: &Receipt, message: MessageId, said: &[Diagnostic]) -> Vec<u8> {
        let custody = Custody {
            message: message.to_string(),
            origin: receipt.origin.clone(),
            index: receipt.index,
            leaf: receipt.leaf.0.to_vec(),
            signature: receipt.sign(&self.keyring.signing).signature,
            repeated: false,
            said: said.to_vec(),
        };
        serde_json::to_vec(&custody).unwrap_or_default()
    }
}

fn unknown_format() -> Refusal {
    Refusal::invalid(
        "M702",
        "format",
        "この形式は分かりません。musubi formats で一覧を確かめてください。",
        "This format is not known. `musubi formats` lists them.",
    )
}

/// What was refused, where something was.
fn refusal_of<'a>(caller: &'a Caller, format: &'static str, diagnostics: &'a [Diagnostic]) -> Option<Refused<'a>> {
    let refused = diagnostics.iter().any(|said| said.severity == Severity::Error);
    refused.then_some(Refused { agency: caller.id(), format, class: CLASS, key: "", diagnostics })
}

/// Everybody whom the rows name.
fn people_of(items: &[Item]) -> BTreeSet<PersonKey> {
    let submissions = items.iter().filter_map(|item| item.submission.as_ref());
    submissions.flat_map(Submission::people).map(|(key, _)| key).collect()
}

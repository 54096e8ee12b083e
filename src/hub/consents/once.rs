//! A consent that comes again in the same bytes, since its sender lost the answer, is answered as it was and makes no second
//! fact. Once something else was said in between, the same bytes say it anew.

use super::{ConsentTerms, Recorded};
use crate::digits::hex;
use crate::hub::caller::Caller;
use crate::hub::family::Family;
use crate::hub::{Hub, Refusal};
use crate::store::{MessageDraft, StoredAnswer};
use musubi_core::audit::Receipt;
use musubi_core::consent::records::{Consent, Status};
use musubi_core::id::{FactId, MessageId};
use musubi_core::sealing::Blind;
use musubi_core::time::Time;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Class of the names of consents that were sent in bytes of their own.
const CLASS: &str = "consent sent";

/// The bytes in which a consent was sent.
#[derive(Clone, Copy)]
pub struct Sent<'a> {
    /// Name of their format.
    pub format: &'static str,
    /// The bytes.
    pub body: &'a [u8],
}

/// What the sender was answered.
#[derive(Serialize, Deserialize)]
struct Answered {
    fact: String,
    status: Status,
    origin: String,
    receipt: String,
}

impl Answered {
    fn read(stored: &StoredAnswer) -> Option<Recorded> {
        let Answered { fact, status, origin, receipt } = serde_json::from_slice(&stored.answer).ok()?;
        let receipt = Receipt::from_msa3(origin, &receipt).ok()?;
        Some(Recorded { fact: FactId::parse(&fact)?, status, receipt })
    }
}

/// The caller's name for what it sent, and its hash: who of its staff recorded it is a part of it.
fn named(hub: &Hub, caller: &Caller, sent: &Sent<'_>) -> (Blind, [u8; 32]) {
    let content: [u8; 32] = Sha256::new()
        .chain_update(caller.actor.staff_id.as_bytes())
        .chain_update([0])
        .chain_update(sent.body)
        .finalize()
        .into();
    (hub.keyring.blind.blind(CLASS, &hex(&content)), content)
}

/// When something was said last that may have changed what this consent changed: of another kind, or to the same agency.
fn said_since(family: &Family, consent: &Consent) -> Option<Time> {
    let facts = family.facts.get(&family.known_as(consent.subject));
    let others = facts.into_iter().flat_map(|facts| &facts.consents);
    let touches = |other: &&Consent| other.kind != consent.kind || other.grantee == consent.grantee;
    others.filter(touches).map(|other| other.recorded_at).max()
}

impl Hub {
    /// Records what a person permitted or objected to; what was sent before in these bytes, and was the last word since, is
    /// answered as it was.
    ///
    /// # Errors
    /// As [`Hub::record_consent`].
    pub async fn record_consent_sent(
        &self,
        caller: &Caller,
        terms: ConsentTerms,
        sent: Sent<'_>,
    ) -> Result<Recorded, Refusal> {
        self.record(caller, &terms, Some(sent)).await
    }

    /// What was answered before.
    pub(super) async fn answered_before(
        &self,
        caller: &Caller,
        family: &Family,
        (sent, consent): (&Sent<'_>, &Consent),
    ) -> Result<Option<Recorded>, Refusal> {
        let (key, content) = named(self, caller, sent);
        let known = self.store.message_answer(caller.id(), key).await?.filter(|known| known.is_of(&content));
        let since = said_since(family, consent);
        let last = |known: &StoredAnswer| since.is_none_or(|said| said <= known.received_at);
        Ok(known.filter(last).as_ref().and_then(Answered::read))
    }

    /// The message that the bytes are, kept with the fact that they make.
    pub(super) fn consent_message(
        &self,
        caller: &Caller,
        family: &Family,
        (sent, consent): (&Sent<'_>, &Consent),
    ) -> MessageDraft {
        let (key, content) = named(self, caller, sent);
        let (fact, status, now) = (consent.id.to_string(), consent.status, consent.recorded_at);
        let id = MessageId(self.id(now));
        MessageDraft {
            municipality: self.municipality_of(family, caller),
            id,
            agency: caller.id().clone(),
            key,
            content: Some(content),
            format: sent.format.to_owned(),
            received_at: now,
            test: false,
            repeats: true,
            forget_before: said_since(family, consent),
            raw: Some(self.seal(family, &[consent.subject], "message", id.0, 0, sent.body)),
            answer: Box::new(move |receipts| {
                let answered = receipts.first().map(|receipt| Answered {
                    fact: fact.clone(),
                    status,
                    origin: receipt.origin.clone(),
                    receipt: receipt.msa3(),
                });
                serde_json::to_vec(&answered).unwrap_or_default()
            }),
        }
    }
}

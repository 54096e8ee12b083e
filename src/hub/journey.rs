//! One message from its arrival to whoever has it by now (一件の経過): received, read with the account of every field, decided,
//! released, delivered. For the auditor and the privacy officer of the center in whose log it stands; places and codes alone,
//! never a value.

use super::caller::{Caller, Operation};
use super::custody::HL7V2;
use super::document::Custody;
use super::ledger::act;
use super::release_detail::ReleaseDetail;
use super::{Hub, Refusal};
use crate::digits::hex;
use crate::store::{Change, DeliveryRow, EntriesRow, MessageRow, ReleaseRow};
use musubi_adapters::adapter;
use musubi_core::adapter::{Diagnostic, Ledger, LedgerLine};
use musubi_core::agency::{AgencyId, CategorySet, Purpose, Role};
use musubi_core::id::{DeliveryId, EntryId, MessageId, PersonId};
use musubi_core::record::kind_of_number;
use musubi_core::sealing::Aad;
use musubi_core::time::Time;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Messages of one list.
const LISTED_MAX: u32 = 50;
/// Lines of an account that are told; the bytes are kept whole.
const LEDGER_MAX: usize = 2_000;
/// How an acknowledgement of HL7 v2 names its receipt.
const RECEIPT: &str = "musubi:1:";

/// A message as it came.
pub struct Arrival {
    /// Musubi's id of it.
    pub id: MessageId,
    /// Who sent it.
    pub sender: AgencyId,
    /// In which format.
    pub format: String,
    /// When.
    pub received_at: Time,
    /// It was sent as a test, and has no effect.
    pub test: bool,
}

/// What became of a message.
pub struct Journey {
    /// As it came.
    pub arrival: Arrival,
    /// SHA-256 of its bytes, in hexadecimal; empty where not even that may be kept.
    pub content: String,
    /// The receipt that its acknowledgement carries; empty where it carries none.
    pub receipt: String,
    /// What was read from it: kinds of entries, each as often as it is there.
    pub entries: Vec<&'static str>,
    /// What became of each field of it; empty where its bytes are not kept or no adapter reads them.
    pub ledger: Vec<LedgerLine>,
    /// What the format says of it.
    pub diagnostics: Vec<Diagnostic>,
    /// Decisions about it, the first first.
    pub decisions: Vec<Decision>,
    /// Where it was to go.
    pub deliveries: Vec<DeliveryRow>,
}

/// One decision about a message, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// To whom.
    pub recipient: AgencyId,
    /// For what.
    pub purpose: Purpose,
    /// When.
    pub at: Time,
    /// Categories of it that were shown.
    pub shown: CategorySet,
    /// Categories that were not.
    pub withheld: CategorySet,
    /// The rules that decided, each once.
    pub rules: Vec<String>,
    /// The delivery that it served.
    pub delivery: Option<DeliveryId>,
}

impl Hub {
    /// What arrived for the caller's municipality, the latest first, before a message where one is named.
    ///
    /// # Errors
    /// When the caller does not look over the hub, or the store fails.
    pub async fn arrivals(&self, caller: &Caller, before: Option<MessageId>) -> Result<Vec<Arrival>, Refusal> {
        caller.check(Operation::Oversee)?;
        let before = before.unwrap_or(MessageId(Uuid::max()));
        let rows = self.store.messages_in(&caller.agency.municipality, before, LISTED_MAX).await?;
        Ok(rows.iter().map(arrival).collect())
    }

    /// What became of one message. That it was looked at stands in the log.
    ///
    /// # Errors
    /// When the caller does not look over the hub, the message stands in another's log, or the store fails.
    pub async fn journey(&self, caller: &Caller, message: MessageId) -> Result<Journey, Refusal> {
        caller.check(Operation::Oversee)?;
        let row = self.store.message(message).await?.filter(|row| row.municipality == caller.agency.municipality);
        let row = row.ok_or_else(unknown)?;
        let rows = self.store.entries_of_message(&row.municipality, message).await?;
        let persons: Vec<PersonId> = persons_of(&rows);
        let family = self.family(&persons, self.now()).await?;
        let aad = Aad::version("message", message.0, 0);
        // A file is sealed for everybody in it, and brings no entries of its own.
        let holders = row.raw.as_ref().map(|raw| raw.holders()).unwrap_or_default();
        let keys = self.keys_of(&holders.into_iter().chain(persons.iter().copied()).collect()).await?;
        let raw = row.raw.as_ref().and_then(|raw| keys.open(persons.iter().copied(), raw, &self.keyring.hub, &aad));
        let (ledger, diagnostics) = raw.map(|raw| self.read_again(&row, &raw)).unwrap_or_default();
        let own: BTreeSet<EntryId> = rows.iter().flat_map(|row| &row.contained).map(|one| one.id).collect();
        let mut decisions = Vec::new();
        for release in self.store.releases_of(&persons).await? {
            // That a child guidance center was shown something tells of a concern: that is for the auditor alone.
            if caller.actor.role != Role::Auditor && self.tells_of_protection(&release) {
                continue;
            }
            let detail: Option<ReleaseDetail> = self.opened(&family, &release);
            decisions.extend(detail.and_then(|detail| decision(&release, &detail, &own)));
        }
        let mut deliveries = self.store.deliveries_of(&persons).await?;
        deliveries.retain(|delivery| delivery.message == Some(message));
        let mut entry = act(self.now(), "follow a message", caller.id(), &caller.actor);
        entry.message = message.0.as_bytes().to_vec();
        let leaves = vec![self.leaf(self.now(), &row.municipality, &family, &persons, entry)];
        self.store.commit("follow a message", Change { leaves, ..Change::default() }).await?;
        Ok(Journey {
            arrival: arrival(&row),
            content: row.content.map(|content| hex(&content)).unwrap_or_default(),
            receipt: receipt(&row.answer),
            entries: rows.iter().flat_map(|row| &row.contained).filter_map(|one| kind_of_number(one.kind)).collect(),
            ledger,
            diagnostics,
            decisions,
            deliveries,
        })
    }

    /// The account of a message's fields: that which is kept with a file, else made again from the bytes of an HL7 v2 message.
    /// A row of a file has its account with the file, and a native submission has no other form than its own.
    fn read_again(&self, row: &MessageRow, raw: &[u8]) -> (Vec<LedgerLine>, Vec<Diagnostic>) {
        let first_line = raw.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let first_lines = |ledger: &Ledger| ledger.lines().take(LEDGER_MAX).collect();
        if let Ok(ledger) = serde_json::from_slice(first_line) {
            return (first_lines(&ledger), Vec::new());
        }
        let sender = self.register.agency(&row.agency).filter(|_| row.format == HL7V2 && raw.starts_with(b"MSH"));
        let (Some(adapter), Some(sender)) = (adapter(&row.format), sender) else { return Default::default() };
        let decoded = adapter.decode(raw, &sender.profile(row.received_at));
        let of_items = decoded.items.into_iter().flat_map(|item| item.diagnostics);
        let said = decoded.diagnostics.into_iter().chain(of_items).collect();
        (first_lines(&decoded.ledger), said)
    }
}

fn arrival(row: &MessageRow) -> Arrival {
    let (id, sender, format) = (row.id, row.agency.clone(), row.format.clone());
    Arrival { id, sender, format, received_at: row.received_at, test: row.test }
}

fn persons_of(rows: &[EntriesRow]) -> Vec<PersonId> {
    let persons: BTreeSet<PersonId> = rows.iter().flat_map(|row| &row.persons).map(|c| c.person).collect();
    persons.into_iter().collect()
}

/// What one release row says of some entries; nothing where it is about others.
fn decision(row: &ReleaseRow, detail: &ReleaseDetail, own: &BTreeSet<EntryId>) -> Option<Decision> {
    let some_own = |entries: &[Uuid]| entries.iter().any(|entry| own.contains(&EntryId(*entry)));
    let (mut shown, mut withheld, mut rules) = (CategorySet::EMPTY, CategorySet::EMPTY, BTreeSet::new());
    for item in detail.items.iter().filter(|item| some_own(&item.entries)) {
        shown = shown.union(item.full).union(item.general);
        rules.extend(item.rules.iter().filter_map(|rule| rule.split_once(' ')).map(|(_, rule)| rule.to_owned()));
    }
    for held in detail.withheld.iter().filter(|held| some_own(&held.entries)) {
        withheld = withheld.union([held.category].into_iter().collect());
        rules.insert(held.rule.clone());
    }
    (!shown.union(withheld).is_empty()).then(|| Decision {
        recipient: row.recipient.clone(),
        purpose: row.purpose,
        at: row.decided_at,
        shown,
        withheld,
        rules: rules.into_iter().collect(),
        delivery: row.delivery,
    })
}

/// The receipt in an acknowledgement as it was stored: of HL7 v2 in its text, else as the proof of custody.
fn receipt(answer: &[u8]) -> String {
    if let Ok(custody) = serde_json::from_slice::<Custody>(answer) {
        return custody.receipt();
    }
    let text = String::from_utf8_lossy(answer);
    let Some(at) = text.find(RECEIPT) else { return String::new() };
    let ends = |letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, ':' | '_' | '-'));
    text[at..].split(ends).next().unwrap_or_default().to_owned()
}

fn unknown() -> Refusal {
    Refusal::invalid(
        "M612",
        "message",
        "この番号の受信は、このセンターの監査ログにありません。",
        "No such message stands in the log of this center.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_read_from_either_form_of_acknowledgement() {
        let v2 = b"MSH|^~\\&|MUSUBI\rMSA|AA|S261030-0101|musubi:1:17:c2hh-_x\rERR|||0";
        assert_eq!(receipt(v2), "musubi:1:17:c2hh-_x");
        assert_eq!(receipt(b"MSA|AE|S261030-0101"), "");
    }
}

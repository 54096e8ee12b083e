//! What can go wrong in the store. Places and codes, never a value of a record.

use super::rows::Log;
use musubi_core::id::{DeliveryId, FactId, MessageId, PersonId, ReferralId, WorkItemId};
use musubi_core::time::Time;
use musubi_verify::{FaultKind, Wrong};
use uuid::Uuid;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The change rests on something that is no longer so. Nothing of it was written.
    #[error("refused: {0}")]
    Conflict(Conflict),
    /// The database failed, or the store is closed. Nothing of the change was acknowledged.
    #[error("the store is not available: {at} ({code})")]
    Unavailable {
        /// What was being done.
        at: &'static str,
        /// Code of the database or of the system.
        code: String,
    },
    /// A log does not verify; the store takes no changes (S-37).
    #[error("the store takes no changes: {0}")]
    Tampered(Fault),
    /// A row holds what cannot have been written.
    #[error("wrong row: {table}.{column} of {key}")]
    Corrupt {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// The row's id.
        key: Uuid,
    },
}

/// Which expectation did not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Conflict {
    /// The person has another epoch, or is unknown.
    #[error("the epoch of {0} has changed")]
    Epoch(PersonId),
    /// The policy has another epoch.
    #[error("the policy has changed")]
    PolicyEpoch,
    /// The delivery has moved on, or is unknown.
    #[error("delivery {0} has moved on")]
    Delivery(DeliveryId),
    /// The referral has moved on.
    #[error("referral {0} has moved on")]
    Referral(ReferralId),
    /// The work item has been answered, or is unknown.
    #[error("work item {0} is not open")]
    WorkItem(WorkItemId),
    /// The row of the sign-in has changed.
    #[error("a row of the sign-in has changed")]
    SignIn,
    /// A setting says something else by now.
    #[error("a setting says something else by now")]
    Setting,
    /// The fact has been superseded, or is unknown.
    #[error("fact {0} no longer holds")]
    Fact(FactId),
    /// The identifier already names this person.
    #[error("the identifier names {0}")]
    Alias(PersonId),
    /// The two cannot be joined or parted: unknown, joined already, or one already part of the other.
    #[error("{0} cannot be joined or parted")]
    Join(PersonId),
    /// The agency has sent a message of this key before.
    #[error("message {} was answered before", .0.message)]
    DuplicateMessage(StoredAnswer),
    /// A row of this key exists, or the row is not one that its table takes.
    #[error("a row of {table} is not taken")]
    Row {
        /// The table, as the database names it.
        table: String,
    },
}

/// The acknowledgement of a message that came before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The message.
    pub message: MessageId,
    /// Hash of its bytes.
    pub content: Option<[u8; 32]>,
    /// When it came.
    pub received_at: Time,
    /// The acknowledgement, byte for byte.
    pub answer: Vec<u8>,
}

impl StoredAnswer {
    /// Is it the same message again (S-20)? Otherwise its id was used for another.
    pub fn is_of(&self, content: &[u8; 32]) -> bool {
        self.content.as_ref() == Some(content)
    }
}

/// Where a log does not verify, and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("log {} is not what was written: {kind} at index {index}", log.name())]
pub struct Fault {
    /// The log.
    pub log: Log,
    /// The first index that is wrong.
    pub index: u64,
    /// What is wrong there.
    pub kind: FaultKind,
}

impl Fault {
    /// Of this log.
    pub(crate) fn of(log: &Log, Wrong { index, kind }: Wrong) -> Self {
        Fault { log: log.clone(), index, kind }
    }
}

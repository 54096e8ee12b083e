//! What waits to be handed over to an agency, and where it stands.

use super::Concerned;
use musubi_core::agency::{AgencyId, Purpose};
use musubi_core::id::{DeliveryId, EntryId, FactId, MessageId, Municipality};
use musubi_core::time::Time;
use std::fmt;

/// Where a delivery stands in the queue, as it is stored. What people call it is its [`DeliveryStage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum DeliveryState {
    /// To be released when `next_at` has come.
    Waiting = 1,
    /// Waits for a basis, or for a person's answer.
    Held = 2,
    /// Its release is on record, and it is not acknowledged. Whether its bytes have left says `sent_at`.
    Released = 3,
    /// The recipient has it.
    Acknowledged = 4,
    /// Not sent, because nothing of it may be seen.
    Suppressed = 5,
    /// Tried in vain; a person must look.
    Dead = 6,
    /// Sent, and nobody knows whether it arrived: not sent again unless a person says so.
    Ambiguous = 7,
    /// Its recipient will not take it as it is; a person must look.
    Rejected = 8,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [DeliveryState; 8] = [
        DeliveryState::Waiting,
        DeliveryState::Held,
        DeliveryState::Released,
        DeliveryState::Acknowledged,
        DeliveryState::Suppressed,
        DeliveryState::Dead,
        DeliveryState::Ambiguous,
        DeliveryState::Rejected,
    ];

    /// Those of which no further attempt is made until a person says so.
    pub const DEAD_LETTERS: [DeliveryState; 3] =
        [DeliveryState::Dead, DeliveryState::Ambiguous, DeliveryState::Rejected];

    /// No further attempt is made until a person says so.
    pub fn is_dead_letter(self) -> bool {
        Self::DEAD_LETTERS.contains(&self)
    }

    /// Nothing final has become of it.
    pub const fn is_unfinished(self) -> bool {
        matches!(self, DeliveryState::Waiting | DeliveryState::Held | DeliveryState::Released)
    }
}

/// Where a delivery stands, in the words of who operates the hub. Each is written durably before what follows from it.
///
/// ```text
/// received -> committed -> released -> sent -> acknowledged
///                 ^            |         |---> failed-ambiguous, rejected
///                 |            v         v
///                 +------- failed-transient ---> dead          (any but the last column: suppressed)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeliveryStage {
    /// What it is about was received and is in custody. Nothing of it may be seen yet: it waits for a basis, or for a person's
    /// answer.
    Received,
    /// Something of it may be seen, and the hub is bound to hand it over: it waits for its first attempt.
    Committed,
    /// The decision of an attempt is on record and its bytes are made; none of them has left. After a crash it is decided anew and
    /// sent, whatever its destination knows of what comes twice.
    Released,
    /// Its bytes are leaving or have left. The destination has not answered.
    Sent,
    /// The destination has said that it has it; of a folder: the file lies there, whole.
    Acknowledged,
    /// An attempt failed, and the destination does not have it or knows what comes twice. It is tried again at `next_at`.
    FailedTransient,
    /// Its bytes have left, and nobody knows whether they arrived. A person decides whether it is sent again.
    FailedAmbiguous,
    /// The destination will not take it as it is. A person must look.
    Rejected,
    /// It is not sent: nothing of it may be seen any more, something newer took its place, or no channel can carry it.
    Suppressed,
    /// Every attempt failed. A person must look.
    Dead,
}

impl DeliveryStage {
    /// The word of it, wherever the hub says it.
    pub const fn word(self) -> &'static str {
        match self {
            DeliveryStage::Received => "received",
            DeliveryStage::Committed => "committed",
            DeliveryStage::Released => "released",
            DeliveryStage::Sent => "sent",
            DeliveryStage::Acknowledged => "acknowledged",
            DeliveryStage::FailedTransient => "failed-transient",
            DeliveryStage::FailedAmbiguous => "failed-ambiguous",
            DeliveryStage::Rejected => "rejected",
            DeliveryStage::Suppressed => "suppressed",
            DeliveryStage::Dead => "dead",
        }
    }
}

impl fmt::Display for DeliveryStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The intention to send entries, or to tell of a late match, to a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Responsible municipality.
    pub municipality: Municipality,
    /// Id.
    pub id: DeliveryId,
    /// To whom.
    pub recipient: AgencyId,
    /// For what.
    pub purpose: Purpose,
    /// In which format.
    pub format: String,
    /// The message whose entries are meant.
    pub message: Option<MessageId>,
    /// Or these entries.
    pub entries: Vec<EntryId>,
    /// Or none: it tells that something may be seen after all of what this question asked for.
    pub question: Option<FactId>,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was intended.
    pub created_at: Time,
    /// When it is to be tried next; of a dead letter, by when a person must have looked.
    pub next_at: Time,
    /// When the release of its last attempt was taken for record; of what is fetched, the moment of the call that handed it out.
    /// `None` while none stands, and of what an older hub released.
    pub released_at: Option<Time>,
    /// When the bytes of that release began to leave; `None` while none has.
    pub sent_at: Option<Time>,
    /// Why the last attempt failed, a code; empty when none did.
    pub reason: String,
    /// Order of intention. The store numbers; what is handed in is not looked at.
    pub sequence: i64,
    /// Whom it concerns: deliveries of one family keep their order.
    pub persons: Vec<Concerned>,
}

impl DeliveryRow {
    /// Where it stands.
    pub const fn stage(&self) -> DeliveryStage {
        match self.state {
            DeliveryState::Held => DeliveryStage::Received,
            DeliveryState::Waiting if self.attempts > 0 => DeliveryStage::FailedTransient,
            DeliveryState::Waiting => DeliveryStage::Committed,
            DeliveryState::Released if self.has_left() => DeliveryStage::Sent,
            DeliveryState::Released => DeliveryStage::Released,
            DeliveryState::Acknowledged => DeliveryStage::Acknowledged,
            DeliveryState::Suppressed => DeliveryStage::Suppressed,
            DeliveryState::Dead => DeliveryStage::Dead,
            DeliveryState::Ambiguous => DeliveryStage::FailedAmbiguous,
            DeliveryState::Rejected => DeliveryStage::Rejected,
        }
    }

    /// May bytes of its last release be with the destination? Of what an older hub released it is not known, so they may.
    pub const fn has_left(&self) -> bool {
        self.sent_at.is_some() || self.released_at.is_none()
    }

    /// The same, in the queue again: no release of it stands.
    #[must_use]
    pub fn queued(self, state: DeliveryState) -> Self {
        DeliveryRow { state, released_at: None, sent_at: None, ..self }
    }
}

//! What waits to be handed over to an agency, and where it stands.

use super::Concerned;
use musubi_core::agency::{AgencyId, Purpose};
use musubi_core::id::{DeliveryId, EntryId, FactId, MessageId, Municipality};
use musubi_core::time::Time;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum DeliveryState {
    /// To be sent when `next_at` has come.
    Waiting = 1,
    /// Waits for a person's answer.
    Held = 2,
    /// Released and sent, not yet acknowledged.
    Sent = 3,
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
        DeliveryState::Sent,
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
        matches!(self, DeliveryState::Waiting | DeliveryState::Held | DeliveryState::Sent)
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
    /// Why the last attempt failed, a code; empty when none did.
    pub reason: String,
    /// Order of intention. The store numbers; what is handed in is not looked at.
    pub sequence: i64,
    /// Whom it concerns: deliveries of one family keep their order.
    pub persons: Vec<Concerned>,
}

impl DeliveryRow {
    /// Where it stands, in the words of who operates the hub.
    pub fn stage(&self) -> &'static str {
        match self.state {
            DeliveryState::Waiting if self.attempts > 0 => "failed-transient",
            DeliveryState::Waiting => "committed",
            DeliveryState::Held => "held",
            DeliveryState::Sent => "sent",
            DeliveryState::Acknowledged => "acknowledged",
            DeliveryState::Suppressed => "suppressed",
            DeliveryState::Dead => "dead",
            DeliveryState::Ambiguous => "failed-ambiguous",
            DeliveryState::Rejected => "rejected",
        }
    }
}

//! How far an agency has read of what it fetches: a cursor (読み取り位置), sealed for it alone and of one length whatever it says. It names
//! the call and the place in the order of that call, never a number that could be counted with.

use super::caller::Caller;
use super::{Hub, Refusal};
use crate::store::{DeliveryRow, DeliveryState};
use musubi_core::agency::AgencyId;
use musubi_core::id::DeliveryId;
use musubi_core::time::Time;
use uuid::Uuid;

/// Days after which a cursor says nothing any more: what was handed out before it has been acknowledged, or given up.
const CURSOR_DAYS: i64 = 30;
/// Of a call and a place, 8 bytes each, and the id of a delivery.
const BYTES: usize = 32;

/// Everything up to a delivery is in its reader's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The moment of the call that handed it out.
    pub(super) call: Time,
    /// Its place among the deliveries.
    pub(super) sequence: i64,
    /// Which.
    pub(super) delivery: DeliveryId,
}

impl Cursor {
    /// Behind a delivery that a call handed out at this moment.
    pub(super) const fn behind(row: &DeliveryRow, call: Time) -> Self {
        Cursor { call, sequence: row.sequence, delivery: row.id }
    }

    /// Was this handed out before the reader came so far?
    pub(super) fn covers(&self, row: &DeliveryRow) -> bool {
        let handed_out = row.released_at.filter(|_| row.state == DeliveryState::Released);
        handed_out.is_some_and(|call| (call, row.sequence) <= (self.call, self.sequence))
    }

    fn to_bytes(self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        let (call, rest) = bytes.split_at_mut(8);
        let (sequence, delivery) = rest.split_at_mut(8);
        call.copy_from_slice(&self.call.micros().to_be_bytes());
        sequence.copy_from_slice(&self.sequence.to_be_bytes());
        delivery.copy_from_slice(self.delivery.0.as_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (call, rest) = bytes.split_first_chunk::<8>()?;
        let (sequence, delivery) = rest.split_first_chunk::<8>()?;
        Some(Cursor {
            call: Time::from_micros(i64::from_be_bytes(*call)),
            sequence: i64::from_be_bytes(*sequence),
            delivery: DeliveryId(Uuid::from_slice(delivery).ok()?),
        })
    }
}

impl Hub {
    pub(super) fn seal_cursor(&self, agency: &AgencyId, cursor: Cursor) -> String {
        self.seal_for(&place(agency), &cursor.to_bytes())
    }

    /// What the caller shows; nothing where it shows nothing.
    ///
    /// # Errors
    /// When it was not given to the caller by this hub, or is too old, or of a delivery that the hub no longer knows.
    pub(super) async fn cursor(&self, caller: &Caller, shown: &str) -> Result<Option<Cursor>, Refusal> {
        if shown.is_empty() {
            return Ok(None);
        }
        let opened = self.open_sealed(&place(caller.id()), shown).and_then(|bytes| Cursor::from_bytes(&bytes));
        let cursor = opened.ok_or_else(|| {
            Refusal::invalid(
                "M615",
                "cursor",
                "このカーソルは、このハブがこの機関に渡したものではありません。カーソルを空にして受け取り直してください。受領確認していないものが\
                 古い順に届きます。",
                "This hub never gave that cursor to this agency. Ask with an empty one: what is not acknowledged comes, the oldest first.",
            )
        })?;
        let known = self.store.delivery(cursor.delivery).await?.is_some_and(|row| row.recipient == *caller.id());
        if !known || cursor.call.plus_days(CURSOR_DAYS) <= self.now() {
            return Err(Refusal::invalid(
                "M616",
                "cursor",
                "このカーソルは古くなりました(30日を過ぎたか、ハブが復元されました)。カーソルを空にして受け取り直してください。受領確認していない\
                 ものが古い順に届きます。",
                "That cursor is too old: 30 days have passed, or the hub was restored. Ask with an empty one: what is not acknowledged \
                 comes, the oldest first.",
            ));
        }
        Ok(Some(cursor))
    }
}

fn place(agency: &AgencyId) -> String {
    format!("cursor of {agency}")
}

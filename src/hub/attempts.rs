//! What became of an attempt to deliver. Each further attempt decides anew, because the release of the last one is no
//! longer what may be sent (rules F01 and F02).

use super::family::Family;
use super::ledger::act;
use super::work::{Question, WorkBody};
use super::{Hub, Refusal};
use crate::entropy;
use crate::store::{Change, DeliveryRow, DeliveryState, Expect, Row, StoreError};
use musubi_core::adapter::Text;
use musubi_core::agency::Actor;
use musubi_core::id::PersonId;
use musubi_core::time::Time;

/// Most attempts; then a person looks.
pub const ATTEMPTS_MAX: u32 = 20;
/// Pause after the first attempt that failed, in seconds; doubled after each.
const PAUSE_SECONDS: i64 = 5;
/// Longest pause, in seconds.
const PAUSE_SECONDS_MAX: i64 = 3600;
/// Days until somebody must have looked at a delivery that was given up.
const LOOKED_AT_DAYS: i64 = 1;
/// Most deliveries that are looked at when the hub starts.
const UNFINISHED_MAX: u32 = 10_000;

impl Hub {
    /// It could not be handed over, for a reason of the recipient's side: a code. It is tried again after a pause that
    /// grows, and after many attempts put before a person at the center.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delivery_failed(&self, row: &DeliveryRow, reason: &str) -> Result<(), Refusal> {
        self.try_again(row, row.attempts, reason).await
    }

    /// The recipient cannot be reached: nothing was decided and nothing released, but the attempt counts.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delivery_unreachable(&self, row: &DeliveryRow, reason: &str) -> Result<(), Refusal> {
        self.try_again(row, row.attempts.saturating_add(1), reason).await
    }

    /// Something that it rests on cannot be read: it is tried again like one whose recipient cannot be reached, and holds up
    /// nothing else meanwhile.
    pub async fn delivery_unreadable(&self, row: &DeliveryRow, refusal: &Refusal) {
        tracing::error!(agency = %row.recipient, delivery = %row.id, %refusal, "a delivery cannot be decided");
        if let Err(refusal) = self.delivery_unreachable(row, "unreadable").await {
            tracing::error!(agency = %row.recipient, delivery = %row.id, %refusal, "a delivery is left as it stands");
        }
    }

    async fn try_again(&self, row: &DeliveryRow, attempts: u32, reason: &str) -> Result<(), Refusal> {
        let now = self.now();
        if attempts < ATTEMPTS_MAX {
            let next_at = pause_after(attempts, now);
            let waiting = DeliveryRow { attempts, ..row.clone() };
            return self.move_counted(row, &waiting, DeliveryState::Waiting, reason, next_at).await;
        }
        let center = self.register.center(&row.municipality);
        let owner = center.map_or_else(|| row.recipient.clone(), |center| center.id.clone());
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        // Where the family is what cannot be read, the item names nobody: a person must learn of it all the same.
        let (family, persons) = match self.family(&persons, now).await {
            Ok(family) => (family, persons),
            Err(_) => (Family::default(), Vec::new()),
        };
        let text = Text::new(
            "何度試しても届けられないものがあります。届け先の状態を確かめてから送り直してください。",
            "Something could not be delivered after many attempts. Look at the recipient, then send it again.",
        );
        let body = WorkBody::new("NOT_DELIVERABLE", text, row.id.to_string());
        let (municipality, due) = (&row.municipality, now.plus_days(LOOKED_AT_DAYS));
        let question =
            Question { owner: &owner, kind: "dead_delivery", due, municipality, family: &family, persons: &persons };
        let item = self.ask(now, &question, &body)?;
        let mut entry = act(now, "give up delivery", &row.recipient, &Actor::system());
        entry.purpose = row.purpose.to_string();
        entry.outcome = reason.to_owned();
        let leaf = self.leaf(now, &row.municipality, &family, &persons, entry);
        let dead = DeliveryRow { attempts, state: DeliveryState::Dead, reason: reason.to_owned(), ..row.clone() };
        let change = Change {
            expect: vec![Expect::Delivery { id: row.id, state: row.state, attempts: row.attempts }],
            rows: vec![Row::Delivery(dead), item],
            message: None,
            leaves: vec![leaf],
        };
        match self.store.commit("give up a delivery", change).await {
            Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    /// It is with its recipient.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delivery_done(&self, row: &DeliveryRow) -> Result<(), Refusal> {
        self.move_delivery(row, DeliveryState::Acknowledged, "", self.now()).await
    }

    /// It must wait, through no fault of its own: this counts as no attempt.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delivery_waits(&self, row: &DeliveryRow, until: Time) -> Result<(), Refusal> {
        self.move_delivery(row, DeliveryState::Waiting, &row.reason, until).await
    }

    /// An earlier delivery to the same recipient, on the same channel, about the same persons, that must go first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delivered_before(&self, row: &DeliveryRow) -> Result<Option<DeliveryRow>, Refusal> {
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        let open = self.store.deliveries_waiting_for(&persons).await?;
        Ok(open.into_iter().find(|earlier| {
            earlier.sequence < row.sequence
                && earlier.recipient == row.recipient
                && earlier.format == row.format
                && matches!(earlier.state, DeliveryState::Waiting | DeliveryState::Sent)
        }))
    }

    /// Deliveries on a channel that were on their way when the hub last stopped go back to the beginning: whether they
    /// arrived is not known.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn deliver_unfinished_again(&self, channel: &str) -> Result<(), Refusal> {
        for row in self.store.deliveries_in(DeliveryState::Sent, UNFINISHED_MAX).await? {
            if row.format.starts_with(channel) {
                self.delivery_waits(&row, self.now()).await?;
            }
        }
        Ok(())
    }
}

/// The pause doubles with each attempt, up to an hour, and is shortened by up to a quarter so that many do not come back
/// at the same moment.
pub(super) fn pause_after(attempts: u32, now: Time) -> Time {
    let doubled = 1_i64.checked_shl(attempts.saturating_sub(1).min(20)).unwrap_or(i64::MAX);
    let seconds = PAUSE_SECONDS.saturating_mul(doubled).min(PAUSE_SECONDS_MAX);
    let [part] = entropy::bytes::<1>();
    let micros = seconds.saturating_mul(1_000_000);
    let shortened = micros.saturating_sub(micros / 4 / 255 * i64::from(part));
    Time::from_micros(now.micros().saturating_add(shortened))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_to_an_hour_and_no_further() {
        let seconds = |attempts| pause_after(attempts, Time::MIN).micros() / 1_000_000;
        for (attempts, longest) in [(1, 5), (2, 10), (5, 80), (10, 2560), (11, 3600), (40, 3600)] {
            let pause = seconds(attempts);
            assert!(pause <= longest && pause * 4 >= longest * 3 - 4, "{attempts}: {pause}");
        }
    }
}

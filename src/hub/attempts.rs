//! What became of an attempt to deliver. Each further attempt decides anew, because the release of the last one is no
//! longer what may be sent (rules F01 and F02).

use super::answer::Answer;
use super::deliver::stands;
use super::family::Family;
use super::ledger::act;
use super::register::Subscription;
use super::work::{Question, WorkBody};
use super::{Hub, Refusal};
use crate::entropy;
use crate::store::{Change, DeliveryRow, DeliveryState, Row, StoreError};
use musubi_core::adapter::Text;
use musubi_core::agency::{Actor, AgencyId};
use musubi_core::id::{Municipality, PersonId};
use musubi_core::time::Time;
use std::collections::BTreeSet;

/// Most attempts; then a person looks.
pub const ATTEMPTS_MAX: u32 = 20;
/// Pause after the first attempt that failed, in seconds; doubled after each.
const PAUSE_SECONDS: i64 = 5;
/// Longest pause, in seconds.
const PAUSE_SECONDS_MAX: i64 = 3600;
/// Days until somebody must have looked at a delivery that was given up.
const LOOKED_AT_DAYS: i64 = 1;
/// Kind of the work item about a dead letter.
pub(super) const DEAD_KIND: &str = "dead_delivery";
/// Deliveries that are read together when the hub starts.
const UNFINISHED_MAX: u32 = 1_000;

impl Hub {
    /// The destination has answered, or not: the class of the answer decides. `repeats`: it knows what comes twice.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delivery_answered(&self, row: &DeliveryRow, answer: Answer, repeats: bool) -> Result<(), Refusal> {
        match answer {
            Answer::Taken => self.delivery_done(row).await,
            Answer::Transient(reason) => self.delivery_failed(row, reason).await,
            Answer::Ambiguous(reason) if repeats => self.delivery_failed(row, reason).await,
            Answer::Ambiguous(reason) => self.give_up(row, row.attempts, DeliveryState::Ambiguous, reason).await,
            Answer::Rejected(reason) => self.give_up(row, row.attempts, DeliveryState::Rejected, reason).await,
        }
    }

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
        self.give_up(row, attempts, DeliveryState::Dead, reason).await
    }

    /// Makes a dead letter of it, and puts it before a person at the center.
    async fn give_up(
        &self,
        row: &DeliveryRow,
        attempts: u32,
        state: DeliveryState,
        reason: &str,
    ) -> Result<(), Refusal> {
        let now = self.now();
        let owner = self.answers_for(&row.municipality, &row.recipient);
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        // Where the family is what cannot be read, the item names nobody: a person must learn of it all the same.
        let (family, persons) = match self.family(&persons, now).await {
            Ok(family) => (family, persons),
            Err(_) => (Family::default(), Vec::new()),
        };
        let body = WorkBody::new("NOT_DELIVERABLE", words(state), row.id.to_string());
        let (municipality, due) = (&row.municipality, now.plus_days(LOOKED_AT_DAYS));
        let question =
            Question { owner: &owner, kind: DEAD_KIND, due, municipality, family: &family, persons: &persons };
        let item = self.ask(now, &question, &body)?;
        let mut entry = act(now, "give up delivery", &row.recipient, &Actor::system());
        entry.purpose = row.purpose.to_string();
        entry.outcome = reason.to_owned();
        let leaf = self.leaf(now, &row.municipality, &family, &persons, entry);
        let dead = DeliveryRow { attempts, state, reason: reason.to_owned(), next_at: due, ..row.clone() };
        let change = Change {
            expect: vec![stands(row)],
            rows: vec![Row::Delivery(dead), item],
            message: None,
            leaves: vec![leaf],
        };
        match self.store.commit("give up a delivery", change).await {
            Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    /// Who answers for a delivery that does not arrive: the center of the municipality, or where there is none its recipient.
    pub(super) fn answers_for(&self, municipality: &Municipality, recipient: &AgencyId) -> AgencyId {
        let center = self.register.center(municipality);
        center.map_or_else(|| recipient.clone(), |center| center.id.clone())
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

    /// An earlier delivery to the same recipient, on the same channel, about the same family, that must go first. Mother and
    /// child are one family, and so are two persons who turned out to be one: nothing overtakes what joins them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delivered_before(&self, row: &DeliveryRow) -> Result<Option<DeliveryRow>, Refusal> {
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        let open = self.store.deliveries_waiting_for(&self.kin(&persons).await?).await?;
        Ok(open.into_iter().find(|earlier| {
            earlier.sequence < row.sequence
                && earlier.recipient == row.recipient
                && earlier.format == row.format
                && matches!(earlier.state, DeliveryState::Waiting | DeliveryState::Released)
        }))
    }

    /// These persons, whoever they turned out to be, and whom an entry names beside them.
    pub(super) async fn kin(&self, persons: &[PersonId]) -> Result<Vec<PersonId>, Refusal> {
        let same: Vec<PersonId> = self.store.joined_with(persons).await?.iter().map(|row| row.id).collect();
        let entries = self.store.entries_of(&same).await?;
        let named = entries.iter().flat_map(|entry| &entry.persons).map(|one| one.person);
        let all: BTreeSet<PersonId> = same.iter().copied().chain(persons.iter().copied()).chain(named).collect();
        let all: Vec<PersonId> = all.into_iter().collect();
        Ok(self.store.joined_with(&all).await?.into_iter().map(|row| row.id).collect())
    }

    /// Deliveries on these channels at which a hub was when it stopped. Those of which nothing had left go back to the beginning.
    /// Whether the others arrived is not known: they do so where the destination knows what comes twice.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn deliver_unfinished_again(&self, channels: &[&str]) -> Result<(), Refusal> {
        loop {
            let rows = self.store.deliveries_abandoned(UNFINISHED_MAX).await?;
            let served = rows.iter().filter(|row| channels.iter().any(|channel| row.format.starts_with(channel)));
            let mut moved = 0;
            for row in served {
                let agency = self.register.agency(&row.recipient);
                let wanted = agency.iter().flat_map(|agency| &agency.settings.subscriptions);
                let repeats = wanted.filter(|wanted| wanted.channel() == row.format).all(Subscription::repeats);
                if repeats || !row.has_left() {
                    self.delivery_waits(row, self.now()).await?;
                } else {
                    self.delivery_answered(row, Answer::Ambiguous("stopped"), false).await?;
                }
                moved += 1;
            }
            if moved == 0 || rows.len() < UNFINISHED_MAX as usize {
                return Ok(());
            }
        }
    }
}

/// What a person is told of a dead letter.
fn words(state: DeliveryState) -> Text {
    match state {
        DeliveryState::Rejected => Text::new(
            "届け先が受け取りを拒んだものがあります。内容と届け先の設定を確かめてから送り直してください。",
            "A recipient refused something. Look at what it was and at the recipient's settings, then send it again.",
        ),
        DeliveryState::Ambiguous => Text::new(
            "届いたかどうか分からないものがあります。届け先に確かめ、届いていなければ送り直してください。",
            "Nobody knows whether something arrived. Ask its recipient, and send it again if it did not.",
        ),
        _ => Text::new(
            "何度試しても届けられないものがあります。届け先の状態を確かめてから送り直してください。",
            "Something could not be delivered after many attempts. Look at the recipient, then send it again.",
        ),
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

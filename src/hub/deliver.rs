//! What leaves for an agency on the hub's own initiative. The queue holds the intention; each attempt decides anew, so
//! a withdrawal stops what waits (rules F01 and F02).

use super::caller::{Caller, request_of};
use super::ledger::{Serves, act};
use super::register::Agency;
use super::work::{Question, WorkBody};
use super::{DECIDE_AGAIN_MAX, Hub, Refusal};
use crate::store::{Change, Conflict, DeliveryRow, DeliveryState, Expect, Row, StoreError};
use musubi_adapters::adapter;
use musubi_core::adapter::{EncodeError, Text};
use musubi_core::agency::Actor;
use musubi_core::id::{DeliveryId, EntryId, PersonId, ReleaseId};
use musubi_core::record::{kind_word, of_substance};
use musubi_core::release::{Dispatch, Outgoing, Released, release};
use musubi_core::time::Time;

/// Why a delivery waits: no basis was found for anything in it.
pub(super) const NO_BASIS: &str = "no-basis";
/// A fact has changed since; it is to be decided again.
const DECIDE_AGAIN: &str = "decide-again";
/// None of the formats that the recipient subscribed to can say anything of it.
const NOTHING_TO_SAY: &str = "nothing-to-say";
/// Beginning of the channel of deliveries that their recipient fetches.
const FETCHED: &str = "receive:";
/// Never comes: a delivery that is fetched is not due by itself.
const NEVER: Time = Time::from_micros(i64::MAX / 2);
/// Most deliveries that one call hands out.
pub const RECEIVE_MAX: u32 = 100;
/// Days until somebody must have looked at what was not delivered.
const NOT_DELIVERED_DAYS: i64 = 3;

/// When the hub itself is to deliver on this channel.
pub(super) fn due(channel: &str, now: Time) -> Time {
    if channel.starts_with(FETCHED) { NEVER } else { now }
}

/// A delivery whose release is on record: it may leave.
pub struct Ready {
    /// Which delivery.
    pub delivery: DeliveryRow,
    /// The release.
    pub release: ReleaseId,
    /// The bytes, in each format of the subscription.
    pub renderings: Vec<Outgoing>,
    released: Released,
}

impl Ready {
    /// As a message for `Deliveries.Receive`.
    pub fn into_dispatch(self) -> Dispatch {
        Dispatch::new(self.delivery.id, self.release, "notice", &self.released, self.renderings)
    }
}

impl Hub {
    /// What waits for the caller at this moment, decided at this moment, with its release on record.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn receive(&self, caller: &Caller, limit: u32, formats: &[String]) -> Result<Vec<Ready>, Refusal> {
        let limit = if limit == 0 { RECEIVE_MAX } else { limit.min(RECEIVE_MAX) };
        let mut ready = Vec::new();
        let mut after = 0;
        while ready.len() < limit as usize {
            let rows = self.store.deliveries_to(caller.id(), after, RECEIVE_MAX).await?;
            let Some(last) = rows.last() else { break };
            after = last.sequence;
            for row in rows {
                let open = matches!(row.state, DeliveryState::Waiting | DeliveryState::Sent);
                if open && row.format.starts_with(FETCHED) && ready.len() < limit as usize {
                    ready.extend(self.release_delivery(&row, formats).await?);
                }
            }
        }
        Ok(ready)
    }

    /// The caller has these on disk.
    ///
    /// # Errors
    /// When the store fails. A delivery that is not the caller's is passed over.
    pub async fn acknowledge(&self, caller: &Caller, ids: &[DeliveryId]) -> Result<u32, Refusal> {
        let mut acknowledged = 0;
        for id in ids {
            let Some(row) = self.store.delivery(*id).await?.filter(|row| row.recipient == *caller.id()) else {
                continue;
            };
            if row.state == DeliveryState::Sent {
                self.move_delivery(&row, DeliveryState::Acknowledged, "", self.now()).await?;
                acknowledged += 1;
            }
        }
        Ok(acknowledged)
    }

    /// Decides one delivery and puts its release on record. `None` when nothing of it may be seen: it is then suppressed,
    /// or waits on for a basis.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn release_delivery(&self, row: &DeliveryRow, formats: &[String]) -> Result<Option<Ready>, Refusal> {
        let Some(recipient) = self.register.agency(&row.recipient).filter(|agency| agency.active) else {
            return Ok(None);
        };
        for _ in 0..DECIDE_AGAIN_MAX {
            let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
            let now = self.now();
            let family = self.family(&persons, now).await?;
            let request = request_of(&recipient, Actor::system(), row.purpose, None);
            let meant = self.entries_meant(row).await?;
            let author = family
                .record()
                .entries()
                .iter()
                .find(|e| e.id().is_some_and(|id| meant.contains(&id)))
                .and_then(|e| e.author());
            let record = family
                .record()
                .keep(|entry| entry.author() == author || entry.id().is_some_and(|id| meant.contains(&id)));
            let facts = family.decision_facts(&record);
            let mut released = release(record, &request, &facts, &self.policy, now);
            if !meant.iter().any(|id| released.shows(*id)) {
                self.nothing_to_deliver(row).await?;
                return Ok(None);
            }
            let serves = Serves { delivery: Some(row.id), query: None };
            let (id, mut change) =
                self.release_change(&mut released, &family, &request.actor, &row.municipality, serves)?;
            let renderings = self.render(&recipient, row, formats, &released);
            if renderings.is_empty() {
                // Nothing leaves, so no release may stand on record.
                if formats.is_empty() {
                    self.move_delivery(row, DeliveryState::Suppressed, NOTHING_TO_SAY, now).await?;
                }
                return Ok(None);
            }
            change.expect.push(Expect::Delivery { id: row.id, state: row.state, attempts: row.attempts });
            let sent = DeliveryRow {
                state: DeliveryState::Sent,
                attempts: row.attempts + 1,
                reason: String::new(),
                ..row.clone()
            };
            change.rows.push(Row::Delivery(sent.clone()));
            match self.store.commit("release a delivery", change).await {
                Ok(_) => return Ok(Some(Ready { delivery: sent, release: id, renderings, released })),
                Err(StoreError::Conflict(Conflict::Delivery(_))) => return Ok(None),
                Err(StoreError::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(Refusal::kept_changing())
    }

    /// The entries for whose sake a delivery is made. Subject data alone make none: they travel beside something else,
    /// unless nothing else was sent.
    async fn entries_meant(&self, row: &DeliveryRow) -> Result<Vec<EntryId>, Refusal> {
        let Some(message) = row.message else { return Ok(row.entries.clone()) };
        let entries = self.store.entries_of_message(&row.municipality, message).await?;
        let entries: Vec<(EntryId, &str)> = entries.iter().map(|entry| (entry.id, kind_word(entry.kind))).collect();
        Ok(of_substance(&entries))
    }

    /// Every wanted format of the subscription that can say something of the release.
    fn render(&self, recipient: &Agency, row: &DeliveryRow, wanted: &[String], released: &Released) -> Vec<Outgoing> {
        let profile = recipient.profile(released.at());
        let subscribed = row.format.split_once(':').map(|(_, formats)| formats).unwrap_or_default();
        let formats = subscribed.split(',').filter(|f| wanted.is_empty() || wanted.iter().any(|w| w == f));
        let rendered = formats.filter_map(|format| {
            let adapter = adapter(format)?;
            match Outgoing::render(adapter, released, &profile) {
                Ok(outgoing) => Some(outgoing),
                Err(EncodeError::NothingToSay) => None,
                Err(EncodeError::Unsupported) => {
                    tracing::error!(format, recipient = %recipient.id, "subscribed to a format that is only read");
                    None
                }
            }
        });
        rendered.collect()
    }

    /// Nothing may be seen: what never had a basis waits on; what had one and lost it is suppressed, and its author is
    /// told that it was not delivered, without a reason (rule F01).
    async fn nothing_to_deliver(&self, row: &DeliveryRow) -> Result<(), Refusal> {
        let now = self.now();
        if row.reason == DECIDE_AGAIN {
            return self.move_delivery(row, DeliveryState::Held, NO_BASIS, row.next_at).await;
        }
        let mut change = self.delivery_change(row, DeliveryState::Suppressed, "", now);
        let message = match row.message {
            Some(message) => self.store.message(message).await?,
            None => None,
        };
        if let Some(message) = message {
            let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
            let family = self.family(&persons, now).await?;
            let text = Text::new("お送りいただいた内容は届けられませんでした。", "What you sent was not delivered.");
            let body = WorkBody::new("NOT_DELIVERED", text, message.id.to_string());
            let (owner, municipality, due) = (&message.agency, &row.municipality, now.plus_days(NOT_DELIVERED_DAYS));
            let question =
                Question { owner, kind: "not_delivered", due, municipality, family: &family, persons: &persons };
            change.rows.push(self.ask(now, &question, &body)?);
            let mut entry = act(now, "suppress", &row.recipient, &Actor::system());
            entry.purpose = row.purpose.to_string();
            entry.message = message.id.0.as_bytes().to_vec();
            change.leaves.push(self.leaf(now, municipality, &family, &persons, entry));
        }
        match self.store.commit("suppress a delivery", change).await {
            Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    /// Moves a delivery, together with what it has become.
    pub(super) async fn move_counted(
        &self,
        row: &DeliveryRow,
        counted: &DeliveryRow,
        state: DeliveryState,
        reason: &str,
        next_at: Time,
    ) -> Result<(), Refusal> {
        let mut change = self.delivery_change(counted, state, reason, next_at);
        change.expect = vec![Expect::Delivery { id: row.id, state: row.state, attempts: row.attempts }];
        match self.store.commit("move a delivery", change).await {
            Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    fn delivery_change(&self, row: &DeliveryRow, state: DeliveryState, reason: &str, next_at: Time) -> Change {
        let moved = DeliveryRow { state, reason: reason.to_owned(), next_at, ..row.clone() };
        Change {
            expect: vec![Expect::Delivery { id: row.id, state: row.state, attempts: row.attempts }],
            rows: vec![Row::Delivery(moved)],
            ..Change::default()
        }
    }

    /// Moves a delivery to another state. Somebody else's move at the same time stands.
    pub(crate) async fn move_delivery(
        &self,
        row: &DeliveryRow,
        state: DeliveryState,
        reason: &str,
        next_at: Time,
    ) -> Result<(), Refusal> {
        self.move_counted(row, row, state, reason, next_at).await
    }

    /// A fact about these persons has changed: what waited for a basis is decided again.
    pub(crate) async fn decide_again(&self, persons: &[PersonId]) -> Result<(), Refusal> {
        let now = self.now();
        for row in self.store.deliveries_waiting_for(persons).await? {
            if row.state == DeliveryState::Held {
                self.move_delivery(&row, DeliveryState::Waiting, DECIDE_AGAIN, due(&row.format, now)).await?;
            }
        }
        self.deliveries.notify_waiters();
        Ok(())
    }
}

//! What a later basis opens: deliveries that wait for one, and those of which a part was kept back. Looked at again when a
//! fact changes, and by the clock.

mod looks;

pub use looks::Looks;
pub(super) use looks::{Epochs, looked_at};

use super::deliver::{DECIDE_AGAIN, DecidedDelivery, NEVER, NO_BASIS, due};
use super::family::Family;
use super::ledger::act;
use super::release_detail::ReleaseDetail;
use super::work::{Question, WorkBody};
use super::{Hub, Refusal};
use crate::store::{Change, DeliveryRow, DeliveryState, Row, StoreError};
use looks::Looked;
use musubi_core::adapter::Text;
use musubi_core::agency::{Actor, CategorySet};
use musubi_core::id::{DeliveryId, EntryId, PersonId, uuid_v7};
use musubi_core::release::Released;
use musubi_core::time::Time;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// For how many days a basis that comes later completes what was delivered in part.
const COMPLETED_DAYS: i64 = 30;
/// Days until the author must have looked at it.
const LOOKED_AT_DAYS: i64 = 14;
/// Why a delivery waits whose author has been told.
const TOLD: &str = "no-basis-told";
/// Deliveries that are read together.
const TOGETHER: u32 = 500;

impl Hub {
    /// A fact about these persons has changed: what waited for a basis, or was delivered in part, is decided again. The fact
    /// is on file whatever becomes of this, so its caller hears of no failure here; upkeep looks again.
    pub(crate) async fn decide_again(&self, persons: &[PersonId]) {
        if let Err(refusal) = self.look_again(persons).await {
            tracing::error!(%refusal, "what waits for a basis is not looked at");
        }
        self.deliveries.notify_waiters();
    }

    async fn look_again(&self, persons: &[PersonId]) -> Result<(), Refusal> {
        let now = self.now();
        let rows = self.store.deliveries_of(persons).await?;
        for row in &rows {
            let done = match row.state {
                DeliveryState::Held => self.open_held(row, now).await.map(drop),
                DeliveryState::Acknowledged if row.created_at.plus_days(COMPLETED_DAYS) > now => {
                    self.complete(row, &rows, now).await
                }
                _ => Ok(()),
            };
            if let Err(refusal) = done {
                tracing::error!(delivery = %row.id, %refusal, "a delivery is not decided again");
            }
        }
        Ok(())
    }

    /// Puts a held delivery on its way when something of it may be seen by now. Says when something begins that is on file
    /// already.
    async fn open_held(&self, row: &DeliveryRow, now: Time) -> Result<Option<Time>, Refusal> {
        let Some(recipient) = self.register.agency(&row.recipient).filter(|agency| agency.active) else {
            return Ok(None);
        };
        let DecidedDelivery { family, released, meant, .. } = self.decide_delivery(&recipient, row, now).await?;
        if meant.iter().any(|id| released.shows(*id)) {
            self.move_delivery(row, DeliveryState::Waiting, DECIDE_AGAIN, due(&row.format, now)).await?;
        } else {
            self.put_before_persons(now, &family, &released, &|_| true).await?;
        }
        Ok(next_beginning(&family, now))
    }

    /// A new delivery of the same message, when a decision would now show more of it than was ever sent.
    async fn complete(&self, row: &DeliveryRow, all: &[DeliveryRow], now: Time) -> Result<(), Refusal> {
        let same = |other: &&DeliveryRow| {
            other.message == row.message
                && other.recipient == row.recipient
                && other.purpose == row.purpose
                && other.format == row.format
        };
        let later = |other: &DeliveryRow| other.sequence > row.sequence;
        let recipient = self.register.agency(&row.recipient).filter(|agency| agency.active);
        let Some(recipient) = recipient.filter(|_| row.message.is_some() && !all.iter().filter(same).any(later)) else {
            return Ok(());
        };
        let DecidedDelivery { family, released, meant, .. } = self.decide_delivery(&recipient, row, now).await?;
        let before: Vec<DeliveryId> = all.iter().filter(same).map(|other| other.id).collect();
        if !self.shows_more(&family, &released, &meant, &before).await? {
            return Ok(());
        }
        // The same id whoever finds it out at the same time: there is one successor.
        let hash = Sha256::digest(row.id.0.as_bytes());
        let mut part = [0; 10];
        part.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        let more = DeliveryRow {
            id: DeliveryId(uuid_v7(row.created_at, part)),
            attempts: 0,
            created_at: now,
            next_at: due(&row.format, now),
            reason: String::new(),
            sequence: 0,
            ..row.clone().queued(DeliveryState::Waiting)
        };
        let change = Change { rows: vec![Row::Delivery(more)], ..Change::default() };
        match self.store.commit("complete a delivery", change).await {
            Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    /// Would this show more of the entries meant than these deliveries did?
    async fn shows_more(
        &self,
        family: &Family,
        released: &Released,
        meant: &[EntryId],
        before: &[DeliveryId],
    ) -> Result<bool, Refusal> {
        let persons: Vec<PersonId> = family.persons.keys().copied().collect();
        let mut sent: BTreeMap<EntryId, (CategorySet, CategorySet)> = BTreeMap::new();
        for row in self.store.releases_of(&persons).await? {
            if !row.delivery.is_some_and(|delivery| before.contains(&delivery)) {
                continue;
            }
            let detail: Option<ReleaseDetail> = self.opened(family, &row);
            for item in detail.into_iter().flat_map(|detail| detail.items) {
                for entry in item.entries {
                    let (full, general) = sent.entry(EntryId(entry)).or_default();
                    *full = full.union(item.full);
                    *general = general.union(item.general);
                }
            }
        }
        Ok(released.shown().iter().filter(|shown| meant.contains(&shown.entry)).any(|shown| {
            let (full, general) = sent.get(&shown.entry).copied().unwrap_or_default();
            !shown.full.minus(full).is_empty() || !shown.general.minus(full.union(general)).is_empty()
        }))
    }

    /// Looks at everything that waits for a basis: what a crash left undecided, what begins by now, and what has waited so
    /// long that its author must be told.
    ///
    /// # Errors
    /// When the store cannot be read at all.
    pub async fn look_after_held(&self) -> Result<(), Refusal> {
        let (now, mut gone, mut after) = (self.now(), self.looks.all(), (Time::MIN, 0));
        loop {
            let rows = self.store.deliveries_held(after, TOGETHER).await?;
            let Some(last) = rows.last() else { break };
            after = (last.next_at, last.sequence);
            let epochs = self.epochs_about(&rows).await?;
            for row in &rows {
                gone.remove(&row.id);
                if let Err(refusal) = self.look_after(row, &epochs, now).await {
                    tracing::error!(delivery = %row.id, %refusal, "a delivery is not decided again");
                }
            }
        }
        self.looks.forget(&gone);
        Ok(())
    }

    async fn look_after(&self, row: &DeliveryRow, epochs: &Epochs, now: Time) -> Result<(), Refusal> {
        let epochs = epochs.about(&row.persons);
        if !self.looks.stands(row.id, &epochs, now) {
            let begins = self.open_held(row, now).await?;
            self.looks.note([(row.id, Looked { epochs, begins })]);
        }
        let waits =
            |row: &DeliveryRow| row.state == DeliveryState::Held && row.reason == NO_BASIS && row.next_at <= now;
        if !waits(row) {
            return Ok(());
        }
        // It may have been opened just now, and another hub may have told its author.
        match self.store.delivery(row.id).await?.filter(waits) {
            Some(row) => self.tell_author(&row, now).await,
            None => Ok(()),
        }
    }

    /// The epochs of everybody whom these rows concern, read together.
    async fn epochs_about(&self, rows: &[DeliveryRow]) -> Result<Epochs, Refusal> {
        let persons: BTreeSet<PersonId> = rows.iter().flat_map(|row| &row.persons).map(|one| one.person).collect();
        let persons: Vec<PersonId> = persons.into_iter().collect();
        let mut everybody = Family::new(self.now());
        let rows = self.store.joined_with(&persons).await?;
        everybody.persons = rows.into_iter().map(|row| (row.id, row)).collect();
        Ok(Epochs::of(&everybody))
    }

    /// Once: it found no basis in all this time.
    async fn tell_author(&self, row: &DeliveryRow, now: Time) -> Result<(), Refusal> {
        let persons: Vec<PersonId> = row.persons.iter().map(|one| one.person).collect();
        let message = match row.message {
            Some(message) => self.store.message(message).await?,
            None => None,
        };
        let mut change = self.delivery_change(row, DeliveryState::Held, TOLD, NEVER);
        if let Some(message) = message {
            let family = self.family(&persons, now).await?;
            let days = self.policy.no_basis_days();
            let text = Text::new(
                format!(
                    "お送りいただいた内容は、提供の根拠がないまま{days}日間保管しています。同意の登録か根拠の申出が必要です。"
                ),
                format!(
                    "What you sent has been kept for {days} days without a basis. It needs a consent or an asserted ground."
                ),
            );
            let body = WorkBody::new("NO_BASIS", text, message.id.to_string());
            let (owner, municipality, due) = (&message.agency, &row.municipality, now.plus_days(LOOKED_AT_DAYS));
            let question = Question { owner, kind: "no_basis", due, municipality, family: &family, persons: &persons };
            change.rows.push(self.ask(now, &question, &body)?);
            let mut entry = act(now, "no basis", &row.recipient, &Actor::system());
            entry.purpose = row.purpose.to_string();
            entry.message = message.id.0.as_bytes().to_vec();
            change.leaves.push(self.leaf(now, municipality, &family, &persons, entry));
        }
        match self.store.commit("tell of no basis", change).await {
            Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }
}

/// When the next permit, ground or tie begins that is on file already.
pub(super) fn next_beginning(family: &Family, now: Time) -> Option<Time> {
    let of_persons = family.facts.values().flat_map(|facts| {
        let consents = facts.consents.iter().map(|consent| consent.valid_from);
        consents.chain(facts.relations.iter().map(|tie| tie.from))
    });
    let grounds = family.grounds.iter().map(|ground| ground.from);
    let standing = family.standing.iter().map(|standing| standing.from);
    of_persons.chain(grounds).chain(standing).filter(|begins| *begins > now).min()
}

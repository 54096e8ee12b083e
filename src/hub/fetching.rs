//! What an agency fetches: decided when it asks, in order for each family, and behind its cursor.
//!
//! A delivery that was handed out and is not acknowledged comes again after a pause, as a further attempt. To a caller whose cursor
//! shows that it has not got it, it comes at once, within the same attempt. While an older delivery about a family waits for its
//! pause, nothing newer about that family is handed out before it.

use super::abreast::{AT_ONCE, abreast, run};
use super::attempts::ATTEMPTS_MAX;
use super::caller::{Caller, Operation};
use super::cursor::Cursor;
use super::deliver::{Attempt, Attempted, FETCHED, NEVER, Ready};
use super::{Hub, Refusal};
use crate::store::{DeliveryRow, DeliveryState};
use musubi_core::id::{DeliveryId, PersonId};
use musubi_core::time::Time;
use std::collections::BTreeSet;
use std::mem;

/// Most deliveries that one call hands out.
pub const RECEIVE_MAX: u32 = 100;
/// Deliveries of which it is put on record together that they leave.
pub const LEAVE_TOGETHER: usize = 16;

/// What an agency asks for.
#[derive(Clone, Copy, Default)]
pub struct Fetching<'a> {
    /// Most deliveries; 0: as many as one call hands out.
    pub limit: u32,
    /// Formats wanted; none: those of the subscription.
    pub formats: &'a [String],
    /// What it was given with the last delivery that it has; empty where it has none.
    pub cursor: &'a str,
}

/// What becomes of one that may be handed out.
enum Fetched {
    Ready(Box<Ready>),
    /// It is not for this call: nothing of it may be seen, or it was given up.
    Over,
    /// It comes later, and what is newer about its family behind it.
    Later,
}

/// When one comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// Now; as a further attempt, or still within the last one.
    Now { counts: bool },
    /// The caller has it.
    InHand,
    /// Its pause is not over.
    Later,
}

/// One call.
pub(super) struct Call {
    hub: Hub,
    /// Its moment: later than that of the cursor, whichever hub gave it.
    at: Time,
    now: Time,
    cursor: Option<Cursor>,
    formats: Vec<String>,
    limit: usize,
    /// About whom something older comes later.
    behind: BTreeSet<PersonId>,
    /// What may be handed out, oldest first, and is decided next: no two about the same person.
    next: Vec<(DeliveryRow, Attempt)>,
    pub(super) ready: Vec<Ready>,
}

impl Hub {
    /// What waits for the caller at this moment, decided at this moment, with its release on record.
    ///
    /// # Errors
    /// When the cursor is not the caller's or is too old, or the store fails.
    pub async fn receive(&self, caller: &Caller, asked: Fetching<'_>) -> Result<Vec<Ready>, Refusal> {
        caller.check(Operation::Fetch)?;
        let mut call = self.call(caller, asked).await?;
        let mut after = 0;
        while !call.is_full() {
            let rows = self.store.deliveries_to_fetch(caller.id(), after, RECEIVE_MAX).await?;
            let Some(last) = rows.last() else { break };
            after = last.sequence;
            for row in rows.into_iter().filter(|row| row.format.starts_with(FETCHED)) {
                call.take(row).await?;
                if call.is_full() {
                    break;
                }
            }
        }
        call.decide().await?;
        Ok(call.ready)
    }

    pub(super) async fn call(&self, caller: &Caller, asked: Fetching<'_>) -> Result<Call, Refusal> {
        let (cursor, now) = (self.cursor(caller, asked.cursor).await?, self.now());
        let later = cursor.map(|cursor| Time::from_micros(cursor.call.micros().saturating_add(1)));
        let limit = if asked.limit == 0 { RECEIVE_MAX } else { asked.limit.min(RECEIVE_MAX) };
        Ok(Call {
            hub: self.clone(),
            at: later.map_or(now, |later| now.max(later)),
            now,
            cursor,
            formats: asked.formats.to_vec(),
            limit: limit as usize,
            behind: BTreeSet::new(),
            next: Vec::new(),
            ready: Vec::new(),
        })
    }

    /// The caller has these on disk.
    ///
    /// # Errors
    /// When the store fails. A delivery that is not the caller's is passed over.
    pub async fn acknowledge(&self, caller: &Caller, ids: &[DeliveryId]) -> Result<u32, Refusal> {
        caller.check(Operation::Fetch)?;
        let (mut ids, mut acknowledged) = (ids.iter().copied().peekable(), 0);
        while ids.peek().is_some() {
            let moved = abreast(run(&mut ids, AT_ONCE, |id| vec![*id]), |id| {
                let (hub, caller) = (self.clone(), caller.clone());
                async move { hub.acknowledge_one(&caller, id).await }
            });
            for moved in moved.await? {
                acknowledged += u32::from(moved?);
            }
        }
        Ok(acknowledged)
    }

    async fn acknowledge_one(&self, caller: &Caller, id: DeliveryId) -> Result<bool, Refusal> {
        let row = self.store.delivery(id).await?.filter(|row| row.recipient == *caller.id());
        let Some(row) = row.filter(|row| row.state == DeliveryState::Released) else { return Ok(false) };
        self.move_delivery(&row, DeliveryState::Acknowledged, "", self.now()).await?;
        Ok(true)
    }
}

impl Call {
    fn is_full(&self) -> bool {
        self.ready.len() >= self.limit
    }

    /// The next delivery in the order of the queue.
    pub(super) async fn take(&mut self, row: DeliveryRow) -> Result<(), Refusal> {
        let persons: Vec<PersonId> = row.persons.iter().map(|about| about.person).collect();
        let counts = match turn(&row, self.now, self.cursor.as_ref()) {
            Turn::InHand => return Ok(()),
            Turn::Later => {
                self.behind.extend(persons);
                return Ok(());
            }
            Turn::Now { counts } => counts,
        };
        let about: BTreeSet<PersonId> =
            self.next.iter().flat_map(|(row, _)| &row.persons).map(|one| one.person).collect();
        let fits = self.next.len() < AT_ONCE && self.ready.len() + self.next.len() < self.limit;
        if !fits || persons.iter().any(|person| about.contains(person)) {
            self.decide().await?;
            if self.is_full() {
                return Ok(());
            }
        }
        if self.is_behind(&persons).await? {
            self.behind.extend(persons);
            return Ok(());
        }
        self.next.push((row, Attempt { at: Some(self.at), counts }));
        Ok(())
    }

    /// Does something older about the same family come later?
    async fn is_behind(&self, persons: &[PersonId]) -> Result<bool, Refusal> {
        if self.behind.is_empty() || persons.is_empty() {
            return Ok(false);
        }
        Ok(self.hub.kin(persons).await?.iter().any(|person| self.behind.contains(person)))
    }

    /// Decides those that are next.
    pub(super) async fn decide(&mut self) -> Result<(), Refusal> {
        let next = mem::take(&mut self.next);
        let rows: Vec<DeliveryRow> = next.iter().map(|(row, _)| row.clone()).collect();
        let fetched = abreast(next, |(row, attempt)| {
            let (hub, formats) = (self.hub.clone(), self.formats.clone());
            async move { hub.fetch(&row, &formats, attempt).await }
        });
        let mut overtaken = false;
        for (row, fetched) in rows.into_iter().zip(fetched.await?) {
            let persons: Vec<PersonId> = row.persons.iter().map(|about| about.person).collect();
            match fetched {
                Fetched::Over => {}
                Fetched::Later => {
                    overtaken = true;
                    self.behind.extend(persons);
                }
                Fetched::Ready(ready) if overtaken && self.is_behind(&persons).await? => {
                    self.hub.put_back(&ready.delivery, &row).await?;
                    self.behind.extend(persons);
                }
                Fetched::Ready(mut ready) => {
                    let cursor = Cursor::behind(&ready.delivery, self.at);
                    ready.cursor = self.hub.seal_cursor(&row.recipient, cursor);
                    self.ready.push(*ready);
                }
            }
        }
        Ok(())
    }
}

/// When a delivery comes to a caller that has read so far.
fn turn(row: &DeliveryRow, now: Time, cursor: Option<&Cursor>) -> Turn {
    let pause_over = row.next_at <= now || row.state == DeliveryState::Waiting && row.next_at >= NEVER;
    match cursor {
        _ if pause_over => Turn::Now { counts: true },
        Some(cursor) if cursor.covers(row) => Turn::InHand,
        Some(_) if row.state == DeliveryState::Released => Turn::Now { counts: false },
        _ => Turn::Later,
    }
}

impl Hub {
    /// One that may be handed out. What cannot be read holds up its own family alone, and what nobody acknowledges is given up
    /// one day.
    async fn fetch(&self, row: &DeliveryRow, formats: &[String], attempt: Attempt) -> Fetched {
        if attempt.counts && row.attempts >= ATTEMPTS_MAX {
            return match self.delivery_failed(row, "not-acknowledged").await {
                Ok(()) => Fetched::Over,
                Err(refusal) => {
                    tracing::error!(delivery = %row.id, %refusal, "a delivery cannot be given up");
                    Fetched::Later
                }
            };
        }
        match self.attempt_delivery(row, formats, attempt).await {
            Ok(Attempted::Ready(ready)) => Fetched::Ready(ready),
            Ok(Attempted::Nothing) => Fetched::Over,
            Ok(Attempted::Elsewhere) => Fetched::Later,
            Err(refusal) => {
                self.delivery_unreadable(row, &refusal).await;
                Fetched::Later
            }
        }
    }
}

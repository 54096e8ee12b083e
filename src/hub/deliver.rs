//! What leaves for an agency on the hub's own initiative. The queue holds the intention; each attempt decides anew, so
//! a withdrawal stops what waits (rules F01 and F02).

pub use crate::store::DeliveryStage;

use super::attempts::pause_after;
use super::caller::request_of;
use super::family::Family;
use super::late_match::Told;
use super::ledger::{Basis, Serves, act};
use super::register::Agency;
use super::work::{Question, WorkBody};
use super::{DECIDE_AGAIN_MAX, Hub, Refusal};
use crate::store::{Change, Conflict, DeliveryRow, DeliveryState, Expect, Row, StoreError};
use musubi_adapters::adapter;
use musubi_core::adapter::{EncodeError, Text};
use musubi_core::agency::{Actor, AgencyId, AgencyKind};
use musubi_core::consent::Facts;
use musubi_core::id::{EntryId, PersonId, ReleaseId};
use musubi_core::record::{SharedEntry, SharedRecord, is_report, is_subject_data, kind_word, of_substance};
use musubi_core::release::{Dispatch, Outgoing, Released, release};
use musubi_core::time::Time;
use std::collections::BTreeSet;

/// Why a delivery waits: no basis was found for anything in it.
pub(super) const NO_BASIS: &str = "no-basis";
/// A fact has changed since; it is to be decided again.
pub(super) const DECIDE_AGAIN: &str = "decide-again";
/// Everything in it was replaced or taken back by its author while it waited.
const REPLACED: &str = "replaced";
/// None of the formats that the recipient subscribed to can say anything of it.
const NOTHING_TO_SAY: &str = "nothing-to-say";
/// Beginning of the channel of deliveries that their recipient fetches.
pub(super) const FETCHED: &str = "receive:";
/// Name of the change by which the bytes of a delivery begin to leave.
const SEND: &str = "send a delivery";
/// Never comes: a delivery that is fetched is not due by itself.
pub(super) const NEVER: Time = Time::from_micros(i64::MAX / 2);
/// Days until somebody must have looked at what was not delivered.
const NOT_DELIVERED_DAYS: i64 = 3;

/// The delivery stands where it was read.
pub(super) fn stands(row: &DeliveryRow) -> Expect {
    Expect::Delivery { id: row.id, state: row.state, attempts: row.attempts }
}

/// A delivery as it has become, where it still stands as it was read.
fn moved(from: &DeliveryRow, to: DeliveryRow) -> Change {
    Change { expect: vec![stands(from)], rows: vec![Row::Delivery(to)], ..Change::default() }
}

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
    pub(super) released: Released,
    /// Where it tells of a late match and of nothing else.
    pub(super) late_match: Option<Told>,
    /// By what its recipient goes on reading behind it, where it is fetched.
    pub(super) cursor: String,
}

/// One attempt to hand something over.
#[derive(Clone, Copy)]
pub(super) struct Attempt {
    /// The moment of the call by which it is fetched; of others it is that of the decision.
    pub(super) at: Option<Time>,
    /// It is a further one, and not the last one again.
    pub(super) counts: bool,
}

impl Attempt {
    /// A further one, by the hub itself.
    const FURTHER: Attempt = Attempt { at: None, counts: true };
}

/// What came of an attempt.
pub(super) enum Attempted {
    /// Its release is on record: it may leave.
    Ready(Box<Ready>),
    /// Nothing of it leaves: it may not be seen, or not in a format that is wanted.
    Nothing,
    /// Somebody else is at it.
    Elsewhere,
}

impl Ready {
    /// As a message for `Deliveries.Receive`.
    pub fn into_dispatch(self) -> Dispatch {
        let Ready { delivery, release, renderings, released, late_match, cursor } = self;
        let dispatch = match late_match {
            Some(told) => {
                let said = (told.ground.as_str(), told.in_response_to.as_str());
                Dispatch::late_match(delivery.id, release, &released, said, renderings)
            }
            None => Dispatch::new(delivery.id, release, "notice", &released, renderings),
        };
        dispatch.with_cursor(cursor)
    }
}

/// What became of putting the release of a delivery on record.
pub(super) enum OnRecord {
    /// It may leave.
    Released(Box<DeliveryRow>),
    /// Somebody else is at this delivery.
    Elsewhere,
    /// What was read has changed: it is to be decided again.
    Again,
}

/// What the recipient may see of a delivery.
pub(super) struct DecidedDelivery {
    pub(super) family: Family,
    pub(super) released: Released,
    /// The entries for whose sake it is made.
    pub(super) meant: Vec<EntryId>,
    facts: Facts,
}

/// Kind of the work item about what no channel can carry.
pub(super) const NO_CHANNEL_KIND: &str = "no_channel";

/// What that work item says.
pub(super) fn no_channel_body(about: String) -> WorkBody {
    let text = Text::new(
        "センターが見てよい内容がありますが、登録された届け方では届けられません。受取設定を確かめ、記録を直接照会してください。",
        "There is something that the center may see, but no subscription can carry it. Look at the subscriptions, and read \
         the record itself.",
    );
    WorkBody::new("NO_CHANNEL", text, about)
}

/// Kinds of entry that make up one stay at a hospital: what a discharge is told with.
const OF_A_STAY: [&str; 5] = ["newborn", "delivery", "discharge_notice", "encounter", "condition"];
/// Days within which two entries of one author are of the same stay.
const STAY_DAYS: i64 = 30;

/// Of a family's record: the entries meant, who their author says the persons are, and, where they tell of a stay, what
/// else the author said of it. No old screening is sent again.
fn with_its_stay(record: SharedRecord, meant: &[EntryId]) -> SharedRecord {
    let is_meant = |entry: &SharedEntry| entry.id().is_some_and(|id| meant.contains(&id));
    let author = record.entries().iter().find(|entry| is_meant(entry)).and_then(SharedEntry::author);
    let of_stay = |entry: &SharedEntry| OF_A_STAY.contains(&entry.kind());
    let stays = record.entries().iter().filter(|entry| is_meant(entry) && of_stay(entry));
    let stays: Vec<Time> = stays.map(SharedEntry::occurred_at).collect();
    record.keep(|entry| {
        let near = |at: &Time| {
            at.plus_days(STAY_DAYS) >= entry.occurred_at() && *at <= entry.occurred_at().plus_days(STAY_DAYS)
        };
        let said_of_them = is_subject_data(entry.kind()) || of_stay(entry) && stays.iter().any(near);
        is_meant(entry) || entry.author() == author && said_of_them
    })
}

/// Of a family's record, for a party to a referral: it or its steps that are meant, what they name as the report, and who the
/// persons are as the party itself said; as the author of the steps said, where the party never did.
fn with_own_names(record: SharedRecord, meant: &[EntryId], party: &AgencyId) -> SharedRecord {
    let is_meant = |entry: &SharedEntry| entry.id().is_some_and(|id| meant.contains(&id));
    let steps: Vec<&SharedEntry> = record.entries().iter().filter(|entry| is_meant(entry)).collect();
    let author = steps.first().and_then(|step| step.author());
    let persons: BTreeSet<PersonId> = steps.iter().flat_map(|step| step.persons()).map(|(person, _)| person).collect();
    let describes = |entry: &SharedEntry, by: &AgencyId| {
        let about = entry.persons().into_iter().all(|(person, _)| persons.contains(&person));
        entry.kind() == "person_details" && entry.author().as_ref() == Some(by) && about
    };
    let by =
        if record.entries().iter().any(|entry| describes(entry, party)) { Some(party.clone()) } else { author.clone() };
    let reports: BTreeSet<EntryId> = steps.iter().flat_map(|step| step.reports()).collect();
    let reported = |entry: &SharedEntry| {
        entry.id().is_some_and(|id| reports.contains(&id)) && entry.author() == author && is_report(entry.kind())
    };
    record.keep(|entry| is_meant(entry) || reported(entry) || by.as_ref().is_some_and(|by| describes(entry, by)))
}

impl Hub {
    /// Decides one delivery and puts its release on record. `None` when nothing of it may be seen: it is then suppressed,
    /// or waits on for a basis.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn release_delivery(&self, row: &DeliveryRow, formats: &[String]) -> Result<Option<Ready>, Refusal> {
        Ok(match self.attempt_delivery(row, formats, Attempt::FURTHER).await? {
            Attempted::Ready(ready) => Some(*ready),
            Attempted::Nothing | Attempted::Elsewhere => None,
        })
    }

    /// The same within an attempt.
    pub(super) async fn attempt_delivery(
        &self,
        row: &DeliveryRow,
        formats: &[String],
        attempt: Attempt,
    ) -> Result<Attempted, Refusal> {
        let Some(recipient) = self.register.agency(&row.recipient).filter(|agency| agency.active) else {
            return Ok(Attempted::Nothing);
        };
        if let Some(question) = row.question {
            return self.release_late_match(row, question, formats, attempt).await;
        }
        for _ in 0..DECIDE_AGAIN_MAX {
            let decided = self.decide_delivery(&recipient, row, self.now()).await?;
            let (actor, serves) = (&Actor::system(), Serves::of(row));
            let basis = Basis::new(actor, serves, &decided.facts);
            let DecidedDelivery { family, mut released, meant, .. } = decided;
            let now = family.at;
            if !meant.iter().any(|id| released.shows(*id)) {
                if !self.put_before_persons(now, &family, &released, &|_| true).await? {
                    continue;
                }
                if family.stands(&meant) {
                    self.nothing_to_deliver(row, &family, &released, &basis).await?;
                } else {
                    // What took its place has a delivery of its own, so that nobody is told that something did not arrive.
                    self.move_delivery(row, DeliveryState::Suppressed, REPLACED, now).await?;
                }
                return Ok(Attempted::Nothing);
            }
            let (id, mut change) = self.release_change(&mut released, &family, &row.municipality, &basis)?;
            let renderings = self.render(&recipient, row, formats, &released);
            if renderings.is_empty() {
                // Nothing leaves, so no release may stand on record.
                if formats.is_empty() {
                    self.no_channel(row, &family, now).await?;
                }
                return Ok(Attempted::Nothing);
            }
            change.rows.extend(self.questions_of(now, &family, &released, &|_| true).await?);
            match self.put_on_record(row, attempt, now, change).await? {
                OnRecord::Released(delivery) => {
                    let (delivery, cursor) = (*delivery, String::new());
                    let ready = Ready { delivery, release: id, renderings, released, late_match: None, cursor };
                    return Ok(Attempted::Ready(Box::new(ready)));
                }
                OnRecord::Elsewhere => return Ok(Attempted::Elsewhere),
                OnRecord::Again => {}
            }
        }
        Err(Refusal::kept_changing())
    }

    /// The release of a delivery on record, and the delivery as released.
    pub(super) async fn put_on_record(
        &self,
        row: &DeliveryRow,
        attempt: Attempt,
        now: Time,
        mut change: Change,
    ) -> Result<OnRecord, Refusal> {
        change.expect.push(stands(row));
        let (attempts, next_at) = match attempt.counts {
            true => (row.attempts + 1, pause_after(row.attempts + 1, now)),
            false => (row.attempts, row.next_at),
        };
        let released = DeliveryRow {
            state: DeliveryState::Released,
            attempts,
            released_at: Some(attempt.at.unwrap_or(now)),
            sent_at: None,
            reason: String::new(),
            next_at,
            ..row.clone()
        };
        change.rows.push(Row::Delivery(released.clone()));
        match self.store.commit("release a delivery", change).await {
            Ok(_) => Ok(OnRecord::Released(Box::new(released))),
            Err(StoreError::Conflict(Conflict::Delivery(_))) => Ok(OnRecord::Elsewhere),
            Err(StoreError::Conflict(_)) => Ok(OnRecord::Again),
            Err(other) => Err(other.into()),
        }
    }

    /// Decides a delivery as of this moment.
    pub(super) async fn decide_delivery(
        &self,
        recipient: &Agency,
        row: &DeliveryRow,
        now: Time,
    ) -> Result<DecidedDelivery, Refusal> {
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        self.decide_delivery_from(recipient, row, self.family(&persons, now).await?).await
    }

    /// The same from what was on file at the moment of this family.
    pub(super) async fn decide_delivery_from(
        &self,
        recipient: &Agency,
        row: &DeliveryRow,
        family: Family,
    ) -> Result<DecidedDelivery, Refusal> {
        let request = request_of(recipient, Actor::system(), row.purpose, None);
        let meant = self.entries_meant(row).await?;
        // Whose consent counts may hang on what another agency wrote: the facts are those of the whole record.
        let (whole, facts) = family.whole();
        // A center hears of a referral with the rest of what its author says; a party under its own numbers.
        let of_loop = |entry: &&SharedEntry| match entry.kind() {
            "referral_step" => true,
            "referral" => recipient.kind != AgencyKind::Osc,
            _ => false,
        };
        let is_meant = |entry: &&SharedEntry| entry.id().is_some_and(|id| meant.contains(&id));
        let to_party = whole.entries().iter().filter(is_meant).any(|entry| of_loop(&entry));
        let told = if to_party { with_own_names(whole, &meant, &recipient.id) } else { with_its_stay(whole, &meant) };
        let released = release(told, &request, &facts, &self.policy, family.at);
        Ok(DecidedDelivery { family, released, meant, facts })
    }

    /// The entries for whose sake a delivery is made. Subject data alone make none: they travel beside something else,
    /// unless nothing else was sent.
    async fn entries_meant(&self, row: &DeliveryRow) -> Result<Vec<EntryId>, Refusal> {
        let Some(message) = row.message else { return Ok(row.entries.clone()) };
        let rows = self.store.entries_of_message(&row.municipality, message).await?;
        let contained = rows.iter().flat_map(|row| &row.contained);
        let entries: Vec<(EntryId, &str)> = contained.map(|entry| (entry.id, kind_word(entry.kind))).collect();
        Ok(of_substance(&entries))
    }

    /// Every wanted format of the subscription that can say something of the release.
    pub(super) fn render(
        &self,
        recipient: &Agency,
        row: &DeliveryRow,
        wanted: &[String],
        released: &Released,
    ) -> Vec<Outgoing> {
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

    /// No format of the subscription can say anything of it: a person at the center is to know that it stayed here.
    async fn no_channel(&self, row: &DeliveryRow, family: &Family, now: Time) -> Result<(), Refusal> {
        let center = self.register.center(&row.municipality);
        let owner = center.map_or_else(|| row.recipient.clone(), |center| center.id.clone());
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        let mut change = self.delivery_change(row, DeliveryState::Suppressed, NOTHING_TO_SAY, now);
        let body = no_channel_body(row.id.to_string());
        let (municipality, due) = (&row.municipality, now.plus_days(NOT_DELIVERED_DAYS));
        let question = Question { owner: &owner, kind: NO_CHANNEL_KIND, due, municipality, family, persons: &persons };
        change.rows.push(self.ask(now, &question, &body)?);
        match self.store.commit("suppress a delivery", change).await {
            Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    /// Nothing may be seen: what never had a basis waits on; what had one and lost it is suppressed, and its author is
    /// told that it was not delivered, without a reason (rule F01).
    async fn nothing_to_deliver(
        &self,
        row: &DeliveryRow,
        family: &Family,
        released: &Released,
        basis: &Basis<'_>,
    ) -> Result<(), Refusal> {
        let now = family.at;
        let waits = row.reason == DECIDE_AGAIN;
        let mut change = if waits {
            let told_at = row.created_at.plus_days(self.policy.no_basis_days());
            self.delivery_change(row, DeliveryState::Held, NO_BASIS, told_at)
        } else {
            self.delivery_change(row, DeliveryState::Suppressed, "", now)
        };
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        let (refused, decision) = self.refusal_row(released, family, &row.municipality, basis)?;
        change.rows.push(decision);
        let mut entry = act(now, if waits { "withhold" } else { "suppress" }, &row.recipient, &Actor::system());
        entry.purpose = row.purpose.to_string();
        entry.message = row.message.map(|message| message.0.as_bytes().to_vec()).unwrap_or_default();
        entry.release = refused.0.as_bytes().to_vec();
        self.say_basis(&mut entry, &basis.facts_hash, basis.serves);
        change.leaves.push(self.leaf(now, &row.municipality, family, &persons, entry));
        let message = match row.message.filter(|_| !waits) {
            Some(message) => self.store.message(message).await?,
            None => None,
        };
        if let Some(message) = message {
            let text = Text::new("お送りいただいた内容は届けられませんでした。", "What you sent was not delivered.");
            let body = WorkBody::new("NOT_DELIVERED", text, message.id.to_string());
            let (owner, municipality, due) = (&message.agency, &row.municipality, now.plus_days(NOT_DELIVERED_DAYS));
            let question = Question { owner, kind: "not_delivered", due, municipality, family, persons: &persons };
            change.rows.push(self.ask(now, &question, &body)?);
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
        change.expect = vec![stands(row)];
        self.commit_move("move a delivery", change).await.map(drop)
    }

    /// False where somebody else has moved it: that stands.
    async fn commit_move(&self, name: &'static str, change: Change) -> Result<bool, Refusal> {
        match self.store.commit(name, change).await {
            Ok(_) => Ok(true),
            Err(StoreError::Conflict(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// What was released and not handed out, because something older about the family could not be: as it was before.
    pub(super) async fn put_back(&self, released: &DeliveryRow, before: &DeliveryRow) -> Result<(), Refusal> {
        self.commit_move("put back a delivery", moved(released, before.clone())).await.map(drop)
    }

    pub(super) fn delivery_change(
        &self,
        row: &DeliveryRow,
        state: DeliveryState,
        reason: &str,
        next_at: Time,
    ) -> Change {
        let there = match state {
            DeliveryState::Waiting | DeliveryState::Held => row.clone().queued(state),
            _ => DeliveryRow { state, ..row.clone() },
        };
        moved(row, DeliveryRow { reason: reason.to_owned(), next_at, ..there })
    }

    /// The bytes of this release begin to leave. The row as it is then; `None` where somebody else has moved it, and nothing may leave.
    ///
    /// # Errors
    /// When the store fails: nothing may leave.
    pub async fn delivery_leaves(&self, row: &DeliveryRow) -> Result<Option<DeliveryRow>, Refusal> {
        let left = self.left(row);
        Ok(self.commit_move(SEND, moved(row, left.clone())).await?.then_some(left))
    }

    /// The same of several for one recipient. Those that somebody else has moved are left out.
    ///
    /// # Errors
    /// When the store fails: none of them may leave.
    pub async fn deliveries_leave(&self, ready: Vec<Ready>) -> Result<Vec<Ready>, Refusal> {
        let changes = ready.iter().map(|one| moved(&one.delivery, self.left(&one.delivery))).collect();
        let mut leave = Vec::with_capacity(ready.len());
        for (one, written) in ready.into_iter().zip(self.store.commit_each(SEND, changes).await?) {
            match written {
                Ok(_) => leave.push(one),
                Err(StoreError::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(leave)
    }

    fn left(&self, row: &DeliveryRow) -> DeliveryRow {
        DeliveryRow { sent_at: Some(self.now()), ..row.clone() }
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
}

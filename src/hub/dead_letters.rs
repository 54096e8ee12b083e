//! Deliveries that were given up: listed for who answers for them, compared with what was sent before, and sent again.

use super::attempts::DEAD_KIND;
use super::caller::{Caller, Operation};
use super::deliver::{DecidedDelivery, due, stands};
use super::ledger::act;
use super::register::Agency;
use super::release_detail::ReleaseDetail;
use super::{Hub, Refusal};
use crate::store::{Change, DeliveryRow, DeliveryState, ReleaseRow, Row, WorkItemRow};
use musubi_core::agency::{Actor, AgencyId, CategorySet};
use musubi_core::id::{DeliveryId, EntryId, PersonId};
use musubi_core::release::{Outgoing, Released, Shown};
use musubi_core::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// Most dead letters of one list.
const LETTERS_MAX: u32 = 1_000;
/// Most open work items that are looked through for those of a delivery.
const ITEMS_MAX: u32 = 500;

/// A delivery of which no further attempt is made.
pub struct DeadLetter {
    /// Which. `next_at` is by when a person must have looked.
    pub row: DeliveryRow,
    /// Who answers for it.
    pub owner: AgencyId,
}

/// What sending again would do, or did.
pub struct Replay {
    /// The delivery as it stands.
    pub row: DeliveryRow,
    /// Entries of which more or less would be shown than was.
    pub changed: Vec<ChangedEntry>,
    /// What would be handed over: format and length in bytes. Empty when nothing of it may be seen.
    pub outputs: Vec<(String, usize)>,
    /// The same beside what was handed over the last time; `None` when that cannot be made again as it was, as under another policy.
    pub compared: Option<Vec<ComparedOutput>>,
}

/// What would be handed over in one format, beside what was. Lengths and counts, nothing of what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedOutput {
    /// The format.
    pub format: String,
    /// Its length in bytes now and then; `None` where there is none, or was none.
    pub bytes: (Option<usize>, Option<usize>),
    /// Lines that would stand in it and did not, and lines that did and would not.
    pub lines: (usize, usize),
}

/// An entry of which a release shows something else than the last one of the same delivery did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedEntry {
    /// Which.
    pub entry: EntryId,
    /// Categories that would be shown and were not.
    pub more: CategorySet,
    /// Categories that were shown and would not be.
    pub less: CategorySet,
}

impl Hub {
    /// The dead letters that the caller answers for, or should have received, oldest first.
    ///
    /// # Errors
    /// When the caller's role may not see them, or the store fails.
    pub async fn dead_letters(&self, caller: &Caller) -> Result<Vec<DeadLetter>, Refusal> {
        caller.check(Operation::SeeDeadLetters)?;
        let mut letters = Vec::new();
        for state in DeliveryState::DEAD_LETTERS {
            for row in self.store.deliveries_in(state, LETTERS_MAX).await? {
                let owner = self.answers_for(&row.municipality, &row.recipient);
                if owner == *caller.id() || row.recipient == *caller.id() {
                    letters.push(DeadLetter { row, owner });
                }
            }
        }
        letters.sort_by_key(|letter| letter.row.sequence);
        Ok(letters)
    }

    /// Sends a dead letter again, for a member of staff of who answers for it; or says what that would do.
    ///
    /// # Errors
    /// When it is not the caller's, is no dead letter, or the store fails.
    pub async fn replay(&self, caller: &Caller, id: DeliveryId, dry_run: bool) -> Result<Replay, Refusal> {
        caller.check(Operation::AnswerWork)?;
        let row = self
            .store
            .delivery(id)
            .await?
            .filter(|row| self.answers_for(&row.municipality, &row.recipient) == *caller.id());
        let row = row.ok_or_else(unknown)?;
        if dry_run { self.compare(row).await } else { self.send_again(row, &caller.actor).await }
    }

    /// The same for the operator of the hub. `by` is who ordered it.
    ///
    /// # Errors
    /// When it is unknown or no dead letter, or the store fails.
    pub async fn replay_by_operator(&self, id: DeliveryId, by: &str, dry_run: bool) -> Result<Replay, Refusal> {
        let row = self.store.delivery(id).await?.ok_or_else(unknown)?;
        let actor = Actor { staff_id: by.to_owned(), ..Actor::system() };
        if dry_run { self.compare(row).await } else { self.send_again(row, &actor).await }
    }

    /// The decision as it would be taken now, beside the last release that served this delivery.
    async fn compare(&self, row: DeliveryRow) -> Result<Replay, Refusal> {
        let recipient = self.register.agency(&row.recipient).filter(|agency| agency.active);
        let Some(recipient) = recipient else {
            return Ok(Replay { row, changed: Vec::new(), outputs: Vec::new(), compared: None });
        };
        if let Some(question) = row.question {
            let outputs = self.late_match_outputs(&row, question).await?;
            return Ok(Replay { row, changed: Vec::new(), outputs, compared: None });
        }
        let DecidedDelivery { family, released, meant, .. } =
            self.decide_delivery(&recipient, &row, self.now()).await?;
        let persons: Vec<PersonId> = family.persons.keys().copied().collect();
        let releases = self.store.releases_of(&persons).await?;
        let last = releases.into_iter().rfind(|release| release.delivery == Some(row.id));
        let detail: Option<ReleaseDetail> = last.as_ref().and_then(|last| self.opened(&family, last));
        let stays = family.stands(&meant) && meant.iter().any(|id| released.shows(*id));
        let outputs = if stays { self.render(&recipient, &row, &[], &released) } else { Vec::new() };
        let before = match last.zip(detail.as_ref()) {
            Some((last, detail)) => self.outputs_then(&recipient, &row, (&last, detail)).await?,
            None => Some(Vec::new()),
        };
        let compared = before.map(|before| compared(&outputs, &before));
        let outputs = outputs.iter().map(|output| (output.format().to_owned(), output.bytes().len())).collect();
        Ok(Replay { row, changed: changed(detail.as_ref(), stays.then_some(&released)), outputs, compared })
    }

    /// What was handed over at an earlier release, made again from what was on file then.
    async fn outputs_then(
        &self,
        recipient: &Agency,
        row: &DeliveryRow,
        (last, detail): (&ReleaseRow, &ReleaseDetail),
    ) -> Result<Option<Vec<Outgoing>>, Refusal> {
        if last.policy_hash != self.policy.hash() {
            return Ok(None);
        }
        // A fact that counted then may be readable no longer.
        let Ok(family) = self.family_then(&detail.footing, last.decided_at).await else { return Ok(None) };
        let then = self.decide_delivery_from(recipient, row, family).await?.released;
        let as_it_was = changed(Some(detail), Some(&then)).is_empty();
        Ok(as_it_was.then(|| self.render(recipient, row, &[], &then)))
    }

    async fn send_again(&self, row: DeliveryRow, actor: &Actor) -> Result<Replay, Refusal> {
        if !row.state.is_dead_letter() {
            return Err(Refusal::invalid(
                "M612",
                "delivery_id",
                "この配信は再送の対象ではありません。届けられなかったものだけを再送できます。",
                "This delivery is not to be sent again: only what was given up is.",
            ));
        }
        let now = self.now();
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        let family = self.family(&persons, now).await?;
        let again = DeliveryRow {
            attempts: 0,
            reason: String::new(),
            next_at: due(&row.format, now),
            ..row.clone().queued(DeliveryState::Waiting)
        };
        let owner = self.answers_for(&row.municipality, &row.recipient);
        let mut entry = act(now, "replay delivery", &owner, actor);
        entry.recipient = row.recipient.to_string();
        entry.purpose = row.purpose.to_string();
        let leaf = self.leaf(now, &row.municipality, &family, &persons, entry);
        let mut rows = vec![Row::Delivery(again.clone())];
        rows.extend(self.items_about(&row, actor, now).await?.into_iter().map(Row::WorkItem));
        let change = Change { expect: vec![stands(&row)], rows, message: None, leaves: vec![leaf] };
        self.store.commit("replay a delivery", change).await?;
        self.deliveries.notify_waiters();
        Ok(Replay { row: again, changed: Vec::new(), outputs: Vec::new(), compared: None })
    }

    /// The open questions about a dead letter, answered by sending it again.
    async fn items_about(&self, row: &DeliveryRow, actor: &Actor, now: Time) -> Result<Vec<WorkItemRow>, Refusal> {
        let owner = self.answers_for(&row.municipality, &row.recipient);
        let about = row.id.to_string();
        let mut answered = Vec::new();
        for item in self.store.work_items(&owner, Some(true), DEAD_KIND, ITEMS_MAX).await? {
            let persons: Vec<PersonId> = item.persons.iter().map(|c| c.person).collect();
            let Some(mut body) = self.open_item(&item).await?.filter(|body| body.about == about) else { continue };
            let family = self.family(&persons, now).await?;
            body.answer = Some("replayed".to_owned());
            body.by.clone_from(&actor.staff_id);
            let version = item.version.saturating_add(1);
            let sealed = self.seal_json(&family, &persons, "work_item", item.id.0, version, &body)?;
            answered.push(WorkItemRow { open: false, answered_at: Some(now), version, body: sealed, ..item });
        }
        Ok(answered)
    }
}

/// Entry by entry, what a release shows beside what the last one did.
fn changed(last: Option<&ReleaseDetail>, now: Option<&Released>) -> Vec<ChangedEntry> {
    let before = last.iter().flat_map(|detail| &detail.items);
    let of_each =
        before.flat_map(|item| item.entries.iter().map(|entry| (EntryId(*entry), item.full.union(item.general))));
    let before: BTreeMap<EntryId, CategorySet> = of_each.collect();
    let shown = |shown: &Shown| (shown.entry, shown.full.union(shown.general));
    let after: BTreeMap<EntryId, CategorySet> = now.iter().flat_map(|now| now.shown()).map(shown).collect();
    let entries: BTreeSet<EntryId> = before.keys().chain(after.keys()).copied().collect();
    let compared = entries.into_iter().map(|entry| {
        let of = |all: &BTreeMap<EntryId, CategorySet>| all.get(&entry).copied().unwrap_or_default();
        let (was, is) = (of(&before), of(&after));
        ChangedEntry { entry, more: is.minus(was), less: was.minus(is) }
    });
    compared.filter(|entry| !entry.more.is_empty() || !entry.less.is_empty()).collect()
}

/// Format by format, what would be handed over beside what was.
fn compared(now: &[Outgoing], before: &[Outgoing]) -> Vec<ComparedOutput> {
    let formats: BTreeSet<&str> = now.iter().chain(before).map(Outgoing::format).collect();
    let compared = formats.into_iter().map(|format| {
        let (now, before) = (output_in(now, format), output_in(before, format));
        let (here, there) = (lines(now), lines(before));
        let more = |some: &BTreeMap<&[u8], usize>, others: &BTreeMap<&[u8], usize>| -> usize {
            some.iter().map(|(line, count)| count.saturating_sub(others.get(line).copied().unwrap_or_default())).sum()
        };
        ComparedOutput {
            format: format.to_owned(),
            lines: (more(&here, &there), more(&there, &here)),
            bytes: (now.map(<[u8]>::len), before.map(<[u8]>::len)),
        }
    });
    compared.collect()
}

fn output_in<'o>(all: &'o [Outgoing], format: &str) -> Option<&'o [u8]> {
    all.iter().find(|one| one.format() == format).map(Outgoing::bytes)
}

/// How often each line stands in an output. Segments of HL7 v2 are lines.
fn lines(output: Option<&[u8]>) -> BTreeMap<&[u8], usize> {
    let mut counted = BTreeMap::new();
    for line in output.unwrap_or_default().split(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| !line.is_empty()) {
        *counted.entry(line).or_default() += 1;
    }
    counted
}

fn unknown() -> Refusal {
    Refusal::invalid("M613", "delivery_id", "この番号の配信は見つかりません。", "There is no such delivery of yours.")
}

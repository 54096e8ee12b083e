//! A concern is offered to the authority in the transaction that takes it in, so that no crash comes between: as a ground of its
//! author and a work item of those whose task it is, or as the question for what is missing.

use super::Custody;
use crate::hub::Refusal;
use crate::hub::grounds::ground_fact;
use crate::hub::ledger::act;
use crate::hub::notification::{FORM, NOTIFICATION, form, incomplete, is_concern, received, told_by};
use crate::hub::work::WorkBody;
use crate::store::{Change, WorkItemRow};
use musubi_core::adapter::Diagnostic;
use musubi_core::agency::AgencyId;
use musubi_core::consent::records::Ground;
use musubi_core::id::{EntryId, MessageId, PersonId};
use musubi_core::notification::{GROUND, Offer, offers, offers_concerns};
use musubi_core::record::SharedEntry;
use std::collections::BTreeSet;

/// What becomes of the concerns of a parcel.
#[derive(Default)]
pub(super) struct Offered {
    grounds: Vec<Ground>,
    /// What is missing, and about whom.
    incomplete: Vec<(Vec<String>, Vec<PersonId>)>,
    /// Questions about an earlier version of them, which nobody need answer any more.
    before: Vec<(WorkItemRow, WorkBody)>,
    /// Something in them was not said before.
    news: bool,
}

impl Custody<'_> {
    /// Are concerns of this author offered, and not delivered like a report?
    pub(super) fn offers(&self) -> bool {
        offers_concerns(self.caller.agency.kind) && !self.parcel.by_hub
    }

    pub(super) async fn offered(&self) -> Result<Offered, Refusal> {
        let mut offered = Offered::default();
        let known = |person| self.family.known_as(person);
        let concerns = self.entries.iter().filter(|entry| is_concern(entry)).cloned();
        let concerns: Vec<SharedEntry> = concerns.map(|entry| entry.with_persons(&known)).collect();
        if !self.offers() || concerns.is_empty() {
            return Ok(offered);
        }
        for offer in offers(&concerns, self.caller.id()) {
            let lacks = offer.missing(&self.hub.policy, self.caller.is_person());
            match self.ground_of(&offer).filter(|_| lacks.is_empty()) {
                Some(ground) => offered.grounds.push(ground),
                None => {
                    let lacks = if lacks.is_empty() { vec![GROUND.to_owned()] } else { lacks };
                    offered.incomplete.push((lacks, offer.persons.into_iter().collect()));
                }
            }
        }
        let series: BTreeSet<String> = concerns.iter().map(SharedEntry::series).collect();
        let same = |message: MessageId| self.family.came_with(message).any(|entry| series.contains(&entry.series()));
        offered.before = self.hub.forms_of(self.caller.id(), &self.family, &same).await?;
        offered.news = self.says_something_new(&concerns);
        Ok(offered)
    }

    /// The ground of an offer, where there is a center and the law lets the author tell it.
    fn ground_of(&self, offer: &Offer) -> Option<Ground> {
        let center: AgencyId = self.hub.register.center(&self.municipality)?.id.clone();
        let offered = (offer, offer.code?);
        self.hub.offered_ground(self.caller, offered, center, self.message, self.now).ok()
    }

    fn says_something_new(&self, concerns: &[SharedEntry]) -> bool {
        let on_file: BTreeSet<String> = self.family.entries().iter().map(SharedEntry::series).collect();
        let changed: BTreeSet<EntryId> =
            self.family.changed_by(concerns).into_iter().filter_map(SharedEntry::id).collect();
        let new = |entry: &SharedEntry| {
            !on_file.contains(&entry.series()) || entry.id().is_some_and(|id| changed.contains(&id))
        };
        concerns.iter().any(new)
    }

    /// The rows and leaves of what is offered. Says to the author what became of it.
    pub(super) fn offer_rows(&self, offered: Offered, change: &mut Change) -> Result<Vec<Diagnostic>, Refusal> {
        let (now, mut said) = (self.now, Vec::new());
        for (row, body) in offered.before {
            self.hub.over(now, &self.family, row, body, change)?;
        }
        for ground in &offered.grounds {
            change.rows.push(self.hub.fact_row(now, &self.municipality, &self.family, &ground_fact(ground))?);
            if offered.news {
                let (owner, due) = (&ground.recipient, told_by(now));
                change.rows.push(self.ask(owner, NOTIFICATION, due, &ground.subjects, &self.hub.told(ground))?);
            }
            let mut entry = act(now, "assert ground", self.caller.id(), &self.caller.actor);
            entry.evidence = vec![ground.id.0.as_bytes().to_vec()];
            entry.recipient = ground.recipient.to_string();
            change.leaves.push(self.hub.leaf(now, &self.municipality, &self.family, &ground.subjects, entry));
            said.push(received(ground.code));
        }
        for (lacks, persons) in &offered.incomplete {
            let (due, body) = form(lacks, self.message, now);
            change.rows.push(self.ask(self.caller.id(), FORM, due, persons, &body)?);
            said.push(incomplete(lacks));
        }
        Ok(said)
    }
}

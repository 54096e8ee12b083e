//! What of a world its recipient does not see: to take it away, or to change it, and look for a trace.

use super::world::{POLICY, World, author, now};
use crate::agency::{AgencyId, Category, CategorySet};
use crate::consent::{Item, Label, Originator, View, view};
use crate::id::{EntryId, MessageId, PersonId};
use crate::release::Released;
use musubi_proto::v1 as proto;
use musubi_proto::{Labelled, Mask};
use proto::entry::Body;

impl World {
    /// The entries with everything removed that the recipient may not see. What the decision asks of an entry and never shows
    /// (who wrote it, with which message it came) stays.
    pub fn erased(&self) -> Vec<proto::Entry> {
        let erase = |entry: &proto::Entry| {
            let mut mask = Mask::NONE;
            for category in CategorySet::ALL.iter() {
                let view = self.view_of(entry, category);
                mask.full |= view.full.bits() | if view.whereabouts { Mask::WHEREABOUTS } else { 0 };
                mask.general |= view.general.bits();
            }
            let mut left = entry.clone();
            left.project(mask).then(|| {
                (left.author, left.author_of_protection) = (entry.author.clone(), entry.author_of_protection.clone());
                left
            })
        };
        self.entries.iter().filter_map(erase).collect()
    }

    /// The entries of which nothing is shown, by place.
    pub fn hidden(&self, released: &Released) -> Vec<usize> {
        let shows = |id: &String| released.record().entries.iter().any(|entry| &entry.id == id);
        (0..self.entries.len()).filter(|at| !shows(&self.entries[*at].id)).collect()
    }

    /// Changes one entry in whatever may change about it.
    pub fn change(&mut self, at: usize) {
        let fresh = self.entry();
        let author = self.any_agency().to_string();
        let mut entry = self.entries[at].clone();
        match self.dice.below(6) {
            0 => self.attribute(&mut entry, author),
            1 => (entry.occurred_at, entry.source_time) = (fresh.occurred_at, fresh.source_time),
            2 => entry.recorded_at_micros = fresh.recorded_at_micros,
            3 => (entry.source_message, entry.source_path) = (fresh.source_message, fresh.source_path),
            4 => entry.body = fresh.body,
            _ => entry = proto::Entry { id: entry.id, ..fresh },
        }
        self.entries[at] = entry;
    }

    /// The view of one category of one entry.
    pub fn view_of(&self, entry: &proto::Entry, category: Category) -> View {
        let author = AgencyId::new(author(entry)).unwrap();
        let subjects: Vec<PersonId> = entry.person_ids.iter().map(|id| PersonId::parse(id).unwrap()).collect();
        let recipient = &self.request.recipient;
        let named = |names: &[&str]| names.contains(&recipient.as_str());
        let (is_own_report, party) = match &entry.body {
            Some(Body::CareDelivery(delivery)) => (named(&[&delivery.provider]), named(&[&entry.author])),
            Some(Body::Claim(claim)) => (named(&[&claim.provider]), false),
            Some(Body::Referral(referral)) => (false, named(&[&referral.from, &referral.to])),
            Some(Body::CareApproval(approval)) => (false, named(&[&entry.author, &approval.provider])),
            Some(Body::ReferralStep(step)) => (false, named(&[&entry.author, &step.to_agency])),
            _ => (false, false),
        };
        let parties = if party { vec![recipient.clone()] } else { Vec::new() };
        let item = Item {
            entry: EntryId::parse(&entry.id),
            categories: CategorySet::EMPTY.with(category),
            subjects: &subjects,
            author: &author,
            commissioned: entry.commissioned,
            whereabouts: entry.whereabouts,
            label: [Label::N, Label::N, Label::R, Label::V][entry.label as usize],
            originator: [Originator::None, Originator::None, Originator::Ask, Originator::No]
                [entry.originator as usize],
            message: MessageId::parse(&entry.source_message),
            is_own_report,
            referral_parties: &parties,
        };
        view(&POLICY, &self.request, &self.facts, &item, now())
    }
}

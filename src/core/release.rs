//! The one door: a record filtered for one recipient. Only [`release`] makes a [`Released`], and bytes leave only
//! from one (`design.md` promise P2).
//!
//! A record that consent has not filtered cannot be encoded. This compiles:
//!
//! ```
//! use musubi_core::{adapter::{Adapter, Profile}, release::{Outgoing, Released}};
//! fn send(adapter: &dyn Adapter, record: &Released, profile: &Profile) {
//!     drop(Outgoing::render(adapter, record, profile));
//! }
//! ```
//!
//! and its twin, which differs in the record's type alone, does not:
//!
//! ```compile_fail
//! use musubi_core::{adapter::{Adapter, Profile}, record::SharedRecord, release::{Outgoing, Released}};
//! fn send(adapter: &dyn Adapter, record: &SharedRecord, profile: &Profile) {
//!     drop(Outgoing::render(adapter, record, profile));
//! }
//! ```
//!
//! Nor can a release be built or changed by hand. This compiles:
//!
//! ```
//! use musubi_core::release::Released;
//! fn entries(released: &Released) -> usize { released.record().entries.len() }
//! ```
//!
//! and this does not, because the fields are private:
//!
//! ```compile_fail
//! use musubi_core::release::Released;
//! fn entries(released: &Released) -> usize { released.record.entries.len() }
//! ```
//!
//! It can be handed on, but not put together anew, not even from another one:
//!
//! ```
//! use musubi_core::release::Released;
//! fn forge(released: Released) -> Released { released }
//! ```
//!
//! ```compile_fail
//! use musubi_core::release::Released;
//! fn forge(released: Released) -> Released { Released { ..released } }
//! ```

mod author;
mod judged;
mod outgoing;
#[cfg(test)]
mod tests;
mod trace;

pub use author::release_to_author;
pub use outgoing::{Dispatch, Outgoing, Reply};

use crate::agency::{AgencyId, Category, CategorySet, Purpose};
use crate::consent::{Evidence, Facts, Listing, Outcome, Policy, Request, Rule, View, view};
use crate::id::{EntryId, FactId, PersonId, ReleaseId};
use crate::record::{SharedRecord, is_subject_data, kind_of};
use crate::time::Time;
use judged::Judged;
use musubi_proto::v1 as proto;
use musubi_proto::{Labelled, Mask};
use prost::Message;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// A record filtered for one recipient. Only [`release`] makes one.
#[must_use]
pub struct Released {
    record: proto::ReleasedRecord,
    recipient: AgencyId,
    purpose: Purpose,
    at: Time,
    shown: Vec<Shown>,
    withheld: Vec<Withheld>,
}

/// What was shown of one entry, and why: for the release row and the audit entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The entry.
    pub entry: EntryId,
    /// Its subjects.
    pub persons: Vec<PersonId>,
    /// Categories shown whole.
    pub full: CategorySet,
    /// Categories shown in their generalised form.
    pub general: CategorySet,
    /// The rule of each category that was shown.
    pub rules: Vec<(Category, Rule)>,
    /// The cell that was read for each, and the facts that counted.
    pub bases: Vec<(Category, Evidence)>,
    /// Consents and grounds that it rests on.
    pub evidence: Vec<(Category, FactId)>,
    /// The recipient wrote it.
    own: bool,
}

impl Shown {
    /// Says nothing of a category that no leaf tells: that it may be seen would tell that there was something to see.
    fn only(&mut self, told: CategorySet) {
        self.full = self.full.and(told);
        self.general = self.general.and(told);
        let visible = self.full.union(self.general);
        self.rules.retain(|(category, _)| visible.has(*category));
        self.bases.retain(|(category, _)| visible.has(*category));
        self.evidence.retain(|(category, _)| visible.has(*category));
    }
}

/// What was not shown of one entry. For the author and the auditor, never for the recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// The entry.
    pub entry: EntryId,
    /// Its author.
    pub author: Option<AgencyId>,
    /// Its subjects.
    pub persons: Vec<PersonId>,
    /// The category.
    pub category: Category,
    /// `Hold` waits for a person; `Deny` does not.
    pub outcome: Outcome,
    /// The rule that decided.
    pub rule: Rule,
    /// The cell that was read, and the facts that counted.
    pub basis: Evidence,
    /// Objections, shields, seals and other records that it rests on.
    pub evidence: Vec<FactId>,
}

impl Released {
    /// The filtered message, for encoders.
    pub fn record(&self) -> &proto::ReleasedRecord {
        &self.record
    }

    /// Nothing was left.
    pub fn is_empty(&self) -> bool {
        self.record.entries.is_empty()
    }

    /// Whom it was filtered for.
    pub fn recipient(&self) -> &AgencyId {
        &self.recipient
    }

    /// For which purpose.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The moment of the decision.
    pub fn at(&self) -> Time {
        self.at
    }

    /// What was shown, entry by entry.
    pub fn shown(&self) -> &[Shown] {
        &self.shown
    }

    /// What was not.
    pub fn withheld(&self) -> &[Withheld] {
        &self.withheld
    }

    /// Was this entry shown, in whole or part?
    pub fn shows(&self, entry: EntryId) -> bool {
        self.shown.iter().any(|shown| shown.entry == entry)
    }

    /// The hash of all that it says to its recipient, which is the same however often it is released: the version of a view
    /// (`consent.md` section 8). What may not be seen has no part in it.
    pub fn view(&self) -> [u8; 32] {
        let said = proto::ReleasedRecord { release_id: String::new(), ..self.record.clone() };
        Sha256::digest(said.encode_to_vec()).into()
    }

    /// Narrows it further: shows none but these categories (a level of `formats/child_guidance.md` section 5). Never shows
    /// more.
    pub fn narrow(&mut self, categories: CategorySet) {
        if categories == CategorySet::ALL {
            return;
        }
        let mask = Mask { full: categories.bits() | Mask::WHEREABOUTS, general: 0 };
        let entries = std::mem::take(&mut self.record.entries);
        let shown = std::mem::take(&mut self.shown);
        let narrowed = entries.into_iter().zip(shown).filter_map(|(mut entry, shown)| {
            if !shown.own {
                trace::drop_envelope(&mut entry, categories);
            }
            show(entry, shown, mask)
        });
        self.settle(narrowed.collect());
    }

    /// Takes what the masks left, without the subject data of those about whom nothing else is left.
    fn settle(&mut self, mut left: Vec<(proto::Entry, Shown)>) {
        let dependent = |entry: &proto::Entry, shown: &Shown| {
            !shown.own && entry.body.as_ref().is_some_and(|body| is_subject_data(kind_of(body)))
        };
        let others = left.iter().filter(|(entry, shown)| !dependent(entry, shown));
        let with_substance: BTreeSet<PersonId> = others.flat_map(|(_, shown)| shown.persons.iter().copied()).collect();
        let stays = |(entry, shown): &(proto::Entry, Shown)| {
            !dependent(entry, shown) || shown.persons.iter().any(|person| with_substance.contains(person))
        };
        left.retain(stays);
        (self.record.entries, self.shown) = left.into_iter().unzip();
        trace::drop_links_to_hidden(&mut self.record.entries, &self.shown);
        self.record.grounds = positive_reasons(&self.shown);
    }

    /// The id of the release, once the hub has given it one; it travels with the data.
    pub fn set_release_id(&mut self, id: ReleaseId) {
        self.record.release_id = id.to_string();
    }
}

/// Filters a record for one recipient and purpose at one moment. Never fails: without a basis everything is withheld.
///
/// Each field stays only if every category that it needs is visible (`spine.md` section 2); an entry of which no fact
/// stays does not exist for the recipient; subject data travel only beside another entry of the same person that
/// stays (`consent.md` section 2), except to their own author. What of the envelope tells of other entries of the source
/// goes back to the author alone.
pub fn release(record: SharedRecord, request: &Request, facts: &Facts, policy: &Policy, now: Time) -> Released {
    let mut released = Released {
        record: proto::ReleasedRecord::default(),
        recipient: request.recipient.clone(),
        purpose: request.purpose,
        at: now,
        shown: Vec::new(),
        withheld: Vec::new(),
    };
    let listing = Listing::new(policy, request, facts, now);
    let entries = record.into_entries();
    let mut left = Vec::with_capacity(entries.len());
    for entry in entries {
        let Some(judged) = Judged::of(&entry) else { continue };
        let item = judged.as_item(&request.recipient);
        let mut decided = view(policy, request, facts, &item, now);
        decided.shown_by_both(listing.visible(&item));
        let own = judged.author == request.recipient;
        released.withheld.extend(judged.withheld(&decided));
        if decided.full.union(decided.general).is_empty() {
            continue;
        }
        let mut message = entry.into_message();
        if !own {
            trace::drop_envelope(&mut message, decided.full);
        }
        left.extend(show(message, judged.shown(&decided, own), mask(&decided)));
    }
    released.settle(left);
    released.record.notice = NOTICE.to_owned();
    released
}

/// What of a record would not be shown, and why: as [`release`] finds it, with nothing filtered for anybody.
pub fn withheld(record: &SharedRecord, request: &Request, facts: &Facts, policy: &Policy, now: Time) -> Vec<Withheld> {
    let mut withheld = Vec::new();
    for judged in record.entries().iter().filter_map(Judged::of) {
        let decided = view(policy, request, facts, &judged.as_item(&request.recipient), now);
        withheld.extend(judged.withheld(&decided));
    }
    withheld
}

/// The redisclosure notice that travels with the data (`consent.md` section 12).
pub const NOTICE: &str = "この情報は提供を受けた目的にのみ利用できます。再提供・目的外利用は禁止されています。 / Use only for the stated purpose; do not pass on.";

fn mask(view: &View) -> Mask {
    let full = view.full.bits() | if view.whereabouts { Mask::WHEREABOUTS } else { 0 };
    Mask { full, general: view.general.bits() }
}

/// What a mask leaves of an entry; `None` when no fact is left.
fn show(mut entry: proto::Entry, mut shown: Shown, mask: Mask) -> Option<(proto::Entry, Shown)> {
    if !entry.project(mask) {
        return None;
    }
    shown.only(CategorySet::from_bits(entry.told()));
    Some((entry, shown))
}

/// Only what speaks for the release: which rules and grounds, never that something was withheld.
fn positive_reasons(shown: &[Shown]) -> Vec<String> {
    let rules: BTreeSet<Rule> = shown.iter().flat_map(|entry| &entry.rules).map(|(_, rule)| *rule).collect();
    let words: BTreeSet<String> = rules.iter().map(Rule::to_string).collect();
    words.into_iter().collect()
}

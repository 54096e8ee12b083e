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
//! ```compile_fail
//! use musubi_core::release::Released;
//! fn forge(released: Released) -> Released { Released { ..released } }
//! ```

mod author;
mod outgoing;

pub use author::release_to_author;
pub use outgoing::{Dispatch, Outgoing, Reply};

use crate::agency::{AgencyId, Category, CategorySet, Purpose};
use crate::consent::{Facts, Item, Label, Originator, Outcome, Policy, Request, Rule, View, view};
use crate::id::{EntryId, FactId, PersonId, ReleaseId};
use crate::record::{SharedEntry, SharedRecord, is_subject_data};
use crate::time::Time;
use musubi_proto::v1 as proto;
use musubi_proto::{Labelled, Mask};
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
    /// Consents and grounds that it rests on.
    pub evidence: Vec<(Category, FactId)>,
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

    /// Narrows it further: shows none but these categories (a level of `formats/child_guidance.md` section 5). Never shows
    /// more.
    pub fn narrow(&mut self, categories: CategorySet) {
        if categories == CategorySet::ALL {
            return;
        }
        let mask = Mask { full: categories.bits() | Mask::WHEREABOUTS, general: 0 };
        let entries = std::mem::take(&mut self.record.entries);
        let shown = std::mem::take(&mut self.shown);
        for (mut entry, mut shown) in entries.into_iter().zip(shown) {
            if entry.project(mask) {
                shown.full = shown.full.and(categories);
                shown.general = shown.general.and(categories);
                shown.rules.retain(|(category, _)| categories.has(*category));
                shown.evidence.retain(|(category, _)| categories.has(*category));
                self.record.entries.push(entry);
                self.shown.push(shown);
            }
        }
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
/// stays does not exist for the recipient; subject data travel only beside another entry of the same person that stays
/// (`consent.md` section 2), except to their own author.
pub fn release(record: SharedRecord, request: &Request, facts: &Facts, policy: &Policy, now: Time) -> Released {
    let mut released = Released {
        record: proto::ReleasedRecord::default(),
        recipient: request.recipient.clone(),
        purpose: request.purpose,
        at: now,
        shown: Vec::new(),
        withheld: Vec::new(),
    };
    let mut kept: Vec<(proto::Entry, Shown, bool)> = Vec::new();
    for entry in record.into_entries() {
        let Some(item) = Judged::of(&entry) else { continue };
        let decided = view(policy, request, facts, &item.as_item(&request.recipient), now);
        let own = item.author == request.recipient;
        let subject_data = is_subject_data(entry.kind());
        released.withheld.extend(item.withheld(&decided));
        let shown = item.shown(&decided);
        let mut message = entry.into_message();
        if message.project(mask(&decided)) {
            kept.push((message, shown, subject_data && !own));
        }
    }
    let with_substance: BTreeSet<PersonId> =
        kept.iter().filter(|(_, _, dependent)| !dependent).flat_map(|(_, shown, _)| shown.persons.clone()).collect();
    for (message, shown, dependent) in kept {
        if !dependent || shown.persons.iter().any(|person| with_substance.contains(person)) {
            released.record.entries.push(message);
            released.shown.push(shown);
        }
    }
    released.record.grounds = positive_reasons(&released.shown);
    released.record.notice = NOTICE.to_owned();
    released
}

/// The redisclosure notice that travels with the data (`consent.md` section 12).
pub const NOTICE: &str = "この情報は提供を受けた目的にのみ利用できます。再提供・目的外利用は禁止されています。 / Use only for the stated purpose; do not pass on.";

fn mask(view: &View) -> Mask {
    let full = view.full.bits() | if view.whereabouts { Mask::WHEREABOUTS } else { 0 };
    Mask { full, general: view.general.bits() }
}

/// Only what speaks for the release: which rules and grounds, never that something was withheld.
fn positive_reasons(shown: &[Shown]) -> Vec<String> {
    let rules: BTreeSet<String> =
        shown.iter().flat_map(|entry| &entry.rules).map(|(_, rule)| rule.to_string()).collect();
    rules.into_iter().collect()
}

/// What the decision asks of one entry.
struct Judged {
    entry: EntryId,
    categories: CategorySet,
    persons: Vec<PersonId>,
    author: AgencyId,
    commissioned: bool,
    whereabouts: bool,
    label: Label,
    originator: Originator,
    message: Option<crate::id::MessageId>,
    own_report_of: Option<AgencyId>,
    parties: Vec<AgencyId>,
}

impl Judged {
    fn of(entry: &SharedEntry) -> Option<Self> {
        let message = entry.message();
        let mut needed = 0;
        message.leaves(&mut String::new(), &mut |_, need| needed |= need.bits);
        Some(Judged {
            entry: entry.id()?,
            categories: CategorySet::from_bits(needed),
            persons: entry.persons().into_iter().map(|(person, _)| person).collect(),
            author: entry.author()?,
            commissioned: message.commissioned,
            whereabouts: message.whereabouts,
            label: label(message.label()),
            originator: originator(message.originator()),
            message: entry.source_message(),
            own_report_of: own_report_of(message),
            parties: parties(message),
        })
    }

    fn as_item<'a>(&'a self, recipient: &AgencyId) -> Item<'a> {
        Item {
            categories: self.categories,
            subjects: &self.persons,
            author: &self.author,
            commissioned: self.commissioned,
            whereabouts: self.whereabouts,
            label: self.label,
            originator: self.originator,
            message: self.message,
            is_own_report: self.own_report_of.as_ref() == Some(recipient),
            referral_parties: &self.parties,
        }
    }

    fn shown(&self, view: &View) -> Shown {
        let visible = view.full.union(view.general);
        Shown {
            entry: self.entry,
            persons: self.persons.clone(),
            full: view.full.and(self.categories),
            general: view.general.and(self.categories),
            rules: view
                .decisions
                .iter()
                .filter(|(category, _)| visible.has(*category))
                .map(|(category, decision)| (*category, decision.rule))
                .collect(),
            evidence: view.evidence.clone(),
        }
    }

    fn withheld<'a>(&'a self, view: &'a View) -> impl Iterator<Item = Withheld> + 'a {
        let hidden = view.decisions.iter().filter(|(_, d)| !matches!(d.outcome, Outcome::Permit | Outcome::General));
        hidden.map(|(category, decision)| Withheld {
            entry: self.entry,
            author: Some(self.author.clone()),
            persons: self.persons.clone(),
            category: *category,
            outcome: decision.outcome,
            rule: decision.rule,
        })
    }
}

fn label(label: proto::Label) -> Label {
    match label {
        proto::Label::Unspecified | proto::Label::N => Label::N,
        proto::Label::R => Label::R,
        proto::Label::V => Label::V,
    }
}

fn originator(restriction: proto::Originator) -> Originator {
    match restriction {
        proto::Originator::Unspecified | proto::Originator::Free => Originator::None,
        proto::Originator::Ask => Originator::Ask,
        proto::Originator::Closed => Originator::No,
    }
}

/// The provider whose care an entry reports or claims for, although another may have entered it.
fn own_report_of(entry: &proto::Entry) -> Option<AgencyId> {
    use proto::entry::Body;
    let provider = match &entry.body {
        Some(Body::CareDelivery(delivery)) => &delivery.provider,
        Some(Body::Claim(claim)) => &claim.provider,
        _ => return None,
    };
    AgencyId::new(provider.clone()).ok()
}

/// Who is party to the referral that an entry belongs to: the C16 of a referral is for them.
fn parties(entry: &proto::Entry) -> Vec<AgencyId> {
    use proto::entry::Body;
    let named: Vec<&String> = match &entry.body {
        Some(Body::Referral(referral)) => vec![&referral.from, &referral.to],
        Some(Body::CareApproval(approval)) => vec![&entry.author, &approval.provider],
        Some(Body::CareDelivery(_) | Body::ReferralStep(_)) => vec![&entry.author],
        _ => Vec::new(),
    };
    named.into_iter().filter_map(|id| AgencyId::new(id.clone()).ok()).collect()
}

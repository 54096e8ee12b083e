//! What the decision asks of one entry, and what its answer means for it.

use super::{Shown, Withheld};
use crate::agency::{AgencyId, CategorySet};
use crate::consent::{Item, Label, Originator, Outcome, View};
use crate::id::{EntryId, MessageId, PersonId};
use crate::record::SharedEntry;
use musubi_proto::v1 as proto;

/// What the decision asks of one entry.
pub(super) struct Judged {
    entry: EntryId,
    categories: CategorySet,
    persons: Vec<PersonId>,
    pub(super) author: AgencyId,
    commissioned: bool,
    whereabouts: bool,
    label: Label,
    originator: Originator,
    message: Option<MessageId>,
    own_report_of: Option<AgencyId>,
    parties: Vec<AgencyId>,
}

impl Judged {
    /// `None` when it cannot be judged: who wrote it, or one whom it is about, is not known.
    pub(super) fn of(entry: &SharedEntry) -> Option<Self> {
        let message = entry.message();
        Some(Judged {
            entry: entry.id()?,
            categories: entry.categories(),
            persons: entry.every_person()?,
            author: entry.author()?,
            commissioned: message.commissioned,
            whereabouts: message.whereabouts,
            label: label(message.label),
            originator: originator(message.originator),
            message: entry.source_message(),
            own_report_of: own_report_of(message),
            parties: parties(message),
        })
    }

    pub(super) fn as_item<'a>(&'a self, recipient: &AgencyId) -> Item<'a> {
        Item {
            entry: Some(self.entry),
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

    pub(super) fn shown(&self, view: &View, own: bool) -> Shown {
        Shown {
            entry: self.entry,
            persons: self.persons.clone(),
            full: view.full.and(self.categories),
            general: view.general.and(self.categories),
            rules: view.decisions.iter().map(|(category, decision)| (*category, decision.rule)).collect(),
            bases: view.decisions.iter().map(|(category, decision)| (*category, decision.evidence)).collect(),
            evidence: view.evidence.clone(),
            own,
        }
    }

    pub(super) fn withheld<'a>(&'a self, view: &'a View) -> impl Iterator<Item = Withheld> + 'a {
        let hidden = view.decisions.iter().filter(|(_, d)| !matches!(d.outcome, Outcome::Permit | Outcome::General));
        hidden.map(|(category, decision)| Withheld {
            entry: self.entry,
            author: Some(self.author.clone()),
            persons: self.persons.clone(),
            category: *category,
            outcome: decision.outcome,
            rule: decision.rule,
            basis: decision.evidence,
            evidence: view.evidence.iter().filter(|(of, _)| of == category).map(|(_, id)| *id).collect(),
        })
    }
}

/// A number that the schema does not know is taken for the strictest.
fn label(number: i32) -> Label {
    match proto::Label::try_from(number) {
        Ok(proto::Label::Unspecified | proto::Label::N) => Label::N,
        Ok(proto::Label::R) => Label::R,
        Ok(proto::Label::V) | Err(_) => Label::V,
    }
}

/// A number that the schema does not know is taken for the strictest.
fn originator(number: i32) -> Originator {
    match proto::Originator::try_from(number) {
        Ok(proto::Originator::Unspecified | proto::Originator::Free) => Originator::None,
        Ok(proto::Originator::Ask) => Originator::Ask,
        Ok(proto::Originator::Closed) | Err(_) => Originator::No,
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
        Some(Body::ReferralStep(step)) => vec![&entry.author, &step.to_agency],
        Some(Body::CareDelivery(_)) => vec![&entry.author],
        _ => Vec::new(),
    };
    named.into_iter().filter_map(|id| AgencyId::new(id.clone()).ok()).collect()
}

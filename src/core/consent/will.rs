//! What consents, withdrawals and objections come to, for one recipient, purpose and category at one moment.

use super::gather::{Asked, OneSubject};
use super::grantor::{Standing, standing};
use super::records::{Consent, ConsentKind, Grantee, Relation, RelationKind, Scope, Status, within};
use super::weighing::Weighing;
use crate::agency::Category;
use crate::id::FactId;
use crate::time::Time;
use std::cmp::Ordering;

/// What consents and objections say about one category for this recipient and purpose.
pub(crate) struct Will {
    pub(crate) permit: Standing,
    /// An effective permit names the category.
    pub(crate) names: bool,
    /// A permit that only a person can judge is there, beside an effective one or alone; and whether it names the category.
    pub(crate) doubtful: Option<bool>,
    pub(crate) objection: Standing,
    /// When the last objection, or withdrawal without a later permit, was recorded.
    pub(crate) latest_no: Option<Time>,
    pub(crate) permits: Vec<FactId>,
    pub(crate) objections: Vec<FactId>,
}

impl Will {
    pub(crate) fn of(one: &OneSubject<'_>, category: Category) -> Self {
        let mut will = Will {
            permit: Standing::Void,
            names: false,
            doubtful: None,
            objection: Standing::Void,
            latest_no: None,
            permits: Vec::new(),
            objections: Vec::new(),
        };
        let live = |record: &&Consent| one.counts(record, category);
        for record in one.subject.consents.iter().filter(live) {
            match record.kind {
                ConsentKind::Permit => will.add_permit(record, one.permit_standing(record, category)),
                ConsentKind::Objection => will.add_objection(record, one.objection_standing(record, category)),
                ConsentKind::Withdrawal | ConsentKind::ObjectionLifted => {}
            }
        }
        if will.permit != Standing::Effective {
            let withdrawals = one.subject.consents.iter().filter(live);
            let withdrawals = withdrawals.filter(|record| {
                record.kind == ConsentKind::Withdrawal && one.standing(record, category) != Standing::Void
            });
            will.latest_no = withdrawals.map(|record| record.recorded_at).max().max(will.latest_no);
        }
        will.permits.sort_unstable();
        will.objections.sort_unstable();
        will
    }

    /// What a person answered about words in doubt: they count from now on, or they do not. Says by which record.
    pub(crate) fn weigh(&mut self, answer: Option<&Weighing>) -> Vec<FactId> {
        let doubtful = self.doubtful.is_some() || self.objection == Standing::Doubtful;
        let Some(answer) = answer.filter(|_| doubtful) else { return Vec::new() };
        match self.doubtful {
            Some(names) if answer.permit => (self.permit, self.names) = (Standing::Effective, self.names || names),
            Some(_) if self.permit == Standing::Doubtful => self.permit = Standing::Void,
            _ => {}
        }
        if self.objection == Standing::Doubtful {
            self.objection = if answer.permit { Standing::Void } else { Standing::Effective };
        }
        vec![answer.id]
    }

    fn add_permit(&mut self, record: &Consent, standing: Standing) {
        if standing == Standing::Void {
            return;
        }
        let names = matches!(record.categories, Scope::Named(_));
        if standing == Standing::Doubtful {
            self.doubtful = Some(names || self.doubtful == Some(true));
        }
        match standing.cmp(&self.permit) {
            Ordering::Less => return,
            Ordering::Equal => self.names |= names,
            Ordering::Greater => {
                self.permits.clear();
                self.names = names;
            }
        }
        self.permit = standing;
        self.permits.push(record.id);
    }

    fn add_objection(&mut self, record: &Consent, standing: Standing) {
        if standing == Standing::Void {
            return;
        }
        self.objection = self.objection.max(standing);
        self.latest_no = self.latest_no.max(Some(record.recorded_at));
        self.objections.push(record.id);
    }
}

impl OneSubject<'_> {
    fn standing(&self, record: &Consent, category: Category) -> Standing {
        standing(self.asked.policy, record, category, self.subject, self.asked.now)
    }

    /// What is left of a permit after the withdrawals.
    fn permit_standing(&self, permit: &Consent, category: Category) -> Standing {
        let own = self.standing(permit, category);
        self.later(permit, ConsentKind::Withdrawal, category).fold(own, |left, withdrawal| {
            match self.standing(withdrawal, category) {
                Standing::Effective => Standing::Void,
                Standing::Doubtful => left.min(Standing::Doubtful),
                Standing::Void => left,
            }
        })
    }

    /// What is left of an objection after it was lifted. Only a lifting without doubt counts.
    fn objection_standing(&self, objection: &Consent, category: Category) -> Standing {
        let lifted = self
            .later(objection, ConsentKind::ObjectionLifted, category)
            .any(|lifting| self.standing(lifting, category) == Standing::Effective);
        if lifted { Standing::Void } else { self.standing(objection, category) }
    }

    /// Records of a kind that reach the same point and came later, or name this one. A lifting that names an objection lifts
    /// that one alone: another's stands. At the same instant a withdrawal counts as later and a lifting does not: in doubt,
    /// silence.
    fn later(&self, first: &Consent, kind: ConsentKind, category: Category) -> impl Iterator<Item = &Consent> {
        let came_later = move |record: &&Consent| {
            let at = record.recorded_at.cmp(&first.recorded_at);
            let names_another =
                kind == ConsentKind::ObjectionLifted && record.supersedes.is_some_and(|id| id != first.id);
            let later = at.is_gt() || at.is_eq() && kind == ConsentKind::Withdrawal;
            record.supersedes == Some(first.id) || later && !names_another
        };
        let records = self.subject.consents.iter().filter(move |record| record.kind == kind);
        records.filter(move |record| self.counts(record, category)).filter(came_later)
    }

    /// Recorded by now, valid now, not replaced, and about this recipient, purpose and category.
    fn counts(&self, record: &Consent, category: Category) -> bool {
        let now = self.asked.now;
        let replaced = self.subject.consents.iter().any(|other| {
            other.supersedes == Some(record.id)
                && other.kind == record.kind
                && other.status != Status::Draft
                && other.recorded_at <= now
        });
        let permit = record.kind == ConsentKind::Permit;
        record.recorded_at <= now
            && within(now, record.valid_from, record.valid_until)
            && (!permit || record.valid_until.is_some())
            && self.is_about(record, category)
            && !replaced
    }

    fn is_about(&self, record: &Consent, category: Category) -> bool {
        let Asked { policy, request, .. } = self.asked;
        let permit = record.kind == ConsentKind::Permit;
        let grantee = match &record.grantee {
            Grantee::Agency(agency) => agency == &request.recipient,
            Grantee::Kind(kind) => *kind == request.kind,
            Grantee::Provider { service } => self.assigned(service),
            Grantee::Everyone => !permit,
        };
        let category = match record.categories {
            Scope::Named(named) => named.has(category),
            Scope::All => !permit || !policy.must_be_named.has(category),
        };
        let any_purpose = !permit && record.purposes.is_empty();
        grantee && category && (any_purpose || record.purposes.contains(&request.purpose))
    }

    fn assigned(&self, service: &str) -> bool {
        let Asked { request, now, .. } = self.asked;
        let serves = |tie: &Relation| matches!(&tie.kind, RelationKind::Assignment { service: s, .. } if s == service);
        self.subject.relations.iter().any(|tie| tie.live(now) && tie.agency == request.recipient && serves(tie))
    }
}

//! What the persons said, and what protects them: each change counts the epochs of its persons up, and what waited is
//! decided again.

mod once;

pub use once::Sent;

use super::caller::Caller;
use super::family::Family;
use super::ledger::act;
use super::persons::{AGENCIES_MAX, Named, at_most, only_center_staff};
use super::release_detail::ReleaseDetail;
use super::work::{Question, WorkBody};
use super::{DECIDE_AGAIN_MAX, Hub, Refusal};
use crate::store::{Change, Concerned, Conflict, FactKind, FactRow, Row, StoreError};
use musubi_core::adapter::Text;
use musubi_core::agency::{AgencyId, AgencyKind, Purpose};
use musubi_core::audit::{AuditEntry, Receipt};
use musubi_core::consent::records::{
    Channel, Consent, ConsentKind, Grantee, PerpetratorLink, Proof, Relationship, Scope, Seal, Shield, Status,
};
use musubi_core::id::{FactId, Municipality, PersonId};
use musubi_core::time::Time;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// Days in which the center looks at what another agency says that a person said.
const CHECK_DAYS: i64 = 7;

/// A permit or an objection, as it is to be recorded.
#[derive(Clone)]
pub struct ConsentTerms {
    /// Permit, objection, or the lifting of one.
    pub kind: ConsentKind,
    /// Whose data.
    pub subject: Named,
    /// Who gives it, where that is not the subject.
    pub grantor: Option<Named>,
    /// In what capacity the grantor acts.
    pub relationship: Relationship,
    /// Evidence of the authority.
    pub authority: String,
    /// To whom.
    pub grantee: Grantee,
    /// Which categories.
    pub categories: Scope,
    /// For which purposes.
    pub purposes: Vec<Purpose>,
    /// From.
    pub valid_from: Time,
    /// Until, exclusive.
    pub valid_until: Option<Time>,
    /// What proves it.
    pub evidence: Proof,
    /// What was said about recipients and the consequences of refusal.
    pub explanation_given: String,
    /// The objection that is lifted.
    pub lifts: Option<FactId>,
}

/// A fact on file.
pub struct Recorded {
    /// Its id.
    pub fact: FactId,
    /// Its state: `active`, `unverified` …
    pub status: Status,
    /// Proof that it is on file.
    pub receipt: Receipt,
}

/// A withdrawal on file, and what was shown before.
pub struct Withdrawn {
    /// The withdrawal.
    pub recorded: Recorded,
    /// What was released before it under the permits that it ends (F02).
    pub released_before: Vec<Before>,
}

/// A release that rested on a permit.
pub struct Before {
    /// To whom.
    pub recipient: AgencyId,
    /// For what.
    pub purpose: Purpose,
    /// When.
    pub at: Time,
}

impl fmt::Display for Before {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, {}", self.recipient, self.purpose, self.at.rfc3339())
    }
}

impl Hub {
    /// Records what a person permitted or objected to. It counts when the center where the person is kept says so, or an
    /// agency that knows the person and gains nothing by it; else it is put before the center.
    ///
    /// # Errors
    /// When a permit has no end, lasts longer than the law allows, or names nobody.
    pub async fn record_consent(&self, caller: &Caller, terms: ConsentTerms) -> Result<Recorded, Refusal> {
        self.record(caller, &terms, None).await
    }

    async fn record(&self, caller: &Caller, terms: &ConsentTerms, sent: Option<Sent<'_>>) -> Result<Recorded, Refusal> {
        needs_person(caller)?;
        for _ in 0..DECIDE_AGAIN_MAX {
            if let Some(recorded) = self.try_record(caller, terms, sent.as_ref()).await? {
                return Ok(recorded);
            }
        }
        Err(Refusal::kept_changing())
    }

    async fn try_record(
        &self,
        caller: &Caller,
        terms: &ConsentTerms,
        sent: Option<&Sent<'_>>,
    ) -> Result<Option<Recorded>, Refusal> {
        let now = self.now();
        let mut change = Change::default();
        let named: Vec<Named> = [&terms.subject].into_iter().chain(&terms.grantor).cloned().collect();
        let (family, persons) = self.persons_meant(&named, caller, &mut change).await?;
        let [subject, others @ ..] = persons.as_slice() else { return Err(nobody()) };
        let mut consent = self.consent_of(caller, terms, *subject, others.first().copied(), now);
        if let Some(sent) = sent
            && let Some(before) = self.answered_before(caller, &family, (sent, &consent)).await?
        {
            return Ok(Some(before));
        }
        lifts_what_is_there(&family, &consent)?;
        consent.check(family.born(*subject)).map_err(Refusal::of_faults)?;
        if !self.counts_from(caller, &family, &terms.subject, &consent) {
            consent.status = Status::Unverified;
            change.rows.extend(self.consent_check(&family, &consent, now)?);
        } else if !consent.verified() {
            consent.status = Status::Unverified;
        }
        change.message = sent.map(|sent| self.consent_message(caller, &family, (sent, &consent)));
        let kind = if terms.kind == ConsentKind::Permit { FactKind::Consent } else { FactKind::Objection };
        let recipient = match &consent.grantee {
            Grantee::Agency(agency) => Some(agency.clone()),
            _ => None,
        };
        let fact = Fact { id: consent.id, kind, recipient, persons: vec![*subject], value: &consent };
        let receipt = self.put_fact(caller, "record consent", &family, change, fact).await?;
        if receipt.is_some() && terms.kind == ConsentKind::Objection && consent.status == Status::Active {
            self.recall(&[*subject], &BTreeSet::new()).await;
        }
        Ok(receipt.map(|receipt| Recorded { fact: consent.id, status: consent.status, receipt }))
    }

    fn consent_of(
        &self,
        caller: &Caller,
        terms: &ConsentTerms,
        subject: PersonId,
        grantor: Option<PersonId>,
        now: Time,
    ) -> Consent {
        let mut evidence = terms.evidence.clone();
        if evidence.channel == Channel::Spoken && evidence.witness.is_none() {
            // Who heard it stands for it.
            evidence.witness = Some(caller.actor.staff_id.clone());
        }
        Consent {
            id: FactId(self.id(now)),
            version: 1,
            supersedes: terms.lifts,
            kind: terms.kind,
            subject,
            grantor: grantor.or(matches!(terms.relationship, Relationship::Subject).then_some(subject)),
            relationship: terms.relationship,
            authority: terms.authority.clone(),
            grantee: terms.grantee.clone(),
            categories: terms.categories,
            purposes: terms.purposes.clone(),
            valid_from: terms.valid_from,
            valid_until: terms.valid_until,
            recorded_at: now,
            evidence,
            status: Status::Active,
            explanation_given: terms.explanation_given.clone(),
        }
    }

    /// Does what this agency says that a person said have an effect? What opens must not favour the agency itself.
    fn counts_from(&self, caller: &Caller, family: &Family, named: &Named, consent: &Consent) -> bool {
        let subject = consent.subject;
        let opens = matches!(consent.kind, ConsentKind::Permit | ConsentKind::ObjectionLifted);
        let kept_nowhere = || Self::kept_in(family, subject, &Municipality::unassigned());
        if self.is_center_of(caller, family, subject)
            || !opens && caller.agency.kind == AgencyKind::Osc && kept_nowhere()
        {
            return true;
        }
        let favours = match &consent.grantee {
            Grantee::Agency(agency) => agency == caller.id(),
            Grantee::Kind(kind) => *kind == caller.agency.kind,
            Grantee::Provider { .. } => caller.agency.kind == AgencyKind::Prv,
            Grantee::Everyone => true,
        };
        let knows = family.wrote_about(caller.id(), subject) || named.is_own_identifier(caller);
        knows && !(opens && favours)
    }

    /// Puts what another agency says that a person said before the center where the person is kept.
    fn consent_check(&self, family: &Family, consent: &Consent, now: Time) -> Result<Option<Row>, Refusal> {
        let Some(center) = self.center_of(family, consent.subject) else { return Ok(None) };
        let text = Text::new(
            "他の機関から、本人の同意・撤回・異議の記録が届きました(未確認のため効力はありません)。本人に確かめ、必要ならセンターで記録してください。",
            "Another agency recorded a consent, withdrawal or objection. It has no effect: ask the person, and record it yourself.",
        );
        let body = WorkBody::new("CONSENT_CHECK", text, consent.id.to_string());
        let due = now.plus_days(CHECK_DAYS);
        let (owner, municipality, persons) = (&center.id, &center.municipality, &[consent.subject]);
        let question = Question { owner, kind: "consent_check", due, municipality, family, persons };
        self.ask(now, &question, &body).map(Some)
    }

    /// Ends permits: the defaults of the law remain. The center where the person is kept is told what was released under
    /// them before.
    ///
    /// # Errors
    /// When the person is not known, or the store fails.
    pub async fn withdraw(
        &self,
        caller: &Caller,
        subject: &Named,
        relationship: Relationship,
    ) -> Result<Withdrawn, Refusal> {
        needs_person(caller)?;
        for _ in 0..DECIDE_AGAIN_MAX {
            if let Some(withdrawn) = self.try_withdraw(caller, subject, relationship).await? {
                return Ok(withdrawn);
            }
        }
        Err(Refusal::kept_changing())
    }

    async fn try_withdraw(
        &self,
        caller: &Caller,
        named: &Named,
        relationship: Relationship,
    ) -> Result<Option<Withdrawn>, Refusal> {
        let now = self.now();
        let mut change = Change::default();
        let (family, persons) = self.persons_meant(std::slice::from_ref(named), caller, &mut change).await?;
        let [subject] = persons.as_slice() else { return Err(nobody()) };
        let terms = ConsentTerms {
            kind: ConsentKind::Withdrawal,
            subject: named.clone(),
            grantor: None,
            relationship,
            authority: String::new(),
            grantee: Grantee::Everyone,
            categories: Scope::All,
            purposes: Purpose::ALL.to_vec(),
            valid_from: now,
            valid_until: None,
            evidence: Proof::spoken(),
            explanation_given: String::new(),
            lifts: None,
        };
        let mut withdrawal = self.consent_of(caller, &terms, *subject, None, now);
        let mut released_before = Vec::new();
        let permits = permits_of(&family, *subject);
        if self.is_center_of(caller, &family, *subject) {
            released_before = self.released_under(&family, *subject, &permits).await?;
        }
        if !self.counts_from(caller, &family, named, &withdrawal) {
            withdrawal.status = Status::Unverified;
            change.rows.extend(self.consent_check(&family, &withdrawal, now)?);
        }
        let (id, status) = (withdrawal.id, withdrawal.status);
        let fact = Fact { id, kind: FactKind::Consent, recipient: None, persons: vec![*subject], value: &withdrawal };
        let receipt = self.put_fact(caller, "withdraw consent", &family, change, fact).await?;
        if receipt.is_some() && status == Status::Active {
            self.recall(&[*subject], &permits).await;
        }
        Ok(receipt.map(|receipt| Withdrawn { recorded: Recorded { fact: id, status, receipt }, released_before }))
    }

    /// Each release that rested on one of these permits.
    pub(super) async fn released_under(
        &self,
        family: &Family,
        subject: PersonId,
        permits: &BTreeSet<FactId>,
    ) -> Result<Vec<Before>, Refusal> {
        let mut released = Vec::new();
        for row in self.store.releases_of(&family.ids_of(subject)).await? {
            let detail: Option<ReleaseDetail> = self.opened(family, &row);
            let mut evidence = detail.iter().flat_map(|detail| &detail.items).flat_map(|item| &item.evidence);
            let under = evidence.any(|id| permits.contains(&FactId(*id)));
            if under {
                released.push(Before { recipient: row.recipient, purpose: row.purpose, at: row.decided_at });
            }
        }
        Ok(released)
    }

    /// Opens an address shield, and names agencies that stand close to the perpetrator.
    ///
    /// # Errors
    /// When the caller is no officer of a center, or the person is kept in another municipality: answered as unknown.
    pub async fn shield(
        &self,
        caller: &Caller,
        subject: &Named,
        period: (Time, Time),
        allowed: Vec<AgencyId>,
        linked: Vec<AgencyId>,
    ) -> Result<Recorded, Refusal> {
        only_center_staff(caller)?;
        at_most(allowed.len(), AGENCIES_MAX, "allowed")?;
        at_most(linked.len(), AGENCIES_MAX, "linked")?;
        for _ in 0..DECIDE_AGAIN_MAX {
            if let Some(recorded) = self.try_shield(caller, subject, period, &allowed, &linked).await? {
                return Ok(recorded);
            }
        }
        Err(Refusal::kept_changing())
    }

    async fn try_shield(
        &self,
        caller: &Caller,
        subject: &Named,
        period: (Time, Time),
        allowed: &[AgencyId],
        linked: &[AgencyId],
    ) -> Result<Option<Recorded>, Refusal> {
        let now = self.now();
        let mut change = Change::default();
        let (family, persons) = self.persons_meant(std::slice::from_ref(subject), caller, &mut change).await?;
        let [subject] = persons.as_slice() else { return Err(nobody()) };
        self.own_persons(caller, &family, [*subject])?;
        let municipality = self.municipality_of(&family, caller);
        for agency in linked {
            let id = FactId(self.id(now));
            let link = PerpetratorLink {
                id,
                subject: *subject,
                agency: agency.clone(),
                since: period.0,
                recorded_at: now,
                lifted_at: None,
            };
            let (kind, recipient) = (FactKind::PerpetratorLink, Some(agency.clone()));
            let fact = Fact { id, kind, recipient, persons: vec![*subject], value: &link };
            change.rows.push(self.fact_row(now, &municipality, &family, &fact)?);
        }
        let id = FactId(self.id(now));
        let shield = Shield {
            id,
            subject: *subject,
            since: period.0,
            until: period.1,
            allowed: allowed.to_vec(),
            recorded_at: now,
            lifted_at: None,
        };
        shield.check().map_err(Refusal::of_faults)?;
        change.rows.push(self.renewal_row(caller.id(), &municipality, &family, &shield)?);
        let fact = Fact { id, kind: FactKind::Shield, recipient: None, persons: vec![*subject], value: &shield };
        let receipt = self.put_fact(caller, "shield", &family, change, fact).await?;
        if receipt.is_some() {
            self.recall(&[*subject], &BTreeSet::new()).await;
        }
        Ok(receipt.map(|receipt| Recorded { fact: id, status: Status::Active, receipt }))
    }

    /// Seals a person's record (special adoption, court).
    ///
    /// # Errors
    /// When the caller is no officer of a center, or the person is kept in another municipality: answered as unknown.
    pub async fn seal_record(
        &self,
        caller: &Caller,
        subject: &Named,
        allowed: Vec<AgencyId>,
    ) -> Result<Recorded, Refusal> {
        only_center_staff(caller)?;
        at_most(allowed.len(), AGENCIES_MAX, "allowed")?;
        for _ in 0..DECIDE_AGAIN_MAX {
            let now = self.now();
            let mut change = Change::default();
            let (family, persons) = self.persons_meant(std::slice::from_ref(subject), caller, &mut change).await?;
            let [person] = persons.as_slice() else { return Err(nobody()) };
            self.own_persons(caller, &family, [*person])?;
            let id = FactId(self.id(now));
            let allowed = allowed.clone();
            let seal = Seal { id, subject: *person, allowed, since: now, recorded_at: now, lifted_at: None };
            let fact = Fact { id, kind: FactKind::Seal, recipient: None, persons: vec![*person], value: &seal };
            if let Some(receipt) = self.put_fact(caller, "seal", &family, change, fact).await? {
                self.recall(&[*person], &BTreeSet::new()).await;
                return Ok(Recorded { fact: id, status: Status::Active, receipt });
            }
        }
        Err(Refusal::kept_changing())
    }
}

/// A fact that is about to be put on file.
pub(super) struct Fact<'a, T> {
    pub id: FactId,
    pub kind: FactKind,
    pub recipient: Option<AgencyId>,
    pub persons: Vec<PersonId>,
    pub value: &'a T,
}

impl Hub {
    pub(super) fn fact_row<T: Serialize>(
        &self,
        now: Time,
        municipality: &Municipality,
        family: &Family,
        fact: &Fact<'_, T>,
    ) -> Result<Row, Refusal> {
        Ok(Row::Fact(FactRow {
            municipality: municipality.clone(),
            id: fact.id,
            kind: fact.kind,
            recipient: fact.recipient.clone(),
            recorded_at: now,
            superseded_at: None,
            superseded_by: None,
            persons: fact.persons.iter().copied().map(Concerned::from).collect(),
            body: self.seal_json(family, &fact.persons, "fact", fact.id.0, 0, fact.value)?,
        }))
    }

    /// Puts a fact on file with its leaf, then lets what waited be decided again. `None` when one of the persons changed
    /// meanwhile: the caller looks again.
    pub(super) async fn put_fact<T: Serialize>(
        &self,
        caller: &Caller,
        action: &'static str,
        family: &Family,
        mut change: Change,
        fact: Fact<'_, T>,
    ) -> Result<Option<Receipt>, Refusal> {
        let now = self.now();
        let municipality = self.municipality_of(family, caller);
        change.rows.push(self.fact_row(now, &municipality, family, &fact)?);
        let mut entry = act(now, action, caller.id(), &caller.actor);
        entry.evidence = vec![fact.id.0.as_bytes().to_vec()];
        entry.recipient = fact.recipient.as_ref().map(ToString::to_string).unwrap_or_default();
        let office = self.register.center(&municipality);
        if !office.is_some_and(|center| self.register.offices_of(&center).contains(caller.id())) {
            // The receipt is that of the first leaf, and names its log: nobody else learns where a person is kept.
            change.leaves.push(self.hub_leaf(now, &AuditEntry { recipient: String::new(), ..entry.clone() }));
        }
        change.leaves.push(self.leaf(now, &municipality, family, &fact.persons, entry));
        let committed = match self.store.commit(action, change).await {
            Ok(committed) => committed,
            Err(StoreError::Conflict(Conflict::Epoch(_) | Conflict::Alias(_) | Conflict::DuplicateMessage(_))) => {
                return Ok(None);
            }
            Err(other) => return Err(other.into()),
        };
        let ids: Vec<PersonId> = fact.persons.iter().flat_map(|person| family.ids_of(*person)).collect();
        self.decide_again(&ids).await;
        committed.receipts.into_iter().next().map(Some).ok_or_else(Refusal::kept_changing)
    }
}

/// A lifting names an objection of the same person.
fn lifts_what_is_there(family: &Family, lifting: &Consent) -> Result<(), Refusal> {
    let Some(lifted) = lifting.supersedes else { return Ok(()) };
    let facts = family.facts.get(&family.known_as(lifting.subject));
    let objection = |record: &Consent| record.id == lifted && record.kind == ConsentKind::Objection;
    if facts.is_some_and(|facts| facts.consents.iter().any(objection)) {
        return Ok(());
    }
    Err(Refusal::invalid(
        "M403",
        "lifts",
        "この番号の異議は、この方について記録されていません。",
        "No objection of this number is on file about this person.",
    ))
}

/// The permits on file about a person.
fn permits_of(family: &Family, subject: PersonId) -> BTreeSet<FactId> {
    let consents = family.facts.get(&family.known_as(subject)).into_iter().flat_map(|facts| &facts.consents);
    consents.filter(|consent| consent.kind == ConsentKind::Permit).map(|consent| consent.id).collect()
}

fn needs_person(caller: &Caller) -> Result<(), Refusal> {
    if caller.actor.role == musubi_core::agency::Role::System {
        return Err(Refusal::forbidden(
            "M802",
            "staff_id",
            "同意の記録には、名簿に登録された職員のIDが必要です。",
            "A consent is recorded by a registered member of staff.",
        ));
    }
    caller.check(super::caller::Operation::RecordConsent)
}

fn nobody() -> Refusal {
    Refusal::invalid("M401", "subject", "対象者が指定されていません。", "No person is named.")
}

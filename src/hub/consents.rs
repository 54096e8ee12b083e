//! What the persons said, and what protects them: each change counts the epochs of its persons up, and what waited is
//! decided again.

use super::caller::Caller;
use super::family::Family;
use super::ledger::{ReleaseDetail, act};
use super::persons::{Named, only_center_staff};
use super::{Hub, Refusal};
use crate::store::{Change, Concerned, FactKind, FactRow, Row};
use musubi_core::agency::{AgencyId, Purpose};
use musubi_core::audit::Receipt;
use musubi_core::consent::records::{
    Consent, ConsentKind, Grantee, PerpetratorLink, Proof, Relationship, Scope, Seal, Shield, Status,
};
use musubi_core::id::{FactId, Municipality, PersonId};
use musubi_core::time::Time;
use serde::Serialize;

/// A permit or an objection, as it is to be recorded.
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
    /// `recipient, purpose, time` of what was released before it under the permits that it ends (F02).
    pub released_before: Vec<String>,
}

impl Hub {
    /// Records what a person permitted or objected to.
    ///
    /// # Errors
    /// When a permit has no end, lasts longer than the law allows, or names nobody.
    pub async fn record_consent(&self, caller: &Caller, terms: ConsentTerms) -> Result<Recorded, Refusal> {
        needs_person(caller)?;
        let now = self.now();
        let mut change = Change::default();
        let named: Vec<Named> = [&terms.subject].into_iter().chain(&terms.grantor).cloned().collect();
        let (family, persons) = self.persons_meant(&named, &caller.agency.municipality, &mut change).await?;
        let [subject, others @ ..] = persons.as_slice() else { return Err(nobody()) };
        let grantor = others.first().copied();
        let id = FactId(self.id(now));
        let mut consent = Consent {
            id,
            version: 1,
            supersedes: None,
            kind: terms.kind,
            subject: *subject,
            grantor: grantor.or(matches!(terms.relationship, Relationship::Subject).then_some(*subject)),
            relationship: terms.relationship,
            authority: terms.authority,
            grantee: terms.grantee,
            categories: terms.categories,
            purposes: terms.purposes,
            valid_from: terms.valid_from,
            valid_until: terms.valid_until,
            recorded_at: now,
            evidence: terms.evidence,
            status: Status::Active,
            explanation_given: terms.explanation_given,
        };
        if !consent.verified() {
            consent.status = Status::Unverified;
        }
        consent.check(family.born(*subject)).map_err(Refusal::of_faults)?;
        let status = consent.status;
        let kind = if terms.kind == ConsentKind::Permit { FactKind::Consent } else { FactKind::Objection };
        let recipient = match &consent.grantee {
            Grantee::Agency(agency) => Some(agency.clone()),
            _ => None,
        };
        let fact = Fact { id, kind, recipient, persons: vec![*subject], value: &consent };
        let receipt = self.put_fact(caller, "record consent", &family, change, fact).await?;
        Ok(Recorded { fact: id, status, receipt })
    }

    /// Ends permits: the defaults of the law remain. Lists what was released under them before.
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
        let now = self.now();
        let mut change = Change::default();
        let named = [subject.clone()];
        let (family, persons) = self.persons_meant(&named, &caller.agency.municipality, &mut change).await?;
        let [subject] = persons.as_slice() else { return Err(nobody()) };
        let released_before = self.released_under_permits(&family, *subject).await?;
        let id = FactId(self.id(now));
        let withdrawal = Consent {
            id,
            version: 1,
            supersedes: None,
            kind: ConsentKind::Withdrawal,
            subject: *subject,
            grantor: matches!(relationship, Relationship::Subject).then_some(*subject),
            relationship,
            authority: String::new(),
            grantee: Grantee::Everyone,
            categories: Scope::All,
            purposes: Purpose::ALL.to_vec(),
            valid_from: now,
            valid_until: None,
            recorded_at: now,
            evidence: Proof::spoken(),
            status: Status::Active,
            explanation_given: String::new(),
        };
        let fact = Fact { id, kind: FactKind::Consent, recipient: None, persons: vec![*subject], value: &withdrawal };
        let receipt = self.put_fact(caller, "withdraw consent", &family, change, fact).await?;
        Ok(Withdrawn { recorded: Recorded { fact: id, status: Status::Active, receipt }, released_before })
    }

    async fn released_under_permits(&self, family: &Family, subject: PersonId) -> Result<Vec<String>, Refusal> {
        let permits: Vec<uuid::Uuid> = family
            .facts
            .get(&family.known_as(subject))
            .map(|facts| facts.consents.iter().filter(|c| c.kind == ConsentKind::Permit).map(|c| c.id.0).collect())
            .unwrap_or_default();
        let mut lines = Vec::new();
        for row in self.store.releases_of(&family.ids_of(subject)).await? {
            let detail: Option<ReleaseDetail> = self.open_json(family, &row.detail, "release", row.id.0, 0);
            let under = detail.is_some_and(|d| d.items.iter().flat_map(|i| &i.evidence).any(|id| permits.contains(id)));
            if under {
                lines.push(format!("{}, {}, {}", row.recipient, row.purpose, row.decided_at.rfc3339()));
            }
        }
        Ok(lines)
    }

    /// Opens an address shield, and names agencies that stand close to the perpetrator.
    ///
    /// # Errors
    /// When the caller is no officer of a center.
    pub async fn shield(
        &self,
        caller: &Caller,
        subject: &Named,
        period: (Time, Time),
        allowed: Vec<AgencyId>,
        linked: Vec<AgencyId>,
    ) -> Result<Recorded, Refusal> {
        only_center_staff(caller)?;
        let now = self.now();
        let mut change = Change::default();
        let named = [subject.clone()];
        let (family, persons) = self.persons_meant(&named, &caller.agency.municipality, &mut change).await?;
        let [subject] = persons.as_slice() else { return Err(nobody()) };
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
            let kind = FactKind::PerpetratorLink;
            let fact = Fact { id, kind, recipient: Some(agency), persons: vec![*subject], value: &link };
            change.rows.push(self.fact_row(now, &municipality, &family, &fact)?);
        }
        let id = FactId(self.id(now));
        let shield = Shield {
            id,
            subject: *subject,
            since: period.0,
            until: period.1,
            allowed,
            recorded_at: now,
            lifted_at: None,
        };
        let fact = Fact { id, kind: FactKind::Shield, recipient: None, persons: vec![*subject], value: &shield };
        let receipt = self.put_fact(caller, "shield", &family, change, fact).await?;
        Ok(Recorded { fact: id, status: Status::Active, receipt })
    }

    /// Seals a person's record (special adoption, court).
    ///
    /// # Errors
    /// When the caller is no officer of a center.
    pub async fn seal_record(
        &self,
        caller: &Caller,
        subject: &Named,
        allowed: Vec<AgencyId>,
    ) -> Result<Recorded, Refusal> {
        only_center_staff(caller)?;
        let now = self.now();
        let mut change = Change::default();
        let named = [subject.clone()];
        let (family, persons) = self.persons_meant(&named, &caller.agency.municipality, &mut change).await?;
        let [subject] = persons.as_slice() else { return Err(nobody()) };
        let id = FactId(self.id(now));
        let seal = Seal { id, subject: *subject, allowed, since: now, recorded_at: now, lifted_at: None };
        let fact = Fact { id, kind: FactKind::Seal, recipient: None, persons: vec![*subject], value: &seal };
        let receipt = self.put_fact(caller, "seal", &family, change, fact).await?;
        Ok(Recorded { fact: id, status: Status::Active, receipt })
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

    /// Puts a fact on file with its leaf, then lets what waited be decided again.
    pub(super) async fn put_fact<T: Serialize>(
        &self,
        caller: &Caller,
        action: &'static str,
        family: &Family,
        mut change: Change,
        fact: Fact<'_, T>,
    ) -> Result<Receipt, Refusal> {
        let now = self.now();
        let municipality = self.municipality_of(family, caller);
        change.rows.push(self.fact_row(now, &municipality, family, &fact)?);
        let mut entry = act(now, action, caller.id(), &caller.actor);
        entry.evidence = vec![fact.id.0.as_bytes().to_vec()];
        entry.recipient = fact.recipient.as_ref().map(ToString::to_string).unwrap_or_default();
        change.leaves.push(self.leaf(now, &municipality, family, &fact.persons, entry));
        let committed = self.store.commit(action, change).await?;
        let ids: Vec<PersonId> = fact.persons.iter().flat_map(|person| family.ids_of(*person)).collect();
        self.decide_again(&ids).await?;
        committed.receipts.into_iter().next().ok_or_else(Refusal::kept_changing)
    }
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
    Ok(())
}

fn nobody() -> Refusal {
    Refusal::invalid("M401", "subject", "対象者が指定されていません。", "No person is named.")
}

//! Referrals: one agency asks another to act for a family, and the loop is closed only with an outcome.

use super::caller::Caller;
use super::consents::Fact;
use super::custody::Parcel;
use super::family::Family;
use super::ledger::act;
use super::persons::Named;
use super::{Hub, Refusal};
use crate::store::{AliasRow, Change, Concerned, Expect, FactKind, ReferralRow, Row};
use musubi_core::agency::{AgencyId, AgencyKind};
use musubi_core::consent::records::{Relation, RelationKind};
use musubi_core::id::{FactId, Municipality, PersonId, ReferralId};
use musubi_core::postnatal::approval::{ApprovalTerms, children};
use musubi_core::record::PersonKey;
use musubi_core::referral::{Referral, Step};
use musubi_core::time::Time;
use std::sync::Arc;

/// A referral as it is to be made.
pub struct ReferralTerms {
    /// Whom it concerns, the mother first.
    pub persons: Vec<Named>,
    /// `information`, `postnatal_care`, `support`, `case_transfer`.
    pub kind: String,
    /// Who is asked.
    pub to: AgencyId,
    /// Why.
    pub reason: String,
    /// Until when an answer is expected.
    pub reply_by: Option<Time>,
    /// The approval of care that it carries.
    pub approval: Option<ApprovalTerms>,
}

/// Where a referral stands, for its parties.
pub struct Standing {
    /// The referral.
    pub referral: Referral,
    /// Its version.
    pub version: u64,
}

impl Hub {
    /// Asks another agency to act. With an approval of care the provider is assigned for its period.
    ///
    /// # Errors
    /// When the other agency is unknown, or the terms break a rule.
    pub async fn refer(&self, caller: &Caller, terms: ReferralTerms) -> Result<Standing, Refusal> {
        let now = self.now();
        let to = self.register.agency(&terms.to).filter(|agency| agency.active).ok_or_else(|| {
            Refusal::invalid(
                "M601",
                "to",
                "依頼先の機関が登録されていません。",
                "The agency that is asked is not registered.",
            )
        })?;
        let mut change = Change::default();
        let (family, persons) = self.persons_meant(&terms.persons, caller, &mut change).await?;
        let municipality = self.municipality_of(&family, caller);
        let id = ReferralId(self.id(now));
        let referral =
            Referral::new(id, &terms.kind, caller.id().clone(), to.id.clone(), &terms.reason, now, terms.reply_by)
                .map_err(|fault| Refusal::new(super::RefusalKind::Invalid, fault))?;
        self.referral_rows(&mut change, &family, &persons, &municipality, &referral, 1, now)?;
        let everybody: Vec<PersonId> = family.known().into_iter().collect();
        let tie = |change: &mut Change, agency: &AgencyId, kind: RelationKind, until: Option<Time>| {
            self.relate(change, &family, &everybody, &municipality, agency, kind, now, until)
        };
        tie(&mut change, &to.id, RelationKind::OpenReferral(id), None)?;
        tie(&mut change, caller.id(), RelationKind::OpenReferral(id), None)?;
        if let Some(approval) = &terms.approval {
            if caller.agency.kind != AgencyKind::Osc {
                return Err(Refusal::forbidden(
                    "M806",
                    "approval",
                    "利用承認は自治体のセンターだけが出せます。",
                    "Care is approved by the municipality's center only.",
                ));
            }
            let until = Time::end_of(approval.until);
            let assigned =
                RelationKind::Assignment { service: "postnatal_care".to_owned(), outreach: approval.outreach };
            tie(&mut change, &to.id, assigned, Some(until))?;
            self.name_by_approval(&mut change, &family, &persons, &municipality, approval).await?;
        }
        let mut entry = act(now, "refer", caller.id(), &caller.actor);
        entry.recipient = to.id.to_string();
        entry.note = id.to_string();
        change.leaves.push(self.leaf(now, &municipality, &family, &persons, entry));
        self.store.commit("refer", change).await?;
        if let Some(approval) = &terms.approval {
            self.write_approval(caller, &family, &to.id, approval).await?;
        }
        self.decide_again(&persons).await?;
        Ok(Standing { referral, version: 1 })
    }

    /// The approval as an entry of the record, written by the center.
    async fn write_approval(
        &self,
        caller: &Caller,
        family: &Family,
        provider: &AgencyId,
        approval: &ApprovalTerms,
    ) -> Result<(), Refusal> {
        let municipality = self.municipality_of(family, caller);
        let key = PersonKey { issuer: municipality.to_string(), identifier: approval.number.clone() };
        let submission = approval
            .submission(&key, provider, &family.record(), self.now())
            .map_err(|faults| Refusal { kind: super::RefusalKind::Invalid, diagnostics: faults })?;
        let parcel = Parcel::of_the_hub("approval", &approval.number, submission, self.now());
        self.take(caller, parcel, Arc::new(|_, _, _| Vec::new())).await?;
        Ok(())
    }

    /// The number of the approval, and with it the keys of the children, name these persons towards the provider.
    async fn name_by_approval(
        &self,
        change: &mut Change,
        family: &Family,
        persons: &[PersonId],
        municipality: &Municipality,
        approval: &ApprovalTerms,
    ) -> Result<(), Refusal> {
        let mother = persons.first().map(|mother| (approval.number.clone(), *mother));
        let children = children(&family.record());
        let children = children.keys().enumerate().map(|(n, child)| (approval.child_key(n), *child));
        for (identifier, person) in mother.into_iter().chain(children) {
            let blind = self.alias(&PersonKey { issuer: municipality.to_string(), identifier });
            if self.store.persons_by_alias(&[blind]).await?.into_iter().flatten().next().is_none() {
                change.expect.push(Expect::NoAlias { blind });
                change.rows.push(Row::Alias(AliasRow { blind, person, municipality: municipality.clone() }));
            }
        }
        Ok(())
    }

    /// The next step of a referral.
    ///
    /// # Errors
    /// When the caller is no party to it (answered as unknown), or the step does not follow from its state.
    pub async fn step(&self, caller: &Caller, id: ReferralId, step: Step) -> Result<Standing, Refusal> {
        let now = self.now();
        let (row, family, referral) = self.referral_of(caller, id).await?;
        let next = referral
            .step(caller.id(), &caller.actor.staff_id, step, now)
            .map_err(|fault| Refusal::new(super::RefusalKind::Conflict, fault))?;
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        let mut change =
            Change { expect: vec![Expect::ReferralVersion { id, version: row.version }], ..Change::default() };
        self.referral_rows(&mut change, &family, &persons, &row.municipality, &next, row.version + 1, now)?;
        let mut entry = act(now, "referral step", caller.id(), &caller.actor);
        entry.note = format!("{id} {}", next.state());
        change.leaves.push(self.leaf(now, &row.municipality, &family, &persons, entry));
        self.store.commit("referral step", change).await?;
        Ok(Standing { referral: next, version: row.version + 1 })
    }

    /// Where a referral stands.
    ///
    /// # Errors
    /// When it is unknown, or the caller no party to it: the same answer.
    pub async fn referral(&self, caller: &Caller, id: ReferralId) -> Result<Standing, Refusal> {
        let (row, _, referral) = self.referral_of(caller, id).await?;
        Ok(Standing { referral, version: row.version })
    }

    async fn referral_of(&self, caller: &Caller, id: ReferralId) -> Result<(ReferralRow, Family, Referral), Refusal> {
        let unknown = || {
            Refusal::invalid(
                "M602",
                "referral_id",
                "この番号の依頼は見つかりません。",
                "No such referral is known to you.",
            )
        };
        let row = self.store.referral(id).await?.ok_or_else(unknown)?;
        if row.from != *caller.id() && row.to != *caller.id() {
            return Err(unknown());
        }
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        let family = self.family(&persons, self.now()).await?;
        let referral = self.open_json(&family, &row.body, "referral", id.0, row.version).ok_or_else(unknown)?;
        Ok((row, family, referral))
    }

    #[expect(clippy::too_many_arguments, reason = "one row's worth of facts")]
    fn referral_rows(
        &self,
        change: &mut Change,
        family: &Family,
        persons: &[PersonId],
        municipality: &Municipality,
        referral: &Referral,
        version: u64,
        now: Time,
    ) -> Result<(), Refusal> {
        let id = referral.id();
        change.rows.push(Row::Referral(ReferralRow {
            municipality: municipality.clone(),
            id,
            version,
            state: referral.state().to_string(),
            from: referral.from().clone(),
            to: referral.to().clone(),
            updated_at: now,
            persons: persons.iter().copied().map(Concerned::from).collect(),
            body: self.seal_json(family, persons, "referral", id.0, version, referral)?,
        }));
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "one fact's worth of facts")]
    fn relate(
        &self,
        change: &mut Change,
        family: &Family,
        persons: &[PersonId],
        municipality: &Municipality,
        agency: &AgencyId,
        kind: RelationKind,
        now: Time,
        until: Option<Time>,
    ) -> Result<(), Refusal> {
        for person in persons {
            let id = FactId(self.id(now));
            let relation = Relation {
                id,
                subject: *person,
                agency: agency.clone(),
                kind: kind.clone(),
                from: now,
                until,
                recorded_at: now,
            };
            let fact = Fact {
                id,
                kind: FactKind::Relation,
                recipient: Some(agency.clone()),
                persons: vec![*person],
                value: &relation,
            };
            change.rows.push(self.fact_row(now, municipality, family, &fact)?);
        }
        Ok(())
    }
}

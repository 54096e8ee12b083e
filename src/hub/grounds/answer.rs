//! What the holders of data answer to a ground, and its end.

use super::refusals::{for_itself, no_such_ground, not_yours_to_end, person_acts};
use super::{GroundParts, ground_fact, parts_of, write_limit};
use crate::hub::caller::Caller;
use crate::hub::emergency::not_an_answer;
use crate::hub::holders::ANSWER_DAYS;
use crate::hub::{Hub, Refusal};
use crate::store::{Change, Expect, Row};
use musubi_core::agency::{AgencyId, CategorySet};
use musubi_core::consent::records::{Approval, Ground, Proviso, SourceRefusal};
use musubi_core::id::{FactId, PersonId};
use std::collections::BTreeSet;

impl Hub {
    /// A holder approves categories of a request, for itself and the offices that it answers for.
    ///
    /// # Errors
    /// When the caller does not hold the data, or the ground is not live.
    pub async fn approve_ground(
        &self,
        caller: &Caller,
        fact: FactId,
        categories: CategorySet,
        with_objection_in_view: bool,
        proviso_harm: bool,
    ) -> Result<GroundParts, Refusal> {
        person_acts(caller)?;
        let now = self.now();
        let sources = self.sources_of(caller);
        self.change_ground(caller, fact, "approve ground", |ground, _| {
            if ground.recipient == *caller.id() {
                return Err(for_itself());
            }
            self.may_disclose(caller, ground.code)?;
            write_limit(ground, categories);
            for source in &sources {
                ground.refusals.iter_mut().filter(|refusal| refusal.source == *source).for_each(|refusal| {
                    refusal.categories = refusal.categories.minus(categories);
                });
                ground.approvals.push(Approval {
                    source: source.clone(),
                    categories,
                    approved_at: now,
                    with_objection_in_view,
                });
                if proviso_harm {
                    ground.provisos.push(Proviso { source: source.clone(), noted_at: now, lifted_at: None });
                }
            }
            Ok(())
        })
        .await
    }

    /// A holder refuses categories for itself and the offices that it answers for. What others approved stays approved.
    ///
    /// # Errors
    /// As [`Hub::approve_ground`]; a duty is nobody's to refuse.
    pub async fn refuse_ground(
        &self,
        caller: &Caller,
        fact: FactId,
        categories: CategorySet,
    ) -> Result<GroundParts, Refusal> {
        person_acts(caller)?;
        let now = self.now();
        let sources = self.sources_of(caller);
        self.change_ground(caller, fact, "refuse ground", |ground, _| {
            if self.is_duty(ground.code) {
                return Err(not_yours_to_end());
            }
            for source in &sources {
                ground.approvals.iter_mut().filter(|approval| approval.source == *source).for_each(|approval| {
                    approval.categories = approval.categories.minus(categories);
                });
                ground.refusals.push(SourceRefusal { source: source.clone(), categories, refused_at: now });
            }
            ground.approvals.retain(|approval| !approval.categories.is_empty());
            Ok(())
        })
        .await
    }

    /// Ends a ground before its time; of a council case, the case for every member. Only who asserted it may, or the center where the persons are kept; a duty that
    /// somebody else asserted, nobody.
    ///
    /// # Errors
    /// As [`Hub::approve_ground`].
    pub async fn end_ground(&self, caller: &Caller, fact: FactId) -> Result<GroundParts, Refusal> {
        person_acts(caller)?;
        let now = self.now();
        if let Some(fact) = self.end_emergency(caller, fact).await? {
            return Ok(GroundParts { fact, number: String::new(), parts: Vec::new(), answer_by: now });
        }
        if let Some(closed) = self.close_case(caller, fact).await? {
            return Ok(closed);
        }
        self.change_ground(caller, fact, "end ground", |ground, holds| {
            let asserted = ground.asserting_agency == *caller.id();
            if !asserted && (!holds || self.is_duty(ground.code)) {
                return Err(not_yours_to_end());
            }
            ground.ended_at = Some(now);
            Ok(())
        })
        .await
    }

    async fn change_ground(
        &self,
        caller: &Caller,
        fact: FactId,
        action: &'static str,
        apply: impl FnOnce(&mut Ground, bool) -> Result<(), Refusal>,
    ) -> Result<GroundParts, Refusal> {
        let now = self.now();
        let unknown = no_such_ground;
        let row = self.store.fact(fact).await?.ok_or_else(unknown)?;
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        let family = self.family(&persons, now).await?;
        let mut ground: Ground = self.opened(&family, &row).ok_or_else(unknown)?;
        let holds = self.register.center(&row.municipality).is_some_and(|center| center.id == *caller.id());
        let own = ground.asserting_agency == *caller.id()
            || family.record().entries().iter().any(|e| e.author().as_ref() == Some(caller.id()));
        if !holds && !own {
            return Err(unknown());
        }
        ground.supersedes = Some(ground.id);
        ground.id = FactId(self.id(now));
        ground.recorded_at = now;
        apply(&mut ground, holds)?;
        let mut change = Change { expect: vec![Expect::FactHolds { id: fact }], ..Change::default() };
        if ground.ended_at.is_some() {
            self.nothing_to_answer(&family, &BTreeSet::from([fact]), &mut change).await?;
        }
        change.rows.push(Row::Superseded { fact, at: now, by: Some(ground.id) });
        let receipt = self.put_fact(caller, action, &family, change, ground_fact(&ground)).await?;
        receipt.ok_or_else(Refusal::kept_changing)?;
        if action != "approve ground" {
            self.recall(&persons, &BTreeSet::from([fact])).await;
        }
        Ok(parts_of(&ground, caller.id(), now.plus_days(ANSWER_DAYS)))
    }

    /// The answer of its holder to a request as a whole: to all that it asks for, as it stands by now.
    ///
    /// # Errors
    /// As [`Hub::approve_ground`], and when the answer is none.
    pub(in crate::hub) async fn answer_request(
        &self,
        caller: &Caller,
        about: &str,
        answer: &str,
    ) -> Result<(), Refusal> {
        let fact = FactId::parse(about).ok_or_else(no_such_ground)?;
        let row = self.latest_fact(fact).await?.ok_or_else(no_such_ground)?;
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        let family = self.family(&persons, self.now()).await?;
        let ground: Ground = self.opened(&family, &row).ok_or_else(no_such_ground)?;
        match answer {
            "approve" | "approve_despite_objection" => {
                let in_view = answer == "approve_despite_objection";
                self.approve_ground(caller, row.id, ground.categories, in_view, false).await?;
            }
            "refuse" => {
                self.refuse_ground(caller, row.id, ground.categories).await?;
            }
            // Answered category by category through `Grounds` before.
            "done" if !self.waits_for(&ground, caller.id()) => {}
            _ => return Err(not_an_answer("approve, approve_despite_objection, refuse")),
        }
        Ok(())
    }

    /// Does a part of a request wait for this holder?
    pub(in crate::hub) fn waits_for(&self, ground: &Ground, holder: &AgencyId) -> bool {
        let approved = |category| ground.approvals.iter().any(|a| a.source == *holder && a.categories.has(category));
        ground.live(self.now()) && ground.asked_of(holder).iter().any(|category| !approved(category))
    }
}

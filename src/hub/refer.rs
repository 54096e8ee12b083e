//! Referrals: one agency asks another to act for a family, and the loop is closed only with an outcome.

mod expiry;
pub mod message;
mod report;
mod told;

use told::News;
pub(super) use told::{can_say, listens};

use super::caller::{Caller, Operation};
use super::consents::Fact;
use super::custody::Parcel;
use super::family::Family;
use super::grounds::person_acts;
use super::ledger::act;
use super::persons::Named;
use super::work::{Question, WorkBody};
use super::{Hub, Refusal};
use crate::store::{AliasRow, Change, Concerned, Expect, FactKind, ReferralRow, Row};
use musubi_core::adapter::Text;
use musubi_core::agency::{AgencyId, AgencyKind, Role};
use musubi_core::consent::records::{Relation, RelationKind};
use musubi_core::id::{FactId, Municipality, PersonId, ReferralId};
use musubi_core::postnatal::approval::{ApprovalTerms, children};
use musubi_core::record::{PersonKey, SharedEntry, SharedRecord, SubjectRole};
use musubi_core::referral::{Outcome, Referral, State, Step};
use musubi_core::time::Time;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Days in which a referral is answered when it names none.
const REPLY_DAYS: i64 = 7;
/// Days in which a case that is handed over is taken (`consent.md` section 12).
const TRANSFER_DAYS: i64 = 1;
/// Kind of the work item by which the asked agency is told.
pub(super) const REFERRAL: &str = "referral";
/// Its code where a case is handed over.
pub(super) const TRANSFER: &str = "CASE_TRANSFER";
/// Most referrals of one list.
const LISTED_MAX: u32 = 100;

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

/// A referral of a list, and whom it concerns.
pub struct Listed {
    /// Where it stands.
    pub standing: Standing,
    /// Whom it concerns.
    pub persons: Vec<PersonId>,
}

/// Where a referral stands, for its parties.
pub struct Standing {
    /// The referral.
    pub referral: Referral,
    /// Its version.
    pub version: u64,
}

impl Hub {
    /// Asks another agency to act. With an approval of care the provider is assigned for its period, from the moment of
    /// the approval on: it reads about the family before the first day of care.
    ///
    /// # Errors
    /// When the other agency is unknown, the terms break a rule, or the caller has nothing to do with a person: answered
    /// as somebody whom nobody knows.
    pub async fn refer(&self, caller: &Caller, terms: ReferralTerms) -> Result<Standing, Refusal> {
        let id = ReferralId(self.id(self.now()));
        let Made { standing, family, persons } = self.make_referral(caller, id, terms).await?;
        self.tell_party(caller, &family, &persons, (&standing.referral, News::Asked)).await;
        Ok(standing)
    }

    /// The same under an id that the caller's own number of it gives, with nobody told of it.
    async fn make_referral(&self, caller: &Caller, id: ReferralId, terms: ReferralTerms) -> Result<Made, Refusal> {
        person_acts(caller)?;
        let now = self.now();
        let to = self.register.agency(&terms.to).filter(|agency| agency.active).ok_or_else(|| {
            Refusal::invalid(
                "M601",
                "to",
                "依頼先の機関が登録されていません。",
                "The agency that is asked is not registered.",
            )
        })?;
        if terms.approval.is_some() && caller.agency.kind != AgencyKind::Osc {
            return Err(Refusal::forbidden(
                "M806",
                "approval",
                "利用承認は自治体のセンターだけが出せます。",
                "Care is approved by the municipality's center only.",
            ));
        }
        let (family, persons, mut change) = self.referred(caller, &terms).await?;
        let municipality = self.municipality_of(&family, caller);
        let referral =
            Referral::new(id, &terms.kind, caller.id().clone(), to.id.clone(), &terms.reason, now, terms.reply_by)
                .map_err(|fault| Refusal::new(super::RefusalKind::Invalid, fault))?;
        self.referral_rows(&mut change, &family, &persons, &municipality, &referral, 1, now)?;
        let mut concerned: BTreeSet<PersonId> = persons.iter().map(|person| family.known_as(*person)).collect();
        if terms.approval.is_some() {
            concerned.extend(persons.first().into_iter().flat_map(|mother| children_of(&family, *mother)));
        }
        for agency in [&to.id, caller.id()] {
            let tie = Tie { agency, kind: RelationKind::OpenReferral(id), from: now, until: terms.reply_by };
            self.relate(&mut change, &family, &concerned, &municipality, &tie)?;
        }
        if let Some(approval) = &terms.approval {
            let service = "postnatal_care".to_owned();
            let kind = RelationKind::Assignment { service, outreach: approval.outreach };
            let tie = Tie { agency: &to.id, kind, from: now, until: Some(Time::end_of(approval.until)) };
            self.relate(&mut change, &family, &concerned, &municipality, &tie)?;
            let record = record_of(&family, &concerned);
            self.name_by_approval(&mut change, &family, &persons, &municipality, approval, &record).await?;
        }
        change.rows.push(self.referral_item(&family, &persons, &municipality, &referral, now)?);
        let mut entry = act(now, "refer", caller.id(), &caller.actor);
        entry.recipient = to.id.to_string();
        entry.note = id.to_string();
        change.leaves.push(self.leaf(now, &municipality, &family, &persons, entry));
        self.store.commit("refer", change).await?;
        if let Some(approval) = &terms.approval {
            let record = record_of(&family, &concerned);
            self.write_approval(caller, &municipality, &to.id, approval, &record).await?;
        }
        self.decide_again(&persons).await;
        Ok(Made { standing: Standing { referral, version: 1 }, family, persons })
    }

    /// The persons of a referral. Each must be the caller's to speak of, and one whom nobody knows is nobody's, unless it
    /// is the caller's own identifier that names them.
    async fn referred(
        &self,
        caller: &Caller,
        terms: &ReferralTerms,
    ) -> Result<(Family, Vec<PersonId>, Change), Refusal> {
        for named in &terms.persons {
            if !issued_by(caller, named) && self.find(named).await?.is_none() {
                return Err(not_yours());
            }
        }
        let mut change = Change::default();
        let (family, persons) = self.persons_meant(&terms.persons, caller, &mut change).await?;
        let now = self.now();
        let spoken_of = |(named, person): (&Named, &PersonId)| {
            let home = matches!(caller.agency.kind, AgencyKind::Osc | AgencyKind::Mun)
                && Self::kept_in(&family, *person, &caller.agency.municipality);
            let facts = family.facts.get(&family.known_as(*person));
            let mut ties = facts.into_iter().flat_map(|facts| &facts.relations);
            let related = ties.any(|tie| tie.agency == *caller.id() && tie.live(now));
            let known = named.is_own_identifier(caller) || family.wrote_about(caller.id(), *person);
            home || terms.approval.is_none() && (related || known)
        };
        if persons.is_empty() || !terms.persons.iter().zip(&persons).all(spoken_of) {
            return Err(not_yours());
        }
        Ok((family, persons, change))
    }

    /// Tells the asked agency.
    fn referral_item(
        &self,
        family: &Family,
        persons: &[PersonId],
        municipality: &Municipality,
        referral: &Referral,
        now: Time,
    ) -> Result<Row, Refusal> {
        let reply_by = referral.reply_by().unwrap_or(now.plus_days(REPLY_DAYS));
        let (code, text, due) = if referral.is_transfer() {
            let text = Text::new(
                "ケースの移管(送致)の依頼です。情報提供ではありません。担当者を決め、24時間以内に引き受けるかどうかを回答してください。",
                "A case is handed over to you; this is no mere information. Name an officer, and accept or decline it within 24 hours.",
            );
            (TRANSFER, text, reply_by.min(now.plus_days(TRANSFER_DAYS)))
        } else {
            let text = Text::new(
                "他の機関から紹介・連携の依頼が届いています。内容を確かめ、受けるかどうかを回答してください。",
                "Another agency asks you to act for a family. Look at the referral, and accept or decline it.",
            );
            ("REFERRAL", text, reply_by)
        };
        let body = WorkBody::new(code, text, referral.id().to_string());
        let owner = referral.to();
        self.ask(now, &Question { owner, kind: REFERRAL, due, municipality, family, persons }, &body)
    }

    /// The approval as an entry of the record, written by the center.
    async fn write_approval(
        &self,
        caller: &Caller,
        municipality: &Municipality,
        provider: &AgencyId,
        approval: &ApprovalTerms,
        record: &SharedRecord,
    ) -> Result<(), Refusal> {
        let key = PersonKey { issuer: municipality.to_string(), identifier: approval.number.clone() };
        let submission = approval
            .submission(&key, provider, record, self.now())
            .map_err(|faults| Refusal { kind: super::RefusalKind::Invalid, diagnostics: faults })?;
        let parcel = Parcel::of_the_hub("approval", &approval.number, submission, self.now());
        self.take(caller, parcel, Arc::new(|_, _, _| Vec::new())).await?;
        Ok(())
    }

    /// The number of the approval, and with it the keys of the children, name these persons towards the provider, and
    /// nobody else.
    async fn name_by_approval(
        &self,
        change: &mut Change,
        family: &Family,
        persons: &[PersonId],
        municipality: &Municipality,
        approval: &ApprovalTerms,
        record: &SharedRecord,
    ) -> Result<(), Refusal> {
        let mother = persons.first().map(|mother| (approval.number.clone(), *mother));
        let children = children(record);
        let children = children.keys().enumerate().map(|(n, child)| (approval.child_key(n), *child));
        for (identifier, person) in mother.into_iter().chain(children) {
            let blind = self.alias(&PersonKey { issuer: municipality.to_string(), identifier });
            match self.store.persons_by_alias(&[blind]).await?.into_iter().flatten().next() {
                Some(named) if !family.ids_of(person).contains(&named) => return Err(number_of_another()),
                Some(_) => {}
                None => {
                    change.expect.push(Expect::NoAlias { blind });
                    change.rows.push(Row::Alias(AliasRow { blind, person, municipality: municipality.clone() }));
                }
            }
        }
        Ok(())
    }

    /// The next step of a referral. With its end end the ties that it made; one that was declined or cancelled assigns
    /// nobody any longer.
    ///
    /// # Errors
    /// When the caller is no party to it (answered as unknown), the step does not follow from its state, or what is named as its
    /// report is no entry of the caller about a person of the referral.
    pub async fn step(&self, caller: &Caller, id: ReferralId, step: Step) -> Result<Standing, Refusal> {
        let Made { standing, family, persons } = self.take_step(caller, id, step).await?;
        self.tell_party(caller, &family, &persons, (&standing.referral, News::Step)).await;
        self.decide_again(&persons).await;
        Ok(standing)
    }

    /// The same, with nobody told of it yet.
    async fn take_step(&self, caller: &Caller, id: ReferralId, step: Step) -> Result<Made, Refusal> {
        let now = self.now();
        let (row, family, referral) = self.referral_of(caller, id).await?;
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        if let Step::Complete(report) = &step {
            report::check(&family, &persons, caller.id(), &report.entries)?;
        }
        let machine = caller.actor.role == Role::System;
        let officer = if machine && referral.is_transfer() { "" } else { &caller.actor.staff_id };
        let next = referral
            .step(caller.id(), officer, step, now)
            .map_err(|fault| Refusal::new(super::RefusalKind::Conflict, fault))?;
        let mut change =
            Change { expect: vec![Expect::ReferralVersion { id, version: row.version }], ..Change::default() };
        self.referral_rows(&mut change, &family, &persons, &row.municipality, &next, row.version + 1, now)?;
        self.follow_with_ties(&mut change, &family, &row.municipality, (&next, caller.id()), now)?;
        let mut entry = act(now, "referral step", caller.id(), &caller.actor);
        entry.note = format!("{id} {}", next.state());
        change.leaves.push(self.leaf(now, &row.municipality, &family, &persons, entry));
        self.store.commit("referral step", change).await?;
        Ok(Made { standing: Standing { referral: next, version: row.version + 1 }, family, persons })
    }

    /// An accepted referral ties its parties until it is closed, not only until an answer was due.
    fn follow_with_ties(
        &self,
        change: &mut Change,
        family: &Family,
        municipality: &Municipality,
        (referral, by): (&Referral, &AgencyId),
        now: Time,
    ) -> Result<(), Refusal> {
        let open = RelationKind::OpenReferral(referral.id());
        let all = || family.facts.values().flat_map(|facts| &facts.relations);
        let ended = |fact: FactId| Row::Superseded { fact, at: now, by: None };
        let ties: Vec<&Relation> = all().filter(|tie| tie.kind == open).collect();
        match referral.state() {
            State::Closed(outcome) => {
                change.rows.extend(ties.iter().map(|tie| ended(tie.id)));
                self.may_hear_of_the_end(change, family, municipality, (referral, by), &ties)?;
                if matches!(outcome, Outcome::Declined { .. } | Outcome::Cancelled) {
                    // The assignment was made in the same moment as the referral's own ties.
                    let same = |tie: &&Relation| {
                        let made = ties.iter().any(|own| own.subject == tie.subject && own.from == tie.from);
                        tie.agency == *referral.to() && matches!(tie.kind, RelationKind::Assignment { .. }) && made
                    };
                    change.rows.extend(all().filter(same).map(|tie| ended(tie.id)));
                }
            }
            State::Accepted { .. } => {
                for tie in ties.iter().filter(|tie| tie.until.is_some()) {
                    change.rows.push(ended(tie.id));
                    let lasting = Tie { agency: &tie.agency, kind: open.clone(), from: tie.from, until: None };
                    self.relate(change, family, &BTreeSet::from([tie.subject]), municipality, &lasting)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Where a referral stands.
    ///
    /// # Errors
    /// When it is unknown, or the caller no party to it: the same answer.
    pub async fn referral(&self, caller: &Caller, id: ReferralId) -> Result<Standing, Refusal> {
        let (row, _, referral) = self.referral_of(caller, id).await?;
        Ok(Standing { referral, version: row.version })
    }

    /// The caller's referrals, asked of it and by it, the latest first.
    ///
    /// # Errors
    /// When the caller's role may not see them, or the store fails.
    pub async fn referrals(&self, caller: &Caller) -> Result<Vec<Listed>, Refusal> {
        caller.check(Operation::SeeReferrals)?;
        let mut listed = Vec::new();
        for row in self.store.referrals_with(caller.id(), LISTED_MAX).await? {
            let (row, _, referral) = self.referral_of(caller, row.id).await?;
            let persons = row.persons.iter().map(|concerned| concerned.person).collect();
            listed.push(Listed { standing: Standing { referral, version: row.version }, persons });
        }
        Ok(listed)
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
        let referral: Referral = self.opened(&family, &row).ok_or_else(unknown)?;
        Ok((row, family, referral.at(self.now())))
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

    /// Ties an agency to each of some persons.
    fn relate(
        &self,
        change: &mut Change,
        family: &Family,
        persons: &BTreeSet<PersonId>,
        municipality: &Municipality,
        tie: &Tie<'_>,
    ) -> Result<(), Refusal> {
        let now = self.now();
        for person in persons {
            let id = FactId(self.id(now));
            let relation = Relation {
                id,
                subject: *person,
                agency: tie.agency.clone(),
                kind: tie.kind.clone(),
                from: tie.from,
                until: tie.until,
                recorded_at: now,
            };
            let fact = Fact {
                id,
                kind: FactKind::Relation,
                recipient: Some(tie.agency.clone()),
                persons: vec![*person],
                value: &relation,
            };
            change.rows.push(self.fact_row(now, municipality, family, &fact)?);
        }
        Ok(())
    }
}

/// A referral that was made or taken further, and whom it concerns.
struct Made {
    standing: Standing,
    family: Family,
    persons: Vec<PersonId>,
}

/// A tie that is about to be made.
struct Tie<'a> {
    agency: &'a AgencyId,
    kind: RelationKind,
    from: Time,
    until: Option<Time>,
}

/// The children that are linked to their mother.
fn children_of(family: &Family, mother: PersonId) -> BTreeSet<PersonId> {
    let mother = family.known_as(mother);
    let record = family.record();
    let links = record.entries().iter().filter(|entry| entry.kind() == "parent_child").map(SharedEntry::persons);
    let own = links.filter(|persons| persons.iter().any(|(person, _)| *person == mother));
    own.flatten().filter(|(_, role)| *role == SubjectRole::Child).map(|(person, _)| person).collect()
}

/// What is on file about these persons and nobody else.
fn record_of(family: &Family, persons: &BTreeSet<PersonId>) -> SharedRecord {
    family.record().keep(|entry| entry.persons().iter().all(|(person, _)| persons.contains(person)))
}

/// Is the person named by a number that the caller gives out itself? A center gives out those of its municipality.
fn issued_by(caller: &Caller, named: &Named) -> bool {
    let of_the_municipality = |key: &PersonKey| key.issuer == caller.agency.municipality.to_string();
    let center = caller.agency.kind == AgencyKind::Osc && named.person.is_none();
    named.is_own_identifier(caller) || center && named.key.as_ref().is_some_and(of_the_municipality)
}

fn not_yours() -> Refusal {
    Refusal::invalid("M607", "persons", "指定された方が見つかりません。", "No such person is known to you.")
}

fn number_of_another() -> Refusal {
    Refusal::conflict(
        "M606",
        "approval_number",
        "この承認番号は別の方に使われています。番号を確かめてください。",
        "This approval number belongs to another person. Look at the number.",
    )
}

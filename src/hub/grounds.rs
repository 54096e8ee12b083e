//! Grounds in law: asserted by persons, asked of holders, approved in parts. A change of a ground is a new fact that takes
//! the place of the old.

mod answer;
mod refusals;

pub(super) use refusals::{no_such_ground, person_acts};

use super::caller::Caller;
use super::consents::{Fact, Recorded};
use super::council::OnFile;
use super::custody::{HL7V2, Parcel};
use super::family::Family;
use super::holders::ANSWER_DAYS;
use super::persons::{AGENCIES_MAX, Named, at_most};
use super::{Hub, Refusal};
use crate::store::{Change, FactKind, FactRow};
use musubi_core::agency::{AgencyId, AgencyKind, Category, CategorySet};
use musubi_core::cases::council_submission;
use musubi_core::consent::records::{Approval, Ground, Level, Status};
use musubi_core::consent::{GroundCode, Nature};
use musubi_core::id::{FactId, MessageId, PersonId};
use musubi_core::record::SubjectRole;
use musubi_core::time::Time;
use refusals::{for_itself, no_recipient, not_asked, only_coordinator};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Longest period of a duty for which the registry names none, in days.
const DUTY_DAYS_MAX: i64 = 90;
/// Grounds that are asked of holders; the others are asserted by whoever discloses.
pub(super) const ASKED: [GroundCode; 4] = [GroundCode::L04, GroundCode::L05, GroundCode::L07, GroundCode::L12];

/// A ground as it is to be asserted or asked for.
#[derive(Default)]
pub struct GroundTerms {
    /// Request or case number.
    pub number: String,
    /// Whom it covers.
    pub persons: Vec<Named>,
    /// Which categories.
    pub categories: CategorySet,
    /// Why.
    pub necessity: String,
    /// What the registry asks for.
    pub evidence: BTreeMap<String, String>,
    /// From; the moment of recording when not given.
    pub from: Option<Time>,
    /// Until, exclusive.
    pub until: Option<Time>,
    /// Members of the council case (L05).
    pub members: Vec<AgencyId>,
    /// The message that it is asserted for.
    pub message: Option<MessageId>,
}

/// What became of a request, part by part.
pub struct GroundParts {
    /// The ground.
    pub fact: FactId,
    /// Its number.
    pub number: String,
    /// Holder, category and state of each part: `PERMIT`, `HOLD` or `DENY`, as far as the request goes; never what data
    /// there are. The one who asks is not told who holds: that would tell where somebody lives, and that she is known.
    pub parts: Vec<(Option<AgencyId>, Category, &'static str)>,
    /// When the held parts must be answered.
    pub answer_by: Time,
}

impl Hub {
    /// Asks the holders under a power. Nothing is open before a holder approves; the center of the persons' municipality and
    /// those who wrote something of it are asked, with a deadline.
    ///
    /// # Errors
    /// When the ground is not one that holders are asked under, the evidence of the registry is missing or the period is
    /// too long.
    pub async fn request_ground(
        &self,
        caller: &Caller,
        code: GroundCode,
        terms: GroundTerms,
    ) -> Result<GroundParts, Refusal> {
        person_acts(caller)?;
        if !ASKED.contains(&code) {
            return Err(not_asked(code));
        }
        at_most(terms.members.len(), AGENCIES_MAX, "members")?;
        let now = self.now();
        let mut change = Change::default();
        let (family, persons) = self.persons_meant(&terms.persons, caller, &mut change).await?;
        if code == GroundCode::L05 {
            only_coordinator(caller)?;
            self.own_persons(caller, &family, persons.iter().copied())?;
        }
        let municipality = self.municipality_of(&family, caller);
        let holder = self.register.center(&municipality);
        let recipients = if code == GroundCode::L05 { terms.members.clone() } else { vec![caller.id().clone()] };
        let before = match code {
            GroundCode::L05 => self.case_on_file(caller.id(), &family, &persons, &terms.number).await?,
            _ => OnFile::default(),
        };
        let (mut first, mut new) = (None, Vec::new());
        for recipient in recipients {
            let mut ground = self.ground(caller, code, recipient.clone(), &persons, &terms, now);
            if code == GroundCode::L05 {
                self.approve_own(caller, &mut ground, now);
                before.carry_over(&mut ground);
            }
            new.push((ground.id, ground.supersedes));
            self.check_ground(&ground)?;
            let fact = ground_fact(&ground);
            change.rows.push(self.fact_row(now, &municipality, &family, &fact)?);
            if recipient == *caller.id() || first.is_none() {
                first = Some(ground);
            }
        }
        let Some(ground) = first else { return Err(no_recipient()) };
        if code == GroundCode::L05 {
            let (place, records) = ((&municipality, now), (&before, new.as_slice()));
            self.council_rows(&terms, &persons, &family, place, records, &mut change)?;
        }
        let answer_by = now.plus_days(ANSWER_DAYS);
        if code != GroundCode::L05 {
            let center = holder.as_ref().map(|holder| &holder.id);
            change.rows.extend(self.requests_of_new(caller, &family, &ground, center).await?);
        }
        let mut entry = super::ledger::act(now, "request ground", caller.id(), &caller.actor);
        entry.evidence = vec![ground.id.0.as_bytes().to_vec()];
        entry.note = code.to_string();
        change.leaves.push(self.leaf(now, &municipality, &family, &persons, entry));
        self.store.commit("request ground", change).await?;
        if code == GroundCode::L05 {
            self.write_council_case(caller, &terms, &family, &persons).await?;
            self.recall(&persons, &BTreeSet::new()).await;
        }
        self.decide_again(&persons).await;
        if caller.agency.kind == AgencyKind::Osc && caller.agency.municipality == municipality {
            return Ok(parts_of(&ground, caller.id(), answer_by));
        }
        let parts = ground.categories.iter().map(|category| (None, category, "HOLD")).collect();
        Ok(GroundParts { fact: ground.id, number: terms.number, parts, answer_by })
    }

    /// The source asserts a ground of its own (L01 to L03, L06, L09 …). It opens the entries of the source to another
    /// agency, and nobody else's.
    ///
    /// # Errors
    /// When the caller itself would receive, the evidence of the registry is missing, the period is too long, or the
    /// message is not the caller's.
    pub async fn assert_ground(
        &self,
        caller: &Caller,
        code: GroundCode,
        recipient: Option<AgencyId>,
        mut terms: GroundTerms,
    ) -> Result<Recorded, Refusal> {
        person_acts(caller)?;
        let now = self.now();
        let mut change = Change::default();
        let (family, persons) = self.asserted_for(caller, &terms, &mut change).await?;
        let municipality = self.municipality_of(&family, caller);
        let center = self.register.center(&municipality).map(|center| center.id.clone());
        let recipient = recipient.or(center).ok_or_else(no_recipient)?;
        if recipient == *caller.id() {
            return Err(for_itself());
        }
        self.may_disclose(caller, code)?;
        self.fill_in(caller, code, &mut terms, &family, now);
        let mut ground = self.ground(caller, code, recipient, &persons, &terms, now);
        ground.sources = self.sources_of(caller);
        self.check_ground(&ground)?;
        self.check_duty(&ground)?;
        self.notify(caller, &ground, &family, &mut change).await?;
        let receipt = self.put_fact(caller, "assert ground", &family, change, ground_fact(&ground)).await?;
        let receipt = receipt.ok_or_else(Refusal::kept_changing)?;
        Ok(Recorded { fact: ground.id, status: Status::Active, receipt })
    }

    /// The message that the caller means: by Musubi's id of it, or by the control id under which it was sent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn message_meant(&self, caller: &Caller, name: &str) -> Result<Option<MessageId>, Refusal> {
        if let Some(id) = MessageId::parse(name) {
            return Ok(Some(id));
        }
        let key = self.keyring.blind.blind(HL7V2, name);
        Ok(self.store.message_answer(caller.id(), key).await?.map(|known| known.message))
    }

    /// The persons of an assertion: those named, or those of the caller's own message that it names.
    async fn asserted_for(
        &self,
        caller: &Caller,
        terms: &GroundTerms,
        change: &mut Change,
    ) -> Result<(Family, Vec<PersonId>), Refusal> {
        let Some(message) = terms.message else {
            return self.persons_meant(&terms.persons, caller, change).await;
        };
        let row = self.store.message(message).await?.filter(|row| row.agency == *caller.id());
        let Some(row) = row else {
            return Err(Refusal::invalid(
                "M501",
                "message",
                "この番号の送信は見つかりません。受領時の番号を指定してください。",
                "No message of yours has this id. Name the one that you were given with the acknowledgement.",
            ));
        };
        let rows = self.store.entries_of_message(&row.municipality, message).await?;
        let persons: Vec<PersonId> = rows.iter().flat_map(|row| &row.persons).map(|c| c.person).collect();
        let family = self.family(&persons, self.now()).await?;
        change.expect.extend(family.epochs());
        let mut known: Vec<PersonId> = persons.iter().map(|person| family.known_as(*person)).collect();
        known.sort_unstable();
        known.dedup();
        Ok((family, known))
    }

    /// Whose entries a caller answers for: its own, and a center also for the offices of its municipality.
    fn sources_of(&self, caller: &Caller) -> Vec<AgencyId> {
        match caller.agency.kind {
            AgencyKind::Osc => self.register.offices_of(&caller.agency),
            _ => vec![caller.id().clone()],
        }
    }

    /// A ground lets only certain kinds of agency disclose (registry, `disclosers`): neither an assertion nor an approval by
    /// another opens anything. The offices of a municipality disclose as its center does.
    pub(super) fn may_disclose(&self, caller: &Caller, code: GroundCode) -> Result<(), Refusal> {
        if self.policy.ground(code).is_some_and(|entry| entry.disclosers.contains(&caller.agency.kind)) {
            return Ok(());
        }
        Err(Refusal::forbidden(
            "M504",
            "code",
            "この根拠は、あなたの機関の種別では申し出ることも承認することもできません。",
            "An agency of your kind can neither assert nor approve this ground.",
        ))
    }

    fn is_duty(&self, code: GroundCode) -> bool {
        self.policy.ground(code).is_some_and(|entry| entry.nature == Nature::Duty)
    }

    /// Until when a duty of this ground may last, or what is asserted alike.
    pub(super) fn last_moment(&self, code: GroundCode, from: Time) -> Time {
        let named = self.policy.ground(code).and_then(|entry| entry.days_max);
        Time::end_of(from.plus_days(named.map_or(DUTY_DAYS_MAX, i64::from)).day())
    }

    /// A duty opens without anybody's approval; it ends no later than the registry says.
    pub(super) fn check_duty(&self, ground: &Ground) -> Result<(), Refusal> {
        let last = self.last_moment(ground.code, ground.from);
        if self.is_duty(ground.code) && ground.until.is_none_or(|until| until > last) {
            return Err(Refusal::invalid(
                "MU-E425",
                "until",
                "根拠の期間が長すぎます(義務に基づく提供は90日以内)。",
                "The period is longer than this ground allows; a duty lasts at most 90 days.",
            ));
        }
        Ok(())
    }

    pub(super) fn check_ground(&self, ground: &Ground) -> Result<(), Refusal> {
        let kind = self.register.agency(&ground.recipient).map(|agency| agency.kind).ok_or_else(no_recipient)?;
        ground.check(&self.policy, kind).map_err(Refusal::of_faults)
    }

    pub(super) fn ground(
        &self,
        caller: &Caller,
        code: GroundCode,
        recipient: AgencyId,
        persons: &[PersonId],
        terms: &GroundTerms,
        now: Time,
    ) -> Ground {
        let entry = self.policy.ground(code);
        Ground {
            id: FactId(self.id(now)),
            supersedes: None,
            code,
            statute_version: entry.map(|e| e.version_on(now.day())).unwrap_or_default(),
            number: (!terms.number.is_empty()).then(|| terms.number.clone()),
            recipient,
            asserting_agency: caller.id().clone(),
            asserting_officer: caller.actor.staff_id.clone(),
            subjects: persons.to_vec(),
            categories: terms.categories,
            necessity: terms.necessity.clone(),
            evidence: terms.evidence.clone(),
            from: terms.from.unwrap_or(now).min(now),
            until: terms.until,
            recorded_at: now,
            ended_at: None,
            approvals: Vec::new(),
            provisos: Vec::new(),
            message: terms.message,
            sources: Vec::new(),
            refusals: Vec::new(),
            level: None,
        }
    }

    /// The coordinating center opens its own offices' entries to the members with the case itself.
    fn approve_own(&self, caller: &Caller, ground: &mut Ground, now: Time) {
        write_limit(ground, ground.categories);
        for source in self.register.offices_of(&caller.agency) {
            ground.approvals.push(Approval {
                source,
                categories: ground.categories,
                approved_at: now,
                with_objection_in_view: false,
            });
        }
    }

    /// The case as an entry of the record, written by the center.
    async fn write_council_case(
        &self,
        caller: &Caller,
        terms: &GroundTerms,
        family: &Family,
        persons: &[PersonId],
    ) -> Result<(), Refusal> {
        let roles = |person: &PersonId| {
            let record = family.record();
            let named = record.entries().iter().flat_map(|entry| entry.persons()).find(|(p, _)| p == person);
            (*person, named.map_or(SubjectRole::Other, |(_, role)| role))
        };
        let with_roles: Vec<(PersonId, SubjectRole)> = persons.iter().map(roles).collect();
        let submission = council_submission(&terms.number, caller.id(), &terms.members, &with_roles, self.now())
            .map_err(|faults| Refusal { kind: super::RefusalKind::Invalid, diagnostics: faults })?;
        let parcel = Parcel::of_the_hub("council", &terms.number, submission, self.now());
        self.take(caller, parcel, Arc::new(|_, _, _| Vec::new())).await?;
        Ok(())
    }

    /// The newest record that took the place of a fact.
    pub(super) async fn latest_fact(&self, fact: FactId) -> Result<Option<FactRow>, Refusal> {
        let mut found = self.store.fact(fact).await?;
        while let Some(newer) = found.as_ref().and_then(|row| row.superseded_by) {
            found = self.store.fact(newer).await?;
        }
        Ok(found)
    }
}

/// What became of each category, as far as one holder answers for it.
fn parts_of(ground: &Ground, holder: &AgencyId, answer_by: Time) -> GroundParts {
    let state = |category| {
        let approved = ground.approvals.iter().any(|a| a.source == *holder && a.categories.has(category));
        match (approved, ground.asked_of(holder).has(category)) {
            (_, false) => "DENY",
            (true, true) => "PERMIT",
            (false, true) => "HOLD",
        }
    };
    let parts = ground.categories.iter().map(|category| (Some(holder.clone()), category, state(category)));
    let number = ground.number.clone().unwrap_or_default();
    GroundParts { fact: ground.id, number, parts: parts.collect(), answer_by }
}

/// Who approves more than the usual level holds thereby writes another limit.
fn write_limit(ground: &mut Ground, approved: CategorySet) {
    if !approved.and(ground.categories).minus(ground.level().categories()).is_empty() {
        ground.level = Some(Level::L3);
    }
}

pub(super) fn ground_fact(ground: &Ground) -> Fact<'_, Ground> {
    Fact {
        id: ground.id,
        kind: FactKind::Ground,
        recipient: Some(ground.recipient.clone()),
        persons: ground.subjects.clone(),
        value: ground,
    }
}

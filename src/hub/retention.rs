//! What need not be kept any more, and its destruction (`consent.md` section 12, S-52, S-53, S-58). The rules are
//! `musubi_core::retention`'s. One operator asks for it, another within a day; then the keys of everybody who shares a row are gone
//! in one change with one entry of the log, and nothing finds these persons any more.

use super::caller::{Caller, Operation};
use super::consents::{Fact, Recorded};
use super::family::Family;
use super::persons::{Named, unknown_person};
use super::recipients::same_operator;
use super::{DECIDE_AGAIN_MAX, Hub, Refusal, RefusalKind};
use crate::store::{Change, Conflict, DeliveryState, Expect, FactKind, Row, Store, StoreError};
use musubi_core::adapter::Diagnostic;
use musubi_core::audit::AuditEntry;
use musubi_core::consent::records::Status;
use musubi_core::id::{FactId, Municipality, PersonId};
use musubi_core::retention::{Dossier, Hold, LegalHold, Verdict, verdict};
use musubi_core::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Setting of the store: what operators asked for.
const PROPOSALS: &str = "proposed destructions";
/// So long a proposal waits for a second operator, in days.
const PROPOSAL_DAYS: i64 = 1;
/// How often the circle of those who share rows is widened before it is left to a person.
const WIDENINGS_MAX: usize = 8;
/// States of a referral that somebody closed.
const CLOSED: [&str; 4] = ["completed", "declined", "cancelled", "expired"];

/// Persons who share rows, and what the schedule says of them. Ids alone: nobody's name.
pub struct Retained {
    /// Who they are.
    pub persons: BTreeSet<PersonId>,
    /// What it says.
    pub verdict: Verdict,
    /// The operator who asked for their destruction, and until when another may.
    pub proposed: Option<(String, Time)>,
}

/// That the keys of some persons be destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Proposal {
    persons: BTreeSet<PersonId>,
    by: String,
    until: Time,
}

impl Hub {
    /// Puts an order on file that nothing about a person be destroyed, or lifts every such order.
    ///
    /// # Errors
    /// When the caller is no privacy or legal officer of a center, gives no reason, or the person is kept elsewhere or not known.
    pub async fn legal_hold(
        &self,
        caller: &Caller,
        subject: &Named,
        reason: &str,
        lift: bool,
    ) -> Result<Recorded, Refusal> {
        caller.check(Operation::Preserve)?;
        if reason.trim().chars().count() < LegalHold::REASON_MIN {
            return Err(no_reason());
        }
        for _ in 0..DECIDE_AGAIN_MAX {
            let subject = self.find(subject).await?.ok_or_else(unknown_person)?;
            let family = self.family(&[subject], self.now()).await?;
            self.own_persons(caller, &family, [subject])?;
            let (now, id) = (family.at, FactId(self.id(family.at)));
            let own = |hold: &&LegalHold| hold.on(now) && family.known_as(hold.subject) == family.known_as(subject);
            let before: Vec<FactId> = family.holds.iter().filter(own).map(|hold| hold.id).collect();
            if lift && before.is_empty() {
                return Err(nothing_to_lift());
            }
            let mut change = Change { expect: family.epochs(), ..Change::default() };
            for fact in before.into_iter().filter(|_| lift) {
                change.expect.push(Expect::FactHolds { id: fact });
                change.rows.push(Row::Superseded { fact, at: now, by: Some(id) });
            }
            let (reason, officer) = (reason.to_owned(), caller.actor.staff_id.clone());
            let hold = LegalHold { id, subject, reason, officer, recorded_at: now, lifted_at: lift.then_some(now) };
            let fact = Fact { id, kind: FactKind::LegalHold, recipient: None, persons: vec![subject], value: &hold };
            let action = if lift { "lift legal hold" } else { "put legal hold" };
            if let Some(receipt) = self.put_fact(caller, action, &family, change, fact).await? {
                return Ok(Recorded { fact: id, status: Status::Active, receipt });
            }
        }
        Err(Refusal::kept_changing())
    }

    /// Everybody on file, those who share rows together, with what the schedule says of them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn retained(&self) -> Result<Vec<Retained>, Refusal> {
        let proposals = proposals(&self.store).await?;
        let mut homes: BTreeSet<Municipality> =
            self.register.all().iter().map(|agency| agency.municipality.clone()).collect();
        homes.insert(Municipality::unassigned());
        let (mut seen, mut all) = (BTreeSet::<PersonId>::new(), Vec::new());
        for home in homes {
            let mut last = Some(super::roster::FIRST);
            while let Some(after) = last {
                let some;
                (some, last) = self.some_kept_in(&home, after).await?;
                for person in some {
                    if seen.contains(&person) {
                        continue;
                    }
                    let (family, verdict) = self.judged(person).await?;
                    let persons: BTreeSet<PersonId> = family.persons.keys().copied().collect();
                    seen.extend(&persons);
                    let proposed = proposals.iter().find(|one| one.persons == persons && self.now() <= one.until);
                    let proposed = proposed.map(|one| (one.by.clone(), one.until));
                    all.push(Retained { persons, verdict, proposed });
                }
            }
        }
        Ok(all)
    }

    /// An operator asks that the keys of a person, and of everybody who shares a row with that person, be destroyed; when a
    /// second one does within a day, they are.
    ///
    /// # Errors
    /// When nobody of this id is known, something must be kept still, or the same operator asks again.
    pub async fn destroy(&self, person: PersonId, by: &str) -> Result<(), Refusal> {
        for _ in 0..DECIDE_AGAIN_MAX {
            if self.try_destroy(person, by).await? {
                return Ok(());
            }
        }
        Err(Refusal::kept_changing())
    }

    /// `false` when somebody changed something meanwhile.
    async fn try_destroy(&self, person: PersonId, by: &str) -> Result<bool, Refusal> {
        let known = self.find(&Named { person: Some(person), ..Named::default() }).await?.ok_or_else(unknown_person)?;
        let (family, verdict) = self.judged(known).await?;
        let Verdict::Due { rule, .. } = verdict else { return Err(not_due(&verdict)) };
        let (now, persons) = (family.at, family.persons.keys().copied().collect::<BTreeSet<PersonId>>());
        let mut waiting = proposals(&self.store).await?;
        waiting.retain(|proposal| now <= proposal.until);
        let mut rows = Vec::new();
        let action = match waiting.iter().position(|proposal| proposal.persons == persons) {
            Some(at) if waiting.get(at).is_some_and(|proposal| proposal.by.eq_ignore_ascii_case(by)) => {
                return Err(same_operator());
            }
            Some(at) => {
                waiting.remove(at);
                // What arrives at this very moment was not judged.
                let seen = Some(family.last_received());
                rows.extend(persons.iter().map(|person| Row::DestroyKey { person: *person, at: now, seen }));
                "destroy keys"
            }
            None => {
                let until = now.plus_days(PROPOSAL_DAYS);
                waiting.push(Proposal { persons: persons.clone(), by: by.to_owned(), until });
                "propose destruction of keys"
            }
        };
        let value = serde_json::to_string(&waiting).map_err(|_| Refusal::kept_changing())?;
        rows.push(Row::Setting { name: PROPOSALS.to_owned(), value });
        let entry = AuditEntry {
            time: now.micros(),
            action: action.to_owned(),
            staff_id: by.to_owned(),
            persons: persons.iter().map(|person| person.0.as_bytes().to_vec()).collect(),
            note: rule,
            ..AuditEntry::default()
        };
        let leaves = vec![self.hub_leaf(now, &entry)];
        let change = Change { expect: family.epochs(), rows, leaves, ..Change::default() };
        match self.store.commit(action, change).await {
            Ok(_) => Ok(true),
            Err(StoreError::Conflict(Conflict::Epoch(_))) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// Everybody who shares a row with a person, and what the schedule says of them all.
    async fn judged(&self, person: PersonId) -> Result<(Family, Verdict), Refusal> {
        let mut family = self.family(&[person], self.now()).await?;
        for _ in 0..WIDENINGS_MAX {
            let mut all: BTreeSet<PersonId> = family.persons.keys().copied().collect();
            let before = all.len();
            all.extend(family.grounds.iter().flat_map(|ground| &ground.subjects));
            family = self.family(&all.into_iter().collect::<Vec<_>>(), self.now()).await?;
            if family.persons.len() == before {
                let verdict = self.verdict_on(&family).await?;
                return Ok((family, verdict));
            }
        }
        Ok((family, Verdict::Held(BTreeSet::from([Hold::TooMany]))))
    }

    async fn verdict_on(&self, family: &Family) -> Result<Verdict, Refusal> {
        let ids: Vec<PersonId> = family.persons.keys().copied().collect();
        let (record, facts) = family.whole();
        let work = self.store.work_items_of(&ids).await?;
        let referrals = self.store.referrals_of(&ids).await?;
        let deliveries = self.store.deliveries_of(&ids).await?;
        let mut waiting = BTreeSet::new();
        waiting.extend(work.iter().any(|item| item.open).then_some(Hold::OpenWork));
        let open = |state: &str| !CLOSED.contains(&state);
        waiting.extend(referrals.iter().any(|row| open(&row.state)).then_some(Hold::OpenReferral));
        waiting.extend(deliveries.iter().any(|row| on_its_way(row.state)).then_some(Hold::Delivery));
        let facts_on_file = self.store.fact_history(&ids).await?;
        let acts = facts_on_file.iter().flat_map(|row| [Some(row.recorded_at), row.superseded_at]);
        let acts = acts.chain(work.iter().flat_map(|item| [Some(item.created_at), item.answered_at]));
        let acts = acts.chain(referrals.iter().map(|row| Some(row.updated_at)));
        let acts = acts.chain(deliveries.iter().map(|row| Some(row.created_at)));
        let municipalities: BTreeSet<Municipality> =
            family.persons.values().map(|row| row.municipality.clone()).collect();
        // That the center looked at its own list is no disclosure, and keeps nobody on it.
        let centers: Vec<_> = municipalities.iter().filter_map(|home| self.register.center(home)).collect();
        let mut releases = self.store.releases_of(&ids).await?;
        releases.retain(|row| centers.iter().all(|center| center.id != row.recipient));
        let dossier = Dossier {
            persons: &family.known(),
            municipalities: &municipalities,
            entries: family.entries(),
            record: &record,
            subjects: &facts.subjects,
            grounds: &family.grounds,
            holds: &family.holds,
            waiting,
            last_act: acts.chain(releases.iter().map(|row| Some(row.decided_at))).flatten().max(),
        };
        Ok(verdict(&self.schedule, &dossier, family.at))
    }
}

/// What waits for a basis waits for ever where nobody gives one: it holds nothing.
fn on_its_way(state: DeliveryState) -> bool {
    matches!(state, DeliveryState::Waiting | DeliveryState::Released | DeliveryState::Dead | DeliveryState::Ambiguous)
}

async fn proposals(store: &Store) -> Result<Vec<Proposal>, StoreError> {
    let Some(text) = store.setting(PROPOSALS).await? else { return Ok(Vec::new()) };
    serde_json::from_str(&text).map_err(|_| StoreError::Unavailable { at: PROPOSALS, code: "unreadable".to_owned() })
}

fn not_due(verdict: &Verdict) -> Refusal {
    let why = match verdict {
        Verdict::Held(holds) => holds.iter().map(|hold| hold.word()).collect::<Vec<_>>().join(", "),
        Verdict::Kept { until, rule } | Verdict::Due { since: until, rule } => format!("{until} {rule}"),
    };
    let (ja, en) = (format!("まだ保存しなければなりません({why})。"), format!("It must be kept still: {why}."));
    Refusal::new(RefusalKind::Conflict, Diagnostic::error("M850", "person", ja, en))
}

fn no_reason() -> Refusal {
    Refusal::invalid(
        "M851",
        "reason",
        "保全を命じる、または解く理由を10文字以上で書いてください。",
        "Say why the record is preserved, or why no longer, in 10 characters or more.",
    )
}

fn nothing_to_lift() -> Refusal {
    Refusal::conflict(
        "M852",
        "subject",
        "この方の保全命令はありません。",
        "No order preserves the record of this person.",
    )
}

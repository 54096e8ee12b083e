//! Reading the record: one person, or the cases that a center has grounds to ask about. Unknown and invisible are
//! answered alike (`consent.md` section 8).

use super::caller::Caller;
use super::ledger::{Serves, act};
use super::persons::Named;
use super::{DECIDE_AGAIN_MAX, Hub, Refusal};
use crate::store::{Change, FactKind, StoreError};
use musubi_core::agency::{AgencyKind, Purpose};
use musubi_core::cases::{self, CaseQuery, HITS_MAX};
use musubi_core::consent::records::{Ground, Level};
use musubi_core::id::{FactId, PersonId};
use musubi_core::release::{Released, release};
use std::collections::BTreeSet;

/// An answer to a question about cases.
pub struct CaseAnswer {
    /// One record for each family, most recent contact first is not promised: ordered by id.
    pub hits: Vec<Released>,
    /// The limit of the ground that was cited; never what the data would say.
    pub level: Level,
    /// There were more.
    pub truncated: bool,
}

impl Hub {
    /// What the caller may see of one person. An empty answer says nothing about the reason.
    ///
    /// # Errors
    /// When the purpose needs a person who acts, or the store fails.
    pub async fn get(
        &self,
        caller: &Caller,
        purpose: Purpose,
        named: &Named,
        ground: &str,
    ) -> Result<Vec<Released>, Refusal> {
        let cited = self.cited(caller, ground).await?;
        caller.request(purpose, None)?;
        let persons = match self.find(named).await? {
            Some(person) => vec![person],
            None => self.find_by_name(&named.name, &named.birth_date).await?,
        };
        let mut seen = Vec::new();
        for person in persons {
            seen.extend(self.show(caller, purpose, &cited, person, &|_| true).await?);
        }
        if seen.is_empty() {
            self.nothing_shown(caller, purpose).await?;
        }
        Ok(seen)
    }

    /// The cases that are open to the caller under the ground that it cites, and its own.
    ///
    /// # Errors
    /// When no ground is cited (`CG-E305`), or the purpose needs a person who acts (`CG-E302`).
    pub async fn search_cases(
        &self,
        caller: &Caller,
        purpose: Purpose,
        query: &CaseQuery,
    ) -> Result<CaseAnswer, Refusal> {
        caller.request(purpose, None)?;
        let cited = self.cited(caller, &query.ground).await?;
        let now = self.now();
        let mut families = BTreeSet::new();
        let mut hits = Vec::new();
        let query = &query.clone().limited_to(cited.level.unwrap_or(Level::L1));
        for person in &cited.persons {
            let family = self.family(&[*person], now).await?;
            let Some(first) = family.known().first().copied() else { continue };
            if !families.insert(first) {
                continue;
            }
            let wanted = |released: &Released| cases::matches(query, released, now);
            hits.extend(self.show_at(caller, purpose, &cited, *person, &wanted, query.level).await?);
        }
        let truncated = hits.len() > HITS_MAX;
        hits.truncate(HITS_MAX);
        if hits.is_empty() {
            self.nothing_shown(caller, purpose).await?;
        }
        Ok(CaseAnswer { hits, level: cited.level.unwrap_or(query.level), truncated })
    }

    async fn show(
        &self,
        caller: &Caller,
        purpose: Purpose,
        cited: &Cited,
        person: PersonId,
        wanted: &(dyn Fn(&Released) -> bool + Sync),
    ) -> Result<Option<Released>, Refusal> {
        self.show_at(caller, purpose, cited, person, wanted, Level::L3).await
    }

    /// Decides one family and puts the release on record, in the order of `design.md` section 6.
    async fn show_at(
        &self,
        caller: &Caller,
        purpose: Purpose,
        cited: &Cited,
        person: PersonId,
        wanted: &(dyn Fn(&Released) -> bool + Sync),
        level: Level,
    ) -> Result<Option<Released>, Refusal> {
        for _ in 0..DECIDE_AGAIN_MAX {
            let now = self.now();
            let family = self.family(&[person], now).await?;
            let mut shown = None;
            for ground in &cited.choices() {
                let request = caller.request(purpose, *ground)?;
                let record = family.record();
                let facts = family.decision_facts(&record);
                let mut released = release(record, &request, &facts, &self.policy, now);
                let hit = wanted(&released);
                released.narrow(level.categories());
                if hit && !released.is_empty() {
                    shown = Some(released);
                    break;
                }
            }
            let Some(mut released) = shown else { return Ok(None) };
            let serves = Serves { delivery: None, query: Some(self.id(now)) };
            let municipality = self.municipality_of(&family, caller);
            let (_, change) = self.release_change(&mut released, &family, &caller.actor, &municipality, serves)?;
            match self.store.commit("release an answer", change).await {
                Ok(_) => return Ok(Some(released)),
                Err(StoreError::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(Refusal::kept_changing())
    }

    /// A question that showed nothing stands in the hub's log, and notifies nobody.
    async fn nothing_shown(&self, caller: &Caller, purpose: Purpose) -> Result<(), Refusal> {
        let now = self.now();
        let mut entry = act(now, "ask", caller.id(), &caller.actor);
        entry.purpose = purpose.to_string();
        entry.outcome = "empty".to_owned();
        let leaves = vec![self.hub_leaf(now, &entry)];
        self.store.commit("ask", Change { leaves, ..Change::default() }).await?;
        Ok(())
    }

    /// The live grounds of a number, and whom they name. A number without a live ground opens nothing.
    async fn cited(&self, caller: &Caller, number: &str) -> Result<Cited, Refusal> {
        let mut cited = Cited::default();
        if number.is_empty() {
            return Ok(cited);
        }
        cited.named = true;
        let now = self.now();
        for row in self.store.facts_for(caller.id(), FactKind::Ground, now).await? {
            let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
            let family = self.family(&persons, now).await?;
            let Some(ground) = self.open_json::<Ground>(&family, &row.body, "fact", row.id.0, 0) else { continue };
            if ground.number.as_deref() == Some(number) && ground.live(now) {
                cited.level = Some(cited.level.map_or(ground.level(), |level| level.max(ground.level())));
                cited.grounds.push(ground.id);
                cited.persons.extend(persons);
            }
        }
        Ok(cited)
    }
}

/// What a number stands for.
#[derive(Default)]
struct Cited {
    named: bool,
    grounds: Vec<FactId>,
    persons: Vec<PersonId>,
    level: Option<Level>,
}

impl Cited {
    /// The grounds to decide under; a number without a live ground leaves none but the caller's own entries.
    fn choices(&self) -> Vec<Option<FactId>> {
        if self.named { self.grounds.iter().copied().map(Some).collect() } else { vec![None] }
    }
}

/// The purpose that an agency asks under when its operation fixes none.
pub fn default_purpose(kind: AgencyKind) -> Purpose {
    match kind {
        AgencyKind::Osc => Purpose::P3,
        AgencyKind::Med | AgencyKind::Pho => Purpose::P1,
        AgencyKind::Cgc => Purpose::P5,
        AgencyKind::Prv => Purpose::P7,
        AgencyKind::Mun => Purpose::P9,
    }
}

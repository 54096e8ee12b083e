//! Reading the record: one person, or the cases that a center has grounds to ask about. Unknown and invisible are
//! answered alike (`consent.md` section 8).

use super::caller::Caller;
use super::family::Family;
use super::late_match::Asked;
use super::ledger::{Basis, Serves, act};
use super::persons::Named;
use super::work::{self, WorkBody};
use super::{DECIDE_AGAIN_MAX, Hub, Refusal, RefusalKind};
use crate::store::{Change, FactKind, Row, StoreError, WorkItemRow};
use musubi_core::adapter::Text;
use musubi_core::agency::{AgencyKind, CategorySet, Purpose};
use musubi_core::cases::{self, CaseQuery, HITS_MAX};
use musubi_core::consent::records::{Ground, Level};
use musubi_core::consent::{Facts, SubjectFacts};
use musubi_core::id::{FactId, Municipality, PersonId, ReleaseId};
use musubi_core::release::{Released, Withheld, release};
use musubi_core::time::Time;
use std::time::Duration;
use tokio::time::sleep;

/// An answer to a question about cases.
pub struct CaseAnswer {
    /// One record for each family, most recent contact first is not promised: ordered by id.
    pub hits: Vec<Released>,
    /// The limit of the ground that was cited; never what the data would say.
    pub level: Level,
    /// There were more.
    pub truncated: bool,
}

/// Most persons of one name and birth date who are shown to one question (S-60).
const VISIBLE_MAX: usize = 5;
/// An answer that shows nothing leaves no sooner than this after its question: of somebody hidden more is read and decided than of
/// somebody unknown, and the time it takes must not tell which it was (`consent.md` section 9, property 9).
pub(super) const SILENCE: Duration = Duration::from_millis(50);
/// Days until the center must have looked at who asked for somebody shielded.
const TOUCHED_DAYS: i64 = 1;
/// Kind and code of that work item.
const TOUCHED: (&str, &str) = ("shield", "SHIELD_TOUCHED");
/// Name of the change that puts an answer on record.
const RELEASE: &str = "release an answer";

/// What a question came to for one family.
pub(super) enum Shown {
    /// Released, and on record.
    Released(Box<Released>),
    /// Nothing may be seen; this is to be written with the leaf of the empty answer.
    Nothing(Unshown),
}

/// What is to be done about one family before anything of it is shown.
pub(super) enum Prepared {
    /// Nothing may be seen.
    Nothing(Unshown),
    /// What was read has changed: it is to be decided again.
    Again,
    /// This may be seen once the change is on disk.
    Release(Box<Released>, Box<Change>),
}

/// What an answer that showed nothing leaves behind.
#[derive(Default)]
pub(super) struct Unshown {
    rows: Vec<Row>,
    /// The decisions, with the hash of the facts of each.
    refused: Vec<(ReleaseId, [u8; 32])>,
}

impl Unshown {
    pub(super) fn add(&mut self, other: Unshown) {
        self.rows.extend(other.rows);
        self.refused.extend(other.refused);
    }
}

/// What a decision came to.
pub(super) struct Decided {
    pub(super) released: Released,
    /// Under which ground, where one was cited.
    pub(super) cited: Option<FactId>,
    /// It is what was asked for, and something of it may be seen.
    pub(super) shows: bool,
    /// It was what was asked for, or nothing at all may be seen of it.
    meant: bool,
    pub(super) facts: Facts,
}

/// One question to the record.
pub(super) struct Question<'a> {
    pub(super) caller: &'a Caller,
    pub(super) purpose: Purpose,
    pub(super) cited: &'a Cited,
    pub(super) wanted: &'a (dyn Fn(&Released, Time) -> bool + Sync),
    /// No more than these.
    pub(super) categories: CategorySet,
}

impl Hub {
    /// What the caller may see of one person. An empty answer says nothing about the reason.
    ///
    /// # Errors
    /// When the caller's role may not ask for the purpose, or the store fails.
    pub async fn get(
        &self,
        caller: &Caller,
        purpose: Purpose,
        named: &Named,
        ground: &str,
    ) -> Result<Vec<Released>, Refusal> {
        caller.request(purpose, None)?;
        let silence = sleep(SILENCE);
        let cited = &self.cited(caller, ground).await?;
        let persons = match self.find(named).await? {
            Some(person) => vec![person],
            None => self.find_by_name(&named.name, &named.birth_date).await?,
        };
        let question = Question { caller, purpose, cited, wanted: &|_, _| true, categories: Level::L3.categories() };
        let (mut seen, mut unshown) = (Vec::new(), Unshown::default());
        for &person in &persons {
            match self.show(&question, person).await? {
                Shown::Released(released) => seen.push(*released),
                Shown::Nothing(nothing) => unshown.add(nothing),
            }
            if seen.len() == VISIBLE_MAX {
                break;
            }
        }
        self.nothing_shown(&question, seen.is_empty(), unshown).await?;
        if !persons.is_empty() {
            let asked = Asked { number: ground, persons: &persons, cases: None, message_id: None };
            self.remember_question(&question, asked, !seen.is_empty()).await?;
        }
        if seen.is_empty() {
            silence.await;
        }
        Ok(seen)
    }

    /// The cases that are open to the caller under the ground that it cites, and its own. `message_id`: where the query came in a
    /// message of a format in which a late match can be told.
    ///
    /// # Errors
    /// When no ground is cited (`CG-E305`), the purpose needs a person who acts (`CG-E302`), or a criterion reads what the asked
    /// level hides (`CG-E307`).
    pub async fn search_cases(
        &self,
        caller: &Caller,
        purpose: Purpose,
        query: &CaseQuery,
        message_id: Option<&str>,
    ) -> Result<CaseAnswer, Refusal> {
        caller.request(purpose, None)?;
        query.check().map_err(|diagnostics| Refusal { kind: RefusalKind::Invalid, diagnostics })?;
        let silence = sleep(SILENCE);
        let cited = &self.cited(caller, &query.ground).await?;
        let asked = Asked { number: &query.ground, persons: &[], cases: Some(query), message_id };
        let query = &query.clone().limited_to(cited.level());
        let wanted = |released: &Released, now: Time| cases::matches(query, released, now);
        let question = Question { caller, purpose, cited, wanted: &wanted, categories: query.level.categories() };
        let (hits, truncated) = self.see_cited(&question).await?;
        self.remember_question(&question, asked, !hits.is_empty()).await?;
        if hits.is_empty() {
            silence.await;
        }
        Ok(CaseAnswer { hits, level: cited.level.unwrap_or(query.level), truncated })
    }

    /// What the cited ground opens of those whom it names, whether they are a case or not: what is seen of each of them alone.
    /// Says whether there were more.
    ///
    /// # Errors
    /// When no ground is cited (`CG-E305`), or the caller's role may not ask for the purpose.
    pub async fn named_in(
        &self,
        caller: &Caller,
        purpose: Purpose,
        number: &str,
    ) -> Result<(Vec<Released>, bool), Refusal> {
        caller.request(purpose, None)?;
        if number.is_empty() {
            return Err(no_ground());
        }
        let silence = sleep(SILENCE);
        let cited = self.cited(caller, number).await?;
        let categories = Level::L3.categories();
        let question = Question { caller, purpose, cited: &cited, wanted: &|_, _| true, categories };
        let seen = self.see_cited(&question).await?;
        let asked = Asked { number, persons: &[], cases: None, message_id: None };
        self.remember_question(&question, asked, !seen.0.is_empty()).await?;
        if seen.0.is_empty() {
            silence.await;
        }
        Ok(seen)
    }

    /// What may be seen of those whom the cited grounds name, family by family, and whether there is more.
    async fn see_cited(&self, question: &Question<'_>) -> Result<(Vec<Released>, bool), Refusal> {
        let mut families = self.families(&question.cited.persons, self.now()).await?.into_iter();
        let (mut hits, mut unshown, mut truncated) = (Vec::new(), Unshown::default(), false);
        while hits.len() < HITS_MAX && families.len() > 0 {
            let some = families.by_ref().take(HITS_MAX - hits.len()).collect();
            for shown in self.show_each(question, some).await? {
                match shown {
                    Shown::Released(released) => hits.push(*released),
                    Shown::Nothing(nothing) => unshown.add(nothing),
                }
            }
        }
        for family in families {
            // That there is one more is all that may be told of it: nothing of it is released.
            truncated = self.decide(question, &family, family.at)?.is_some_and(|decided| decided.shows);
            if truncated {
                break;
            }
        }
        self.nothing_shown(question, hits.is_empty(), unshown).await?;
        Ok((hits, truncated))
    }

    /// What one family's record comes to, under the first ground that opens something, or the last of them.
    pub(super) fn decide(
        &self,
        question: &Question<'_>,
        family: &Family,
        now: Time,
    ) -> Result<Option<Decided>, Refusal> {
        let mut last = None;
        for ground in question.cited.choices(family) {
            let request = question.caller.request(question.purpose, ground)?;
            let (record, facts) = family.whole();
            let mut released = release(record, &request, &facts, &self.policy, now);
            let hit = (question.wanted)(&released, now);
            let meant = hit || released.is_empty();
            released.narrow(question.categories);
            let shows = hit && !released.is_empty();
            last = Some(Decided { released, cited: ground, shows, meant, facts });
            if shows {
                break;
            }
        }
        Ok(last)
    }

    /// Decides one family and puts the release on record, in the order of `design.md` section 6.
    pub(super) async fn show(&self, question: &Question<'_>, person: PersonId) -> Result<Shown, Refusal> {
        for _ in 0..DECIDE_AGAIN_MAX {
            let family = self.family(&[person], self.now()).await?;
            match self.prepare(question, &family).await? {
                Prepared::Nothing(nothing) => return Ok(Shown::Nothing(nothing)),
                Prepared::Again => {}
                Prepared::Release(released, change) => match self.store.commit(RELEASE, *change).await {
                    Ok(_) => return Ok(Shown::Released(released)),
                    Err(StoreError::Conflict(_)) => {}
                    Err(other) => return Err(other.into()),
                },
            }
        }
        Err(Refusal::kept_changing())
    }

    /// The same for families that were read together, with one wait for the disk. Whoever changed meanwhile is decided again
    /// alone.
    async fn show_each(&self, question: &Question<'_>, families: Vec<Family>) -> Result<Vec<Shown>, Refusal> {
        let (mut shown, mut changes, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
        for family in families {
            let first = family.known().first().copied();
            match (self.prepare(question, &family).await?, first) {
                (Prepared::Nothing(nothing), _) => shown.push(Shown::Nothing(nothing)),
                (Prepared::Release(released, change), Some(first)) => {
                    changes.push(*change);
                    waiting.push((first, released));
                }
                (_, Some(first)) => shown.push(self.show(question, first).await?),
                (_, None) => {}
            }
        }
        let committed = self.store.commit_each(RELEASE, changes).await?;
        for ((first, released), committed) in waiting.into_iter().zip(committed) {
            shown.push(match committed {
                Ok(_) => Shown::Released(released),
                Err(StoreError::Conflict(_)) => self.show(question, first).await?,
                Err(other) => return Err(other.into()),
            });
        }
        Ok(shown)
    }

    /// Decides one family, and says what is to be on record before a byte of it leaves.
    pub(super) async fn prepare(&self, question: &Question<'_>, family: &Family) -> Result<Prepared, Refusal> {
        let (caller, now) = (question.caller, family.at);
        let touched = self.touched(caller, family, now).await?;
        let decided = self.decide(question, family, now)?;
        let mut nothing = Unshown { rows: touched, refused: Vec::new() };
        let Some(Decided { mut released, cited, shows, meant, facts }) = decided else {
            return Ok(Prepared::Nothing(nothing));
        };
        let asked = question.categories;
        let held = |held: &Withheld| meant && asked.has(held.category);
        let serves = Serves { query: Some(self.id(now)), cited, ..Serves::default() };
        let municipality = self.municipality_of(family, caller);
        if shows {
            let questions = self.questions_of(now, family, &released, &held).await?;
            let basis = Basis::new(&caller.actor, serves, &facts);
            let (_, mut change) = self.release_change(&mut released, family, &municipality, &basis)?;
            change.rows.extend(nothing.rows.into_iter().chain(questions));
            return Ok(Prepared::Release(Box::new(released), Box::new(change)));
        }
        if !self.put_before_persons(now, family, &released, &held).await? {
            return Ok(Prepared::Again);
        }
        if meant && !released.withheld().is_empty() {
            let basis = Basis::new(&caller.actor, serves, &facts);
            let (id, rows) = match self.refused_before(&released, family, &basis).await? {
                Some(id) => (id, Vec::new()),
                None => {
                    let (id, row) = self.refusal_row(&released, family, &municipality, &basis)?;
                    (id, vec![row])
                }
            };
            nothing.add(Unshown { rows, refused: vec![(id, basis.facts_hash)] });
        }
        Ok(Prepared::Nothing(nothing))
    }

    /// A question that showed nothing stands in the hub's log, and notifies nobody but the center of somebody shielded.
    pub(super) async fn nothing_shown(
        &self,
        question: &Question<'_>,
        nothing: bool,
        unshown: Unshown,
    ) -> Result<(), Refusal> {
        let Unshown { rows, refused } = unshown;
        if !nothing && rows.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let mut entry = act(now, "ask", question.caller.id(), &question.caller.actor);
        entry.purpose = question.purpose.to_string();
        entry.outcome = "empty".to_owned();
        if let Some((first, facts_hash)) = refused.first() {
            entry.release = first.0.as_bytes().to_vec();
            self.say_basis(&mut entry, facts_hash, Serves::default());
        }
        // Ids of the other decisions: whoever reads the log finds each.
        entry.evidence = refused.iter().skip(1).map(|(id, _)| id.0.as_bytes().to_vec()).collect();
        let leaves = vec![self.hub_leaf(now, &entry)];
        self.store.commit("ask", Change { leaves, rows, ..Change::default() }).await?;
        Ok(())
    }

    /// Somebody asked for a person under an address shield: the center of residence is to know, whatever the answer was.
    /// Once a day for each person and agency that asks.
    async fn touched(&self, caller: &Caller, family: &Family, now: Time) -> Result<Vec<Row>, Refusal> {
        let mut rows = Vec::new();
        for person in family.known() {
            let shielded = |facts: &SubjectFacts| facts.shields.iter().any(|shield| shield.on(now));
            if !family.facts.get(&person).is_some_and(shielded) {
                continue;
            }
            let municipality = family.persons.get(&person).map(|row| row.municipality.clone());
            let municipality = municipality.filter(|m| *m != Municipality::unassigned());
            let municipality = municipality.unwrap_or_else(|| self.municipality_of(family, caller));
            let Some(center) = self.register.center(&municipality).filter(|center| center.id != *caller.id()) else {
                continue;
            };
            if self.told_today(caller, family, person, now).await? {
                continue;
            }
            let text = Text::new(
                "支援措置の対象の方について照会がありました。照会元と理由を確認してください。",
                "Somebody asked for a person under an address shield. See who asked, and why.",
            );
            let body = WorkBody::new(TOUCHED.1, text, caller.id().as_str());
            let (owner, due, persons) = (&center.id, now.plus_days(TOUCHED_DAYS), &[person]);
            let municipality = &municipality;
            let item = work::Question { owner, kind: TOUCHED.0, due, municipality, family, persons };
            rows.push(self.ask(now, &item, &body)?);
        }
        Ok(rows)
    }

    async fn told_today(&self, caller: &Caller, family: &Family, person: PersonId, now: Time) -> Result<bool, Refusal> {
        let items = self.store.work_items_of(&family.ids_of(person)).await?;
        let today = |row: &&WorkItemRow| row.open && row.kind == TOUCHED.0 && row.created_at.plus_days(1) > now;
        let mut bodies = items.iter().filter(today).filter_map(|row| self.opened::<WorkBody>(family, row));
        Ok(bodies.any(|body| body.about == caller.id().as_str()))
    }

    /// The live grounds of a number, and whom they name. A number without a live ground opens nothing.
    pub(super) async fn cited(&self, caller: &Caller, number: &str) -> Result<Cited, Refusal> {
        let mut cited = Cited::default();
        if number.is_empty() {
            return Ok(cited);
        }
        cited.named = true;
        let now = self.now();
        for (ground, persons) in self.grounds_for(caller, now).await? {
            if ground.number.as_deref() == Some(number) && ground.live(now) {
                cited.level = Some(cited.level.map_or(ground.level(), |level| level.max(ground.level())));
                cited.persons.extend(&persons);
                cited.grounds.push((ground.id, persons));
            }
        }
        Ok(cited)
    }

    /// The grounds on file for the caller, each with those whom it names; read together, since a center has hundreds.
    pub(super) async fn grounds_for(
        &self,
        caller: &Caller,
        now: Time,
    ) -> Result<Vec<(Ground, Vec<PersonId>)>, Refusal> {
        let rows = self.store.facts_for(caller.id(), FactKind::Ground, now).await?;
        let named = self.keys_of(&rows.iter().flat_map(|row| &row.persons).map(|one| one.person).collect()).await?;
        let opened = rows.iter().filter_map(|row| {
            let ground = self.opened(&named, row)?;
            Some((ground, row.persons.iter().map(|one| one.person).collect()))
        });
        Ok(opened.collect())
    }
}

pub(super) fn no_ground() -> Refusal {
    Refusal::invalid(
        "CG-E305",
        "ground",
        "照会には根拠の番号(求めの番号・ケース番号)が必要です。",
        "A query cites the number of its ground.",
    )
}

/// What a number stands for.
#[derive(Default)]
pub(super) struct Cited {
    named: bool,
    /// Each with those whom it names.
    grounds: Vec<(FactId, Vec<PersonId>)>,
    persons: Vec<PersonId>,
    level: Option<Level>,
}

impl Cited {
    /// Is there a live ground of this number?
    pub(super) fn lives(&self) -> bool {
        !self.grounds.is_empty()
    }

    /// Whom its grounds name.
    pub(super) fn persons(&self) -> &[PersonId] {
        &self.persons
    }

    /// Is this one of them?
    pub(super) fn names(&self, person: PersonId) -> bool {
        self.persons.contains(&person)
    }

    /// How much an answer under it may tell.
    pub(super) fn level(&self) -> Level {
        self.level.unwrap_or(Level::L1)
    }

    /// The grounds to decide about a family under: those that name somebody of it, or else the last, which opens nothing. A
    /// number without a live ground leaves none but the caller's own entries.
    fn choices(&self, family: &Family) -> Vec<Option<FactId>> {
        if !self.named {
            return vec![None];
        }
        let names = |persons: &[PersonId]| persons.iter().any(|person| family.persons.contains_key(person));
        let naming: Vec<_> = self.grounds.iter().filter(|(_, persons)| names(persons)).collect();
        let chosen = if naming.is_empty() { self.grounds.iter().rev().take(1).collect() } else { naming };
        chosen.into_iter().map(|(ground, _)| Some(*ground)).collect()
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

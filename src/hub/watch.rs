//! What a caller watches: it is looked at every few seconds, and what is new is handed out. Each look asks as a new call would, at that
//! moment, and what it hands out is released and on record like any answer. Nothing is remembered but what was handed out last.

use super::caller::Caller;
use super::late_match::Asked;
use super::query::{Question, SILENCE, Shown, Unshown, no_ground};
use super::work::WorkItem;
use super::{Hub, Refusal};
use musubi_core::agency::{AgencyId, Purpose};
use musubi_core::cases::HITS_MAX;
use musubi_core::consent::records::Level;
use musubi_core::id::{PersonId, WorkItemId};
use musubi_core::release::Released;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use tokio::time::sleep;

/// Something that is watched.
pub trait Watched: Send + 'static {
    /// What is handed out of it.
    type Part: Send + 'static;

    /// What is new since the last look, all of it at the first; `None` when there is nothing to watch any more.
    ///
    /// # Errors
    /// When the caller may not ask, or not any more, or the store fails.
    fn look(&mut self, hub: &Hub) -> impl Future<Output = Result<Option<Vec<Self::Part>>, Refusal>> + Send;
}

/// Who watches: asked for anew at each look (S-09).
struct Watcher {
    agency: AgencyId,
    staff_id: String,
}

impl Watcher {
    fn new(caller: &Caller) -> Self {
        let staff_id = if caller.is_person() { caller.actor.staff_id.clone() } else { String::new() };
        Watcher { agency: caller.id().clone(), staff_id }
    }

    fn caller(&self, hub: &Hub) -> Result<Caller, Refusal> {
        hub.caller(&self.agency, &self.staff_id)
    }
}

/// What may be seen of those whom a ground names.
pub struct WatchedRecords {
    watcher: Watcher,
    purpose: Purpose,
    number: String,
    /// What each family's record said when it was handed out, by its first person; `None` before the first look.
    said: Option<BTreeMap<PersonId, [u8; 32]>>,
}

impl WatchedRecords {
    /// # Errors
    /// When no ground is cited (`CG-E305`), or the caller's role may not ask for the purpose.
    pub fn new(caller: &Caller, purpose: Purpose, number: &str) -> Result<Self, Refusal> {
        caller.request(purpose, None)?;
        if number.is_empty() {
            return Err(no_ground());
        }
        Ok(WatchedRecords { watcher: Watcher::new(caller), purpose, number: number.to_owned(), said: None })
    }
}

impl Watched for WatchedRecords {
    type Part = Released;

    async fn look(&mut self, hub: &Hub) -> Result<Option<Vec<Released>>, Refusal> {
        let caller = &self.watcher.caller(hub)?;
        caller.request(self.purpose, None)?;
        let silence = sleep(SILENCE);
        let cited = &hub.cited(caller, &self.number).await?;
        let first = self.said.is_none();
        if !cited.lives() && !first {
            return Ok(None);
        }
        let (purpose, categories) = (self.purpose, Level::L3.categories());
        let question = Question { caller, purpose, cited, wanted: &|_, _| true, categories };
        let (mut parts, mut unshown) = (Vec::new(), Unshown::default());
        let said = self.said.get_or_insert_default();
        for family in hub.families(cited.persons(), hub.now()).await?.into_iter().take(HITS_MAX) {
            let Some(person) = family.known().first().copied() else { continue };
            if !first {
                // Nothing is on record of a look that finds what was there before.
                let decided = hub.decide(&question, &family, family.at)?.filter(|decided| decided.shows);
                let says = decided.map(|decided| decided.released.view());
                if said.get(&person) == says.as_ref() {
                    continue;
                }
            }
            match hub.show(&question, person).await? {
                Shown::Released(released) => {
                    said.insert(person, released.view());
                    parts.push(*released);
                }
                Shown::Nothing(nothing) => {
                    said.remove(&person);
                    unshown.add(nothing);
                }
            }
        }
        let answered = !parts.is_empty();
        if first {
            hub.nothing_shown(&question, !answered, unshown).await?;
        }
        if first || answered {
            let asked = Asked { number: &self.number, persons: &[], cases: None, message_id: None };
            hub.remember_question(&question, asked, answered).await?;
            silence.await;
        }
        Ok(Some(parts))
    }
}

/// What is open for an agency.
pub struct WatchedWork {
    watcher: Watcher,
    kind: String,
    known: BTreeSet<WorkItemId>,
}

impl WatchedWork {
    /// Of one kind, or of any where it is empty.
    pub fn new(caller: &Caller, kind: &str) -> Self {
        WatchedWork { watcher: Watcher::new(caller), kind: kind.to_owned(), known: BTreeSet::new() }
    }
}

impl Watched for WatchedWork {
    type Part = WorkItem;

    async fn look(&mut self, hub: &Hub) -> Result<Option<Vec<WorkItem>>, Refusal> {
        let caller = self.watcher.caller(hub)?;
        let (new, open) = hub.new_work_items(&caller, &self.kind, &self.known).await?;
        self.known = open;
        Ok(Some(new))
    }
}

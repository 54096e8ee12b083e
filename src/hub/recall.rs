//! What is no longer shared (`consent.md` section 12, F10): whoever received it is told once, without a word of content, and
//! says that it has read so. That anything was erased there is never claimed. Who received nothing is told nothing.

use super::caller::request_of;
use super::family::Family;
use super::ledger::act;
use super::release_detail::ReleaseDetail;
use super::work::{Question, WorkBody};
use super::{Hub, Refusal};
use crate::store::{Change, ReleaseRow, StoreError};
use musubi_core::adapter::Text;
use musubi_core::agency::{Actor, AgencyId, CategorySet, Purpose};
use musubi_core::id::{EntryId, FactId, PersonId};
use musubi_core::release::release;
use musubi_core::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// Kind of the work item by which a recipient is told, and says that it has read so.
pub(super) const RECALL: &str = "no_longer_shared";
/// Days until it must have said so.
const ACKNOWLEDGED_DAYS: i64 = 14;

impl Hub {
    /// Something was closed, or taken back by its author: tells every agency that received what these facts had opened, or what it may not see any more.
    /// The change is on file whatever becomes of this, so its caller hears of no failure here.
    pub(super) async fn recall(&self, persons: &[PersonId], ended: &BTreeSet<FactId>) {
        if let Err(refusal) = self.try_recall(persons, ended).await {
            tracing::error!(%refusal, "a recipient is not told that something is no longer shared");
        }
    }

    async fn try_recall(&self, persons: &[PersonId], ended: &BTreeSet<FactId>) -> Result<(), Refusal> {
        let family = self.family(persons, self.now()).await?;
        let now = family.at;
        let mut change = Change::default();
        for (recipient, person) in self.told_no_more(&family, persons, ended).await? {
            let home = family.persons.get(&person).map(|row| row.municipality.clone());
            let Some(municipality) = home else { continue };
            let persons = &[person];
            let (owner, due, municipality) = (&recipient, now.plus_days(ACKNOWLEDGED_DAYS), &municipality);
            let question = Question { owner, kind: RECALL, due, municipality, family: &family, persons };
            change.rows.push(self.ask(now, &question, &recall_body())?);
            let mut entry = act(now, "no longer shared", &recipient, &Actor::system());
            entry.recipient = recipient.to_string();
            change.leaves.push(self.leaf(now, municipality, &family, persons, entry));
        }
        if change.rows.is_empty() {
            return Ok(());
        }
        match self.store.commit("tell of what is no longer shared", change).await {
            Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    /// Each agency with each person of whom it received something that is closed now, and was not told since.
    async fn told_no_more(
        &self,
        family: &Family,
        persons: &[PersonId],
        ended: &BTreeSet<FactId>,
    ) -> Result<BTreeSet<(AgencyId, PersonId)>, Refusal> {
        let ids: Vec<PersonId> = persons.iter().flat_map(|person| family.ids_of(*person)).collect();
        let concerned: BTreeSet<PersonId> = ids.iter().map(|person| family.known_as(*person)).collect();
        let mut last_shown: BTreeMap<(AgencyId, PersonId), Time> = BTreeMap::new();
        let (mut closed, mut seen) = (BTreeSet::new(), BTreeMap::new());
        let standing = family.standing();
        for row in self.store.releases_of(&ids).await? {
            let detail: Option<ReleaseDetail> = self.opened(family, &row);
            let Some(detail) = detail.filter(|_| row.purpose != Purpose::P11) else { continue };
            let reader =
                (row.recipient.clone(), row.purpose, detail.actor.as_ref().map(|actor| actor.staff_id.clone()));
            let visible = seen.entry(reader).or_insert_with(|| self.visible_by_now(family, &row, &detail));
            for item in &detail.items {
                let rests_on_ended = item.evidence.iter().any(|id| ended.contains(&FactId(*id)));
                let shown = item.full.union(item.general);
                let gone = item.entries.iter().any(|entry| {
                    visible.as_ref().zip(standing.get(&EntryId(*entry))).is_some_and(|(visible, stands)| {
                        let left = stands.and_then(|stands| visible.get(&stands)).copied().unwrap_or_default();
                        !shown.minus(left).is_empty()
                    })
                });
                let own = item.rules.iter().any(|rule| rule.ends_with(" T1.author"));
                for person in item.persons.iter().map(|person| family.known_as(*person)) {
                    let key = (row.recipient.clone(), person);
                    let last = last_shown.entry(key.clone()).or_insert(row.decided_at);
                    *last = (*last).max(row.decided_at);
                    if (rests_on_ended || gone) && !own && concerned.contains(&person) {
                        closed.insert(key);
                    }
                }
            }
        }
        for item in self.store.work_items_of(&ids).await?.iter().filter(|item| item.kind == RECALL) {
            for concerned in &item.persons {
                let key = (item.owner.clone(), family.known_as(concerned.person));
                if last_shown.get(&key).is_some_and(|shown| *shown <= item.created_at) {
                    closed.remove(&key);
                }
            }
        }
        Ok(closed)
    }

    /// What the recipient of a release would be shown by now, for the same purpose and to the same member of staff.
    /// `None` for one that is suspended: that is no decision about the record.
    fn visible_by_now(
        &self,
        family: &Family,
        row: &ReleaseRow,
        detail: &ReleaseDetail,
    ) -> Option<BTreeMap<EntryId, CategorySet>> {
        let agency = self.register.agency(&row.recipient).filter(|agency| agency.active)?;
        let actor = detail.actor.clone().unwrap_or_else(Actor::system);
        let request = request_of(&agency, actor, row.purpose, None);
        let (record, facts) = family.whole();
        let released = release(record, &request, &facts, &self.policy, family.at);
        Some(released.shown().iter().map(|shown| (shown.entry, shown.full.union(shown.general))).collect())
    }
}

fn recall_body() -> WorkBody {
    let text = Text::new(
        "以前お届けした記録は、今後は共有されません。貴機関の規程に従って扱い、読んだことを回答してください(done)。",
        "Something that you received earlier is no longer shared. Handle it by your own rules, and answer that you read this (done).",
    );
    WorkBody::new("NO_LONGER_SHARED", text, "")
}

//! A condition that a person must know of: one question about each, however often it is looked at, and closed when the condition
//! is over (S-88).

use super::family::Family;
use super::ledger::act;
use super::work::{Question, WorkBody};
use super::{Hub, Refusal};
use crate::store::{Change, StoreError, WorkItemRow};
use musubi_core::adapter::Text;
use musubi_core::agency::{Actor, AgencyId};
use musubi_core::audit::AuditEntry;
use musubi_core::id::Municipality;
use musubi_core::time::Time;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Minutes until somebody must have looked.
const LOOKED_AT_MINUTES: i64 = 240;
/// Most open questions of one kind.
const ITEMS_MAX: u32 = 500;

/// What is asked about.
pub(super) struct Alarm {
    /// Kind of the work item, and word of the alarm in the log.
    pub(super) kind: &'static str,
    /// Code of its words.
    pub(super) code: &'static str,
    /// What the audit log says.
    pub(super) act: &'static str,
    /// `{about}` stands for whom it is about.
    pub(super) text: Text,
}

/// Who is told about whom: the id of an agency, or the name of a witness.
pub(super) type Condition = (AgencyId, String);

impl Hub {
    /// Asks about each condition that is not asked about yet, and closes the questions about those that are over.
    pub(super) async fn keep_asking(
        &self,
        alarm: &Alarm,
        conditions: &BTreeMap<Condition, Municipality>,
    ) -> Result<(), Refusal> {
        let now = self.now();
        let (mut open, mut twice) = (BTreeMap::<Condition, WorkItemRow>::new(), Vec::new());
        for agency in self.register.all() {
            let mut items = self.store.work_items(&agency.id, Some(true), alarm.kind, ITEMS_MAX).await?;
            items.sort_by_key(|item| (item.created_at, item.id));
            for item in items {
                let Some(body) = self.open_item(&item).await? else { continue };
                match open.entry((agency.id.clone(), body.about)) {
                    Entry::Vacant(first) => drop(first.insert(item)),
                    Entry::Occupied(_) => twice.push(item),
                }
            }
        }
        // Two hubs may have asked in one moment: the first question stands.
        for item in twice {
            self.close_item(item, now).await?;
        }
        for (condition, municipality) in conditions.iter().filter(|(condition, _)| !open.contains_key(*condition)) {
            self.ask_about(alarm, condition, municipality, now).await?;
        }
        for (_, item) in open.into_iter().filter(|(condition, _)| !conditions.contains_key(condition)) {
            self.close_item(item, now).await?;
        }
        Ok(())
    }

    async fn ask_about(
        &self,
        alarm: &Alarm,
        (owner, about): &Condition,
        municipality: &Municipality,
        now: Time,
    ) -> Result<(), Refusal> {
        let agency = AgencyId::new(about.as_str()).ok().and_then(|id| self.register.agency(&id));
        let called = agency.map_or_else(|| about.clone(), |agency| format!("{} ({about})", agency.name));
        let said = |text: &str| text.replace("{about}", &called);
        let text = Text::new(said(&alarm.text.ja), said(&alarm.text.en));
        let body = WorkBody::new(alarm.code, text, about.clone());
        let due = now.plus_minutes(LOOKED_AT_MINUTES);
        // About an agency or a witness, and about nobody in particular.
        let family = Family::default();
        let question = Question { owner, kind: alarm.kind, due, municipality, family: &family, persons: &[] };
        let item = self.ask(now, &question, &body)?;
        let entry = AuditEntry { agency: about.clone(), ..act(now, alarm.act, owner, &Actor::system()) };
        let leaves = vec![self.leaf(now, municipality, &family, &[], entry)];
        tracing::error!(about, alarm = alarm.kind, "somebody must look at it");
        self.store.commit("ask about somebody", Change { rows: vec![item], leaves, ..Change::default() }).await?;
        Ok(())
    }

    async fn close_item(&self, item: WorkItemRow, now: Time) -> Result<(), Refusal> {
        let Some(body) = self.open_item(&item).await? else { return Ok(()) };
        let mut change = Change::default();
        self.over(now, &Family::default(), item, body, &mut change)?;
        match self.store.commit("close a question", change).await {
            Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }
}

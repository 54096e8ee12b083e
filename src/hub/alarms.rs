//! A condition that a person must know of: one question about each, however often it is looked at, and closed when the condition
//! is over (S-88).

use super::family::Family;
use super::ledger::act;
use super::work::{Question, WorkBody};
use super::{Hub, Refusal};
use crate::store::{Change, StoreError, WorkItemRow};
use musubi_core::adapter::Text;
use musubi_core::agency::{Actor, AgencyId};
use musubi_core::id::Municipality;
use musubi_core::time::Time;
use std::collections::BTreeMap;

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
    pub(super) text: Text,
}

/// Who is told about which agency.
pub(super) type Condition = (AgencyId, AgencyId);

impl Hub {
    /// Asks about each condition that is not asked about yet, and closes the questions about those that are over.
    pub(super) async fn keep_asking(
        &self,
        alarm: &Alarm,
        conditions: &BTreeMap<Condition, Municipality>,
    ) -> Result<(), Refusal> {
        let now = self.now();
        let mut open = BTreeMap::new();
        for agency in self.register.all() {
            for item in self.store.work_items(&agency.id, Some(true), alarm.kind, ITEMS_MAX).await? {
                let about = self.open_item(&item).await?.and_then(|body| AgencyId::new(&body.about).ok());
                if let Some(about) = about {
                    open.insert((agency.id.clone(), about), item);
                }
            }
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
        let body = WorkBody::new(alarm.code, alarm.text.clone(), about.to_string());
        let due = now.plus_minutes(LOOKED_AT_MINUTES);
        // About an agency, and about nobody in particular.
        let family = Family::default();
        let question = Question { owner, kind: alarm.kind, due, municipality, family: &family, persons: &[] };
        let item = self.ask(now, &question, &body)?;
        let entry = act(now, alarm.act, about, &Actor::system());
        let leaves = vec![self.leaf(now, municipality, &family, &[], entry)];
        tracing::error!(agency = %about, alarm = alarm.kind, "somebody must look at an agency");
        self.store.commit("ask about an agency", Change { rows: vec![item], leaves, ..Change::default() }).await?;
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

//! What has waited too long: one question for a person about each condition, however many deliveries it holds up, and closed
//! when the condition is over (S-88).

use super::family::Family;
use super::ledger::act;
use super::work::{Question, WorkBody};
use super::{Hub, Refusal};
use crate::store::{Change, DeliveryRow, DeliveryState, Row, StoreError, WorkItemRow};
use musubi_core::adapter::Text;
use musubi_core::agency::{Actor, AgencyId};
use musubi_core::time::Time;
use std::collections::BTreeMap;

/// Minutes after which somebody must know that a destination does not take, or does not fetch, what waits for it.
pub const LATE_MINUTES: i64 = 60;
/// Most deliveries that are looked at for the oldest of each destination.
const OLDEST_MAX: u32 = 10_000;
/// Minutes until somebody must have looked.
const LOOKED_AT_MINUTES: i64 = 240;
/// Most open questions of this kind.
const ITEMS_MAX: u32 = 500;
/// Kind of the work item.
const LATE_KIND: &str = "delivery_late";

/// Who is told about which destination.
type Condition = (AgencyId, AgencyId);

impl Hub {
    /// Asks about each destination whose oldest delivery has waited too long, once, and closes the question when it has not.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look_after_late(&self) -> Result<(), Refusal> {
        let now = self.now();
        let late = self.late(now).await?;
        let mut open = BTreeMap::new();
        for agency in self.register.all() {
            for item in self.store.work_items(&agency.id, Some(true), LATE_KIND, ITEMS_MAX).await? {
                let about = self.open_item(&item).await?.and_then(|body| AgencyId::new(&body.about).ok());
                if let Some(about) = about {
                    open.insert((agency.id.clone(), about), item);
                }
            }
        }
        for (condition, oldest) in late.iter().filter(|(condition, _)| !open.contains_key(*condition)) {
            self.ask_about(condition, oldest, now).await?;
        }
        for (_, item) in open.into_iter().filter(|(condition, _)| !late.contains_key(condition)) {
            self.close_item(item, now).await?;
        }
        Ok(())
    }

    /// The oldest delivery of each destination that is late.
    async fn late(&self, now: Time) -> Result<BTreeMap<Condition, DeliveryRow>, Refusal> {
        let mut late: BTreeMap<Condition, DeliveryRow> = BTreeMap::new();
        for state in [DeliveryState::Waiting, DeliveryState::Sent] {
            for row in self.store.deliveries_in(state, OLDEST_MAX).await? {
                if now.minutes_since(row.created_at) < LATE_MINUTES {
                    continue;
                }
                let condition = (self.answers_for(&row), row.recipient.clone());
                let older = late.get(&condition).is_none_or(|known| row.created_at < known.created_at);
                if older {
                    late.insert(condition, row);
                }
            }
        }
        Ok(late)
    }

    async fn ask_about(&self, (owner, recipient): &Condition, oldest: &DeliveryRow, now: Time) -> Result<(), Refusal> {
        let text = Text::new(
            "1時間以上届いていないものがある届け先があります。届け先の状態を確かめ、急ぐ内容は電話などで伝えてください。",
            "Something has waited for a destination for more than an hour. Look at the destination, and tell by telephone \
             what cannot wait.",
        );
        let body = WorkBody::new("DELIVERY_LATE", text, recipient.to_string());
        let (municipality, due) = (&oldest.municipality, now.plus_minutes(LOOKED_AT_MINUTES));
        // About a destination, and about nobody in particular.
        let family = Family::default();
        let question = Question { owner, kind: LATE_KIND, due, municipality, family: &family, persons: &[] };
        let item = self.ask(now, &question, &body)?;
        let entry = act(now, "delivery late", recipient, &Actor::system());
        let leaves = vec![self.leaf(now, municipality, &family, &[], entry)];
        tracing::error!(agency = %recipient, alarm = "late", "a destination is told nothing");
        self.store.commit("ask about a destination", Change { rows: vec![item], leaves, ..Change::default() }).await?;
        Ok(())
    }

    async fn close_item(&self, item: WorkItemRow, now: Time) -> Result<(), Refusal> {
        let Some(mut body) = self.open_item(&item).await? else { return Ok(()) };
        body.answer = Some("over".to_owned());
        let version = item.version.saturating_add(1);
        let sealed = self.seal_json(&Family::default(), &[], "work_item", item.id.0, version, &body)?;
        let closed = WorkItemRow { open: false, answered_at: Some(now), version, body: sealed, ..item };
        let change = Change {
            expect: vec![crate::store::Expect::WorkItemOpen { id: closed.id }],
            rows: vec![Row::WorkItem(closed)],
            ..Change::default()
        };
        match self.store.commit("close a question", change).await {
            Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }
}

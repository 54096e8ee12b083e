//! What nobody answered by its deadline: put before somebody, once, and left open.

use super::emergency::REVIEW;
use super::ledger::act;
use super::work::{HOLD, Question, WorkBody};
use super::{Hub, Refusal};
use crate::store::{Change, Expect, Row, StoreError, WorkItemRow};
use musubi_core::adapter::Text;
use musubi_core::agency::{Actor, AgencyId};
use musubi_core::id::PersonId;
use musubi_core::time::Time;

/// Kinds of work item whose deadline counts.
const COUNTED: [&str; 2] = [REVIEW, HOLD];
/// Kind of the work item by which one is put before somebody.
const ESCALATION: &str = "escalation";
/// Days in which somebody looks at it.
const LOOKED_AT_DAYS: i64 = 1;
/// Most items of one agency and kind that are looked at in one go; the earliest due come first.
const ITEMS_MAX: u32 = 1000;

impl Hub {
    /// Looks at everything that is past its deadline, for every agency.
    ///
    /// # Errors
    /// When the store cannot be read at all.
    pub async fn look_after_overdue(&self) -> Result<(), Refusal> {
        let now = self.now();
        for agency in self.register.all() {
            for kind in COUNTED {
                let items = self.store.work_items(&agency.id, Some(true), kind, ITEMS_MAX).await?;
                for item in items.iter().take_while(|item| item.due_at.is_some_and(|due| due <= now)) {
                    if let Err(refusal) = self.escalate(item, now).await {
                        tracing::error!(item = %item.id, %refusal, "what is overdue is not escalated");
                    }
                }
            }
        }
        Ok(())
    }

    async fn escalate(&self, item: &WorkItemRow, now: Time) -> Result<(), Refusal> {
        let Some(mut body) = self.open_item(item).await? else { return Ok(()) };
        if body.escalated {
            return Ok(());
        }
        let persons: Vec<PersonId> = item.persons.iter().map(|c| c.person).collect();
        let family = self.family(&persons, now).await?;
        body.escalated = true;
        let mut row = item.clone();
        row.version += 1;
        row.body = self.seal_json(&family, &persons, "work_item", row.id.0, row.version, &body)?;
        let mut change = Change { expect: vec![Expect::WorkItemOpen { id: item.id }], ..Change::default() };
        change.rows.push(Row::WorkItem(row));
        let (code, text) = said_of(&item.kind);
        let said = WorkBody::new(code, text, item.id.to_string());
        for owner in self.whom_to_tell(item).await? {
            let (municipality, due) = (&item.municipality, now.plus_days(LOOKED_AT_DAYS));
            let question =
                Question { owner: &owner, kind: ESCALATION, due, municipality, family: &family, persons: &persons };
            change.rows.push(self.ask(now, &question, &said)?);
        }
        let mut entry = act(now, "escalate", &item.owner, &Actor::system());
        entry.note = item.kind.clone();
        change.leaves.push(self.leaf(now, &item.municipality, &family, &persons, entry));
        match self.store.commit("escalate a work item", change).await {
            Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    /// Its owner; of a review also the agency whose member of staff is barred until it is answered.
    async fn whom_to_tell(&self, item: &WorkItemRow) -> Result<Vec<AgencyId>, Refusal> {
        let mut told = vec![item.owner.clone()];
        if item.kind == REVIEW {
            let reviewed = self.reviewed(item).await?.map(|(_, glass)| glass.agency);
            told.extend(reviewed.filter(|agency| *agency != item.owner));
        }
        Ok(told)
    }
}

fn said_of(kind: &str) -> (&'static str, Text) {
    match kind {
        REVIEW => (
            "REVIEW_OVERDUE",
            Text::new(
                "緊急閲覧の事後確認が期限を過ぎました。回答されるまで、閲覧した職員は新たな緊急閲覧ができません。",
                "The review of a break-glass is overdue. Until it is answered, the one who asked cannot ask again.",
            ),
        ),
        _ => (
            "ANSWER_OVERDUE",
            Text::new(
                "法に基づく情報提供の求めへの回答が期限を過ぎました。承認または不承認を回答してください。",
                "The answer to a request under the law is overdue. Approve or refuse it.",
            ),
        ),
    }
}

//! What waits for a person: listed for its owner, answered once, with an effect where the answer has one.

use super::caller::Caller;
use super::custody::WorkBody;
use super::ledger::act;
use super::persons::Named;
use super::{Hub, Refusal};
use crate::store::{Change, Expect, Row, WorkItemRow};
use musubi_core::agency::Role;
use musubi_core::id::{PersonId, WorkItemId};

/// Most items of one list.
const ITEMS_MAX: u32 = 500;

/// A work item as its owner reads it.
pub struct WorkItem {
    /// The row.
    pub row: WorkItemRow,
    /// What it says.
    pub body: WorkBody,
}

impl Hub {
    /// The caller's work items, the most urgent first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn work_items(&self, caller: &Caller, open: bool, kind: &str) -> Result<Vec<WorkItem>, Refusal> {
        let mut items = Vec::new();
        for row in self.store.work_items(caller.id(), open, ITEMS_MAX).await? {
            if kind.is_empty() || row.kind == kind {
                items.extend(self.open_item(row).await?);
            }
        }
        items.sort_by_key(|item| (item.row.due_at, item.row.created_at));
        Ok(items)
    }

    async fn open_item(&self, row: WorkItemRow) -> Result<Option<WorkItem>, Refusal> {
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        let family = self.family(&persons, self.now()).await?;
        let body = self.open_json(&family, &row.body, "work_item", row.id.0, row.version);
        Ok(body.map(|body| WorkItem { row, body }))
    }

    /// Answers a work item. `join` on a suggestion joins the two persons.
    ///
    /// # Errors
    /// When it is not the caller's, was answered before, or its effect is refused.
    pub async fn answer_work(
        &self,
        caller: &Caller,
        id: WorkItemId,
        answer: &str,
        note: &str,
    ) -> Result<WorkItem, Refusal> {
        if caller.actor.role == Role::System {
            return Err(Refusal::forbidden(
                "M802",
                "staff_id",
                "回答には、名簿に登録された職員のIDが必要です。",
                "A work item is answered by a registered member of staff.",
            ));
        }
        let now = self.now();
        let unknown =
            || Refusal::invalid("M611", "id", "この番号の用件は見つかりません。", "No such work item is yours.");
        let row = self.store.work_item(id).await?.filter(|row| row.owner == *caller.id()).ok_or_else(unknown)?;
        let Some(mut item) = self.open_item(row).await? else { return Err(unknown()) };
        if item.row.kind == "suggestion" && answer == "join" {
            let pair: Vec<PersonId> = item.body.about.split(' ').filter_map(PersonId::parse).collect();
            let [one, other] = pair.as_slice() else { return Err(unknown()) };
            let named = |person: PersonId| Named { person: Some(person), ..Named::default() };
            self.join(caller, &named(*one), &named(*other), "suggestion").await?;
        }
        let persons: Vec<PersonId> = item.row.persons.iter().map(|c| c.person).collect();
        let family = self.family(&persons, now).await?;
        item.body.answer = Some(answer.to_owned());
        item.body.note = note.to_owned();
        item.body.by.clone_from(&caller.actor.staff_id);
        item.row.version += 1;
        item.row.open = false;
        item.row.answered_at = Some(now);
        item.row.body = self.seal_json(&family, &persons, "work_item", id.0, item.row.version, &item.body)?;
        let mut entry = act(now, "answer work item", caller.id(), &caller.actor);
        entry.note = item.row.kind.clone();
        let leaf = self.leaf(now, &item.row.municipality, &family, &persons, entry);
        let change = Change {
            expect: vec![Expect::WorkItemOpen { id }],
            rows: vec![Row::WorkItem(item.row.clone())],
            message: None,
            leaves: vec![leaf],
        };
        self.store.commit("answer work item", change).await?;
        Ok(item)
    }
}

//! What waits for a person: listed for its owner, answered once, with an effect where the answer has one.

use super::access::{ACCESS, DECIDERS, decide_access};
use super::caller::{Caller, Operation};
use super::custody::CONTACT;
use super::emergency::{INFORM, REVIEW, inform_subject};
use super::family::Family;
use super::late_match::{LATE_MATCH, may_be_told};
use super::ledger::act;
use super::notification::{FORM, NOTIFICATION, decline_to_offer};
use super::persons::Named;
use super::renewal::{Edit, LIFT, RENEWAL};
use super::weighing::{ASK_OFFICER, ASK_SOURCE, HeldRelease, OFFICERS, TAKE_BACK};
use super::{Hub, Refusal};
use crate::store::{Change, Concerned, Expect, Row, WorkItemRow};
use musubi_core::adapter::Text;
use musubi_core::agency::{AgencyId, AgencyKind, Role};
use musubi_core::id::{FactId, Municipality, PersonId, WorkItemId};
use musubi_core::second_person::Proposal;
use musubi_core::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Most items of one list.
const ITEMS_MAX: u32 = 500;
/// Kind of a request that waits for its holder.
pub(super) const HOLD: &str = "hold";
/// Kind of a question whether two persons are one.
pub(super) const SUGGESTION: &str = "suggestion";
/// Kinds that tell of child protection: listed by those alone whose task it is.
pub(super) const OF_PROTECTION: [&str; 2] = [CONTACT, NOTIFICATION];
/// Kind of the question to officers about what nobody at their agency may list.
pub(super) const UNSEEN: &str = "protection_unseen";
/// The answer of an item that nobody has to answer any more.
const OVER: &str = "over";
/// Code of an item whose content cannot be read.
const UNREADABLE: &str = "UNREADABLE";

/// A work item as its owner reads it.
pub struct WorkItem {
    /// The row.
    pub row: WorkItemRow,
    /// What it says.
    pub body: WorkBody,
}

/// What a work item says; sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkBody {
    /// Code: of a signal, or of the question.
    pub code: String,
    /// Sentence in Japanese.
    pub ja: String,
    /// Sentence in English.
    pub en: String,
    /// What it is about: delivery, ground, message.
    #[serde(default)]
    pub about: String,
    /// Answer, once there.
    #[serde(default)]
    pub answer: Option<String>,
    /// Note of who answered.
    #[serde(default)]
    pub note: String,
    /// Staff id of who answered.
    #[serde(default)]
    pub by: String,
    /// It passed its deadline, and somebody was told.
    #[serde(default)]
    pub escalated: bool,
    /// The release that waits for the answer.
    #[serde(default)]
    pub held: Option<HeldRelease>,
    /// What waits for a second person.
    #[serde(default)]
    pub proposal: Option<Proposal>,
    /// The fact that the answer became, where it became one that can be taken back.
    #[serde(default)]
    pub became: Option<FactId>,
}

impl WorkBody {
    /// A question that nobody has answered.
    pub(crate) fn new(code: impl Into<String>, text: Text, about: impl Into<String>) -> Self {
        WorkBody {
            code: code.into(),
            ja: text.ja.into_owned(),
            en: text.en.into_owned(),
            about: about.into(),
            answer: None,
            note: String::new(),
            by: String::new(),
            escalated: false,
            held: None,
            proposal: None,
            became: None,
        }
    }
}

/// An answer, as a person gives it.
#[derive(Clone, Copy, Default)]
pub struct Answer<'a> {
    /// The word that the item asks for.
    pub word: &'a str,
    /// Reason, or note.
    pub note: &'a str,
    /// What it rests on.
    pub evidence: &'a str,
    /// Until when it holds, exclusive, where it has a period.
    pub until: Option<Time>,
}

/// To whom a question goes, until when, and whom it concerns.
pub(crate) struct Question<'a> {
    pub owner: &'a AgencyId,
    pub kind: &'static str,
    pub due: Time,
    pub municipality: &'a Municipality,
    pub family: &'a Family,
    pub persons: &'a [PersonId],
}

/// Is child protection the task of somebody of this role? At a child guidance center it is everybody's.
pub(super) fn protects(kind: AgencyKind, role: Role) -> bool {
    kind == AgencyKind::Cgc || role == Role::ChildWelfareOfficer
}

/// Who may list an item of this kind: officers where one of them is to decide, those whose task child protection is where it
/// tells of a case, anybody of the agency else.
fn may_list(caller: &Caller, kind: &str) -> bool {
    let role = caller.actor.role;
    match kind {
        ASK_OFFICER | UNSEEN => OFFICERS.contains(&role),
        ACCESS => DECIDERS.contains(&role),
        LATE_MATCH => may_be_told(caller.agency.kind, role),
        kind if OF_PROTECTION.contains(&kind) => protects(caller.agency.kind, role),
        _ => true,
    }
}

impl Hub {
    /// Puts a question before a person: the row to write.
    pub(crate) fn ask(&self, now: Time, question: &Question<'_>, body: &WorkBody) -> Result<Row, Refusal> {
        let id = WorkItemId(self.id(now));
        let Question { owner, kind, due, municipality, family, persons } = question;
        Ok(Row::WorkItem(WorkItemRow {
            municipality: (*municipality).clone(),
            id,
            owner: (*owner).clone(),
            kind: (*kind).to_owned(),
            open: true,
            created_at: now,
            due_at: Some(*due),
            answered_at: None,
            version: 1,
            persons: persons.iter().copied().map(Concerned::from).collect(),
            body: self.seal_json(family, persons, "work_item", id.0, 1, body)?,
        }))
    }

    /// Closes an item that nobody has to answer any more.
    pub(super) fn over(
        &self,
        now: Time,
        family: &Family,
        row: WorkItemRow,
        body: WorkBody,
        change: &mut Change,
    ) -> Result<(), Refusal> {
        let persons: Vec<PersonId> = row.persons.iter().map(|concerned| concerned.person).collect();
        let (body, version) = (WorkBody { answer: Some(OVER.to_owned()), ..body }, row.version.saturating_add(1));
        let sealed = self.seal_json(family, &persons, "work_item", row.id.0, version, &body)?;
        change.expect.push(Expect::WorkItemOpen { id: row.id });
        change.rows.push(Row::WorkItem(WorkItemRow {
            open: false,
            answered_at: Some(now),
            version,
            body: sealed,
            ..row
        }));
        Ok(())
    }

    /// The caller's work items of a kind, or of any where it is empty, the most urgent first: open, answered, or both.
    ///
    /// # Errors
    /// When the caller's role may not see them, or the store fails.
    pub async fn work_items(&self, caller: &Caller, open: Option<bool>, kind: &str) -> Result<Vec<WorkItem>, Refusal> {
        let rows = self.work_rows(caller, open, kind).await?;
        self.read_items(rows).await
    }

    /// Those of the caller's open items that are not known yet, and the ids of all that are open.
    ///
    /// # Errors
    /// When the caller's role may not see them, or the store fails.
    pub(super) async fn new_work_items(
        &self,
        caller: &Caller,
        kind: &str,
        known: &BTreeSet<WorkItemId>,
    ) -> Result<(Vec<WorkItem>, BTreeSet<WorkItemId>), Refusal> {
        let mut rows = self.work_rows(caller, Some(true), kind).await?;
        let open = rows.iter().map(|row| row.id).collect();
        rows.retain(|row| !known.contains(&row.id));
        Ok((self.read_items(rows).await?, open))
    }

    async fn work_rows(&self, caller: &Caller, open: Option<bool>, kind: &str) -> Result<Vec<WorkItemRow>, Refusal> {
        caller.check(Operation::ListWork)?;
        let mut rows = self.store.work_items(caller.id(), open, kind, ITEMS_MAX).await?;
        rows.retain(|row| may_list(caller, &row.kind));
        Ok(rows)
    }

    /// What they say, the most urgent first.
    pub(super) async fn read_items(&self, mut rows: Vec<WorkItemRow>) -> Result<Vec<WorkItem>, Refusal> {
        let persons: BTreeSet<PersonId> = rows.iter().flat_map(|row| &row.persons).map(|c| c.person).collect();
        let keys = self.keys_of(&persons).await?;
        rows.retain(|row| !keys.forgot(&row.persons));
        let mut items: Vec<WorkItem> = rows.into_iter().map(|row| self.item_or_mark(&keys, row)).collect();
        items.sort_by_key(|item| (item.row.due_at, item.row.created_at));
        Ok(items)
    }

    /// What cannot be read is listed all the same: somebody must know that it waits.
    fn item_or_mark(&self, keys: &Family, row: WorkItemRow) -> WorkItem {
        let body = self.body_of(keys, &row).unwrap_or_else(|| {
            tracing::error!(item = %row.id, "a work item cannot be opened");
            let text = Text::new(
                "この用件の内容は読み出せません。運用者に連絡してください。",
                "The content of this work item cannot be read. Tell the operator.",
            );
            WorkBody::new(UNREADABLE, text, "")
        });
        WorkItem { row, body }
    }

    /// One of the caller's work items, open or answered.
    ///
    /// # Errors
    /// When it is not the caller's, or the role of the caller may not list it: answered alike; or the store fails.
    pub async fn work_item(&self, caller: &Caller, id: WorkItemId) -> Result<WorkItem, Refusal> {
        caller.check(Operation::ListWork)?;
        let row = self.store.work_item(id).await?.filter(|row| row.owner == *caller.id());
        let row = row.filter(|row| may_list(caller, &row.kind)).ok_or_else(no_such_item)?;
        let body = self.open_item(&row).await?.ok_or_else(no_such_item)?;
        Ok(WorkItem { row, body })
    }

    pub(super) async fn open_item(&self, row: &WorkItemRow) -> Result<Option<WorkBody>, Refusal> {
        let keys = self.keys_of(&row.persons.iter().map(|c| c.person).collect()).await?;
        Ok(self.body_of(&keys, row))
    }

    pub(super) fn body_of(&self, keys: &Family, row: &WorkItemRow) -> Option<WorkBody> {
        self.opened(keys, row)
    }

    /// Answers a work item. `join` on a suggestion joins the two persons.
    ///
    /// # Errors
    /// When it is not the caller's, was answered before, or its effect is refused.
    pub async fn answer_work(&self, caller: &Caller, id: WorkItemId, answer: &Answer<'_>) -> Result<WorkItem, Refusal> {
        if caller.actor.role == Role::System {
            return Err(Refusal::forbidden(
                "M802",
                "staff_id",
                "回答には、名簿に登録された職員のIDが必要です。",
                "A work item is answered by a registered member of staff.",
            ));
        }
        caller.check(Operation::AnswerWork)?;
        let mut item = self.work_item(caller, id).await?;
        let now = self.now();
        if answer.word == TAKE_BACK && !item.row.open {
            return self.take_back(caller, item, answer).await;
        }
        if item.row.kind == SUGGESTION && answer.word == "join" {
            let pair: Vec<PersonId> = item.body.about.split(' ').filter_map(PersonId::parse).collect();
            let [one, other] = pair.as_slice() else { return Err(no_such_item()) };
            let named = |person: PersonId| Named { person: Some(person), ..Named::default() };
            self.join(caller, &named(*one), &named(*other), "suggestion").await?;
        }
        let persons: Vec<PersonId> = item.row.persons.iter().map(|c| c.person).collect();
        let family = self.family(&persons, now).await?;
        let mut change = Change { expect: vec![Expect::WorkItemOpen { id }], ..Change::default() };
        match item.row.kind.as_str() {
            REVIEW => self.review_emergency(caller, &item, answer.word, &family, &mut change).await?,
            INFORM => inform_subject(caller, answer.word, answer.note)?,
            RENEWAL => {
                let edit = self.renew_or_lift(caller, &item, answer, &family, &mut change).await?;
                if edit == Edit::Proposed {
                    self.store.commit("propose lifting of shield", change).await?;
                    return Ok(item);
                }
            }
            LIFT => self.lift_or_keep(caller, &item, answer.word, &family, &mut change).await?,
            ACCESS => decide_access(caller, answer)?,
            FORM => decline_to_offer(answer)?,
            HOLD => self.answer_request(caller, &item.body.about, answer.word).await?,
            ASK_SOURCE | ASK_OFFICER => {
                item.body.became = Some(self.weigh(caller, &item, answer, &family, &mut change)?);
            }
            _ => {}
        }
        let of_facts = change.rows.iter().any(|row| matches!(row, Row::Fact(_)));
        self.put_answer(caller, &mut item, answer, &family, change).await?;
        if of_facts {
            self.decide_again(&persons).await;
        }
        Ok(item)
    }

    /// Writes an answer into its item, with whatever it brings about.
    pub(super) async fn put_answer(
        &self,
        caller: &Caller,
        item: &mut WorkItem,
        answer: &Answer<'_>,
        family: &Family,
        mut change: Change,
    ) -> Result<(), Refusal> {
        let now = self.now();
        let persons: Vec<PersonId> = item.row.persons.iter().map(|concerned| concerned.person).collect();
        item.body.answer = Some(answer.word.to_owned());
        item.body.note = answer.note.to_owned();
        item.body.by.clone_from(&caller.actor.staff_id);
        item.row.version += 1;
        item.row.open = false;
        item.row.answered_at = Some(now);
        item.row.body = self.seal_json(family, &persons, "work_item", item.row.id.0, item.row.version, &item.body)?;
        let mut entry = act(now, "answer work item", caller.id(), &caller.actor);
        entry.note = item.row.kind.clone();
        change.rows.push(Row::WorkItem(item.row.clone()));
        change.leaves.push(self.leaf(now, &item.row.municipality, family, &persons, entry));
        self.store.commit("answer work item", change).await?;
        Ok(())
    }
}

pub(super) fn no_such_item() -> Refusal {
    Refusal::invalid("M611", "id", "この番号の用件は見つかりません。", "No such work item is yours.")
}

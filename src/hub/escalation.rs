//! What nobody answered by its deadline: put before somebody, once, and left open.

use super::access::ACCESS;
use super::attempts::DEAD_KIND;
use super::custody::CONTACT;
use super::emergency::REVIEW;
use super::ledger::act;
use super::notification::{FORM, NOTIFICATION};
use super::recall::RECALL;
use super::refer::{REFERRAL, TRANSFER};
use super::renewal::RENEWAL;
use super::weighing::{ASK_OFFICER, ASK_SOURCE};
use super::work::{HOLD, OF_PROTECTION, Question, WorkBody};
use super::{Hub, Refusal};
use crate::store::{Change, Expect, ReferralRow, Row, StoreError, WorkItemRow};
use musubi_core::adapter::Text;
use musubi_core::agency::{Actor, AgencyId};
use musubi_core::consent::records::Ground;
use musubi_core::id::{FactId, PersonId, ReferralId};
use musubi_core::time::Time;

/// Kinds of work item whose deadline counts.
const COUNTED: [&str; 12] =
    [REVIEW, HOLD, RENEWAL, RECALL, ASK_SOURCE, ASK_OFFICER, ACCESS, REFERRAL, CONTACT, NOTIFICATION, FORM, DEAD_KIND];
/// Kinds that only officers list.
const OF_OFFICERS: [&str; 2] = [ASK_OFFICER, ACCESS];
/// Kind of the work item by which one is put before somebody.
const ESCALATION: &str = "escalation";
/// Days in which somebody looks at it.
const LOOKED_AT_DAYS: i64 = 1;
/// Most items of one agency and kind that are looked at in one go; the earliest due come first.
const ITEMS_MAX: u32 = 1000;

impl Hub {
    /// Looks at everything that is past its deadline, for every agency. A proposal that no second person approved lapses, and a referral
    /// that nobody answered.
    ///
    /// # Errors
    /// When the store cannot be read at all.
    pub async fn look_after_overdue(&self) -> Result<(), Refusal> {
        let now = self.now();
        for agency in self.register.all() {
            if let Err(refusal) = self.look_after_proposals(&agency.id).await {
                tracing::error!(agency = %agency.id, %refusal, "proposals that lapsed are not looked at");
            }
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
        if item.kind == REFERRAL && body.code != TRANSFER {
            return match ReferralId::parse(&body.about) {
                Some(id) => self.expire_referral(id).await,
                None => Ok(()),
            };
        }
        if body.escalated || !self.still_waits(item, &body).await? {
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
        // That something is overdue is said once: of the kinds that only some list, this is one itself.
        let said = WorkBody { escalated: true, ..WorkBody::new(code, text, item.id.to_string()) };
        for owner in self.whom_to_tell(item, &body).await? {
            let (municipality, due) = (&item.municipality, now.plus_days(LOOKED_AT_DAYS));
            // Who may not list the item is not told that it is overdue.
            let mut of_some = OF_OFFICERS.into_iter().chain(OF_PROTECTION);
            let kind = of_some.find(|kind| *kind == item.kind).unwrap_or(ESCALATION);
            let question = Question { owner: &owner, kind, due, municipality, family: &family, persons: &persons };
            change.rows.push(self.ask(now, &question, &said)?);
        }
        if OF_PROTECTION.contains(&item.kind.as_str()) {
            change.rows.extend(self.unseen_row(item, now)?);
        }
        let mut entry = act(now, "escalate", &item.owner, &Actor::system());
        entry.note = item.kind.clone();
        change.leaves.push(self.leaf(now, &item.municipality, &family, &persons, entry));
        match self.store.commit("escalate a work item", change).await {
            Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    /// A request may have been answered category by category, or be over; of referrals only a case that is handed over must be
    /// taken by somebody.
    async fn still_waits(&self, item: &WorkItemRow, body: &WorkBody) -> Result<bool, Refusal> {
        if item.kind == REFERRAL {
            return Ok(body.code == TRANSFER && self.transfer(body).await?.is_some());
        }
        if item.kind != HOLD {
            return Ok(true);
        }
        let Some(fact) = FactId::parse(&body.about) else { return Ok(true) };
        let Some(row) = self.latest_fact(fact).await? else { return Ok(true) };
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        let family = self.family(&persons, self.now()).await?;
        let ground: Option<Ground> = self.opened(&family, &row);
        Ok(ground.is_none_or(|ground| self.waits_for(&ground, &item.owner)))
    }

    /// The case that is handed over and that nobody has taken; `None` when somebody answered.
    async fn transfer(&self, body: &WorkBody) -> Result<Option<ReferralRow>, Refusal> {
        let Some(id) = ReferralId::parse(&body.about) else { return Ok(None) };
        let row = self.store.referral(id).await?;
        Ok(row.filter(|row| matches!(row.state.as_str(), "sent" | "received")))
    }

    /// Its owner; of a notice the center in charge instead; of a review also the agency whose member of staff is barred until it is
    /// answered; of a case that is handed over both sides.
    async fn whom_to_tell(&self, item: &WorkItemRow, body: &WorkBody) -> Result<Vec<AgencyId>, Refusal> {
        let center = self.register.center(&item.municipality).filter(|_| item.kind == RECALL);
        let mut told = vec![center.map_or_else(|| item.owner.clone(), |center| center.id.clone())];
        if item.kind == REVIEW {
            let reviewed = self.reviewed(item).await?.map(|(_, glass)| glass.agency);
            told.extend(reviewed.filter(|agency| *agency != item.owner));
        }
        if item.kind == REFERRAL {
            told.extend(self.transfer(body).await?.map(|row| row.from));
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
        RENEWAL => (
            "SHIELD_EXPIRED_PENDING",
            Text::new(
                "住所の支援措置が期限を過ぎましたが、延長か解除が決まっていません。措置は続いています。至急決めてください。",
                "A shield is past its end and neither renewed nor lifted. It stays in force: decide now.",
            ),
        ),
        RECALL => (
            "NOT_ACKNOWLEDGED",
            Text::new(
                "共有を終えたことを知らせた機関が、期限までに確認していません。連絡してください。",
                "An agency that was told that something is no longer shared has not said that it read so. Ask it.",
            ),
        ),
        REFERRAL => (
            "TRANSFER_OVERDUE",
            Text::new(
                "ケースの移管が24時間たっても引き受けられていません。双方で連絡を取り、担当者を決めてください。",
                "A case that was handed over has not been taken within 24 hours. Both sides: speak with each other, and name an officer.",
            ),
        ),
        ACCESS => (
            "ACCESS_OVERDUE",
            Text::new(
                "開示請求の判断が期限(30日)を過ぎました。開示するかしないかを回答してください。",
                "The decision on a request for access is overdue (30 days). Disclose or refuse.",
            ),
        ),
        CONTACT => (
            "CONTACT_OVERDUE",
            Text::new(
                "開いているケースの方が医療機関にかかった知らせが、期限までに確認されていません。至急確認してください。",
                "That somebody of an open case came to a hospital has not been looked at in time. Do so now.",
            ),
        ),
        NOTIFICATION => (
            "NOTIFICATION_OVERDUE",
            Text::new(
                "届いた通告・情報提供が、期限までに確認されていません。至急、記録を開いて対応してください。",
                "A notification has not been looked at in time. Open the record now, and act.",
            ),
        ),
        FORM => (
            "NOTIFICATION_INCOMPLETE_OVERDUE",
            Text::new(
                "報告された懸念が、記入が足りないためにまだセンターに届いていません。至急記入するか、緊急のときは電話(児童相談所 189)で知らせてください。",
                "A concern that was reported is still not with the center, because something is missing. State it now; in an emergency ring 189.",
            ),
        ),
        DEAD_KIND => (
            "DEAD_LETTER_OVERDUE",
            Text::new(
                "届けられなかったものが、期限を過ぎても送り直されていません。届け先に確かめて送り直し、急ぐ内容は電話で伝えてください。",
                "Something that could not be delivered has not been sent again in time. Ask its recipient and send it again; tell by \
                 telephone what cannot wait.",
            ),
        ),
        ASK_SOURCE | ASK_OFFICER => (
            "WEIGHING_OVERDUE",
            Text::new(
                "保留している提供の判断が期限を過ぎました。提供するかしないかを回答してください。",
                "The answer to a release that is held is overdue. Permit or refuse it.",
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

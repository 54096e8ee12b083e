//! The concern of a row that is refused for another fault (`consent.md` section 5, flow 3). It is taken alone and offered like any
//! other; where that cannot be, the center is told to ask, and the sender to report by telephone. Nobody is told what stands in it.

use super::RowAnswer;
use crate::hub::caller::Caller;
use crate::hub::family::Family;
use crate::hub::ledger::act;
use crate::hub::notification::{NOTIFICATION, told_by};
use crate::hub::persons::Named;
use crate::hub::work::{Question, WorkBody, WorkItem};
use crate::hub::{Hub, Refusal, RefusalKind};
use crate::store::Change;
use musubi_core::adapter::{Diagnostic, RaisedConcern, Text};
use musubi_core::record::Submission;

/// Code of the work item by which a center is told to ask.
const BY_TELEPHONE: &str = "CONCERN_BY_TELEPHONE";
/// Most open notifications that are looked through for the same one.
const ITEMS_MAX: u32 = 500;

impl Hub {
    /// Takes the concern of a row that was refused, and says in the row's answer what became of it.
    ///
    /// # Errors
    /// When the store is not there.
    pub(super) async fn keep_concern(
        &self,
        caller: &Caller,
        format: &'static str,
        row: &mut RowAnswer,
        concern: RaisedConcern,
    ) -> Result<(), Refusal> {
        let alone = match concern {
            RaisedConcern::None => return Ok(()),
            RaisedConcern::Alone(alone) if self.knows_everybody_in(&alone).await? => Some(*alone),
            RaisedConcern::Alone(_) | RaisedConcern::Unreadable => None,
        };
        if let Some(alone) = alone {
            match self.take_at(caller, format, &row.place, alone, Vec::new()).await {
                Ok((_, said)) => {
                    row.diagnostics.extend(said);
                    row.diagnostics.push(kept(&row.place));
                    return Ok(());
                }
                Err(refusal) if matches!(refusal.kind, RefusalKind::Conflict | RefusalKind::Invalid) => {
                    row.diagnostics.extend(refusal.diagnostics);
                }
                Err(other) => return Err(other),
            }
        }
        self.have_it_asked_for(caller, &row.place).await?;
        row.diagnostics.push(by_telephone(&row.place));
        Ok(())
    }

    /// Nobody is made up for a concern: whom it is about must be known here, or nobody could see to the child.
    async fn knows_everybody_in(&self, submission: &Submission) -> Result<bool, Refusal> {
        for (key, _) in submission.people() {
            if self.find(&Named { key: Some(key), ..Named::default() }).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The center of the sender is to call it, once for each row.
    async fn have_it_asked_for(&self, caller: &Caller, place: &str) -> Result<(), Refusal> {
        let (now, id) = (self.now(), caller.id());
        let Some(center) = self.register.center(&caller.agency.municipality) else { return Ok(()) };
        let about = format!("{id} {place}");
        let open = self.store.work_items(&center.id, Some(true), NOTIFICATION, ITEMS_MAX).await?;
        let is_same = |item: &WorkItem| item.body.code == BY_TELEPHONE && item.body.about == about;
        if self.read_items(open).await?.iter().any(is_same) {
            return Ok(());
        }
        let text = Text::new(
            format!(
                "{id}のファイルの行({place})に心配な様子が書かれていましたが、対象の方を特定できないか内容を読み取れないため、受け取れませんでした。すぐに{id}へ電話し、内容と対象の方を確かめてください。"
            ),
            format!(
                "A row of a file of {id} ({place}) raises a concern that could not be taken: whom it is about is not known, or it cannot be read. Call {id} at once."
            ),
        );
        let (body, nobody) = (WorkBody::new(BY_TELEPHONE, text, about), Family::default());
        let (owner, municipality) = (&center.id, &center.municipality);
        let question =
            Question { owner, kind: NOTIFICATION, due: told_by(now), municipality, family: &nobody, persons: &[] };
        let leaf = self.hub_leaf(now, &act(now, "concern by telephone", id, &caller.actor));
        let change = Change { rows: vec![self.ask(now, &question, &body)?], leaves: vec![leaf], ..Change::default() };
        self.store.commit("have a concern asked for", change).await?;
        Ok(())
    }
}

fn kept(place: &str) -> Diagnostic {
    Diagnostic::warning(
        "M720",
        place,
        "この行は受け取れませんでしたが、書かれていた心配な様子(懸念)だけは受け取りました。誤りを直して行全体を送り直してください。",
        "The row was refused, but the concern in it was taken. Mend the faults and send the whole row again.",
    )
}

fn by_telephone(place: &str) -> Diagnostic {
    Diagnostic::error(
        "M721",
        place,
        "この行の心配な様子(懸念)は、対象の方を特定できないか読み取れないため、受け取れませんでした。すぐに電話でこども家庭センターへ知らせ、誤りを直して送り直してください。",
        "The concern in this row could not be taken: whom it is about is not known, or it cannot be read. Report it to the center by telephone at once, then mend the row and send it again.",
    )
}

//! A center without anybody whose task child protection is: what concerns it is listed by nobody there. That there is nobody is told
//! to the whole center, whatever waits, so that it tells of no case; that something is overdue, to its officers, without a word of
//! whom or what.

use super::alarms::{Alarm, Condition};
use super::register::Agency;
use super::work::{Question, UNSEEN, WorkBody, protects};
use super::{Hub, Refusal};
use crate::hub::family::Family;
use crate::store::{Row, WorkItemRow};
use musubi_core::adapter::Text;
use musubi_core::agency::AgencyKind;
use musubi_core::id::Municipality;
use musubi_core::time::Time;
use std::collections::BTreeMap;

/// Days in which an officer sees to it.
const SEEN_TO_DAYS: i64 = 1;

impl Hub {
    /// Asks each center that has nobody for child protection to register somebody, once, and closes the question when it has.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look_after_protectors(&self) -> Result<(), Refusal> {
        let nobody = Alarm {
            kind: "no_protector",
            code: "NO_CHILD_WELFARE_OFFICER",
            act: "no child-welfare officer",
            text: Text::new(
                "児童福祉司(child_welfare_officer)が職員名簿にいません。通告や児童福祉に関する用件は、登録されるまで誰の一覧にも出ません。登録してください。",
                "No child-welfare officer is on the register of staff. Until one is, nobody here is shown a notification or anything else of child protection. Register one.",
            ),
        };
        let centers = self.register.all().into_iter().filter(|agency| agency.active && agency.kind == AgencyKind::Osc);
        let without = centers.filter(|center| !has_protector(center));
        let conditions: BTreeMap<Condition, Municipality> =
            without.map(|center| ((center.id.clone(), center.id.to_string()), center.municipality.clone())).collect();
        self.keep_asking(&nobody, &conditions).await
    }

    /// Tells the officers of an agency that something is overdue which nobody there may list; none where somebody may.
    pub(super) fn unseen_row(&self, item: &WorkItemRow, now: Time) -> Result<Option<Row>, Refusal> {
        if self.register.agency(&item.owner).is_none_or(|owner| has_protector(&owner)) {
            return Ok(None);
        }
        let text = Text::new(
            "期限を過ぎた児童福祉の用件がありますが、見ることのできる児童福祉司が名簿にいません。至急、職員を登録して担当させてください。対象の方と内容は、ここには表示されません。",
            "Something of child protection is overdue, and nobody on the register may see it. Register a child-welfare officer now. Whom and what it is about is not shown here.",
        );
        // About nobody: who may not list the item is not to learn whom it concerns.
        let (family, due) = (Family::default(), now.plus_days(SEEN_TO_DAYS));
        let (owner, municipality) = (&item.owner, &item.municipality);
        let question = Question { owner, kind: UNSEEN, due, municipality, family: &family, persons: &[] };
        self.ask(now, &question, &WorkBody::new("PROTECTION_UNSEEN", text, "")).map(Some)
    }
}

fn has_protector(agency: &Agency) -> bool {
    agency.staff.values().any(|role| protects(agency.kind, *role))
}

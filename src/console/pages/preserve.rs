//! An order that nothing about a person be destroyed (保全命令), or no longer: by the privacy or legal officer, who see no record and
//! name the person.

use crate::console::layout::{Page, area, form, refusal};
use crate::console::visit::{Answered, Visit, status_of};
use crate::console::whom;
use crate::hub::Refusal;
use maud::html;
use musubi_core::retention::LegalHold;
use std::sync::Arc;

/// Field and word of the form that lifts.
const LIFT: (&str, &str) = ("what", "lift");

/// The form.
pub(in crate::console) async fn blank(visit: Arc<Visit>) -> Answered {
    Ok(page(&visit, None, None).into())
}

/// Puts the order on file, or lifts those that are there.
pub(in crate::console) async fn order(visit: Arc<Visit>) -> Answered {
    let lift = visit.form.get(LIFT.0) == LIFT.1;
    let ordered = match whom::given(&visit, "name", "born") {
        Ok(named) => visit.hub().legal_hold(&visit.caller, &named, visit.form.get("reason"), lift).await.map(drop),
        Err(refusal) => Err(refusal),
    };
    match ordered {
        Ok(()) if lift => Ok(page(&visit, None, Some(("保全命令を解きました。", "The order is lifted."))).into()),
        Ok(()) => Ok(page(&visit, None, Some(("記録を保全しました。", "The record is preserved."))).into()),
        Err(refused) => Ok(page(&visit, Some(&refused), None).with(status_of(&refused)).into()),
    }
}

fn page(visit: &Visit, refused: Option<&Refusal>, done: Option<(&str, &str)>) -> Page {
    // What was done is not offered again.
    let typed = |name| if done.is_some() { "" } else { visit.form.get(name) };
    let least = LegalHold::REASON_MIN;
    let hint = (format!("{least}文字以上。記録に残ります"), format!("{least} characters or more; it is kept"));
    let hint = visit.say(&hint.0, &hint.1);
    let body = html! {
        @if let Some(refused) = refused { (refusal(visit, refused)) }
        @if let Some((ja, en)) = done { p.done role="status" { (visit.say(ja, en)) } }
        p { (visit.say(
            "訴訟や調査などのため、保存期間が過ぎてもこの方の記録を破棄しないように命じます。解くまで続きます。",
            "For a suit or an inquiry: nothing of this person's record is destroyed, whatever the schedule says, until the order is lifted.",
        )) }
        (form(visit, "/preserve", html! {
            (whom::fields(visit, visit.say("対象の方", "Whose record")))
            fieldset {
                (area(visit.say("理由", "Why"), "reason", typed("reason"), hint))
                p.buttons {
                    button.main type="submit" name=(LIFT.0) value="put" { (visit.say("保全を命じる", "Preserve")) }
                    button type="submit" name=(LIFT.0) value=(LIFT.1) { (visit.say("保全命令を解く", "Lift the order")) }
                }
            }
        }))
    };
    visit.page("記録の保全", "Preserve a record", body)
}

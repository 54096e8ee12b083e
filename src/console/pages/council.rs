//! Cases of the council (要対協のケース) in which the agency takes part, and the leaving of one.

use crate::console::layout::{Page, Said, field, form, moment, refusal};
use crate::console::visit::{Answered, Visit, status_of};
use crate::hub::Refusal;
use crate::hub::leaving::Membership;
use maud::{Markup, html};
use musubi_core::time::{Day, Time};
use std::sync::Arc;

/// The cases, and the form.
pub(in crate::console) async fn list(visit: Arc<Visit>) -> Answered {
    Ok(page(&visit, html! {}).await?.into())
}

/// Leaves a case, from the next day after the one that is named, or at once.
pub(in crate::console) async fn leave(visit: Arc<Visit>) -> Answered {
    let (number, last_day) = (visit.form.get("case"), visit.form.get("last_day"));
    let left = match last_day.parse::<Day>() {
        Ok(day) => visit.hub().leave_case(&visit.caller, number, Some(Time::end_of(day))).await,
        Err(_) if last_day.is_empty() => visit.hub().leave_case(&visit.caller, number, None).await,
        Err(_) => Err(no_day()),
    };
    match left {
        Ok(_) => {
            let done = html! { p.done role="status" { (visit.say(
                "ケースの構成員から外れることを記録し、調整機関に知らせました。知り得たことの守秘は続きます。",
                "Recorded, and the coordinating center is told. What you know of the case stays secret.",
            )) } };
            Ok(page(&visit, done).await?.into())
        }
        Err(refused) => Ok(page(&visit, refusal(&visit, &refused)).await?.with(status_of(&refused)).into()),
    }
}

async fn page(visit: &Visit, said: Markup) -> Result<Page, Refusal> {
    let cases = visit.hub().memberships(&visit.caller).await?;
    let body = html! {
        (said)
        @if cases.is_empty() { p.empty { (visit.say("参加しているケースはありません。", "The agency takes part in no case.")) } }
        @else {
            div.scroll { table.cards {
                thead { tr {
                    @for (ja, en) in [("ケースの番号", "Number of the case"), ("調整機関", "Coordinated by"), ("参加の期限", "Takes part until")] {
                        th scope="col" { (visit.say(ja, en)) }
                    }
                } }
                tbody { @for one in &cases { (line(visit, one)) } }
            } }
            (leaving(visit))
        }
    };
    Ok(visit.page("要対協のケース", "Cases of the council", body))
}

fn line(visit: &Visit, one: &Membership) -> Markup {
    html! {
        tr {
            td { (Said(&one.number)) }
            td data-label=(visit.say("調整機関", "Coordinated by")) { (Said(&visit.agency_name(&one.coordinator))) }
            td data-label=(visit.say("期限", "Until")) { @match one.until { Some(until) => (moment(visit, until)), None => "—" } }
        }
    }
}

fn leaving(visit: &Visit) -> Markup {
    let typed = &visit.form;
    html! {
        (form(visit, "/leave", html! {
            fieldset {
                legend { (visit.say("ケースを離れる", "Leave a case")) }
                (field(visit.say("ケースの番号", "Number of the case"), "text", "case", typed.get("case"), ""))
                (field(visit.say("構成員である最後の日(空欄なら今すぐ)", "Last day as a member; at once where none is named"), "date", "last_day", typed.get("last_day"), ""))
                p.hint { (visit.say("外れた後は、このケースの情報は見えなくなります。", "After that nothing of the case can be seen.")) }
                button.danger type="submit" { (visit.say("構成員から外れる", "Leave")) }
            }
        }))
    }
}

fn no_day() -> Refusal {
    Refusal::invalid(
        "M841",
        "last_day",
        "最後の日を年月日で入力してください。空欄なら今すぐ外れます。",
        "Name the last day by year, month and day, or none to leave at once.",
    )
}

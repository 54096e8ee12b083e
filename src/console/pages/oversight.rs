//! What an auditor looks over (監査): the state of each log with its signed checkpoint, and who takes part.

use crate::console::layout::Said;
use crate::console::visit::{Answer, Answered, Visit};
use crate::hub::oversee::LogState;
use maud::{Markup, html};
use std::sync::Arc;

/// Logs and agencies.
pub(in crate::console) async fn show(visit: Arc<Visit>) -> Answered {
    let logs = visit.hub().log_states(&visit.caller).await?;
    let agencies = visit.hub().register.all();
    let body = html! {
        h2 { (visit.say("監査ログ", "Logs")) }
        p.hint { (visit.say(
            "チェックポイントはハブの署名つきの記録です。保存しておき、後のものと比べると、過去の書換えが分かります(musubi-verify)。",
            "A checkpoint is signed by the hub. Keep it: compared with a later one it shows whether the past was rewritten (musubi-verify).",
        )) }
        div.scroll { table.cards {
            thead { tr {
                th scope="col" { (visit.say("ログ", "Log")) } th scope="col" { (visit.say("件数", "Entries")) }
                th scope="col" { (visit.say("チェックポイント", "Checkpoint")) }
            } }
            tbody { @for log in &logs { (line(&visit, log)) } }
        } }
        h2 { (visit.say("機関", "Agencies")) }
        div.scroll { table.cards {
            thead { tr {
                @for (ja, en) in [("機関", "Agency"), ("ID", "Id"), ("種別", "Kind"), ("職員", "Staff"), ("状態", "State")] {
                    th scope="col" { (visit.say(ja, en)) }
                }
            } }
            tbody { @for agency in &agencies {
                tr {
                    td { (Said(&agency.name)) }
                    td { (agency.id) }
                    td { (visit.language().kind(agency.kind)) }
                    td { (agency.staff.len()) }
                    td.mark[!agency.active] { (if agency.active { visit.say("有効", "active") } else { visit.say("停止中", "suspended") }) }
                }
            } }
        } }
    };
    Ok(visit.page("監査", "Oversight", body).into())
}

fn line(visit: &Visit, log: &LogState) -> Markup {
    html! {
        tr {
            td { (log.name) }
            td { (log.entries) }
            td {
                @match &log.note {
                    Some(note) => {
                        details { summary { (visit.say("見る", "See")) } pre { (note) } }
                        a href=(format!("/checkpoint/{}", log.name)) { (visit.say("受け取る", "Download")) }
                    },
                    None => (visit.say("まだありません", "none yet")),
                }
            }
        }
    }
}

/// The last checkpoint of a log, to keep.
pub(in crate::console) async fn checkpoint(visit: Arc<Visit>) -> Answered {
    let logs = visit.hub().log_states(&visit.caller).await?;
    let note = logs.into_iter().find(|log| log.name == visit.handle).and_then(|log| log.note);
    let bytes = note.unwrap_or_default().into_bytes();
    Ok(Answer::File { name: format!("{}.checkpoint", visit.handle), kind: "text/plain; charset=utf-8", bytes })
}

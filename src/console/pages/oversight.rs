//! What an auditor looks over (監査): the state of each log with its signed checkpoint, the proof of an entry, and who takes
//! part with the days that are left of their certificates.

use crate::console::layout::Said;
use crate::console::visit::{Answer, Answered, Visit};
use crate::hub::Refusal;
use crate::hub::oversee::{LogState, Participant};
use maud::{Markup, html};
use musubi_core::time::Time;
use std::sync::Arc;

/// Days before the end of a certificate from which it stands out: time to order a new one.
const SOON_DAYS: i64 = 30;
/// What an entry's receipt begins with, where one is pasted in place of a number.
const RECEIPT: &str = "musubi:1:";
const TEXT: &str = "text/plain; charset=utf-8";

/// Logs and agencies.
pub(in crate::console) async fn show(visit: Arc<Visit>) -> Answered {
    let logs = visit.hub().log_states(&visit.caller).await?;
    let participants = visit.hub().participants(&visit.caller).await?;
    let body = html! {
        h2 { (visit.say("監査ログ", "Logs")) }
        p.hint { (visit.say(
            "チェックポイントはハブの署名つきの記録です。保存しておき、後のものと比べると、過去の書換えが分かります(musubi audit verify --against)。証明は、受領証の記録がログにあることを、ハブなしで確かめられます(musubi-verify)。",
            "A checkpoint is signed by the hub. Keep it: compared with a later one it shows whether the past was rewritten (musubi audit verify --against). A proof shows without the hub that the entry of a receipt stands in the log (musubi-verify).",
        )) }
        div.scroll { table.cards {
            thead { tr {
                @for (ja, en) in [("ログ", "Log"), ("件数", "Entries"), ("状態", "State"), ("証人", "Witnesses"), ("チェックポイント", "Checkpoint"), ("記録の証明", "Proof of an entry")] {
                    th scope="col" { (visit.say(ja, en)) }
                }
            } }
            tbody { @for log in &logs { (line(&visit, log)) } }
        } }
        @if participants.own_certificate_until.is_some() {
            h2 { (visit.say("このハブの証明書", "Certificate of this hub")) }
            p { (certificate(&visit, participants.own_certificate_until)) }
        }
        h2 { (visit.say("機関", "Agencies")) }
        div.scroll { table.cards {
            thead { tr {
                @for (ja, en) in [("機関", "Agency"), ("ID", "Id"), ("種別", "Kind"), ("職員", "Staff"), ("証明書", "Certificate"), ("状態", "State")] {
                    th scope="col" { (visit.say(ja, en)) }
                }
            } }
            tbody { @for one in &participants.agencies { (participant(&visit, one)) } }
        } }
    };
    Ok(visit.page("監査", "Oversight", body).into())
}

fn participant(visit: &Visit, one: &Participant) -> Markup {
    let agency = &one.agency;
    html! {
        tr {
            td { (Said(&agency.name)) }
            td data-label="ID" { (agency.id) }
            td data-label=(visit.say("種別", "Kind")) { (visit.language().kind(agency.kind)) }
            td data-label=(visit.say("職員", "Staff")) { (agency.staff.len()) }
            td data-label=(visit.say("証明書", "Certificate")) { (certificate(visit, one.certificate_until)) }
            td.mark[!agency.active] data-label=(visit.say("状態", "State")) { (if agency.active { visit.say("有効", "active") } else { visit.say("停止中", "suspended") }) }
        }
    }
}

fn certificate(visit: &Visit, until: Option<Time>) -> Markup {
    // Certificates are good by the calendar, not by the clock of decisions; both are the same in a hub that serves.
    let left = |until: Time| until.minutes_since(visit.hub().now()) / (24 * 60);
    html! {
        @match until {
            Some(until) => {
                @let days = left(until);
                span.mark[days < SOON_DAYS] { (visit.say("あと", "")) (days) (visit.say("日", " days left")) } " "
                small { (visit.language().day(until)) }
            },
            None => small { (visit.say("まだ接続していない", "has not connected yet")) },
        }
    }
}

/// The unwitnessed tail (S-36): entries that could be taken off without a witness seeing it.
fn tail(log: &LogState) -> Option<u64> {
    log.witnessed.map(|witnessed| log.entries.saturating_sub(witnessed))
}

fn line(visit: &Visit, log: &LogState) -> Markup {
    html! {
        tr {
            td { (log.name) }
            td data-label=(visit.say("件数", "Entries")) { (log.entries) }
            td.mark[log.is_faulty] data-label=(visit.say("状態", "State")) {
                (if log.is_faulty { visit.say("検証できない(変更を止めています)", "does not verify: closed for changes") } else { visit.say("検証済み", "verified") })
            }
            td data-label=(visit.say("証人", "Witnesses")) {
                @match tail(log) {
                    None => (visit.say("なし", "none")),
                    Some(0) => (visit.say("すべて署名済み", "all cosigned")),
                    Some(tail) => { (visit.say("未署名 ", "")) (tail) (visit.say("件", " entries not cosigned")) },
                }
            }
            td data-label=(visit.say("チェックポイント", "Checkpoint")) {
                @match &log.note {
                    Some(note) => {
                        (visit.say("", "covers ")) (log.covered) (visit.say("件まで", "")) " "
                        details { summary { (visit.say("見る", "See")) } pre { (note) } }
                        a href=(format!("/checkpoint/{}", log.name)) { (visit.say("受け取る", "Download")) }
                    },
                    None => (visit.say("まだありません", "none yet")),
                }
            }
            td data-label=(visit.say("証明", "Proof")) {
                @if log.note.is_some() {
                    form method="get" action=(format!("/proof/{}", log.name)) {
                        label { span.sr { (visit.say("番号か受領証", "Number or receipt")) } input name="entry" required placeholder=(visit.say("番号か受領証", "number or receipt")) autocomplete="off"; }
                        " " button type="submit" { (visit.say("証明を受け取る", "Download proof")) }
                    }
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
    Ok(Answer::File { name: format!("{}.checkpoint", visit.handle), kind: TEXT, bytes })
}

/// The proof of one entry, to keep or to hand on.
pub(in crate::console) async fn proof(visit: Arc<Visit>) -> Answered {
    let typed = visit.form.get("entry");
    let number = typed.strip_prefix(RECEIPT).map_or(typed, |rest| rest.split(':').next().unwrap_or_default());
    let index: u64 = number.parse().map_err(|_| no_number())?;
    let proof = visit.hub().inclusion(&visit.caller, &visit.handle, index).await?;
    Ok(Answer::File { name: format!("{}-{index}.proof", visit.handle), kind: TEXT, bytes: proof.into_bytes() })
}

fn no_number() -> Refusal {
    Refusal::invalid(
        "M828",
        "entry",
        "記録の番号か、受領証(musubi:1:… )を入力してください。",
        "Give the number of the entry, or its receipt (musubi:1:…).",
    )
}

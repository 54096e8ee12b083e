//! One message end to end (受信の経過), for who looks over the hub: when it came, what was read from each field, what was
//! decided about it for whom, and where it is now. Places and codes, never a value.

use crate::console::layout::{Said, diagnostics, moment};
use crate::console::plain::{categories_in_words, purpose_in_words};
use crate::console::sessions::Of;
use crate::console::visit::{Answered, Visit};
use crate::hub::explain::in_words;
use crate::hub::journey::{Arrival, Decision, Journey};
use maud::{Markup, html};
use musubi_adapters::wording::title;
use musubi_core::adapter::{Fate, LedgerLine};
use musubi_core::id::MessageId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Field of the address that says where the next page begins.
const BEFORE: &str = "before";

/// What arrived, the latest first.
pub(in crate::console) async fn list(visit: Arc<Visit>) -> Answered {
    let before = visit.session.behind(Of::Message, visit.form.get(BEFORE)).map(MessageId);
    let arrivals = visit.hub().arrivals(&visit.caller, before).await?;
    let next = arrivals.last().map(|last| format!("/messages?{BEFORE}={}", handle(&visit, last.id)));
    let body = html! {
        @if arrivals.is_empty() { p.empty { (visit.say("受信はありません。", "Nothing arrived.")) } }
        @else {
            div.scroll { table.cards {
                thead { tr {
                    @for (ja, en) in [("受信日時", "Received"), ("送信元", "Sender"), ("形式", "Format")] { th scope="col" { (visit.say(ja, en)) } }
                } }
                tbody { @for one in &arrivals { (line(&visit, one)) } }
            } }
            p.buttons {
                @if before.is_some() { a.button href="/messages" { (visit.say("最新へ", "To the latest")) } }
                @if let Some(next) = next { a.button href=(next) { (visit.say("前の受信", "Earlier")) } }
            }
        }
    };
    Ok(visit.page("受信の経過", "Messages", body).into())
}

fn handle(visit: &Visit, message: MessageId) -> String {
    visit.session.handle(Of::Message, message.0)
}

fn line(visit: &Visit, one: &Arrival) -> Markup {
    html! {
        tr {
            td { a href=(format!("/message/{}", handle(visit, one.id))) { (moment(visit, one.received_at)) } }
            td data-label=(visit.say("送信元", "Sender")) { (Said(&visit.agency_name(&one.sender))) }
            td data-label=(visit.say("形式", "Format")) { (Said(&one.format)) @if one.test { " " (visit.say("(試験)", "(test)")) } }
        }
    }
}

/// One message.
pub(in crate::console) async fn show(visit: Arc<Visit>) -> Answered {
    let journey = visit.hub().journey(&visit.caller, visit.message()?).await?;
    let body = html! {
        ol.steps {
            li { (received(&visit, &journey)) }
            li { (read(&visit, &journey)) }
            li { (decided(&visit, &journey)) }
            li { (delivered(&visit, &journey)) }
        }
        p.buttons { a.button href="/messages" { (visit.say("一覧へ戻る", "Back to the list")) } }
    };
    Ok(visit.page("一件の経過", "One message", body).into())
}

fn received(visit: &Visit, journey: &Journey) -> Markup {
    let arrival = &journey.arrival;
    html! {
        h2 { (visit.say("受信", "Received")) }
        dl.pairs {
            dt { (visit.say("日時", "When")) } dd { (moment(visit, arrival.received_at)) }
            dt { (visit.say("送信元", "Sender")) } dd { (Said(&visit.agency_name(&arrival.sender))) }
            dt { (visit.say("形式", "Format")) } dd { (Said(&arrival.format)) @if arrival.test { " " (visit.say("試験(効力なし)", "test, without effect")) } }
            @if !journey.receipt.is_empty() { dt { (visit.say("受領証", "Receipt")) } dd { code { (journey.receipt) } } }
            @if !journey.content.is_empty() { dt { "SHA-256" } dd { code { (journey.content) } } }
        }
    }
}

fn read(visit: &Visit, journey: &Journey) -> Markup {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for kind in &journey.entries {
        let count = counts.entry(*kind).or_default();
        *count = count.saturating_add(1);
    }
    html! {
        h2 { (visit.say("読取り", "Read")) }
        p {
            @if counts.is_empty() { (visit.say("記録になった項目はありません。", "Nothing of it is an entry of the record.")) }
            @for (kind, count) in &counts { span.tag { (visit.language().said(title(kind))) " × " (count) } " " }
        }
        (diagnostics(visit, &journey.diagnostics))
        @if journey.ledger.is_empty() {
            p.hint { (visit.say("項目ごとの行き先は、ファイルの受信とHL7 v2の電文に記録されています。", "The account of fields stands with the file that a row came in, and with HL7 v2 messages.")) }
        } @else {
            details {
                summary { (visit.say("項目ごとの行き先", "What became of each field")) " (" (journey.ledger.len()) ")" }
                div.scroll { table {
                    thead { tr { th scope="col" { (visit.say("場所", "Place")) } th scope="col" { (visit.say("行き先", "Fate")) } } }
                    tbody { @for line in &journey.ledger { tr { td { (Said(&line.place)) } td { (fate(visit, line)) } } } }
                } }
            }
        }
    }
}

fn fate(visit: &Visit, line: &LedgerLine) -> Markup {
    html! {
        @match &line.fate {
            Fate::Mapped(path) => { (visit.say("記録 ", "record ")) code { (path) } },
            Fate::Envelope => (visit.say("封筒(区切り・番号)", "envelope")),
            Fate::KeptRaw => (visit.say("原文のまま保管", "kept in the raw bytes")),
            Fate::Refused(code) => span.mark { (visit.say("不受理 ", "refused ")) (code) },
        }
    }
}

fn decided(visit: &Visit, journey: &Journey) -> Markup {
    html! {
        h2 { (visit.say("判断と提供", "Decided and released")) }
        @if journey.decisions.is_empty() { p.hint { (visit.say("この受信について、まだ誰への提供も判断されていません。", "Nothing of it was decided for anybody yet.")) } }
        @else {
            div.scroll { table.cards {
                thead { tr {
                    @for (ja, en) in [("日時", "When"), ("提供先", "To whom"), ("目的", "What for"), ("提供した区分", "Shown"), ("提供しなかった区分", "Not shown"), ("規則", "Rules")] {
                        th scope="col" { (visit.say(ja, en)) }
                    }
                } }
                tbody { @for one in &journey.decisions { (decision(visit, one)) } }
            } }
        }
    }
}

fn decision(visit: &Visit, one: &Decision) -> Markup {
    html! {
        tr {
            td { (moment(visit, one.at)) }
            td data-label=(visit.say("提供先", "To whom")) { (Said(&visit.agency_name(&one.recipient))) }
            td data-label=(visit.say("目的", "What for")) { (purpose_in_words(visit.language(), one.purpose)) }
            td data-label=(visit.say("提供した区分", "Shown")) { (categories_in_words(visit.language(), one.shown)) }
            td data-label=(visit.say("提供しなかった区分", "Not shown")) { (categories_in_words(visit.language(), one.withheld)) }
            td data-label=(visit.say("規則", "Rules")) {
                @for rule in &one.rules { span.tag title=[in_words(rule).map(|(ja, en)| visit.say(ja, en))] { (rule) } " " }
            }
        }
    }
}

fn delivered(visit: &Visit, journey: &Journey) -> Markup {
    html! {
        h2 { (visit.say("配送", "Delivered")) }
        @if journey.deliveries.is_empty() { p.hint { (visit.say("配送の予定はありません。", "Nothing is to be delivered.")) } }
        ul { @for one in &journey.deliveries {
            li {
                (Said(&visit.agency_name(&one.recipient))) " · " (purpose_in_words(visit.language(), one.purpose)) " · " (Said(&one.format)) " · "
                b { (visit.language().stage(one.stage())) } " · " (one.attempts) (visit.say("回試行", " attempts"))
                @if !one.reason.is_empty() { " · " code { (Said(&one.reason)) } }
                " · " (moment(visit, one.created_at))
            }
        } }
    }
}

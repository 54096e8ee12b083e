//! Today's list (今日の一覧): what waits for a person, the most urgent first, with one action each.

use crate::console::layout::{form, moment};
use crate::console::people::People;
use crate::console::sessions::Of;
use crate::console::visit::{Answer, Answered, Visit};
use crate::hub::caller::Operation;
use crate::hub::work::{self, WorkItem};
use maud::{Markup, html};
use std::sync::Arc;

/// Where the list is.
const HERE: &str = "/today";
/// Items whose people are named: each time that they are is a release on record.
const NAMED_MAX: usize = 50;

/// The list.
pub(in crate::console) async fn list(visit: Arc<Visit>) -> Answered {
    let items = visit.hub().work_items(&visit.caller, Some(true), "").await?;
    let named = items.iter().take(NAMED_MAX).flat_map(|item| &item.row.persons).map(|concerned| concerned.person);
    let people = People::of(&visit, &named.collect::<Vec<_>>()).await?;
    let (now, today) = (visit.hub().now(), visit.hub().now().day());
    let due = |item: &&WorkItem| item.row.due_at;
    let late: Vec<&WorkItem> = items.iter().filter(|item| due(item).is_some_and(|at| at < now)).collect();
    let is_late = |item: &&WorkItem| due(item).is_some_and(|at| at < now);
    let rest = || items.iter().filter(|item| !is_late(item));
    let soon: Vec<&WorkItem> = rest().filter(|item| due(item).is_some_and(|at| at.day() <= today)).collect();
    let later: Vec<&WorkItem> = rest().filter(|item| due(item).is_none_or(|at| at.day() > today)).collect();
    let body = html! {
        @if items.is_empty() { p.empty { (visit.say("いま待っている用件はありません。", "Nothing waits for you.")) } }
        (section(&visit, &people, "late", visit.say("期限を過ぎたもの", "Overdue"), &late))
        (section(&visit, &people, "soon", visit.say("今日まで", "Due today"), &soon))
        (section(&visit, &people, "", visit.say("これから", "Later"), &later))
    };
    Ok(visit.page("今日の一覧", "Today", body).into())
}

fn section(visit: &Visit, people: &People, class: &str, heading: &str, items: &[&WorkItem]) -> Markup {
    html! {
        @if !items.is_empty() {
            section class=(class) {
                h2 { (heading) " " span.count { (items.len()) } }
                ol.work hx-boost="true" hx-push-url="false" hx-target="#main" hx-select="#main" hx-swap="outerHTML show:none" { @for item in items { (entry(visit, people, item)) } }
            }
        }
    }
}

fn entry(visit: &Visit, people: &People, item: &WorkItem) -> Markup {
    let handle = visit.session.handle(Of::Item, item.row.id.0);
    html! {
        li {
            (people.line(visit, item.row.persons.iter().map(|concerned| concerned.person)))
            p.what { (visit.say(&item.body.ja, &item.body.en)) }
            p.when {
                @if let Some(due) = item.row.due_at { (visit.say("期限 ", "due ")) (moment(due)) " · " }
                (visit.say("届いた日時 ", "arrived ")) (moment(item.row.created_at)) " " small { (item.body.code) }
            }
            @if item.row.kind == "hold" && visit.caller.check(Operation::AssertGround).is_ok() {
                p.buttons {
                    a.button.main href=(format!("/hold/{handle}")) { (visit.say("内容を見て回答する", "See and answer")) }
                }
            } @else {
                (form(visit, &format!("/item/{handle}"), answers(visit, &item.row.kind)))
            }
        }
    }
}

/// The answers that a kind of item takes, the usual one first.
fn answers(visit: &Visit, kind: &str) -> Markup {
    let offered: &[(&str, &str, &str)] = match kind {
        "suggestion" => &[("join", "同じ方です", "The same person"), ("apart", "別の方です", "Two persons")],
        "weigh" | "weigh_conflict" => {
            &[("permit", "提供してよい(理由が必要)", "Permit"), ("refuse", "提供しない(理由が必要)", "Refuse")]
        }
        "shield_renewal" => &[("renew", "1年延長する", "Renew for a year"), ("lift", "解除する", "Lift")],
        "emergency_review" => {
            &[("justified", "適切だった", "Justified"), ("not_justified", "不適切だった", "Not justified")]
        }
        "inform_subject" => {
            &[("informed", "本人に知らせた", "Informed"), ("withheld", "知らせない(理由が必要)", "Withheld")]
        }
        _ => &[("done", "対応しました", "Done")],
    };
    let weighs = matches!(kind, "weigh" | "weigh_conflict");
    html! {
        @if weighs {
            label.note { span.sr { (visit.say("証拠", "Evidence")) } input name="evidence" placeholder=(visit.say("証拠となるもの", "evidence")) autocomplete="off"; }
        }
        label.note { span.sr { (visit.say("メモ", "Note")) } input name="note" placeholder=(visit.say("メモ(任意)", "note")) autocomplete="off"; }
        @for (number, (value, ja, en)) in offered.iter().enumerate() {
            button.main[number == 0] type="submit" name="answer" value=(value) { (visit.say(ja, en)) }
        }
    }
}

/// Answers one item.
pub(in crate::console) async fn answer(visit: Arc<Visit>) -> Answered {
    let (word, note) = (visit.form.get("answer"), visit.form.get("note"));
    let given = work::Answer { word, note, evidence: visit.form.get("evidence"), until: None };
    visit.hub().answer_work(&visit.caller, visit.item()?, &given).await?;
    Ok(Answer::Go(HERE.to_owned()))
}

//! Today's list (今日の一覧): what is overdue, what a person must decide, what arrived, and for whom it is waited, each with one
//! action.

use super::referrals::{self, Listing};
use crate::console::layout::{form, moment, page_asked, pages};
use crate::console::people::People;
use crate::console::sessions::Of;
use crate::console::visit::{Answer, Answered, Visit};
use crate::hub::caller::Operation;
use crate::hub::work::{self, WorkItem};
use maud::{Markup, html};
use musubi_core::time::Time;
use std::sync::Arc;

/// Where the list is.
const HERE: &str = "/today";
/// Items of one page: each time that its people are named is a release on record.
const ITEMS: usize = 25;
/// Kinds that ask for a decision, and not only for something to be done.
const DECISIONS: [&str; 9] = [
    "access",
    "consent_check",
    "emergency_review",
    "hold",
    "inform_subject",
    "shield_renewal",
    "suggestion",
    "weigh",
    "weigh_conflict",
];

/// Under which heading an item stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Overdue,
    Decide,
    Arrived,
}

impl Group {
    const ALL: [(Group, &str, &str, &str); 3] = [
        (Group::Overdue, "late", "期限を過ぎたもの", "Overdue"),
        (Group::Decide, "soon", "判断するもの", "To decide"),
        (Group::Arrived, "", "届いたもの", "Arrived"),
    ];

    fn of(item: &WorkItem, now: Time) -> Group {
        match item.row.kind.as_str() {
            _ if item.row.due_at.is_some_and(|due| due < now) => Group::Overdue,
            kind if DECISIONS.contains(&kind) => Group::Decide,
            _ => Group::Arrived,
        }
    }
}

/// The list.
pub(in crate::console) async fn list(visit: Arc<Visit>) -> Answered {
    let items = visit.hub().work_items(&visit.caller, Some(true), "").await?;
    let now = visit.hub().now();
    let in_order = Group::ALL.iter().flat_map(|(group, ..)| items.iter().filter(|item| Group::of(item, now) == *group));
    let page = page_asked(&visit);
    let shown: Vec<&WorkItem> = in_order.skip((page - 1).saturating_mul(ITEMS)).take(ITEMS).collect();
    let persons = shown.iter().flat_map(|item| &item.row.persons).map(|concerned| concerned.person);
    let people = People::of(&visit, &persons.collect::<Vec<_>>()).await?;
    let waiting = if page == 1 { referrals::unanswered(&visit).await? } else { None };
    let body = html! {
        @if items.is_empty() && waiting.is_none() { p.empty { (visit.say("いま待っている用件はありません。", "Nothing waits for you.")) } }
        @for (group, class, ja, en) in Group::ALL {
            @let of_group: Vec<&WorkItem> = shown.iter().copied().filter(|item| Group::of(item, now) == group).collect();
            @let all = items.iter().filter(|item| Group::of(item, now) == group).count();
            (section(&visit, &people, class, visit.say(ja, en), (&of_group, all)))
        }
        @if let Some(Listing { count, list }) = &waiting {
            section { h2 { (visit.say("相手の回答を待っているもの", "Waiting for others")) " " span.count { (count) } } (list) }
        }
        (pages(&visit, HERE, page, items.len().div_ceil(ITEMS)))
    };
    Ok(visit.page("今日の一覧", "Today", body).into())
}

fn section(visit: &Visit, people: &People, class: &str, heading: &str, (items, all): (&[&WorkItem], usize)) -> Markup {
    html! {
        @if !items.is_empty() {
            section class=(class) {
                h2 { (heading) " " span.count { (all) } }
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
                @if let Some(due) = item.row.due_at { (visit.say("期限 ", "due ")) (moment(visit, due)) " · " }
                (visit.say("届いた日時 ", "arrived ")) (moment(visit, item.row.created_at)) " " small { (item.body.code) }
            }
            @match page_of(visit, &item.row.kind) {
                Some((page, words)) => p.buttons { a.button.main hx-boost="false" href=(format!("/{page}/{handle}")) { (words) } },
                None => (form(visit, &format!("/item/{handle}"), answers(visit, &item.row.kind))),
            }
        }
    }
}

/// The page on which an item is answered, where it has one of its own and this person may open it.
fn page_of<'a>(visit: &'a Visit, kind: &str) -> Option<(&'static str, &'a str)> {
    let may = |operation| visit.caller.check(operation).is_ok();
    match kind {
        "hold" if may(Operation::AssertGround) => Some(("hold", visit.say("内容を見て回答する", "See and answer"))),
        "suggestion" if may(Operation::KeepPersons) => Some(("suggestion", visit.say("並べて比べる", "Compare"))),
        _ => None,
    }
}

/// The answers that a kind of item takes, the usual one first.
fn answers(visit: &Visit, kind: &str) -> Markup {
    let offered: &[(&str, &str, &str)] = match kind {
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

//! Today's list (今日の一覧): what is overdue, what a person must decide, what arrived, and for whom it is waited, each with one
//! action.

use super::item::{self, WEIGHED, answers};
use super::referrals::{self, Listing};
use crate::console::layout::{form, moment, page_asked, pages};
use crate::console::people::People;
use crate::console::sessions::Of;
use crate::console::visit::{Answered, Visit};
use crate::hub::caller::Operation;
use crate::hub::work::WorkItem;
use maud::{Markup, html};
use musubi_core::time::Time;
use std::sync::Arc;

/// Where the list is.
pub(super) const HERE: &str = "/today";
/// Items of one page: each time that its people are named is a release on record.
const ITEMS: usize = 25;
/// Kinds that ask for a decision, and not only for something to be done, besides those that are weighed.
const DECISIONS: [&str; 3] = ["consent_check", "hold", "suggestion"];

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
            kind if DECISIONS.contains(&kind) || WEIGHED.contains(&kind) => Group::Decide,
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
        @if visit.caller.check(Operation::AnswerWork).is_ok() {
            p.hint { a href=(item::ANSWERED) { (visit.say("取り消せる回答", "Answers that can be taken back")) } }
        }
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
            (when(visit, item))
            @match page_of(visit, &item.row.kind) {
                Some((page, words)) => p.buttons { a.button.main hx-boost="false" href=(format!("/{page}/{handle}")) { (words) } },
                None => (form(visit, &format!("/item/{handle}"), html! {
                    label.note { span.sr { (visit.say("メモ", "Note")) } input name="note" placeholder=(visit.say("メモ(任意)", "note")) autocomplete="off"; }
                    @for (value, ja, en) in answers(&item.row.kind) { button.main type="submit" name="answer" value=(value) { (visit.say(ja, en)) } }
                })),
            }
        }
    }
}

/// By when it is to be answered, and since when it waits.
pub(super) fn when(visit: &Visit, item: &WorkItem) -> Markup {
    html! {
        p.when {
            @if let Some(due) = item.row.due_at { (visit.say("期限 ", "due ")) (moment(visit, due)) " · " }
            (visit.say("届いた日時 ", "arrived ")) (moment(visit, item.row.created_at)) " " small { (item.body.code) }
        }
    }
}

/// The page on which an item is answered, where it has one of its own and this person may open it.
pub(super) fn page_of<'a>(visit: &'a Visit, kind: &str) -> Option<(&'static str, &'a str)> {
    let may = |operation| visit.caller.check(operation).is_ok();
    match kind {
        "hold" if may(Operation::AssertGround) => Some(("hold", visit.say("内容を見て回答する", "See and answer"))),
        "notification_form" if may(Operation::AssertGround) => {
            Some(("notify", visit.say("足りないところを記入する", "State what is missing")))
        }
        "suggestion" if may(Operation::KeepPersons) => Some(("suggestion", visit.say("並べて比べる", "Compare"))),
        kind if WEIGHED.contains(&kind) => Some(("item", visit.say("内容を見て回答する", "See and answer"))),
        _ => None,
    }
}

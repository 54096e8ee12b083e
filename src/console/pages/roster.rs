//! The roster (妊産婦・乳児の名簿): every pregnant and postpartum woman and infant in view, the most urgent first, what is
//! expected next, and who saw them last.

use super::chart;
use crate::console::layout::{day_of, page_asked, pages};
use crate::console::visit::{Answered, Visit};
use maud::{Markup, html};
use musubi_adapters::screen::Individual;
use musubi_core::outlook::{Expected, Sighting, expected, last_seen};
use musubi_core::release::Released;
use musubi_core::time::Time;
use std::sync::Arc;

/// A page of the roster.
pub(in crate::console) async fn list(visit: Arc<Visit>) -> Answered {
    let page = page_asked(&visit);
    let roster = visit.hub().roster(&visit.caller, page - 1).await?;
    let body = html! {
        @if page == 1 { (chart::coverage(&visit, &roster.coverage)) }
        @if roster.families.is_empty() {
            p.empty { (visit.say("名簿に表示できる方はいません。", "Nobody is in view.")) }
        } @else {
            div.scroll {
                table.cards {
                    thead { tr {
                        th scope="col" { (visit.say("氏名", "Name")) }
                        th scope="col" { (visit.say("次の予定", "Expected next")) }
                        th scope="col" { (visit.say("最後に会った人", "Last seen by")) }
                    } }
                    @for family in &roster.families { (rows(&visit, family)) }
                }
            }
        }
        (pages(&visit, "/roster", page, roster.pages()))
    };
    Ok(visit.page("妊産婦・乳児の名簿", "Roster", body).into())
}

/// One family: a row for each of its people.
fn rows(visit: &Visit, released: &Released) -> Markup {
    let now = visit.hub().now();
    let household = visit.language().household(released);
    let (awaited, seen) = (expected(released, now), last_seen(released, now));
    html! {
        tbody {
            @for person in &household.people {
                tr {
                    td { (name(visit, person)) }
                    td data-label=(visit.say("次の予定", "Next")) { (next_of(visit, &awaited, person, now)) }
                    td data-label=(visit.say("最後に会った人", "Last seen")) { (seen_by(visit, &seen, person)) }
                }
            }
        }
    }
}

/// The name of a person, leading to the family's page.
pub(in crate::console) fn name(visit: &Visit, person: &Individual) -> Markup {
    let shown = if person.name.is_empty() { visit.say("(氏名なし)", "(no name)") } else { &person.name };
    html! {
        @if !person.kana.is_empty() { span.kana { (person.kana) } }
        @match person.id {
            Some(id) => a href=(visit.of_person("family", id)) { (shown) },
            None => (shown),
        }
        " " small { (person.role) }
    }
}

fn next_of(visit: &Visit, awaited: &[Expected], person: &Individual, now: Time) -> Markup {
    let next = awaited.iter().find(|one| Some(one.person) == person.id);
    html! {
        @match next {
            Some(one) => {
                @let late = one.due < now.day();
                span.mark[late] {
                    (visit.text(&one.what)) " " (day_of(visit, one.due))
                    @if late { " " (visit.say("期限超過", "overdue")) }
                }
            },
            None => "—",
        }
    }
}

/// Who saw somebody last, and when.
pub(in crate::console) fn seen_by(visit: &Visit, seen: &[Sighting], person: &Individual) -> Markup {
    let last = seen.iter().find(|one| Some(one.person) == person.id);
    html! {
        @match last {
            Some(one) => {
                @if let Some(by) = &one.by { (visit.agency_name(by)) " " }
                small { (visit.language().day(one.at)) }
            },
            None => "—",
        }
    }
}

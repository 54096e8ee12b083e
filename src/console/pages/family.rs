//! One family on one page (家族のページ): who they are, what is expected, and everything that may be seen of them as a
//! timeline, with the source and the ground of each item.

use super::roster::seen_by;
use super::{chart, document};
use crate::console::layout::{day_of, page_asked, pages};
use crate::console::plain::purpose_in_words;
use crate::console::sessions::Of;
use crate::console::visit::{Answered, Visit};
use crate::hub::caller::Operation;
use crate::hub::persons::Named;
use crate::hub::query::default_purpose;
use maud::{Markup, html};
use musubi_adapters::screen::{Individual, Item};
use musubi_adapters::wording::Row;
use musubi_core::agency::Purpose;
use musubi_core::id::EntryId;
use musubi_core::outlook::{expected, last_seen};
use musubi_core::release::Released;
use std::sync::Arc;

/// The page.
pub(in crate::console) async fn show(visit: Arc<Visit>) -> Answered {
    let named = Named { person: Some(visit.person()?), ..Named::default() };
    let released = visit.hub().get(&visit.caller, purpose(&visit), &named, "").await?;
    let body = html! {
        (purposes(&visit))
        @match released.first() {
            Some(family) => (part(&visit, family, Some(page_asked(&visit)))),
            None => p.empty { (visit.say("表示できる記録はありません。", "There is nothing to show.")) },
        }
    };
    Ok(visit.page("家族の記録", "Family", body).into())
}

/// Field of the address that says what the page is for.
const PURPOSE: &str = "for";

/// What a family is looked at for: the agency's usual purpose, or support planning where that is asked for.
pub(super) fn purpose(visit: &Visit) -> Purpose {
    match visit.form.get(PURPOSE).parse() {
        Ok(Purpose::P4) => Purpose::P4,
        _ => default_purpose(visit.caller.agency.kind),
    }
}

/// The way to the page for the other purpose, for the center, which has both.
fn purposes(visit: &Visit) -> Markup {
    let usual = default_purpose(visit.caller.agency.kind);
    let both = usual == Purpose::P3 && visit.caller.check(Operation::Read(Purpose::P4)).is_ok();
    let other = if purpose(visit) == usual { Purpose::P4 } else { usual };
    html! {
        @if both {
            p.buttons.noprint {
                a.button href=(address(visit, other)) {
                    (purpose_in_words(visit.language(), other)) (visit.say("のために見る", ": see for this"))
                }
            }
        }
    }
}

/// Where the page of this family is, for a purpose.
fn address(visit: &Visit, purpose: Purpose) -> String {
    format!("/family/{}?{PURPOSE}={}", visit.handle, purpose.word())
}

/// Entries of one page of the timeline.
const ENTRIES: usize = 40;

/// A family, as it was released.
pub(in crate::console) fn whole(visit: &Visit, released: &Released) -> Markup {
    part(visit, released, None)
}

/// The same with one page of its timeline, from 1; the whole of it where none is asked for.
fn part(visit: &Visit, released: &Released, page: Option<usize>) -> Markup {
    let household = visit.language().household(released);
    let now = visit.hub().now();
    let (awaited, seen) = (expected(released, now), last_seen(released, now));
    html! {
        div.household {
            @for person in &household.people {
                section.panel.person {
                    (who(person))
                    (pairs(&person.rows))
                    dl.pairs {
                        @for one in awaited.iter().filter(|one| Some(one.person) == person.id) {
                            dt { (visit.say("次の予定", "Next")) }
                            dd.mark[one.due < now.day()] { (visit.text(&one.what)) " " (day_of(visit, one.due)) }
                        }
                        dt { (visit.say("最後に会った人", "Last seen by")) }
                        dd { (seen_by(visit, &seen, person)) }
                    }
                    (actions(visit, person))
                }
            }
        }
        div.charts { (chart::weights(visit, &household.weights)) (chart::epds(visit, &household.epds)) }
        h2 { (visit.say("経過", "Timeline")) }
        @let (before, most) = page.map_or((0, usize::MAX), |page| ((page - 1).saturating_mul(ENTRIES), ENTRIES));
        ol.timeline { @for item in household.timeline.iter().skip(before).take(most) { (entry(visit, item, page.is_some())) } }
        @if let Some(page) = page {
            (pages(visit, &address(visit, purpose(visit)), page, household.timeline.len().div_ceil(ENTRIES)))
        }
        p.notice { (household.notice) }
        p.hint { (visit.say("利用目的 ", "Purpose ")) (household.purpose) " · " (visit.say("根拠 ", "Basis ")) (household.basis) }
    }
}

fn who(person: &Individual) -> Markup {
    html! {
        h2 {
            @if !person.kana.is_empty() { span.kana { (person.kana) } }
            (if person.name.is_empty() { &person.role } else { &person.name })
            @if !person.name.is_empty() { " " small { (person.role) } }
        }
    }
}

/// Labels and values as they were put into words.
pub(in crate::console) fn pairs(rows: &[Row]) -> Markup {
    html! {
        @if !rows.is_empty() {
            dl.pairs {
                @for row in rows {
                    dt { (row.label) }
                    dd.mark[row.marked] { @for line in row.value.split('\n') { span.line { (line) } } }
                }
            }
        }
    }
}

/// What may be done for this person from here.
fn actions(visit: &Visit, person: &Individual) -> Markup {
    let center = visit.caller.check(Operation::KeepPersons).is_ok();
    html! {
        @if let Some(id) = person.id {
            @if center {
                p.buttons.noprint {
                    a.button href=(visit.of_person("consent", id)) { (visit.say("同意・措置", "Consent, shield")) }
                    a.button href=(visit.of_person("plan", id)) { (visit.say("サポートプラン・申請", "Plan, application")) }
                    a.button href=(visit.of_person("refer", id)) { (visit.say("連携を依頼する", "Refer")) }
                }
            }
        }
    }
}

/// An item; a document can be opened from the page of its family.
fn entry(visit: &Visit, item: &Item, opens: bool) -> Markup {
    html! {
        li {
            p.when { time datetime=(item.at) { (item.when) } " · " (item.whose) }
            h3 { (item.heading) }
            (pairs(&item.rows))
            @if let Some(document) = item.document.filter(|_| opens) {
                p { a href=(document_address(visit, document)) { (visit.say("文書を開く", "Open the document")) } }
            }
            p.source {
                @if let Some(author) = &item.author { (visit.say("出所 ", "Source ")) (visit.agency_name(author)) " · " }
                (visit.say("根拠 ", "Ground ")) (item.basis)
            }
        }
    }
}

fn document_address(visit: &Visit, entry: EntryId) -> String {
    let entry = visit.session.handle(Of::Entry, entry.0);
    format!("/document/{}?{}={entry}&{PURPOSE}={}", visit.handle, document::ENTRY, purpose(visit).word())
}

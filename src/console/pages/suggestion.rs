//! Two who may be one (本人確認の提案), side by side: what differs stands out, and one click decides.

use crate::console::layout::{field, form};
use crate::console::visit::{Answered, Visit};
use maud::{Markup, html};
use musubi_adapters::screen::Individual;
use musubi_adapters::wording::Row;
use musubi_core::id::PersonId;
use musubi_core::release::Released;
use std::sync::Arc;

/// The page of one suggestion.
pub(in crate::console) async fn show(visit: Arc<Visit>) -> Answered {
    let pair = visit.hub().suggested(&visit.caller, visit.item()?).await?;
    let [one, other] = pair.sides.each_ref().map(|(person, released)| individual(&visit, *person, released.as_ref()));
    let labels = labels(one.as_ref(), other.as_ref());
    let body = html! {
        div.scroll { table {
            thead { tr {
                th scope="col" { (visit.say("項目", "Field")) }
                th scope="col" { (visit.say("新しく届いた方", "Who arrived")) }
                th scope="col" { (visit.say("すでに登録されている方", "Who is on file")) }
            } }
            tbody { @for label in &labels {
                @let (left, right) = (value(one.as_ref(), label), value(other.as_ref(), label));
                tr {
                    th scope="row" { (label) }
                    @for side in [&left, &right] { td.mark[differ(&left, &right)] { (lines(side)) } }
                }
            } }
        } }
        @if one.is_none() || other.is_none() {
            p.hint { (visit.say(
                "表示できる根拠がまだない方の欄は空いています。届け出た機関に確かめるか、根拠ができてから判断してください。",
                "Where a side is empty nothing of it may be shown yet. Ask the agency that sent it, or wait for a basis.",
            )) }
        }
        (form(&visit, &format!("/item/{}", visit.handle), html! {
            (field(visit.say("確かめたこと(任意)", "What you checked, if you like"), "text", "note", "", ""))
            p.buttons {
                button.main type="submit" name="answer" value="join" { (visit.say("同じ方です", "The same person")) }
                button type="submit" name="answer" value="apart" { (visit.say("別の方です", "Two persons")) }
                a.button href="/today" { (visit.say("あとで決める", "Later")) }
            }
        }))
    };
    Ok(visit.page("同じ方ですか", "The same person?", body).into())
}

/// Are both known, and not the same? How blanks are set in a name tells nothing.
fn differ(left: &str, right: &str) -> bool {
    let bare = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
    !left.is_empty() && !right.is_empty() && bare(left) != bare(right)
}

/// The person of a side, as it was released.
fn individual(visit: &Visit, person: PersonId, released: Option<&Released>) -> Option<Individual> {
    let household = visit.language().household(released?);
    let known = household.people.iter().find(|one| one.id == Some(person)).or_else(|| household.head())?;
    let name = |label: &str, value: &str| Row { label: label.to_owned(), value: value.to_owned(), marked: false };
    let mut rows = vec![name(visit.say("氏名", "Name"), &known.name), name(visit.say("カナ", "Reading"), &known.kana)];
    rows.extend(known.rows.iter().cloned());
    Some(Individual { rows, ..known.clone() })
}

/// Labels of either, in the order of the first.
fn labels(one: Option<&Individual>, other: Option<&Individual>) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for row in [one, other].into_iter().flatten().flat_map(|side| &side.rows) {
        if !labels.contains(&row.label) {
            labels.push(row.label.clone());
        }
    }
    labels
}

fn value(side: Option<&Individual>, label: &str) -> String {
    let row = side.and_then(|side| side.rows.iter().find(|row| row.label == label));
    row.map(|row| row.value.clone()).unwrap_or_default()
}

fn lines(text: &str) -> Markup {
    html! { @for line in text.split('\n') { span.line { (line) } } }
}

//! A request that waits for its holder (保留): who asks, under which law, why, and what speaks for and against each category.

use crate::console::layout::{Page, Said, form, moment, refusal};
use crate::console::people::People;
use crate::console::visit::{Answer, Answered, Visit, status_of};
use crate::hub::Refusal;
use crate::hub::on_file::Asked;
use crate::hub::work;
use maud::{Markup, html};
use musubi_core::agency::{Category, CategorySet};
use musubi_core::consent::records::Ground;
use std::sync::Arc;

/// The page of one request.
pub(in crate::console) async fn show(visit: Arc<Visit>) -> Answered {
    let asked = visit.hub().asked(&visit.caller, visit.item()?).await?;
    Ok(page(&visit, &asked, None).await?.into())
}

async fn page(visit: &Visit, asked: &Asked, refused: Option<&Refusal>) -> Result<Page, Refusal> {
    let ground = &asked.ground;
    let people = People::of(visit, &ground.subjects).await?;
    let body = html! {
        @if let Some(refused) = refused { (refusal(visit, refused)) }
        section.panel {
            (people.line(visit, ground.subjects.iter().copied()))
            dl.pairs {
                dt { (visit.say("求めている機関", "Who asks")) } dd { (Said(&visit.agency_name(&ground.asserting_agency))) " " (Said(&ground.asserting_officer)) }
                dt { (visit.say("法の根拠", "Under")) } dd { (ground.code) " " small { (ground.statute_version) } }
                @if let Some(number) = &ground.number { dt { (visit.say("文書番号", "Number")) } dd { (Said(number)) } }
                dt { (visit.say("必要な理由", "Why")) } dd { (Said(&ground.necessity)) }
                @for (name, text) in stated(ground) { dt { (evidence(visit, name)) } dd { (Said(text)) } }
                @if let Some(until) = ground.until { dt { (visit.say("期間", "Until")) } dd { (moment(visit, until)) } }
            }
            @if asked.shielded {
                p.mark { (visit.say("住所等の支援措置の対象の方が含まれます。居所は支援措置で止まります。", "One of the persons is under an address shield.")) }
            }
        }
        (answer_form(visit, asked))
    };
    Ok(visit.page("情報提供の求め", "A request", body))
}

/// What else was stated: what the page says already is not said again.
fn stated(ground: &Ground) -> impl Iterator<Item = (&String, &String)> {
    let said = |text: &String| *text == ground.necessity || ground.number.as_ref() == Some(text);
    ground.evidence.iter().filter(move |(_, text)| !said(text))
}

/// Names of evidence that a request states, in words; another one as it stands.
fn evidence(visit: &Visit, name: &str) -> Markup {
    let words = [
        ("requesting_head", visit.say("求める機関の長", "Head of the office")),
        ("persons_covered", visit.say("対象の人数", "Persons covered")),
        ("period", visit.say("期間の末日", "Last day")),
        ("request_number", visit.say("文書番号", "Number")),
    ];
    let known = words.iter().find(|(known, _)| *known == name).map_or(name, |(_, word)| word);
    html! { (Said(known)) }
}

fn answer_form(visit: &Visit, asked: &Asked) -> Markup {
    let item = &visit.handle;
    html! {
        (form(visit, &format!("/hold/{item}"), html! {
            table.cards {
                thead { tr {
                    th scope="col" { (visit.say("選ぶ", "Choose")) }
                    th scope="col" { (visit.say("区分", "Category")) }
                    th scope="col" { (visit.say("提供に向くこと", "For")) }
                    th scope="col" { (visit.say("提供に向かないこと", "Against")) }
                } }
                tbody { @for category in asked.ground.categories.iter() { (line(visit, asked, category)) } }
            }
            p.hint { (visit.say(
                "法は提供を義務としていません。子ども・保護者・関係者・第三者の権利利益を不当に侵害するおそれがあるときは、提供しません。",
                "The law lets you disclose, and does not oblige you: not where it would unjustly harm somebody.",
            )) }
            p.buttons {
                button.main type="submit" name="answer" value="approve" { (visit.say("選んだ区分を承認する", "Approve what is chosen")) }
                button.danger type="submit" name="answer" value="refuse" { (visit.say("選んだ区分を提供しない", "Refuse what is chosen")) }
            }
        }))
    }
}

fn line(visit: &Visit, asked: &Asked, category: Category) -> Markup {
    let (waits, objected) = (asked.waiting.has(category), asked.objected.has(category));
    let sensitive = matches!(category, Category::C08 | Category::C12 | Category::C14 | Category::C19);
    html! {
        tr {
            td {
                @if waits {
                    label { input type="checkbox" name="category" value=(category) checked[visit.form.chose("category", category.word())]; span.sr { (visit.language().said(category.japanese())) } }
                } @else { (visit.say("回答済み", "answered")) }
            }
            td { (visit.language().said(category.japanese())) " " small { (category) } }
            td data-label=(visit.say("向く", "For")) {
                (visit.say("法の根拠と必要な理由が示されている", "a ground in law, and why it is needed"))
            }
            td data-label=(visit.say("向かない", "Against")) {
                @if objected { p.mark { (visit.say("本人が異議を申し出ている", "the person objects")) } }
                @if sensitive { p { (visit.say("特に慎重な項目", "especially sensitive")) } }
                @if !objected && !sensitive { "—" }
            }
        }
    }
}

/// Answers some of its categories; the work item is done when none waits any longer.
pub(in crate::console) async fn answer(visit: Arc<Visit>) -> Answered {
    let item = visit.item()?;
    let asked = visit.hub().asked(&visit.caller, item).await?;
    let chosen: CategorySet = visit.form.all("category").filter_map(|word| word.parse().ok()).collect();
    let chosen = chosen.and(asked.waiting);
    let answered = match visit.form.get("answer") {
        "refuse" => visit.hub().refuse_ground(&visit.caller, asked.ground.id, chosen).await.map(drop),
        _ => {
            // The page shows each objection beside its category: who approves has it in view.
            let in_view = !asked.objected.and(chosen).is_empty();
            visit.hub().approve_ground(&visit.caller, asked.ground.id, chosen, in_view, false).await.map(drop)
        }
    };
    if let Err(refused) = answered {
        return Ok(page(&visit, &asked, Some(&refused)).await?.with(status_of(&refused)).into());
    }
    if visit.hub().asked(&visit.caller, item).await?.waiting.is_empty() {
        let done = work::Answer { word: "done", ..work::Answer::default() };
        visit.hub().answer_work(&visit.caller, item, &done).await?;
        return Ok(Answer::Go("/today".to_owned()));
    }
    Ok(Answer::Go(format!("/hold/{}", visit.handle)))
}

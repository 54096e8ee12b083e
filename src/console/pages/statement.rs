//! A person's statement (開示記録): who was shown what, when, and on which basis; to print, and as a table.

use super::consent::CAPACITIES;
use crate::console::layout::{Said, choice, field, form, moment};
use crate::console::plain::{categories_in_words, purpose_in_words};
use crate::console::visit::{Answer, Answered, Visit};
use crate::hub::Refusal;
use crate::hub::access::Requester;
use crate::hub::persons::Named;
use crate::hub::statement::Disclosure;
use maud::{Markup, html};
use musubi_adapters::table::{Formulas, write_csv};
use musubi_adapters::wording::codes::basis;
use musubi_core::consent::records::Relationship;
use std::sync::Arc;

/// The form.
pub(in crate::console) async fn blank(visit: Arc<Visit>) -> Answered {
    Ok(visit.page("開示記録", "Statement", question(&visit)).into())
}

/// The statement, as a page or as a table.
pub(in crate::console) async fn make(visit: Arc<Visit>) -> Answered {
    let (subject, requester) = (named(&visit, "name", "born")?, requester(&visit)?);
    let disclosures = visit.hub().statement(&visit.caller, &subject, requester.as_ref()).await?;
    if visit.form.get("as") == "csv" {
        let bytes = table(&visit, &disclosures);
        return Ok(Answer::File { name: "開示記録.csv".to_owned(), kind: "text/csv; charset=utf-8", bytes });
    }
    let body = html! {
        div.noprint { (question(&visit)) }
        article.sheet {
            h2.center { (visit.say("情報の提供の記録", "Who was shown what")) }
            p.right { (moment(visit.hub().now())) br; (Said(&visit.caller.agency.name)) }
            p { (visit.say("氏名 ", "Name ")) (Said(visit.form.get("name"))) "  " (visit.say("生年月日 ", "born ")) (Said(visit.form.get("born"))) }
            @if disclosures.is_empty() { p { (visit.say("提供の記録はありません。", "Nothing is on record.")) } }
            @else { (lines(&visit, &disclosures)) }
        }
    };
    Ok(visit.page("開示記録", "Statement", body).into())
}

fn lines(visit: &Visit, disclosures: &[Disclosure]) -> Markup {
    html! {
        table.cards {
            thead { tr { @for (ja, en) in HEAD { th scope="col" { (visit.say(ja, en)) } } } }
            tbody { @for one in disclosures {
                tr {
                    td { (moment(one.shown_at)) }
                    td { (Said(&visit.agency_name(&one.recipient))) }
                    td { (purpose_in_words(one.purpose)) }
                    td { (categories_in_words(one.categories)) }
                    td { (bases(one)) }
                }
            } }
        }
    }
}

const HEAD: [(&str, &str); 5] =
    [("日時", "When"), ("提供先", "To whom"), ("目的", "What for"), ("内容", "What"), ("根拠", "Basis")];

fn bases(one: &Disclosure) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in one.bases.iter().map(|rule| basis(rule)) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join("、")
}

/// The same for a spreadsheet, which runs nothing of it.
fn table(visit: &Visit, disclosures: &[Disclosure]) -> Vec<u8> {
    let head = HEAD.map(|(ja, en)| visit.say(ja, en).to_owned()).to_vec();
    let rows = disclosures.iter().map(|one| {
        vec![
            one.shown_at.rfc3339(),
            visit.agency_name(&one.recipient),
            purpose_in_words(one.purpose),
            categories_in_words(one.categories),
            bases(one),
        ]
    });
    format!("\u{feff}{}", write_csv(std::iter::once(head).chain(rows), Formulas::Neutralised)).into_bytes()
}

fn question(visit: &Visit) -> Markup {
    let typed = &visit.form;
    let capacities = CAPACITIES.iter().map(|(word, _, ja, en)| (*word, visit.say(ja, en)));
    html! {
        (form(visit, "/statement", html! {
            fieldset {
                legend { (visit.say("誰の記録か", "Whose")) }
                (field(visit.say("氏名(漢字またはカナ)", "Name"), "text", "name", typed.get("name"), ""))
                (field(visit.say("生年月日", "Birth date"), "date", "born", typed.get("born"), ""))
            }
            fieldset {
                legend { (visit.say("誰の請求か", "Who asks")) }
                (choice(visit.say("立場", "Capacity"), "capacity", capacities, typed.get("capacity")))
                (field(visit.say("請求者の氏名(本人以外のとき)", "Name, where another person asks"), "text", "asker_name", typed.get("asker_name"), ""))
                (field(visit.say("請求者の生年月日", "Their birth date"), "date", "asker_born", typed.get("asker_born"), ""))
                p.buttons {
                    button.main type="submit" { (visit.say("作成する", "Make it")) }
                    button type="submit" name="as" value="csv" { (visit.say("CSVで受け取る", "As CSV")) }
                }
            }
        }))
    }
}

/// Who asks, where that is not the subject. What becomes of it the hub decides, and the page of a refusal is that of a person
/// about whom nothing is held.
fn requester(visit: &Visit) -> Result<Option<Requester>, Refusal> {
    let typed = visit.form.get("capacity");
    let capacity = CAPACITIES.iter().find(|(word, ..)| *word == typed).map(|(_, relationship, ..)| *relationship);
    match capacity {
        None | Some(Relationship::Subject) => Ok(None),
        Some(relationship) => Ok(Some(Requester { named: named(visit, "asker_name", "asker_born")?, relationship })),
    }
}

/// A person by the fields of these names.
fn named(visit: &Visit, name: &str, born: &str) -> Result<Named, Refusal> {
    visit.named(name, born).ok_or_else(|| {
        Refusal::invalid(
            "M824",
            name,
            "氏名と生年月日の両方を入力してください。",
            "Name a person by name and birth date.",
        )
    })
}

//! A person's statement (開示記録): who was shown what, when, and on which basis; to print, and as a table.

use super::consent::{CAPACITIES, capacities};
use crate::console::layout::{Said, choice, field, form, moment, refusal};
use crate::console::plain::{categories_in_words, purpose_in_words};
use crate::console::visit::{Answer, Answered, Visit, status_of};
use crate::console::whom;
use crate::hub::Refusal;
use crate::hub::access::Requester;
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
    let disclosures = match disclosures(&visit).await {
        Ok(disclosures) => disclosures,
        Err(refused) => {
            let body = html! { (refusal(&visit, &refused)) (question(&visit)) };
            return Ok(visit.page("開示記録", "Statement", body).with(status_of(&refused)).into());
        }
    };
    if visit.form.get("as") == "csv" {
        let bytes = table(&visit, &disclosures);
        return Ok(Answer::File { name: "開示記録.csv".to_owned(), kind: "text/csv; charset=utf-8", bytes });
    }
    let body = html! {
        div.noprint { (question(&visit)) }
        article.sheet {
            h2.center { (visit.say("情報の提供の記録", "Who was shown what")) }
            p.right { (moment(&visit, visit.hub().now())) br; (Said(&visit.caller.agency.name)) }
            p { (visit.say("氏名 ", "Name ")) (Said(visit.form.get("name"))) "  " (visit.say("生年月日 ", "born ")) (Said(visit.form.get("born"))) }
            @if disclosures.is_empty() { p { (visit.say("提供の記録はありません。", "Nothing is on record.")) } }
            @else { (lines(&visit, &disclosures)) }
        }
    };
    Ok(visit.page("開示記録", "Statement", body).into())
}

async fn disclosures(visit: &Visit) -> Result<Vec<Disclosure>, Refusal> {
    let (subject, requester) = (whom::given(visit, "name", "born")?, requester(visit)?);
    visit.hub().statement(&visit.caller, &subject, requester.as_ref()).await
}

fn lines(visit: &Visit, disclosures: &[Disclosure]) -> Markup {
    html! {
        table.cards {
            thead { tr { @for (ja, en) in HEAD { th scope="col" { (visit.say(ja, en)) } } } }
            tbody { @for one in disclosures {
                tr {
                    td { (moment(visit, one.shown_at)) }
                    td { (Said(&visit.agency_name(&one.recipient))) }
                    td { (purpose_in_words(visit.language(), one.purpose)) }
                    td { (categories_in_words(visit.language(), one.categories)) }
                    td { (bases(visit, one)) }
                }
            } }
        }
    }
}

const HEAD: [(&str, &str); 5] =
    [("日時", "When"), ("提供先", "To whom"), ("目的", "What for"), ("内容", "What"), ("根拠", "Basis")];

fn bases(visit: &Visit, one: &Disclosure) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in one.bases.iter().map(|rule| visit.language().said(&basis(rule))) {
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
            purpose_in_words(visit.language(), one.purpose),
            categories_in_words(visit.language(), one.categories),
            bases(visit, one),
        ]
    });
    format!("\u{feff}{}", write_csv(std::iter::once(head).chain(rows), Formulas::Neutralised)).into_bytes()
}

fn question(visit: &Visit) -> Markup {
    let typed = &visit.form;
    html! {
        (form(visit, "/statement", html! {
            (whom::fields(visit, visit.say("誰の記録か", "Whose")))
            fieldset {
                legend { (visit.say("誰の請求か", "Who asks")) }
                (choice(visit.say("立場", "Capacity"), "capacity", capacities(visit), typed.get("capacity")))
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
///
/// # Errors
/// When the capacity is none of the form's: nobody counts as the subject without saying so.
fn requester(visit: &Visit) -> Result<Option<Requester>, Refusal> {
    let typed = visit.form.get("capacity");
    let (_, relationship, _, _) = CAPACITIES.iter().find(|(word, ..)| *word == typed).ok_or_else(no_such_capacity)?;
    match relationship {
        Relationship::Subject => Ok(None),
        other => {
            let named = whom::given(visit, "asker_name", "asker_born")?;
            Ok(Some(Requester { named, relationship: *other }))
        }
    }
}

fn no_such_capacity() -> Refusal {
    Refusal::invalid(
        "M826",
        "capacity",
        "請求者の立場が選ばれていません。一覧から選んでください。",
        "In what capacity the statement is asked for is not among the choices. Choose one of them.",
    )
}

//! Handing in a file (ファイルの提出): chosen or dragged, answered row by row, with the same file to correct and send again.

use crate::console::layout::{Page, Said, choice, diagnostics, upload_form};
use crate::console::visit::{Answer, Answered, Visit, status_of};
use crate::hub::Refusal;
use crate::hub::document::{DocumentAnswer, RowAnswer};
use maud::{Markup, html};
use musubi_adapters::ADAPTERS;
use musubi_core::adapter::{Adapter, Direction, Severity};
use std::sync::Arc;

/// Rows of the answer that are listed, those to be corrected first; the corrected copy has them all.
const LISTED_MAX: usize = 100;
/// What a browser saves a table as.
const CSV: &str = "text/csv; charset=utf-8";

/// The form, and the templates.
pub(in crate::console) async fn blank(visit: Arc<Visit>) -> Answered {
    Ok(page(&visit, None).into())
}

/// Takes a file, and answers row by row.
pub(in crate::console) async fn send(visit: Arc<Visit>) -> Answered {
    let Some(file) = visit.form.file() else {
        return Ok(page(&visit, Some(&no_file())).with(status_of(&no_file())).into());
    };
    let answer = match visit.hub().submit_document(&visit.caller, visit.form.get("format"), &file.bytes).await {
        Ok(answer) => answer,
        Err(refusal) => return Ok(page(&visit, Some(&refusal)).with(status_of(&refusal)).into()),
    };
    let corrected = visit.hub().corrected_copy(&visit.caller, &file.bytes, &answer);
    let kept = corrected.map(|copy| visit.session.keep(copy_name(&file.name), copy));
    let body = html! { (told(&visit, &answer, kept.as_deref())) (send_form(&visit)) };
    Ok(visit.page("提出の結果", "What became of it", body).into())
}

/// The corrected copy of this session's last file.
pub(in crate::console) async fn corrected(visit: Arc<Visit>) -> Answered {
    match visit.session.kept(&visit.handle) {
        Some((name, bytes)) => Ok(Answer::File { name, kind: CSV, bytes }),
        None => Err(Refusal::invalid(
            "M822",
            "address",
            "このファイルはもうありません。もう一度提出してください。",
            "This copy is gone. Hand the file in again.",
        )),
    }
}

/// An empty file of one layout, to fill in.
pub(in crate::console) async fn template(visit: Arc<Visit>) -> Answered {
    let wanted = layouts().find(|adapter| adapter.name() == visit.handle);
    let bytes = wanted.and_then(|adapter| adapter.template()).ok_or_else(no_file)?;
    let (end, kind) = if visit.handle.ends_with("-xlsx") {
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    } else {
        ("csv", CSV)
    };
    Ok(Answer::File { name: format!("{}.{end}", visit.handle), kind, bytes })
}

/// Formats that people fill in by hand.
fn layouts() -> impl Iterator<Item = &'static dyn Adapter> {
    ADAPTERS.iter().copied().filter(|adapter| adapter.direction() != Direction::Out && adapter.template().is_some())
}

fn page(visit: &Visit, refused: Option<&Refusal>) -> Page {
    let body = html! {
        @if let Some(refusal) = refused { div.refusal role="alert" { (diagnostics(visit, &refusal.diagnostics)) } }
        (send_form(visit))
        h2 { (visit.say("ひな形", "Templates")) }
        ul { @for one in layouts() { li { a href=(format!("/template/{}", one.name())) { (visit.text(&one.title())) } } } }
    };
    visit.page("ファイルを提出する", "Hand in a file", body)
}

fn send_form(visit: &Visit) -> Markup {
    let auto = ("auto", visit.say("自動で見分ける", "recognise it").to_owned());
    let named = layouts().map(|one| (one.name(), visit.text(&one.title()).to_owned()));
    let formats: Vec<(&str, String)> = std::iter::once(auto).chain(named).collect();
    upload_form(
        visit,
        "/upload",
        html! {
            fieldset {
                (choice(visit.say("様式", "Layout"), "format", formats.iter().map(|(name, title)| (*name, title.as_str())), visit.form.get("format")))
                label.field.drop {
                    span { (visit.say("ファイル(CSV・Excel)。ここへ引きずって置くこともできます", "File, CSV or Excel. You may drop it here")) }
                    input type="file" name="file" required accept=".csv,.xlsx,.txt,.xml,.json,.hl7";
                }
                button.main type="submit" { (visit.say("提出する", "Hand in")) }
                progress.upload max="100" value="0" hidden aria-label=(visit.say("送信の進み", "Progress")) {}
            }
        },
    )
}

/// How many rows were taken, and each of them.
fn told(visit: &Visit, answer: &DocumentAnswer, kept: Option<&str>) -> Markup {
    let mut rows: Vec<&RowAnswer> = answer.rows.iter().collect();
    rows.sort_by_key(|row| (row.custody.is_some(), row.diagnostics.is_empty()));
    let taken = answer.rows.iter().filter(|row| row.custody.is_some()).count();
    let refused = answer.rows.len() - taken;
    let class = if refused == 0 && !answer.diagnostics.iter().any(|one| one.severity == Severity::Error) {
        "done"
    } else {
        "refusal"
    };
    html! {
        p class=(class) role="status" {
            b { (taken) (visit.say("行を受け取りました。", " rows were taken. ")) }
            @if refused > 0 { (refused) (visit.say("行は受け取れませんでした。直して、同じファイルをもう一度出してください(受け取った行は重なりません)。", " were refused. Correct them and send the file again: what was taken is not taken twice.")) }
        }
        (diagnostics(visit, &answer.diagnostics))
        @if let Some(handle) = kept {
            p { a.button href=(format!("/corrected/{handle}")) { (visit.say("取込結果つきのファイルを受け取る", "Download the file with its results")) } }
        }
        div.scroll { table.cards {
            thead { tr { th scope="col" { (visit.say("場所", "Place")) } th scope="col" { (visit.say("結果", "Result")) } th scope="col" { (visit.say("理由と直し方", "Why, and the mend")) } } }
            tbody { @for row in rows.into_iter().take(LISTED_MAX) { (line(visit, row)) } }
        } }
        @if answer.rows.len() > LISTED_MAX {
            p.hint { (visit.say("直す行から順に100行を表示しています。すべての結果はファイルにあります。", "A hundred rows, those to be corrected first. All are in the file.")) }
        }
    }
}

fn line(visit: &Visit, row: &RowAnswer) -> Markup {
    let word = match &row.custody {
        Some(custody) if custody.repeated => visit.say("受領済み", "here before"),
        Some(_) => visit.say("受理", "taken"),
        None => visit.say("不受理", "refused"),
    };
    html! {
        tr {
            td { (Said(&row.place.replace("row ", visit.say("行 ", "row ")))) }
            td.mark[row.custody.is_none()] { (word) }
            td { (diagnostics(visit, &row.diagnostics)) }
        }
    }
}

/// The name of the copy beside that of the file.
fn copy_name(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    format!("{stem}_取込結果.csv")
}

fn no_file() -> Refusal {
    Refusal::invalid("M823", "file", "ファイルが選ばれていません。", "No file was chosen.")
}

//! Dead letters (届かなかったもの): what was given up, why, what sending again would do now, and sending again.

use crate::console::layout::{Said, form, moment};
use crate::console::plain::{categories_in_words, purpose_in_words};
use crate::console::sessions::Of;
use crate::console::visit::{Answer, Answered, Visit};
use crate::hub::caller::Operation;
use crate::hub::dead_letters::{DeadLetter, Replay};
use maud::{Markup, html};
use std::sync::Arc;

/// Where the list is.
const HERE: &str = "/letters";

/// The list.
pub(in crate::console) async fn list(visit: Arc<Visit>) -> Answered {
    let letters = visit.hub().dead_letters(&visit.caller).await?;
    let body = html! {
        @if letters.is_empty() { p.empty { (visit.say("届かなかったものはありません。", "Nothing was given up.")) } }
        ol.work { @for letter in &letters { (entry(&visit, letter)) } }
    };
    Ok(visit.page("届かなかったもの", "Dead letters", body).into())
}

fn entry(visit: &Visit, letter: &DeadLetter) -> Markup {
    let row = &letter.row;
    let action = format!("/letter/{}", visit.session.handle(Of::Delivery, row.id.0));
    let may = letter.owner == *visit.caller.id() && visit.caller.check(Operation::AnswerWork).is_ok();
    html! {
        li {
            p.person { (Said(&visit.agency_name(&row.recipient))) " · " (purpose_in_words(visit.language(), row.purpose)) " · " (Said(&row.format)) }
            p {
                (visit.say("理由 ", "reason ")) (row.reason) " · " (row.attempts) (visit.say("回試行", " attempts")) " · " (visit.language().stage(row.stage()))
            }
            p.when { (moment(visit, row.created_at)) " · " (visit.say("確認の期限 ", "look by ")) (moment(visit, row.next_at)) }
            @if may {
                (form(visit, &action, html! {
                    button.main type="submit" name="step" value="look" { (visit.say("いま送り直すとどうなるかを見る", "See what sending again would do")) }
                    button type="submit" name="step" value="send" { (visit.say("送り直す", "Send again")) }
                }))
            }
        }
    }
}

/// Format by format, how much would differ: lengths and counts alone, for whoever sends it again may not see what it says.
fn output_differences(visit: &Visit, replay: &Replay) -> Markup {
    let Some(compared) = &replay.compared else {
        return html! { p.hint { (visit.say("前回の出力は再現できないため、比べられません。", "The last outputs cannot be made again as they were, and are not compared.")) } };
    };
    let sent_before = compared.iter().any(|one| one.bytes.1.is_some());
    let bytes = |bytes: Option<usize>| bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string());
    html! {
        @if sent_before {
            h2 { (visit.say("出力の違い", "How the outputs differ")) }
            div.scroll { table.cards {
                thead { tr {
                    @for (ja, en) in [("形式", "Format"), ("前回のバイト数", "Bytes before"), ("今回のバイト数", "Bytes now"), ("増える行", "Lines more"), ("減る行", "Lines less")] {
                        th scope="col" { (visit.say(ja, en)) }
                    }
                } }
                tbody { @for one in compared { tr {
                    td { (one.format) }
                    td data-label=(visit.say("前回のバイト数", "Bytes before")) { (bytes(one.bytes.1)) }
                    td data-label=(visit.say("今回のバイト数", "Bytes now")) { (bytes(one.bytes.0)) }
                    td data-label=(visit.say("増える行", "Lines more")) { (one.lines.0) }
                    td data-label=(visit.say("減る行", "Lines less")) { (one.lines.1) }
                } } }
            } }
        }
    }
}

/// Says what sending again would do, or does it.
pub(in crate::console) async fn replay(visit: Arc<Visit>) -> Answered {
    let dry_run = visit.form.get("step") != "send";
    let replay = visit.hub().replay(&visit.caller, visit.delivery()?, dry_run).await?;
    if !dry_run {
        return Ok(Answer::Go(HERE.to_owned()));
    }
    let body = html! {
        @if replay.outputs.is_empty() { p.refusal { (visit.say("いま送れる内容はありません(同意や根拠がありません)。", "Nothing of it may be sent now.")) } }
        @else {
            ul { @for (format, bytes) in &replay.outputs { li { (format) " " (bytes) (visit.say(" バイト", " bytes")) } } }
        }
        @if !replay.changed.is_empty() {
            h2 { (visit.say("前回との違い", "Other than before")) }
            ul { @for change in &replay.changed { li {
                @if !change.more.is_empty() { (visit.say("増える: ", "more: ")) (categories_in_words(visit.language(), change.more)) " " }
                @if !change.less.is_empty() { (visit.say("減る: ", "less: ")) (categories_in_words(visit.language(), change.less)) }
            } } }
        }
        (output_differences(&visit, &replay))
        p.buttons { a.button href=(HERE) { (visit.say("戻る", "Back")) } }
    };
    Ok(visit.page("送り直すとどうなるか", "What sending again would do", body).into())
}

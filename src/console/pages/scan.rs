//! The copy of the signed form (同意書の写し), put beside the permit that was recorded from it.

use super::consent::in_force;
use super::sign_in::{Proven, is_proven};
use crate::console::layout::{Page, button, diagnostics, upload_form};
use crate::console::visit::{Answer, Answered, Visit, status_of};
use crate::hub::Refusal;
use maud::{Markup, html};
use std::sync::Arc;

/// The form, once somebody has shown who she is: a file cannot be carried on through the question.
pub(in crate::console) async fn show(visit: Arc<Visit>) -> Answered {
    visit.fact()?;
    if is_proven(&visit).await? == Proven::Yes {
        return Ok(page(&visit, None).into());
    }
    let ask = visit.say("本人であることを確かめて写しを添える", "Show who you are, and add the copy");
    let body = html! { (explained(&visit)) (button(&visit, &format!("/copy/{}", visit.handle), ask)) };
    Ok(visit.page("同意書の写し", "Copy of the form", body).into())
}

/// She has shown it.
pub(in crate::console) async fn ask(visit: Arc<Visit>) -> Answered {
    Ok(Answer::Go(here(&visit)))
}

fn here(visit: &Visit) -> String {
    format!("/scan/{}", visit.handle)
}

/// Keeps what was sent.
pub(in crate::console) async fn send(visit: Arc<Visit>) -> Answered {
    if is_proven(&visit).await? != Proven::Yes {
        return Ok(Answer::Go(here(&visit)));
    }
    let bytes = visit.form.file().map(|file| file.bytes.clone()).unwrap_or_default();
    match visit.hub().keep_scan(&visit.caller, visit.fact()?, &bytes).await {
        Ok(status) => {
            let body = html! {
                p.done role="status" { (visit.say("写しを保管しました。本人の記録の「文書」にあります。", "The copy is kept, among the documents of the person.")) }
                p { (visit.say("この同意の状態: ", "This permit is ")) b { (in_force(&visit, status)) } }
                p.buttons { a.button href="/roster" { (visit.say("名簿へ", "To the roster")) } }
            };
            Ok(visit.page("同意書の写し", "Copy of the form", body).into())
        }
        Err(refusal) => Ok(page(&visit, Some(&refusal)).with(status_of(&refusal)).into()),
    }
}

fn page(visit: &Visit, refused: Option<&Refusal>) -> Page {
    let body = html! {
        @if let Some(refusal) = refused { div.refusal role="alert" { (diagnostics(visit, &refusal.diagnostics)) } }
        (explained(visit))
        (upload_form(visit, &here(visit), html! {
            fieldset {
                legend { (visit.say("写し", "Copy")) }
                label.field.drop {
                    span { (visit.say("ファイル(PDF・JPEG・PNG、10MBまで)", "File: PDF, JPEG or PNG, 10 MB at most")) }
                    input type="file" name="file" required accept=".pdf,.jpg,.jpeg,.png";
                }
                button.main type="submit" { (visit.say("保管する", "Keep it")) }
                progress.upload max="100" value="0" hidden aria-label=(visit.say("送信の進み", "Progress")) {}
            }
        }))
    };
    visit.page("同意書の写し", "Copy of the form", body)
}

fn explained(visit: &Visit) -> Markup {
    html! {
        p { (visit.say(
            "署名された同意書を読み取ったファイルを、記録した同意に添えます。個人番号(マイナンバー)が写っていないか確かめてください。",
            "Put the scan of the signed form beside the permit. See that no individual number is on it.",
        )) }
    }
}

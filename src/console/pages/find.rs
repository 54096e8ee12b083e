//! Looking for one person: name and birth date together, never one of them alone, and no list of those who are near (S-60).

use super::family::whole;
use crate::console::layout::{choice, field, form, refusal};
use crate::console::plain::purpose_in_words;
use crate::console::visit::{Answered, Visit, status_of};
use crate::hub::caller::Operation;
use crate::hub::persons::Named;
use crate::hub::query::default_purpose;
use maud::{Markup, html};
use musubi_core::agency::Purpose;
use std::sync::Arc;

/// Said where name and birth date fit more than one whom the caller may see.
const SEVERAL: (&str, &str) = (
    "同じ氏名・生年月日の方が複数います。どなたのことかを、住所や連絡先で確かめてください。",
    "Several of this name and birth date. Tell them apart by address or telephone before you act.",
);

/// The form.
pub(in crate::console) async fn ask(visit: Arc<Visit>) -> Answered {
    Ok(visit.page("人をさがす", "Find a person", question(&visit)).into())
}

/// The answer, below the form as it was filled in. Nobody, somebody hidden, and somebody kept elsewhere look the same.
pub(in crate::console) async fn answer(visit: Arc<Visit>) -> Answered {
    let form = &visit.form;
    let named = Named::by_name(form.get("name"), form.get("born"));
    let purpose = form.get("purpose").parse().unwrap_or(default_purpose(visit.caller.agency.kind));
    let found = match visit.hub().get(&visit.caller, purpose, &named, form.get("ground")).await {
        Ok(found) => found,
        Err(refused) => {
            let body = html! { (refusal(&visit, &refused)) (question(&visit)) };
            return Ok(visit.page("人をさがす", "Find a person", body).with(status_of(&refused)).into());
        }
    };
    let body = html! {
        (question(&visit))
        @if found.is_empty() { p.empty { (visit.say("表示できる方はいません。", "Nobody to show.")) } }
        @if found.len() > 1 { p.refusal role="status" { (visit.say(SEVERAL.0, SEVERAL.1)) } }
        @for family in &found { (whole(&visit, family)) }
    };
    Ok(visit.page("人をさがす", "Find a person", body).into())
}

fn question(visit: &Visit) -> Markup {
    let typed = &visit.form;
    let may = |purpose: &&Purpose| visit.caller.check(Operation::Read(**purpose)).is_ok();
    let usual = default_purpose(visit.caller.agency.kind);
    let mut purposes: Vec<Purpose> = Purpose::ALL.iter().filter(may).copied().collect();
    purposes.sort_by_key(|purpose| *purpose != usual);
    let words: Vec<(&str, String)> =
        purposes.iter().map(|purpose| (purpose.word(), purpose_in_words(visit.language(), *purpose))).collect();
    html! {
        (form(visit, "/find", html! {
            fieldset {
                legend { (visit.say("氏名と生年月日の両方が必要です", "Both are needed")) }
                (field(visit.say("氏名(漢字またはカナ)", "Name, in either script"), "text", "name", typed.get("name"), ""))
                (field(visit.say("生年月日", "Birth date"), "date", "born", typed.get("born"), visit.say("西暦で入力します", "")))
                (choice(visit.say("利用目的", "Purpose"), "purpose", words.iter().map(|(value, word)| (*value, word.as_str())), typed.get("purpose")))
                (field(visit.say("根拠の番号(ある場合)", "Number of the ground, if any"), "text", "ground", typed.get("ground"), ""))
                button.main type="submit" { (visit.say("さがす", "Find")) }
            }
        }))
        p.hint { (visit.say("さがしたことは記録に残ります。 ", "That you asked is recorded. ")) (visit.language().day(visit.hub().now())) }
    }
}

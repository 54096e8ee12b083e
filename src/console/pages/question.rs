//! A question with its ground (根拠に基づく照会): asked for first, and once a holder has approved it, cited by its number.

use super::family::whole;
use crate::console::layout::{area, choice, diagnostics, field, form, moment};
use crate::console::plain::categories_in_words;
use crate::console::visit::{Answer, Answered, Visit, status_of};
use crate::hub::Refusal;
use crate::hub::caller::Operation;
use crate::hub::grounds::GroundTerms;
use maud::{Markup, html};
use musubi_core::agency::{Category, CategorySet, Purpose};
use musubi_core::consent::GroundCode;
use musubi_core::time::{Day, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Grounds that holders are asked under, with what each is.
const CODES: [(&str, &str, &str); 3] = [
    ("L04", "L04 児童虐待防止法13条の4の求め", "L04 request under CAPTA 13-4"),
    ("L07", "L07 母子保健法19条の2(転入前の健診)", "L07 checks before a move"),
    ("L12", "L12 その他の求め", "L12 another request"),
];
/// Purposes under which cases are asked about.
const PURPOSES: [Purpose; 2] = [Purpose::P5, Purpose::P6];

/// The forms.
pub(in crate::console) async fn blank(visit: Arc<Visit>) -> Answered {
    Ok(visit.page("照会", "Ask", html! { (question(&visit)) (request(&visit)) }).into())
}

/// What the cited ground opens: of one person who is named, else of all whom it names.
pub(in crate::console) async fn ask(visit: Arc<Visit>) -> Answered {
    let (number, purpose) = (visit.form.get("number"), visit.form.get("purpose").parse().unwrap_or(Purpose::P5));
    let asked = match visit.named("name", "born") {
        Some(person) => visit.hub().get(&visit.caller, purpose, &person, number).await.map(|hits| (hits, false)),
        None => visit.hub().named_in(&visit.caller, purpose, number).await,
    };
    let (hits, truncated) = match asked {
        Ok(answer) => answer,
        Err(refusal) => return again(&visit, &refusal),
    };
    let body = html! {
        (question(&visit))
        @if hits.is_empty() {
            p.empty { (visit.say("この番号で表示できる記録はありません。", "Nothing to show under this number.")) }
        }
        @for family in &hits { (whole(&visit, family)) }
        @if truncated { p.hint { (visit.say("件数が多いため、一部だけを表示しています。", "There were more.")) } }
    };
    Ok(visit.page("照会の回答", "Answer", body).into())
}

/// Asks the holders.
pub(in crate::console) async fn send_request(visit: Arc<Visit>) -> Answered {
    let typed = &visit.form;
    let (code, terms) = match terms(&visit) {
        Ok(terms) => terms,
        Err(refusal) => return again(&visit, &refusal),
    };
    let parts = match visit.hub().request_ground(&visit.caller, code, terms).await {
        Ok(parts) => parts,
        Err(refusal) => return again(&visit, &refusal),
    };
    let asked: CategorySet = typed.all("category").filter_map(|word| word.parse().ok()).collect();
    let body = html! {
        p.done { (visit.say("求めを記録し、保有機関に届けました。承認されると、この番号で照会できます。", "Recorded, and put before the holder. Once it is approved, cite its number.")) }
        dl.pairs {
            dt { (visit.say("番号", "Number")) } dd { (typed.get("number")) }
            dt { (visit.say("求めた内容", "Asked for")) } dd { (categories_in_words(visit.language(), asked)) }
            dt { (visit.say("回答の期限", "Answer by")) } dd { (moment(&visit, parts.answer_by)) }
        }
        (question(&visit))
    };
    Ok(visit.page("情報提供の求め", "Request", body).into())
}

fn again(visit: &Visit, refusal: &Refusal) -> Answered {
    let body = html! {
        div.refusal role="alert" { (diagnostics(visit, &refusal.diagnostics)) }
        (question(visit)) (request(visit))
    };
    Ok(Answer::from(visit.page("照会", "Ask", body).with(status_of(refusal))))
}

fn question(visit: &Visit) -> Markup {
    let typed = &visit.form;
    let may = |purpose: &&Purpose| visit.caller.check(Operation::Read(**purpose)).is_ok();
    let purposes = PURPOSES.iter().filter(may).map(|purpose| {
        let word = if *purpose == Purpose::P5 {
            visit.say("児童の保護", "protection")
        } else {
            visit.say("要対協", "council")
        };
        (purpose.word(), word)
    });
    html! {
        (form(visit, "/question", html! {
            fieldset {
                legend { (visit.say("根拠の番号で照会する", "Ask under a ground")) }
                (field(visit.say("求め・ケースの番号", "Number of the request or case"), "text", "number", typed.get("number"), ""))
                (field(visit.say("氏名(1人の方だけのとき)", "Name, for one person"), "text", "name", typed.get("name"), ""))
                (field(visit.say("生年月日", "Birth date"), "date", "born", typed.get("born"), ""))
                (choice(visit.say("利用目的", "Purpose"), "purpose", purposes, typed.get("purpose")))
                button.main type="submit" { (visit.say("照会する", "Ask")) }
            }
        }))
    }
}

fn request(visit: &Visit) -> Markup {
    let typed = &visit.form;
    let codes = CODES.iter().map(|(code, ja, en)| (*code, visit.say(ja, en)));
    html! {
        (form(visit, "/request", html! {
            fieldset {
                legend { (visit.say("新しく求める", "A new request")) }
                (choice(visit.say("法の根拠", "Ground"), "code", codes, typed.get("code")))
                (field(visit.say("文書番号", "Number"), "text", "number", typed.get("number"), visit.say("例: 汐児8-204", "")))
                (field(visit.say("求める機関の長", "Head of the office"), "text", "head", typed.get("head"), ""))
                (field(visit.say("対象の方の氏名", "Name of the person"), "text", "name", typed.get("name"), ""))
                (field(visit.say("対象の方の生年月日", "Their birth date"), "date", "born", typed.get("born"), ""))
                div.checks {
                    @for category in Category::ALL.iter().filter(|category| **category != Category::C20) {
                        label {
                            input type="checkbox" name="category" value=(category) checked[typed.chose("category", category.word())];
                            span { (visit.language().said(category.japanese())) }
                        }
                    }
                }
                (area(visit.say("必要な理由", "Why it is necessary"), "necessity", typed.get("necessity"), visit.say("保有機関に見えます", "The holder reads it")))
                (field(visit.say("いつまで(90日以内)", "Until, within 90 days"), "date", "until", typed.get("until"), ""))
                button.main type="submit" { (visit.say("求める", "Request")) }
            }
        }))
    }
}

fn terms(visit: &Visit) -> Result<(GroundCode, GroundTerms), Refusal> {
    let typed = &visit.form;
    let code: GroundCode = typed.get("code").parse().map_err(|_| wanting("code"))?;
    let until: Day = typed.get("until").parse().map_err(|_| wanting("until"))?;
    let (number, necessity) = (typed.get("number").to_owned(), typed.get("necessity").to_owned());
    let person = visit.named("name", "born").ok_or_else(|| wanting("name"))?;
    let evidence = [
        ("request_number", number.clone()),
        ("requesting_head", typed.get("head").to_owned()),
        ("persons_covered", "1".to_owned()),
        ("necessity", necessity.clone()),
        ("period", until.to_string()),
    ];
    let stated = evidence.into_iter().filter(|(_, text)| !text.is_empty());
    let terms = GroundTerms {
        number,
        persons: vec![person],
        categories: typed.all("category").filter_map(|word| word.parse().ok()).collect(),
        necessity,
        evidence: stated.map(|(name, text)| (name.to_owned(), text)).collect::<BTreeMap<_, _>>(),
        from: None,
        until: Some(Time::end_of(until)),
        members: Vec::new(),
        message: None,
    };
    Ok((code, terms))
}

fn wanting(place: &str) -> Refusal {
    Refusal::invalid(
        "M825",
        place,
        "入力が足りません。根拠、対象の方の氏名と生年月日、期限を確かめてください。",
        "Something is wanting: look at the ground, the person's name and birth date, and the term.",
    )
}

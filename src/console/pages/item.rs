//! One thing that waits for a person (用件), as a whole: what it says, what is to be looked at before it is answered, the answer
//! with its reason, and the taking back of an answer that opened or closed something.

use super::emergency::REASONS;
use super::today;
use crate::console::layout::{Page, Said, area, field, form, moment, refusal};
use crate::console::people::People;
use crate::console::plain::{categories_in_words, purpose_in_words};
use crate::console::sessions::Of;
use crate::console::visit::{Answer, Answered, Visit, status_of};
use crate::hub::caller::Operation;
use crate::hub::emergency::EmergencyRecord;
use crate::hub::weighing::HeldRelease;
use crate::hub::work::{self, WorkItem};
use crate::hub::{Refusal, RefusalKind};
use maud::{Markup, html};
use musubi_core::agency::CategorySet;
use musubi_core::id::FactId;
use musubi_core::second_person::Proposal;
use musubi_core::time::{Day, Time};
use std::sync::Arc;

/// Kinds whose answer opens or closes what others see, or judges what a colleague did: they are answered on this page, and
/// after showing once more who one is (S-18).
pub(super) const WEIGHED: [&str; 7] =
    ["access_review", "emergency_review", "inform_subject", "shield_renewal", "shield_lift", WEIGH, WEIGH_CONFLICT];
/// What a source is asked, and what an officer of the center is asked.
const WEIGH: &str = "weigh";
const WEIGH_CONFLICT: &str = "weigh_conflict";
/// The word that takes an answer back.
const TAKE_BACK: &str = "take_back";
/// Where answers are listed that can be taken back.
pub(super) const ANSWERED: &str = "/answered";

/// The page of one.
pub(in crate::console) async fn show(visit: Arc<Visit>) -> Answered {
    let item = visit.hub().work_item(&visit.caller, visit.item()?).await?;
    Ok(page(&visit, &item, None).await?.into())
}

/// Answers one of which nothing depends for others.
pub(in crate::console) async fn answer(visit: Arc<Visit>) -> Answered {
    let item = visit.hub().work_item(&visit.caller, visit.item()?).await?;
    if WEIGHED.contains(&item.row.kind.as_str()) {
        return Ok(Answer::Go(format!("/item/{}", visit.handle)));
    }
    give(&visit, &item).await
}

/// Answers any, or takes an answer back.
pub(in crate::console) async fn weigh(visit: Arc<Visit>) -> Answered {
    let item = visit.hub().work_item(&visit.caller, visit.item()?).await?;
    give(&visit, &item).await
}

async fn give(visit: &Visit, item: &WorkItem) -> Answered {
    let typed = &visit.form;
    let given = match until(visit) {
        Ok(until) => {
            let (word, note, evidence) = (typed.get("answer"), typed.get("note"), typed.get("evidence"));
            visit.hub().answer_work(&visit.caller, item.row.id, &work::Answer { word, note, evidence, until }).await
        }
        Err(refusal) => Err(refusal),
    };
    match given {
        Ok(_) if typed.get("answer") == TAKE_BACK => Ok(Answer::Go(ANSWERED.to_owned())),
        Ok(_) => Ok(Answer::Go(today::HERE.to_owned())),
        Err(refusal) => Ok(page(visit, item, Some(&refusal)).await?.with(status_of(&refusal)).into()),
    }
}

/// The end that an answer names, where it names one.
fn until(visit: &Visit) -> Result<Option<Time>, Refusal> {
    match visit.form.get("until") {
        "" => Ok(None),
        day => day.parse::<Day>().map(|day| Some(Time::end_of(day))).map_err(|_| {
            Refusal::invalid(
                "M842",
                "until",
                "期限を年月日で入力してください。空欄なら90日です。",
                "Name the last day by year, month and day, or none for 90 days.",
            )
        }),
    }
}

/// What this person answered and can take back, the latest first.
pub(in crate::console) async fn answered(visit: Arc<Visit>) -> Answered {
    let mut items = Vec::new();
    for kind in [WEIGH, WEIGH_CONFLICT] {
        items.extend(visit.hub().work_items(&visit.caller, Some(false), kind).await?);
    }
    items.retain(|item| item.body.became.is_some());
    items.sort_by_key(|item| std::cmp::Reverse(item.row.answered_at));
    let persons: Vec<_> = items.iter().flat_map(|item| &item.row.persons).map(|concerned| concerned.person).collect();
    let people = People::of(&visit, &persons).await?;
    let body = html! {
        @if items.is_empty() { p.empty { (visit.say("取り消せる回答はありません。", "There is no answer that can be taken back.")) } }
        ol.work { @for item in &items {
            li {
                (people.line(&visit, item.row.persons.iter().map(|concerned| concerned.person)))
                @if let Some(held) = &item.body.held { (release(&visit, held)) }
                (said(&visit, item))
                p.buttons { a.button href=(address(&visit, item)) { (visit.say("内容を見て取り消す", "See, and take back")) } }
            }
        } }
    };
    Ok(visit.page("取り消せる回答", "Answers that can be taken back", body).into())
}

/// Where the page of an item is.
pub(super) fn address(visit: &Visit, item: &WorkItem) -> String {
    format!("/item/{}", visit.session.handle(Of::Item, item.row.id.0))
}

async fn page(visit: &Visit, item: &WorkItem, refused: Option<&Refusal>) -> Result<Page, Refusal> {
    let persons: Vec<_> = item.row.persons.iter().map(|concerned| concerned.person).collect();
    let people = People::of(visit, &persons).await?;
    let record = record(visit, item).await?;
    let body = html! {
        @if let Some(refused) = refused { (refusal(visit, refused)) }
        section.panel {
            (people.line(visit, persons.iter().copied()))
            p { (visit.say(&item.body.ja, &item.body.en)) }
            (today::when(visit, item))
            @if let Some(held) = &item.body.held { (release(visit, held)) }
            @if let Some(proposal) = &item.body.proposal { (proposed(visit, proposal)) }
            @if let Some(record) = &record { (glass(visit, record)) }
            @if item.row.kind == "access_review" { (asker(visit, &item.body.about)) }
        }
        @if item.row.open { (answer_form(visit, item)) } @else { (said(visit, item)) (taking_back(visit, item)) }
        p.buttons { a.button href=(today::HERE) { (visit.say("一覧へ戻る", "Back to the list")) } }
    };
    Ok(visit.page("用件", "What waits", body))
}

/// The record of a break-glass, for whoever may read it.
async fn record(visit: &Visit, item: &WorkItem) -> Result<Option<EmergencyRecord>, Refusal> {
    let of_one = matches!(item.row.kind.as_str(), "emergency_review" | "inform_subject");
    let Some(fact) = FactId::parse(&item.body.about).filter(|_| of_one) else { return Ok(None) };
    match visit.hub().emergency_record(&visit.caller, fact).await {
        Ok(record) => Ok(Some(record)),
        Err(refusal) if refusal.kind == RefusalKind::Unavailable => Err(refusal),
        Err(_) => Ok(None),
    }
}

/// What is held, and who would have it for what.
fn release(visit: &Visit, held: &HeldRelease) -> Markup {
    let categories = held.parts.iter().fold(CategorySet::EMPTY, |all, part| all.union(part.categories));
    html! {
        dl.pairs {
            dt { (visit.say("提供先", "To whom")) } dd { (Said(&visit.agency_name(&held.recipient))) }
            dt { (visit.say("目的", "What for")) } dd { (purpose_in_words(visit.language(), held.purpose)) }
            dt { (visit.say("保留している内容", "What is held")) } dd { (categories_in_words(visit.language(), categories)) }
        }
    }
}

/// Who proposed what waits for a second person, why, and until when that person may approve it.
fn proposed(visit: &Visit, proposal: &Proposal) -> Markup {
    html! {
        dl.pairs {
            dt { (visit.say("提案した職員", "Proposed by")) } dd { (Said(&proposal.by.staff_id)) }
            @if !proposal.reason.is_empty() { dt { (visit.say("理由", "Why")) } dd { (Said(&proposal.reason)) } }
            dt { (visit.say("承認の期限", "Approve by")) } dd { (moment(visit, proposal.until)) }
        }
    }
}

/// Who broke the glass, why, and what was shown.
fn glass(visit: &Visit, record: &EmergencyRecord) -> Markup {
    let glass = &record.glass;
    let reason = REASONS.iter().find(|(code, ..)| *code == glass.reason_code);
    let stated = [
        ("threatened_person", visit.say("危険にさらされている方", "Who is threatened")),
        ("why_consent_impossible", visit.say("同意を得られない理由", "Why consent cannot be had")),
    ];
    html! {
        dl.pairs {
            dt { (visit.say("誰が", "Who")) } dd { (Said(&visit.agency_name(&glass.agency))) " " (Said(&glass.staff_id)) }
            dt { (visit.say("なぜ", "Why")) }
            dd { @if let Some((_, ja, en)) = reason { (visit.say(ja, en)) ": " } (Said(&glass.reason)) }
            @for (name, label) in stated { @if let Some(text) = glass.evidence.get(name) { dt { (label) } dd { (Said(text)) } } }
            @if let Some(from) = glass.confirmed_at { dt { (visit.say("開始", "From")) } dd { (moment(visit, from)) } }
            @if let Some(end) = glass.ends() { dt { (visit.say("終了", "Until")) } dd { (moment(visit, end)) } }
            dt { (visit.say("見えた内容", "What was shown")) }
            dd {
                @if record.shown.is_empty() { (visit.say("何も表示されていません", "nothing")) }
                @for (at, categories) in &record.shown { span.line { (moment(visit, *at)) " " (categories_in_words(visit.language(), *categories)) } }
            }
        }
    }
}

/// Who asks to see what is held: by name where they are not on file, and in what capacity.
fn asker(visit: &Visit, about: &str) -> Markup {
    let (who, capacity) = about.rsplit_once(' ').unwrap_or(("", about));
    let known = super::consent::CAPACITIES.iter().find(|(word, ..)| *word == capacity);
    html! {
        dl.pairs {
            dt { (visit.say("請求者の立場", "Capacity of who asks")) }
            dd { (known.map_or(capacity, |(_, _, ja, en)| visit.say(ja, en))) }
            @if musubi_core::id::PersonId::parse(who).is_none() {
                dt { (visit.say("請求者", "Who asks")) } dd { (Said(who)) }
            }
        }
    }
}

/// The words of an answer: as the hub takes it, in Japanese, in English.
type Words = (&'static str, &'static str, &'static str);

/// The answers that a kind of item takes, the usual one first.
pub(super) fn answers(kind: &str) -> &'static [Words] {
    match kind {
        WEIGH | WEIGH_CONFLICT => &[("permit", "提供してよい", "Permit"), ("refuse", "提供しない", "Refuse")],
        "access_review" => &[("disclose", "開示する", "Disclose"), ("refuse", "開示しない", "Refuse")],
        "shield_renewal" => {
            &[("renew", "1年延長する", "Renew for a year"), ("lift", "解除を提案する", "Propose to lift")]
        }
        "shield_lift" => {
            &[("approve", "解除を承認する", "Approve the lifting"), ("refuse", "解除しない", "Keep the shield")]
        }
        "emergency_review" => {
            &[("justified", "適切だった", "Justified"), ("not_justified", "不適切だった", "Not justified")]
        }
        "inform_subject" => &[("informed", "本人に知らせた", "Informed"), ("withheld", "知らせない", "Withheld")],
        _ => &[("done", "対応しました", "Done")],
    }
}

fn answer_form(visit: &Visit, item: &WorkItem) -> Markup {
    let kind = item.row.kind.as_str();
    if visit.caller.check(Operation::AnswerWork).is_err() {
        return html! {};
    }
    if let Some((page, words)) = today::page_of(visit, kind).filter(|_| !WEIGHED.contains(&kind)) {
        return html! { p.buttons { a.button.main href=(format!("/{page}/{}", visit.handle)) { (words) } } };
    }
    let (typed, weighed) = (&visit.form, WEIGHED.contains(&kind));
    let hint = if weighed {
        visit.say("20文字以上。記録に残ります", "20 characters or more; it is kept")
    } else {
        ""
    };
    html! {
        (form(visit, &format!("/{}/{}", if weighed { WEIGH } else { "item" }, visit.handle), html! {
            fieldset {
                legend { (visit.say("回答", "Answer")) }
                (area(visit.say("理由・メモ", "Reason or note"), "note", typed.get("note"), hint))
                @if matches!(kind, WEIGH | WEIGH_CONFLICT) {
                    (field(visit.say("証拠となるもの", "Evidence"), "text", "evidence", typed.get("evidence"), visit.say("例: 面談記録の番号", "")))
                    (field(visit.say("いつまで(空欄なら90日)", "Until; 90 days where none is named"), "date", "until", typed.get("until"), ""))
                }
                p.buttons { @for (number, (value, ja, en)) in answers(kind).iter().enumerate() {
                    button.main[number == 0] type="submit" name="answer" value=(value) { (visit.say(ja, en)) }
                } }
            }
        }))
    }
}

/// What was answered, by whom, and why.
fn said(visit: &Visit, item: &WorkItem) -> Markup {
    let word = item.body.answer.as_deref().unwrap_or_default();
    let known = answers(&item.row.kind).iter().find(|(known, ..)| *known == word);
    let taken_back = ("taken_back", "取り消した", "taken back");
    let known = known.or(Some(&taken_back).filter(|(known, ..)| *known == word));
    html! {
        p {
            b { (visit.say("回答 ", "Answered ")) (known.map_or(word, |(_, ja, en)| visit.say(ja, en))) }
            @if let Some(at) = item.row.answered_at { " · " (moment(visit, at)) }
            " · " (Said(&item.body.by))
        }
        @if !item.body.note.is_empty() { p { (Said(&item.body.note)) } }
    }
}

/// The way to take an answer back before its end.
fn taking_back(visit: &Visit, item: &WorkItem) -> Markup {
    if item.body.became.is_none() || visit.caller.check(Operation::AnswerWork).is_err() {
        return html! {};
    }
    html! {
        (form(visit, &format!("/{WEIGH}/{}", visit.handle), html! {
            fieldset {
                legend { (visit.say("回答を取り消す", "Take the answer back")) }
                p { (visit.say(
                    "この回答で開いたものは直ちに閉じ、見た機関に知らされます。同じ保留があれば、あらためて判断を求めます。",
                    "What it opened is closed at once, and whoever saw it is told. Where the same is held again, somebody is asked anew.",
                )) }
                (area(visit.say("理由(20文字以上)", "Reason, 20 characters or more"), "note", visit.form.get("note"), ""))
                button.danger type="submit" name="answer" value=(TAKE_BACK) { (visit.say("回答を取り消す", "Take it back")) }
            }
        }))
    }
}

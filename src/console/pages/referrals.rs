//! Referrals (連携の依頼), from need to answer: what was asked of us, with acceptance in one click, and what we asked.

use crate::console::layout::{Said, area, choice, diagnostics, field, form, moment};
use crate::console::people::People;
use crate::console::sessions::Of;
use crate::console::visit::{Answer, Answered, Visit, status_of};
use crate::hub::Refusal;
use crate::hub::persons::Named;
use crate::hub::refer::{Listed, ReferralTerms};
use maud::{Markup, html};
use musubi_adapters::wording::codes::{REFERRAL_KIND, word};
use musubi_core::agency::AgencyId;
use musubi_core::id::PersonId;
use musubi_core::referral::{Outcome, Referral, State, Step};
use musubi_core::time::{Day, Time};
use std::sync::Arc;

/// Kinds of referral that are made by hand here; care is approved over gRPC with its terms.
const KINDS: [&str; 3] = ["support", "information", "case_transfer"];

/// The list.
pub(in crate::console) async fn list(visit: Arc<Visit>) -> Answered {
    let all = visit.hub().referrals(&visit.caller).await?;
    let (asked_of_us, by_us): (Vec<&Listed>, Vec<&Listed>) =
        all.iter().partition(|one| one.standing.referral.to() == visit.caller.id());
    let body = html! {
        (section(&visit, visit.say("届いた依頼", "Asked of us"), &asked_of_us).await?)
        (section(&visit, visit.say("出した依頼", "Asked by us"), &by_us).await?)
        @if all.is_empty() { p.empty { (visit.say("依頼はありません。", "There are none.")) } }
    };
    Ok(visit.page("連携の依頼", "Referrals", body).into())
}

async fn section(visit: &Visit, heading: &str, all: &[&Listed]) -> Result<Markup, Refusal> {
    let persons: Vec<PersonId> = all.iter().flat_map(|one| one.persons.clone()).collect();
    let people = People::of(visit, &persons).await?;
    let line = |one: &&Listed| entry(visit, &one.standing.referral, people.line(visit, one.persons.iter().copied()));
    Ok(html! { @if !all.is_empty() { section { h2 { (heading) } ol.work { @for one in all { (line(one)) } } } } })
}

fn entry(visit: &Visit, referral: &Referral, people: Markup) -> Markup {
    let ours = referral.to() == visit.caller.id();
    let other = if ours { referral.from() } else { referral.to() };
    let action = format!("/referral/{}", visit.session.handle(Of::Referral, referral.id().0));
    html! {
        li {
            (people)
            p {
                (word(REFERRAL_KIND, referral.kind())) " · "
                (if ours { visit.say("依頼元 ", "from ") } else { visit.say("依頼先 ", "to ") }) (Said(&visit.agency_name(other)))
            }
            @if !referral.reason().is_empty() { p { (Said(referral.reason())) } }
            p.when {
                b { (state(visit, referral.state())) } " " (moment(referral.changed_at()))
                @if let Some(by) = referral.reply_by() { " · " (visit.say("回答期限 ", "reply by ")) (moment(by)) }
            }
            (steps(visit, &action, referral.state(), ours))
        }
    }
}

fn state(visit: &Visit, state: &State) -> String {
    let word = match state {
        State::Sent => visit.say("送信済み(未読)", "sent"),
        State::Received => visit.say("受領", "received"),
        State::Accepted { .. } => visit.say("引受け済み", "accepted"),
        State::Scheduled { .. } => visit.say("日程決定", "scheduled"),
        State::InService { .. } => visit.say("実施中", "in service"),
        State::CancelAsked => visit.say("取消しを依頼中", "cancellation asked"),
        State::Closed(Outcome::Completed { .. }) => visit.say("完了", "completed"),
        State::Closed(Outcome::Declined { .. }) => visit.say("辞退", "declined"),
        State::Closed(Outcome::Cancelled) => visit.say("取消し", "cancelled"),
        State::Closed(Outcome::Expired) => visit.say("期限切れ(回答なし)", "expired without an answer"),
    };
    word.to_owned()
}

/// The steps that are this agency's to take, the usual one first.
fn steps(visit: &Visit, action: &str, state: &State, ours: bool) -> Markup {
    let offered: &[(&str, &str, &str)] = match (state, ours) {
        (State::Sent | State::Received, true) => {
            &[("accept", "引き受ける", "Accept"), ("decline", "辞退する(理由が必要)", "Decline")]
        }
        (State::Accepted { .. } | State::Scheduled { .. }, true) => {
            &[("begin", "始めた", "Begun"), ("complete", "完了(報告が必要)", "Completed")]
        }
        (State::InService { .. }, true) => &[("complete", "完了(報告が必要)", "Completed")],
        (State::CancelAsked, true) => &[("cancel", "取消しに応じる", "Cancel")],
        (State::CancelAsked | State::Closed(_), _) => &[],
        (_, false) => &[("ask_cancel", "取消しを依頼する", "Ask to cancel")],
    };
    html! {
        @if !offered.is_empty() {
            (form(visit, action, html! {
                @if ours && !matches!(state, State::CancelAsked) {
                    label.note { span.sr { (visit.say("理由・報告", "Reason or report")) } input name="note" placeholder=(visit.say("理由・報告", "reason, report")) autocomplete="off"; }
                }
                @for (number, (value, ja, en)) in offered.iter().enumerate() {
                    button.main[number == 0] type="submit" name="step" value=(value) { (visit.say(ja, en)) }
                }
            }))
        }
    }
}

/// Takes a step.
pub(in crate::console) async fn step(visit: Arc<Visit>) -> Answered {
    let note = visit.form.get("note").to_owned();
    let step = match visit.form.get("step") {
        "accept" => Step::Accept,
        "decline" => Step::Decline(note),
        "begin" => Step::Begin,
        "complete" => Step::Complete(note),
        "ask_cancel" => Step::AskCancel,
        _ => Step::Cancel,
    };
    visit.hub().step(&visit.caller, visit.referral()?, step).await?;
    Ok(Answer::Go("/referrals".to_owned()))
}

/// The form to refer somebody.
pub(in crate::console) async fn blank(visit: Arc<Visit>) -> Answered {
    visit.person()?;
    Ok(visit.page("連携を依頼する", "Refer", blank_form(&visit)).into())
}

/// Refers.
pub(in crate::console) async fn refer(visit: Arc<Visit>) -> Answered {
    let typed = &visit.form;
    let to = AgencyId::new(typed.get("to")).map_err(|_| no_such_agency())?;
    let terms = ReferralTerms {
        persons: vec![Named { person: Some(visit.person()?), ..Named::default() }],
        kind: typed.get("kind").to_owned(),
        to,
        reason: typed.get("reason").to_owned(),
        reply_by: typed.get("reply_by").parse::<Day>().ok().map(Time::end_of),
        approval: None,
    };
    match visit.hub().refer(&visit.caller, terms).await {
        Ok(_) => Ok(Answer::Go("/referrals".to_owned())),
        Err(refusal) => {
            let body =
                html! { div.refusal role="alert" { (diagnostics(&visit, &refusal.diagnostics)) } (blank_form(&visit)) };
            Ok(visit.page("連携を依頼する", "Refer", body).with(status_of(&refusal)).into())
        }
    }
}

fn no_such_agency() -> Refusal {
    Refusal::invalid("M601", "to", "依頼先の機関が登録されていません。", "The agency that is asked is not registered.")
}

fn blank_form(visit: &Visit) -> Markup {
    let typed = &visit.form;
    let agencies = visit.hub().register.all();
    let others = agencies.iter().filter(|agency| agency.active && agency.id != *visit.caller.id());
    let kinds = KINDS.map(|kind| (kind, word(REFERRAL_KIND, kind)));
    html! {
        (form(visit, &format!("/refer/{}", visit.handle), html! {
            fieldset {
                (choice(visit.say("依頼先", "To"), "to", others.map(|agency| (agency.id.as_str(), agency.name.as_str())), typed.get("to")))
                (choice(visit.say("依頼の種別", "Kind"), "kind", kinds.iter().map(|(kind, word)| (*kind, word.as_str())), typed.get("kind")))
                (area(visit.say("依頼の理由", "Reason"), "reason", typed.get("reason"), visit.say("依頼先に見えます", "The other agency reads it")))
                (field(visit.say("回答期限", "Reply by"), "date", "reply_by", typed.get("reply_by"), visit.say("入れなければ7日後", "else seven days")))
            }
            button.main type="submit" { (visit.say("依頼する", "Refer")) }
        }))
    }
}

//! Referrals (連携の依頼), from need to answer: what was asked of us, with acceptance in one click, and what we asked.

use super::consent::check;
use super::plan::KINDS as CARE_KINDS;
use crate::console::layout::{Page, Said, area, choice, diagnostics, field, form, moment, refusal};
use crate::console::people::People;
use crate::console::sessions::Of;
use crate::console::visit::{Answer, Answered, Visit, status_of};
use crate::hub::Refusal;
use crate::hub::caller::Operation;
use crate::hub::persons::Named;
use crate::hub::refer::{Listed, ReferralTerms};
use maud::{Markup, html};
use musubi_adapters::wording::codes::{CARE_KIND, REFERRAL_KIND, word};
use musubi_core::agency::AgencyId;
use musubi_core::id::PersonId;
use musubi_core::postnatal::Kind;
use musubi_core::postnatal::approval::{ApprovalTerms, income_of, kind_of, word as word_of};
use musubi_core::referral::{Outcome, Referral, Report, State, Step};
use musubi_core::time::{Day, Time};
use std::sync::Arc;

/// Kinds of referral, the usual one first.
const KINDS: [&str; 4] = ["support", CARE, "information", "case_transfer"];
/// The kind that carries an approval of care.
const CARE: &str = "postnatal_care";

/// Referrals of a part of a page.
pub(super) struct Listing {
    /// How many.
    pub(super) count: usize,
    /// Each with its steps.
    pub(super) list: Markup,
}

/// The list.
pub(in crate::console) async fn list(visit: Arc<Visit>) -> Answered {
    Ok(both(&visit, None).await?.into())
}

/// What was asked of us, and what we asked.
async fn both(visit: &Visit, refused: Option<&Refusal>) -> Result<Page, Refusal> {
    let all = visit.hub().referrals(&visit.caller).await?;
    let (asked_of_us, by_us): (Vec<&Listed>, Vec<&Listed>) =
        all.iter().partition(|one| one.standing.referral.to() == visit.caller.id());
    let body = html! {
        @if let Some(refused) = refused { (refusal(visit, refused)) }
        (section(visit, visit.say("届いた依頼", "Asked of us"), &asked_of_us).await?)
        (section(visit, visit.say("出した依頼", "Asked by us"), &by_us).await?)
        @if all.is_empty() { p.empty { (visit.say("依頼はありません。", "There are none.")) } }
    };
    Ok(visit.page("連携の依頼", "Referrals", body))
}

/// What this agency asked and nobody has answered yet; nothing where nothing is waited for.
pub(super) async fn unanswered(visit: &Visit) -> Result<Option<Listing>, Refusal> {
    if visit.caller.check(Operation::SeeReferrals).is_err() {
        return Ok(None);
    }
    let all = visit.hub().referrals(&visit.caller).await?;
    let waits = |one: &&Listed| {
        let referral = &one.standing.referral;
        referral.from() == visit.caller.id()
            && matches!(referral.state(), State::Sent | State::Received | State::CancelAsked)
    };
    let waiting: Vec<&Listed> = all.iter().filter(waits).collect();
    if waiting.is_empty() {
        return Ok(None);
    }
    Ok(Some(Listing { count: waiting.len(), list: entries(visit, &waiting).await? }))
}

async fn section(visit: &Visit, heading: &str, all: &[&Listed]) -> Result<Markup, Refusal> {
    let list = entries(visit, all).await?;
    Ok(html! { @if !all.is_empty() { section { h2 { (heading) " " span.count { (all.len()) } } (list) } } })
}

async fn entries(visit: &Visit, all: &[&Listed]) -> Result<Markup, Refusal> {
    let persons: Vec<PersonId> = all.iter().flat_map(|one| one.persons.clone()).collect();
    let people = People::of(visit, &persons).await?;
    let line = |one: &&Listed| entry(visit, &one.standing.referral, people.line(visit, one.persons.iter().copied()));
    Ok(html! { ol.work { @for one in all { (line(one)) } } })
}

fn entry(visit: &Visit, referral: &Referral, people: Markup) -> Markup {
    let ours = referral.to() == visit.caller.id();
    let other = if ours { referral.from() } else { referral.to() };
    let action = format!("/referral/{}", visit.session.handle(Of::Referral, referral.id().0));
    html! {
        li {
            (people)
            p {
                (visit.language().said(&word(REFERRAL_KIND, referral.kind()))) " · "
                (if ours { visit.say("依頼元 ", "from ") } else { visit.say("依頼先 ", "to ") }) (Said(&visit.agency_name(other)))
            }
            @if !referral.reason().is_empty() { p { (Said(referral.reason())) } }
            p.when {
                b { (state(visit, referral.state())) } " " (moment(visit, referral.changed_at()))
                @if let Some(by) = referral.reply_by() { " · " (visit.say("回答期限 ", "reply by ")) (moment(visit, by)) }
            }
            (steps(visit, &action, referral, ours))
        }
    }
}

fn state(visit: &Visit, state: &State) -> String {
    let word = match state {
        State::Sent => visit.say("送信済み(未読)", "sent"),
        State::Received => visit.say("受領", "received"),
        State::Accepted { .. } => visit.say("引受け済み", "accepted"),
        State::Scheduled { at, .. } => {
            return format!("{} {}", visit.say("日程決定", "scheduled"), visit.language().moment(*at));
        }
        State::NoShow { .. } => visit.say("不在・来所なし", "was not there"),
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
fn steps(visit: &Visit, action: &str, referral: &Referral, ours: bool) -> Markup {
    let state = referral.state();
    let refused = visit.referral().is_ok_and(|id| id == referral.id());
    let typed = |name| if refused { visit.form.get(name) } else { "" };
    let offered: &[(&str, &str, &str)] = match (state, ours) {
        (State::Sent | State::Received, true) => {
            &[("accept", "引き受ける", "Accept"), ("decline", "辞退する(理由が必要)", "Decline")]
        }
        (State::Accepted { .. }, true) => &[
            ("schedule", "日程を決める", "Schedule"),
            ("begin", "始めた", "Begun"),
            ("complete", "完了(報告が必要)", "Completed"),
        ],
        (State::Scheduled { .. }, true) => &[
            ("begin", "始めた", "Begun"),
            ("no_show", "不在・来所なし", "Was not there"),
            ("complete", "完了(報告が必要)", "Completed"),
        ],
        (State::NoShow { .. }, true) => &[
            ("schedule", "日程を決め直す", "Schedule anew"),
            ("begin", "始めた", "Begun"),
            ("complete", "完了(報告が必要)", "Completed"),
        ],
        (State::InService { .. }, true) => &[("complete", "完了(報告が必要)", "Completed")],
        (State::CancelAsked, true) => &[("cancel", "取消しに応じる", "Cancel")],
        (State::CancelAsked | State::Closed(_), _) => &[],
        (_, false) => &[("ask_cancel", "取消しを依頼する", "Ask to cancel")],
    };
    html! {
        @if !offered.is_empty() {
            (form(visit, action, html! {
                @if ours && !matches!(state, State::CancelAsked) {
                    label.note { span.sr { (visit.say("理由・報告", "Reason or report")) } input name="note" value=(Said(typed("note"))) placeholder=(visit.say("理由・報告", "reason, report")) autocomplete="off"; }
                }
                @if matches!(state, State::Accepted { .. } | State::NoShow { .. }) && ours {
                    label.note { span { (visit.say("日時", "When")) } " " input type="datetime-local" name="at" value=(typed("at")); }
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
        "accept" => Ok(Step::Accept),
        "decline" => Ok(Step::Decline(note)),
        "begin" => Ok(Step::Begin),
        "complete" => Ok(Step::Complete(Report::in_words(note))),
        "no_show" => Ok(Step::NoShow),
        "ask_cancel" => Ok(Step::AskCancel),
        "schedule" => scheduled(&visit).map(Step::Schedule),
        _ => Ok(Step::Cancel),
    };
    let taken = match step {
        Ok(step) => visit.hub().step(&visit.caller, visit.referral()?, step).await,
        Err(refused) => Err(refused),
    };
    match taken {
        Ok(_) => Ok(Answer::Go("/referrals".to_owned())),
        Err(refused) => Ok(both(&visit, Some(&refused)).await?.with(status_of(&refused)).into()),
    }
}

/// The form to refer somebody.
pub(in crate::console) async fn blank(visit: Arc<Visit>) -> Answered {
    visit.person()?;
    Ok(visit.page("連携を依頼する", "Refer", blank_form(&visit)).into())
}

/// Refers.
pub(in crate::console) async fn refer(visit: Arc<Visit>) -> Answered {
    let referred = match terms(&visit) {
        Ok(terms) => visit.hub().refer(&visit.caller, terms).await,
        Err(refusal) => Err(refusal),
    };
    match referred {
        Ok(_) => Ok(Answer::Go("/referrals".to_owned())),
        Err(refusal) => {
            let body =
                html! { div.refusal role="alert" { (diagnostics(&visit, &refusal.diagnostics)) } (blank_form(&visit)) };
            Ok(visit.page("連携を依頼する", "Refer", body).with(status_of(&refusal)).into())
        }
    }
}

fn terms(visit: &Visit) -> Result<ReferralTerms, Refusal> {
    let typed = &visit.form;
    Ok(ReferralTerms {
        persons: vec![Named { person: Some(visit.person()?), ..Named::default() }],
        kind: typed.get("kind").to_owned(),
        to: AgencyId::new(typed.get("to")).map_err(|_| no_such_agency())?,
        reason: typed.get("reason").to_owned(),
        reply_by: typed.get("reply_by").parse::<Day>().ok().map(Time::end_of),
        approval: approval(visit)?,
    })
}

/// When it is to be, as a browser writes a local time.
fn scheduled(visit: &Visit) -> Result<Time, Refusal> {
    Time::parse_rfc3339(&format!("{}:00+09:00", visit.form.get("at")))
        .ok_or_else(|| Refusal::invalid("M829", "at", "日時を入力してください。", "Say on which day and at what time."))
}

/// The approval that a referral for care carries; none for any other kind.
fn approval(visit: &Visit) -> Result<Option<ApprovalTerms>, Refusal> {
    let typed = &visit.form;
    if typed.get("kind") != CARE {
        return Ok(None);
    }
    let day = |name: &'static str| typed.get(name).parse::<Day>().map_err(|_| wanting(name));
    let count = |name: &'static str| typed.get(name).parse::<u32>().map_err(|_| wanting(name));
    let terms = ApprovalTerms {
        number: typed.get("number").to_owned(),
        kinds: typed.all("care").filter_map(kind_of).collect(),
        from: day("from")?,
        until: day("until")?,
        units: count("units")?,
        reductions: count("reductions")?,
        income: income_of(typed.get("income")).ok_or_else(|| wanting("income"))?,
        outreach: typed.chose("care", word_of(Kind::Visit)),
        extension: Some(typed.get("extension").to_owned()).filter(|number| !number.is_empty()),
    };
    match (terms.number.is_empty(), terms.kinds.is_empty()) {
        (true, _) => Err(wanting("number")),
        (_, true) => Err(wanting("care")),
        _ => Ok(Some(terms)),
    }
}

fn wanting(place: &'static str) -> Refusal {
    Refusal::invalid(
        "M835",
        place,
        "利用承認の入力が足りません。承認番号、種類、期間、日数、減免券、所得区分を確かめてください。",
        "Something of the approval is wanting: look at number, kinds, period, units, tickets and income class.",
    )
}

/// The approval, for a referral for care alone.
fn care(visit: &Visit) -> Markup {
    let typed = &visit.form;
    let incomes = [
        ("taxed", visit.say("課税世帯", "taxed")),
        ("nontaxed", visit.say("非課税世帯", "not taxed")),
        ("welfare", visit.say("生活保護世帯", "on welfare")),
    ];
    html! {
        fieldset {
            legend { (visit.say("産後ケアの利用承認(依頼の種別が産後ケアのとき)", "Approval, where the kind is care")) }
            (field(visit.say("承認番号", "Number"), "text", "number", typed.get("number"), visit.say("例: SK08-0041", "")))
            div.checks { @for kind in CARE_KINDS {
                @let name = word_of(kind);
                (check("care", name, &visit.language().said(&word(CARE_KIND, name)), typed.chose("care", name)))
            } }
            (field(visit.say("利用できる期間の初日", "First day"), "date", "from", typed.get("from"), ""))
            (field(visit.say("利用できる期間の末日", "Last day"), "date", "until", typed.get("until"), ""))
            (field(visit.say("日数(残り)", "Days left"), "number", "units", typed.get("units"), visit.say("ほかの事業所での利用も引いた残り", "over all providers")))
            (field(visit.say("減免券(残り)", "Tickets left"), "number", "reductions", typed.get("reductions"), ""))
            (choice(visit.say("所得区分", "Income class"), "income", incomes, typed.get("income")))
            (field(visit.say("延長承認の番号(日数を超えて認めるときだけ)", "Number of an extension, if the limit may be passed"), "text", "extension", typed.get("extension"), ""))
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
    let kinds = KINDS.map(|kind| (kind, visit.language().said(&word(REFERRAL_KIND, kind))));
    html! {
        (form(visit, &format!("/refer/{}", visit.handle), html! {
            fieldset {
                (choice(visit.say("依頼先", "To"), "to", others.map(|agency| (agency.id.as_str(), agency.name.as_str())), typed.get("to")))
                (choice(visit.say("依頼の種別", "Kind"), "kind", kinds.iter().map(|(kind, word)| (*kind, word.as_str())), typed.get("kind")))
                (area(visit.say("依頼の理由", "Reason"), "reason", typed.get("reason"), visit.say("依頼先に見えます", "The other agency reads it")))
                (field(visit.say("回答期限", "Reply by"), "date", "reply_by", typed.get("reply_by"), visit.say("入れなければ7日後", "else seven days")))
            }
            (care(visit))
            button.main type="submit" { (visit.say("依頼する", "Refer")) }
        }))
    }
}

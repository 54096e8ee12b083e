//! The staff of the agency (職員): who has an account, and for those who keep the staff to propose, confirm and shut out.

use crate::console::form::Form;
use crate::console::layout::{Page, Said, choice, field, form, moment, refusal};
use crate::console::visit::{Answered, Visit, status_of};
use crate::hub::Refusal;
use crate::hub::sign_in::StaffMember;
use maud::{Markup, html};
use musubi_core::agency::Role;
use musubi_core::sign_in::{By, Half, State, Terms};
use std::sync::Arc;

/// Where the list is.
const HERE: &str = "/staff";

/// Everybody of the agency.
pub(in crate::console) async fn list(visit: Arc<Visit>) -> Answered {
    Ok(everybody(&visit, html! {}, None).await?.into())
}

/// Proposes a colleague.
pub(in crate::console) async fn propose(visit: Arc<Visit>) -> Answered {
    let form = &visit.form;
    let terms = Terms {
        staff_id: form.get("staff").to_owned(),
        name: form.get("name").to_owned(),
        role: form.get("role").parse().unwrap_or(Role::System),
        keeper: form.chose("keeper", "yes"),
    };
    let staff_id = terms.staff_id.clone();
    let half = match visit.hub().propose_colleague(&visit.caller, terms).await {
        Ok(half) => half,
        Err(refused) => {
            return Ok(everybody(&visit, refusal(&visit, &refused), Some(&visit.form))
                .await?
                .with(status_of(&refused))
                .into());
        }
    };
    let next = visit.say(
        "別の職員管理者が、この一覧で確認すると登録が進みます。",
        "Somebody else who keeps the staff now has to confirm it in this list.",
    );
    Ok(everybody(&visit, handed_over(&visit, &staff_id, &half, next), None).await?.into())
}

/// Confirms what another proposed.
pub(in crate::console) async fn confirm(visit: Arc<Visit>) -> Answered {
    let staff_id = visit.form.get("staff");
    let half = visit.hub().confirm_colleague(&visit.caller, staff_id).await?;
    let next = visit.say(
        "本人は、提案した職員からのもう半分と合わせて、サインイン画面から登録します。",
        "With the half of the one who proposed, the person enrols from the sign-in page.",
    );
    Ok(everybody(&visit, handed_over(&visit, staff_id, &half, next), None).await?.into())
}

/// Shuts a colleague out.
pub(in crate::console) async fn shut_out(visit: Arc<Visit>) -> Answered {
    let staff_id = visit.form.get("staff");
    visit.hub().shut_out_colleague(&visit.caller, staff_id).await?;
    let said = html! {
        p.done role="status" {
            b { (Said(staff_id)) } " "
            (visit.say("を停止しました。開いていた画面も終わりました。", "is shut out, and every session of theirs has ended."))
        }
    };
    Ok(everybody(&visit, said, None).await?.into())
}

/// The half of the code, which is shown this once.
fn handed_over(visit: &Visit, staff_id: &str, half: &Half, next: &str) -> Markup {
    html! {
        div.done role="status" {
            p {
                (visit.say(
                    "登録用コードの半分です。一度だけ表示します。本人に直接渡してください(24時間有効)。",
                    "This is half of the one-time code, shown this once. Hand it over in person; it is good for 24 hours.",
                ))
            }
            p { b { (Said(staff_id)) } ": " code { (half) } }
            p { (next) }
        }
    }
}

/// What is said, everybody, and the form with what was typed, where that was refused.
async fn everybody(visit: &Visit, said: Markup, typed: Option<&Form>) -> Result<Page, Refusal> {
    let (keeps, members) =
        (visit.hub().keeps_staff(&visit.caller).await?, visit.hub().colleagues(&visit.caller).await?);
    let body = html! {
        (said)
        @if !keeps {
            p.hint { (visit.say(
                "登録・停止ができるのは職員管理者です。",
                "Those who keep the staff enrol others and shut them out.",
            )) }
        }
        div.scroll { table.cards {
            thead { tr {
                @for (ja, en) in [("職員ID", "Staff id"), ("氏名", "Name"), ("役割", "Role"), ("アカウント", "Account")] {
                    th scope="col" { (visit.say(ja, en)) }
                }
                @if keeps { th scope="col" { (visit.say("操作", "To do")) } }
            } }
            tbody { @for member in &members { (line(visit, member, keeps)) } }
        } }
        @if keeps { (proposal(visit, typed)) }
    };
    Ok(visit.page("職員", "Staff", body))
}

fn line(visit: &Visit, member: &StaffMember, keeps: bool) -> Markup {
    let terms = member.account.as_ref().map(|account| &account.terms);
    html! {
        tr {
            td { b { (Said(&member.staff_id)) } }
            td { (Said(terms.map_or("", |terms| &terms.name))) }
            td { (visit.language().role(member.role)) @if terms.is_some_and(|terms| terms.keeper) { " · " (visit.say("職員管理者", "keeps the staff")) } }
            td { (standing(visit, member)) }
            @if keeps { td { (actions(visit, member)) } }
        }
    }
}

/// Where the account stands.
fn standing(visit: &Visit, member: &StaffMember) -> Markup {
    match member.account.as_ref().map(|account| &account.state) {
        None => html! { (visit.say("なし(画面には入れません)", "none: cannot sign in")) },
        Some(State::Proposed { by, until, .. }) => html! {
            (visit.say("確認待ち", "to be confirmed")) " (" (visit.say("提案", "proposed by")) " " (Said(name(by))) ", "
            (visit.say("期限", "until")) " " (moment(visit, *until)) ")"
        },
        Some(State::Invited(invitation)) => html! {
            (visit.say("本人の登録待ち", "to be enrolled")) " (" (visit.say("期限", "until")) " " (moment(visit, invitation.until())) ")"
        },
        Some(State::Active { .. }) => html! { (visit.say("有効", "active")) },
        Some(State::Closed) => html! { span.mark { (visit.say("停止", "shut out")) } },
    }
}

fn name(by: &By) -> &str {
    match by {
        By::Staff(id) | By::Operator(id) => id,
    }
}

fn actions(visit: &Visit, member: &StaffMember) -> Markup {
    let own = member.staff_id == visit.caller.actor.staff_id;
    let state = member.account.as_ref().map(|account| &account.state);
    let hidden = html! { input type="hidden" name="staff" value=(member.staff_id); };
    html! {
        @if !own && matches!(state, Some(State::Proposed { .. })) {
            (form(visit, "/staff/confirm", html! { (hidden) button type="submit" { (visit.say("確認する", "Confirm")) } }))
        }
        @if !own && !matches!(state, Some(State::Closed)) {
            (form(visit, "/staff/shut-out", html! {
                (hidden) button.danger type="submit" { (visit.say("停止・退職", "Shut out")) }
            }))
        }
    }
}

/// The form for somebody new, or to be enrolled anew.
fn proposal(visit: &Visit, typed: Option<&Form>) -> Markup {
    let typed = |name| typed.map_or("", |form| form.get(name));
    let roles: Vec<(&str, &str)> = Role::ALL
        .iter()
        .filter(|role| **role != Role::System)
        .map(|role| (role.word(), visit.language().role(*role)))
        .collect();
    html! {
        h2 { (visit.say("職員の登録・登録し直し", "Enrol somebody, or anew")) }
        p.hint { (visit.say(
            "2人の職員管理者で行います。いまあるアカウントは、提案したときから使えなくなります。",
            "It takes two who keep the staff. An account that is there cannot be used from the proposal on.",
        )) }
        (form(visit, HERE, html! {
            (field(visit.say("職員ID", "Staff id"), "text", "staff", typed("staff"), ""))
            (field(visit.say("氏名", "Name"), "text", "name", typed("name"), ""))
            (choice(visit.say("役割", "Role"), "role", roles, typed("role")))
            div.checks { label {
                input type="checkbox" name="keeper" value="yes" checked[typed("keeper") == "yes"];
                (visit.say("職員管理者にする(ほかの職員の登録・停止ができる)", "Keeps the staff: may enrol and shut out others"))
            } }
            button.main type="submit" { (visit.say("提案する", "Propose")) }
        }))
    }
}

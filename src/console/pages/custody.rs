//! Who holds authority over a child (親権), and whose word about it counts only after a person looked (利益相反).

use crate::console::layout::{Page, diagnostics, form};
use crate::console::visit::{Answer, Answered, Visit, status_of};
use crate::console::whom;
use crate::hub::Refusal;
use crate::hub::persons::Named;
use maud::html;
use musubi_core::consent::Custody;
use std::sync::Arc;

/// Words of the form, and what each stands for.
const CUSTODIES: [(&str, Custody, &str, &str); 3] = [
    ("ordinary", Custody::Ordinary, "父母(または後見人)が親権を行う", "its parents or guardian"),
    ("joint", Custody::Joint, "離婚後の共同親権", "both parents after a divorce"),
    (
        "protective",
        Custody::Protective,
        "一時保護・親権停止中(児童相談所長・施設長)",
        "under protection: authority of the parents is suspended",
    ),
];

/// The form.
pub(in crate::console) async fn show(visit: Arc<Visit>) -> Answered {
    visit.person()?;
    Ok(page(&visit, None).into())
}

/// Records it in place of what was on file.
pub(in crate::console) async fn record(visit: Arc<Visit>) -> Answered {
    let recorded = match terms(&visit) {
        Ok((custody, conflicts)) => {
            let child = Named { person: Some(visit.person()?), ..Named::default() };
            visit.hub().record_standing(&visit.caller, &child, custody, &conflicts).await.map(drop)
        }
        Err(refusal) => Err(refusal),
    };
    match recorded {
        Ok(()) => Ok(Answer::Go(format!("/consent/{}", visit.handle))),
        Err(refusal) => Ok(page(&visit, Some(&refusal)).with(status_of(&refusal)).into()),
    }
}

fn terms(visit: &Visit) -> Result<(Custody, Vec<Named>), Refusal> {
    let typed = visit.form.get("custody");
    let (_, custody, _, _) = CUSTODIES.iter().find(|(word, ..)| *word == typed).ok_or_else(not_chosen)?;
    let conflict = !visit.form.get("name").is_empty() || !visit.form.get("born").is_empty();
    let conflicts = if conflict { vec![whom::given(visit, "name", "born")?] } else { Vec::new() };
    Ok((*custody, conflicts))
}

fn page(visit: &Visit, refused: Option<&Refusal>) -> Page {
    let body = html! {
        @if let Some(refusal) = refused { div.refusal role="alert" { (diagnostics(visit, &refusal.diagnostics)) } }
        p { (visit.say(
            "子どもの記録についての同意が誰の署名で有効になるかは、親権によって決まります。前の記録に代わって登録されます。",
            "Whose signature counts for the child follows from it. It takes the place of what was on file.",
        )) }
        (form(visit, &format!("/custody/{}", visit.handle), html! {
            fieldset {
                legend { (visit.say("親権", "Who holds authority")) }
                @for (word, _, ja, en) in CUSTODIES {
                    label.line { input type="radio" name="custody" value=(word) checked[visit.form.chose("custody", word)] required; span { (visit.say(ja, en)) } }
                }
            }
            (whom::fields(visit, visit.say("利益相反のある方(いる場合)", "Whose interests conflict with the child's, if anybody's")))
            button.main type="submit" { (visit.say("記録する", "Record")) }
        }))
    };
    visit.page("親権・利益相反", "Custody and conflict", body)
}

fn not_chosen() -> Refusal {
    Refusal::invalid("M827", "custody", "親権の状況を選んでください。", "Say who holds authority over the child.")
}

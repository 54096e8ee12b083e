//! What protects where somebody is: an address shield (支援措置), and the seal of a whole record (封印).

use super::consent::{check, wanting};
use crate::console::layout::{Page, diagnostics, field, form};
use crate::console::visit::{Answer, Answered, Visit, status_of};
use crate::hub::Refusal;
use crate::hub::persons::Named;
use maud::{Markup, html};
use musubi_core::agency::AgencyId;
use musubi_core::time::{Day, Time};
use std::sync::Arc;

/// Both forms.
pub(in crate::console) async fn show(visit: Arc<Visit>) -> Answered {
    visit.person()?;
    Ok(page(&visit, None).into())
}

/// Opens an address shield.
pub(in crate::console) async fn open(visit: Arc<Visit>) -> Answered {
    let named = Named { person: Some(visit.person()?), ..Named::default() };
    let opened = match visit.form.get("until").parse::<Day>() {
        Ok(until) => {
            let period = (visit.hub().now(), Time::end_of(until));
            visit.hub().shield(&visit.caller, &named, period, chosen(&visit, "allowed"), chosen(&visit, "linked")).await
        }
        Err(_) => Err(wanting("until")),
    };
    done(&visit, opened.map(drop))
}

/// Seals the record.
pub(in crate::console) async fn seal(visit: Arc<Visit>) -> Answered {
    let named = Named { person: Some(visit.person()?), ..Named::default() };
    let sealed = visit.hub().seal_record(&visit.caller, &named, chosen(&visit, "allowed")).await;
    done(&visit, sealed.map(drop))
}

fn done(visit: &Visit, done: Result<(), Refusal>) -> Answered {
    match done {
        Ok(()) => Ok(Answer::Go(format!("/consent/{}", visit.handle))),
        Err(refusal) => Ok(page(visit, Some(&refusal)).with(status_of(&refusal)).into()),
    }
}

fn chosen(visit: &Visit, name: &str) -> Vec<AgencyId> {
    visit.form.all(name).filter_map(|id| AgencyId::new(id).ok()).collect()
}

fn page(visit: &Visit, refused: Option<&Refusal>) -> Page {
    let handle = &visit.handle;
    let body = html! {
        @if let Some(refusal) = refused { div.refusal role="alert" { (diagnostics(visit, &refusal.diagnostics)) } }
        h2 { (visit.say("支援措置", "Address shield")) }
        p { (visit.say(
            "住民基本台帳の支援措置などにより、居所が分かる情報を止めます。期限が来ても、延長か解除を回答するまで続きます。",
            "Everything that tells where the person is stops. It stays in force until somebody answers at its end.",
        )) }
        (form(visit, &format!("/shield/{handle}"), html! {
            fieldset {
                legend { (visit.say("期限", "Until")) }
                (field(visit.say("期限", "Until"), "date", "until", visit.form.get("until"), visit.say("1年以内", "within a year")))
            }
            fieldset { legend { (visit.say("居所を知ってよい機関", "Who may know where")) } (agencies(visit, "allowed")) }
            fieldset {
                legend { (visit.say("加害者につながりのある機関(何も見えなくなります)", "Agencies that stand close to the perpetrator: they see nothing")) }
                (agencies(visit, "linked"))
            }
            button.main type="submit" { (visit.say("支援措置を登録する", "Open the shield")) }
        }))
        h2 { (visit.say("封印", "Seal")) }
        p { (visit.say(
            "特別養子縁組や裁判所の決定により、この方の記録すべてを、選んだ機関のほかには見せません。",
            "By special adoption or an order of a court: nobody but the chosen agencies sees anything of the record.",
        )) }
        (form(visit, &format!("/seal/{handle}"), html! {
            fieldset { legend { (visit.say("引き続き見てよい機関", "Who may still see it")) } (agencies(visit, "allowed")) }
            button.danger type="submit" { (visit.say("記録を封印する", "Seal the record")) }
        }))
    };
    visit.page("支援措置・封印", "Shield and seal", body)
}

fn agencies(visit: &Visit, name: &str) -> Markup {
    html! {
        div.checks {
            @for agency in visit.hub().register.all() {
                (check(name, agency.id.as_str(), &agency.name, visit.form.chose(name, agency.id.as_str())))
            }
        }
    }
}

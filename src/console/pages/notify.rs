//! A concern that waits for what its ground needs (通告・情報提供の記入): its author is asked for what is missing, and nothing else.

use super::today;
use crate::console::layout::{Page, area, choice, field, form, refusal};
use crate::console::people::People;
use crate::console::visit::{Answer, Answered, Visit, status_of};
use crate::hub::Refusal;
use crate::hub::notification::{STATEMENTS, Wanting};
use maud::{Markup, html};
use musubi_core::consent::GroundCode;
use musubi_core::notification::GROUND;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Grounds, as they are chosen.
const GROUNDS: [(&str, &str, &str); 3] = [
    ("L01", "虐待を受けたと思われる(通告)", "abuse is suspected: a notification"),
    ("L02", "保護が必要と思われる(通告)", "a child seems to need protection: a notification"),
    ("L03", "支援が必要と思われる(情報提供)", "the family seems to need support: information"),
];
/// Whether the family was asked.
const CONSENTS: [(&str, &str, &str); 3] = [
    ("agreed", "求めて、同意を得た", "asked, and agreed"),
    ("declined", "求めたが、同意は得られなかった", "asked, and declined"),
    ("not_asked", "求めていない", "not asked"),
];

/// The form.
pub(in crate::console) async fn show(visit: Arc<Visit>) -> Answered {
    let wanting = visit.hub().wanting(&visit.caller, visit.item()?).await?;
    Ok(page(&visit, &wanting, None).await?.into())
}

/// Offers the concern with what was missing.
pub(in crate::console) async fn state(visit: Arc<Visit>) -> Answered {
    let wanting = visit.hub().wanting(&visit.caller, visit.item()?).await?;
    let stated = match code(&visit, &wanting) {
        Ok(code) => visit.hub().state_wanting(&visit.caller, visit.item()?, code, typed(&visit, &wanting)).await,
        Err(refusal) => Err(refusal),
    };
    match stated {
        Ok(()) => Ok(Answer::Go(today::HERE.to_owned())),
        Err(refusal) => Ok(page(&visit, &wanting, Some(&refusal)).await?.with(status_of(&refusal)).into()),
    }
}

/// The ground that is chosen, or that the author named before.
fn code(visit: &Visit, wanting: &Wanting) -> Result<GroundCode, Refusal> {
    let named = wanting.offers.iter().find_map(|offer| offer.code);
    let chosen = visit.form.get(GROUND).parse().ok().filter(|_| wanting.lacks(GROUND));
    chosen.or(named).ok_or_else(|| {
        Refusal::invalid("M513", GROUND, "何に基づいて知らせるかを選んでください。", "Choose the ground.")
    })
}

fn typed(visit: &Visit, wanting: &Wanting) -> BTreeMap<String, String> {
    let asked = wanting.missing.iter().filter(|name| *name != GROUND);
    let given = asked.map(|name| (name.clone(), visit.form.get(name).to_owned()));
    given.filter(|(_, text)| !text.is_empty()).collect()
}

async fn page(visit: &Visit, wanting: &Wanting, refused: Option<&Refusal>) -> Result<Page, Refusal> {
    let persons: Vec<_> = wanting.item.row.persons.iter().map(|concerned| concerned.person).collect();
    let people = People::of(visit, &persons).await?;
    let body = html! {
        @if let Some(refused) = refused { (refusal(visit, refused)) }
        section.panel {
            (people.line(visit, persons.iter().copied()))
            p { (visit.say(
                "報告された懸念をセンターに届けます。足りないところだけを記入してください。誰が知らせたかは、センターの外には伝わりません。",
                "The concern that was reported goes to the center. State what is missing. Who told it stays with the center.",
            )) }
        }
        (form(visit, &format!("/notify/{}", visit.handle), html! {
            fieldset {
                @for name in &wanting.missing { (asked(visit, name)) }
                button.main type="submit" { (visit.say("センターに届ける", "Hand it to the center")) }
            }
        }))
    };
    Ok(visit.page("懸念を届ける", "Offer a concern", body))
}

/// The field for one thing that is missing.
fn asked(visit: &Visit, name: &str) -> Markup {
    let known = STATEMENTS.iter().find(|(known, ..)| *known == name);
    let label = known.map_or(name, |(_, ja, en)| visit.say(ja, en));
    let typed = visit.form.get(name);
    let chosen = |options: &[(&'static str, &'static str, &'static str)]| {
        choice(label, name, options.iter().map(|(word, ja, en)| (*word, visit.say(ja, en))), typed)
    };
    match name {
        GROUND => chosen(&GROUNDS),
        "consent_sought" => chosen(&CONSENTS),
        "suspicion" | "why_support" => area(label, name, typed, ""),
        "time" => field(label, "datetime-local", name, typed, ""),
        _ => field(label, "text", name, typed, ""),
    }
}

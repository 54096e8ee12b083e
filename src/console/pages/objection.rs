//! Objection (異議): to whom nothing is to be shown, recorded as it was said, and lifted as it was said.

use super::consent::{capacities, capacity, check, grantee_in_words, wanting};
use crate::console::layout::{Page, area, choice, diagnostics, field, form, moment};
use crate::console::plain::{MUST_BE_NAMED, ORDINARY, categories_in_words, plain};
use crate::console::visit::{Answer, Answered, Visit, status_of};
use crate::hub::Refusal;
use crate::hub::consents::ConsentTerms;
use crate::hub::on_file::OnFile;
use crate::hub::persons::Named;
use maud::{Markup, html};
use musubi_core::agency::{AgencyId, AgencyKind, CategorySet, Purpose};
use musubi_core::consent::records::{Consent, ConsentKind, Grantee, Proof, Scope};
use musubi_core::id::FactId;
use std::sync::Arc;

/// Purposes under which nothing is released, so that nobody can object to them.
const NO_RELEASE: [Purpose; 2] = [Purpose::P10, Purpose::P12];
/// Stands for everybody.
const EVERYONE: &str = "everyone";
/// Kinds of agency to which somebody may object as a whole.
const KINDS: [(&str, AgencyKind); 4] =
    [("MED", AgencyKind::Med), ("PHO", AgencyKind::Pho), ("CGC", AgencyKind::Cgc), ("PRV", AgencyKind::Prv)];

/// What is objected to by now, and the form.
pub(in crate::console) async fn show(visit: Arc<Visit>) -> Answered {
    let on_file = visit.hub().on_file(&visit.caller, visit.person()?).await?;
    Ok(page(&visit, &on_file, None).into())
}

/// Records an objection.
pub(in crate::console) async fn record(visit: Arc<Visit>) -> Answered {
    let typed = &visit.form;
    let named: CategorySet = typed.all("category").filter_map(|word| word.parse().ok()).collect();
    let categories = if named.is_empty() { Scope::All } else { Scope::Named(named) };
    let recorded = match grantee(typed.get("grantee")) {
        Some(grantee) => put(&visit, ConsentKind::Objection, grantee, categories, None).await,
        None => Err(wanting("grantee")),
    };
    done(&visit, recorded).await
}

/// Lifts one.
pub(in crate::console) async fn lift(visit: Arc<Visit>) -> Answered {
    let on_file = visit.hub().on_file(&visit.caller, visit.person()?).await?;
    let chosen = FactId::parse(visit.form.get("objection"));
    let lifted = on_file.consents.iter().find(|one| one.kind == ConsentKind::Objection && Some(one.id) == chosen);
    let recorded = match lifted {
        Some(one) => put(&visit, ConsentKind::ObjectionLifted, one.grantee.clone(), one.categories, Some(one.id)).await,
        None => Err(wanting("objection")),
    };
    done(&visit, recorded).await
}

async fn put(
    visit: &Visit,
    kind: ConsentKind,
    grantee: Grantee,
    categories: Scope,
    lifts: Option<FactId>,
) -> Result<(), Refusal> {
    let terms = ConsentTerms {
        kind,
        subject: Named { person: Some(visit.person()?), ..Named::default() },
        grantor: visit.named("grantor", "grantor_born"),
        relationship: capacity(visit)?,
        authority: String::new(),
        grantee,
        categories,
        purposes: Purpose::ALL.iter().copied().filter(|purpose| !NO_RELEASE.contains(purpose)).collect(),
        valid_from: visit.hub().now(),
        valid_until: None,
        evidence: Proof::spoken(),
        explanation_given: visit.form.get("said").to_owned(),
        lifts,
    };
    visit.hub().record_consent(&visit.caller, terms).await.map(drop)
}

async fn done(visit: &Visit, recorded: Result<(), Refusal>) -> Answered {
    let Err(refusal) = recorded else { return Ok(Answer::Go(format!("/objection/{}", visit.handle))) };
    let on_file = visit.hub().on_file(&visit.caller, visit.person()?).await?;
    Ok(page(visit, &on_file, Some(&refusal)).with(status_of(&refusal)).into())
}

fn grantee(word: &str) -> Option<Grantee> {
    if word == EVERYONE {
        return Some(Grantee::Everyone);
    }
    let kind = KINDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| Grantee::Kind(*kind));
    kind.or_else(|| AgencyId::new(word).ok().map(Grantee::Agency))
}

fn page(visit: &Visit, on_file: &OnFile, refused: Option<&Refusal>) -> Page {
    let is_lifted = |one: &Consent| on_file.consents.iter().any(|later| later.supersedes == Some(one.id));
    let standing: Vec<&Consent> =
        on_file.consents.iter().filter(|one| one.kind == ConsentKind::Objection && !is_lifted(one)).collect();
    let body = html! {
        @if let Some(refusal) = refused { div.refusal role="alert" { (diagnostics(visit, &refusal.diagnostics)) } }
        h2 { (visit.say("いまの異議", "In force")) }
        @if standing.is_empty() { p.hint { (visit.say("異議はありません。", "There is none.")) } }
        ol.work { @for one in standing { (entry(visit, one)) } }
        h2 { (visit.say("異議を記録する", "Record an objection")) }
        p { (visit.say(
            "本人から聞いたとおりに記録します。法令で定められた提供(通告など)は、異議があっても行われることがあります。そのことも伝えてください。",
            "Record it as it was said. What a law demands may be shown all the same: tell the person so.",
        )) }
        (blank(visit))
    };
    visit.page("異議", "Objection", body)
}

fn entry(visit: &Visit, one: &Consent) -> Markup {
    let what = match one.categories {
        Scope::Named(categories) => categories_in_words(visit.language(), categories),
        Scope::All => visit.say("すべて", "everything").to_owned(),
    };
    html! {
        li {
            p.what { (grantee_in_words(visit, &one.grantee)) " · " (what) }
            p.when { (moment(visit, one.recorded_at)) }
            (form(visit, &format!("/lifting/{}", visit.handle), html! {
                input type="hidden" name="objection" value=(one.id);
                (choice(visit.say("取り下げを申し出た方", "Who lifts it"), "capacity", capacities(visit), ""))
                button type="submit" { (visit.say("取り下げる", "Lift it")) }
            }))
        }
    }
}

fn blank(visit: &Visit) -> Markup {
    let typed = &visit.form;
    let agencies = visit.hub().register.all();
    let mut grantees: Vec<(&str, &str)> = vec![(EVERYONE, visit.say("すべての機関", "everyone"))];
    grantees.extend(KINDS.iter().map(|(word, kind)| (*word, visit.language().kind(*kind))));
    grantees.extend(agencies.iter().map(|agency| (agency.id.as_str(), agency.name.as_str())));
    html! {
        (form(visit, &format!("/objection/{}", visit.handle), html! {
            fieldset {
                legend { (visit.say("誰に見せないか", "To whom nothing is to be shown")) }
                (choice(visit.say("提供先", "Recipient"), "grantee", grantees, typed.get("grantee")))
            }
            fieldset {
                legend { (visit.say("何を(選ばなければすべて)", "What: everything, where nothing is chosen")) }
                div.checks {
                    @for one in ORDINARY.into_iter().chain(MUST_BE_NAMED) {
                        (check("category", one.word(), plain(visit.language(), one), typed.chose("category", one.word())))
                    }
                }
            }
            fieldset {
                legend { (visit.say("聞いたこと", "What was said")) }
                (choice(visit.say("申し出た方", "Who objects"), "capacity", capacities(visit), typed.get("capacity")))
                (field(visit.say("その方の氏名(本人以外のとき)", "Name, where it is another person"), "text", "grantor", typed.get("grantor"), ""))
                (field(visit.say("その方の生年月日", "Their birth date"), "date", "grantor_born", typed.get("grantor_born"), ""))
                (area(visit.say("聞いた言葉", "In the person's words"), "said", typed.get("said"), ""))
            }
            button.main type="submit" { (visit.say("異議を記録する", "Record it")) }
        }))
    }
}

//! Coming in, going out, and showing once more who one is.

use crate::console::door::{SIGN_IN, START, certificate, go};
use crate::console::form::{FORM_BYTES_MAX, Form};
use crate::console::headers::{cookie_line, same_origin};
use crate::console::layout::{Page, Said, TOKEN, document};
use crate::console::routes::{Method, Route};
use crate::console::visit::{Answer, Answered, Visit};
use crate::console::words::Language;
use crate::console::{Admission, Window};
use crate::edge::https::body_within;
use crate::hub::presence::Presence;
use crate::hub::register::Agency;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};
use musubi_core::agency::AgencyId;
use std::sync::Arc;

/// Field that shows once more who one is. In a development hub a click is enough, and the page says so.
const PROOF: &str = "proof";

/// The sign-in.
pub(in crate::console) async fn show(State(window): State<Window>) -> Response {
    page(&window, StatusCode::OK, None).into_response()
}

fn page(window: &Window, status: StatusCode, said: Option<&str>) -> (StatusCode, Html<String>) {
    let agencies = window.hub.register.all();
    let language = Language::Japanese;
    let body = html! {
        main.gate id="main" {
            h1 { "結び" span.reading { "むすび · Musubi" } }
            @if let Some(said) = said { p.refusal role="alert" { (said) } }
            p { "見本の職員を選んで入ります。 " span lang="en" { "Choose a sample member of staff." } }
            @for agency in agencies.iter().filter(|agency| agency.active && !agency.staff.is_empty()) { (staff_of(agency)) }
        }
    };
    (status, Html(document(language, window.admission, "サインイン", body).into_string()))
}

/// The people of one agency, each a button.
fn staff_of(agency: &Agency) -> Markup {
    html! {
        section.people {
            h2 { (Said(&agency.name)) }
            @for (staff_id, role) in &agency.staff {
                form method="post" action=(SIGN_IN) {
                    input type="hidden" name="agency" value=(agency.id);
                    input type="hidden" name="staff" value=(staff_id);
                    button type="submit" { b { (Said(staff_id)) } " " (Language::Japanese.role(*role)) }
                }
            }
        }
    }
}

/// Signs in. Whoever may not is told the same whatever the reason (S-18).
pub(in crate::console) async fn enter(State(window): State<Window>, request: Request) -> Response {
    if !same_origin(request.headers(), request.uri()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let bound = certificate(&request).map(|peer| *peer.fingerprint());
    let body = match body_within(request.into_body(), FORM_BYTES_MAX).await {
        Ok(body) => body,
        Err(status) => return status.into_response(),
    };
    let form = Form::of_fields(&body);
    let Admission::Samples = window.admission;
    let agency = AgencyId::new(form.get("agency")).ok().filter(|_| !form.get("staff").is_empty());
    let caller = agency.and_then(|agency| window.hub.caller(&agency, form.get("staff")).ok());
    let Some(caller) = caller else {
        return page(&window, StatusCode::FORBIDDEN, Some("入れませんでした。")).into_response();
    };
    if let Err(refusal) = window.hub.note_presence(&caller, Presence::SignedIn).await {
        tracing::error!(%refusal, "a sign-in could not be recorded");
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let (agency, staff) = (caller.id().clone(), caller.actor.staff_id.clone());
    let cookie = window.sessions.open(agency, staff, bound, Language::Japanese, window.hub.now());
    let Some(line) = cookie.as_deref().and_then(cookie_line) else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let mut response = go(START);
    response.headers_mut().insert(header::SET_COOKIE, line);
    response
}

/// Signs out: the state on the server is gone (S-15).
pub(in crate::console) async fn leave(visit: Arc<Visit>) -> Answered {
    visit.hub().note_presence(&visit.caller, Presence::SignedOut).await?;
    Ok(Answer::Go(SIGN_IN.to_owned()))
}

/// Switches the language.
pub(in crate::console) async fn language(visit: Arc<Visit>) -> Answered {
    visit.session.switch_language();
    Ok(Answer::Go(START.to_owned()))
}

/// Did this person show within some minutes, or just now, who they are?
pub(in crate::console) fn is_proven(visit: &Visit) -> bool {
    let now = visit.hub().now();
    let Admission::Samples = visit.window.admission;
    if visit.form.get(PROOF) == "sample" {
        visit.session.prove(now);
    }
    visit.session.is_proven(now)
}

/// Asks for the proof, and carries on what was typed.
pub(in crate::console) fn proof(visit: &Visit, route: &Route) -> Page {
    let action = route.path.replace("{handle}", &visit.handle);
    let method = if route.method == Method::Get { "get" } else { "post" };
    let typed = visit.form.fields().iter().filter(|(name, _)| name != PROOF && name != TOKEN);
    let body = html! {
        p {
            (visit.say(
                "この操作の前に、本人であることをもう一度確かめます(10分間有効)。",
                "Before this, show once more who you are (good for ten minutes).",
            ))
        }
        form.panel method=(method) action=(action) {
            @for (name, value) in typed { input type="hidden" name=(name) value=(value); }
            @if method == "post" { input type="hidden" name=(TOKEN) value=(visit.session.token); }
            input type="hidden" name=(PROOF) value="sample";
            button.main type="submit" autofocus {
                (visit.say("本人です(開発用・確認なし)", "It is me (development: nothing is checked)"))
            }
        }
    };
    visit.page("本人の確認", "Who are you?", body).with(StatusCode::FORBIDDEN)
}

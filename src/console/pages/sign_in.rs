//! Coming in, going out, and showing once more who one is.

use crate::console::door::{ENROL, SIGN_IN, START, certificate, go};
use crate::console::form::{FORM_BYTES_MAX, Form};
use crate::console::headers::{cookie_line, same_origin};
use crate::console::layout::{Page, Said, TOKEN, document};
use crate::console::routes::{Method, Route};
use crate::console::visit::{Answer, Answered, Visit, status_of};
use crate::console::words::Language;
use crate::console::{Admission, Window};
use crate::edge::https::body_within;
use crate::edge::peer::Peer;
use crate::hub::register::Agency;
use crate::hub::sign_in::{Knock, Source};
use crate::hub::{Refusal, RefusalKind};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};
use musubi_core::agency::AgencyId;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Field that shows once more who one is: a fresh code, and in a development hub a click, of which the page says so.
const PROOF: &str = "proof";
/// What the click of a sample person says.
const SAMPLE: &str = "sample";

/// Somebody at the door, before anything of a session.
pub(in crate::console) struct Stranger {
    /// The agency of the certificate, where the listener asks for one.
    pub(in crate::console) peer: Option<Arc<Peer>>,
    pub(in crate::console) from: Source,
    /// Empty where nothing was sent.
    pub(in crate::console) form: Form,
}

impl Stranger {
    /// Reads what was sent.
    ///
    /// # Errors
    /// When it does not come from a page of ours, or cannot be read.
    pub(in crate::console) async fn read(request: Request) -> Result<Self, Response> {
        if !same_origin(request.headers(), request.uri()) {
            return Err(StatusCode::FORBIDDEN.into_response());
        }
        let stranger = Stranger::looking(&request);
        let body = body_within(request.into_body(), FORM_BYTES_MAX).await.map_err(IntoResponse::into_response)?;
        Ok(Stranger { form: Form::of_fields(&body), ..stranger })
    }

    /// Somebody who only looks.
    pub(in crate::console) fn looking(request: &Request) -> Self {
        let peer = certificate(request).cloned();
        let address = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let address = address.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip());
        let from = Source { certificate: peer.as_ref().map(|peer| *peer.fingerprint()), address };
        Stranger { peer, from, form: Form::default() }
    }

    /// The agency of the certificate as the register has it.
    pub(in crate::console) fn agency(&self, window: &Window) -> Option<Arc<Agency>> {
        self.peer.as_ref().and_then(|peer| window.hub.register.agency(peer.agency()))
    }
}

/// The sign-in.
pub(in crate::console) async fn show(State(window): State<Window>, request: Request) -> Response {
    page(&window, &Stranger::looking(&request), StatusCode::OK, None)
}

fn page(window: &Window, stranger: &Stranger, status: StatusCode, said: Option<&Refusal>) -> Response {
    let body = html! {
        main.gate id="main" {
            h1 { "結び" span.reading { "むすび · Musubi" } }
            (told(said))
            @match window.admission {
                Admission::Samples => (samples(window)),
                Admission::Staff => (credentials(window, stranger)),
            }
        }
    };
    (status, Html(document(Language::Japanese, window.admission, "サインイン", body).into_string())).into_response()
}

/// Why somebody is not let in, in both languages: nobody knows yet which one is theirs.
pub(in crate::console) fn told(said: Option<&Refusal>) -> Markup {
    html! {
        @for one in said.iter().flat_map(|refusal| &refusal.diagnostics) {
            p.refusal role="alert" { (one.text.ja) " " span lang="en" { (one.text.en) } }
        }
    }
}

fn samples(window: &Window) -> Markup {
    let agencies = window.hub.register.all();
    html! {
        p { "見本の職員を選んで入ります。 " span lang="en" { "Choose a sample member of staff." } }
        @for agency in agencies.iter().filter(|agency| agency.active && !agency.staff.is_empty()) { (staff_of(agency)) }
    }
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

/// The form of who has an account. Nothing that was typed is shown again but the staff id.
fn credentials(window: &Window, stranger: &Stranger) -> Markup {
    html! {
        @if let Some(agency) = stranger.agency(window) { p { b { (Said(&agency.name)) } } }
        form.panel method="post" action=(SIGN_IN) {
            (secret_field("職員ID", "Staff id", "text", "staff", "username", stranger.form.get("staff")))
            (secret_field("パスワード", "Password", "password", "password", "current-password", ""))
            (code_field())
            button.main type="submit" { "サインイン " span lang="en" { "Sign in" } }
        }
        p {
            a href=(ENROL) { "登録用コードを受け取った方・はじめての方" }
            " " span lang="en" { "First time here, with a one-time code" }
        }
        p.hint {
            "パスワードや認証アプリを失くしたときは、職員管理者2人に登録し直してもらってください。 "
            span lang="en" { "Lost your password or authenticator? Two who keep the staff enrol you anew." }
        }
    }
}

/// A field of the door, with its label in both languages.
pub(in crate::console) fn secret_field(
    ja: &str,
    en: &str,
    kind: &str,
    name: &str,
    autocomplete: &str,
    typed: &str,
) -> Markup {
    html! {
        label.field {
            span { (ja) " " small lang="en" { (en) } }
            input type=(kind) name=(name) value=(Said(typed)) autocomplete=(autocomplete) autocapitalize="none" spellcheck="false" required;
        }
    }
}

/// The field for what the authenticator shows.
pub(in crate::console) fn code_field() -> Markup {
    html! {
        label.field {
            span { "認証アプリの確認コード(6桁) " small lang="en" { "Code of the authenticator" } }
            input type="text" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="12" required;
        }
    }
}

/// Signs in. Whoever may not is told the same whatever the reason (S-18).
pub(in crate::console) async fn enter(State(window): State<Window>, request: Request) -> Response {
    let stranger = match Stranger::read(request).await {
        Ok(stranger) => stranger,
        Err(answer) => return answer,
    };
    let entered = match window.admission {
        Admission::Samples => enter_as_sample(&window, &stranger).await,
        Admission::Staff => enter_as_staff(&window, &stranger).await,
    };
    let cookie = match entered {
        Ok(cookie) => cookie,
        Err(refusal) => {
            if refusal.kind == RefusalKind::Unavailable {
                tracing::error!(%refusal, "nobody can sign in");
            }
            return page(&window, &stranger, status_of(&refusal), Some(&refusal));
        }
    };
    let Some(line) = cookie_line(&cookie) else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let mut response = go(START);
    response.headers_mut().insert(header::SET_COOKIE, line);
    response
}

async fn enter_as_sample(window: &Window, stranger: &Stranger) -> Result<String, Refusal> {
    let nobody = || Refusal::forbidden("M830", "sign-in", "入れませんでした。", "Not signed in.");
    let form = &stranger.form;
    let agency = AgencyId::new(form.get("agency")).ok().filter(|_| !form.get("staff").is_empty());
    let caller = agency.and_then(|agency| window.hub.caller(&agency, form.get("staff")).ok()).ok_or_else(nobody)?;
    window.hub.sign_in_sample(&caller, stranger.from.certificate).await
}

async fn enter_as_staff(window: &Window, stranger: &Stranger) -> Result<String, Refusal> {
    let Some(peer) = &stranger.peer else {
        return Err(Refusal::forbidden(
            "M838",
            "certificate",
            "機関の証明書が必要です。",
            "The certificate of the agency is needed.",
        ));
    };
    let form = &stranger.form;
    let (staff_id, password, code) = (form.get("staff"), form.get("password"), form.get("code"));
    let knock = Knock { agency: peer.agency(), staff_id, password, code, from: &stranger.from };
    window.hub.sign_in(&knock).await
}

/// Signs out: the state on the server is gone (S-15).
pub(in crate::console) async fn leave(visit: Arc<Visit>) -> Answered {
    visit.hub().sign_out(&visit.caller, &visit.session.signed).await?;
    Ok(Answer::Go(SIGN_IN.to_owned()))
}

/// Switches the language.
pub(in crate::console) async fn language(visit: Arc<Visit>) -> Answered {
    visit.hub().switch_language(&visit.session.signed).await?;
    Ok(Answer::Go(START.to_owned()))
}

/// Did this person show within some minutes, or just now, who they are?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::console) enum Proven {
    /// They did.
    Yes,
    /// They are to be asked.
    NotYet,
    /// What they showed is not right.
    Wrong,
}

/// Looks at what was shown with this request, else at what was shown before.
pub(in crate::console) async fn is_proven(visit: &Visit) -> Result<Proven, Refusal> {
    let (hub, signed, typed) = (visit.hub(), &visit.session.signed, visit.form.get(PROOF));
    if signed.session.is_proven(hub.now()) {
        return Ok(Proven::Yes);
    }
    let right = match visit.window.admission {
        _ if typed.is_empty() => return Ok(Proven::NotYet),
        Admission::Samples if typed != SAMPLE => false,
        Admission::Samples => hub.prove_sample(signed).await.map(|()| true)?,
        Admission::Staff => hub.prove(signed, typed).await?,
    };
    Ok(if right { Proven::Yes } else { Proven::Wrong })
}

/// Asks for the proof, and carries on what was typed.
pub(in crate::console) fn proof(visit: &Visit, route: &Route, wrong: bool) -> Page {
    let action = route.path.replace("{handle}", &visit.handle);
    let method = if route.method == Method::Get { "get" } else { "post" };
    let typed = visit.form.fields().iter().filter(|(name, _)| name != PROOF && name != TOKEN);
    let body = html! {
        @if wrong {
            p.refusal role="alert" { (visit.say(
                "確認コードが違います。一度使ったコードは使えません。次のコードが表示されてから入れてください。",
                "That is not the code. One that was used is not taken again: wait for the next one.",
            )) }
        }
        p {
            (visit.say(
                "この操作の前に、本人であることをもう一度確かめます(5分間有効)。",
                "Before this, show once more who you are (good for five minutes).",
            ))
        }
        form.panel method=(method) action=(action) {
            @for (name, value) in typed { input type="hidden" name=(name) value=(value); }
            @if method == "post" { input type="hidden" name=(TOKEN) value=(visit.session.token); }
            @match visit.window.admission {
                Admission::Samples => {
                    input type="hidden" name=(PROOF) value=(SAMPLE);
                    button.main type="submit" autofocus {
                        (visit.say("本人です(開発用・確認なし)", "It is me (development: nothing is checked)"))
                    }
                },
                Admission::Staff => {
                    label.field {
                        span { (visit.say("認証アプリの確認コード(6桁)", "Code of the authenticator (six digits)")) }
                        input type="text" name=(PROOF) inputmode="numeric" autocomplete="one-time-code" maxlength="12" autofocus;
                    }
                    button.main type="submit" { (visit.say("確認する", "Confirm")) }
                },
            }
        }
    };
    visit.page("本人の確認", "Who are you?", body).with(StatusCode::FORBIDDEN)
}

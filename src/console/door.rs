//! One door for every request: the session, the same origin, the token, who may, the proof, and only then the page.

use super::form::{FORM_BYTES_MAX, Form};
use super::headers::{cookie, cookie_line, guard, same_origin};
use super::layout::{self, Page};
use super::pages::sign_in::Proven;
use super::pages::{assets, enrol, sign_in};
use super::routes::{Method, Need, ROUTES, Route};
use super::sessions::Session;
use super::visit::{Answer, Visit, status_of};
use super::{Admission, Window};
use crate::edge::https::{body_within, nothing_here};
use crate::edge::peer::Peer;
use crate::hub::{Caller, Refusal};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, on};
use std::sync::Arc;

/// The sign-in, which is all that a stranger finds.
pub(super) const SIGN_IN: &str = "/sign-in";
/// Where somebody enrols who was enrolled by two others.
pub(super) const ENROL: &str = "/enrol";
/// Where the working day begins.
pub(super) const START: &str = "/";

pub(super) fn router(window: Window) -> Router {
    let router = Router::new()
        .route(START, get(start))
        .route(SIGN_IN, get(sign_in::show).post(sign_in::enter).fallback(nothing_here))
        .route(ENROL, get(enrol::show).post(enrol::enter).fallback(nothing_here))
        .merge(assets::router());
    let pages = ROUTES.iter().fold(router, |router, route| {
        router.route(route.path, on(route.method.filter(), move |State(window), request| pass(window, route, request)))
    });
    pages.fallback(nothing_here).method_not_allowed_fallback(nothing_here).with_state(window).layer(from_fn(guarded))
}

/// Every answer is guarded, the refusals too.
async fn guarded(request: Request, next: Next) -> Response {
    let cached = assets::is_one(request.uri().path());
    let mut response = next.run(request).await;
    guard(response.headers_mut(), cached);
    response
}

/// The first page that this person may open.
async fn start(State(window): State<Window>, request: Request) -> Response {
    let Ok(Some(session)) = session_of(&window, Held::by(&request)).await else { return go(SIGN_IN) };
    let Ok(caller) = caller_of(&window, &session) else { return go(SIGN_IN) };
    let first = ROUTES.iter().find(|route| route.menu.is_some() && route.need.met_by(&caller).is_ok());
    go(first.map_or(SIGN_IN, |route| route.path))
}

/// The certificate that a session is bound to, where the listener asks for one.
pub(super) fn certificate(request: &Request) -> Option<&Arc<Peer>> {
    request.extensions().get::<Arc<Peer>>()
}

/// What a browser holds of a session, and over which certificate it came.
struct Held {
    cookie: Option<String>,
    certificate: Option<[u8; 32]>,
}

impl Held {
    fn by(request: &Request) -> Self {
        let certificate = certificate(request).map(|peer| *peer.fingerprint());
        Held { cookie: cookie(request.headers()).map(str::to_owned), certificate }
    }
}

/// The session of a request, if it is that of somebody who may act now.
async fn session_of(window: &Window, held: Held) -> Result<Option<Session>, Refusal> {
    let Some(cookie) = held.cookie else { return Ok(None) };
    let samples = window.admission == Admission::Samples;
    let signed = window.hub.signed_in(&cookie, held.certificate, samples).await?;
    Ok(signed.map(|signed| Session::of(signed, Arc::clone(&window.files), window.hub.now())))
}

fn caller_of(window: &Window, session: &Session) -> Result<Caller, Refusal> {
    let session = &session.signed.session;
    window.hub.caller(&session.agency, &session.staff_id)
}

/// What keeps a request from its page.
enum Barred {
    /// Nobody is signed in.
    Stranger,
    /// It does not come from a page of this session.
    Forged,
    /// It cannot be read.
    Unreadable(StatusCode),
}

async fn pass(window: Window, route: &'static Route, request: Request) -> Response {
    let session = match session_of(&window, Held::by(&request)).await {
        Ok(Some(session)) => Arc::new(session),
        Ok(None) => return barred(Barred::Stranger),
        Err(refusal) => return unavailable(&refusal),
    };
    let Ok(caller) = caller_of(&window, &session) else { return barred(Barred::Stranger) };
    let handle = handle_in(route.path, request.uri().path());
    let form = match form_of(&window, route, &session, request).await {
        Ok(form) => form,
        Err(reason) => return barred(reason),
    };
    let visit = Arc::new(Visit { window, session, caller, form, handle });
    if let Err(refusal) = route.need.met_by(&visit.caller) {
        return refused(&visit, &refusal);
    }
    if route.proof {
        match sign_in::is_proven(&visit).await {
            Ok(Proven::Yes) => {}
            Ok(asked) => return shown(&visit, sign_in::proof(&visit, route, asked == Proven::Wrong)),
            Err(refusal) => return refused(&visit, &refusal),
        }
    }
    match (route.answer)(Arc::clone(&visit)).await {
        Ok(Answer::Page(page)) => shown(&visit, *page),
        Ok(Answer::Go(to)) => leaving(&to),
        Ok(Answer::File { name, kind, bytes }) => file(&name, kind, bytes),
        Err(refusal) => refused(&visit, &refusal),
    }
}

/// The form of a request that does something: from this site, with the token of the session (S-16).
async fn form_of(window: &Window, route: &Route, session: &Session, request: Request) -> Result<Form, Barred> {
    if route.method == Method::Get {
        return Ok(Form::of_fields(request.uri().query().unwrap_or_default().as_bytes()));
    }
    if !same_origin(request.headers(), request.uri()) {
        return Err(Barred::Forged);
    }
    let (parts, body) = request.into_parts();
    let upload = route.method == Method::Upload;
    let bytes_max = if upload { window.file_bytes_max.saturating_add(FORM_BYTES_MAX) } else { FORM_BYTES_MAX };
    let body = body_within(body, bytes_max).await.map_err(Barred::Unreadable)?;
    let form = if upload { Form::of_parts(&parts.headers, body).await } else { Ok(Form::of_fields(&body)) };
    let form = form.map_err(Barred::Unreadable)?;
    if form.get(layout::TOKEN) == session.token { Ok(form) } else { Err(Barred::Forged) }
}

fn barred(reason: Barred) -> Response {
    match reason {
        Barred::Stranger => go(SIGN_IN),
        Barred::Forged => StatusCode::FORBIDDEN.into_response(),
        Barred::Unreadable(status) => status.into_response(),
    }
}

fn shown(visit: &Visit, page: Page) -> Response {
    (page.status, Html(layout::whole(visit, &page).into_string())).into_response()
}

fn refused(visit: &Visit, refusal: &Refusal) -> Response {
    let page = Page::new(visit.say("できませんでした", "Not done"), layout::refusal(visit, refusal));
    shown(visit, page.with(status_of(refusal)))
}

/// Nothing can be looked up at this moment.
fn unavailable(refusal: &Refusal) -> Response {
    tracing::error!(%refusal, "nobody can be known at the door");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

fn leaving(to: &str) -> Response {
    let mut response = go(to);
    if to == SIGN_IN {
        response.headers_mut().extend(cookie_line("").map(|line| (header::SET_COOKIE, line)));
    }
    response
}

/// Look there.
pub(super) fn go(to: &str) -> Response {
    let mut headers = HeaderMap::new();
    headers.extend(HeaderValue::from_str(to).ok().map(|to| (header::LOCATION, to)));
    (StatusCode::SEE_OTHER, headers).into_response()
}

fn file(name: &str, kind: &'static str, bytes: Vec<u8>) -> Response {
    let encoded: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let disposition = format!("attachment; filename*=UTF-8''{}", encoded.replace('+', "%20"));
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.extend(HeaderValue::from_str(&disposition).ok().map(|line| (header::CONTENT_DISPOSITION, line)));
    (headers, bytes).into_response()
}

/// What stands in an address where its pattern has `{handle}`.
fn handle_in(pattern: &str, path: &str) -> String {
    let parts = pattern.split('/').zip(path.split('/'));
    parts.into_iter().find(|(part, _)| *part == "{handle}").map(|(_, word)| word.to_owned()).unwrap_or_default()
}

impl Need {
    /// May this caller?
    ///
    /// # Errors
    /// When its kind and role may not.
    pub(super) fn met_by(self, caller: &crate::hub::Caller) -> Result<(), Refusal> {
        match self {
            Need::Session => Ok(()),
            Need::May(operation) => caller.check(operation),
        }
    }
}

impl Method {
    fn filter(self) -> axum::routing::MethodFilter {
        match self {
            Method::Get => axum::routing::MethodFilter::GET,
            Method::Post | Method::Upload => axum::routing::MethodFilter::POST,
        }
    }
}

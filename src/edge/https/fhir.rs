//! FHIR R4 over HTTPS (`formats/hospital.md` 4): documents and resources in, the shared record out through a release, and
//! a statement of what is there. Every answer is a resource of FHIR; refusals are an OperationOutcome.

mod audit;
mod conditional;
mod consent;
mod everything;
mod sent;

use super::{Served, status, unread};
use crate::edge::peer::Peer;
use crate::hub::Refusal;
use crate::hub::document::{DocumentAnswer, RowAnswer};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use musubi_adapters::hospital::fhir::rest::{self, Form, Taken};
use musubi_core::adapter::{Decoded, Diagnostic, Severity};
use std::sync::Arc;

/// The header of a conditional request.
const IF_NONE_EXIST: HeaderName = HeaderName::from_static("if-none-exist");
/// Code of an id that was used before for other contents.
const OTHER_CONTENTS: &str = "PH-E007";
/// Largest body of a question, in bytes; what is longer than a question can be is refused by its reader.
const QUESTION_BYTES_MAX: usize = 128 * 1024;

/// The routes below `/fhir/R4`.
pub(super) fn router() -> Router<Served> {
    Router::new()
        .route("/metadata", get(metadata).fallback(not_there))
        .route("/Patient/$everything", post(everything::asked).get(everything::page).fallback(not_there))
        .route("/AuditEvent/_search", post(audit::search).fallback(not_there))
        .route("/Bundle/{id}", get(sent::read).fallback(not_there))
        .route("/Bundle/{id}/_history/1", get(sent::read).fallback(not_there))
        .route("/Consent", post(consent::record).fallback(not_there))
        .route("/{kind}", post(create).fallback(not_there))
        .fallback(not_there)
}

/// What is wrong, with the status of the answer.
struct Wrong {
    status: StatusCode,
    said: Vec<Diagnostic>,
}

impl Wrong {
    fn one(status: StatusCode, said: Diagnostic) -> Self {
        Wrong { status, said: vec![said] }
    }
}

impl From<Refusal> for Wrong {
    fn from(refusal: Refusal) -> Self {
        Wrong { status: status(&refusal), said: refusal.diagnostics }
    }
}

impl From<StatusCode> for Wrong {
    fn from(status: StatusCode) -> Self {
        Wrong::one(status, unread(status))
    }
}

/// `GET metadata`: what is there.
async fn metadata(
    State(served): State<Served>,
    Extension(peer): Extension<Arc<Peer>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let form = answer_form(uri.query(), &headers, Form::Json);
    match served.hub.caller(peer.agency(), "") {
        Ok(_) => answer(form, StatusCode::OK, rest::statement(form, env!("CARGO_PKG_VERSION"))),
        Err(refusal) => refused(form, &refusal.into()),
    }
}

/// Everything that is not there.
async fn not_there(uri: Uri, headers: HeaderMap) -> Response {
    let form = answer_form(uri.query(), &headers, Form::Json);
    refused(form, &Wrong::one(StatusCode::NOT_FOUND, not_served()))
}

/// `POST {type}`: a document Bundle or one resource. 201 when it was taken; the same again gets the same answer. With
/// `If-None-Exist` a repeated one is 200, and other contents under the same identifier 412.
async fn create(
    State(served): State<Served>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(kind): Path<String>,
    uri: Uri,
    request: Request,
) -> Response {
    let (form, answer_in) = forms(uri.query(), request.headers());
    let taken = async {
        let caller = served.hub.caller(peer.agency(), "")?;
        let kind = rest::served(&kind).ok_or_else(|| Wrong::one(StatusCode::NOT_FOUND, not_served()))?;
        let form = form.ok_or_else(other_media_type)?;
        let condition = condition(request.headers(), kind)?;
        let (body, _held) = served.body(&peer, request.into_body(), served.file_bytes_max).await?;
        let expected = |decoded: &Decoded| as_said(decoded, kind, condition.as_deref());
        let answer = served.hub.submit_expected(&caller, form.adapter(), &body, &expected).await?;
        Ok::<_, Wrong>((answer, kind, condition.is_some()))
    };
    match taken.await {
        Ok((answer, kind, conditional)) => created(answer_in, answer, kind, conditional),
        Err(wrong) => refused(answer_in, &wrong),
    }
}

/// The identifier that the condition of a request names.
fn condition(headers: &HeaderMap, kind: &Taken) -> Result<Option<String>, Wrong> {
    let Some(written) = headers.get(IF_NONE_EXIST) else { return Ok(None) };
    let written = written.to_str().ok().filter(|_| kind.conditional);
    match written.and_then(rest::identifier_of_condition) {
        Some(identifier) => Ok(Some(identifier)),
        None => Err(Wrong::one(
            StatusCode::PRECONDITION_FAILED,
            Diagnostic::error(
                "H003",
                "If-None-Exist",
                "条件はBundle自身の identifier だけが使えます(identifier=[system]|[value])。",
                "The condition can only be the identifier of the Bundle itself: identifier=[system]|[value].",
            ),
        )),
    }
}

/// Is what was read what the address and the condition say?
fn as_said(decoded: &Decoded, kind: &Taken, condition: Option<&str>) -> Result<(), Refusal> {
    let Some(item) = decoded.items.first() else { return Ok(()) };
    if item.place != kind.kind {
        return Err(Refusal::invalid(
            "H003",
            "resourceType",
            "リソースの種類が、送り先のURLと違います。",
            "The resource is not of the type that its address names.",
        ));
    }
    let named = item.submission.as_ref().map(|submission| submission.header().message_id);
    if condition.is_some_and(|condition| named.is_some_and(|id| id != condition)) {
        return Err(Refusal::invalid(
            "H008",
            "Bundle.identifier",
            "If-None-Exist の identifier が、Bundleのidentifierと違います。",
            "The identifier of If-None-Exist is not that of the Bundle.",
        ));
    }
    Ok(())
}

fn created(form: Form, answered: DocumentAnswer, kind: &Taken, conditional: bool) -> Response {
    let DocumentAnswer { rows, diagnostics } = answered;
    let row = rows.into_iter().next();
    let (custody, said) = match row {
        Some(RowAnswer { custody, diagnostics: of_row, .. }) => (custody, [diagnostics, of_row].concat()),
        None => (None, diagnostics),
    };
    let Some(custody) = custody else { return refused(form, &Wrong { status: unfit(&said, conditional), said }) };
    let status = if conditional && custody.repeated { StatusCode::OK } else { StatusCode::CREATED };
    let location = format!("/fhir/R4/{}/{}/_history/1", kind.kind, custody.message);
    let body = rest::outcome(form, Some(&custody.receipt()), &said);
    ([(header::LOCATION, location)], answer(form, status, body)).into_response()
}

/// The status of what was read and not taken.
fn unfit(said: &[Diagnostic], conditional: bool) -> StatusCode {
    let has = |code: &str| said.iter().any(|one| one.severity == Severity::Error && one.code == code);
    if has(OTHER_CONTENTS) {
        return if conditional { StatusCode::PRECONDITION_FAILED } else { StatusCode::CONFLICT };
    }
    if has("H002") { StatusCode::FORBIDDEN } else { StatusCode::UNPROCESSABLE_ENTITY }
}

/// How the body is written, if it says so, and how its answer shall be.
fn forms(query: Option<&str>, headers: &HeaderMap) -> (Option<Form>, Form) {
    let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let form = named.and_then(Form::named);
    (form, answer_form(query, headers, form.unwrap_or(Form::Json)))
}

/// `_format`, else the first form of `Accept` that is written, else that of the body.
fn answer_form(query: Option<&str>, headers: &HeaderMap, usual: Form) -> Form {
    let asked = query.unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("_format="));
    let asked = asked.map(|form| form.replace("%2F", "/").replace("%2B", "+"));
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let accepted = accepted.split(',').find_map(Form::named);
    asked.as_deref().and_then(Form::named).or(accepted).unwrap_or(usual)
}

fn answer(form: Form, status: StatusCode, body: Vec<u8>) -> Response {
    let headers = [(header::CONTENT_TYPE, form.media_type()), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}

fn refused(form: Form, wrong: &Wrong) -> Response {
    answer(form, wrong.status, rest::outcome(form, None, &wrong.said))
}

/// For an agency that asks for more than its share.
pub(super) fn too_many(query: Option<&str>, headers: &HeaderMap, said: Diagnostic) -> Response {
    let (_, form) = forms(query, headers);
    refused(form, &Wrong::one(StatusCode::TOO_MANY_REQUESTS, said))
}

fn not_served() -> Diagnostic {
    Diagnostic::error(
        "H003",
        "request",
        "ここでは扱っていません。扱えるものは /fhir/R4/metadata にあります。患者の照会は POST Patient/$everything です。",
        "Not served here. /fhir/R4/metadata lists what is; to ask about a patient, POST Patient/$everything.",
    )
}

fn other_media_type() -> Wrong {
    Wrong::one(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Diagnostic::error(
            "H003",
            "Content-Type",
            "application/fhir+json または application/fhir+xml で送ってください。",
            "Send application/fhir+json or application/fhir+xml.",
        ),
    )
}

//! `Patient/$everything`: what the caller may see of one person, whole or in pages. Unknown and invisible are answered alike.

use super::conditional::{self, Tagged};
use super::{QUESTION_BYTES_MAX, Served, Wrong, answer, answer_form, forms, not_served, other_media_type, refused};
use crate::edge::peer::Peer;
use crate::hub::Caller;
use crate::hub::persons::Named;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use musubi_adapters::hospital::fhir::rest::{self, Cursor, Form, Page, Question};
use musubi_core::adapter::Diagnostic;
use musubi_core::release::Outgoing;
use std::sync::Arc;

/// `POST Patient/$everything` with the question in its body.
pub(super) async fn asked(
    State(served): State<Served>,
    Extension(peer): Extension<Arc<Peer>>,
    uri: Uri,
    request: Request,
) -> Response {
    let (form, answer_in) = forms(uri.query(), request.headers());
    let found = async {
        served.hub.caller(peer.agency(), "")?;
        let form = form.ok_or_else(other_media_type)?;
        let (body, _held) = served.body(&peer, request.into_body(), QUESTION_BYTES_MAX).await?;
        let question = rest::question(form, &body, peer.agency())
            .map_err(|said| Wrong { status: StatusCode::UNPROCESSABLE_ENTITY, said })?;
        let caller = served.hub.caller(peer.agency(), &question.staff)?;
        seen(&served, &caller, question, None, answer_in).await
    };
    match found.await {
        Ok(Tagged { outgoing, .. }) => answer(answer_in, StatusCode::OK, outgoing.bytes().to_vec()),
        Err(wrong) => refused(answer_in, &wrong),
    }
}

/// `GET Patient/$everything?_page=…`: the link of the page before. It is decided anew.
pub(super) async fn page(
    State(served): State<Served>,
    Extension(peer): Extension<Arc<Peer>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let form = answer_form(uri.query(), &headers, Form::Json);
    let found = async {
        let seal = uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("_page="));
        let opened = seal.and_then(|seal| served.hub.open_page(peer.agency(), seal));
        let cursor = opened.and_then(|bytes| serde_json::from_slice::<Cursor>(&bytes).ok());
        let cursor = cursor.ok_or_else(|| Wrong::one(StatusCode::NOT_FOUND, not_served()))?;
        let caller = served.hub.caller(peer.agency(), &cursor.question.staff)?;
        seen(&served, &caller, cursor.question, Some((cursor.from, cursor.whole)), form).await
    };
    match found.await {
        Ok(tagged) => conditional::read(form, &headers, &tagged),
        Err(wrong) => refused(form, &wrong),
    }
}

async fn seen(
    served: &Served,
    caller: &Caller,
    question: Question,
    begins: Option<(usize, [u8; 32])>,
    form: Form,
) -> Result<Tagged, Wrong> {
    let Question { purpose, key, name, birth_date, ground, .. } = question.clone();
    let named = Named { person: None, key, name, birth_date };
    let seen = served.hub.get(caller, purpose, &named, &ground).await?;
    let next = |from: usize, whole: [u8; 32]| {
        let cursor = Cursor { question: question.clone(), from, whole };
        let seal = served.hub.seal_page(caller, &serde_json::to_vec(&cursor).unwrap_or_default());
        format!("Patient/$everything?_page={seal}")
    };
    let (from, whole) = begins.map_or((0, None), |(from, whole)| (from, Some(whole)));
    let page = Page { from, size: question.count, whole, next: &next };
    let mut said = None;
    let outgoing = Outgoing::render_all(caller.id(), form.adapter().name(), &seen, |own| {
        let (bytes, whole) = rest::searchset(form, own, &page).unzip();
        said = whole;
        bytes.unwrap_or_default()
    });
    let said = said.ok_or_else(changed)?;
    let view = format!("{} from {from}", conditional::view(form, &said));
    Ok(Tagged { outgoing, tag: served.hub.tag(caller, &view) })
}

fn changed() -> Wrong {
    Wrong::one(
        StatusCode::GONE,
        Diagnostic::error(
            "M911",
            "_page",
            "前のページを返した後に、見てよい内容が変わりました。最初から照会し直してください。",
            "What may be seen has changed since the page before. Ask again from the beginning.",
        ),
    )
}

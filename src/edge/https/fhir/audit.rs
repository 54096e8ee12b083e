//! `POST AuditEvent/_search`: who was shown a person's data, for the center's privacy officer and auditor.

use super::{QUESTION_BYTES_MAX, Served, Wrong, answer, answer_form, refused};
use crate::edge::peer::Peer;
use crate::hub::persons::Named;
use crate::hub::statement::Disclosure;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use musubi_adapters::hospital::fhir::rest::{self, Disclosed, Form};
use std::sync::Arc;

/// The disclosures, whole and in the order of time.
pub(super) async fn search(
    State(served): State<Served>,
    Extension(peer): Extension<Arc<Peer>>,
    uri: Uri,
    request: Request,
) -> Response {
    let form = answer_form(uri.query(), request.headers(), Form::Json);
    let found = async {
        let (body, _held) = served.body(&peer, request.into_body(), QUESTION_BYTES_MAX).await?;
        let asked = rest::search(&body, peer.agency())
            .map_err(|said| Wrong { status: StatusCode::UNPROCESSABLE_ENTITY, said })?;
        let caller = served.hub.caller(peer.agency(), &asked.staff)?;
        let named = Named { key: Some(asked.subject), ..Named::default() };
        Ok::<_, Wrong>(served.hub.statement(&caller, &named, None).await?)
    };
    match found.await {
        Ok(rows) => {
            let rows: Vec<Disclosed> = rows.into_iter().map(disclosed).collect();
            answer(form, StatusCode::OK, rest::audit_events(form, &rows))
        }
        Err(wrong) => refused(form, &wrong),
    }
}

fn disclosed(one: Disclosure) -> Disclosed {
    let Disclosure { recipient, purpose, shown_at, categories, bases } = one;
    Disclosed { recipient, purpose, at: shown_at, categories, bases }
}

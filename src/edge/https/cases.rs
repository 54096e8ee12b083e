//! `POST /v1/cases/query`: what a child guidance center asks in XML, and the answer (`formats/child_guidance.md` sections 5
//! and 6). Who asks is the certificate's agency and the worker that the query names; what is shown or counted, the hub decides.

use super::{Served, status, unread};
use crate::edge::peer::Peer;
use crate::edge::quota::NothingShown;
use crate::hub::{Refusal, RefusalKind};
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use musubi_adapters::child_guidance::cgc_xml::{
    decode_query, encode_acknowledgement, encode_response, encode_statistics, message_id, outside_area,
};
use musubi_core::adapter::Diagnostic;
use musubi_core::agency::Purpose;
use musubi_core::release::Outgoing;
use std::sync::Arc;

/// Largest query, in bytes (S-70).
const QUERY_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Name of the format.
const FORMAT: &str = "cgc-xml";

/// Why a query is not answered, with the id of the message as far as it can be read.
struct NotAnswered {
    status: StatusCode,
    in_response_to: Option<String>,
    diagnostics: Vec<Diagnostic>,
}

/// Answers a query, or says in an `Acknowledgement` what is wrong with it.
pub(super) async fn query(
    State(served): State<Served>,
    Extension(peer): Extension<Arc<Peer>>,
    request: Request,
) -> Response {
    let now = served.hub.now();
    let most = QUERY_BYTES_MAX.min(served.file_bytes_max);
    let (body, _held) = match served.body(&peer, request.into_body(), most).await {
        Ok(body) => body,
        Err(StatusCode::PAYLOAD_TOO_LARGE) => {
            return xml(StatusCode::PAYLOAD_TOO_LARGE, encode_acknowledgement(None, &[too_large()], now));
        }
        Err(status) => return xml(status, encode_acknowledgement(None, &[unread(status)], now)),
    };
    match answer(&served, &peer, &body).await {
        Ok((answer, shown)) => {
            let mut answer = xml(StatusCode::OK, answer);
            if !shown {
                answer.extensions_mut().insert(NothingShown);
            }
            answer
        }
        Err(NotAnswered { status, in_response_to, diagnostics }) => {
            xml(status, encode_acknowledgement(in_response_to.as_deref(), &diagnostics, now))
        }
    }
}

/// The answer, and whether it shows anything.
async fn answer(served: &Served, peer: &Peer, body: &[u8]) -> Result<(Vec<u8>, bool), NotAnswered> {
    let hub = &served.hub;
    let refused = |refusal: Refusal| NotAnswered {
        status: status(&refusal),
        in_response_to: message_id(body),
        diagnostics: in_words_of_the_format(refusal),
    };
    let wrong = |diagnostics: Vec<Diagnostic>| NotAnswered {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        in_response_to: message_id(body),
        diagnostics,
    };
    let machine = hub.caller(peer.agency(), "").map_err(refused)?;
    let (envelope, query) = decode_query(body, &machine.agency.profile(hub.now())).map_err(wrong)?;
    let caller = hub.caller(peer.agency(), &envelope.worker_id).map_err(refused)?;
    if query.purpose == Purpose::P12 {
        let counted = hub.statistics(&caller, &query).await.map_err(refused)?;
        return Ok((encode_statistics(&envelope.message_id, &counted, hub.now()), true));
    }
    let outside = outside_area(&query, &caller.agency.settings.area);
    if !outside.is_empty() {
        return Err(wrong(outside));
    }
    let in_message = Some(envelope.message_id.as_str());
    let found = hub.search_cases(&caller, query.purpose, &query, in_message).await.map_err(refused)?;
    let answer = Outgoing::render_all(caller.id(), FORMAT, &found.hits, |own| {
        encode_response(&envelope.message_id, &query, found.level, own, found.truncated, hub.now())
    });
    Ok((answer.bytes().to_vec(), !found.hits.is_empty()))
}

/// A worker who is not on the register, or may not ask for this purpose, is `CG-E302` here.
fn in_words_of_the_format(refusal: Refusal) -> Vec<Diagnostic> {
    let mut said = refusal.diagnostics;
    if refusal.kind == RefusalKind::Forbidden {
        for one in said.iter_mut().filter(|one| one.place == "staff_id") {
            one.code = "CG-E302".into();
            one.place = "/CaseQueryRequest/Sender/WorkerID".to_owned();
        }
    }
    said
}

fn xml(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/xml; charset=utf-8")], body).into_response()
}

fn too_large() -> Diagnostic {
    Diagnostic::error(
        "CG-E002",
        "/",
        "照会が大きすぎます(5MiBまで)。条件を分けて送ってください。",
        "The query is too large (at most 5 MiB).",
    )
}

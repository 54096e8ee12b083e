//! HTTPS of agencies, on the port of gRPC: files by POST, and the case exchange of child guidance centers in XML.

mod cases;

use crate::config::Limits;
use crate::edge::peer::Peer;
use crate::hub::document::{Custody, DocumentAnswer};
use crate::hub::{Hub, Refusal, RefusalKind};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use musubi_core::adapter::{Diagnostic, Severity};
use serde::Serialize;
use std::sync::Arc;

/// Bytes in a MiB.
const MEBIBYTE: usize = 1024 * 1024;

#[derive(Clone)]
struct Served {
    hub: Hub,
    file_bytes_max: usize,
}

/// The routes.
pub fn router(hub: Hub, limits: &Limits) -> Router {
    let served = Served { hub, file_bytes_max: limits.file_mebibytes.saturating_mul(MEBIBYTE) };
    Router::new()
        .route("/v1/documents", post(documents).fallback(nothing_here))
        .route("/v1/cases/query", post(cases::query).fallback(nothing_here))
        .with_state(served)
}

/// For everything that is not served: no word about what was asked.
pub async fn nothing_here() -> StatusCode {
    StatusCode::NOT_FOUND
}

/// A row of the answer.
#[derive(Serialize)]
struct Row {
    place: String,
    receipt: Option<Receipt>,
    diagnostics: Vec<Said>,
}

/// Proof that a row is on disk.
#[derive(Serialize)]
struct Receipt {
    message_id: String,
    origin: String,
    index: u64,
    leaf: String,
    signature: String,
    repeated: bool,
}

/// A diagnostic.
#[derive(Serialize)]
struct Said {
    code: String,
    severity: Severity,
    place: String,
    ja: String,
    en: String,
}

/// The whole answer.
#[derive(Serialize)]
struct Answer {
    taken: usize,
    refused: usize,
    rows: Vec<Row>,
    diagnostics: Vec<Said>,
}

impl From<&Diagnostic> for Said {
    fn from(said: &Diagnostic) -> Self {
        Said {
            code: said.code.to_string(),
            severity: said.severity,
            place: said.place.clone(),
            ja: said.text.ja.to_string(),
            en: said.text.en.to_string(),
        }
    }
}

impl From<Custody> for Receipt {
    fn from(custody: Custody) -> Self {
        use base64::Engine;
        let text = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
        Receipt {
            leaf: text(&custody.leaf),
            signature: text(&custody.signature),
            message_id: custody.message,
            origin: custody.origin,
            index: custody.index,
            repeated: custody.repeated,
        }
    }
}

/// `POST /v1/documents?format=ph05`: a file in one of the formats; `auto` when none is named. 200 when every row was
/// taken, 422 when a row or the file was refused: the answer says which, and rows that are sent again are not stored
/// twice.
async fn documents(State(served): State<Served>, Extension(peer): Extension<Arc<Peer>>, request: Request) -> Response {
    let caller = match served.hub.caller(peer.agency(), "") {
        Ok(caller) => caller,
        Err(refusal) => return refused(&refusal),
    };
    let format = format_of(request.uri().query().unwrap_or_default()).to_owned();
    let body = match read(request.into_body(), served.file_bytes_max).await {
        Ok(body) => body,
        Err(too_large) => return too_large,
    };
    match served.hub.submit_document(&caller, &format, &body).await {
        Ok(answer) => answered(answer),
        Err(refusal) => refused(&refusal),
    }
}

/// The format that the query names.
fn format_of(query: &str) -> &str {
    let named = query.split('&').find_map(|pair| pair.strip_prefix("format="));
    named.filter(|name| !name.is_empty()).unwrap_or("auto")
}

async fn read(body: Body, bytes_max: usize) -> Result<Vec<u8>, Response> {
    let read = axum::body::to_bytes(body, bytes_max).await;
    read.map(|bytes| bytes.to_vec()).map_err(|_| StatusCode::PAYLOAD_TOO_LARGE.into_response())
}

fn answered(answer: DocumentAnswer) -> Response {
    let taken = answer.rows.iter().filter(|row| row.custody.is_some()).count();
    let refused = answer.rows.len() - taken;
    let file_refused = answer.diagnostics.iter().any(|said| said.severity == Severity::Error);
    let rows = answer.rows.into_iter().map(|row| Row {
        place: row.place,
        receipt: row.custody.map(Receipt::from),
        diagnostics: row.diagnostics.iter().map(Said::from).collect(),
    });
    let diagnostics = answer.diagnostics.iter().map(Said::from).collect();
    let body = Answer { taken, refused, rows: rows.collect(), diagnostics };
    let status = if refused == 0 && !file_refused { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    (status, Json(body)).into_response()
}

/// The one function that maps refusals to statuses of HTTP.
fn status(refusal: &Refusal) -> StatusCode {
    match refusal.kind {
        RefusalKind::Forbidden => StatusCode::FORBIDDEN,
        RefusalKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        RefusalKind::Conflict => StatusCode::CONFLICT,
        RefusalKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn refused(refusal: &Refusal) -> Response {
    let diagnostics = refusal.diagnostics.iter().map(Said::from).collect();
    (status(refusal), Json(Answer { taken: 0, refused: 0, rows: Vec::new(), diagnostics })).into_response()
}

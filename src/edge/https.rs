//! HTTPS of agencies, on the port of gRPC: files by POST, FHIR, and the case exchange of child guidance centers in XML.

mod cases;
mod fhir;

use crate::config::Limits;
use crate::edge::peer::Peer;
use crate::edge::quota::{BYTES_PER_SECOND, OnlyConcerns, why_cut};
use crate::hub::document::{Custody, DocumentAnswer};
use crate::hub::{Hub, Refusal, RefusalKind};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use musubi_core::adapter::{Decoded, Diagnostic, Severity};
use musubi_core::agency::AgencyId;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

/// Time for the first bytes of a body, and for a pause within it; also to find room for it.
const BODY_GRACE: Duration = Duration::from_secs(20);
/// After which a file may be sent again for which there was no room.
const RETRY_SECONDS: &str = "1";
/// Bodies in memory at once, of all agencies together; a body of the greatest length has room four times.
const BODIES_MEBIBYTES: usize = 256;
/// Those of one agency: half, so that it holds up no other (S-80).
const BODIES_OF_AGENCY_MEBIBYTES: usize = BODIES_MEBIBYTES / 2;

#[derive(Clone)]
struct Served {
    hub: Hub,
    file_bytes_max: usize,
    /// Room for bodies, in KiB.
    room: Arc<Semaphore>,
    room_of: Arc<Mutex<BTreeMap<AgencyId, Arc<Semaphore>>>>,
}

/// Room that is held: the agency's own, and that of all.
type Room = [OwnedSemaphorePermit; 2];

impl Served {
    /// A body, with the room that it takes until it is handled.
    async fn body(&self, peer: &Peer, body: Body, bytes_max: usize) -> Result<(Vec<u8>, Room), StatusCode> {
        self.hub.sees_certificate(peer.agency(), peer.until());
        let said = said_length(&body, bytes_max);
        if said > bytes_max {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let room = timeout(BODY_GRACE, self.room(peer.agency(), said)).await;
        let room = room.ok().flatten().ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
        Ok((body_within(body, bytes_max).await?, room))
    }

    /// Room for a body until it is handled: that which it says it needs, else that of the longest. Who finds none for some
    /// time is to come again.
    async fn room(&self, agency: &AgencyId, said: usize) -> Option<Room> {
        let kibibytes = u32::try_from(said.div_ceil(1024)).unwrap_or(u32::MAX);
        let own = || Arc::new(Semaphore::new(BODIES_OF_AGENCY_MEBIBYTES * 1024));
        let own = Arc::clone(
            self.room_of.lock().unwrap_or_else(PoisonError::into_inner).entry(agency.clone()).or_insert_with(own),
        );
        let own = own.acquire_many_owned(kibibytes).await.ok()?;
        Some([own, Arc::clone(&self.room).acquire_many_owned(kibibytes).await.ok()?])
    }
}

/// The routes.
pub fn router(hub: Hub, limits: &Limits) -> Router {
    let room = Arc::new(Semaphore::new(BODIES_MEBIBYTES * 1024));
    let served = Served { hub, file_bytes_max: limits.file_bytes(), room, room_of: Arc::default() };
    Router::new()
        .route("/v1/documents", post(documents).fallback(not_served))
        .route("/v1/cases/query", post(cases::query).fallback(not_served))
        .nest("/fhir/R4", fhir::router())
        .with_state(served)
}

/// The length that a body says it has, else the greatest.
fn said_length(body: &Body, bytes_max: usize) -> usize {
    body.size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(bytes_max)
}

/// For everything that is not served to people: no word about what was asked.
pub async fn nothing_here() -> StatusCode {
    StatusCode::NOT_FOUND
}

/// For everything that is not served to agencies: what is, and no word about what was asked.
pub async fn not_served() -> Response {
    let said = Diagnostic::error(
        "M701",
        "request",
        "ここでは扱っていません。ファイルは POST /v1/documents、XMLのケース照会は POST /v1/cases/query、FHIRは GET /fhir/R4/metadata を見てください。",
        "Not served here. Files: POST /v1/documents; case queries in XML: POST /v1/cases/query; FHIR: see GET /fhir/R4/metadata.",
    );
    nothing_taken(StatusCode::NOT_FOUND, &[said])
}

/// What is said to who asks for more than its share.
pub(crate) fn asks_too_much() -> Diagnostic {
    Diagnostic::error(
        "M900",
        "request",
        "要求が多すぎます。間を置いて送り直してください(秒数はRetry-After)。何も受け取っていません。",
        "Too many requests. Send it again after the seconds of Retry-After; nothing was taken.",
    )
}

/// For an agency that asks for more than its share (S-80): in the words of the interface that it asked.
pub(crate) fn too_many(uri: &Uri, headers: &HeaderMap) -> Response {
    let said = asks_too_much();
    match uri.path().starts_with("/fhir/") {
        true => fhir::too_many(uri.query(), headers, said),
        false => nothing_taken(StatusCode::TOO_MANY_REQUESTS, &[said]),
    }
}

/// Why a body was not read to its end, and what mends it.
fn unread(status: StatusCode) -> Diagnostic {
    let (code, ja, en) = match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            ("H007", "送られた内容が大きすぎます。分けて送ってください。", "The body is too large; send it in parts.")
        }
        StatusCode::REQUEST_TIMEOUT => (
            "M907",
            "本文の届くのが遅すぎるため、受信を打ち切りました。回線を確かめて送り直してください。",
            "The body came too slowly and was cut. Check the line and send it again.",
        ),
        _ => (
            "M906",
            "本文を受け取れませんでした。しばらくして送り直してください。",
            "The body did not arrive, or there is no room for it now. Send it again in a while.",
        ),
    };
    Diagnostic::error(code, "request", ja, en)
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
    let only = request.extensions().get::<OnlyConcerns>().copied();
    let (body, held) = match served.body(&peer, request.into_body(), served.file_bytes_max).await {
        Ok(body) => body,
        Err(status) => return nothing_taken(status, &[unread(status)]),
    };
    let expected = |decoded: &Decoded| OnlyConcerns::holds(only, decoded);
    let answer = match served.hub.submit_of_format(&caller, &format, &body, &expected).await {
        Ok(answer) => answered(answer),
        Err(refusal) if refusal.kind == RefusalKind::TooMany => {
            ([(header::RETRY_AFTER, RETRY_SECONDS)], refused(&refusal)).into_response()
        }
        Err(refusal) => refused(&refusal),
    };
    drop(held);
    answer
}

/// The format that the query names.
fn format_of(query: &str) -> &str {
    let named = query.split('&').find_map(|pair| pair.strip_prefix("format="));
    named.filter(|name| !name.is_empty()).unwrap_or("auto")
}

/// Reads a body as fast as it must come (S-82): who dribbles is cut, and holds no memory meanwhile.
pub(crate) async fn body_within(body: Body, bytes_max: usize) -> Result<Vec<u8>, StatusCode> {
    let (began, mut body, mut bytes) = (Instant::now(), body, Vec::new());
    loop {
        let until = began + BODY_GRACE + Duration::from_secs((bytes.len() / BYTES_PER_SECOND) as u64);
        let frame = timeout_at(until, body.frame()).await.map_err(|_| StatusCode::REQUEST_TIMEOUT)?;
        let Some(frame) = frame else { return Ok(bytes) };
        let frame = frame.map_err(|error| why_cut(&error))?;
        let Some(data) = frame.data_ref() else { continue };
        if bytes.len().saturating_add(data.len()) > bytes_max {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        bytes.extend_from_slice(data);
    }
}

fn answered(answer: DocumentAnswer) -> Response {
    let (whole, body) = counted(answer);
    (if whole { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }, Json(body)).into_response()
}

/// The same answer as a file, and whether all was taken: for who hands in by a folder.
pub(crate) fn answer_of(answer: Result<DocumentAnswer, &Refusal>) -> (bool, Vec<u8>) {
    let (whole, body) = answer.map_or_else(|refusal| (false, nothing(&refusal.diagnostics)), counted);
    (whole, serde_json::to_vec_pretty(&body).unwrap_or_default())
}

/// Was all of it taken, and what is answered.
fn counted(answer: DocumentAnswer) -> (bool, Answer) {
    let taken = answer.rows.iter().filter(|row| row.custody.is_some()).count();
    let refused = answer.rows.len() - taken;
    let file_refused = answer.diagnostics.iter().any(|said| said.severity == Severity::Error);
    let rows = answer.rows.into_iter().map(|row| Row {
        place: row.place,
        receipt: row.custody.map(Receipt::from),
        diagnostics: row.diagnostics.iter().map(Said::from).collect(),
    });
    let diagnostics = answer.diagnostics.iter().map(Said::from).collect();
    (refused == 0 && !file_refused, Answer { taken, refused, rows: rows.collect(), diagnostics })
}

/// The one function that maps refusals to statuses of HTTP.
fn status(refusal: &Refusal) -> StatusCode {
    match refusal.kind {
        RefusalKind::Forbidden => StatusCode::FORBIDDEN,
        RefusalKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        RefusalKind::Conflict => StatusCode::CONFLICT,
        RefusalKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        RefusalKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
    }
}

fn refused(refusal: &Refusal) -> Response {
    nothing_taken(status(refusal), &refusal.diagnostics)
}

fn nothing_taken(status: StatusCode, said: &[Diagnostic]) -> Response {
    (status, Json(nothing(said))).into_response()
}

fn nothing(said: &[Diagnostic]) -> Answer {
    Answer { taken: 0, refused: 0, rows: Vec::new(), diagnostics: said.iter().map(Said::from).collect() }
}

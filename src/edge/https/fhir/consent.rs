//! `POST Consent`: what a person permits or denies, put on file as through the `Consents` service. `X-Provenance` names who of
//! the agency's staff records it.

use super::{Served, Wrong, answer, forms, other_media_type, refused};
use crate::edge::peer::Peer;
use crate::hub::consents::{ConsentTerms, Recorded, Sent};
use crate::hub::persons::Named;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use musubi_adapters::hospital::fhir::rest::{self, Form, Said};
use musubi_core::adapter::Diagnostic;
use musubi_core::consent::records::{Channel, ConsentKind, Proof, Status};
use musubi_core::time::Time;
use std::sync::Arc;

/// The header that names who records.
const X_PROVENANCE: HeaderName = HeaderName::from_static("x-provenance");

/// Records a Consent. 201 with the receipt of the fact; the same again gets the same answer and makes no second one.
pub(super) async fn record(
    State(served): State<Served>,
    Extension(peer): Extension<Arc<Peer>>,
    uri: Uri,
    request: Request,
) -> Response {
    let (form, answer_in) = forms(uri.query(), request.headers());
    let recorded = async {
        served.hub.caller(peer.agency(), "")?;
        let form = form.ok_or_else(other_media_type)?;
        let staff = staff(request.headers());
        let (body, _held) = served.body(&peer, request.into_body(), served.file_bytes_max).await?;
        let caller = served.hub.caller(peer.agency(), &staff)?;
        let now = served.hub.now();
        let said = rest::consent(form, &body, &caller.agency.profile(now))
            .map_err(|said| Wrong { status: StatusCode::UNPROCESSABLE_ENTITY, said })?;
        let terms = terms(said, &staff, now);
        let sent = Sent { format: form.adapter().name(), body: &body };
        Ok::<_, Wrong>(served.hub.record_consent_sent(&caller, terms, sent).await?)
    };
    match recorded.await {
        Ok(recorded) => created(answer_in, &recorded),
        Err(wrong) => refused(answer_in, &wrong),
    }
}

fn staff(headers: &HeaderMap) -> String {
    let written = headers.get(X_PROVENANCE).and_then(|value| value.to_str().ok());
    written.and_then(rest::staff).unwrap_or_default()
}

fn terms(said: Said, staff: &str, now: Time) -> ConsentTerms {
    let [form, form_version, language] = said.form;
    let named = |key| Named { key: Some(key), ..Named::default() };
    ConsentTerms {
        kind: if said.permits { ConsentKind::Permit } else { ConsentKind::Objection },
        subject: named(said.subject),
        grantor: said.grantor.map(named),
        relationship: said.relationship,
        authority: said.authority,
        grantee: said.grantee,
        categories: said.categories,
        purposes: said.purposes,
        valid_from: said.valid_from.unwrap_or(now),
        valid_until: said.valid_until,
        evidence: Proof {
            form,
            form_version,
            language,
            scan_sha256: said.scan_sha256,
            witness: said.verified.then(|| staff.to_owned()),
            channel: Channel::Paper,
        },
        explanation_given: said.explanation,
        lifts: None,
    }
}

fn created(form: Form, recorded: &Recorded) -> Response {
    let doubt = (recorded.status != Status::Active).then(|| {
        Diagnostic::warning(
            "H108",
            "Consent",
            "記録しましたが、未確認のため効力はありません。署名した用紙(sourceAttachment)または立会い(verification)を付けるか、センターの確認を待ってください。",
            "Recorded, but unverified and without effect: attach the signed form (sourceAttachment) or say who witnessed it (verification), or wait for the center.",
        )
    });
    let said: Vec<Diagnostic> = doubt.into_iter().collect();
    let location = format!("/fhir/R4/Consent/{}/_history/1", recorded.fact);
    let body = rest::outcome(form, Some(&recorded.receipt.msa3()), &said);
    ([(header::LOCATION, location)], answer(form, StatusCode::CREATED, body)).into_response()
}

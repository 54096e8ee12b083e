//! `GET Bundle/{id}`: what the caller sent, at the address that it was given with the receipt.

use super::conditional::{self, Tagged};
use super::{Served, Wrong, answer_form, not_served, refused};
use crate::edge::peer::Peer;
use axum::Extension;
use axum::extract::{RawPathParams, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use musubi_adapters::hospital::fhir::rest::{self, Form};
use musubi_core::id::MessageId;
use musubi_core::release::Outgoing;
use std::sync::Arc;

/// The document, as it stands by now. What the caller never sent, and what it may not see any more, is not there.
pub(super) async fn read(
    State(served): State<Served>,
    Extension(peer): Extension<Arc<Peer>>,
    parameters: RawPathParams,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let form = answer_form(uri.query(), &headers, Form::Json);
    let found = async {
        let caller = served.hub.caller(peer.agency(), "")?;
        let nothing = || Wrong::one(StatusCode::NOT_FOUND, not_served());
        let message = parameters.iter().find(|(name, _)| *name == "id").and_then(|(_, id)| MessageId::parse(id));
        let released = served.hub.sent_by(&caller, message.ok_or_else(nothing)?).await?.ok_or_else(nothing)?;
        let profile = caller.agency.profile(released.at());
        let outgoing = Outgoing::render(form.adapter(), &released, &profile).map_err(|_| nothing())?;
        let said = rest::view(&released).ok_or_else(nothing)?;
        Ok(Tagged { tag: served.hub.tag(&caller, &conditional::view(form, &said)), outgoing })
    };
    match found.await {
        Ok(tagged) => conditional::read(form, &headers, &tagged),
        Err(wrong) => refused(form, &wrong),
    }
}

//! The gRPC edge: from a message to a call of the hub, and from its answer to a message. One file for each service; one
//! function maps refusals to statuses.

pub mod wall;

mod audit;
mod consents;
mod deliveries;
mod grounds;
mod intake;
mod records;
mod referrals;
mod registry;
mod watching;
mod work_items;

use crate::edge::peer::Peer;
use crate::edge::quota::Quotas;
use crate::hub::persons::Named;
use crate::hub::{Caller, Hub, Refusal, RefusalKind};
use musubi_core::adapter::{Diagnostic, Severity};
use musubi_core::agency::{AgencyId, Category, CategorySet};
use musubi_core::id::PersonId;
use musubi_core::record::PersonKey;
use musubi_core::time::{Day, Time};
use std::pin::Pin;
use std::sync::Arc;
use tokio_stream::Stream;
use tonic::{Request, Status};

/// The services as the hub serves them.
#[expect(missing_docs, reason = "generated from proto/musubi/v1")]
pub mod server {
    include!(concat!(env!("OUT_DIR"), "/server/musubi.v1.rs"));
    include!(concat!(env!("OUT_DIR"), "/server/plain.rs"));
}

/// The services as an agency calls them.
#[expect(missing_docs, reason = "generated from proto/musubi/v1")]
pub mod client {
    include!(concat!(env!("OUT_DIR"), "/client/musubi.v1.rs"));
    include!(concat!(env!("OUT_DIR"), "/client/plain.rs"));
}

/// Descriptors of all services, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// Largest gRPC message, in bytes (S-70).
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// An answer in parts.
type Parts<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Serves every service for one hub.
#[derive(Clone)]
pub struct Services {
    hub: Hub,
    quotas: Arc<Quotas>,
}

/// All services, health and reflection as one router.
///
/// # Errors
/// When the descriptors cannot be read, which the build would have found.
pub async fn router(hub: Hub, quotas: Arc<Quotas>) -> Result<axum::Router, tonic_reflection::server::Error> {
    let services = Services { hub, quotas };
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("", tonic_health::ServingStatus::Serving).await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    macro_rules! served {
        ($module:ident :: $server:ident) => {
            server::$module::$server::new(services.clone())
                .max_decoding_message_size(MESSAGE_BYTES_MAX)
                .max_encoding_message_size(usize::MAX)
        };
    }
    let routes = tonic::service::Routes::new(served!(intake_server::IntakeServer))
        .add_service(served!(records_server::RecordsServer))
        .add_service(served!(referrals_server::ReferralsServer))
        .add_service(served!(consents_server::ConsentsServer))
        .add_service(served!(grounds_server::GroundsServer))
        .add_service(served!(work_items_server::WorkItemsServer))
        .add_service(served!(deliveries_server::DeliveriesServer))
        .add_service(served!(registry_server::RegistryServer))
        .add_service(served!(audit_server::AuditServer))
        .add_service(health)
        .add_service(reflection);
    Ok(routes.prepare().into_axum_router().reset_fallback())
}

impl Services {
    /// An answer in parts. Before each it is asked whether the caller may still be served: an agency that was suspended
    /// meanwhile is ended as everybody is when the hub stops (F09).
    fn parts<T: Send + 'static, I>(&self, caller: &Caller, parts: I) -> Parts<T>
    where
        I: IntoIterator<Item = T>,
        I::IntoIter: Send + 'static,
    {
        let (hub, agency) = (self.hub.clone(), caller.id().clone());
        Box::pin(tokio_stream::iter(while_served(parts.into_iter(), move || hub.hands_out_to(&agency))))
    }

    /// Who calls: the agency of the session (S-04), checked against the register at this moment (S-09).
    fn caller<T>(&self, request: &Request<T>, staff_id: &str) -> Result<Caller, Status> {
        let peer =
            request.extensions().get::<Arc<Peer>>().ok_or_else(|| Status::unauthenticated("M800 certificate"))?;
        self.hub.sees_certificate(peer.agency(), peer.until());
        let caller = self.hub.caller(peer.agency(), staff_id).map_err(|refusal| status(&refusal))?;
        Ok(caller.named_by(peer.fingerprint()))
    }
}

/// The parts until the first before which nothing may be handed out any more.
fn while_served<T>(
    parts: impl Iterator<Item = T>,
    served: impl Fn() -> bool,
) -> impl Iterator<Item = Result<T, Status>> {
    parts.scan(false, move |ended, part| {
        if *ended {
            return None;
        }
        *ended = !served();
        Some(if *ended { Err(self::ended()) } else { Ok(part) })
    })
}

/// Nothing more is handed out: whether the agency was suspended or the hub stops, nobody can tell (F09).
fn ended() -> Status {
    Status::unavailable("M905 hub")
}

/// A refusal as a status: code and place in the message, every diagnostic on a line.
fn status(refusal: &Refusal) -> Status {
    let text = refusal.to_string();
    match refusal.kind {
        RefusalKind::Forbidden => Status::permission_denied(text),
        RefusalKind::Invalid => Status::invalid_argument(text),
        RefusalKind::Conflict => Status::failed_precondition(text),
        RefusalKind::Unavailable => Status::unavailable(text),
        RefusalKind::TooMany => Status::resource_exhausted(text),
    }
}

fn not_served(what: &'static str) -> Status {
    Status::unimplemented(what)
}

fn wrong(field: &'static str, ja: &'static str, en: &'static str) -> Status {
    Status::invalid_argument(Diagnostic::error("M700", field, ja, en).to_string())
}

fn said(diagnostic: &Diagnostic) -> server::Diagnostic {
    let severity = match diagnostic.severity {
        Severity::Information => "information",
        Severity::Warning => "warning",
        Severity::Hold => "hold",
        Severity::Error => "error",
    };
    server::Diagnostic {
        code: diagnostic.code.to_string(),
        severity: severity.to_owned(),
        place: diagnostic.place.clone(),
        text_ja: diagnostic.text.ja.to_string(),
        text_en: diagnostic.text.en.to_string(),
    }
}

fn named(person: Option<&server::PersonRef>) -> Result<Named, Status> {
    let person = person.ok_or_else(|| wrong("person", "対象者を指定してください。", "Name the person."))?;
    let key = (!person.issuer.is_empty() && !person.identifier.is_empty())
        .then(|| PersonKey { issuer: person.issuer.clone(), identifier: person.identifier.clone() });
    let id = PersonId::parse(&person.person_id);
    if !person.person_id.is_empty() && id.is_none() {
        return Err(wrong("person_id", "person_id の形式が正しくありません。", "person_id is not a UUID."));
    }
    let by_name = !person.name.is_empty() && !person.birth_date.is_empty();
    if id.is_none() && key.is_none() && !by_name {
        return Err(wrong(
            "person",
            "person_id、発行者と識別子、または氏名と生年月日を指定してください。",
            "Give person_id, or issuer and identifier, or name and birth_date.",
        ));
    }
    Ok(Named { person: id, key, name: person.name.clone(), birth_date: person.birth_date.clone() })
}

fn agency_id(text: &str, field: &'static str) -> Result<AgencyId, Status> {
    AgencyId::new(text).map_err(|_| wrong(field, "機関IDの形式が正しくありません。", "Not an agency id."))
}

fn categories(words: &[String]) -> Result<CategorySet, Status> {
    let read: Result<Vec<Category>, _> = words.iter().map(|word| word.parse()).collect();
    let read = read
        .map_err(|_| wrong("categories", "区分は C01 から C20 で指定してください。", "Categories are C01 to C20."))?;
    Ok(read.into_iter().collect())
}

fn purpose(word: &str) -> Result<musubi_core::agency::Purpose, Status> {
    word.parse().map_err(|_| wrong("purpose", "目的は P1 から P12 で指定してください。", "A purpose is P1 to P12."))
}

/// `YYYY-MM-DD`.
fn day(text: &str, field: &'static str) -> Result<Day, Status> {
    text.parse().map_err(|_| wrong(field, "日付は YYYY-MM-DD で指定してください。", "A date is YYYY-MM-DD."))
}

/// RFC 3339, or a date: its beginning, or for an end 24:00 in Japan.
fn moment(text: &str, field: &'static str, end: bool) -> Result<Option<Time>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    if let Some(time) = Time::parse_rfc3339(text) {
        return Ok(Some(time));
    }
    let day = day(text, field)?;
    Ok(Some(if end { Time::end_of(day) } else { Time::start_of(day) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn f09_a_stream_ends_before_the_next_part_and_with_nothing_after() {
        let served = Cell::new(true);
        let mut parts = while_served(1..=4, || served.get());
        assert!(matches!(parts.next(), Some(Ok(1))) && matches!(parts.next(), Some(Ok(2))));
        served.set(false);
        let Some(Err(status)) = parts.next() else { panic!("the third part is not handed out") };
        assert_eq!((status.code(), status.message()), (tonic::Code::Unavailable, "M905 hub"));
        served.set(true);
        assert!(parts.next().is_none(), "it does not go on");
    }
}

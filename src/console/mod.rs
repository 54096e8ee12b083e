//! The window (画面): Japanese pages for the people who do the work, served by the hub on the console listener.
//!
//! A page shows nothing that the caller's agency could not have asked for over gRPC: it calls the same uses of the hub, with
//! the same rules of who may, and what a record says reaches it in words that the adapters made from a release. It has no
//! query of its own and knows neither store nor keys; `tests/house.rs` looks after that.
//!
//! Every page stands in one table ([`ROUTES`]) with who may open it, and every request comes through one door, in
//! `door.rs`: session, same origin, token, permission, and only then the page. A page works without any script.

mod door;
mod form;
mod headers;
mod layout;
mod pages;
mod people;
mod plain;
mod routes;
mod sessions;
mod visit;
mod whom;
mod words;

pub use routes::{Method, Need, ROUTES, Route};

use crate::hub::Hub;
use axum::Router;
use sessions::Files;
use std::sync::Arc;

/// How people show who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// A development hub: anybody may be anybody of the sample city, and every page says so.
    Samples,
    /// The agency's certificate, a password and a second factor of one's own (S-14).
    Staff,
}

/// What every request is served with.
#[derive(Clone)]
struct Window {
    hub: Hub,
    admission: Admission,
    files: Arc<Files>,
    file_bytes_max: usize,
}

/// The pages of a hub. Whoever serves them puts them behind TLS, and a certificate in front of them where one is asked for.
pub fn router(hub: Hub, admission: Admission, file_bytes_max: usize) -> Router {
    door::router(Window { hub, admission, files: Arc::default(), file_bytes_max })
}

//! A small certificate authority (認証局) for development and for sites without one of their own.
//!
//! The private key of an agency is made on the agency's side ([`request`]); the authority sees only the request
//! and signs what the operator ordered, not what the request asks for. See `certs/README.md`.

mod authority;
mod error;
mod files;
mod invitation;
mod register;
mod request;
mod subject;

pub use authority::{Authority, Issued, Order, Pair};
pub use error::CaError;
pub(crate) use files::{read as read_text, secret_folder};
pub use files::{readable_by_others, write_public, write_secret};
pub use invitation::{INVITATION_DAYS, TOKEN_BYTES, request_with_token};
pub(crate) use register::environment_in;
pub use register::{Entry, Reason, Revocation};
pub use request::{Request, request};
pub use subject::{NotASubject, Serial, Subject, Usage};

/// Longest validity of a certificate, in days (`security.md` section 4).
pub const VALIDITY_DAYS_MAX: u32 = 398;
/// Validity when nothing else is ordered, in days.
pub const VALIDITY_DAYS: u32 = 90;
/// Validity of a revocation list when nothing else is ordered, in days.
pub const CRL_DAYS: u32 = 7;
/// Organization in the name of a development authority. A hub in production refuses it.
pub const DEVELOPMENT: &str = "MUSUBI DEVELOPMENT";

/// Which world an authority serves. It is part of the authority's name, never of an agency's (S-03).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// For the demo, tests and a developer's machine.
    Development,
    /// For tests between real sites.
    Test,
    /// Real families.
    Production,
}

impl Environment {
    /// The organization (O) in the authority's name.
    pub const fn organization(self) -> &'static str {
        match self {
            Environment::Development => DEVELOPMENT,
            Environment::Test => "MUSUBI TEST",
            Environment::Production => "MUSUBI",
        }
    }
}

//! `[console]`: how people come to the pages.

use serde::{Deserialize, Serialize};

/// How people come to the pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Console {
    /// How they show who they are. Where it is not said, a development hub takes samples, and in production no console listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<SignIn>,
}

/// How people show who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignIn {
    /// Nobody can: no console listens.
    Off,
    /// Anybody is anybody of the sample city. In development alone.
    Samples,
    /// The agency's client certificate, a password and a second factor of one's own (S-14).
    Staff,
}

//! `[audit]`: who outside bears witness to the logs.

use musubi_core::audit::WitnessVerifier;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Who outside bears witness to the logs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// Each with its own folder; none, and nothing is exchanged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub witness: Vec<Witness>,
}

/// A witness (証人): another party that cosigns the heads of the logs (S-35).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Witness {
    /// What people call it, as 朝凪県 市町村課.
    pub name: String,
    /// Its public key: the line that `musubi-verify witness keygen` printed there.
    pub key: String,
    /// The folder between the hub and it: a share, or a medium that is carried.
    pub folder: PathBuf,
}

impl Witness {
    /// Its public key; `None` where what is set is none.
    pub fn verifier(&self) -> Option<WitnessVerifier> {
        WitnessVerifier::parse(&self.key).ok()
    }
}

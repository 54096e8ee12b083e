//! `[tls]`: the hub's certificate, and whom it trusts.

use super::Data;
use crate::edge::tls::ServerFiles;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The hub's certificate, and whom it trusts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The hub's certificate with its intermediates (PEM).
    pub certificate: PathBuf,
    /// Its private key (PEM); only the hub's user may read it.
    pub key: PathBuf,
    /// The authorities that vouch for agencies in this environment (PEM). Never the system's.
    pub client_ca: PathBuf,
    /// Their revocation lists (PEM), one for each authority. Mandatory in production.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crl: Option<PathBuf>,
    /// How often these files are read again.
    #[serde(default = "reload_seconds")]
    pub reload_seconds: u64,
}

fn reload_seconds() -> u64 {
    60
}

impl Tls {
    pub(super) fn in_folder(data: &Data) -> Self {
        Tls {
            certificate: data.keys().join("hub.pem"),
            key: data.keys().join("hub.key"),
            client_ca: data.ca().join("ca.pem"),
            crl: Some(data.ca().join("crl.pem")),
            reload_seconds: reload_seconds(),
        }
    }

    /// The files as a listener takes them.
    pub fn server_files(&self) -> ServerFiles {
        ServerFiles {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            client_ca: self.client_ca.clone(),
            crl: self.crl.clone(),
        }
    }
}

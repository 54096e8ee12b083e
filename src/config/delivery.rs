//! `[delivery]`: as whom the hub calls agencies that listen. Without it nothing is delivered by HTTPS.

use super::Tls;
use crate::edge::tls::ClientFiles;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// As whom the hub calls agencies. A certificate and key of their own, not those of the listeners (S-05).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// The hub's certificate as a caller, with its intermediates (PEM).
    pub certificate: PathBuf,
    /// Its private key (PEM); only the hub's user may read it.
    pub key: PathBuf,
}

impl Delivery {
    /// The files as a caller takes them; agencies that listen are vouched for by the authorities of `[tls]`.
    pub fn client_files(&self, tls: &Tls) -> ClientFiles {
        ClientFiles {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            server_ca: tls.client_ca.clone(),
            crl: tls.crl.clone(),
        }
    }
}

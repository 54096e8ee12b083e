//! The register of what was issued and revoked: one file, read and written under a lock.

use super::files::{read, write_public};
use super::subject::{Serial, Subject, Usage};
use super::{CaError, Environment};
use musubi_core::time::Time;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::Path;

/// One certificate that was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its serial number.
    pub serial: Serial,
    /// Whom it names.
    pub subject: Subject,
    /// For which side of a connection.
    pub usage: Usage,
    /// When it was issued.
    pub issued_at: Time,
    /// Until when it is valid.
    pub valid_until: Time,
    /// Its revocation, if there was one.
    pub revoked: Option<Revocation>,
}

/// That a certificate was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// From when.
    pub at: Time,
    /// Why.
    pub reason: Reason,
    /// Who ordered it (a staff id, never a name).
    pub by: String,
}

/// Why a certificate is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The private key may be in other hands.
    KeyCompromise,
    /// The agency's name or id changed.
    AffiliationChanged,
    /// Another certificate took its place.
    Superseded,
    /// The agency no longer takes part.
    CessationOfOperation,
    /// Its right to take part was withdrawn.
    PrivilegeWithdrawn,
}

impl Entry {
    /// Neither revoked nor expired.
    pub fn is_valid(&self, now: Time) -> bool {
        self.revoked.is_none() && now < self.valid_until
    }
}

impl Reason {
    pub(super) const fn code(self) -> rcgen::RevocationReason {
        match self {
            Reason::KeyCompromise => rcgen::RevocationReason::KeyCompromise,
            Reason::AffiliationChanged => rcgen::RevocationReason::AffiliationChanged,
            Reason::Superseded => rcgen::RevocationReason::Superseded,
            Reason::CessationOfOperation => rcgen::RevocationReason::CessationOfOperation,
            Reason::PrivilegeWithdrawn => rcgen::RevocationReason::PrivilegeWithdrawn,
        }
    }
}

/// The register file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Register {
    pub(super) environment: Environment,
    /// Number of the last revocation list.
    pub(super) crl_number: u64,
    pub(super) certificates: Vec<Entry>,
}

/// Which world the authority in a folder serves; `None` when there is none to be read.
pub(crate) fn environment_in(folder: &Path) -> Option<Environment> {
    Register::read(folder).ok().map(|register| register.environment)
}

const REGISTER: &str = "issued.json";
const LOCK: &str = "issued.lock";

impl Register {
    pub(super) fn new(environment: Environment) -> Self {
        Register { environment, crl_number: 0, certificates: Vec::new() }
    }

    pub(super) fn read(folder: &Path) -> Result<Self, CaError> {
        let path = folder.join(REGISTER);
        serde_json::from_str(&read(&path)?).map_err(|_| CaError::Register(path))
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), CaError> {
        let path = folder.join(REGISTER);
        let text = serde_json::to_string_pretty(self).map_err(|_| CaError::Register(path.clone()))?;
        write_public(&path, &text)
    }

    /// Reads, changes and writes it while nobody else does. Nothing is written when the change is refused.
    pub(super) fn change<T>(
        folder: &Path,
        change: impl FnOnce(&mut Register) -> Result<T, CaError>,
    ) -> Result<T, CaError> {
        let path = folder.join(LOCK);
        let lock = File::create(&path).map_err(CaError::file(&path))?;
        lock.lock().map_err(CaError::file(&path))?;
        let mut register = Register::read(folder)?;
        let done = change(&mut register)?;
        register.write(folder)?;
        Ok(done)
    }

    /// Valid certificates of one subject and use.
    pub(super) fn valid(&self, subject: &Subject, usage: Usage, now: Time) -> usize {
        self.certificates.iter().filter(|e| &e.subject == subject && e.usage == usage && e.is_valid(now)).count()
    }
}

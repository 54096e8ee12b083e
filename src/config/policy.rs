//! `[policy]`: the reviewed files the hub decides by.

use musubi_core::audit::LogVerifier;
use musubi_core::consent::widening::Office;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The policy the hub decides by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// A folder with policy files. Without it, those that the program was built with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Public key of the privacy officer, as `musubi policy key` prints it: who signs a policy that opens more (S-43).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy_officer: Option<String>,
    /// Public key of the legal officer, who signs it too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_officer: Option<String>,
}

impl Policy {
    /// The public key of an office; `None` where none is set, or what is set is no key of that office.
    pub fn key_of(&self, office: Office) -> Option<LogVerifier> {
        LogVerifier::parse(self.text_of(office)?).ok().filter(|key| key.is_of(office.word()))
    }

    /// What is set for an office.
    pub(super) fn text_of(&self, office: Office) -> Option<&str> {
        match office {
            Office::Privacy => self.privacy_officer.as_deref(),
            Office::Legal => self.legal_officer.as_deref(),
        }
    }
}

/// Where the signature of an office stands: beside the files, or in the data folder for those of the program.
pub fn signature_file(folder: &Path, office: Office) -> PathBuf {
    folder.join(format!("policy.{office}.sig"))
}

//! The JSON beside a file: how many rows it has and what its bytes hash to.

use crate::digest::sha256_hex;
use musubi_core::adapter::{Diagnostic, Profile};
use serde::Deserialize;

/// Largest sidecar, in bytes: it has eight short fields.
const SIDECAR_BYTES_MAX: usize = 16 * 1024;

/// What stands beside a file of rows (`formats/public_health.md` section 2). It names no purpose: that is the
/// recipient's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// Layout of the file: `PH05`.
    pub layout: String,
    /// Version of the layout.
    pub version: String,
    /// Rows below the header.
    pub rows: usize,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Character set of the file.
    pub encoding: String,
    /// The agency that sends it.
    pub sender_agency: String,
    /// Legal basis that the sender names.
    #[serde(default)]
    pub legal_basis: String,
}

impl Sidecar {
    /// Compares a sidecar with its file.
    pub(super) fn check(
        sidecar: &[u8],
        file: &[u8],
        layout: &str,
        rows: usize,
        profile: &Profile,
    ) -> Result<(), Diagnostic> {
        let refusal = |field: &str| {
            Diagnostic::error(
                "PH-E002",
                format!("sidecar, {field}"),
                "添付のJSONとファイルが一致しません。両方を作り直して送ってください。",
                "The sidecar does not fit the file. Make both again.",
            )
        };
        if sidecar.len() > SIDECAR_BYTES_MAX {
            return Err(refusal("size"));
        }
        let read: Sidecar = serde_json::from_slice(sidecar).map_err(|_| refusal("form"))?;
        if !read.layout.eq_ignore_ascii_case(layout) {
            Err(refusal("layout"))
        } else if read.rows != rows {
            Err(refusal("rows"))
        } else if !read.sha256.eq_ignore_ascii_case(&sha256_hex(file)) {
            Err(refusal("sha256"))
        } else if !profile.knows_sender(&read.sender_agency) {
            Err(refusal("sender_agency"))
        } else {
            Ok(())
        }
    }
}

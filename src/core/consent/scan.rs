//! The copy of a signed form (署名された同意書の写し): kept as a document that tells whatever the form tells.

use super::records::{Consent, Scope, Status};
use crate::adapter::Diagnostic;
use crate::agency::{Category, CategorySet};
use crate::id::FactId;
use crate::record::{PersonKey, SubjectRole, Submission};
use crate::time::Time;
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// Largest copy, in bytes: some pages of a scanner at 300 dots.
pub const BYTES_MAX: usize = 10 * 1024 * 1024;
/// How files begin that are taken, and what they are.
const KINDS: [(&[u8], &str); 3] =
    [(b"%PDF-", "application/pdf"), (b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png")];

/// A copy as an entry about the subject of the record that was signed, for the center to write. It is shown only to whom
/// everything that the form names may be shown.
///
/// # Errors
/// When it is empty or too large (`M834`), or neither PDF nor JPEG nor PNG (`M833`).
pub fn submission(
    signed: &Consent,
    role: SubjectRole,
    scan: Vec<u8>,
    now: Time,
) -> Result<Submission, Vec<Diagnostic>> {
    if scan.is_empty() || scan.len() > BYTES_MAX {
        return Err(vec![Diagnostic::error(
            "M834",
            "file",
            "写しのファイルが空か、大きすぎます(10MBまで)。",
            "The file is empty or too large: 10 MB at most.",
        )]);
    }
    let Some((_, media_type)) = KINDS.into_iter().find(|(begin, _)| scan.starts_with(begin)) else {
        return Err(vec![Diagnostic::error(
            "M833",
            "file",
            "写しは PDF、JPEG、PNG のいずれかで保存してください。",
            "Save the copy as PDF, JPEG or PNG.",
        )]);
    };
    let PersonKey { issuer, identifier } = PersonKey::known(signed.subject);
    let body = proto::Document {
        categories: told_by(signed).iter().map(|category| category as i32 + 1).collect(),
        title: format!("同意書の写し {} {}", signed.evidence.form, signed.evidence.form_version).trim().to_owned(),
        media_type: media_type.to_owned(),
        content: scan,
        ..proto::Document::default()
    };
    Submission::check(proto::Submission {
        format: "grpc".to_owned(),
        message_id: format!("scan:{}:{}", signed.id, now.micros()),
        entries: vec![proto::Entry {
            source_key: format!("scan:{}", first_version(signed)),
            subjects: vec![proto::Subject { role: role as i32, issuer, identifier }],
            body: Some(Body::Document(body)),
            ..proto::Entry::default()
        }],
        ..proto::Submission::default()
    })
}

/// Copies of one form are one series, whichever version of the permit they are put beside.
fn first_version(signed: &Consent) -> FactId {
    signed.supersedes.filter(|_| signed.version > 1).unwrap_or(signed.id)
}

/// The permit with this copy as its evidence, where it had nothing but the word of who typed it in (E15): from now on it counts, as
/// recorded when it was. `None` where it is in force already, or waits for something else.
pub fn evidenced(permit: &Consent, id: FactId, sha256: String) -> Option<Consent> {
    if permit.status != Status::Unverified || permit.verified() {
        return None;
    }
    let mut new =
        Consent { id, version: permit.version.saturating_add(1), supersedes: Some(permit.id), ..permit.clone() };
    new.evidence.scan_sha256 = Some(sha256);
    new.status = Status::Active;
    Some(new)
}

/// Whose form it is, and everything that it names.
fn told_by(signed: &Consent) -> CategorySet {
    let named = match signed.categories {
        Scope::Named(categories) => categories,
        Scope::All => CategorySet::ALL,
    };
    named.union([Category::C01].into_iter().collect())
}

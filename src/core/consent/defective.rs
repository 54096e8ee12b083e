//! A form that was found defective after people signed it (F12).

use super::records::{Consent, ConsentKind, Status};
use crate::id::FactId;
use crate::time::Time;

/// The new versions, `unverified` and so without effect, of every permit in use that was signed on this version of a form. What
/// was released under them is not undone: the audit lists it by the ids of the permits.
///
/// Records that only close (objections, withdrawals) stand on whatever form they were said.
pub fn unverified(
    on_file: &[Consent],
    form: &str,
    form_version: &str,
    now: Time,
    new_id: &mut dyn FnMut() -> FactId,
) -> Vec<Consent> {
    let replaced = |id: FactId| on_file.iter().any(|other| other.supersedes == Some(id) && other.recorded_at <= now);
    let signed_on_it = on_file.iter().filter(|consent| {
        consent.kind == ConsentKind::Permit
            && consent.status == Status::Active
            && consent.recorded_at <= now
            && consent.evidence.form == form
            && consent.evidence.form_version == form_version
            && !replaced(consent.id)
    });
    let new_version = |consent: &Consent| Consent {
        id: new_id(),
        version: consent.version.saturating_add(1),
        supersedes: Some(consent.id),
        status: Status::Unverified,
        recorded_at: now,
        ..consent.clone()
    };
    signed_on_it.map(new_version).collect()
}

//! What the page and the rows say alike: title, and who wrote it.

use crate::family::{Family, discharge, referral};
use crate::wording::joined;
use musubi_core::release::Released;

/// What the notice is called (退院連絡票, 連携依頼票, 情報提供票).
pub(super) fn title(family: &Family<'_>) -> &'static str {
    if !family.bodies(discharge).is_empty() {
        "退院連絡票"
    } else if !family.bodies(referral).is_empty() {
        "連携依頼票"
    } else {
        "情報提供票"
    }
}

/// Who wrote the entries, as far as the release says so, each once.
pub(super) fn authors(released: &Released) -> Option<String> {
    let mut authors: Vec<String> = Vec::new();
    for entry in &released.record().entries {
        let author = if entry.author.is_empty() { &entry.author_of_protection } else { &entry.author };
        if !author.is_empty() && !authors.contains(author) {
            authors.push(author.clone());
        }
    }
    joined(authors, "、")
}

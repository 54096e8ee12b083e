//! What the page and the rows say alike: title, purpose, basis, who wrote it.

use crate::family::{Family, discharge, referral};
use crate::wording::codes;
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

/// For which purpose: 退院調整(P2).
pub(super) fn purpose(released: &Released) -> String {
    let purpose = released.purpose();
    format!("{}({purpose})", codes::word(codes::PURPOSE, purpose.word()))
}

/// On which basis, each once: 本人の同意、法定の事務.
pub(super) fn basis(released: &Released) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    for word in released.record().grounds.iter().map(|rule| codes::basis(rule)) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    joined(words, "、")
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

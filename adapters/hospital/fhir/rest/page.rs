//! Pages of an answer. Nothing is counted but what the asker may see, and each page is decided anew.

use super::question::Question;
use crate::hospital::fhir::json::{Json, list, object, word};
use serde::{Deserialize, Serialize};

/// Where a page begins in an answer, and whose: sealed by the hub, so that nobody reads or makes one, and opened for the
/// agency alone to which it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// What was asked.
    pub question: Question,
    /// Entries before the page.
    pub from: usize,
    /// Hash of the whole answer, of which the pages before were parts.
    pub whole: [u8; 32],
}

/// Which part of an answer is written. With a size, the rest has a link.
pub struct Page<'a> {
    /// Entries before it.
    pub from: usize,
    /// Most entries of it; 0 for all that are left.
    pub size: usize,
    /// The answer of which it must be a part; without one it is the first page.
    pub whole: Option<[u8; 32]>,
    /// The address of the page that begins behind so many entries.
    pub next: &'a dyn Fn(usize, [u8; 32]) -> String,
}

impl Page<'_> {
    /// The whole answer at once.
    pub const WHOLE: Page<'static> = Page { from: 0, size: 0, whole: None, next: &|_, _| String::new() };

    /// The entries of the page, and its links.
    pub(super) fn of(&self, entries: Json, whole: [u8; 32]) -> (Json, Json) {
        let Json::List(mut all) = entries else { return (entries, Json::Nothing) };
        let end = if self.size == 0 { all.len() } else { self.from.saturating_add(self.size).min(all.len()) };
        let rest = end < all.len();
        all.truncate(end);
        let own = all.split_off(self.from.min(end));
        let link = rest.then(|| object([("relation", word("next")), ("url", (self.next)(end, whole).into())]));
        (list(own), list(link))
    }
}

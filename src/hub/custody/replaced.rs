//! A document that takes the place of one that never came (`formats/hospital.md` 3.2).

use super::Custody;
use musubi_core::adapter::Diagnostic;

impl Custody<'_> {
    /// Does its sender say that its document replaces one, and is none of that series on file?
    pub(super) fn replaces_nothing_known(&self) -> bool {
        let mut documents = self.entries.iter().filter(|entry| entry.kind() == "document");
        self.parcel.submission.replaces() && !documents.any(|entry| self.family.has_series_of(entry))
    }
}

/// To the author, who may have to send the earlier one too, or mend the number.
pub(super) fn unknown() -> Diagnostic {
    Diagnostic::warning(
        "H005",
        "relatedDocument",
        "置き換える元の文書が届いていません。この文書は新しい文書として保管しました。元の文書の番号を確かめてください。",
        "The document that this one replaces was never received. It was kept as a new one; check the number that it replaces.",
    )
}

//! A document that stands in the record as it came, for who opens it with a program of its own.

use musubi_core::id::EntryId;
use musubi_core::release::Released;
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// Kinds of documents that are told apart, and how the name of such a file ends.
const KINDS: [(&str, &str); 6] = [
    ("application/pdf", "pdf"),
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("text/plain", "txt"),
    ("text/xml", "xml"),
    ("application/xml", "xml"),
];
/// What any other document is.
const OTHER: (&str, &str) = ("application/octet-stream", "bin");

/// A document as it was released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enclosed {
    /// What it is called; may be empty.
    pub title: String,
    /// What it is; one of a few kinds, whatever its sender wrote.
    pub media_type: &'static str,
    /// How the name of such a file ends.
    pub extension: &'static str,
    /// Its bytes.
    pub content: Vec<u8>,
}

impl Enclosed {
    /// The document of an entry. `None` where the entry is none, or was not released.
    pub fn of(released: &Released, entry: EntryId) -> Option<Self> {
        let (body, _) = super::shown(released).find(|(_, shown)| shown.entry == entry)?;
        let Some(Body::Document(document)) = &body.body else { return None };
        let (media_type, extension) = KINDS.into_iter().find(|(kind, _)| *kind == document.media_type).unwrap_or(OTHER);
        let (title, content) = (document.title.clone(), document.content.clone());
        (!content.is_empty()).then_some(Enclosed { title, media_type, extension, content })
    }
}

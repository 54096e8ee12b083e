//! XML, read with suspicion and written with care: the one reader and the one writer of every XML format.
//!
//! What can do harm is refused before it is understood (`security.md` S-71): a DOCTYPE, entities but the five that XML
//! itself knows, processing instructions, another encoding than the one that was agreed. What could exhaust the reader is
//! counted (S-70). Places are paths of element names, `/CaseQueryRequest/Criteria/JurisdictionCode`; a name that the
//! format does not know is written as `*`, so that no text of the sender gets into an error.

mod build;
mod element;
mod encoding;
mod limits;
mod reader;
mod writer;

#[cfg(test)]
mod tests;

pub use build::{Build, Elements};
pub use element::{Attribute, Element, Piece};
pub use encoding::decode;
pub use limits::Limits;
pub use reader::{Fault, Refusal, build, read, read_text};
pub use writer::Writer;
pub(crate) use writer::escape;

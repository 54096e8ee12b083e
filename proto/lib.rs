//! The shared record and the referral: the messages of `proto/musubi/v1`, and what follows from the labels of their
//! fields, above all the projection that a release is made with.
//!
//! The schema is the only model. A leaf without a label does not build.

// Generated code names this crate, so that the same code also serves the tests.
extern crate self as musubi_proto;

mod enums;
mod labelled;
#[cfg(feature = "testing")]
mod random;
mod tags;

pub use labelled::{DictionaryRow, Labelled, Mask, Need, category_numbers};
#[cfg(feature = "testing")]
pub use random::{Dice, Random};

/// The messages of the schema, version 1.
#[expect(missing_docs, reason = "generated: prost and pbjson do not document all they write")]
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/musubi.v1.rs"));
    include!(concat!(env!("OUT_DIR"), "/musubi.v1.serde.rs"));
}

mod labels {
    include!(concat!(env!("OUT_DIR"), "/labels.rs"));
}

/// What generated code calls. Not for others.
#[doc(hidden)]
pub mod support {
    pub use crate::enums::{Enums, inside, numbers};
    pub use crate::labelled::{
        DictionaryRow, Labelled, Mask, Need, both, keep, keep_child, keep_children, opaque_bits, raised_bits, show,
        show_child, show_children, show_leaf, show_one, told_by, told_by_child, told_by_children,
    };
    #[cfg(feature = "testing")]
    pub use crate::random::{Dice, Random};
    pub use crate::tags::{Inside, Tag, Tags, strangers};
}

/// The compiled schema with all its options and comments, for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The tags in an encoded entry that the schema does not know, as paths such as `2.99`, sorted, each once.
///
/// Decoding drops them. They cannot leave, as nothing says what they tell; but that something was not understood must
/// be said, and the bytes kept.
#[must_use]
pub fn strangers(bytes: &[u8]) -> Vec<String> {
    tags::strangers(labels::KNOWN, bytes)
}

/// The fields of an entry whose number is none of its enum's, as paths such as `person.sex`, sorted, each once.
///
/// The binary form carries such a number; the JSON form cannot be written. So it is refused when it comes in.
#[must_use]
pub fn unknown_enums(entry: &v1::Entry) -> Vec<String> {
    let mut found = enums::Enums::unknown_enums(entry);
    found.sort_unstable();
    found.dedup();
    found
}

/// Is this the path of a field, or of something below it?
#[must_use]
pub fn is_part_of(path: &str, field: &str) -> bool {
    path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// What a field of a body needs with all that is below it: the bits of [`Need`]. `None` where the schema has no such field,
/// where it tells nothing by itself, and where more than its labels decides (`whereabouts`, `opaque`).
#[must_use]
pub fn needs_of(body: &str, field: &str) -> Option<u32> {
    let field = [body, ".", field].concat();
    let rows = dictionary().iter().filter(|row| is_part_of(row.path, &field));
    let needs = |bits: Option<u32>, row: &DictionaryRow| {
        let decided = row.flags.contains("whereabouts") || row.flags.contains("opaque");
        bits.filter(|_| !decided).map(|bits| bits | row.bits)
    };
    rows.filter(|row| !row.flags.contains("structural")).fold(Some(0), needs).filter(|bits| *bits != 0)
}

/// Every leaf of an entry with what it needs, in the order of the schema.
#[must_use]
pub fn dictionary() -> &'static [DictionaryRow] {
    labels::DICTIONARY
}

//! Writes the data dictionary: every leaf, what it needs, and its comment in the schema.

use std::fmt::{Result, Write};

use prost_reflect::{FieldDescriptor, Kind};

use crate::labels::{Field, Label, Message, Model};

/// What holds for everything below a place.
#[derive(Clone, Copy, Default)]
struct Above {
    bits: u32,
    raised: bool,
    opaque: bool,
}

/// Writes the rows, walking from the root.
pub(crate) fn write(text: &mut String, model: &Model) -> Result {
    writeln!(text, "/// Every leaf of the root message.\npub(crate) static DICTIONARY: &[DictionaryRow] = &[")?;
    if let Some(root) = model.messages.get(model.root.full_name()) {
        write_message(text, model, root, "", Above::default())?;
    }
    writeln!(text, "];")
}

fn write_message(text: &mut String, model: &Model, message: &Message, prefix: &str, above: Above) -> Result {
    let above = Above {
        bits: above.bits | message.gate,
        // What the root raises holds for every row and would tell nothing.
        raised: above.raised || (message.raised.is_some() && !prefix.is_empty()),
        opaque: above.opaque || message.opaque.is_some(),
    };
    for field in &message.fields {
        let path = format!("{prefix}{}", field.descriptor.name());
        match field.label {
            Label::Fact { bits, general } => {
                let flags = flags(field, above, general, false);
                write_row(text, &field.descriptor, &path, above.bits | bits, &flags)?;
            }
            Label::Structural => {
                let flags = flags(field, above, false, true);
                write_row(text, &field.descriptor, &path, above.bits, &flags)?;
            }
            Label::Child { bits } => {
                if let Kind::Message(kind) = field.descriptor.kind()
                    && let Some(child) = model.messages.get(kind.full_name())
                {
                    let list = if field.descriptor.is_list() { "[]" } else { "" };
                    let above = Above { bits: above.bits | bits, ..above };
                    write_message(text, model, child, &format!("{path}{list}."), above)?;
                }
            }
        }
    }
    Ok(())
}

fn flags(field: &Field, above: Above, general: bool, structural: bool) -> String {
    let named = [
        (general, "general"),
        (field.whereabouts, "whereabouts"),
        (structural, "structural"),
        (above.raised, "raised"),
        (above.opaque, "opaque"),
    ];
    let set: Vec<&str> = named.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name).collect();
    set.join(" ")
}

fn write_row(text: &mut String, field: &FieldDescriptor, path: &str, bits: u32, flags: &str) -> Result {
    let list = if field.is_list() { "[]" } else { "" };
    writeln!(
        text,
        "    DictionaryRow {{ path: \"{path}{list}\", kind: {:?}, bits: {bits:#x}, flags: {flags:?}, comment: {:?} }},",
        kind(field),
        comment(field)
    )
}

fn kind(field: &FieldDescriptor) -> String {
    match field.kind() {
        Kind::Message(kind) => kind.name().to_owned(),
        Kind::Enum(kind) => kind.name().to_owned(),
        kind => format!("{kind:?}").to_lowercase(),
    }
}

/// The first line of the comment before the field, or beside it.
fn comment(field: &FieldDescriptor) -> String {
    let file = field.parent_file();
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let place = info.and_then(|info| info.location.iter().find(|location| location.path == field.path()));
    let text = place.and_then(|place| place.leading_comments.as_deref().or(place.trailing_comments.as_deref()));
    text.and_then(|text| text.trim().lines().next()).unwrap_or_default().trim().to_owned()
}

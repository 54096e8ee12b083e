//! Writes the table of every tag that the schema knows.

use std::fmt::{Result, Write};

use prost_reflect::{Kind, MessageDescriptor};

use crate::labels::Model;
use crate::names;

/// Writes one table for each message and value, and names that of the root.
pub(crate) fn write(text: &mut String, model: &Model) -> Result {
    let messages = model.messages.values().map(|message| &message.descriptor);
    for message in messages.chain(model.values.values()) {
        write_table(text, message)?;
    }
    writeln!(
        text,
        "/// What is known in the root message.\npub(crate) static KNOWN: &Tags = &{};",
        names::table(&model.root)
    )
}

fn write_table(text: &mut String, message: &MessageDescriptor) -> Result {
    writeln!(text, "static {}: Tags = Tags(&[", names::table(message))?;
    let mut fields: Vec<_> = message.fields().collect();
    fields.sort_by_key(|field| field.number());
    for field in fields {
        let inside = match field.kind() {
            Kind::Message(inner) => format!("Inside::Message(&{})", names::table(&inner)),
            _ => "Inside::Leaf".to_owned(),
        };
        writeln!(text, "    Tag {{ number: {}, inside: {inside} }},", field.number())?;
    }
    writeln!(text, "]);")
}

//! Writes the search for numbers that are none of their enum's, of every message that holds an enum.

use std::collections::BTreeSet;
use std::fmt::{Result, Write};

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor};

use crate::labels::Model;
use crate::names;

/// Writes the search of every message and value of the schema itself.
pub(crate) fn write(text: &mut String, model: &Model) -> Result {
    let package = model.root.package_name();
    let messages = model.messages.values().map(|message| &message.descriptor).chain(model.values.values());
    for message in messages.filter(|message| message.package_name() == package && holds_enum(message)) {
        writeln!(text, "impl Enums for {} {{", names::message(message))?;
        writeln!(text, "    fn unknown_enums(&self) -> Vec<String> {{\n        let mut found = Vec::new();")?;
        for field in message.fields().filter(|field| names::real_oneof(field).is_none()) {
            write_search(text, &field, &format!("&self.{}", names::member(field.name())))?;
        }
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            if oneof.fields().any(|field| leads_to_enum(&field)) {
                write_oneof(text, &oneof)?;
            }
        }
        writeln!(text, "        found\n    }}\n}}")?;
    }
    Ok(())
}

/// Searches one field at this place. A field without any enum is not searched.
fn write_search(text: &mut String, field: &FieldDescriptor, place: &str) -> Result {
    let name = field.name();
    match field.kind() {
        Kind::Enum(kind) => writeln!(text, "        numbers({place}, &{:?}, {name:?}, &mut found);", known(&kind)),
        Kind::Message(inner) if holds_enum(&inner) => {
            writeln!(text, "        inside({place}, {name:?}, &mut found);")
        }
        _ => Ok(()),
    }
}

fn write_oneof(text: &mut String, oneof: &OneofDescriptor) -> Result {
    let path = names::oneof(oneof);
    writeln!(text, "        match &self.{} {{", names::member(oneof.name()))?;
    for field in oneof.fields() {
        let place = match field.kind() {
            Kind::Enum(_) => "inner",
            Kind::Message(inner) if holds_enum(&inner) => "[inner]",
            _ => continue,
        };
        writeln!(text, "            Some({path}::{}(inner)) => {{", names::variant(&field))?;
        write_search(text, &field, place)?;
        writeln!(text, "            }}")?;
    }
    writeln!(text, "            _ => {{}}\n        }}")
}

/// Is it an enum, or a message that holds one?
fn leads_to_enum(field: &FieldDescriptor) -> bool {
    match field.kind() {
        Kind::Enum(_) => true,
        Kind::Message(inner) => holds_enum(&inner),
        _ => false,
    }
}

/// Is there an enum in the message, or in any that it holds?
fn holds_enum(message: &MessageDescriptor) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![message.clone()];
    while let Some(message) = open.pop() {
        if !seen.insert(message.full_name().to_owned()) {
            continue;
        }
        for field in message.fields() {
            match field.kind() {
                Kind::Enum(_) => return true,
                Kind::Message(inner) => open.push(inner),
                _ => {}
            }
        }
    }
    false
}

fn known(kind: &EnumDescriptor) -> Vec<i32> {
    let numbers: BTreeSet<i32> = kind.values().map(|value| value.number()).collect();
    numbers.into_iter().collect()
}

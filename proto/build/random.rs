//! Writes the random records of the property tests.

use std::fmt::{Result, Write};

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use crate::labels::Model;
use crate::names;

/// Writes `Random` for every message and value, behind the feature `testing`.
pub(crate) fn write(text: &mut String, model: &Model) -> Result {
    let messages = model.messages.values().map(|message| &message.descriptor);
    let values = model.values.values().filter(|value| value.package_name() != "google.protobuf");
    for message in messages.chain(values) {
        write_message(text, message)?;
    }
    Ok(())
}

fn write_message(text: &mut String, message: &MessageDescriptor) -> Result {
    writeln!(text, "#[cfg(feature = \"testing\")]\nimpl Random for {} {{", names::message(message))?;
    writeln!(text, "    fn random(dice: &mut Dice) -> Self {{\n        Self {{")?;
    for field in message.fields().filter(|field| names::real_oneof(field).is_none()) {
        let name = names::member(field.name());
        if field.is_list() {
            writeln!(text, "            {name}: dice.few({}),", make(&field))?;
        } else if names::is_option(&field) {
            writeln!(text, "            {name}: dice.maybe({}),", make(&field))?;
        } else {
            writeln!(text, "            {name}: {},", one(&field))?;
        }
    }
    for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
        let path = names::oneof(&oneof);
        let count = oneof.fields().len();
        writeln!(text, "            {}: match dice.below({count} + 1) {{", names::member(oneof.name()))?;
        for (index, field) in oneof.fields().enumerate() {
            writeln!(text, "                {index} => Some({path}::{}({})),", names::variant(&field), one(&field))?;
        }
        writeln!(text, "                _ => None,\n            }},")?;
    }
    writeln!(text, "        }}\n    }}\n}}")
}

/// The expression for one value of the field.
fn one(field: &FieldDescriptor) -> String {
    match maker(field) {
        Some(path) => format!("{path}(dice)"),
        None => pick(field),
    }
}

/// The function that makes one value of the field.
fn make(field: &FieldDescriptor) -> String {
    match maker(field) {
        Some(path) => path.to_owned(),
        None => format!("|dice| {}", pick(field)),
    }
}

/// The path of a function that makes any value of the field's type; none for an enum.
fn maker(field: &FieldDescriptor) -> Option<&'static str> {
    Some(match field.kind() {
        Kind::Double => "Dice::double",
        Kind::Float => "Dice::float",
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => "Dice::int32",
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => "Dice::int64",
        Kind::Uint32 | Kind::Fixed32 => "Dice::uint32",
        Kind::Uint64 | Kind::Fixed64 => "Dice::uint64",
        Kind::Bool => "Dice::coin",
        Kind::String => "Dice::text",
        Kind::Bytes => "Dice::bytes",
        Kind::Message(_) => "Random::random",
        Kind::Enum(_) => return None,
    })
}

/// The expression for one number of an enum.
fn pick(field: &FieldDescriptor) -> String {
    let Kind::Enum(kind) = field.kind() else { return String::new() };
    let numbers: Vec<String> = kind.values().map(|value| value.number().to_string()).collect();
    format!("dice.pick(&[{}])", numbers.join(", "))
}

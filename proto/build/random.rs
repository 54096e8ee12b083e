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
        let one = one(&field);
        if field.is_list() {
            writeln!(text, "            {name}: dice.few(|dice| {one}),")?;
        } else if names::is_option(&field) {
            writeln!(text, "            {name}: dice.maybe(|dice| {one}),")?;
        } else {
            writeln!(text, "            {name}: {one},")?;
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
    match field.kind() {
        Kind::Double => "dice.double()".to_owned(),
        Kind::Float => "dice.float()".to_owned(),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => "dice.int32()".to_owned(),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => "dice.int64()".to_owned(),
        Kind::Uint32 | Kind::Fixed32 => "dice.uint32()".to_owned(),
        Kind::Uint64 | Kind::Fixed64 => "dice.uint64()".to_owned(),
        Kind::Bool => "dice.coin()".to_owned(),
        Kind::String => "dice.text()".to_owned(),
        Kind::Bytes => "dice.bytes()".to_owned(),
        Kind::Enum(kind) => {
            let numbers: Vec<String> = kind.values().map(|value| value.number().to_string()).collect();
            format!("dice.pick(&[{}])", numbers.join(", "))
        }
        Kind::Message(_) => "Random::random(dice)".to_owned(),
    }
}

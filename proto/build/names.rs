//! The Rust names that prost gives to what the schema names.

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use prost_reflect::{Cardinality, FieldDescriptor, MessageDescriptor, OneofDescriptor};

/// The words that prost writes as raw identifiers.
const KEYWORDS: [&str; 14] =
    ["type", "ref", "match", "move", "use", "where", "for", "in", "as", "loop", "enum", "struct", "trait", "yield"];

/// A field or oneof as prost names it.
pub(crate) fn member(name: &str) -> String {
    let name = name.to_snake_case();
    if KEYWORDS.contains(&name.as_str()) { format!("r#{name}") } else { name }
}

/// A member of a oneof as prost names it.
pub(crate) fn variant(field: &FieldDescriptor) -> String {
    field.name().to_upper_camel_case()
}

/// The path of a message's type, seen from the module of the labels.
pub(crate) fn message(message: &MessageDescriptor) -> String {
    format!("{}{}", module_of(message), message.name().to_upper_camel_case())
}

/// The path of a oneof's type, seen from the module of the labels.
pub(crate) fn oneof(oneof: &OneofDescriptor) -> String {
    let parent = oneof.parent_message();
    format!("{}{}::{}", module_of(parent), member(parent.name()), oneof.name().to_upper_camel_case())
}

fn module_of(message: &MessageDescriptor) -> String {
    let mut modules = Vec::new();
    let mut parent = message.parent_message();
    while let Some(outer) = parent {
        modules.push(format!("{}::", member(outer.name())));
        parent = outer.parent_message();
    }
    let package = message.package_name().rsplit('.').next().unwrap_or_default();
    modules.push(format!("super::{package}::"));
    modules.into_iter().rev().collect()
}

/// A name for the static that belongs to a message.
pub(crate) fn table(message: &MessageDescriptor) -> String {
    message.full_name().replace('.', "_").to_shouty_snake_case()
}

/// The oneof that a field is a member of; what `optional` makes does not count.
pub(crate) fn real_oneof(field: &FieldDescriptor) -> Option<OneofDescriptor> {
    field.containing_oneof().filter(|oneof| !oneof.is_synthetic())
}

/// Whether prost holds the field in an `Option`.
pub(crate) fn is_option(field: &FieldDescriptor) -> bool {
    field.cardinality() != Cardinality::Repeated && field.supports_presence()
}

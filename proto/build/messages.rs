//! Compiles the schema and writes the messages, their JSON and their silent `Debug`.

use std::error::Error;
use std::fmt::Write;
use std::path::Path;

use prost_reflect::{DescriptorPool, MessageDescriptor};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FileDescriptorSet};

use crate::names;

/// A compiled schema.
pub(crate) struct Schema {
    /// With all options: the labels are read here, as the types of prost drop them.
    pub(crate) pool: DescriptorPool,
    /// The same, encoded.
    pub(crate) bytes: Vec<u8>,
    files: FileDescriptorSet,
}

/// Compiles these files.
pub(crate) fn compile(files: &[String]) -> Result<Schema, Box<dyn Error>> {
    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(true).open_files(files)?;
    Ok(Schema {
        pool: compiler.descriptor_pool(),
        bytes: compiler.encode_file_descriptor_set(),
        files: compiler.file_descriptor_set(),
    })
}

/// Writes the messages of one package; another package may be found elsewhere.
pub(crate) fn write_rust(
    schema: &Schema,
    package: &str,
    elsewhere: Option<(&str, &str)>,
    out: &Path,
) -> Result<(), Box<dyn Error>> {
    let mut config = prost_build::Config::new();
    config.out_dir(out).extern_path(".google.protobuf", "::pbjson_types").compile_well_known_types();
    if let Some((schema_path, rust_path)) = elsewhere {
        config.extern_path(schema_path, rust_path);
    }
    let messages = messages_of(&schema.pool, package);
    config.skip_debug(messages.iter().map(|message| format!(".{}", message.full_name())));
    config.compile_fds(packed(schema.files.clone()))?;
    Ok(())
}

/// Writes the JSON form of one package.
pub(crate) fn write_json(schema: &Schema, package: &str, out: &Path) -> Result<(), Box<dyn Error>> {
    pbjson_build::Builder::new().register_descriptors(&schema.bytes)?.out_dir(out).build(&[package])?;
    Ok(())
}

/// Writes a `Debug` that prints the name of a message and nothing of what is in it.
pub(crate) fn write_debug(text: &mut String, pool: &DescriptorPool, package: &str) -> std::fmt::Result {
    for message in messages_of(pool, package) {
        write_silent_debug(text, &names::message(&message), message.name())?;
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            write_silent_debug(text, &names::oneof(&oneof), oneof.name())?;
        }
    }
    Ok(())
}

fn write_silent_debug(text: &mut String, path: &str, name: &str) -> std::fmt::Result {
    writeln!(
        text,
        "impl ::core::fmt::Debug for {path} {{\n    \
         fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{ f.write_str({name:?}) }}\n}}"
    )
}

fn messages_of(pool: &DescriptorPool, package: &str) -> Vec<MessageDescriptor> {
    pool.all_messages().filter(|message| message.package_name() == package && !message.is_map_entry()).collect()
}

/// Says in words what proto3 means: repeated numbers are packed. prost-build takes a field that has any option, as every
/// labelled field has, for one that is not.
fn packed(mut files: FileDescriptorSet) -> FileDescriptorSet {
    for file in files.file.iter_mut().filter(|file| file.syntax() == "proto3") {
        file.message_type.iter_mut().for_each(pack_message);
    }
    files
}

fn pack_message(message: &mut DescriptorProto) {
    for field in message.field.iter_mut().filter(|field| field.label() == Label::Repeated) {
        let can_pack = !matches!(field.r#type(), Type::String | Type::Bytes | Type::Message | Type::Group);
        if can_pack && let Some(options) = &mut field.options {
            options.packed.get_or_insert(true);
        }
    }
    message.nested_type.iter_mut().for_each(pack_message);
}

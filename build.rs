//! Makes the hub's services from the schema. The hub gets no type for any message of the record: where a service carries
//! one, it stands for a type of `musubi-core` that only the rules can make (`proto` holds the same files for the core).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

type Failure = Box<dyn std::error::Error>;

const SCHEMA: &str = "proto";
const SERVICE: &str = "_service.proto";

/// Messages of the record's side that cross the wire, and the core types that stand for them in a server and in a client.
const ON_THE_WIRE: [(&str, &str, &str); 3] = [
    ("Submission", "::musubi_core::record::Submission", "::musubi_core::wire::agency_side::Draft"),
    ("ReleasedRecord", "::musubi_core::release::Released", "::musubi_core::wire::agency_side::Received"),
    ("OutgoingDelivery", "::musubi_core::release::Dispatch", "::musubi_core::wire::agency_side::Delivered"),
];

fn main() -> Result<(), Failure> {
    println!("cargo:rerun-if-changed={SCHEMA}/musubi");
    let files = service_files()?;
    let mut compiler = protox::Compiler::new([SCHEMA])?;
    compiler.include_imports(true).include_source_info(true).open_files(&files)?;
    let descriptors = compiler.file_descriptor_set();
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;
    let plain = plain_messages(&descriptors);
    for (side, server) in [("server", true), ("client", false)] {
        let folder = out.join(side);
        std::fs::create_dir_all(&folder)?;
        let mut builder = tonic_prost_build::configure()
            .build_server(server)
            .build_client(!server)
            .build_transport(false)
            .out_dir(&folder)
            .codec_path("crate::edge::grpc::wall::Disclosing");
        for name in record_names(&descriptors) {
            let core = ON_THE_WIRE
                .iter()
                .find(|(wire, ..)| *wire == name)
                .map(|(_, hub, agency)| if server { (*hub).to_owned() } else { (*agency).to_owned() });
            let rust = core.unwrap_or_else(|| format!("::bare_records_stay_in_core::{name}"));
            builder = builder.extern_path(format!(".musubi.v1.{name}"), rust);
        }
        builder.compile_fds(descriptors.clone())?;
        std::fs::write(folder.join("plain.rs"), plain_list(&plain))?;
    }
    Ok(())
}

fn service_files() -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(Path::new(SCHEMA).join("musubi/v1"))? {
        let name = entry?.file_name();
        if name.to_string_lossy().ends_with(SERVICE) {
            files.push(Path::new("musubi/v1").join(name));
        }
    }
    files.sort();
    Ok(files)
}

fn is_service(file: &prost_types::FileDescriptorProto) -> bool {
    file.name().ends_with(SERVICE)
}

/// Names of all messages and enums outside the service files.
fn record_names(descriptors: &prost_types::FileDescriptorSet) -> BTreeSet<String> {
    let record = descriptors.file.iter().filter(|file| file.package() == "musubi.v1" && !is_service(file));
    record
        .flat_map(|file| {
            let messages = file.message_type.iter().map(|message| message.name().to_owned());
            messages.chain(file.enum_type.iter().map(|values| values.name().to_owned()))
        })
        .collect()
}

/// Names of the messages in the service files: codes, places, ids, receipts.
fn plain_messages(descriptors: &prost_types::FileDescriptorSet) -> Vec<String> {
    let services = descriptors.file.iter().filter(|file| is_service(file));
    services.flat_map(|file| file.message_type.iter().map(|message| message.name().to_owned())).collect()
}

fn plain_list(names: &[String]) -> String {
    let list: Vec<String> = names.iter().map(|name| format!("    {name},\n")).collect();
    format!("crate::edge::grpc::wall::plain! {{\n{}}}\n", list.concat())
}

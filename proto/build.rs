//! Makes the record from its schema: the messages, their JSON, and everything that follows from the labels.

#[path = "build/dictionary.rs"]
mod dictionary;
#[path = "build/enums.rs"]
mod enums;
#[path = "build/labels.rs"]
mod labels;
#[path = "build/messages.rs"]
mod messages;
#[path = "build/names.rs"]
mod names;
#[path = "build/projection.rs"]
mod projection;
#[path = "build/random.rs"]
mod random;
#[path = "build/tags.rs"]
mod tags;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The entry: every fact of the record is found by walking from here.
const ROOT: &str = "musubi.v1.Entry";
/// The small schema that the tests of this crate use; it has every kind of label.
const TRIAL: &str = "tests/schemas/trial.proto";

fn main() -> Result<(), Box<dyn Error>> {
    for path in ["build.rs", "build", "musubi/v1", TRIAL] {
        println!("cargo:rerun-if-changed={path}");
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let record = messages::compile(&record_files()?)?;
    messages::write_rust(&record, "musubi.v1", None, &out)?;
    messages::write_json(&record, ".musubi.v1", &out)?;
    fs::write(out.join("descriptors.bin"), &record.bytes)?;
    write_labels(&record, ROOT, "musubi.v1", &out.join("labels.rs"))?;

    let trial_folder = out.join("trial");
    fs::create_dir_all(&trial_folder)?;
    let trial = messages::compile(&[TRIAL.to_owned()])?;
    messages::write_rust(&trial, "musubi.trial", Some((".musubi.v1", "::musubi_proto::v1")), &trial_folder)?;
    fs::write(trial_folder.join("descriptors.bin"), &trial.bytes)?;
    write_labels(&trial, "musubi.trial.Entry", "musubi.trial", &trial_folder.join("labels.rs"))
}

/// Every schema file of the record; the hub compiles the services itself.
fn record_files() -> Result<Vec<String>, Box<dyn Error>> {
    let mut files = Vec::new();
    for file in fs::read_dir("musubi/v1")? {
        let name = file?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".proto") && !name.ends_with("_service.proto") && name != "services.proto" {
            files.push(format!("musubi/v1/{name}"));
        }
    }
    files.sort();
    Ok(files)
}

fn write_labels(schema: &messages::Schema, root: &str, package: &str, path: &Path) -> Result<(), Box<dyn Error>> {
    let model = match labels::read(&schema.pool, root) {
        Ok(model) => model,
        Err(faults) => return Err(format!("the schema cannot be released from:\n{}", faults.join("\n")).into()),
    };
    let mut text = String::new();
    projection::write(&mut text, &model)?;
    random::write(&mut text, &model)?;
    messages::write_debug(&mut text, &schema.pool, package)?;
    tags::write(&mut text, &model)?;
    enums::write(&mut text, &model)?;
    dictionary::write(&mut text, &model)?;
    fs::write(path, text)?;
    Ok(())
}

//! `musubi client receive`: what was sent to the agency, into a folder. A delivery is acknowledged only when each of its
//! files is on disk under its final name.

use super::show::fields;
use super::{Calling, Exit, Failure, Stopped};
use crate::edge::grpc::client as grpc;
use clap::Args;
use musubi_core::wire::agency_side::Delivered;
use musubi_verify::private;
use musubi_verify::whole::{self, Readers};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Where deliveries go.
#[derive(Args, Debug)]
#[command(after_help = "\
On stdout a line for each file: DELIVERY, FORMAT, PATH. A delivery that has been acknowledged does not come again; one \
that was not comes again and replaces its files. How far it has read is kept in DIR/.cursor: a run that was cut off goes on \
behind what it has on disk; without that file everything comes that is not acknowledged, the oldest first.")]
pub(super) struct Arguments {
    /// Folder to write to; made when it is not there (書き出すフォルダ)
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Formats wanted; none: those of the subscription (形式)
    #[arg(long = "format", value_name = "FORMAT")]
    formats: Vec<String>,
    /// Most deliveries to fetch; 0: all that wait (受け取る件数の上限)
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    limit: u32,
}

/// File in the folder: the last delivery that is in it, and its cursor.
const CURSOR: &str = ".cursor";
/// Deliveries of one call.
const BATCH: u32 = 100;
/// Longest file name part that comes from the hub.
const NAME_BYTES_MAX: usize = 64;

/// Fetches, writes, acknowledges, until nothing more waits.
pub(super) async fn run(arguments: &Arguments, mut calling: Calling<'_, '_>) -> Result<Exit, Stopped> {
    private::folder(&arguments.out).map_err(|error| unwritable(&arguments.out, &error))?;
    let mut fetched =
        Fetched { left: if arguments.limit == 0 { u32::MAX } else { arguments.limit }, ..Fetched::default() };
    fetched.resume(&arguments.out, &mut calling).await?;
    while fetched.left > 0 {
        let before = fetched.left;
        let unwritten = fetched.batch(arguments, &mut calling).await?;
        if unwritten || fetched.left == before {
            break;
        }
    }
    if calling.json {
        calling.print_json(&Value::Array(std::mem::take(&mut fetched.listed)))?;
    }
    Ok(if fetched.faults == 0 { Exit::Success } else { Exit::Refused })
}

#[derive(Default)]
struct Fetched {
    left: u32,
    cursor: String,
    faults: usize,
    listed: Vec<Value>,
}

impl Fetched {
    /// Where the last run was cut off. What it had on disk last may not have been acknowledged.
    async fn resume(&mut self, folder: &Path, calling: &mut Calling<'_, '_>) -> Result<(), Stopped> {
        let kept = match std::fs::read_to_string(folder.join(CURSOR)) {
            Ok(kept) => kept,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(unwritable(&folder.join(CURSOR), &error).into()),
        };
        if let Some((id, cursor)) = kept.trim_end().split_once(' ') {
            let delivery_ids = vec![id.to_owned()];
            calling.client.deliveries().acknowledge(grpc::AcknowledgeRequest { delivery_ids }).await?;
            cursor.clone_into(&mut self.cursor);
        }
        Ok(())
    }

    /// The answer behind the cursor; where the hub does not take that one, from the oldest that is not acknowledged.
    async fn answer(
        &mut self,
        arguments: &Arguments,
        calling: &mut Calling<'_, '_>,
    ) -> Result<tonic::Streaming<Delivered>, Stopped> {
        loop {
            let (limit, formats, cursor) = (self.left.min(BATCH), arguments.formats.clone(), self.cursor.clone());
            match calling.client.deliveries().receive(grpc::ReceiveRequest { limit, formats, cursor }).await {
                Ok(answer) => return Ok(answer.into_inner()),
                Err(refused) if !self.cursor.is_empty() && refused.code() == tonic::Code::InvalidArgument => {
                    writeln!(calling.terminal.err, "{}", refused.message())?;
                    self.cursor.clear();
                }
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// One call. Answers whether something could not be written: it would come again at once.
    async fn batch(&mut self, arguments: &Arguments, calling: &mut Calling<'_, '_>) -> Result<bool, Stopped> {
        let mut stream = self.answer(arguments, calling).await?;
        let mut unwritten = false;
        while let Some(delivered) = stream.message().await? {
            let files = match write_all(&arguments.out, &delivered)? {
                Written::Files(files) => files,
                Written::Nothing(why) => {
                    writeln!(calling.terminal.err, "{why}")?;
                    (self.faults, unwritten) = (self.faults + 1, true);
                    continue;
                }
            };
            // Behind what is not on disk the cursor never goes.
            if !unwritten {
                delivered.cursor().clone_into(&mut self.cursor);
                let (path, kept) = (arguments.out.join(CURSOR), format!("{} {}\n", delivered.id(), self.cursor));
                whole::put(&path, kept.as_bytes(), Readers::Owner).map_err(|error| unwritable(&path, &error))?;
            }
            let delivery_ids = vec![delivered.id().to_owned()];
            calling.client.deliveries().acknowledge(grpc::AcknowledgeRequest { delivery_ids }).await?;
            self.left = self.left.saturating_sub(1);
            self.listed.push(listed(&delivered, &files));
            for (format, path) in files.iter().filter(|_| !calling.json) {
                let path = path.display().to_string();
                writeln!(calling.terminal.out, "{}", fields(&[delivered.id(), format, &path]))?;
            }
        }
        Ok(unwritten)
    }
}

fn listed(delivered: &Delivered, files: &[(String, PathBuf)]) -> Value {
    let files: Vec<Value> =
        files.iter().map(|(format, path)| json!({ "format": format, "path": path.display().to_string() })).collect();
    json!({ "deliveryId": delivered.id(), "kind": delivered.kind(), "files": files })
}

enum Written {
    Files(Vec<(String, PathBuf)>),
    Nothing(&'static str),
}

/// Writes each rendering of a delivery and makes the folder's entries durable.
fn write_all(folder: &Path, delivered: &Delivered) -> Result<Written, Failure> {
    let formats = delivered.formats();
    if formats.is_empty() {
        return Ok(Written::Nothing(
            "warning CL06 delivery 希望の形式では表せないため受け取っていません。 / \
             It has none of the formats wanted; it was not acknowledged.",
        ));
    }
    let mut files = Vec::new();
    for format in formats {
        let (Some(name), Some(content)) = (file_name(delivered.id(), format), delivered.rendering(format)) else {
            return Ok(Written::Nothing(
                "error CL07 delivery ファイル名にできない番号または形式です。 / \
                 Its id or format cannot be a file name; it was not acknowledged.",
            ));
        };
        let path = folder.join(name);
        whole::place(&path, content, Readers::Owner).map_err(|error| unwritable(&path, &error))?;
        files.push((format.to_owned(), path));
    }
    private::sync_folder(folder).map_err(|error| unwritable(folder, &error))?;
    Ok(Written::Files(files))
}

/// `ID.FORMAT.EXTENSION`. What comes from the hub never leaves the folder.
fn file_name(id: &str, format: &str) -> Option<String> {
    let harmless = |part: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !part.is_empty() && part.len() <= NAME_BYTES_MAX && part.bytes().all(plain)
    };
    (harmless(id) && harmless(format)).then(|| format!("{id}.{format}.{}", extension(format)))
}

fn extension(format: &str) -> &str {
    match format {
        "hl7v2" => "hl7",
        "cda" => "xml",
        "record" => "json",
        _ => match format.rsplit_once('-') {
            Some((_, last @ ("html" | "csv" | "json" | "xml" | "xlsx"))) => last,
            _ => "csv",
        },
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::Fault(format!("{}: cannot be written: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_file_is_named_by_delivery_and_format() {
        assert_eq!(file_name("018f", "notice-html").unwrap(), "018f.notice-html.html");
        assert_eq!(file_name("018f", "hl7v2").unwrap(), "018f.hl7v2.hl7");
        assert_eq!(file_name("018f", "pv01").unwrap(), "018f.pv01.csv");
        assert_eq!(file_name("018f", "pv01-xlsx").unwrap(), "018f.pv01-xlsx.xlsx");
    }

    #[test]
    fn no_name_from_the_hub_leaves_the_folder() {
        for (id, format) in [("../x", "pv01"), ("x", "../pv01"), ("", "pv01"), ("x", ""), ("a/b", "c"), ("a\0", "c")] {
            assert_eq!(file_name(id, format), None);
        }
    }
}

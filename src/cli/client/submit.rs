//! `musubi client submit`: files to the hub, each answered when it is on disk.

use super::acknowledgement::Acknowledgement;
use super::show::{Shown, diagnostic, diagnostic_json, fields, plain, status_lines};
use super::{Calling, Exit, Failure, Stopped};
use crate::agency_client::AgencyClient;
use crate::cli::Terminal;
use crate::edge::grpc::MESSAGE_BYTES_MAX;
use crate::edge::grpc::client as grpc;
use crate::edge::mllp_io::MllpClient;
use clap::Args;
use indicatif::ProgressBar;
use musubi_core::wire::agency_side::Draft;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tonic::Code;

/// Files to hand in.
#[derive(Args, Debug)]
#[command(after_help = "\
On stdout a line for each message or row: FILE, PLACE, taken|repeated|refused, then the receipt; with --mllp: FILE, \
MSA-1, MSA-2, MSA-3. Diagnostics and ERR segments go to stderr, which ends with `N taken, N refused`.")]
pub(super) struct Arguments {
    /// Send HL7 v2 over MLLP, a message a file (HL7 v2をMLLPで送る)
    #[arg(long, conflicts_with = "format")]
    mllp: bool,
    /// Format of the files; `auto` recognises it, `record` is JSON of the schema (形式)
    #[arg(long, value_name = "FORMAT", default_value = AUTO)]
    format: String,
    /// Files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

const AUTO: &str = "auto";
const RECORD: &str = "record";
/// Room for the other fields of a request beside the file.
const REQUEST_ROOM: u64 = 1024;

/// What became of one message, row or file.
struct Answer {
    place: String,
    taken: bool,
    line: String,
    json: Value,
    diagnostics: Vec<String>,
}

impl Answer {
    fn refused(place: &str, diagnostics: Vec<String>) -> Self {
        let json = json!({ "place": place, "refused": true, "diagnostics": diagnostics });
        Answer { place: place.to_owned(), taken: false, line: "refused".to_owned(), json, diagnostics }
    }
}

/// The way that files go.
enum Way {
    Mllp(Option<Box<MllpClient>>),
    Record,
    Document(String),
}

/// Hands in each file and says what became of it.
pub(super) async fn run(arguments: &Arguments, calling: Calling<'_, '_>) -> Result<Exit, Stopped> {
    let Calling { client, json, terminal, .. } = calling;
    let mut way = match (arguments.mllp, arguments.format.as_str()) {
        (true, _) => Way::Mllp(None),
        (false, RECORD) => Way::Record,
        (false, format) => Way::Document(format.to_owned()),
    };
    let several = arguments.files.len() > 1;
    let bar = if terminal.progress && several {
        ProgressBar::new(arguments.files.len() as u64)
    } else {
        ProgressBar::hidden()
    };
    let mut report = Report { json, several, taken: 0, refused: 0, files: Vec::new() };
    for file in &arguments.files {
        let answers = match terminal.read(file, MESSAGE_BYTES_MAX as u64 - REQUEST_ROOM) {
            Ok(bytes) => way.send(&client, file, bytes).await,
            Err(failure) => Ok(vec![Answer::refused("file", vec![format!("error M003 file {failure}")])]),
        };
        let answers = match answers {
            Ok(answers) => answers,
            Err(stopped) => {
                bar.finish_and_clear();
                report.finish(terminal)?;
                return Err(stopped);
            }
        };
        bar.suspend(|| report.file(file, answers, terminal))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    report.finish(terminal)?;
    Ok(if report.refused == 0 { Exit::Success } else { Exit::Refused })
}

impl Way {
    /// Sends one file. An error means that it is of no use to send the next.
    async fn send(&mut self, client: &AgencyClient, file: &Path, bytes: Vec<u8>) -> Result<Vec<Answer>, Stopped> {
        match self {
            Way::Mllp(connection) => Ok(vec![over_mllp(connection, client, &bytes).await?]),
            Way::Record => records(client, &bytes).await,
            Way::Document(format) => document(client, format, file, bytes).await,
        }
    }
}

async fn over_mllp(
    connection: &mut Option<Box<MllpClient>>,
    client: &AgencyClient,
    message: &[u8],
) -> Result<Answer, Stopped> {
    // After an error a connection is of no more use; the next message opens another.
    let mut open = match connection.take() {
        Some(open) => open,
        None => Box::new(client.mllp().await.map_err(|error| Failure::Fault(error.to_string()))?),
    };
    let answer = match open.send(message).await {
        Ok(answer) => answer,
        Err(error) => return Ok(Answer::refused("message", vec![format!("error CL03 MSA {error}")])),
    };
    *connection = Some(open);
    Ok(acknowledged(&answer))
}

fn acknowledged(bytes: &[u8]) -> Answer {
    let Some(read) = Acknowledgement::read(bytes) else {
        let said = "error CL04 MSA 応答に MSA がありません。 / The answer has no MSA.";
        return Answer::refused("message", vec![said.to_owned()]);
    };
    Answer {
        place: "message".to_owned(),
        taken: read.taken(),
        line: fields(&[&read.code, &read.control_id, &read.receipt]),
        json: json!({
            "code": read.code, "controlId": read.control_id, "receipt": read.receipt, "errors": read.errors,
        }),
        diagnostics: read.errors.iter().map(|error| plain(error)).collect(),
    }
}

async fn records(client: &AgencyClient, bytes: &[u8]) -> Result<Vec<Answer>, Stopped> {
    let mut answers = Vec::new();
    for (number, draft) in drafts(bytes).into_iter().enumerate() {
        let place = format!("submission {}", number + 1);
        let answer = match draft {
            Err(line) => Answer::refused(&place, vec![line]),
            Ok(draft) => match client.intake().submit(draft).await {
                Ok(receipt) => taken(&place, &receipt.into_inner(), &[]),
                Err(status) if stops(status.code()) => return Err(status.into()),
                Err(status) => Answer::refused(&place, status_lines(&status)),
            },
        };
        answers.push(answer);
    }
    Ok(answers)
}

/// One submission, or an array of them.
fn drafts(bytes: &[u8]) -> Vec<Result<Draft, String>> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return vec![Err("error M001 file UTF-8ではありません。 / Not UTF-8.".to_owned())];
    };
    let draft = |text: &str| {
        let unreadable = |fault| format!("error M001 file Submission ではありません。 / Not a Submission ({fault}).");
        Draft::from_json(text).map_err(unreadable)
    };
    match serde_json::from_str::<Vec<Value>>(text) {
        Ok(list) => list.iter().map(|value| draft(&value.to_string())).collect(),
        Err(_) => vec![draft(text)],
    }
}

async fn document(client: &AgencyClient, format: &str, file: &Path, content: Vec<u8>) -> Result<Vec<Answer>, Stopped> {
    let file_name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let request = grpc::SubmitDocumentRequest { format: format.to_owned(), content, file_name };
    let answer = match client.intake().submit_document(request).await {
        Ok(answer) => answer.into_inner(),
        Err(status) if stops(status.code()) => return Err(status.into()),
        Err(status) => return Ok(vec![Answer::refused("file", status_lines(&status))]),
    };
    let mut answers: Vec<Answer> = answer.rows.iter().map(row).collect();
    let said: Vec<String> = answer.diagnostics.iter().map(diagnostic).collect();
    let wrong = answer.diagnostics.iter().any(|said| said.severity == "error");
    if answers.is_empty() || wrong {
        answers.insert(0, Answer::refused("file", said));
    } else if let Some(first) = answers.first_mut() {
        first.diagnostics.splice(0..0, said);
    }
    Ok(answers)
}

fn row(answer: &grpc::RowAnswer) -> Answer {
    match &answer.receipt {
        Some(receipt) => taken(&answer.place, receipt, &answer.diagnostics),
        None => Answer {
            json: json!({
                "place": answer.place, "refused": true,
                "diagnostics": answer.diagnostics.iter().map(diagnostic_json).collect::<Vec<_>>(),
            }),
            ..Answer::refused(&answer.place, answer.diagnostics.iter().map(diagnostic).collect())
        },
    }
}

fn taken(place: &str, receipt: &grpc::Receipt, beside: &[grpc::Diagnostic]) -> Answer {
    let said: Vec<&grpc::Diagnostic> = beside.iter().chain(&receipt.diagnostics).collect();
    Answer {
        place: place.to_owned(),
        taken: true,
        line: receipt.lines().concat(),
        json: json!({
            "place": place, "receipt": receipt.json(),
            "diagnostics": said.iter().map(|said| diagnostic_json(said)).collect::<Vec<_>>(),
        }),
        diagnostics: said.into_iter().map(diagnostic).collect(),
    }
}

/// The next file would be answered alike.
fn stops(code: Code) -> bool {
    matches!(code, Code::Unavailable | Code::Unknown | Code::Unauthenticated | Code::PermissionDenied)
}

/// Writes answers and counts.
struct Report {
    json: bool,
    several: bool,
    taken: usize,
    refused: usize,
    files: Vec<Value>,
}

impl Report {
    fn file(&mut self, file: &Path, answers: Vec<Answer>, terminal: &mut Terminal<'_>) -> Result<(), Stopped> {
        let name = plain(&file.display().to_string());
        let rows = answers.len() > 1;
        for answer in &answers {
            if answer.taken {
                self.taken += 1
            } else {
                self.refused += 1
            }
            if !self.json {
                writeln!(terminal.out, "{name}\t{}\t{}", plain(&answer.place), answer.line)?;
            }
            for line in &answer.diagnostics {
                let file = if self.several { format!("{name}: ") } else { String::new() };
                let place = if rows { format!("{}: ", plain(&answer.place)) } else { String::new() };
                writeln!(terminal.err, "{file}{place}{line}")?;
            }
        }
        if self.json {
            let rows: Vec<Value> = answers.into_iter().map(|answer| answer.json).collect();
            self.files.push(json!({ "file": name, "answers": rows }));
        }
        Ok(())
    }

    fn finish(&mut self, terminal: &mut Terminal<'_>) -> Result<(), Stopped> {
        if self.json {
            writeln!(terminal.out, "{:#}", Value::Array(std::mem::take(&mut self.files)))?;
        }
        terminal.out.flush()?;
        writeln!(terminal.err, "{} taken, {} refused", self.taken, self.refused)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_becomes_a_line_and_its_errors_diagnostics() {
        let answer = acknowledged(b"MSH|^~\\&|M|O|A|H|20261030||ACK|9|P|2.5\rMSA|AE|A-1\rERR||PID^1^7|102|E|H006\r");
        assert!(!answer.taken);
        assert_eq!(answer.line, "AE\tA-1\t");
        assert_eq!(answer.diagnostics, ["ERR||PID^1^7|102|E|H006"]);
    }

    #[test]
    fn bytes_that_are_no_acknowledgement_count_as_refused() {
        assert!(!acknowledged(b"HTTP/1.1 400 Bad Request").taken);
    }

    #[test]
    fn a_taken_row_says_its_receipt_and_a_refused_one_why() {
        let receipt = grpc::Receipt {
            message_id: "m".to_owned(),
            origin: "o".to_owned(),
            index: 7,
            leaf: vec![0; 3],
            ..Default::default()
        };
        let answered = row(&grpc::RowAnswer { place: "row 2".to_owned(), receipt: Some(receipt), diagnostics: vec![] });
        assert_eq!((answered.taken, answered.line.as_str()), (true, "taken\tm\to\tmusubi:1:7:AAAA"));
        let said = grpc::Diagnostic {
            code: "JP-E602".to_owned(),
            severity: "error".to_owned(),
            place: "row 5".to_owned(),
            text_ja: "日付".to_owned(),
            text_en: "date".to_owned(),
        };
        let refused = row(&grpc::RowAnswer { place: "row 5".to_owned(), receipt: None, diagnostics: vec![said] });
        assert_eq!(
            (refused.taken, refused.diagnostics.concat()),
            (false, "error JP-E602 row 5 日付 / date".to_owned())
        );
    }

    #[test]
    fn submissions_come_alone_or_in_an_array_and_a_wrong_one_is_not_repeated() {
        assert_eq!(drafts(b"[{}, {}]").len(), 2);
        let wrong: Vec<String> = drafts("{\"榎本\": 1}".as_bytes()).into_iter().filter_map(Result::err).collect();
        assert!(wrong.concat().starts_with("error M001") && !wrong.concat().contains("榎本"), "{wrong:?}");
    }
}

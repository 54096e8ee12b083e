//! `musubi convert`: translates files offline, by the same adapters and the same decision as the hub.
//!
//! What is written is a release to the author (T1): whoever has the file has what is in it. Nothing is stored.

use super::{Exit, Failure, Terminal, record};
use clap::Args;
use indicatif::ProgressBar;
use musubi_adapters::{adapter, recognise, unrecognised};
use musubi_core::adapter::{Adapter, Decoded, Diagnostic, Direction, EncodeError, Item, Ledger, Profile, Severity};
use musubi_core::agency::AgencyId;
use musubi_core::consent::Policy;
use musubi_core::record::Submission;
use musubi_core::release::{Outgoing, release_to_author};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Arguments of `musubi convert`.
#[derive(Args, Debug)]
#[command(after_help = "\
Several messages or rows in a JSON format are written as a JSON array, one alone as an object; in a CSV format as one \
table. Diagnostics are one a line, `error H004 PID-3 …`, after the file's name when there are \
several files; the last line on stderr is `N read, N refused, N warnings`.")]
pub struct Arguments {
    /// Format of the files, or `auto`
    #[arg(long, value_name = "FORMAT", default_value = AUTO)]
    from: String,
    /// Format of the result; `record` prints the shared record as JSON
    #[arg(long, value_name = "FORMAT", required_unless_present = "ledger")]
    to: Option<String>,
    /// Print what became of every field of the source (the loss ledger) as JSON, instead of the result
    #[arg(long)]
    ledger: bool,
    /// Profile of the sending agency (TOML); without one any sender's name is taken
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Files to translate; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

const AUTO: &str = "auto";

/// Longest file: above every limit of the formats, so that the format refuses with its own code. Bounds the memory.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Longest profile.
const PROFILE_BYTES_MAX: u64 = 1024 * 1024;
/// The agency that a file belongs to when no profile names one. Invented: no register has it.
const NOBODY: &str = "OFFLINE";

/// Translates each file and prints the result, the diagnostics and the count.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let source = Source::named(&arguments.from)?;
    let target = arguments.to.as_deref().map(Target::named).transpose()?;
    let profile = profile(arguments.profile.as_deref(), terminal)?;
    let policy = Policy::reviewed();
    let bar = if terminal.progress { ProgressBar::new(arguments.files.len() as u64) } else { ProgressBar::hidden() };
    let mut report = Report { count: Count::default(), several: arguments.files.len() > 1 };
    let mut results = Results { target, held: Vec::new(), written: Vec::new() };
    let mut ledgers: BTreeMap<String, Ledger> = BTreeMap::new();
    for file in &arguments.files {
        let decoded = match terminal.read(file, FILE_BYTES_MAX) {
            Ok(bytes) => source.decode(&bytes, &profile),
            Err(failure) => Decoded::refused(unreadable(&failure)),
        };
        bar.suspend(|| report.file(file, &decoded, terminal))?;
        ledgers.insert(file.display().to_string(), decoded.ledger);
        for item in decoded.items {
            let Item { place, submission: Some(submission), .. } = item else { continue };
            if let Err(error) = results.take(submission, &profile, &policy) {
                bar.suspend(|| report.unsaid(file, &place, error, terminal))?;
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if let Err((count, error)) = results.finish(&profile, &policy) {
        report.unsaid_table(count, error, terminal)?;
    }
    match arguments.ledger {
        true => print_ledgers(ledgers, terminal)?,
        false => results.print(terminal)?,
    }
    terminal.out.flush()?;
    report.count.print(terminal)
}

fn profile(path: Option<&Path>, terminal: &mut Terminal<'_>) -> Result<Profile, Failure> {
    let now = terminal.clock.now();
    let Some(path) = path else {
        let nobody = AgencyId::new(NOBODY).map_err(|fault| Failure::Fault(fault.to_string()))?;
        return Ok(Profile::offline(nobody, now));
    };
    let bytes = terminal.read(path, PROFILE_BYTES_MAX)?;
    let fault = |problem: &str| Failure::Fault(format!("{}: not a profile: {problem}", path.display()));
    let text = std::str::from_utf8(&bytes).map_err(|_| fault("not UTF-8"))?;
    let read: Profile = toml::from_str(text).map_err(|error| fault(error.message()))?;
    Ok(Profile { now, ..read })
}

fn unknown(name: &str) -> Failure {
    Failure::Usage(format!("unknown format '{name}'; `musubi formats` lists them"))
}

/// How the files are read.
enum Source {
    Auto,
    Record,
    Format(&'static dyn Adapter),
}

impl Source {
    fn named(name: &str) -> Result<Self, Failure> {
        match name {
            AUTO => Ok(Source::Auto),
            record::NAME => Ok(Source::Record),
            name => match adapter(name) {
                Some(found) if found.direction() == Direction::Out => {
                    Err(Failure::Usage(format!("format '{name}' is only written, not read")))
                }
                Some(found) => Ok(Source::Format(found)),
                None => Err(unknown(name)),
            },
        }
    }

    fn decode(&self, bytes: &[u8], profile: &Profile) -> Decoded {
        match self {
            Source::Format(format) => format.decode(bytes, profile),
            Source::Record => record::decode(bytes),
            Source::Auto => match recognise(bytes) {
                Some(format) => format.decode(bytes, profile),
                None if record::recognises(bytes) => record::decode(bytes),
                None => Decoded::refused(unrecognised(bytes)),
            },
        }
    }
}

/// What is written.
enum Target {
    Record,
    Format(&'static dyn Adapter),
}

impl Target {
    fn named(name: &str) -> Result<Self, Failure> {
        match (name, adapter(name)) {
            (record::NAME, _) => Ok(Target::Record),
            (_, Some(found)) if found.direction() == Direction::In => {
                Err(Failure::Usage(format!("format '{name}' is only read, not written")))
            }
            (_, Some(found)) => Ok(Target::Format(found)),
            (_, None) => Err(unknown(name)),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Target::Record => record::NAME,
            Target::Format(format) => format.name(),
        }
    }
}

/// What has been written, and what waits to be written together.
struct Results {
    target: Option<Target>,
    held: Vec<Submission>,
    written: Vec<Vec<u8>>,
}

impl Results {
    /// Writes one submission; of a table, keeps it for the end.
    fn take(&mut self, submission: Submission, profile: &Profile, policy: &Policy) -> Result<(), EncodeError> {
        match &self.target {
            None => {}
            Some(Target::Record) => self.written.push(submission.to_author_json().into_bytes()),
            Some(Target::Format(format)) if format.name().ends_with("-csv") => self.held.push(submission),
            Some(Target::Format(format)) => self.written.push(write(*format, vec![submission], profile, policy)?),
        }
        Ok(())
    }

    /// Writes the table; else says how many submissions it was to hold.
    fn finish(&mut self, profile: &Profile, policy: &Policy) -> Result<(), (usize, EncodeError)> {
        let held = std::mem::take(&mut self.held);
        let count = held.len();
        if let (Some(Target::Format(format)), true) = (&self.target, count > 0) {
            self.written.push(write(*format, held, profile, policy).map_err(|error| (count, error))?);
        }
        Ok(())
    }

    fn print(&self, terminal: &mut Terminal<'_>) -> Result<(), Failure> {
        let name = self.target.as_ref().map_or("", Target::name);
        let joined = match self.written.as_slice() {
            [] => return Ok(()),
            [one] => one.clone(),
            many if name == record::NAME || name.ends_with("-json") => json_array(many),
            many => many.join(&b'\n'),
        };
        terminal.out.write_all(&joined)?;
        if joined.last() != Some(&b'\n') {
            writeln!(terminal.out)?;
        }
        Ok(())
    }
}

fn write(
    format: &dyn Adapter,
    submissions: Vec<Submission>,
    profile: &Profile,
    policy: &Policy,
) -> Result<Vec<u8>, EncodeError> {
    let released = release_to_author(submissions, &profile.agency, policy, profile.now);
    Outgoing::render(format, &released, profile).map(|outgoing| outgoing.bytes().to_vec())
}

fn json_array(values: &[Vec<u8>]) -> Vec<u8> {
    let mut joined = b"[\n".to_vec();
    joined.extend(values.iter().map(|value| value.trim_ascii()).collect::<Vec<_>>().join(&b",\n"[..]));
    joined.extend(b"\n]");
    joined
}

fn print_ledgers(mut ledgers: BTreeMap<String, Ledger>, terminal: &mut Terminal<'_>) -> Result<(), Failure> {
    let json = match ledgers.len() {
        1 => ledgers.pop_first().map(|(_, ledger)| serde_json::to_string_pretty(&ledger)),
        _ => Some(serde_json::to_string_pretty(&ledgers)),
    };
    let json = json.transpose().map_err(std::io::Error::from)?.unwrap_or_default();
    writeln!(terminal.out, "{json}")?;
    Ok(())
}

fn unreadable(failure: &Failure) -> Diagnostic {
    Diagnostic::error("M003", "file", "ファイルを読めません。", format!("The file cannot be read ({failure})."))
}

fn unsaid(place: &str, error: EncodeError) -> Diagnostic {
    let ja = "この形式で表せる内容がありません。";
    Diagnostic::error("M004", place, ja, format!("Cannot be written: {error}."))
}

/// Writes diagnostics and counts.
struct Report {
    count: Count,
    several: bool,
}

#[derive(Default)]
struct Count {
    read: usize,
    refused: usize,
    warnings: usize,
}

impl Report {
    fn file(&mut self, file: &Path, decoded: &Decoded, terminal: &mut Terminal<'_>) -> Result<(), Failure> {
        self.count.read += decoded.taken();
        self.count.refused += decoded.refused_count();
        for diagnostic in &decoded.diagnostics {
            self.line(file, diagnostic, None, terminal)?;
        }
        for item in &decoded.items {
            let named = (decoded.items.len() > 1).then_some(item.place.as_str());
            for diagnostic in &item.diagnostics {
                self.line(file, diagnostic, named, terminal)?;
            }
        }
        Ok(())
    }

    /// A submission that was read and of which the target can say nothing.
    fn unsaid(
        &mut self,
        file: &Path,
        place: &str,
        error: EncodeError,
        terminal: &mut Terminal<'_>,
    ) -> Result<(), Failure> {
        self.count.refuse_read(1);
        self.line(file, &unsaid(place, error), None, terminal)
    }

    /// The same of everything that a table was to hold.
    fn unsaid_table(
        &mut self,
        submissions: usize,
        error: EncodeError,
        terminal: &mut Terminal<'_>,
    ) -> Result<(), Failure> {
        self.count.refuse_read(submissions);
        writeln!(terminal.err, "{}", unsaid("table", error))?;
        Ok(())
    }

    /// One line. The item is named where the file has several and the place does not name it already.
    fn line(
        &mut self,
        file: &Path,
        diagnostic: &Diagnostic,
        item: Option<&str>,
        terminal: &mut Terminal<'_>,
    ) -> Result<(), Failure> {
        self.count.warnings += usize::from(matches!(diagnostic.severity, Severity::Warning | Severity::Hold));
        if self.several {
            write!(terminal.err, "{}: ", file.display())?;
        }
        match item.filter(|item| !diagnostic.place.starts_with(item)) {
            Some(item) => {
                let placed = Diagnostic { place: format!("{item}, {}", diagnostic.place), ..diagnostic.clone() };
                writeln!(terminal.err, "{placed}")?;
            }
            None => writeln!(terminal.err, "{diagnostic}")?,
        }
        Ok(())
    }
}

impl Count {
    /// What was read is refused after all.
    fn refuse_read(&mut self, submissions: usize) {
        self.read -= submissions;
        self.refused += submissions;
    }

    fn print(&self, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
        writeln!(terminal.err, "{} read, {} refused, {} warnings", self.read, self.refused, self.warnings)?;
        Ok(if self.refused == 0 { Exit::Success } else { Exit::Refused })
    }
}

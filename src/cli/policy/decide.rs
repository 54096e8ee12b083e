//! `musubi policy decide`: answers one question, or one a line, from stated facts.

use crate::cli::terminal::unreadable;
use crate::cli::{Exit, Failure, Terminal};
use clap::Args;
use musubi_core::consent::{Decision, DecisionFacts, FactsFault, Policy, decide};
use serde::Serialize;
use std::io::{BufRead, Read, Write};
use std::path::{Path, PathBuf};

/// Arguments of `musubi policy decide`.
#[derive(Args, Debug)]
#[command(after_help = "\
The facts are a JSON object; kind, purpose and category are required. An unknown key, a missing key or a value of \
another type names the line and the key on stderr and ends with exit 1; its line on stdout begins with ERROR, and the \
other lines are still answered. A blank line has no answer; stderr says so.")]
#[command(group = clap::ArgGroup::new("facts").required(true))]
#[group(skip)]
pub(super) struct Arguments {
    /// File with one JSON object; `-` is standard input
    #[arg(value_name = "FACTS.json", group = "facts")]
    file: Option<PathBuf>,
    /// File with one JSON object a line; `-` is standard input
    #[arg(long, value_name = "FILE", group = "facts")]
    lines: Option<PathBuf>,
    /// Answer as JSON, with the evidence
    #[arg(long)]
    json: bool,
}

/// Longest object, and longest line: far above the 34 keys that there are.
const FACTS_BYTES_MAX: u64 = 64 * 1024;

pub(super) fn run(arguments: &Arguments, policy: &Policy, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let mut answers = Answers { policy, json: arguments.json, out: Vec::new(), faults: Vec::new(), refused: false };
    match (&arguments.file, &arguments.lines) {
        (Some(file), _) => the_whole(file, &mut answers, terminal)?,
        (None, Some(file)) => every_line(file, &mut answers, terminal)?,
        (None, None) => return Err(Failure::Usage("name a file with facts, or --lines FILE".to_owned())),
    }
    Ok(if answers.refused { Exit::Refused } else { Exit::Success })
}

/// One object, however many lines it takes.
fn the_whole(file: &Path, answers: &mut Answers<'_>, terminal: &mut Terminal<'_>) -> Result<(), Failure> {
    let (mut text, streams) = (Vec::new(), terminal.lend(file)?);
    let read = streams.input.take(FACTS_BYTES_MAX + 1).read_to_end(&mut text);
    match read.map_err(|error| unreadable(file, &error))? as u64 {
        length if length > FACTS_BYTES_MAX => answers.refuse(None, &Fault::TooLong)?,
        _ => answers.answer(None, &text)?,
    }
    answers.hand_over(streams.out, streams.err)
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Lines are answered in groups, so that a long file is neither held in memory nor written line by line.
const HANDED_OVER_AT: usize = 64 * 1024;

fn every_line(file: &Path, answers: &mut Answers<'_>, terminal: &mut Terminal<'_>) -> Result<(), Failure> {
    let mut line = Vec::new();
    let mut number = 0_usize;
    let mut streams = terminal.lend(file)?;
    loop {
        let group_ends = answers.out.len() + answers.faults.len() >= HANDED_OVER_AT;
        if group_ends {
            answers.hand_over(streams.out, streams.err)?;
        }
        match next(&mut streams.input, &mut line).map_err(|error| unreadable(file, &error))? {
            Next::End => return answers.hand_over(streams.out, streams.err),
            Next::TooLong => {
                number += 1;
                answers.refuse(Some(number), &Fault::TooLong)?;
            }
            Next::Line => {
                number += 1;
                match line.trim_ascii().is_empty() {
                    true => answers.skip(number)?,
                    false => answers.answer(Some(number), &line)?,
                }
            }
        }
    }
}

enum Next {
    Line,
    TooLong,
    End,
}

/// Reads the next line into `line`.
fn next(input: &mut dyn BufRead, line: &mut Vec<u8>) -> std::io::Result<Next> {
    line.clear();
    let read = (&mut *input).take(FACTS_BYTES_MAX + 1).read_until(b'\n', line)?;
    match read as u64 {
        0 => Ok(Next::End),
        length if length > FACTS_BYTES_MAX && line.last() != Some(&b'\n') => {
            skip_line(input)?;
            Ok(Next::TooLong)
        }
        _ => Ok(Next::Line),
    }
}

fn skip_line(input: &mut dyn BufRead) -> std::io::Result<()> {
    loop {
        let held = input.fill_buf()?;
        if held.is_empty() {
            return Ok(());
        }
        let end = held.iter().position(|byte| *byte == b'\n');
        let passed = end.map_or(held.len(), |end| end + 1);
        input.consume(passed);
        if end.is_some() {
            return Ok(());
        }
    }
}

/// Why a line has no answer.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("UTF-8ではありません。 / not UTF-8")]
    NotUtf8,
    #[error("長すぎます(65536バイトまで)。 / longer than 65536 bytes")]
    TooLong,
    #[error("{0}")]
    Facts(#[from] FactsFault),
}

impl Fault {
    fn key(&self) -> Option<&str> {
        match self {
            Fault::Facts(FactsFault::UnknownKey(key)) => Some(key),
            Fault::Facts(
                FactsFault::Twice(key)
                | FactsFault::Missing(key)
                | FactsFault::WrongType(key)
                | FactsFault::NotOneOf(key, _),
            ) => Some(key),
            Fault::Facts(FactsFault::NotAnObject) | Fault::NotUtf8 | Fault::TooLong => None,
        }
    }
}

/// An answer that is none, as JSON.
#[derive(Serialize)]
struct Refused<'a> {
    error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

/// Answers that wait to be written.
struct Answers<'p> {
    policy: &'p Policy,
    json: bool,
    out: Vec<u8>,
    faults: Vec<u8>,
    refused: bool,
}

impl Answers<'_> {
    fn answer(&mut self, line: Option<usize>, text: &[u8]) -> Result<(), Failure> {
        // A text file from Windows may begin with a byte order mark.
        let text =
            if line.is_none_or(|line| line == 1) { text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text) } else { text };
        let facts = std::str::from_utf8(text).map_err(|_| Fault::NotUtf8);
        match facts.and_then(|text| DecisionFacts::from_json(text).map_err(Fault::from)) {
            Ok(facts) => self.decided(&decide(self.policy, &facts)),
            Err(fault) => self.refuse(line, &fault),
        }
    }

    /// A blank line asks nothing and has no answer: whoever counts lines must know.
    fn skip(&mut self, line: usize) -> Result<(), Failure> {
        writeln!(self.faults, "note: line {line}: 空行のため回答はありません。 / blank, no answer")?;
        Ok(())
    }

    fn decided(&mut self, decision: &Decision) -> Result<(), Failure> {
        match self.json {
            true => self.json_line(decision)?,
            false => writeln!(self.out, "{decision}")?,
        }
        Ok(())
    }

    fn refuse(&mut self, line: Option<usize>, fault: &Fault) -> Result<(), Failure> {
        self.refused = true;
        let place = line.map(|line| format!("line {line}")).unwrap_or_default();
        let separator = if line.is_some() { ": " } else { "" };
        writeln!(self.faults, "error: {place}{separator}{fault}")?;
        match self.json {
            true => self.json_line(&Refused { error: fault.to_string(), line, key: fault.key() })?,
            false => {
                let key = fault.key().map(|key| format!("key {key:?}"));
                let words: Vec<String> =
                    ["ERROR".to_owned(), place].into_iter().chain(key).filter(|word| !word.is_empty()).collect();
                writeln!(self.out, "{}", words.join(" "))?;
            }
        }
        Ok(())
    }

    fn json_line(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.out, value).map_err(std::io::Error::from)?;
        self.out.push(b'\n');
        Ok(())
    }

    fn hand_over(&mut self, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
        out.write_all(&self.out)?;
        err.write_all(&self.faults)?;
        self.out.clear();
        self.faults.clear();
        Ok(())
    }
}

//! How answers look: a line of tab-separated fields or an outline for people, JSON for programs.

use super::{Calling, Stopped, Terminal};
use crate::edge::grpc::client as grpc;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::error::Error;
use std::io;
use tonic::{Code, Status};

/// An answer that can be shown both ways.
pub(super) trait Shown {
    /// For programs.
    fn json(&self) -> Value;
    /// For people: tab-separated, one line for each thing.
    fn lines(&self) -> Vec<String>;
}

impl Calling<'_, '_> {
    /// Prints one answer.
    pub(super) fn print(&mut self, answer: &impl Shown) -> Result<(), Stopped> {
        if self.json {
            return self.print_json(&answer.json());
        }
        Ok(print_lines(&answer.lines(), self.terminal)?)
    }

    /// Prints a list of answers; as JSON an array, also when it is empty.
    pub(super) fn print_all<A: Shown>(&mut self, answers: &[A]) -> Result<(), Stopped> {
        if self.json {
            return self.print_json(&Value::Array(answers.iter().map(Shown::json).collect()));
        }
        for answer in answers {
            print_lines(&answer.lines(), self.terminal)?;
        }
        Ok(())
    }

    /// Prints a value as JSON.
    pub(super) fn print_json(&mut self, value: &Value) -> Result<(), Stopped> {
        writeln!(self.terminal.out, "{}", pretty(value))?;
        Ok(())
    }
}

fn print_lines(lines: &[String], terminal: &mut Terminal<'_>) -> io::Result<()> {
    lines.iter().try_for_each(|line| writeln!(terminal.out, "{line}"))
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

/// Fields on one line, each without anything that could break it or move the cursor.
pub(super) fn fields<T: AsRef<str>>(fields: &[T]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| plain(field.as_ref())).collect();
    fields.join("\t")
}

/// A text without control characters: what others wrote must not steer the reader's terminal.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A JSON value as indented lines, without braces and quotes.
pub(super) fn outline(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    match value {
        Value::Object(_) | Value::Array(_) => write_outline(value, 0, &mut lines),
        leaf => lines.push(leaf_text(leaf)),
    }
    lines
}

fn write_outline(value: &Value, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::Object(_) | Value::Array(_) => {
                        lines.push(format!("{indent}{}:", plain(name)));
                        write_outline(member, depth + 1, lines);
                    }
                    leaf => lines.push(format!("{indent}{}: {}", plain(name), leaf_text(leaf))),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::Object(_) | Value::Array(_) => {
                        lines.push(format!("{indent}-"));
                        write_outline(item, depth + 1, lines);
                    }
                    leaf => lines.push(format!("{indent}- {}", leaf_text(leaf))),
                }
            }
        }
        leaf => lines.push(format!("{indent}{}", leaf_text(leaf))),
    }
}

fn leaf_text(value: &Value) -> String {
    match value {
        Value::String(text) => plain(text),
        other => other.to_string(),
    }
}

/// What the hub said, one diagnostic a line; that it could not be reached, with the reason.
pub(super) fn status_lines(status: &Status) -> Vec<String> {
    let unreached = status.source().filter(|_| matches!(status.code(), Code::Unavailable | Code::Unknown));
    if let Some(source) = unreached {
        let mut reason: &dyn Error = source;
        while let Some(deeper) = reason.source() {
            reason = deeper;
        }
        return vec![format!("error CL01 hub {}", plain(&reason.to_string()))];
    }
    let said = |line: &str| {
        let diagnostic = ["error ", "warning ", "hold ", "info "].iter().any(|severity| line.starts_with(severity));
        if diagnostic { plain(line) } else { format!("error CL02 hub {:?}: {}", status.code(), plain(line)) }
    };
    match status.message() {
        "" => vec![format!("error CL02 hub {:?}", status.code())],
        message => message.lines().map(said).collect(),
    }
}

/// A diagnostic as `musubi convert` prints it.
pub(super) fn diagnostic(said: &grpc::Diagnostic) -> String {
    let severity = if said.severity == "information" { "info" } else { &said.severity };
    plain(&format!("{severity} {} {} {} / {}", said.code, said.place, said.text_ja, said.text_en))
}

/// A diagnostic for programs.
pub(super) fn diagnostic_json(said: &grpc::Diagnostic) -> Value {
    json!({
        "severity": said.severity, "code": said.code, "place": said.place,
        "textJa": said.text_ja, "textEn": said.text_en,
    })
}

/// How a receipt is written where there is one line for it, as in MSA-3.
pub(super) fn proof(index: u64, leaf: &[u8]) -> String {
    format!("musubi:1:{index}:{}", URL_SAFE_NO_PAD.encode(leaf))
}

impl Shown for grpc::FactReceipt {
    fn json(&self) -> Value {
        json!({
            "factId": self.fact_id, "status": self.status, "origin": self.origin,
            "index": self.index, "leaf": URL_SAFE_NO_PAD.encode(&self.leaf),
        })
    }

    fn lines(&self) -> Vec<String> {
        let proof = if self.leaf.is_empty() { String::new() } else { proof(self.index, &self.leaf) };
        vec![fields(&[&self.fact_id, &self.status, &self.origin, &proof])]
    }
}

impl Shown for grpc::Receipt {
    fn json(&self) -> Value {
        json!({
            "messageId": self.message_id, "origin": self.origin, "index": self.index,
            "leaf": URL_SAFE_NO_PAD.encode(&self.leaf), "signature": URL_SAFE_NO_PAD.encode(&self.signature),
            "repeated": self.repeated,
        })
    }

    fn lines(&self) -> Vec<String> {
        let state = if self.repeated { "repeated" } else { "taken" };
        vec![fields(&[state, &self.message_id, &self.origin, &proof(self.index, &self.leaf)])]
    }
}

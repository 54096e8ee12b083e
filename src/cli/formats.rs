//! `musubi formats`: every format and layout, with its direction.

use super::{Exit, Failure, Terminal, record};
use clap::Args;
use musubi_adapters::{ADAPTERS, adapter};
use musubi_core::adapter::{Direction, Text};

/// Arguments of `musubi formats`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Write an empty file of this format to fill in (`hp01`, `hp01-xlsx` …) instead of the list
    #[arg(long, value_name = "FORMAT")]
    template: Option<String>,
}

/// Prints a line for each format: name, direction, title in Japanese and English, between tabs.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    if let Some(name) = &arguments.template {
        return template(name, terminal);
    }
    for adapter in ADAPTERS {
        line(terminal, adapter.name(), adapter.direction(), &adapter.title())?;
    }
    line(terminal, record::NAME, Direction::Both, &record::title())?;
    Ok(Exit::Success)
}

fn template(name: &str, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let usage = |problem: &str| Failure::Usage(format!("format '{name}' {problem}; `musubi formats` lists them"));
    let format = adapter(name).ok_or_else(|| usage("is unknown"))?;
    let template = format.template().ok_or_else(|| usage("is not filled in by hand"))?;
    terminal.out.write_all(&template)?;
    Ok(Exit::Success)
}

fn line(terminal: &mut Terminal<'_>, name: &str, direction: Direction, title: &Text) -> Result<(), Failure> {
    let direction = match direction {
        Direction::In => "in",
        Direction::Out => "out",
        Direction::Both => "in/out",
    };
    writeln!(terminal.out, "{name}\t{direction}\t{} / {}", title.ja, title.en)?;
    Ok(())
}

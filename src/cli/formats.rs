//! `musubi formats`: every format and layout, with its direction.

use super::{Exit, Failure, Terminal, record};
use musubi_adapters::ADAPTERS;
use musubi_core::adapter::{Direction, Text};

/// Prints a line for each format: name, direction, title in Japanese and English, between tabs.
pub(super) fn run(terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    for adapter in ADAPTERS {
        line(terminal, adapter.name(), adapter.direction(), &adapter.title())?;
    }
    line(terminal, record::NAME, Direction::Both, &record::title())?;
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

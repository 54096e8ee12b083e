//! Where a command reads and writes.

use super::Failure;
use crate::clock::{Clock, SystemClock};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Read, Write};
use std::path::Path;
use std::sync::Arc;

/// Standard input, output and error, and the clock, so that a test can give its own.
pub struct Terminal<'a> {
    /// Standard input.
    pub input: Box<dyn BufRead + 'a>,
    /// Standard output: results only.
    pub out: Box<dyn Write + 'a>,
    /// Standard error: diagnostics, one a line.
    pub err: Box<dyn Write + 'a>,
    /// A person looks at standard error: progress may be drawn there.
    pub progress: bool,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// One opened file and both outputs, for what is answered while it is read.
pub struct Lent<'s> {
    /// The file.
    pub input: Box<dyn BufRead + 's>,
    /// Standard output.
    pub out: &'s mut dyn Write,
    /// Standard error.
    pub err: &'s mut dyn Write,
}

/// The file name that means standard input.
const STANDARD_INPUT: &str = "-";

impl Terminal<'_> {
    /// Of this process, with the machine's clock. Standard error is not locked: a hub that runs writes its log there from
    /// other threads, and would wait for ever.
    pub fn of_this_process() -> Self {
        Terminal {
            input: Box::new(io::stdin().lock()),
            out: Box::new(BufWriter::new(io::stdout().lock())),
            err: Box::new(io::stderr()),
            progress: io::stderr().is_terminal(),
            clock: Arc::new(SystemClock),
        }
    }

    /// Opens a file, or standard input for `-`.
    ///
    /// # Errors
    /// When it cannot be opened; says which and why.
    pub fn open<'s>(&'s mut self, path: &Path) -> Result<Box<dyn BufRead + 's>, Failure> {
        opened(path, &mut self.input)
    }

    /// Opens a file as [`Terminal::open`] does, and lends the outputs beside it.
    ///
    /// # Errors
    /// As [`Terminal::open`].
    pub fn lend<'s>(&'s mut self, path: &Path) -> Result<Lent<'s>, Failure> {
        let input = opened(path, &mut self.input)?;
        Ok(Lent { input, out: &mut self.out, err: &mut self.err })
    }

    /// Reads a whole file, or standard input for `-`.
    ///
    /// # Errors
    /// When it cannot be read, or is longer than `most` bytes.
    pub fn read(&mut self, path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let read = self.open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes);
        let length = read.map_err(|error| unreadable(path, &error))? as u64;
        if length > most {
            return Err(Failure::Fault(format!("{}: longer than {most} bytes", path.display())));
        }
        Ok(bytes)
    }
}

fn opened<'s>(path: &Path, input: &'s mut dyn BufRead) -> Result<Box<dyn BufRead + 's>, Failure> {
    if path.as_os_str() == STANDARD_INPUT {
        return Ok(Box::new(input));
    }
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    Ok(Box::new(BufReader::with_capacity(READ_AT_ONCE, file)))
}

/// Bytes read from a file at once.
const READ_AT_ONCE: usize = 64 * 1024;

/// A file that cannot be read: its name and what the system says.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::Fault(format!("{}: cannot be read: {error}", path.display()))
}

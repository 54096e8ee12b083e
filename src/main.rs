//! Arguments, then run. Everything else is in the library.

use clap::Parser;
use musubi::cli::{Cli, Terminal};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // One crypto provider for the process, before anything opens TLS. It is an error only when one is installed already.
    rustls::crypto::ring::default_provider().install_default().ok();
    cli.run(&mut Terminal::of_this_process()).into()
}

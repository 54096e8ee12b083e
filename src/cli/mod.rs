//! The command line: one file for each command, and what they share, which is how they end and where they write.
//!
//! A command is a variant of `Command` whose payload is the arguments of its module; its `run` takes the arguments and
//! a [`Terminal`] and answers with an [`Exit`]. It never ends the process, and it reads the time from the terminal's clock.

pub mod agency;
pub mod audit;
pub mod ca;
pub mod client;
pub mod config;
pub mod connect;
pub mod convert;
pub mod deliveries;
pub mod demo;
pub mod formats;
pub mod load;
mod order;
mod place;
pub mod policy;
mod record;
pub mod retention;
mod secret;
pub mod serve;
pub mod store;
mod terminal;

pub use terminal::{Lent, Terminal};

use clap::{Parser, Subcommand};
use std::io;
use std::process::ExitCode;

/// Musubi (結び) joins the agencies that look after one family, each in the format that it already speaks.
#[derive(Debug, Parser)]
#[command(name = "musubi", version, about, propagate_version = true)]
#[command(after_help = "Exit status: 0 success, 1 something was refused or a fault was found, 2 wrong usage.")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List agencies, register, suspend them, and keep their staff
    Agency(agency::Arguments),
    /// Verify the audit log; say who was shown a person's data
    Audit(audit::Arguments),
    /// Make a certificate authority, sign requests, renew, revoke, publish the list
    Ca(ca::CaArgs),
    /// An agency's side of every call, over mutual TLS (機関側の操作)
    Client(Box<client::Arguments>),
    /// Print the settings in effect and what is wrong with them
    Config(config::ConfigArgs),
    /// Beside an old hospital system: takes plain MLLP or files, keeps them, sends them over mutual TLS (院内連携コネクタ)
    Connect(connect::Arguments),
    /// Translate files offline: result on stdout, diagnostics on stderr
    Convert(convert::Arguments),
    /// What waits to be sent, what was given up, and to send it again (配信)
    Deliveries(deliveries::Arguments),
    /// Play one city's five weeks over real sockets, and check what comes out
    Demo(demo::Arguments),
    /// List every format and layout, with its direction, or write an empty file to fill in
    Formats(formats::Arguments),
    /// Push notices into a development hub that runs, and print how many it takes beside a bare commit (負荷の測定)
    Load(load::Arguments),
    /// Check and explain the policy files, and decide what they say about stated facts
    Policy(policy::Arguments),
    /// List what need not be kept any more, and have its keys destroyed (保存期間と破棄)
    Retention(retention::Arguments),
    /// Run the hub
    Serve(serve::Arguments),
    /// Bring a hub's store up to date, back it up, restore it (データの更新・バックアップ・復元)
    Store(store::Arguments),
}

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Success,
    /// 1: something was refused, or a fault was found.
    Refused,
    /// 2: wrong usage.
    Usage,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        match exit {
            Exit::Success => ExitCode::SUCCESS,
            Exit::Refused => ExitCode::from(1),
            Exit::Usage => ExitCode::from(2),
        }
    }
}

/// Why a command could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The arguments do not fit together.
    #[error("{0}")]
    Usage(String),
    /// Something that was needed is not there or not right.
    #[error("{0}")]
    Fault(String),
    /// A result could not be written.
    #[error("the output cannot be written: {}", .0.kind())]
    Output(#[from] io::Error),
}

impl Cli {
    /// Runs the command, tells why if it could not go on, and says how it ended.
    pub fn run(self, terminal: &mut Terminal<'_>) -> Exit {
        let ended = match self.command {
            Command::Agency(arguments) => agency::run(&arguments, terminal),
            Command::Audit(arguments) => audit::run(&arguments, terminal),
            Command::Ca(arguments) => ca::run(&arguments, &*terminal.clock, &mut terminal.out)
                .map(|()| Exit::Success)
                .map_err(|fault| Failure::Fault(fault.to_string())),
            Command::Client(arguments) => client::run(&arguments, terminal),
            Command::Config(arguments) => {
                let well = config::run(&arguments, &terminal.clock, &mut terminal.out, &mut terminal.err);
                well.map(|well| if well { Exit::Success } else { Exit::Refused }).map_err(Failure::from)
            }
            Command::Connect(arguments) => connect::run(&arguments, terminal),
            Command::Convert(arguments) => convert::run(&arguments, terminal),
            Command::Deliveries(arguments) => deliveries::run(&arguments, terminal),
            Command::Demo(arguments) => demo::run(&arguments, terminal),
            Command::Formats(arguments) => formats::run(&arguments, terminal),
            Command::Load(arguments) => load::run(&arguments, terminal),
            Command::Policy(arguments) => policy::run(&arguments, terminal),
            Command::Retention(arguments) => retention::run(&arguments, terminal),
            Command::Serve(arguments) => serve::run(&arguments, terminal),
            Command::Store(arguments) => store::run(&arguments, terminal),
        };
        let flushed = |exit: Exit| terminal.out.flush().map(|()| exit).map_err(Failure::from);
        match ended.and_then(flushed) {
            Ok(exit) => exit,
            Err(failure) => explain(&failure, terminal),
        }
    }
}

fn explain(failure: &Failure, terminal: &mut Terminal<'_>) -> Exit {
    match failure {
        // Whoever read the output has read enough (`musubi … | head`).
        Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return Exit::Success,
        _ => {}
    }
    // Nobody is left to tell when standard error cannot be written either.
    writeln!(terminal.err, "error: {failure}").ok();
    match failure {
        Failure::Usage(_) => Exit::Usage,
        Failure::Fault(_) | Failure::Output(_) => Exit::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_of_all_commands_fit_together() {
        Cli::command().debug_assert();
    }
}

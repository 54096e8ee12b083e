//! `musubi policy`: what the reviewed policy files say, without a store.

mod decide;
mod explain;
mod files;
mod sign;

use super::{Exit, Failure, Terminal};
use clap::{Args, Subcommand};
use musubi_core::agency::{AgencyKind, Category, Purpose};
use std::path::PathBuf;

/// Arguments of `musubi policy`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
    /// Folder with matrix.toml, grounds.toml, masks.toml, codes.toml and perhaps retention.toml; without it the reviewed files inside this program
    #[arg(long, global = true, value_name = "FOLDER")]
    from: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check all policy files, and that the worked decisions come out as written
    Check,
    /// Print one cell of the matrix, its notes, and the grounds that can open it
    Explain {
        /// Kind of the recipient: OSC, MED, PHO, CGC, PRV, MUN
        kind: AgencyKind,
        /// Purpose of the recipient: P1 to P12
        purpose: Purpose,
        /// Data category: C01 to C20
        category: Category,
    },
    /// Decide on stated facts: one line an answer, `DECISION RULE`
    Decide(decide::Arguments),
    /// Compare two versions of the policy; exit 1 when they differ
    Diff {
        /// Folder with the older version
        old: PathBuf,
        /// Folder with the newer version
        new: PathBuf,
    },
    /// Make the secret of an officer who signs policies, and print the public key (署名用の鍵を作る)
    Key(sign::Key),
    /// Print what a new policy changes, and sign it as an officer: one that opens more needs both (要綱への署名)
    Sign(sign::Sign),
}

pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let from = arguments.from.as_deref();
    match &arguments.what {
        What::Check => files::check(from, terminal),
        What::Explain { kind, purpose, category } => {
            explain::cell(&files::policy(from, terminal)?, *kind, *purpose, *category, terminal)
        }
        What::Decide(facts) => decide::run(facts, &files::policy(from, terminal)?, terminal),
        What::Diff { old, new } => {
            let (old, new) = (files::reviewed(Some(old), terminal)?, files::reviewed(Some(new), terminal)?);
            explain::differences(&old, &new, terminal)
        }
        What::Key(arguments) => sign::make_key(arguments, terminal),
        What::Sign(arguments) => sign::sign(arguments, terminal),
    }
}

//! `musubi audit prove` and `export`: what others need to check a log by themselves.

use super::{cosigned, log_of, open, read_note};
use crate::cli::place::{Place, fault, wait};
use crate::cli::{Exit, Failure, Terminal};
use crate::store::Log;
use clap::Args;
use musubi_core::audit::{Checkpoint, LeafHash, Receipt, SignedNote};
use musubi_verify::copy::{LogCopy, write_head, write_line};
use musubi_verify::{Growth, Inclusion};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct Proof {
    #[command(flatten)]
    place: Place,
    /// From a copy of the log that `musubi audit export` wrote
    #[arg(long, value_name = "FILE", conflicts_with_all = ["config", "data"])]
    copy: Option<PathBuf>,
    /// The log: a municipality's code, or `hub`
    #[arg(long, value_parser = log_of, required_unless_present = "copy")]
    log: Option<Log>,
    /// Under the last checkpoint that a witness cosigned, with its signature; without it under the last of the hub
    #[arg(long, conflicts_with = "copy")]
    witnessed: bool,
    #[command(flatten)]
    of: Of,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Of {
    /// That an entry stands at this index
    #[arg(long)]
    index: Option<u64>,
    /// That the entry of this receipt stands in the log: `musubi:1:<index>:<leaf hash>`, as in MSA-3
    #[arg(long)]
    receipt: Option<String>,
    /// That the log of this earlier checkpoint is the beginning of today's
    #[arg(long, value_name = "NOTE")]
    since: Option<PathBuf>,
}

/// A checkpoint, and the leaves that it covers.
struct Covered {
    note: SignedNote,
    leaves: Vec<LeafHash>,
}

pub(super) fn prove(arguments: &Proof, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let covered = match (&arguments.copy, &arguments.log) {
        (Some(copy), _) => of_copy(terminal, copy)?,
        (None, Some(log)) => wait(of_hub(&arguments.place, log, arguments.witnessed))?,
        (None, None) => return Err(Failure::Usage("--log or --copy".to_owned())),
    };
    let size = covered.leaves.len();
    let beyond = || {
        let text =
            format!("the last checkpoint covers {size} entries, and not that one / 最後のチェックポイントの範囲外です");
        Failure::Fault(text)
    };
    let proof = match &arguments.of {
        Of { since: Some(path), .. } => {
            let note = read_note(terminal, path)?;
            let earlier = Checkpoint::parse(&note.text).map_err(fault)?;
            Growth::new(&covered.leaves, earlier.size, covered.note).ok_or_else(beyond)?.to_string()
        }
        Of { receipt: Some(receipt), .. } => {
            let receipt = Receipt::from_msa3("", receipt).map_err(|error| Failure::Usage(error.to_string()))?;
            let at = usize::try_from(receipt.index).ok().and_then(|index| covered.leaves.get(index));
            if *at.ok_or_else(beyond)? != receipt.leaf {
                let text = "the entry at that index is not the one of the receipt / 受領証の記録ではありません";
                return Err(Failure::Fault(text.to_owned()));
            }
            Inclusion::new(&covered.leaves, receipt.index, covered.note).ok_or_else(beyond)?.to_string()
        }
        Of { index, .. } => {
            let index = index.ok_or_else(beyond)?;
            Inclusion::new(&covered.leaves, index, covered.note).ok_or_else(beyond)?.to_string()
        }
    };
    write!(terminal.out, "{proof}")?;
    Ok(Exit::Success)
}

fn of_copy(terminal: &mut Terminal<'_>, path: &Path) -> Result<Covered, Failure> {
    let of_file = |error: &dyn std::fmt::Display| Failure::Fault(format!("{}: {error}", path.display()));
    let copy = LogCopy::open(terminal.open(path)?).map_err(|error| of_file(&error))?;
    let note = copy.notes().last().cloned().ok_or_else(no_checkpoint)?;
    let size = Checkpoint::parse(&note.text).map_err(|error| of_file(&error))?.size;
    let leaves = copy.leaves(size).map_err(|error| of_file(&error))?;
    Ok(Covered { note, leaves })
}

async fn of_hub(place: &Place, log: &Log, witnessed: bool) -> Result<Covered, Failure> {
    let (store, _) = open(&place.config()?).await?;
    let last = if witnessed { store.last_cosigned(log).await } else { store.last_checkpoint(log).await };
    let checkpoint = last.map_err(fault)?.ok_or_else(no_checkpoint)?;
    let note = SignedNote::parse(&store.cosigned_note(&checkpoint).await.map_err(fault)?).map_err(fault)?;
    let leaves = store.leaf_hashes(log, checkpoint.size).await.map_err(fault)?;
    Ok(Covered { note, leaves })
}

fn no_checkpoint() -> Failure {
    Failure::Fault(
        "the log has no such checkpoint yet; one is written every minute, and cosigned when a witness runs / \
         チェックポイントがまだありません"
            .to_owned(),
    )
}

#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(flatten)]
    place: Place,
    /// The log: a municipality's code, or `hub`
    #[arg(value_parser = log_of)]
    log: Log,
}

/// Writes a copy of a log. The public key is told on standard error: whoever gets the copy must have the key by another way.
pub(super) fn export(arguments: &Export, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let config = arguments.place.config()?;
    let (out, err) = (&mut terminal.out, &mut terminal.err);
    wait(async {
        let (store, keyring) = open(&config).await?;
        let log = &arguments.log;
        let extent = store.extent(log).await.map_err(fault)?;
        let notes = cosigned::notes(&store, log, extent.checkpoints()).await?;
        let notes: Vec<&str> = notes.iter().map(String::as_str).collect();
        write_head(out, &store.origin(log), extent.size(), &notes)?;
        let mut next = 0;
        while next < extent.size() {
            let lines = store.lines(log, next, extent.size()).await.map_err(fault)?;
            let Some(last) = lines.last() else { break };
            next = last.index.saturating_add(1);
            for line in &lines {
                write_line(out, line)?;
            }
        }
        writeln!(err, "key: {}", keyring.signing.verifier())?;
        Ok(Exit::Success)
    })
}

//! `musubi store`: the tables of a hub's store brought up to date, copied, restored, and held against what agencies were
//! promised.

mod backup;
mod recipients;

use super::place::{Place, fault, wait};
use super::{Exit, Failure, Terminal};
use crate::config::Config;
use crate::hub::witness::fits::Contradicted;
use crate::serve::{open_hub, open_restored};
use crate::store::{Log, Settings, Store, grants};
use clap::{Args, Subcommand};
use musubi_core::audit::Receipt;
use musubi_core::id::PersonId;
use musubi_core::time::Time;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Longest list of receipts or tombstones, in bytes.
const LIST_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Arguments of `musubi store`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Bring the tables up to date, and verify the logs since their last checkpoints (テーブルの更新)
    Migrate {
        #[command(flatten)]
        place: Place,
    },
    /// Make the secret of a backup recipient and print the public key; keep it apart from the hub (バックアップ受取人の鍵を作る)
    Key {
        /// The file to write
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Who can open backups: two operators change that (バックアップの受取人)
    Recipients(recipients::Arguments),
    /// Copy the embedded database while the hub runs, sealed for the recipients (稼働中のバックアップ)
    Backup(backup::Backup),
    /// Open a backup beside the hub that runs, and verify its logs: nothing is put in place (復元の訓練)
    Rehearse(backup::Rehearsal),
    /// Put a backup in place, apply the tombstones, verify the logs, list the receipts that are missing (復元)
    Restore(backup::Restore),
    /// Print whose keys were destroyed: a restore needs this list (鍵を破棄した人の一覧)
    Tombstones {
        #[command(flatten)]
        place: Place,
    },
    /// Destroy the keys of a list again, after PostgreSQL was restored (鍵の破棄を再適用)
    Bury {
        #[command(flatten)]
        place: Place,
        /// What `musubi store tombstones` printed
        #[arg(long, value_name = "FILE")]
        tombstones: PathBuf,
    },
    /// Print the rights that two roles of a PostgreSQL database need, for its owner to grant (PostgreSQLの権限)
    Roles {
        /// The role that the hub connects as
        #[arg(long)]
        hub: String,
        /// The role that only reads: `musubi audit verify` and its like
        #[arg(long)]
        reader: String,
    },
    /// List the receipts of agencies that the logs do not bear out (受領番号の突き合わせ)
    Compare {
        #[command(flatten)]
        place: Place,
        /// Lines with `<origin> musubi:1:<index>:<leaf>`, as agencies were given them; `-` for standard input
        #[arg(long, value_name = "FILE")]
        receipts: PathBuf,
    },
}

/// Carries one out.
///
/// # Errors
/// When the store, a key or a file cannot be used.
pub fn run(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    match &arguments.command {
        StoreCommand::Migrate { place } => migrate(&place.config()?, terminal),
        StoreCommand::Key { to } => backup::make_key(to, terminal),
        StoreCommand::Recipients(arguments) => recipients::run(arguments, terminal),
        StoreCommand::Backup(arguments) => backup::back_up_here(arguments, terminal),
        StoreCommand::Rehearse(arguments) => backup::rehearse(arguments, terminal),
        StoreCommand::Restore(arguments) => backup::put_back(arguments, terminal),
        StoreCommand::Tombstones { place } => {
            let config = place.config()?;
            let list = wait(async { reading(&config).await?.tombstones().await.map_err(fault) })?;
            for (person, at) in list {
                writeln!(terminal.out, "{person} {}", at.micros())?;
            }
            Ok(Exit::Success)
        }
        StoreCommand::Bury { place, tombstones } => {
            let list = read_tombstones(tombstones, terminal)?;
            bury(&place.config()?, &list, terminal)?;
            Ok(Exit::Success)
        }
        StoreCommand::Roles { hub, reader } => {
            write!(terminal.out, "{}", grants(hub, reader))?;
            Ok(Exit::Success)
        }
        StoreCommand::Compare { place, receipts } => compare(&place.config()?, receipts, terminal),
    }
}

fn migrate(config: &Config, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    // In one go: a line to a server lives no longer than the wait in which it was made.
    wait(async {
        let hub = open_hub(config, Arc::clone(&terminal.clock)).await.map_err(fault)?;
        let found = hub.store.fault();
        let closed = hub.store.close().await.map_err(fault);
        match found {
            Some(found) => Err(Failure::Fault(format!("{found} / 監査ログが書かれたままではありません"))),
            None => closed.map(|()| Exit::Success),
        }
    })
}

fn settings(config: &Config) -> Settings {
    Settings { hub: config.hub.origin.clone(), ..Settings::default() }
}

async fn reading(config: &Config) -> Result<Store, Failure> {
    Store::open_reading_at(&config.data.location().map_err(fault)?, settings(config)).await.map_err(fault)
}

/// Destroys the keys that should be gone, in a store that was just restored: what witnesses signed and it does not have is declared
/// given up. Returns how many keys were still there.
fn bury(config: &Config, list: &[(PersonId, Time)], terminal: &mut Terminal<'_>) -> Result<usize, Failure> {
    let clock = Arc::clone(&terminal.clock);
    let (count, given_up) = wait(async {
        let (hub, given_up) = open_restored(config, clock).await.map_err(fault)?;
        let done = hub.bury(list).await.map_err(fault);
        hub.store.close().await.map_err(fault)?;
        Ok((done?, given_up))
    })?;
    for Contradicted { witness, log, heads: (theirs, ours), .. } in &given_up {
        let (log, text) = (log.name(), "tell the witness, see docs/witness.md / 証人に連絡してください");
        writeln!(terminal.out, "given up {log} {theirs}, restored {ours}: {witness} signed it; {text}")?;
    }
    Ok(count)
}

fn read_tombstones(path: &Path, terminal: &mut Terminal<'_>) -> Result<Vec<(PersonId, Time)>, Failure> {
    let text = terminal.read(path, LIST_BYTES_MAX)?;
    let text = String::from_utf8_lossy(&text);
    let line = |(number, line): (usize, &str)| {
        let read = line.split_once(' ').and_then(|(person, at)| {
            Some((PersonId(person.parse().ok()?), Time::from_micros(at.trim().parse().ok()?)))
        });
        let wrong =
            || format!("{} line {}: not a tombstone / 破棄一覧の形式ではありません", path.display(), number + 1);
        read.ok_or_else(|| Failure::Fault(wrong()))
    };
    text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()).map(line).collect()
}

/// Each receipt must stand where it says. One that does not was given for something that this store has lost, or never had:
/// its sender is to send again.
fn compare(config: &Config, path: &Path, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let text = terminal.read(path, LIST_BYTES_MAX)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines: Vec<(usize, &str)> = text
        .lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line))
        .filter(|(_, line)| line.contains("musubi:"))
        .collect();
    let missing = wait(async {
        let (store, mut missing) = (reading(config).await?, 0);
        for (number, line) in &lines {
            let wrong = || {
                Failure::Fault(format!(
                    "{} line {number}: not a receipt / 受領番号の形式ではありません",
                    path.display()
                ))
            };
            let receipt = receipt_of(line).ok_or_else(wrong)?;
            if !stands(&store, &receipt).await? {
                missing += 1;
                writeln!(terminal.out, "missing {} {} / 再送が必要です", receipt.origin, receipt.msa3())?;
            }
        }
        Ok(missing)
    })?;
    writeln!(terminal.out, "{} receipts, {missing} missing / 受領{}件、不足{missing}件", lines.len(), lines.len())?;
    Ok(if missing == 0 { Exit::Success } else { Exit::Refused })
}

/// The origin, and after it the receipt, wherever in a line they stand.
fn receipt_of(line: &str) -> Option<Receipt> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [origin, text] = words.windows(2).find_map(|pair| match pair {
        [origin, text] if text.starts_with("musubi:") => Some([*origin, *text]),
        _ => None,
    })?;
    Receipt::from_msa3(origin, text).ok()
}

async fn stands(store: &Store, receipt: &Receipt) -> Result<bool, Failure> {
    let log = receipt.origin.rsplit_once('/').and_then(|(_, name)| Log::parse(name));
    let Some(log) = log.filter(|log| store.origin(log) == receipt.origin) else { return Ok(false) };
    let found = store.leaves(&log, receipt.index, receipt.index.saturating_add(1)).await.map_err(fault)?;
    Ok(found.first().is_some_and(|leaf| leaf.hash == receipt.leaf))
}

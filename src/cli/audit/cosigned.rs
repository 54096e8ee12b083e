//! `musubi audit witnesses`, and the cosignatures that `musubi audit verify` checks.

use super::hub;
use crate::cli::place::{Place, fault, wait};
use crate::cli::{Exit, Failure, Terminal};
use crate::config::Config;
use crate::store::{CheckpointRow, Log, Store};
use musubi_core::audit::{SignedNote, WitnessVerifier};
use musubi_verify::witness::witnessed;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

pub(super) fn key_of(text: &str) -> Result<WitnessVerifier, String> {
    WitnessVerifier::parse(text).map_err(|error| error.to_string())
}

/// Prints how far each log is witnessed, and how many entries are not: those that could be taken off unseen.
pub(super) fn list(place: &Place, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let config = place.config()?;
    let clock = Arc::clone(&terminal.clock);
    let found = wait(async { hub(&config, clock).await?.witnessed().await.map_err(fault) })?;
    for one in &found {
        let at = one.at.map_or_else(|| "never / まだありません".to_owned(), |at| at.rfc3339());
        let (log, witness, cosigned, entries) = (&one.log, &one.witness, one.cosigned, one.entries);
        writeln!(terminal.out, "{log} {witness} {cosigned} of {entries}, unwitnessed {} / 未署名: {at}", one.tail())?;
    }
    if found.is_empty() {
        writeln!(terminal.out, "no witness is set ([[audit.witness]]) / 証人が設定されていません")?;
    }
    Ok(Exit::Success)
}

/// The checkpoints of a log as notes with what witnesses signed under them, smallest first.
pub(super) async fn notes(store: &Store, log: &Log, checkpoints: &[CheckpointRow]) -> Result<Vec<String>, Failure> {
    let mut lines: BTreeMap<u64, String> = BTreeMap::new();
    for row in store.cosignatures(log).await.map_err(fault)? {
        *lines.entry(row.size).or_default() += &format!("{}\n", row.line);
    }
    let note = |row: &CheckpointRow| row.note.clone() + lines.get(&row.size).map_or("", String::as_str);
    Ok(checkpoints.iter().map(note).collect())
}

/// Says of each witness how far it signed a log. `false` where a cosignature does not hold, or one that was asked for is missing.
pub(super) fn check(
    out: &mut dyn Write,
    name: &str,
    notes: &[SignedNote],
    witnesses: &[WitnessVerifier],
    asked: bool,
) -> Result<bool, Failure> {
    let mut well = true;
    for witness in witnesses {
        let by = witness.name();
        match witnessed(notes, witness) {
            Ok(Some((head, _))) => writeln!(out, "ok    {name} {by} cosigned {head} / 証人の署名")?,
            Ok(None) => {
                well &= !asked;
                let word = if asked { "fault" } else { "none " };
                writeln!(out, "{word} {name} {by} cosigned nothing / 証人の署名がありません")?;
            }
            Err((size, error)) => {
                well = false;
                writeln!(out, "fault {name} {by} at {size}: {error} / 証人の署名ではありません")?;
            }
        }
    }
    Ok(well)
}

/// The witnesses whose cosignatures are checked: those that were named, or those of the settings.
pub(super) fn of(config: &Config, named: &[WitnessVerifier]) -> Vec<WitnessVerifier> {
    if named.is_empty() {
        config.audit.witness.iter().filter_map(|set| set.verifier()).collect()
    } else {
        named.to_vec()
    }
}

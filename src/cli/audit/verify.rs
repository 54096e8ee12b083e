//! `musubi audit verify`: every log of a hub, or a copy of one.

use super::{cosigned, key_of, open, read_note};
use crate::cli::place::{Place, fault, wait};
use crate::cli::{Exit, Failure, Terminal};
use crate::config::Config;
use crate::store::{FaultKind, Keyring, LeafDraft, LeafRow, Log, Store, Verdict};
use clap::Args;
use musubi_core::audit::{Checkpoint, LogVerifier, SaltedEntry, SignedNote, WitnessVerifier};
use musubi_core::id::PersonId;
use musubi_core::sealing::{Aad, DataKey, DoesNotOpen};
use musubi_verify::copy::LogCopy;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// A copy of a log that `musubi audit export` wrote; no hub and no key to open anything is needed
    #[arg(long, value_name = "FILE", conflicts_with_all = ["config", "data"])]
    copy: Option<PathBuf>,
    /// The hub's public key, as `musubi audit key` prints it; by default that of the data folder
    #[arg(long, value_name = "KEY", value_parser = key_of)]
    key: Option<LogVerifier>,
    /// A checkpoint that was kept elsewhere: shows a log that was rolled back or rewritten as a whole
    #[arg(long, value_name = "NOTE")]
    against: Vec<PathBuf>,
    /// The public key of a witness: its cosignatures must be there and hold; by default those of the settings, where they are
    #[arg(long, value_name = "KEY", value_parser = cosigned::key_of)]
    witness: Vec<WitnessVerifier>,
}

pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let notes = arguments.against.iter().map(|path| Ok((path.as_path(), read_note(terminal, path)?)));
    let notes: Vec<(&Path, SignedNote)> = notes.collect::<Result<_, Failure>>()?;
    let well = match &arguments.copy {
        Some(copy) => verify_copy(terminal, copy, arguments, &notes)?,
        None => {
            let config = arguments.place.config()?;
            let well = verify_here(&config, arguments.key.as_ref(), &notes, &mut terminal.out)?;
            well & witnessed_here(&config, &arguments.witness, &mut terminal.out)?
        }
    };
    Ok(if well { Exit::Success } else { Exit::Refused })
}

/// Verifies every log of a store and prints what was found. Is all well?
pub(in crate::cli) fn verify_here(
    config: &Config,
    key: Option<&LogVerifier>,
    notes: &[(&Path, SignedNote)],
    out: &mut dyn Write,
) -> Result<bool, Failure> {
    let verdicts = wait(async {
        let (store, keyring) = open(config).await?;
        verify(&store, &keyring, key, notes).await
    })?;
    print_verdicts(&verdicts, out)
}

/// Checks the cosignatures of every log of a store and prints how far they reach. Is all well?
fn witnessed_here(config: &Config, named: &[WitnessVerifier], out: &mut dyn Write) -> Result<bool, Failure> {
    let witnesses = cosigned::of(config, named);
    if witnesses.is_empty() {
        return Ok(true);
    }
    wait(async {
        let (store, _) = open(config).await?;
        let mut well = true;
        for (log, _) in store.logs().await.map_err(fault)? {
            let extent = store.extent(&log).await.map_err(fault)?;
            let notes = cosigned::notes(&store, &log, extent.checkpoints()).await?;
            let notes: Result<Vec<SignedNote>, _> = notes.iter().map(|note| SignedNote::parse(note)).collect();
            well &= cosigned::check(out, log.name(), &notes.map_err(fault)?, &witnesses, !named.is_empty())?;
        }
        Ok(well)
    })
}

/// Prints what was found of each log. Is all well?
pub(in crate::cli) fn print_verdicts(verdicts: &[(Log, Verdict)], out: &mut dyn Write) -> Result<bool, Failure> {
    for (log, verdict) in verdicts {
        let well = (verdict.leaves, Some(verdict.opened), verdict.checkpoints);
        let wrong = verdict.fault.as_ref().map(|fault| (fault.index, fault.kind));
        print(out, log.name(), well, wrong)?;
    }
    Ok(verdicts.iter().all(|(_, verdict)| verdict.fault.is_none()))
}

fn verify_copy(
    terminal: &mut Terminal<'_>,
    path: &Path,
    arguments: &Arguments,
    notes: &[(&Path, SignedNote)],
) -> Result<bool, Failure> {
    let key = arguments.key.as_ref();
    let of_file = |error: &dyn std::fmt::Display| Failure::Fault(format!("{}: {error}", path.display()));
    if key.is_none() {
        writeln!(terminal.err, "warning: no --key: signatures are not checked / 署名は検証していません")?;
    }
    let copy = LogCopy::open(terminal.open(path)?).map_err(|error| of_file(&error))?;
    let elsewhere = of_origins(notes, key, &[copy.origin().to_owned()])?;
    let elsewhere: Vec<Checkpoint> = elsewhere.into_iter().map(|(_, checkpoint)| checkpoint).collect();
    let signed = copy.notes().to_vec();
    let found = copy.verify(key, &elsewhere).map_err(|error| of_file(&error))?;
    let wrong = found.fault.map(|wrong| (wrong.index, wrong.kind));
    print(&mut terminal.out, &found.origin, (found.leaves, None, found.checkpoints), wrong)?;
    let witnessed = cosigned::check(&mut terminal.out, &found.origin, &signed, &arguments.witness, true)?;
    Ok(wrong.is_none() && witnessed)
}

/// Verifies every log of a store, under a key or that of the keyring, and against notes that were kept elsewhere.
pub(in crate::cli) async fn verify(
    store: &Store,
    keyring: &Keyring,
    key: Option<&LogVerifier>,
    notes: &[(&Path, SignedNote)],
) -> Result<Vec<(Log, Verdict)>, Failure> {
    let own = keyring.signing.verifier();
    let key = key.unwrap_or(&own);
    let logs = store.logs().await.map_err(fault)?;
    let origins: Vec<String> = logs.iter().map(|(log, _)| store.origin(log)).collect();
    let elsewhere = of_origins(notes, Some(key), &origins)?;
    let mut verdicts = Vec::new();
    for ((log, _), origin) in logs.into_iter().zip(origins) {
        let of_log = elsewhere.iter().filter(|(of, _)| *of == origin);
        let extent = store.extent(&log).await.map_err(fault)?;
        let extent = of_log.fold(extent, |extent, (_, checkpoint)| extent.against(checkpoint));
        let opener = Opener::read(store, keyring, &log).await?;
        let verdict = store.verify_log(extent, Some(key), &|leaf| opener.open(leaf)).await.map_err(fault)?;
        verdicts.push((log, verdict));
    }
    Ok(verdicts)
}

/// What the notes say, by origin. Each must be signed and be about one of these logs: a note that is held against nothing
/// would be taken for one that was.
fn of_origins(
    notes: &[(&Path, SignedNote)],
    key: Option<&LogVerifier>,
    origins: &[String],
) -> Result<Vec<(String, Checkpoint)>, Failure> {
    let read = |(path, note): &(&Path, SignedNote)| {
        let of_file = |error: &dyn std::fmt::Display| Failure::Fault(format!("{}: {error}", path.display()));
        let key = key.ok_or_else(|| Failure::Usage("--against needs --key".to_owned()))?;
        note.verify(key).map_err(|error| of_file(&error))?;
        let said = Checkpoint::parse(&note.text).map_err(|error| of_file(&error))?;
        if !origins.contains(&said.origin) {
            return Err(of_file(&format!("of another log: {} / 別のログの記録です", said.origin)));
        }
        Ok((said.origin.clone(), said))
    };
    notes.iter().map(read).collect()
}

/// The keys that open the entries of one log.
struct Opener<'k> {
    hub: &'k DataKey,
    keys: BTreeMap<PersonId, DataKey>,
    of: BTreeMap<u64, Vec<PersonId>>,
}

impl<'k> Opener<'k> {
    async fn read(store: &Store, keyring: &'k Keyring, log: &Log) -> Result<Self, Failure> {
        let mut of: BTreeMap<u64, Vec<PersonId>> = BTreeMap::new();
        for (index, person) in store.leaf_persons(log).await.map_err(fault)? {
            of.entry(index).or_default().push(person);
        }
        let persons: BTreeSet<PersonId> = of.values().flatten().copied().collect();
        let persons: Vec<PersonId> = persons.into_iter().collect();
        let rows = store.persons(&persons).await.map_err(fault)?.into_iter();
        let keys = rows.filter_map(|row| {
            let wrapped = row.key.as_ref()?;
            Some((row.id, keyring.key_encryption.unwrap(row.id.0, wrapped).ok()?))
        });
        Ok(Opener { hub: &keyring.hub, keys: keys.collect(), of })
    }

    /// `None` when the keys of everybody whom it concerns were destroyed.
    fn open(&self, leaf: &LeafRow) -> Result<Option<SaltedEntry>, DoesNotOpen> {
        let aad = Aad::row(LeafDraft::TABLE, leaf.id);
        if let Ok(plain) = self.hub.open(&aad, &leaf.entry) {
            return Ok(Some(SaltedEntry::from_bytes(plain)));
        }
        let persons = self.of.get(&leaf.index).ok_or(DoesNotOpen)?;
        let held: Vec<_> = persons.iter().filter_map(|person| Some((*person, self.keys.get(person)?))).collect();
        if held.is_empty() {
            return Ok(None);
        }
        let opened = held.into_iter().find_map(|(person, key)| key.open_for(person, &aad, &leaf.entry).ok());
        opened.map(|plain| Some(SaltedEntry::from_bytes(plain))).ok_or(DoesNotOpen)
    }
}

/// One line for each log; how many entries were opened where they were to be.
fn print(
    out: &mut dyn Write,
    name: &str,
    (leaves, opened, checkpoints): (u64, Option<u64>, u64),
    wrong: Option<(u64, FaultKind)>,
) -> std::io::Result<()> {
    let opened = opened.map(|opened| format!(", {opened} opened")).unwrap_or_default();
    match wrong {
        None => writeln!(out, "ok    {name} {leaves} entries{opened}, {checkpoints} checkpoints / 改ざんなし"),
        Some((index, kind)) => writeln!(out, "fault {name} index {index}: {kind} / 書かれたままではありません"),
    }
}
